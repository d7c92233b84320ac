//! Many at once, through two stores as through two processes: of those who may not share, one wins.

use std::sync::Arc;

use adapters::sql::control::Polled;
use exchange::{
    consent::{
        ConsentUse,
        machine::{PasscodeAnswer, PollAnswer},
    },
    ports::consent_tokens::ConsentTokens as _,
};

use crate::world::{CERTIFICATE, PASSCODE, World, count, passcode, request};

/// The winner's token, if there is one, and how often each other answer came.
async fn polls(world: &World, id: &'static str, times: usize) -> (Vec<String>, Vec<PollAnswer>) {
    let bank = world.bank.clone();
    let polled = world.at_once(times, |store, _| {
        let bank = bank.clone();
        async move { store.poll(id, &bank, CERTIFICATE).await.unwrap().unwrap() }
    });
    let (mut tokens, mut others) = (Vec::new(), Vec::new());
    for polled in polled.await {
        match polled {
            Polled::Token(token) => tokens.push(token.access_token),
            Polled::Answer(answer) => others.push(answer),
        }
    }
    (tokens, others)
}

pub async fn of_forty_polls_at_once_one_gets_the_token(world: &World) {
    world.sent("one", ConsentUse::OneTime).await;
    let (tokens, others) = polls(world, "one", 20).await;
    assert_eq!((tokens.len(), count(&others, &PollAnswer::Pending), count(&others, &PollAnswer::SlowDown)), (0, 1, 19));
    assert_eq!(world.offer("one", PASSCODE).await, Some(PasscodeAnswer::Approved));
    let (tokens, others) = polls(world, "one", 40).await;
    assert_eq!((tokens.len(), count(&others, &PollAnswer::Used)), (1, 39));
    assert!(world.here.find(&tokens[0], CERTIFICATE).await.unwrap().is_some());
}

pub async fn however_many_send_one_message_goes_out(world: &World) {
    world.submitted("one", ConsentUse::OneTime).await;
    let sent = world.at_once(20, |store, n| async move {
        let code = passcode(&format!("{n:06}"));
        store.send("one", &code, World::contact(), &format!("code {n:06}")).await.unwrap()
    });
    let sent = sent.await;
    assert_eq!(count(&sent, &true), 1);
    let messages = world.here.outbox(100).await.unwrap();
    assert_eq!(messages.len(), 1, "a message went out with a passcode that is nobody's");
    let winner = sent.iter().position(|sent| *sent).unwrap();
    assert_eq!(messages[0].text, format!("code {winner:06}"));
    assert_eq!(world.offer("one", &format!("{winner:06}")).await, Some(PasscodeAnswer::Approved));
}

pub async fn a_request_is_sent_or_suppressed_and_never_both(world: &World) {
    for round in 0..10 {
        let id = format!("r{round}");
        world.submitted(&id, ConsentUse::OneTime).await;
        let code = passcode(PASSCODE);
        let (sent, suppressed) =
            tokio::join!(world.here.send(&id, &code, World::contact(), "x"), world.there.suppress(&id));
        let (sent, suppressed) = (sent.unwrap(), suppressed.unwrap());
        assert!(sent ^ suppressed, "round {round}: sent {sent}, suppressed {suppressed}");
        let expected = if sent { PasscodeAnswer::Approved } else { PasscodeAnswer::Wrong { tries_left: 2 } };
        assert_eq!(world.offer(&id, PASSCODE).await, Some(expected), "round {round}");
    }
}

pub async fn a_no_and_a_yes_at_once_leave_one_of_them(world: &World) {
    for round in 0..10 {
        let id = format!("r{round}");
        world.sent(&id, ConsentUse::OneTime).await;
        let code = passcode(PASSCODE);
        let (denied, offered) =
            tokio::join!(world.there.deny(&id), world.here.offer(&id, &world.bank, &world.teller, &code));
        let (denied, offered) = (denied.unwrap(), offered.unwrap().unwrap());
        let expected = if denied { PasscodeAnswer::Denied } else { PasscodeAnswer::Approved };
        assert_eq!(offered, expected, "round {round}");
        let granted = world.here.consents_of(world.subject()).await.unwrap().len();
        assert_eq!(matches!(world.poll(&id).await, Some(Polled::Token(_))), !denied, "round {round}");
        let consents_before = granted - usize::from(!denied);
        assert!(consents_before <= round, "a refused request granted a consent in round {round}");
    }
}

