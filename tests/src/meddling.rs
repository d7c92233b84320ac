//! What no program of ours does to a database, and chance that repeats itself: both for the contract suites.

use std::sync::atomic::{AtomicU32, Ordering};

use adapters::sql::{Database, Migration, SqlError};

/// Runs statements in one transaction, all or none: what a thief, a disk or a newer program does. They run on both
/// databases as they stand, as a migration of a component that nobody has; the text lives as long as the process.
///
/// # Errors
/// What the database answered.
pub async fn meddle(database: &Database, sql: impl Into<String>) -> Result<(), SqlError> {
    static COMPONENT: AtomicU32 = AtomicU32::new(0);
    let component = format!("meddling {}", COMPONENT.fetch_add(1, Ordering::SeqCst));
    let sql: &'static str = Box::leak(sql.into().into_boxed_str());
    let script: &'static [Migration] = Box::leak(Box::new([Migration { version: 1, sql }]));
    database.migrate(&component, script).await
}

/// Repeatable chance: the high bits of a linear congruential generator.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// The same seed gives the same throws.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A throw from 0 to `bound` - 1; 0 when `bound` is 0.
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or(0).checked_rem(bound).unwrap_or(0)
    }
}
