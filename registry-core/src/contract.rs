//! What every store of the registry must do, as one suite: run for memory, SQLite and PostgreSQL alike.

mod lists;

use std::sync::Arc;

use exchange::{cnic::Cnic, ids::AgencyId, timestamp::Timestamp};

use crate::{
    date::Day,
    household::Relation,
    notice::{DeathNotice, Notice},
    person::{LifeStatus, Person, PersonId},
    population::{DEMO_SEED, Notable, Population},
    ports::store::{Batch, RegistryStore, StoreError},
    report::Table,
};

/// Persons that the suite loads: enough that every kind of person is among them.
const PERSONS: u64 = 3_000;

/// Runs the whole suite on an empty store.
///
/// # Panics
/// When the store breaks the port's contract; the message says where.
pub async fn registry_contract(store: &dyn RegistryStore) {
    let people = People::load(store).await;
    everybody_reads_back(store, &people).await;
    strangers_are_nobody(store).await;
    a_batch_is_kept_wholly_or_not_at_all(store, &people).await;
    counts_are_those_of_a_recount(store, &people).await;
    a_notice_holds_until_it_is_withdrawn(store, &people).await;
    two_sources_hold_one_person(store, &people).await;
    a_registered_death_is_not_changed_by_a_notice(store, &people).await;
    lists::lists_of_households(store, &people).await;
}

/// What was loaded.
struct People {
    batches: Vec<Batch>,
    notable: Option<Notable>,
}

impl People {
    async fn load(store: &dyn RegistryStore) -> Self {
        let population = Population::new(DEMO_SEED, PERSONS);
        let notable = population.notable();
        let batches: Vec<_> = population.batches(1_000).collect();
        for batch in &batches {
            assert_eq!(store.load(batch).await, Ok(()), "an empty store takes every batch");
        }
        Self { batches, notable }
    }

    fn persons(&self) -> impl Iterator<Item = &Person> {
        self.batches.iter().flat_map(|batch| &batch.persons)
    }

    #[expect(clippy::expect_used, reason = "the suite cannot run without them")]
    fn number(&self, of: impl Fn(&Notable) -> Cnic) -> Cnic {
        self.notable.as_ref().map(of).expect("the population has its notable persons")
    }
}

/// A number that no population has: its second digit is never 9.
#[expect(clippy::expect_used, reason = "a constant of thirteen digits is a number")]
fn nobody() -> Cnic {
    Cnic::from_u64(1_900_000_000_000).expect("thirteen digits")
}

async fn person(store: &dyn RegistryStore, number: Cnic) -> Option<Arc<Person>> {
    let found = store.person(number).await;
    assert!(found.is_ok(), "reading a person: {found:?}");
    found.unwrap_or_default()
}

async fn everybody_reads_back(store: &dyn RegistryStore, people: &People) {
    for wanted in people.persons() {
        if let Some(number) = wanted.number() {
            let got = person(store, number).await;
            assert!(got.as_deref() == Some(wanted), "person {} reads back otherwise", wanted.pid.0);
        }
    }
    for batch in &people.batches {
        for household in &batch.households {
            let numbers = household.members.iter().filter_map(|m| number_of(batch, m.pid));
            for number in numbers.take(2) {
                let got = store.household_of(number).await;
                let got = got.ok().flatten();
                let same = got.as_ref().is_some_and(|gharana| gharana.household == *household);
                assert!(same, "household {} reads back otherwise", household.id.0);
                let persons = got.iter().flat_map(|gharana| &gharana.persons);
                let members: Vec<(Relation, PersonId)> = persons.map(|(relation, p)| (*relation, p.pid)).collect();
                let wanted: Vec<_> = household.members.iter().map(|m| (m.relation, m.pid)).collect();
                assert_eq!(members, wanted, "members keep their order");
            }
        }
    }
}

fn number_of(batch: &Batch, pid: PersonId) -> Option<Cnic> {
    batch.persons.iter().find(|person| person.pid == pid).and_then(Person::number)
}

async fn strangers_are_nobody(store: &dyn RegistryStore) {
    assert_eq!(store.person(nobody()).await, Ok(None), "nobody has this number");
    assert_eq!(store.household_of(nobody()).await, Ok(None), "nobody lives with nobody");
    assert_eq!(store.withdraw_notice("never-placed").await, Ok(false), "nothing was placed under this id");
}

