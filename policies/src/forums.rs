//! Who decides which request (S3 §7.3), as a table that people read: a bundle whose table differs from what the door does is
//! refused.

use exchange::{classification::Forum, onboarding::forum::RequestKind};
use serde::Deserialize;

use crate::{error::Problem, parse, source::Source, words::has_urdu};

const FILE: &str = "rules/forums.toml";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    kind: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    id: RequestKind,
    title: String,
    title_ur: String,
    forum: Forum,
    source: String,
}

/// Holds the table to the door: every kind once, with the forum that the door sends it to; every problem otherwise.
pub(crate) fn check(source: &Source) -> Result<(), Vec<Problem>> {
    let lacks = || vec![Problem::new(FILE, "is missing")];
    let text = source.file(FILE).ok_or_else(lacks)?;
    let File { kind: rows } = parse::read(FILE, text).map_err(|problem| vec![problem])?;
    let mut problems = Vec::new();
    for kind in RequestKind::ALL {
        let mut say = |reason: String| problems.push(Problem::new(FILE, format!("`{kind:?}` {reason}")));
        let mut found = rows.iter().filter(|row| row.id == kind);
        let Some(row) = found.next() else {
            say("is not listed".to_owned());
            continue;
        };
        if found.next().is_some() {
            say("is listed twice".to_owned());
        }
        if row.forum != kind.forum() {
            say(format!("goes to {}, and the table says {}", kind.forum(), row.forum));
        }
        if row.title.is_empty() || !has_urdu(&row.title_ur) || row.source.is_empty() {
            say("needs a title in English and in Urdu, and its source".to_owned());
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_that_says_other_than_the_door_does_is_refused() {
        let whole = Source::embedded().file(FILE).unwrap().to_owned();
        let check = |from: &str, to: &str, expected: &str| {
            assert!(whole.contains(from), "no `{from}` any more");
            let problems = check(&Source::embedded().with(FILE, &whole.replacen(from, to, 1))).unwrap_err();
            let found = problems.iter().any(|p| p.file == FILE && p.reason.contains(expected));
            assert!(found, "wanted {expected}: {problems:?}");
        };
        check("DG_NSER", "SecretaryBISP", "`FirstReportDesign` goes to DG_NSER, and the table says SecretaryBISP");
        check("BISPBoard", "DG_NSER", "`CompleteExport` goes to BISPBoard, and the table says DG_NSER");
        check("\"secret\"", "\"complete-export\"", "`Secret` is not listed");
        check("\"secret\"", "\"complete-export\"", "`CompleteExport` is listed twice");
        check("\"secret\"", "\"secrets\"", "unknown variant `secrets`");
        check(
            "title_ur = \"شماریاتی رپورٹ کا پہلا خاکہ\"",
            "title_ur = \"design\"",
            "`FirstReportDesign` needs a title",
        );
        check("source = \"S3 7.3\"", "source = \"\"", "`FirstReportDesign` needs a title");
        assert_eq!(super::check(&Source::embedded().without(FILE)).unwrap_err(), [Problem::new(FILE, "is missing")]);
    }
}
