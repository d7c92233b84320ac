//! Phase 5 alone: what is used up, in which order, and what is given back when the next step fails.

use std::sync::Arc;

use exchange::{
    classification::Classification,
    consent::{
        ConsentUse,
        frequency::{Bounds, DataLife, Frequency, Unit},
    },
    directory::Programme,
    ports::record_log::LogUnavailable,
    programme::{Cadence, Period},
    timestamp::Timestamp,
};

use super::*;
use crate::phases::testing::{AT, CITIZEN, Call, LogFault, Trial};

async fn granted(usage: ConsentUse) -> Trial {
    let trial = Trial::new().await;
    trial.tokens.grant(CITIZEN, usage);
    trial
}

async fn reserved(trial: &Trial, call: &Call) -> Result<Reserved, Refusal> {
    let (routed, authorised, trail) = trial.authorised(call).await.unwrap();
    reserve(&trial.parts, &routed, &authorised, &trail).await
}

/// A bank's question that rests on a token and, as if its data were Secret, on an approval.
async fn both(trial: &Trial) -> Result<Reserved, Refusal> {
    let (routed, mut authorised, trail) = trial.authorised(&Call::kyc()).await.unwrap();
    authorised.secret = true;
    let directory = trial.parts.directory.any();
    authorised.approval = directory.approval("appr-board-1").cloned();
    reserve(&trial.parts, &routed, &authorised, &trail).await
}

#[tokio::test]
async fn token_then_approval_then_intent() {
    let trial = granted(ConsentUse::OneTime).await;
    let reserved = both(&trial).await.unwrap();
    let expected = ["find", "consume", "approval appr-board-1", "use_approval", "submit intent", "durable intent"];
    assert_eq!(trial.diary.all(), expected);
    assert_eq!(reserved.intent.unwrap().sequence, 0, "Secret waits for its intent");
}

#[tokio::test]
async fn who_comes_second_is_refused_and_what_was_taken_before_is_given_back() {
    let check = async |losing: &'static str, expected: Code, restored: (usize, usize)| {
        let trial = granted(ConsentUse::OneTime).await;
        trial.tokens.lose(losing);
        assert_eq!(both(&trial).await.unwrap_err().code, expected, "{losing}");
        let given_back = (trial.diary.count("restore"), trial.diary.count("restore_approval"));
        assert_eq!(given_back, restored, "{losing}");
        assert!(trial.leaves().is_empty(), "{losing}: an intent was recorded for nothing");
    };
    check("consume", Code::TokenInvalid, (0, 0)).await;
    check("use_approval", Code::BasisUnknown, (1, 0)).await;
}

#[tokio::test]
async fn a_store_that_fails_uses_up_nothing_more() {
    let check = async |failing: &'static str, restored: usize, asked: usize| {
        let trial = granted(ConsentUse::OneTime).await;
        trial.tokens.fail(failing);
        let refusal = both(&trial).await.unwrap_err();
        assert_eq!((refusal.code, refusal.retry_after_s), (Code::StoreUnavailable, Some(1)), "{failing}");
        assert_eq!(trial.diary.count("restore"), restored, "{failing}");
        assert_eq!(trial.diary.count("use_approval"), asked, "{failing}");
    };
    check("consume", 0, 0).await;
    check("use_approval", 1, 1).await;
}

