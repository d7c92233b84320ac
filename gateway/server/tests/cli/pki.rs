//! A certificate's whole way by the command line.

use crate::kit::Folder;

#[test]
fn a_certificate_goes_its_whole_way_by_the_command_line() {
    let folder = Folder::new();
    folder.answer(&["pki", "init"]);
    folder.answer(&["pki", "request", "--agency", "bank-indus", "--key", "b.key", "--out", "b.csr"]);
    let issued = folder.answer(&["pki", "issue", "--agency", "bank-indus", "--csr", "b.csr", "--out", "b.pem"]);
    assert!(issued.contains("agency      bank-indus"), "{issued}");
    assert!(issued.contains("next: ijazat agency add-key bank-indus --cert b.pem"), "{issued}");
    let again = folder.refusal(&["pki", "issue", "--agency", "x", "--csr", "b.csr", "--out", "b.pem"]);
    assert_eq!(again.0, Some(1), "a certificate is not overwritten: {}", again.1);
    let renewed = folder.answer(&["pki", "renew", "--cert", "b.pem", "--out", "c.pem", "--days", "30"]);
    let key = |told: &str| told.lines().find(|line| line.starts_with("key sha256")).unwrap().to_owned();
    assert_eq!(key(&issued), key(&renewed));
    let revoked = folder.answer(&["pki", "revoke", "--cert", "c.pem"]);
    assert!(revoked.starts_with("revoked "), "{revoked}");
    let refused = folder.refusal(&["pki", "renew", "--cert", "c.pem", "--out", "d.pem"]);
    assert_eq!(refused.0, Some(1), "{}", refused.1);
    folder.answer(&["pki", "crl"]);
    folder.answer(&["pki", "server", "--name", "exchange.example"]);
    assert_eq!(folder.refusal(&["pki", "revoke"]).0, Some(2));
    let listed = folder.answer(&["keys", "list"]);
    assert!(listed.contains("pki/client-ca.key    0600"), "{listed}");
    folder.write("production.toml", "");
    let key = ["pki", "request", "--config", "production.toml", "--agency", "a", "--key", "k", "--out", "r"];
    assert_eq!(folder.refusal(&key).0, Some(2), "keys are made for agencies in development only");
}

/// A folder with authorities, a request and its certificate.
fn issued() -> Folder {
    let folder = Folder::new();
    folder.answer(&["pki", "init"]);
    folder.answer(&["pki", "request", "--agency", "bank-indus", "--key", "b.key", "--out", "b.csr"]);
    folder.answer(&["pki", "issue", "--agency", "bank-indus", "--csr", "b.csr", "--out", "b.pem"]);
    folder
}

fn fact(shown: &str, name: &str) -> String {
    let line = shown.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("no {name} in {shown}"));
    line.strip_prefix(name).unwrap().trim().to_owned()
}

#[test]
fn authorities_are_made_once_and_stay() {
    let folder = Folder::new();
    let told = folder.answer(&["pki", "init"]);
    assert!(told.contains("give agencies ") && told.contains("server-ca.pem to check this server by"), "{told}");
    let read = |name: &str| std::fs::read(folder.path().join("state/pki").join(name)).unwrap();
    let names = ["client-ca.pem", "client-ca.key", "server-ca.pem", "server.pem", "server.key", "internal.pem"];
    let before = names.map(read);
    folder.answer(&["pki", "init"]);
    assert_eq!(names.map(read), before);
}

#[test]
fn a_certificate_shows_what_it_is_in_every_command_alike() {
    let folder = issued();
    let shown = folder.answer(&["pki", "show", "b.pem"]);
    assert_eq!(fact(&shown, "agency"), "bank-indus");
    assert_eq!(fact(&shown, "serial").len(), 32);
    assert_eq!(fact(&shown, "key sha256").len(), 64);
    let days: i64 = fact(&shown, "days left").parse().unwrap();
    let (from, until) = fact(&shown, "valid").split_once(" to ").map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    assert!(from < until && days > 300, "{shown}");
    let server = folder.answer(&["pki", "show", "state/pki/server.pem"]);
    assert_eq!(fact(&server, "agency"), "none", "a server speaks for no agency");
}

#[test]
fn days_of_validity_are_bounded_and_kept() {
    let folder = issued();
    for days in ["0", "-1", "398", "100000"] {
        let out = format!("d{days}.pem");
        let issue =
            ["pki", "issue", "--agency", "bank-indus", "--csr", "b.csr", "--out", &out, &format!("--days={days}")];
        let (code, told) = folder.refusal(&issue);
        assert_eq!(code, Some(1), "{told}");
        assert!(told.contains("397"), "{told}");
        assert!(!folder.has(&out), "{out}");
        assert_eq!(folder.refusal(&["pki", "server", &format!("--days={days}")]).0, Some(1));
    }
    for (days, left) in [("1", 1), ("397", 397)] {
        let out = format!("d{days}.pem");
        let issue = ["pki", "issue", "--agency", "bank-indus", "--csr", "b.csr", "--out", &out, "--days", days];
        let shown = folder.answer(&issue);
        let found: i64 = fact(&shown, "days left").parse().unwrap();
        assert!((left - 1..=left).contains(&found), "{shown}");
    }
}

