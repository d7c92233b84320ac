//! What a gateway leaves behind after a day of consents, on disk, in its log and in its metrics: no passcode, no card number, no
//! telephone number.

use std::{
    fs,
    path::{Path, PathBuf},
};

use gateway::demo::{
    client::Call,
    stage::{Actor, Stage, passcode},
};
use serde_json::json;
use tests::smsc::message;

use crate::network::{Scene, read};

/// Everything under a folder, the register of persons and the secrets left out.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let (path, name) = (entry.path(), entry.file_name().into_string().unwrap());
        match () {
            () if name.starts_with("registry.db") || name == "keys" || name == "pki" => {}
            () if path.is_dir() => all.extend(files(&path)),
            () => all.push(path),
        }
    }
    all
}

/// Whether a text stands in bytes by itself: digits within a longer number or a hash are chance.
fn holds(bytes: &[u8], text: &str) -> bool {
    let whole = |at: usize| {
        let before = at.checked_sub(1).and_then(|at| bytes.get(at));
        let after = bytes.get(at + text.len());
        !before.is_some_and(u8::is_ascii_alphanumeric) && !after.is_some_and(u8::is_ascii_alphanumeric)
    };
    let mut windows = bytes.windows(text.len()).enumerate();
    windows.any(|(at, window)| window == text.as_bytes() && whole(at))
}

/// A day of consents: what was said, and all that names somebody.
struct Day {
    codes: Vec<String>,
    citizen: String,
    number: String,
}

/// A yes at the counter after a slip, and what it opens.
async fn at_the_counter(scene: &Scene, stage: &Stage, bank: &mut Actor<'_>) -> Day {
    let citizen = stage.cast.citizen.digits().clone();
    let asked = bank.ask(stage.cast.citizen, "KYC-101", &["identity.name"]).await.unwrap();
    let (submitted, told) = scene.smsc.until_text(&asked.reference).await.unwrap();
    let code = passcode(&told).unwrap();
    assert_eq!(bank.give(&asked, wrong(&code)).await.unwrap().code(), "invalid_pin");
    assert_eq!(bank.give(&asked, &code).await.unwrap().status, 200);
    let token = bank.fetch(&asked).await.unwrap().text("/access_token").to_owned();
    let kyc = Call::json("/v1/identity/kyc", &json!({ "cnic": citizen }))
        .with("ijazat-purpose", "KYC-101")
        .with("authorization", format!("Bearer {token}"));
    assert_eq!(bank.send(kyc).await.unwrap().status, 200);
    Day { codes: vec![code], citizen, number: submitted.to }
}

/// A passcode that is another.
fn wrong(code: &str) -> &'static str {
    if code == "271828" { "314159" } else { "271828" }
}

/// A yes by SMS after a slip, an end, a lock; and words that mean nothing here but name somebody.
async fn by_sms(scene: &Scene, bank: &mut Actor<'_>, day: &mut Day) {
    let details = json!([{
        "type": "urn:pk:ijazat:consent:1", "purpose": "KYC-101", "datatypes": ["identity.name"], "channel": "counter",
    }]);
    let fields = [
        ("scope", "openid consent"),
        ("login_hint", &format!("cnic:{}", day.citizen)),
        ("authorization_details", &details.to_string()),
        ("acr_values", "urn:nadra:acr:sms-reply"),
    ];
    let answer = bank.send(Call::form("/bc-authorize", &fields)).await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.body);
    let (reference, screen) = (answer.text("/ref"), answer.text("/screen_number"));
    let code = passcode(&scene.smsc.until_text(reference).await.unwrap().1).unwrap();
    let texts = [
        format!("OK {} {screen}", wrong(&code)),
        format!("OK {code} {screen}"),
        format!("STOP {reference}"),
        format!("my card is {} and my number {}", day.citizen, day.number),
        "LOCK".to_owned(),
    ];
    for text in texts {
        assert_eq!(u32::from(scene.smsc.deliver(message(&day.number, &text)).await.unwrap()), 0);
    }
    day.codes.push(code);
}

/// Requests that are refused because of what they hold.
async fn in_vain(bank: &mut Actor<'_>, day: &Day) {
    let citizen = &day.citizen;
    for odd in [format!("{{\"cnic\":\"{citizen}\""), format!("{{\"cnic\":\"{citizen}0\"}}"), format!("cnic={citizen}")]
    {
        let call = Call::json("/v1/identity/kyc", &json!(odd)).with("ijazat-purpose", "KYC-101");
        assert!(bank.send(call).await.unwrap().status >= 400);
    }
    assert_eq!(bank.send(Call::get(format!("/v1/persons/{citizen}"))).await.unwrap().status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn c48_no_passcode_no_card_and_no_number_is_left_behind() {
    let scene = Scene::new().await;
    let folder = scene.installation.config.node.state_dir.clone();
    let log = folder.join("complaints.log");
    let gateway = scene.serve.clone().set("OBSERVE__LEVEL", "trace").log_to(&log).start().await.unwrap();
    let stage = scene.stage(&gateway).await;
    let mut bank = stage.actor("bank-indus", Some("teller-1")).await.unwrap();
    let mut day = at_the_counter(&scene, &stage, &mut bank).await;
    by_sms(&scene, &mut bank, &mut day).await;
    in_vain(&mut bank, &day).await;
    let metrics = read(gateway.address("metrics").unwrap(), "/metrics").await;
    gateway.stop().await.unwrap();

    let (citizen, number) = (day.citizen.as_str(), day.number.as_str());
    let local = format!("0{}", number.strip_prefix("92").unwrap());
    let part = |from, to| citizen.get(from..to).unwrap();
    let dashed = format!("{}-{}-{}", part(0, 5), part(5, 12), part(12, 13));
    let secrets: Vec<&str> = day.codes.iter().map(String::as_str).chain([citizen, &dashed, &local, number]).collect();
    assert!(metrics.contains("ijazat_requests_total"), "there are metrics");
    let left = files(&folder);
    for needed in ["control.db", "index.db", "complaints.log"] {
        assert!(left.iter().any(|path| path.ends_with(needed)), "{needed} of {left:?}");
    }
    assert!(fs::metadata(&log).unwrap().len() > 1_000, "it complains at length");
    for secret in &secrets {
        assert!(!holds(metrics.as_bytes(), secret), "{secret} in the metrics");
        for path in &left {
            assert!(!holds(&fs::read(path).unwrap(), secret), "{secret} in {}", path.display());
        }
    }
}
