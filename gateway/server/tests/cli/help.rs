//! What operators read first; `IJAZAT_HELP=write` accepts a change that is meant.

use std::{collections::BTreeSet, fs, path::Path};

use clap::{Command as Clap, CommandFactory as _};

use crate::kit::{Folder, text};

/// Every command that help lists, with the words that call it.
fn commands() -> Vec<Vec<String>> {
    fn below(words: &[String], command: &Clap, found: &mut Vec<Vec<String>>) {
        found.push(words.to_vec());
        for next in command.get_subcommands().filter(|next| next.get_name() != "help") {
            below(&[words, &[next.get_name().to_owned()]].concat(), next, found);
        }
    }
    let mut found = Vec::new();
    below(&[], &gateway::cli::Cli::command(), &mut found);
    found
}

fn file_of(words: &[String]) -> String {
    if words.is_empty() { "ijazat.txt".to_owned() } else { format!("{}.txt", words.join("-")) }
}

#[test]
fn the_help_of_every_command_changes_only_on_purpose() {
    let folder = Folder::new();
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/help");
    let write = std::env::var_os("IJAZAT_HELP").is_some();
    let mut expected = BTreeSet::new();
    for words in commands() {
        let words_and_help: Vec<&str> = words.iter().map(String::as_str).chain(["--help"]).collect();
        let help = folder.answer(&words_and_help);
        let path = golden.join(file_of(&words));
        if write {
            fs::write(&path, &help).unwrap();
        }
        assert_eq!(fs::read_to_string(&path).unwrap_or_default(), help, "{}", path.display());
        expected.insert(file_of(&words));
    }
    let there: BTreeSet<String> =
        fs::read_dir(golden).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(there, expected, "a file for each command and none for what is gone");
    assert!(!folder.has("state"), "help touches nothing");
}

#[test]
fn help_and_version_are_answers_and_go_to_standard_output() {
    let folder = Folder::new();
    for arguments in
        [&["--help"][..], &["-h"], &["help"], &["help", "pki", "issue"], &["pki", "help", "issue"], &["--version"]]
    {
        let output = folder.ijazat(arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert!(!output.stdout.is_empty() && output.stderr.is_empty(), "{arguments:?}");
    }
    let version = folder.answer(&["--version"]);
    assert_eq!(version.trim(), format!("ijazat {}", env!("CARGO_PKG_VERSION")));
    assert_eq!(folder.answer(&["help", "pki", "issue"]), folder.answer(&["pki", "issue", "--help"]));
}

#[test]
fn wrong_use_is_told_on_standard_error_with_the_usage() {
    let folder = Folder::new();
    for arguments in [&[][..], &["fly"], &["pki"], &["pki", "fly"], &["agency"], &["serve", "--fly"], &["keys", "show"]]
    {
        let output = folder.ijazat(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty(), "{arguments:?}: {}", text(&output.stdout));
        let told = text(&output.stderr);
        assert!(told.contains("Usage: ijazat"), "{arguments:?}: {told}");
    }
    assert!(text(&folder.ijazat(&["sevre"]).stderr).contains("'serve'"), "a slip is recognised");
    assert!(text(&folder.ijazat(&["serve", "--rolls", "x"]).stderr).contains("'--roles'"));
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let folder = Folder::new();
    let mut child = folder
        .command(&["keys", "list"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
}