pub async fn of_forty_who_take_an_approval_at_once_one_does(world: &World) {
    let id = super::directory::approved(world, "board-1").await;
    let taken = world.at_once(40, |store, n| {
        let id = id.clone();
        async move { store.use_approval(&id, &request(&format!("r{n}"))).await.unwrap() }
    });
    let taken = taken.await;
    assert_eq!(count(&taken, &true), 1);
    let winner = taken.iter().position(|taken| *taken).unwrap();
    // Everybody gives back at once; only what the winner gives back is there again.
    let gave = world.at_once(40, |store, n| {
        let id = id.clone();
        async move {
            if n != winner {
                store.restore_approval(&id, &request(&format!("r{n}"))).await.unwrap();
            }
        }
    });
    gave.await;
    assert!(!world.here.use_approval(&id, &request("late")).await.unwrap());
    world.here.restore_approval(&id, &request(&format!("r{winner}"))).await.unwrap();
    assert!(world.there.use_approval(&id, &request("late")).await.unwrap());
}

pub async fn a_token_given_back_while_others_reach_for_it_has_one_holder(world: &World) {
    for round in 0..5 {
        let token = Arc::new(world.token(&format!("t{round}"), ConsentUse::OneTime).await.access_token);
        assert!(world.here.consume(&token, &request("r0")).await.unwrap());
        let used = world.at_once(20, |store, n| {
            let token = Arc::clone(&token);
            async move {
                if n % 4 == 0 {
                    store.restore(&token, &request("r0")).await.unwrap();
                    return false;
                }
                store.consume(&token, &request(&format!("r{n}"))).await.unwrap()
            }
        });
        let won = count(&used.await, &true);
        assert!(won <= 1, "{won} hold one token in round {round}");
        let left = world.here.consume(&token, &request("last")).await.unwrap();
        assert_eq!(usize::from(left) + won, 1, "the token was lost, or held twice, in round {round}");
    }
}

pub async fn use_and_revocation_at_once_leave_nothing_to_use(world: &World) {
    for round in 0..10 {
        let issued = world.token(&format!("t{round}"), ConsentUse::OneTime).await;
        let holder = request("r0");
        let (used, revoked) = tokio::join!(
            world.there.consume(&issued.access_token, &holder),
            world.here.revoke_consent(&issued.consent)
        );
        used.unwrap();
        assert!(revoked.unwrap(), "round {round}");
        // Not even by giving it back.
        world.here.restore(&issued.access_token, &holder).await.unwrap();
        assert!(!world.there.consume(&issued.access_token, &request("r1")).await.unwrap(), "round {round}");
        assert_eq!(world.there.find(&issued.access_token, CERTIFICATE).await.unwrap(), None);
    }
}

pub async fn a_consent_is_revoked_once_and_paused_once_by_many(world: &World) {
    let mut consents = Vec::new();
    for n in 0..3 {
        consents.push(world.token(&format!("t{n}"), ConsentUse::Standing).await.consent);
    }
    let first = consents[0].clone();
    let revoked = world.at_once(10, |store, _| {
        let first = first.clone();
        async move { store.revoke_consent(&first).await.unwrap() }
    });
    assert_eq!(count(&revoked.await, &true), 1);
    let subject = world.subject();
    let paused = world.at_once(10, |store, _| async move { store.pause_consents(subject).await.unwrap() });
    assert_eq!(paused.await.iter().sum::<u64>(), 2, "the two that were active are paused once");
    let resumed = world.at_once(10, |store, _| async move { store.resume_consents(subject).await.unwrap() });
    assert_eq!(resumed.await.iter().sum::<u64>(), 2, "a revoked consent does not come back");
}

pub async fn requests_of_one_handle_are_one_request(world: &World) {
    use adapters::sql::{SqlError, control::NewRequest};
    let (bank, teller, subject) = (world.bank.clone(), world.teller.clone(), world.subject());
    let details = world.details(ConsentUse::OneTime);
    let submitted = world.at_once(10, |store, _| {
        let (bank, teller, details) = (bank.clone(), teller.clone(), details.clone());
        async move {
            let (agency, user, details) = (&bank, &teller, &details);
            let new = NewRequest {
                auth_req_id: "same",
                reference: "K7Q4",
                agency,
                user,
                subject,
                details,
                counter: None,
                screen: None,
                terms: None,
                ttl_s: 300,
                ping: None,
            };
            store.submit(&new).await
        }
    });
    let submitted = submitted.await;
    assert_eq!((count(&submitted, &Ok(())), count(&submitted, &Err(SqlError::Conflict))), (1, 9));
}
