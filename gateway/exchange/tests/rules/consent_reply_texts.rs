//! The text that a citizen answers: all that matters in its first part, nothing that an agency could smuggle in.

use exchange::consent::{
    message::{Asked, GSM_SEPTETS_MAX, Language, UCS2_UNITS_MAX},
    passcode::Passcode,
    reply_text::reply_text,
};
use proptest::prelude::*;

use crate::{
    consent_texts::{GSM_BASIC, asked, hostile},
    support::NOON,
};

fn text(language: Language, asked: &Asked<'_>) -> String {
    reply_text(language, asked, &Passcode::parse("482913").unwrap())
}

fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

#[test]
fn c30_the_english_texts_are_these() {
    let check = |asked: &Asked<'_>, expected: &str| assert_eq!(text(Language::English, asked), expected);
    let base = asked("Indus Bank", "account opening", &["name", "address"]);
    check(
        &base,
        "Indus Bank seeks name+address for account opening. Reply OK 482913 + 2 digits on screen to allow, NO K7Q4 to \
         refuse. Tell NO ONE the code",
    );
    check(
        &Asked { counter: Some("SDR-04"), until: Some(NOON), ..base.clone() },
        "Indus Bank SDR-04 seeks name +1 for account opening until 22-11-2026. Reply OK 482913 + 2 digits on screen to \
         allow, NO K7Q4 to refuse. Tell NO ONE the code",
    );
    check(
        &Asked { agency: "Bank of the Very Long Name, Limited", until: Some(NOON), counter: Some("SDR-04"), ..base },
        "Bank of the Very Lon seeks name +1 for account opening until 22-11-2026. Reply OK 482913 + 2 digits on screen to \
         allow, NO K7Q4 to refuse. Tell NO ONE the code",
    );
}

#[test]
fn c30_the_urdu_texts_are_these() {
    let check = |asked: &Asked<'_>, expected: &str| assert_eq!(text(Language::Urdu, asked), expected);
    let base = asked("سندھ بینک", "کھاتہ کھولنا", &["نام", "پتہ"]);
    check(
        &base,
        "سندھ بینک برائے کھاتہ کھولنا۔ اجازت: OK 482913 + اسکرین کے 2 ہندسے۔ نام، پتہ۔ انکار: NO K7Q4۔ کوڈ کسی کو نہ بتائیں",
    );
    check(
        &Asked { counter: Some("SDR-04"), until: Some(NOON), ..base },
        "سندھ بینک SDR-04 برائے کھاتہ کھولنا۔ اجازت: OK 482913 + اسکرین کے 2 ہندسے۔ نام +1 تا 22-11-2026۔ انکار: NO K7Q4۔ کوڈ کسی کو نہ بتائیں",
    );
}

#[test]
fn c30_an_english_text_is_one_gsm_message_whatever_the_names_are() {
    hostile(|asked| {
        let text = text(Language::English, asked);
        assert!(text.chars().all(|c| GSM_BASIC.contains(c)), "{text:?}");
        assert!(text.chars().count() <= GSM_SEPTETS_MAX, "{} septets: {text}", text.chars().count());
        let end = "Reply OK 482913 + 2 digits on screen to allow, NO K7Q4 to refuse. Tell NO ONE the code";
        assert!(text.ends_with(end), "{text}");
        assert!(asked.until.is_none() || text.contains(" until 22-11-2026. Reply"), "{text}");
    });
}

#[test]
fn c30_an_urdu_text_is_two_parts_and_its_first_has_passcode_and_purpose() {
    hostile(|asked| {
        let text = text(Language::Urdu, asked);
        assert!(units(&text) <= UCS2_UNITS_MAX, "{} units: {text}", units(&text));
        let first: String = text.chars().take(67).collect();
        assert!(first.contains("۔ اجازت: OK 482913"), "who, why and the passcode stand before it: {text}");
        assert!(text.ends_with("۔ انکار: NO K7Q4۔ کوڈ کسی کو نہ بتائیں"), "{text}");
        assert!(asked.until.is_none() || text.contains(" تا 22-11-2026۔ انکار"), "{text}");
    });
}

