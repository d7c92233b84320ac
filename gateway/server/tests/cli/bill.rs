//! A month's statement from the log of an installation to the desk of whoever pays it, and what is wrong is named.

use std::{fs, path::Path, sync::Arc};

use adapters::log::{LogOptions, SegmentLog, keys::load};
use exchange::{
    log::note::{NoteSigner, unverified_text},
    month::Month,
    ports::record_log::{Entry, RecordLog as _},
    record::leaf::{Commitments, Kind, LEAF_VERSION, Leaf},
    statement::{Issued, PublicKeys},
    tariff::{Class, Unit},
};

use crate::kit::{Folder, json, text};

const MONTH: &str = "2026-01";

/// An answer of KYC to a bank in the month, at the sample rate.
fn answer(agency: &str, rows: u32, seconds: i64) -> Leaf {
    let at = Month::parse(MONTH).unwrap().first().plus_seconds(seconds).micros();
    Leaf {
        version: LEAF_VERSION,
        kind: Kind::Outcome,
        at,
        node: "node-1".into(),
        sequence: 0,
        request: format!("request-{seconds}"),
        intent: None,
        caller: "Agency".into(),
        agency: Some(agency.into()),
        service: Some("identity.kyc@1".into()),
        purpose: None,
        basis: None,
        agreement: None,
        status: 200,
        code: None,
        released: Vec::new(),
        withheld: Vec::new(),
        bundle: 1,
        directory: 1,
        rows,
        bytes: 600,
        rate_version: Some("sample-2026-01".into()),
        tariff: Some("identity.kyc".into()),
        amount: 600_000 * i64::from(rows),
        commitments: Commitments::default(),
        counted: 1,
        dry_run: false,
        unit: Some(Unit::Row),
        class: Some(Class::Private),
        rated_at: Some(at),
    }
}

/// Appends leaves to the log of a folder. Nothing may hold it.
fn append(folder: &Folder, leaves: Vec<Leaf>) {
    let state = folder.path().join("state");
    let seed = load(&state.join("keys/log.key")).unwrap();
    let clock = Arc::new(adapters::clock::SystemClock);
    let mut options = LogOptions::new(state.join("log"), "localhost/node-1", "node-1", seed, clock);
    options.segment_bytes = 1 << 20;
    options.reserve_bytes = 1 << 20;
    let log = SegmentLog::open(options).unwrap();
    for leaf in leaves {
        log.submit_unawaited(Entry { leaf, side: vec![7; 16], closes: true }).unwrap();
    }
    log.close();
}

/// An installation that answered a bank four times in January, another bank once, and the bank once in February.
pub fn answered() -> Folder {
    let folder = Folder::new();
    folder.serve(&[], &[]).stop();
    let month = answer("bank-indus", 1, 31 * 86_400);
    let refused = Leaf { kind: Kind::Refused, ..answer("bank-indus", 0, 6) };
    let mut leaves: Vec<Leaf> = (1..=4).map(|n| answer("bank-indus", n, n.into())).collect();
    leaves.insert(2, Leaf { class: Some(Class::Private), ..answer("telco-sarhad", 1, 5) });
    leaves.extend([refused, month]);
    append(&folder, leaves);
    folder
}

pub const ISSUE: [&str; 8] = ["bill", "issue", "--month", MONTH, "--agency", "bank-indus", "--out", "january"];

const RECOMPUTE: [&str; 10] = [
    "bill",
    "recompute",
    "--statement",
    "january/statement.note",
    "--terms",
    "january/terms.note",
    "--leaves",
    "january/leaves.ndjson",
    "--keys",
    "january/keys.txt",
];

/// The receipt that an answer came with.
pub fn receipt(index: u64, rows: u32) -> String {
    let amount = 600_000 * i64::from(rows);
    format!("\"localhost/node-1/{index}\";rows={rows};amount-milli-paisa={amount};rate=\"sample-2026-01\"\n")
}

