//! Consent over its endpoints: what agencies send, what they learn, and what they never learn.

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
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use exchange::{
    caller::Thumbprint,
    catalogue::{Catalogue, Datatype},
    classification::{Channel, Classification, Forum, Role},
    cnic::Cnic,
    consent::message::Language,
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
    openid::{id_token::IdTokens, issuer::Issuer, signing::SigningKeys},
    pin, token,
};
use crate::routes::trial;

const ALIVE: &str = "4210112345671";
const DEAD: &str = "4210112345673";
const UNENROLLED: &str = "4210112345675";
const UNKNOWN: &str = "4210112345677";
const DETAILS: &str =
    r#"[{"type":"urn:pk:ijazat:consent:1","purpose":"KYC-101","datatypes":["identity.name"],"uses":1}]"#;

#[derive(Debug)]
struct HandClock(AtomicI64);

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

fn directory() -> DirectoryData {
    let agreement = Agreement {
        id: AgreementId::parse("agr-1").unwrap(),
        revision: 1,
        agency: AgencyId::parse("bank-indus").unwrap(),
        forum: Forum::Nadra,
        services: Vec::new(),
        purposes: vec![PurposeCode::parse("KYC-101").unwrap()],
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
    };
    DirectoryData {
        agencies: vec![trial::agency("bank-indus", "Bank")],
        agreements: vec![agreement],
        purposes: vec![purpose],
        ..DirectoryData::default()
    }
}

/// The endpoints over a store of their own.
struct Counter {
    parts: Arc<ConsentParts>,
    clock: Arc<HandClock>,
    gate: Arc<Semaphore>,
    folder: PathBuf,
}

impl Counter {
    async fn open(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("ijazat-consent-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        let url = format!("sqlite:{}", folder.join("control.db").display());
        let database = Database::open(&url, "control").await.unwrap();
        let clock = Arc::new(HandClock(AtomicI64::new(trial::AT)));
        let keys = ControlKeys::new(&[1; 32], &[2; 32], &[3; 32]).unwrap();
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
            passcode_ttl_s: exchange::limits::PASSCODE_TTL_S_DEFAULT,
            background: Background::default(),
        });
        Self { parts, clock, gate, folder }
    }

    async fn ask(&self, permit: Arc<Permit>, path: &str, body: &str) -> (u16, Value) {
        // What the gateway does every 250 ms; here before each request, however slow the machine is.
        self.parts.directory.confirm().await.unwrap();
        let router = Router::new()
            .merge(authorize::routes(Arc::clone(&self.parts)))
            .merge(pin::routes(Arc::clone(&self.parts)))
            .merge(token::routes(Arc::clone(&self.parts)));
        trial::ask(router, Some(permit), "POST", path, body).await
    }

    async fn authorize(&self, cnic: &str) -> Value {
        let (status, answer) = self.ask(permit("consent.authorize"), "/bc-authorize", &form(cnic, DETAILS, "")).await;
        assert_eq!(status, 200, "{answer}");
        self.parts.background.idle().await;
        answer
    }

    async fn pin(&self, id: &str, digits: &str) -> (u16, Value) {
        self.ask(permit("consent.pin"), &format!("/bc-authorize/{id}/pin"), &format!(r#"{{"pin":"{digits}"}}"#)).await
    }

    async fn token(&self, id: &str) -> (u16, Value) {
        let body = format!("grant_type=urn%3Aopenid%3Aparams%3Agrant-type%3Aciba&auth_req_id={id}");
        self.ask(permit("consent.token"), "/token", &body).await
    }

    /// The passcode in the newest message.
    async fn passcode(&self) -> String {
        let sent = self.parts.store.outbox(1).await.unwrap();
        sent[0].text.chars().filter(char::is_ascii_digit).take(6).collect()
    }

    async fn messages(&self) -> usize {
        self.parts.background.idle().await;
        self.parts.store.outbox(100).await.unwrap().len()
    }

    async fn close(self) {
        self.parts.store.database().close().await;
        std::fs::remove_dir_all(self.folder).unwrap();
    }
}

fn form(cnic: &str, details: &str, more: &str) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("scope", "openid consent").append_pair("login_hint", &format!("cnic:{cnic}"));
    form.append_pair("authorization_details", details);
    form.finish() + more
}

