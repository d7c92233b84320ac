//! Who may speak at the door: agencies, users, agreements, approvals, programmes, purposes, as one snapshot.

use std::{collections::HashMap, sync::Arc};

use serde::{Deserialize, Serialize};

pub use crate::{networks::in_networks, programme::Programme};

use crate::{
    classification::{Channel, Classification, Forum, Role, Sector},
    consent::{frequency::Frequency, mode::Mode},
    ids::{AgencyId, AgreementId, ApprovalId, DatatypeId, PolicyId, ProgrammeId, PurposeCode, ServiceId, UserId},
    ledger::{Quota, QuotaBook, Terms},
    notify::Notify,
    place::Place,
    report::Report,
    statement::{AgencyClass, Classes},
    tariff::{Class, Column, Gratis, RateBook, book_at},
    timestamp::Timestamp,
};

/// An organisation with a certificate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is one yes or no of the law, named as the law names it")]
pub struct Agency {
    /// Its name in SAN URIs, records and bills.
    pub id: AgencyId,
    /// Its name in English.
    pub name: String,
    /// Its name in Urdu.
    pub name_ur: String,
    /// Row of Annexure B it belongs to, such as `Bank`, `Telco`, `Hospital`, `Bisp`, `Auditor`.
    pub kind: String,
    /// Kind of clientage (S3 §7.2).
    pub sector: Sector,
    /// Whether the condition of its sector (S3 §7.2) was seen on paper.
    pub condition_met: bool,
    /// Whether it may write events.
    pub feeder: bool,
    /// Whether it may read.
    pub user_agency: bool,
    /// Whether it is suspended: refused everywhere at once.
    pub suspended: bool,
    /// Networks it may call from, as CIDR; empty refuses all.
    pub networks: Vec<String>,
    /// SHA-256 of the subject public key info of each certificate it registered, in lower-case hex.
    pub keys: Vec<String>,
    /// First instant of its non-disclosure agreement.
    pub nda_from: Timestamp,
    /// First instant after its non-disclosure agreement.
    pub nda_until: Timestamp,
    /// Whether it may learn why a subject cannot be verified (decisions.md, no-oracle).
    pub subject_status: bool,
    /// Requests per second that it may send, and the burst of the same size; bounded by the listener's own limit.
    pub requests_per_s: u32,
    /// How it is told of answers and events; absent: it asks. Not written where it is absent, so that entries stay as they were
    /// proposed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notify: Option<Notify>,
}

/// A person of an agency.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// The agency that answers for this person.
    pub agency: AgencyId,
    /// Unique within the agency.
    pub id: UserId,
    /// Name, for the sealed side record only (S3 §8.2.3).
    pub name: String,
    /// Role given by the agency's focal person; the agreement's may be lower.
    pub role: Role,
    /// Whether the person may no longer act.
    pub disabled: bool,
    /// Public key (PEM, P-256) that this person's assertions are signed with; needed for Power and Secret.
    #[serde(default)]
    pub assertion_key: Option<String>,
    /// The district or office that the person works in, by whose quotas they are counted too (R141).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
}

/// A data-sharing agreement with one agency.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Agreement {
    /// Its name in records.
    pub id: AgreementId,
    /// Rises by one with each change.
    pub revision: u32,
    /// The agency that signed.
    pub agency: AgencyId,
    /// Forum that approved it (S3 §7.3).
    pub forum: Forum,
    /// Services it opens.
    pub services: Vec<ServiceId>,
    /// Purposes it names.
    pub purposes: Vec<PurposeCode>,
    /// Datatypes it names.
    pub datatypes: Vec<DatatypeId>,
    /// Highest role it gives.
    pub role: Role,
    /// Rows that one answer may carry.
    pub row_limit: u32,
    /// Channels it allows (R183).
    pub channels: Vec<Channel>,
    /// First instant of validity.
    pub valid_from: Timestamp,
    /// First instant after validity.
    pub valid_until: Timestamp,
    /// Whether it was ended before its time.
    pub revoked: bool,
}

