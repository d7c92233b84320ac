//! What is sound alone and wrong together: addresses, databases, roles, upstreams.

use super::*;

const ADDRESSES: [&str; 5] = ["agency", "public", "ops", "internal_control", "internal_registry"];

#[test]
fn no_two_listeners_share_an_address() {
    for (at, second) in ADDRESSES.iter().enumerate() {
        for first in &ADDRESSES[..at] {
            let text = format!("[listen]\n{first} = \"127.0.0.1:7000\"\n{second} = \"127.0.0.1:7000\"");
            let told = load(&text, &[]).unwrap_err().to_string();
            assert_eq!(told, format!("config: [listen] {second} = \"127.0.0.1:7000\": the same address as `{first}`"));
        }
    }
}

#[test]
fn a_listener_may_not_take_the_default_of_another() {
    let told = load("[listen]\ninternal_control = \"127.0.0.1:9464\"", &[]).unwrap_err().to_string();
    assert_eq!(told, "config: [listen] internal_control = \"127.0.0.1:9464\": the same address as `ops`");
    let swapped = load("[listen]\nagency = \"127.0.0.1:8444\"\npublic = \"127.0.0.1:8443\"", &[]).unwrap();
    assert_eq!((swapped.listen.agency.port(), swapped.listen.public.port()), (8444, 8443));
}

#[test]
fn three_at_one_address_are_two_problems() {
    let all = "[listen]\nagency = \"127.0.0.1:1\"\npublic = \"127.0.0.1:1\"\nops = \"127.0.0.1:1\"";
    let told = load(all, &[]).unwrap_err();
    let keys: Vec<_> = told.problems.iter().map(|problem| problem.key.as_str()).collect();
    assert_eq!(keys, ["public", "ops"], "{told}");
}

#[test]
fn what_only_looks_alike_is_allowed() {
    for text in [
        "agency = \"127.0.0.1:0\"\npublic = \"127.0.0.1:0\"\nops = \"127.0.0.1:0\"",
        "agency = \"127.0.0.1:7000\"\npublic = \"127.0.0.2:7000\"",
        "agency = \"[::1]:7000\"\npublic = \"127.0.0.1:7000\"",
    ] {
        load(&format!("[listen]\n{text}"), &[]).unwrap();
    }
}

#[test]
fn metrics_and_health_never_leave_the_machine() {
    for address in ["0.0.0.0:9464", "[::]:9464", "10.0.0.1:9464", "192.0.2.1:1", "[2001:db8::1]:9464", "8.8.8.8:0"] {
        let told = load(&format!("[listen]\nops = \"{address}\""), &[]).unwrap_err().to_string();
        let expected = format!("config: [listen] ops = \"{address}\": metrics and health stay on a loopback address");
        assert_eq!(told, expected);
    }
    for address in ["127.0.0.1:1", "127.255.255.254:1", "[::1]:1"] {
        load(&format!("[listen]\nops = \"{address}\""), &[]).unwrap();
    }
}

#[test]
fn an_address_is_a_number_and_a_port() {
    for value in
        ["", "8443", ":8443", "localhost:8443", "127.0.0.1", "127.0.0.1:65536", "127.0.0.1:-1", "::1:8443", "1.2.3:1"]
    {
        for key in ADDRESSES {
            let told = load(&format!("[listen]\n{key} = \"{value}\""), &[]).unwrap_err().to_string();
            let expected =
                format!("config: [listen] {key} = \"{value}\": not an address and port such as 127.0.0.1:8443");
            assert_eq!(told, expected);
        }
    }
}

#[test]
fn each_role_has_a_database_of_its_own() {
    let check = |one: &str, other: &str, refused: &str, reason: &str| {
        let text = format!("[database]\n{one} = \"sqlite://same.db\"\n{other} = \"sqlite://same.db\"");
        let told = load(&text, &[]).unwrap_err().to_string();
        assert_eq!(told, format!("config: [database] {refused} = \"sqlite://same.db\": {reason}"));
    };
    check("control", "registry", "registry", "the same database as `control`: each role has its own");
    check("control", "index", "index", "the same database as another role's: each role has its own");
    check("registry", "index", "index", "the same database as another role's: each role has its own");
    let told = load("[database]\nregistry = \"sqlite://./state/control.db\"", &[]).unwrap_err().to_string();
    assert!(told.contains("the same database as `control`"), "the default of another counts: {told}");
    // Two names on one server differ, and so do two schemas' users.
    load("[database]\ncontrol = \"postgres://h/a\"\nregistry = \"postgres://h/b\"", &[]).unwrap();
}

