//! The store in memory against a plain model: notices as a state machine, batches whole or not at all, counts by hand.

use std::collections::{BTreeMap, BTreeSet};

use exchange::timestamp::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::{
    date::{Day, PartialDate},
    household::{Membership, Relation, Surveyed},
    notice::DeathNotice,
    person::tests::adult,
    service::testing::run,
};

/// Number of the n-th person of these tests.
fn number(n: u64) -> Cnic {
    Cnic::from_u64(3_010_112_345_000 + n).unwrap()
}

fn person(n: u64, life: LifeStatus) -> Person {
    Person { life, ..adult(n, &number(n).digits()) }
}

fn household(id: u64, members: &[u64]) -> Household {
    Household {
        id: HouseholdId(id),
        address: adult(1, "3010112345671").address,
        position: None,
        pmt: 0,
        assets: Vec::new(),
        beneficiary: id.is_multiple_of(2),
        payments: Vec::new(),
        members: members
            .iter()
            .map(|&n| Membership { pid: PersonId(n), relation: Relation::Other, surveyed: Surveyed::default() })
            .collect(),
    }
}

fn notice(id: &str, n: u64, source: &str) -> Notice {
    let died = Day::parse("2026-11-20").unwrap();
    let content = DeathNotice { died, place: "Mehran Hospital".into(), informant: None, cause: None };
    let source = AgencyId::parse(source).unwrap();
    Notice { id: id.into(), person: PersonId(n), source, received: Timestamp::from_micros(0), content }
}

/// Lives of the state machine's persons: two living, one held without a notice, one dead.
const LIVES: [LifeStatus; 4] =
    [LifeStatus::Alive, LifeStatus::Alive, LifeStatus::Held, LifeStatus::Deceased(PartialDate::Year(2020))];
const SOURCES: [&str; 3] = ["hospital", "council", "board"];

/// One step of the state machine.
#[derive(Clone, Debug)]
enum Step {
    /// A source gives notice of a person.
    Place { person: usize, source: usize },
    /// The n-th notice ever asked for is withdrawn, whether it was placed or not.
    Withdraw { nth: usize },
    /// The store fails for one call, and the call is a placing or a withdrawal.
    Fail { person: usize, source: usize, withdraw: bool },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0..LIVES.len(), 0..SOURCES.len()).prop_map(|(person, source)| Step::Place { person, source }),
        4 => (0..16_usize).prop_map(|nth| Step::Withdraw { nth }),
        1 => (0..LIVES.len(), 0..SOURCES.len(), any::<bool>())
            .prop_map(|(person, source, withdraw)| Step::Fail { person, source, withdraw }),
    ];
    prop::collection::vec(step, 1..40)
}

/// What the store must be like: the lives at the beginning, and the notices that are open, by person and source.
struct Model {
    open: BTreeMap<(usize, usize), String>,
    lives: [LifeStatus; 4],
}

impl Model {
    fn place(&mut self, person: usize, source: usize, id: &str) -> Placed {
        let fresh = !self.open.contains_key(&(person, source));
        let known = self.open.entry((person, source)).or_insert_with(|| id.to_owned());
        if fresh && self.lives[person] == LifeStatus::Alive {
            self.lives[person] = LifeStatus::Held;
        }
        Placed { id: known.clone(), fresh }
    }

    fn withdraw(&mut self, id: &str) -> bool {
        let Some(key) = self.open.iter().find(|(_, open)| *open == id).map(|(key, _)| *key) else { return false };
        self.open.remove(&key);
        if self.open.keys().all(|(person, _)| *person != key.0) && self.lives[key.0] == LifeStatus::Held {
            self.lives[key.0] = LifeStatus::Alive;
        }
        true
    }
}

fn populated() -> MemoryStore {
    let store = MemoryStore::default();
    let persons = (1..).zip(LIVES).map(|(n, life)| person(n, life)).collect();
    run(store.load(&Batch { persons, households: vec![household(1, &[1, 2, 3, 4])] })).unwrap();
    store
}

fn lives(store: &MemoryStore) -> Vec<LifeStatus> {
    (1..=4).map(|n| run(store.person(number(n))).unwrap().unwrap().life).collect()
}

