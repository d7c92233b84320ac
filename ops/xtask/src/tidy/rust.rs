//! What one Rust file holds: lengths, tests, documentation, and what must not be there.

use std::collections::BTreeSet;

use crate::{tidy::walk::Walk, tree::TextFile};

/// Measures of one Rust file. Offenders are named as `path:line: what`.
#[derive(Debug, Default)]
pub struct RustFile {
    /// Path from the root.
    pub path: String,
    /// All lines.
    pub lines: usize,
    /// Lines that are not blank and belong to tests.
    pub test_lines: usize,
    /// Lines that are not blank and belong to the product.
    pub source_lines: usize,
    /// Every function with a body.
    pub functions: Vec<Function>,
    /// Items, fields, variants that are `pub`.
    pub public_items: usize,
    /// Those of them without documentation.
    pub undocumented: Vec<String>,
    /// Ways to panic outside tests.
    pub panics: Vec<String>,
    /// Uses of `unsafe`.
    pub unsafes: Vec<String>,
    /// Marks of unfinished work.
    pub unfinished: Vec<String>,
    /// Tests that do not run.
    pub ignored: Vec<String>,
    /// Tests that wait for a time.
    pub sleeps: Vec<String>,
    /// Lints switched off, other than for tests at a crate's root.
    pub allows: Vec<String>,
    /// This file, when its first line does not say what it is.
    pub headless: Vec<String>,
}

/// One function.
#[derive(Debug)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// Lines from `fn` to the closing brace.
    pub lines: usize,
    /// Whether it belongs to tests.
    pub test: bool,
}

/// Measures all Rust files.
///
/// # Errors
/// When one of them is not Rust.
pub fn measure(files: &[TextFile]) -> Result<Vec<RustFile>, String> {
    let rust = || files.iter().filter(|file| file.ends_in("rs"));
    let parsed: Vec<(&TextFile, syn::File)> = rust()
        .map(|file| Ok((file, syn::parse_file(&file.text).map_err(|error| format!("{}: {error}", file.path))?)))
        .collect::<Result<_, String>>()?;
    let tests = test_files(&parsed);
    Ok(parsed.iter().map(|(file, syntax)| measure_one(file, syntax, tests.contains(&file.path))).collect())
}

/// Files that belong to tests wholly: declared so, or declared by one that does.
fn test_files(parsed: &[(&TextFile, syn::File)]) -> BTreeSet<String> {
    let named = |all: bool, (file, syntax): &(&TextFile, syn::File)| modules_of(file, syntax, all);
    let mut tests: BTreeSet<String> = parsed.iter().flat_map(|it| named(false, it)).collect();
    loop {
        let inner = parsed.iter().filter(|(file, _)| tests.contains(&file.path)).flat_map(|it| named(true, it));
        let inner: Vec<String> = inner.collect();
        let before = tests.len();
        tests.extend(inner);
        if tests.len() == before {
            return tests;
        }
    }
}

/// Files that `file` declares with `mod name;`, those for tests only or all, wherever `#[path = "…"]` says they are.
fn modules_of(file: &TextFile, syntax: &syn::File, all: bool) -> Vec<String> {
    let (folder, name) = file.path.rsplit_once('/').unwrap_or(("", &file.path));
    let inside = match name {
        "lib.rs" | "main.rs" | "mod.rs" => folder.to_owned(),
        _ => file.path.trim_end_matches(".rs").to_owned(),
    };
    let modules = syntax.items.iter().filter_map(|item| match item {
        syn::Item::Mod(module) if module.content.is_none() && (all || super::walk::is_for_tests(&module.attrs)) => {
            Some(module)
        }
        _ => None,
    });
    let files = modules.flat_map(|module| match super::walk::path_of(&module.attrs) {
        Some(path) => vec![format!("{folder}/{path}")],
        None => vec![format!("{inside}/{}.rs", module.ident), format!("{inside}/{}/mod.rs", module.ident)],
    });
    files.collect()
}

fn measure_one(file: &TextFile, syntax: &syn::File, declared_for_tests: bool) -> RustFile {
    let whole = declared_for_tests || is_test_path(&file.path);
    let mut walk = Walk::over(&file.path, whole);
    syn::visit::visit_file(&mut walk, syntax);
    let (mut measured, test_ranges) = walk.finish();
    for (number, line) in (1_usize..).zip(file.text.lines()) {
        measured.lines += 1;
        if line.trim().is_empty() {
            continue;
        }
        if whole || test_ranges.iter().any(|range| range.contains(&number)) {
            measured.test_lines += 1;
        } else {
            measured.source_lines += 1;
        }
    }
    if !file.text.starts_with("//! ") {
        measured.headless.push(file.path.clone());
    }
    measured
}

/// The crate `tests` is tests, but for its tools; so is every folder `tests` or `benches` of a crate, and every suite that
/// holds all makers of a port to its contract.
fn is_test_path(path: &str) -> bool {
    let tool = path.starts_with("tests/src/load/") || path.starts_with("tests/src/bin/");
    let tests = ["tests", "benches", "contract", "contract.rs"];
    !tool && path.split('/').any(|part| tests.contains(&part))
}

