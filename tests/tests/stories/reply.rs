//! While the citizen has not answered, and after: the agency sends again or takes back, asks about its token and gives it back; the
//! citizen refuses and ends by SMS.

use gateway::demo::{
    client::{Answer, Call},
    stage::{Actor, Asked, Granted, Stage, passcode},
};
use serde_json::json;
use tokio::process::Command;

use crate::installation::{BINARY, Installation};

async fn ijazat(installation: &Installation, words: &[&str]) -> String {
    let state = installation.config.node.state_dir.display().to_string();
    let done = Command::new(BINARY).args(words).args(["--state", &state]).output().await.unwrap();
    assert!(done.status.success(), "{words:?}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap()
}

/// The number that the message with this reference went to.
async fn number(installation: &Installation, reference: &str) -> String {
    let told = ijazat(installation, &["sms", "--last", "100"]).await;
    let lines: Vec<&str> = told.lines().collect();
    let place = lines.iter().position(|line| line.contains(&format!("NO {reference}"))).unwrap();
    lines[place - 1].split_whitespace().last().unwrap().to_owned()
}

async fn from_citizen(installation: &Installation, number: &str, text: &str) -> String {
    ijazat(installation, &["sms", "receive", "--from", number, text]).await
}

async fn ask(stage: &Stage, bank: &mut Actor<'_>) -> Asked {
    bank.ask(stage.cast.citizen, "KYC-101", &["identity.name"]).await.unwrap()
}

async fn kyc(stage: &Stage, bank: &mut Actor<'_>, granted: &Granted) -> Answer {
    let call = Call::json("/v1/identity/kyc", &json!({ "cnic": stage.cast.citizen.digits() }))
        .with("ijazat-purpose", "KYC-101")
        .with("authorization", format!("Bearer {}", granted.token));
    bank.send(call).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn c11_c17_a_request_is_not_sent_again_at_once_and_can_be_taken_back() {
    let installation = Installation::new().await;
    let gateway = installation.serve.start().await.unwrap();
    let stage = installation.stage(&gateway).await;
    let mut bank = stage.actor("bank-indus", Some("teller-1")).await.unwrap();
    let asked = ask(&stage, &mut bank).await;
    let told = stage.phone.message(&asked.reference).await.unwrap();
    let again = bank.send(Call::post(format!("/bc-authorize/{}/resend", asked.id))).await.unwrap();
    assert_eq!((again.status, again.code(), again.text("/error")), (429, "rate_limited", "slow_down"));
    let wait: u32 = again.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");

    let mut clerk = stage.actor("telco-sarhad", Some("clerk-1")).await.unwrap();
    let cancel = || Call::delete(format!("/bc-authorize/{}", asked.id));
    assert_eq!(clerk.send(cancel()).await.unwrap().code(), "invalid_grant", "it is another's");
    for _ in 0..2 {
        let done = bank.send(cancel()).await.unwrap();
        assert_eq!((done.status, done.text("/status")), (200, "cancelled"), "{}", done.body);
    }
    let late = bank.give(&asked, &passcode(&told).unwrap()).await.unwrap();
    assert_eq!((late.status, late.code()), (403, "access_denied"));
    assert_eq!(bank.fetch(&asked).await.unwrap().text("/error"), "access_denied");
    gateway.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_explained_to_its_agency_and_holds_no_more_once_given_back() {
    let installation = Installation::new().await;
    let gateway = installation.serve.start().await.unwrap();
    let stage = installation.stage(&gateway).await;
    let mut bank = stage.actor("bank-indus", Some("teller-1")).await.unwrap();
    let granted = bank.consent(stage.cast.citizen, "KYC-101", &["identity.name"]).await.unwrap();
    let form = |path| Call::form(path, &[("token", granted.token.as_str()), ("token_type_hint", "access_token")]);
    let found = bank.send(form("/introspect")).await.unwrap();
    assert_eq!((found.status, &found.body["active"]), (200, &json!(true)), "{}", found.body);
    assert_eq!(found.body["authorization_details"][0]["datatypes"], json!(["identity.name"]));
    assert!(!found.body.to_string().contains(stage.cast.citizen.digits().as_str()));
    let mut clerk = stage.actor("telco-sarhad", Some("clerk-1")).await.unwrap();
    assert_eq!(clerk.send(form("/introspect")).await.unwrap().body, json!({ "active": false }));
    assert_eq!(clerk.send(form("/revoke")).await.unwrap().status, 200, "and nothing happens");
    let found = bank.send(form("/introspect")).await.unwrap();
    assert_eq!(found.body["active"], true);
    assert_eq!(bank.send(form("/revoke")).await.unwrap().status, 200);
    assert_eq!(bank.send(form("/introspect")).await.unwrap().body, json!({ "active": false }));
    let refused = kyc(&stage, &mut bank, &granted).await;
    assert_eq!((refused.status, refused.code()), (401, "token_invalid"), "{}", refused.body);
    gateway.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn c29_c32_a_citizen_refuses_and_ends_by_sms() {
    let installation = Installation::new().await;
    let gateway = installation.serve.start().await.unwrap();
    let stage = installation.stage(&gateway).await;
    let mut bank = stage.actor("bank-indus", Some("teller-1")).await.unwrap();
    let asked = ask(&stage, &mut bank).await;
    let told = stage.phone.message(&asked.reference).await.unwrap();
    let number = number(&installation, &asked.reference).await;
    let no = format!("no {}", asked.reference.to_lowercase());
    assert!(from_citizen(&installation, "03459876543", &no).await.starts_with("there is nothing under this reference"));
    assert!(from_citizen(&installation, &number, &no).await.contains("is refused"));
    assert!(from_citizen(&installation, &number, &no).await.contains("came before"));
    assert_eq!(bank.fetch(&asked).await.unwrap().text("/error"), "access_denied");
    let late = bank.give(&asked, &passcode(&told).unwrap()).await.unwrap();
    assert_eq!((late.status, late.code()), (403, "access_denied"));

    let granted = bank.consent(stage.cast.citizen, "KYC-101", &["identity.name"]).await.unwrap();
    let stop = format!("STOP {}", granted.asked.reference);
    assert!(from_citizen(&installation, &number, &stop).await.contains("has ended"));
    let refused = kyc(&stage, &mut bank, &granted).await;
    assert_eq!((refused.status, refused.code()), (401, "token_invalid"), "{}", refused.body);
    let answer = ijazat(&installation, &["sms", "--to", &number, "--last", "1"]).await;
    assert!(answer.contains(&granted.asked.reference) && !answer.contains("code"), "{answer}");
    gateway.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn c09_c30_c39_a_citizen_allows_by_sms_and_the_agency_never_sees_the_passcode() {
    let installation = Installation::new().await;
    let gateway = installation.serve.start().await.unwrap();
    let stage = installation.stage(&gateway).await;
    let mut bank = stage.actor("bank-indus", Some("teller-1")).await.unwrap();
    let details = |channel| {
        json!([{
            "type": "urn:pk:ijazat:consent:1", "purpose": "KYC-101", "datatypes": ["identity.name"], "channel": channel,
        }])
    };
    let hint = format!("cnic:{}", stage.cast.citizen.digits());
    let form = |channel, acr| {
        let details = details(channel).to_string();
        let fields = [
            ("scope", "openid consent"),
            ("login_hint", hint.as_str()),
            ("authorization_details", details.as_str()),
            ("acr_values", acr),
        ];
        Call::form("/bc-authorize", &fields)
    };
    let refused = bank.send(form("remote", "urn:nadra:acr:sms-pin")).await.unwrap();
    let told = (refused.status, refused.code(), refused.text("/error"));
    assert_eq!(told, (400, "acr_too_low", "unmet_authentication_requirements"), "{}", refused.body);
    // At the counter: from afar nobody is asked at night, and this test runs at any hour.
    let answer = bank.send(form("counter", "urn:nadra:acr:sms-reply")).await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.body);
    let asked = Asked { id: answer.text("/auth_req_id").to_owned(), reference: answer.text("/ref").to_owned() };
    let screen = answer.text("/screen_number").to_owned();
    let message = stage.phone.message(&asked.reference).await.unwrap();
    let code = passcode(&message).unwrap();
    let number = number(&installation, &asked.reference).await;
    let at_the_counter = bank.give(&asked, &code).await.unwrap();
    assert_eq!((at_the_counter.status, at_the_counter.code()), (409, "pin_mode_not_allowed"));

    let ok = format!("ok {code} {screen}");
    assert!(from_citizen(&installation, "03459876543", &ok).await.contains("nothing waits"), "another's number");
    let other = if screen == "00" { "01" } else { "00" };
    let wrong = from_citizen(&installation, &number, &format!("OK {code} {other}")).await;
    assert!(wrong.contains("2 tries left"), "{wrong}");
    assert_eq!(bank.fetch(&asked).await.unwrap().text("/error"), "authorization_pending");
    assert!(from_citizen(&installation, &number, &ok).await.contains("is allowed"));
    assert!(from_citizen(&installation, &number, &ok).await.contains("came before"));
    let token = bank.fetch(&asked).await.unwrap();
    assert_eq!(token.status, 200, "{}", token.body);
    let granted = Granted {
        asked,
        passcode: code.clone(),
        token: token.text("/access_token").to_owned(),
        consent: token.text("/consent_id").to_owned(),
    };
    let found = bank.send(Call::form("/introspect", &[("token", granted.token.as_str())])).await.unwrap();
    assert_eq!(found.text("/acr"), "urn:nadra:acr:sms-reply", "{}", found.body);
    assert_eq!(kyc(&stage, &mut bank, &granted).await.status, 200);
    gateway.stop().await.unwrap();
}
