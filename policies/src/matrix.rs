//! Annexure B as dated tables (X17): which kind of agency feeds, and which uses, which domain of services. The header of the
//! bundle names the table in force; another one is put in force by that word, without a new program.

use std::collections::{BTreeMap, BTreeSet};

use exchange::{catalogue::Service, classification::Sector, directory::Agency, ids::AgencyId, timestamp::Timestamp};
use serde::Deserialize;

use crate::{
    error::{BundleError, Problem},
    parse::{self, Placed},
    source::Source,
    words::has_urdu,
};

const FOLDER: &str = "matrices/";
const KINDS_FILE: &str = "matrices/kinds.toml";

/// What a kind of agency may do in one domain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cell {
    /// Write events.
    pub(crate) feeds: bool,
    /// Read data.
    pub(crate) uses: bool,
}

/// One table: kind of agency to domain to cell; and the sectors of each kind.
#[derive(Clone, Debug, Default)]
pub(crate) struct Matrix {
    rows: BTreeMap<String, BTreeMap<String, Cell>>,
    sectors: Kinds,
}

/// Kind of agency to the sectors that it may be registered under.
type Kinds = BTreeMap<String, BTreeSet<Sector>>;

/// An agency whose kind and sector cannot both be right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Misregistered {
    /// No table speaks of the kind.
    #[error("agency `{agency}` is of kind `{kind}`, which matrices/kinds.toml lacks")]
    Kind {
        /// The agency.
        agency: AgencyId,
        /// Its kind.
        kind: String,
    },
    /// The kind is of other sectors.
    #[error("agency `{agency}` is of kind `{kind}`, which may not be of sector `{sector}`")]
    Sector {
        /// The agency.
        agency: AgencyId,
        /// Its kind.
        kind: String,
        /// Its sector.
        sector: Sector,
    },
}

impl Matrix {
    /// The table that the header of the bundle puts in force, once all tables are found whole.
    pub(crate) fn in_force(source: &Source, name: &str) -> Result<Self, BundleError> {
        let kinds = kinds(source)?;
        let (mut problems, mut found) = (Vec::new(), None);
        for (file, text) in tables(source) {
            match parse::read::<File>(file, text) {
                Err(problem) => problems.push(problem),
                Ok(read) => {
                    check(&read, &kinds, &mut |reason| problems.push(Problem::new(file, reason)));
                    if file == format!("{FOLDER}{name}.toml") {
                        found = Some(read);
                    }
                }
            }
        }
        BundleError::unless_empty(problems)?;
        let lacking = || Problem::new("bundle.toml", format!("puts matrix `{name}` in force, which no file has"));
        Ok(Self { sectors: kinds, ..found.ok_or_else(lacking)?.into() })
    }

    /// What is wrong with the registration of an agency; nothing if kind and sector agree.
    pub(crate) fn misregistered(&self, agency: &Agency) -> Option<Misregistered> {
        let (id, kind) = (agency.id.clone(), agency.kind.clone());
        match self.sectors.get(&kind) {
            None => Some(Misregistered::Kind { agency: id, kind }),
            Some(sectors) if sectors.contains(&agency.sector) => None,
            Some(_) => Some(Misregistered::Sector { agency: id, kind, sector: agency.sector }),
        }
    }

    /// The cell of a kind of agency and a domain; neither feeds nor uses where the table says nothing.
    pub(crate) fn cell(&self, kind: &str, domain: &str) -> Cell {
        self.rows.get(kind).and_then(|row| row.get(domain)).copied().unwrap_or_default()
    }
}

/// The domain of a service: the part of its name before the dot.
pub(crate) fn domain_of(service: &Service) -> &str {
    service.id.as_str().split('.').next().unwrap_or_default()
}

/// Every table has a column for each domain of `services`, those that are used under an agreement, and no other.
pub(crate) fn columns(source: &Source, services: &[Placed<Service>]) -> Result<Vec<Problem>, Problem> {
    let domain = |placed: &Placed<Service>| domain_of(&placed.item).to_owned();
    let wanted: BTreeSet<_> = services.iter().filter(|placed| placed.item.purpose_required).map(domain).collect();
    let mut problems = Vec::new();
    for (file, text) in tables(source) {
        let columns: BTreeSet<_> = parse::read::<File>(file, text)?.columns.into_iter().collect();
        let lacks = wanted.difference(&columns).map(|domain| format!("has no column `{domain}`, which services have"));
        let idle = columns.difference(&wanted).map(|domain| format!("has column `{domain}`, which no service has"));
        problems.extend(lacks.chain(idle).map(|reason| Problem::new(file, reason)));
    }
    Ok(problems)
}

