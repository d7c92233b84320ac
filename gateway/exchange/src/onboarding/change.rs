//! What two persons may change in the directory, and what is no sound change whoever proposes it.

use serde::{Deserialize, Serialize};

use super::{
    case::{Case, Verdict},
    forum::{category_approved, least, may_decide},
    rules::Rules,
};
use crate::{
    catalogue::Catalogue,
    classification::{Classification, Forum},
    directory::{Agency, Agreement, Approval, Category, DirectoryData, Programme, Purpose, User},
    ids::{AgencyId, DatatypeId, PurposeCode},
    ledger::{Quota, Terms},
    report::Report,
    tariff::{Gratis, RateBook},
    timestamp::Timestamp,
};

mod checks;
mod money;
mod quotas;

pub use checks::apply;

/// One change: an entry as the directory shall have it, in the directory's own types.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "entry", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Change {
    /// An agency, new or in an old one's place.
    Agency(Agency),
    /// The key of an agency's certificate.
    Key(Key),
    /// A person of an agency.
    User(User),
    /// An agreement.
    Agreement(Agreement),
    /// A forum's approval of one request.
    Approval(Approval),
    /// A standing instrument.
    Programme(Programme),
    /// A category of agencies.
    Category(Category),
    /// A report for anyone, by the design that a forum approved.
    Report(Report),
    /// A purpose with its ceilings.
    Purpose(Purpose),
    /// A rate book, before it begins.
    RateBook(RateBook),
    /// A decision to serve an agency for nothing, or its end.
    Gratis(Gratis),
    /// How an agency pays.
    Terms(Terms),
    /// What a kind of agency, an agency, a place or a user may have in each period.
    Quota(Quota),
    /// A forum's word on an application.
    Decision(Verdict),
}

/// The key of a certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Key {
    /// The agency that the certificate names.
    pub agency: AgencyId,
    /// SHA-256 of its subject public key info, lower-case hex.
    pub sha256: String,
}

impl Change {
    /// The word for its kind.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Agency(_) => "agency",
            Self::Key(_) => "key",
            Self::User(_) => "user",
            Self::Agreement(_) => "agreement",
            Self::Approval(_) => "approval",
            Self::Programme(_) => "programme",
            Self::Category(_) => "category",
            Self::Report(_) => "report",
            Self::Purpose(_) => "purpose",
            Self::RateBook(_) => "rate-book",
            Self::Gratis(_) => "gratis",
            Self::Terms(_) => "terms",
            Self::Quota(_) => "quota",
            Self::Decision(_) => "decision",
        }
    }

    /// The agency that it concerns, where the change itself names one.
    #[must_use]
    pub fn agency(&self) -> Option<&AgencyId> {
        match self {
            Self::Agency(agency) => Some(&agency.id),
            Self::Key(key) => Some(&key.agency),
            Self::User(user) => Some(&user.agency),
            Self::Agreement(agreement) => Some(&agreement.agency),
            Self::Approval(approval) => Some(&approval.agency),
            Self::Programme(programme) => Some(&programme.agency),
            Self::Gratis(gift) => Some(&gift.agency),
            Self::Terms(terms) => Some(&terms.agency),
            Self::Quota(quota) => quota.level.agency(),
            Self::Category(_) | Self::Report(_) | Self::Purpose(_) | Self::RateBook(_) | Self::Decision(_) => None,
        }
    }
}

/// Which rule a change breaks; a word never changes meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// Something ends before it begins, or when.
    DatesReversed,
    /// A kind of agency that Annexure B does not know.
    KindUnknown,
    /// An agency of this kind cannot be of this sector, such as a bank of the Federal Government.
    KindOfSector,
    /// A network that is no address with a prefix.
    NetworkInvalid,
    /// A key that is no key.
    KeyInvalid,
    /// The agency is not in the directory.
    AgencyUnknown,
    /// No approved application says that its condition was seen.
    ConditionUnseen,
    /// The person acts for another agency already.
    UserElsewhere,
    /// A service that the catalogue does not have.
    ServiceUnknown,
    /// A type of data that the dictionary does not have.
    DatatypeUnknown,
    /// A purpose that is not registered.
    PurposeUnknown,
    /// A purpose that is forbidden.
    PurposeForbidden,
    /// Data above the ceiling of its purpose, or a purpose above its own.
    PurposeCeiling,
    /// A forum that may not approve this.
    ForumTooLow,
    /// A report that cannot be counted, or whose name cannot stand in a path.
    ReportDesign,
    /// A seal on something that neither a court, an Act nor national security orders.
    SealUnlawful,
    /// No approved application asked for this.
    NotAppliedFor,
    /// A revision that does not follow the one in force, or an entry that has changed since its change was proposed.
    RevisionStale,
    /// The name belongs to another agency's entry, or to a table of the register's own.
    NameTaken,
    /// A rate book that no one can be held to, or that does not price what is charged for.
    RateBook,
    /// A quota that cannot be held to.
    Quota,
    /// Money that would change what was answered already: a rate or a gift begins, or ends, too soon.
    TooSoon,
    /// It names nothing.
    Empty,
    /// There is no such application.
    ApplicationUnknown,
    /// The application is not in a state to be decided.
    ApplicationState,
}

