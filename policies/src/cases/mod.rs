//! Cases: what a bundle promises to permit and to refuse, in words that a non-programmer can read and change.

mod ask;
mod run;

use std::collections::BTreeMap;

use exchange::{
    day::Day,
    directory::{Directory, DirectoryData},
    enrolment::{Missing, Modality},
    ids::{DatatypeId, ServiceId},
    programme::Reach,
};
use serde::Deserialize;

use crate::{
    error::{BundleError, Problem},
    parse,
    source::Source,
};

pub use self::run::Difference;

/// Where the agencies, users and instruments of the cases stand; further files of the same beginning add to it.
const WORLD_FILE: &str = "cases/world.toml";
const WORLD_FILES: &str = "cases/world";

/// The truth table of citizenship: cases of `citizenship`, not of a decision.
const CITIZENSHIP_FILE: &str = "cases/citizenship.toml";

/// All cases of a bundle and the world that they happen in.
#[derive(Debug, Default)]
pub struct Cases {
    /// In the order of the files.
    pub cases: Vec<Case>,
    /// Agencies, users, agreements, programmes, approvals and purposes.
    pub world: Directory,
}

/// One case: who asks for what, and what must come of it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// A sentence.
    pub name: String,
    /// The service that is asked.
    pub service: ServiceId,
    /// Agency of the world; absent for anyone on the public listener.
    #[serde(default)]
    pub agency: Option<String>,
    /// Whether a citizen asks, in a session of the citizen's own.
    #[serde(default)]
    pub citizen: bool,
    /// User of that agency, or `agency/user` for somebody else's; absent for a bare client.
    #[serde(default)]
    pub user: Option<String>,
    /// Whether the user signed the request.
    #[serde(default)]
    pub signed: bool,
    /// Purpose of the world.
    #[serde(default)]
    pub purpose: Option<String>,
    /// Programme of the world.
    #[serde(default)]
    pub programme: Option<String>,
    /// Place and scores that the request names; whether the programme covers them follows.
    #[serde(default)]
    pub reach: CaseReach,
    /// Report of the world, by the design that a forum approved; absent for one that came with the register.
    #[serde(default)]
    pub report: Option<String>,
    /// Approval of the world.
    #[serde(default)]
    pub approval: Option<String>,
    /// Who made the proposal that is decided, `agency/user`; absent where there is no open one.
    #[serde(default)]
    pub proposed_by: Option<String>,
    /// Another user who signed too, named as the case's user is.
    #[serde(default)]
    pub second: Option<String>,
    /// The citizen's consent; `{}` is one that fits the request in everything.
    #[serde(default)]
    pub consent: Option<CaseConsent>,
    /// What is enrolled.
    #[serde(default)]
    pub enrolment: Option<CaseEnrolment>,
    /// Address of the client, 127.0.0.1 unless said.
    #[serde(default)]
    pub address: Option<String>,
    /// Instant, RFC 3339; noon of 22 November 2026 in Pakistan unless said.
    #[serde(default)]
    pub at: Option<String>,
    /// Rows that may be returned, 1 unless said.
    #[serde(default)]
    pub rows: Option<u32>,
    /// Datatypes that are asked for; all of the service's unless said.
    #[serde(default)]
    pub fields: Option<Vec<DatatypeId>>,
    /// Datatype to the policies that permit it, separated by spaces. `*` stands for all that are not named.
    #[serde(default)]
    pub permitted: BTreeMap<String, String>,
    /// Datatype to `code` or `code: policies`. `*` stands for all that are not named.
    #[serde(default)]
    pub refused: BTreeMap<String, String>,
    /// What the door makes of it all: `released`, or the code of the whole refusal; not checked unless said.
    #[serde(default)]
    pub answer: Option<String>,
    /// What the door must do; not checked unless said.
    #[serde(default)]
    pub obligations: Option<Vec<String>>,
}

/// What of the register a request names.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseReach {
    /// District.
    #[serde(default)]
    pub district: Option<String>,
    /// Tehsil of that district.
    #[serde(default)]
    pub tehsil: Option<String>,
    /// Lowest and highest poverty score.
    #[serde(default)]
    pub scores: Option<(f64, f64)>,
}

