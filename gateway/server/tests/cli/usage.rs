//! Exit codes: 0 done, 1 tried and failed, 2 what was typed or configured cannot be meant.

use crate::kit::Folder;

#[test]
fn what_cannot_be_meant_is_two_and_what_fails_is_one() {
    let folder = Folder::new();
    folder.write("bad.toml", "[consent]\npasscode_ttl_s = 90000\n[log]\nsegment_mib = 0\n");
    folder.write("production.toml", "");
    let check = |arguments: &[&str], code: i32, expected: &str| {
        let (found, told) = folder.refusal(arguments);
        assert_eq!(found, Some(code), "{arguments:?}: {told}");
        assert!(told.contains(expected), "{arguments:?}: {told}");
    };
    check(&[], 2, "Usage: ijazat");
    check(&["fly"], 2, "unrecognized subcommand");
    let both = "config: [log] segment_mib = 0: at least 1\n\
                config: [consent] passcode_ttl_s = 90000: at most 600 (limits::PASSCODE_TTL_S_MAX)\n";
    check(&["check-config", "--config", "bad.toml"], 2, both);
    check(&["serve", "--config", "bad.toml"], 2, both);
    check(&["check-config", "--config", "absent.toml"], 2, "config: absent.toml: cannot be read");
    check(
        &["check-config", "--config", "production.toml"],
        1,
        "[tls] server_cert = \"./state/pki/server.pem\": no such file",
    );
    check(&["serve", "--config", "production.toml", "--dev-clock", "clock"], 2, "--dev-clock needs");
    check(&["sms", "--config", "production.toml"], 1, "no installation here");
    let answer = ["sms", "receive", "--config", "production.toml", "--from", "03001234567", "NO", "K7Q4"];
    check(&answer, 2, "for development only");
    check(&["sms", "receive", "--from", "12", "HELP"], 2, "--from: ");
    check(&["sms", "--to", "12"], 2, "--to: ");
    check(&["sms"], 1, "no installation here");
    check(&["agency", "suspend", "bank-indus"], 1, "no installation here");
    check(&["agency", "add-key", "bank-indus", "--sha256", "abc"], 2, "not 64 hexadecimal digits");
    check(&["verify-log"], 1, "log.key");
    check(&["seed", "--persons", "0"], 2, "0 is not in 1..=10000000");
    assert!(!folder.path().join("state").exists(), "a refused command leaves nothing behind");
}

#[test]
fn every_command_refuses_a_bad_configuration_in_the_same_words_before_it_does_anything() {
    let folder = Folder::new();
    folder.write("bad.toml", "[consent]\npasscode_ttl_s = 90000\n");
    let told = "config: [consent] passcode_ttl_s = 90000: at most 600 (limits::PASSCODE_TTL_S_MAX)\n";
    let commands: &[&[&str]] = &[
        &["serve"],
        &["check-config"],
        &["doctor"],
        &["verify-log"],
        &["keys", "list"],
        &["keys", "show", "log"],
        &["pki", "init"],
        &["pki", "crl"],
        &["pki", "server"],
        &["pki", "revoke", "--serial", "0a"],
        &["pki", "request", "--agency", "a", "--key", "k", "--out", "r"],
        &["agency", "suspend", "bank-indus"],
        &["agency", "resume", "bank-indus"],
        &["certificate", "revoke", "--serial", "0a"],
        &["seed", "--persons", "1"],
        &["sms"],
        &["sample-upstream"],
    ];
    for command in commands {
        let (code, found) = folder.refusal(&[command, &["--config", "bad.toml"][..]].concat());
        assert_eq!((code, found.as_str()), (Some(2), told), "{command:?}");
    }
    assert!(!folder.has("state"));
}

#[test]
fn a_configuration_may_be_named_by_the_environment_and_the_command_line_wins() {
    let folder = Folder::new();
    folder.write("a.toml", "[node]\nname = \"from-a\"\ndevelopment = true\n");
    folder.write("b.toml", "[node]\nname = \"from-b\"\ndevelopment = true\n");
    let run = |arguments: &[&str]| {
        let output = folder.command(arguments).env("IJAZAT_CONFIG", "a.toml").output().unwrap();
        assert!(output.status.success());
        crate::kit::text(&output.stdout)
    };
    assert!(run(&["check-config"]).contains("from-a plays"));
    assert!(run(&["check-config", "--config", "b.toml"]).contains("from-b plays"));
}

#[test]
fn the_state_folder_of_the_command_line_wins_over_environment_and_file() {
    let folder = Folder::new();
    folder.write("c.toml", "[node]\nstate_dir = \"/from-file\"\ndevelopment = true\n");
    let run = |arguments: &[&str], env: Option<&str>| {
        let mut command = folder.command(&[&["check-config", "--print", "--config", "c.toml"], arguments].concat());
        if let Some(env) = env {
            command.env("IJAZAT__NODE__STATE_DIR", env);
        }
        let printed = crate::kit::text(&command.output().unwrap().stdout);
        let line = printed.lines().find(|line| line.starts_with("state_dir")).unwrap().to_owned();
        assert!(printed.contains(line.split('"').nth(1).unwrap()), "{printed}");
        line
    };
    assert_eq!(run(&[], None), "state_dir = \"/from-file\"  # file");
    assert_eq!(run(&[], Some("/from-env")), "state_dir = \"/from-env\"  # environment");
    assert_eq!(run(&["--state", "/typed"], Some("/from-env")), "state_dir = \"/typed\"  # environment");
}

#[test]
fn commands_that_need_an_installation_say_how_to_get_one() {
    let folder = Folder::new();
    for command in [
        &["sms"][..],
        &["agency", "suspend", "bank-indus"],
        &["agency", "resume", "bank-indus"],
        &["certificate", "revoke", "--serial", "0a"],
    ] {
        folder.refused(command, 1, "./state: no installation here; run `ijazat serve` or `ijazat demo` first");
    }
    folder.refused(&["pki", "crl"], 1, "ijazat pki init");
    folder.refused(&["sample-upstream"], 1, "pki/internal.pem");
    assert!(!folder.has("state"));
}
