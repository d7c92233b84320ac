//! A centre's side of its connections.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use futures_util::{SinkExt as _, StreamExt as _};
use rusmpp::{
    Command, CommandId, CommandStatus, Pdu,
    pdus::{BindTransceiver, BindTransceiverResp, DeliverSm, SubmitSm, SubmitSmResp},
    tokio_codec::CommandCodec,
    types::COctetString,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt as _},
    net::TcpListener,
    sync::{mpsc, oneshot},
    task::JoinSet,
};
use tokio_rustls::TlsAcceptor;
use tokio_util::codec::Framed;

use super::{
    Account, Centre, Counts, Submitted,
    deliveries::{Place, receipt},
    faults::{BindFault, Fault, GARBAGE, huge},
};

/// What a session does next.
#[derive(Debug)]
pub(super) enum Step {
    Send(Box<Command>),
    Raw(Vec<u8>),
    HangUp,
}

impl Step {
    fn send(status: CommandStatus, sequence: u32, pdu: impl Into<Pdu>) -> Self {
        Self::Send(Box::new(Command::new(status, sequence, pdu)))
    }
}

/// What a centre knows.
#[derive(Debug, Default)]
pub(super) struct State {
    pub submitted: Vec<Submitted>,
    pub submit_faults: VecDeque<Fault>,
    pub bind_faults: VecDeque<BindFault>,
    pub silent: bool,
    pub counts: Counts,
    /// The session that bound last, while it stands.
    bound: Option<mpsc::UnboundedSender<Step>>,
    /// Deliveries not yet acknowledged.
    delivering: HashMap<u32, oneshot::Sender<CommandStatus>>,
    sequence: u32,
}

impl State {
    pub(super) fn say(&mut self, step: Step) {
        if let Some(bound) = &self.bound {
            let _fell_meanwhile = bound.send(step);
        }
    }

    pub(super) fn enquire(&mut self) {
        let enquiry = Step::send(CommandStatus::EsmeRok, self.next(), Pdu::EnquireLink);
        self.say(enquiry);
    }

    pub(super) fn unbind(&mut self) {
        let unbind = Step::send(CommandStatus::EsmeRok, self.next(), Pdu::Unbind);
        self.say(unbind);
    }

    pub(super) fn deliver(&mut self, deliver: DeliverSm) -> Option<oneshot::Receiver<CommandStatus>> {
        self.bound.as_ref()?;
        let sequence = self.next();
        let (answered, answer) = oneshot::channel();
        self.delivering.insert(sequence, answered);
        self.say(Step::send(CommandStatus::EsmeRok, sequence, deliver));
        Some(answer)
    }

    const fn next(&mut self) -> u32 {
        self.sequence += 1;
        self.sequence
    }

    fn answer(&mut self, account: &Account, command: &Command, out: &mpsc::UnboundedSender<Step>) -> Vec<Step> {
        let reply = |status, pdu: Pdu| vec![Step::send(status, command.sequence_number(), pdu)];
        match (command.id(), command.pdu()) {
            (CommandId::BindTransceiver, Some(Pdu::BindTransceiver(bind))) => self.bind(account, bind, command, out),
            (CommandId::SubmitSm, Some(Pdu::SubmitSm(submit))) => self.submit(submit, command.sequence_number()),
            (CommandId::EnquireLink, _) => {
                self.counts.enquiries += 1;
                if self.silent { Vec::new() } else { reply(CommandStatus::EsmeRok, Pdu::EnquireLinkResp) }
            }
            (CommandId::Unbind, _) => {
                self.counts.unbinds += 1;
                let mut steps = reply(CommandStatus::EsmeRok, Pdu::UnbindResp);
                steps.push(Step::HangUp);
                steps
            }
            (CommandId::UnbindResp, _) => vec![Step::HangUp],
            (CommandId::EnquireLinkResp, _) => {
                self.counts.signs_of_life += 1;
                Vec::new()
            }
            (CommandId::GenericNack, _) => {
                self.counts.nacks += 1;
                Vec::new()
            }
            (CommandId::DeliverSmResp, _) => {
                self.counts.acknowledged += u32::from(command.status() == CommandStatus::EsmeRok);
                if let Some(answered) = self.delivering.remove(&command.sequence_number()) {
                    let _nobody_waits = answered.send(command.status());
                }
                Vec::new()
            }
            _ => reply(CommandStatus::EsmeRinvcmdid, Pdu::GenericNack),
        }
    }

