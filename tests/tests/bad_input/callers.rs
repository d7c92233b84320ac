//! Users who are not the agency's, or not enough.

use gateway::demo::client::Call;
use tests::world::World;

use crate::kit::{Bad, kyc, kyc_with, refused};

#[tokio::test]
async fn users_whom_the_agency_does_not_have_are_refused() {
    let world = World::start().await.unwrap();
    let user =
        |name, status, code| Bad::call(format!("user {name:?}"), &kyc_with(&world, "ijazat-user", name), status, code);
    let signed = kyc(&world).with("ijazat-user-assertion", "not.a.token");
    let all = [
        user(Some("nobody"), 403, "user_unknown"),
        user(Some("power-1"), 403, "user_unknown"),
        user(Some("TELLER-1"), 403, "user_unknown"),
        user(Some("../bisp/power-1"), 403, "user_unknown"),
        user(None, 401, "user_required"),
        Bad::call("a forged signature", &signed, 401, "user_assertion_invalid"),
        Bad::call(
            "an unknown token",
            &kyc(&world).with("authorization", "Bearer 0123456789abcdef"),
            401,
            "token_invalid",
        ),
        Bad::call("another scheme", &kyc(&world).with("authorization", "Basic dXNlcjpwYXNz"), 401, "token_invalid"),
        Bad::call("no consent", &kyc(&world), 403, "consent_required"),
    ];
    refused(&world, "bank-indus", &all).await;
}

#[tokio::test]
async fn a_power_user_who_does_not_sign_is_refused() {
    let world = World::start().await.unwrap();
    let mut call = world.household();
    call.headers.retain(|(name, _)| *name != "ijazat-user");
    let unsigned = Bad::call("not signed", &call.with("ijazat-user", "power-1"), 401, "user_assertion_required");
    refused(&world, "bisp", &[unsigned]).await;
}

#[tokio::test]
async fn nobody_reads_a_row_through_the_public_listener() {
    let world = World::start().await.unwrap();
    let before = world.recorded().unwrap().len();
    let mut anyone = world.stage.anyone().await.unwrap();
    for call in [kyc(&world), world.household(), Call::get("/v1/self/whoami"), Call::get("/v1/usage/2026-11")] {
        let path = call.path.clone();
        let answer = anyone.send(call).await.unwrap();
        assert_eq!((answer.status, answer.code()), (403, "caller_not_allowed"), "{path}");
    }
    let recorded = world.recorded().unwrap();
    assert_eq!(recorded.len() - before, 4);
    assert!(recorded[before..].iter().all(|entry| entry.code() == "caller_not_allowed" && entry.agency().is_empty()));
    world.serves().await.unwrap();
}
