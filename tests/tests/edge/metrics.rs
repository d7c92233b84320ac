//! Every metric of the list moves when what it counts happens, through the real listeners, the real log, real stores.

use std::collections::BTreeMap;

use exchange::ports::directory_source::DirectorySource;
use gateway::{demo::client::Call, observe::metrics::Metrics};
use tests::world::{Flaw, World, client_certificate, until, wire::bytes_of};
use tokio::net::TcpListener;

/// Metrics that a whole gateway cannot be made to move within a test; each has its own, named here.
const MOVED_ELSEWHERE: [(&str, &str); 17] = [
    ("ijazat_certificate_expiry_days", "observe::expiry: the clock of this world stands still"),
    ("ijazat_crl_age_seconds", "observe::expiry: looked at every hour"),
    ("ijazat_directory_misregistered", "rules::registration: a bank that is called a part of the State"),
    ("ijazat_directory_stale", "phases::snapshot: a store that does not answer"),
    ("ijazat_law_generation", "rules::one_law: another law is activated"),
    ("ijazat_law_refused", "rules::one_law: a law that nobody trusted signed"),
    ("ijazat_log_disk_left_days", "adapters::log: known after a day's worth of entries"),
    ("ijazat_policy_errors_total", "rules::r5: a bundle with a policy that overflows"),
    ("ijazat_shared_quota_away", "quotas::gateway: Redis is killed"),
    ("ijazat_shared_quota_leases_total", "quotas::gateway: leases are taken"),
    ("ijazat_ledger_reconciled", "moves every ten seconds; what it tells is compared in control_contract, `reconcile`"),
    ("ijazat_ledger_differs", "what it tells is found in control_contract, `reconcile`, and in compose::reconcile"),
    ("ijazat_agencies_held", "routes::control::guessing: an agency with too many wrong passcodes"),
    ("ijazat_sms_link_down", "stories::network: a network that is not there"),
    ("ijazat_sms_pieces_total", "stories::network: messages go out"),
    ("ijazat_notifications_total", "stories::notify: an agency is told"),
    ("ijazat_quotas_alerting", "what it tells is counted in control_contract, `quotas`"),
];

/// Series of the text with their values; histograms without their buckets.
fn series(text: &str) -> BTreeMap<String, String> {
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.contains("_bucket{"));
    lines.filter_map(|line| line.rsplit_once(' ')).map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

async fn told(world: &World) -> BTreeMap<String, String> {
    series(&world.metrics().await.unwrap())
}

/// Waits until the series has the value.
async fn becomes(world: &World, name: &str, value: &str) {
    let mut last = None;
    let is = async || {
        last = told(world).await.remove(name);
        last.as_deref() == Some(value)
    };
    until(&format!("{name} is {value}"), is).await.unwrap_or_else(|error| panic!("{error}: {last:?}"));
}

/// A tax authority that takes connections and never says a word.
async fn mute() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    (listener, url)
}

/// A port at which nobody listens.
async fn nobody() -> String {
    mute().await.1
}