#[test]
fn c30_a_reply_in_roman_urdu_is_one_gsm_message_whatever_the_names_are() {
    let base = asked("Indus Bank", "account opening", &["name", "address"]);
    assert_eq!(
        text(Language::RomanUrdu, &base),
        "Indus Bank ko chahiye name+address baraye account opening. Ijazat: OK 482913 + screen ke 2 hindse, inkar: NO \
         K7Q4. Code KISI KO na dein"
    );
    hostile(|asked| {
        let text = text(Language::RomanUrdu, asked);
        assert!(text.chars().all(|c| GSM_BASIC.contains(c)), "{text:?}");
        assert!(text.chars().count() <= GSM_SEPTETS_MAX, "{} septets: {text}", text.chars().count());
        let end = ". Ijazat: OK 482913 + screen ke 2 hindse, inkar: NO K7Q4. Code KISI KO na dein";
        assert!(text.ends_with(end), "{text}");
    });
}

#[test]
fn no_name_brings_an_address_a_line_or_another_code_into_a_reply() {
    hostile(|asked| {
        for language in [Language::English, Language::Urdu, Language::RomanUrdu] {
            let text = text(language, asked);
            assert!(!text.contains("://") && !text.contains("evil.example"), "{text}");
            assert!(!text.chars().any(char::is_control), "{text:?}");
            assert_eq!(text.matches("K7Q4").count(), 1, "{text}");
            let rest = text.replacen("482913", "", 1);
            let longest = rest.split(|c: char| !c.is_numeric()).map(|run| run.chars().count()).max();
            assert!(longest <= Some(5), "{text}");
        }
    });
}

#[test]
fn the_purpose_keeps_its_room_in_a_reply_whatever_the_agency_writes() {
    let (agency, purpose) = ("Bank of the Very Long Name", "a purpose that is longer than it may be");
    let mut longest = asked(agency, purpose, &["name", "date of birth", "present address"]);
    longest.until = Some(NOON);
    longest.counter = Some("Counter 1234");
    let english = text(Language::English, &longest);
    assert!(english.starts_with("Bank of the Very Lon seeks name +2 for a purpose that i"), "{english}");
    let (agency, purpose) = ("بہت لمبے نام والا ایک بینک", "ایک بہت لمبا مقصد جو ختم نہیں ہوتا");
    let urdu = text(Language::Urdu, &Asked { agency, purpose, titles: vec!["نام", "پتہ"], ..longest });
    let kept: String = purpose.chars().take(16).collect();
    assert!(urdu.contains(&format!(" برائے {}۔ اجازت: OK 482913", kept.trim_end())), "{urdu}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn any_names_make_replies_that_fit(
        agency in any::<String>(), purpose in any::<String>(), titles in prop::collection::vec(any::<String>(), 0..33),
        standing: bool, counter in prop::option::of("[A-Za-z0-9]{1,5}[ -]?[A-Za-z0-9]{0,5}"),
    ) {
        let titles: Vec<&str> = titles.iter().map(String::as_str).collect();
        let asked = Asked {
            until: standing.then_some(NOON), counter: counter.as_deref(), ..asked(&agency, &purpose, &titles)
        };
        let english = text(Language::English, &asked);
        prop_assert!(english.chars().all(|c| GSM_BASIC.contains(c)), "{:?}", english);
        prop_assert!(units(&english) <= GSM_SEPTETS_MAX, "{}", english);
        let urdu = text(Language::Urdu, &asked);
        prop_assert!(units(&urdu) <= UCS2_UNITS_MAX, "{}", urdu);
        prop_assert!(urdu.chars().take(67).collect::<String>().contains("482913"), "{}", urdu);
    }
}
