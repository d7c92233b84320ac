//! What a faulty store does to lists.

use super::{Arc, Batch, Fault, Faulty, Gharana, LifeStatus, MemoryStore, Place, RegistryStore, StoreError, Stretch};
use crate::{
    limits::LIST_ROWS_MAX,
    listing::{PmtRange, TehsilKey, Within},
};

type Page = Vec<(Place, Arc<Gharana>)>;

/// The page as this store would have it.
pub(super) async fn households_in(store: &Faulty, stretch: &Stretch) -> Result<Page, StoreError> {
    let mut asked = stretch.clone();
    match store.fault {
        Fault::RepeatsTheLastPlace => asked.after = before(asked.after),
        Fault::ListsOneMore => asked.limit += 1,
        Fault::ListsOneLess => asked.limit = asked.limit.saturating_sub(1),
        Fault::ListsAllOfTheDistrict => {
            if let Within::Tehsil(TehsilKey { district, .. }) = &stretch.within {
                asked.within = Within::District(district.clone());
            }
        }
        Fault::ForgetsTheUpperScore => asked.pmt.to = PmtRange::MAX,
        Fault::ForgetsTheLowerScore => asked.pmt.from = 0,
        Fault::SamplesEverybody => asked.sample = false,
        _ => {}
    }
    let mut page = store.inner.households_in(&asked).await?;
    match store.fault {
        Fault::ListsOtherAreas if page.is_empty() => page = anything(&store.inner).await?,
        Fault::ListsByNumber => by_number(&mut page),
        Fault::MovesWhenItGrows => moved(&mut page),
        Fault::SamplesAnother if stretch.sample && !page.is_empty() => {
            let all = store.inner.households_in(&Stretch { sample: false, ..stretch.clone() }).await?;
            page = all.into_iter().next_back().into_iter().collect();
        }
        Fault::ListsAHouseWithoutAMember => {
            for (_, gharana) in &mut page {
                drop(Arc::make_mut(gharana).persons.pop());
            }
        }
        Fault::ListsAStaleHousehold => {
            for (_, person) in page.iter_mut().flat_map(|(_, gharana)| &mut Arc::make_mut(gharana).persons) {
                if person.life == LifeStatus::Held {
                    Arc::make_mut(person).life = LifeStatus::Alive;
                }
            }
        }
        _ => {}
    }
    Ok(page)
}

/// Lets the households of a refused batch count: they come under other numbers, where no list is looked for.
pub(super) async fn count(store: &Faulty, batch: &Batch) {
    let persons: Vec<_> = batch.persons.iter().take(1).cloned().collect();
    let households: Vec<_> = batch.households.iter().take(1).cloned().collect();
    drop(store.inner.load(&Batch { persons, households }).await);
}

fn before(place: Option<Place>) -> Option<Place> {
    let place = place?.bytes();
    Place::from_bytes(&u128::from_be_bytes(place).saturating_sub(1).to_be_bytes())
}

async fn anything(store: &MemoryStore) -> Result<Page, StoreError> {
    let within = Within::District("contract district".to_owned());
    store.households_in(&Stretch { within, pmt: PmtRange::ALL, sample: false, after: None, limit: LIST_ROWS_MAX }).await
}

/// Keeps the places, gives them to the households by their numbers.
fn by_number(page: &mut Page) {
    let places: Vec<_> = page.iter().map(|(place, _)| *place).collect();
    page.sort_by_key(|(_, gharana)| gharana.household.id);
    page.iter_mut().zip(places).for_each(|((to, _), place)| *to = place);
}

/// Another order at each length.
fn moved(page: &mut Page) {
    let places: Vec<_> = page.iter().map(|(place, _)| *place).collect();
    let turn = page.len() / 3;
    page.rotate_left(turn);
    page.iter_mut().zip(places).for_each(|((to, _), place)| *to = place);
}

mod verdicts {
    use super::super::{Fault, check};

    #[test]
    fn a_store_that_pages_wrongly_is_told_so() {
        check(Fault::RepeatsTheLastPlace, "a page begins behind");
        check(Fault::ListsOneMore, "no longer than was asked");
        check(Fault::ListsOneLess, "a page before the last is full");
        check(Fault::ListsByNumber, "the order");
        check(Fault::MovesWhenItGrows, "the order");
    }

    #[test]
    fn a_store_that_lists_what_was_not_asked_is_told_so() {
        check(Fault::ListsOtherAreas, "is nobody");
        check(Fault::ListsAllOfTheDistrict, "a list has the households of its tehsil");
        check(Fault::ForgetsTheUpperScore, "both included");
        check(Fault::ForgetsTheLowerScore, "both included");
    }

    #[test]
    fn a_store_that_samples_wrongly_is_told_so() {
        check(Fault::SamplesEverybody, "is nobody");
        check(Fault::SamplesAnother, "the lowest place");
        check(Fault::CountsARefusedBatch, "a refused batch is not listed");
    }

    #[test]
    fn a_store_that_shows_listed_households_wrongly_is_told_so() {
        check(Fault::ListsAHouseWithoutAMember, "its members in order");
        check(Fault::ListsAStaleHousehold, "a list shows its members as they stand");
    }
}
