//! Whoever is billed recomputes the statement from leaves, terms and keys, and finds the planted wrong line.

use exchange::{
    log::note::{NoteError, NoteSigner},
    record::leaf::Leaf,
    statement::{
        BillingTerms, Covered, DocumentError, DraftError, Evidence, FaultKind, Issued, Places, Reversal,
        audit::{Audit, AuditError, Finding, Unproved},
        views,
    },
    tariff::{Class, Unit},
};

use crate::{
    billing::{ELSE, World, answer, audited, book, complaints, log_key, november, office, origin, public_keys, terms},
    support::{NOON, id},
};

#[test]
fn what_is_free_is_in_no_statement() {
    let mut world = World::month();
    let entries = world.issued().entries();
    let free = answer("receipt.get", Unit::Row, 1, NOON.micros());
    let place = (world.logs[0].len() as u64, "node-1".to_owned());
    world.logs[0].push(Leaf { unit: None, amount: 0, sequence: place.0, node: place.1, ..free });
    assert_eq!(world.issued().entries(), entries);
    assert_eq!(audited(&world.issued(), &world.evidence()).findings, []);
    // But what is charged and says no unit is in one, where it is found wrong.
    world.logs[0].last_mut().unwrap().amount = 7;
    assert!(world.draft().is_err());
}

#[test]
fn b24_a_statement_is_what_its_leaves_and_terms_give() {
    let world = World::month();
    let (issued, evidence) = (world.issued(), world.evidence());
    let audited = audited(&issued, &evidence);
    assert_eq!(complaints(&audited.findings), [""; 0]);
    assert_eq!(audited.recomputed, Some(issued.statement.clone()));
    assert_eq!((audited.entries, audited.others, issued.entries()), (7, 5, 7));
    let services: Vec<_> =
        issued.statement.lines.iter().map(|line| (line.service.as_str(), line.rate_version.as_str())).collect();
    assert_eq!(services, [("kyc@1", "v1"), ("kyc@1", "v2"), ("list@1", "v1"), ("list@1", "v2"), ("yes-no@1", "v1")]);
}

#[test]
fn b24_leaves_may_come_in_any_order_and_twice() {
    let world = World::month();
    let mut evidence = world.evidence();
    evidence.reverse();
    let twice = [evidence.clone(), evidence].concat();
    let audited = audited(&world.issued(), &twice);
    assert_eq!((complaints(&audited.findings), audited.entries), (Vec::new(), 7));
}

#[test]
fn b29_what_is_given_is_valued_in_full_and_not_asked_for() {
    let issued = World::month().issued();
    let given: Vec<_> = issued.statement.lines.iter().filter(|line| line.service == "list@1").collect();
    assert!(given.iter().all(|line| line.value_paisa == 1_000 && line.payable_paisa() == 0), "{given:?}");
    assert_eq!(issued.statement.given_paisa, 2_000);
}

#[test]
fn documents_have_one_form_and_read_back_to_the_byte() {
    let issued = World::month().issued();
    let note = issued.sign(&office()).unwrap();
    assert_eq!(note, issued.sign(&office()).unwrap());
    assert!(note.starts_with("ijazat-statement/1\n{\"issued_at\":"), "{note}");
    let keys = public_keys().statements;
    let opened = Issued::open(&note, &keys).unwrap();
    assert_eq!(opened.body, issued);
    assert_eq!(note.lines().nth(1), Some(issued.to_json().as_str()), "what programs read is what is signed");
    let spaced = note.lines().nth(1).unwrap().replacen(':', ": ", 1);
    let spaced = office().sign(&format!("ijazat-statement/1\n{spaced}\n")).unwrap();
    assert_eq!(Issued::open(&spaced, &keys), Err(DocumentError::Form));
    let terms_note = terms().sign(&office()).unwrap();
    assert_eq!(BillingTerms::open(&terms_note, &keys).unwrap().body, terms());
    assert!(matches!(Issued::open(&terms_note, &keys), Err(DocumentError::Kind(_))), "terms are no statement");
    let more = issued.to_json().replacen("\"provisional\"", "\"free\":true,\"provisional\"", 1);
    let more = office().sign(&format!("ijazat-statement/1\n{more}\n")).unwrap();
    assert!(matches!(Issued::open(&more, &keys), Err(DocumentError::Malformed(_))));
}

