//! The order of the door, told by the diary of its ports: nothing is asked before its intent, nothing leaves before its
//! record, and what was used up is given back wherever nothing left.

use exchange::{
    codes::Code,
    consent::ConsentUse,
    ports::{record_log::LogUnavailable, upstream::UpstreamError},
    record::{leaf::Kind, side::commit},
};
use serde_json::json;

use super::*;
use crate::phases::testing::{BodyOf, CITIZEN, Call, LogFault, OTHER, Trial, cnic, read, waits};

/// BISP's question about Secret data, under the Board's approval, not signed by the user.
fn secret() -> Call {
    Call::json("/v1/nser/household", &json!({"cnic": CITIZEN, "fields": ["nser.location"]}))
        .by("bisp", "power-1")
        .with("ijazat-purpose", "NSER-201")
        .with("ijazat-basis", "prog-kafalat, appr-board-1")
}

async fn granted() -> Trial {
    let trial = Trial::new().await;
    trial.tokens.grant(CITIZEN, ConsentUse::OneTime);
    trial
}

fn ordered(trial: &Trial, steps: &[&str]) {
    let diary = trial.diary.all();
    let mut from = 0;
    for step in steps {
        let found = diary[from..].iter().position(|note| note.starts_with(step));
        from += found.unwrap_or_else(|| panic!("`{step}` is not where it should be: {diary:?}")) + 1;
    }
}

#[tokio::test]
async fn a_read_is_decided_used_up_intended_asked_recorded_in_this_order() {
    let trial = granted().await;
    assert_eq!(trial.send(&Call::kyc()).await.status, 200);
    ordered(
        &trial,
        &["find", "consume", "submit intent", "call /v1/identity/kyc", "submit outcome", "durable outcome"],
    );
    assert_eq!(trial.diary.count("durable intent"), 0, "a read does not wait for its intent");
    assert_eq!(trial.diary.count("key"), 0, "who sends no key touches no keys");
}

#[tokio::test]
async fn an_answered_request_is_measured_once_in_each_phase() {
    let trial = granted().await;
    assert_eq!(trial.send(&Call::kyc()).await.status, 200);
    let text = trial.parts.metrics.render().unwrap();
    for phase in crate::observe::metrics::PHASES {
        let line = format!("ijazat_phase_seconds_count{{phase=\"{phase}\"}} 1\n");
        assert!(text.contains(&line), "{phase} is not measured");
    }
}

#[tokio::test]
async fn a_write_is_asked_only_when_its_intent_is_durable() {
    let trial = Trial::new().await;
    let gate = trial.log.gate();
    let shut = gate.acquire().await.unwrap();
    let call = Call::notice();
    let mut sending = Box::pin(trial.send(&call));
    assert!(waits(&mut sending));
    assert_eq!((trial.diary.count("submit intent"), trial.upstream.seen().len()), (1, 0));
    drop(shut);
    assert_eq!(sending.await.status, 200);
    ordered(&trial, &["submit intent", "durable intent", "call /v1/vital", "submit outcome", "durable outcome"]);
    let leaves = trial.leaves();
    assert_eq!((leaves[1].kind, leaves[1].intent), (Kind::Outcome, Some(0)), "the outcome names its intent");
}

#[tokio::test]
async fn no_byte_of_an_answer_leaves_before_its_outcome_is_durable() {
    let trial = granted().await;
    let gate = trial.log.gate();
    let shut = gate.acquire().await.unwrap();
    let call = Call::kyc();
    let mut sending = Box::pin(trial.send(&call));
    for _ in 0..5 {
        assert!(waits(&mut sending), "the reply came before its record");
    }
    assert_eq!((trial.upstream.seen().len(), trial.diary.count("submit outcome")), (1, 1));
    drop(shut);
    let reply = sending.await;
    assert_eq!(reply.status, 200);
    let (side, leaf) = (trial.side(1), trial.leaves().pop().unwrap());
    let committed = commit("response", &side.openings.response.unwrap(), &reply.body);
    assert_eq!(leaf.commitments.response, Some(committed.into()), "the record is of the very bytes");
    assert_eq!(leaf.bytes, reply.body.len() as u64);
}

