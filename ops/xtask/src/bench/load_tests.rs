//! How the load generator is called for each kind of load, and what becomes of what it says.

use std::process::Command;

use serde_json::json;

use super::*;
use crate::{
    bench::{
        running::Running,
        target::{Client, Request},
    },
    testing::{Folder, bench},
};

/// A participant that runs until the test ends, with or without certificates.
fn target(folder: &Folder, path: &str, client: bool) -> Target {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut command = Command::new("sleep");
    let within = std::time::Duration::from_secs(5);
    let running = Running::start(command.arg("30"), &folder.path().join("log"), address, within).unwrap();
    let client = client.then(|| Client { ca: "ca.pem".into(), cert: "c.pem".into(), key: "c.key".into() });
    let headers = vec!["A: b".to_owned(), "C: \"d\"".to_owned()];
    let request = Request { method: "POST".into(), path: path.into(), headers, body: "{\"x\":1}".into() };
    Target { who: "ours E", address, client, request, ops: None, running }
}

/// What the generator was told, without the parts that all runs share.
fn told(target: &Target, report: &Value) -> Vec<String> {
    let all: Vec<String> = serde_json::from_value(report["arguments"].clone()).unwrap();
    let address = target.address.to_string();
    let at = all.iter().position(|argument| *argument == address).expect("the address is named");
    all[at + 1..].to_vec()
}

#[test]
fn each_kind_of_load_is_asked_for_in_the_generators_words() {
    let folder = Folder::new("load");
    let (load, target) = (Load::new(&bench(&folder)), target(&folder, "/v1/x", true));
    let check = |report: Result<Value, String>, expected: &str| {
        assert_eq!(told(&target, &report.unwrap()).join(" "), expected);
    };
    check(load.closed(&target, 64, 1000), "closed --connections 64 --duration-ms 1000");
    check(load.open(&target, 500, 2000), "open --rate 500 --connections 16 --duration-ms 2000");
    check(load.handshakes(&target, 400, false), "handshakes --count 400 --at-once 8");
    check(load.handshakes(&target, 9, true), "handshakes --count 9 --at-once 8 --resume");
    check(load.idle(&target, 1000), "idle --connections 1000");
    check(load.keeping_receipts(&target, 1200), "closed --connections 32 --duration-ms 1200");
}

#[test]
fn a_run_names_certificates_request_and_processes() {
    let folder = Folder::new("load");
    let (load, target) = (Load::new(&bench(&folder)), target(&folder, "/v1/x", true));
    let pids = format!("server={}", target.running.pids()[0]);
    let mut expected =
        vec!["--ca", "ca.pem", "--cert", "c.pem", "--key", "c.key", "--method", "POST", "--path", "/v1/x"];
    expected.extend(["--body", "{\"x\":1}", "--header", "A: b", "--header", "C: \"d\"", "--server", &pids]);
    let report = load.idle(&target, 1).unwrap();
    let all: Vec<String> = serde_json::from_value(report["arguments"].clone()).unwrap();
    assert_eq!(all[..expected.len()], expected);
}

#[test]
fn receipts_are_kept_of_a_server_whose_processes_may_die() {
    let folder = Folder::new("load");
    let (load, target) = (Load::new(&bench(&folder)), target(&folder, "/v1/x", false));
    let report = load.keeping_receipts(&target, 1).unwrap();
    let all: Vec<String> = serde_json::from_value(report["arguments"].clone()).unwrap();
    assert!(all.windows(2).any(|two| two == ["--keep", "ijazat-receipt"]), "{all:?}");
    assert!(!all.contains(&"--server".to_owned()) && !all.contains(&"--ca".to_owned()), "{all:?}");
}

#[test]
fn a_generator_that_fails_is_quoted_with_whom_it_loaded() {
    let folder = Folder::new("load");
    let load = Load::new(&bench(&folder));
    let check = |path: &str, expected: &str| {
        let said = load.idle(&target(&folder, path, false), 1).unwrap_err();
        assert!(said.starts_with(expected), "{said}");
    };
    check("/fails", "ours E: loadgen: first\n  it broke");
    check("/silent", "ours E: ");
    check("/babbles", "loadgen: expected");
    let mut elsewhere = bench(&folder);
    elsewhere.binaries = folder.path().to_owned();
    let said = Load::new(&elsewhere).idle(&target(&folder, "/", false), 1).unwrap_err();
    assert!(said.starts_with("loadgen: ") && said.contains("No such file"), "{said}");
}

#[test]
fn words_of_a_body_reach_the_generator_as_they_are() {
    let folder = Folder::new("load");
    let (load, mut target) = (Load::new(&bench(&folder)), target(&folder, "/v1/x", false));
    for body in ["", " ", "--help", "a\\b", "\"quoted\"", "$(id) `id` $HOME * ?", "اردو"] {
        target.request.body = body.to_owned();
        let report = load.idle(&target, 1).unwrap();
        assert!(report["arguments"].as_array().unwrap().contains(&json!(body)), "{body}: {report}");
    }
}
