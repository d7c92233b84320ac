//! Receipts that an agency kept, held against its statement: missing, extra, different, and nothing else.

use exchange::{
    record::leaf::{Kind, Leaf},
    statement::{
        Receipt, ReceiptError,
        dispute::{Comparison, Difference, Leaves, compare},
    },
    tariff::Class,
};
use proptest::prelude::*;

use crate::billing::{World, origin};

fn receipt(text: &str) -> Receipt {
    Receipt::parse(text).unwrap()
}

/// The receipt that the door gave with this entry.
fn given(leaf: &Leaf) -> Receipt {
    let amount = if leaf.class.is_some_and(Class::is_gratis) { 0 } else { leaf.amount };
    let version = leaf.rate_version.as_deref().unwrap_or("none");
    let (origin, index, rows) = (format!("ijazat.example/{}", leaf.node), leaf.sequence, leaf.rows);
    receipt(&format!("\"{origin}/{index}\";rows={rows};amount-milli-paisa={amount};rate=\"{version}\""))
}

fn leaves(world: &World) -> Leaves {
    let all = world.logs.iter().enumerate();
    all.flat_map(|(node, log)| log.iter().map(move |leaf| ((origin(node), leaf.sequence), leaf.clone()))).collect()
}

/// A receipt for each entry that the bank is billed for.
fn receipts(world: &World) -> Vec<Receipt> {
    let issued = world.issued();
    let listed = |leaf: &&Leaf| issued.lists(&format!("ijazat.example/{}", leaf.node), leaf.sequence);
    world.logs.iter().flatten().filter(listed).map(given).collect()
}

#[test]
fn a_receipt_reads_as_the_door_writes_it() {
    let text = "\"ijazat.example/node-1/134\";rows=1;amount-milli-paisa=35000;rate=\"v1\"";
    let expected = Receipt {
        origin: "ijazat.example/node-1".into(),
        index: 134,
        rows: Some(1),
        amount_milli_paisa: Some(35_000),
        rate_version: Some("v1".into()),
        replay_of: None,
    };
    assert_eq!(receipt(text), expected);
    assert_eq!(receipt(&format!("  Ijazat-Receipt: {text}\r")), expected);
    assert_eq!(receipt(&format!("{text};replay-of=7")).replay_of, Some(7));
    assert_eq!(receipt(&format!("{text};later=1")), expected, "parameters of later versions are passed over");
    let part = receipt(r#"{"part":2,"rows":500,"amount_milli_paisa":50000,"receipt":"ijazat.example/node-1/9"}"#);
    assert_eq!((part.index, part.rows, part.amount_milli_paisa, part.rate_version), (9, Some(500), Some(50_000), None));
    let last = receipt(r#"{"final":true,"rows":900,"amount_milli_paisa":90000,"receipt":"ijazat.example/node-1/11"}"#);
    assert_eq!((last.index, last.rows, last.amount_milli_paisa), (11, None, None), "its own entry has none of it");
    for wrong in [
        "",
        "\"",
        "ijazat.example/node-1/134;rows=1",
        "\"134\";rows=1;amount-milli-paisa=1;rate=\"v1\"",
        "\"o/x\";rows=1;amount-milli-paisa=1;rate=\"v1\"",
        "\"o/01\";rows=1;amount-milli-paisa=1;rate=\"v1\"",
        "\"o/-1\";rows=1;amount-milli-paisa=1;rate=\"v1\"",
        "\"/1\";rows=1;amount-milli-paisa=1;rate=\"v1\"",
        "\"o/1\"",
        "\"o/1\";rows=1",
        "\"o/1\";rows=-1;amount-milli-paisa=1;rate=\"v1\"",
        "\"o/1\";rows=1;amount-milli-paisa=1.5;rate=\"v1\"",
        "\"o/1\";rows=1;amount-milli-paisa=1;rate=v1",
        "\"o/1\";rows=1;amount-milli-paisa=1;rate=\"v1\" and more",
        "Ijazat-Request-Id: \"o/1\";rows=1;amount-milli-paisa=1;rate=\"v1\"",
        "{\"receipt\":\"o/1\"}",
        "{",
    ] {
        assert_eq!(Receipt::parse(wrong), Err(ReceiptError), "{wrong}");
    }
}

#[test]
fn b24_receipts_of_everything_agree_with_the_statement() {
    let world = World::month();
    let found = compare(&receipts(&world), &world.issued(), &leaves(&world));
    assert_eq!(found, Comparison { agree: 7, ..Comparison::default() });
    let by_place = compare(&receipts(&world), &world.issued(), &Leaves::new());
    assert_eq!(by_place, found, "places alone agree too");
}

#[test]
fn b24_what_is_missing_extra_or_different_is_told() {
    let world = World::month();
    let issued = world.issued();
    let mut mine = receipts(&world);
    mine.remove(1);
    mine[0].rows = Some(4);
    mine[1].amount_milli_paisa = Some(1);
    mine[2].rate_version = Some("v9".into());
    mine.push(receipt("\"ijazat.example/node-1/77\";rows=1;amount-milli-paisa=35005;rate=\"v1\""));
    mine.push(receipt("\"elsewhere.example/node-1/3\";rows=1;amount-milli-paisa=5;rate=\"v1\""));
    let told: Vec<String> =
        compare(&mine, &issued, &leaves(&world)).differences.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "missing elsewhere.example/node-1/3: you have a receipt for 5 milli-paisa, the statement does not have it",
            "different ijazat.example/node-1/2: number of rows is 4 by your receipt and 1 by the entry",
            "different ijazat.example/node-1/4: amount in milli-paisa is 1 by your receipt and 40001 by the entry",
            "missing ijazat.example/node-1/77: you have a receipt for 35005 milli-paisa, the statement does not have it",
            "different ijazat.example/node-2/0: rate version is v9 by your receipt and v1 by the entry",
            "extra ijazat.example/node-1/3: in the statement, and you have no receipt",
        ]
    );
    let without_leaves = compare(&mine, &issued, &Leaves::new()).differences;
    assert!(!without_leaves.iter().any(|it| matches!(it, Difference::Different { .. })), "places only");
    assert_eq!(without_leaves.len(), 3);
    let nothing = compare(&[], &issued, &Leaves::new()).differences;
    assert_eq!(nothing.len(), 3, "neighbours are told in one: {nothing:?}");
    assert!(nothing[0].to_string().starts_with("extra ijazat.example/node-1/2 to 4 (3 entries)"));
}