#[tokio::test]
async fn no_refusal_leaves_before_its_record_either() {
    let trial = Trial::new().await;
    let gate = trial.log.gate();
    let shut = gate.acquire().await.unwrap();
    let call = Call::get("/v1/nothing").by("bank-indus", "");
    let mut sending = Box::pin(trial.send(&call));
    assert!(waits(&mut sending));
    drop(shut);
    assert_eq!(sending.await.status, 404);
    assert_eq!(trial.diary.all(), ["submit refused", "durable refused"]);
}

#[tokio::test]
async fn a_log_that_fails_at_either_record_gives_503_and_no_data() {
    let errors = [
        LogUnavailable::Full,
        LogUnavailable::Behind,
        LogUnavailable::Failed("input/output error".into()),
        LogUnavailable::TooLarge,
    ];
    for error in errors {
        for (kind, asked) in [(Kind::Intent, 0), (Kind::Outcome, 1)] {
            for fault in [LogFault::Submit(error.clone()), LogFault::Durable(error.clone())] {
                let trial = Trial::new().await;
                trial.log.fail(kind, fault.clone());
                let reply = trial.send(&Call::notice()).await;
                let (status, body, wait) = read(&reply, "retry-after");
                let name = format!("{kind:?} {fault:?}");
                assert_eq!((status, &body["code"], wait.as_str()), (503, &json!("log_unavailable"), "5"), "{name}");
                assert!(body.get("data").is_none(), "{name}");
                assert_eq!(trial.upstream.seen().len(), asked, "{name}");
                assert!(reply.headers.iter().all(|(name, _)| name != "ijazat-receipt"), "{name}");
                let text = String::from_utf8_lossy(&reply.body);
                assert!(!text.contains("input/output"), "what the disk said is not the client's to read");
            }
        }
    }
}

#[tokio::test]
async fn a_refusal_that_cannot_be_recorded_says_only_that() {
    let trial = Trial::new().await;
    trial.log.fail(Kind::Refused, LogFault::Submit(LogUnavailable::Full));
    let (status, body, _) = read(&trial.send(&Call::get("/v1/nothing").by("bank-indus", "")).await, "");
    assert_eq!((status, &body["code"]), (503, &json!("log_unavailable")));
    assert!(trial.leaves().is_empty());
}

#[tokio::test]
async fn what_released_nothing_is_given_back() {
    let check = async |name: &str, spoil: &dyn Fn(&Trial), restored: usize| {
        let trial = granted().await;
        spoil(&trial);
        assert!(trial.send(&Call::kyc()).await.status >= 400, "{name}");
        assert_eq!((trial.diary.count("restore"), trial.diary.count("consume")), (restored, 1), "{name}");
        trial.tokens.losing.lock().unwrap().clear();
        assert_eq!(trial.send(&Call::kyc()).await.status, 200, "{name}: the token holds again");
    };
    let fault = |kind, fault: LogFault| move |trial: &Trial| trial.log.fail(kind, fault.clone());
    let full = LogUnavailable::Full;
    check("intent not taken", &fault(Kind::Intent, LogFault::Submit(full.clone())), 1).await;
    check("outcome not taken", &fault(Kind::Outcome, LogFault::Submit(full.clone())), 1).await;
    check("outcome not durable", &fault(Kind::Outcome, LogFault::Durable(full)), 1).await;
    check("no answer", &|trial: &Trial| trial.upstream.fails(UpstreamError::Timeout), 1).await;
    check("another's answer", &|trial: &Trial| trial.upstream.answers(200, &json!({"cnic": OTHER})), 1).await;
    check("no JSON object", &|trial: &Trial| trial.upstream.answers(200, &json!([1])), 1).await;
    check("refused behind", &|trial: &Trial| trial.upstream.answers(422, &json!({})), 1).await;
    check("another was quicker", &|trial: &Trial| trial.tokens.lose("consume"), 0).await;
}

#[tokio::test]
async fn an_answer_that_left_gives_nothing_back() {
    let trial = granted().await;
    assert_eq!(trial.send(&Call::kyc()).await.status, 200);
    assert_eq!((trial.diary.count("consume"), trial.diary.count("restore")), (1, 0));
}

