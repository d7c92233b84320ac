//! Consents that may be used only so often, and the word before their end.

use exchange::{
    consent::{
        ConsentUse,
        details::Details,
        frequency::{Bounds, DataLife, Frequency, Turn, Unit},
    },
    limits,
    ports::{
        clock::Clock as _,
        consent_tokens::{ConsentTokens as _, Turned},
    },
    timestamp::Timestamp,
};

use crate::world::{CERTIFICATE, World, count, request};

const DAY_S: i64 = 86_400;

fn daily(value: u32) -> Bounds {
    Bounds { frequency: Some(Frequency { unit: Unit::Day, value }), ..Bounds::default() }
}

fn turn(begins_at: i64, times: Option<u32>, ever: Option<u32>) -> Turn {
    Turn { begins_at: Timestamp::from_micros(begins_at), times, ever }
}

/// A standing consent with these bounds; its token.
async fn granted(world: &World, name: &str, bounds: Bounds) -> adapters::sql::control::IssuedToken {
    let details = Details { bounds, ..world.details(ConsentUse::Standing) };
    world.submitted_with(name, &details).await;
    world.approved(name).await
}

pub async fn c31_of_fifty_uses_at_once_in_one_period_as_many_win_as_it_has(world: &World) {
    let consent = granted(world, "one", daily(7)).await.consent;
    let today = turn(1, Some(7), None);
    let won = world
        .at_once(50, |store, n| {
            let consent = consent.clone();
            async move { store.use_consent(&consent, today, &request(&format!("r{n}"))).await.unwrap() }
        })
        .await;
    assert_eq!((count(&won, &Turned::Taken), count(&won, &Turned::TooOften)), (7, 43));
    let tomorrow = turn(2, Some(7), None);
    assert_eq!(world.there.use_consent(&consent, tomorrow, &request("r50")).await.unwrap(), Turned::Taken);
}

pub async fn c31_of_fifty_uses_at_once_as_many_win_as_the_consent_has_in_all(world: &World) {
    let bounds = Bounds { uses: Some(3), ..Bounds::default() };
    let issued = granted(world, "one", bounds).await;
    let facts = world.here.find(&issued.access_token, CERTIFICATE).await.unwrap().unwrap();
    assert_eq!((facts.bounds, facts.usage), (bounds, ConsentUse::Standing));
    let any = turn(0, None, Some(3));
    let won = world
        .at_once(50, |store, n| {
            let consent = issued.consent.clone();
            async move { store.use_consent(&consent, any, &request(&format!("r{n}"))).await.unwrap() }
        })
        .await;
    assert_eq!((count(&won, &Turned::Taken), count(&won, &Turned::Ended)), (3, 47));
    let shown = world.here.introspect(&issued.access_token, &world.bank).await.unwrap();
    assert!(shown.is_none(), "nobody is told that a consent holds that has no use left");
}

pub async fn c31_a_use_that_released_nothing_is_given_back_and_a_request_uses_once(world: &World) {
    let consent = granted(world, "one", daily(1)).await.consent;
    let today = turn(1, Some(1), Some(5));
    let used = async |name: &str| world.here.use_consent(&consent, today, &request(name)).await.unwrap();
    assert_eq!(used("first").await, Turned::Taken);
    assert_eq!(used("first").await, Turned::Taken, "its own use does not stand in its way");
    assert_eq!(used("second").await, Turned::TooOften);
    world.there.restore_consent(&consent, &request("second")).await.unwrap();
    assert_eq!(used("second").await, Turned::TooOften, "it had used nothing");
    world.there.restore_consent(&consent, &request("first")).await.unwrap();
    assert_eq!(used("second").await, Turned::Taken);
}

