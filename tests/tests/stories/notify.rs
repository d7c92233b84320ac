//! What agencies are told, at a server of their own: a ping when a request ends, a signed event when a citizen ends a consent.

use std::path::PathBuf;

use gateway::demo::{
    client::{Answer as Got, Call},
    stage::{Actor, Asked as Request, Stage, passcode},
};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header, jwk::JwkSet};
use serde_json::{Value, json};
use tests::{
    place::{Answer, Asked, Place},
    process::{Serve, advance},
};

use crate::installation::Installation;

const TOKEN: &str = "8d67dc78-7faa-4d41-aabd-67707b374255";

/// A bank that is told, and its server.
struct Scene {
    installation: Installation,
    place: Place,
    serve: Serve,
    clock: PathBuf,
}

impl Scene {
    async fn new() -> Self {
        let installation = Installation::new().await;
        let place = Place::start().await.unwrap();
        let folder = &installation.config.node.state_dir;
        let (authority, clock) = (folder.join("place-ca.pem"), folder.join("clock"));
        std::fs::write(&authority, place.authority()).unwrap();
        let serve = installation
            .serve
            .clone()
            .set("NOTIFY__CA", authority.display())
            .set("NOTIFY__NETWORKS", "127.0.0.0/8, ::1/128")
            .by_clock(&clock);
        let (ping, events) = (place.url("/ciba/ping"), place.url("/events"));
        let notify = ["agency", "notify", "bank-indus", "--mode", "ping", "--ping-url", &ping, "--event-url", &events];
        serve.run(&notify).await.unwrap();
        Self { installation, place, serve, clock }
    }

    /// A citizen's message to 8009.
    async fn texted(&self, reference: &str, text: &str) -> String {
        let told = self.serve.run(&["sms", "--last", "100"]).await.unwrap();
        let lines: Vec<&str> = told.lines().collect();
        let place = lines.iter().position(|line| line.contains(&format!("NO {reference}"))).unwrap();
        let number = lines[place - 1].split_whitespace().last().unwrap();
        self.serve.run(&["sms", "receive", "--from", number, text]).await.unwrap()
    }
}

async fn asks(bank: &mut Actor<'_>, cnic: &str, more: &[(&str, &str)]) -> Got {
    let details = json!([{ "type": "urn:pk:ijazat:consent:1", "purpose": "KYC-101", "datatypes": ["identity.name"] }]);
    let (hint, details) = (format!("cnic:{cnic}"), details.to_string());
    let form = [
        ("scope", "openid consent"),
        ("login_hint", hint.as_str()),
        ("authorization_details", details.as_str()),
        ("binding_message", "COUNTER-04"),
    ];
    bank.send(Call::form("/bc-authorize", &[&form, more].concat())).await.unwrap()
}

async fn waits(bank: &mut Actor<'_>, cnic: &str) -> Request {
    let answer = asks(bank, cnic, &[("client_notification_token", TOKEN)]).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    Request { id: answer.text("/auth_req_id").to_owned(), reference: answer.text("/ref").to_owned() }
}

fn citizen(stage: &Stage) -> String {
    stage.cast.citizen.digits().as_str().to_owned()
}

