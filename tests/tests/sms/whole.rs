//! A whole consent through a real Kannel each way: asked, answered by the citizen, told back; and Kannel gone.

use gateway::demo::{
    client::Call,
    stage::{Actor, Stage},
};
use serde_json::{Value, json};

use crate::{
    installation::Installation,
    kannel::gateway::{Gateway, PASSWORD, Programs, free_ports},
};

const TOKEN: &str = "kannel-token-kannel-token-kannel-token";

/// A text as it came to the handset, of however many parts.
struct Shown {
    to: String,
    text: String,
}

async fn shown(kannel: &mut Gateway) -> Shown {
    let first = kannel.submitted().await;
    let header = first["udh"][0].as_str().unwrap_or_default().to_owned();
    // It ends with the total and the number, as hexadecimal digits.
    let digits = header.len().checked_sub(4).and_then(|at| header.get(at..at + 2));
    let total = digits.map_or(1, |digits| usize::from_str_radix(digits, 16).unwrap());
    let mut text = first["text"].as_str().unwrap().to_owned();
    for _ in 1..total {
        text.push_str(kannel.submitted().await["text"].as_str().unwrap());
    }
    Shown { to: first["to"].as_str().unwrap().to_owned(), text }
}

async fn ask(stage: &Stage, bank: &mut Actor<'_>) -> Value {
    let details = json!([{ "type": "urn:pk:ijazat:consent:1", "purpose": "KYC-101", "datatypes": ["identity.name"] }]);
    let (hint, details) = (format!("cnic:{}", stage.cast.citizen.digits()), details.to_string());
    let form = [
        ("scope", "openid consent"),
        ("login_hint", hint.as_str()),
        ("authorization_details", details.as_str()),
        ("acr_values", "urn:nadra:acr:sms-reply"),
    ];
    let asked = bank.send(Call::form("/bc-authorize", &form)).await.unwrap();
    assert_eq!(asked.status, 200, "{}", asked.body);
    asked.body
}

async fn token(bank: &mut Actor<'_>, asked: &Value) -> (u16, String) {
    let id = asked["auth_req_id"].as_str().unwrap();
    let form = [("grant_type", "urn:openid:params:grant-type:ciba"), ("auth_req_id", id)];
    let fetched = bank.send(Call::form("/token", &form)).await.unwrap();
    (fetched.status, fetched.code().to_owned())
}

fn code_in(text: &str) -> String {
    text.split(|c: char| !c.is_ascii_digit()).find(|digits| digits.len() == 6).unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn c30_a_citizen_allows_through_kannel_in_three_tongues_and_while_it_is_gone_messages_wait() {
    let programs = match Programs::find("whole").await {
        Ok(programs) => programs,
        Err(missing) => return eprintln!("SKIPPED, no consent went through Kannel: {missing}"),
    };
    let [hooks, ..] = free_ports();
    let hooks = std::net::SocketAddr::from(([127, 0, 0, 1], hooks));
    let mut kannel = Gateway::start(&programs, hooks, TOKEN).await;
    let installation = Installation::new().await;
    let secret = |name: &str, text: &str| installation.secret(name, text);
    let serve = installation
        .serve
        .clone()
        .set("SMS__TRANSPORT", "http")
        .set("SMS__URL", format!("http://ijazat@{}/cgi-bin/sendsms", kannel.sendsms))
        .set("SMS__PASSWORD", secret("sms.password", PASSWORD))
        .set("SMS__LISTEN", hooks)
        .set("SMS__SECRET", secret("sms.secret", TOKEN))
        .set("SMS__UNSIGNED", true);
    let gateway = serve.start().await.unwrap();
    let stage = installation.stage(&gateway).await;
    let mut bank = stage.actor("bank-indus", Some("teller-1")).await.unwrap();
    for (word, coding) in [("OK", 0), ("haan", 0), ("ہاں", 8)] {
        let asked = ask(&stage, &mut bank).await;
        let Shown { to, text } = shown(&mut kannel).await;
        assert!(text.contains(asked["ref"].as_str().unwrap()), "{text}");
        let answer = format!("{word} {} {}", code_in(&text), asked["screen_number"].as_str().unwrap());
        kannel.handset_sends(to.trim_start_matches('+'), &answer, coding).await;
        let told = shown(&mut kannel).await.text;
        assert!(told.contains("you allowed") && told.contains(asked["ref"].as_str().unwrap()), "{told}");
        assert_eq!(token(&mut bank, &asked).await.0, 200, "{word}");
    }
    let told = serve.run(&["sms", "--last", "6"]).await.unwrap();
    assert!(!told.contains("waiting") && told.contains("delivered"), "{told}");
    // Kannel ends; whoever is asked meanwhile waits for a network.
    kannel.stop().await;
    let asked = ask(&stage, &mut bank).await;
    let poll = token(&mut bank, &asked).await;
    assert_eq!(poll, (400, "authorization_pending".to_owned()));
    gateway.stop().await.unwrap();
    let told = serve.run(&["sms", "--last", "1"]).await.unwrap();
    assert!(told.contains("  waiting  "), "{told}");
}
