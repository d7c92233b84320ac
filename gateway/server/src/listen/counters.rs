//! What a listener counts, for metrics.

use std::sync::atomic::{AtomicU64, Ordering};

use super::faults::Faults;

/// Counts since the listener opened.
#[derive(Debug, Default)]
pub struct ListenCounters {
    /// Connections accepted from the system.
    pub accepted: AtomicU64,
    /// Connections closed at once because a bound was reached.
    pub over_bound: AtomicU64,
    /// Handshakes completed.
    pub handshakes: AtomicU64,
    /// Handshakes that failed: no, unknown, expired or revoked certificate, or not TLS at all.
    pub handshakes_failed: AtomicU64,
    /// Handshakes that took longer than allowed.
    pub handshakes_slow: AtomicU64,
    /// Why handshakes failed or took too long.
    pub faults: Faults,
    /// Heads that took longer than allowed.
    pub heads_slow: AtomicU64,
    /// Heads that broke off.
    pub heads_broken: AtomicU64,
    /// Requests refused before the door because they could not be parsed.
    pub unparsed: AtomicU64,
    /// Requests that the door answered.
    pub requests: AtomicU64,
    /// Replies that the client did not take.
    pub replies_lost: AtomicU64,
    /// Connections that are open now, those in their handshake among them.
    pub open: AtomicU64,
    /// Requests that are with the door now.
    pub in_flight: AtomicU64,
}

impl ListenCounters {
    /// Counts one.
    pub(super) fn count(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// Every count under a stable name, for an exporter; what is open or under way now is not among them.
    #[must_use]
    pub fn all(&self) -> [(&'static str, u64); 10] {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        [
            ("accepted", read(&self.accepted)),
            ("over_bound", read(&self.over_bound)),
            ("handshakes", read(&self.handshakes)),
            ("handshakes_failed", read(&self.handshakes_failed)),
            ("handshakes_slow", read(&self.handshakes_slow)),
            ("heads_slow", read(&self.heads_slow)),
            ("heads_broken", read(&self.heads_broken)),
            ("unparsed", read(&self.unparsed)),
            ("requests", read(&self.requests)),
            ("replies_lost", read(&self.replies_lost)),
        ]
    }
}

/// Counts one thing for as long as it lives.
#[derive(Debug)]
pub(super) struct During<'c>(&'c AtomicU64);

impl<'c> During<'c> {
    /// Begins now.
    pub(super) fn begin(counter: &'c AtomicU64) -> Self {
        counter.fetch_add(1, Ordering::Relaxed);
        Self(counter)
    }
}

impl Drop for During<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
