//! What operators change by the command line is in force at once and stands in the access log, once, in order.

use std::path::Path;

use adapters::log::{SegmentLog, keys::load};
use exchange::{
    log::note::NoteSigner,
    record::{
        leaf::{Kind, Leaf},
        seal::SealingKey,
        side::{Side, place},
    },
};

use crate::kit::Folder;

/// Leaves of kind `admin` in the log's files, each with its side record opened. Nothing may hold the log.
pub fn told_of(folder: &Folder) -> Vec<(Leaf, Side)> {
    told(folder)
}

fn told(folder: &Folder) -> Vec<(Leaf, Side)> {
    let state = folder.path().join("state");
    let key = SealingKey::new(&load(&state.join("keys/side.key")).unwrap()).unwrap();
    entries(&state)
        .into_iter()
        .filter(|(leaf, _)| matches!(leaf.kind, Kind::Admin | Kind::Consent))
        .map(|(leaf, side)| {
            let side = Side::from_bytes(&key.open(&place(&leaf.request), &side).unwrap()).unwrap();
            (leaf, side)
        })
        .collect()
}

fn entries(state: &Path) -> Vec<(Leaf, Vec<u8>)> {
    use exchange::ports::record_log::RecordLog as _;
    let seed = load(&state.join("keys/log.key")).unwrap();
    NoteSigner::from_seed("localhost/node-1", &seed).unwrap();
    let clock = std::sync::Arc::new(adapters::clock::SystemClock);
    let mut options = adapters::log::LogOptions::new(state.join("log"), "localhost/node-1", "node-1", seed, clock);
    options.segment_bytes = 1 << 20;
    options.reserve_bytes = 1 << 20;
    let log = SegmentLog::open(options).unwrap();
    let read = log.read(0, 10_000).unwrap();
    log.close();
    read.into_iter().map(|entry| (Leaf::from_bytes(&entry.leaf).unwrap(), entry.side)).collect()
}

/// Deeds that the log of a folder tells, in order. Nothing may hold the log.
pub fn deeds_of(folder: &Folder) -> Vec<String> {
    deeds(&told(folder))
}

fn deeds(told: &[(Leaf, Side)]) -> Vec<String> {
    told.iter().map(|(leaf, _)| leaf.service.clone().unwrap()).collect()
}

#[test]
fn changes_made_while_nothing_runs_are_recorded_at_the_next_start_in_their_order() {
    let folder = Folder::new();
    folder.serve(&[], &[]).stop();
    assert_eq!(told(&folder).len(), 0, "a first start is no operator's change");
    folder.answer(&["agency", "suspend", "bank-indus"]);
    folder.answer(&["agency", "resume", "bank-indus"]);
    folder.answer(&["agency", "add-key", "telco-sarhad", "--sha256", &"ab".repeat(32)]);
    folder.answer(&["certificate", "revoke", "--serial", "0a1b"]);
    assert_eq!(told(&folder).len(), 0, "nothing owns the log meanwhile");
    let (code, complaint) = folder.serve(&[], &[]).stop();
    assert_eq!(code, Some(0), "{complaint}");
    let recorded = told(&folder);
    let expected =
        ["admin.agency-suspend@1", "admin.agency-resume@1", "admin.agency-add-key@1", "admin.certificate-revoke@1"];
    assert_eq!(deeds(&recorded), expected);
    let agencies: Vec<_> = recorded.iter().map(|(leaf, _)| leaf.agency.as_deref()).collect();
    assert_eq!(agencies, [Some("bank-indus"), Some("bank-indus"), Some("telco-sarhad"), None]);
    assert!(recorded.is_sorted_by(|(a, _), (b, _)| a.at < b.at && a.directory < b.directory));
    let uid = rustix::process::getuid().as_raw().to_string();
    for (leaf, side) in &recorded {
        let operator = side.user.as_deref().unwrap();
        assert!(operator.contains(&uid), "{operator}");
        assert!(leaf.commitments.user.is_some() && leaf.commitments.parameters.is_some());
    }
    assert_eq!(recorded[3].1.parameters.as_slice(), b"{\"serial\":\"a1b\"}");

    folder.serve(&[], &[]).stop();
    assert_eq!(told(&folder).len(), 4, "another start records nothing again");
    folder.answer(&["verify-log"]);
}

#[test]
fn a_change_under_a_running_process_is_recorded_by_it() {
    let folder = Folder::new();
    let serving = folder.serve(&[], &[]);
    let answer = folder.answer(&["agency", "suspend", "bank-indus"]);
    assert!(answer.starts_with("bank-indus is suspended; directory generation "), "{answer}");
    // The process tells when it has written the leaf; until then this waits on its words, not on a time.
    let generation: u64 = answer.trim().rsplit(' ').next().unwrap().parse().unwrap();
    while gauge(&serving.ops("/metrics").1, "ijazat_log_durable_size") == 0 {
        std::thread::yield_now();
    }
    assert_eq!(serving.stop().0, Some(0));
    let recorded = told(&folder);
    assert_eq!(deeds(&recorded), ["admin.agency-suspend@1"]);
    assert_eq!(recorded[0].0.directory, generation);
}

/// A number of the metrics page; 0 where it is not told.
fn gauge(page: &str, name: &str) -> u64 {
    let mut lines = page.lines().filter(|line| line.starts_with(name));
    lines.find_map(|line| line.rsplit(' ').next()?.parse().ok()).unwrap_or(0)
}

