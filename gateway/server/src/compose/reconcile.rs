//! The ledger, the leaves and what this process counted are held against each other, continuously; the first difference is
//! named, and stays an alarm until somebody has mended it.

use std::{sync::Arc, time::Duration};

use adapters::sql::control::Reconciler;
use exchange::ports::record_log::RecordLog;

use crate::observe::{metrics::Metrics, rated::Counted};

/// Between two comparisons: what a request counts must stand in the log and be posted before the next.
const EVERY: Duration = Duration::from_secs(10);

/// What one look saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Look {
    /// Milli-paisa that were counted.
    counted: i64,
    /// Entries that were durable afterwards.
    durable: u64,
    /// Entries that the ledger was compared up to, after that.
    upto: u64,
    /// What those are rated at.
    rated: i64,
}

/// What the counters missed or counted too much by the second of two looks; 0 when they can be right. An answer is counted when
/// its entry is durable: whatever had been compared at the first look is counted by the second, and whatever had been counted at
/// the first stands in what is compared by the second, if that reaches so far.
const fn drift(before: Look, now: Look) -> i64 {
    if now.counted < before.rated {
        return now.counted.saturating_sub(before.rated);
    }
    if now.upto >= before.durable && before.counted > now.rated {
        return before.counted.saturating_sub(now.rated);
    }
    0
}

/// Compares for as long as the process runs.
pub(super) async fn watch(
    mut reconciler: Reconciler,
    log: Arc<dyn RecordLog>,
    counted: Arc<Counted>,
    metrics: Arc<Metrics>,
) {
    let mut tick = tokio::time::interval(EVERY);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let (leaves, counters) = (
        metrics.ledger_differs.with_label_values(&["leaves"]),
        metrics.ledger_differs.with_label_values(&["counters"]),
    );
    let mut before: Option<Look> = None;
    loop {
        tick.tick().await;
        let (sum, durable) = (counted.total(), log.durable_size());
        let compared = match reconciler.advance().await {
            Ok(compared) => compared,
            Err(error) => {
                tracing::error!(error = %error, "the ledger cannot be held against the access log");
                continue;
            }
        };
        metrics.ledger_reconciled.set(i64::try_from(compared.upto).unwrap_or(i64::MAX));
        leaves.set(i64::from(compared.difference.is_some()));
        if let Some(difference) = &compared.difference {
            tracing::error!(difference = %difference, "the ledger is not what the access log says");
        }
        let now = Look { counted: sum, durable, upto: compared.upto, rated: compared.rated_milli_paisa };
        let off = before.map_or(0, |before| drift(before, now));
        counters.set(i64::from(off != 0));
        if off != 0 {
            tracing::error!(milli_paisa = off, "what this process counted is not what its access log says");
        }
        before = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b33_counters_that_missed_an_answer_or_counted_one_twice_are_told_by_the_next_look() {
        let look = |counted, durable, upto, rated| Look { counted, durable, upto, rated };
        let check = |before, now, expected| assert_eq!(drift(before, now), expected, "{before:?} {now:?}");
        check(look(0, 0, 0, 0), look(0, 0, 0, 0), 0);
        // Under way: counted and not compared, or compared and not yet counted.
        check(look(50, 5, 3, 30), look(90, 9, 7, 70), 0);
        check(look(20, 5, 3, 30), look(90, 9, 7, 70), 0);
        // Missed one of 10, or counted it twice: told as soon as the traffic between two looks is below it.
        check(look(90, 10, 10, 100), look(90, 10, 10, 100), -10);
        check(look(110, 10, 10, 100), look(110, 10, 10, 100), 10);
        // A ledger that is behind cannot accuse the counters.
        check(look(110, 10, 4, 40), look(110, 10, 9, 90), 0);
    }
}
