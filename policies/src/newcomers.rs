//! What the law says of newcomers, as data (S3 §7-9): types of clients, kinds of agencies, papers, timelines, working days.

use std::collections::BTreeMap;

use exchange::{
    calendar::{Calendar, CalendarData},
    onboarding::rules::{ClientType, Precondition, Rules, Schedule, Timelines},
};
use serde::Deserialize;

use crate::{
    error::{BundleError, Problem},
    matrix, parse,
    source::Source,
    words::has_urdu,
};

const PAPERS: &str = "rules/onboarding.toml";
const HOLIDAYS: &str = "rules/holidays.toml";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Papers {
    schedule: Vec<Schedule>,
    precondition: Vec<Precondition>,
    timelines: Timelines,
}

/// All of it, or every problem that is found.
pub(crate) fn read(source: &Source, clients: Vec<ClientType>) -> Result<Rules, BundleError> {
    let text = |file| source.file(file).ok_or_else(|| Problem::new(file, "is missing"));
    let papers: Papers = parse::read(PAPERS, text(PAPERS)?)?;
    let holidays: CalendarData = parse::read(HOLIDAYS, text(HOLIDAYS)?)?;
    let calendar = Calendar::new(&holidays).map_err(|error| Problem::new(HOLIDAYS, error.to_string()))?;
    let kinds: BTreeMap<_, _> = matrix::sectors(source)?;
    let mut problems = Vec::new();
    let titles = papers.schedule.iter().map(|one| (&one.id, &one.title, &one.title_ur, &one.source));
    let titles = titles.chain(papers.precondition.iter().map(|one| (&one.id, &one.title, &one.title_ur, &one.source)));
    for (id, title, title_ur, source) in titles {
        if id.is_empty() || title.is_empty() || !has_urdu(title_ur) || source.is_empty() {
            problems.push(Problem::new(PAPERS, format!("`{id}` needs a title in English and in Urdu, and a source")));
        }
    }
    BundleError::unless_empty(problems)?;
    let Papers { schedule, precondition, timelines } = papers;
    Ok(Rules { clients, kinds, schedules: schedule, preconditions: precondition, timelines, calendar })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Bundle;

    #[test]
    fn what_is_not_whole_is_refused_with_its_file() {
        let check = |file: &str, from: &str, to: &str, expected: &str| {
            let source = Source::embedded();
            let text = source.file(file).unwrap();
            assert!(text.contains(from), "{file} has no `{from}` any more");
            let changed = text.replacen(from, to, 1);
            let error = Bundle::load(&source.with(file, &changed)).unwrap_err();
            let found = error.problems().iter().any(|p| p.file == file && p.reason.contains(expected));
            assert!(found, "wanted `{expected}`, got {error}");
        };
        check(PAPERS, "online_access = 5", "", "online_access");
        check(PAPERS, "title = \"Non-disclosure", "name = \"Non-disclosure", "unknown field `name`");
        check(PAPERS, "id = \"security\"", "id = \"\"", "needs a title");
        check(HOLIDAYS, "\"Saturday\"", "\"Caturday\"", "`Caturday` is no day");
        check("matrices/kinds.toml", "sectors = [\"Local\"]", "sectors = []", "`LocalGovernment` needs a sector");
        for file in [PAPERS, HOLIDAYS] {
            let error = Bundle::load(&Source::embedded().without(file)).unwrap_err();
            assert_eq!(error.problems(), [Problem::new(file, "is missing")]);
        }
    }
}
