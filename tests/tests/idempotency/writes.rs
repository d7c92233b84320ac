//! A write under a key is done once and told again all day, whatever happens to the gateway meanwhile.

use adapters::sql::Database;
use exchange::{codes::Code, record::leaf::Kind};
use tests::world::World;

use crate::kit::{
    authorize, billed, forwarded, is_first, keyed, kinds, notice, receipt, recorded, refused, repeats, send,
};

const NOTICE: &str = "vital.death-notice@1";

#[tokio::test]
async fn a_notice_sent_twice_is_made_once_and_recorded_as_a_replay() {
    let world = World::start().await.unwrap();
    let call = keyed(notice(&world, "Mehran Hospital"));
    let first = send(&world, "hospital-mehran", &call).await;
    let place = is_first(&first, 0);
    assert_eq!(first.json()["data"]["status"], "received");
    let asked = forwarded(&world).await;
    // The registry takes nothing now: what is answered was kept.
    let registry = Database::open(world.config.database.registry.expose(), "registry").await.unwrap();
    let lock = registry.begin().await.unwrap();
    let again = send(&world, "hospital-mehran", &call).await;
    drop(lock);
    registry.close().await;
    repeats(&again, &first);
    assert_eq!(forwarded(&world).await, asked, "the notice was made again");
    assert_eq!(kinds(&world, NOTICE), [Kind::Intent, Kind::Outcome, Kind::Intent, Kind::Replay]);
    let all = recorded(&world, NOTICE);
    let (outcome, replay) = (&all[1], &all[3]);
    assert_eq!((outcome.leaf.sequence, replay.leaf.sequence), (place, receipt(&again).sequence));
    assert_eq!((replay.leaf.amount, &replay.leaf.tariff, replay.leaf.status), (0, &None, 200));
    assert_eq!((replay.leaf.rows, &replay.leaf.released), (outcome.leaf.rows, &outcome.leaf.released));
    let named = format!(" repeats={}@{place}", outcome.leaf.request);
    assert!(replay.side.decision_input.ends_with(&named), "{}", replay.side.decision_input);
    assert_eq!(billed(&world, "hospital-mehran", "vital.notice").await, (1, 0));
}

#[tokio::test]
async fn a_write_that_costs_something_is_charged_once() {
    let world = World::start().await.unwrap();
    let call = keyed(authorize(&world));
    let first = send(&world, "bank-indus", &call).await;
    let price = receipt(&first).amount;
    assert!(price > 0, "a write that costs nothing would show nothing");
    let asked = forwarded(&world).await;
    // More often than a read, all day long.
    for later in [0, 0, 0, 0, 601, 40_000, 45_798] {
        world.clock.advance(later);
        repeats(&send(&world, "bank-indus", &call).await, &first);
    }
    assert_eq!(forwarded(&world).await, asked, "the citizen was asked again");
    assert_eq!(kinds(&world, "consent.authorize@1").iter().filter(|kind| **kind == Kind::Replay).count(), 7);
    world.clock.advance(1);
    let anew = send(&world, "bank-indus", &call).await;
    is_first(&anew, price);
    assert_ne!(anew.json()["auth_req_id"], first.json()["auth_req_id"], "a day later it is another request");
}

#[tokio::test]
async fn the_bill_of_a_repeated_write_is_one_charge() {
    let world = World::start().await.unwrap();
    let call = keyed(authorize(&world));
    let first = send(&world, "bank-indus", &call).await;
    repeats(&send(&world, "bank-indus", &call).await, &first);
    let price = receipt(&first).amount;
    assert_eq!(billed(&world, "bank-indus", "consent.request").await, (1, price));
    // Without the key, or under another, it is another request and has its price.
    is_first(&send(&world, "bank-indus", &authorize(&world)).await, price);
    assert_eq!(billed(&world, "bank-indus", "consent.request").await, (2, 2 * price));
}

#[tokio::test]
async fn what_was_kept_outlives_the_process() {
    let mut world = World::start().await.unwrap();
    let (write, read) = (keyed(notice(&world, "Mehran Hospital")), keyed(world.household()));
    let first = send(&world, "hospital-mehran", &write).await;
    let household = send(&world, "bisp", &read).await;
    world.restart("LIMITS__USER_PER_S", "90").await.unwrap();
    repeats(&send(&world, "hospital-mehran", &write).await, &first);
    repeats(&send(&world, "bisp", &read).await, &household);
    assert_eq!(billed(&world, "bisp", "nser.household").await.0, 1);
}

#[tokio::test]
async fn a_refused_write_frees_its_key_unless_it_may_have_been_done() {
    let world = World::start().await.unwrap();
    let registry = Database::open(world.config.database.registry.expose(), "registry").await.unwrap();
    let lock = registry.begin().await.unwrap();
    let (unsaid, call) = (notice(&world, ""), keyed(notice(&world, "Mehran Hospital")));
    refused("no place", &send(&world, "hospital-mehran", &keyed(unsaid)).await, Code::ParameterInvalid);
    // Here the registry may have done it: the key stays taken for a minute.
    refused("locked", &send(&world, "hospital-mehran", &call).await, Code::StoreUnavailable);
    drop(lock);
    registry.close().await;
    refused("hasty", &send(&world, "hospital-mehran", &call).await, Code::IdempotencyInProgress);
    world.clock.advance(60);
    is_first(&send(&world, "hospital-mehran", &call).await, 0);
}
