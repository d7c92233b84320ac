//! Answers of the index against a plain reading of the same leaves.

use adapters::sql::index::{Access, AccessQuery, IndexStore, Opened};
use exchange::{
    consent::SubjectKey,
    ids::AgencyId,
    record::{
        leaf::{Kind, Leaf, Released},
        side::SubjectEntry,
    },
    statement::{Month, recompute},
    timestamp::Timestamp,
};
use tests::meddling::Dice;

use super::{AT, leaf, opened};

const NODES: [&str; 2] = ["node-1", "node-2"];

fn maybe(dice: &mut Dice, texts: &[&str]) -> Option<String> {
    (dice.below(3) > 0).then(|| texts[dice.below(texts.len())].to_owned())
}

/// An entry as odd as the log may hold: every kind, text of every sort, citizens named twice.
fn entry(dice: &mut Dice, node: &str, sequence: u64) -> Opened {
    let kind = Kind::ALL[[0, 1, 1, 2, 3, dice.below(Kind::ALL.len())][dice.below(6)]];
    let closes = (sequence > 0 && dice.below(2) == 0).then(|| dice.below(usize::try_from(sequence).unwrap()) as u64);
    let released = (0..dice.below(4)).map(|n| Released {
        datatype: ["identity.name", "identity.address", "nser.pmt", "fbr.status"][n].to_owned(),
        policies: vec!["p".into()],
    });
    let leaf = Leaf {
        node: node.into(),
        at: AT + i64::try_from(dice.below(50)).unwrap() * 1_000_000,
        intent: if kind == Kind::Intent { None } else { closes },
        agency: maybe(dice, &["bank-indus", "it's \"odd\" \\ % -- $1", "بینک"]),
        service: maybe(dice, &["identity.kyc@1", "nser.household@2"]),
        purpose: maybe(dice, &["KYC-101", ""]),
        basis: maybe(dice, &["cns-1@1", "prog-kafalat"]),
        code: maybe(dice, &["consent_required", "store_unavailable"]),
        status: [0, 200, 403, 503, u16::MAX][dice.below(5)],
        released: released.collect(),
        rows: [0, 1, 500, u32::MAX][dice.below(4)],
        ..leaf(kind, sequence, &format!("r{}", dice.below(40)))
    };
    let citizens: Vec<u8> = (0..dice.below(4)).map(|_| u8::try_from(dice.below(5)).unwrap()).collect();
    let mut opened = opened(leaf, &[]);
    let subject = |n: u8| SubjectEntry { key: [n; 32].into(), sealed: vec![].into(), returned: dice.below(2) == 0 };
    opened.side.subjects = citizens.into_iter().map(subject).collect();
    opened
}

/// The same question read off the leaves, one rule after another.
fn plain(all: &[Opened], query: &AccessQuery<'_>) -> Vec<Access> {
    let of_node = |entry: &&Opened| entry.leaf.node == query.node && entry.leaf.sequence < query.bound;
    let known: Vec<&Opened> = all.iter().filter(of_node).collect();
    let closed =
        |leaf: &Leaf| leaf.kind == Kind::Intent && known.iter().any(|other| other.leaf.intent == Some(leaf.sequence));
    let mut found = Vec::new();
    for Opened { leaf, side, .. } in known.iter().rev() {
        let mut entries = side.subjects.iter().filter(|entry| *entry.key == query.subject.0).peekable();
        let at = Timestamp::from_micros(leaf.at);
        let asked = entries.peek().is_some() && leaf.sequence < query.before && query.from <= at && at < query.until;
        if !asked || leaf.request == query.except || closed(leaf) {
            continue;
        }
        found.push(Access {
            sequence: leaf.sequence,
            at,
            kind: leaf.kind,
            request: leaf.request.clone(),
            agency: leaf.agency.clone(),
            service: leaf.service.clone(),
            purpose: leaf.purpose.clone(),
            basis: leaf.basis.clone(),
            status: leaf.status,
            code: leaf.code.clone(),
            released: leaf.released.iter().map(|released| released.datatype.clone()).collect(),
            rows: i64::from(leaf.rows),
            returned: entries.any(|entry| entry.returned),
        });
    }
    found.truncate(usize::try_from(query.limit).unwrap());
    found
}

async fn filled(url: &str, dice: &mut Dice) -> (IndexStore, Vec<Opened>) {
    let (store, mut all) = (super::store(url).await, Vec::new());
    let mut next = [0_u64; 2];
    // Batches of both nodes by turns, of any length, none too.
    for _ in 0..24 {
        let node = dice.below(2);
        let from = next[node];
        let count = dice.below(20) as u64;
        let batch: Vec<_> = (from..from + count).map(|n| entry(dice, NODES[node], n)).collect();
        assert!(store.take(NODES[node], from, &batch).await.unwrap());
        next[node] += count;
        all.extend(batch);
    }
    assert_eq!(store.indexed(NODES[0]).await.unwrap(), next[0]);
    assert_eq!(store.indexed(NODES[1]).await.unwrap(), next[1]);
    (store, all)
}

