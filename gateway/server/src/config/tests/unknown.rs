//! Whatever is not known is refused, in every section and from every source, with the nearest key where one is near.

use proptest::prelude::*;

use super::*;

/// Every key there is, with the section as it stands in a file.
fn keys() -> Vec<(String, &'static str)> {
    let config = Config::load(None, []).unwrap();
    config.effective.iter().map(|line| (line.section.clone(), line.key)).collect()
}

fn told(section: &str, key: &str) -> String {
    load(&format!("[{section}]\n{key} = 1"), &[]).unwrap_err().to_string()
}

/// Keys of one section.
fn of(section: &str) -> Vec<&'static str> {
    keys().into_iter().filter(|(name, _)| name == section).map(|(_, key)| key).collect()
}

#[test]
fn a_key_with_one_slip_is_refused_and_the_key_that_was_meant_is_named() {
    for (section, key) in keys().into_iter().filter(|(_, key)| key.len() > 4) {
        // Two keys that begin alike are equally near to a slip between them.
        if of(&section)
            .iter()
            .any(|other| *other != key && other.as_bytes().starts_with(&key.as_bytes()[..key.len() - 2]))
        {
            continue;
        }
        let doubled = format!("{key}{}", key.chars().last().unwrap());
        let cut = key.chars().take(key.len() - 1).collect::<String>();
        let mut swapped: Vec<u8> = key.bytes().collect();
        swapped.swap(1, 2);
        let swapped = String::from_utf8(swapped).unwrap();
        for slip in [doubled, cut, swapped, key.replacen('_', "-", 1)].into_iter().filter(|slip| slip != key) {
            if of(&section).contains(&slip.as_str()) {
                continue;
            }
            let told = told(&section, &slip);
            let line = format!("config: [{section}] {slip}: unknown key; is `{key}` meant?");
            assert!(told.lines().any(|other| other == line), "{line}\n{told}");
        }
    }
}

#[test]
fn a_key_of_another_section_is_not_known_here() {
    let check = |section: &str, key: &str| {
        let told = told(section, key);
        assert!(told.contains(&format!("config: [{section}] {key}: unknown key")), "{told}");
    };
    check("node", "passcode_ttl_s");
    check("consent", "state_dir");
    check("listen", "level");
    check("log", "agency_per_s");
    check("upstream.registry", "segment_mib");
    check("policy", "path");
}

#[test]
fn a_stranger_among_keys_gets_no_suggestion() {
    for section in
        ["node", "listen", "tls", "database", "log", "limits", "consent", "sms", "notify", "policy", "observe"]
    {
        let expected = format!("config: [{section}] watermelon: unknown key");
        assert_eq!(told(section, "watermelon"), expected);
    }
    assert_eq!(told("upstream.control", "watermelon"), "config: [upstream.control] watermelon: unknown key");
}

#[test]
fn sections_are_known_by_their_exact_names() {
    for name in ["Node", "nodes", "listener", "databases", "upstreams", "server", "limit", "konsent"] {
        let expected = format!("config: [{name}]: unknown section");
        assert_eq!(load(&format!("[{name}]\na = 1"), &[]).unwrap_err().to_string(), expected);
    }
    for value in ["1", "\"text\"", "true", "[1, 2]"] {
        assert_eq!(load(&format!("log = {value}"), &[]).unwrap_err().to_string(), "config: [log]: not a section");
        let told = load(&format!("[upstream]\nfbr = {value}"), &[]).unwrap_err().to_string();
        assert_eq!(told, "config: [upstream.fbr]: not a section");
    }
    assert_eq!(load("upstream = 3", &[]).unwrap_err().to_string(), "config: [upstream]: not a section");
    let told = load("[[log]]\ndir = \"a\"", &[]).unwrap_err().to_string();
    assert_eq!(told, "config: [log]: not a section", "a list of sections is none");
}

#[test]
fn a_section_within_a_section_is_an_unknown_key() {
    let told = load("[node.inner]\nname = \"a\"", &[]).unwrap_err().to_string();
    assert_eq!(told, "config: [node] inner: unknown key");
}

#[test]
fn upstreams_have_names_that_the_catalogue_could_have() {
    let check = |id: &str, sound: bool| {
        let text = format!("[upstream.\"{id}\"]\nurl = \"https://a\"\nca = \"c\"");
        let told = load(&text, &[]).map(|_| ()).map_err(|error| error.to_string());
        assert_eq!(told.is_ok(), sound, "{id}: {told:?}");
        if let Err(told) = told {
            assert!(told.starts_with(&format!("config: [upstream.{id}]: ")), "{told}");
        }
    };
    check("fbr", true);
    check("fbr-2", true);
    check("", false);
    check("f b r", false);
    check("فبر", false);
}

#[test]
fn as_many_upstreams_as_the_limit_and_not_one_more() {
    // `control` and `registry` are always there.
    let text = |n: usize| {
        let one = |n: usize| format!("[upstream.u{n}]\nurl = \"https://a\"\nca = \"c\"\n");
        (0..n - OURS.len()).map(one).collect::<String>()
    };
    assert_eq!(load(&text(limits::UPSTREAMS_MAX), &[]).unwrap().upstreams.len(), limits::UPSTREAMS_MAX);
    let told = load(&text(limits::UPSTREAMS_MAX + 1), &[]).unwrap_err().to_string();
    assert_eq!(told, "config: [upstream]: at most 64 (limits::UPSTREAMS_MAX)");
}

#[test]
fn a_variable_that_names_no_key_is_refused_with_its_own_name() {
    let check = |name: &str, expected: &str| {
        assert_eq!(load("", &[(name, "1")]).unwrap_err().to_string(), format!("config: {expected}"), "{name}");
    };
    check("IJAZAT__CONSENT", "[environment] IJAZAT__CONSENT: names no section and key");
    check("IJAZAT__", "[environment] IJAZAT__: names no section and key");
    check("IJAZAT__NOSUCH__KEY", "[environment] IJAZAT__NOSUCH__KEY: names no section and key");
    check("IJAZAT__UPSTREAM__FBR", "[environment] IJAZAT__UPSTREAM__FBR: names no section and key");
    check("IJAZAT__LOG__DIR__MORE", "[environment] IJAZAT__LOG__DIR__MORE: names no section and key");
    check("IJAZAT__CONSENT__PASSCODE_TTL", "[consent] passcode_ttl: unknown key; is `passcode_ttl_s` meant?");
    check("IJAZAT__UPSTREAM__CONTROL__TIMEOUT", "[upstream.control] timeout: unknown key");
}

#[test]
fn variables_of_other_programs_are_none_of_ours() {
    let others = [("IJAZAT_CONFIG", "x"), ("ijazat__node__name", "x"), ("XIJAZAT__NODE__NAME", "x"), ("PATH", "/bin")];
    let config = load("", &others).unwrap();
    assert_eq!(config.node.name, "node-1");
    assert!(config.effective.iter().all(|line| line.source == Source::Default));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_unknown_key_slips_through(section in 0..10_usize, key in "[a-z_]{1,24}") {
        let sections =
            ["node", "listen", "tls", "database", "log", "limits", "consent", "sms", "notify", "policy", "observe"];
        let section = sections[section];
        prop_assume!(!of(section).contains(&key.as_str()));
        let told = told(section, &key);
        let expected = format!("config: [{section}] {key}: unknown key");
        prop_assert!(told.lines().any(|line| line.starts_with(&expected)), "{}", told);
    }
}