#[test]
fn names_of_nodes_and_exchanges_are_plain_enough_for_notes_and_dns() {
    for key in ["name", "origin"] {
        for value in ["", "Node", "node_1", "node 1", "nöde", "a/b", "a+b", "a\\nb", &"x".repeat(64)] {
            let told = load(&format!("[node]\n{key} = \"{value}\""), &[]).unwrap_err().to_string();
            assert!(told.starts_with(&format!("config: [node] {key} = ")), "{told}");
            assert!(told.ends_with(": not 1 to 63 small letters, digits, dots and hyphens"), "{told}");
        }
        for value in ["a", "node-1", "exchange.example", "0", &"x".repeat(63)] {
            load(&format!("[node]\n{key} = \"{value}\""), &[]).unwrap();
        }
    }
}

#[test]
fn messages_go_to_a_network_that_can_be_reached_without_being_overheard() {
    let smpp = "transport = \"smpp\"\npassword = \"p\"\n";
    let http = "transport = \"http\"\npassword = \"p\"\nlisten = \"127.0.0.1:1\"\nsecret = \"s\"\n";
    let outcome = |text: &str| load(&format!("[sms]\n{text}"), &[]).map_err(|error| error.to_string());
    for sound in [
        format!("{smpp}url = \"smpp://u@127.0.0.1:2775\""),
        format!("{smpp}url = \"smpps://u@smsc.example:3550\"\nca = \"ca.pem\""),
        format!("{smpp}url = \"smpp://u@10.0.0.1:2775\"\nplain = true"),
        format!("{http}url = \"http://u@localhost:13013/cgi-bin/sendsms\"\nunsigned = true"),
        format!("{http}url = \"https://u@sms.example/send\"\nca = \"ca.pem\"\nmethod = \"get\""),
    ] {
        outcome(&sound).unwrap_or_else(|error| panic!("{sound}: {error}"));
    }
    let check = |text: String, key: &str, reason: &str| {
        let told = outcome(&text).unwrap_err();
        assert!(told.contains(&format!("[sms] {key}")) && told.contains(reason), "{text}: {told}");
    };
    check(smpp.to_owned(), "url", "needed unless the transport is sandbox");
    check("url = \"smpp://u@127.0.0.1:1\"".to_owned(), "url", "of no use to the sandbox");
    check(format!("{smpp}url = \"smpp://u@10.0.0.1:2775\""), "url", "over smpps, or through a tunnel");
    check(format!("{smpp}url = \"smpp://u:hunter2@127.0.0.1:1\""), "url", "a password belongs into the file");
    check(format!("{smpp}url = \"https://u@127.0.0.1:1\""), "url", "of another transport");
    check(format!("{smpp}url = \"smpps://u@smsc.example:1\""), "ca", "needed for smpps and https");
    check(format!("{http}url = \"http://u@10.0.0.1:1/x\""), "url", "over https only");
    check("transport = \"smpp\"\nurl = \"smpp://u@[::1]:1\"".to_owned(), "password", "needed unless");
    check(format!("{smpp}url = \"smpp://u@127.0.0.1:1\"\nsecret = \"s\""), "listen", "of no use to smpp");
    check(format!("{smpp}url = \"smpp://u@127.0.0.1:1\"\nrate_per_s = 1"), "window", "eight seconds' worth");
    let elsewhere = http.replace("127.0.0.1:1", "10.0.0.1:1");
    check(format!("{elsewhere}url = \"http://u@127.0.0.1:1/x\""), "listen", "through a proxy with TLS");
    let hidden = outcome(&format!("{smpp}url = \"smpp://u:hunter2@127.0.0.1:1\"")).unwrap_err();
    assert!(!hidden.contains("hunter2"), "{hidden}");
}

