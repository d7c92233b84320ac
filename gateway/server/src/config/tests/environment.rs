//! The environment lies over the file, the command line over both, key by key.

use proptest::prelude::*;

use super::*;

/// `IJAZAT__UPSTREAM__FBR__URL` for `[upstream.fbr] url`.
fn variable(section: &str, key: &str) -> String {
    format!("IJAZAT__{}__{key}", section.replace('.', "__")).to_uppercase()
}

/// A value that differs from the default, as TOML and as text of a variable.
fn other_value(line: &Effective) -> (String, String) {
    let quoted = |text: &str| (format!("\"{text}\""), text.to_owned());
    match (line.section.as_str(), line.key) {
        ("node", "name" | "origin") => quoted("other-1"),
        ("node", "development") | ("sms", "unsigned" | "plain") => ("true".to_owned(), "true".to_owned()),
        ("node", "roles") => {
            let roles = "control, registry, gateway";
            ("[\"control\", \"registry\", \"gateway\"]".to_owned(), roles.to_owned())
        }
        ("listen", "agency") => quoted("127.0.0.1:7001"),
        ("listen", "agency_url") => quoted("https://door.example:7006"),
        ("listen", "public") => quoted("127.0.0.1:7002"),
        ("listen", "ops") => quoted("[::1]:7003"),
        ("listen", "internal_control") => quoted("10.0.0.2:7004"),
        ("listen", "internal_registry") => quoted("10.0.0.3:7005"),
        ("database", role) => quoted(&format!("sqlite://other/{role}.db")),
        ("limits", "nodes") => ("2".to_owned(), "2".to_owned()),
        ("sms", "transport") => quoted("sandbox"),
        ("sms", "method") => quoted("post"),
        ("sms", "sender") => quoted("8010"),
        ("sms", "version") => quoted("5.0"),
        ("sms", "listen") => quoted("127.0.0.1:7008"),
        ("sms", "callback") => quoted("https://door.example/sms"),
        ("notify", "networks") => ("[\"10.20.0.0/16\"]".to_owned(), "10.20.0.0/16".to_owned()),
        ("policy", "keys") => {
            let signer = exchange::log::note::NoteSigner::from_seed("office", &[7; 32]).unwrap();
            let vkey = signer.verifier().to_vkey();
            (format!("[\"{vkey}\"]"), vkey)
        }
        ("observe", "format") => quoted("text"),
        ("observe", "level") => quoted("warn,gateway=debug"),
        ("upstream.control" | "upstream.registry", "kind") => quoted("embedded"),
        _ => match line.value.as_deref().map(str::parse::<i64>) {
            Some(Ok(number)) => ((number - 1).to_string(), (number - 1).to_string()),
            _ => quoted("other/place"),
        },
    }
}

/// Keys that may stand alone: those of embedded upstreams' addresses need others beside them, and who shares says with how many.
fn lone_keys() -> Vec<Effective> {
    let config = load("", &[]).unwrap();
    let needs_others = ["url", "ca", "client_cert", "client_key", "permit_key"];
    let lone = |line: &Effective| {
        let others = match line.section.as_str() {
            "sms" => ["url", "password"].as_slice(),
            section if section.starts_with("upstream") => needs_others.as_slice(),
            _ => &["shared"],
        };
        !others.contains(&line.key)
    };
    config.effective.into_iter().filter(lone).collect()
}

fn shown<'c>(config: &'c Config, line: &Effective) -> &'c Effective {
    config.effective.iter().find(|other| other.section == line.section && other.key == line.key).unwrap()
}

#[test]
fn every_key_can_be_set_by_file_and_by_variable_to_the_same_effect() {
    for line in lone_keys() {
        let (toml, text) = other_value(&line);
        let in_file = load(&format!("[{}]\n{} = {toml}", line.section, line.key), &[]).unwrap();
        let in_environment = load("", &[(&variable(&line.section, line.key), &text)]).unwrap();
        assert_eq!(shown(&in_file, &line).value, shown(&in_environment, &line).value, "{} {}", line.section, line.key);
        assert_eq!(shown(&in_file, &line).source, Source::File);
        assert_eq!(shown(&in_environment, &line).source, Source::Environment);
        let (mut a, b) = (in_file, in_environment);
        a.effective.clone_from(&b.effective);
        assert_eq!(a, b, "{} {}", line.section, line.key);
    }
}

#[test]
fn a_variable_changes_its_key_and_what_follows_from_it_and_nothing_else() {
    let defaults = load("", &[]).unwrap();
    // Paths follow the state folder, and the form of the log follows development.
    let follows = |line: &Effective| ["state_dir", "development"].contains(&line.key);
    for line in lone_keys().into_iter().filter(|line| !follows(line)) {
        let (_, text) = other_value(&line);
        let changed = load("", &[(&variable(&line.section, line.key), &text)]).unwrap();
        let differing: Vec<_> =
            changed.effective.iter().zip(&defaults.effective).filter(|(a, b)| a != b).map(|(a, _)| a.key).collect();
        assert_eq!(differing, [line.key], "{}", line.section);
    }
}

