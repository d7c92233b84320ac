//! What is charged has a price before it is asked for, and one request has one book, whatever comes into force meanwhile.

use exchange::{
    codes::Code,
    consent::ConsentUse,
    day::Day,
    directory::DirectoryData,
    ids::{RateVersion, TariffKey},
    record::leaf::Kind,
    tariff::RateBook,
    timestamp::Timestamp,
};
use serde_json::{Value, json};

use crate::{
    door::Reply,
    phases::testing::{AT, CITIZEN, Call, OTHER, Trial},
};

fn body(reply: &Reply) -> Value {
    serde_json::from_slice(&reply.body).unwrap()
}

async fn without_price(change: impl FnOnce(&mut DirectoryData), told: &str) {
    let trial = Trial::new().await;
    trial.tokens.grant(CITIZEN, ConsentUse::OneTime);
    trial.change(change).await;
    for call in [Call::kyc(), Call::kyc().with("ijazat-dry-run", "1")] {
        let reply = trial.send(&call).await;
        assert_eq!((reply.status, body(&reply)["code"].as_str()), (503, Some("rate_unknown")), "{told}");
        assert_eq!(body(&reply)["detail"], told);
        let last = trial.leaves().pop().unwrap();
        assert_eq!((last.kind, last.code.as_deref()), (Kind::Refused, Some("rate_unknown")), "{told}");
    }
    assert!(trial.upstream.seen().is_empty(), "{told}: nobody was asked");
    assert_eq!(trial.diary.count("consume"), 0, "{told}: the citizen's consent is not used up");
    assert_eq!(
        trial.send(&Call::get("/v1/self/whoami").by("bank-indus", "")).await.status,
        200,
        "what is free is served"
    );
}

#[tokio::test]
async fn what_is_charged_and_has_no_price_is_refused_before_anything_is_asked() {
    without_price(|data| data.rate_books.clear(), "no rate book is in force").await;
    let coming =
        |data: &mut DirectoryData| data.rate_books.iter_mut().for_each(|book| book.valid_from = AT.plus_seconds(1));
    without_price(coming, "no rate book is in force").await;
    let other = |data: &mut DirectoryData| {
        for rate in data.rate_books.iter_mut().flat_map(|book| &mut book.rates) {
            if rate.key.as_str() == "identity.kyc" {
                rate.key = TariffKey::parse("identity.kyx").unwrap();
            }
        }
    };
    without_price(other, "the rate book in force has no line for the service").await;
}

#[tokio::test]
async fn who_never_pays_needs_no_book() {
    let trial = Trial::new().await;
    trial.change(|data| data.rate_books.clear()).await;
    trial.upstream.answers(200, &json!({ "report": "by-district", "rows": [] }));
    assert_eq!(trial.send(&Call::get("/v1/reports/by-district").publicly()).await.status, 200);
    let last = trial.leaves().pop().unwrap();
    assert_eq!((last.kind, last.rate_version, last.amount), (Kind::Outcome, None, 0));
}

/// Two books: the sample's, and one of double its prices from the next midnight in Karachi on.
fn at_the_turn(data: &mut DirectoryData) -> Timestamp {
    let midnight = Day::of(AT).unwrap().until();
    let mut next =
        RateBook { version: RateVersion::parse("next").unwrap(), valid_from: midnight, ..data.rate_books[0].clone() };
    for rate in &mut next.rates {
        rate.government.each *= 2;
        rate.private.each *= 2;
    }
    data.rate_books.push(next);
    midnight
}

#[tokio::test]
async fn b26_a_rate_change_at_midnight_in_karachi_gives_each_request_one_version() {
    let trial = Trial::new().await;
    let mut midnight = AT;
    trial.change(|data| midnight = at_the_turn(data)).await;
    let mut rated = Vec::new();
    for micros in [-1_000_000, -1, 0, 1] {
        trial.clock.set(Timestamp::from_micros(midnight.micros() + micros));
        trial.tokens.grant(CITIZEN, ConsentUse::OneTime);
        let reply = trial.send(&Call::kyc()).await;
        assert_eq!(reply.status, 200, "{}", String::from_utf8_lossy(&reply.body));
        let leaf = trial.leaves().pop().unwrap();
        rated.push((leaf.rate_version.unwrap(), leaf.amount, Day::of(Timestamp::from_micros(leaf.rated_at.unwrap()))));
    }
    let (old, price, before) = rated[0].clone();
    let after = Day::of(midnight);
    assert_ne!((old.as_str(), before), ("next", after));
    assert!(price > 0, "the sample book charges for it");
    assert_eq!(rated[1], (old, price, before));
    assert_eq!(rated[2], ("next".to_owned(), 2 * price, after));
    assert_eq!(rated[3], rated[2]);
}

#[tokio::test]
async fn b26_an_answer_in_batches_that_runs_over_midnight_keeps_the_version_that_it_began_with() {
    let trial = Trial::new().await;
    let mut midnight = AT;
    trial.change(|data| midnight = at_the_turn(data)).await;
    let household = |id: &str| json!({ "id": id, "members": [] });
    for (id, next) in [("h-1", Some("c-1")), ("h-2", None)] {
        trial.upstream.answers(200, &json!({ "households": [household(id)], "next": next, "subjects": [OTHER] }));
    }
    trial.clock.set(Timestamp::from_micros(midnight.micros() - 1));
    let call = Call::json("/v1/nser/export", &json!({})).by("bisp", "standard-1");
    let call = call.with("ijazat-purpose", "NSER-201").with("ijazat-basis", "appr-board-1");
    let mut reply = trial.send(&call).await;
    assert_eq!(reply.status, 200, "{}", String::from_utf8_lossy(&reply.body));
    trial.clock.set(midnight.plus_seconds(5));
    trial.parts.directory.confirm().await.unwrap();
    let rest = reply.rest.as_mut().unwrap();
    while let Some(part) = rest.next().await {
        part.unwrap();
    }
    let leaves = trial.leaves();
    let rated: Vec<_> = leaves.iter().filter(|leaf| matches!(leaf.kind, Kind::Part | Kind::Outcome)).collect();
    assert_eq!(rated.len(), 3);
    let first = (&rated[0].rate_version, rated[0].amount, rated[0].billed_at());
    assert!(first.0.as_deref() != Some("next") && first.1 > 0);
    for leaf in &rated {
        assert_eq!((&leaf.rate_version, leaf.billed_at()), (first.0, first.2), "one version and one month");
    }
    assert_eq!(rated[1].amount, first.1);
    assert!(rated[1].at >= midnight.micros(), "and it says when it left");
}

#[test]
fn a_refusal_for_want_of_a_price_is_never_charged() {
    assert!(!Code::RateUnknown.entry().charged);
}
