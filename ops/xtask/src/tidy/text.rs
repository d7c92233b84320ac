//! What must not stand in any text of the tree, whatever its language.

use std::{collections::BTreeSet, fs, path::Path};

use super::table::Row;
use crate::tree::TextFile;

/// Hosts of package registries, in two halves, so that this file does not name one.
const REGISTRY_HOSTS: [(&str, &str); 7] = [
    ("crates", "io"),
    ("pypi", "org"),
    ("pythonhosted", "org"),
    ("npmjs", "org"),
    ("npmjs", "com"),
    ("deb.debian", "org"),
    ("proxy.golang", "org"),
];

/// The documents that the rules were taken from, where they lie on a founder's machine. They name real people.
const SOURCES: &str = "/work/shared/sources";

/// The rows that look at text only.
pub fn rows(files: &[TextFile]) -> Vec<Row> {
    vec![
        Row::none("names of package registries' hosts", hosts(files)),
        Row::none("identity numbers copied from the sources", copied(files, &numbers_of_sources(Path::new(SOURCES)))),
    ]
}

/// Places that name a registry's host. Cargo writes its own into the lock file.
fn hosts(files: &[TextFile]) -> Vec<String> {
    let hosts: Vec<String> = REGISTRY_HOSTS.iter().map(|(host, zone)| format!("{host}.{zone}")).collect();
    let read = files.iter().filter(|file| !file.path.ends_with("Cargo.lock"));
    let named = |line: &str| hosts.iter().any(|host| line.contains(host.as_str()));
    read.flat_map(|file| {
        let lines = (1..).zip(file.text.lines()).filter(|(_, line)| named(line));
        lines.map(|(number, _)| format!("{}:{number}", file.path)).collect::<Vec<_>>()
    })
    .collect()
}

/// Files with a thirteen-digit number that the sources print too. The number itself is not repeated.
fn copied(files: &[TextFile], known: &BTreeSet<String>) -> Vec<String> {
    let has = |file: &&TextFile| identity_numbers(&file.text).iter().any(|number| known.contains(number));
    files.iter().filter(has).map(|file| file.path.clone()).collect()
}

/// Every number of the sources that could be a citizen's; none where the sources are not at hand.
fn numbers_of_sources(folder: &Path) -> BTreeSet<String> {
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    files
        .filter_map(|file| fs::read(file.path()).ok())
        .flat_map(|text| identity_numbers(&String::from_utf8_lossy(&text)))
        .collect()
}

/// Runs of exactly thirteen digits, with hyphens or without, as digits only.
fn identity_numbers(text: &str) -> Vec<String> {
    let runs = text.split(|letter: char| !letter.is_ascii_digit() && letter != '-');
    let digits = runs.map(|run| run.chars().filter(char::is_ascii_digit).collect::<String>());
    digits.filter(|digits| digits.len() == 13).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> TextFile {
        TextFile { path: path.into(), text: text.into() }
    }

    #[test]
    fn a_registry_is_named_nowhere_but_in_the_lock_file() {
        let text = format!("one\nsee {}.{}", "crates", "io");
        let files = [file("README.md", &text), file("Cargo.lock", &text), file("b.md", "crates and io")];
        assert_eq!(hosts(&files), ["README.md:2"]);
    }

    #[test]
    fn an_identity_number_is_thirteen_digits_with_or_without_hyphens() {
        let check = |text: &str, expected: &[&str]| assert_eq!(identity_numbers(text), expected, "{text}");
        check("a 99999-1234567-1 b", &["9999912345671"]);
        check("9999912345671,12345", &["9999912345671"]);
        check("99999123456710", &[]);
        check("no number", &[]);
    }

    #[test]
    fn a_number_of_the_sources_is_found_and_not_repeated() {
        let known = BTreeSet::from(["9999912345671".to_owned()]);
        let files = [file("a.rs", "x 99999-1234567-1"), file("b.rs", "x 99999-1234567-2")];
        assert_eq!(copied(&files, &known), ["a.rs"]);
    }
}
