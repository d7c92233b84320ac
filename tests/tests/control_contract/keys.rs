//! Keys and numbers of citizens.

use adapters::{entropy::SystemEntropy, sql::control::Contact};
use exchange::{
    cnic::Cnic, consent::message::Language, mobile::Mobile, ports::citizen_keys::CitizenKeys as _,
    ports::directory_source::DirectorySource as _,
};

use crate::world::World;

pub async fn a_citizen_has_one_key_until_it_is_destroyed(world: &World) {
    let subject = world.subject();
    let other = world.here.subject_key(Cnic::parse("4210112345672").unwrap());
    assert_ne!(subject, other);
    let makers: Vec<_> = (0..20)
        .map(|n| {
            let store = if n % 2 == 0 { world.here.clone() } else { world.there.clone() };
            tokio::spawn(async move { store.key(subject).await.unwrap().unwrap() })
        })
        .collect();
    let mut keys = Vec::new();
    for maker in makers {
        keys.push(maker.await.unwrap());
    }
    let sealed = keys[0].seal(&SystemEntropy::default(), b"place", b"secret").unwrap();
    assert!(keys.iter().all(|key| key.open(b"place", &sealed).is_ok()), "two keys for one citizen");
    let stranger = world.here.key(other).await.unwrap().unwrap();
    assert!(stranger.open(b"place", &sealed).is_err());
    for store in [&world.here, &world.there] {
        store.generation().await.unwrap();
        assert!(store.key(subject).await.unwrap().is_some());
    }
    world.here.destroy(subject).await.unwrap();
    assert!(world.here.key(subject).await.unwrap().is_none());
    world.there.generation().await.unwrap();
    assert!(world.there.key(subject).await.unwrap().is_none());
    let unborn = world.here.subject_key(Cnic::parse("4210112345673").unwrap());
    world.here.destroy(unborn).await.unwrap();
    assert!(world.there.key(unborn).await.unwrap().is_none(), "a destroyed citizen got a key");
}

pub async fn a_number_is_found_by_its_citizen_only(world: &World) {
    let subject = world.subject();
    assert_eq!(world.here.contact(subject).await.unwrap(), None);
    world.here.set_contact(subject, World::contact()).await.unwrap();
    let urdu = Contact { mobile: Mobile::parse("03451112223").unwrap(), language: Language::Urdu };
    let other = world.here.subject_key(Cnic::parse("4210112345672").unwrap());
    world.here.set_contacts(&[(other, urdu)]).await.unwrap();
    assert_eq!(world.there.contact(subject).await.unwrap(), Some(World::contact()));
    assert_eq!(world.there.contact(other).await.unwrap(), Some(urdu));
    world.there.set_contact(subject, urdu).await.unwrap();
    assert_eq!(world.here.contact(subject).await.unwrap(), Some(urdu));
}

pub async fn a_citizens_key_is_one_however_many_ask_first(world: &World) {
    for round in 0..5 {
        let subject = world.here.subject_key(Cnic::from_u64(4_210_112_340_000 + round).unwrap());
        let keys = world.at_once(24, |store, _| async move { store.key(subject).await.unwrap().unwrap() }).await;
        let sealed = keys[0].seal(&SystemEntropy::default(), b"place", b"secret").unwrap();
        assert!(keys.iter().all(|key| key.open(b"place", &sealed).is_ok()), "two keys in round {round}");
        let reopened = world.open([1, 2, 3]).await.unwrap();
        assert!(reopened.key(subject).await.unwrap().unwrap().open(b"place", &sealed).is_ok(), "not durable");
        reopened.database().close().await;
    }
}

