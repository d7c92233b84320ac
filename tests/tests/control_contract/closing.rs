//! Closing months: once, by one statement, and by its reversals.

use std::sync::Arc;

use adapters::sql::control::{CloseError, Reconciler};
use exchange::{
    ledger::{Balance, Beside, Closing},
    month::Month,
    ports::record_log::RecordLog,
    record::leaf::Kind,
    statement::Digest,
    tariff::Class,
};

use super::{
    ledger::{Leaves, leaf, posters, sound},
    world::World,
};

fn closing(world: &World, statement: u8, reverses: Option<u8>, (tax, adjustment): (i64, i64)) -> Closing {
    Closing {
        agency: world.bank.clone(),
        month: Month::parse("2026-10").unwrap(),
        statement: Digest([statement; 32]),
        reverses: reverses.map(|digest| Digest([digest; 32])),
        root: Digest([9; 32]),
        total_paisa: 1,
        covered: vec![("node-1".into(), 2)],
        beside: Beside { tax, adjustment },
    }
}

async fn two_answers(world: &World) -> Arc<Leaves> {
    let log = Arc::new(Leaves::default());
    let (_, [poster, _]) = posters(world, &log);
    log.put(leaf(Kind::Outcome, 0, 100, Class::Private));
    log.put(leaf(Kind::Outcome, 1, 100, Class::Private));
    poster.catch_up().await.unwrap();
    log
}

pub async fn a_month_is_closed_once_whoever_closes_it_and_corrected_by_reversal_alone(world: &World) {
    let log = two_answers(world).await;
    let owed = async || world.there.books().await.unwrap().accounts["agency/bank-indus"].free();
    let first = closing(world, 1, None, (30, -5));
    let asked = {
        let first = first.clone();
        world.at_once(12, move |store, _| {
            let first = first.clone();
            async move { store.close_month(&first).await.unwrap() }
        })
    };
    assert_eq!(asked.await.into_iter().filter(|new| *new).count(), 1);
    assert_eq!(owed().await, -225);
    // Of several statements at once one closes it.
    let others: Vec<Closing> = (2..8).map(|n| closing(world, n, Some(1), (31, -5))).collect();
    let asked = world.at_once(6, move |store, n| {
        let other = others[n].clone();
        async move { store.close_month(&other).await }
    });
    let asked = asked.await;
    assert_eq!(asked.iter().filter(|done| matches!(done, Ok(true))).count(), 1, "{asked:?}");
    assert!(asked.iter().all(|done| matches!(done, Ok(true) | Err(CloseError::Reverses(_)))));
    assert_eq!(owed().await, -226, "a reversal moves the difference");
    let told = world.here.close_month(&closing(world, 9, None, (0, 0))).await.unwrap_err();
    assert!(matches!(told, CloseError::Closed { .. }), "{told}");
    assert!(matches!(world.here.close_month(&first).await.unwrap_err(), CloseError::Closed { .. }), "it holds no more");
    let books = sound(world).await;
    assert_eq!(books.accounts["tax"], Balance { credits: 31, ..Balance::default() });
    assert_eq!(books.accounts["adjustment"], Balance { debits: 5, ..Balance::default() });
    let log: Arc<dyn RecordLog> = log;
    let compared = Reconciler::new(log, Arc::clone(&world.there), 0).advance().await.unwrap();
    assert_eq!(compared.difference, None, "a closing is of known origin");
}

pub async fn a_month_whose_entries_are_not_posted_is_not_closed(world: &World) {
    two_answers(world).await;
    let month = Closing { covered: vec![("node-1".into(), 3)], ..closing(world, 1, None, (1, 1)) };
    let told = world.here.close_month(&month).await.unwrap_err();
    assert!(matches!(&told, CloseError::Behind { posted: 2, until: 3, .. }), "{told}");
    let stranger = Closing { covered: vec![("node-9".into(), 1)], ..month.clone() };
    assert!(matches!(world.here.close_month(&stranger).await.unwrap_err(), CloseError::Behind { posted: 0, .. }));
    let early = closing(world, 1, Some(7), (1, 1));
    assert!(matches!(world.here.close_month(&early).await.unwrap_err(), CloseError::Reverses(_)), "it is open");
    assert_eq!(world.there.closed_by(&month.agency, month.month).await.unwrap(), None);
    assert_eq!(sound(world).await.accounts.get("tax"), None);
}
