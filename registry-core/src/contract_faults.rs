//! The suite itself: a store with any one fault must not pass it.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::atomic::{AtomicBool, Ordering},
};

use async_trait::async_trait;

use super::*;
use crate::{
    household::Gharana,
    listing::{Place, Stretch},
    memory::MemoryStore,
    notice::Placed,
    report::Cell,
    service::testing::run,
};

#[path = "contract_list_faults.rs"]
mod list_faults;

/// What a store does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    None,
    LosesAPerson,
    ForgetsAMobile,
    InventsAStranger,
    KeepsHalfABatch,
    TakesAPersonTwice,
    TakesANumberTwice,
    HousesStrangers,
    ShufflesMembers,
    ForgetsAnAsset,
    CountsOneMore,
    ForgetsAnArea,
    HoldsNobody,
    HearsASourceTwice,
    ConfusesSources,
    WithdrawsWhatIsNot,
    WithdrawsTwice,
    NeverRestores,
    RestoresTooEarly,
    HoldsTheDead,
    RaisesTheDead,
    ShowsAStaleHousehold,
    RepeatsTheLastPlace,
    ListsOneMore,
    ListsOneLess,
    ListsOtherAreas,
    ListsAllOfTheDistrict,
    ForgetsTheUpperScore,
    ForgetsTheLowerScore,
    ListsByNumber,
    MovesWhenItGrows,
    SamplesEverybody,
    SamplesAnother,
    CountsARefusedBatch,
    ListsAHouseWithoutAMember,
    ListsAStaleHousehold,
}

#[derive(Debug)]
struct Faulty {
    inner: MemoryStore,
    fault: Fault,
    placed: AtomicBool,
    withdrew: AtomicBool,
    /// Whether a notice of the suite's registered death came.
    on_the_dead: AtomicBool,
}

impl Faulty {
    fn is(&self, fault: Fault) -> bool {
        self.fault == fault
    }

    /// What becomes of a person who is read.
    fn spoil(&self, person: &mut Person) {
        let placed = self.on_the_dead.load(Ordering::Relaxed);
        let dead = matches!(person.life, LifeStatus::Deceased(_));
        match self.fault {
            Fault::ForgetsAMobile => person.mobile = None,
            Fault::HoldsTheDead if placed && dead => person.life = LifeStatus::Held,
            Fault::RaisesTheDead if placed && dead => person.life = LifeStatus::Alive,
            Fault::RestoresTooEarly if self.withdrew.load(Ordering::Relaxed) && !dead => {
                person.life = LifeStatus::Alive;
            }
            _ => {}
        }
    }
}

#[async_trait]
impl RegistryStore for Faulty {
    async fn person(&self, number: Cnic) -> Result<Option<Arc<Person>>, StoreError> {
        let lost = self.is(Fault::LosesAPerson) && number.as_u64().is_multiple_of(50);
        let found = self.inner.person(number).await?.filter(|_| !lost);
        let Some(mut found) = found else {
            let any = Cnic::from_u64(1_029_049_703_061).ok();
            return match any.filter(|_| self.is(Fault::InventsAStranger)) {
                Some(any) => self.inner.person(any).await,
                None => Ok(None),
            };
        };
        self.spoil(Arc::make_mut(&mut found));
        Ok(Some(found))
    }

    async fn household_of(&self, number: Cnic) -> Result<Option<Arc<Gharana>>, StoreError> {
        let Some(mut home) = self.inner.household_of(number).await? else {
            let any = Cnic::from_u64(4_015_141_451_093).ok().filter(|_| self.is(Fault::HousesStrangers));
            return match any {
                Some(any) => self.inner.household_of(any).await,
                None => Ok(None),
            };
        };
        let gharana = Arc::make_mut(&mut home);
        match self.fault {
            Fault::ShufflesMembers => gharana.persons.reverse(),
            Fault::ForgetsAnAsset => drop(gharana.household.assets.pop()),
            Fault::ShowsAStaleHousehold => {
                for (_, person) in &mut gharana.persons {
                    Arc::make_mut(person).life = LifeStatus::Alive;
                }
            }
            _ => {}
        }
        Ok(Some(home))
    }

    async fn households_in(&self, stretch: &Stretch) -> Result<Vec<(Place, Arc<Gharana>)>, StoreError> {
        list_faults::households_in(self, stretch).await
    }

    async fn place_notice(&self, notice: &Notice) -> Result<Placed, StoreError> {
        self.placed.store(true, Ordering::Relaxed);
        self.on_the_dead.fetch_or(notice.id.starts_with('d'), Ordering::Relaxed);
        let mut notice = notice.clone();
        match self.fault {
            Fault::HoldsNobody => return Ok(Placed { id: notice.id, fresh: true }),
            Fault::HearsASourceTwice => {
                notice.source = AgencyId::parse(&notice.id).map_err(|_| StoreError::AlreadyThere)?;
            }
            Fault::ConfusesSources => notice.source = AgencyId::parse("one").map_err(|_| StoreError::AlreadyThere)?,
            _ => {}
        }
        self.inner.place_notice(&notice).await
    }

