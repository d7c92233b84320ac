//! A token shown again with the repetition of a request: what the request itself used still counts for it, and no more.

use exchange::{
    caller::Thumbprint,
    consent::{ConsentFacts, ConsentUse, details::Details},
    limits,
    ports::{clock::Clock as _, consent_tokens::ConsentTokens, directory_source::DirectorySource as _},
};

use crate::world::{CERTIFICATE, World, request};

const OTHER: Thumbprint = Thumbprint([8; 32]);

/// Seconds that a standing consent of the world holds.
const STANDING_S: i64 = 10 * 24 * 3600;

/// What both stores find again for the request `by`.
async fn again(world: &World, token: &str, certificate: Thumbprint, by: &str) -> Option<ConsentFacts> {
    let by = request(by);
    let stores: [&dyn ConsentTokens; 2] = [world.here.as_ref(), world.there.as_ref()];
    let [here, there] = stores.map(|store| store.find_again(token, certificate, &by));
    let (here, there) = (here.await.unwrap(), there.await.unwrap());
    assert_eq!(here, there, "the two stores differ");
    here
}

/// A one-time token that the request `first` used.
async fn used(world: &World, id: &str) -> String {
    let token = world.token(id, ConsentUse::OneTime).await.access_token;
    assert!(world.here.consume(&token, &request("first")).await.unwrap());
    token
}

pub async fn a_used_token_is_found_again_by_the_request_that_used_it(world: &World) {
    let token = world.token("one", ConsentUse::OneTime).await.access_token;
    let facts = world.here.find(&token, CERTIFICATE).await.unwrap().unwrap();
    assert!(world.here.consume(&token, &request("first")).await.unwrap());
    assert_eq!(world.there.find(&token, CERTIFICATE).await.unwrap(), None, "used up for everyone else");
    let until = world.clock.now().plus_seconds(limits::REPLAY_WITHIN_S);
    let expected = Some(ConsentFacts { expires_at: until, ..facts });
    for _ in 0..5 {
        assert_eq!(again(world, &token, CERTIFICATE, "first").await, expected);
    }
    for stranger in ["second", "firs", "first0", "First"] {
        assert_eq!(again(world, &token, CERTIFICATE, stranger).await, None, "{stranger}");
    }
    assert_eq!(again(world, &token, OTHER, "first").await, None, "another certificate");
    for unknown in ["unknown", "", &format!("{token}x"), &token.to_lowercase()] {
        assert_eq!(again(world, unknown, CERTIFICATE, "first").await, None, "{unknown:?}");
    }
    assert!(!world.there.consume(&token, &request("first")).await.unwrap(), "to find it again makes it no fresher");
}

pub async fn a_used_token_is_found_again_for_ten_minutes_after_its_use(world: &World) {
    // Used at once, and in its last second: the ten minutes begin with the use.
    for (id, after) in [("early", 0), ("late", limits::CONSENT_TOKEN_TTL_S - 1)] {
        let token = world.token(id, ConsentUse::OneTime).await.access_token;
        world.clock.advance(after);
        let at = world.clock.now();
        assert!(world.here.consume(&token, &request("first")).await.unwrap(), "{id}");
        for (seconds, micros, found) in [
            (0, 0, true),
            (limits::CONSENT_TOKEN_TTL_S, 0, true),
            (limits::REPLAY_WITHIN_S, -1, true),
            (limits::REPLAY_WITHIN_S, 0, false),
            (24 * 3600, 0, false),
        ] {
            world.clock.set(at.plus_seconds(seconds));
            world.clock.advance_us(micros);
            let facts = again(world, &token, CERTIFICATE, "first").await;
            assert_eq!(facts.is_some(), found, "{id}: {seconds} s {micros} µs after its use");
        }
    }
}

/// The citizen was asked until an instant: not even the same request has anything after it.
pub async fn a_used_token_is_not_found_again_after_the_end_that_was_asked(world: &World) {
    let until = world.clock.now().plus_seconds(30);
    let details = Details { valid_until: Some(until), ..world.details(ConsentUse::OneTime) };
    world.submitted_with("short", &details).await;
    let token = world.approved("short").await.access_token;
    assert!(world.here.consume(&token, &request("first")).await.unwrap());
    let facts = again(world, &token, CERTIFICATE, "first").await.unwrap();
    assert_eq!(facts.expires_at, until);
    world.clock.set(until);
    assert_eq!(again(world, &token, CERTIFICATE, "first").await, None);
}