/// A folder elsewhere with nothing in it but what an agency is given.
pub fn given(folder: &Folder) -> Folder {
    let elsewhere = Folder::new();
    for file in ["statement.note", "terms.note", "leaves.ndjson", "keys.txt"] {
        let from = folder.path().join("january").join(file);
        elsewhere.write(&format!("january/{file}"), &fs::read_to_string(from).unwrap());
    }
    elsewhere
}

fn read(folder: &Folder, file: &str) -> String {
    fs::read_to_string(folder.path().join("january").join(file)).unwrap()
}

/// The office's key of an installation.
fn office(folder: &Folder) -> NoteSigner {
    let seed = load(&folder.path().join("state/keys/statements.key")).unwrap();
    NoteSigner::from_seed("localhost/statements", &seed).unwrap()
}

/// Signs a statement of the office's again after a change.
fn cook(installation: &Folder, elsewhere: &Folder, change: impl FnOnce(&mut Issued)) {
    let key = office(installation);
    let note = read(installation, "statement.note");
    let mut issued = Issued::open(&note, std::slice::from_ref(key.verifier())).unwrap().body;
    change(&mut issued);
    elsewhere.write("january/statement.note", &issued.sign(&key).unwrap());
}

#[test]
fn b24_a_statement_is_issued_and_recomputed_elsewhere_from_its_files_alone() {
    let folder = answered();
    let told = folder.answer(&ISSUE);
    assert!(told.starts_with("january: statement of bank-indus for 2026-01, 4 entries, by sample rates\n"), "{told}");
    // Ten rows at six rupees, and fifteen per cent of it.
    assert!(told.contains("  to be paid  Rs 69.00\n"), "{told}");
    let elsewhere = given(&folder);
    let told = elsewhere.answer(&RECOMPUTE);
    for word in [
        "statement of bank-indus for 2026-01, issued 20",
        "its rates are a sample",
        "  OK              Rs 60.00  identity.kyc@1, rate sample-2026-01, class private, 10 units\n",
        "  OK               Rs 9.00  Sales tax on services (sample) on Rs 60.00, rate sample-2026-01\n",
        "  OK              Rs 69.00  to be paid\n",
        "4 proved leaves of this bill, 0 of no bill or another\n",
        "OK: signatures, proofs, rates, lines, taxes, total and root hold\n",
    ] {
        assert!(told.contains(word), "{word}: {told}");
    }
    assert!(!elsewhere.has("state"), "nothing was made");
    let page = read(&folder, "statement.html");
    assert!(page.contains("Rs 69.00") && page.contains("lang=\"ur\" dir=\"rtl\""));
    assert!(read(&folder, "statement.csv").contains("\r\ntotal,bank-indus,2026-01,no,yes,"));
    let signed = read(&folder, "statement.note");
    let body = unverified_text(&signed).unwrap().lines().nth(1).unwrap();
    assert_eq!(read(&folder, "statement.json").trim_end(), body);
    assert_eq!(json(body)["statement"]["total_paisa"], 6_900);
    let printed = folder.answer(&["bill", "keys"]);
    assert_eq!(printed, read(&folder, "keys.txt"));
    assert_eq!(PublicKeys::parse(&printed).unwrap().statements, [office(&folder).verifier().clone()]);
    let leftovers = fs::read_dir(folder.path()).unwrap().filter(|it| {
        Path::new(&it.as_ref().unwrap().file_name()).extension().is_some_and(|extension| extension == "tmp")
    });
    assert_eq!(leftovers.count(), 0);
    folder.answer(&["verify-log"]);
}

