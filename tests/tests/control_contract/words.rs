//! The words of 8009 beside requests: what takes away is done at once, what gives back needs a code, and nobody else's is touched.

use adapters::sql::control::{AskOutcome, Contact, NewRequest, Taken, Wishes};
use exchange::{
    cnic::Cnic,
    consent::{
        ConsentUse, SubjectKey,
        answer::Told,
        details::Channel,
        message::Language,
        patience::Spared,
        reply::Reference,
        word_text::{Holder, Worded},
    },
    limits,
    mobile::Mobile,
    ports::{citizen_keys::CitizenKeys as _, consent_tokens::ConsentTokens as _},
};

use crate::{
    directory::data,
    world::{CERTIFICATE, CITIZEN, PASSCODE, World, count, passcode},
};

const SISTER: &str = "4210112345682";

fn stranger() -> Mobile {
    Mobile::parse("03459876543").unwrap()
}

fn cnic(digits: &str) -> Cnic {
    Cnic::parse(digits).unwrap()
}

fn k7q4() -> Reference {
    Reference::parse("K7Q4").unwrap()
}

fn told(worded: Worded) -> Taken {
    Taken::Told(Told::Word(worded))
}

/// The citizen is enrolled by the card, and the directory has the bank.
async fn enrolled(world: &World) {
    world.here.replace_directory(&data(world)).await.unwrap();
    world.here.enrol(&[(cnic(CITIZEN), World::contact())]).await.unwrap();
}

/// A second later, so that messages have an order.
async fn texts(world: &World, text: &str) -> Taken {
    world.clock.advance(1);
    world.there.take_sms(World::contact().mobile, text).await.unwrap()
}

/// The code that the words bring, which is also in the citizen's message.
async fn code(world: &World, text: &str) -> String {
    let taken = texts(world, text).await;
    let Taken::Told(Told::Word(Worded::Code(deed, code))) = taken else { panic!("no code but {taken:?}") };
    let sms = world.here.outbox(1).await.unwrap().remove(0);
    assert!(sms.text.contains(&format!("{deed} {}", code.expose())), "{}", sms.text);
    code.expose().to_owned()
}

/// Another six digits.
fn other(code: &str) -> &'static str {
    if code == "000000" { "000001" } else { "000000" }
}

/// Whether the token opens anything once caches are old.
async fn holds(world: &World, token: &str) -> bool {
    world.clock.advance_us(limits::DIRECTORY_STALE_MS_MAX * 1_000 + 1_000);
    world.here.find(token, CERTIFICATE).await.unwrap().is_some()
}

pub async fn c32_a_pause_shuts_and_a_resume_by_code_opens_again(world: &World) {
    enrolled(world).await;
    let token = world.token("one", ConsentUse::Standing).await;
    assert_eq!(texts(world, "PAUSE K7Q4").await, told(Worded::Paused(k7q4())));
    assert!(world.there.find(&token.access_token, CERTIFICATE).await.unwrap().is_none(), "who did it knows at once");
    assert!(!holds(world, &token.access_token).await);
    assert_eq!(texts(world, "waqfa k7q4").await, Taken::Repeated, "the same in other words");
    let right = code(world, "RESUME K7Q4").await;
    assert_eq!(texts(world, &format!("RESUME K7Q4 {}", other(&right))).await, told(Worded::WrongCode));
    assert!(!holds(world, &token.access_token).await);
    assert_eq!(texts(world, &format!("resume k7q4 {right}")).await, told(Worded::Resumed(k7q4())));
    assert!(holds(world, &token.access_token).await);
    // Reversible as often as the citizen likes, also within the time of repetitions; the code is used up.
    assert_eq!(texts(world, "PAUSE K7Q4").await, told(Worded::Paused(k7q4())));
    assert_eq!(texts(world, &format!("RESUME K7Q4 {right} ")).await, Taken::Repeated);
    assert!(!holds(world, &token.access_token).await);
    // What has ended does not come back.
    assert_eq!(texts(world, "STOP K7Q4").await, Taken::Told(Told::Stopped(k7q4())));
    assert_eq!(texts(world, "RESUME K7Q4").await, Taken::Told(Told::Nothing));
}

