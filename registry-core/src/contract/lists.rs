//! What every store promises of lists: each household once and in one order, whatever comes in between; the area, the
//! scores and the sample that were asked; nothing more.

use std::{collections::BTreeMap, sync::Arc};

use super::{PERSONS, People, place};
use crate::{
    address::Address,
    household::{Gharana, Household, HouseholdId, Membership, Relation, Surveyed},
    limits::{LIST_ROWS_MAX, SAMPLE_ONE_IN},
    listing::{Place, PmtRange, Stretch, TehsilKey, Within},
    person::{LifeStatus, Person, PersonId},
    ports::store::{Batch, RegistryStore, StoreError},
};

/// Number of the first household of the suite's own.
const FIRST: u64 = 1_000_000;

/// Households of the town that the suite builds.
const TOWN: u64 = 250;

/// A district of the suite's own, which no population has, as addresses write it and as stores compare it.
const DISTRICT: [&str; 2] = [" Contract District", "contract district"];

pub(super) async fn lists_of_households(store: &dyn RegistryStore, people: &People) {
    a_population_is_listed_whole(store, people).await;
    let Some(like) = people.persons().find(|person| person.life == LifeStatus::Alive) else { return };
    let mut town = Town { store, like, built: Vec::new() };
    the_first_ninety_nine_have_no_sample(&mut town).await;
    a_refused_batch_counts_nothing(&mut town).await;
    pages_cover_each_household_once_while_more_come(&mut town).await;
    a_list_holds_what_was_asked_and_no_other(&town).await;
    a_sample_is_the_lowest_place_of_each_hundred(&town).await;
    a_sample_stays_when_the_town_grows(&mut town).await;
    a_list_shows_members_as_they_stand(store, people).await;
}

/// A stretch of a whole area.
fn whole(within: Within) -> Stretch {
    Stretch { within, pmt: PmtRange::ALL, sample: false, after: None, limit: LIST_ROWS_MAX + 1 }
}

fn tehsil(name: &str) -> Within {
    Within::Tehsil(TehsilKey { district: DISTRICT[1].to_owned(), tehsil: name.to_owned() })
}

fn sample_of(name: &str) -> Stretch {
    Stretch { sample: true, ..whole(tehsil(name)) }
}

async fn read(store: &dyn RegistryStore, stretch: &Stretch) -> Vec<(Place, Arc<Gharana>)> {
    let found = store.households_in(stretch).await;
    assert!(found.is_ok(), "reading a list: {found:?}");
    let found = found.unwrap_or_default();
    assert!(found.len() <= usize::try_from(stretch.limit).unwrap_or(0), "a list is no longer than was asked");
    assert!(found.is_sorted_by(|(a, _), (b, _)| a < b), "places rise, and none comes twice");
    assert!(found.iter().all(|(place, _)| stretch.after.is_none_or(|after| *place > after)), "a page begins behind");
    found
}

/// Ids of a stretch, in order.
async fn ids(store: &dyn RegistryStore, stretch: &Stretch) -> Vec<u64> {
    read(store, stretch).await.iter().map(|(_, gharana)| gharana.household.id.0).collect()
}

async fn a_population_is_listed_whole(store: &dyn RegistryStore, people: &People) {
    let mut tehsils: BTreeMap<TehsilKey, Vec<&Household>> = BTreeMap::new();
    for household in people.batches.iter().flat_map(|batch| &batch.households) {
        tehsils.entry(TehsilKey::of(&household.address)).or_default().push(household);
    }
    for (key, wanted) in tehsils {
        let got = read(store, &whole(Within::Tehsil(key))).await;
        for household in &wanted {
            let listed = got.iter().find(|(_, gharana)| gharana.household.id == household.id);
            let same = listed.is_some_and(|(_, gharana)| gharana.household == **household);
            assert!(same, "household {} is listed otherwise", household.id.0);
        }
        for (_, gharana) in &got {
            let members: Vec<_> = gharana.persons.iter().map(|(relation, p)| (*relation, p.pid)).collect();
            let wanted: Vec<_> = gharana.household.members.iter().map(|m| (m.relation, m.pid)).collect();
            assert_eq!(members, wanted, "a listed household has its members in order");
            let known = |person: &Person| people.persons().any(|known| known == person);
            assert!(gharana.persons.iter().all(|(_, person)| known(person)), "listed members read back otherwise");
        }
        assert_eq!(got.len(), wanted.len(), "a list has the households of its tehsil");
    }
}

/// Households that grow one by one, and where each stands.
struct Town<'a> {
    store: &'a dyn RegistryStore,
    like: &'a Person,
    /// In the order of loading.
    built: Vec<Household>,
}