fn of(person: usize, source: usize, id: &str) -> Notice {
    notice(id, u64::try_from(person).unwrap() + 1, SOURCES[source])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn notices_hold_and_restore_as_the_model_says(steps in steps()) {
        let store = populated();
        let mut model = Model { open: BTreeMap::new(), lives: LIVES };
        for (n, step) in steps.iter().enumerate() {
            let id = format!("n{n}");
            match *step {
                Step::Place { person, source } => {
                    let expected = model.place(person, source, &id);
                    prop_assert_eq!(run(store.place_notice(&of(person, source, &id))), Ok(expected));
                }
                Step::Withdraw { nth } => {
                    let id = format!("n{nth}");
                    prop_assert_eq!(run(store.withdraw_notice(&id)), Ok(model.withdraw(&id)));
                }
                Step::Fail { person, source, withdraw } => {
                    store.set_unavailable(true);
                    let failed = if withdraw {
                        run(store.withdraw_notice(&format!("n{person}"))).map(drop)
                    } else {
                        run(store.place_notice(&of(person, source, &id))).map(drop)
                    };
                    prop_assert!(matches!(failed, Err(StoreError::Unavailable(_))));
                    store.set_unavailable(false);
                }
            }
            prop_assert_eq!(lives(&store), model.lives.to_vec(), "after {:?}", step);
            let home = run(store.household_of(number(1))).unwrap().unwrap();
            let shown: Vec<_> = home.persons.iter().map(|(_, person)| person.life).collect();
            prop_assert_eq!(shown, model.lives.to_vec(), "a household shows its members as they stand");
        }
    }

    #[test]
    fn withdrawing_all_that_was_placed_restores_all(placed in prop::collection::vec((0..2_usize, 0..3_usize), 0..12)) {
        let store = populated();
        let mut ids = BTreeSet::new();
        for (n, (person, source)) in placed.into_iter().enumerate() {
            ids.insert(run(store.place_notice(&of(person, source, &format!("n{n}")))).unwrap().id);
        }
        for id in &ids {
            prop_assert_eq!(run(store.withdraw_notice(id)), Ok(true));
        }
        prop_assert_eq!(lives(&store), LIVES.to_vec());
    }

    #[test]
    fn a_batch_is_kept_wholly_or_not_at_all(batches in prop::collection::vec(batch(), 1..6)) {
        let store = MemoryStore::default();
        let mut kept = Kept::default();
        for given in &batches {
            let fits = kept.takes(given);
            let expected = if fits { Ok(()) } else { Err(StoreError::AlreadyThere) };
            prop_assert_eq!(run(store.load(&made(given))), expected, "{:?}", given);
            for n in 0..12 {
                let found = run(store.person(number(n))).unwrap();
                prop_assert_eq!(found.map(|person| person.pid.0), kept.numbers.get(&n).copied(), "number {}", n);
                let home = run(store.household_of(number(n))).unwrap().map(|home| home.household.id.0);
                let expected = kept.numbers.get(&n).and_then(|pid| kept.homes.get(pid)).copied();
                prop_assert_eq!(home, expected, "home of number {}", n);
            }
        }
    }
}

/// A batch in small: persons as (pid, number), households as (id, member), each household of one.
type Small = (Vec<(u64, u64)>, Vec<(u64, u64)>);

/// Persons may come twice, in the batch or before; members are persons of the batch, so that each is known.
fn batch() -> impl Strategy<Value = Small> {
    let persons = prop::collection::vec((0..8_u64, 0..12_u64), 1..4);
    (persons, prop::collection::vec((0..6_u64, 0..4_usize), 0..3)).prop_map(|(persons, homes)| {
        let homes = homes.into_iter().map(|(id, place)| (id, persons[place % persons.len()].0)).collect();
        (persons, homes)
    })
}

fn made((persons, homes): &Small) -> Batch {
    let person = |&(pid, own): &(u64, u64)| Person { pid: PersonId(pid), ..person(own, LifeStatus::Alive) };
    Batch {
        persons: persons.iter().map(person).collect(),
        households: homes.iter().map(|&(id, member)| household(id, &[member])).collect(),
    }
}

/// What the model keeps: number to person, person to household.
#[derive(Clone, Default)]
struct Kept {
    numbers: BTreeMap<u64, u64>,
    homes: BTreeMap<u64, u64>,
}

impl Kept {
    /// Keeps the batch if nothing of it is there.
    fn takes(&mut self, (persons, homes): &Small) -> bool {
        let mut next = self.clone();
        let mut pids: BTreeSet<u64> = self.numbers.values().copied().collect();
        let mut ids: BTreeSet<u64> = self.homes.values().copied().collect();
        let new = persons.iter().all(|&(pid, own)| pids.insert(pid) && next.numbers.insert(own, pid).is_none())
            && homes.iter().all(|&(id, member)| ids.insert(id) && next.homes.insert(member, id).is_none());
        if new {
            *self = next;
        }
        new
    }
}

#[test]
fn a_store_told_to_fail_fails_at_everything_and_keeps_what_it_had() {
    let store = populated();
    store.set_unavailable(true);
    let unavailable = |result: Result<(), StoreError>| assert!(matches!(result, Err(StoreError::Unavailable(_))));
    unavailable(run(store.person(number(1))).map(drop));
    unavailable(run(store.household_of(number(1))).map(drop));
    unavailable(run(store.place_notice(&notice("n", 1, "hospital"))).map(drop));
    unavailable(run(store.withdraw_notice("n")).map(drop));
    unavailable(run(store.load(&Batch { persons: vec![person(9, LifeStatus::Alive)], households: Vec::new() })));
    for &table in Table::ALL {
        unavailable(run(store.count(table)).map(drop));
    }
    store.set_unavailable(false);
    assert_eq!(run(store.person(number(9))), Ok(None));
    assert_eq!(lives(&store), LIVES);
}