#[cfg(test)]
#[path = "files_tests.rs"]
mod files_tests;

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(path: &str, text: &str) -> RustFile {
        let files = [TextFile { path: path.into(), text: text.into() }];
        measure(&files).unwrap().pop().unwrap()
    }

    #[test]
    fn lines_of_tests_and_of_source_are_told_apart() {
        let text = "//! A file.\n\nfn one() {\n}\n\n#[cfg(test)]\nmod tests {\n    #[test]\n    fn two() {}\n}\n";
        let file = measured("a/src/b.rs", text);
        assert_eq!((file.lines, file.source_lines, file.test_lines), (10, 3, 5));
        let functions: Vec<_> = file.functions.iter().map(|f| (f.name.as_str(), f.lines, f.test)).collect();
        assert_eq!(functions, [("one", 2, false), ("two", 1, true)]);
    }

    #[test]
    fn a_file_declared_for_tests_is_tests_wholly() {
        let file = |path: &str, text: &str| TextFile { path: path.into(), text: text.into() };
        let files =
            [file("a/src/lib.rs", "//! A.\n#[cfg(test)]\nmod twin;"), file("a/src/twin.rs", "//! B.\nfn x() {}")];
        let elsewhere = [
            file("a/src/lib.rs", "//! A.\n#[cfg(test)]\n#[path = \"lib_tests.rs\"]\nmod tests;"),
            file("a/src/lib_tests.rs", "//! B."),
        ];
        assert_eq!(measure(&elsewhere).unwrap()[1].source_lines, 0);
        let lines: Vec<_> = measure(&files).unwrap().iter().map(|file| (file.source_lines, file.test_lines)).collect();
        assert_eq!(lines, [(1, 2), (0, 2)]);
        let deeper = [
            file("a/src/lib.rs", "//! A.\n#[cfg(test)]\nmod twin;"),
            file("a/src/twin.rs", "//! B.\nmod inner;"),
            file("a/src/twin/inner.rs", "//! C.\nfn x() {}"),
        ];
        assert_eq!(measure(&deeper).unwrap()[2].source_lines, 0, "declared by a file of tests");
    }

    #[test]
    fn the_tests_crate_is_tests_but_for_its_tools() {
        let check = |path, expected| assert_eq!(is_test_path(path), expected, "{path}");
        check("tests/src/postgres.rs", true);
        check("tests/tests/story.rs", true);
        check("policies/tests/matrix.rs", true);
        check("tests/src/load/wire.rs", false);
        check("gateway/server/src/door.rs", false);
        check("registry-core/src/contract.rs", true);
    }

    #[test]
    fn what_must_not_be_there_is_found_with_its_line() {
        let of = |text: &str| measured("a/src/b.rs", &format!("//! A file.\n{text}\n"));
        let check = |found: Vec<String>, expected: &str| assert_eq!(found, [format!("a/src/b.rs:2: {expected}")]);
        check(of("fn f() { x().unwrap(); }").panics, "unwrap");
        check(of("fn f() { x().expect(\"y\"); }").panics, "expect");
        check(of("fn f() { panic!(\"y\") }").panics, "panic!");
        assert!(of("#[expect(clippy::panic, reason = \"x\")] fn f() { panic!(\"y\") }").panics.is_empty());
        check(of("fn f() { write!(t, \"{}\", x.unwrap()); }").panics, "unwrap in a macro");
        check(of("fn f() { todo!() }").unfinished, "todo!");
        check(of("fn f() { unsafe { g() } }").unsafes, "unsafe block");
        check(of("unsafe fn f() {}").unsafes, "unsafe function");
        check(of("#[test] #[ignore] fn f() {}").ignored, "f");
        check(of("#[allow(dead_code, reason = \"x\")] fn f() {}").allows, "allow");
        check(of("#[tokio::test] async fn f() { tokio::time::sleep(x).await; }").sleeps, "sleep");
        check(of("pub struct S;").undocumented, "struct S");
        check(
            of("/// A.\npub enum E { A }").undocumented.iter().map(|o| o.replace(":3:", ":2:")).collect(),
            "variant A",
        );
    }

    #[test]
    fn tests_may_panic_and_their_crate_root_may_say_so() {
        let root = "//! A.\n#![cfg_attr(test, allow(clippy::unwrap_used, reason = \"x\"))]\n#[cfg(test)]\nmod tests {\n fn f() { x().unwrap(); panic!() }\n}";
        let file = measured("a/src/lib.rs", root);
        assert!(file.allows.is_empty() && file.panics.is_empty(), "{file:?}");
        assert_eq!(measured("a/src/inner.rs", "//! A.\n#![cfg_attr(test, allow(x))]").allows.len(), 1);
    }

    #[test]
    fn a_file_that_does_not_say_what_it_is_is_found() {
        assert_eq!(measured("a/src/b.rs", "fn f() {}").headless, ["a/src/b.rs"]);
        assert!(measured("a/src/b.rs", "//! What it is.\nfn f() {}").headless.is_empty());
    }
}