impl CaseReach {
    /// The same as the door reads it out of a request's parameters.
    #[must_use]
    pub fn named(&self) -> Reach<'_> {
        Reach { district: self.district.as_deref(), tehsil: self.tehsil.as_deref(), scores: self.scores }
    }
}

/// A consent, by what is unlike one that fits the request.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseConsent {
    /// Given to another agency.
    #[serde(default)]
    pub agency: Option<String>,
    /// Given to another user.
    #[serde(default)]
    pub user: Option<String>,
    /// Given for another purpose.
    #[serde(default)]
    pub purpose: Option<String>,
    /// Given for these datatypes only; all of the service's unless said.
    #[serde(default)]
    pub datatypes: Option<Vec<DatatypeId>>,
    /// Given by another citizen than the one asked about.
    #[serde(default)]
    pub of_another: bool,
    /// Revoked, paused or used up.
    #[serde(default)]
    pub inactive: bool,
    /// Ended a second before the request.
    #[serde(default)]
    pub expired: bool,
}

/// What is enrolled of whom.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseEnrolment {
    /// Part of the body.
    pub modality: Modality,
    /// Day of birth.
    pub born: Day,
    /// Whether there is no sample.
    #[serde(default)]
    pub no_sample: bool,
    /// Why something is missing.
    #[serde(default)]
    pub missing: Option<Missing>,
    /// The user who stands by, named as the case's user is.
    #[serde(default)]
    pub supervisor: Option<String>,
}

impl Case {
    /// Whether it permits anything.
    #[must_use]
    pub fn permits(&self) -> bool {
        !self.permitted.is_empty()
    }
}

/// Reads the cases and their world.
pub(crate) fn read(source: &Source) -> Result<Cases, BundleError> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        case: Vec<Case>,
    }
    let world = world(source)?;
    let (mut cases, mut problems) = (Vec::new(), Vec::new());
    let of_decisions = |path: &str| !path.starts_with(WORLD_FILES) && path != CITIZENSHIP_FILE;
    for (path, text) in source.matching("cases/", ".toml").filter(|(path, _)| of_decisions(path)) {
        match parse::read::<File>(path, text) {
            Ok(file) => cases.extend(file.case),
            Err(problem) => problems.push(problem),
        }
    }
    BundleError::unless_empty(problems)?;
    Ok(Cases { cases, world: Directory::new(1, world) })
}

/// The world of the cases, all its files together.
///
/// # Errors
/// Names each file that is not part of a directory, and the first where it is missing.
pub fn world(source: &Source) -> Result<DirectoryData, BundleError> {
    source.file(WORLD_FILE).ok_or_else(|| Problem::new(WORLD_FILE, "is missing"))?;
    let (mut world, mut problems) = (DirectoryData::default(), Vec::new());
    for (path, text) in source.matching(WORLD_FILES, ".toml") {
        match parse::read::<DirectoryData>(path, text) {
            Ok(part) => {
                // Whole, so that a new list of the directory cannot be forgotten here.
                let DirectoryData {
                    agencies,
                    users,
                    agreements,
                    approvals,
                    programmes,
                    categories,
                    reports,
                    purposes,
                    rate_books,
                    gratis,
                    terms,
                    quotas,
                    classes,
                    revoked_serials,
                } = part;
                world.agencies.extend(agencies);
                world.users.extend(users);
                world.agreements.extend(agreements);
                world.approvals.extend(approvals);
                world.programmes.extend(programmes);
                world.categories.extend(categories);
                world.reports.extend(reports);
                world.purposes.extend(purposes);
                world.rate_books.extend(rate_books);
                world.gratis.extend(gratis);
                world.terms.extend(terms);
                world.quotas.extend(quotas);
                world.classes.extend(classes);
                world.revoked_serials.extend(revoked_serials);
            }
            Err(problem) => problems.push(problem),
        }
    }
    BundleError::unless_empty(problems)?;
    Ok(world)
}
