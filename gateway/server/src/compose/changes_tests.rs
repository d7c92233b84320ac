//! Exactly one leaf for each change, in order, wherever a crash or a failure falls between store and log.

use exchange::record::leaf::Kind;
use minicbor::bytes::ByteArray;
use proptest::prelude::*;

use super::{
    kit::{Both, CUTS, Cut, NODE, key, process},
    *,
};

/// Every change has one leaf, in the store's order, and the store names its place.
fn assert_told_once(both: &Both, when: &str) {
    let noted = both.noted();
    let told = both.told();
    assert_eq!(told, noted.iter().map(|(id, _)| id.clone()).collect::<Vec<_>>(), "{when}");
    let leaves = both.leaves();
    for (id, place) in noted {
        let place = usize::try_from(place.unwrap_or_else(|| panic!("{when}: {id} waits for ever"))).unwrap();
        assert_eq!(leaves[place].request, id, "{when}");
    }
}

#[tokio::test]
async fn a_change_is_told_with_what_and_whom_in_clear_and_the_operator_committed() {
    let both = Arc::new(Both::default());
    both.request("before");
    both.change("c1");
    assert_eq!(process(&both).catch_up().await.unwrap(), 1);
    let leaf = both.leaves().remove(1);
    assert_eq!((leaf.kind, leaf.request.as_str(), leaf.at), (Kind::Admin, "c1", 1_795_340_000_000_000));
    assert_eq!(
        (leaf.agency.as_deref(), leaf.service.as_deref()),
        (Some("telco-sarhad"), Some("admin.agency-suspend@1"))
    );
    assert_eq!((leaf.directory, leaf.node.as_str(), leaf.caller.as_str()), (5, NODE, "Internal"));
    assert_eq!((leaf.rows, leaf.amount, leaf.counted, leaf.dry_run), (0, 0, 1, false));
    let bytes = leaf.to_bytes();
    for secret in ["ayesha", "1000", "officer-7"] {
        assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()), "{secret} stands in the leaf");
    }
}

#[tokio::test]
async fn a_change_of_what_is_charged_is_told_under_a_kind_of_its_own_and_once() {
    let both = Arc::new(Both::default());
    for (id, kind) in [("c1", Kind::RateChange), ("c2", Kind::RateChange), ("c3", Kind::Admin)] {
        both.change(id);
        both.rows.lock().unwrap().last_mut().unwrap().0.kind = kind;
    }
    both.stop_at(Cut::BeforeNote, 0);
    while process(&both).catch_up().await.is_err() {}
    let told: Vec<_> = both.leaves().into_iter().map(|leaf| (leaf.kind, leaf.request)).collect();
    let expected = [(Kind::RateChange, "c1"), (Kind::RateChange, "c2"), (Kind::Admin, "c3")];
    assert_eq!(told, expected.map(|(kind, id)| (kind, id.to_owned())));
}

#[tokio::test]
async fn the_side_record_opens_what_the_leaf_commits_to() {
    let both = Arc::new(Both::default());
    both.change("c1");
    both.change("c2");
    process(&both).catch_up().await.unwrap();
    let mut seen = Vec::new();
    for entry in both.entries.lock().unwrap().iter() {
        let leaf = Leaf::from_bytes(&entry.leaf).unwrap();
        let side = Side::from_bytes(&key().open(&place(&leaf.request), &entry.side).unwrap()).unwrap();
        assert_eq!(side.user.as_deref(), Some("ayesha (1000)"));
        assert_eq!(side.parameters.as_slice(), b"{\"user\":\"officer-7\"}");
        assert!(side.subjects.is_empty() && !side.parameters_sealed);
        let (user, parameters) = (*side.openings.user.unwrap(), *side.openings.parameters.unwrap());
        assert_eq!(leaf.commitments.user, Some(ByteArray::from(commit("user", &user, b"ayesha (1000)"))));
        let parameters = commit("parameters", &parameters, b"{\"user\":\"officer-7\"}");
        assert_eq!(leaf.commitments.parameters, Some(ByteArray::from(parameters)));
        assert_eq!((leaf.commitments.subjects, leaf.commitments.response), (None, None));
        seen.extend([leaf.commitments.user, leaf.commitments.parameters]);
    }
    seen.sort_by_key(|commitment| commitment.map(|bytes| *bytes));
    seen.dedup();
    assert_eq!(seen.len(), 4, "the same operator and the same words look different each time");
    let stolen = both.entries.lock().unwrap()[0].side.clone();
    assert!(key().open(&place("c2"), &stolen).is_err(), "a side record opens beside its own leaf only");
}

