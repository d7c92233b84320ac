//! One key through the whole door, over fakes: once, again, too often, otherwise, at once, after a failure.

use std::sync::atomic::Ordering;

use exchange::{
    codes::Code,
    consent::ConsentUse,
    ports::{record_log::LogUnavailable, upstream::UpstreamError},
    record::leaf::Kind,
    statement,
};
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::phases::testing::{AT, CITIZEN, Call, LogFault, OTHER, TOKEN, Trial, certificate_of, read, waits};

fn keyed(call: Call) -> Call {
    call.with("idempotency-key", "9f0c-1")
}

async fn status(trial: &Trial, call: &Call) -> (u16, String) {
    let reply = trial.send(call).await;
    let (status, body, _) = read(&reply, "");
    (status, body["code"].as_str().unwrap_or_default().to_owned())
}

async fn granted(usage: ConsentUse) -> Trial {
    let trial = Trial::new().await;
    trial.tokens.grant(CITIZEN, usage);
    trial
}

#[tokio::test]
async fn a_read_is_repeated_three_times_uncharged_and_then_no_more() {
    let trial = granted(ConsentUse::OneTime).await;
    let first = trial.send(&keyed(Call::kyc())).await;
    let (code, body, receipt) = read(&first, "ijazat-receipt");
    assert_eq!(code, 200);
    assert_eq!(receipt, "\"ijazat.test/node-1/1\";rows=1;amount-milli-paisa=600000;rate=\"sample-2026-01\"");
    for place in [3, 5, 7] {
        let again = trial.send(&keyed(Call::kyc())).await;
        let (code, repeated, receipt) = read(&again, "ijazat-receipt");
        assert_eq!((code, &repeated), (200, &body));
        let expected = format!("\"ijazat.test/node-1/{place}\";rows=1;amount-milli-paisa=0;rate=\"none\";replay-of=1");
        assert_eq!(receipt, expected);
    }
    assert_eq!(status(&trial, &keyed(Call::kyc())).await, (422, "idempotency_spent".into()));
    assert_eq!(trial.upstream.seen().len(), 4, "the refused repetition was not asked");
    let kinds: Vec<_> = trial.leaves().iter().map(|leaf| leaf.kind).collect();
    let pair = [Kind::Intent, Kind::Replay];
    assert_eq!(kinds, [&[Kind::Intent, Kind::Outcome][..], &pair, &pair, &pair, &[Kind::Refused]].concat());
}

#[tokio::test]
async fn a_replay_is_recorded_whole_and_costs_nothing() {
    let trial = granted(ConsentUse::OneTime).await;
    trial.send(&keyed(Call::kyc())).await;
    trial.send(&keyed(Call::kyc())).await;
    let leaves = trial.leaves();
    let (first, replay) = (&leaves[1], &leaves[3]);
    assert_eq!((first.kind, first.amount), (Kind::Outcome, 600_000));
    assert_eq!((replay.kind, replay.amount, &replay.tariff, &replay.rate_version), (Kind::Replay, 0, &None, &None));
    assert_eq!((replay.rows, &replay.released), (first.rows, &first.released), "what left is told");
    assert_eq!((&replay.basis, replay.status, replay.bytes), (&first.basis, 200, first.bytes));
    assert!(statement::billed(replay).is_none() && statement::billed(first).is_some());
    assert!(trial.log.entries()[3].closes, "a replay may use the reserved room as an outcome does");
    let side = trial.side(3);
    assert!(side.decision_input.ends_with(&format!(" repeats={}@1", first.request)), "{}", side.decision_input);
    assert!(side.subjects[0].returned, "the citizen sees the second look too");
    assert!(!trial.side(1).decision_input.contains("repeats="));
}

#[tokio::test]
async fn a_one_time_token_is_used_once_however_often_the_answer_is_repeated() {
    let trial = granted(ConsentUse::OneTime).await;
    trial.send(&keyed(Call::kyc())).await;
    trial.send(&keyed(Call::kyc())).await;
    assert_eq!((trial.diary.count("consume"), trial.diary.count("restore")), (1, 0));
    assert_eq!(status(&trial, &Call::kyc()).await, (401, "token_invalid".into()), "without the key it is used up");
    let other_key = Call::kyc().with("idempotency-key", "another");
    assert_eq!(status(&trial, &other_key).await, (401, "token_invalid".into()));
}