    fn bind(
        &mut self,
        account: &Account,
        bind: &BindTransceiver,
        command: &Command,
        out: &mpsc::UnboundedSender<Step>,
    ) -> Vec<Step> {
        self.counts.bind_tries += 1;
        let known = bind.system_id.as_str() == account.system_id && bind.password.as_str() == account.password;
        let status = match self.bind_faults.pop_front() {
            Some(BindFault::HangUp) => return vec![Step::HangUp],
            Some(BindFault::NoAnswer) => return Vec::new(),
            Some(BindFault::Garbage) => return vec![Step::Raw(GARBAGE.to_vec())],
            Some(BindFault::Refuse(status)) => CommandStatus::from(status),
            None if known => CommandStatus::EsmeRok,
            None => CommandStatus::EsmeRinvpaswd,
        };
        if status == CommandStatus::EsmeRok {
            self.counts.binds += 1;
            self.bound = Some(out.clone());
        }
        let resp = BindTransceiverResp::new(COctetString::default(), Some(bind.interface_version));
        vec![Step::send(status, command.sequence_number(), resp)]
    }

    fn submit(&mut self, submit: &SubmitSm, sequence: u32) -> Vec<Step> {
        let fault = self.submit_faults.pop_front();
        let message_id = format!("{:08x}", 0xabc0_0000_u32 + u32::try_from(self.submitted.len()).unwrap_or_default());
        let refused = match fault {
            Some(Fault::Refuse(status)) => Some((status, Pdu::SubmitSmResp(SubmitSmResp::default()))),
            Some(Fault::Nack(status)) => Some((status, Pdu::GenericNack)),
            _ => None,
        };
        self.submitted.push(Submitted::new(submit, message_id.clone(), refused.is_none()));
        if let Some((status, pdu)) = refused {
            return vec![Step::send(CommandStatus::from(status), sequence, pdu)];
        }
        let name = COctetString::from_string(message_id.clone()).unwrap_or_default();
        let resp = SubmitSmResp::builder().message_id(name).build();
        let answer = Step::send(CommandStatus::EsmeRok, sequence, resp);
        match fault {
            Some(Fault::NoAnswer) => Vec::new(),
            Some(Fault::HangUpBeforeAnswer) => vec![Step::HangUp],
            Some(Fault::HangUpAfterAnswer) => vec![answer, Step::HangUp],
            Some(Fault::Garbage) => vec![Step::Raw(GARBAGE.to_vec())],
            Some(Fault::Huge) => vec![Step::Raw(huge())],
            Some(Fault::NoName) => {
                let header = [16, 0x8000_0004, 0, sequence];
                vec![Step::Raw(header.iter().flat_map(|word| word.to_be_bytes()).collect())]
            }
            Some(Fault::ReceiptFirst) => {
                let about = receipt(&message_id, submit.destination_addr.as_str(), 2, Place::Both);
                vec![Step::send(CommandStatus::EsmeRok, self.next(), about), answer]
            }
            _ => vec![answer],
        }
    }
}

/// Accepts connections until the centre ends, and its sessions with it.
pub(super) async fn admit(centre: Arc<Centre>, listener: TcpListener, tls: Option<TlsAcceptor>) {
    let mut sessions = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        centre.change(|state| state.counts.connections += 1);
        let (centre, tls) = (centre.clone(), tls.clone());
        sessions.spawn(async move {
            match tls {
                None => run(&centre, stream).await,
                Some(tls) => {
                    if let Ok(stream) = tls.accept(stream).await {
                        run(&centre, stream).await;
                    }
                }
            }
            centre.change(|state| state.counts.ended += 1);
        });
    }
}

async fn run(centre: &Centre, stream: impl AsyncRead + AsyncWrite + Unpin) {
    let mut framed = Framed::new(stream, CommandCodec::new());
    let (out, mut outbox) = mpsc::unbounded_channel();
    'session: loop {
        let steps = tokio::select! {
            got = framed.next() => match got {
                Some(Ok(command)) => centre.change(|state| state.answer(&centre.account, &command, &out)),
                _ => break,
            },
            Some(step) = outbox.recv() => vec![step],
        };
        for step in steps {
            let goes_on = match step {
                Step::Send(command) => framed.send(&*command).await.is_ok(),
                Step::Raw(octets) => framed.get_mut().write_all(&octets).await.is_ok(),
                Step::HangUp => {
                    // What was said goes out before the end of it.
                    let _gone_already = framed.get_mut().shutdown().await;
                    false
                }
            };
            if !goes_on {
                break 'session;
            }
        }
    }
    centre.change(|state| {
        if state.bound.as_ref().is_some_and(|bound| bound.same_channel(&out)) {
            state.bound = None;
            state.delivering.clear();
        }
    });
}