    async fn withdraw_notice(&self, id: &str) -> Result<bool, StoreError> {
        let known = self.inner.withdraw_notice(id).await?;
        self.withdrew.fetch_or(known, Ordering::Relaxed);
        let placed = self.placed.load(Ordering::Relaxed);
        Ok(match self.fault {
            Fault::WithdrawsWhatIsNot => known || !placed,
            Fault::WithdrawsTwice => known || placed,
            Fault::NeverRestores if known => {
                // Another notice takes its place unseen.
                let number = Cnic::from_u64(1_013_340_447_350).map_err(|_| StoreError::AlreadyThere)?;
                if let Some(person) = self.inner.person(number).await? {
                    let content =
                        DeathNotice { died: Day::REFERENCE, place: "x".to_owned(), informant: None, cause: None };
                    let source = AgencyId::parse(id).map_err(|_| StoreError::AlreadyThere)?;
                    let received = Timestamp::from_micros(0);
                    let ghost = Notice { id: format!("ghost-{id}"), person: person.pid, source, received, content };
                    self.inner.place_notice(&ghost).await?;
                }
                known
            }
            _ => known,
        })
    }

    async fn count(&self, table: Table) -> Result<Vec<Cell>, StoreError> {
        let mut cells = self.inner.count(table).await?;
        match self.fault {
            Fault::CountsOneMore => cells.iter_mut().take(1).for_each(|cell| cell.count += 1),
            Fault::ForgetsAnArea => drop(cells.pop()),
            _ => {}
        }
        Ok(cells)
    }

    async fn load(&self, batch: &Batch) -> Result<(), StoreError> {
        let loaded = self.inner.load(batch).await;
        match (self.fault, &loaded) {
            (Fault::KeepsHalfABatch, Err(_)) => {
                let half = batch.persons.iter().take(1).cloned().collect();
                drop(self.inner.load(&Batch { persons: half, households: Vec::new() }).await);
                loaded
            }
            (Fault::CountsARefusedBatch, Err(_)) if !batch.households.is_empty() => {
                list_faults::count(self, batch).await;
                loaded
            }
            (Fault::TakesAPersonTwice, Err(_)) if batch.persons.len() > 1 => Ok(()),
            (Fault::TakesANumberTwice, Err(_)) if batch.persons.len() == 1 => Ok(()),
            _ => loaded,
        }
    }
}

/// What the suite says of a store with this fault; nothing if it passes.
fn verdict(fault: Fault) -> Option<String> {
    let [placed, withdrew, on_the_dead] = [(); 3].map(|()| AtomicBool::new(false));
    let store = Faulty { inner: MemoryStore::default(), fault, placed, withdrew, on_the_dead };
    let panicked = catch_unwind(AssertUnwindSafe(|| run(registry_contract(&store)))).err()?;
    let text = panicked.downcast_ref::<String>().cloned();
    Some(text.or_else(|| panicked.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default())
}

#[test]
fn a_store_without_a_fault_passes() {
    assert_eq!(verdict(Fault::None), None);
}

fn check(fault: Fault, expected: &str) {
    let said = verdict(fault).unwrap_or_else(|| panic!("{fault:?} passes the contract"));
    assert!(said.contains(expected), "{fault:?}: wanted `{expected}`, the suite says `{said}`");
}

#[test]
fn a_store_that_reads_persons_wrongly_is_told_so() {
    check(Fault::LosesAPerson, "reads back otherwise");
    check(Fault::ForgetsAMobile, "reads back otherwise");
    check(Fault::InventsAStranger, "nobody has this number");
}

#[test]
fn a_store_that_reads_households_wrongly_is_told_so() {
    check(Fault::HousesStrangers, "nobody lives with nobody");
    check(Fault::ShufflesMembers, "members keep their order");
    check(Fault::ForgetsAnAsset, "household");
    check(Fault::ShowsAStaleHousehold, "a household shows its members as they stand");
}

#[test]
fn a_store_that_keeps_batches_wrongly_is_told_so() {
    check(Fault::KeepsHalfABatch, "nothing of a refused batch is kept");
    check(Fault::TakesAPersonTwice, "a person comes once");
    check(Fault::TakesANumberTwice, "a number names one person");
}

#[test]
fn a_store_that_counts_wrongly_is_told_so() {
    check(Fault::CountsOneMore, "persons-by-province");
    check(Fault::ForgetsAnArea, "persons-by-province");
}

#[test]
fn a_store_that_places_notices_wrongly_is_told_so() {
    check(Fault::HoldsNobody, "a notice is seen at once");
    check(Fault::HearsASourceTwice, "one source, one notice");
    check(Fault::ConfusesSources, "left == right");
    check(Fault::HoldsTheDead, "left == right");
    check(Fault::RaisesTheDead, "left == right");
}

#[test]
fn a_store_that_withdraws_notices_wrongly_is_told_so() {
    check(Fault::WithdrawsWhatIsNot, "nothing was placed under this id");
    check(Fault::WithdrawsTwice, "the second was never placed");
    check(Fault::NeverRestores, "a withdrawal restores at once");
    check(Fault::RestoresTooEarly, "another source still says so");
}
