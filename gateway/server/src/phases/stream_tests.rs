//! An answer in batches: each is in the record before it leaves, none is asked before the last was taken, and whatever
//! breaks is seen by the client and recorded.

use std::time::Duration;

use exchange::{
    catalogue::Catalogue,
    decision::{Decider, Decision, Obligation, Question},
    directory::{Agency, Agreement, DirectoryData},
    ports::{record_log::LogUnavailable, upstream::UpstreamError},
    record::{leaf::Leaf, side::commit},
};

use super::*;
use crate::{
    door::Door as _,
    phases::{
        parts::Law,
        testing::{Call, LogFault, OTHER, Trial, certificate_of},
    },
};

fn call() -> Call {
    Call::json("/v1/nser/export", &json!({}))
        // Not Power, so that nobody has to sign: whom the law lets export is tested elsewhere.
        .by("bisp", "standard-1")
        .with("ijazat-purpose", "NSER-201")
        .with("ijazat-basis", "appr-board-1")
}

/// A batch of households with these ids.
fn batch(ids: &[&str], next: Option<&str>) -> Value {
    let households: Vec<_> = ids.iter().map(|id| json!({ "id": id, "secret": "s", "members": [] })).collect();
    json!({ "households": households, "next": next, "subjects": [OTHER] })
}

async fn trial(batches: &[Value]) -> Trial {
    let trial = Trial::new().await;
    for batch in batches {
        trial.upstream.answers(200, batch);
    }
    trial
}