#[expect(clippy::disallowed_methods, reason = "a test stands in for authorise")]
fn permit_of(service: &str, agency: &str, user: Option<&str>, subject_status: bool) -> Arc<Permit> {
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

fn permit(service: &str) -> Arc<Permit> {
    permit_of(service, "bank-indus", Some("teller-1"), false)
}

#[tokio::test]
async fn a_citizen_says_yes_and_the_token_names_what_was_asked() {
    let counter = Counter::open("yes").await;
    let asked = counter.authorize(ALIVE).await;
    assert_eq!((&asked["expires_in"], &asked["interval"]), (&300.into(), &5.into()));
    let id = asked["auth_req_id"].as_str().unwrap();
    assert!(id.len() >= 22, "fewer than 128 bits");
    let text = counter.parts.store.outbox(1).await.unwrap().remove(0).text;
    for part in ["Agency bank-indus", "Name", "account opening", asked["ref"].as_str().unwrap()] {
        assert!(text.contains(part), "{text}");
    }
    assert_eq!(counter.token(id).await.1["code"], "authorization_pending");
    assert_eq!(counter.token(id).await.1["code"], "slow_down");
    let passcode = counter.passcode().await;
    assert_eq!(counter.pin(id, &passcode).await, (200, serde_json::json!({"status": "approved"})));
    let (status, token) = counter.token(id).await;
    assert_eq!(status, 200, "{token}");
    assert_eq!(token["token_type"], "Bearer");
    assert_eq!(token["expires_in"], 120);
    assert_eq!(token["authorization_details"][0]["datatypes"], serde_json::json!(["identity.name"]));
    assert!(token["consent_id"].as_str().unwrap().starts_with("cns-"));
    let claims = token["id_token"].as_str().unwrap().split('.').nth(1).unwrap();
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap();
    assert_eq!((&claims["aud"], &claims["auth_time"]), (&"bank-indus".into(), &(trial::AT / 1_000_000).into()));
    assert_eq!(claims["urn:openid:params:jwt:claim:auth_req_id"], id);
    let subject = counter.parts.store.subject_key(Cnic::parse(ALIVE).unwrap());
    assert_eq!(claims["sub"], counter.parts.id_tokens.subject(&AgencyId::parse("bank-indus").unwrap(), subject));
    assert_eq!(counter.pin(id, &passcode).await.1["code"], "pin_used");
    assert_eq!(counter.token(id).await.1["code"], "invalid_grant");
    counter.close().await;
}

#[tokio::test]
async fn what_may_not_be_asked_is_refused_with_its_reason_and_nobody_gets_a_message() {
    let counter = Counter::open("refused").await;
    let check = async |body: String, expected: &str| {
        let (status, answer) = counter.ask(permit("consent.authorize"), "/bc-authorize", &body).await;
        assert_eq!((answer["code"].as_str(), status / 100), (Some(expected), 4), "{body}: {answer}");
    };
    let secret = DETAILS.replace("identity.name", "nser.secret");
    let unknown_member = DETAILS.replace(r#""uses":1"#, r#""uses":1,"frequency":9"#);
    let too_long = DETAILS.replace(r#""uses":1"#, r#""uses":"standing","valid_until":"2099-01-01T00:00:00Z""#);
    check(form(ALIVE, &secret, ""), "invalid_authorization_details").await;
    check(form(ALIVE, &unknown_member, ""), "invalid_authorization_details").await;
    check(form(ALIVE, &too_long, ""), "invalid_authorization_details").await;
    check(form(ALIVE, &DETAILS.replace("KYC-101", "XYZ-1"), ""), "invalid_authorization_details").await;
    check(form("421011234567", DETAILS, ""), "cnic_invalid").await;
    check(form("42101123456ab", DETAILS, ""), "cnic_invalid").await;
    check(form(ALIVE, DETAILS, "&login_hint=cnic%3A1"), "parameter_invalid").await;
    check(form(ALIVE, DETAILS, "&login_hint_token=x"), "parameter_invalid").await;
    check(form(ALIVE, DETAILS, "&scope=openid"), "parameter_invalid").await;
    check(form(ALIVE, DETAILS, "&requested_expiry=30"), "parameter_invalid").await;
    check(form(ALIVE, DETAILS, "&requested_expiry=601"), "parameter_invalid").await;
    check(form(ALIVE, DETAILS, "&acr_values=urn:nadra:acr:app"), "parameter_invalid").await;
    check(form(ALIVE, DETAILS, "&binding_message=see+x.pk%2Fa"), "invalid_binding_message").await;
    check(form(ALIVE, DETAILS, "&binding_message=482913"), "invalid_binding_message").await;
    check(form(ALIVE, DETAILS, "&binding_message=a%0Ab"), "invalid_binding_message").await;
    check(form(ALIVE, DETAILS, &format!("&binding_message={}", "a".repeat(200))), "invalid_binding_message").await;
    check("scope=openid".into(), "parameter_invalid").await;
    check(form(ALIVE, DETAILS, "").replace("scope=openid", "scope=profile"), "parameter_invalid").await;
    check(form(ALIVE, DETAILS, "").replace("cnic%3A", "tel%3A"), "parameter_invalid").await;
    let nobody = permit_of("consent.authorize", "bank-indus", None, false);
    let (_, answer) = counter.ask(nobody, "/bc-authorize", &form(ALIVE, DETAILS, "")).await;
    assert_eq!(answer["code"], "user_required");
    assert_eq!(counter.messages().await, 0);
    counter.close().await;
}

/// The members of an answer and the length of each: all that an observer could compare.
fn shape(answer: &Value) -> Vec<(String, usize)> {
    answer.as_object().unwrap().iter().map(|(name, value)| (name.clone(), value.to_string().len())).collect()
}

#[tokio::test]
async fn nobody_learns_whether_a_citizen_exists() {
    let counter = Counter::open("oracle").await;
    let alive = counter.authorize(ALIVE).await;
    for cnic in [DEAD, UNENROLLED, UNKNOWN] {
        let answer = counter.authorize(cnic).await;
        assert_eq!(shape(&answer), shape(&alive), "{cnic}");
        let again = counter.authorize(ALIVE).await;
        let (a, b) = (again["auth_req_id"].as_str().unwrap(), answer["auth_req_id"].as_str().unwrap());
        assert_eq!(counter.token(b).await, counter.token(a).await, "{cnic}");
        let right = counter.passcode().await;
        let wrong = if right == "000000" { "000001" } else { "000000" };
        assert_eq!(counter.pin(b, wrong).await, counter.pin(a, wrong).await, "{cnic}");
    }
    assert_eq!(counter.messages().await, 4, "someone who may not be asked got a message");
    let last = counter.authorize(UNKNOWN).await;
    counter.clock.0.fetch_add(300_000_000, Ordering::SeqCst);
    let id = last["auth_req_id"].as_str().unwrap();
    assert_eq!(counter.token(id).await.1["code"], "expired_token");
    assert_eq!(counter.pin(id, "000000").await.1["code"], "expired_token");
    counter.close().await;
}

#[tokio::test]
async fn only_who_may_learn_a_status_learns_it() {
    let counter = Counter::open("status").await;
    for (cnic, expected) in [(ALIVE, 200), (DEAD, 400), (UNENROLLED, 400), (UNKNOWN, 400)] {
        let privileged = permit_of("consent.authorize", "bank-indus", Some("teller-1"), true);
        let (status, answer) = counter.ask(privileged, "/bc-authorize", &form(cnic, DETAILS, "")).await;
        assert_eq!(status, expected, "{answer}");
        if expected == 400 {
            assert_eq!(answer["code"], "unknown_user_id");
        }
    }
    counter.close().await;
}

#[tokio::test]
async fn the_answer_waits_for_nothing_that_depends_on_the_citizen() {
    let counter = Counter::open("before").await;
    let shut = Arc::clone(&counter.gate).acquire_owned().await.unwrap();
    let (status, _) = counter.ask(permit("consent.authorize"), "/bc-authorize", &form(ALIVE, DETAILS, "")).await;
    assert_eq!(status, 200);
    assert!(counter.parts.store.outbox(1).await.unwrap().is_empty(), "the message was sent before the registry spoke");
    drop(shut);
    assert_eq!(counter.messages().await, 1);
    counter.close().await;
}

#[tokio::test]
async fn three_wrong_passcodes_end_it_and_a_slip_costs_none() {
    let counter = Counter::open("tries").await;
    let asked = counter.authorize(ALIVE).await;
    let id = asked["auth_req_id"].as_str().unwrap();
    let right = counter.passcode().await;
    let wrong = if right == "000000" { "000001" } else { "000000" };
    for slip in ["", "12345", "1234567", "abcdef"] {
        assert_eq!(counter.pin(id, slip).await.1["code"], "parameter_invalid", "{slip}");
    }
    for tries_left in [2, 1] {
        let (status, answer) = counter.pin(id, wrong).await;
        assert_eq!((status, &answer["code"]), (400, &"invalid_pin".into()));
        assert_eq!(answer["members"]["tries_left"], tries_left);
    }
    for digits in [wrong, &right] {
        let (status, answer) = counter.pin(id, digits).await;
        assert_eq!((status, &answer["code"]), (403, &"access_denied".into()));
    }
    assert_eq!(counter.token(id).await.1["code"], "access_denied");
    counter.close().await;
}

#[tokio::test]
async fn anothers_request_is_no_grant() {
    let counter = Counter::open("another").await;
    let asked = counter.authorize(ALIVE).await;
    let id = asked["auth_req_id"].as_str().unwrap();
    let right = counter.passcode().await;
    let pin = format!("/bc-authorize/{id}/pin");
    let body = format!(r#"{{"pin":"{right}"}}"#);
    for (agency, user) in [("telco-sarhad", "clerk-1"), ("bank-indus", "teller-2")] {
        let stranger = permit_of("consent.pin", agency, Some(user), false);
        assert_eq!(counter.ask(stranger, &pin, &body).await.1["code"], "invalid_grant", "{agency} {user}");
    }
    assert_eq!(counter.pin("unknown", &right).await.1["code"], "invalid_grant");
    assert_eq!(counter.pin(id, &right).await.0, 200);
    let stranger = permit_of("consent.token", "telco-sarhad", None, false);
    let poll = format!("grant_type=urn%3Aopenid%3Aparams%3Agrant-type%3Aciba&auth_req_id={id}");
    assert_eq!(counter.ask(stranger, "/token", &poll).await.1["code"], "invalid_grant");
    let other = format!("grant_type=authorization_code&auth_req_id={id}");
    assert_eq!(counter.ask(permit("consent.token"), "/token", &other).await.1["code"], "parameter_invalid");
    let unattended = permit_of("consent.token", "bank-indus", None, false);
    assert_eq!(counter.ask(unattended, "/token", &poll).await.0, 200, "the agency's own system may collect");
    counter.close().await;
}

#[tokio::test]
async fn a_store_that_is_gone_is_told_as_such_and_approves_nothing() {
    let counter = Counter::open("gone").await;
    let asked = counter.authorize(ALIVE).await;
    let id = asked["auth_req_id"].as_str().unwrap();
    let right = counter.passcode().await;
    counter.parts.store.database().close().await;
    let (_, authorized) = counter.ask(permit("consent.authorize"), "/bc-authorize", &form(ALIVE, DETAILS, "")).await;
    for answer in [authorized, counter.pin(id, &right).await.1, counter.token(id).await.1] {
        assert_eq!((&answer["code"], &answer["retry_after_s"]), (&"store_unavailable".into(), &2.into()));
    }
    counter.close().await;
}