#[test]
fn terms_hold_the_books_of_the_month_and_the_agencys_own_classes() {
    let terms = terms();
    let versions: Vec<_> = terms.books.iter().map(|book| book.version.as_str()).collect();
    assert_eq!(versions, ["v1", "v2"], "the one before it, the one of the month, and none that comes later");
    assert!(terms.classes.classes.iter().all(|class| class.agency == id("bank-indus")));
    let mut wrong = terms.clone();
    wrong.books[0].rates.clear();
    let note = wrong.sign(&office()).unwrap();
    assert!(matches!(BillingTerms::open(&note, &public_keys().statements), Err(DocumentError::Malformed(_))));
}

#[test]
fn what_another_key_signed_or_nobody_is_refused_before_anything_is_read() {
    let keys = public_keys();
    let issued = World::month().issued();
    let (good, terms) = (issued.sign(&office()).unwrap(), terms().sign(&office()).unwrap());
    let begin = |statement: &str, terms: &str| Audit::begin(statement, terms, &keys).map(|_| ()).unwrap_err();
    let statement = |error| AuditError::Statement(DocumentError::Note(error));
    let stranger = NoteSigner::from_seed("ijazat.example/statements", &[1; 32]).unwrap();
    assert_eq!(begin(&issued.sign(&stranger).unwrap(), &terms), statement(NoteError::Unsigned));
    assert_eq!(begin(&issued.sign(&log_key(0)).unwrap(), &terms), statement(NoteError::Unsigned), "a log's key");
    let changed = good.replacen("\"total_paisa\":", "\"total_paisa\":1", 1);
    assert_eq!(begin(&changed, &terms), statement(NoteError::Signature));
    let by_other = AuditError::Terms(DocumentError::Note(NoteError::Unsigned));
    assert_eq!(begin(&good, &crate::billing::terms().sign(&stranger).unwrap()), by_other);
    for (at, _) in good.char_indices().step_by(13) {
        assert!(Audit::begin(&good[..at], &terms, &keys).is_err(), "cut at {at}");
    }
}

#[test]
fn a_statement_on_other_terms_is_found() {
    let issued = World::month().issued();
    let other = Issued { terms: ELSE, ..issued.clone() };
    let found = audited(&other, &World::month().evidence()).findings;
    assert!(matches!(&found[..], [Finding::OtherTerms(_)]), "{found:?}");
    let mut others = issued;
    others.statement.agency = id("bank-ravi");
    let found = complaints(&audited(&others, &World::month().evidence()).findings);
    assert!(found[0].contains("it is bank-ravi's for 2026-11, they are bank-indus's for 2026-11"), "{found:?}");
}

/// The complaints after the statement was changed in one place and signed all the same.
fn planted(change: impl FnOnce(&mut Issued)) -> Vec<String> {
    let world = World::month();
    let mut issued = world.issued();
    change(&mut issued);
    complaints(&audited(&issued, &world.evidence()).findings)
}

#[test]
fn b24_each_planted_wrong_number_is_found_and_its_line_is_named() {
    let kyc = "line `kyc@1`, rate v1, class private";
    let check = |change: &dyn Fn(&mut Issued), expected: &[String]| {
        assert_eq!(planted(|issued| change(issued)), expected);
    };
    let part = |what: &str, stated: i64, found: i64| {
        vec![format!("{kyc}, tariff `kyc` by row: {what} is {stated} by the statement and {found} by the entries")]
    };
    check(&|it| it.statement.lines[0].parts[0].calls += 1, &part("number of calls", 3, 2));
    check(&|it| it.statement.lines[0].parts[0].rows += 1, &part("number of rows", 14, 13));
    check(&|it| it.statement.lines[0].parts[0].units -= 1, &part("number of units", 12, 13));
    check(
        &|it| it.statement.lines[0].parts[0].rated_milli_paisa += 1,
        &part("amount in milli-paisa", 455_066, 455_065),
    );
    let saved = 35_005_i64 * 3 - (35_005 / 2) * 3;
    check(
        &|it| it.statement.lines[0].parts[0].saved_milli_paisa = 0,
        &part("saving by tiers, in milli-paisa,", 0, saved),
    );
    let value = World::month().issued().statement.lines[0].value_paisa;
    check(
        &|it| it.statement.lines[0].value_paisa += 1,
        &[format!("{kyc}: rounded value in paisa is {} by the statement and {value} by the entries", value + 1)],
    );
    let missing = "line `list@1`, rate v1, class gratis-private, tariff `list` by row: addition to the minimum";
    assert!(planted(|it| it.statement.lines[2].parts[0].missing_milli_paisa = 7)[0].starts_with(missing));
    assert!(planted(|it| it.statement.lines[2].given_paisa = 0)[0].contains("value given, in paisa, is 0"));
}