fn values(part: &[u8]) -> Vec<Value> {
    assert_eq!(part.last(), Some(&b'\n'), "each line ends");
    std::str::from_utf8(part).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn told(leaves: &[Leaf]) -> Vec<(Kind, u16, u32, i64)> {
    leaves.iter().map(|leaf| (leaf.kind, leaf.status, leaf.rows, leaf.amount)).collect()
}

fn last_code(trial: &Trial) -> Option<String> {
    trial.leaves().pop().unwrap().code
}

#[tokio::test]
async fn b27_each_batch_is_recorded_before_it_leaves_and_asked_when_the_one_before_was_taken() {
    let trial = trial(&[batch(&["h-1", "h-2"], Some("c-1")), batch(&["h-3"], None)]).await;
    let mut reply = trial.send(&call()).await;
    assert_eq!(reply.status, 200);
    assert_eq!(trial.upstream.seen().len(), 1, "the second batch waits for the client");
    let first = values(&reply.body);
    assert_eq!(first[..2], [json!({ "id": "h-1", "members": [] }), json!({ "id": "h-2", "members": [] })]);
    let leaves = trial.leaves();
    let price = leaves[1].amount / 2;
    assert!(price > 0, "the sample tariff charges rows");
    assert_eq!(told(&leaves), [(Kind::Intent, 0, 0, 0), (Kind::Part, 200, 2, 2 * price)]);
    let receipt = "ijazat.test/node-1/1";
    assert_eq!(first[2], json!({ "part": 1, "rows": 2, "amount_milli_paisa": 2 * price, "receipt": receipt }));
    let rest = reply.rest.as_mut().unwrap();
    let second = values(&rest.next().await.unwrap().unwrap());
    assert_eq!((&second[0]["id"], &second[1]["part"]), (&json!("h-3"), &json!(2)));
    let asked: Value = serde_json::from_slice(&trial.upstream.seen()[1].1.body).unwrap();
    assert_eq!(asked, json!({ "cursor": "c-1" }));
    let end = values(&rest.next().await.unwrap().unwrap());
    assert_eq!((&end[0]["parts"], &end[0]["rows"]), (&json!(2), &json!(3)));
    assert!(!end[0]["withheld"].as_array().unwrap().is_empty(), "Secret is kept back here and said to be");
    let receipt = "ijazat.test/node-1/3";
    assert_eq!(end[1], json!({ "final": true, "rows": 3, "amount_milli_paisa": 3 * price, "receipt": receipt }));
    assert!(rest.next().await.is_none());
    let leaves = trial.leaves();
    assert_eq!(told(&leaves[2..]), [(Kind::Part, 200, 1, price), (Kind::Outcome, 200, 0, 0)]);
    assert!(leaves[1..].iter().all(|leaf| leaf.intent == Some(0) && !leaf.released.is_empty()));
}

#[tokio::test]
async fn the_record_is_of_the_lines_and_of_the_people_in_them() {
    let trial = trial(&[batch(&["h-1"], None)]).await;
    let reply = trial.send(&call()).await;
    let lines = b"{\"id\":\"h-1\",\"members\":[]}\n";
    assert!(reply.body.starts_with(lines));
    let (side, leaf) = (trial.side(1), trial.leaves().pop().unwrap());
    assert_eq!(leaf.commitments.response, Some(commit("response", &side.openings.response.unwrap(), lines).into()));
    assert!(side.subjects.iter().any(|subject| subject.returned), "whose data it is stands beside it");
}

#[tokio::test]
async fn a_batch_that_cannot_be_recorded_does_not_leave() {
    for fault in [LogFault::Submit(LogUnavailable::Full), LogFault::Durable(LogUnavailable::Full)] {
        let trial = trial(&[batch(&["h-1"], Some("c-1")), batch(&["h-2"], None)]).await;
        let mut reply = trial.send(&call()).await;
        trial.log.fail(Kind::Part, fault);
        let rest = reply.rest.as_mut().unwrap();
        assert_eq!(rest.next().await, Some(Err(BrokenOff)));
        assert!(rest.next().await.is_none());
        rest.left().await;
        let leaves = trial.leaves();
        assert_eq!(told(&leaves[2..]), [(Kind::Outcome, 503, 0, 0)], "one end, uncharged");
        assert_eq!(last_code(&trial).as_deref(), Some("log_unavailable"));
    }
}

#[tokio::test]
async fn the_first_batch_fails_as_any_answer_does() {
    let trial = trial(&[batch(&["h-1"], None)]).await;
    trial.log.fail(Kind::Part, LogFault::Durable(LogUnavailable::Full));
    let reply = trial.send(&call()).await;
    assert_eq!((reply.status, reply.rest.is_none()), (503, true));
    let failing = Trial::new().await;
    failing.upstream.fails(UpstreamError::Timeout);
    assert_eq!(failing.send(&call()).await.status, 504);
}

#[tokio::test]
async fn b27_a_client_that_leaves_is_recorded_once_and_charged_for_what_was_recorded() {
    let trial = trial(&[batch(&["h-1"], Some("c-1"))]).await;
    let mut reply = trial.send(&call()).await;
    let rest = reply.rest.as_mut().unwrap();
    rest.left().await;
    rest.left().await;
    assert!(rest.next().await.is_none());
    let leaves = trial.leaves();
    assert_eq!(leaves.iter().map(|leaf| leaf.kind).collect::<Vec<_>>(), [Kind::Intent, Kind::Part, Kind::Outcome]);
    assert_eq!(last_code(&trial).as_deref(), Some("answer_cut"));
    assert_eq!(trial.upstream.seen().len(), 1, "nothing more is asked");
}

#[tokio::test]
async fn a_whole_answer_needs_no_second_end_when_the_client_leaves_then() {
    let trial = trial(&[batch(&[], None)]).await;
    let mut reply = trial.send(&call()).await;
    let rest = reply.rest.as_mut().unwrap();
    rest.next().await.unwrap().unwrap();
    rest.left().await;
    assert_eq!(last_code(&trial), None);
}

#[tokio::test]
async fn an_upstream_that_would_never_end_is_cut_off() {
    let same = [batch(&["h-1"], Some("c-1")), batch(&["h-2"], Some("c-1"))];
    let empty = [batch(&["h-1"], Some("c-1")), batch(&[], Some("c-2"))];
    for batches in [same, empty] {
        let trial = trial(&batches).await;
        let mut reply = trial.send(&call()).await;
        assert_eq!(reply.rest.as_mut().unwrap().next().await, Some(Err(BrokenOff)));
        assert_eq!(last_code(&trial).as_deref(), Some("upstream_answer_refused"));
    }
}

#[tokio::test]
async fn all_batches_together_have_no_more_rows_than_the_permit() {
    let trial = trial(&[batch(&["h-1", "h-2"], Some("c-1")), batch(&["h-3", "h-4"], None)]).await;
    let limit = |agreement: &mut Agreement| agreement.row_limit = 3;
    trial.change(|data| data.agreements.iter_mut().filter(|one| one.agency.as_str() == "bisp").for_each(limit)).await;
    let mut reply = trial.send(&call()).await;
    assert_eq!(reply.rest.as_mut().unwrap().next().await, Some(Err(BrokenOff)));
    assert_eq!(last_code(&trial).as_deref(), Some("upstream_answer_refused"));
}

#[tokio::test]
async fn a_dry_run_streams_nothing() {
    let trial = Trial::new().await;
    let reply = trial.send(&call().with("ijazat-dry-run", "1")).await;
    assert_eq!((reply.status, reply.rest.is_none(), trial.upstream.seen().len()), (200, true, 0));
}

#[tokio::test]
async fn what_left_in_batches_is_not_repeated_under_its_key() {
    let trial = trial(&[batch(&["h-1"], None)]).await;
    let keyed = call().without("ijazat-basis").with("idempotency-key", "k-1");
    let mut reply = trial.send(&keyed).await;
    reply.rest.as_mut().unwrap().next().await.unwrap().unwrap();
    let again = trial.door.serve(keyed.head(), &mut crate::phases::testing::BodyOf::new(&keyed)).await;
    let body: Value = serde_json::from_slice(&again.body).unwrap();
    assert_eq!((again.status, &body["code"]), (422, &json!("idempotency_spent")));
}

/// The certificate that the export's caller shows.
const CALLER: &str = "bisp";

/// Ends something for whoever exports.
type Ends = fn(&mut DirectoryData);

#[tokio::test]
async fn what_is_revoked_while_an_answer_runs_ends_it_before_its_next_batch() {
    fn caller(data: &mut DirectoryData) -> &mut Agency {
        data.agencies.iter_mut().find(|agency| agency.id.as_str() == CALLER).unwrap()
    }
    let cases: [(Ends, &str); 5] = [
        (|data| caller(data).suspended = true, "agency_suspended"),
        (|data| caller(data).keys.clear(), "certificate_unmapped"),
        (|data| data.revoked_serials.push(certificate_of(CALLER).serial), "certificate_revoked"),
        (|data| data.users.iter_mut().for_each(|user| user.disabled = true), "user_disabled"),
        (|data| data.purposes.clear(), "purpose_unknown"),
    ];
    for (ends, code) in cases {
        let trial = trial(&[batch(&["h-1"], Some("c-1")), batch(&["h-2"], None)]).await;
        let mut reply = trial.send(&call()).await;
        trial.change(ends).await;
        ended_by(&trial, &mut reply, code).await;
    }
}

/// A law without services.
#[derive(Debug)]
struct Nothing;

impl Decider for Nothing {
    fn decide(&self, _: &Question) -> Decision {
        Decision { verdicts: Vec::new(), obligations: Vec::new(), generation: 10, errored: false }
    }
    fn catalogue(&self) -> Arc<Catalogue> {
        Arc::new(Catalogue::new(Vec::new(), Vec::new()))
    }
    fn generation(&self) -> u64 {
        10
    }
}

/// Changes what the law says.
type Forbids = fn(&Trial);

/// Withholds everything that was asked for.
fn all(trial: &Trial, code: Code) {
    trial.decider.asked().datatypes.iter().for_each(|id| trial.decider.withhold(id.as_str(), code));
}

async fn ended_by(trial: &Trial, reply: &mut Reply, code: &str) {
    let rest = reply.rest.as_mut().unwrap();
    assert_eq!(rest.next().await, Some(Err(BrokenOff)), "{code}");
    assert!(rest.next().await.is_none(), "{code}");
    assert_eq!(trial.upstream.seen().len(), 1, "{code}: no second batch is asked for");
    assert_eq!(last_code(trial).as_deref(), Some(code));
    let kinds: Vec<_> = trial.leaves().iter().map(|leaf| leaf.kind).collect();
    assert_eq!(kinds, [Kind::Intent, Kind::Part, Kind::Outcome], "{code}: one end");
}

#[tokio::test]
async fn what_the_law_no_longer_permits_ends_an_answer_that_runs() {
    let two = [batch(&["h-1"], Some("c-1")), batch(&["h-2"], None)];
    let cases: [(Forbids, &str); 4] = [
        (|trial| all(trial, Code::AgreementRequired), "agreement_required"),
        (|trial| trial.decider.withhold("nser.name", Code::PolicyDenied), "fields_not_permitted"),
        (|trial| trial.decider.oblige(&[Obligation::Log]), "fields_not_permitted"),
        (|trial| trial.parts.law.swap(Law::new(Arc::new(Nothing))), "service_unknown"),
    ];
    for (forbids, code) in cases {
        let trial = trial(&two).await;
        let mut reply = trial.send(&call()).await;
        forbids(&trial);
        ended_by(&trial, &mut reply, code).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_later_batch_is_decided_at_its_own_time_and_by_a_directory_confirmed_for_it() {
    let trial = trial(&[batch(&["h-1"], Some("c-1")), batch(&["h-2"], None)]).await;
    let mut reply = trial.send(&call()).await;
    let first = trial.decider.asked();
    let asked = trial.decider.times();
    trial.clock.advance(90);
    // The client takes its time, and so does whoever confirms the directory.
    trial.change_unseen(|_| ());
    tokio::time::advance(Duration::from_secs(90)).await;
    reply.rest.as_mut().unwrap().next().await.unwrap().unwrap();
    let second = trial.decider.asked();
    assert!(trial.decider.times() > asked);
    assert_eq!(second.now.micros() - first.now.micros(), 90_000_000);
    assert_eq!((&second.datatypes, second.rows, &second.role), (&first.datatypes, first.rows, &first.role));
    let leaves = trial.leaves();
    assert_eq!(leaves[2].directory, leaves[1].directory + 1, "the record says by which directory");
}

#[tokio::test]
async fn an_approval_that_the_answer_used_up_holds_for_its_later_batches_and_for_no_other() {
    let batches = [batch(&["h-1"], Some("c-1")), batch(&["h-2"], None)];
    let trial = trial(&batches).await;
    trial.decider.need_approval("nser.name");
    let mut reply = trial.send(&call()).await;
    // Used up: the directory no longer has it.
    trial.change(|data| data.approvals.clear()).await;
    let again = trial.send(&call()).await;
    let body: Value = serde_json::from_slice(&again.body).unwrap();
    assert_eq!((again.status, &body["code"]), (403, &json!("basis_unknown")));
    let part = values(&reply.rest.as_mut().unwrap().next().await.unwrap().unwrap());
    assert_eq!(part[0]["id"], "h-2");
}
