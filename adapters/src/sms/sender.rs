//! Empties the outbox through a transport: many messages at once, the pieces of each in their order, each noted before the next.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use exchange::ports::clock::Clock;
use tokio::{
    sync::{mpsc, oneshot, watch},
    task::JoinSet,
    time::MissedTickBehavior,
};

use super::{
    limits,
    port::{Link, NotTaken, SmsTransport},
};
use crate::sql::control::{ControlStore, Due, GivenUp, PieceTaken};

/// Between two looks at an outbox that had nothing: a passcode waits this long at most.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Between two tries to note what the network took.
const NOTE_AGAIN: Duration = Duration::from_millis(200);

/// Pieces that are noted in one unit of work: so many commits fewer.
const NOTED_AT_ONCE: usize = 128;

/// What has been sent since the process began.
#[derive(Debug, Default)]
pub struct SenderCounts {
    /// Pieces that the network took.
    pub taken: AtomicU64,
    /// Pieces that it did not take, and that are tried again.
    pub put_off: AtomicU64,
    /// Pieces of which nobody knows.
    pub unknown: AtomicU64,
    /// Messages that the network would not have.
    pub refused: AtomicU64,
}

/// A piece that waits to be noted, and who waits for it.
type ToNote = (PieceTaken, oneshot::Sender<bool>);

/// Works off one outbox by one transport, in the name of one node.
#[derive(Debug)]
pub struct Sender {
    store: Arc<ControlStore>,
    transport: Arc<dyn SmsTransport>,
    clock: Arc<dyn Clock>,
    node: String,
    at_once: u32,
    counts: Arc<SenderCounts>,
    notes: mpsc::Sender<ToNote>,
    stage: watch::Sender<Stage>,
}

/// How far a sender is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// It sends, or is about to.
    Sends,
    /// It begins nothing new.
    Ends,
    /// Nothing is under way any more.
    Ended,
}

impl Sender {
    /// A sender that hands over `at_once` messages at a time, and what notes for it; both end with the runtime. Of two processes of
    /// one node's name one holds what the other does, so a name is given once.
    pub fn new(
        store: Arc<ControlStore>,
        transport: Arc<dyn SmsTransport>,
        clock: Arc<dyn Clock>,
        (node, at_once): (String, u32),
    ) -> (Arc<Self>, impl Future<Output = ()> + Send + 'static) {
        let (notes, to_note) = mpsc::channel(NOTED_AT_ONCE);
        let noting = note_all(Arc::clone(&store), to_note);
        let (counts, stage) = (Arc::default(), watch::Sender::new(Stage::Sends));
        (Arc::new(Self { store, transport, clock, node, at_once, counts, notes, stage }), noting)
    }

    /// What has been sent.
    #[must_use]
    pub fn counts(&self) -> Arc<SenderCounts> {
        Arc::clone(&self.counts)
    }

    /// Sends until it is told to stop, then until nothing is under way.
    pub async fn run(self: Arc<Self>) {
        let mut under_way = JoinSet::new();
        let mut stage = self.stage.subscribe();
        let mut tick = tokio::time::interval(LOOK_EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut released, mut more) = (false, false);
        while *stage.borrow_and_update() == Stage::Sends {
            tokio::select! {
                _ = tick.tick() => {}
                _ = stage.changed() => continue,
                Some(_) = under_way.join_next(), if more => {}
            }
            while under_way.try_join_next().is_some() {}
            if !released {
                released = self.release().await;
                continue;
            }
            more = self.begin(&mut under_way).await;
        }
        while under_way.join_next().await.is_some() {}
        self.stage.send_replace(Stage::Ended);
    }

    /// Begins nothing new, and waits for what is under way, which the outbox would else not know the end of.
    pub async fn stop(&self) {
        self.stage.send_replace(Stage::Ends);
        let mut stage = self.stage.subscribe();
        // The sender itself lives as long as this is asked of it.
        let _ended = stage.wait_for(|stage| *stage == Stage::Ended).await;
    }

    /// Lets go of what an earlier process of our name held; `false` if that is to be tried again.
    async fn release(&self) -> bool {
        match self.store.release_sms(&self.node).await {
            Ok(0) => true,
            Ok(messages) => {
                tracing::warn!(messages, "messages were being handed over when a process of this name ended");
                true
            }
            Err(error) => {
                tracing::warn!(error = %error, "the outbox does not answer");
                false
            }
        }
    }

    /// Sends what is due now, and waits for it: how many messages that were.
    pub async fn round(self: &Arc<Self>) -> usize {
        let mut under_way = JoinSet::new();
        self.begin(&mut under_way).await;
        let begun = under_way.len();
        while under_way.join_next().await.is_some() {}
        begun
    }