/// A forum's decision for one request (S3 §7.3).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// Its name in records; given by the client in `Ijazat-Basis`.
    pub id: ApprovalId,
    /// The agency it speaks to.
    pub agency: AgencyId,
    /// The forum that decided.
    pub forum: Forum,
    /// Purpose it names.
    pub purpose: PurposeCode,
    /// Services it opens them in: what the Board allowed of one household is not allowed of the whole register. One that
    /// names none opens nothing.
    #[serde(default)]
    pub services: Vec<ServiceId>,
    /// Datatypes it opens.
    pub datatypes: Vec<DatatypeId>,
    /// Template of the law by which it opens what no permit gives. One that the law lacks makes the approval void.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<PolicyId>,
    /// First instant of validity.
    pub valid_from: Timestamp,
    /// First instant after validity.
    pub valid_until: Timestamp,
}

/// Private agencies of one kind, approved as a category: then the DG NSER decides about each of them (S3 §7.3).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Category {
    /// Row of Annexure B, such as `Bank`.
    pub kind: String,
    /// The decision that it rests on.
    pub instrument: String,
    /// Forum that approved it.
    pub forum: Forum,
    /// First instant of validity.
    pub valid_from: Timestamp,
    /// First instant after validity.
    pub valid_until: Timestamp,
    /// Whether it was ended before its time.
    pub revoked: bool,
}

/// A registered reason with ceilings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Purpose {
    /// Code such as `KYC-101`.
    pub code: PurposeCode,
    /// What the citizen reads in English; GSM letters only, at most 24.
    pub text: String,
    /// What the citizen reads in Urdu.
    pub text_ur: String,
    /// Most days that a standing consent for it may live; zero forbids standing consent.
    pub standing_days_max: u32,
    /// Highest class that it may carry.
    pub class_max: Classification,
    /// Whether the purpose is refused whatever else holds, as marketing is (R097).
    #[serde(default)]
    pub forbidden: bool,
    /// The least that a citizen must do to say yes; no client can ask for less. Not written where it is what it was before there
    /// were floors, so that entries stay as they were proposed.
    #[serde(default, skip_serializing_if = "Mode::is_default")]
    pub acr_floor: Mode,
    /// Most uses of a standing consent for it in each period; where there is one, a request must say how often. Without it any
    /// number up to [`crate::limits::CONSENT_USES_MAX`] may be asked for, or none said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frequency_max: Option<Frequency>,
    /// Most days that an answer given for it by consent may be kept; where there is one, a request must say how long. Without it any
    /// span up to [`crate::limits::DATA_LIFE_DAYS_MAX`] may be asked for, or none said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_life_days_max: Option<u32>,
}

/// Everything that is known about callers at one generation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DirectoryData {
    /// Agencies.
    #[serde(rename = "agency")]
    pub agencies: Vec<Agency>,
    /// Users.
    #[serde(rename = "user")]
    pub users: Vec<User>,
    /// Agreements.
    #[serde(rename = "agreement")]
    pub agreements: Vec<Agreement>,
    /// Approvals, with those already used left out.
    #[serde(rename = "approval")]
    pub approvals: Vec<Approval>,
    /// Programmes.
    #[serde(rename = "programme")]
    pub programmes: Vec<Programme>,
    /// Approved categories of agencies.
    #[serde(rename = "category")]
    pub categories: Vec<Category>,
    /// Reports whose design a forum approved.
    #[serde(rename = "report")]
    pub reports: Vec<Report>,
    /// Purposes.
    #[serde(rename = "purpose")]
    pub purposes: Vec<Purpose>,
    /// Rate books, of the past too.
    #[serde(rename = "rate_book")]
    pub rate_books: Vec<RateBook>,
    /// Decisions to serve an agency for nothing, of the past too.
    #[serde(rename = "gratis")]
    pub gratis: Vec<Gratis>,
    /// How agencies pay that do not pay by their statement without a bound.
    #[serde(rename = "terms")]
    pub terms: Vec<Terms>,
    /// What kinds of agencies, agencies, places and users may have in each period.
    #[serde(rename = "quota")]
    pub quotas: Vec<Quota>,
    /// Columns of the rate book that agencies paid and pay by.
    #[serde(rename = "class")]
    pub classes: Vec<AgencyClass>,
    /// Serial numbers of revoked certificates that the directory itself knows, lower-case hex; the CRL is checked too.
    pub revoked_serials: Vec<String>,
}

