//! Rule 7: no personal data in logs, metrics, traces or the hashed leaf. `observe::logs` reads every log call of the
//! workspace; here a story is played with the operators' log at its most talkative, and everything that a stranger could
//! read is searched for everybody and everything in it.

use std::{
    fs, io,
    path::Path,
    sync::{Arc, Mutex},
};

use gateway::demo::client::Call;
use serde_json::{Value, json};
use tests::world::World;
use tracing_subscriber::{EnvFilter, fmt::MakeWriter};

/// What the process said, kept.
#[derive(Clone, Default)]
struct Said(Arc<Mutex<Vec<u8>>>);

impl io::Write for Said {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'w> MakeWriter<'w> for Said {
    type Writer = Self;

    fn make_writer(&'w self) -> Self {
        self.clone()
    }
}

/// Every text of an answer that tells of somebody: words of at least four letters or digits.
fn texts(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) if text.chars().count() >= 4 => found.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
        Value::Object(members) => members.values().for_each(|item| texts(item, found)),
        _ => {}
    }
}

/// What nobody may find: numbers, names, addresses, mobiles, passcodes, tokens.
async fn story(world: &World) -> Vec<String> {
    let cast = &world.stage.cast;
    let mut secrets: Vec<String> = Vec::new();
    for cnic in [cast.citizen, cast.head, cast.dying, cast.taxpayer] {
        let digits = cnic.digits();
        let (first, rest) = digits.split_at(5);
        let (middle, last) = rest.split_at(7);
        secrets.push(format!("{first}-{middle}-{last}"));
        secrets.push(digits);
    }
    let mut teller = world.stage.actor("bank-indus", Some("teller-1")).await.unwrap();
    let datatypes = ["identity.name", "identity.parentage", "identity.birth", "identity.address"];
    let granted = teller.consent(cast.citizen, "KYC-101", &datatypes).await.unwrap();
    let kyc = Call::json("/v1/identity/kyc", &json!({ "cnic": cast.citizen.digits() }))
        .with("ijazat-purpose", "KYC-101")
        .with("authorization", format!("Bearer {}", granted.token));
    let answer = teller.send(kyc.clone()).await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.code());
    texts(&answer.body["data"], &mut secrets);
    assert!(teller.send(kyc).await.unwrap().status >= 400);
    let household = world.ask("bisp", world.household()).await.unwrap();
    assert_eq!(household.status, 200, "{}", household.code());
    for member in household.body["data"]["household"]["members"].as_array().unwrap() {
        secrets.extend(member["name"].as_str().map(str::to_owned));
    }
    let wrong = teller.give(&granted.asked, "000000").await.unwrap();
    assert!(wrong.status >= 400);
    let bad = Call::json("/v1/identity/kyc", &json!({ "cnic": "42101-7654321-9x", "Ghulam Abbas": 1 }));
    assert!(teller.send(bad.with("ijazat-purpose", "KYC-101")).await.unwrap().status >= 400);
    secrets.extend(["42101-7654321-9x".to_owned(), "Ghulam Abbas".to_owned(), "Sample Teller".to_owned()]);
    for sms in world.store.outbox(10).await.unwrap() {
        // As written abroad and at home: the number itself is what both end in.
        let mobile = sms.to.e164();
        secrets.push(mobile.chars().skip(3).collect());
        secrets.push(sms.text);
    }
    secrets.extend([granted.passcode, granted.token, granted.asked.id]);
    secrets
}

/// Whether the text stands somewhere in the bytes.
fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

fn files(folder: &Path) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() {
            all.extend(files(&entry.path()));
        } else {
            all.push(fs::read(entry.path()).unwrap());
        }
    }
    all
}

#[tokio::test]
async fn nobody_is_found_in_logs_metrics_or_leaves() {
    let said = Said::default();
    let filter = EnvFilter::new("info,gateway=trace,adapters=trace,exchange=trace,policies=trace,registry_core=trace");
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(said.clone()).with_ansi(false).init();
    let world = World::start().await.unwrap();
    let secrets = story(&world).await;
    assert!(secrets.len() > 15, "there must be something to find");
    let metrics = world.metrics().await.unwrap();
    assert!(metrics.contains("identity.kyc"), "the metrics tell of the requests");
    let said = said.0.lock().unwrap().clone();
    let recorded = world.recorded().unwrap();
    assert!(recorded.len() > 8);
    let log = files(&world.config.log.dir);
    for secret in &secrets {
        assert!(!holds(&said, secret), "the operators' log holds `{secret}`");
        assert!(!holds(metrics.as_bytes(), secret), "the metrics hold `{secret}`");
        assert!(!recorded.iter().any(|entry| holds(&entry.bytes, secret)), "a leaf holds `{secret}`");
        assert!(!log.iter().any(|file| holds(file, secret)), "a file of the access log holds `{secret}`");
    }
}
