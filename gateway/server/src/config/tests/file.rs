//! The file itself: what is read of it, what is not one, and how that is told.

use super::*;

fn of_bytes(bytes: &[u8]) -> Result<Config, ConfigError> {
    let folder = Folder::new();
    let path = folder.path().join("ijazat.toml");
    fs::write(&path, bytes).unwrap();
    Config::load(Some(&path), [])
}

/// The message without the path in front, which differs from run to run.
fn told(outcome: Result<Config, ConfigError>) -> String {
    let told = outcome.unwrap_err().to_string();
    let (front, rest) = told.split_once("ijazat.toml: ").unwrap_or_else(|| panic!("no path in {told}"));
    assert!(front.starts_with("config: /"), "{told}");
    rest.to_owned()
}

#[test]
fn an_empty_file_and_one_of_comments_are_the_production_plan_with_every_default() {
    let empty = of_bytes(b"").unwrap();
    assert!(!empty.node.development);
    for text in ["\n\n", "# only a comment", "[node]\n[listen]\n[tls]\n", "\r\n# windows\r\n[log]\r\n"] {
        assert_eq!(of_bytes(text.as_bytes()).unwrap(), empty, "{text:?}");
    }
}

#[test]
fn every_spelling_of_toml_gives_the_same_plan() {
    let plain = of_bytes(b"[log]\ndir = \"/a\"\nsegment_mib = 2\n[upstream.fbr]\nurl = \"http://[::1]:1\"").unwrap();
    for text in [
        "log.dir = \"/a\"\nlog.segment_mib = 2\nupstream.fbr.url = \"http://[::1]:1\"",
        "log = { dir = '/a', segment_mib = 2 }\nupstream = { fbr = { url = 'http://[::1]:1' } }",
        "[upstream]\nfbr = { url = \"http://[::1]:1\" }\n[\"log\"]\n\"dir\" = \"/a\"\n'segment_mib' = 2",
        "[log]\r\ndir = \"/a\"\r\nsegment_mib = 2\r\n[upstream.fbr]\r\nurl = \"http://[::1]:1\"\r\n",
        "[log]\ndir = \"\\u002Fa\"\nsegment_mib = 2\n[upstream.fbr]\nurl = \"\"\"http://[::1]:1\"\"\"",
    ] {
        let config = of_bytes(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(config, plain, "{text}");
    }
}

#[test]
fn what_is_no_toml_is_told_by_line_and_rule() {
    let check = |text: &str, line: usize| {
        let told = told(of_bytes(text.as_bytes()));
        assert!(told.starts_with(&format!("line {line}: not toml: ")), "{text:?}: {told}");
        assert!(told.len() > "line 1: not toml: ".len() + 5, "the rule is named: {told}");
    };
    check("[node", 1);
    check("[node]\nname", 2);
    check("[node]\nname = ", 2);
    check("[node]\nname = a", 2);
    check("[node]\n\n\nname = \"a", 4);
    check("[log]\n[log]\n", 2);
    check("[log]\nsegment_mib = 1\nsegment_mib = 2", 3);
    check("[log]\nsegment_mib = 010", 2);
    check("{}", 1);
    check("\u{feff}\u{feff}[log]", 1);
}

#[test]
fn a_file_that_is_not_text_or_not_a_file_is_told() {
    let told_of = told(of_bytes(b"[node]\nname = \"\xff\xfe\""));
    assert!(told_of.starts_with("cannot be read: "), "{told_of}");
    let folder = Folder::new();
    fs::create_dir(folder.path().join("ijazat.toml")).unwrap();
    let told_of = told(Config::load(Some(&folder.path().join("ijazat.toml")), []));
    assert!(told_of.starts_with("cannot be read: "), "{told_of}");
    let told_of = told(Config::load(Some(&folder.path().join("no/ijazat.toml")), []));
    assert!(told_of.starts_with("cannot be read: No such file"), "{told_of}");
}

#[test]
fn a_file_of_the_greatest_size_is_read_and_one_byte_more_is_not() {
    let max = usize::try_from(limits::FILE_BYTES_MAX).unwrap();
    let text = |bytes: usize| format!("[consent]\npasscode_ttl_s = 77\n{}", "#".repeat(bytes - 30));
    assert_eq!(text(max).len(), max);
    assert_eq!(of_bytes(text(max).as_bytes()).unwrap().consent.passcode_ttl_s, 77);
    assert_eq!(told(of_bytes(text(max + 1).as_bytes())), "more than 1048576 bytes");
}

#[test]
fn a_file_cut_off_anywhere_is_refused_or_a_smaller_plan_and_never_an_accident() {
    let whole = "[consent]\npasscode_ttl_s = 120\n[log]\nsegment_mib = 12\n[node]\nname = \"node-12\"\n";
    for end in 0..whole.len() {
        let Ok(config) = of_bytes(&whole.as_bytes()[..end]) else { continue };
        // A number may lose digits; it then still obeys its bounds, and nothing else changes.
        assert!([300, 120].contains(&config.consent.passcode_ttl_s), "{end}");
        assert!([64, 1, 12].contains(&config.log.segment_mib), "{end}");
        assert!(["node-1", "node-12"].contains(&config.node.name.as_str()), "{end}");
    }
}

#[test]
fn loading_twice_gives_the_same_plan() {
    for name in ["ijazat.toml", "split-gateway.toml", "split-control.toml", "split-registry.toml"] {
        let load = || Config::load(Some(&sample(name)), []).unwrap();
        assert_eq!(load(), load(), "{name}");
    }
}

#[test]
fn problems_stand_in_the_order_of_the_sections_whatever_the_order_of_the_file() {
    let text = "[observe]\nformat = \"x\"\n[sms]\ntransport = \"x\"\n[log]\nreserve_mib = 0\n[listen]\nagency = \"x\"\n\
                [node]\nname = \"X\"\n[consent]\npasscode_ttl_s = 0\n[tls]\nserver_cert = 1\n[limits]\nuser_per_s = 0\n";
    let problems = of_bytes(text.as_bytes()).unwrap_err().problems;
    let sections: Vec<_> = problems.iter().map(|problem| problem.section.as_str()).collect();
    assert_eq!(sections, ["node", "listen", "tls", "log", "limits", "consent", "sms", "observe"]);
}