/// That a ping is all that CIBA Core 1.0 §10.2 asks of it, and nothing more.
fn is_ping_of(asked: &Asked, id: &str) {
    assert_eq!(asked.line(), "POST /ciba/ping HTTP/1.1");
    assert_eq!(asked.header("authorization"), format!("Bearer {TOKEN}"));
    assert_eq!(asked.header("content-type"), "application/json");
    assert_eq!(asked.body, json!({ "auth_req_id": id }).to_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn c28_an_agency_is_told_by_ping_as_often_as_it_fails_and_never_a_token() {
    let scene = Scene::new().await;
    let gateway = scene.serve.start().await.unwrap();
    let stage = scene.installation.stage(&gateway).await;
    let mut bank = stage.actor("bank-indus", Some("teller-1")).await.unwrap();
    let refused = asks(&mut bank, &citizen(&stage), &[]).await;
    assert_eq!(
        (refused.status, refused.code(), refused.text("/parameter")),
        (400, "parameter_invalid", "client_notification_token")
    );

    let asked = waits(&mut bank, &citizen(&stage)).await;
    let told = stage.phone.message(&asked.reference).await.unwrap();
    for status in [500, 503, 502] {
        scene.place.answer(Answer::Status(status));
    }
    assert!(scene.place.asked().is_empty(), "nothing is ready yet");
    assert_eq!(bank.give(&asked, &passcode(&told).unwrap()).await.unwrap().status, 200);
    for (times, wait) in [(1, 1), (2, 2), (3, 4)] {
        scene.place.until_asked(times).await.unwrap();
        advance(&scene.clock, wait).await.unwrap();
    }
    let all = scene.place.until_asked(4).await.unwrap();
    for each in &all {
        is_ping_of(each, &asked.id);
    }
    let mut bank = stage.actor("bank-indus", Some("teller-1")).await.unwrap();
    let token = bank.fetch(&asked).await.unwrap();
    assert_eq!(token.status, 200, "{}", token.body);
    for secret in [token.text("/access_token"), token.text("/id_token"), token.text("/consent_id"), &asked.reference] {
        assert!(
            !secret.is_empty() && all.iter().all(|each| !each.head.contains(secret) && !each.body.contains(secret))
        );
    }
    // One that the citizen refuses; none of the first came again before it.
    let asked = waits(&mut bank, &citizen(&stage)).await;
    stage.phone.message(&asked.reference).await.unwrap();
    assert!(scene.texted(&asked.reference, &format!("NO {}", asked.reference)).await.contains("is refused"));
    is_ping_of(&scene.place.until_asked(5).await.unwrap()[4], &asked.id);
    assert_eq!(bank.fetch(&asked).await.unwrap().text("/error"), "access_denied");
    gateway.stop().await.unwrap();
    assert_eq!(scene.place.asked().len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn c28_who_does_not_answer_and_who_is_not_there_are_told_of_alike() {
    let scene = Scene::new().await;
    let gateway = scene.serve.start().await.unwrap();
    let stage = scene.installation.stage(&gateway).await;
    let mut bank = stage.actor("bank-indus", Some("teller-1")).await.unwrap();
    let there = waits(&mut bank, &citizen(&stage)).await;
    let nobody = waits(&mut bank, "9999912345671").await;
    stage.phone.message(&there.reference).await.unwrap();
    advance(&scene.clock, 290).await.unwrap();
    assert!(scene.place.asked().is_empty());
    advance(&scene.clock, 10).await.unwrap();
    let all = scene.place.until_asked(2).await.unwrap();
    for asked in [&there, &nobody] {
        let own = all.iter().find(|each| each.body.contains(&asked.id)).unwrap();
        is_ping_of(own, &asked.id);
    }
    gateway.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn c28_a_redirect_is_not_followed_and_a_killed_gateway_tells_again() {
    let scene = Scene::new().await;
    let gateway = scene.serve.start().await.unwrap();
    let stage = scene.installation.stage(&gateway).await;
    let mut bank = stage.actor("bank-indus", Some("teller-1")).await.unwrap();
    scene.place.answer(Answer::Redirect);
    scene.place.answer(Answer::Silence);
    let moved = waits(&mut bank, &citizen(&stage)).await;
    stage.phone.message(&moved.reference).await.unwrap();
    scene.texted(&moved.reference, &format!("NO {}", moved.reference)).await;
    scene.place.until_asked(1).await.unwrap();
    let asked = waits(&mut bank, &citizen(&stage)).await;
    let told = stage.phone.message(&asked.reference).await.unwrap();
    assert_eq!(bank.give(&asked, &passcode(&told).unwrap()).await.unwrap().status, 200);
    // It waits for an answer that does not come, and dies.
    scene.place.until_asked(2).await.unwrap();
    gateway.kill().await.unwrap();
    let gateway = scene.serve.start().await.unwrap();
    let all = scene.place.until_asked(3).await.unwrap();
    gateway.stop().await.unwrap();
    is_ping_of(&all[0], &moved.id);
    is_ping_of(&all[1], &asked.id);
    is_ping_of(&all[2], &asked.id);
    assert_eq!(scene.place.asked().len(), 3, "neither elsewhere nor the refused one again");
}

async fn keys(stage: &Stage) -> JwkSet {
    let answer = stage.anyone().await.unwrap().send(Call::get("/jwks")).await.unwrap();
    serde_json::from_value(answer.body).unwrap()
}

/// The claims of an event, if the published keys verify it for an agency.
fn verified(set: &JwkSet, token: &str, issuer: &str, agency: &str) -> Option<Value> {
    let header = decode_header(token).unwrap();
    assert_eq!(header.typ.as_deref(), Some("secevent+jwt"));
    let mut rules = Validation::new(Algorithm::ES256);
    rules.set_audience(&[agency]);
    rules.set_issuer(&[issuer]);
    rules.set_required_spec_claims(&["aud", "iss"]);
    rules.validate_exp = false;
    let key = DecodingKey::from_jwk(set.find(&header.kid?)?).unwrap();
    decode::<Value>(token, &key, &rules).ok().map(|token| token.claims)
}

#[tokio::test(flavor = "multi_thread")]
async fn c32_an_agency_is_told_of_a_consent_that_its_citizen_ended_by_sms() {
    let scene = Scene::new().await;
    let gateway = scene.serve.start().await.unwrap();
    let stage = scene.installation.stage(&gateway).await;
    let mut bank = stage.actor("bank-indus", Some("teller-1")).await.unwrap();
    let asked = waits(&mut bank, &citizen(&stage)).await;
    let told = stage.phone.message(&asked.reference).await.unwrap();
    assert_eq!(bank.give(&asked, &passcode(&told).unwrap()).await.unwrap().status, 200);
    scene.place.until_asked(1).await.unwrap();
    let token = bank.fetch(&asked).await.unwrap();
    let consent = token.text("/consent_id").to_owned();
    assert!(!consent.is_empty(), "{}", token.body);

    scene.place.answer(Answer::Status(503));
    scene.place.answer(Answer::Status(202));
    let ended = scene.texted(&asked.reference, &format!("STOP {}", asked.reference)).await;
    assert!(ended.contains("has ended"), "{ended}");
    scene.place.until_asked(2).await.unwrap();
    advance(&scene.clock, 1).await.unwrap();
    let all = scene.place.until_asked(3).await.unwrap();
    let set = keys(&stage).await;
    let port = gateway.address("agencies").unwrap().port();
    let issuer = format!("https://{}:{port}", scene.installation.config.node.origin);
    let mut names = Vec::new();
    for event in &all[1..] {
        assert_eq!(event.line(), "POST /events HTTP/1.1");
        assert_eq!(event.header("content-type"), "application/secevent+jwt");
        assert_eq!(event.header("authorization"), "", "the signature is enough");
        let claims = verified(&set, &event.body, &issuer, "bank-indus").unwrap();
        let said = &claims["events"]["urn:pk:ijazat:event:consent-revoked"];
        assert_eq!((&said["event"], &said["consent_id"]), (&json!("consent.revoked"), &json!(consent)));
        assert!(exchange::timestamp::Timestamp::parse_rfc3339(said["at"].as_str().unwrap()).is_some());
        // Nobody takes it for a token of the citizen's.
        assert!(claims.get("sub").is_none() && claims.get("exp").is_none(), "{claims}");
        assert!(!claims.to_string().contains(&citizen(&stage)));
        assert!(verified(&set, &event.body, &issuer, "telco-sarhad").is_none(), "it is the bank's");
        names.push(claims["jti"].clone());
    }
    assert_eq!(names[0], names[1], "the same news has the same name");
    gateway.stop().await.unwrap();
}
