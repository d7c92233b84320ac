//! Heads that never end: answered with a problem and recorded with their agency, through a whole gateway.

use exchange::record::leaf::Kind;
use gateway::demo::client::tls;
use tests::world::{Recorded, World, until, wire::Wire};

/// A world in which heads have little time.
async fn hasty() -> World {
    World::builder().set("LISTEN__HEADER_TIMEOUT_MS", "150").start().await.unwrap()
}

async fn public(world: &World) -> Wire {
    Wire::open(world.stage.public, tls(&world.stage.server_ca, None).unwrap()).await.unwrap()
}

/// Waits for the next record and checks that it is a refusal of half a head.
async fn refused(world: &World, before: usize, agency: &str) -> Recorded {
    until("the refusal is recorded", async || world.recorded().unwrap().len() > before).await.unwrap();
    let recorded = world.recorded().unwrap();
    assert_eq!(recorded.len(), before + 1, "once");
    let entry = recorded.into_iter().next_back().unwrap();
    assert_eq!((entry.code(), entry.agency(), entry.leaf.kind), ("head_incomplete", agency, Kind::Refused));
    assert_eq!(entry.side.address, "127.0.0.1");
    assert!(entry.leaf.released.is_empty() && entry.leaf.amount == 0, "nothing left and nothing is charged");
    entry
}

#[tokio::test]
async fn a_slow_head_is_answered_and_stands_in_the_log_with_its_agency() {
    let world = hasty().await;
    let before = world.recorded().unwrap().len();
    let mut bank = world.agency("bank-indus").await.unwrap();
    let reply = bank.ask(b"POST /v1/identity/kyc HTTP/1.1\r\nHost: loc").await.unwrap();
    assert_eq!((reply.status, reply.code().as_str()), (408, "head_incomplete"));
    assert_eq!(reply.header("content-type"), "application/problem+json");
    assert_eq!(reply.header("connection"), "close");
    let problem = reply.json();
    assert!(problem["title"].as_str().unwrap().contains("head"), "{problem}");
    assert!(problem["title_ur"].as_str().unwrap().chars().any(|letter| ('\u{600}'..='\u{6ff}').contains(&letter)));
    assert!(problem["action"].as_str().unwrap().contains("headers"), "{problem}");
    let entry = refused(&world, before, "bank-indus").await;
    assert_eq!(reply.header("ijazat-request-id"), entry.leaf.request.as_str(), "the client can ask about it");
    let mut anyone = public(&world).await;
    let reply = anyone.ask(b"GET /.well-known/x").await.unwrap();
    assert_eq!((reply.status, reply.code().as_str()), (408, "head_incomplete"));
    refused(&world, before + 1, "").await;
    let metrics = world.metrics().await.unwrap();
    let line = r#"ijazat_requests_total{code="head_incomplete",decision="refused",service="none"} 2"#;
    assert!(metrics.contains(line), "{metrics}");
    world.serves().await.unwrap();
}

#[tokio::test]
async fn a_head_that_an_agency_breaks_off_is_recorded_and_a_strangers_is_not() {
    let world = World::start().await.unwrap();
    let before = world.recorded().unwrap().len();
    let mut stranger = public(&world).await;
    stranger.send(b"GET /v1/rep").await;
    stranger.end().await;
    assert!(stranger.reply().await.is_err(), "nobody is told, and nothing is recorded");
    let mut bank = world.agency("bank-indus").await.unwrap();
    bank.send(b"POST /v1/identity/kyc HTTP/1.1\r\n").await;
    bank.end().await;
    let reply = bank.reply().await.unwrap();
    assert_eq!((reply.status, reply.code().as_str()), (408, "head_incomplete"));
    refused(&world, before, "bank-indus").await;
    let mut silent = world.agency("bank-indus").await.unwrap();
    silent.end().await;
    assert!(silent.reply().await.is_err(), "a connection that never began a request is none");
    assert_eq!(world.recorded().unwrap().len(), before + 1);
    world.serves().await.unwrap();
}

#[tokio::test]
async fn a_revoked_agencys_half_head_is_recorded_under_its_name_all_the_same() {
    let world = hasty().await;
    let mut telco = world.agency("telco-sarhad").await.unwrap();
    let first = telco.ask(b"GET /v1/self/whoami HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    assert_eq!(first.status, 200);
    world.stage.operators.revoke("telco-sarhad").await.unwrap();
    let before = world.recorded().unwrap().len();
    let reply = telco.ask(b"GET /v1/self/whoami HTTP/1.1\r\n").await.unwrap();
    assert_eq!((reply.status, reply.code().as_str()), (408, "head_incomplete"));
    refused(&world, before, "telco-sarhad").await;
}
