//! Memory of what the database said, which a revocation anywhere empties within a second.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{
        RwLock,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
};

use exchange::{limits, timestamp::Timestamp};

/// Entries of one cache: about 30 MB of consents at most. A full one is emptied, which is rare and always right.
const ENTRIES_MAX: usize = 65_536;

/// The newest generation that the database is known to have had, and when it was last asked.
#[derive(Debug, Default)]
pub(super) struct Confirmed {
    generation: AtomicU64,
    at_ms: AtomicI64,
}

impl Confirmed {
    /// The database had this generation at some instant not before `asked_at`.
    pub(super) fn saw(&self, generation: u64, asked_at: Timestamp) {
        self.generation.fetch_max(generation, Ordering::AcqRel);
        self.at_ms.fetch_max(asked_at.millis(), Ordering::AcqRel);
    }

    /// The generation that may be decided by; `None` when it was not confirmed within the last second.
    pub(super) fn current(&self, now: Timestamp) -> Option<u64> {
        let age_ms = now.millis().saturating_sub(self.at_ms.load(Ordering::Acquire));
        (age_ms <= limits::DIRECTORY_STALE_MS_MAX).then(|| self.generation.load(Ordering::Acquire))
    }
}

/// A bounded map whose entries hold for one generation only.
#[derive(Debug)]
pub(super) struct Cache<K, V>(RwLock<HashMap<K, (u64, V)>>);

impl<K: Eq + Hash, V: Clone> Cache<K, V> {
    pub(super) fn new() -> Self {
        Self(RwLock::new(HashMap::new()))
    }

    /// The value that was read under this generation.
    pub(super) fn get(&self, key: &K, generation: u64) -> Option<V> {
        let entries = self.0.read().ok()?;
        entries.get(key).filter(|(of, _)| *of == generation).map(|(_, value)| value.clone())
    }

    /// Remembers a value. INVARIANT: `generation` was current *before* the value was read, so that a change between the
    /// two makes the entry worthless as soon as the change is seen.
    pub(super) fn put(&self, key: K, generation: u64, value: V) {
        let Ok(mut entries) = self.0.write() else { return };
        if entries.len() >= ENTRIES_MAX {
            entries.clear();
        }
        entries.insert(key, (generation, value));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_entry_dies_with_its_generation_and_with_silence() {
        let start = Timestamp::from_micros(1_000_000_000);
        let confirmed = Confirmed::default();
        assert_eq!(confirmed.current(start), None);
        confirmed.saw(4, start);
        let cache = Cache::new();
        cache.put("a", 4, 1);
        assert_eq!(cache.get(&"a", confirmed.current(start.plus_seconds(1)).unwrap()), Some(1));
        assert_eq!(confirmed.current(start.plus_seconds(2)), None);
        confirmed.saw(5, start.plus_seconds(2));
        assert_eq!(cache.get(&"a", confirmed.current(start.plus_seconds(2)).unwrap()), None);
        confirmed.saw(4, start.plus_seconds(1));
        assert_eq!(confirmed.current(start.plus_seconds(2)), Some(5));
    }

    #[test]
    fn a_full_cache_is_emptied_rather_than_grown() {
        let cache = Cache::new();
        for key in 0..=ENTRIES_MAX {
            cache.put(key, 1, ());
        }
        assert_eq!(cache.get(&0, 1), None);
        assert_eq!(cache.get(&ENTRIES_MAX, 1), Some(()));
    }

    #[test]
    fn silence_is_counted_from_the_asking_to_the_millisecond() {
        let asked = Timestamp::from_micros(5_000_000_000);
        let confirmed = Confirmed::default();
        confirmed.saw(7, asked);
        let check = |micros: i64, expected| {
            let now = Timestamp::from_micros(asked.micros() + micros);
            assert_eq!(confirmed.current(now), expected, "{micros} µs later");
        };
        check(0, Some(7));
        check(1_000_999, Some(7));
        check(1_001_000, None);
        // A clock that was set back believes what it saw: it was asked later than now.
        check(-60_000_000, Some(7));
    }

    /// One step of a store's life: what is asked, remembered and changed, in any order.
    #[derive(Clone, Debug)]
    enum Step {
        Change(u8),
        Ask,
        Read(u8),
        Wait(i64),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            (0..4_u8).prop_map(Step::Change),
            Just(Step::Ask),
            (0..4_u8).prop_map(Step::Read),
            (0..1_500_i64).prop_map(Step::Wait),
        ];
        proptest::collection::vec(step, 1..60)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        /// Whatever another process changes, a value that is given is at most a second old, and none is older than what
        /// was seen of the generation.
        #[test]
        fn no_value_outlives_a_change_by_more_than_a_second(steps in steps()) {
            let (confirmed, cache) = (Confirmed::default(), Cache::new());
            let mut now = Timestamp::from_micros(1_000_000_000);
            let (mut generation, mut values, mut asked) = (1_u64, [0_u32; 4], [0_u32; 4]);
            let mut changed = [now; 4];
            for step in steps {
                match step {
                    Step::Wait(ms) => now = Timestamp::from_micros(now.micros() + ms * 1_000),
                    Step::Change(key) => {
                        generation += 1;
                        values[usize::from(key)] += 1;
                        changed[usize::from(key)] = now;
                    }
                    Step::Ask => {
                        confirmed.saw(generation, now);
                        asked = values;
                    }
                    Step::Read(key) => {
                        let at = usize::from(key);
                        let known = confirmed.current(now);
                        match known.and_then(|generation| cache.get(&key, generation)) {
                            Some(value) => {
                                let age_ms = now.millis() - changed[at].millis();
                                prop_assert!(value == values[at] || age_ms <= limits::DIRECTORY_STALE_MS_MAX);
                                prop_assert!(value >= asked[at], "older than what was seen");
                            }
                            None => {
                                // As stores do: the generation before the value.
                                if let Some(generation) = known {
                                    cache.put(key, generation, values[at]);
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
