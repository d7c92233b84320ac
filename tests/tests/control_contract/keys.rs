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
