//! What the listeners count, as metrics.

use std::sync::{
    Arc,
    atomic::{AtomicI64, AtomicU64, Ordering},
};

use super::metrics::Metrics;
use crate::listen::{Fault, ListenCounters};

/// Feeds `connections`, `in_flight` and `handshakes_failed_total` from one listener, at each rendering.
pub fn feed(metrics: &Metrics, listener: &'static str, counters: Arc<ListenCounters>) {
    // What was told at the last rendering: several listeners add to the same metric, each its own difference.
    let told_in_flight = AtomicI64::new(0);
    let told_faults = [const { AtomicU64::new(0) }; Fault::ALL.len()];
    metrics.before_render(move |metrics| {
        metrics.connections.with_label_values(&[listener]).set(now(&counters.open));
        let in_flight = now(&counters.in_flight);
        metrics.in_flight.add(in_flight - told_in_flight.swap(in_flight, Ordering::Relaxed));
        for ((fault, count), told) in counters.faults.all().zip(&told_faults) {
            let before = told.fetch_max(count, Ordering::Relaxed);
            metrics.handshakes_failed.with_label_values(&[fault.as_str()]).inc_by(count.saturating_sub(before));
        }
    });
}

fn now(gauge: &AtomicU64) -> i64 {
    i64::try_from(gauge.load(Ordering::Relaxed)).unwrap_or(i64::MAX)
}

#[cfg(test)]
#[path = "listeners_tests.rs"]
mod tests;