/// A citizen's consent changes.
fn consent(both: &Both, id: &str, basis: &str) {
    both.change(id);
    let mut rows = both.rows.lock().unwrap();
    let change = &mut rows.last_mut().unwrap().0;
    change.kind = Kind::Consent;
    change.service = "consent.active@1".into();
    change.purpose = Some("KYC-101".into());
    change.basis = Some(basis.into());
    change.operator = None;
    change.detail = "signed words".into();
}

#[tokio::test]
async fn a_consent_is_told_with_purpose_and_basis_and_its_words_are_committed_to() {
    let both = Arc::new(Both::default());
    consent(&both, "c1", "cns-1@1");
    process(&both).catch_up().await.unwrap();
    let entry = both.entries.lock().unwrap()[0].clone();
    let leaf = Leaf::from_bytes(&entry.leaf).unwrap();
    assert_eq!((leaf.kind, leaf.service.as_deref()), (Kind::Consent, Some("consent.active@1")));
    assert_eq!((leaf.purpose.as_deref(), leaf.basis.as_deref()), (Some("KYC-101"), Some("cns-1@1")));
    assert_eq!((leaf.commitments.user, leaf.amount, leaf.rows), (None, 0, 0), "nobody of the operator's did it");
    let side = Side::from_bytes(&key().open(&place("c1"), &entry.side).unwrap()).unwrap();
    assert_eq!((side.user, side.parameters.as_slice()), (None, &b"signed words"[..]));
    let opened = commit("parameters", &side.openings.parameters.unwrap(), b"signed words");
    assert_eq!(leaf.commitments.parameters, Some(ByteArray::from(opened)));
    assert!(!entry.leaf.windows(6).any(|window| window == b"signed"), "the words stand in no leaf");
}

#[tokio::test]
async fn two_stores_are_told_each_in_its_order_and_each_change_once() {
    for cut in CUTS {
        // Both stores write to the log of the first; what one could not be told does not keep the other waiting for ever.
        let (log, other) = (Arc::new(Both::default()), Arc::new(Both::default()));
        for n in 0..5 {
            log.change(&format!("a{n}"));
            consent(&other, &format!("b{n}"), &format!("cns-1@{n}"));
        }
        let process = || ChangeLog {
            changes: vec![
                Arc::clone(&log) as Arc<dyn UnrecordedChanges>,
                Arc::clone(&other) as Arc<dyn UnrecordedChanges>,
            ],
            ..self::process(&log)
        };
        other.stop_at(cut, 0);
        log.stop_at(cut, 1);
        while process().catch_up().await.is_err() {}
        process().catch_up().await.unwrap();
        let told = |kind: Kind| -> Vec<String> {
            log.leaves().into_iter().filter(|leaf| leaf.kind == kind).map(|leaf| leaf.request).collect()
        };
        let all = |letter: &str| (0..5).map(|n| format!("{letter}{n}")).collect::<Vec<_>>();
        assert_eq!((told(Kind::Admin), told(Kind::Consent)), (all("a"), all("b")), "{cut:?}");
        for (id, place) in other.noted() {
            let place = usize::try_from(place.unwrap_or_else(|| panic!("{cut:?}: {id} waits"))).unwrap();
            assert_eq!(log.leaves()[place].request, id, "{cut:?}");
        }
    }
}

#[tokio::test]
async fn changes_are_told_in_their_order_between_what_was_answered() {
    let both = Arc::new(Both::default());
    let process = process(&both);
    for n in 0..600 {
        both.change(&format!("c{n:03}"));
    }
    assert_eq!(process.catch_up().await.unwrap(), 600, "more than one batch");
    both.request("r");
    both.change("late");
    assert_eq!(process.catch_up().await.unwrap(), 1);
    assert_eq!(process.catch_up().await.unwrap(), 0, "nothing is told twice");
    assert_told_once(&both, "after two calls");
    assert_eq!(both.leaves().len(), 602);
}

