//! The picture of a month: the golden file, well-formed whatever a name holds, and nothing in it that acts or fetches.
//! `UPDATE_GOLDEN=1` rewrites the file.

use std::{fs, path::PathBuf};

use exchange::{
    month::Month,
    record::leaf::{Kind, Leaf},
    statement::{Daily, chart},
    timestamp::Timestamp,
};
use proptest::prelude::*;

use crate::support::{id, leaf};

const NAMES: (&str, &str) = ("Indus Bank", "انڈس بینک");

fn at(day: u8, hour: u8) -> Timestamp {
    Timestamp::parse_rfc3339(&format!("2026-11-{day:02}T{hour:02}:00:00+05:00")).unwrap()
}

fn month(amounts: &[(u8, i64)]) -> Daily {
    let leaf = |&(day, amount): &(u8, i64)| Leaf { at: at(day, 12).micros(), amount, ..leaf(Kind::Outcome) };
    let leaves: Vec<Leaf> = amounts.iter().map(leaf).collect();
    Daily::recompute(leaves.iter(), &id("bank-indus"), Month::parse("2026-11").unwrap())
}

/// Names of the elements in the order of their beginning; panics where the text is not well-formed.
fn elements(svg: &str) -> Vec<String> {
    let (mut open, mut seen): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    let mut rest = svg;
    while let Some((text, tagged)) = rest.split_once('<') {
        assert!(!text.contains('>'), "a bare bracket in `{text}`");
        assert!(open.is_empty() <= text.trim().is_empty(), "text outside of the picture: `{text}`");
        entities(text);
        let (tag, after) = tagged.split_once('>').unwrap();
        rest = after;
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name), "closed in another order");
            continue;
        }
        let (tag, closed) = tag.strip_suffix('/').map_or((tag, false), |tag| (tag, true));
        let (name, attributes) = tag.split_once(' ').unwrap_or((tag, ""));
        assert!(name.chars().all(|letter| letter.is_ascii_lowercase()), "`{name}` is no element");
        attributed(attributes);
        seen.push(name.to_owned());
        if !closed {
            open.push(name.to_owned());
        }
    }
    assert!(open.is_empty() && rest.trim().is_empty(), "not closed: {open:?} {rest}");
    seen
}

/// `name="value"` and nothing else, none twice.
fn attributed(mut text: &str) {
    let mut seen = Vec::new();
    while !text.is_empty() {
        let (name, after) = text.split_once("=\"").unwrap();
        assert!(name.chars().all(|letter| letter.is_ascii_alphabetic() || letter == '-'), "`{name}` is no attribute");
        assert!(!name.starts_with("on") && name != "href" && name != "style", "`{name}` acts or fetches");
        assert!(!seen.contains(&name), "`{name}` twice");
        seen.push(name);
        let (value, after) = after.split_once('"').unwrap();
        entities(value);
        text = after.strip_prefix(' ').unwrap_or(after);
    }
}

fn entities(text: &str) {
    for after in text.split('&').skip(1) {
        let known = ["amp;", "lt;", "gt;", "quot;", "#39;"].iter().any(|known| after.starts_with(known));
        assert!(known, "a bare ampersand before `{after}`");
    }
    assert!(text.chars().all(|letter| letter == '\n' || !letter.is_control()), "a control character in `{text}`");
}

#[test]
fn the_picture_of_a_month_under_way_is_the_golden_one() {
    let daily = month(&[(1, 700_000), (2, 350_000), (4, 1_050_000), (5, 35_000), (5, 35_500), (9, 420_000)]);
    let now = chart(NAMES, &daily, at(9, 15));
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/usage.svg");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, &now).unwrap();
    }
    let golden = fs::read_to_string(&path).unwrap_or_default();
    let changed = golden.lines().zip(now.lines()).find(|(old, new)| old != new);
    assert_eq!(golden, now, "the picture changed; if that is meant, UPDATE_GOLDEN=1. First: {changed:?}");
}

#[test]
fn the_picture_says_all_in_words_of_both_languages() {
    let daily = month(&[(1, 700_000), (2, 350_000)]);
    let svg = chart(NAMES, &daily, at(3, 9));
    let seen = elements(&svg);
    let count = |name: &str| seen.iter().filter(|seen| *seen == name).count();
    assert_eq!((seen.first().map(String::as_str), count("svg"), count("rect"), count("desc")), (Some("svg"), 1, 2, 1));
    for told in [
        r#"role="img""#,
        r#"aria-labelledby="usage-title usage-desc""#,
        r#"<title id="usage-title">Usage of Indus Bank in 2026-11</title>"#,
        "2 calls, payable Rs 10.50 so far. Forecast for the month: Rs 152.25.",
        "<title>2026-11-01: Rs 7.00, 1 calls</title>",
        "<title>Forecast: Rs 5.25 a day</title>",
        r#"lang="ur""#,
        "انڈس بینک کا استعمال، 2026-11",
        "مہینے کا تخمینہ: Rs 152.25",
        "stroke-dasharray",
    ] {
        assert!(svg.contains(told), "`{told}` is missing: {svg}");
    }
}

#[test]
fn a_month_that_is_over_or_empty_has_no_forecast() {
    let over = chart(NAMES, &month(&[(1, 700_000)]), Timestamp::parse_rfc3339("2026-12-02T00:00:00+05:00").unwrap());
    let last = chart(NAMES, &month(&[(1, 700_000)]), at(30, 9));
    let first = chart(NAMES, &month(&[]), at(1, 9));
    assert!([&over, &last, &first].iter().all(|svg| !svg.contains("dasharray")));
    assert!(!over.contains("Forecast") && last.contains("Forecast") && !first.contains("Forecast"));
    assert_eq!(elements(&first).iter().filter(|name| *name == "rect").count(), 0);
}

proptest! {
    #[test]
    fn any_name_and_any_amounts_make_a_well_formed_picture(
        name in any::<String>(),
        name_ur in "[\u{0}-\u{2f}<>&\"'\u{fffe}\u{ffff}ا-ی]{0,20}",
        amounts in prop::collection::vec((1..=30_u8, any::<i64>()), 0..40),
        now in 0..40_i64,
    ) {
        let first = Month::parse("2026-11").unwrap().first();
        let svg = chart((&name, &name_ur), &month(&amounts), first.plus_seconds((now - 4) * 24 * 3600));
        let seen = elements(&svg);
        let known = ["svg", "title", "desc", "text", "path", "rect"];
        prop_assert!(seen.iter().all(|name| known.contains(&name.as_str())), "{:?}", seen);
        prop_assert!(svg.len() < 32_000);
    }
}