#[test]
fn b24_a_line_too_many_or_too_few_and_a_wrong_tax_or_total_are_found() {
    let one = |complaints: Vec<String>, expected: &str| {
        assert!(complaints.len() == 1 && complaints[0].contains(expected), "{expected}: {complaints:?}");
    };
    one(planted(|it| drop(it.statement.lines.remove(0))), "line `kyc@1`, rate v1, class private: the entries make it");
    let twice = planted(|it| it.statement.lines.push(it.statement.lines[0].clone()));
    one(twice, "line `kyc@1`, rate v1, class private: in the statement, and no entry makes it");
    let classes = planted(|it| it.statement.lines[0].class = Some(Class::Government));
    assert!(classes.len() == 2 && classes[0].contains("class government: in the statement"), "{classes:?}");
    let no_match = planted(|it| drop(it.statement.lines[4].parts.remove(1)));
    one(no_match, "tariff `yes-no` by no-match: the entries make it");
    one(planted(|it| it.statement.taxes[0].tax_paisa += 1), "tax `Sales tax, on <services>` of rate v1: tax in paisa");
    one(planted(|it| it.statement.taxes[0].basis_points = 1_600), "rate in hundredths of a percent is 1600");
    let untaxed = planted(|it| drop(it.statement.taxes.remove(1)));
    assert!(untaxed.len() == 2 && untaxed.iter().all(|it| it.contains("of rate v2")), "{untaxed:?}");
    one(planted(|it| it.statement.total_paisa += 100), "total: amount to be paid, in paisa,");
    one(planted(|it| it.statement.value_paisa += 1), "total: value in paisa");
    one(planted(|it| it.statement.sample = false), "sample");
    one(planted(|it| it.statement.lines.swap(0, 1)), "another order");
    one(planted(|it| it.statement.taxes[0].name_ur = "ٹیکس".into()), "under other names");
}

#[test]
fn b24_each_wrong_entry_is_found_and_named() {
    let entries = |issued: &mut Issued, node: usize, places: &[u64]| {
        let mut list = Places::default();
        assert!(places.iter().all(|place| list.push(*place)));
        issued.covered[node].entries = list;
    };
    let issued = World::month().issued();
    assert_eq!(issued.covered[0].entries.runs(), [(2, 5)]);
    assert_eq!(issued.covered[1].entries.runs(), [(0, 2), (3, 5)]);
    let unlisted = planted(|it| entries(it, 0, &[2, 4]));
    assert_eq!(unlisted, ["entry node-1/3: is of this bill and not in the statement"]);
    let unfounded = planted(|it| entries(it, 0, &[0, 1, 2, 3, 4]));
    assert_eq!(unfounded, ["entries node-1/0 to 1 (2): in the statement, and no proved leaf of this bill was given"]);
    let beyond = planted(|it| it.covered[0].until = 4);
    assert_eq!(beyond, ["entry node-1/4: in the statement, and beyond what it covers"]);
    let root = planted(|it| it.root = ELSE);
    assert!(root.len() == 1 && root[0].starts_with("root over the entries is eeee"), "{root:?}");
    let node = planted(|it| drop(it.covered.pop()));
    assert_eq!(node.len(), 4, "every entry of a node that is left out is named: {node:?}");
    let stranger = planted(|it| it.covered[1].origin = "elsewhere.example/node-2".into());
    assert_eq!(stranger.len(), 6, "the same node of another log is another: {stranger:?}");
}