    /// Begins as much as there is room for; whether more may wait.
    async fn begin(self: &Arc<Self>, under_way: &mut JoinSet<()>) -> bool {
        let free = self.at_once.saturating_sub(u32::try_from(under_way.len()).unwrap_or(u32::MAX));
        // What cannot go out is not taken out: nobody need know whether it went.
        let free = match self.transport.link() {
            Link::Up => free,
            Link::Down(_) if self.transport.may_probe() => free.min(1),
            Link::Down(_) => return false,
        };
        if free == 0 {
            return true;
        }
        match self.store.claim_sms(&self.node, free).await {
            Ok(due) => {
                let full = due.len() == free as usize;
                for message in due {
                    let sender = Arc::clone(self);
                    under_way.spawn(async move { sender.send(message).await });
                }
                full
            }
            Err(error) => {
                tracing::warn!(error = %error, "messages wait in an outbox that does not answer");
                false
            }
        }
    }

    async fn send(&self, due: Due) {
        let id = due.message.id.clone();
        if let Err(error) = self.hand_over(due).await {
            // Its lease ends, and it is taken up again.
            tracing::warn!(error = %error, message.id = id, "a message stays in the outbox");
        }
    }

    async fn hand_over(&self, due: Due) -> Result<(), crate::sql::SqlError> {
        let id = due.message.id.as_str();
        let missing: Vec<u8> =
            (0..self.transport.pieces(&due.message.text)).filter(|piece| !due.done.contains(piece)).collect();
        let Some(last) = missing.last().copied() else {
            // Receipts told of all of them.
            return self.store.finish_sms(id).await;
        };
        for piece in missing {
            // Half of the lease is for what waits now.
            if self.clock.now().plus_seconds(limits::LEASE_S / 2) > due.until {
                return self.store.put_off_sms(id, &self.node, 0, false).await;
            }
            match self.transport.hand_over(&due.message, piece).await {
                Ok(name) => {
                    self.counts.taken.fetch_add(1, Ordering::Relaxed);
                    if !self.note(PieceTaken { id: id.to_owned(), piece, name, last: piece == last }).await {
                        return Ok(());
                    }
                }
                Err(why) => return self.not_taken(&due, &why).await,
            }
        }
        Ok(())
    }

    async fn not_taken(&self, due: &Due, why: &NotTaken) -> Result<(), crate::sql::SqlError> {
        let id = due.message.id.as_str();
        match why {
            NotTaken::Later { after, .. } => {
                self.counts.put_off.fetch_add(1, Ordering::Relaxed);
                let told = after.map(|after| i64::try_from(after.as_secs()).unwrap_or(i64::MAX));
                let after_s = told.unwrap_or_else(|| backoff_s(due.tries)).min(limits::BACKOFF_S_MAX);
                self.store.put_off_sms(id, &self.node, after_s, false).await
            }
            NotTaken::Unknown { .. } => {
                self.counts.unknown.fetch_add(1, Ordering::Relaxed);
                tracing::warn!(why = %why, message.id = id, "nobody knows whether a message went out");
                self.store.put_off_sms(id, &self.node, limits::SETTLE_S, true).await
            }
            NotTaken::Never { .. } => {
                self.counts.refused.fetch_add(1, Ordering::Relaxed);
                tracing::warn!(why = %why, message.id = id, "the network would not have a message");
                self.store.give_up_sms(id, GivenUp::Refused).await
            }
        }
    }

    /// Waits until it is noted; `false` if that could not be done while the message was ours.
    async fn note(&self, piece: PieceTaken) -> bool {
        let (done, noted) = oneshot::channel();
        self.notes.send((piece, done)).await.is_ok() && noted.await.unwrap_or(false)
    }
}

/// Notes what the network took, as much at once as there is.
async fn note_all(store: Arc<ControlStore>, mut to_note: mpsc::Receiver<ToNote>) {
    let mut waiting = Vec::with_capacity(NOTED_AT_ONCE);
    while to_note.recv_many(&mut waiting, NOTED_AT_ONCE).await > 0 {
        let (pieces, told): (Vec<_>, Vec<_>) = waiting.drain(..).unzip();
        let noted = note(&store, &pieces).await;
        for done in told {
            // Whoever waited may have gone.
            let _ = done.send(noted);
        }
    }
}

/// A store that does not answer is asked again for as long as a lease lasts: after it, others send.
async fn note(store: &ControlStore, pieces: &[PieceTaken]) -> bool {
    let mut left = Duration::from_secs(limits::LEASE_S.unsigned_abs() / 2);
    loop {
        match store.sms_taken(pieces).await {
            Ok(()) => return true,
            Err(error) if left.is_zero() => {
                tracing::error!(error = %error, pieces = pieces.len(), "messages that went out could not be noted");
                return false;
            }
            Err(_) => {
                tokio::time::sleep(NOTE_AGAIN).await;
                left = left.saturating_sub(NOTE_AGAIN);
            }
        }
    }
}

/// Doubles with each try, from one second.
fn backoff_s(tries: i64) -> i64 {
    1_i64 << tries.clamp(0, 6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_doubles_and_stays_bounded() {
        let check = |tries, expected| assert_eq!(backoff_s(tries).min(limits::BACKOFF_S_MAX), expected, "{tries}");
        check(-1, 1);
        check(0, 1);
        check(1, 2);
        check(5, 32);
        check(6, 60);
        check(i64::MAX, 60);
    }
}
