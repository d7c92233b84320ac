// A short message centre made of npm's smpp, unmodified. It says as lines of JSON what it was given and how what it sent
// was acknowledged. Each message is followed by its receipt; what a citizen says is read from standard input, one line
// of JSON each.
'use strict';

const readline = require('node:readline');
const smpp = require('smpp');

const SYSTEM_ID = 'ijazat';
const PASSWORD = 's3cret';
const SHORT_CODE = '8009';
const OK = 0;
const BIND_FAILED = 0x0d;
const RECEIPT = 0x04;

const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

let bound = null;
let taken = 0;

function onBind(session, pdu) {
  const known = pdu.system_id === SYSTEM_ID && pdu.password === PASSWORD;
  session.send(pdu.response({ command_status: known ? OK : BIND_FAILED }));
  if (known) bound = session;
  say({ bind: known, version: pdu.interface_version });
}

function onSubmit(session, pdu) {
  taken += 1;
  const id = taken.toString(16).padStart(8, '0');
  const header = pdu.short_message.udh;
  say({
    submit: id,
    from: pdu.source_addr,
    to: pdu.destination_addr,
    text: pdu.short_message.message,
    header: header ? header.map((element) => element.toString('hex')) : [],
    data_coding: pdu.data_coding,
    esm_class: pdu.esm_class,
    registered_delivery: pdu.registered_delivery,
  });
  session.send(pdu.response({ message_id: id }));
  const receipt = {
    source_addr: pdu.destination_addr,
    destination_addr: SHORT_CODE,
    esm_class: RECEIPT,
    short_message: `id:${id} sub:001 dlvrd:001 submit date:2611281030 done date:2611281031 stat:DELIVRD err:000 text:`,
    receipted_message_id: id,
    message_state: 2,
  };
  session.deliver_sm(receipt, (answer) => say({ receipt: id, status: answer.command_status }));
}

const server = smpp.createServer((session) => {
  session.on('bind_transceiver', (pdu) => onBind(session, pdu));
  session.on('submit_sm', (pdu) => onSubmit(session, pdu));
  session.on('enquire_link', (pdu) => session.send(pdu.response()));
  session.on('unbind', (pdu) => {
    session.send(pdu.response());
    say({ unbind: true });
    session.close();
  });
  session.on('error', (error) => say({ error: String(error) }));
});

readline.createInterface({ input: process.stdin }).on('line', (line) => {
  const { from, text } = JSON.parse(line);
  const message = { source_addr: from, destination_addr: SHORT_CODE, short_message: text };
  bound.deliver_sm(message, (answer) => say({ message: text, status: answer.command_status }));
}).on('close', () => process.exit(0));

server.listen(0, '127.0.0.1', () => say({ port: server.address().port }));
