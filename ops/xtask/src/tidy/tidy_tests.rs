//! The rows of the table over a tree whose measures are known, and the gaps that are known.

use std::fs;

use super::*;
use crate::testing::Folder;

fn rows(files: &[(&str, String)]) -> Vec<Row> {
    let files: Vec<_> =
        files.iter().map(|(path, text)| tree::TextFile { path: (*path).to_owned(), text: text.clone() }).collect();
    rows_of_rust(&rust::measure(&files).unwrap())
}

/// What the table for programs says of one row.
fn row(rows: &[Row], what: &str) -> serde_json::Value {
    let table: serde_json::Value = serde_json::from_str(&table::as_json(rows)).unwrap();
    let found = table["tidy"].as_array().unwrap().iter().find(|row| row["what"] == what);
    found.cloned().unwrap_or_else(|| panic!("no row {what}"))
}

fn function(name: &str, lines: usize) -> String {
    format!("fn {name}() {{\n{}}}\n", "    g();\n".repeat(lines - 2))
}

#[test]
fn lengths_are_judged_over_all_files_and_functions() {
    let long = format!("//! A.\n{}", function("giant", 71));
    let longest = format!("//! B.\n{}", (0..150).map(|n| function(&format!("f{n}"), 3)).collect::<String>());
    let found = rows(&[("a/src/a.rs", long), ("a/src/b.rs", longest)]);
    let check = |what, ours: f64, holds: bool| {
        let row = row(&found, what);
        assert_eq!((&row["ours"], &row["holds"]), (&ours.into(), &holds.into()), "{what}");
    };
    check("file lines, median", 72.0, true);
    check("file lines, p95", 451.0, false);
    check("files over 450 lines", 1.0, false);
    check("function lines, p95", 3.0, true);
    check("function lines, p99", 3.0, true);
    check("functions over 70 lines, tests too", 1.0, false);
    assert_eq!(row(&found, "files over 450 lines")["offenders"], serde_json::json!(["a/src/b.rs: 451"]));
    let giants = &row(&found, "functions over 70 lines, tests too")["offenders"];
    assert_eq!(*giants, serde_json::json!(["a/src/a.rs: giant has 71 lines"]));
}

#[test]
fn a_file_and_a_function_at_their_bounds_are_not_too_long() {
    let at_bound = format!("//! A.\n{}{}", function("f", 70), "// x\n".repeat(379));
    let found = rows(&[("a/src/a.rs", at_bound)]);
    assert_eq!(row(&found, "files over 450 lines")["ours"], 0.0);
    assert_eq!(row(&found, "functions over 70 lines, tests too")["ours"], 0.0);
    let tests = format!("//! A.\n#[test]\n{}", function("f", 71));
    assert_eq!(row(&rows(&[("a/src/a.rs", tests)]), "functions over 70 lines, tests too")["ours"], 1.0);
}

#[test]
fn functions_of_tests_do_not_count_among_the_lengths_of_the_product() {
    let text = format!("//! A.\n{}#[cfg(test)]\nmod t {{\n{}}}\n", function("short", 3), function("long", 60));
    let found = rows(&[("a/src/a.rs", text)]);
    assert_eq!(row(&found, "function lines, p99")["ours"], 3.0);
}

#[test]
fn tests_are_weighed_against_source_and_documents_against_what_is_public() {
    let text = "//! A.\n/// F.\npub fn f() {}\npub fn g() {}\n#[cfg(test)]\nmod t {\n    fn h() {}\n}\n";
    let found = rows(&[("a/src/a.rs", text.to_owned())]);
    assert_eq!(row(&found, "test lines per source line")["ours"], 1.0);
    let documented = row(&found, "documented public items, %");
    assert_eq!((&documented["ours"], &documented["holds"]), (&50.0.into(), &false.into()));
    assert_eq!(documented["offenders"], serde_json::json!(["a/src/a.rs:4: fn g"]));
    let nothing = rows(&[("a/src/a.rs", "//! A.\n".to_owned())]);
    assert_eq!(row(&nothing, "documented public items, %")["ours"], 100.0);
}

#[test]
fn whatever_there_must_be_none_of_has_its_row() {
    let check = |what: &str, text: &str| {
        let found = rows(&[("a/src/a.rs", format!("//! A.\n{text}\n"))]);
        for one in &found {
            let table = row(&found, one.what());
            if one.what() == what {
                assert_eq!((&table["ours"], &table["holds"]), (&1.0.into(), &false.into()), "{what}");
            } else if !["test lines per source line", "documented public items, %"].contains(&one.what()) {
                assert_eq!(table["holds"], true, "{} by {text}", one.what());
            }
        }
    };
    check("unwrap, expect, panic outside tests", "fn f() { x.unwrap() }");
    check("unsafe (matcher's kernels excepted)", "fn f() { unsafe { g() } }");
    check("todo!, unimplemented!", "fn f() { unimplemented!() }");
    check("ignored tests", "#[test] #[ignore] fn f() {}");
    check("sleeps in tests", "#[test] fn f() { sleep(d) }");
    check("allow attributes", "#[allow(x)] fn f() {}");
    let headless = rows(&[("a/src/a.rs", "fn f() {}\n".to_owned())]);
    assert_eq!(row(&headless, "files that do not begin with a `//!` sentence")["ours"], 1.0);
}

#[test]
fn known_gaps_are_read_from_their_file_and_a_wrong_one_is_told() {
    let folder = Folder::new("gaps");
    assert!(gaps(folder.path()).unwrap_err().contains("tidy.gaps.toml"), "a missing file is named");
    fs::create_dir_all(folder.path().join("ops/xtask")).unwrap();
    let file = folder.path().join("ops/xtask/tidy.gaps.toml");
    let check = |text: &str, expected: Option<&[(&str, f64)]>| {
        fs::write(&file, text).unwrap();
        let read = gaps(folder.path()).ok();
        let expected = expected.map(|pairs| pairs.iter().map(|(what, gap)| ((*what).to_owned(), *gap)).collect());
        assert_eq!(read, expected, "{text}");
    };
    check("", Some(&[]));
    check("\"test lines per source line\" = 0.4\n", Some(&[("test lines per source line", 0.4)]));
    check("\"a\" = 1.0\n\"b\" = 2.5\n", Some(&[("a", 1.0), ("b", 2.5)]));
    check("\"a\" = \"1\"\n", None);
    check("a = \n", None);
    check("\"a\" = 1.0\n\"a\" = 2.0\n", None);
}

#[test]
fn every_known_gap_of_this_tree_names_a_row() {
    let root = crate::root();
    let rows = rows(&[("a/src/a.rs", "//! A.\n".to_owned())]);
    for (gap, _) in gaps(&root).unwrap() {
        assert!(rows.iter().any(|row| row.what() == gap), "no row `{gap}`");
    }
}