#[test]
fn b24_a_planted_wrong_line_is_found_and_named_with_exit_code_1() {
    let folder = answered();
    folder.answer(&ISSUE);
    let elsewhere = given(&folder);
    let wrong = |expected: &[&str]| {
        let output = elsewhere.ijazat(&RECOMPUTE);
        let (told, complaint) = (text(&output.stdout), text(&output.stderr));
        assert_eq!(output.status.code(), Some(1), "{told}{complaint}");
        assert!(complaint.starts_with("january/statement.note: does not hold: "), "{complaint}");
        assert!(expected.iter().all(|word| told.contains(word)), "{expected:?}: {told}");
        assert!(!told.contains("OK: "), "{told}");
    };
    cook(&folder, &elsewhere, |issued| issued.statement.lines[0].parts[0].rows += 5);
    wrong(&[
        "  WRONG           Rs 60.00  identity.kyc@1",
        "line `identity.kyc@1`, rate sample-2026-01, class private, tariff `identity.kyc` by row: number of rows is 15 by the \
         statement and 10 by the entries",
    ]);
    cook(&folder, &elsewhere, |issued| issued.statement.total_paisa += 1_000);
    wrong(&["  WRONG           Rs 79.00  to be paid", "total: amount to be paid, in paisa, is 7900"]);
    cook(&folder, &elsewhere, |_| ());
    elsewhere.answer(&RECOMPUTE);
    let leaves = read(&folder, "leaves.ndjson");
    let fewer = leaves.split_once('\n').unwrap().1.to_owned();
    elsewhere.write("january/leaves.ndjson", &fewer);
    wrong(&["entry node-1/0: in the statement, and no proved leaf of this bill was given", "root over the entries"]);
}

#[test]
fn what_is_not_signed_by_a_key_that_was_given_is_refused() {
    let folder = answered();
    folder.answer(&ISSUE);
    let elsewhere = given(&folder);
    let stranger = NoteSigner::from_seed("localhost/statements", &[5; 32]).unwrap().verifier().to_vkey();
    let keys = read(&folder, "keys.txt");
    let log = keys.lines().nth(1).unwrap();
    elsewhere.write("january/keys.txt", &format!("statements {stranger}\n{log}\n"));
    elsewhere.refused(&RECOMPUTE, 1, "january/statement.note: note is not signed by the trusted key");
    let other_log = NoteSigner::from_seed("localhost/node-1", &[5; 32]).unwrap().verifier().to_vkey();
    let statements = keys.lines().next().unwrap();
    elsewhere.write("january/keys.txt", &format!("{statements}\nlog {other_log}\n"));
    let output = elsewhere.ijazat(&RECOMPUTE);
    assert_eq!(output.status.code(), Some(1));
    let told = text(&output.stdout);
    assert!(told.contains("entry node-1/0: proof does not hold: note is not signed by the trusted key"), "{told}");
    elsewhere.write("january/keys.txt", &format!("{statements}\n"));
    elsewhere.refused(&RECOMPUTE, 1, "january/keys.txt: there is no line `log VKEY`");
    elsewhere.write("january/keys.txt", "hello\n");
    elsewhere.refused(&RECOMPUTE, 1, "january/keys.txt: line 1: not of the form");
}

#[test]
fn a_file_that_is_cut_or_not_there_is_named() {
    let folder = answered();
    folder.answer(&ISSUE);
    let elsewhere = given(&folder);
    let half = |file: &str| {
        let whole = read(&folder, file);
        elsewhere.write(&format!("january/{file}"), whole.get(..whole.len() * 5 / 8).unwrap());
    };
    let whole = |file: &str| elsewhere.write(&format!("january/{file}"), &read(&folder, file));
    half("statement.note");
    elsewhere.refused(&RECOMPUTE, 1, "january/statement.note: note is not a text with signature lines");
    whole("statement.note");
    half("terms.note");
    elsewhere.refused(&RECOMPUTE, 1, "january/terms.note: note is not a text with signature lines");
    whole("terms.note");
    half("leaves.ndjson");
    let (code, told) = elsewhere.refusal(&RECOMPUTE);
    assert!(code == Some(1) && told.starts_with("january/leaves.ndjson: line "), "{told}");
    assert!(told.contains("is not a json object with `leaf` and `proof`"), "{told}");
    elsewhere.write("january/leaves.ndjson", &"x".repeat(300_000));
    elsewhere.refused(&RECOMPUTE, 1, "january/leaves.ndjson: line 1 is too long");
    fs::remove_file(elsewhere.path().join("january/leaves.ndjson")).unwrap();
    elsewhere.refused(&RECOMPUTE, 2, "january/leaves.ndjson: cannot be read: No such file");
    fs::create_dir(elsewhere.path().join("january/leaves.ndjson")).unwrap();
    elsewhere.refused(&RECOMPUTE, 2, "january/leaves.ndjson: is a folder");
    fs::write(elsewhere.path().join("january/terms.note"), [0xff, 0xfe]).unwrap();
    elsewhere.refused(&RECOMPUTE, 2, "january/terms.note: cannot be read: ");
}