impl DirectoryData {
    /// Who pays what and paid, complete: an agency whose column is nowhere written has been of its sector's from ever.
    #[must_use]
    pub fn billing_classes(&self) -> Classes {
        let written = |agency: &Agency| self.classes.iter().any(|class| class.agency == agency.id);
        let unwritten = self.agencies.iter().filter(|agency| !written(agency)).map(|agency| AgencyClass {
            agency: agency.id.clone(),
            column: Column::of(agency.sector),
            since: Timestamp::default(),
        });
        Classes { classes: self.classes.iter().cloned().chain(unwritten).collect(), gratis: self.gratis.clone() }
    }
}

/// An indexed snapshot of [`DirectoryData`].
#[derive(Clone, Debug, Default)]
pub struct Directory {
    generation: u64,
    agencies: HashMap<AgencyId, Arc<Agency>>,
    users: HashMap<AgencyId, HashMap<UserId, Arc<User>>>,
    agreements: HashMap<AgencyId, Vec<Arc<Agreement>>>,
    approvals: HashMap<ApprovalId, Arc<Approval>>,
    programmes: HashMap<ProgrammeId, Arc<Programme>>,
    categories: HashMap<String, Arc<Category>>,
    reports: HashMap<String, Arc<Report>>,
    purposes: HashMap<PurposeCode, Arc<Purpose>>,
    rate_books: Vec<Arc<RateBook>>,
    classes: HashMap<AgencyId, Classes>,
    terms: HashMap<AgencyId, Arc<Terms>>,
    quotas: QuotaBook,
    revoked_serials: std::collections::HashSet<String>,
}

impl Directory {
    /// Indexes the data under a generation number that rises with every change.
    #[must_use]
    pub fn new(generation: u64, data: DirectoryData) -> Self {
        let mut directory = Self { generation, ..Self::default() };
        for agency in data.agencies {
            directory.agencies.insert(agency.id.clone(), Arc::new(agency));
        }
        for user in data.users {
            directory.users.entry(user.agency.clone()).or_default().insert(user.id.clone(), Arc::new(user));
        }
        for agreement in data.agreements {
            directory.agreements.entry(agreement.agency.clone()).or_default().push(Arc::new(agreement));
        }
        directory.approvals = data.approvals.into_iter().map(|a| (a.id.clone(), Arc::new(a))).collect();
        directory.programmes = data.programmes.into_iter().map(|p| (p.id.clone(), Arc::new(p))).collect();
        directory.categories = data.categories.into_iter().map(|c| (c.kind.clone(), Arc::new(c))).collect();
        directory.reports = data.reports.into_iter().map(|r| (r.name.clone(), Arc::new(r))).collect();
        directory.purposes = data.purposes.into_iter().map(|p| (p.code.clone(), Arc::new(p))).collect();
        directory.rate_books = data.rate_books.into_iter().map(Arc::new).collect();
        directory.terms = data.terms.into_iter().map(|terms| (terms.agency.clone(), Arc::new(terms))).collect();
        directory.quotas = QuotaBook::new(data.quotas);
        for class in data.classes {
            directory.classes.entry(class.agency.clone()).or_default().classes.push(class);
        }
        for gift in data.gratis {
            directory.classes.entry(gift.agency.clone()).or_default().gratis.push(gift);
        }
        directory.revoked_serials = data.revoked_serials.into_iter().collect();
        directory
    }

    /// Every rate book, in no order.
    #[must_use]
    pub fn rate_books(&self) -> &[Arc<RateBook>] {
        &self.rate_books
    }

    /// The rate book in force at an instant.
    #[must_use]
    pub fn rate_book_at(&self, at: Timestamp) -> Option<&Arc<RateBook>> {
        book_at(&self.rate_books, at)
    }

