//! How each service is asked so that it answers, and who may not ask it. A service without a recipe fails the tests.

use exchange::{catalogue::Service, cnic::Cnic, codes::Code};
use gateway::demo::client::Call;
use serde_json::json;
use tests::world::World;

use crate::kit::{Who, receipt, send};

const BANK: Who = Who::Agency("bank-indus");

/// The call that is answered, or nothing when this suite does not know the service.
pub async fn good(world: &World, service: &str) -> Option<(Who, Call)> {
    Some(match service {
        "audit.accesses" => (Who::Agency("auditor-general"), accesses(world)),
        "audit.consents" => (Who::Agency("auditor-general"), consents(world).await),
        "consent.receipt" => (BANK, consent_receipt(world).await),
        "consent.authorize" => (BANK, authorize(world).with("ijazat-user", "teller-1")),
        "consent.pin" => (BANK, pin(world).await),
        "consent.resend" => (BANK, resend(world).await),
        "consent.cancel" => (BANK, cancel(world).await),
        "consent.token" => (BANK, token(world).await),
        "consent.introspect" => (BANK, of_token(world, "/introspect").await),
        "consent.revoke" => (BANK, of_token(world, "/revoke").await),
        "identity.yes-no" => (BANK, personal(world, "/v1/identity/yes-no", &["identity.match"]).await),
        "identity.kyc" => (BANK, personal(world, "/v1/identity/kyc", &["identity.name", "identity.birth"]).await),
        "identity.predicates" => {
            (BANK, personal(world, "/v1/identity/predicates", &["identity.over-18", "identity.card-valid"]).await)
        }
        "nser.band" => (BANK, band(world).await),
        "nser.household" => (Who::Agency("bisp"), world.household()),
        "nser.by-address" => (Who::Agency("bisp"), list(world, "by-address", json!({})).await),
        "nser.by-pmt" => (Who::Agency("bisp"), list(world, "by-pmt", json!({ "pmt_from": 0, "pmt_to": 100 })).await),
        "nser.export" => (Who::Signer("bisp", "power-1"), export()),
        "fbr.taxpayer" => (BANK, world.taxpayer().await.unwrap()),
        "vital.death-notice" => (Who::Agency("hospital-mehran"), notice(world)),
        "log.checkpoint" => (Who::Anyone, Call::get("/v1/log/checkpoint")),
        "openid.configuration" => (Who::Anyone, Call::get("/.well-known/openid-configuration")),
        "openid.keys" => (Who::Anyone, Call::get("/jwks")),
        "openapi.document" => (Who::Anyone, Call::get("/openapi.json")),
        "law.policy" => (Who::Anyone, Call::get("/v1/law/policies/G12-secret-needs-board")),
        "report.public" => (Who::Anyone, Call::get("/v1/reports/persons-by-province")),
        "receipt.get" => (BANK, own_receipt(world).await),
        "usage.month" => (BANK, monthly(world, "usage", "")),
        "usage.users" => (BANK, monthly(world, "usage", "/users")),
        "usage.chart" => (BANK, monthly(world, "usage", "/chart")),
        "revenue.month" => (Who::Registrar("registrar-1"), monthly(world, "revenue", "")),
        "onboarding.apply" => (BANK, apply()),
        "onboarding.application" => (BANK, applied(world).await),
        "onboarding.propose" => (Who::Registrar("registrar-1"), propose()),
        "onboarding.decide" => (Who::Registrar("registrar-2"), decide(world).await),
        "onboarding.proposals" => (Who::Registrar("registrar-2"), Call::get("/v1/onboarding/proposals")),
        "self.whoami" => (BANK, Call::get("/v1/self/whoami").with("ijazat-user", "teller-1")),
        _ => return None,
    })
}