pub async fn c32_a_pause_of_what_is_not_the_senders_or_not_standing_is_none(world: &World) {
    enrolled(world).await;
    let token = world.token("one", ConsentUse::Standing).await;
    for text in ["PAUSE K7Q4", "RESUME K7Q4"] {
        assert_eq!(world.here.take_sms(stranger(), text).await.unwrap(), Taken::Told(Told::Nothing), "{text}");
    }
    assert!(holds(world, &token.access_token).await);
    assert_eq!(texts(world, "PAUSE AAAA").await, Taken::Told(Told::Nothing));
    assert_eq!(texts(world, "RESUME K7Q4").await, told(Worded::AsItWas));
    assert_eq!(texts(world, "STOP K7Q4").await, Taken::Told(Told::Stopped(k7q4())));
    world.token("two", ConsentUse::OneTime).await;
    assert_eq!(texts(world, "PAUSE K7Q4").await, Taken::Told(Told::Nothing), "one use is not paused, it is stopped");
}

/// A notice of death and a citizen pause apart from each other, and each takes back its own only.
pub async fn c36_what_a_citizen_paused_a_withdrawn_notice_leaves_paused(world: &World) {
    enrolled(world).await;
    let token = world.token("one", ConsentUse::Standing).await;
    assert_eq!(world.here.pause_consents(world.subject()).await.unwrap(), 1);
    assert_eq!(texts(world, "RESUME K7Q4").await, Taken::Told(Told::Nothing), "a notice is not the citizen's to undo");
    assert_eq!(world.here.resume_consents(world.subject()).await.unwrap(), 1);
    assert_eq!(texts(world, "PAUSE K7Q4").await, told(Worded::Paused(k7q4())));
    assert_eq!(world.here.pause_consents(world.subject()).await.unwrap(), 0);
    assert_eq!(world.here.resume_consents(world.subject()).await.unwrap(), 0);
    assert!(!holds(world, &token.access_token).await);
}

pub async fn c38_of_twenty_pauses_one_is_done_and_answered(world: &World) {
    enrolled(world).await;
    world.token("one", ConsentUse::Standing).await;
    let taken = world.at_once(20, |store, n| async move {
        let text = ["PAUSE K7Q4", " pause  k7q4.\n", "waqfa K7Q4"][n % 3];
        store.take_sms(World::contact().mobile, text).await.unwrap()
    });
    let taken = taken.await;
    let paused = told(Worded::Paused(k7q4()));
    assert_eq!((count(&taken, &paused), count(&taken, &Taken::Repeated)), (1, 19), "{taken:?}");
}

/// A pause and a use at once: whoever comes second finds what the first left.
pub async fn a_pause_and_a_revocation_at_once_end_it(world: &World) {
    enrolled(world).await;
    for round in 0..10 {
        world.clock.advance(limits::SMS_SAME_WITHIN_S);
        let token = world.token(&format!("r{round}"), ConsentUse::Standing).await;
        let mobile = World::contact().mobile;
        let (one, two) =
            tokio::join!(world.there.take_sms(mobile, "PAUSE K7Q4"), world.here.take_sms(mobile, "STOP K7Q4"));
        assert_eq!(two.unwrap(), Taken::Told(Told::Stopped(k7q4())), "round {round}");
        let one = one.unwrap();
        // Who came too late so often is told so a few times a day, and then nothing.
        let late = [told(Worded::Paused(k7q4())), Taken::Told(Told::Nothing), Taken::Silent];
        assert!(late.contains(&one), "round {round}: {one:?}");
        assert!(!holds(world, &token.access_token).await, "round {round}");
    }
}

pub async fn c32_stop_all_needs_a_code_and_ends_everything_for_ever(world: &World) {
    enrolled(world).await;
    let first = world.token("one", ConsentUse::Standing).await;
    assert_eq!(texts(world, "PAUSE K7Q4").await, told(Worded::Paused(k7q4())));
    let second = world.token("two", ConsentUse::Standing).await;
    let right = code(world, "STOP ALL").await;
    assert!(holds(world, &second.access_token).await, "asking for a code ends nothing");
    // A code of one deed does no other.
    assert_eq!(texts(world, &format!("ALERT OFF {right}")).await, told(Worded::WrongCode));
    assert_eq!(texts(world, &format!("STOP ALL {}", other(&right))).await, told(Worded::WrongCode));
    assert_eq!(texts(world, &format!("بند سب {right}")).await, told(Worded::StoppedAll));
    for token in [&first, &second] {
        assert!(!holds(world, &token.access_token).await);
        assert!(!world.here.revoke_consent(&token.consent).await.unwrap());
    }
    // A stranger's words end nothing, and get no code.
    assert_eq!(world.here.take_sms(stranger(), "STOP ALL").await.unwrap(), Taken::Told(Told::Help));
}