impl Town<'_> {
    /// The `n`-th household: two in three in the first of two tehsils, which a third of them write otherwise.
    fn draft(&self, n: u64) -> (Person, Household) {
        let mut person = self.like.clone();
        person.pid = PersonId(PERSONS + 10 + n);
        person.identifiers.clear();
        let tehsil = ["Upper Town", " UPPER town", "Lower Town"];
        let at = usize::try_from(n % 3).unwrap_or(0);
        let address = Address {
            province: person.address.province.clone(),
            district: DISTRICT[0].to_owned(),
            tehsil: tehsil.get(at).copied().unwrap_or_default().to_owned(),
            text: format!("House {n}"),
        };
        let household = Household {
            id: HouseholdId(FIRST + n),
            address,
            position: None,
            pmt: u16::try_from(n * 37 % 10_001).unwrap_or(0),
            assets: vec!["Bicycle".to_owned()],
            beneficiary: false,
            payments: Vec::new(),
            members: vec![Membership { pid: person.pid, relation: Relation::Head, surveyed: Surveyed::default() }],
        };
        (person, household)
    }

    /// Loads the next households in one batch.
    async fn build(&mut self, count: u64) {
        let first = u64::try_from(self.built.len()).unwrap_or(0);
        let (persons, households) = (first..first + count).map(|n| self.draft(n)).unzip();
        let batch = Batch { persons, households };
        assert_eq!(self.store.load(&batch).await, Ok(()), "the town grows");
        self.built.extend(batch.households);
    }

    /// What a stretch should hold, by number.
    fn wanted(&self, of: impl Fn(&Household) -> bool) -> Vec<u64> {
        self.built.iter().filter(|household| of(household)).map(|household| household.id.0).collect()
    }
}

fn is_in(name: &str) -> impl Fn(&Household) -> bool {
    let key = TehsilKey::new(DISTRICT[1], name);
    move |household| TehsilKey::of(&household.address) == key
}

fn sorted(mut ids: Vec<u64>) -> Vec<u64> {
    ids.sort_unstable();
    ids
}

async fn the_first_ninety_nine_have_no_sample(town: &mut Town<'_>) {
    // 98 in the upper town: of each three, two.
    town.build(147).await;
    assert_eq!(ids(town.store, &sample_of("upper town")).await, [0; 0], "one in a hundred of 98 is nobody");
    assert_eq!(ids(town.store, &sample_of("lower town")).await, [0; 0], "one in a hundred of 49 is nobody");
}

async fn a_refused_batch_counts_nothing(town: &mut Town<'_>) {
    let (person, household) = town.draft(147);
    let Some(taken) = town.built.first().cloned() else { return };
    let before = ids(town.store, &whole(tehsil("upper town"))).await;
    let batch = Batch { persons: vec![person], households: vec![household, taken] };
    assert_eq!(town.store.load(&batch).await, Err(StoreError::AlreadyThere), "a household comes once");
    assert_eq!(ids(town.store, &whole(tehsil("upper town"))).await, before, "a refused batch is not listed");
    town.build(1).await;
    assert_eq!(ids(town.store, &sample_of("upper town")).await, [0; 0], "a refused batch is not counted");
    town.build(1).await;
    assert_eq!(ids(town.store, &sample_of("upper town")).await.len(), 1, "one in a hundred of a hundred is one");
}

async fn pages_cover_each_household_once_while_more_come(town: &mut Town<'_>) {
    let before = town.wanted(is_in("upper town"));
    let mut stretch = Stretch { limit: 7, ..whole(tehsil("upper town")) };
    let mut seen = Vec::new();
    while u64::try_from(town.built.len()).is_ok_and(|built| built < TOWN) {
        let page = read(town.store, &stretch).await;
        assert!(page.len() == 7 || seen.len() >= before.len(), "a page before the last is full");
        stretch.after = page.last().map_or(stretch.after, |(place, _)| Some(*place));
        seen.extend(page.iter().map(|(_, gharana)| gharana.household.id.0));
        town.build(4.min(TOWN - u64::try_from(town.built.len()).unwrap_or(TOWN))).await;
    }
    let (rest, now) = (whole(tehsil("upper town")), town.wanted(is_in("upper town")));
    seen.extend(ids(town.store, &Stretch { after: stretch.after, ..rest.clone() }).await);
    let unique = sorted(seen.clone());
    assert!(unique.is_sorted_by(|a, b| a < b), "no household comes twice");
    assert!(before.iter().all(|id| seen.contains(id)), "what was there is not skipped");
    let again = ids(town.store, &rest).await;
    assert_eq!(sorted(again.clone()), now, "in the end everybody is listed");
    let of_seen: Vec<_> = again.iter().filter(|id| seen.contains(id)).copied().collect();
    assert_eq!(of_seen, seen, "the order does not change");
    assert_ne!(again, now, "the order is not that of the numbers");
    let none = Stretch { after: Place::from_bytes(&[0xff; Place::BYTES]), ..rest };
    assert_eq!(ids(town.store, &none).await, [0; 0], "behind the last is nobody");
}