pub async fn a_token_that_nobody_used_is_found_again_as_it_is_found(world: &World) {
    let token = world.token("one", ConsentUse::OneTime).await.access_token;
    let begun = world.clock.now();
    for (seconds, micros, found) in
        [(0, 0, true), (limits::CONSENT_TOKEN_TTL_S, -1, true), (limits::CONSENT_TOKEN_TTL_S, 0, false)]
    {
        world.clock.set(begun.plus_seconds(seconds));
        world.clock.advance_us(micros);
        let facts = world.here.find(&token, CERTIFICATE).await.unwrap();
        assert_eq!(facts.is_some(), found, "{seconds} s {micros} µs");
        assert_eq!(again(world, &token, CERTIFICATE, "any").await, facts, "{seconds} s {micros} µs");
        assert_eq!(again(world, &token, OTHER, "any").await, None);
    }
    // What was given back is nobody's again: it holds its own two minutes and not ten.
    world.clock.set(begun);
    assert!(world.here.consume(&token, &request("first")).await.unwrap());
    world.there.restore(&token, &request("first")).await.unwrap();
    world.clock.set(begun.plus_seconds(limits::CONSENT_TOKEN_TTL_S));
    assert_eq!(again(world, &token, CERTIFICATE, "first").await, None);
}

pub async fn a_revoked_consent_is_not_found_again(world: &World) {
    let issued = world.token("one", ConsentUse::OneTime).await;
    assert!(world.here.consume(&issued.access_token, &request("first")).await.unwrap());
    let standing = world.token("two", ConsentUse::Standing).await;
    for store in [&world.here, &world.there] {
        store.generation().await.unwrap();
        assert!(store.find(&standing.access_token, CERTIFICATE).await.unwrap().is_some(), "remembered from now on");
    }
    for issued in [&issued, &standing] {
        assert!(again(world, &issued.access_token, CERTIFICATE, "first").await.is_some());
        assert!(world.here.revoke_consent(&issued.consent).await.unwrap());
        // At once and everywhere: a repetition believes nothing that is only remembered.
        assert_eq!(again(world, &issued.access_token, CERTIFICATE, "first").await, None);
    }
}

pub async fn a_paused_consent_is_not_found_again_until_it_goes_on(world: &World) {
    let token = used(world, "one").await;
    assert_eq!(world.here.pause_consents(world.subject()).await.unwrap(), 1);
    assert_eq!(again(world, &token, CERTIFICATE, "first").await, None);
    assert_eq!(world.there.resume_consents(world.subject()).await.unwrap(), 1);
    let facts = again(world, &token, CERTIFICATE, "first").await.unwrap();
    assert_eq!((facts.active, facts.revision), (true, 3));
    assert_eq!(again(world, &token, CERTIFICATE, "second").await, None);
}

pub async fn a_standing_token_is_found_again_by_any_request_until_it_ends(world: &World) {
    let token = world.token("one", ConsentUse::Standing).await.access_token;
    let begun = world.clock.now();
    let facts = world.here.find(&token, CERTIFICATE).await.unwrap();
    assert!(world.here.consume(&token, &request("first")).await.unwrap());
    for by in ["first", "second"] {
        assert_eq!(again(world, &token, CERTIFICATE, by).await, facts, "{by}");
        assert_eq!(again(world, &token, OTHER, by).await, None, "{by}");
    }
    world.clock.set(begun.plus_seconds(STANDING_S));
    world.clock.advance_us(-1);
    assert_eq!(again(world, &token, CERTIFICATE, "first").await, facts);
    world.clock.advance_us(1);
    assert_eq!(again(world, &token, CERTIFICATE, "first").await, None);
}

pub async fn a_damaged_consent_is_not_found_again(world: &World) {
    let token = used(world, "one").await;
    for damage in ["subject = 'zz'", "datatypes = '['", "usage = 'often'", "revision = -1"] {
        world.meddle("CREATE TABLE kept AS SELECT * FROM consent").await.unwrap();
        world.meddle(format!("UPDATE consent SET {damage}")).await.unwrap();
        let found = world.here.find_again(&token, CERTIFICATE, &request("first")).await;
        assert!(found.is_err(), "{damage}: {found:?}");
        let column = damage.split(' ').next().unwrap();
        world.meddle(format!("UPDATE consent SET {column} = (SELECT k.{column} FROM kept k)")).await.unwrap();
        world.meddle("DROP TABLE kept").await.unwrap();
        assert!(again(world, &token, CERTIFICATE, "first").await.is_some(), "{damage} was mended");
    }
    // A use without its instant is no use that could be repeated.
    world.meddle("UPDATE token SET used_at = NULL").await.unwrap();
    assert_eq!(again(world, &token, CERTIFICATE, "first").await, None);
}
