//! Receipts and parts as networks send them: early, late, twice, in other digits, of nothing, or never.

use adapters::{
    sms::{
        SmsState, limits,
        port::{Fate, Incoming, Part, Receipt, SmsReceiver as _, short_reference},
    },
    sql::control::Noted,
};
use exchange::{consent::ConsentUse, consent::machine::PasscodeAnswer, mobile::Mobile};

use crate::{
    sending::{Network, queued, sender, states, unknown},
    world::{MOBILE, PASSCODE, World},
};

fn receipt(name: &str, fate: Fate) -> Receipt {
    let to = Some(Mobile::parse(MOBILE).unwrap());
    Receipt { message_id: name.to_owned(), to, reference: None, short: None, fate }
}

async fn told(world: &World, receipt: Receipt) -> Noted {
    world.there.take_receipt(&receipt).await.unwrap()
}

pub async fn c49_a_receipt_finds_its_message_in_every_form_of_its_name(world: &World) {
    // As the network answers, and as it tells of it later.
    let names = [("M17", "m17"), ("0000001A2B", "6699"), ("6700", "1A2C"), ("ABCDEF", "00abcdef")];
    let network = Network::new(names.map(|(answered, _)| Ok(answered.to_owned())));
    for n in 0..names.len() {
        world.clock.advance_us(1);
        queued(world, &format!("r{n}"), "a").await;
        sender(world, &world.here, &network, "node-1").round().await;
    }
    for (_, name) in names {
        assert_eq!(told(world, receipt(name, Fate::Delivered)).await, Noted::Told, "{name}");
    }
    assert_eq!(states(world).await, [SmsState::Delivered; 4]);
}

pub async fn c49_a_receipt_that_comes_before_the_answer_waits_for_it(world: &World) {
    assert_eq!(told(world, receipt("1A2B", Fate::Delivered)).await, Noted::Waits);
    assert_eq!(told(world, receipt("1A2B", Fate::Delivered)).await, Noted::Waits, "twice");
    queued(world, "one", "a").await;
    let network = Network::new([Ok("6699".to_owned())]);
    sender(world, &world.here, &network, "node-1").round().await;
    assert_eq!(states(world).await, [SmsState::Delivered]);
    // Another number's receipt of the same name, and one that waited too long, are of nothing.
    world.clock.advance_us(1);
    let stranger = Receipt { to: Some(Mobile::parse("03459876543").unwrap()), ..receipt("77", Fate::Delivered) };
    assert_eq!(told(world, stranger).await, Noted::Waits);
    told(world, receipt("78", Fate::Undeliverable)).await;
    world.clock.advance(limits::RECEIPT_WAITS_S);
    world.here.forget_outbox().await.unwrap();
    for name in ["77", "78"] {
        world.clock.advance_us(1);
        queued(world, name, "a").await;
        let network = Network::new([Ok(name.to_owned())]);
        sender(world, &world.here, &network, "node-1").round().await;
    }
    assert_eq!(states(world).await, [SmsState::Delivered, SmsState::Taken, SmsState::Taken]);
}

pub async fn c49_a_receipt_of_nothing_does_nothing(world: &World) {
    queued(world, "one", "a").await;
    for name in ["", "x", "99999999999999999999999999999999999999999999", "'; DROP TABLE sms_outbox"] {
        assert_eq!(told(world, receipt(name, Fate::Undeliverable)).await, Noted::Waits, "{name}");
    }
    let foreign = Receipt { reference: Some(("0".repeat(32), 0)), ..receipt("1", Fate::Delivered) };
    assert_eq!(told(world, foreign).await, Noted::Waits);
    assert_eq!(states(world).await, [SmsState::Waiting]);
    assert_eq!(world.offer("one", PASSCODE).await, Some(PasscodeAnswer::Approved), "a receipt decided");
}

pub async fn a_receipt_proves_that_a_message_went_out_whose_answer_was_lost(world: &World) {
    // By our own name where the far end repeats it, and by the short one.
    for (n, short) in [(0, false), (1, true)] {
        world.clock.advance_us(1);
        queued(world, &format!("r{n}"), "a").await;
        let network = Network::new([unknown()]);
        let sender = sender(world, &world.here, &network, "node-1");
        sender.round().await;
        let id = network.ids().remove(0);
        let mut proof = receipt(["55", "56"][n], Fate::Delivered);
        if short {
            proof.short = Some(short_reference(&id, 0));
        } else {
            proof.reference = Some((id, 0));
        }
        assert_eq!(told(world, proof).await, Noted::Told);
        world.clock.advance(limits::SETTLE_S);
        assert_eq!(sender.round().await, 1);
        assert_eq!(network.texts().len(), 1, "a message that is at the handset went out again");
    }
    assert_eq!(states(world).await, [SmsState::Delivered; 2]);
}

