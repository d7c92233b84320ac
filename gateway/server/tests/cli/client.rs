//! `ijazat client` without an exchange: what is typed wrongly, what is not there, and the judgement of a bill from files alone.

use crate::{
    bill::{ISSUE, answered, given, receipt},
    kit::{Folder, text},
};

/// A call that says everything, before a server of the test's.
fn call<'a>(server: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let typed = ["client", "call", "GET", "/v1/self/whoami", "--receipts", "receipts.txt", "--patience", "0"];
    let files = ["--cert", "state/pki/client.pem", "--key", "state/pki/client.key", "--ca", "state/pki/server-ca.pem"];
    [&typed[..], &files, &["--server", server], more].concat()
}

/// A folder with a certificate and an authority.
fn certified() -> Folder {
    let folder = Folder::new();
    folder.answer(&["pki", "init"]);
    let request = ["pki", "request", "--agency", "bank-indus", "--key", "state/pki/client.key", "--out", "request.pem"];
    folder.answer(&request);
    folder.answer(&["pki", "issue", "--csr", "request.pem", "--agency", "bank-indus", "--out", "state/pki/client.pem"]);
    folder
}

#[test]
fn what_cannot_be_used_is_named_before_anything_is_asked() {
    let folder = certified();
    let refused = |typed: &[&str], expected: &str| folder.refused(typed, 2, expected);
    refused(&call("http://localhost:1", &[]), "--server http://localhost:1/: an https address");
    refused(&call("https://localhost:1", &["--header", "no colon"]), "is not `Name: value`");
    refused(&call("https://localhost:1", &["--idempotency-key", "two words"]), "visible characters");
    refused(&call("https://localhost:1", &["--json", "@absent.json"]), "--json @absent.json: No such file");
    folder.write("long.json", &"x".repeat(70_000));
    refused(
        &call("https://localhost:1", &["--json", "@long.json"]),
        "--json @long.json: is longer than the 65536 bytes",
    );
    let mut typed = call("https://localhost:1", &[]);
    typed[5] = "nowhere/receipts.txt";
    refused(&typed, "nowhere/receipts.txt: No such file");
    let mut typed = call("https://localhost:1", &[]);
    typed[3] = "v1/self/whoami";
    refused(&typed, "`v1/self/whoami`: a path begins with `/`");
    folder.write("state/pki/client.pem", "hello\n");
    refused(&call("https://localhost:1", &[]), "state/pki/client.pem");
    assert_eq!(std::fs::read_to_string(folder.path().join("receipts.txt")).unwrap(), "");
}

#[test]
fn where_nobody_answers_the_key_to_ask_again_with_is_told() {
    let folder = certified();
    // A port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let server = format!("https://127.0.0.1:{port}");
    let (code, told) = folder.refusal(&call(&server, &["--idempotency-key", "key-of-ours"]));
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains("refused") && told.contains("say --idempotency-key key-of-ours"), "{told}");
}

#[test]
fn b24_a_bill_is_judged_in_one_word_by_what_the_agency_kept() {
    let folder = answered();
    folder.answer(&ISSUE);
    let elsewhere = given(&folder);
    let typed = ["client", "check", "january", "--receipts", "receipts", "--keys", "january/keys.txt"];
    let all = [receipt(0, 1), receipt(1, 2), receipt(3, 3), receipt(4, 4)].concat();
    elsewhere.write("receipts", &all);
    let told = elsewhere.answer(&typed);
    assert!(
        told.contains("OK: signatures, proofs")
            && told.ends_with("── OK: it is what your own receipts and proofs say\n")
    );
    // By leaves of the agency's own, one of which it never fetched.
    let leaves = std::fs::read_to_string(elsewhere.path().join("january/leaves.ndjson")).unwrap();
    elsewhere.write("mine", leaves.split_once('\n').unwrap().1);
    elsewhere.write("receipts", &all.replace("rows=4;", "rows=3;"));
    let output = elsewhere.ijazat(&[&typed[..], &["--leaves", "mine"]].concat());
    let (printed, told) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(1), "{printed}{told}");
    for word in ["no proved leaf of this bill was given", "number of rows is 3 by your receipt and 4 by the entry"] {
        assert!(printed.contains(word), "{word}: {printed}");
    }
    assert!(
        told.contains("does not hold: ") && told.contains("1 difference\n") && told.contains("do not pay"),
        "{told}"
    );
    // What is not there is wrong use, not a wrong bill.
    elsewhere.refused(
        &["client", "check", "absent", "--receipts", "receipts", "--keys", "january/keys.txt"],
        2,
        "absent",
    );
}