#[test]
fn the_state_folder_moves_every_path_that_was_not_named() {
    let config =
        load("[log]\ndir = \"/log\"\n[tls]\nserver_key = \"/k\"", &[("IJAZAT__NODE__STATE_DIR", "/s")]).unwrap();
    assert_eq!((config.log.dir.clone(), config.tls.server_key.clone()), (PathBuf::from("/log"), PathBuf::from("/k")));
    let moved = [
        &config.tls.server_cert,
        &config.tls.client_ca,
        &config.tls.client_crl,
        &config.tls.internal_ca,
        &config.tls.internal_cert,
        &config.tls.internal_key,
        &config.tls.permit_key,
    ];
    assert!(moved.iter().all(|path| path.starts_with("/s")), "{moved:?}");
    for (url, file) in [
        (&config.database.control, "control"),
        (&config.database.registry, "registry"),
        (&config.database.index, "index"),
    ] {
        assert_eq!(url.expose(), format!("sqlite:///s/{file}.db"));
    }
}

#[test]
fn development_is_asked_for_where_there_is_a_file_and_decides_the_form_of_the_log() {
    let without = Config::load(None, []).unwrap();
    assert_eq!((without.node.development, without.observe.format), (true, LogFormat::Text));
    let off = [("IJAZAT__NODE__DEVELOPMENT".to_owned(), "false".to_owned())];
    let without = Config::load(None, off).unwrap();
    assert_eq!((without.node.development, without.observe.format), (false, LogFormat::Json));
    let with = load("[node]\ndevelopment = true\n[observe]\nformat = \"json\"", &[]).unwrap();
    assert_eq!((with.node.development, with.observe.format), (true, LogFormat::Json));
    for text in ["True", "1", "yes", "on", ""] {
        let told = load("", &[("IJAZAT__NODE__DEVELOPMENT", text)]).unwrap_err().to_string();
        assert_eq!(told, format!("config: [node] development = {text}: neither true nor false"));
    }
}

#[test]
fn roles_are_read_as_a_list_in_any_order_and_count_once() {
    use ProcessRole::{Control, Gateway, Matcher, Registry, Worker};

    let check = |text: &str, expected: &[ProcessRole]| {
        let env = [
            ("IJAZAT__NODE__ROLES", text),
            ("IJAZAT__LISTEN__INTERNAL_CONTROL", "127.0.0.1:1"),
            ("IJAZAT__LISTEN__INTERNAL_REGISTRY", "127.0.0.1:2"),
        ];
        let config = load("", &env).unwrap();
        let played: Vec<_> = ProcessRole::ALL.into_iter().filter(|role| config.node.plays(*role)).collect();
        assert_eq!(played, expected, "{text}");
        assert_eq!(config.node.roles.len(), expected.len(), "{text}");
    };
    check("worker", &[Worker]);
    check("registry,control", &[Control, Registry]);
    check(" control , control,, ", &[Control]);
    check("worker,matcher,registry,control,gateway", &[Control, Registry, Matcher, Worker, Gateway]);
    let told = load("", &[("IJAZAT__NODE__ROLES", " , ")]).unwrap_err().to_string();
    assert!(told.contains("a process needs at least one role"), "{told}");
    let told = load("", &[("IJAZAT__NODE__ROLES", "Gateway")]).unwrap_err().to_string();
    assert!(told.contains("`Gateway` is not one of control, registry, matcher, worker, gateway"), "{told}");
}

#[test]
fn a_bad_variable_hides_a_good_line_of_the_file_and_a_good_one_hides_a_bad_line() {
    let told = load("[consent]\npasscode_ttl_s = 60", &[("IJAZAT__CONSENT__PASSCODE_TTL_S", "1")]).unwrap_err();
    assert_eq!(told.problems.len(), 1, "{told}");
    let config = load("[consent]\npasscode_ttl_s = 1", &[("IJAZAT__CONSENT__PASSCODE_TTL_S", "60")]).unwrap();
    assert_eq!(config.consent.passcode_ttl_s, 60);
}

#[test]
fn a_variable_may_bring_an_upstream_that_the_file_does_not_name_or_finish_one() {
    let finished = load(
        "[upstream.fbr]\nurl = \"https://fbr.example\"",
        &[("IJAZAT__UPSTREAM__FBR__CA", "ca.pem"), ("IJAZAT__UPSTREAM__FBR__TIMEOUT_MS", "100")],
    )
    .unwrap();
    let fbr = finished.upstream("fbr").unwrap();
    assert_eq!((fbr.timeout_ms, fbr.ca.clone()), (100, Some(PathBuf::from("ca.pem"))));
    let told = load("", &[("IJAZAT__UPSTREAM__FBR__TIMEOUT_MS", "100")]).unwrap_err().to_string();
    assert_eq!(told, "config: [upstream.fbr] url: needed unless the upstream is embedded");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn of_several_sources_the_last_that_speaks_is_believed(
        file in prop::option::of(60_i64..=600),
        variables in prop::collection::vec(60_i64..=600, 0..4),
    ) {
        let text = file.map(|n| format!("[consent]\npasscode_ttl_s = {n}")).unwrap_or_default();
        let values: Vec<String> = variables.iter().map(ToString::to_string).collect();
        let env: Vec<_> = values.iter().map(|value| ("IJAZAT__CONSENT__PASSCODE_TTL_S", value.as_str())).collect();
        let config = load(&text, &env).unwrap();
        let expected = variables.last().copied().or(file).unwrap_or(300);
        prop_assert_eq!(config.consent.passcode_ttl_s, expected);
        let source = config.effective.iter().find(|line| line.key == "passcode_ttl_s").unwrap().source;
        let from = match (variables.is_empty(), file) {
            (false, _) => Source::Environment,
            (true, Some(_)) => Source::File,
            (true, None) => Source::Default,
        };
        prop_assert_eq!(source, from);
    }
}