async fn a_list_holds_what_was_asked_and_no_other(town: &Town<'_>) {
    let all = ids(town.store, &whole(Within::District(DISTRICT[1].to_owned()))).await;
    assert_eq!(sorted(all.clone()), town.wanted(|_| true), "a district is all of its tehsils");
    for name in ["upper town", "lower town"] {
        let got = ids(town.store, &whole(tehsil(name))).await;
        let wanted = town.wanted(is_in(name));
        assert_eq!(sorted(got.clone()), wanted, "a tehsil is its own households");
        let order: Vec<_> = all.iter().filter(|id| wanted.contains(id)).copied().collect();
        assert_eq!(got, order, "district and tehsil run in one order");
    }
    for (name, found) in [("upper", 0), ("Upper Town", 0), ("middle town", 0)] {
        assert_eq!(ids(town.store, &whole(tehsil(name))).await.len(), found, "no other area is `{name}`");
    }
    assert_eq!(ids(town.store, &whole(Within::District("contract".to_owned()))).await, [0; 0]);
    for (from, to) in [(0, 0), (0, 37), (37, 37), (38, 73), (1_000, 5_000), (9_213, 10_000)] {
        let pmt = PmtRange { from, to };
        let got = ids(town.store, &Stretch { pmt, ..whole(tehsil("upper town")) }).await;
        let wanted = town.wanted(|household| is_in("upper town")(household) && pmt.holds(household.pmt));
        assert_eq!(sorted(got), wanted, "scores from {from} to {to}, both included");
    }
}

async fn a_sample_is_the_lowest_place_of_each_hundred(town: &Town<'_>) {
    let places: BTreeMap<_, _> = read(town.store, &whole(Within::District(DISTRICT[1].to_owned())))
        .await
        .iter()
        .map(|(place, gharana)| (gharana.household.id.0, *place))
        .collect();
    let hundred = usize::try_from(SAMPLE_ONE_IN).unwrap_or(usize::MAX);
    let mut both = Vec::new();
    for name in ["upper town", "lower town"] {
        let of_town = town.wanted(is_in(name));
        let hundreds = of_town.chunks_exact(hundred);
        let wanted: Vec<_> = hundreds.filter_map(|of| of.iter().copied().min_by_key(|id| places.get(id))).collect();
        let got = ids(town.store, &sample_of(name)).await;
        assert_eq!(sorted(got.clone()), sorted(wanted), "of each hundred the lowest place");
        let low = PmtRange { from: 0, to: 5_000 };
        let filtered = ids(town.store, &Stretch { pmt: low, ..sample_of(name) }).await;
        let kept = |id: &u64| town.built.iter().any(|household| household.id.0 == *id && low.holds(household.pmt));
        assert_eq!(filtered, got.iter().copied().filter(kept).collect::<Vec<_>>(), "scores choose within the sample");
        both.extend(got);
    }
    let district = Stretch { sample: true, ..whole(Within::District(DISTRICT[1].to_owned())) };
    assert_eq!(sorted(ids(town.store, &district).await), sorted(both), "a district's sample is its tehsils'");
}

async fn a_sample_stays_when_the_town_grows(town: &mut Town<'_>) {
    let before = ids(town.store, &sample_of("upper town")).await;
    town.build(201).await;
    let after = ids(town.store, &sample_of("upper town")).await;
    assert!(before.iter().all(|id| after.contains(id)), "who is in a sample stays in it");
    let households = town.wanted(is_in("upper town")).len();
    assert_eq!((households, after.len()), (301, 3), "one in a hundred, rounded down");
    a_sample_is_the_lowest_place_of_each_hundred(town).await;
}

async fn a_list_shows_members_as_they_stand(store: &dyn RegistryStore, people: &People) {
    let number = people.number(|notable| notable.customer);
    let Some(home) = store.household_of(number).await.ok().flatten() else { return };
    let stretch = whole(Within::Tehsil(TehsilKey::of(&home.household.address)));
    let held = async || {
        let listed = read(store, &stretch).await;
        let members = listed.iter().flat_map(|(_, gharana)| &gharana.persons);
        members.filter(|(_, person)| person.life == LifeStatus::Held).count()
    };
    let before = held().await;
    assert_eq!(place(store, "l1", number, "hospital").await, Some(("l1".to_owned(), true)));
    assert_eq!(held().await, before + 1, "a list shows its members as they stand");
    assert_eq!(store.withdraw_notice("l1").await, Ok(true));
    assert_eq!(held().await, before);
}