pub async fn c31_c32_a_consent_that_was_ended_or_paused_is_not_used(world: &World) {
    let consent = granted(world, "one", daily(9)).await.consent;
    let today = turn(1, Some(9), None);
    let used = async |name: &str| world.there.use_consent(&consent, today, &request(name)).await.unwrap();
    assert_eq!(used("r1").await, Turned::Taken);
    world.here.pause_consents(world.subject()).await.unwrap();
    assert_eq!(used("r2").await, Turned::Ended);
    world.here.resume_consents(world.subject()).await.unwrap();
    assert_eq!(used("r2").await, Turned::Taken);
    world.here.revoke_consent(&consent).await.unwrap();
    assert_eq!(used("r3").await, Turned::Ended, "at once, on every node");
    assert_eq!(world.here.forget_uses().await.unwrap(), 0, "what may still be asked about stays");
    world.clock.advance(10 * DAY_S);
    assert_eq!(world.here.forget_uses().await.unwrap(), 2);
}

pub async fn c31_a_token_tells_what_bounds_it(world: &World) {
    let data_life = Some(DataLife { unit: Unit::Week, value: 2 });
    let bounds = Bounds { uses: Some(4), data_life, ..daily(2) };
    let issued = granted(world, "one", bounds).await;
    assert_eq!(Details::parse(&issued.details).unwrap().bounds, bounds);
    let shown = world.there.introspect(&issued.access_token, &world.bank).await.unwrap().unwrap();
    assert_eq!(shown.details.canonical(), issued.details);
    let plain = granted(world, "two", Bounds::default()).await;
    let facts = world.here.find(&plain.access_token, CERTIFICATE).await.unwrap().unwrap();
    assert_eq!(facts.bounds, Bounds::default());
    world.meddle("UPDATE consent SET bounds = 'x'").await.unwrap();
    world.clock.advance(2);
    assert!(
        world.here.find(&issued.access_token, CERTIFICATE).await.is_err(),
        "a bound that cannot be read is no bound"
    );
}

pub async fn c31_seven_days_before_its_end_the_citizen_is_told_once(world: &World) {
    world.here.set_contact(world.subject(), World::contact()).await.unwrap();
    granted(world, "one", Bounds::default()).await;
    let before = world.here.outbox(100).await.unwrap().len();
    world.clock.advance(10 * DAY_S - limits::CONSENT_REMINDER_S - 1);
    assert!(world.here.ending().await.unwrap().is_empty(), "a second too soon");
    world.clock.advance(1);
    let ending = world.here.ending().await.unwrap().remove(0);
    assert_eq!(
        (ending.agency.as_str(), ending.purpose.as_str(), ending.reference.as_str()),
        ("bank-indus", "KYC-101", "K7Q4")
    );
    let told = world
        .at_once(20, |store, _| {
            let ending = ending.clone();
            async move { store.remind(&ending, |_| "it ends".to_owned()).await.unwrap() }
        })
        .await;
    assert_eq!(count(&told, &true), 1);
    assert_eq!(world.here.outbox(100).await.unwrap().len(), before + 1);
    assert!(world.there.ending().await.unwrap().is_empty(), "nobody begins anew, be it after a restart");
}

pub async fn c31_what_ended_before_or_lives_too_short_is_not_announced(world: &World) {
    world.here.set_contact(world.subject(), World::contact()).await.unwrap();
    let short =
        Details { valid_until: Some(world.clock.now().plus_seconds(7 * DAY_S)), ..world.details(ConsentUse::Standing) };
    world.submitted_with("short", &short).await;
    world.approved("short").await;
    let ended = granted(world, "ended", Bounds::default()).await.consent;
    world.token("once", ConsentUse::OneTime).await;
    world.clock.advance(4 * DAY_S);
    let ending = world.here.ending().await.unwrap();
    assert_eq!(ending.len(), 1);
    world.there.revoke_consent(&ended).await.unwrap();
    assert!(world.here.ending().await.unwrap().is_empty());
    assert!(!world.here.remind(&ending[0], |_| "late".to_owned()).await.unwrap(), "it was ended meanwhile");
}