/// An agency without an agreement for the service, one of its users, and the code that policy refuses it with.
pub fn stranger(service: &Service) -> Option<(&'static str, &'static str, Code)> {
    Some(match service.id.as_str() {
        "identity.yes-no" | "identity.kyc" | "identity.predicates" => ("bisp", "standard-1", Code::AgreementRequired),
        "identity.verify-fingerprint" | "identity.verify-face" | "identity.identify" => {
            ("bisp", "standard-1", Code::AgreementRequired)
        }
        "nser.household" | "nser.band" | "nser.by-address" | "nser.by-pmt" | "fbr.taxpayer" => {
            ("telco-sarhad", "clerk-1", Code::AgreementRequired)
        }
        "nser.export" => ("telco-sarhad", "clerk-1", Code::SecretNeedsBoard),
        // Out of their kind's row of Annexure B, whatever anybody signs.
        "biometrics.enrol" | "vital.death-notice" | "vital.birth-notice" | "vital.birth" | "vital.marriage"
        | "vital.divorce" | "vital.death" => ("bank-indus", "teller-1", Code::CallerNotAllowed),
        "audit.accesses" | "audit.consents" | "travel.control-list" | "lawful.access" | "licence.check" => {
            ("telco-sarhad", "clerk-1", Code::CallerNotAllowed)
        }
        _ => return None,
    })
}

/// A list of the district where the demo's head lives.
async fn list(world: &World, search: &str, mut body: serde_json::Value) -> Call {
    let home = send(world, Who::Agency("bisp"), world.household()).await;
    body["district"] = home.body["data"]["household"]["district"].clone();
    Call::json(format!("/v1/nser/households/{search}"), &body)
        .with("ijazat-user", "standard-1")
        .with("ijazat-purpose", "NSER-201")
        .with("ijazat-basis", "prog-kafalat")
}

/// The complete export, under the Board's approval.
pub fn export() -> Call {
    Call::json("/v1/nser/export", &json!({}))
        .with("ijazat-purpose", "NSER-201")
        .with("ijazat-basis", "prog-kafalat, appr-export")
}

/// What is asked of the present month.
fn monthly(world: &World, what: &str, part: &str) -> Call {
    Call::get(format!("/v1/{what}/{}{part}", world.stage.clock.now().karachi_month()))
}

pub fn accesses(world: &World) -> Call {
    Call::json("/v1/audit/accesses", &json!({ "cnic": world.stage.cast.citizen.digits() }))
        .with("ijazat-user", "auditor-1")
        .with("ijazat-purpose", "AUD-501")
}

/// What a citizen consented to, who consented a moment ago.
async fn consents(world: &World) -> Call {
    consent_receipt(world).await;
    Call::json("/v1/audit/consents", &json!({ "cnic": world.stage.cast.citizen.digits() }))
        .with("ijazat-user", "auditor-1")
        .with("ijazat-purpose", "AUD-501")
}

async fn consent_receipt(world: &World) -> Call {
    let mut teller = world.stage.actor("bank-indus", Some("teller-1")).await.unwrap();
    let granted = teller.consent(world.stage.cast.citizen, "KYC-101", &["identity.name"]).await.unwrap();
    Call::get(format!("/v1/consents/{}/receipt", granted.consent))
}

fn notice(world: &World) -> Call {
    let (year, month, day) = world.stage.clock.now().karachi_date();
    let body = json!({
        "cnic": world.stage.cast.dying.digits(), "date_of_death": format!("{year:04}-{month:02}-{day:02}"),
        "place": "Mehran Hospital",
    });
    Call::json("/v1/vital/death-notices", &body).with("ijazat-user", "doctor-1").with("ijazat-purpose", "VIT-401")
}

fn authorize(world: &World) -> Call {
    let details = json!([{
        "type": "urn:pk:ijazat:consent:1", "purpose": "KYC-101", "datatypes": ["identity.name"],
        "channel": "counter", "fetch": "one_time",
    }]);
    let fields = [
        ("scope", "openid consent"),
        ("login_hint", &format!("cnic:{}", world.stage.cast.citizen.digits())),
        ("authorization_details", &details.to_string()),
    ];
    Call::form("/bc-authorize", &fields)
}

/// A request for consent with the passcode that the citizen reads out.
async fn asked(world: &World) -> (gateway::demo::stage::Asked, String) {
    let mut teller = world.stage.actor("bank-indus", Some("teller-1")).await.unwrap();
    let asked = teller.ask(world.stage.cast.citizen, "KYC-101", &["identity.name"]).await.unwrap();
    let message = world.stage.phone.message(&asked.reference).await.unwrap();
    (asked, gateway::demo::stage::passcode(&message).unwrap())
}

