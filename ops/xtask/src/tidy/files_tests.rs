//! Which files are tests: by their place, or because another file declares them so.

use std::{collections::BTreeMap, fmt::Write as _};

use proptest::prelude::*;

use super::*;

fn file(path: &str, text: &str) -> TextFile {
    TextFile { path: path.into(), text: text.into() }
}

/// Source and test lines by path.
fn lines(files: &[TextFile]) -> BTreeMap<String, (usize, usize)> {
    measure(files).unwrap().into_iter().map(|file| (file.path, (file.source_lines, file.test_lines))).collect()
}

#[test]
fn a_declaration_finds_its_file_from_wherever_it_stands() {
    let check = |declaring: &str, module: &str, declared: &str, expected: bool| {
        let files = [file(declaring, &format!("//! A.\n{module}\n")), file(declared, "//! B.\nfn f() {}\n")];
        let found = lines(&files);
        assert_eq!(found[declared].1 == 2, expected, "{declaring} declares `{module}`: {declared}");
    };
    let plain = "#[cfg(test)] mod twin;";
    check("a/src/lib.rs", plain, "a/src/twin.rs", true);
    check("a/src/lib.rs", plain, "a/src/twin/mod.rs", true);
    check("a/src/main.rs", plain, "a/src/twin.rs", true);
    check("a/src/b/mod.rs", plain, "a/src/b/twin.rs", true);
    check("a/src/b.rs", plain, "a/src/b/twin.rs", true);
    check("a/src/b.rs", plain, "a/src/twin.rs", false);
    check("a/src/lib.rs", plain, "a/src/lib/twin.rs", false);
    check("a/src/lib.rs", "mod twin;", "a/src/twin.rs", false);
    check("a/src/lib.rs", "#[cfg(not(test))] mod twin;", "a/src/twin.rs", false);
    check("a/src/lib.rs", "#[cfg(test)] mod twin {}", "a/src/twin.rs", false);
    let elsewhere = "#[cfg(test)] #[path = \"b_tests.rs\"] mod tests;";
    check("a/src/b.rs", elsewhere, "a/src/b_tests.rs", true);
    check("a/src/b.rs", elsewhere, "a/src/b/b_tests.rs", false);
    check("a/src/b.rs", elsewhere, "a/src/b/tests.rs", false);
    check("a/src/c/mod.rs", elsewhere, "a/src/c/b_tests.rs", true);
}

#[test]
fn a_path_is_of_tests_by_its_folders_and_not_by_its_name() {
    let check = |path, expected| assert_eq!(is_test_path(path), expected, "{path}");
    check("tests/src/world.rs", true);
    check("tests/src/lib.rs", true);
    check("tests/src/load/wire.rs", false);
    check("tests/src/bin/loadgen.rs", false);
    check("tests/src/loader.rs", true);
    check("tests/tests/edge/main.rs", true);
    check("gateway/server/tests/edge/main.rs", true);
    check("adapters/benches/log.rs", true);
    check("adapters/src/contract/mod.rs", true);
    check("adapters/src/contracts.rs", false);
    check("adapters/src/tests.rs", false);
    check("adapters/src/testing.rs", false);
    check("adapters/src/test/mod.rs", false);
    check("matcher/src/lib.rs", false);
}

#[test]
fn a_file_that_is_not_rust_is_told_by_name_and_others_are_not_read() {
    let broken = measure(&[file("a/src/b.rs", "fn f( {}")]).unwrap_err();
    assert!(broken.starts_with("a/src/b.rs: "), "{broken}");
    let others = [file("a.md", "fn f( {}"), file("b.rs.txt", "fn f( {}"), file("c.toml", "= =")];
    assert!(measure(&others).unwrap().is_empty());
}

#[test]
fn only_a_sentence_at_the_very_beginning_says_what_a_file_is() {
    let check = |text: &str, expected: bool| {
        let found = measure(&[file("a/src/b.rs", text)]).unwrap().pop().unwrap();
        assert_eq!(found.headless.is_empty(), expected, "{text:?}");
    };
    check("//! What it is.\n", true);
    check("\n//! What it is.\n", false);
    check("//!What it is.\n", false);
    check("/// What it is.\nfn f() {}", false);
    check("// What it is.\n", false);
    check("#![forbid(unsafe_code)]\n//! What it is.\n", false);
    check("", false);
}

#[test]
fn blank_lines_count_for_neither_side() {
    let text = "//! A.\n\n   \n\t\nfn f() {\n\n}\n#[cfg(test)]\nmod t {\n\n    fn g() {}\n}\n";
    let found = measure(&[file("a/src/b.rs", text)]).unwrap().pop().unwrap();
    assert_eq!((found.lines, found.source_lines, found.test_lines), (12, 3, 4));
}

/// A file of items, each one line, each followed by some blank lines; which of them are tests is known.
fn items() -> impl Strategy<Value = Vec<(bool, usize)>> {
    prop::collection::vec((any::<bool>(), 0..3_usize), 0..12)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn each_line_is_counted_once_and_on_its_side(items in items()) {
        let mut text = String::from("//! A.\n");
        for (place, (test, blank)) in items.iter().enumerate() {
            let attribute = if *test { "#[test] " } else { "" };
            writeln!(text, "{attribute}fn f{place}() {{}}{}", "\n".repeat(*blank)).unwrap();
        }
        let found = measure(&[file("a/src/b.rs", &text)]).unwrap().pop().unwrap();
        let tests = items.iter().filter(|(test, _)| *test).count();
        let blank: usize = items.iter().map(|(_, blank)| blank).sum();
        prop_assert_eq!(found.test_lines, tests);
        prop_assert_eq!(found.source_lines, items.len() - tests + 1);
        prop_assert_eq!(found.lines, items.len() + blank + 1);
        prop_assert_eq!(found.functions.len(), items.len());
    }
}