    /// How the agency pays, if not by its statement without a bound.
    #[must_use]
    pub fn terms(&self, agency: &AgencyId) -> Option<&Arc<Terms>> {
        self.terms.get(agency)
    }

    /// The quotas that bound a caller, in the order of their names.
    #[must_use]
    pub fn quotas(&self, agency: &Agency, user: Option<&User>) -> Vec<Arc<Quota>> {
        self.quotas.covering(agency, user)
    }

    /// The class by which an answer of the service to the agency is rated; an agency whose column is nowhere written is of
    /// its sector's.
    #[must_use]
    pub fn class(&self, agency: &Agency, service: &ServiceId, at: Timestamp) -> Class {
        let written = self.classes.get(&agency.id);
        let class = written.and_then(|classes| classes.at(&agency.id, service, at));
        let gratis = || written.is_some_and(|it| it.gratis.iter().any(|gift| gift.covers(&agency.id, service, at)));
        class.unwrap_or_else(|| Class::of(agency.sector, gratis()))
    }

    /// The generation that this snapshot was read at.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// The agency of this name.
    #[must_use]
    pub fn agency(&self, id: &str) -> Option<&Arc<Agency>> {
        self.agencies.get(id)
    }

    /// All agencies, in no order.
    pub fn agencies(&self) -> impl Iterator<Item = &Arc<Agency>> {
        self.agencies.values()
    }

    /// The user of this agency.
    #[must_use]
    pub fn user(&self, agency: &AgencyId, user: &str) -> Option<&Arc<User>> {
        self.users.get(agency)?.get(user)
    }

    /// Users of an agency, in no order.
    pub fn users(&self, agency: &AgencyId) -> impl Iterator<Item = &Arc<User>> {
        self.users.get(agency).into_iter().flat_map(HashMap::values)
    }

    /// Decisions to serve for nothing, in no order.
    pub fn gifts(&self) -> impl Iterator<Item = &Gratis> {
        self.classes.values().flat_map(|classes| &classes.gratis)
    }

    /// The agency's agreements, live or not: the policies judge which.
    #[must_use]
    pub fn agreements(&self, agency: &AgencyId) -> &[Arc<Agreement>] {
        self.agreements.get(agency).map_or(&[], Vec::as_slice)
    }

    /// The agreement that a request of this service and purpose runs under: live ones first, then any, so that the
    /// policies can say that it has ended.
    #[must_use]
    pub fn agreement_for(
        &self,
        agency: &AgencyId,
        service: &ServiceId,
        purpose: Option<&PurposeCode>,
        now: Timestamp,
    ) -> Option<&Arc<Agreement>> {
        let names = |a: &&Arc<Agreement>| {
            a.services.contains(service) && purpose.is_none_or(|purpose| a.purposes.contains(purpose))
        };
        let live = |a: &&Arc<Agreement>| !a.revoked && a.valid_from <= now && now < a.valid_until;
        let all = self.agreements(agency);
        all.iter().find(|a| names(a) && live(a)).or_else(|| all.iter().find(names))
    }

    /// The approval of this name.
    #[must_use]
    pub fn approval(&self, id: &str) -> Option<&Arc<Approval>> {
        self.approvals.get(id)
    }

    /// The programme of this name.
    #[must_use]
    pub fn programme(&self, id: &str) -> Option<&Arc<Programme>> {
        self.programmes.get(id)
    }

    /// The category that agencies of this kind were approved as.
    #[must_use]
    pub fn category(&self, kind: &str) -> Option<&Arc<Category>> {
        self.categories.get(kind)
    }

    /// The report of this name that a forum approved, published still or not.
    #[must_use]
    pub fn report(&self, name: &str) -> Option<&Arc<Report>> {
        self.reports.get(name)
    }

    /// The purpose of this code.
    #[must_use]
    pub fn purpose(&self, code: &str) -> Option<&Arc<Purpose>> {
        self.purposes.get(code)
    }

    /// Whether the directory itself lists this certificate serial (lower-case hex) as revoked.
    #[must_use]
    pub fn is_revoked(&self, serial_hex: &str) -> bool {
        self.revoked_serials.contains(serial_hex)
    }
}