#[test]
fn acts_of_the_authority_are_recorded_with_agency_and_serial() {
    let folder = Folder::new();
    folder.answer(&["pki", "init"]);
    folder.answer(&["pki", "request", "--agency", "bank-indus", "--key", "b.key", "--out", "b.csr"]);
    folder.answer(&["pki", "issue", "--agency", "bank-indus", "--csr", "b.csr", "--out", "b.pem"]);
    folder.answer(&["pki", "renew", "--cert", "b.pem", "--out", "c.pem"]);
    folder.answer(&["pki", "revoke", "--cert", "b.pem"]);
    folder.answer(&["pki", "crl"]);
    folder.answer(&["pki", "server"]);
    folder.answer(&["pki", "show", "c.pem"]);
    // What is refused is not done and not recorded.
    folder.refusal(&["pki", "renew", "--cert", "b.pem", "--out", "d.pem"]);
    folder.refusal(&["pki", "issue", "--agency", "bank-indus", "--csr", "b.csr", "--out", "b.pem"]);
    folder.refusal(&["pki", "revoke", "--serial", "xyz"]);
    folder.serve(&[], &[]).stop();
    let recorded = told(&folder);
    let expected = ["issue", "renew", "revoke", "crl", "server"].map(|act| format!("admin.pki-{act}@1"));
    assert_eq!(deeds(&recorded), expected);
    let shown = folder.answer(&["pki", "show", "b.pem"]);
    let serial = shown.lines().find_map(|line| line.strip_prefix("serial")).unwrap().trim().to_owned();
    for at in [0, 2] {
        assert_eq!(recorded[at].0.agency.as_deref(), Some("bank-indus"));
        assert!(String::from_utf8_lossy(&recorded[at].1.parameters).contains(&serial));
    }
    assert!(!String::from_utf8_lossy(&recorded[1].1.parameters).contains(&serial), "a renewal has a serial of its own");
}

#[test]
fn what_cannot_be_recorded_is_not_done() {
    let folder = Folder::new();
    folder.answer(&["pki", "init"]);
    folder.answer(&["pki", "request", "--agency", "bank-indus", "--key", "b.key", "--out", "b.csr"]);
    let list = std::fs::read(folder.path().join("state/pki/client-ca.crl")).unwrap();
    folder.write("state/control.db", "this is no database, however long one looks at it");
    let attempts: [&[&str]; 4] = [
        &["pki", "issue", "--agency", "bank-indus", "--csr", "b.csr", "--out", "b.pem"],
        &["pki", "revoke", "--serial", "0a"],
        &["pki", "crl"],
        &["seed", "--persons", "10"],
    ];
    for attempt in attempts {
        folder.refused(attempt, 1, "control database");
    }
    assert!(!folder.has("b.pem") && !folder.has("state/registry.db"));
    assert_eq!(std::fs::read(folder.path().join("state/pki/client-ca.crl")).unwrap(), list);
}

#[test]
fn a_process_killed_after_a_change_leaves_it_to_the_next_one() {
    let folder = Folder::new();
    folder.serve(&[], &[]).stop();
    for round in 0..3 {
        let serving = folder.serve(&[], &[]);
        folder.answer(&["agency", if round % 2 == 0 { "suspend" } else { "resume" }, "bank-indus"]);
        serving.kill();
    }
    folder.serve(&[], &[]).stop();
    let expected = ["suspend", "resume", "suspend"].map(|act| format!("admin.agency-{act}@1"));
    assert_eq!(deeds(&told(&folder)), expected);
}

#[test]
fn a_settable_clock_is_recorded_before_it_may_be_set() {
    let folder = Folder::new();
    folder.serve(&["--dev-clock", "clock.sock"], &[]).stop();
    let recorded = told(&folder);
    assert_eq!(deeds(&recorded), ["admin.dev-clock@1"]);
    assert_eq!(recorded[0].1.parameters.as_slice(), b"{\"socket\":\"clock.sock\"}");
}

#[test]
fn a_seeded_population_is_recorded_with_its_size_and_seed() {
    let folder = Folder::new();
    folder.answer(&["seed", "--persons", "50", "--seed", "7"]);
    folder.serve(&[], &[]).stop();
    let recorded = told(&folder);
    assert_eq!(deeds(&recorded), ["admin.seed@1"]);
    assert_eq!(recorded[0].1.parameters.as_slice(), b"{\"persons\":50,\"seed\":7}");
}

#[test]
fn c28_where_an_agency_is_told_is_set_by_its_rules_and_stands_in_the_record() {
    let folder = Folder::new();
    folder.serve(&[], &[]).stop();
    let ping = ["agency", "notify", "bank-indus", "--mode", "ping"];
    let with = |more: &[&'static str]| [&ping[..], more].concat();
    folder.refused(&["agency", "notify", "bank-indus", "--mode", "push"], 2, "push is not supported");
    folder.refused(&ping, 2, "ping needs a ping_url");
    folder.refused(&with(&["--ping-url", "http://bank.example/ciba"]), 2, "begins with https://");
    folder.refused(&with(&["--ping-url", "https://10.0.0.1/ciba"]), 2, "by a dns name");
    let unknown = ["agency", "notify", "no-such-bank", "--event-url", "https://bank.example/e"];
    folder.refused(&unknown, 1, "the directory has no such agency");
    let told = folder.answer(&with(&["--ping-url", "https://bank.example/ciba"]));
    assert!(told.starts_with("bank-indus is told so; directory generation "), "{told}");
    let told = folder.answer(&["agency", "notify", "bank-indus", "--off"]);
    assert!(told.starts_with("bank-indus is told nothing; "), "{told}");
    let (code, complaint) = folder.serve(&[], &[]).stop();
    assert_eq!(code, Some(0), "{complaint}");
    let recorded = told_of(&folder);
    assert_eq!(deeds(&recorded), ["admin.agency-notify@1"; 2]);
    let side = String::from_utf8(recorded[0].1.parameters.to_vec()).unwrap();
    assert!(side.contains("https://bank.example/ciba") && side.contains("ping"), "{side}");
}