#[tokio::test]
async fn a_failure_after_the_intent_closes_it_with_its_own_code() {
    let trial = Trial::new().await;
    trial.upstream.fails(UpstreamError::Timeout);
    assert_eq!(trial.send(&Call::notice()).await.status, 504);
    let leaves = trial.leaves();
    let kinds: Vec<_> = leaves.iter().map(|leaf| (leaf.kind, leaf.code.as_deref(), leaf.intent)).collect();
    assert_eq!(kinds, [(Kind::Intent, None, None), (Kind::Outcome, Some("upstream_timeout"), Some(0))]);
    let failed = &leaves[1];
    assert_eq!((failed.status, failed.rows, failed.amount, failed.released.len()), (504, 0, 0, 0));
    assert!(failed.rate_version.is_none() && failed.tariff.is_none());
}

#[tokio::test]
async fn a_refusal_before_the_intent_has_no_intent() {
    let trial = Trial::new().await;
    let call = Call::household().with("ijazat-purpose", "NOT-1");
    assert_eq!(trial.send(&call).await.status, Code::PurposeUnknown.status());
    let leaves = trial.leaves();
    assert_eq!(leaves.len(), 1);
    assert_eq!((leaves[0].kind, leaves[0].code.as_deref()), (Kind::Refused, Some("purpose_unknown")));
    assert_eq!(leaves[0].service.as_deref(), Some("nser.household@1"), "what was known by then");
    assert!(trial.upstream.seen().is_empty());
}

