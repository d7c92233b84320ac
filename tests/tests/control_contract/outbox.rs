//! Messages wait in the order in which they were queued, and only so many are shown.

use exchange::{consent::ConsentUse, mobile::Mobile, ports::clock::Clock as _};

use adapters::sql::control::Contact;
use exchange::consent::message::Language;

use crate::world::{World, passcode};

pub async fn messages_come_oldest_first_and_the_newest_are_kept_in_sight(world: &World) {
    let begun = world.clock.now();
    for n in 0..7_i64 {
        world.clock.set(begun.plus_seconds(60 * (n * 3 % 7)));
        let id = format!("r{n}");
        world.submitted(&id, ConsentUse::OneTime).await;
        let contact =
            Contact { mobile: Mobile::parse(&format!("030012345{n:02}")).unwrap(), language: Language::English };
        assert!(world.here.send(&id, &passcode("111111"), contact, &format!("message {n} اجازت")).await.unwrap());
    }
    let all = world.there.outbox(100).await.unwrap();
    let when: Vec<_> = all.iter().map(|sms| (sms.queued_at.seconds() - begun.seconds()) / 60).collect();
    assert_eq!(when, [0, 1, 2, 3, 4, 5, 6]);
    for sms in &all {
        let minute = (sms.queued_at.seconds() - begun.seconds()) / 60;
        let n = (0..7).find(|n| n * 3 % 7 == minute).unwrap();
        assert_eq!(
            (sms.text.as_str(), sms.to.e164()),
            (format!("message {n} اجازت").as_str(), format!("+9230012345{n:02}"))
        );
    }
    for limit in [0_u32, 1, 3, 7] {
        let shown = world.here.outbox(limit).await.unwrap();
        assert_eq!(shown, all[7 - usize::try_from(limit).unwrap()..], "{limit}");
    }
}

pub async fn messages_of_one_instant_keep_one_order(world: &World) {
    for n in 0..12 {
        world.sent(&format!("r{n}"), ConsentUse::OneTime).await;
    }
    let shown = world.here.outbox(100).await.unwrap();
    assert_eq!(shown.len(), 12);
    assert_eq!(world.there.outbox(100).await.unwrap(), shown);
    assert_eq!(world.there.outbox(5).await.unwrap(), shown[7..], "the last five of twelve are not its newest five");
}

pub async fn nothing_is_queued_for_a_request_that_cannot_be_sent(world: &World) {
    let send = async |id: &str| world.here.send(id, &passcode("111111"), World::contact(), "x").await.unwrap();
    assert!(!send("unknown").await);
    world.submitted("suppressed", ConsentUse::OneTime).await;
    assert!(world.here.suppress("suppressed").await.unwrap());
    assert!(!send("suppressed").await);
    world.submitted("denied", ConsentUse::OneTime).await;
    assert!(world.here.deny("denied").await.unwrap());
    assert!(!send("denied").await);
    world.submitted("guessed", ConsentUse::OneTime).await;
    for _ in 0..3 {
        world.offer("guessed", "000000").await.unwrap();
    }
    assert!(!send("guessed").await, "a request that was guessed at three times still sends its passcode");
    world.submitted("once", ConsentUse::OneTime).await;
    assert!(send("once").await);
    assert!(!send("once").await);
    assert_eq!(world.there.outbox(100).await.unwrap().len(), 1);
}

/// The longest message, and letters of every kind.
pub async fn a_text_comes_out_as_it_went_in(world: &World) {
    let texts =
        ["", "a", "اجازت کوڈ ۴۸۲۹۱۳", "it's \"quoted\" \\ % _ ; -- $1", "\u{1F600}\u{200D}", &"x".repeat(5_000)];
    for (n, text) in texts.iter().enumerate() {
        world.clock.advance(1);
        let id = format!("r{n}");
        world.submitted(&id, ConsentUse::OneTime).await;
        assert!(world.here.send(&id, &passcode("111111"), World::contact(), text).await.unwrap());
    }
    let read: Vec<_> = world.there.outbox(10).await.unwrap().into_iter().map(|sms| sms.text).collect();
    assert_eq!(read, texts);
}
