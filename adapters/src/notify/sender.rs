//! Empties the outbox of notifications: several at once, each tried until it is taken, refused, or was tried often enough.
//!
//! At least once: a process that dies between the agency's answer and our note of it lets the notification go out again, which tells
//! the agency what it knows.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{sync::watch, task::JoinSet, time::MissedTickBehavior};
use zeroize::Zeroizing;

use super::{Courier, Delivery, Event, EventSigner, Kind, Letter, limits};
use crate::sql::{
    SqlError,
    control::{ControlStore, DueNotification, NotificationEnd},
};

/// Between two looks at an outbox that had nothing.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Type of a security event token (RFC 8417 §7.2).
const EVENT_TYPE: &str = "application/secevent+jwt";

/// What came of the tries of one kind since the process began.
#[derive(Debug, Default)]
pub struct KindCounts {
    /// Notifications that were taken.
    pub taken: AtomicU64,
    /// Tries that come again.
    pub put_off: AtomicU64,
    /// Notifications that the agency would not have.
    pub refused: AtomicU64,
    /// Notifications that were tried as often as they may be.
    pub spent: AtomicU64,
}

/// The same of all.
#[derive(Debug, Default)]
pub struct NotifierCounts {
    /// Of pings.
    pub pings: KindCounts,
    /// Of events.
    pub events: KindCounts,
}

/// Works off one outbox in the name of one node.
#[derive(Debug)]
pub struct Notifier {
    store: Arc<ControlStore>,
    courier: Arc<dyn Courier>,
    signer: Arc<dyn EventSigner>,
    node: String,
    counts: Arc<NotifierCounts>,
    stage: watch::Sender<Stage>,
}

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// It sends, or is about to.
    Sends,
    /// It begins nothing new.
    Ends,
    /// Nothing is under way any more.
    Ended,
}

impl Notifier {
    /// One for this node. Of two processes of one node's name one lets go of what the other holds, so a name is given once.
    #[must_use]
    pub fn new(
        store: Arc<ControlStore>,
        courier: Arc<dyn Courier>,
        signer: Arc<dyn EventSigner>,
        node: String,
    ) -> Arc<Self> {
        let (counts, stage) = (Arc::default(), watch::Sender::new(Stage::Sends));
        Arc::new(Self { store, courier, signer, node, counts, stage })
    }

    /// What came of it all.
    #[must_use]
    pub fn counts(&self) -> Arc<NotifierCounts> {
        Arc::clone(&self.counts)
    }