#[tokio::test]
async fn a_repetition_that_fails_gives_back_nothing_that_the_first_used() {
    let trial = granted(ConsentUse::OneTime).await;
    trial.send(&keyed(Call::kyc())).await;
    trial.upstream.fails(UpstreamError::Timeout);
    assert_eq!(status(&trial, &keyed(Call::kyc())).await, (504, "upstream_timeout".into()));
    assert_eq!(trial.diary.count("restore"), 0, "the first request's token stays used");
    assert_eq!(trial.leaves().last().unwrap().kind, Kind::Outcome);
    assert_eq!(status(&trial, &keyed(Call::kyc())).await.0, 200, "and the key stays known");
    assert_eq!(trial.leaves().last().unwrap().kind, Kind::Replay);
}

#[tokio::test]
async fn what_was_revoked_meanwhile_is_not_repeated() {
    let trial = granted(ConsentUse::Standing).await;
    assert_eq!(status(&trial, &keyed(Call::kyc())).await.0, 200);
    trial.tokens.revoke();
    assert_eq!(status(&trial, &keyed(Call::kyc())).await, (401, "token_invalid".into()));
    let trial = granted(ConsentUse::Standing).await;
    assert_eq!(status(&trial, &keyed(Call::kyc())).await.0, 200);
    for datatype in trial.decider.asked().datatypes {
        trial.decider.withhold(datatype.as_str(), Code::AgreementRequired);
    }
    assert_eq!(status(&trial, &keyed(Call::kyc())).await, (403, "agreement_required".into()));
    assert_eq!(trial.diary.count("key count"), 0, "a refusal is no repetition");
}

#[tokio::test]
async fn ten_minutes_are_the_last_moment_of_a_read() {
    for (later, expected) in [(600, 200), (601, 422)] {
        let trial = Trial::new().await;
        assert_eq!(status(&trial, &keyed(Call::household())).await.0, 200);
        trial.clock.advance(later);
        assert_eq!(status(&trial, &keyed(Call::household())).await.0, expected, "{later}");
    }
}

#[tokio::test]
async fn a_day_later_the_key_is_new_for_whatever_body() {
    for (later, expected, charged) in [(86_399, 422, 1), (86_400, 200, 2)] {
        let trial = Trial::new().await;
        let person = |cnic: &str| Call { body: json!({"cnic": cnic}).to_string().into(), ..keyed(Call::household()) };
        assert_eq!(status(&trial, &person(CITIZEN)).await.0, 200);
        trial.clock.advance(later);
        assert_eq!(status(&trial, &person(OTHER)).await.0, expected, "{later}");
        assert_eq!(trial.leaves().iter().filter(|leaf| leaf.amount > 0).count(), charged);
    }
}

#[tokio::test]
async fn b25_whatever_makes_another_request_is_a_conflict() {
    let trial = granted(ConsentUse::Standing).await;
    assert_eq!(status(&trial, &keyed(Call::kyc())).await.0, 200);
    let check = async |name: &str, call: Call| {
        let (code, word) = status(&trial, &call).await;
        assert_eq!((code, word.as_str()), (422, "idempotency_conflict"), "{name}");
    };
    let body = |text: String| Call { body: text.into(), ..keyed(Call::kyc()) };
    check("another citizen", body(json!({"cnic": OTHER}).to_string())).await;
    check("the same said otherwise", body(format!("{{ \"cnic\":\"{CITIZEN}\"}}"))).await;
    check("fewer fields", body(json!({"cnic": CITIZEN, "fields": ["identity.name"]}).to_string())).await;
    check("another purpose", keyed(Call::kyc()).with("ijazat-purpose", "KYC-102")).await;
    let mut renewed = keyed(Call::kyc());
    renewed.certificate.as_mut().unwrap().thumbprint.0[0] ^= 1;
    check("another certificate", renewed).await;
    let other = format!("Bearer {TOKEN}x");
    check("another token", keyed(Call::kyc()).with("authorization", &other)).await;
    check("no token", keyed(Call::kyc()).without("authorization")).await;
    assert_eq!(trial.upstream.seen().len(), 1);
    let last = trial.leaves().pop().unwrap();
    assert_eq!((last.kind, last.code.as_deref()), (Kind::Refused, Some("idempotency_conflict")));
    assert_eq!(status(&trial, &keyed(Call::kyc())).await.0, 200, "the right one is still repeated");
}