#[test]
fn b24_a_leaf_that_is_lacking_is_named_and_its_line_differs() {
    let world = World::month();
    let mut evidence = world.evidence();
    // Entry 1 of node 2 is an answer of five rows.
    evidence
        .retain(|it| Leaf::from_bytes(&it.leaf).is_ok_and(|leaf| (leaf.node.as_str(), leaf.sequence) != ("node-2", 1)));
    let found = complaints(&audited(&world.issued(), &evidence).findings);
    assert_eq!(found[0], "entry node-2/1: in the statement, and no proved leaf of this bill was given");
    assert!(found.iter().any(|it| it.contains("number of rows is 13 by the statement and 8")), "{found:?}");
    assert!(found.last().unwrap().starts_with("root over the entries"), "{found:?}");
}

#[test]
fn b24_a_leaf_without_a_proof_that_holds_counts_for_nothing() {
    let world = World::month();
    let issued = world.issued();
    // Entry 3 of node 1 is its third billed one; the leaves of node 1 stand first.
    let check = |change: &dyn Fn(&mut Evidence), told: &str| {
        let mut evidence = world.evidence();
        change(&mut evidence[3]);
        let found = audited(&issued, &evidence).findings;
        let first = found[0].to_string();
        assert!(matches!(found[0], Finding::Proof { .. }) && first.contains(told), "{told}: {first}");
        let lacking = "entry node-1/3: in the statement, and no proved leaf";
        assert!(complaints(&found).iter().any(|it| it.starts_with(lacking)), "{told}");
    };
    let dearer = |evidence: &mut Evidence| {
        let leaf = Leaf::from_bytes(&evidence.leaf).unwrap();
        evidence.leaf = Leaf { rows: 9_999, ..leaf }.to_bytes();
    };
    check(&dearer, "entry node-1/3: proof does not hold: proof does not lead to the root");
    check(&|it| it.proof.path[0][0] ^= 1, "proof does not lead to the root");
    check(&|it| it.proof.index = 2, "entry node-1/2: proof does not hold");
    check(&|it| it.proof.index = 77, "outside the tree");
    check(&|it| it.proof.path.truncate(1), "wrong number of hashes");
    check(&|it| it.proof.checkpoint = it.proof.checkpoint.replacen("node-1\n6", "node-1\n7", 1), "signature");
    check(&|it| it.proof.checkpoint = it.proof.checkpoint.replace("node-1", "node-9"), "no key of the log");
    check(&|it| it.proof.checkpoint = "nothing".into(), "no key of the log `unknown`");
}

#[test]
fn b24_a_proved_entry_that_is_no_leaf_or_says_another_place_is_not_believed() {
    let mut world = World::month();
    world.logs[0][3].sequence = 5;
    let found = audited(&World::month().issued(), &world.evidence()).findings;
    let place = Unproved::Place { node: "node-1".into(), sequence: 5 };
    assert!(matches!(&found[0], Finding::Proof { index: 3, why, .. } if *why == place), "{found:?}");
    let mut world = World::month();
    world.logs[0][3].version = 9;
    let found = audited(&World::month().issued(), &world.evidence()).findings;
    assert!(matches!(&found[0], Finding::Proof { index: 3, why: Unproved::Leaf, .. }), "{found:?}");
}

/// An issued statement over a log in which one leaf was changed, as a careless or dishonest office would sign it.
fn cooked(node: usize, index: usize, change: impl Fn(&mut Leaf)) -> Vec<Finding> {
    let honest = World::month();
    let mut cooked = World::month();
    change(&mut cooked.logs[node][index]);
    assert!(matches!(cooked.draft(), Err(DraftError::Fault(_))), "an honest office does not sign it");
    audited(&honest.issued(), &cooked.evidence()).findings
}

#[test]
fn b24_a_leaf_that_is_rated_wrongly_is_found_by_its_entry() {
    let check = |change: &dyn Fn(&mut Leaf), expected: &FaultKind| {
        let found = cooked(1, 0, change);
        let fault = found.iter().find(|finding| finding.rated().is_some()).unwrap();
        assert_eq!((fault.entry(), fault.rated()), (Some(("node-2", 0)), Some(expected)), "{fault}");
    };
    check(&|it| it.amount += 1, &FaultKind::Amount { charged: 280_041, rated: 280_040 });
    check(&|it| it.rate_version = Some("v2".into()), &FaultKind::Version { named: "v2".into(), in_force: "v1".into() });
    check(
        &|it| it.class = Some(Class::Government),
        &FaultKind::Class { named: Class::Government, was: Class::Private },
    );
    check(&|it| it.unit = None, &FaultKind::Unexplained(280_040));
}