#[test]
fn what_no_statement_need_have_is_not_missing() {
    let world = World::month();
    let mut mine = receipts(&world);
    let count = mine.len() as u64;
    mine.push(receipt("\"ijazat.example/node-1/50\";rows=1;amount-milli-paisa=35000;rate=\"v1\";replay-of=2"));
    mine.push(receipt("\"ijazat.example/node-1/51\";rows=0;amount-milli-paisa=0;rate=\"none\""));
    // Entry 5 of node 1 is the next month's.
    mine.push(given(&world.logs[0][5]));
    let found = compare(&mine, &world.issued(), &leaves(&world));
    assert_eq!(found, Comparison { agree: count, not_billed: 3, ..Comparison::default() });
}

#[test]
fn what_came_after_a_provisional_statement_is_not_missing_from_it() {
    let world = World::month();
    let late = receipt("\"ijazat.example/node-1/77\";rows=1;amount-milli-paisa=35005;rate=\"v1\"");
    let elsewhere = receipt("\"elsewhere.example/node-1/77\";rows=1;amount-milli-paisa=35005;rate=\"v1\"");
    let mut issued = world.issued();
    let mut check = |provisional, later, differences| {
        issued.provisional = provisional;
        let mine = [receipts(&world), vec![late.clone(), elsewhere.clone()]].concat();
        let found = compare(&mine, &issued, &leaves(&world));
        assert_eq!((found.later, found.differences.len()), (later, differences), "{found:?}");
    };
    check(false, 0, 2);
    check(true, 1, 1);
}

#[test]
fn who_only_holds_the_repetition_of_an_answer_knows_its_entry() {
    let world = World::month();
    let mut mine = receipts(&world);
    let lost = mine.remove(0);
    let again = |origin: &str| {
        receipt(&format!("\"{origin}/50\";rows=1;amount-milli-paisa=35000;rate=\"v1\";replay-of={}", lost.index))
    };
    mine.push(again(&lost.origin));
    let found = compare(&mine, &world.issued(), &leaves(&world));
    assert_eq!(found, Comparison { agree: mine.len() as u64 - 1, not_billed: 1, ..Comparison::default() });
    // The repetition of another log's entry says nothing of this one.
    mine.pop();
    mine.push(again("elsewhere.example/node-1"));
    let told: Vec<String> =
        compare(&mine, &world.issued(), &leaves(&world)).differences.iter().map(ToString::to_string).collect();
    assert_eq!(told, [format!("extra {}/{}: in the statement, and you have no receipt", lost.origin, lost.index)]);
}

#[test]
fn the_closing_of_an_answer_in_parts_needs_no_receipt_of_its_own() {
    let world = World::month();
    let mut leaves = leaves(&world);
    let mine: Vec<Receipt> = receipts(&world).into_iter().skip(1).collect();
    let closing = leaves.get_mut(&(origin(0), 2)).unwrap();
    *closing = Leaf { kind: Kind::Outcome, rows: 0, amount: 0, ..closing.clone() };
    let found = compare(&mine, &world.issued(), &leaves);
    assert_eq!((found.closings, found.differences), (1, Vec::new()));
}

proptest! {
    #[test]
    fn no_text_makes_a_receipt_panic(text in ".{0,80}", cut in 0..90_usize) {
        let _ = Receipt::parse(&text);
        let good = "\"ijazat.example/node-1/134\";rows=1;amount-milli-paisa=35000;rate=\"v1\";replay-of=7";
        let _ = Receipt::parse(&format!("{}{text}", &good[..cut.min(good.len())]));
    }
}