async fn pin(world: &World) -> Call {
    let (asked, passcode) = asked(world).await;
    Call::json(format!("/bc-authorize/{}/pin", asked.id), &json!({ "pin": passcode })).with("ijazat-user", "teller-1")
}

async fn resend(world: &World) -> Call {
    let (asked, _) = asked(world).await;
    world.clock.advance(exchange::limits::RESEND_AFTER_S);
    Call::post(format!("/bc-authorize/{}/resend", asked.id)).with("ijazat-user", "teller-1")
}

async fn cancel(world: &World) -> Call {
    let (asked, _) = asked(world).await;
    Call::delete(format!("/bc-authorize/{}", asked.id)).with("ijazat-user", "teller-1")
}

/// A form about a token of the bank's own.
async fn of_token(world: &World, path: &str) -> Call {
    let mut teller = world.stage.actor("bank-indus", Some("teller-1")).await.unwrap();
    let granted = teller.consent(world.stage.cast.citizen, "KYC-101", &["identity.name"]).await.unwrap();
    Call::form(path, &[("token", granted.token.as_str())])
}

async fn token(world: &World) -> Call {
    let (asked, passcode) = asked(world).await;
    let mut teller = world.stage.actor("bank-indus", Some("teller-1")).await.unwrap();
    assert_eq!(teller.give(&asked, &passcode).await.unwrap().status, 200);
    let fields = [("grant_type", "urn:openid:params:grant-type:ciba"), ("auth_req_id", asked.id.as_str())];
    Call::form("/token", &fields).with("ijazat-user", "teller-1")
}

async fn personal(world: &World, path: &str, datatypes: &[&str]) -> Call {
    consented(world, world.stage.cast.citizen, (path, "KYC-101"), datatypes).await
}

/// The head of a household asks the bank for a loan.
async fn band(world: &World) -> Call {
    consented(world, world.stage.cast.head, ("/v1/nser/band", "CRD-111"), &["nser.band"]).await
}

async fn consented(world: &World, person: Cnic, (path, purpose): (&str, &str), datatypes: &[&str]) -> Call {
    let mut teller = world.stage.actor("bank-indus", Some("teller-1")).await.unwrap();
    let granted = teller.consent(person, purpose, datatypes).await.unwrap();
    Call::json(path, &json!({ "cnic": person.digits() }))
        .with("ijazat-user", "teller-1")
        .with("ijazat-purpose", purpose)
        .with("authorization", format!("Bearer {}", granted.token))
}

/// The bank asks for its tax service anew; its papers come later.
fn apply() -> Call {
    let form = json!({
        "agency": "bank-indus", "name": "Indus Bank", "name_ur": "انڈس بینک", "address": "1 Test Road", "kind": "Bank",
        "sector": "Private", "about": "banking", "utilisation": "lending", "wants": "online-access",
        "services": ["fbr.taxpayer"], "purposes": ["TAX-301"], "datatypes": ["fbr.status"], "granularity": "person",
        "frequency": "continuous", "channels": ["Api"], "networks": ["127.0.0.0/8"],
        "focal_person": { "name": "Sample Teller", "designation": "Manager", "contact": "none" },
    });
    Call::json("/v1/onboarding/applications", &json!({ "form": form })).with("ijazat-user", "teller-1")
}

async fn applied(world: &World) -> Call {
    let answer = send(world, BANK, apply()).await;
    let path = format!("/v1/onboarding/applications/{}", answer.text("/data/application"));
    Call::get(path).with("ijazat-user", "teller-1")
}

fn propose() -> Call {
    let entry = json!({ "agency": "bank-indus", "sha256": "ef".repeat(32) });
    Call::json("/v1/onboarding/proposals", &json!({ "change": { "kind": "key", "entry": entry } }))
}

async fn decide(world: &World) -> Call {
    let answer = send(world, Who::Registrar("registrar-1"), propose()).await;
    let body = json!({ "proposal": answer.text("/data/proposal"), "verdict": "approve" });
    Call::json("/v1/onboarding/approvals", &body)
}

async fn own_receipt(world: &World) -> Call {
    let answer = send(world, BANK, Call::get("/v1/self/whoami")).await;
    Call::get(format!("/v1/receipts/{}", receipt(&answer).0))
}
