//! Every command teaches: its help has examples, and each example is a line that can be typed.

use clap::{Command as Clap, CommandFactory as _};

use super::*;

/// Every command with its words, the hidden ones too.
fn commands() -> Vec<(Vec<String>, Clap)> {
    let mut root = Cli::command();
    root.build();
    let mut found = Vec::new();
    let mut open = vec![(Vec::new(), root)];
    while let Some((words, command)) = open.pop() {
        for below in command.get_subcommands().filter(|below| below.get_name() != "help") {
            let words = [words.clone(), vec![below.get_name().to_owned()]].concat();
            open.push((words, below.clone()));
        }
        found.push((words, command));
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found
}

fn after_help(command: &Clap) -> String {
    command.get_after_help().map(ToString::to_string).unwrap_or_default()
}

/// Lines below `Examples:` that are typed, without what explains them and without variables in front.
fn examples(command: &Clap) -> Vec<Vec<String>> {
    let text = after_help(command);
    let typed = text.lines().filter_map(|line| {
        let line = line.strip_prefix("  ")?;
        let line = line.split("  ").next()?;
        let at = line.find("ijazat ")?;
        Some(line.get(at..)?.split_whitespace().map(|word| word.trim_matches('\'').to_owned()).collect())
    });
    typed.collect()
}

#[test]
fn every_command_has_examples_of_itself() {
    let mut seen = 0;
    for (words, command) in commands().iter().filter(|(words, _)| !words.is_empty()) {
        let name = words.join(" ");
        assert!(after_help(command).contains("Examples:\n"), "{name} has no examples");
        let own: Vec<_> =
            examples(command).into_iter().filter(|typed| typed.get(1..=words.len()) == Some(words)).collect();
        assert!(!own.is_empty(), "{name} has no example of itself");
        seen += 1;
    }
    assert!(seen >= 26, "{seen} commands were looked at");
}

#[test]
fn every_example_can_be_typed_as_it_stands() {
    for (words, command) in commands() {
        for typed in examples(&command) {
            let parsed = Cli::try_parse_from(&typed);
            assert!(
                parsed.is_ok(),
                "{words:?}: {typed:?}: {}",
                parsed.err().map(|e| e.to_string()).unwrap_or_default()
            );
        }
    }
}

#[test]
fn every_command_and_every_option_says_what_it_is_for() {
    for (words, command) in commands() {
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        assert!(about.len() > 10, "{words:?} is not explained");
        for option in command.get_arguments().filter(|option| !["help", "version"].contains(&option.get_id().as_str()))
        {
            let help = option.get_help().map(ToString::to_string).unwrap_or_default();
            assert!(help.len() > 5, "{words:?} --{}: not explained", option.get_id());
            assert!(!help.ends_with('.'), "{words:?} --{}: short help ends without a full stop", option.get_id());
        }
    }
}

#[test]
fn no_line_of_help_is_wider_than_a_terminal() {
    for (words, mut command) in commands() {
        let help = command.render_long_help().to_string();
        let widest = help.lines().map(|line| line.chars().count()).max().unwrap_or(0);
        assert!(widest <= 130, "{words:?}: {widest} characters");
        assert!(!help.contains('\t'), "{words:?}");
    }
}

#[test]
fn every_command_that_works_on_an_installation_takes_its_place() {
    for (words, command) in commands() {
        let has = |id: &str| command.get_arguments().any(|option| option.get_long() == Some(id));
        match words.first().map(String::as_str) {
            None => assert!(!has("state"), "the program itself works on nothing"),
            // The demo makes its own plan.
            Some("demo") => assert!(has("state") && !has("config")),
            // An agency's own, which has no installation.
            Some("client") => assert!(!has("state") && !has("config"), "{words:?}"),
            Some(_) => assert!(has("state") && has("config"), "{words:?}"),
        }
    }
}

#[test]
fn what_cannot_be_meant_is_refused_before_anything_is_touched() {
    let check = |line: &str, expected: &str| {
        let parsed = Cli::try_parse_from(line.split_whitespace()).map(|_| ());
        let refused = parsed.err().unwrap_or_else(|| panic!("`{line}` was taken"));
        assert_eq!(refused.exit_code(), 2, "{line}");
        assert!(refused.to_string().contains(expected), "{line}: {refused}");
    };
    check("ijazat serve extra", "unexpected argument 'extra'");
    check("ijazat serve --role gateway", "--roles");
    check("ijazat sevre", "serve");
    check("ijazat demo --persons 1999", "1999 is not in 2000..=10000000");
    check("ijazat demo --persons 10000001", "10000001 is not in");
    check("ijazat seed --persons -1", "unexpected argument");
    check("ijazat seed --persons many", "invalid digit");
    check("ijazat sms --last 0", "0 is not in 1..=1000");
    check("ijazat sms --last 1001", "1001 is not in 1..=1000");
    check("ijazat pki", "Usage: ijazat pki");
    check("ijazat pki issue --agency bank-indus --csr a", "--out <FILE>");
    check("ijazat pki issue --agency a/b --csr a --out b", "invalid value 'a/b'");
    check("ijazat pki revoke", "--serial <HEX>|--cert <FILE>");
    check("ijazat pki revoke --serial 1 --cert a", "cannot be used with");
    check("ijazat pki issue --agency a --csr b --out c --days x", "invalid value 'x'");
    check("ijazat agency suspend", "<AGENCY>");
    check("ijazat agency suspend two words", "unexpected argument 'words'");
    check("ijazat agency add-key bank-indus", "--cert <FILE>|--sha256 <HEX>");
    check("ijazat certificate revoke", "--serial <HEX>|--cert <FILE>");
    check("ijazat keys", "Usage: ijazat keys");
    check("ijazat keys show", "<KEY>");
    check("ijazat sample-upstream --manner polite", "honest");
    check("ijazat sample-upstream --listen here", "invalid value 'here'");
}
