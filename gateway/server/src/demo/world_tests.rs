//! The stage is made anew, of known parts only, and nothing of anybody else is ever cleared away.

use std::os::unix::fs::PermissionsExt as _;

use exchange::ports::directory_source::DirectorySource as _;
use registry_core::population::Population;

use super::*;
use crate::pki::testing::Folder;

fn config(state: &Folder) -> Config {
    Config::load(None, [("IJAZAT__NODE__STATE_DIR".to_owned(), state.path().display().to_string())]).unwrap()
}

#[test]
fn a_folder_that_the_demo_made_is_made_anew_and_any_other_is_left_alone() {
    let root = Folder::new();
    let state = root.path().join("state");
    fresh(&state).unwrap();
    assert!(state.join(MARK).exists());
    fs::create_dir_all(state.join("keys")).unwrap();
    fs::write(state.join("keys/log.key"), "old").unwrap();
    fresh(&state).unwrap();
    let left: Vec<_> = fs::read_dir(&state).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, [MARK], "what an earlier demo left is gone");

    let theirs = root.path().join("theirs");
    fs::create_dir_all(&theirs).unwrap();
    fresh(&theirs).unwrap();
    fs::remove_file(theirs.join(MARK)).unwrap();
    fs::write(theirs.join("thesis.txt"), "years of work").unwrap();
    let told = fresh(&theirs).unwrap_err().to_string();
    assert!(told.contains("holds something that the demo did not make: name another with --state"), "{told}");
    assert!(told.contains(&theirs.display().to_string()), "{told}");
    assert_eq!(fs::read_to_string(theirs.join("thesis.txt")).unwrap(), "years of work");
    assert!(!theirs.join(MARK).exists());
}

#[test]
fn a_folder_that_a_running_gateway_has_open_is_left_alone() {
    let root = Folder::new();
    let state = root.path().join("state");
    fresh(&state).unwrap();
    fs::create_dir_all(state.join("log")).unwrap();
    let lock = fs::File::create(state.join("log/lock")).unwrap();
    lock.lock().unwrap();
    let told = fresh(&state).unwrap_err().to_string();
    assert!(told.contains("is in use by a running gateway") && told.contains("--state"), "{told}");
    assert!(state.join("log/lock").exists());
    lock.unlock().unwrap();
    fresh(&state).unwrap();
    assert!(!state.join("log").exists());
}

#[test]
fn an_installation_that_serves_is_not_mistaken_for_a_demo() {
    let state = Folder::new();
    let world = World::host();
    Keys::open(&config(&state), world.entropy.as_ref()).unwrap();
    assert!(fresh(state.path()).is_err());
    assert!(state.path().join("keys/log.key").exists());
}

#[test]
fn a_file_in_the_way_is_told() {
    let root = Folder::new();
    fs::write(root.path().join("state"), "x").unwrap();
    let told = fresh(&root.path().join("state")).unwrap_err();
    assert_eq!(told.what, "state folder");
    assert_eq!(fs::read_to_string(root.path().join("state")).unwrap(), "x");
}

#[test]
fn each_agency_gets_a_certificate_that_names_it_and_a_key_for_its_owner_only() {
    let state = Folder::new();
    let config = config(&state);
    let host = World::host();
    let made = certificates(&config, &host).unwrap();
    assert_eq!(made.len(), AGENCIES.len());
    let authority = Authorities::load(&state.path().join("pki")).unwrap().client;
    let mut serials = std::collections::BTreeSet::new();
    for agency in AGENCIES {
        let credential = &made[agency];
        let facts = facts(&credential.certificate).unwrap();
        assert_eq!(facts.agency.as_ref().map(AgencyId::as_str), Some(agency));
        let left = facts.days_left(host.clock.now());
        assert!((DAYS - 1..=DAYS).contains(&left), "{agency}: {left} days");
        assert!(serials.insert(facts.serial), "{agency} shares a serial");
        // Only what this authority issued can be renewed by it.
        let validity = Validity::days(host.clock.now(), 1).unwrap();
        authority.renew_client(&credential.certificate, validity, host.entropy.as_ref()).unwrap();
        let certs = state.path().join("certs");
        assert_eq!(fs::read_to_string(certs.join(format!("{agency}.pem"))).unwrap(), credential.certificate);
        let key = certs.join(format!("{agency}.key"));
        assert_eq!(fs::read_to_string(&key).unwrap(), credential.key);
        assert_eq!(fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600, "{agency}");
    }
}