#[tokio::test]
async fn without_an_intent_everything_is_given_back() {
    let faults = [
        LogFault::Submit(LogUnavailable::Full),
        LogFault::Submit(LogUnavailable::Behind),
        LogFault::Durable(LogUnavailable::Failed("disk".into())),
    ];
    for fault in faults {
        let trial = granted(ConsentUse::OneTime).await;
        trial.log.fail(Kind::Intent, fault.clone());
        assert_eq!(both(&trial).await.unwrap_err().code, Code::LogUnavailable, "{fault:?}");
        let diary = trial.diary.all();
        let back: Vec<_> = diary.iter().filter(|note| note.starts_with("restore")).collect();
        assert_eq!(back, ["restore", "restore_approval"], "{fault:?}");
    }
    let trial = granted(ConsentUse::OneTime).await;
    trial.citizens.down.store(true, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(both(&trial).await.unwrap_err().code, Code::StoreUnavailable);
    assert_eq!(trial.diary.count("restore"), 2);
}

#[tokio::test]
async fn what_cannot_be_given_back_hides_no_refusal_and_stops_nothing() {
    let trial = granted(ConsentUse::OneTime).await;
    trial.tokens.fail("restore");
    trial.log.fail(Kind::Intent, LogFault::Submit(LogUnavailable::Full));
    assert_eq!(both(&trial).await.unwrap_err().code, Code::LogUnavailable);
    assert_eq!(trial.diary.count("restore_approval"), 1, "the approval is given back although the token is not");
}

#[tokio::test]
async fn a_standing_consent_is_not_used_up() {
    let trial = granted(ConsentUse::Standing).await;
    for _ in 0..3 {
        reserved(&trial, &Call::kyc()).await.unwrap();
    }
    assert_eq!(trial.diary.count("consume"), 3, "each use is asked, so that a revoked one ends");
    trial.tokens.revoke();
    let (routed, authorised, trail) = {
        let trial = granted(ConsentUse::Standing).await;
        trial.authorised(&Call::kyc()).await.unwrap()
    };
    let late = reserve(&trial.parts, &routed, &authorised, &trail).await;
    assert_eq!(late.unwrap_err().code, Code::TokenInvalid, "revoked between the decision and its use");
}

#[tokio::test]
async fn of_two_decided_requests_one_gets_the_token() {
    let trial = granted(ConsentUse::OneTime).await;
    let first = trial.authorised(&Call::kyc()).await.unwrap();
    let second = trial.authorised(&Call::kyc()).await.unwrap();
    assert!(reserve(&trial.parts, &first.0, &first.1, &first.2).await.is_ok());
    let late = reserve(&trial.parts, &second.0, &second.1, &second.2).await;
    assert_eq!(late.unwrap_err().code, Code::TokenInvalid);
}

#[tokio::test]
async fn a_request_that_rests_on_nothing_uses_up_nothing() {
    let trial = Trial::new().await;
    reserved(&trial, &Call::household()).await.unwrap();
    assert_eq!(trial.diary.all(), ["submit intent"]);
}

#[tokio::test]
async fn who_waits_for_the_intent_is_who_writes_or_reads_secrets() {
    let check = async |call: Call, secret: bool, waits: bool| {
        let trial = Trial::new().await;
        let (routed, mut authorised, trail) = trial.authorised(&call).await.unwrap();
        authorised.secret = secret;
        let reserved = reserve(&trial.parts, &routed, &authorised, &trail).await.unwrap();
        assert_eq!(reserved.intent.is_some(), waits, "{} {secret}", call.target);
        assert_eq!(trial.diary.count("durable"), usize::from(waits));
    };
    check(Call::household(), false, false).await;
    check(Call::household(), true, true).await;
    check(Call::notice(), false, true).await;
}

#[tokio::test]
async fn giving_back_twice_or_nothing_is_harmless() {
    let trial = granted(ConsentUse::OneTime).await;
    let (routed, authorised, trail) = trial.authorised(&Call::kyc()).await.unwrap();
    let reserved = reserve(&trial.parts, &routed, &authorised, &trail).await.unwrap();
    give_back(&trial.parts, &Reserved::default(), &trail.request).await;
    assert_eq!(trial.diary.count("restore"), 0);
    for _ in 0..2 {
        give_back(&trial.parts, &reserved, &trail.request).await;
    }
    assert!(reserve(&trial.parts, &routed, &authorised, &trail).await.is_ok(), "the token holds again, once");
    assert!(reserve(&trial.parts, &routed, &authorised, &trail).await.is_err());
}

#[tokio::test]
async fn the_intent_tells_the_decision_and_no_price() {
    let trial = Trial::with(|setup| {
        let lower = |datatype: &mut exchange::catalogue::Datatype| datatype.class = Classification::Confidential;
        setup.datatypes.iter_mut().for_each(lower);
    })
    .await;
    trial.decider.withhold("nser.contact", Code::PolicyDenied);
    reserved(&trial, &Call::household()).await.unwrap();
    let leaf = trial.leaves().remove(0);
    assert_eq!((leaf.kind, leaf.status, leaf.rows, leaf.bytes, leaf.amount), (Kind::Intent, 0, 0, 0, 0));
    assert_eq!((leaf.withheld.len(), leaf.withheld[0].datatype.as_str()), (1, "nser.contact"));
    assert!(leaf.released.is_empty(), "an intent released nothing");
    assert_eq!((leaf.at, leaf.agreement.as_deref()), (trial.parts.clock.now().micros(), Some("agr-bisp-1@1")));
}

/// BISP's list of households under a programme that may be used three times a week.
async fn weekly(trial: &Trial) -> Result<Reserved, Refusal> {
    let (routed, mut authorised, trail) = trial.authorised(&Call::household()).await.unwrap();
    let programme = trial.parts.directory.any().programme("prog-kafalat").cloned().unwrap();
    let cadence = Some(Cadence { times: 3, every: Period::Week });
    authorised.programme = Some(Arc::new(Programme { cadence, ..Programme::clone(&programme) }));
    reserve(&trial.parts, &routed, &authorised, &trail).await
}

#[tokio::test]
async fn a_programme_with_a_cadence_is_counted_in_its_week_and_refused_until_the_next() {
    let trial = Trial::new().await;
    let reserved = weekly(&trial).await.unwrap();
    // The trial's instant is a Sunday in Pakistan.
    assert_eq!(
        trial.diary.count("programme prog-kafalat 3 from 2026-11-16T00:00:00+05:00"),
        1,
        "{:?}",
        trial.diary.all()
    );
    give_back(&trial.parts, &reserved, &trial.authorised(&Call::household()).await.unwrap().2.request).await;
    assert_eq!(trial.diary.count("restore_programme"), 1);
    let trial = Trial::new().await;
    trial.tokens.lose("use_programme");
    let refusal = weekly(&trial).await.unwrap_err();
    let until = Timestamp::parse_rfc3339("2026-11-23T00:00:00+05:00").unwrap();
    let wait_s = u32::try_from(until.seconds() - AT.seconds()).unwrap();
    assert_eq!((refusal.code, refusal.retry_after_s), (Code::ProgrammeSpent, Some(wait_s)));
    assert!(trial.leaves().is_empty(), "an intent was recorded for nothing");
    let trial = Trial::new().await;
    trial.tokens.fail("use_programme");
    assert_eq!(weekly(&trial).await.unwrap_err().code, Code::StoreUnavailable);
    let trial = Trial::new().await;
    let (routed, authorised, trail) = trial.authorised(&Call::household()).await.unwrap();
    reserve(&trial.parts, &routed, &authorised, &trail).await.unwrap();
    assert_eq!(trial.diary.count("use_programme"), 0, "without a cadence nothing is counted");
}

fn daily() -> Bounds {
    Bounds { frequency: Some(Frequency { unit: Unit::Day, value: 1 }), ..Bounds::default() }
}

#[tokio::test]
async fn c31_a_bounded_consent_is_counted_in_its_day_and_given_back_when_nothing_leaves() {
    let trial = granted(ConsentUse::Standing).await;
    trial.tokens.bound(Bounds { uses: Some(9), ..daily() });
    let reserved = reserved(&trial, &Call::kyc()).await.unwrap();
    let noted = "consent cns-1 Some(1) Some(9) from 2026-11-22T00:00:00+05:00";
    assert_eq!(trial.diary.count(noted), 1, "{:?}", trial.diary.all());
    give_back(&trial.parts, &reserved, &trial.authorised(&Call::kyc()).await.unwrap().2.request).await;
    assert_eq!(trial.diary.count("restore_consent"), 1);
    let trial = granted(ConsentUse::Standing).await;
    self::reserved(&trial, &Call::kyc()).await.unwrap();
    assert_eq!(trial.diary.count("use_consent"), 0, "without a bound nothing is counted");
}

#[tokio::test]
async fn c31_what_a_bounded_consent_has_no_use_left_for_is_refused_until_the_next_day() {
    let trial = granted(ConsentUse::Standing).await;
    trial.tokens.bound(daily());
    trial.tokens.lose("use_consent");
    let refusal = reserved(&trial, &Call::kyc()).await.unwrap_err();
    let next = Timestamp::parse_rfc3339("2026-11-23T00:00:00+05:00").unwrap();
    let wait_s = u32::try_from(next.seconds() - AT.seconds()).unwrap();
    assert_eq!((refusal.code, refusal.retry_after_s), (Code::FrequencyExceeded, Some(wait_s)));
    assert_eq!(refusal.members, [("available_at", serde_json::json!(next.rfc3339()))]);
    assert_eq!(trial.diary.count("restore_consent"), 0, "nothing was used");
    assert!(trial.leaves().is_empty(), "an intent was recorded for nothing");
    let check = async |set: &dyn Fn(&Trial), expected: Code| {
        let trial = granted(ConsentUse::Standing).await;
        trial.tokens.bound(daily());
        set(&trial);
        assert_eq!(reserved(&trial, &Call::kyc()).await.unwrap_err().code, expected);
    };
    check(&|trial| trial.tokens.lose("consent_left"), Code::TokenInvalid).await;
    check(&|trial| trial.tokens.fail("use_consent"), Code::StoreUnavailable).await;
}

#[tokio::test]
async fn c31_an_answer_says_until_when_it_may_be_kept() {
    let trial = granted(ConsentUse::OneTime).await;
    let data_life = Some(DataLife { unit: Unit::Day, value: 30 });
    trial.tokens.bound(Bounds { data_life, ..Bounds::default() });
    let (_, _, trail) = trial.authorised(&Call::kyc()).await.unwrap();
    let by = trail.at.plus_seconds(30 * 86_400);
    assert_eq!(trail.erase_by, Some(by));
    assert!(trail.decision_input.ends_with(&format!(" erase_by={}", by.rfc3339())), "{}", trail.decision_input);
    assert_eq!(Trial::new().await.authorised(&Call::household()).await.unwrap().2.erase_by, None);
}
