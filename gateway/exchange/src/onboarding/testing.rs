//! The shipped rules, a whole application of any type, a small catalogue and a small directory, for tests.

use serde::Deserialize;

use super::{
    application::{Application, Document, FocalPerson, Frequency, Granularity, Wants},
    rules::{ClientType, Precondition, Rules, Schedule, Timelines},
};
use crate::{
    calendar::Calendar,
    catalogue::{Catalogue, Datatype, Service},
    classification::{Channel, Classification, Forum, Role, Sector},
    day::Day,
    directory::{Agency, Agreement, Category, DirectoryData, Purpose, User},
    ids::{AgencyId, AgreementId, DatatypeId, PurposeCode, ServiceId, UserId},
    report::{Counts, Design, Level, Report},
    timestamp::Timestamp,
};

#[derive(Deserialize)]
struct Clients {
    r#type: Vec<ClientType>,
}

#[derive(Deserialize)]
struct Kinds {
    kind: Vec<Kind>,
}

#[derive(Deserialize)]
struct Kind {
    id: String,
    sectors: Vec<Sector>,
}

#[derive(Deserialize)]
struct Papers {
    schedule: Vec<Schedule>,
    precondition: Vec<Precondition>,
    timelines: Timelines,
}

pub fn rules() -> Rules {
    let clients: Clients = toml::from_str(include_str!("../../../../policies/rules/clientage.toml")).unwrap();
    let kinds: Kinds = toml::from_str(include_str!("../../../../policies/matrices/kinds.toml")).unwrap();
    let papers: Papers = toml::from_str(include_str!("../../../../policies/rules/onboarding.toml")).unwrap();
    let holidays = toml::from_str(include_str!("../../../../policies/rules/holidays.toml")).unwrap();
    Rules {
        clients: clients.r#type,
        kinds: kinds.kind.into_iter().map(|kind| (kind.id, kind.sectors)).collect(),
        schedules: papers.schedule,
        preconditions: papers.precondition,
        timelines: papers.timelines,
        calendar: Calendar::new(&holidays).unwrap(),
    }
}

/// A Thursday.
pub fn now() -> Timestamp {
    Timestamp::parse_rfc3339("2026-11-26T10:00:00+05:00").unwrap()
}

pub fn today() -> Day {
    Day::of(now()).unwrap()
}

/// A whole application of a client of this type; citizens ask for statistics, others for access.
pub fn application(sector: Sector) -> Application {
    let rules = rules();
    let kind = ["Company", "Ngo", "Donor", "LocalGovernment", "LandRecords", "Court", "Other"];
    let kind = kind.into_iter().find(|kind| rules.kinds[*kind].contains(&sector)).unwrap();
    let paper = |kind: &str, version: Option<&str>| Document {
        kind: kind.to_owned(),
        reference: "No 7 of 2026".into(),
        sha256: "ab".repeat(32).try_into().unwrap(),
        version: version.map(str::to_owned),
        valid_until: None,
    };
    let condition = rules.client(sector).unwrap().documents.iter().map(|kind| paper(kind, None)).take(1);
    let signed = rules.schedules.iter().map(|schedule| paper(&schedule.id, Some(&schedule.version)));
    Application {
        agency: AgencyId::parse("newcomer").unwrap(),
        name: "Newcomer".into(),
        name_ur: "نووارد".into(),
        address: "1 Test Road".into(),
        kind: kind.into(),
        sector,
        about: "testing".into(),
        utilisation: "tests".into(),
        wants: if sector == Sector::Citizen { Wants::StatisticalReport } else { Wants::OnlineAccess },
        published_before: false,
        services: Vec::new(),
        purposes: Vec::new(),
        datatypes: Vec::new(),
        granularity: Granularity::Person,
        frequency: Frequency::Continuous,
        channels: vec![Channel::Api],
        networks: vec!["10.0.0.0/8".into()],
        focal_person: FocalPerson { name: "A".into(), designation: "B".into(), contact: "C".into() },
        statements: rules.preconditions.iter().map(|one| (one.id.clone(), "stated".to_owned())).collect(),
        documents: condition.chain(signed).collect(),
    }
}

/// The same that asks for one service and its data.
pub fn opened(sector: Sector, service: &str, datatypes: &[&str]) -> Application {
    Application {
        services: vec![ServiceId::parse(service).unwrap()],
        purposes: vec![PurposeCode::parse("P-1").unwrap()],
        datatypes: datatypes.iter().map(|id| DatatypeId::parse(id).unwrap()).collect(),
        ..application(sector)
    }
}

fn datatype(id: &str, class: Classification) -> Datatype {
    Datatype {
        id: DatatypeId::parse(id).unwrap(),
        title: String::new(),
        title_ur: String::new(),
        class,
        personal: true,
        biometric: false,
        sensitivity: "ordinary".into(),
        controller: String::new(),
        source: String::new(),
        since: String::new(),
        reason: String::new(),
    }
}