#[test]
fn nothing_is_issued_that_may_not_be() {
    let folder = answered();
    let issue =
        |more: &[&str], code: i32, expected: &str| folder.refused(&[&["bill", "issue"], more].concat(), code, expected);
    issue(&["--month", "2026-13", "--agency", "bank-indus", "--out", "x"], 2, "01 to 12");
    issue(&["--month", "9998-12", "--agency", "bank-indus", "--out", "x"], 2, "--so-far gives a provisional statement");
    issue(&["--month", MONTH, "--agency", "nobody", "--out", "x"], 1, "agency `nobody` is not in the directory");
    issue(
        &["--month", MONTH, "--agency", "bank-indus", "--out", "x", "--log", "state/log"],
        2,
        "each log needs its key",
    );
    let stranger = NoteSigner::from_seed("localhost/node-1", &[5; 32]).unwrap().verifier().to_vkey();
    let other = ["--month", MONTH, "--agency", "bank-indus", "--out", "x", "--log", "state/log", "--vkey", &stranger];
    issue(&other, 1, "state/log: checkpoint does not hold");
    assert!(!folder.has("x"), "what is not finished is not there");
    folder.answer(&ISSUE);
    folder.refused(&ISSUE, 2, "january: is there already: a statement is never written over");
    Folder::new().refused(&ISSUE, 1, "no installation here");
    append(&folder, vec![Leaf { amount: 1, ..answer("bank-indus", 1, 9) }]);
    issue(
        &["--month", MONTH, "--agency", "bank-indus", "--out", "x"],
        1,
        "entry node-1/7: is charged 1 milli-paisa; its rate gives 600000",
    );
}

#[test]
fn a_month_that_is_not_over_has_a_provisional_statement_that_holds_also_later() {
    let folder = answered();
    let far = "9998-12";
    let so_far = ["bill", "issue", "--month", far, "--agency", "bank-indus", "--out", "january", "--so-far"];
    let told = folder.answer(&so_far);
    assert!(told.starts_with("january: provisional statement of bank-indus for 9998-12, 0 entries"), "{told}");
    assert!(folder.answer(&RECOMPUTE).starts_with("provisional statement of bank-indus"));
    assert!(read(&folder, "statement.html").contains("PROVISIONAL"));
    let again =
        ["bill", "issue", "--month", far, "--agency", "bank-indus", "--out", "x", "--so-far", "--reverses", "y"];
    folder.refused(&again, 2, "cannot be used with");
}

#[test]
fn a_statement_is_corrected_by_one_that_takes_it_back() {
    let folder = answered();
    folder.answer(&ISSUE);
    append(&folder, vec![answer("bank-indus", 5, 7)]);
    let again = ["bill", "issue", "--month", MONTH, "--out", "again", "--agency", "bank-indus", "--reverses"];
    let told = folder.answer(&[&again[..], &["january/statement.note"]].concat());
    assert!(told.contains("5 entries") && told.contains("  to be paid  Rs 103.50\n"), "{told}");
    assert!(told.contains("  balance     Rs 34.50 after the earlier statement\n"), "{told}");
    let other = ["bill", "issue", "--month", MONTH, "--out", "x", "--agency", "telco-sarhad", "--reverses"];
    let refused = |file: &str, code: i32, told: &str| folder.refused(&[&other[..], &[file]].concat(), code, told);
    refused("january/terms.note", 1, "january/terms.note: document is not of the kind `ijazat-statement/1`");
    refused("january/statement.note", 2, "january/statement.note: is bank-indus's for 2026-01");
}

