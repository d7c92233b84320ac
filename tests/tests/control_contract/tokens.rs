//! What the door does with tokens and approvals.

use exchange::{
    caller::Thumbprint,
    classification::Forum,
    consent::ConsentUse,
    directory::{Approval, DirectoryData},
    ids::{ApprovalId, ProgrammeId, PurposeCode},
    ports::{consent_tokens::ConsentTokens as _, directory_source::DirectorySource as _},
    timestamp::Timestamp,
};

use crate::world::{CERTIFICATE, World, request};

pub async fn of_fifty_uses_at_once_one_wins(world: &World) {
    let token = world.token("one", ConsentUse::OneTime).await.access_token;
    let uses: Vec<_> = (0..50)
        .map(|n| {
            let store = if n % 2 == 0 { &world.here } else { &world.there };
            let (store, token) = (store.clone(), token.clone());
            tokio::spawn(async move { store.consume(&token, &request(&format!("r{n}"))).await.unwrap() })
        })
        .collect();
    let mut won = 0;
    for used in uses {
        won += u32::from(used.await.unwrap());
    }
    assert_eq!(won, 1);
    assert_eq!(world.here.find(&token, CERTIFICATE).await.unwrap(), None);
}

pub async fn a_token_holds_under_its_certificate_and_for_its_time_only(world: &World) {
    let token = world.token("one", ConsentUse::OneTime).await.access_token;
    let standing = world.token("two", ConsentUse::Standing).await.access_token;
    world.here.generation().await.unwrap();
    for token in [&token, &standing] {
        assert!(world.here.find(token, CERTIFICATE).await.unwrap().is_some());
        assert_eq!(world.here.find(token, Thumbprint([8; 32])).await.unwrap(), None);
        assert!(world.here.find(token, CERTIFICATE).await.unwrap().is_some());
    }
    assert_eq!(world.here.find("unknown", CERTIFICATE).await.unwrap(), None);
    assert_eq!(world.here.find(&format!("{token}x"), CERTIFICATE).await.unwrap(), None);
    world.clock.advance(119);
    assert!(world.here.find(&token, CERTIFICATE).await.unwrap().is_some());
    world.clock.advance(1);
    assert_eq!(world.here.find(&token, CERTIFICATE).await.unwrap(), None);
    assert!(!world.here.consume(&token, &request("late")).await.unwrap());
    world.clock.advance(10 * 24 * 3600 - 121);
    assert!(world.here.find(&standing, CERTIFICATE).await.unwrap().is_some());
    world.clock.advance(1);
    assert_eq!(world.here.find(&standing, CERTIFICATE).await.unwrap(), None);
    assert!(!world.here.consume(&standing, &request("late")).await.unwrap());
}

pub async fn what_released_nothing_is_given_back_to_its_request_only(world: &World) {
    let token = world.token("one", ConsentUse::OneTime).await.access_token;
    assert!(world.here.consume(&token, &request("first")).await.unwrap());
    world.there.restore(&token, &request("stranger")).await.unwrap();
    assert!(!world.there.consume(&token, &request("second")).await.unwrap());
    world.there.restore(&token, &request("first")).await.unwrap();
    assert!(world.there.find(&token, CERTIFICATE).await.unwrap().is_some());
    assert!(world.there.consume(&token, &request("second")).await.unwrap());
    assert!(!world.here.consume(&token, &request("first")).await.unwrap());
}

pub async fn a_standing_consent_is_used_often_and_ends_everywhere_when_revoked(world: &World) {
    let issued = world.token("one", ConsentUse::Standing).await;
    let token = issued.access_token;
    for store in [&world.here, &world.there] {
        store.generation().await.unwrap();
        for n in 0..5 {
            assert!(store.find(&token, CERTIFICATE).await.unwrap().is_some());
            assert!(store.consume(&token, &request(&format!("r{n}"))).await.unwrap());
        }
    }
    assert!(world.here.revoke_consent(&issued.consent).await.unwrap());
    // At once where it was revoked; elsewhere as soon as the generation is asked, or a second has passed without asking.
    assert_eq!(world.here.find(&token, CERTIFICATE).await.unwrap(), None);
    assert!(!world.here.consume(&token, &request("after")).await.unwrap());
    assert!(world.there.find(&token, CERTIFICATE).await.unwrap().is_some(), "the other store remembers nothing");
    world.there.generation().await.unwrap();
    assert_eq!(world.there.find(&token, CERTIFICATE).await.unwrap(), None);
}

