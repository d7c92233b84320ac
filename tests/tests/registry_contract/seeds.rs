//! Filling a registry: once, to the end, and with nobody else's people in it.

use adapters::sql::registry::SeedError;
use registry_core::{
    memory::MemoryStore,
    population::Population,
    ports::store::{RegistryStore as _, StoreError},
};

use crate::place::{self, Place};

pub async fn a_seed_is_told_as_it_grows_and_done_once(place: &Place) {
    let store = place.store().await;
    let mut told = Vec::new();
    assert_eq!(store.seed(Population::new(71, 400), |done| told.push(done)).await, Ok(400));
    assert_eq!((told.first(), told.last()), (Some(&0), Some(&400)));
    let mut again = Vec::new();
    assert_eq!(place.store().await.seed(Population::new(71, 400), |done| again.push(done)).await, Ok(400));
    assert_eq!(again, [400], "who has it all loads nothing");
    let twin = MemoryStore::default();
    place::load(&twin, &place::batches(71, 400)).await;
    for (number, _) in place::living(&place::batches(71, 400)) {
        assert!(store.person(number).await.unwrap() == twin.person(number).await.unwrap());
    }
}

pub async fn other_people_are_never_mixed_in(place: &Place) {
    let store = place.store().await;
    store.seed(Population::new(72, 200), |_| {}).await.unwrap();
    for other in [Population::new(73, 200), Population::new(72, 201), Population::new(72, 199)] {
        let what = format!("seed {} of {}", other.seed(), other.size());
        assert_eq!(store.seed(other, |_| {}).await, Err(SeedError::OtherPersons), "{what}");
    }
    assert_eq!(store.persons().await, Ok(200));
    // Real people who were there before any population.
    place.meddle("DELETE FROM synthetic").await;
    assert_eq!(store.seed(Population::new(72, 200), |_| {}).await, Err(SeedError::OtherPersons));
}

pub async fn an_empty_population_is_none(place: &Place) {
    let store = place.store().await;
    assert_eq!(store.seed(Population::new(74, 0), |_| {}).await, Ok(0));
    assert_eq!(store.persons().await, Ok(0));
    // The note stands all the same: this register is of population 74.
    assert_eq!(store.seed(Population::new(75, 10), |_| {}).await, Err(SeedError::OtherPersons));
}

pub async fn a_population_that_collides_with_a_person_stops_where_it_was(place: &Place) {
    let store = place.store().await;
    store.seed(Population::new(76, 100), |_| {}).await.unwrap();
    place.meddle("UPDATE synthetic SET size = 150").await;
    // The register claims to be of 150 and holds the first 100 of another cut: the rest collides or goes on, never doubles.
    let seeded = store.seed(Population::new(76, 150), |_| {}).await;
    let persons = store.persons().await.unwrap();
    match seeded {
        Ok(done) => assert_eq!((done, persons), (150, 150)),
        Err(error) => assert_eq!((error, persons), (SeedError::Store(StoreError::AlreadyThere), 100)),
    }
}