#[test]
fn a_draft_takes_entries_in_their_order_only() {
    let world = World::month();
    let mut behind = World { logs: world.logs.clone() };
    behind.logs[1][1].sequence = 0;
    assert!(matches!(behind.draft(), Err(DraftError::Order { index: 0, .. })));
    let mut foreign = World { logs: world.logs.clone() };
    foreign.logs[1][1].node = "node-1".into();
    assert!(matches!(foreign.draft(), Err(DraftError::Order { .. })));
    let mut late = World { logs: world.logs };
    late.logs[1][4].sequence = 99;
    assert!(matches!(late.draft(), Err(DraftError::Order { index: 99, .. })));
}

#[test]
fn what_came_after_a_provisional_statement_is_not_its_fault() {
    let mut before = World::month();
    before.logs[1].truncate(4);
    let so_far = Issued { provisional: true, ..before.issued() };
    let found = audited(&so_far, &World::month().evidence());
    assert_eq!((complaints(&found.findings), found.entries), (Vec::new(), 6));
    let final_one = Issued { provisional: false, ..so_far };
    let found = complaints(&audited(&final_one, &World::month().evidence()).findings);
    assert!(found.iter().any(|it| it == "entry node-2/4: is of this bill and not in the statement"), "{found:?}");
}

#[test]
fn a_statement_is_corrected_by_reversal_only() {
    let issued = World::month().issued();
    let total = issued.statement.total_paisa;
    assert_eq!(issued.balance_paisa(), total);
    let again = Issued { reverses: Some(Reversal { statement: ELSE, total_paisa: total + 250 }), ..issued };
    assert_eq!((again.balance_paisa(), again.statement.total_paisa), (-250, total));
    assert_eq!(complaints(&audited(&again, &World::month().evidence()).findings), [""; 0]);
    let text = views::csv(&again);
    assert!(text.contains("\r\nbalance,bank-indus,2026-11,no,yes,,,,,,,,,,,,-250\r\n"), "{text}");
    assert!(views::page(&again).contains("-Rs 2.50"));
}

#[test]
fn an_empty_month_is_a_statement_of_nothing_that_holds() {
    let world =
        World::of(vec![Leaf { agency: Some("telco-sarhad".into()), ..answer("kyc", Unit::Row, 1, NOON.micros()) }]);
    let issued = world.issued();
    assert_eq!((issued.entries(), issued.statement.total_paisa), (0, 0));
    let found = audited(&issued, &world.evidence());
    assert_eq!((complaints(&found.findings), found.others), (Vec::new(), 1));
    assert!(views::page(&issued).contains("Nothing was used in this month."));
}

#[test]
fn a_leaf_and_its_proof_are_one_line_that_reads_back() {
    for evidence in World::month().evidence() {
        let line = evidence.to_line();
        assert!(!line.contains('\n'));
        assert_eq!(Evidence::parse(&line), Ok(evidence.clone()));
        let answered = line.replacen('{', "{\"sequence\":3,\"verifier_key\":\"k\",", 1);
        assert_eq!(Evidence::parse(&answered), Ok(evidence), "as GET /v1/receipts answers");
        assert!(line.char_indices().all(|(at, _)| Evidence::parse(&line[..at]).is_err()), "cut anywhere");
    }
    assert!(Evidence::parse(&" ".repeat(200_000)).unwrap_err().to_string().contains("longer than"));
}

#[test]
fn logs_of_a_statement_stand_in_the_order_of_their_nodes() {
    let mut issued = World::month().issued();
    issued.covered.swap(0, 1);
    let note = issued.sign(&office()).unwrap();
    assert_eq!(Issued::open(&note, &public_keys().statements).unwrap_err(), DocumentError::Form);
    assert_eq!(issued.covered[0].node(), "node-2");
    let twice = Covered { origin: origin(1), from: 0, until: 1, entries: Places::default() };
    issued.covered = vec![twice.clone(), twice];
    let note = issued.sign(&office()).unwrap();
    assert_eq!(Issued::open(&note, &public_keys().statements).unwrap_err(), DocumentError::Form);
    assert_eq!(november().to_string(), "2026-11");
    assert!(book("v1", 0, 1).check().is_ok());
}