async fn a_batch_is_kept_wholly_or_not_at_all(store: &dyn RegistryStore, people: &People) {
    let Some(taken) = people.persons().find(|person| person.number().is_some()) else { return };
    let mut fresh = taken.clone();
    fresh.pid = PersonId(PERSONS + 1);
    for identifier in &mut fresh.identifiers {
        identifier.value = nobody();
    }
    let batch = Batch { persons: vec![fresh.clone(), taken.clone()], households: Vec::new() };
    assert_eq!(store.load(&batch).await, Err(StoreError::AlreadyThere), "a person comes once");
    assert_eq!(store.person(nobody()).await, Ok(None), "nothing of a refused batch is kept");
    let mut thief = fresh;
    thief.identifiers.clone_from(&taken.identifiers);
    let batch = Batch { persons: vec![thief], households: Vec::new() };
    assert_eq!(store.load(&batch).await, Err(StoreError::AlreadyThere), "a number names one person");
}

async fn counts_are_those_of_a_recount(store: &dyn RegistryStore, people: &People) {
    let twin = crate::memory::MemoryStore::default();
    for batch in &people.batches {
        assert_eq!(twin.load(batch).await, Ok(()));
    }
    for &table in Table::ALL {
        let (got, wanted) = (store.count(table).await, twin.count(table).await);
        let sorted = |cells: Result<Vec<_>, StoreError>| {
            cells.map(|mut cells| {
                cells.sort();
                cells
            })
        };
        assert_eq!(sorted(got), sorted(wanted), "{}", table.as_str());
    }
}

/// A notice of this id from this source.
async fn place(store: &dyn RegistryStore, id: &str, number: Cnic, source: &str) -> Option<(String, bool)> {
    let pid = person(store, number).await.map(|person| person.pid)?;
    let content = DeathNotice {
        died: Day::parse("2026-11-20")?,
        place: "Mehran Hospital".to_owned(),
        informant: Some(nobody()),
        cause: None,
    };
    let source = AgencyId::parse(source).ok()?;
    let received = Timestamp::from_micros(1_795_000_000_000_000);
    let placed = store.place_notice(&Notice { id: id.to_owned(), person: pid, source, received, content }).await;
    assert!(placed.is_ok(), "placing a notice: {placed:?}");
    placed.ok().map(|placed| (placed.id, placed.fresh))
}

async fn life(store: &dyn RegistryStore, number: Cnic) -> Option<LifeStatus> {
    person(store, number).await.map(|person| person.life)
}

async fn a_notice_holds_until_it_is_withdrawn(store: &dyn RegistryStore, people: &People) {
    let number = people.number(|notable| notable.patient);
    let placed = |id: &str, fresh| Some((id.to_owned(), fresh));
    assert_eq!(place(store, "n1", number, "hospital").await, placed("n1", true));
    assert_eq!(life(store, number).await, Some(LifeStatus::Held), "a notice is seen at once");
    assert_eq!(place(store, "n2", number, "hospital").await, placed("n1", false), "one source, one notice");
    assert_eq!(store.withdraw_notice("n2").await, Ok(false), "the second was never placed");
    assert_eq!(store.withdraw_notice("n1").await, Ok(true));
    assert_eq!(life(store, number).await, Some(LifeStatus::Alive), "a withdrawal restores at once");
    assert_eq!(store.withdraw_notice("n1").await, Ok(false), "a notice is withdrawn once");
    assert_eq!(place(store, "n3", number, "hospital").await, placed("n3", true), "the source may come again");
    assert_eq!(store.withdraw_notice("n3").await, Ok(true));
}

async fn two_sources_hold_one_person(store: &dyn RegistryStore, people: &People) {
    let number = people.number(|notable| notable.customer);
    assert_eq!(place(store, "a1", number, "hospital").await, Some(("a1".to_owned(), true)));
    assert_eq!(place(store, "a2", number, "council").await, Some(("a2".to_owned(), true)));
    assert_eq!(store.withdraw_notice("a1").await, Ok(true));
    assert_eq!(life(store, number).await, Some(LifeStatus::Held), "another source still says so");
    let home = store.household_of(number).await.ok().flatten();
    let members = home.iter().flat_map(|gharana| &gharana.persons);
    let held = members.filter(|(_, person)| person.number() == Some(number)).all(|(_, p)| p.life == LifeStatus::Held);
    assert!(held, "a household shows its members as they stand");
    assert_eq!(store.withdraw_notice("a2").await, Ok(true));
    assert_eq!(life(store, number).await, Some(LifeStatus::Alive));
}

async fn a_registered_death_is_not_changed_by_a_notice(store: &dyn RegistryStore, people: &People) {
    let number = people.number(|notable| notable.deceased);
    let before = life(store, number).await;
    assert_eq!(place(store, "d1", number, "hospital").await, Some(("d1".to_owned(), true)));
    assert_eq!(life(store, number).await, before);
    assert_eq!(store.withdraw_notice("d1").await, Ok(true));
    assert_eq!(life(store, number).await, before);
}

#[cfg(test)]
#[path = "contract_faults.rs"]
mod faults;