#[tokio::test]
async fn a_key_belongs_to_agency_user_and_service() {
    let trial = Trial::with(|setup| {
        let mut second = setup.directory.users.iter().find(|user| user.id.as_str() == "standard-1").unwrap().clone();
        second.id = exchange::ids::UserId::parse("standard-2").unwrap();
        setup.directory.users.push(second);
    })
    .await;
    trial.tokens.grant(CITIZEN, ConsentUse::Standing);
    let outcomes = || trial.leaves().iter().filter(|leaf| leaf.kind == Kind::Outcome).count();
    let household = keyed(Call::household());
    let calls = [
        household.clone(),
        household.clone().by("bisp", "standard-2"),
        keyed(Call::kyc()),
        keyed(Call::get("/v1/self/whoami").by("bisp", "standard-1")),
        keyed(Call::get("/v1/self/whoami").by("bisp", "")),
        keyed(Call::get("/v1/self/whoami").by("bank-indus", "")),
    ];
    for (at, call) in calls.iter().enumerate() {
        assert_eq!(status(&trial, call).await.0, 200, "{at}");
        assert_eq!(outcomes(), at + 1, "{at}: another scope's key was taken for its own");
    }
    assert_eq!(trial.keys.known(), calls.len());
}

#[tokio::test]
async fn a_key_that_is_being_worked_on_is_told_to_wait() {
    let trial = Trial::new().await;
    let gate = trial.log.gate();
    let shut = gate.acquire().await.unwrap();
    let call = keyed(Call::household());
    let mut first = Box::pin(trial.send(&call));
    assert!(waits(&mut first));
    let mut second = Box::pin(trial.send(&call));
    assert!(waits(&mut second), "its refusal is recorded too");
    drop(shut);
    let (first, second) = tokio::join!(first, second);
    let (code, body, wait) = read(&second, "retry-after");
    assert_eq!((code, &body["code"], wait.as_str()), (409, &json!("idempotency_in_progress"), "1"));
    assert_eq!((first.status, trial.upstream.seen().len()), (200, 1));
}

#[tokio::test]
async fn b25_of_many_at_once_one_is_answered_and_charged() {
    let trial = Trial::new().await;
    let call = keyed(Call::household());
    let gate = trial.log.gate();
    let shut = gate.acquire().await.unwrap();
    let mut racing: Vec<_> = (0..20).map(|_| Box::pin(trial.send(&call))).collect();
    for one in &mut racing {
        assert!(waits(one));
    }
    drop(shut);
    let mut got: Vec<_> = futures_util::future::join_all(racing).await.iter().map(|reply| reply.status).collect();
    got.sort_unstable();
    assert_eq!(got, [&[200][..], &[409; 19]].concat());
    assert_eq!(trial.leaves().iter().filter(|leaf| leaf.amount > 0).count(), 1);
}

#[tokio::test]
async fn a_write_is_done_once_and_told_again_all_day() {
    let trial = Trial::new().await;
    let (code, body, _) = read(&trial.send(&keyed(Call::notice())).await, "");
    assert_eq!((code, &body["data"]["notice"]), (200, &json!("n-1")));
    trial.upstream.answers(200, &json!({"notice": "n-2", "status": "received"}));
    for (later, place) in [(0, 3), (1_000, 5), (40_000, 7), (40_000, 9), (1_000, 11)] {
        trial.clock.advance(later);
        let again = trial.send(&keyed(Call::notice())).await;
        let (code, repeated, receipt) = read(&again, "ijazat-receipt");
        assert_eq!((code, &repeated), (200, &body), "{later}");
        assert!(receipt.starts_with(&format!("\"ijazat.test/node-1/{place}\"")), "{receipt}");
        assert!(receipt.ends_with(";replay-of=1"), "{receipt}");
    }
    assert_eq!(trial.upstream.seen().len(), 1, "the notice was made once");
    assert_eq!(trial.leaves().last().unwrap().kind, Kind::Replay);
}

