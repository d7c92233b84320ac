//! What the routes refuse by themselves: a request without a permit for them, another agency's form, what is no form; and
//! what they keep back of what they show.

use adapters::{
    clock::ManualClock,
    entropy::SystemEntropy,
    sql::{Database, control::ControlKeys},
};
use exchange::{directory::DirectoryData, onboarding::change::Key};

use super::*;
use crate::routes::trial::{self, AT, ask, directory, permit};

struct Trial {
    router: Router,
    folder: std::path::PathBuf,
}

impl Trial {
    async fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("ijazat-onboarding-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        let url = format!("sqlite:{}", folder.join("control.db").display());
        let database = Database::open(&url, "control").await.unwrap();
        let keys = ControlKeys::new(&[1; 32], &[2; 32], &[3; 32])
            .unwrap()
            .signing_revisions(exchange::es256::SigningKey::new(&[4; 32]).unwrap());
        let clock = Arc::new(ManualClock::new(Timestamp::from_micros(AT)));
        let store = ControlStore::open(database, keys, clock, Arc::new(SystemEntropy::default())).await.unwrap();
        let mut office = trial::agency("registry-office", OPERATOR);
        office.condition_met = true;
        let agencies = vec![trial::agency("bank-indus", "Bank"), trial::agency("telco-sarhad", "Telco"), office];
        let data = DirectoryData { agencies, ..DirectoryData::default() };
        store.replace_directory(&data).await.unwrap();
        let decider: Arc<dyn Decider> = Arc::new(policies::Bundle::embedded().unwrap());
        let parts = OnboardingParts { store: Arc::new(store), directory: directory(data).await, decider };
        Self { router: routes(Arc::new(parts)), folder }
    }

    async fn post(&self, service: &str, agency: &str, path: &str, body: &Value) -> (u16, Value) {
        let permit = Some(permit(service, agency));
        ask(self.router.clone(), permit, "POST", &format!("/v1/onboarding/{path}"), &body.to_string()).await
    }

    async fn get(&self, service: &str, agency: &str, path: &str) -> (u16, Value) {
        let permit = Some(permit(service, agency));
        ask(self.router.clone(), permit, "GET", &format!("/v1/onboarding/{path}"), "").await
    }
}

impl Drop for Trial {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn form() -> Value {
    json!({
        "agency": "bank-indus", "name": "Indus Bank", "name_ur": "انڈس بینک", "address": "1 Test Road", "kind": "Bank",
        "sector": "Private", "about": "banking", "utilisation": "lending", "wants": "online-access",
        "granularity": "person", "frequency": "continuous", "channels": ["Api"], "networks": ["127.0.0.0/8"],
        "focal_person": {"name": "Sample Teller", "designation": "Manager", "contact": "none"},
    })
}

#[tokio::test]
async fn an_application_is_its_agencys_and_the_operators() {
    let trial = Trial::new("own").await;
    let apply =
        async |agency: &str| trial.post("onboarding.apply", agency, "applications", &json!({"form": form()})).await;
    assert_eq!(apply("telco-sarhad").await, (403, json!({"code": "caller_not_allowed"})));
    assert_eq!(apply("registry-office").await.0, 200);
    let (status, handed) = apply("bank-indus").await;
    assert_eq!((status, &handed["state"], &handed["forum"]), (200, &json!("received"), &json!("NotRequired")));
    assert_eq!(handed["clock"]["due"], "2026-11-27", "received on a Sunday");
    let path = format!("applications/{}", handed["application"].as_str().unwrap());
    let read = async |agency: &str| trial.get("onboarding.application", agency, &path).await;
    assert_eq!(read("telco-sarhad").await, (404, json!({"code": "not_found"})));
    assert_eq!((read("bank-indus").await, read("registry-office").await.0), ((200, handed), 200));
}

#[tokio::test]
async fn what_is_no_form_no_change_and_no_verdict_is_named() {
    let trial = Trial::new("wrong").await;
    let named = |name: &str| (400, json!({"code": "parameter_invalid", "members": {"parameter": name}}));
    let apply =
        async |form: Value| trial.post("onboarding.apply", "bank-indus", "applications", &json!({"form": form})).await;
    assert_eq!(apply(json!("[]")).await, named("form"));
    let mut more = form();
    more["salary"] = json!(1);
    assert_eq!(apply(more).await, named("form"));
    let change = json!({"change": {"kind": "class", "entry": {}}});
    assert_eq!(trial.post("onboarding.propose", "registry-office", "proposals", &change).await, named("change"));
    let verdict = json!({"proposal": "p", "verdict": "perhaps"});
    assert_eq!(trial.post("onboarding.decide", "registry-office", "approvals", &verdict).await, named("verdict"));
    let unknown = json!({"proposal": "p", "verdict": "approve"});
    let (status, told) = trial.post("onboarding.decide", "registry-office", "approvals", &unknown).await;
    assert_eq!((status, &told["code"]), (403, &json!("second_person_required")));
}

#[tokio::test]
async fn a_rule_that_a_change_breaks_is_told_by_its_word() {
    let trial = Trial::new("rule").await;
    let key = Change::Key(Key { agency: "nobody".to_owned().try_into().unwrap(), sha256: "ef".repeat(32) });
    let (status, told) =
        trial.post("onboarding.propose", "registry-office", "proposals", &json!({"change": key})).await;
    assert_eq!(
        (status, &told["code"], &told["members"]["rule"]),
        (422, &json!("change_refused"), &json!("agency-unknown"))
    );
}

#[tokio::test]
async fn a_persons_name_is_not_shown_to_whoever_decides() {
    let trial = Trial::new("name").await;
    let entry =
        json!({"agency": "bank-indus", "id": "teller-9", "name": "Hidden Name", "role": "Basic", "disabled": false});
    let change = json!({"change": {"kind": "user", "entry": entry}});
    assert_eq!(trial.post("onboarding.propose", "registry-office", "proposals", &change).await.0, 200);
    let (_, waiting) = trial.get("onboarding.proposals", "registry-office", "proposals").await;
    assert_eq!(waiting["proposals"][0]["change"]["entry"]["id"], "teller-9");
    assert!(!waiting.to_string().contains("Hidden Name"), "{waiting}");
}

#[tokio::test]
async fn nothing_is_done_without_a_permit_for_the_very_service() {
    let trial = Trial::new("permit").await;
    for (service, path) in [("onboarding.apply", "proposals"), ("onboarding.propose", "approvals")] {
        assert_eq!(trial.post(service, "registry-office", path, &json!({})).await.0, 500, "{service} at {path}");
    }
}
