//! What an agency cannot pay is not asked for; what it does not cost is free again; what is held ends with the request.

use std::sync::atomic::Ordering;

use exchange::{
    codes::Code,
    consent::ConsentUse,
    ids::GratisId,
    ledger::{Pays, Terms},
    ports::{record_log::LogUnavailable, upstream::UpstreamError},
    record::leaf::Kind,
    tariff::{Gratis, GratisReason},
};
use serde_json::{Value, json};

use super::*;
use crate::{
    door::Reply,
    phases::testing::{AT, CITIZEN, Call, LogFault, Trial},
};

const BANK: &str = "bank-indus";

fn body(reply: &Reply) -> Value {
    serde_json::from_slice(&reply.body).unwrap()
}

/// A bank that pays so, with so much paid in.
async fn paying(pays: Pays, paid: i64) -> Trial {
    let trial = Trial::new().await;
    let agency = exchange::ids::AgencyId::parse(BANK).unwrap();
    let terms = Terms { agency, pays, instrument: "contract 7".to_owned() };
    trial.change(|data| data.terms.push(terms)).await;
    trial.wallets.pay_in(BANK, paid);
    trial.tokens.grant(CITIZEN, ConsentUse::OneTime);
    trial
}

/// What one answer of the sample book costs the bank.
async fn price() -> i64 {
    let trial = Trial::new().await;
    trial.tokens.grant(CITIZEN, ConsentUse::OneTime);
    assert_eq!(trial.send(&Call::kyc()).await.status, 200);
    assert!(trial.wallets.holds.lock().unwrap().is_empty(), "nothing is held of who pays later without a bound");
    let price = trial.leaves().pop().unwrap().amount;
    assert!(price > 0);
    price
}

#[tokio::test]
async fn b28_what_a_prepaid_agency_cannot_pay_is_refused_before_anything_is_asked() {
    let price = price().await;
    let trial = paying(Pays::Prepaid, price - 1).await;
    let reply = trial.send(&Call::kyc()).await;
    assert_eq!((reply.status, body(&reply)["code"].as_str()), (402, Some("balance_insufficient")));
    let told = format!("the answer may cost {}; available {}", rupees(price), rupees(price - 1));
    assert_eq!(body(&reply)["detail"], told);
    assert!(trial.upstream.seen().is_empty());
    assert_eq!(trial.diary.count("consume"), 0, "the citizen's consent is not used up");
    let leaf = trial.leaves().pop().unwrap();
    assert_eq!((leaf.kind, leaf.code.as_deref(), leaf.amount), (Kind::Refused, Some("balance_insufficient"), 0));
    trial.wallets.pay_in(BANK, price);
    assert_eq!(trial.send(&Call::kyc()).await.status, 200, "exactly enough is enough");
    trial.tokens.grant(CITIZEN, ConsentUse::OneTime);
    assert_eq!(trial.send(&Call::kyc()).await.status, 402, "and it is held until it is posted");
}

#[tokio::test]
async fn b28_the_hold_stands_before_a_durable_intent_and_both_before_the_question() {
    let price = price().await;
    let trial = paying(Pays::Prepaid, price).await;
    assert_eq!(trial.send(&Call::kyc()).await.status, 200);
    let diary = trial.diary.all();
    let place = |what: &str| {
        diary.iter().position(|note| note.starts_with(what)).unwrap_or_else(|| panic!("{what}: {diary:?}"))
    };
    let order = ["hold", "consume", "submit intent", "durable intent", "call /v1/identity/kyc", "durable outcome"];
    assert!(order.map(place).is_sorted(), "{diary:?}");
    assert_eq!(trial.diary.count("settle"), 0, "it cost what was held");
    let hold = trial.wallets.only();
    assert_eq!((hold.amount, hold.limit, hold.node.as_str()), (price, 0, "node-1"));
    assert!(hold.until > AT.plus_seconds(limits::HOLD_S), "beyond the service's own time");
}

#[tokio::test]
async fn b28_whatever_ends_a_request_without_an_answer_ends_its_hold() {
    let price = price().await;
    for fails in ["upstream", "token", "log"] {
        let trial = paying(Pays::Prepaid, price).await;
        match fails {
            "upstream" => trial.upstream.fails(UpstreamError::Timeout),
            "token" => trial.tokens.lose("consume"),
            _ => trial.log.fail(Kind::Outcome, LogFault::Submit(LogUnavailable::Full)),
        }
        let reply = trial.send(&Call::kyc()).await;
        assert_ne!(reply.status, 200, "{fails}");
        assert_eq!(trial.diary.count("hold"), 1, "{fails}");
        assert!(trial.wallets.holds.lock().unwrap().is_empty(), "{fails}");
    }
}