    /// Sends until it is told to stop, then until nothing is under way.
    pub async fn run(self: Arc<Self>) {
        let mut under_way = JoinSet::new();
        let mut stage = self.stage.subscribe();
        let mut tick = tokio::time::interval(LOOK_EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut released = false;
        while *stage.borrow_and_update() == Stage::Sends {
            tokio::select! {
                _ = tick.tick() => {}
                _ = stage.changed() => continue,
            }
            while under_way.try_join_next().is_some() {}
            if !released {
                released = self.release().await;
                continue;
            }
            self.begin(&mut under_way).await;
        }
        while under_way.join_next().await.is_some() {}
        self.stage.send_replace(Stage::Ended);
    }

    /// Begins nothing new, and waits for what is under way.
    pub async fn stop(&self) {
        self.stage.send_replace(Stage::Ends);
        let mut stage = self.stage.subscribe();
        // The notifier itself lives as long as this is asked of it.
        let _ended = stage.wait_for(|stage| *stage == Stage::Ended).await;
    }

    /// Sends what is due now, and waits for it: how many notifications that were.
    pub async fn round(self: &Arc<Self>) -> usize {
        let mut under_way = JoinSet::new();
        self.begin(&mut under_way).await;
        let begun = under_way.len();
        while under_way.join_next().await.is_some() {}
        begun
    }

    /// Lets go of what an earlier process of our name held; `false` if that is to be tried again.
    async fn release(&self) -> bool {
        let released = self.store.release_notifications(&self.node).await;
        released
            .inspect_err(|error| tracing::warn!(error = %error, "the outbox of notifications does not answer"))
            .is_ok()
    }

    async fn begin(self: &Arc<Self>, under_way: &mut JoinSet<()>) {
        let free = limits::AT_ONCE.saturating_sub(u32::try_from(under_way.len()).unwrap_or(u32::MAX));
        if free == 0 {
            return;
        }
        match self.store.claim_notifications(&self.node, free).await {
            Ok(due) => {
                for notification in due {
                    let notifier = Arc::clone(self);
                    under_way.spawn(async move { notifier.send(notification).await });
                }
            }
            Err(error) => tracing::warn!(error = %error, "notifications wait in an outbox that does not answer"),
        }
    }

    async fn send(&self, due: DueNotification) {
        if let Err(error) = self.hand_over(&due).await {
            // Its lease ends, and it is taken up again.
            tracing::warn!(error = %error, notification.id = due.id, "a notification stays in the outbox");
        }
    }

    async fn hand_over(&self, due: &DueNotification) -> Result<(), SqlError> {
        let delivery = match self.letter(due) {
            Ok(letter) => self.courier.deliver(&letter).await,
            Err(error) => {
                tracing::error!(error, "no event can be signed");
                Delivery::Later("it cannot be signed")
            }
        };
        let counts = self.counts_of(due.kind);
        let (kind, agency, host) = (due.kind.as_str(), due.agency.as_str(), due.url.host());
        match delivery {
            Delivery::Taken => {
                count(&counts.taken);
                self.store.end_notification(&due.id, NotificationEnd::Taken).await
            }
            Delivery::Never(status) => {
                count(&counts.refused);
                tracing::warn!(kind, agency.id = agency, host, status, "an agency would not have a notification");
                self.store.end_notification(&due.id, NotificationEnd::Refused).await
            }
            Delivery::Later(why) if due.tries + 1 >= tries_max(due.kind) => {
                count(&counts.spent);
                tracing::warn!(kind, agency.id = agency, host, why, "a notification was tried as often as it may be");
                self.store.end_notification(&due.id, NotificationEnd::Spent).await
            }
            Delivery::Later(why) => {
                count(&counts.put_off);
                tracing::info!(kind, agency.id = agency, host, why, "a notification waits for its next try");
                self.store.put_off_notification(&due.id, &self.node, backoff_s(due.tries)).await
            }
        }
    }

    /// What goes out: a ping as it was queued, an event as a token that is signed now, by a key that is published now.
    fn letter(&self, due: &DueNotification) -> Result<Letter, String> {
        let url = due.url.clone();
        if due.kind == Kind::Ping {
            let bearer = due.bearer.clone();
            return Ok(Letter { url, content_type: "application/json", bearer, body: due.body.clone() });
        }
        let events = serde_json::from_str(&due.body).map_err(|_| "a stored event cannot be read".to_owned())?;
        let event = Event { id: &due.id, agency: &due.agency, at: due.queued_at, events };
        let body = Zeroizing::new(self.signer.sign(&event)?);
        Ok(Letter { url, content_type: EVENT_TYPE, bearer: None, body })
    }

    fn counts_of(&self, kind: Kind) -> &KindCounts {
        match kind {
            Kind::Ping => &self.counts.pings,
            Kind::Event => &self.counts.events,
        }
    }
}

fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

const fn tries_max(kind: Kind) -> i64 {
    match kind {
        Kind::Ping => limits::PING_TRIES_MAX,
        Kind::Event => limits::EVENT_TRIES_MAX,
    }
}

/// Doubles with each try, from one second.
fn backoff_s(tries: i64) -> i64 {
    (1_i64 << tries.clamp(0, 12)).min(limits::BACKOFF_S_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_doubles_and_stays_bounded() {
        let check = |tries, expected| assert_eq!(backoff_s(tries), expected, "{tries}");
        check(-1, 1);
        check(0, 1);
        check(1, 2);
        check(11, 2_048);
        check(12, 3_600);
        check(i64::MAX, 3_600);
    }

    #[test]
    fn a_ping_is_tried_for_two_minutes_and_an_event_for_half_a_day() {
        let lasts = |tries_max| (0..tries_max - 1).map(backoff_s).sum::<i64>();
        assert!((120..180).contains(&lasts(limits::PING_TRIES_MAX)));
        assert!((12 * 3_600..24 * 3_600).contains(&lasts(limits::EVENT_TRIES_MAX)));
    }
}