pub async fn a_code_is_dead_after_three_wrong_ones_or_ten_minutes(world: &World) {
    enrolled(world).await;
    let right = code(world, "STOP ALL").await;
    for n in 0..3 {
        let guess = format!("STOP ALL {:06}", (right.parse::<u32>().unwrap() + 1 + n) % 1_000_000);
        assert_eq!(texts(world, &guess).await, told(Worded::WrongCode), "{n}");
    }
    assert_eq!(texts(world, &format!("STOP ALL {right}")).await, Taken::Silent, "done nothing and told often enough");
    // Another may be asked for in the same words.
    let right = code(world, "STOP ALL").await;
    world.clock.advance(limits::UNLOCK_CODE_S);
    assert_eq!(texts(world, &format!("STOP ALL {right}")).await, Taken::Silent);
    // And five a day at most.
    world.clock.advance(limits::SMS_DAY_S);
    for n in 0..limits::WORD_CODES_A_DAY_MAX {
        world.clock.advance(limits::SMS_SAME_WITHIN_S);
        code(world, if n % 2 == 0 { "STOP ALL" } else { "ALERT OFF" }).await;
    }
    world.clock.advance(limits::SMS_SAME_WITHIN_S);
    assert_eq!(texts(world, "DISCREET OFF").await, Taken::Told(Told::Help));
    world.here.forget_inbox().await.unwrap();
}

/// What the citizen is shown: references, holders, whether paused.
async fn listed(world: &World, text: &str) -> Vec<(String, String, bool)> {
    match texts(world, text).await {
        Taken::Told(Told::Word(Worded::Consents { lines, .. })) => lines
            .into_iter()
            .map(|line| {
                let holder = match line.holder {
                    Holder::Named(name, _) => name,
                    Holder::Kind(sector) => format!("{sector:?}"),
                };
                (line.reference.as_str().to_owned(), holder, line.paused)
            })
            .collect(),
        other => panic!("no list but {other:?}"),
    }
}

fn shown(holder: &str, paused: bool) -> (String, String, bool) {
    ("K7Q4".to_owned(), holder.to_owned(), paused)
}

pub async fn c32_consents_lists_what_holds_and_no_more(world: &World) {
    enrolled(world).await;
    assert_eq!(listed(world, "CONSENTS").await, []);
    let standing = world.token("one", ConsentUse::Standing).await;
    world.clock.advance(limits::SMS_SAME_WITHIN_S);
    assert_eq!(listed(world, "CONSENTS").await, [shown("Indus Bank", false)]);
    texts(world, "PAUSE K7Q4").await;
    assert_eq!(listed(world, "CONSENTS").await, [shown("Indus Bank", true)], "a change makes it another question");
    let text = world.here.outbox(1).await.unwrap().remove(0).text;
    assert!(text.contains("K7Q4 Indus Bank to ") && text.contains("paused"), "{text}");
    // One use that was used, what has ended, and what was revoked hold nothing.
    let once = world.token("two", ConsentUse::OneTime).await;
    assert_eq!(listed(world, "CONSENTS 2").await.len(), 2);
    world.here.consume(&once.access_token, &crate::world::request("r1")).await.unwrap();
    world.clock.advance(limits::SMS_SAME_WITHIN_S);
    assert_eq!(listed(world, "CONSENTS").await.len(), 1);
    world.clock.advance(10 * 24 * 3_600);
    assert_eq!(listed(world, "CONSENTS").await, []);
    assert!(world.here.revoke_consent(&standing.consent).await.unwrap());
    assert_eq!(world.here.take_sms(stranger(), "CONSENTS").await.unwrap(), Taken::Told(Told::Help));
}

