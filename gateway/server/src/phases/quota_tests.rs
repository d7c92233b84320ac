//! What a quota does not bear is not asked for; what is not used is free again; who is bound by none pays nothing.

use std::sync::atomic::Ordering;

use exchange::{
    consent::ConsentUse,
    ids::{AgencyId, QuotaId, UserId},
    ledger::{Level, Measure},
    place::Place,
    ports::{record_log::LogUnavailable, upstream::UpstreamError},
    programme::Period,
    record::leaf::Kind,
    tariff::Class,
};
use serde_json::{Value, json};

use super::*;
use crate::{
    door::Reply,
    phases::testing::{AT, CITIZEN, Call, LogFault, Trial},
};

fn body(reply: &Reply) -> Value {
    serde_json::from_slice(&reply.body).unwrap()
}

fn agency(name: &str) -> AgencyId {
    AgencyId::parse(name).unwrap()
}

fn quota(id: &str, level: Level, measure: Measure, most: i64) -> Quota {
    let id = QuotaId::parse(id).unwrap();
    let instrument = "contract 7".to_owned();
    Quota { id, level, measure, most, per: Period::Day, alerts: vec![80], instrument, ended: false }
}

/// The bank's teller, by name and by the place that a test gives them.
fn teller() -> Level {
    Level::User { agency: agency("bank-indus"), user: UserId::parse("teller-1").unwrap() }
}

fn place() -> Level {
    Level::Place { agency: agency("bank-indus"), place: Place::parse("Badin").unwrap() }
}

async fn bound_by(quotas: Vec<Quota>) -> Trial {
    let trial = Trial::new().await;
    trial
        .change(|data| {
            data.quotas = quotas;
            let teller = data.users.iter_mut().find(|user| user.id.as_str() == "teller-1").unwrap();
            teller.place = Place::parse("Badin").ok();
        })
        .await;
    trial.tokens.grant(CITIZEN, ConsentUse::OneTime);
    trial
}

/// The midnights around the trial's instant.
fn day() -> Window {
    Period::Day.around(AT).unwrap()
}

#[tokio::test]
async fn r141_what_a_quota_of_any_level_does_not_bear_is_refused_before_anything_is_asked() {
    for (level, word) in [
        (Level::Kind("Bank".into()), "kind"),
        (Level::Agency(agency("bank-indus")), "agency"),
        (place(), "place"),
        (teller(), "user"),
    ] {
        let trial = bound_by(vec![quota("q-7", level, Measure::Rows, 3)]).await;
        trial.quotas.use_up("q-7", day().from, 2);
        assert_eq!(trial.send(&Call::kyc()).await.status, 200, "{word}: exactly enough is enough");
        trial.tokens.grant(CITIZEN, ConsentUse::OneTime);
        let asked = trial.upstream.seen().len();
        let reply = trial.send(&Call::kyc()).await;
        let told = body(&reply);
        assert_eq!((reply.status, &told["code"]), (429, &json!("quota_exhausted")), "{word}");
        assert_eq!((&told["quota"], &told["level"]), (&json!("q-7"), &json!(word)));
        let wait = day().until.seconds() - AT.seconds();
        assert_eq!((&told["retry_after"], told["detail"].as_str().unwrap().contains("q-7")), (&json!(wait), true));
        assert_eq!(trial.upstream.seen().len(), asked, "{word}: nothing is asked");
        assert_eq!(trial.diary.count("consume"), 1, "{word}: the second consent is not used up");
        let leaf = trial.leaves().pop().unwrap();
        assert_eq!((leaf.kind, leaf.code.as_deref()), (Kind::Refused, Some("quota_exhausted")));
    }
}

#[tokio::test]
async fn what_bounds_others_bounds_nobody_else_and_costs_nothing() {
    let elsewhere = Level::User { agency: agency("telco-sarhad"), user: UserId::parse("teller-1").unwrap() };
    let other_place = Level::Place { agency: agency("bank-indus"), place: Place::parse("Thatta").unwrap() };
    let levels = [Level::Kind("Telco".into()), Level::Agency(agency("telco-sarhad")), other_place, elsewhere];
    let all = levels.into_iter().enumerate().map(|(n, level)| quota(&format!("q{n}"), level, Measure::Calls, 1));
    let ended = Quota { ended: true, ..quota("q9", teller(), Measure::Calls, 1) };
    let trial = bound_by(all.chain([ended]).collect()).await;
    trial.quotas.down.store(true, Ordering::SeqCst);
    for _ in 0..2 {
        trial.tokens.grant(CITIZEN, ConsentUse::OneTime);
        assert_eq!(trial.send(&Call::kyc()).await.status, 200);
    }
    assert_eq!(trial.diary.count("quotas asked"), 0, "the store of quotas is not asked");
}

#[tokio::test]
async fn what_is_free_is_only_asked_about_or_is_asked_by_others_counts_nothing() {
    let trial = bound_by(vec![quota("q", Level::Agency(agency("bank-indus")), Measure::Calls, 1)]).await;
    trial.quotas.use_up("q", day().from, 1);
    assert_eq!(trial.send(&Call::get("/v1/self/whoami").by("bank-indus", "")).await.status, 200);
    assert_eq!(trial.send(&Call::kyc().with("ijazat-dry-run", "1")).await.status, 200);
    assert_eq!(trial.diary.count("quotas asked"), 0);
    assert_eq!(trial.send(&Call::kyc()).await.status, 429);
}