#[tokio::test]
async fn an_answer_that_costs_less_than_what_was_held_frees_the_rest() {
    let trial = paying(Pays::Prepaid, 10_000_000).await;
    trial.upstream.answers(200, &json!({ "verified": false }));
    let call = Call::json("/v1/identity/yes-no", &json!({ "cnic": CITIZEN, "name": "A" }));
    let reply = trial.send(&call.by(BANK, "teller-1").with("ijazat-purpose", "KYC-101")).await;
    assert_eq!(reply.status, 200, "{}", String::from_utf8_lossy(&reply.body));
    let leaf = trial.leaves().pop().unwrap();
    assert_eq!(leaf.unit.map(exchange::tariff::Unit::as_str), Some("no-match"));
    assert_eq!(trial.diary.count("hold"), 1);
    assert!(trial.diary.all().contains(&format!("settle {}", leaf.amount)));
    assert_eq!(trial.wallets.only().amount, leaf.amount);
}

#[tokio::test]
async fn a_credit_limit_bounds_what_may_be_owed() {
    let price = price().await;
    let trial = paying(Pays::Credit(2 * price), 0).await;
    for status in [200, 200, 402] {
        trial.tokens.grant(CITIZEN, ConsentUse::OneTime);
        assert_eq!(trial.send(&Call::kyc()).await.status, status);
    }
}

#[tokio::test]
async fn what_is_given_or_free_or_only_asked_about_is_not_held() {
    let trial = paying(Pays::Prepaid, 0).await;
    assert_eq!(trial.send(&Call::get("/v1/self/whoami").by(BANK, "")).await.status, 200);
    let dry = trial.send(&Call::kyc().with("ijazat-dry-run", "1")).await;
    assert_eq!(dry.status, 200, "a question about the price costs nothing");
    let gift = Gratis {
        id: GratisId::parse("gift-1").unwrap(),
        agency: exchange::ids::AgencyId::parse(BANK).unwrap(),
        services: vec![exchange::ids::ServiceId::parse("identity.kyc").unwrap()],
        reason: GratisReason::BispOperations,
        instrument: "order 9".to_owned(),
        forum: exchange::classification::Forum::SecretaryBisp,
        valid_from: AT.plus_seconds(-9),
        valid_until: AT.plus_seconds(9),
        ended_at: None,
    };
    trial.change(|data| data.gratis.push(gift)).await;
    assert_eq!(trial.send(&Call::kyc()).await.status, 200);
    assert_eq!(trial.diary.count("hold"), 0);
}

#[tokio::test]
async fn a_ledger_that_does_not_answer_refuses_whom_it_bounds_and_nobody_else() {
    let trial = paying(Pays::Prepaid, i64::MAX / 2).await;
    trial.wallets.down.store(true, Ordering::SeqCst);
    let reply = trial.send(&Call::kyc()).await;
    assert_eq!((reply.status, body(&reply)["code"].as_str()), (503, Some("store_unavailable")));
    trial.change(|data| data.terms.clear()).await;
    assert_eq!(trial.send(&Call::kyc()).await.status, 200);
}

#[tokio::test]
async fn b28_an_answer_that_comes_when_its_hold_may_be_given_up_is_not_recorded_and_does_not_leave() {
    let trial = paying(Pays::Prepaid, i64::MAX / 2).await;
    let until = AT.plus_seconds(limits::HOLD_MARGIN_S);
    assert_eq!(in_time(&trial.parts, Some(until)).map_err(|refusal| refusal.code), Ok(()));
    trial.clock.advance(1);
    assert_eq!(in_time(&trial.parts, Some(until)).map_err(|refusal| refusal.code), Err(Code::UpstreamTimeout));
    assert!(in_time(&trial.parts, None).is_ok());
}

#[tokio::test]
async fn b28_each_batch_puts_off_the_end_of_the_hold_and_none_follows_when_it_is_gone() {
    let trial = Trial::new().await;
    let agency = exchange::ids::AgencyId::parse("bisp").unwrap();
    let terms = Terms { agency, pays: Pays::Prepaid, instrument: "contract 7".to_owned() };
    trial.change(|data| data.terms.push(terms)).await;
    trial.wallets.pay_in("bisp", i64::MAX / 2);
    let household = json!([{ "id": "h-1", "members": [] }]);
    for next in ["c-1", "c-2"] {
        trial.upstream.answers(200, &json!({ "households": household, "next": next, "subjects": [] }));
    }
    let call = Call::json("/v1/nser/export", &json!({})).by("bisp", "standard-1");
    let call = call.with("ijazat-purpose", "NSER-201").with("ijazat-basis", "appr-board-1");
    let mut reply = trial.send(&call).await;
    assert_eq!(reply.status, 200, "{}", String::from_utf8_lossy(&reply.body));
    let until = trial.wallets.only().until;
    let rest = reply.rest.as_mut().unwrap();
    trial.clock.advance(7);
    rest.next().await.unwrap().unwrap();
    assert_eq!(trial.wallets.only().until, until.plus_seconds(7));
    trial.wallets.holds.lock().unwrap().clear();
    assert!(rest.next().await.unwrap().is_err());
    assert_eq!(trial.leaves().pop().unwrap().code.as_deref(), Some("balance_insufficient"));
}
