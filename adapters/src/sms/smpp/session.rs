//! Keeps a session with the far end: connects, takes what comes, and connects again when it falls.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use exchange::ports::entropy::Entropy;
use futures_util::StreamExt as _;
use rusmpp::{Command, CommandId, CommandStatus, Pdu, pdus::DeliverSm};
use rusmppc::Event;
use tokio::{
    sync::{Semaphore, watch},
    task::JoinSet,
    time::{Instant, timeout},
};

use super::{
    backoff::Backoff,
    config::SmppConfig,
    connection::{Connection, reason},
    delivery::{self, Delivery},
    limits::{DELIVERIES_AT_ONCE_MAX, DELIVERY_TIMEOUT, STEADY_AFTER},
    line::Line,
};
use crate::sms::port::{NotKept, SmsReceiver};

/// How the session stands.
#[derive(Clone, Debug)]
pub enum Standing {
    /// Bound; this sends.
    Bound(Line),
    /// Not, and why.
    Down(String),
}

/// What the session and those who send share.
#[derive(Debug)]
pub struct Shared {
    /// How to reach the far end.
    pub config: SmppConfig,
    /// Who takes what comes.
    pub receiver: Arc<dyn SmsReceiver>,
    /// For the pauses between tries.
    pub entropy: Arc<dyn Entropy>,
    /// How the session stands now.
    pub standing: watch::Sender<Standing>,
    /// One permit for each message sent and not yet answered.
    pub window: Semaphore,
    /// Deliveries acknowledged and let go.
    pub let_go: AtomicU64,
}

enum End {
    Stopped,
    Fell(String),
}

/// Runs until told to stop, or until nobody is left to tell.
pub async fn keep(shared: Arc<Shared>, mut stop: watch::Receiver<bool>) {
    let mut backoff = Backoff::new(shared.config.reconnect_min, shared.config.reconnect_max);
    loop {
        let Some(opened) = unless_stopped(&mut stop, Connection::open(&shared.config)).await else { break };
        let fell = match opened {
            Err(why) => why,
            Ok(mut connection) => {
                shared.standing.send_replace(Standing::Bound(connection.line.clone()));
                let far_end = &shared.config.address;
                tracing::info!(far_end, "sms link is up");
                let began = Instant::now();
                match serve(&shared, &mut connection, &mut stop).await {
                    End::Stopped => {
                        connection.unbind(&shared.config).await;
                        break;
                    }
                    End::Fell(why) => {
                        if began.elapsed() >= STEADY_AFTER {
                            backoff.steady();
                        }
                        why
                    }
                }
            }
        };
        let pause = backoff.pause(&*shared.entropy);
        let far_end = &shared.config.address;
        tracing::warn!(far_end, why = fell, pause_ms = pause.as_millis(), "sms link is down");
        shared.standing.send_replace(Standing::Down(fell));
        if unless_stopped(&mut stop, tokio::time::sleep(pause)).await.is_none() {
            break;
        }
    }
    shared.standing.send_replace(Standing::Down("stopped".to_owned()));
}

async fn unless_stopped<T>(stop: &mut watch::Receiver<bool>, work: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        biased;
        () = stopped(stop) => None,
        done = work => Some(done),
    }
}

/// Nobody left to tell the stop counts as one told.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _told = stop.wait_for(|stop| *stop).await;
}

/// Takes what comes until the connection falls or the stop is told.
async fn serve(shared: &Arc<Shared>, connection: &mut Connection, stop: &mut watch::Receiver<bool>) -> End {
    let mut deliveries = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            () = stopped(stop) => {
                finish(shared, &mut deliveries).await;
                return End::Stopped;
            }
            Some(_) = deliveries.join_next() => {}
            event = connection.events.next() => match event {
                None => return End::Fell("the connection ended".to_owned()),
                Some(Event::Error(error)) => return End::Fell(reason(&error)),
                Some(Event::Incoming(command)) => {
                    if let Some(end) = take(shared, &connection.line, &mut deliveries, command).await {
                        return end;
                    }
                }
            },
        }
    }
}

/// Nothing new goes out; what is under way may still come to its end.
async fn finish(shared: &Shared, deliveries: &mut JoinSet<()>) {
    shared.standing.send_replace(Standing::Down("stopping".to_owned()));
    let ended = async {
        let _all_answered = shared.window.acquire_many(u32::from(shared.config.window)).await;
        while deliveries.join_next().await.is_some() {}
    };
    if timeout(shared.config.response_timeout, ended).await.is_err() {
        tracing::warn!("sms transport stops with messages unanswered");
    }
}

/// Deals with one PDU that is no answer to ours; says so if it ends the session.
async fn take(shared: &Arc<Shared>, line: &Line, deliveries: &mut JoinSet<()>, command: Command) -> Option<End> {
    let (sequence, id) = (command.sequence_number(), command.id());
    let sent = match (id, command.pdu()) {
        (CommandId::DeliverSm, Some(Pdu::DeliverSm(_))) if deliveries.len() >= DELIVERIES_AT_ONCE_MAX => {
            line.answer_delivery(sequence, CommandStatus::EsmeRxTAppn).await
        }
        (CommandId::DeliverSm, Some(Pdu::DeliverSm(deliver))) => {
            deliveries.spawn(answer_delivery(shared.clone(), line.clone(), sequence, deliver.clone()));
            Ok(())
        }
        (CommandId::Unbind, _) => {
            let _hung_up_already = line.answer_unbind(sequence).await;
            return Some(End::Fell("the far end unbound us".to_owned()));
        }
        // An answer that came too late for whoever waited, or what has no answer.
        _ if id.is_response() || matches!(id, CommandId::AlertNotification | CommandId::Outbind) => {
            tracing::debug!(command = ?id, status = ?command.status(), "sms far end sent what nobody waits for");
            Ok(())
        }
        _ => line.nack(sequence).await,
    };
    // A connection that cannot carry an answer reports its end itself.
    sent.err().map(|error| End::Fell(reason(&error)))
}

/// Acknowledges a delivery once it is kept, or asks to send it again.
async fn answer_delivery(shared: Arc<Shared>, line: Line, sequence: u32, deliver: DeliverSm) {
    let kept = match delivery::read(&deliver) {
        Ok(Delivery::Message(message)) => timeout(DELIVERY_TIMEOUT, shared.receiver.message(message)).await,
        Ok(Delivery::Receipt(receipt)) => timeout(DELIVERY_TIMEOUT, shared.receiver.receipt(receipt)).await,
        Err(why) => {
            let count = shared.let_go.fetch_add(1, Ordering::Relaxed) + 1;
            tracing::warn!(%why, count, "sms delivery let go");
            Ok(Ok(()))
        }
    };
    let status = if let Ok(Ok(())) = kept { CommandStatus::EsmeRok } else { CommandStatus::EsmeRxTAppn };
    if let Ok(Err(NotKept)) | Err(_) = kept {
        tracing::warn!("sms delivery not kept, the far end will send it again");
    }
    // Not sent, the far end sends the delivery again, which does no harm.
    let _sent = line.answer_delivery(sequence, status).await;
}
