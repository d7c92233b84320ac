//! The command: what it prints, what it writes, how it ends.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use policies::source::Source;
use serde_json::Value;

use super::support::folder;

fn prove(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_prove")).args(arguments).env_remove("CVC5").output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn scratch(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("prove-{name}-{}", std::process::id()))
}

#[test]
fn help_teaches() {
    let output = prove(&["--help"]);
    let help = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0));
    for word in
        ["--only", "--json", "--release", "--solver", "--limit", "proved", "guardrails+permit-all", "Exit code 0"]
    {
        assert!(help.contains(word), "{word}: {help}");
    }
    assert!(help.lines().all(|line| line.chars().count() <= 130), "{help}");
}

#[test]
fn a_theorem_that_holds_ends_well_and_is_written_down() {
    let file = scratch("held.json");
    let output = prove(&["--only", "TH16", "--json", &file.display().to_string()]);
    let table = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{table}{}", text(&output.stderr));
    assert_eq!(table.matches("proved").count(), 3, "{table}");
    assert!(table.contains("2 of 2 proved") && output.stderr.is_empty(), "{table}");
    let document: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    fs::remove_file(&file).unwrap();
    let theorems = document["prove"]["theorems"].as_array().unwrap();
    assert_eq!(theorems.len(), 2);
    assert_eq!((&theorems[0]["id"], &theorems[0]["result"]), (&"TH16-yes-or-no".into(), &"proved".into()));
    assert!(document["prove"]["solver"].as_str().unwrap().starts_with("cvc5 "));
}

/// A copy of the law with one passage changed; removed when dropped.
struct Copy(PathBuf);

impl Copy {
    fn with(file: &str, from: &str, to: &str) -> Self {
        let copy = Self(scratch("copy"));
        for (path, text) in Source::embedded().matching("", "") {
            let text = if path == file { text.replace(from, to) } else { text.to_owned() };
            copy.write(path, &text);
        }
        for entry in fs::read_dir(folder().join("theorems")).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                continue;
            }
            copy.write(
                &format!("theorems/{}", path.file_name().unwrap().display()),
                &fs::read_to_string(&path).unwrap(),
            );
        }
        copy
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.0.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

#[test]
fn a_theorem_that_does_not_hold_ends_with_one_and_shows_the_request() {
    let copy = Copy::with("domains/audit/A02-auditors-only.cedar", "\"Auditor\"", "\"Bank\"");
    let file = scratch("broken.json");
    let json = file.display().to_string();
    let output = prove(&["--policies", &copy.0.display().to_string(), "--only", "TH17", "--json", &json]);
    let table = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{table}{}", text(&output.stderr));
    for line in [
        "TH17-auditors does not follow from forbids+permit-all: Only auditors read who accessed a citizen's data",
        "  readAccesses by User: forbids+permit-all permits what the theorem rules out",
        "    action     readAccesses",
        "    replayed   Cedar's authoriser decides it so",
    ] {
        assert!(table.lines().any(|told| told == line), "{line}\n{table}");
    }
    let document: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    fs::remove_file(&file).unwrap();
    let broken = &document["prove"]["theorems"][1];
    assert_eq!(
        (&broken["result"], &broken["failures"][0]["example"]["confirmed"]),
        (&"counterexample".into(), &true.into())
    );
}

#[test]
fn what_cannot_be_told_ends_with_two() {
    let check = |arguments: &[&str], expected: &str| {
        let output = prove(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let said = text(&output.stderr);
        assert!(said.contains(expected) && output.stdout.is_empty(), "{arguments:?}: {said}");
    };
    check(&["--solver", "/nonexistent/cvc5"], "sudo apt-get install -y cvc5");
    check(&["--only", "TH99"], "has no theorem `TH99`");
    check(&["--policies", "/nonexistent"], "bundle.toml: cannot be read");
    check(&["--limit", "0"], "0 is not in 1..=600");
    check(&["--release", "--only", "TH10"], "cannot be used with");
}

#[test]
fn a_document_that_cannot_be_written_is_no_success() {
    let output = prove(&["--only", "TH16", "--json", "/nonexistent/file"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).starts_with("prove: /nonexistent/file: "), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("2 of 2 proved"), "the table is shown all the same");
}