/// Which services a gateway must reach elsewhere, and which processes need a listener, for every combination of roles.
#[test]
fn every_combination_of_roles_is_told_exactly_what_it_lacks() {
    let words = ["gateway", "control", "registry", "matcher", "worker"];
    for bits in 1..32_u32 {
        let roles: Vec<&str> = (0..5).filter(|at| bits & (1 << at) != 0).map(|at| words[at]).collect();
        let plays = |role: &str| roles.contains(&role);
        let mut lacks = Vec::new();
        for id in ["control", "registry"] {
            if plays("gateway") && !plays(id) {
                let reason =
                    format!("embedded, but this process does not play `{id}`: give kind = \"internal\" and a url");
                lacks.push(format!("config: [upstream.{id}]: {reason}"));
            }
            if !plays("gateway") && plays(id) {
                let reason = format!("internal_{id} is needed: this process plays `{id}` without a gateway");
                lacks.push(format!("config: [listen]: {reason}"));
            }
        }
        let outcome = load("", &[("IJAZAT__NODE__ROLES", &roles.join(","))]);
        let told = outcome.map_or_else(|error| error.to_string(), |_| String::new());
        assert_eq!(told, lacks.join("\n"), "{roles:?}");
    }
}

#[test]
fn urls_of_upstreams_are_origins_and_nothing_more() {
    let outcome = |url: &str| load(&format!("[upstream.fbr]\nca = \"c\"\nurl = \"{url}\""), &[]);
    for url in ["https://fbr.example", "https://fbr.example/", "https://10.0.0.1:8461", "https://[2001:db8::1]:1"] {
        outcome(url).unwrap_or_else(|error| panic!("{url}: {error}"));
    }
    for url in [
        "",
        "fbr.example",
        "https://",
        "//fbr.example",
        "ftp://fbr.example",
        "https://fbr.example/api",
        "https://fbr.example/?q",
        "https://user:hunter2@fbr.example",
        "https://fbr example",
        "HTTPS",
    ] {
        let told = outcome(url).unwrap_err().to_string();
        assert!(told.contains(": not a url such as https://host:port"), "{url}: {told}");
    }
}

#[test]
fn the_address_that_clients_know_is_an_origin_by_https_and_nothing_more() {
    let outcome = |url: &str| load(&format!("[listen]\nagency_url = \"{url}\""), &[]);
    for url in ["https://exchange.example", "https://exchange.example:8443", "https://[2001:db8::1]:1"] {
        assert_eq!(outcome(url).unwrap().listen.agency_url.as_deref(), Some(url));
    }
    let host = "https://exchange.example";
    let more = ["/", "/v1", "#x", "?x"].map(|more| format!("{host}{more}"));
    for url in ["", "http://exchange.example", "https://"].into_iter().chain(more.iter().map(String::as_str)) {
        let told = outcome(url).unwrap_err().to_string();
        assert!(told.contains(": not a url such as https://host:port"), "{url}: {told}");
    }
}

#[test]
fn plain_http_is_for_this_machine_only() {
    let outcome = |url: &str| load(&format!("[upstream.fbr]\nurl = \"{url}\""), &[]);
    for url in ["http://localhost:1", "http://127.0.0.1:1", "http://[::1]:1", "http://127.9.9.9:1"] {
        outcome(url).unwrap_or_else(|error| panic!("{url}: {error}"));
    }
    for url in ["http://10.0.0.1:1", "http://localhost.example:1", "http://127.0.0.1.example:1", "http://[::2]:1"] {
        let told = outcome(url).unwrap_err().to_string();
        assert!(told.contains("plain http leaves this machine unprotected"), "{url}: {told}");
    }
}

#[test]
fn levels_of_the_log_are_levels_or_directives() {
    for level in ["error", "warn", "info", "debug", "trace", "off", "info,gateway=debug", "gateway::listen=trace"] {
        load(&format!("[observe]\nlevel = \"{level}\""), &[]).unwrap_or_else(|error| panic!("{level}: {error}"));
    }
    for level in ["", "   ", "gateway=loud", "a=b=c"] {
        let told = load(&format!("[observe]\nlevel = \"{level}\""), &[]).unwrap_err().to_string();
        let reason = "not a level (error, warn, info, debug, trace) or list of directives";
        assert_eq!(told, format!("config: [observe] level = \"{level}\": {reason}"));
    }
}
