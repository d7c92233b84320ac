//! A process from its first line to its last: what it prints, what it refuses to start on, how it ends.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpStream,
};

use rustix::process::Signal;

use crate::kit::{Folder, QUIET, json, text};

#[test]
fn a_first_start_makes_everything_and_tells_where_it_listens() {
    let folder = Folder::new();
    let serving = folder.serve(&[], &[]);
    assert_eq!(serving.lines[0], "node-1 is up");
    for listener in ["agencies", "public", "metrics"] {
        let address = serving.address(listener).unwrap_or_else(|| panic!("{:?}", serving.lines));
        assert!(address.ip().is_loopback() && address.port() != 0);
        TcpStream::connect(address).unwrap();
    }
    for file in
        ["keys/log.key", "keys/pepper.key", "pki/server.pem", "pki/client-ca.crl", "control.db", "registry.db", "log"]
    {
        assert!(folder.has(&format!("state/{file}")), "{file}");
    }
    let (code, told) = serving.stop();
    assert_eq!(code, Some(0), "{told}");
}

#[test]
fn both_signals_that_ask_to_stop_are_obeyed_with_success() {
    let folder = Folder::new();
    for signal in [Signal::TERM, Signal::INT] {
        let serving = folder.serve(&[], &[]);
        let ops = serving.address("metrics").unwrap();
        serving.signal(signal);
        let (code, told) = serving.ended();
        assert_eq!(code, Some(0), "{signal:?}: {told}");
        assert!(told.contains("stopping"), "{told}");
        assert!(TcpStream::connect(ops).is_err(), "its ports are free again");
    }
}

#[test]
fn a_process_says_that_it_lives_and_when_it_is_ready() {
    let folder = Folder::new();
    let serving = folder.serve(&[], &[]);
    let (live, _) = serving.ops("/live");
    let (metrics, page) = serving.ops("/metrics");
    assert_eq!((live, metrics), (200, 200));
    assert!(page.contains("ijazat_log_durable_size 0"), "{page}");
    assert_eq!(serving.ops("/nowhere").0, 404);
}

#[test]
fn a_second_process_on_the_same_state_is_refused_and_disturbs_nothing() {
    let folder = Folder::new();
    let first = folder.serve(&[], &[]);
    let second = folder.command(&["serve"]).envs(QUIET.iter().copied()).output().unwrap();
    let told = text(&second.stderr);
    assert_eq!(second.status.code(), Some(1), "{told}");
    assert!(told.contains("cannot start: access log: ") && told.contains("in use by another process"), "{told}");
    assert!(second.stdout.is_empty(), "it never said that it is up");
    assert_eq!(first.ops("/live").0, 200);
    assert_eq!(first.stop().0, Some(0));
    folder.serve(&[], &[]).stop();
}

#[test]
fn a_listener_that_cannot_be_had_is_named_and_the_log_is_let_go() {
    let folder = Folder::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for (key, what) in [("AGENCY", "agency listener"), ("PUBLIC", "public listener"), ("OPS", "ops listener")] {
        let mut command = folder.command(&["serve"]);
        let command = command.envs(QUIET.iter().copied()).env(format!("IJAZAT__LISTEN__{key}"), &address);
        let output = command.output().unwrap();
        let told = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{told}");
        assert!(told.contains(&format!("cannot start: {what}: ")), "{key}: {told}");
    }
    // Whoever failed to start holds nothing back.
    folder.serve(&[], &[]).stop();
}

#[test]
fn a_peer_that_says_nothing_does_not_hold_a_stop_beyond_its_drain() {
    let folder = Folder::new();
    let serving = folder.serve(&[], &[("IJAZAT__LISTEN__DRAIN_TIMEOUT_MS", "50")]);
    let mut silent = TcpStream::connect(serving.address("agencies").unwrap()).unwrap();
    silent.write_all(&[0x16]).unwrap();
    let (code, told) = serving.stop();
    assert_eq!(code, Some(0), "{told}");
    let mut rest = Vec::new();
    // Closed or reset, the peer learns that it is over.
    let _ = silent.read_to_end(&mut rest);
}

#[test]
fn a_development_clock_is_refused_in_production_and_a_path_that_cannot_be_is_told() {
    let folder = Folder::new();
    folder.write("production.toml", "");
    folder.refused(&["serve", "--config", "production.toml", "--dev-clock", "c.sock"], 2, "[node] development = true");
    let mut command = folder.command(&["serve", "--dev-clock", "no/such/folder/c.sock"]);
    let output = command.envs(QUIET.iter().copied()).output().unwrap();
    let told = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("no/such/folder/c.sock"), "{told}");
}

#[test]
fn logs_are_json_or_text_and_as_loud_as_asked() {
    let folder = Folder::new();
    let told = |env: &[(&str, &str)]| folder.serve(&[], env).stop().1;
    let lines = told(&[("IJAZAT__OBSERVE__FORMAT", "json"), ("IJAZAT__OBSERVE__LEVEL", "info")]);
    let stopping = lines.lines().map(json).find(|line| line["message"] == "stopping").unwrap();
    assert_eq!((stopping["level"].as_str(), stopping["signal"].as_str()), (Some("INFO"), Some("SIGTERM")));
    let lines = told(&[("IJAZAT__OBSERVE__FORMAT", "text")]);
    assert!(lines.contains("INFO stopping") && !lines.trim_start().starts_with('{'), "{lines}");
    assert_eq!(told(&[("IJAZAT__OBSERVE__LEVEL", "error")]), "");
}

#[test]
fn a_broken_bundle_stops_the_start_and_is_named() {
    let folder = Folder::new();
    fs::create_dir(folder.path().join("bundle")).unwrap();
    let mut command = folder.command(&["serve"]);
    let output = command.envs(QUIET.iter().copied()).env("IJAZAT__POLICY__BUNDLE", "bundle").output().unwrap();
    let told = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("cannot start: policies: "), "{told}");
}