#[tokio::test]
async fn wherever_a_run_is_cut_off_the_next_process_tells_each_change_once() {
    for cut in CUTS {
        for passing in 0..3 {
            let both = Arc::new(Both::default());
            both.request("r0");
            for id in ["c1", "c2", "c3"] {
                both.change(id);
            }
            both.stop_at(cut, passing);
            let first = process(&both).catch_up().await;
            for n in 0..300 {
                both.request(&format!("between-{n}"));
            }
            both.change("c4");
            *both.cut.lock().unwrap() = None;
            process(&both).catch_up().await.unwrap();
            process(&both).catch_up().await.unwrap();
            assert_told_once(&both, &format!("{cut:?} at passing {passing}, first {first:?}"));
        }
    }
}

#[tokio::test]
async fn a_failure_is_told_to_whoever_watches() {
    let check = async |cut: Cut, expected: &str| {
        let both = Arc::new(Both::default());
        both.change("c1");
        both.stop_at(cut, 0);
        let told = process(&both).catch_up().await.unwrap_err().to_string();
        assert!(told.contains(expected), "{cut:?}: {told}");
    };
    check(Cut::Waiting, "gone").await;
    check(Cut::Full, "no room").await;
    check(Cut::AfterEntry, "the power went").await;
    check(Cut::BeforeNote, "gone").await;
}

#[tokio::test]
async fn what_another_node_claimed_is_left_to_it() {
    let both = Arc::new(Both::default());
    both.change("theirs");
    both.change("ours");
    let claim = Claim { node: "node-2".into(), from: 0 };
    assert_eq!(both.claim(&["theirs".to_owned()], &claim).await.unwrap(), ["theirs"]);
    assert_eq!(process(&both).catch_up().await.unwrap(), 1);
    assert_eq!(both.told(), ["ours"]);
    assert_eq!(both.noted()[0], ("theirs".to_owned(), None));
}

#[tokio::test]
async fn a_leaf_before_the_claim_or_of_another_kind_is_not_taken_for_the_changes_own() {
    let both = Arc::new(Both::default());
    // A request that happens to bear the same id, and one before the claimed place.
    both.request("c1");
    both.request("c1");
    both.change("c1");
    both.claim(&["c1".to_owned()], &Claim { node: NODE.into(), from: 1 }).await.unwrap();
    process(&both).catch_up().await.unwrap();
    assert_eq!(both.told(), ["c1"]);
    assert_eq!(both.noted(), [("c1".to_owned(), Some(2))]);
}

#[tokio::test]
async fn a_log_that_lost_its_end_tells_the_change_again() {
    let both = Arc::new(Both::default());
    both.request("r");
    both.change("c1");
    both.stop_at(Cut::BeforeNote, 0);
    process(&both).catch_up().await.unwrap_err();
    // The disk forgot what it had not synced: recovery cut the log before the claimed place.
    both.entries.lock().unwrap().clear();
    process(&both).catch_up().await.unwrap();
    assert_told_once(&both, "after the loss");
}

#[derive(Clone, Debug)]
enum Act {
    Change,
    Request,
    Run,
    Cut(usize, u32),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        3 => Just(Act::Change),
        2 => Just(Act::Request),
        3 => Just(Act::Run),
        2 => (0..CUTS.len(), 0_u32..3).prop_map(|(cut, passing)| Act::Cut(cut, passing)),
    ];
    prop::collection::vec(act, 1..40)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn any_history_of_changes_crashes_and_runs_ends_with_each_change_told_once(acts in acts()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let both = Arc::new(Both::default());
            for (n, act) in acts.iter().enumerate() {
                match act {
                    Act::Change => both.change(&format!("c{n}")),
                    Act::Request => both.request(&format!("r{n}")),
                    Act::Run => drop(process(&both).catch_up().await),
                    Act::Cut(cut, passing) => both.stop_at(CUTS[*cut], *passing),
                }
            }
            *both.cut.lock().unwrap() = None;
            process(&both).catch_up().await.unwrap();
            assert_told_once(&both, &format!("{acts:?}"));
        });
    }
}
