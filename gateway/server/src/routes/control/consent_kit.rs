//! The endpoints of consent over a store of their own, for tests.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use adapters::{
    entropy::SystemEntropy,
    sql::{
        Database,
        control::{Contact, ControlKeys, ControlStore},
    },
};
use async_trait::async_trait;
use axum::Router;
use exchange::{
    caller::Thumbprint,
    catalogue::{Catalogue, Datatype},
    classification::{Channel, Classification, Forum, Role},
    cnic::Cnic,
    consent::{
        frequency::{Frequency, Unit},
        message::Language,
        mode::Mode,
    },
    decision::{Decider, Decision, Question},
    directory::{Agreement, DirectoryData, Purpose},
    ids::{AgencyId, AgreementId, DatatypeId, PurposeCode, RequestId, ServiceId, UserId},
    mobile::Mobile,
    permit::{Grant, Permit, PermitMint},
    ports::{
        citizen_keys::CitizenKeys as _,
        clock::Clock,
        subject_status::{SubjectStatus, SubjectStatusUnavailable},
    },
    timestamp::Timestamp,
};
use serde_json::Value;
use tokio::sync::Semaphore;

use super::{
    authorize,
    background::Background,
    consent::ConsentParts,
    guessing::Guessing,
    introspect,
    openid::{id_token::IdTokens, issuer::Issuer, signing::SigningKeys},
    pin, resend, token,
};
use crate::routes::trial;

pub const ALIVE: &str = "4210112345671";
pub const DEAD: &str = "4210112345673";
pub const UNENROLLED: &str = "4210112345675";
pub const UNKNOWN: &str = "4210112345677";
pub const DETAILS: &str =
    r#"[{"type":"urn:pk:ijazat:consent:1","purpose":"KYC-101","datatypes":["identity.name"],"uses":1}]"#;

#[derive(Debug)]
pub struct HandClock(pub AtomicI64);

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}

/// Answers only when a gate is opened: stands for a registry that is as slow as it likes.
#[derive(Debug)]
struct Registry(Arc<Semaphore>);

#[async_trait]
impl SubjectStatus for Registry {
    async fn may_be_asked(&self, cnic: Cnic) -> Result<bool, SubjectStatusUnavailable> {
        let _open = self.0.acquire().await.unwrap();
        match cnic.digits().as_str() {
            ALIVE | UNENROLLED => Ok(true),
            _ => Ok(false),
        }
    }
}

#[derive(Debug)]
struct Dictionary(Arc<Catalogue>);

impl Decider for Dictionary {
    fn decide(&self, _: &Question) -> Decision {
        Decision { verdicts: Vec::new(), obligations: Vec::new(), generation: 1, errored: false }
    }
    fn catalogue(&self) -> Arc<Catalogue> {
        Arc::clone(&self.0)
    }
    fn generation(&self) -> u64 {
        1
    }
}

fn datatype(id: &str, class: Classification) -> Datatype {
    Datatype {
        id: DatatypeId::parse(id).unwrap(),
        title: "Name".into(),
        title_ur: "نام".into(),
        class,
        personal: true,
        biometric: false,
        sensitivity: "ordinary".into(),
        controller: "NADRA".into(),
        source: "S3 §6.3".into(),
        since: "2023-01-01".into(),
        reason: "for a test".into(),
    }
}

pub fn directory() -> DirectoryData {
    let agreement = Agreement {
        id: AgreementId::parse("agr-1").unwrap(),
        revision: 1,
        agency: AgencyId::parse("bank-indus").unwrap(),
        forum: Forum::Nadra,
        services: Vec::new(),
        purposes: ["KYC-101", "KYC-102", "KYC-103"].iter().map(|p| PurposeCode::parse(p).unwrap()).collect(),
        datatypes: ["identity.name", "nser.secret"].iter().map(|d| DatatypeId::parse(d).unwrap()).collect(),
        role: Role::Standard,
        row_limit: 1,
        channels: vec![Channel::Api],
        valid_from: Timestamp::from_micros(0),
        valid_until: Timestamp::from_micros(i64::MAX),
        revoked: false,
    };
    let purpose = Purpose {
        code: PurposeCode::parse("KYC-101").unwrap(),
        text: "account opening".into(),
        text_ur: "اکاؤنٹ".into(),
        standing_days_max: 90,
        class_max: Classification::Confidential,
        forbidden: false,
        acr_floor: Mode::default(),
        frequency_max: None,
        data_life_days_max: None,
    };
    let floor = Purpose { code: PurposeCode::parse("KYC-102").unwrap(), acr_floor: Mode::SmsReply, ..purpose.clone() };
    let bounded = Purpose {
        code: PurposeCode::parse("KYC-103").unwrap(),
        frequency_max: Some(Frequency { unit: Unit::Day, value: 2 }),
        data_life_days_max: Some(30),
        ..purpose.clone()
    };
    DirectoryData {
        agencies: vec![trial::agency("bank-indus", "Bank")],
        agreements: vec![agreement],
        purposes: vec![purpose, floor, bounded],
        ..DirectoryData::default()
    }
}

/// The endpoints over a store of their own.
pub struct Counter {
    pub parts: Arc<ConsentParts>,
    pub clock: Arc<HandClock>,
    pub gate: Arc<Semaphore>,
    pub folder: PathBuf,
}

