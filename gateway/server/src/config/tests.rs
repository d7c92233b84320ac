//! Bad configurations and the exact messages that they earn; samples that must stay whole.

use std::{collections::BTreeSet, fs, path::PathBuf};

use super::*;
use crate::pki::testing::Folder;

mod bounds;
mod contradictions;
mod environment;
mod file;
mod print;
mod secrets;
mod unknown;

/// Loads a configuration text through a file of its own.
fn load(text: &str, env: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let folder = Folder::new();
    let path = folder.path().join("ijazat.toml");
    fs::write(&path, text).unwrap();
    Config::load(Some(&path), env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
}

fn sample(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../ops/samples").join(name)
}

#[test]
fn nothing_given_is_the_whole_development_plan() {
    let config = Config::load(None, []).unwrap();
    assert!(config.node.development);
    assert_eq!(config.node.roles.len(), 5);
    assert_eq!(config.listen.agency.to_string(), "127.0.0.1:8443");
    assert_eq!(config.listen.public.to_string(), "127.0.0.1:8444");
    assert_eq!(config.listen.ops.to_string(), "127.0.0.1:9464");
    assert_eq!(config.database.control.expose(), "sqlite://./state/control.db");
    assert_eq!(config.tls.server_cert, PathBuf::from("./state/pki/server.pem"));
    assert_eq!(config.upstream("registry").unwrap().kind, UpstreamKind::Embedded);
    assert!(config.upstream("fbr").is_none());
    assert!(!load("", &[]).unwrap().node.development, "with a file, development must be asked for");
}

#[test]
fn each_mistake_is_told_with_its_place_its_value_and_the_rule() {
    let check = |text: &str, expected: &str| assert_eq!(load(text, &[]).unwrap_err().to_string(), expected, "{text}");
    let one = |section: &str, line: &str, expected: &str| check(&format!("[{section}]\n{line}"), expected);
    let consent = |line, expected| one("consent", line, expected);
    consent(
        "passcode_ttl_s = 90000",
        "config: [consent] passcode_ttl_s = 90000: at most 600 (limits::PASSCODE_TTL_S_MAX)",
    );
    consent("passcode_ttl_s = 59", "config: [consent] passcode_ttl_s = 59: at least 60 (limits::PASSCODE_TTL_S_MIN)");
    consent("passcode_ttl_s = \"long\"", "config: [consent] passcode_ttl_s = \"long\": not a whole number");
    consent("pascode_ttl_s = 60", "config: [consent] pascode_ttl_s: unknown key; is `passcode_ttl_s` meant?");
    consent("colour = 1", "config: [consent] colour: unknown key");
    check("[konsent]\na = 1", "config: [konsent]: unknown section");
    let now = "rate books stand in the directory now: ijazat agency propose BOOK";
    check("[rates]\npath = \"rates.toml\"", &format!("config: [rates]: {now}"));
    check("node = 1", "config: [node]: not a section");
    one(
        "node",
        "roles = [\"gateway\", \"king\"]",
        "config: [node] roles = [\"gateway\", \"king\"]: `king` is not one of control, registry, matcher, worker, gateway",
    );
    one("node", "roles = []", "config: [node] roles = []: a process needs at least one role");
    one("node", "development = 1", "config: [node] development = 1: neither true nor false");
    one("node", "name = \"a b\"", "config: [node] name = \"a b\": not 1 to 63 small letters, digits, dots and hyphens");
    one(
        "listen",
        "agency = \"8443\"",
        "config: [listen] agency = \"8443\": not an address and port such as 127.0.0.1:8443",
    );
    one(
        "listen",
        "ops = \"0.0.0.0:9464\"",
        "config: [listen] ops = \"0.0.0.0:9464\": metrics and health stay on a loopback address",
    );
    one(
        "listen",
        "public = \"127.0.0.1:8443\"",
        "config: [listen] public = \"127.0.0.1:8443\": the same address as `agency`",
    );
    one(
        "listen",
        "handshakes_max = 513",
        "config: [listen] handshakes_max = 513: at most 512 (listen::limits::HANDSHAKES_MAX)",
    );
    one("listen", "body_timeout_ms = 1", "config: [listen] body_timeout_ms = 1: at least 10 (limits::WAIT_MS_MIN)");
    one("sms", "transport = \"pigeon\"", "config: [sms] transport = \"pigeon\": not one of sandbox, smpp, http");
    one("sms", "sender = \"80-09\"", "config: [sms] sender = \"80-09\": not 3 to 15 digits");
    one("sms", "rate_per_s = 0", "config: [sms] rate_per_s = 0: at least 1");
    let told = "config: [notify] networks = [\"10.0.0.0/33\"]: not an address with a prefix";
    one("notify", "networks = [\"10.0.0.0/33\"]", told);
    one("observe", "format = \"xml\"", "config: [observe] format = \"xml\": not one of json, text");
    one("log", "segment_mib = -1", "config: [log] segment_mib = -1: at least 1");
    one("policy", "bundle = 1", "config: [policy] bundle = 1: not a text");
}

#[test]
fn an_upstream_is_checked_against_its_kind() {
    let check = |id: &str, lines: &str, expected: &str| {
        let told = load(&format!("[upstream.{id}]\n{lines}"), &[]).unwrap_err().to_string();
        assert_eq!(told, format!("config: [upstream.{id}]{expected}"), "{lines}");
    };
    check("fbr", "", " url: needed unless the upstream is embedded");
    check("fbr", "kind = \"embedded\"", " kind = \"embedded\": only control and registry can be embedded");
    check(
        "fbr",
        "url = \"ftp://x\"\nkind = \"external\"",
        " url = \"ftp://x\": not a url such as https://host:port\nconfig: [upstream.fbr] url: needed unless the upstream is embedded",
    );
    check(
        "fbr",
        "url = \"http://tax.example\"",
        " url = \"http://tax.example/\": plain http leaves this machine unprotected",
    );
    check(
        "fbr",
        "url = \"https://a/\"\nca = \"a\"\npermit_key = \"k\"",
        " permit_key = \"k\": permits are never sent to another agency",
    );
    check(
        "fbr",
        "url = \"https://a/\"\nca = \"a\"\nclient_cert = \"c\"",
        " client_key: client_cert and client_key come together",
    );
    check(
        "registry",
        "kind = \"external\"\nurl = \"https://a\"",
        " kind = \"external\": control and registry are embedded or internal",
    );
    check(
        "registry",
        "kind = \"internal\"\nurl = \"https://a\"",
        " permit_key: needed for an internal upstream: it answers to permits only",
    );
    check(
        "registry",
        "kind = \"internal\"\nurl = \"http://127.0.0.1:1\"\npermit_key = \"k\"",
        " url = \"http://127.0.0.1:1/\": internal upstreams are reached by https only",
    );
    check("fbr", "url = \"https://a/\"", " ca: needed for an external upstream: nothing else vouches for it");
    check("registry", "url = \"https://a\"", " url = \"https://a/\": an embedded upstream has no url");
    assert!(load("[upstream.fbr]\nurl = \"http://127.0.0.1:8461\"", &[]).is_ok(), "plain http stays on this machine");
}

#[test]
fn roles_that_contradict_the_addresses_are_refused() {
    let told = load("[node]\nroles = [\"gateway\"]", &[]).unwrap_err().to_string();
    assert!(told.contains("[upstream.control]: embedded, but this process does not play `control`"), "{told}");
    assert!(told.contains("[upstream.registry]: embedded, but this process does not play `registry`"), "{told}");
    let told = load("[node]\nroles = [\"registry\"]", &[]).unwrap_err().to_string();
    assert_eq!(told, "config: [listen]: internal_registry is needed: this process plays `registry` without a gateway");
}

#[test]
fn every_problem_is_told_at_once() {
    let text = "[consent]\npasscode_ttl_s = 1\n[log]\nreserve_mib = 0\n[sms]\ntransport = \"x\"\n[nonsense]\n";
    let told = load(text, &[("IJAZAT__LOG__SEGMENT_MIB", "0"), ("IJAZAT__NONSENSE", "1")]).unwrap_err();
    assert_eq!(told.problems.len(), 6, "{told}");
    assert!(told.to_string().lines().all(|line| line.starts_with("config: ")), "{told}");
    assert!(told.to_string().contains("[environment] IJAZAT__NONSENSE: names no section and key"), "{told}");
}

#[test]
fn the_environment_wins_over_the_file_and_the_last_word_over_the_first() {
    let env = [
        ("IJAZAT__CONSENT__PASSCODE_TTL_S", "120"),
        ("IJAZAT__UPSTREAM__FBR__URL", "https://fbr.example"),
        ("IJAZAT__UPSTREAM__FBR__CA", "fbr-ca.pem"),
        ("IJAZAT__NODE__ROLES", "gateway, control,registry"),
        ("IJAZAT__NODE__STATE_DIR", "/one"),
        ("IJAZAT__NODE__STATE_DIR", "/two"),
        ("IJAZAT_CONFIG", "not one of ours"),
    ];
    let config = load("[consent]\npasscode_ttl_s = 60", &env).unwrap();
    assert_eq!(config.consent.passcode_ttl_s, 120);
    assert_eq!(config.upstream("fbr").unwrap().kind, UpstreamKind::External);
    assert_eq!(config.node.roles.len(), 3);
    assert_eq!(config.log.dir, PathBuf::from("/two/log"));
    let source = |key| config.effective.iter().find(|line| line.key == key).unwrap().source;
    assert_eq!((source("passcode_ttl_s"), source("user_per_s")), (Source::Environment, Source::Default));
}

#[test]
fn a_file_that_is_no_configuration_is_told_by_line_without_repeating_it() {
    let told = load("[database]\ncontrol = \"postgres://u:hunter2@h\n", &[]).unwrap_err().to_string();
    assert!(told.contains("line 2: not toml"), "{told}");
    assert!(!told.contains("hunter2"), "{told}");
    let absent = Config::load(Some(&PathBuf::from("/no/such/file")), []).unwrap_err().to_string();
    assert!(absent.starts_with("config: /no/such/file: cannot be read: "), "{absent}");
    let long = format!("# {}", "x".repeat(1024 * 1024));
    assert!(load(&long, &[]).unwrap_err().to_string().contains("more than 1048576 bytes"));
}

#[test]
fn a_password_is_in_no_message_print_or_debug() {
    let check = |url: &str| {
        let shown = match load(&format!("[database]\ncontrol = \"{url}\""), &[]) {
            Ok(config) => format!("{config:?}"),
            Err(error) => format!("{error} {error:?}"),
        };
        assert!(!shown.contains("hunter2"), "{shown}");
    };
    check("postgres://ijazat:hunter2@db/control");
    check("mysql://ijazat:hunter2@db/control");
    check("hunter2");
    let same = "[database]\ncontrol = \"postgres://u:hunter2@db/a\"\nregistry = \"postgres://u:hunter2@db/a\"";
    let told = load(same, &[]).unwrap_err().to_string();
    assert!(told.contains("each role has its own") && !told.contains("hunter2"), "{told}");
}

#[test]
fn the_documented_sample_is_sound_and_has_every_key_with_its_default() {
    let path = sample("ijazat.toml");
    let config = Config::load(Some(&path), []).unwrap();
    let mut defaults = Config::load(None, []).unwrap();
    defaults.node.development = false;
    defaults.observe.format = LogFormat::Json;
    defaults.upstreams.insert(UpstreamId::parse("fbr").unwrap(), config.upstream("fbr").unwrap().clone());
    defaults.effective.clone_from(&config.effective);
    assert_eq!(config, defaults, "the sample's values are the defaults");

    let text = fs::read_to_string(path).unwrap();
    let mut written = BTreeSet::new();
    let mut section = String::new();
    for line in text.lines() {
        // A key may be commented out, without a blank after the sign; prose has one.
        let line = line.strip_prefix('#').filter(|rest| !rest.starts_with(' ')).unwrap_or(line);
        if let Some(name) = line.strip_prefix('[') {
            section = name.trim_end_matches(']').split('.').next().unwrap().to_owned();
        } else if let Some((key, _)) = line.split_once(" = ").filter(|(key, _)| !key.contains([' ', '#'])) {
            written.insert((section.clone(), key.to_owned()));
        }
    }
    let known =
        config.effective.iter().map(|line| (line.section.split('.').next().unwrap().to_owned(), line.key.to_owned()));
    assert_eq!(written, known.collect::<BTreeSet<_>>());
}

#[test]
fn the_split_samples_fit_together() {
    let load = |name: &str| Config::load(Some(&sample(name)), []).unwrap();
    let (gateway, control, registry) =
        (load("split-gateway.toml"), load("split-control.toml"), load("split-registry.toml"));
    let port = |id: &str| gateway.upstream(id).unwrap().url.as_ref().unwrap().port_u16();
    assert_eq!(port("control"), control.listen.internal_control.map(|address| address.port()));
    assert_eq!(port("registry"), registry.listen.internal_registry.map(|address| address.port()));
    let roles = [&gateway, &control, &registry].map(|config| config.node.roles.clone()).concat();
    for role in [ProcessRole::Gateway, ProcessRole::Control, ProcessRole::Registry] {
        assert_eq!(roles.iter().filter(|other| **other == role).count(), 1, "{role:?}");
    }
    assert_eq!(gateway.database.control, control.database.control, "tokens and directory are read from one database");
    assert_eq!(control.database.registry, registry.database.registry, "whether a citizen may be asked, too");
    assert!([&gateway, &control, &registry].iter().all(|config| config.node.origin == "exchange.example"));
    assert!([&gateway, &control, &registry].iter().all(|config| !config.node.development));
}
