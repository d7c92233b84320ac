//! Another agency's service that is down, slow or lies: a process of its own, and the door between.

use std::time::{Duration, Instant};

use gateway::demo::taxpayers::Manner;
use tests::world::{World, wire::bytes_of};

use crate::kit::{Bad, refused};

const TAXPAYERS: &str = env!("CARGO_BIN_EXE_taxpayers");

/// Asks twice with the same token: an answer that never came does not use up the citizen's yes.
async fn lies(manner: Manner, status: u16, code: &'static str) {
    let world = Box::pin(World::builder().tax(TAXPAYERS, manner).start()).await.unwrap();
    let call = bytes_of(&world.taxpayer().await.unwrap());
    let twice = [Bad::new(format!("{manner:?}"), call.clone(), status, code), Bad::new("again", call, status, code)];
    refused(&world, "bank-indus", &twice).await;
}

#[tokio::test]
async fn an_answer_about_another_person_is_refused() {
    lies(Manner::WrongPerson, 502, "upstream_answer_refused").await;
}

#[tokio::test]
async fn an_answer_that_is_no_json_is_refused() {
    lies(Manner::Garbage, 502, "upstream_answer_refused").await;
}

#[tokio::test]
async fn an_answer_without_end_is_refused() {
    lies(Manner::Endless, 502, "upstream_answer_refused").await;
}

#[tokio::test]
async fn a_failure_of_the_upstream_is_named() {
    lies(Manner::Failing, 502, "upstream_failed").await;
}

#[tokio::test]
async fn a_slow_upstream_is_given_up_at_its_deadline() {
    let began = Instant::now();
    lies(Manner::Slow, 504, "upstream_timeout").await;
    assert!(began.elapsed() > Duration::from_secs(6), "each of the two had its three seconds");
}

#[tokio::test]
async fn an_upstream_that_is_down_is_named_and_then_left_alone() {
    let mut world = World::builder().tax(TAXPAYERS, Manner::Honest).start().await.unwrap();
    let call = bytes_of(&world.taxpayer().await.unwrap());
    world.end_tax_service();
    let all: Vec<Bad> = (0..2).map(|_| Bad::new("down", call.clone(), 502, "upstream_failed")).collect();
    refused(&world, "bank-indus", &all).await;
    // Each request tried twice: five failures in a row open the circuit, and nobody waits for a dead service then.
    let before = world.recorded().unwrap().len();
    let mut wire = world.agency("bank-indus").await.unwrap();
    let mut codes = Vec::new();
    for _ in 0..3 {
        codes.push(wire.ask(&call).await.unwrap().code());
    }
    assert_eq!(codes.last().unwrap(), "upstream_unavailable", "{codes:?}");
    assert!(world.recorded().unwrap()[before..].iter().any(|entry| entry.code() == "upstream_unavailable"));
    world.serves().await.unwrap();
}

#[tokio::test]
async fn fields_that_nobody_asked_for_are_dropped() {
    let world = World::builder().tax(TAXPAYERS, Manner::Extra).start().await.unwrap();
    let call = bytes_of(&world.taxpayer().await.unwrap());
    let reply = world.agency("bank-indus").await.unwrap().ask(&call).await.unwrap();
    let answer = reply.json();
    let mut names: Vec<_> = answer["data"].as_object().unwrap().keys().cloned().collect();
    names.sort();
    // `filer` came as an object in the place of a yes or no: it goes too.
    assert_eq!((reply.status, names), (200, vec!["active".to_owned(), "cnic".to_owned(), "ntn".to_owned()]));
    assert!(!String::from_utf8(reply.body).unwrap().contains("smuggled"));
    world.serves().await.unwrap();
}