#[tokio::test]
async fn each_measure_is_taken_before_the_question_and_lowered_to_what_the_answer_used() {
    let all = Measure::ALL.map(|measure| quota(measure.as_str(), teller(), measure, 100_000_000));
    let trial = bound_by(all.to_vec()).await;
    trial.upstream.answers(200, &json!({ "verified": false }));
    let call = Call::json("/v1/identity/yes-no", &json!({ "cnic": CITIZEN, "name": "A" }));
    let reply = trial.send(&call.by("bank-indus", "teller-1").with("ijazat-purpose", "KYC-101")).await;
    assert_eq!(reply.status, 200, "{}", String::from_utf8_lossy(&reply.body));
    let diary = trial.diary.all();
    let at = |what: &str| diary.iter().position(|note| note.starts_with(what)).unwrap_or_else(|| panic!("{diary:?}"));
    let order = ["take", "submit intent", "call /v1/identity/yes-no", "durable outcome", "use "];
    assert!(order.map(at).is_sorted(), "{diary:?}");
    let leaf = trial.leaves().pop().unwrap();
    assert!(leaf.amount > 0);
    let held = Measure::ALL.map(|measure| trial.quotas.held(measure)[0]);
    assert_eq!(held, [i64::from(leaf.rows), 1, leaf.amount], "as the leaf says, until it is posted");
    let take = trial.quotas.only();
    assert_eq!((take.node.as_str(), take.wants[0].begins_at), ("node-1", day().from));
    assert!(take.until > AT.plus_seconds(limits::HOLD_S), "beyond the service's own time");
}

#[tokio::test]
async fn what_is_given_counts_by_its_rated_value() {
    let trial = bound_by(vec![quota("gifts", teller(), Measure::MilliPaisa, 1)]).await;
    let gift = exchange::tariff::Gratis {
        id: exchange::ids::GratisId::parse("gift-1").unwrap(),
        agency: agency("bank-indus"),
        services: vec![exchange::ids::ServiceId::parse("identity.kyc").unwrap()],
        reason: exchange::tariff::GratisReason::BispOperations,
        instrument: "order 9".to_owned(),
        forum: exchange::classification::Forum::SecretaryBisp,
        valid_from: AT.plus_seconds(-9),
        valid_until: AT.plus_seconds(9),
        ended_at: None,
    };
    trial.change(|data| data.gratis.push(gift)).await;
    let reply = trial.send(&Call::kyc()).await;
    let told = body(&reply);
    assert_eq!((reply.status, told.get("retry_after")), (429, None), "waiting does not help");
    assert!(told["detail"].as_str().unwrap().contains("gives less"), "{told}");
    trial.change(|data| data.quotas[0].most = 1_000_000_000).await;
    assert_eq!(trial.send(&Call::kyc()).await.status, 200);
    let leaf = trial.leaves().pop().unwrap();
    assert!(leaf.class.is_some_and(Class::is_gratis) && leaf.amount > 0);
    assert_eq!(trial.quotas.held(Measure::MilliPaisa), [leaf.amount]);
}

#[tokio::test]
async fn whatever_ends_a_request_without_an_answer_gives_back_what_it_took() {
    for fails in ["upstream", "token", "log"] {
        let trial = bound_by(vec![quota("q", teller(), Measure::Rows, 1)]).await;
        match fails {
            "upstream" => trial.upstream.fails(UpstreamError::Timeout),
            "token" => trial.tokens.lose("consume"),
            _ => trial.log.fail(Kind::Outcome, LogFault::Submit(LogUnavailable::Full)),
        }
        assert_ne!(trial.send(&Call::kyc()).await.status, 200, "{fails}");
        assert_eq!(trial.diary.count("take"), 1, "{fails}");
        assert!(trial.quotas.takes.lock().unwrap().is_empty(), "{fails}");
    }
}

#[tokio::test]
async fn a_store_that_does_not_answer_refuses_whom_a_quota_bounds() {
    let trial = bound_by(vec![quota("q", teller(), Measure::Rows, 9)]).await;
    trial.quotas.down.store(true, Ordering::SeqCst);
    let reply = trial.send(&Call::kyc()).await;
    assert_eq!((reply.status, &body(&reply)["code"]), (503, &json!("store_unavailable")));
    assert!(trial.upstream.seen().is_empty());
}

#[tokio::test]
async fn each_batch_puts_off_the_end_of_what_is_held_and_none_follows_when_it_is_gone() {
    let trial = bound_by(vec![quota("q", Level::Agency(agency("bisp")), Measure::Rows, i64::MAX)]).await;
    let household = json!([{ "id": "h-1", "members": [] }]);
    for next in ["c-1", "c-2"] {
        trial.upstream.answers(200, &json!({ "households": household, "next": next, "subjects": [] }));
    }
    let call = Call::json("/v1/nser/export", &json!({})).by("bisp", "standard-1");
    let call = call.with("ijazat-purpose", "NSER-201").with("ijazat-basis", "appr-board-1");
    let mut reply = trial.send(&call).await;
    assert_eq!(reply.status, 200, "{}", String::from_utf8_lossy(&reply.body));
    let until = trial.quotas.only().until;
    let rest = reply.rest.as_mut().unwrap();
    trial.clock.advance(7);
    rest.next().await.unwrap().unwrap();
    assert_eq!(trial.quotas.only().until, until.plus_seconds(7));
    trial.quotas.takes.lock().unwrap().clear();
    assert!(rest.next().await.unwrap().is_err());
    assert_eq!(trial.leaves().pop().unwrap().code.as_deref(), Some("quota_exhausted"));
}

#[test]
fn who_waits_as_long_as_told_finds_the_next_period() {
    let day = day();
    let check = |now: Timestamp, expected| assert_eq!(wait_s(day, now), expected, "{now:?}");
    check(day.from, 86_400);
    check(Timestamp::from_micros(day.until.micros() - 1), 1);
    check(Timestamp::from_micros(day.until.micros() - 1_000_001), 2);
    check(day.until.plus_seconds(5), 1);
    check(Timestamp::from_micros(i64::MIN), 31 * 86_400);
}