fn query(dice: &mut Dice, request: &'static str) -> AccessQuery<'static> {
    let at = |dice: &mut Dice| {
        let seconds = i64::try_from(dice.below(52)).unwrap() - 1;
        Timestamp::from_micros(AT + seconds * 1_000_000 + i64::try_from(dice.below(2)).unwrap())
    };
    let whole = dice.below(2) == 0;
    AccessQuery {
        node: NODES[dice.below(2)],
        subject: SubjectKey([u8::try_from(dice.below(6)).unwrap(); 32]),
        from: if whole { Timestamp::from_micros(i64::MIN) } else { at(dice) },
        until: if whole { Timestamp::from_micros(i64::MAX) } else { at(dice) },
        bound: [0, 40, 90, u64::MAX][dice.below(4)],
        before: [u64::MAX, u64::MAX, 50, 0][dice.below(4)],
        except: if dice.below(2) == 0 { "" } else { request },
        limit: [1_000, 1_000, 3, 1, 0][dice.below(5)],
    }
}

pub async fn accesses_are_those_of_a_plain_reading(url: &str) {
    let mut dice = Dice::new(3);
    let (store, all) = filled(url, &mut dice).await;
    let mut hits = 0;
    for _ in 0..250 {
        let request = ["r1", "r7", "r13"][dice.below(3)];
        let query = query(&mut dice, request);
        let (got, wanted) = (store.accesses(&query).await.unwrap(), plain(&all, &query));
        assert_eq!(got, wanted, "{query:?}");
        hits += got.len();
    }
    assert!(hits > 300, "the questions find hardly anything: {hits}");
}

/// Pages of any size, cut from the log as it was, join to the whole without a gap or a repetition while it grows.
pub async fn pages_join_to_the_whole_while_the_log_grows(url: &str) {
    let mut dice = Dice::new(9);
    let (store, all) = filled(url, &mut dice).await;
    let bound = store.indexed("node-1").await.unwrap();
    for limit in [1, 2, 7, 100] {
        let whole = AccessQuery { bound, ..super::everything(bound) };
        let wanted = plain(&all, &whole);
        let (mut joined, mut before) = (Vec::new(), u64::MAX);
        loop {
            let page = store.accesses(&AccessQuery { before, limit, ..whole.clone() }).await.unwrap();
            let Some(last) = page.last() else { break };
            before = last.sequence;
            joined.extend(page);
            let next = store.indexed("node-1").await.unwrap();
            // What comes meanwhile closes an intent that the first page showed, and is about the same citizen.
            let newer = Leaf { intent: Some(before), ..leaf(Kind::Outcome, next, "meanwhile") };
            assert!(store.take("node-1", next, &[opened(newer, &[1])]).await.unwrap());
        }
        assert_eq!(joined, wanted, "pages of {limit}");
        assert!(wanted.len() > 10);
    }
}

pub async fn bills_of_two_nodes_are_one_bill_to_the_microsecond(url: &str) {
    let store = super::store(url).await;
    let november = Month::parse("2026-11").unwrap();
    let (first, until) = (november.first().micros(), november.until().micros());
    let mut leaves = Vec::new();
    for (node, name) in NODES.iter().enumerate() {
        let mut batch = Vec::new();
        for (sequence, at) in [first - 1, first, first + 1, until - 1, until, until + 1].into_iter().enumerate() {
            let amount = 1 << (node * 6 + sequence);
            let leaf = leaf(Kind::Outcome, sequence as u64, &format!("r{sequence}"));
            batch.push(Leaf { node: (*name).into(), at, amount, ..leaf });
        }
        let entries: Vec<_> = batch.iter().map(|leaf| opened(leaf.clone(), &[])).collect();
        assert!(store.take(name, 0, &entries).await.unwrap());
        leaves.extend(batch);
    }
    let bank = AgencyId::parse("bank-indus").unwrap();
    for (month, total) in [("2026-10", 0b00_0001), ("2026-11", 0b00_1110), ("2026-12", 0b11_0000)] {
        let month = Month::parse(month).unwrap();
        let bill = store.usage(&bank, month).await.unwrap();
        assert_eq!(bill.rated_milli_paisa, total * 65, "{month}: one node's {total} and 64 times it");
        assert_eq!(bill, recompute(leaves.iter(), &bank, month));
    }
    // A node that is forgotten takes its part of the bill with it, and only its part.
    store.forget("node-2").await.unwrap();
    assert_eq!(store.usage(&bank, november).await.unwrap().rated_milli_paisa, 0b00_1110);
    assert_eq!(store.indexed("node-1").await, Ok(6));
}