fn tables(source: &Source) -> impl Iterator<Item = (&str, &str)> {
    source.matching(FOLDER, ".toml").filter(|(file, _)| *file != KINDS_FILE)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KindsFile {
    kind: Vec<Kind>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Kind {
    id: String,
    title: String,
    title_ur: String,
    /// Types of clients that such an agency can be.
    sectors: BTreeSet<Sector>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    title: String,
    since: String,
    columns: Vec<String>,
    row: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    kind: String,
    feeds: Vec<String>,
    uses: Vec<String>,
    since: String,
    source: String,
    reason: String,
}

/// The types of clients that an agency of each kind can be.
pub(crate) fn sectors(source: &Source) -> Result<BTreeMap<String, Vec<Sector>>, BundleError> {
    let kinds = kinds(source)?;
    Ok(kinds.into_iter().map(|(kind, sectors)| (kind, sectors.into_iter().collect())).collect())
}

fn kinds(source: &Source) -> Result<Kinds, BundleError> {
    let text = source.file(KINDS_FILE).ok_or_else(|| Problem::new(KINDS_FILE, "is missing"))?;
    let (mut kinds, mut problems) = (Kinds::new(), Vec::new());
    for Kind { id, title, title_ur, sectors } in parse::read::<KindsFile>(KINDS_FILE, text)?.kind {
        let mut say = |reason: &str| problems.push(Problem::new(KINDS_FILE, format!("`{id}` {reason}")));
        if title.is_empty() || !has_urdu(&title_ur) {
            say("needs a title in English and in Urdu");
        }
        if sectors.is_empty() {
            say("needs a sector");
        }
        if kinds.contains_key(&id) {
            say("is listed twice");
        }
        kinds.insert(id, sectors);
    }
    BundleError::unless_empty(problems)?;
    Ok(kinds)
}

fn check(file: &File, kinds: &Kinds, say: &mut impl FnMut(String)) {
    if file.title.is_empty() || !is_day(&file.since) {
        say("needs a title and a day `since`".to_owned());
    }
    let mut seen = BTreeSet::new();
    for row in &file.row {
        let kind = &row.kind;
        if !kinds.contains_key(kind) {
            say(format!("has a row for `{kind}`, which is no kind of {KINDS_FILE}"));
        }
        if !seen.insert(kind) {
            say(format!("has two rows for `{kind}`"));
        }
        for domain in row.feeds.iter().chain(&row.uses).filter(|domain| !file.columns.contains(domain)) {
            say(format!("opens `{domain}` to `{kind}`, which is no column"));
        }
        for (name, text) in [("source", &row.source), ("reason", &row.reason)] {
            if text.is_empty() {
                say(format!("has a row for `{kind}` without {name}"));
            }
        }
        if !is_day(&row.since) {
            say(format!("has a row for `{kind}` without the day `since`"));
        }
    }
    for kind in kinds.keys().filter(|kind| !seen.contains(kind)) {
        say(format!("has no row for `{kind}`"));
    }
}

/// Whether the text is a day, `YYYY-MM-DD`.
fn is_day(text: &str) -> bool {
    text.len() == 10 && Timestamp::parse_rfc3339(&format!("{text}T00:00:00+05:00")).is_some()
}

impl From<File> for Matrix {
    fn from(file: File) -> Self {
        let mut rows: BTreeMap<String, BTreeMap<String, Cell>> = BTreeMap::new();
        for Row { kind, feeds, uses, .. } in file.row {
            let row = rows.entry(kind).or_default();
            for domain in feeds {
                row.entry(domain).or_default().feeds = true;
            }
            for domain in uses {
                row.entry(domain).or_default().uses = true;
            }
        }
        Self { rows, sectors: Kinds::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_that_no_row_opens_is_closed() {
        let matrix = Matrix::in_force(&Source::embedded(), "target").unwrap();
        let check =
            |kind, domain, feeds, uses| assert_eq!(matrix.cell(kind, domain), Cell { feeds, uses }, "{kind} {domain}");
        check("Hospital", "vital", true, true);
        check("Bank", "identity", false, true);
        check("Auditor", "identity", false, false);
        check("Circus", "identity", false, false);
        check("Bank", "weather", false, false);
    }

    #[test]
    fn a_day_is_a_day_of_the_calendar() {
        let check = |text, expected| assert_eq!(is_day(text), expected, "{text}");
        check("2026-11-22", true);
        check("2026-13-01", false);
        check("2026-1-01", false);
        check("", false);
    }
}
