//! How long the writer waits for company: one sync serves all who wait, so under load a batch is worth a short pause.
//!
//! Who waits alone never waits longer: the writer pauses only when others wait too, and at most as long as is said here.

use std::time::Duration;

/// The longest pause for others who wait. It is over sooner when as many wait as were about, so that it lasts only while
/// a load changes, and under loads that keep the machine busy anyway.
pub(super) const PAUSE_MAX: Duration = Duration::from_millis(2);

/// The longest that an entry stays queued for which nobody waits, such as the intent of a request that is being answered:
/// the next who waits takes it along sooner.
pub(super) const UNAWAITED_MAX: Duration = Duration::from_millis(2);

/// Fewer than this many who wait at once are no load: a pause would cost them more than it saves.
const COMPANY_MIN: usize = 4;

/// How many waited for the last batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Batching {
    last: usize,
}

impl Batching {
    /// How many have to wait for the writer to begin without a pause, when `behind` came during the last sync: those, and
    /// again those whom that sync answered, are about at once.
    pub fn enough(self, behind: usize) -> usize {
        let about = self.last.saturating_add(behind);
        if about < COMPANY_MIN { 1 } else { about }
    }

    /// A batch is taken for which so many waited.
    pub fn taken(&mut self, together: usize) {
        self.last = together;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_alone_is_not_kept() {
        let mut batching = Batching::default();
        assert_eq!(batching.enough(0), 1);
        batching.taken(1);
        for behind in 0..COMPANY_MIN - 1 {
            assert_eq!(batching.enough(behind), 1, "{behind}");
        }
    }

    #[test]
    fn many_wait_for_as_many_as_were_about_before() {
        let mut batching = Batching::default();
        batching.taken(3);
        assert_eq!(batching.enough(20), 23);
        batching.taken(64);
        assert_eq!(batching.enough(0), 64);
    }

    #[test]
    fn when_the_load_ends_one_pause_is_the_last() {
        let mut batching = Batching::default();
        batching.taken(64);
        // Only one came before the pause was over.
        batching.taken(1);
        assert_eq!(batching.enough(0), 1);
    }
}
