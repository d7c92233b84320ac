//! The nine types of clients (S3 §7.2): what must be seen on paper of each, as data that a bundle is refused without.

use std::collections::BTreeSet;

use exchange::classification::Sector;
pub use exchange::onboarding::rules::{ClientType, Opens};
use serde::Deserialize;

use crate::{error::Problem, parse, source::Source, words::has_urdu};

const FILE: &str = "rules/clientage.toml";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "type")]
    types: Vec<ClientType>,
}

/// The nine types, each once; every problem otherwise.
pub(crate) fn read(source: &Source) -> Result<Vec<ClientType>, Vec<Problem>> {
    let lacks = || vec![Problem::new(FILE, "is missing")];
    let text = source.file(FILE).ok_or_else(lacks)?;
    let File { types } = parse::read(FILE, text).map_err(|problem| vec![problem])?;
    let (mut seen, mut problems) = (BTreeSet::new(), Vec::new());
    for ClientType { sector, condition, condition_ur, documents, source, .. } in &types {
        let mut say = |reason: &str| problems.push(Problem::new(FILE, format!("`{sector}` {reason}")));
        if !seen.insert(*sector) {
            say("is listed twice");
        }
        if condition.is_empty() || !has_urdu(condition_ur) {
            say("needs its condition in English and in Urdu");
        }
        if documents.is_empty() || documents.iter().any(String::is_empty) {
            say("names no document that shows its condition");
        }
        if source.is_empty() {
            say("has no source");
        }
    }
    let missing = Sector::ALL.iter().filter(|sector| !seen.contains(sector));
    problems.extend(missing.map(|sector| Problem::new(FILE, format!("does not list `{sector}`"))));
    if problems.is_empty() { Ok(types) } else { Err(problems) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_that_is_not_whole_is_refused_with_its_file() {
        let whole = Source::embedded().file(FILE).unwrap().to_owned();
        let check = |from: &str, to: &str, expected: &str| {
            assert!(whole.contains(from), "no `{from}` any more");
            let problems = read(&Source::embedded().with(FILE, &whole.replacen(from, to, 1))).unwrap_err();
            let found = problems.iter().any(|p| p.file == FILE && p.reason.contains(expected));
            assert!(found, "wanted {expected}: {problems:?}");
        };
        check("\"Donor\"", "\"Other\"", "does not list `Donor`");
        check("\"Donor\"", "\"Other\"", "`Other` is listed twice");
        check("\"Donor\"", "\"Donors\"", "unknown variant `Donors`");
        check("[\"office-in-pakistan\"]", "[]", "`Donor` names no document that shows its condition");
        check("[\"office-in-pakistan\"]", "[\"\"]", "`Donor` names no document that shows its condition");
        check("condition = \"It has an office in Pakistan.\"", "condition = \"\"", "`Donor` needs its condition");
        check("condition_ur = \"پاکستان میں دفتر ہو۔\"", "condition_ur = \"office\"", "`Donor` needs its condition");
        check("source = \"S3 7.2 row 4\"", "source = \"\"", "`Donor` has no source");
        check("opens = \"statistics\"", "opens = \"everything\"", "unknown variant `everything`");
        check("forum = \"SecretaryBISP\"", "forum = \"Secretary\"", "unknown variant `Secretary`");
        assert_eq!(read(&Source::embedded().without(FILE)).unwrap_err(), [Problem::new(FILE, "is missing")]);
    }
}