fn service(id: &str) -> Service {
    let text = format!(
        "id = \"{id}\"\nversion = 1\nmethod = \"POST\"\npath = \"/v1/{id}\"\nupstream = \"registry\"\naction = \"ask\"\n\
         title = \"t\"\ntitle_ur = \"t\"\ncallers = [\"Agency\"]\nconsent = \"none\"\ntariff = \"t\"\ncharge = \"free\"\n\
         timeout_ms = 1\nfields = {{}}"
    );
    toml::from_str(&text).unwrap()
}

pub fn catalogue() -> Catalogue {
    let services = ["nser.household", "nser.export", "identity.yes-no", "fbr.taxpayer"].map(service).to_vec();
    let datatypes = vec![
        datatype("nser.pmt", Classification::Confidential),
        datatype("nser.cnic", Classification::Secret),
        datatype("identity.match", Classification::Confidential),
        datatype("fbr.status", Classification::Confidential),
    ];
    Catalogue::new(services, datatypes)
}

pub fn agency(id: &str, kind: &str, sector: Sector) -> Agency {
    Agency {
        id: AgencyId::parse(id).unwrap(),
        name: id.into(),
        name_ur: "ادارہ".into(),
        kind: kind.into(),
        sector,
        condition_met: true,
        feeder: false,
        user_agency: true,
        suspended: false,
        networks: vec!["10.0.0.0/8".into()],
        keys: vec!["cd".repeat(32)],
        nda_from: now().plus_seconds(-1_000),
        nda_until: now().plus_seconds(1_000_000),
        subject_status: false,
        requests_per_s: 10,
        notify: None,
    }
}

pub fn agreement(id: &str, agency: &str, forum: Forum) -> Agreement {
    Agreement {
        id: AgreementId::parse(id).unwrap(),
        revision: 1,
        agency: AgencyId::parse(agency).unwrap(),
        forum,
        services: vec![ServiceId::parse("nser.household").unwrap()],
        purposes: vec![PurposeCode::parse("P-1").unwrap()],
        datatypes: vec![DatatypeId::parse("nser.pmt").unwrap()],
        role: Role::Standard,
        row_limit: 1,
        channels: vec![Channel::Api],
        valid_from: now().plus_seconds(-1_000),
        valid_until: now().plus_seconds(1_000_000),
        revoked: false,
    }
}

/// One company with the Secretary's agreement and one person; purposes up to Confidential, up to Public, and a forbidden one.
/// A report by a new design as the DG NSER approves one.
pub fn report() -> Report {
    Report {
        name: "paid-by-district".into(),
        title: "Households that are paid".into(),
        title_ur: "مستفید گھرانے".into(),
        design: Design {
            counts: Counts::Households,
            by: Level::District,
            beneficiary: Some(true),
            assets: Vec::new(),
            head_gender: None,
            members_min: None,
            members_max: None,
            member_age_min: None,
            member_age_max: None,
            member_disability: None,
            member_employment: None,
        },
        instrument: "Minute 4".into(),
        forum: Forum::DgNser,
        valid_from: Timestamp::from_micros(0),
        valid_until: Timestamp::from_micros(2),
        revoked: false,
    }
}

/// A category of private bodies as the Secretary approves one.
pub fn category(kind: &str) -> Category {
    Category {
        kind: kind.into(),
        instrument: "Minute 3 of 2026".into(),
        forum: Forum::SecretaryBisp,
        valid_from: now().plus_seconds(-1),
        valid_until: now().plus_seconds(1),
        revoked: false,
    }
}

pub fn directory() -> DirectoryData {
    let purpose = |code: &str, class_max, forbidden| Purpose {
        code: PurposeCode::parse(code).unwrap(),
        text: "a test".into(),
        text_ur: "جانچ".into(),
        standing_days_max: 0,
        acr_floor: crate::consent::mode::Mode::default(),
        frequency_max: None,
        data_life_days_max: None,
        class_max,
        forbidden,
    };
    DirectoryData {
        agencies: vec![agency("mill", "Company", Sector::Private)],
        users: vec![User {
            agency: AgencyId::parse("mill").unwrap(),
            id: UserId::parse("clerk").unwrap(),
            name: "Sample Clerk".into(),
            role: Role::Standard,
            disabled: false,
            assertion_key: None,
            place: None,
        }],
        agreements: vec![agreement("agr-mill", "mill", Forum::SecretaryBisp)],
        purposes: vec![
            purpose("P-1", Classification::Confidential, false),
            purpose("P-0", Classification::Public, false),
            purpose("P-9", Classification::Secret, true),
        ],
        ..DirectoryData::default()
    }
}