#[tokio::test]
async fn every_metric_of_the_list_moves_when_what_it_counts_happens() {
    let (_mute, url) = mute().await;
    let world = World::builder()
        .set("UPSTREAM__FBR__URL", url)
        .set("UPSTREAM__FBR__TIMEOUT_MS", "400")
        .set("UPSTREAM__FBR__BREAKER_FAILURES", "1")
        .start()
        .await
        .unwrap();
    let before = told(&world).await;
    let call = bytes_of(&world.taxpayer().await.unwrap());
    let stranger = client_certificate(&world, "bank-indus", Flaw::Stranger).unwrap();
    if let Ok(mut wire) = world.wire(Some(&stranger)).await {
        assert!(wire.call(&Call::get("/v1/self/whoami")).await.is_err());
    }
    becomes(&world, r#"ijazat_handshakes_failed_total{reason="untrusted"}"#, "1").await;
    let mut bank = world.agency("bank-indus").await.unwrap();
    bank.send(&call).await;
    becomes(&world, "ijazat_in_flight", "1").await;
    assert_eq!(bank.reply().await.unwrap().code(), "upstream_timeout");
    becomes(&world, "ijazat_in_flight", "0").await;
    world.serves().await.unwrap();
    let after = told(&world).await;
    let moved = |metric: &str| {
        let of = |all: &BTreeMap<String, String>| -> Vec<(String, String)> {
            let own = |name: &&String| {
                let stem = name.split('{').next().unwrap_or_default();
                [metric, &format!("{metric}_count")].contains(&stem)
            };
            all.keys().filter(own).map(|name| (name.clone(), all[name].clone())).collect()
        };
        of(&before) != of(&after)
    };
    let list = Metrics::new().unwrap().list();
    let names: Vec<&str> = list.lines().filter_map(|line| line.split(' ').next()).collect();
    let elsewhere = |name: &str| MOVED_ELSEWHERE.iter().any(|(known, _)| *known == name);
    let still: Vec<_> = names.iter().filter(|name| !moved(name) && !elsewhere(name)).collect();
    // Nobody is in flight at the end as at the beginning; what was between has been seen above.
    assert_eq!(still, [&"ijazat_directory_generation", &"ijazat_in_flight"]);
    assert!(MOVED_ELSEWHERE.iter().all(|(name, _)| names.contains(name)), "the list of exceptions only shrinks");
}

#[tokio::test]
async fn a_change_of_the_directory_is_seen_in_its_generation() {
    let world = World::start().await.unwrap();
    let generation = told(&world).await["ijazat_directory_generation"].parse::<u64>().unwrap();
    let (_, data) = DirectorySource::read(world.store.as_ref()).await.unwrap();
    world.store.replace_directory(&data).await.unwrap();
    becomes(&world, "ijazat_directory_generation", &(generation + 1).to_string()).await;
    becomes(&world, "ijazat_directory_stale", "0").await;
}

#[tokio::test]
async fn connections_are_told_by_listener_while_they_are_open() {
    let world = World::start().await.unwrap();
    let (agency, public) = (r#"ijazat_connections{listener="agency"}"#, r#"ijazat_connections{listener="public"}"#);
    becomes(&world, agency, "0").await;
    let mut held = Vec::new();
    for name in ["bank-indus", "bisp", "telco-sarhad"] {
        let mut wire = world.agency(name).await.unwrap();
        assert_eq!(wire.call(&Call::get("/v1/self/whoami")).await.unwrap().status, 200, "{name}");
        held.push(wire);
    }
    let anyone = world.stage.anyone().await.unwrap();
    becomes(&world, agency, "3").await;
    becomes(&world, public, "1").await;
    held.truncate(1);
    becomes(&world, agency, "1").await;
    drop((held, anyone));
    becomes(&world, agency, "0").await;
    becomes(&world, public, "0").await;
}

#[tokio::test]
async fn a_circuit_is_told_open_from_its_opening_until_a_call_succeeds() {
    let world = World::builder()
        .set("UPSTREAM__FBR__URL", nobody().await)
        .set("UPSTREAM__FBR__BREAKER_FAILURES", "1")
        .start()
        .await
        .unwrap();
    let circuit = r#"ijazat_circuit_open{upstream="fbr"}"#;
    becomes(&world, circuit, "0").await;
    let call = bytes_of(&world.taxpayer().await.unwrap());
    let mut bank = world.agency("bank-indus").await.unwrap();
    let first = bank.ask(&call).await.unwrap();
    assert!(first.status >= 500, "{}", first.code());
    becomes(&world, circuit, "1").await;
    assert_eq!(bank.ask(&call).await.unwrap().code(), "upstream_unavailable");
    let all = told(&world).await;
    for ours in ["registry", "control", "record"] {
        assert_eq!(all[&format!(r#"ijazat_circuit_open{{upstream="{ours}"}}"#)], "0", "{ours}");
    }
}

#[tokio::test]
async fn messages_that_wait_and_batches_that_were_synced_are_counted() {
    let world = World::start().await.unwrap();
    becomes(&world, "ijazat_sms_outbox_depth", "0").await;
    let batches = |all: &BTreeMap<String, String>, name: &str| -> u64 { all[name].parse().unwrap() };
    let before = told(&world).await;
    let mut teller = world.stage.actor("bank-indus", Some("teller-1")).await.unwrap();
    for sent in 1..=2 {
        teller.ask(world.stage.cast.citizen, "KYC-101", &["identity.name"]).await.unwrap();
        becomes(&world, "ijazat_sms_outbox_depth", &sent.to_string()).await;
    }
    // What became of the requests for consent may be told in between.
    let recorded = world.log().unwrap().durable_size();
    let after = told(&world).await;
    assert!((recorded..=world.log().unwrap().durable_size()).contains(&batches(&after, "ijazat_log_durable_size")));
    let synced = |all: &BTreeMap<String, String>| batches(all, "ijazat_log_batch_entries_count");
    assert!(synced(&after) > synced(&before));
    assert_eq!(synced(&after), batches(&after, "ijazat_log_fdatasync_seconds_count"), "one time for each sync");
    let entries: f64 = after["ijazat_log_batch_entries_sum"].parse().unwrap();
    let earlier: f64 = before["ijazat_log_batch_entries_sum"].parse().unwrap();
    let grown = batches(&after, "ijazat_log_durable_size") - batches(&before, "ijazat_log_durable_size");
    assert!((entries - earlier - f64::from(u32::try_from(grown).unwrap())).abs() < 0.5, "each entry is in one batch");
}

#[tokio::test]
async fn requests_are_told_by_service_decision_and_code() {
    let world = World::start().await.unwrap();
    let mut bank = world.agency("bank-indus").await.unwrap();
    let check = async |bank: &mut tests::world::wire::Wire, call: Call, name: &str| {
        let before = told(&world).await.remove(name).map_or(0, |value| value.parse::<u64>().unwrap());
        bank.call(&call).await.unwrap();
        becomes(&world, name, &(before + 1).to_string()).await;
    };
    let whoami = Call::get("/v1/self/whoami");
    let released = r#"ijazat_requests_total{code="ok",decision="released",service="self.whoami"}"#;
    check(&mut bank, whoami.clone(), released).await;
    check(&mut bank, whoami.clone(), released).await;
    let dry = r#"ijazat_requests_total{code="ok",decision="dry_run",service="self.whoami"}"#;
    check(&mut bank, whoami.with("ijazat-dry-run", "1"), dry).await;
    let unknown = r#"ijazat_requests_total{code="service_unknown",decision="refused",service="none"}"#;
    check(&mut bank, Call::get("/v1/no/such"), unknown).await;
    let ambiguous = r#"ijazat_requests_total{code="path_ambiguous",decision="refused",service="none"}"#;
    check(&mut bank, Call::get("/v1/self/../self/whoami"), ambiguous).await;
    let phases = told(&world).await;
    for phase in ["identify", "limit", "route", "authorise", "forward", "filter", "meter", "record"] {
        let count: u64 = phases[&format!(r#"ijazat_phase_seconds_count{{phase="{phase}"}}"#)].parse().unwrap();
        assert!(count > 0, "{phase}");
    }
}
