//! What a listener counts, for metrics.

use std::sync::atomic::{AtomicU64, Ordering};

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
    /// Heads that took longer than allowed.
    pub heads_slow: AtomicU64,
    /// Requests refused before the door because they could not be parsed.
    pub unparsed: AtomicU64,
    /// Requests that the door answered.
    pub requests: AtomicU64,
    /// Replies that the client did not take.
    pub replies_lost: AtomicU64,
}

impl ListenCounters {
    /// Counts one.
    pub(super) fn count(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// Every count under a stable name, for an exporter.
    #[must_use]
    pub fn all(&self) -> [(&'static str, u64); 9] {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        [
            ("accepted", read(&self.accepted)),
            ("over_bound", read(&self.over_bound)),
            ("handshakes", read(&self.handshakes)),
            ("handshakes_failed", read(&self.handshakes_failed)),
            ("handshakes_slow", read(&self.handshakes_slow)),
            ("heads_slow", read(&self.heads_slow)),
            ("unparsed", read(&self.unparsed)),
            ("requests", read(&self.requests)),
            ("replies_lost", read(&self.replies_lost)),
        ]
    }
}