pub async fn a_paused_consent_holds_nothing_until_it_goes_on(world: &World) {
    let token = world.token("one", ConsentUse::Standing).await.access_token;
    world.there.generation().await.unwrap();
    assert!(world.there.find(&token, CERTIFICATE).await.unwrap().is_some());
    assert_eq!(world.here.pause_consents(world.subject()).await.unwrap(), 1);
    // Nobody asks for the generation any more: after a second nothing remembered is believed.
    world.clock.advance(2);
    assert_eq!(world.there.find(&token, CERTIFICATE).await.unwrap(), None);
    assert_eq!(world.here.resume_consents(world.subject()).await.unwrap(), 1);
    let facts = world.there.find(&token, CERTIFICATE).await.unwrap().unwrap();
    assert_eq!(facts.revision, 3);
}

pub async fn a_programme_is_used_as_often_as_it_may_be_in_each_window(world: &World) {
    let id = ProgrammeId::parse("prog-monthly").unwrap();
    let (november, december) = (Timestamp::from_micros(1_000_000), Timestamp::from_micros(2_000_000));
    let mut won = Vec::new();
    for n in 0..10 {
        let store = if n % 2 == 0 { &world.here } else { &world.there };
        if store.use_programme(&id, (november, 3), &request(&format!("r{n}"))).await.unwrap() {
            won.push(n);
        }
    }
    assert_eq!(won, [0, 1, 2]);
    assert!(world.there.use_programme(&id, (december, 1), &request("r20")).await.unwrap(), "another window");
    let other = ProgrammeId::parse("prog-other").unwrap();
    assert!(world.there.use_programme(&other, (november, 1), &request("r21")).await.unwrap(), "another programme");
    world.here.restore_programme(&id, &request("r9")).await.unwrap();
    assert!(!world.here.use_programme(&id, (november, 3), &request("r22")).await.unwrap(), "it had used nothing");
    world.here.restore_programme(&id, &request("r1")).await.unwrap();
    assert!(world.there.use_programme(&id, (november, 3), &request("r23")).await.unwrap());
    assert!(!world.here.use_programme(&id, (november, 3), &request("r24")).await.unwrap());
    assert!(!world.here.use_programme(&id, (november, 0), &request("r25")).await.unwrap());
}

pub async fn an_approval_is_used_once_and_leaves_the_directory(world: &World) {
    let id = ApprovalId::parse("board-7").unwrap();
    let approval = Approval {
        id: id.clone(),
        agency: world.bank.clone(),
        forum: Forum::BispBoard,
        purpose: PurposeCode::parse("KYC-101").unwrap(),
        datatypes: Vec::new(),
        template: None,
        services: Vec::new(),
        valid_from: Timestamp::from_micros(0),
        valid_until: Timestamp::from_micros(1),
    };
    let data = DirectoryData { approvals: vec![approval], ..DirectoryData::default() };
    world.here.replace_directory(&data).await.unwrap();
    assert!(!world.here.use_approval(&ApprovalId::parse("board-8").unwrap(), &request("r0")).await.unwrap());
    let mut won = 0;
    for n in 0..10 {
        let store = if n % 2 == 0 { &world.here } else { &world.there };
        won += u32::from(store.use_approval(&id, &request(&format!("r{n}"))).await.unwrap());
    }
    assert_eq!(won, 1);
    assert!(world.there.read().await.unwrap().1.approvals.is_empty());
    world.here.restore_approval(&id, &request("r5")).await.unwrap();
    assert!(!world.here.use_approval(&id, &request("r11")).await.unwrap());
    world.here.restore_approval(&id, &request("r0")).await.unwrap();
    assert_eq!(world.there.read().await.unwrap().1.approvals.len(), 1);
    assert!(world.there.use_approval(&id, &request("r12")).await.unwrap());
    world.here.replace_directory(&data).await.unwrap();
    assert!(!world.here.use_approval(&id, &request("r13")).await.unwrap(), "a new directory revived a used approval");
}