#[test]
fn a_request_gives_its_key_and_nothing_else() {
    let folder = issued();
    // The request names bank-indus; who signs decides whom the certificate speaks for.
    let shown = folder.answer(&["pki", "issue", "--agency", "telco-sarhad", "--csr", "b.csr", "--out", "t.pem"]);
    assert_eq!(fact(&shown, "agency"), "telco-sarhad");
    assert_eq!(fact(&shown, "key sha256"), fact(&folder.answer(&["pki", "show", "b.pem"]), "key sha256"));
    assert_ne!(fact(&shown, "serial"), fact(&folder.answer(&["pki", "show", "b.pem"]), "serial"));
}

#[test]
fn broken_files_are_told_by_name_and_nothing_is_made_of_them() {
    let folder = issued();
    folder.write("junk", "not pem at all");
    folder.write("empty", "");
    for file in ["junk", "empty", "b.pem", "b.key"] {
        let (code, told) =
            folder.refusal(&["pki", "issue", "--agency", "bank-indus", "--csr", file, "--out", "never.pem"]);
        assert_eq!(code, Some(1), "{file}: {told}");
    }
    for file in ["junk", "empty", "b.csr", "b.key", "absent"] {
        folder.refused(&["pki", "show", file], 1, file);
        folder.refused(&["certificate", "revoke", "--cert", file], 1, file);
        let (code, _) = folder.refusal(&["pki", "renew", "--cert", file, "--out", "never.pem"]);
        assert_eq!(code, Some(1), "{file}");
    }
    let csr = std::fs::read_to_string(folder.path().join("b.csr")).unwrap();
    let tampered = csr.replacen('M', "N", 2);
    folder.write("tampered.csr", &tampered);
    let issue = ["pki", "issue", "--agency", "bank-indus", "--csr", "tampered.csr", "--out", "never.pem"];
    assert_eq!(folder.refusal(&issue).0, Some(1));
    assert!(!folder.has("never.pem"));
}

#[test]
fn keys_and_certificates_are_never_overwritten() {
    let folder = issued();
    let bytes = |name: &str| std::fs::read(folder.path().join(name)).unwrap();
    let before = ["b.key", "b.csr", "b.pem"].map(bytes);
    let attempts: [&[&str]; 4] = [
        &["pki", "request", "--agency", "bank-indus", "--key", "b.key", "--out", "new.csr"],
        &["pki", "request", "--agency", "bank-indus", "--key", "new.key", "--out", "b.csr"],
        &["pki", "issue", "--agency", "bank-indus", "--csr", "b.csr", "--out", "b.pem"],
        &["pki", "renew", "--cert", "b.pem", "--out", "b.pem"],
    ];
    for attempt in attempts {
        assert_eq!(folder.refusal(attempt).0, Some(1), "{attempt:?}");
    }
    assert_eq!(["b.key", "b.csr", "b.pem"].map(bytes), before);
}

#[test]
fn a_key_is_written_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = issued();
    let mode = |name: &str| std::fs::metadata(folder.path().join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("b.key"), 0o600);
    for name in ["client-ca.key", "server-ca.key", "internal-ca.key", "server.key", "internal.key"] {
        assert_eq!(mode(&format!("state/pki/{name}")), 0o600, "{name}");
    }
}

#[test]
fn a_serial_has_one_form_however_it_is_typed() {
    let folder = issued();
    let check = |typed: &str, expected: Option<&str>| {
        let output = folder.ijazat(&["pki", "revoke", "--serial", typed]);
        match expected {
            Some(serial) => {
                let told = crate::kit::text(&output.stdout);
                assert!(told.starts_with(&format!("revoked {serial}; list ")), "{typed}: {told}");
            }
            None => assert_eq!(output.status.code(), Some(1), "{typed}"),
        }
    };
    check("0A1B", Some("a1b"));
    check("0a:1b", Some("a1b"));
    check("000a1b", Some("a1b"));
    check("xyz", None);
    check("", None);
    check(&"f".repeat(200), None);
}

#[test]
fn the_list_grows_and_its_file_says_so() {
    let folder = issued();
    let list = || std::fs::read(folder.path().join("state/pki/client-ca.crl")).unwrap();
    let first = list();
    folder.answer(&["pki", "crl"]);
    let second = list();
    assert_ne!(first, second, "signed anew");
    folder.answer(&["pki", "revoke", "--cert", "b.pem"]);
    assert!(list().len() > second.len(), "a serial more");
    let once = list();
    folder.answer(&["pki", "revoke", "--cert", "b.pem"]);
    // A signature's length varies by a few bytes; a serial with its date takes more than thirty.
    assert!(list().len().abs_diff(once.len()) < 16, "a second revocation adds nothing");
    folder.refused(&["pki", "renew", "--cert", "b.pem", "--out", "c.pem"], 1, "revoked");
}

#[test]
fn a_certificate_of_another_authority_is_not_renewed() {
    let (ours, theirs) = (issued(), issued());
    let foreign = theirs.path().join("b.pem").display().to_string();
    assert_eq!(ours.refusal(&["pki", "renew", "--cert", &foreign, "--out", "c.pem"]).0, Some(1));
    assert!(!ours.has("c.pem"));
}

#[test]
fn a_server_certificate_bears_the_names_that_were_asked_for() {
    let folder = issued();
    let before = std::fs::read(folder.path().join("state/pki/server.pem")).unwrap();
    folder.answer(&["pki", "server", "--name", "exchange.example", "--name", "10.0.0.1"]);
    let after = std::fs::read(folder.path().join("state/pki/server.pem")).unwrap();
    assert_ne!(before, after);
    assert_eq!(folder.refusal(&["pki", "server", "--name", "نام"]).0, Some(1));
    assert_eq!(std::fs::read(folder.path().join("state/pki/server.pem")).unwrap(), after, "a refusal replaces nothing");
}
