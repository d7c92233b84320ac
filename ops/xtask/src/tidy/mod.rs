//! `cargo xtask tidy`: measures the style page's table over the tree and says which bounds hold.

mod macros;
mod rust;
mod table;
mod text;
mod walk;

use std::{collections::BTreeMap, path::Path};

use crate::{
    Verdict, confine, metadata, say,
    tidy::{
        rust::RustFile,
        table::{Bound, Row},
    },
    tree,
};

/// Measures, prints, and answers whether every bound holds.
///
/// # Errors
/// When the tree, cargo's metadata, the known gaps, or a Rust file cannot be read.
pub fn run(root: &Path, json: bool, known_gaps: bool) -> Verdict {
    let files = tree::text_files(root).map_err(|error| format!("reading the tree: {error}"))?;
    let measured = rust::measure(&files)?;
    let mut rows = rows_of_rust(&measured);
    rows.extend(text::rows(&files));
    rows.push(Row::none("imports against the architecture", confine::breaches(&metadata::read(root, false)?)));
    say::line(&if json { table::as_json(&rows) } else { table::as_text(&rows) });
    if !known_gaps {
        return Ok(rows.iter().all(Row::holds));
    }
    let gaps = gaps(root)?;
    Ok(rows.iter().all(|row| gaps.get(row.what()).map_or_else(|| row.holds(), |gap| row.no_worse_than(*gap))))
}

/// Rows whose bound does not hold yet, with the number that must not get worse (ops/xtask/tidy.gaps.toml).
fn gaps(root: &Path) -> Result<BTreeMap<String, f64>, String> {
    let path = root.join("ops/xtask/tidy.gaps.toml");
    let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    toml::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
}

fn rows_of_rust(files: &[RustFile]) -> Vec<Row> {
    let mut rows = sizes(files);
    rows.extend(amounts(files));
    rows.extend(counts(files));
    rows
}

/// How long files and functions are.
fn sizes(files: &[RustFile]) -> Vec<Row> {
    let lengths: Vec<usize> = files.iter().map(|file| file.lines).collect();
    let too_long = files.iter().filter(|file| file.lines > 450).map(|file| format!("{}: {}", file.path, file.lines));
    let functions: Vec<usize> =
        files.iter().flat_map(|file| &file.functions).filter(|function| !function.test).map(|f| f.lines).collect();
    let giants = files.iter().flat_map(|file| {
        let long = file.functions.iter().filter(|function| function.lines > 70);
        long.map(|function| format!("{}: {} has {} lines", file.path, function.name, function.lines))
    });
    vec![
        Row::new("file lines, median", table::percentile(&lengths, 50), Bound::AtMost(150.0)),
        Row::new("file lines, p95", table::percentile(&lengths, 95), Bound::AtMost(450.0)),
        Row::none("files over 450 lines", too_long.collect()),
        Row::new("function lines, p95", table::percentile(&functions, 95), Bound::AtMost(40.0)),
        Row::new("function lines, p99", table::percentile(&functions, 99), Bound::AtMost(70.0)),
        Row::none("functions over 70 lines, tests too", giants.collect()),
    ]
}

/// How much is tested and documented.
fn amounts(files: &[RustFile]) -> Vec<Row> {
    let sum = |of: fn(&RustFile) -> usize| files.iter().map(of).sum::<usize>();
    let (tests, source) = (sum(|file| file.test_lines), sum(|file| file.source_lines));
    let undocumented: Vec<String> = files.iter().flat_map(|file| file.undocumented.clone()).collect();
    let public = sum(|file| file.public_items);
    let share = 100.0 * table::ratio(public - undocumented.len(), public);
    vec![
        Row::new("test lines per source line", table::ratio(tests, source), Bound::AtLeast(1.2)),
        Row::new("documented public items, %", share, Bound::AtLeast(95.0)).with(undocumented),
    ]
}

/// What there must be none of.
fn counts(files: &[RustFile]) -> Vec<Row> {
    let all = |of: fn(&RustFile) -> &Vec<String>| files.iter().flat_map(|file| of(file).clone()).collect();
    vec![
        Row::none("unwrap, expect, panic outside tests", all(|file| &file.panics)),
        Row::none("unsafe (matcher's kernels excepted)", all(|file| &file.unsafes)),
        Row::none("todo!, unimplemented!", all(|file| &file.unfinished)),
        Row::none("ignored tests", all(|file| &file.ignored)),
        Row::none("sleeps in tests", all(|file| &file.sleeps)),
        Row::none("allow attributes", all(|file| &file.allows)),
        Row::none("files that do not begin with a `//!` sentence", all(|file| &file.headless)),
    ]
}

#[cfg(test)]
#[path = "tidy_tests.rs"]
mod tests;