pub async fn a_key_asked_for_while_it_is_destroyed_does_not_come_back(world: &World) {
    for round in 0..5 {
        let subject = world.here.subject_key(Cnic::from_u64(4_210_112_350_000 + round).unwrap());
        let asked = world.at_once(16, |store, n| async move {
            store.generation().await.unwrap();
            match n {
                7 => store.destroy(subject).await.unwrap(),
                _ => drop(store.key(subject).await.unwrap()),
            }
        });
        asked.await;
        for store in [&world.here, &world.there] {
            store.generation().await.unwrap();
            assert!(store.key(subject).await.unwrap().is_none(), "round {round}");
        }
        world.there.destroy(subject).await.unwrap();
        assert!(world.here.key(subject).await.unwrap().is_none(), "twice destroyed is destroyed");
    }
}

pub async fn a_destroyed_key_is_forgotten_elsewhere_within_a_second(world: &World) {
    let subject = world.subject();
    world.there.generation().await.unwrap();
    assert!(world.there.key(subject).await.unwrap().is_some());
    world.here.destroy(subject).await.unwrap();
    assert!(world.there.key(subject).await.unwrap().is_some(), "nothing is remembered: this test shows nothing");
    world.clock.advance_us(1_001_000);
    assert!(world.there.key(subject).await.unwrap().is_none());
}

pub async fn destruction_of_one_citizens_key_leaves_the_others(world: &World) {
    let subjects: Vec<_> =
        (0..6).map(|n| world.here.subject_key(Cnic::from_u64(4_210_112_360_000 + n).unwrap())).collect();
    let mut sealed = Vec::new();
    for subject in &subjects {
        let key = world.here.key(*subject).await.unwrap().unwrap();
        sealed.push(key.seal(&SystemEntropy::default(), b"place", b"secret").unwrap());
    }
    world.there.destroy(subjects[2]).await.unwrap();
    world.here.generation().await.unwrap();
    for (n, subject) in subjects.iter().enumerate() {
        let key = world.here.key(*subject).await.unwrap();
        assert_eq!(key.is_none(), n == 2, "{n}");
        if let Some(key) = key {
            let opened: Vec<_> = sealed.iter().map(|sealed| key.open(b"place", sealed).is_ok()).collect();
            assert_eq!(opened.iter().filter(|opened| **opened).count(), 1, "{n}");
            assert!(opened[n], "{n}");
        }
    }
}

pub async fn a_citizens_digest_is_a_function_of_number_and_lookup_key(world: &World) {
    let number = Cnic::parse("4210112345671").unwrap();
    assert_eq!(world.here.subject_key(number), world.there.subject_key(number));
    let digests: std::collections::HashSet<_> =
        (0..500).map(|n| world.here.subject_key(Cnic::from_u64(4_210_112_000_000 + n).unwrap())).collect();
    assert_eq!(digests.len(), 500);
    let plain = world.subject().to_hex();
    assert!(!plain.contains("4210112345671") && plain.len() == 64);
}

pub async fn many_numbers_are_kept_and_each_opens_under_its_citizen(world: &World) {
    let contact = |n: u64| Contact {
        mobile: Mobile::parse(&format!("0300{:07}", 1_000_000 + n)).unwrap(),
        language: if n.is_multiple_of(3) { Language::Urdu } else { Language::English },
    };
    let subject = |n: u64| world.here.subject_key(Cnic::from_u64(4_210_112_370_000 + n).unwrap());
    let all: Vec<_> = (0..120).map(|n| (subject(n), contact(n))).collect();
    world.here.set_contacts(&all).await.unwrap();
    world.there.set_contacts(&[]).await.unwrap();
    // The same citizen twice in one unit of work: the later number counts.
    world.there.set_contacts(&[(subject(5), contact(70)), (subject(5), contact(71))]).await.unwrap();
    for n in 0..120 {
        let expected = if n == 5 { contact(71) } else { contact(n) };
        assert_eq!(world.here.contact(subject(n)).await.unwrap(), Some(expected), "{n}");
    }
    assert_eq!(world.here.contact(subject(120)).await.unwrap(), None);
    if let Some(dump) = world.dump() {
        for n in [0, 1, 71, 119] {
            let text = contact(n).mobile.e164();
            assert!(!dump.windows(text.len()).any(|window| window == text.as_bytes()), "a number stands in the file");
        }
    }
}
