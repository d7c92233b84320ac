//! A process comes up whole or not at all, and what it stood on is free again when it has stopped.

use std::{collections::BTreeSet, fs};

use super::*;
use crate::pki::testing::Folder;

/// A plan on free ports over a state folder of the test's own.
fn config(state: &Folder, further: &[(&str, &str)]) -> Config {
    crate::tls::install_provider();
    let folder = state.path().display().to_string();
    let usual = [
        ("NODE__STATE_DIR", folder.as_str()),
        ("LISTEN__AGENCY", "127.0.0.1:0"),
        ("LISTEN__PUBLIC", "127.0.0.1:0"),
        ("LISTEN__OPS", "127.0.0.1:0"),
        ("LISTEN__DRAIN_TIMEOUT_MS", "1000"),
        ("LOG__SEGMENT_MIB", "1"),
    ];
    let env = usual.iter().chain(further).map(|(name, value)| (format!("IJAZAT__{name}"), (*value).to_owned()));
    Config::load(None, env).unwrap()
}

async fn refused(config: &Config) -> ComposeError {
    start(config.clone(), World::host()).await.unwrap_err()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_stopped_leaves_state_and_ports_to_the_next() {
    let state = Folder::new();
    let config = config(&state, &[]);
    let mut addresses = Vec::new();
    for _ in 0..2 {
        let running = start(config.clone(), World::host()).await.unwrap();
        let all = [running.agency_address(), running.public_address(), running.ops_address()].map(Option::unwrap);
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), 3);
        assert!(running.internal_addresses().is_empty());
        assert!(running.access_log().is_some());
        running.stop().await;
        addresses.extend(all);
    }
    for address in addresses {
        std::net::TcpListener::bind(address).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_on_one_state_are_one_and_a_refusal() {
    let state = Folder::new();
    let config = config(&state, &[]);
    let first = start(config.clone(), World::host()).await.unwrap();
    let second = refused(&config).await;
    assert_eq!(second.what, "access log");
    assert!(second.why.contains("in use by another process"), "{second}");
    first.access_log().unwrap().healthy().unwrap();
    first.stop().await;
    start(config, World::host()).await.unwrap().stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_cannot_start_is_named_and_takes_the_others_down_with_it() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for (name, what) in
        [("LISTEN__AGENCY", "agency listener"), ("LISTEN__PUBLIC", "public listener"), ("LISTEN__OPS", "ops listener")]
    {
        let state = Folder::new();
        let told = refused(&config(&state, &[(name, &address)])).await;
        assert_eq!(told.what, what, "{told}");
        // The log and the other listeners were open by then, and are free again.
        start(config(&state, &[]), World::host()).await.unwrap().stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_service_listens_inside_only_where_no_gateway_stands_beside_it() {
    let inside = [("LISTEN__INTERNAL_CONTROL", "127.0.0.1:0"), ("LISTEN__INTERNAL_REGISTRY", "127.0.0.1:0")];
    for (roles, listeners) in
        [("control", 1), ("registry", 1), ("control,registry", 2), ("worker", 0), ("gateway,control,registry", 0)]
    {
        let state = Folder::new();
        let plan = config(&state, &[&inside[..], &[("NODE__ROLES", roles)]].concat());
        let running = start(plan, World::host()).await.unwrap();
        assert_eq!(running.internal_addresses().len(), listeners, "{roles}");
        let gateway = roles.contains("gateway");
        assert_eq!(running.agency_address().is_some(), gateway, "{roles}");
        assert_eq!(running.public_address().is_some(), gateway, "{roles}");
        assert_eq!(running.access_log().is_some(), gateway, "{roles}");
        assert!(running.ops_address().is_some(), "{roles}: metrics and health are everywhere");
        running.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_permit_key_that_is_missing_or_exposed_stops_a_service_and_is_named() {
    use std::os::unix::fs::PermissionsExt as _;
    let state = Folder::new();
    let env =
        [("NODE__ROLES", "registry"), ("LISTEN__INTERNAL_REGISTRY", "127.0.0.1:0"), ("NODE__DEVELOPMENT", "true")];
    start(config(&state, &env), World::host()).await.unwrap().stop().await;
    let key = state.path().join("keys/permit.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    let told = refused(&config(&state, &env)).await;
    assert!(told.what == "permit key" && told.why.contains("set mode 0600"), "{told}");
    fs::remove_file(&key).unwrap();
    let production = [env[0], env[1], ("NODE__DEVELOPMENT", "false")];
    let told = refused(&config(&state, &production)).await;
    assert!(told.what == "permit key" && told.why.contains("permit.key"), "{told}");
    assert!(!key.exists(), "in production nobody makes it");
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_of_the_outer_listeners_are_read_before_anything_listens() {
    for (file, what) in [
        ("server.pem", "server certificate"),
        ("server.key", "server certificate"),
        ("client-ca.pem", "client authorities"),
        ("client-ca.crl", "client authorities"),
    ] {
        let state = Folder::new();
        let plan = config(&state, &[]);
        pki::ensure(&plan, &World::host()).unwrap();
        fs::write(state.path().join("pki").join(file), "junk").unwrap();
        // In production nothing is mended or made anew.
        let told = refused(&config(&state, &[("NODE__DEVELOPMENT", "false")])).await;
        assert_eq!(told.what, what, "{file}: {told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upstream_of_which_a_file_is_broken_is_told_by_its_part() {
    let state = Folder::new();
    pki::ensure(&config(&state, &[]), &World::host()).unwrap();
    let at = |name: &str| state.path().join("pki").join(name).display().to_string();
    fs::write(state.path().join("pki/junk"), "junk").unwrap();
    let (ca, cert, key, junk) = (at("internal-ca.pem"), at("internal.pem"), at("internal.key"), at("junk"));
    let check = async |ca: &str, cert: &str, key: &str, what: &str| {
        let env = [
            ("UPSTREAM__FBR__URL", "https://127.0.0.1:1"),
            ("UPSTREAM__FBR__CA", ca),
            ("UPSTREAM__FBR__CLIENT_CERT", cert),
            ("UPSTREAM__FBR__CLIENT_KEY", key),
        ];
        let told = refused(&config(&state, &env)).await;
        assert_eq!(told.what, what, "{told}");
    };
    check(&at("absent"), &cert, &key, "upstream certificate").await;
    check(&ca, &cert, &junk, "upstream client key").await;
    check(&ca, &cert, &at("server.key"), "upstream client certificate").await;
    check(&ca, &at("absent"), &key, "upstream certificate").await;
    let sound = [
        ("UPSTREAM__FBR__URL", "https://127.0.0.1:1"),
        ("UPSTREAM__FBR__CA", ca.as_str()),
        ("UPSTREAM__FBR__CLIENT_CERT", cert.as_str()),
        ("UPSTREAM__FBR__CLIENT_KEY", key.as_str()),
    ];
    // An upstream that is down stops no start: its circuit deals with that.
    start(config(&state, &sound), World::host()).await.unwrap().stop().await;
    assert!(!junk.is_empty());
}

#[test]
fn the_sample_directory_holds_together() {
    let data = sample::directory().unwrap();
    let agencies: BTreeSet<_> = data.agencies.iter().map(|agency| agency.id.as_str()).collect();
    assert_eq!(agencies.len(), data.agencies.len(), "no agency twice");
    assert!(crate::demo::world::AGENCIES.iter().all(|agency| agencies.contains(agency)));
    assert!(data.agencies.iter().all(|agency| agency.keys.is_empty()), "whoever makes a certificate registers its key");
    let users: BTreeSet<_> = data.users.iter().map(|user| (user.agency.as_str(), user.id.as_str())).collect();
    assert_eq!(users.len(), data.users.len(), "no user twice");
    for user in &data.users {
        assert!(agencies.contains(user.agency.as_str()), "{} belongs to nobody", user.id);
        assert!(!user.disabled && user.assertion_key.is_none(), "{}", user.id);
    }
    for agreement in &data.agreements {
        assert!(agencies.contains(agreement.agency.as_str()), "{} is with nobody", agreement.id);
        assert!(!agreement.revoked, "{}", agreement.id);
    }
    assert!(data.revoked_serials.is_empty());
}

#[test]
fn the_sample_rate_books_say_that_they_are_samples_and_price_the_whole_law() {
    let books = sample::directory().unwrap().rate_books;
    let versions: BTreeSet<_> = books.iter().map(|book| book.version.clone()).collect();
    assert_eq!(versions.len(), books.len(), "no version twice");
    assert!(!books.is_empty() && books.iter().all(|book| book.sample));
    let catalogue = exchange::decision::Decider::catalogue(&policies::Bundle::embedded().unwrap());
    assert_eq!(exchange::tariff::unpriced(books.iter(), catalogue.services()), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_store_in_development_begins_with_the_sample_and_in_production_with_nothing() {
    use exchange::ports::directory_source::DirectorySource as _;
    let read = async |development: &str| {
        let state = Folder::new();
        let plan = config(&state, &[("NODE__DEVELOPMENT", development)]);
        let world = World::host();
        let keys = Keys::open(&plan, world.entropy.as_ref()).unwrap();
        let store = stores::control(&plan, &world, &keys).await.unwrap();
        let first = store.read().await.unwrap();
        // Opened again, a store that has a directory keeps it.
        let again = stores::control(&plan, &world, &keys).await.unwrap().read().await.unwrap();
        assert_eq!(first.0, again.0, "no new generation by opening");
        first.1
    };
    assert_eq!(read("false").await.agencies.len(), 0);
    let (mut sample, made) = (sample::directory().unwrap(), read("true").await);
    assert_eq!(made.agencies.len(), sample.agencies.len());
    sample.agencies.sort_by(|a, b| a.id.as_str().cmp(b.id.as_str()));
    assert_eq!(made.agencies, sample.agencies);
}

#[tokio::test(flavor = "multi_thread")]
async fn seeding_tells_its_progress_and_refuses_people_who_are_there() {
    let state = Folder::new();
    let (plan, world) = (config(&state, &[]), World::host());
    let mut seen = Vec::new();
    let seeded = seed::seed(&plan, &world, 4_500, 3, |done| seen.push(done)).await.unwrap();
    assert_eq!(seeded.persons, 4_500);
    assert_eq!((seen.len(), seen.last()), (3, Some(&4_500)), "batch by batch: {seen:?}");
    assert!(seen.is_sorted_by(|a, b| a < b) && seen[0] < 2_200, "families stay together: {seen:?}");
    assert!(seeded.contacts > 0 && seeded.contacts < seeded.persons);
    let mut again = Vec::new();
    let told = seed::seed(&plan, &world, 4_500, 3, |done| again.push(done)).await.unwrap_err();
    assert_eq!((told.what, again.len()), ("registry database", 0), "{told}");
    assert!(told.why.contains("already"), "{told}");
}

#[test]
fn what_an_operator_reads_names_part_and_reason() {
    let told = ComposeError::of("registry database")("it is locked");
    assert_eq!(told.to_string(), "cannot start: registry database: it is locked");
}