pub async fn lists_and_languages_are_told_ten_times_a_day(world: &World) {
    enrolled(world).await;
    for n in 0..10 {
        listed(world, &format!("CONSENTS {}", n + 1)).await;
    }
    assert_eq!(texts(world, "CONSENTS 11").await, Taken::Told(Told::Help));
    for n in 0..10 {
        let text = if n % 2 == 0 { "LANG UR" } else { "LANG EN" };
        assert!(matches!(texts(world, text).await, Taken::Told(Told::Word(Worded::Speaks(_)))), "{n}");
    }
    assert_eq!(texts(world, "LANG UR").await, Taken::Told(Told::Help));
}

pub async fn c40_on_a_shared_number_a_list_needs_the_last_four_digits(world: &World) {
    enrolled(world).await;
    world.here.enrol(&[(cnic(SISTER), World::contact())]).await.unwrap();
    world.token("one", ConsentUse::Standing).await;
    assert_eq!(texts(world, "CONSENTS").await, Taken::Told(Told::Help));
    let help = world.here.outbox(1).await.unwrap().remove(0).text;
    assert_eq!(listed(world, "CONSENTS 5671").await, [shown("Indus Bank", false)]);
    assert_eq!(listed(world, "consents ۵۶۸۲").await, []);
    assert_eq!(texts(world, "CONSENTS 9999").await, told(Worded::WrongDigits));
    let wrong = world.here.outbox(1).await.unwrap().remove(0).text;
    assert_eq!(wrong, help, "wrong digits are answered as none");
    for n in 0..4 {
        let guess = texts(world, &format!("CONSENTS 000{n}")).await;
        assert!([told(Worded::WrongDigits), Taken::Silent].contains(&guess), "{n}: {guess:?}");
    }
    // After five wrong ones none are right that day.
    assert_eq!(texts(world, "CONSENTS 5671 1").await, Taken::Repeated);
    assert_eq!(texts(world, "CONSENTS 5671 2").await, Taken::Silent);
    world.clock.advance(limits::SMS_DAY_S);
    assert_eq!(listed(world, "CONSENTS 5671").await, [shown("Indus Bank", false)]);
    // A card that was never shown has no digits to be told by.
    let unknown: SubjectKey = world.here.subject_key(cnic("4210112345693"));
    world.here.set_contact(unknown, World::contact()).await.unwrap();
    assert_eq!(texts(world, "CONSENTS 5693").await, told(Worded::WrongDigits));
    // The digits stay when the number changes, and stand nowhere in the file.
    world.here.set_contact(world.subject(), Contact { mobile: stranger(), ..World::contact() }).await.unwrap();
    let there = world.here.take_sms(stranger(), "CONSENTS 5671").await.unwrap();
    assert!(matches!(there, Taken::Told(Told::Word(Worded::Consents { .. }))), "{there:?}");
    if let Some(dump) = world.dump() {
        let found = |text: &str| dump.windows(text.len()).any(|window| window == text.as_bytes());
        assert!(!found("CONSENTS 5671") && !found("CONSENTS 9999") && !found(CITIZEN), "the words stand in the file");
    }
}

async fn asked(world: &World, id: &str) -> AskOutcome {
    let request = NewRequest {
        auth_req_id: id,
        reference: "K7Q4",
        agency: &world.bank,
        user: &world.teller,
        subject: world.subject(),
        details: &world.details(ConsentUse::OneTime),
        counter: None,
        screen: None,
        terms: None,
        ping: None,
        ttl_s: 300,
    };
    world.here.submit(&request).await.unwrap();
    let contact = (World::contact(), "code");
    world.there.ask(id, &passcode(PASSCODE), contact, Channel::Counter).await.unwrap()
}

