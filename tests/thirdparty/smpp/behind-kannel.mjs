// An SMSC for the test with Kannel, by npm's smpp. It tells in lines of JSON what it gets, obeys lines of JSON, and sends a
// receipt for each message that asks for one.
import readline from 'node:readline';
import smpp from 'smpp';

const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
const wantsReceipt = (pdu) => (pdu.registered_delivery & 1) === 1;
let messages = 0;
let bound;

const server = smpp.createServer((session) => {
  session.on('error', () => {});
  session.on('pdu', (pdu) => {
    if (pdu.command === 'bind_transceiver') {
      session.send(pdu.response({ system_id: 'smsc' }));
      bound = session;
      say({ bound: pdu.system_id });
    } else if (pdu.command === 'submit_sm') {
      take(session, pdu);
    } else if (pdu.command === 'enquire_link' || pdu.command === 'unbind') {
      session.send(pdu.response());
    }
  });
});

function take(session, pdu) {
  const id = `M${(messages += 1)}`;
  session.send(pdu.response({ message_id: id }));
  const { message, udh } = pdu.short_message;
  const parts = (udh ?? []).map((part) => part.toString('hex'));
  say({ submit: { from: pdu.source_addr, to: pdu.destination_addr, coding: pdu.data_coding, text: message, udh: parts } });
  if (!wantsReceipt(pdu)) return;
  session.deliver_sm({
    source_addr: pdu.destination_addr,
    destination_addr: pdu.source_addr,
    esm_class: smpp.ESM_CLASS.MC_DELIVERY_RECEIPT,
    short_message: `id:${id} sub:001 dlvrd:001 submit date:2611280000 done date:2611280000 stat:DELIVRD err:000 text:`,
  });
}

readline.createInterface({ input: process.stdin }).on('line', (line) => {
  const { from, to, text, coding } = JSON.parse(line);
  bound.deliver_sm({ source_addr: from, destination_addr: to, data_coding: coding, short_message: text });
});
process.stdin.on('end', () => process.exit(0));

server.listen(0, '127.0.0.1', () => say({ port: server.address().port }));
