//! The registry's store in memory: for tests and small demonstrations; it asserts what the port promises.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    ops::Bound,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use exchange::{cnic::Cnic, ids::AgencyId};

use crate::{
    household::{Gharana, Household, HouseholdId},
    limits::LOAD_BATCH_MAX,
    listing::{Place, PlaceKey, Stretch, Tally, TehsilKey},
    notice::{Notice, Placed},
    person::{LifeStatus, Person, PersonId},
    ports::store::{Batch, RegistryStore, StoreError},
    report::{Cell, Table},
};

/// A register in memory.
#[derive(Debug)]
pub struct MemoryStore {
    state: Mutex<State>,
    key: PlaceKey,
}

/// A register whose lists run in an order that everybody can reckon: for tests, and for those who have nothing to hide.
impl Default for MemoryStore {
    fn default() -> Self {
        Self::keyed(&[0; 32])
    }
}

#[derive(Debug, Default)]
struct State {
    persons: HashMap<PersonId, Arc<Person>>,
    numbers: HashMap<Cnic, PersonId>,
    households: HashMap<HouseholdId, Household>,
    homes: HashMap<PersonId, HouseholdId>,
    notices: HashMap<String, (PersonId, AgencyId)>,
    places: BTreeMap<Place, HouseholdId>,
    tallies: HashMap<TehsilKey, Tally>,
    sample: HashSet<HouseholdId>,
    unavailable: bool,
}

impl MemoryStore {
    /// An empty register whose lists run in the order of this secret.
    #[must_use]
    pub fn keyed(secret: &[u8; 32]) -> Self {
        Self { state: Mutex::default(), key: PlaceKey::new(secret) }
    }

    /// Makes every later call fail as a locked or lost store does, or work again.
    pub fn set_unavailable(&self, unavailable: bool) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).unavailable = unavailable;
    }

    fn state(&self) -> Result<MutexGuard<'_, State>, StoreError> {
        let state = self.state.lock().map_err(|_| StoreError::Unavailable("poisoned".to_owned()))?;
        if state.unavailable { Err(StoreError::Unavailable("told to fail".to_owned())) } else { Ok(state) }
    }
}

#[async_trait]
impl RegistryStore for MemoryStore {
    async fn person(&self, number: Cnic) -> Result<Option<Arc<Person>>, StoreError> {
        Ok(self.state()?.person(number))
    }

    async fn household_of(&self, number: Cnic) -> Result<Option<Arc<Gharana>>, StoreError> {
        let state = self.state()?;
        let home = state.person(number).and_then(|person| state.homes.get(&person.pid).copied());
        let household = home.and_then(|home| state.households.get(&home));
        Ok(household.map(|household| Arc::new(state.gharana(household))))
    }

    async fn households_in(&self, stretch: &Stretch) -> Result<Vec<(Place, Arc<Gharana>)>, StoreError> {
        let state = self.state()?;
        let behind = stretch.after.map_or(Bound::Unbounded, Bound::Excluded);
        let in_order = state.places.range((behind, Bound::Unbounded));
        let meant = in_order.filter_map(|(place, id)| Some((*place, state.meant(*id, stretch)?)));
        let first = meant.take(usize::try_from(stretch.limit).unwrap_or(usize::MAX));
        Ok(first.map(|(place, household)| (place, Arc::new(state.gharana(household)))).collect())
    }

    async fn place_notice(&self, notice: &Notice) -> Result<Placed, StoreError> {
        let mut state = self.state()?;
        let same = |(person, source): &(PersonId, AgencyId)| *person == notice.person && *source == notice.source;
        if let Some((id, _)) = state.notices.iter().find(|(_, open)| same(open)) {
            return Ok(Placed { id: id.clone(), fresh: false });
        }
        let before = state.notices.insert(notice.id.clone(), (notice.person, notice.source.clone()));
        // INVARIANT: an id is given once; it has 128 random bits.
        assert!(before.is_none(), "id of a notice was given twice");
        state.change_life(notice.person, LifeStatus::Alive, LifeStatus::Held);
        Ok(Placed { id: notice.id.clone(), fresh: true })
    }

    async fn withdraw_notice(&self, id: &str) -> Result<bool, StoreError> {
        let mut state = self.state()?;
        let Some((person, _)) = state.notices.remove(id) else { return Ok(false) };
        if state.notices.values().all(|(other, _)| *other != person) {
            state.change_life(person, LifeStatus::Held, LifeStatus::Alive);
        }
        Ok(true)
    }