impl Counter {
    pub async fn open(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("ijazat-consent-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        let url = format!("sqlite:{}", folder.join("control.db").display());
        let database = Database::open(&url, "control").await.unwrap();
        let clock = Arc::new(HandClock(AtomicI64::new(trial::AT)));
        let keys = ControlKeys::new(&[1; 32], &[2; 32], &[3; 32])
            .unwrap()
            .signing_revisions(exchange::es256::SigningKey::new(&[4; 32]).unwrap());
        let entropy = Arc::new(SystemEntropy::default());
        let store = ControlStore::open(database, keys, Arc::<HandClock>::clone(&clock), entropy.clone()).await.unwrap();
        let contact = Contact { mobile: Mobile::parse("03001234567").unwrap(), language: Language::English };
        for enrolled in [ALIVE, DEAD] {
            store.set_contact(store.subject_key(Cnic::parse(enrolled).unwrap()), contact).await.unwrap();
        }
        let catalogue = Catalogue::new(
            Vec::new(),
            vec![
                datatype("identity.name", Classification::Confidential),
                datatype("nser.secret", Classification::Secret),
            ],
        );
        let gate = Arc::new(Semaphore::new(1));
        let signing = SigningKeys::open(&folder, entropy.as_ref()).unwrap();
        let id_tokens = IdTokens::new(Issuer::new("https://exchange.example"), signing, &[4; 32]);
        let parts = Arc::new(ConsentParts {
            store: Arc::new(store),
            directory: trial::directory(directory()).await,
            decider: Arc::new(Dictionary(Arc::new(catalogue))),
            status: Arc::new(Registry(Arc::clone(&gate))),
            entropy,
            id_tokens,
            guessing: Arc::new(Guessing::new(Arc::clone(&clock) as Arc<dyn Clock>)),
            passcode_ttl_s: exchange::limits::PASSCODE_TTL_S_DEFAULT,
            background: Background::default(),
        });
        Self { parts, clock, gate, folder }
    }

    pub async fn ask(&self, permit: Arc<Permit>, path: &str, body: &str) -> (u16, Value) {
        self.send(permit, "POST", path, body).await
    }

    pub async fn send(&self, permit: Arc<Permit>, method: &str, path: &str, body: &str) -> (u16, Value) {
        // What the gateway does every 250 ms; here before each request, however slow the machine is.
        self.parts.directory.confirm().await.unwrap();
        let router = Router::new()
            .merge(authorize::routes(Arc::clone(&self.parts)))
            .merge(pin::routes(Arc::clone(&self.parts)))
            .merge(resend::routes(Arc::clone(&self.parts)))
            .merge(introspect::routes(Arc::clone(&self.parts)))
            .merge(token::routes(Arc::clone(&self.parts)));
        trial::ask(router, Some(permit), method, path, body).await
    }

    pub async fn authorize(&self, cnic: &str) -> Value {
        let (status, answer) = self.ask(permit("consent.authorize"), "/bc-authorize", &form(cnic, DETAILS, "")).await;
        assert_eq!(status, 200, "{answer}");
        self.parts.background.idle().await;
        answer
    }

    pub async fn pin(&self, id: &str, digits: &str) -> (u16, Value) {
        self.ask(permit("consent.pin"), &format!("/bc-authorize/{id}/pin"), &format!(r#"{{"pin":"{digits}"}}"#)).await
    }

    pub async fn token(&self, id: &str) -> (u16, Value) {
        let body = format!("grant_type=urn%3Aopenid%3Aparams%3Agrant-type%3Aciba&auth_req_id={id}");
        self.ask(permit("consent.token"), "/token", &body).await
    }

    /// It is so many seconds after the beginning.
    pub fn at(&self, seconds: i64) {
        self.clock.0.store(trial::AT + seconds * 1_000_000, Ordering::SeqCst);
    }

    /// The newest message.
    pub async fn message(&self) -> String {
        self.parts.background.idle().await;
        self.parts.store.outbox(1).await.unwrap().remove(0).text
    }

    /// The passcode in the newest message.
    pub async fn passcode(&self) -> String {
        let sent = self.parts.store.outbox(1).await.unwrap();
        sent[0].text.chars().filter(char::is_ascii_digit).take(6).collect()
    }

    pub async fn messages(&self) -> usize {
        self.parts.background.idle().await;
        self.parts.store.outbox(100).await.unwrap().len()
    }

    pub async fn close(self) {
        self.parts.store.database().close().await;
        std::fs::remove_dir_all(self.folder).unwrap();
    }
}

pub fn form(cnic: &str, details: &str, more: &str) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("scope", "openid consent").append_pair("login_hint", &format!("cnic:{cnic}"));
    form.append_pair("authorization_details", details);
    form.finish() + more
}

#[expect(clippy::disallowed_methods, reason = "a test stands in for authorise")]
pub fn permit_of(service: &str, agency: &str, user: Option<&str>, subject_status: bool) -> Arc<Permit> {
    Arc::new(PermitMint::new().mint(Grant {
        request: RequestId::parse("own-request").unwrap(),
        service: ServiceId::parse(service).unwrap(),
        version: 1,
        agency: Some(AgencyId::parse(agency).unwrap()),
        user: user.map(|user| UserId::parse(user).unwrap()),
        certificate: Some(Thumbprint([7; 32])),
        role: Role::Standard,
        purpose: None,
        subject: None,
        datatypes: Vec::new(),
        rows: 1,
        consent: None,
        basis: None,
        subject_status,
        policies: Vec::new(),
        obligations: Vec::new(),
        report: None,
        at: Timestamp::from_micros(trial::AT),
    }))
}

pub fn permit(service: &str) -> Arc<Permit> {
    permit_of(service, "bank-indus", Some("teller-1"), false)
}