#[test]
fn counts_are_of_the_living_by_their_own_address() {
    let store = MemoryStore::default();
    let at = |n: u64, life, province: &str, district: &str| {
        let mut person = person(n, life);
        (person.address.province, person.address.district) = (province.into(), district.into());
        person
    };
    let dead = LifeStatus::Deceased(PartialDate::Year(2020));
    let persons = vec![
        at(1, LifeStatus::Alive, "Punjab", "Jhang"),
        at(2, LifeStatus::Held, "Punjab", "Jhang"),
        at(3, dead, "Punjab", "Jhang"),
        at(4, LifeStatus::Alive, "Punjab", "Okara"),
        at(5, LifeStatus::Alive, "Sindh", "Jhang"),
        at(6, dead, "Balochistan", "Kech"),
    ];
    let mut homes = vec![household(2, &[1]), household(4, &[2]), household(5, &[4]), household(6, &[5])];
    homes[3].address.province = "Sindh".into();
    run(store.load(&Batch { persons, households: homes })).unwrap();
    let check = |table, expected: &[(&str, &str, u64)]| {
        let mut cells = run(store.count(table)).unwrap();
        cells.sort();
        let got: Vec<_> = cells.iter().map(|c| (c.province.as_str(), c.district.as_str(), c.count)).collect();
        assert_eq!(got, expected, "{}", table.as_str());
    };
    check(Table::PersonsByProvince, &[("Punjab", "", 3), ("Sindh", "", 1)]);
    check(Table::PersonsByDistrict, &[("Punjab", "Jhang", 2), ("Punjab", "Okara", 1), ("Sindh", "Jhang", 1)]);
    check(Table::BeneficiariesByProvince, &[("Punjab", "", 2), ("Sindh", "", 1)]);
    check(Table::BeneficiariesByDistrict, &[("Punjab", "Jhang", 2), ("Sindh", "Jhang", 1)]);
}

#[test]
fn any_number_of_a_person_finds_the_person_and_the_home() {
    let store = MemoryStore::default();
    let mut two = person(1, LifeStatus::Alive);
    let mut old = two.identifiers[0].clone();
    old.value = number(900);
    two.identifiers.push(old);
    run(store.load(&Batch { persons: vec![two.clone()], households: vec![household(7, &[1])] })).unwrap();
    for own in [number(1), number(900)] {
        assert_eq!(run(store.person(own)).unwrap().as_deref(), Some(&two));
        assert_eq!(run(store.household_of(own)).unwrap().unwrap().household.id, HouseholdId(7));
    }
    let thief = Person { pid: PersonId(2), ..person(900, LifeStatus::Alive) };
    let stolen = run(store.load(&Batch { persons: vec![thief], households: Vec::new() }));
    assert_eq!(stolen, Err(StoreError::AlreadyThere), "an old number is nobody else's");
}

#[test]
fn a_later_batch_may_house_persons_of_an_earlier_one_but_once() {
    let store = populated();
    let homeless = Batch { persons: vec![person(5, LifeStatus::Alive)], households: Vec::new() };
    run(store.load(&homeless)).unwrap();
    let house = |id, members: &[u64]| Batch { persons: Vec::new(), households: vec![household(id, members)] };
    assert_eq!(run(store.load(&house(1, &[5]))), Err(StoreError::AlreadyThere), "a household's number is given once");
    assert_eq!(run(store.load(&house(2, &[5, 1]))), Err(StoreError::AlreadyThere), "a person has one household");
    assert_eq!(run(store.household_of(number(5))), Ok(None), "nothing of a refused household is kept");
    assert_eq!(run(store.load(&house(2, &[5]))), Ok(()));
    assert_eq!(run(store.household_of(number(5))).unwrap().unwrap().household.id, HouseholdId(2));
}

#[test]
#[should_panic(expected = "household with an unknown member")]
fn a_household_of_strangers_is_the_callers_error() {
    let store = populated();
    drop(run(store.load(&Batch { persons: Vec::new(), households: vec![household(2, &[77])] })));
}

#[test]
#[should_panic(expected = "batch too large")]
fn a_batch_beyond_the_bound_is_the_callers_error() {
    let most = u64::try_from(LOAD_BATCH_MAX).unwrap();
    let persons = (0..=most).map(|n| person(n, LifeStatus::Alive)).collect();
    drop(run(MemoryStore::default().load(&Batch { persons, households: Vec::new() })));
}

#[test]
#[should_panic(expected = "id of a notice was given twice")]
fn an_id_that_is_given_twice_is_the_callers_error() {
    let store = populated();
    run(store.place_notice(&notice("same", 1, "hospital"))).unwrap();
    drop(run(store.place_notice(&notice("same", 2, "hospital"))));
}