impl Rule {
    /// The word on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DatesReversed => "dates-reversed",
            Self::KindUnknown => "kind-unknown",
            Self::KindOfSector => "kind-of-sector",
            Self::NetworkInvalid => "network-invalid",
            Self::KeyInvalid => "key-invalid",
            Self::AgencyUnknown => "agency-unknown",
            Self::ConditionUnseen => "condition-unseen",
            Self::UserElsewhere => "user-elsewhere",
            Self::ServiceUnknown => "service-unknown",
            Self::DatatypeUnknown => "datatype-unknown",
            Self::PurposeUnknown => "purpose-unknown",
            Self::PurposeForbidden => "purpose-forbidden",
            Self::PurposeCeiling => "purpose-ceiling",
            Self::ForumTooLow => "forum-too-low",
            Self::ReportDesign => "report-design",
            Self::SealUnlawful => "seal-unlawful",
            Self::NotAppliedFor => "not-applied-for",
            Self::RevisionStale => "revision-stale",
            Self::NameTaken => "name-taken",
            Self::RateBook => "rate-book",
            Self::Quota => "quota",
            Self::TooSoon => "too-soon",
            Self::Empty => "empty",
            Self::ApplicationUnknown => "application-unknown",
            Self::ApplicationState => "application-state",
        }
    }
}

/// A rule that a change breaks, and how, without a person's name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {detail}", .rule.as_str())]
pub struct Fault {
    /// The rule.
    pub rule: Rule,
    /// What about it, for the proposer.
    pub detail: String,
}

impl Fault {
    /// A fault.
    #[must_use]
    pub fn new(rule: Rule, detail: impl Into<String>) -> Self {
        Self { rule, detail: detail.into() }
    }
}

/// What a change is judged by. All of it as it stands now: a change is judged when it is proposed and again when it is
/// approved.
#[derive(Clone, Copy, Debug)]
pub struct Judge<'a> {
    /// The directory.
    pub directory: &'a DirectoryData,
    /// Applications.
    pub cases: &'a [Case],
    /// Services and types of data.
    pub catalogue: &'a Catalogue,
    /// The law's data.
    pub rules: &'a Rules,
    /// The present.
    pub now: Timestamp,
}

impl Judge<'_> {
    /// Whether the change is sound.
    ///
    /// # Errors
    /// The first [`Fault`] that is found.
    pub fn check(&self, change: &Change) -> Result<(), Fault> {
        match change {
            Change::Agency(agency) => self.agency(agency),
            Change::Key(key) => self.key(key),
            Change::User(user) => self.user(user),
            Change::Agreement(agreement) => self.agreement(agreement),
            Change::Approval(approval) => self.approval(approval),
            Change::Programme(programme) => self.programme(programme),
            Change::Category(category) => self.category(category),
            Change::Report(report) => Self::report(report),
            Change::Purpose(purpose) => Self::purpose(purpose),
            Change::RateBook(book) => self.rate_book(book),
            Change::Gratis(gift) => self.gratis(gift),
            Change::Terms(terms) => self.terms(terms),
            Change::Quota(quota) => self.quota(quota),
            // The case itself judges what is decided of it.
            Change::Decision(verdict) => self.case(&verdict.application).map(drop),
        }
    }

    /// The application of this name.
    ///
    /// # Errors
    /// [`Rule::ApplicationUnknown`].
    pub fn case(&self, id: &str) -> Result<&Case, Fault> {
        let found = self.cases.iter().find(|case| case.id == id);
        found.ok_or_else(|| Fault::new(Rule::ApplicationUnknown, "there is no such application"))
    }

    /// The approved application that asked for all that an agreement opens, decided by a forum not below the agreement's.
    #[must_use]
    pub fn asked_for(&self, agreement: &Agreement) -> Option<&Case> {
        self.cases.iter().filter(|case| case.approved()).find(|case| {
            let asked = &case.application;
            asked.agency == agreement.agency
                && agreement.services.iter().all(|id| asked.services.contains(id))
                && agreement.purposes.iter().all(|code| asked.purposes.contains(code))
                && agreement.datatypes.iter().all(|id| asked.datatypes.contains(id))
                && agreement.channels.iter().all(|channel| asked.channels.contains(channel))
                && self.decided_by(case, agreement.forum)
        })
    }

    /// Whether a case was decided by this forum or one above; the Secretary's word for a category stands behind the DG's for
    /// one of its members (S3 §7.3).
    fn decided_by(&self, case: &Case, forum: Forum) -> bool {
        let Some(verdict) = &case.verdict else { return false };
        let asked = &case.application;
        let member = (verdict.forum, forum) == (Forum::DgNser, Forum::SecretaryBisp)
            && !asked.sector.is_public_sector()
            && category_approved(&asked.kind, self.directory, self.now);
        member || may_decide(verdict.forum, forum)
    }

    fn purpose_of(&self, code: &PurposeCode) -> Result<&Purpose, Fault> {
        let found = self.directory.purposes.iter().find(|purpose| purpose.code == *code);
        let purpose = found.ok_or_else(|| Fault::new(Rule::PurposeUnknown, format!("`{code}` is not registered")))?;
        if purpose.forbidden {
            return Err(Fault::new(Rule::PurposeForbidden, format!("`{code}` is forbidden")));
        }
        Ok(purpose)
    }

    fn class_of(&self, id: &DatatypeId) -> Result<Classification, Fault> {
        let found = self.catalogue.datatype(id.as_str());
        let unknown = || Fault::new(Rule::DatatypeUnknown, format!("`{id}` is in no dictionary"));
        found.map(|datatype| datatype.class).ok_or_else(unknown)
    }

    fn known(&self, agency: &AgencyId) -> Result<&Agency, Fault> {
        let found = self.directory.agencies.iter().find(|known| known.id == *agency);
        found.ok_or_else(|| Fault::new(Rule::AgencyUnknown, format!("`{agency}` is not in the directory")))
    }

    /// The forum that an agreement of these services needs, for this agency.
    fn least_forum(&self, agreement: &Agreement) -> Result<Forum, Fault> {
        let agency = self.known(&agreement.agency)?;
        Ok(least(&agreement.services, agency.sector, category_approved(&agency.kind, self.directory, self.now)))
    }
}

#[cfg(test)]
#[path = "change_tests.rs"]
mod tests;