    async fn count(&self, table: Table) -> Result<Vec<Cell>, StoreError> {
        let state = self.state()?;
        let living = state.persons.values().filter(|person| !matches!(person.life, LifeStatus::Deceased(_)));
        let paid = state.households.values().filter(|household| household.beneficiary);
        let addresses: Vec<_> = match table {
            Table::PersonsByProvince | Table::PersonsByDistrict => living.map(|person| &person.address).collect(),
            Table::BeneficiariesByProvince | Table::BeneficiariesByDistrict => paid.map(|paid| &paid.address).collect(),
        };
        let by_district = matches!(table, Table::PersonsByDistrict | Table::BeneficiariesByDistrict);
        let mut counts: BTreeMap<(&str, &str), u64> = BTreeMap::new();
        for address in addresses {
            let district = if by_district { address.district.as_str() } else { "" };
            *counts.entry((&address.province, district)).or_default() += 1;
        }
        let cell = |((province, district), count): ((&str, &str), u64)| Cell {
            province: province.to_owned(),
            district: district.to_owned(),
            tehsil: String::new(),
            count,
        };
        Ok(counts.into_iter().map(cell).collect())
    }

    async fn load(&self, batch: &Batch) -> Result<(), StoreError> {
        // INVARIANT: callers cut their work into batches, so that one transaction stays short.
        assert!(batch.persons.len() <= LOAD_BATCH_MAX && batch.households.len() <= LOAD_BATCH_MAX, "batch too large");
        let mut state = self.state()?;
        if !state.has_room_for(batch) {
            return Err(StoreError::AlreadyThere);
        }
        for person in &batch.persons {
            state.numbers.extend(person.identifiers.iter().map(|identifier| (identifier.value, person.pid)));
            state.persons.insert(person.pid, Arc::new(person.clone()));
        }
        for household in &batch.households {
            for member in &household.members {
                // INVARIANT: a member is a person of this or an earlier batch.
                assert!(state.persons.contains_key(&member.pid), "household with an unknown member");
                state.homes.insert(member.pid, household.id);
            }
            state.households.insert(household.id, household.clone());
            state.list(self.key.place(household.id), household);
        }
        Ok(())
    }
}

impl State {
    fn person(&self, number: Cnic) -> Option<Arc<Person>> {
        self.persons.get(self.numbers.get(&number)?).map(Arc::clone)
    }

    fn gharana(&self, household: &Household) -> Gharana {
        let person = |pid| self.persons.get(pid).map(Arc::clone);
        let members = household.members.iter();
        let persons = members.filter_map(|m| Some((m.relation, person(&m.pid)?))).collect();
        Gharana { household: household.clone(), persons }
    }

    /// The household, if a stretch means it.
    fn meant(&self, id: HouseholdId, stretch: &Stretch) -> Option<&Household> {
        let household = self.households.get(&id)?;
        let meant = stretch.within.holds(&TehsilKey::of(&household.address))
            && stretch.pmt.holds(household.pmt)
            && (!stretch.sample || self.sample.contains(&id));
        meant.then_some(household)
    }

    /// Gives a household its place in the lists, and its tehsil the next of its sample.
    fn list(&mut self, place: Place, household: &Household) {
        let before = self.places.insert(place, household.id);
        // INVARIANT: a place is one household's; it has 128 bits of a keyed hash.
        assert!(before.is_none(), "two households have one place");
        let tally = self.tallies.entry(TehsilKey::of(&household.address)).or_default();
        self.sample.extend(tally.add(place, household.id));
    }

    fn change_life(&mut self, pid: PersonId, from: LifeStatus, to: LifeStatus) {
        if let Some(person) = self.persons.get_mut(&pid).filter(|person| person.life == from) {
            Arc::make_mut(person).life = to;
        }
    }

    /// Whether nothing of the batch is there, and nothing in the batch twice.
    fn has_room_for(&self, batch: &Batch) -> bool {
        let mut numbers = std::collections::HashSet::new();
        let mut pids = std::collections::HashSet::new();
        let mut homes = std::collections::HashSet::new();
        let mut ids = std::collections::HashSet::new();
        let mut identifiers = batch.persons.iter().flat_map(|person| &person.identifiers);
        let mut members = batch.households.iter().flat_map(|household| &household.members);
        identifiers.all(|i| numbers.insert(i.value) && !self.numbers.contains_key(&i.value))
            && batch.persons.iter().all(|p| pids.insert(p.pid) && !self.persons.contains_key(&p.pid))
            && batch.households.iter().all(|h| ids.insert(h.id) && !self.households.contains_key(&h.id))
            && members.all(|m| homes.insert(m.pid) && !self.homes.contains_key(&m.pid))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{contract::registry_contract, service::testing::run};

    #[test]
    fn memory_keeps_the_contract() {
        run(registry_contract(&MemoryStore::default()));
    }

    #[test]
    fn a_store_told_to_fail_fails() {
        let store = MemoryStore::default();
        store.set_unavailable(true);
        let refused = run(store.count(Table::PersonsByProvince)).unwrap_err();
        assert!(matches!(refused, StoreError::Unavailable(_)));
        store.set_unavailable(false);
        assert_eq!(run(store.count(Table::PersonsByProvince)), Ok(Vec::new()));
    }
}

#[cfg(test)]
#[path = "memory_laws.rs"]
mod laws;
