//! One decision by every protocol that the door speaks, and by the client that everybody has.

use exchange::cnic::Cnic;
use gateway::demo::{
    client::{Answer, Call},
    stage::Stage,
};
use serde_json::json;
use tests::world::World;
use tokio::process::Command;

use crate::http2;

const PURPOSE: &str = "KYC-101";
const USER: &str = "teller-1";
const AGREED: &[&str] = &["identity.name", "identity.birth"];

#[tokio::test(flavor = "multi_thread")]
async fn a_bank_gets_the_same_decision_by_http_1_and_http_2() {
    let world = World::start().await.unwrap();
    let (one, two) = both(&world.stage, None).await;
    assert_eq!((one.status, one.code()), (403, "consent_required"));
    for member in ["code", "title", "title_ur", "status", "policies", "next"] {
        assert_eq!(one.body.get(member), two.body.get(member), "{member}");
    }

    let (one, two) = both(&world.stage, Some(AGREED)).await;
    assert_eq!((one.status, two.status), (200, 200), "{} {}", one.code(), two.code());
    assert!(!one.text("/data/name").is_empty() && one.body["data"].get("gender").is_none());
    assert_eq!(one.body, two.body, "the same data released, the same withheld");
    let price = |answer: &Answer| answer.header("ijazat-receipt").split_once(';').map(|(_, price)| price.to_owned());
    assert_eq!(price(&one), price(&two));
    assert!(price(&one).is_some());
    assert_ne!(one.header("ijazat-request-id"), two.header("ijazat-request-id"));
}

/// The bank's question about the same citizen by HTTP/1.1 and by HTTP/2, each with a consent of its own, or without.
async fn both(stage: &Stage, agreed: Option<&[&str]>) -> (Answer, Answer) {
    let mut bank = stage.actor("bank-indus", Some(USER)).await.unwrap();
    let mut calls = Vec::new();
    for _ in 0..2 {
        let call = kyc(stage.cast.citizen);
        calls.push(match agreed {
            Some(agreed) => {
                let granted = bank.consent(stage.cast.citizen, PURPOSE, agreed).await.unwrap();
                call.with("authorization", format!("Bearer {}", granted.token))
            }
            None => call,
        });
    }
    let two = http2::send(stage, "bank-indus", calls.remove(0).with("ijazat-user", USER)).await;
    (bank.send(calls.remove(0)).await.unwrap(), two)
}

fn kyc(cnic: Cnic) -> Call {
    Call::json("/v1/identity/kyc", &json!({ "cnic": cnic.digits() })).with("ijazat-purpose", PURPOSE)
}

#[tokio::test(flavor = "multi_thread")]
async fn curl_with_a_certificate_is_told_who_it_is() {
    let world = World::start().await.unwrap();
    for (protocol, version) in [("--http1.1", "1.1"), ("--http2", "2")] {
        let told = curl(&world, "bank-indus", protocol).await;
        let (body, seen) = told.rsplit_once('\n').unwrap();
        assert_eq!(seen, format!("200 {version}"), "{told}");
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!(body.pointer("/data/agency"), Some(&json!("bank-indus")));
    }
}

/// What curl printed: the body, then status and version of HTTP on a line of their own.
async fn curl(world: &World, agency: &str, protocol: &str) -> String {
    let certs = world.state().join("certs");
    let output = Command::new("curl")
        .args(["-sS", protocol, "--max-time", "20", "-w", "\n%{http_code} %{http_version}", "--cacert"])
        .arg(world.state().join("pki/server-ca.pem"))
        .arg("--cert")
        .arg(certs.join(format!("{agency}.pem")))
        .arg("--key")
        .arg(certs.join(format!("{agency}.key")))
        .arg(format!("https://localhost:{}/v1/self/whoami", world.stage.agency.port()))
        .output()
        .await
        .expect("curl is installed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}