pub async fn a_blocked_agency_asks_nobody_until_a_code_unblocks_it(world: &World) {
    enrolled(world).await;
    let token = world.token("one", ConsentUse::Standing).await;
    for (n, name) in ["bank-indus", "K7Q4", "indus bank"].into_iter().enumerate() {
        assert_eq!(asked(world, &format!("a{n}")).await, AskOutcome::Asked, "{name}");
        assert_eq!(texts(world, &format!("BLOCK {name}")).await, told(Worded::Blocked), "{name}");
        assert_eq!(asked(world, &format!("b{n}")).await, AskOutcome::Spared(Spared::Blocked), "{name}");
        assert!(world.here.blocks(world.subject(), &world.bank).await.unwrap());
        assert!(holds(world, &token.access_token).await, "what was given holds");
        world.clock.advance(limits::SMS_SAME_WITHIN_S);
        assert_eq!(texts(world, "BLOCK Indus-Bank ").await, told(Worded::AsItWas));
        let right = code(world, &format!("UNBLOCK {name}")).await;
        assert_eq!(texts(world, &format!("UNBLOCK {name} {right}")).await, told(Worded::Unblocked), "{name}");
        assert!(!world.here.blocks(world.subject(), &world.bank).await.unwrap());
    }
    assert_eq!(asked(world, "c").await, AskOutcome::Asked);
    world.clock.advance(limits::SMS_DAY_S);
    for text in ["BLOCK nobody", "UNBLOCK nobody", "BLOCK AAAA"] {
        assert_eq!(texts(world, text).await, Taken::Told(Told::Nothing), "{text}");
    }
    assert_eq!(world.here.take_sms(stranger(), "BLOCK bank-indus").await.unwrap(), Taken::Told(Told::Help));
}

pub async fn a_name_that_two_agencies_have_blocks_neither(world: &World) {
    enrolled(world).await;
    let mut twice = data(world);
    let other = exchange::ids::AgencyId::parse("indus.bank").unwrap();
    twice.agencies.push(exchange::directory::Agency { id: other.clone(), ..twice.agencies[0].clone() });
    world.here.replace_directory(&twice).await.unwrap();
    assert_eq!(texts(world, "BLOCK Indus Bank").await, Taken::Told(Told::Nothing));
    assert_eq!(texts(world, "BLOCK bank-indus").await, told(Worded::Blocked), "an id is its own");
    assert!(!world.here.blocks(world.subject(), &other).await.unwrap());
}

pub async fn a_citizen_is_told_in_the_language_of_choice(world: &World) {
    enrolled(world).await;
    for (text, language) in
        [("LANG RU", Language::RomanUrdu), ("زبان اردو", Language::Urdu), ("lang en", Language::English)]
    {
        assert_eq!(texts(world, text).await, told(Worded::Speaks(language)));
        let sms = world.here.outbox(1).await.unwrap().remove(0);
        assert_eq!(sms.text, Told::Word(Worded::Speaks(language)).text(language));
        assert_eq!(world.here.contact(world.subject()).await.unwrap().unwrap().language, language);
    }
    world.clock.advance(limits::SMS_SAME_WITHIN_S);
    assert_eq!(texts(world, "LANG EN").await, told(Worded::AsItWas));
}

pub async fn c40_wishes_are_noted_and_loosened_by_a_code_only(world: &World) {
    enrolled(world).await;
    let wishes = async || world.here.wishes(world.subject()).await.unwrap().unwrap();
    assert_eq!(wishes().await, Wishes { alerts: true, discreet: false });
    assert_eq!(texts(world, "ALERT ON").await, told(Worded::AsItWas));
    let right = code(world, "ALERT OFF").await;
    assert!(wishes().await.alerts, "a forged number alone silences nothing");
    assert_eq!(texts(world, &format!("ALERT OFF {right}")).await, told(Worded::Alerts(false)));
    assert_eq!(texts(world, "DISCREET ON").await, told(Worded::Discreet(true)));
    assert_eq!(wishes().await, Wishes { alerts: false, discreet: true });
    world.token("one", ConsentUse::Standing).await;
    assert_eq!(listed(world, "CONSENTS").await, [shown("Private", false)], "a list names no agency either");
    let right = code(world, "DISCREET OFF").await;
    assert_eq!(texts(world, &format!("DISCREET OFF {right}")).await, told(Worded::Discreet(false)));
    assert_eq!(texts(world, "ALERTS ON").await, told(Worded::Alerts(true)));
    assert_eq!(wishes().await, Wishes { alerts: true, discreet: false });
    // At a counter it needs no code; without a number there is nothing to note.
    assert!(world.here.set_discreet(world.subject(), true).await.unwrap());
    assert!(wishes().await.discreet);
    let nobody = world.here.subject_key(cnic(SISTER));
    assert!(!world.here.set_discreet(nobody, true).await.unwrap());
    assert_eq!(world.here.wishes(nobody).await.unwrap(), None);
}
