//! Persons that were read, kept in memory: bounded, and never older than an acknowledged write of this process.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use exchange::cnic::Cnic;
use registry_core::person::Person;

/// Shards, so that readers of different persons seldom wait for each other.
const SHARDS: usize = 16;
/// Persons of one generation of a shard: 2 × 16 × 2,048 in all, at about one kilobyte each.
const GENERATION_MAX: usize = 2_048;

/// A cache of persons by number. A generation that is full becomes the old one; what is asked for again comes back young;
/// what is not asked for goes with the old generation.
#[derive(Debug, Default)]
pub(super) struct Cache {
    shards: [Mutex<Shard>; SHARDS],
}

#[derive(Debug, Default)]
struct Shard {
    young: HashMap<Cnic, Arc<Person>>,
    old: HashMap<Cnic, Arc<Person>>,
    epoch: u64,
}

impl Cache {
    /// The person, if it is here.
    pub(super) fn get(&self, number: Cnic) -> Option<Arc<Person>> {
        let mut shard = self.shard(number)?;
        if let Some(person) = shard.young.get(&number) {
            return Some(Arc::clone(person));
        }
        let person = shard.old.remove(&number)?;
        shard.keep(number, Arc::clone(&person));
        Some(person)
    }

    /// Taken before a read; given to [`Self::put`] after it.
    pub(super) fn epoch(&self, number: Cnic) -> u64 {
        self.shard(number).map_or(0, |shard| shard.epoch)
    }

    /// Keeps what was read, unless anything of the shard was forgotten since the read began: it may be older then.
    pub(super) fn put(&self, number: Cnic, epoch: u64, person: Arc<Person>) {
        if let Some(mut shard) = self.shard(number).filter(|shard| shard.epoch == epoch) {
            shard.keep(number, person);
        }
    }

    /// Forgets a person who was changed.
    pub(super) fn forget(&self, number: Cnic) {
        if let Some(mut shard) = self.shard(number) {
            shard.epoch = shard.epoch.wrapping_add(1);
            shard.young.remove(&number);
            shard.old.remove(&number);
        }
    }

    fn shard(&self, number: Cnic) -> Option<MutexGuard<'_, Shard>> {
        // The last digit tells only the sex; the ones before it are spread evenly.
        let place = usize::try_from(number.as_u64() / 10).unwrap_or(0) % SHARDS;
        self.shards.get(place).map(|shard| shard.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Shard {
    fn keep(&mut self, number: Cnic, person: Arc<Person>) {
        if self.young.len() >= GENERATION_MAX {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(number, person);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use registry_core::population::Population;

    use super::*;

    fn persons() -> Vec<(Cnic, Arc<Person>)> {
        let persons = Population::new(1, 300).flat_map(|family| family.persons);
        persons.filter_map(|person| Some((person.number()?, Arc::new(person)))).collect()
    }

    #[test]
    fn what_was_read_before_a_change_is_not_kept_after_it() {
        let (number, person) = persons().swap_remove(0);
        let cache = Cache::default();
        let before = cache.epoch(number);
        cache.forget(number);
        cache.put(number, before, Arc::clone(&person));
        assert!(cache.get(number).is_none(), "a reader that began before the change came too late");
        cache.put(number, cache.epoch(number), person);
        assert!(cache.get(number).is_some());
        cache.forget(number);
        assert!(cache.get(number).is_none());
    }

    #[test]
    fn a_cache_stays_within_its_bound_and_keeps_what_is_asked_for() {
        let (_, person) = persons().swap_remove(0);
        let cache = Cache::default();
        let number = |n: u64| Cnic::from_u64(n * 160).unwrap();
        for n in 0..10_000 {
            cache.put(number(n), 0, Arc::clone(&person));
            assert!(cache.get(number(0)).is_some(), "asked for again and again");
        }
        let shard = cache.shard(number(0)).unwrap();
        assert!(shard.young.len() + shard.old.len() <= 2 * GENERATION_MAX);
        assert!(!shard.young.contains_key(&number(1)) && !shard.old.contains_key(&number(1)));
    }

    /// What one reader or writer does next; a reader's steps may have any writer's between them.
    #[derive(Clone, Debug)]
    enum Step {
        Begin(usize),
        Read(usize),
        Keep(usize),
        Change(usize),
        Ask(usize),
    }

    /// A reader under way: which person, the epoch it began with, and the version that it read.
    #[derive(Clone, Copy, Default)]
    struct Reader {
        of: usize,
        epoch: u64,
        read: Option<usize>,
    }

    fn steps() -> impl Strategy<Value = Vec<(Step, usize)>> {
        let step = prop_oneof![
            (0..3_usize).prop_map(Step::Begin),
            (0..3_usize).prop_map(Step::Read),
            (0..3_usize).prop_map(Step::Keep),
            (0..4_usize).prop_map(Step::Change),
            (0..4_usize).prop_map(Step::Ask),
        ];
        proptest::collection::vec((step, 0..4_usize), 1..80)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        /// However readers and writers cross each other, what is found is the newest version that was written.
        #[test]
        fn a_person_who_is_found_is_never_older_than_the_last_change(steps in steps()) {
            let versions: Vec<Arc<Person>> = persons().into_iter().take(80).map(|(_, person)| person).collect();
            // Two of the numbers share a shard.
            let numbers = [1_000_000_000_000, 1_000_000_000_160, 1_000_000_000_010, 1_000_000_000_020];
            let number = |n: usize| Cnic::from_u64(numbers[n]).unwrap();
            let (cache, mut current, mut readers) = (Cache::default(), [0_usize; 4], [Reader::default(); 3]);
            for (step, of) in steps {
                match step {
                    Step::Begin(r) => readers[r] = Reader { of, epoch: cache.epoch(number(of)), read: None },
                    Step::Read(r) => readers[r].read = Some(current[readers[r].of]),
                    Step::Keep(r) => {
                        let Reader { of, epoch, read: Some(read) } = readers[r] else { continue };
                        cache.put(number(of), epoch, Arc::clone(&versions[read % versions.len()]));
                    }
                    Step::Change(of) => {
                        current[of] += 1;
                        cache.forget(number(of));
                    }
                    Step::Ask(of) => {
                        if let Some(found) = cache.get(number(of)) {
                            let newest = &versions[current[of] % versions.len()];
                            prop_assert!(Arc::ptr_eq(&found, newest), "an old version of person {of}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn a_change_of_one_person_keeps_the_others_who_were_read_before() {
        let all = persons();
        let cache = Cache::default();
        for (number, person) in &all {
            cache.put(*number, cache.epoch(*number), Arc::clone(person));
        }
        let (changed, _) = all[7];
        cache.forget(changed);
        for (number, person) in &all {
            let found = cache.get(*number);
            assert_eq!(found.is_none(), *number == changed);
            assert!(found.is_none_or(|found| Arc::ptr_eq(&found, person)), "another person was given");
        }
    }
}