#[tokio::test]
async fn every_key_is_registered_for_its_agency_and_the_officer_may_sign() {
    let state = Folder::new();
    let (config, world) = (config(&state), World::host());
    let made = certificates(&config, &world).unwrap();
    let officer = register(&config, &world, &made).await.unwrap();
    let keys = Keys::open(&config, world.entropy.as_ref()).unwrap();
    let store = stores::control(&config, &world, &keys).await.unwrap();
    let (_, directory) = store.read().await.unwrap();
    for agency in AGENCIES {
        let spki = facts(&made[agency].certificate).unwrap().spki_sha256;
        let entry = directory.agencies.iter().find(|entry| entry.id.as_str() == agency).unwrap();
        assert_eq!(entry.keys, [spki], "{agency}");
    }
    let signers: Vec<_> = directory.users.iter().filter(|user| user.assertion_key.is_some()).collect();
    let [signer] = signers[..] else { panic!("{} users may sign", signers.len()) };
    assert_eq!((signer.agency.as_str(), signer.id.as_str()), ("bisp", "power-1"));
    let pair = rcgen::KeyPair::from_pem(&officer).unwrap();
    assert_eq!(signer.assertion_key.as_deref(), Some(pair.public_key_pem().as_str()));
}

#[tokio::test]
async fn a_registrar_revokes_whom_the_story_names_and_nobody_else() {
    let state = Folder::new();
    let world = World::host();
    let credentials = certificates(&config(&state), &world).unwrap();
    let serial = |agency: &str| facts(&credentials[agency].certificate).unwrap().serial;
    let registrar = Registrar { state: state.path().to_owned(), credentials: credentials.clone(), world };
    let told = registrar.revoke("nobody").await.unwrap_err().to_string();
    assert_eq!(told, "revoke: no such agency");
    registrar.revoke("telco-sarhad").await.unwrap();
    let ca = Authorities::load(&state.path().join("pki")).unwrap().client;
    for agency in AGENCIES {
        assert_eq!(ca.is_revoked(&serial(agency)).unwrap(), agency == "telco-sarhad", "{agency}");
    }
}

#[test]
fn the_cast_is_of_different_people_and_too_small_a_population_has_none() {
    let seeded = |persons| seed::Seeded {
        persons,
        households: 0,
        contacts: 0,
        notable: Population::new(registry_core::population::DEMO_SEED, persons).notable(),
    };
    let cast_of = cast(&seeded(2_000)).unwrap();
    let people = [cast_of.citizen, cast_of.head, cast_of.dying, cast_of.taxpayer].map(exchange::cnic::Cnic::digits);
    let distinct: std::collections::BTreeSet<_> = people.iter().collect();
    assert_eq!(distinct.len(), 4, "{people:?}");
    let told = cast(&seed::Seeded { notable: None, ..seeded(1) }).unwrap_err().to_string();
    assert_eq!(told, "cannot start: cast: the population is too small for the story: use at least 2000 persons");
}

#[tokio::test]
async fn a_taxpayer_service_that_does_not_come_up_is_told() {
    let state = Folder::new();
    let config = config(&state);
    for (binary, why) in [("/no/such/binary", "No such file"), ("/bin/true", "invalid socket address")] {
        let told = tax_service(PathBuf::from(binary), &config, Manner::Honest).await.unwrap_err();
        assert_eq!(told.what, "taxpayer service");
        assert!(told.why.contains(why), "{binary}: {}", told.why);
    }
}
