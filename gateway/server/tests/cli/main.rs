//! The command line through the real binary: its words, its answers, its exit codes.
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::allow_attributes,
        reason = "tests may panic: that is how they fail"
    )
)]

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use adapters::entropy::SystemEntropy;
use exchange::ports::entropy::random_hex_128;

/// A folder that goes away with the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let path = std::env::temp_dir().join(format!("ijazat-cli-{}", random_hex_128(&SystemEntropy::default())));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// Runs the binary in this folder, with none of the caller's own settings.
    fn ijazat(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ijazat"));
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("IJAZAT")) {
            command.env_remove(name);
        }
        command.args(arguments).current_dir(&self.0).output().unwrap()
    }

    /// Runs what must succeed and gives what it printed.
    fn answer(&self, arguments: &[&str]) -> String {
        let output = self.ijazat(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
        text(&output.stdout)
    }

    /// Runs what must fail and gives the exit code with what it complained of.
    fn refusal(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let output = self.ijazat(arguments);
        assert!(!output.status.success(), "{arguments:?}: {}", text(&output.stdout));
        (output.status.code(), text(&output.stderr))
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.0.join(name), text).unwrap();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// What operators read first; `IJAZAT_HELP=write` accepts a change that is meant.
#[test]
fn the_help_of_every_command_changes_only_on_purpose() {
    let folder = Folder::new();
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/help");
    let write = std::env::var_os("IJAZAT_HELP").is_some();
    let check = |name: &str, arguments: &[&str]| {
        let help = folder.answer(&[arguments, &["--help"]].concat());
        let path = golden.join(format!("{name}.txt"));
        if write {
            fs::write(&path, &help).unwrap();
        }
        assert_eq!(fs::read_to_string(&path).unwrap_or_default(), help, "{}", path.display());
    };
    check("ijazat", &[]);
    for command in
        ["serve", "demo", "check-config", "doctor", "verify-log", "pki", "agency", "certificate", "keys", "seed", "sms"]
    {
        check(command, &[command]);
    }
    for command in ["init", "request", "issue", "renew", "revoke", "crl", "server", "show"] {
        check(&format!("pki-{command}"), &["pki", command]);
    }
}

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
    check(&["sms", "--config", "production.toml"], 2, "in development only");
    check(&["sms", "--to", "12"], 2, "--to: ");
    check(&["sms"], 1, "no installation here");
    check(&["agency", "suspend", "bank-indus"], 1, "no installation here");
    check(&["agency", "add-key", "bank-indus", "--sha256", "abc"], 2, "not 64 hexadecimal digits");
    check(&["verify-log"], 1, "log.key");
    check(&["seed", "--persons", "0"], 2, "0 is not in 1..=10000000");
    assert!(!folder.0.join("state").exists(), "a refused command leaves nothing behind");
}

#[test]
fn a_password_in_the_configuration_is_never_printed() {
    let folder = Folder::new();
    folder.write("c.toml", "[node]\ndevelopment = true\n[database]\ncontrol = \"postgres://u:hunter2@db/control\"\n");
    let printed = folder.answer(&["check-config", "--config", "c.toml", "--print"]);
    assert!(printed.contains("control = \"postgres://u:***@db/control\"  # file"), "{printed}");
    assert!(!printed.contains("hunter2"), "{printed}");
    assert!(printed.contains("passcode_ttl_s = 300  # default"), "{printed}");
}

#[test]
fn a_certificate_goes_its_whole_way_by_the_command_line() {
    let folder = Folder::new();
    folder.answer(&["pki", "init"]);
    folder.answer(&["pki", "request", "--agency", "bank-indus", "--key", "b.key", "--out", "b.csr"]);
    let issued = folder.answer(&["pki", "issue", "--agency", "bank-indus", "--csr", "b.csr", "--out", "b.pem"]);
    assert!(issued.contains("agency      bank-indus"), "{issued}");
    assert!(issued.contains("next: ijazat agency add-key bank-indus --cert b.pem"), "{issued}");
    let again = folder.refusal(&["pki", "issue", "--agency", "x", "--csr", "b.csr", "--out", "b.pem"]);
    assert_eq!(again.0, Some(1), "a certificate is not overwritten: {}", again.1);
    let renewed = folder.answer(&["pki", "renew", "--cert", "b.pem", "--out", "c.pem", "--days", "30"]);
    let key = |told: &str| told.lines().find(|line| line.starts_with("key sha256")).unwrap().to_owned();
    assert_eq!(key(&issued), key(&renewed));
    let revoked = folder.answer(&["pki", "revoke", "--cert", "c.pem"]);
    assert!(revoked.starts_with("revoked "), "{revoked}");
    let refused = folder.refusal(&["pki", "renew", "--cert", "c.pem", "--out", "d.pem"]);
    assert_eq!(refused.0, Some(1), "{}", refused.1);
    folder.answer(&["pki", "crl"]);
    folder.answer(&["pki", "server", "--name", "exchange.example"]);
    assert_eq!(folder.refusal(&["pki", "revoke"]).0, Some(2));
    let listed = folder.answer(&["keys", "list"]);
    assert!(listed.contains("pki/client-ca.key    0600"), "{listed}");
    folder.write("production.toml", "");
    let key = ["pki", "request", "--config", "production.toml", "--agency", "a", "--key", "k", "--out", "r"];
    assert_eq!(folder.refusal(&key).0, Some(2), "keys are made for agencies in development only");
}

#[test]
fn the_doctor_finds_an_exposed_key_and_says_what_to_do() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    // Free ports, so that what else runs on this machine does not matter.
    folder.write(
        "c.toml",
        "[node]\ndevelopment = true\n[listen]\nagency = \"127.0.0.1:0\"\npublic = \"127.0.0.1:0\"\nops = \"127.0.0.1:0\"\n",
    );
    folder.answer(&["pki", "init"]);
    let well = folder.answer(&["doctor", "--config", "c.toml"]);
    assert!(well.contains("server certificate") && well.contains("database control"), "{well}");
    assert!(!folder.0.join("state/control.db").exists(), "a look makes no database");
    let key = folder.0.join("state/pki/server.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    let sick = folder.ijazat(&["doctor", "--config", "c.toml", "--json"]);
    assert_eq!(sick.status.code(), Some(1));
    let report: serde_json::Value = serde_json::from_slice(&sick.stdout).unwrap();
    assert_eq!(report["ok"], false);
    let found = report["checks"].as_array().unwrap().iter().find(|check| check["state"] == "fail").unwrap();
    assert!(found["found"].as_str().unwrap().contains("server.key may be read by others"), "{found}");
    assert!(found["todo"].as_str().unwrap().contains("chmod 600"), "{found}");
    assert_eq!(folder.refusal(&["keys", "list"]).0, Some(1));
}
