//! Exactly one leaf for each change, in order, wherever a crash or a failure falls between store and log.

use std::sync::{Mutex, PoisonError};

use adapters::entropy::SystemEntropy;
use async_trait::async_trait;
use exchange::{
    ports::record_log::{Durable, InclusionProof, Position, StoredEntry},
    record::leaf::Kind,
};
use minicbor::bytes::ByteArray;
use proptest::prelude::*;

use super::*;

const NODE: &str = "node-1";

/// Where a run is cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cut {
    /// The store does not answer when asked what waits.
    Waiting,
    /// The claim was not made.
    BeforeClaim,
    /// The claim was made, and whoever made it heard nothing of it.
    AfterClaim,
    /// The log takes nothing.
    Full,
    /// The entry is in the log, and whoever handed it over heard nothing of it.
    AfterEntry,
    /// The place of the leaf was not noted.
    BeforeNote,
    /// It was noted, and whoever did it heard nothing of it.
    AfterNote,
    /// The log cannot be read.
    Unreadable,
}

const CUTS: [Cut; 8] = [
    Cut::Waiting,
    Cut::BeforeClaim,
    Cut::AfterClaim,
    Cut::Full,
    Cut::AfterEntry,
    Cut::BeforeNote,
    Cut::AfterNote,
    Cut::Unreadable,
];

/// Store and log of one node in memory; `cut` fails the n-th passing of its place.
#[derive(Debug, Default)]
struct Both {
    rows: Mutex<Vec<(UnrecordedChange, Option<u64>)>>,
    entries: Mutex<Vec<StoredEntry>>,
    cut: Mutex<Option<(Cut, u32)>>,
}

impl Both {
    /// Whether the run is cut off here.
    fn cut(&self, here: Cut) -> bool {
        let mut cut = self.cut.lock().unwrap_or_else(PoisonError::into_inner);
        match *cut {
            Some((place, 0)) if place == here => {
                *cut = None;
                true
            }
            Some((place, left)) if place == here => {
                *cut = Some((place, left - 1));
                false
            }
            _ => false,
        }
    }

    fn stop_at(&self, cut: Cut, passing: u32) {
        *self.cut.lock().unwrap() = Some((cut, passing));
    }

    /// An operator changes something.
    fn change(&self, id: &str) {
        let mut rows = self.rows.lock().unwrap();
        let n = rows.len() as u64;
        let change = UnrecordedChange {
            id: id.to_owned(),
            at: 1_795_340_000_000_000 + i64::try_from(n).unwrap(),
            kind: Kind::Admin,
            service: "admin.agency-suspend@1".into(),
            agency: Some("telco-sarhad".into()),
            purpose: None,
            basis: None,
            generation: n + 5,
            detail: "{\"user\":\"officer-7\"}".into(),
            operator: Some("ayesha (1000)".into()),
            claim: None,
        };
        rows.push((change, None));
    }

    /// A request is answered meanwhile.
    fn request(&self, id: &str) {
        let mut leaf = crate::routes::trial::leaf(Kind::Outcome, id, "bank-indus");
        let mut entries = self.entries.lock().unwrap();
        leaf.sequence = entries.len() as u64;
        entries.push(StoredEntry { sequence: leaf.sequence, leaf: leaf.to_bytes(), side: Vec::new() });
    }

    fn leaves(&self) -> Vec<Leaf> {
        self.entries.lock().unwrap().iter().map(|entry| Leaf::from_bytes(&entry.leaf).unwrap()).collect()
    }

    /// Ids of the changes that the log tells, in its order.
    fn told(&self) -> Vec<String> {
        self.leaves().into_iter().filter(|leaf| leaf.kind == Kind::Admin).map(|leaf| leaf.request).collect()
    }

    /// Ids of the changes that the store holds, in its order, each with the place it names for the leaf.
    fn noted(&self) -> Vec<(String, Option<u64>)> {
        self.rows.lock().unwrap().iter().map(|(change, place)| (change.id.clone(), *place)).collect()
    }
}

fn gone() -> ControlUnavailable {
    ControlUnavailable("gone".into())
}