#[tokio::test]
async fn while_citizens_keys_do_not_answer_a_refusal_is_recorded_without_the_citizen() {
    let trial = Trial::new().await;
    trial.decider.withhold("vital.notice", Code::PolicyDenied);
    trial.citizens.down.store(true, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(trial.send(&Call::notice()).await.status, 403);
    let (leaf, side) = (trial.leaves().pop().unwrap(), trial.side(0));
    assert_eq!((leaf.code.as_deref(), leaf.agency.as_deref()), (Some("policy_denied"), Some("hospital-mehran")));
    assert!(side.subjects.is_empty() && side.parameters.is_empty() && leaf.commitments.subjects.is_none());
    assert_eq!(side.user.as_deref(), Some("doctor-1"));
}

#[tokio::test]
async fn without_citizens_keys_nothing_about_a_citizen_is_answered() {
    let trial = Trial::new().await;
    trial.citizens.down.store(true, std::sync::atomic::Ordering::SeqCst);
    let (status, body, wait) = read(&trial.send(&Call::household()).await, "retry-after");
    assert_eq!((status, &body["code"], wait.as_str()), (503, &json!("store_unavailable"), "1"));
    assert!(trial.upstream.seen().is_empty());
    assert_eq!(
        trial.send(&Call::get("/v1/self/whoami").by("bisp", "")).await.status,
        200,
        "who names nobody is served"
    );
}

#[tokio::test]
async fn a_dry_run_uses_nothing_up_asks_nobody_and_is_recorded_as_one() {
    let trial = granted().await;
    trial.decider.withhold("identity.contact", Code::AgreementRequired);
    let (status, body, receipt) = read(&trial.send(&Call::kyc().with("ijazat-dry-run", "1")).await, "ijazat-receipt");
    assert_eq!((status, &body["dry_run"], body.get("data")), (200, &json!(true), None));
    assert_eq!(body["price"]["amount_milli_paisa"], 600_000);
    assert!(body["would_release"].as_array().unwrap().contains(&json!("identity.name")));
    let withheld = json!([{"datatype": "identity.contact", "code": "agreement_required", "policy": "F-fake"}]);
    assert_eq!(body["withheld"], withheld);
    assert!(receipt.contains(";rows=0;amount-milli-paisa=0;"), "{receipt}");
    assert_eq!((trial.diary.count("consume"), trial.diary.count("call")), (0, 0));
    let leaf = trial.leaves().pop().unwrap();
    assert_eq!((leaf.kind, leaf.dry_run, leaf.amount, leaf.released.len()), (Kind::Outcome, true, 0, 0));
    assert_eq!(trial.send(&Call::kyc()).await.status, 200, "the token is still good");
}

#[tokio::test]
async fn only_one_is_the_word_for_a_dry_run() {
    for word in ["0", "true", "yes", "11", " 1"] {
        let trial = granted().await;
        assert_eq!(trial.send(&Call::kyc().with("ijazat-dry-run", word)).await.status, 200);
        assert_eq!(trial.diary.count("call"), 1, "`{word}` was taken for a dry run");
    }
}

#[tokio::test]
async fn secret_data_that_the_user_did_not_sign_for_uses_up_no_approval() {
    let trial = Trial::with(|setup| {
        for agreement in &mut setup.directory.agreements {
            agreement.role = exchange::classification::Role::Standard;
        }
    })
    .await;
    trial.decider.allow("nser.location");
    let (status, body, _) = read(&trial.send(&secret()).await, "");
    assert_eq!((status, &body["code"]), (Code::UserAssertionRequired.status(), &json!("user_assertion_required")));
    assert_eq!(trial.diary.count("use_approval"), 0, "what is refused uses up nothing");
}

#[tokio::test]
async fn everyone_whose_data_left_is_a_subject_of_the_record_once() {
    let trial = Trial::new().await;
    let answer = json!({"household": {"id": "h-1"}, "subjects": [CITIZEN, OTHER, OTHER]});
    trial.upstream.answers(200, &answer);
    assert_eq!(trial.send(&Call::household()).await.status, 200);
    let keys = trial.parts.citizen_keys.as_ref();
    let subject = |digits: &str| keys.subject_key(cnic(digits)).0;
    let listed: Vec<_> = trial.side(1).subjects.iter().map(|entry| (*entry.key, entry.returned)).collect();
    assert_eq!(listed, [(subject(CITIZEN), true), (subject(OTHER), true)]);
    let intent: Vec<_> = trial.side(0).subjects.iter().map(|entry| entry.returned).collect();
    assert_eq!(intent, [false], "the intent only knows who was asked for");
}

#[tokio::test]
async fn a_flood_is_recorded_by_count_and_nobody_is_forgotten() {
    let trial = Trial::with(|setup| setup.per_s = 3).await;
    let call = Call::get("/v1/self/whoami").by("bank-indus", "");
    let mut codes = Vec::new();
    for _ in 0..20 {
        let reply = trial.send(&call).await;
        codes.push((reply.status, reply.close));
    }
    let refused = codes.iter().filter(|(status, close)| *status == 429 && *close).count();
    let answered = codes.iter().filter(|(status, close)| *status == 200 && !*close).count();
    assert_eq!(refused + answered, 20, "every refusal of a flood closes its connection: {codes:?}");
    let recorded = |trial: &Trial| -> u32 {
        trial.leaves().iter().filter(|leaf| leaf.kind == Kind::Refused).map(|leaf| leaf.counted).sum()
    };
    assert!(trial.leaves().iter().filter(|leaf| leaf.kind == Kind::Refused).count() <= 5);
    trial.clock.advance(1);
    trial.door.record_counted().await.unwrap();
    assert_eq!(recorded(&trial), u32::try_from(refused).unwrap());
    let before = trial.leaves().len();
    trial.door.record_counted().await.unwrap();
    assert_eq!(trial.leaves().len(), before, "and none twice");
}

#[tokio::test]
async fn b32_answers_and_refusals_tell_the_limits_that_counted_them_and_only_those() {
    let trial = Trial::with(|setup| setup.per_s = 10).await;
    let told = |reply: &Reply| (read(reply, "ratelimit-policy").2, read(reply, "ratelimit").2);
    let whoami = Call::get("/v1/self/whoami").by("bank-indus", "");
    let (policy, state) = told(&trial.send(&whoami).await);
    assert_eq!(policy, "\"agency\";q=10;w=1, \"service\";q=10;w=1");
    assert_eq!(state, "\"agency\";r=9;t=1, \"service\";r=9;t=1");
    let (policy, state) = told(&trial.send(&Call::get("/v1/nothing").by("bisp", "standard-1")).await);
    assert_eq!(policy, "\"agency\";q=10;w=1, \"user\";q=10;w=1", "no service was found");
    assert_eq!(state, "\"agency\";r=9;t=1, \"user\";r=9;t=1");
    let nobody = trial.send(&Call::get("/v1/self/whoami").by("nobody-known", "")).await;
    assert_eq!((nobody.status >= 400, told(&nobody)), (true, (String::new(), String::new())));
    let known = whoami.head();
    let unparsed = trial.door.unparsed(Listener::Agency, known.peer, Code::HeaderInvalid).await;
    assert_eq!(told(&unparsed), (String::new(), String::new()), "what cannot be read is not counted");
}

#[tokio::test]
async fn what_could_not_be_parsed_is_recorded_under_its_agency() {
    let trial = Trial::new().await;
    let known = Call::get("/").by("bank-indus", "").head();
    let reply = trial.door.unparsed(Listener::Agency, known.peer, Code::HeaderInvalid).await;
    assert!(reply.close);
    let stranger = Call::get("/").by("nobody-known", "").head();
    trial.door.unparsed(Listener::Agency, stranger.peer, Code::HeaderInvalid).await;
    let told: Vec<_> = trial.leaves().into_iter().map(|leaf| (leaf.agency, leaf.code, leaf.service)).collect();
    let code = Some("header_invalid".to_owned());
    assert_eq!(told, [(Some("bank-indus".to_owned()), code.clone(), None), (None, code, None)]);
}

#[tokio::test]
async fn each_request_has_an_id_of_its_own_in_reply_and_record() {
    let trial = Trial::new().await;
    let mut ids = std::collections::BTreeSet::new();
    for call in [Call::household(), Call::get("/v1/nothing").by("bisp", ""), Call::household()] {
        let (_, body, id) = read(&trial.send(&call).await, "ijazat-request-id");
        assert_eq!(id.len(), 32);
        assert!(trial.leaves().iter().any(|leaf| leaf.request == id));
        assert!(body.get("request_id").is_none_or(|told| *told == json!(id)));
        assert!(ids.insert(id), "an id came twice");
    }
}

#[tokio::test]
async fn metrics_count_each_ending_under_its_service() {
    let trial = Trial::new().await;
    trial.send(&Call::household()).await;
    trial.send(&Call::household().with("ijazat-dry-run", "1")).await;
    trial.send(&Call::household().with("ijazat-purpose", "NOT-1")).await;
    trial.send(&Call::get("/v1/nothing").by("bisp", "")).await;
    let count = |labels: [&str; 3]| trial.parts.metrics.requests.with_label_values(&labels).get();
    assert_eq!(count(["nser.household", "released", "ok"]), 1);
    assert_eq!(count(["nser.household", "dry_run", "ok"]), 1);
    assert_eq!(count(["nser.household", "refused", "purpose_unknown"]), 1);
    assert_eq!(count(["none", "refused", "service_unknown"]), 1);
}

#[tokio::test]
async fn a_policy_that_errs_refuses_and_raises_the_alarm() {
    let trial = Trial::new().await;
    trial.decider.err();
    trial.decider.withhold("vital.notice", Code::PolicyDenied);
    let (status, body, _) = read(&trial.send(&Call::notice()).await, "");
    assert_eq!((status, &body["code"]), (Code::PolicyError.status(), &json!("policy_error")));
    assert_eq!((trial.parts.metrics.policy_errors.get(), trial.upstream.seen().len()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn after_a_standstill_the_first_request_is_answered_by_a_directory_confirmed_for_it() {
    let trial = Trial::new().await;
    let call = Call::household();
    let sent = async || trial.door.serve(call.head(), &mut BodyOf::new(&call)).await.status;
    tokio::time::advance(std::time::Duration::from_secs(5)).await;
    assert_eq!(sent().await, 200);
    trial.change_unseen(|data| data.agencies.iter_mut().for_each(|agency| agency.suspended = true));
    tokio::time::advance(std::time::Duration::from_secs(5)).await;
    assert_eq!(sent().await, 403, "what was revoked meanwhile is known");
}