#[test]
fn b24_receipts_are_held_against_the_statement() {
    let folder = answered();
    folder.answer(&ISSUE);
    let elsewhere = given(&folder);
    let typed = ["bill", "compare", "--receipts", "receipts", "--statement", "january/statement.note"];
    let places = [&typed[..], &["--keys", "january/keys.txt"]].concat();
    let whole = [&places[..], &["--leaves", "january/leaves.ndjson"]].concat();
    elsewhere.write("receipts", &[receipt(0, 1), receipt(1, 2), receipt(3, 3), receipt(4, 4)].concat());
    for typed in [&places, &whole] {
        assert_eq!(elsewhere.answer(typed), "4 receipts agree, 0 cost nothing or are another month's\n");
    }
    elsewhere.write("receipts", &[receipt(0, 1), receipt(1, 9), receipt(4, 4), receipt(40, 1)].concat());
    let output = elsewhere.ijazat(&whole);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).ends_with("january/statement.note: 4 differences\n"), "{}", text(&output.stderr));
    let told = text(&output.stdout);
    for word in [
        "different localhost/node-1/1: number of rows is 9 by your receipt and 2 by the entry\n",
        "different localhost/node-1/1: amount in milli-paisa is 5400000 by your receipt and 1200000 by the entry\n",
        "missing localhost/node-1/40: you have a receipt for 600000 milli-paisa, the statement does not have it\n",
        "extra localhost/node-1/3: in the statement, and you have no receipt\n",
        "2 receipts agree",
    ] {
        assert!(told.contains(word), "{word}: {told}");
    }
    elsewhere.write("receipts", "hello\n");
    elsewhere.refused(&places, 1, "receipts: line 1 is not a receipt such as");
}

#[test]
fn every_agency_is_stated_from_one_reading_and_one_that_is_charged_wrongly_holds_back_no_other() {
    let folder = answered();
    let all = |out: &'static str| ["bill", "issue", "--month", MONTH, "--all", "--out", out];
    let told = folder.answer(&all("january"));
    for line in [
        "january/bank-indus: statement of bank-indus for 2026-01, 4 entries, by sample rates\n",
        "january/telco-sarhad: statement of telco-sarhad for 2026-01, 1 entries, by sample rates\n",
        "\n2 statements issued; ",
    ] {
        assert!(told.contains(line), "{line}: {told}");
    }
    let folders = |out: &str| {
        let read = fs::read_dir(folder.path().join(out)).unwrap();
        let mut names: Vec<_> = read.map(|it| it.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    };
    assert_eq!(folders("january"), ["bank-indus", "telco-sarhad"]);
    // Each is what it would be alone.
    folder.answer(&[&ISSUE[..7], &["alone"]].concat());
    let leaves = |out: &str| fs::read_to_string(folder.path().join(out).join("leaves.ndjson")).unwrap();
    assert_eq!(leaves("january/bank-indus"), leaves("alone"));
    folder.refused(&all("january"), 2, "is there already");
    folder.refused(&["bill", "issue", "--month", MONTH, "--out", "x"], 2, "--agency <AGENCY>");
    folder.refused(&[&all("x")[..], &["--agency", "bank-indus"]].concat(), 2, "cannot be used with");

    // One whose entry is charged wrongly, and one whose month is final.
    folder.serve(&[], &[]).stop();
    folder.answer(&["bill", "close", "--statement", "january/bank-indus/statement.note"]);
    append(&folder, vec![Leaf { amount: 1, ..answer("telco-sarhad", 1, 9) }]);
    let output = folder.ijazat(&all("again"));
    let (printed, told) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(1), "{printed}{told}");
    assert!(printed.contains("bank-indus: left out, its month is closed by statement "), "{printed}");
    assert!(
        told.contains("telco-sarhad: not issued: entry node-1/") && told.contains("charged 1 milli-paisa"),
        "{told}"
    );
    assert!(printed.contains("\n0 statements issued; ") && !folder.has("again"), "{printed}");
    // Where the entry is, the others have their statements all the same.
    let reopened = answered();
    append(&reopened, vec![Leaf { amount: 1, ..answer("telco-sarhad", 1, 9) }]);
    let output = reopened.ijazat(&all("again"));
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stdout).contains("\n1 statements issued; "), "{}", text(&output.stdout));
    assert!(reopened.has("again/bank-indus/statement.note") && !reopened.has("again/telco-sarhad"));
}