#[async_trait]
impl UnrecordedChanges for Both {
    async fn waiting(&self, node: &str, limit: u32) -> Result<Vec<UnrecordedChange>, ControlUnavailable> {
        if self.cut(Cut::Waiting) {
            return Err(gone());
        }
        let rows = self.rows.lock().unwrap();
        let ours = |change: &UnrecordedChange| change.claim.as_ref().is_none_or(|claim| claim.node == node);
        let waiting = rows.iter().filter(|(change, place)| place.is_none() && ours(change));
        Ok(waiting.take(limit as usize).map(|(change, _)| change.clone()).collect())
    }

    async fn claim(&self, ids: &[String], claim: &Claim) -> Result<Vec<String>, ControlUnavailable> {
        if self.cut(Cut::BeforeClaim) {
            return Err(gone());
        }
        let mut rows = self.rows.lock().unwrap();
        let mut claimed = Vec::new();
        for (change, _) in rows.iter_mut().filter(|(change, _)| ids.contains(&change.id) && change.claim.is_none()) {
            change.claim = Some(claim.clone());
            claimed.push(change.id.clone());
        }
        drop(rows);
        if self.cut(Cut::AfterClaim) { Err(gone()) } else { Ok(claimed) }
    }

    async fn recorded(&self, places: &[(String, u64)]) -> Result<(), ControlUnavailable> {
        if self.cut(Cut::BeforeNote) {
            return Err(gone());
        }
        let mut rows = self.rows.lock().unwrap();
        for (id, sequence) in places {
            let (_, place) = rows.iter_mut().find(|(change, _)| change.id == *id).unwrap();
            *place = place.or(Some(*sequence));
        }
        drop(rows);
        if self.cut(Cut::AfterNote) { Err(gone()) } else { Ok(()) }
    }
}

impl RecordLog for Both {
    fn submit(&self, mut entry: Entry) -> Result<Durable, LogUnavailable> {
        if self.cut(Cut::Full) {
            return Err(LogUnavailable::Full);
        }
        let mut entries = self.entries.lock().unwrap();
        let sequence = entries.len() as u64;
        entry.leaf.sequence = sequence;
        entries.push(StoredEntry { sequence, leaf: entry.leaf.to_bytes(), side: entry.side });
        drop(entries);
        let lost = self.cut(Cut::AfterEntry);
        Ok(Box::pin(async move {
            if lost {
                return Err(LogUnavailable::Failed("the power went".into()));
            }
            Ok(Position { sequence, leaf_hash: [0; 32] })
        }))
    }
    fn durable_size(&self) -> u64 {
        self.entries.lock().unwrap().len() as u64
    }
    fn origin(&self) -> &'static str {
        "ijazat.example/node-1"
    }
    fn node(&self) -> &'static str {
        NODE
    }
    fn read(&self, from: u64, count: usize) -> Result<Vec<StoredEntry>, LogUnavailable> {
        if self.cut(Cut::Unreadable) {
            return Err(LogUnavailable::Failed("input/output error".into()));
        }
        let entries = self.entries.lock().unwrap();
        Ok(entries.iter().filter(|entry| entry.sequence >= from).take(count).cloned().collect())
    }
    fn prove(&self, _: u64) -> Result<InclusionProof, LogUnavailable> {
        Err(LogUnavailable::Full)
    }
    fn checkpoint(&self) -> Result<String, LogUnavailable> {
        Err(LogUnavailable::Full)
    }
    fn verifier_key(&self) -> String {
        String::new()
    }
    fn healthy(&self) -> Result<(), LogUnavailable> {
        Ok(())
    }
}

fn key() -> SealingKey {
    SealingKey::new(&[9; 32]).unwrap()
}

/// The task of a process that has just started over this store and log.
fn process(both: &Arc<Both>) -> ChangeLog {
    ChangeLog {
        changes: vec![Arc::clone(both) as Arc<dyn UnrecordedChanges>],
        log: Arc::clone(both) as Arc<dyn RecordLog>,
        side_key: Arc::new(key()),
        entropy: Arc::new(SystemEntropy::default()),
    }
}

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