#[tokio::test]
async fn the_kept_answer_opens_only_to_the_client_s_own_key() {
    let trial = Trial::new().await;
    trial.send(&keyed(Call::notice())).await;
    let notes = trial.keys.notes();
    assert_eq!(notes.len(), 1);
    let holds = |text: &str| notes[0].windows(text.len()).any(|window| window == text.as_bytes());
    assert!(!holds("n-1") && !holds("received") && !holds(CITIZEN));
    let note: Note = minicbor::decode(&notes[0]).unwrap();
    let sealed = note.body.unwrap();
    let (agency, user, service) = ("hospital-mehran", "doctor-1", "vital.death-notice");
    let open = |key: &str| {
        let user = exchange::ids::UserId::parse(user).unwrap();
        let scope = IdempotencyScope {
            agency: &exchange::ids::AgencyId::parse(agency).unwrap(),
            user: Some(&user),
            service: &exchange::ids::ServiceId::parse(service).unwrap(),
            key,
        };
        let place = format!("{agency}/{user}/{service}/9f0c-1");
        SealingKey::new(&seal_key(scope)).unwrap().open(place.as_bytes(), &sealed)
    };
    assert!(String::from_utf8(open("9f0c-1").unwrap()).unwrap().contains("n-1"));
    assert!(open("9f0c-2").is_err());
}

#[tokio::test]
async fn of_a_read_no_answer_is_kept() {
    let trial = granted(ConsentUse::OneTime).await;
    trial.send(&keyed(Call::kyc())).await;
    let note: Note = minicbor::decode(&trial.keys.notes()[0]).unwrap();
    assert!(note.body.is_none());
    assert_eq!(note.rows, 1);
    let mut text = Vec::new();
    minicbor::encode(&note, &mut text).unwrap();
    for secret in ["Zarina", CITIZEN, TOKEN] {
        assert!(!text.windows(secret.len()).any(|window| window == secret.as_bytes()), "{secret}");
    }
}

#[tokio::test]
async fn less_is_not_told_again_than_may_be_released_now() {
    let trial = Trial::new().await;
    trial.send(&keyed(Call::notice())).await;
    trial.decider.withhold("vital.notice", Code::AgreementRequired);
    assert_eq!(status(&trial, &keyed(Call::notice())).await, (403, "agreement_required".into()));
}

#[tokio::test]
async fn a_key_is_free_again_when_nothing_was_done() {
    let check = async |name: &str, spoil: &dyn Fn(&Trial), expected: u16, call: Call| {
        let trial = granted(ConsentUse::OneTime).await;
        spoil(&trial);
        assert_eq!(status(&trial, &keyed(call.clone())).await.0, expected, "{name}");
        assert_eq!(trial.keys.known(), 0, "{name}: the key stayed taken");
        trial.tokens.losing.lock().unwrap().clear();
        assert_eq!(status(&trial, &keyed(call)).await.0, 200, "{name}: and now");
    };
    let fails = |error: UpstreamError| move |trial: &Trial| trial.upstream.fails(error.clone());
    let lose = |trial: &Trial| trial.tokens.lose("consume");
    check("another was quicker", &lose, 401, Call::kyc()).await;
    check("a read timed out", &fails(UpstreamError::Timeout), 504, Call::kyc()).await;
    check("a read was too large", &fails(UpstreamError::TooLarge), 502, Call::kyc()).await;
    let refused = |trial: &Trial| trial.upstream.answers(422, &json!({"code": "subject_not_verifiable"}));
    check("a read was refused behind", &refused, 422, Call::kyc()).await;
    check("a write was refused behind", &refused, 422, Call::notice()).await;
    check("a circuit is open", &fails(UpstreamError::CircuitOpen), 503, Call::notice()).await;
    let full = |kind| move |trial: &Trial| trial.log.fail(kind, LogFault::Submit(LogUnavailable::Full));
    check("no intent", &full(Kind::Intent), 503, Call::notice()).await;
    check("no outcome of a read", &full(Kind::Outcome), 503, Call::kyc()).await;
}

