//! Forms and entries that a newcomer brings, in the types of the directory.

use std::sync::{Arc, LazyLock};

use exchange::{
    catalogue::{Catalogue, Service},
    classification::{BasisKind, Channel, Classification, Forum, Role, Sector},
    decision::Decider as _,
    directory::{Agency, Agreement, Programme, User},
    ids::{AgencyId, AgreementId, DatatypeId, ProgrammeId, PurposeCode, UserId},
    onboarding::Rules,
    programme::Population,
    timestamp::Timestamp,
};
use policies::Bundle;
use serde_json::{Value, json};

use crate::cells::Row;

/// The services and what the law says of newcomers, read once: it takes long enough to keep a gateway on the same thread waiting.
pub static LAW: LazyLock<(Arc<Catalogue>, Arc<Rules>)> = LazyLock::new(|| {
    let bundle = Bundle::embedded().unwrap();
    (bundle.catalogue(), bundle.newcomers().unwrap())
});

/// A year, for everything that ends.
const YEAR_S: i64 = 365 * 24 * 3600;

/// A paper of this kind.
pub fn paper(kind: &str, version: Option<&str>) -> Value {
    json!({ "kind": kind, "reference": "No 7 of 2026", "sha256": "ab".repeat(32), "version": version })
}

/// Papers of a client of this type: the signed schedules, and what shows its condition.
pub fn papers(rules: &Rules, sector: Sector, condition: bool) -> Vec<Value> {
    let mut papers: Vec<_> = rules.schedules.iter().map(|one| paper(&one.id, Some(&one.version))).collect();
    papers.extend(condition.then(|| paper(&rules.client(sector).unwrap().documents[0], None)));
    papers
}

/// A form that asks for these services.
pub fn form(rules: &Rules, agency: &str, row: &Row, services: &[Arc<Service>], condition: bool) -> Value {
    let statements: serde_json::Map<_, _> =
        rules.preconditions.iter().map(|one| (one.id.clone(), json!("stated"))).collect();
    let names: Vec<_> = services.iter().map(|service| &service.id).collect();
    json!({
        "agency": agency, "name": format!("Newcomer {}", row.kind), "name_ur": "نووارد ادارہ", "address": "1 Test Road",
        "kind": row.kind, "sector": row.sector, "about": "a story", "utilisation": "a story", "wants": "online-access",
        "services": names, "purposes": purposes(services), "datatypes": all_datatypes(services),
        "granularity": "person", "frequency": "continuous", "channels": ["Api"], "networks": ["127.0.0.0/8"],
        "focal_person": { "name": "Sample Person", "designation": "Officer", "contact": "none" },
        "statements": statements, "document": papers(rules, row.sector, condition),
    })
}

fn purposes(services: &[Arc<Service>]) -> Vec<PurposeCode> {
    services.iter().flat_map(|service| service.purposes.clone()).collect()
}

fn all_datatypes(services: &[Arc<Service>]) -> Vec<DatatypeId> {
    services.iter().flat_map(|service| datatypes(service)).collect()
}

/// What a service releases without the Board's word for each request.
pub fn datatypes(service: &Service) -> Vec<DatatypeId> {
    let open = |id: &DatatypeId| LAW.0.datatype(id.as_str()).unwrap().class < Classification::Secret;
    service.datatypes().into_iter().filter(open).collect()
}

pub fn agency(id: &str, row: &Row, now: Timestamp) -> Agency {
    Agency {
        id: AgencyId::parse(id).unwrap(),
        name: format!("Newcomer {}", row.kind),
        name_ur: "نووارد ادارہ".into(),
        kind: row.kind.clone(),
        sector: row.sector,
        condition_met: true,
        feeder: row.feeds(),
        user_agency: row.uses(),
        suspended: false,
        networks: vec!["127.0.0.0/8".into()],
        keys: Vec::new(),
        nda_from: now.plus_seconds(-1),
        nda_until: now.plus_seconds(YEAR_S),
        subject_status: false,
        requests_per_s: 500,
        notify: None,
    }
}

pub fn user(id: &str) -> User {
    User {
        agency: AgencyId::parse(id).unwrap(),
        id: UserId::parse(&format!("clerk-of-{id}")).unwrap(),
        name: "Sample Clerk".into(),
        role: Role::Standard,
        disabled: false,
        assertion_key: None,
        place: None,
    }
}

pub fn agreement(id: &str, services: &[Arc<Service>], forum: Forum, now: Timestamp) -> Agreement {
    Agreement {
        id: AgreementId::parse(&format!("agr-{id}-{}", services[0].id)).unwrap(),
        revision: 1,
        agency: AgencyId::parse(id).unwrap(),
        forum,
        services: services.iter().map(|service| service.id.clone()).collect(),
        purposes: purposes(services),
        datatypes: all_datatypes(services),
        role: Role::Standard,
        row_limit: 100,
        channels: vec![Channel::Api],
        valid_from: now.plus_seconds(-1),
        valid_until: now.plus_seconds(YEAR_S),
        revoked: false,
    }
}

pub fn programme(id: &str, service: &Service, kind: BasisKind, forum: Forum, now: Timestamp) -> Programme {
    Programme {
        id: ProgrammeId::parse(&format!("prog-{id}-{}", service.id)).unwrap(),
        instrument: "Order 7 of 2026".into(),
        kind,
        forum,
        agency: AgencyId::parse(id).unwrap(),
        purpose: service.purposes[0].clone(),
        datatypes: datatypes(service),
        population: Population::default(),
        cadence: None,
        channels: vec![Channel::Api],
        sealed_until: None,
        valid_from: now.plus_seconds(-1),
        valid_until: now.plus_seconds(YEAR_S),
        revoked: false,
    }
}