#[test]
fn what_an_agency_is_given_holds_no_one_elses_entry_and_no_side_record() {
    let folder = answered();
    folder.answer(&ISSUE);
    let all = ["statement.note", "terms.note", "leaves.ndjson", "statement.json", "statement.csv", "statement.html"];
    for file in all {
        let text = read(&folder, file);
        assert!(!text.contains("telco-sarhad"), "{file}");
    }
    let leaves = read(&folder, "leaves.ndjson");
    assert_eq!(leaves.lines().count(), 4);
    for line in leaves.lines() {
        let members: Vec<String> = json(line).as_object().unwrap().keys().cloned().collect();
        assert_eq!(members, ["leaf", "proof"]);
    }
}

/// An installation in January's place whose ledger has posted everything, and its statement.
fn posted() -> Folder {
    let folder = answered();
    folder.answer(&ISSUE);
    let closed = ["bill", "close", "--statement", "january/statement.note"];
    folder.refused(&closed, 1, "the ledger is posted up to entry 0 of `node-1`, the statement was made up to 7");
    // A start posts what was recorded before it.
    folder.serve(&[], &[]).stop();
    folder
}

#[test]
fn a_month_is_closed_once_by_its_statement_and_its_taxes_are_in_the_books() {
    let folder = posted();
    let close = |statement: &str| folder.answer(&["bill", "close", "--statement", statement]);
    let told = close("january/statement.note");
    assert!(told.starts_with("2026-01 of bank-indus is closed by statement "), "{told}");
    assert!(told.contains("  taxes Rs 9.00000; tiers, minimums and rounding Rs 0.00000, beside"), "{told}");
    assert!(close("january/statement.note").starts_with("2026-01 of bank-indus was closed before by statement "));
    // Sixty rupees of January and six of February were charged, and nine are January's tax.
    assert!(folder.answer(&["ledger", "show", "bank-indus"]).contains("debited Rs 75.00"), "once");
    folder.answer(&["ledger", "check"]);
    // The month is final: only a reversal is issued, and moves what differs.
    folder.refused(&[&ISSUE[..7], &["again"]].concat(), 2, "is closed by statement");
    let reversal = [&ISSUE[..7], &["again", "--reverses", "january/statement.note"]].concat();
    folder.answer(&reversal);
    folder.serve(&[], &[]).stop();
    assert!(close("again/statement.note").contains(" is closed by statement "));
    folder.refused(&["bill", "close", "--statement", "january/statement.note"], 1, "is closed by statement");
    assert!(folder.answer(&["ledger", "show", "bank-indus"]).contains("debited Rs 75.00"), "nothing differed");
    let provisional = ["bill", "issue", "--month", MONTH, "--agency", "bank-indus", "--out", "so-far", "--so-far"];
    folder.answer(&provisional);
    folder.refused(&["bill", "close", "--statement", "so-far/statement.note"], 1, "is provisional");
}