#[tokio::test]
async fn a_write_that_may_have_been_done_is_not_hastily_done_again() {
    let check = async |name: &str, spoil: &dyn Fn(&Trial), expected: u16| {
        let trial = Trial::new().await;
        spoil(&trial);
        assert_eq!(status(&trial, &keyed(Call::notice())).await.0, expected, "{name}");
        assert_eq!(status(&trial, &keyed(Call::notice())).await.0, 409, "{name}");
        trial.clock.advance(59);
        assert_eq!(status(&trial, &keyed(Call::notice())).await.0, 409, "{name}: a minute is not over");
        trial.clock.advance(1);
        assert_eq!(status(&trial, &keyed(Call::notice())).await.0, 200, "{name}: after a minute");
    };
    check("timeout", &|t| t.upstream.fails(UpstreamError::Timeout), 504).await;
    check("broken", &|t| t.upstream.fails(UpstreamError::Unreachable("gone".into())), 502).await;
    check("too long an answer", &|t| t.upstream.fails(UpstreamError::TooLarge), 502).await;
    check("an answer that may not leave", &|t| t.upstream.answers(200, &json!([])), 502).await;
    let lost = LogFault::Durable(LogUnavailable::Full);
    check("done, but not recorded", &move |t| t.log.fail(Kind::Outcome, lost.clone()), 503).await;
}

#[tokio::test]
async fn a_crash_between_record_and_note_holds_the_key_for_a_minute() {
    let trial = Trial::new().await;
    trial.keys.failing.lock().unwrap().insert("finish");
    assert_eq!(status(&trial, &keyed(Call::household())).await.0, 200, "what is recorded may leave");
    trial.keys.failing.lock().unwrap().clear();
    assert_eq!(status(&trial, &keyed(Call::household())).await, (409, "idempotency_in_progress".into()));
    let mut other = keyed(Call::household());
    other.body = json!({"cnic": OTHER}).to_string().into();
    trial.clock.advance(60);
    assert_eq!(status(&trial, &other).await.0, 422, "another body is never let in");
    assert_eq!(status(&trial, &keyed(Call::household())).await.0, 200);
}

#[tokio::test]
async fn b24_after_a_crash_behind_the_record_a_read_is_a_replay_and_a_write_is_not_done_again() {
    let crashed = async |call: Call| {
        let trial = Trial::new().await;
        trial.keys.failing.lock().unwrap().insert("finish");
        assert_eq!(status(&trial, &keyed(call)).await.0, 200);
        trial.keys.failing.lock().unwrap().clear();
        trial.keys.finish_recorded(1);
        trial
    };
    let read = crashed(Call::household()).await;
    assert_eq!(status(&read, &keyed(Call::household())).await.0, 200);
    assert_eq!(read.leaves().pop().map(|leaf| (leaf.kind, leaf.amount)), Some((Kind::Replay, 0)), "charged once");
    let write = crashed(Call::notice()).await;
    assert_eq!(status(&write, &keyed(Call::notice())).await, (422, "idempotency_spent".into()));
    assert_eq!(write.upstream.seen().len(), 1);
}

#[tokio::test]
async fn without_the_store_nothing_is_done() {
    for word in ["begin", "count"] {
        let trial = Trial::new().await;
        if word == "count" {
            assert_eq!(status(&trial, &keyed(Call::household())).await.0, 200);
        }
        let before = trial.upstream.seen().len();
        trial.keys.failing.lock().unwrap().insert(word);
        assert_eq!(status(&trial, &keyed(Call::household())).await, (503, "store_unavailable".into()), "{word}");
        assert_eq!(trial.upstream.seen().len(), before, "{word}");
        assert_eq!(status(&trial, &Call::household()).await.0, 200, "{word}: who sends no key needs no store");
    }
}

