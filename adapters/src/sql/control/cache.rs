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
}