pub async fn the_first_end_that_was_told_stays(world: &World) {
    queued(world, "one", "a|b").await;
    let network = Network::new([Ok("1".to_owned()), Ok("2".to_owned())]);
    sender(world, &world.here, &network, "node-1").round().await;
    let mut seen = Vec::new();
    let told_of = [("1", Fate::Underway), ("1", Fate::Delivered), ("1", Fate::Undeliverable), ("2", Fate::Delivered)];
    for (name, fate) in told_of {
        assert_eq!(told(world, receipt(name, fate)).await, Noted::Told);
        seen.extend(states(world).await);
    }
    // At the handset is what is there whole.
    assert_eq!(seen, [SmsState::Taken, SmsState::Taken, SmsState::Taken, SmsState::Delivered]);
    queued(world, "two", "c|d").await;
    let network = Network::new([Ok("3".to_owned()), Ok("4".to_owned())]);
    sender(world, &world.here, &network, "node-1").round().await;
    told(world, receipt("3", Fate::Delivered)).await;
    told(world, receipt("4", Fate::Undeliverable)).await;
    assert!(states(world).await.contains(&SmsState::Undeliverable));
}

fn part(text: &str, reference: u16, (number, total): (u8, u8)) -> Incoming {
    let from = Mobile::parse(MOBILE).unwrap();
    Incoming { from, text: text.to_owned(), part: Some(Part { reference, total, number }) }
}

pub async fn parts_of_a_citizens_message_are_one_message_in_any_order(world: &World) {
    world.here.set_contact(world.subject(), World::contact()).await.unwrap();
    world.sent("one", ConsentUse::OneTime).await;
    for (text, number) in [("7Q", 2), ("7Q", 2), ("4", 3)] {
        world.there.message(part(text, 9, (number, 3))).await.unwrap();
    }
    // Others of the number with another reference, or another count, do not complete it.
    world.here.message(part("NO K", 8, (1, 3))).await.unwrap();
    world.here.message(part("NO K", 9, (1, 2))).await.unwrap();
    let before = world.here.outbox(100).await.unwrap().len();
    world.here.message(part("NO K", 9, (1, 3))).await.unwrap();
    assert_eq!(world.offer("one", PASSCODE).await, Some(PasscodeAnswer::Denied), "three parts are no message");
    assert_eq!(world.here.outbox(100).await.unwrap().len(), before + 1);
    // The last part again, as a network sends what was not acknowledged: one effect.
    for number in [1, 2, 3] {
        world
            .there
            .message(part(["NO K", "7Q", "4"][number - 1], 9, (u8::try_from(number).unwrap(), 3)))
            .await
            .unwrap();
    }
    assert_eq!(world.here.outbox(100).await.unwrap().len(), before + 1);
    assert!(world.dump().is_none_or(|dump| !dump.windows(7).any(|bytes| bytes == b"NO K7Q4")));
}

pub async fn two_parts_that_come_at_once_are_one_message(world: &World) {
    for reference in 0..12_u16 {
        let before = world.here.outbox(100).await.unwrap().len();
        let words = format!("HELP {reference}");
        let (head, tail) = words.split_at(2);
        let halves = [head.to_owned(), tail.to_owned()];
        world
            .at_once(2, |store, n| {
                let message = part(&halves[n], reference, (u8::try_from(n + 1).unwrap(), 2));
                async move { store.message(message).await.unwrap() }
            })
            .await;
        let answered = world.here.outbox(100).await.unwrap().len() - before;
        // The first three of a day are answered.
        assert_eq!(answered, usize::from(reference < 3), "{reference}");
    }
}

pub async fn impossible_parts_and_parts_without_end_are_forgotten(world: &World) {
    let before = world.here.outbox(100).await.unwrap().len();
    for at in [(0, 3), (4, 3), (1, 255), (1, 1), (1, 0), (255, 255)] {
        world.here.message(part("HELP", 1, at)).await.unwrap();
    }
    for reference in 0..100 {
        world.here.message(part("HE", reference, (1, 2))).await.unwrap();
    }
    world.here.message(part("LP", 50, (2, 2))).await.unwrap();
    assert_eq!(world.here.outbox(100).await.unwrap().len(), before, "more parts wait than anyone types");
    // A minute later they are gone, and a message can come in parts again.
    world.here.message(part("HE", 200, (1, 2))).await.unwrap();
    world.clock.advance(limits::PARTS_WITHIN_S);
    world.here.message(part("LP", 200, (2, 2))).await.unwrap();
    assert_eq!(world.here.outbox(100).await.unwrap().len(), before, "half of a message from a minute ago was used");
    world.here.message(part("HE", 200, (1, 2))).await.unwrap();
    assert_eq!(world.here.outbox(100).await.unwrap().len(), before + 1);
}