#[tokio::test]
async fn what_was_kept_and_is_damaged_is_not_guessed() {
    for call in [Call::household(), Call::notice()] {
        let trial = Trial::new().await;
        assert_eq!(status(&trial, &keyed(call.clone())).await.0, 200);
        trial.keys.damage();
        assert_eq!(status(&trial, &keyed(call)).await, (500, "internal".into()));
    }
}

#[tokio::test]
async fn a_dry_run_and_the_public_take_no_key() {
    let trial = Trial::new().await;
    let dry = keyed(Call::household()).with("ijazat-dry-run", "1");
    assert_eq!((status(&trial, &dry).await.0, trial.keys.known()), (200, 0));
    assert_eq!(status(&trial, &keyed(Call::household())).await.0, 200, "the dry run did not use it up");
    let public = keyed(Call::get("/v1/reports/persons-by-province")).publicly();
    for _ in 0..6 {
        assert_eq!(status(&trial, &public).await.0, 200);
    }
    assert_eq!(trial.keys.known(), 1);
}

#[tokio::test]
async fn a_refused_caller_reaches_no_key() {
    let trial = Trial::new().await;
    trial.revoked.0.lock().unwrap().insert(certificate_of("bisp").serial);
    assert_eq!(status(&trial, &keyed(Call::household())).await.0, 401);
    trial.citizens.down.store(true, Ordering::SeqCst);
    assert_eq!(trial.diary.count("key"), 0);
}

#[test]
fn a_key_is_short_and_visible() {
    let check = |value: &[u8], expected: Result<Option<&str>, Code>| {
        let headers = HeaderMap::from_iter([(HEADER.parse().unwrap(), http::HeaderValue::from_bytes(value).unwrap())]);
        assert_eq!(text(&headers).map_err(|refusal| refusal.code), expected, "{value:?}");
    };
    check(b"a", Ok(Some("a")));
    check(b"0f8fad5b-d9cb-469f-a165-70867728950e", Ok(Some("0f8fad5b-d9cb-469f-a165-70867728950e")));
    check(b"\"quoted\"", Ok(Some("\"quoted\"")));
    check("x".repeat(128).as_bytes(), Ok(Some("x".repeat(128).as_str())));
    for bad in [&b""[..], b" ", b"a b", b"a\tb", b"\xff", "کلید".as_bytes(), "x".repeat(129).as_bytes()] {
        check(bad, Err(Code::HeaderInvalid));
    }
    assert_eq!(text(&HeaderMap::new()), Ok(None));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_two_lists_of_parts_have_one_digest(a in parts(), b in parts()) {
        let of = |list: &[Vec<u8>]| digest(&list.iter().map(Vec::as_slice).collect::<Vec<_>>());
        prop_assert_eq!(of(&a) == of(&b), a == b);
    }

    #[test]
    fn a_note_reads_back_and_no_part_of_one_does(rows: u32, released in prop::collection::vec("[a-z.]{1,20}", 0..4)) {
        let note = Note { request: "r1".into(), shown: [7; 32].into(), released, rows, body: None };
        let mut bytes = Vec::new();
        minicbor::encode(&note, &mut bytes).unwrap();
        let read = First::read((4, AT), Some(&bytes)).unwrap();
        prop_assert_eq!((read.sequence, read.request.as_str()), (4, "r1"));
        prop_assert_eq!((&read.note.released, read.note.rows), (&note.released, rows));
        for end in 0..bytes.len() {
            prop_assert!(First::read((4, AT), bytes.get(..end)).is_none());
        }
    }
}

fn parts() -> impl Strategy<Value = Vec<Vec<u8>>> {
    // Short parts of few letters, so that equal joins of unequal lists come up.
    prop::collection::vec(prop::collection::vec(prop::sample::select(vec![b'a', b'b']), 0..3), 0..4)
}
