//! The text with the passcode: in one message, in one alphabet, with nothing that an agency could smuggle in.

use exchange::{
    consent::{
        message::{Asked, GSM_SEPTETS_MAX, Language, UCS2_UNITS_MAX, draw_reference, is_plain_mark, passcode_text},
        passcode::Passcode,
    },
    timestamp::Timestamp,
};
use proptest::prelude::*;

use crate::support::{Listed, NOON, Seeded};

/// The basic character set of 3GPP TS 23.038 §6.2.1: one septet each.
pub(crate) const GSM_BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?\
                         ¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";

pub(crate) fn asked<'a>(agency: &'a str, purpose: &'a str, titles: &[&'a str]) -> Asked<'a> {
    Asked { agency, purpose, titles: titles.to_vec(), until: None, reference: "K7Q4", counter: None }
}

fn text(language: Language, asked: &Asked<'_>) -> String {
    passcode_text(language, asked, &Passcode::parse("482913").unwrap())
}

fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

#[test]
fn the_english_texts_are_these() {
    let check = |asked: &Asked<'_>, expected: &str| assert_eq!(text(Language::English, asked), expected);
    let base = asked("Indus Bank", "account opening", &["name", "address"]);
    check(
        &base,
        "Ijazat code 482913: Indus Bank seeks name+address for account opening. Ref K7Q4. Give only at this counter. \
         Refuse: NO K7Q4",
    );
    check(
        &Asked { counter: Some("SDR-04"), until: Some(NOON), ..base.clone() },
        "Ijazat code 482913: Indus Bank SDR-04 seeks name+address for account opening until 22-11-2026. Ref K7Q4. Give \
         only at this counter. Refuse: NO K7Q4",
    );
    check(
        &Asked { titles: Vec::new(), ..base.clone() },
        "Ijazat code 482913: Indus Bank seeks  for account opening. Ref K7Q4. Give only at this counter. Refuse: NO K7Q4",
    );
    check(
        &Asked { agency: "Bank of the Very Long Name, Limited", purpose: "a reason that has no end at all", ..base },
        "Ijazat code 482913: Bank of the Very Lon seeks name+address for a reason that has no end. Ref K7Q4. Give only at \
         this counter. Refuse: NO K7Q4",
    );
}

#[test]
fn the_urdu_texts_are_these() {
    let check = |asked: &Asked<'_>, expected: &str| assert_eq!(text(Language::Urdu, asked), expected);
    let base = asked("سندھ بینک", "کھاتہ کھولنا", &["نام", "پتہ"]);
    check(
        &base,
        "اجازت کوڈ 482913 / سندھ بینک: نام، پتہ برائے کھاتہ کھولنا / حوالہ K7Q4۔ صرف اسی کاؤنٹر پر دیں۔ انکار: NO K7Q4",
    );
    check(
        &Asked { counter: Some("SDR-04"), until: Some(NOON), ..base },
        "اجازت کوڈ 482913 / سندھ بینک SDR-04: نام، پتہ برائے کھاتہ کھولنا تا 22-11-2026 / حوالہ K7Q4۔ صرف اسی کاؤنٹر پر دیں۔ انکار: NO K7Q4",
    );
}

/// Names that try to write a passcode, an address, a line of their own, or too much.
fn hostile_names() -> Vec<String> {
    let mut names: Vec<String> = [
        "",
        " ",
        "482914",
        "4210112345671",
        "Bank 123456",
        "Bank 123456789 Ltd",
        "۱۲۳۴۵۶ بینک",
        "١٢٣٤٥٦",
        "１２３４５６",
        "²²²²²²²",
        "http://evil.example/a?b=c",
        "www.evil.example",
        "evil\u{2024}example",
        "Bank\nRef AAAA. Give to nobody",
        "Bank\r\n\u{b}\u{c}\0",
        "Bank{}[]~^|\\€",
        "\u{202e}knaB",
        "\u{200b}\u{feff}\u{ad}",
        "😀😀😀😀😀😀😀😀😀😀😀😀😀😀",
        "پاکستان بینک",
        "ÄÖÜ ß é",
        "a\u{301}\u{301}\u{301}",
    ]
    .map(str::to_owned)
    .to_vec();
    names.push("w".repeat(500));
    names.push("ی".repeat(500));
    names.push("1 ".repeat(300));
    names
}

/// Every pair of hostile agency and purpose, the title going round, with the longest and the shortest rest.
pub(crate) fn hostile(check: impl Fn(&Asked<'_>)) {
    let names = hostile_names();
    for (row, agency) in names.iter().enumerate() {
        for (column, purpose) in names.iter().enumerate() {
            let title = &names[(row * 7 + column) % names.len()];
            let titles = [title.as_str(), "name", "date of birth", title, "photograph"];
            let base = asked(agency, purpose, &titles);
            check(&base);
            check(&Asked { until: Some(NOON), counter: Some("Counter 1234"), ..base });
        }
    }
}

#[test]
fn an_english_text_is_one_gsm_message_whatever_the_names_are() {
    hostile(|asked| {
        let text = text(Language::English, asked);
        assert!(text.chars().all(|c| GSM_BASIC.contains(c)), "{text:?}");
        assert!(text.chars().count() <= GSM_SEPTETS_MAX, "{} septets: {text}", text.chars().count());
    });
}

#[test]
fn an_urdu_text_is_two_parts_whatever_the_names_are() {
    hostile(|asked| {
        let text = text(Language::Urdu, asked);
        assert!(units(&text) <= UCS2_UNITS_MAX, "{} units: {text}", units(&text));
        let first: String = text.chars().take(67).collect();
        assert!(first.contains("482913"), "the passcode stands in the first part: {text}");
    });
}

#[test]
fn a_text_in_roman_urdu_is_one_gsm_message_whatever_the_names_are() {
    let base = asked("Indus Bank", "account opening", &["name", "address"]);
    assert_eq!(
        text(Language::RomanUrdu, &base),
        "Ijazat code 482913: Indus Bank ko chahiye name+address baraye account opening. Ref K7Q4. Sirf isi counter par \
         dein. Inkar: NO K7Q4"
    );
    hostile(|asked| {
        let text = text(Language::RomanUrdu, asked);
        assert!(text.chars().all(|c| GSM_BASIC.contains(c)), "{text:?}");
        assert!(text.chars().count() <= GSM_SEPTETS_MAX, "{} septets: {text}", text.chars().count());
        assert!(text.ends_with(". Ref K7Q4. Sirf isi counter par dein. Inkar: NO K7Q4"), "{text}");
        assert!(asked.until.is_none() || text.contains(" ta 22-11-2026. Ref"), "{text}");
    });
}

#[test]
fn no_name_brings_an_address_a_line_or_another_passcode() {
    hostile(|asked| {
        for language in [Language::English, Language::Urdu, Language::RomanUrdu] {
            let text = text(language, asked);
            assert!(!text.contains("://") && !text.contains("evil.example") && !text.contains('\n'), "{text}");
            assert!(!text.chars().any(char::is_control), "{text:?}");
            assert_eq!(text.matches("K7Q4").count(), 2, "{text}");
            let rest = text.replacen("482913", "", 1);
            let longest = rest.split(|c: char| !c.is_numeric()).map(|run| run.chars().count()).max();
            assert!(longest <= Some(5), "{text}");
        }
    });
}

/// Who asks may write a mark and an end of its own, and does not write the purpose away by them.
#[test]
fn the_purpose_keeps_its_room_whatever_the_agency_writes() {
    let (agency, purpose) = ("Bank of the Very Long Name", "a purpose that is longer than it may be");
    let mut longest = asked(agency, purpose, &["name", "date of birth", "present address"]);
    longest.until = Some(NOON);
    longest.counter = Some("Counter 1234");
    let english = text(Language::English, &longest);
    assert!(
        english.contains("Bank of the Very Lon Counter 1234 seeks ") && english.contains(" for a purpose that is "),
        "{english}"
    );
    let (agency, purpose) = ("بہت لمبے نام والا ایک بینک", "ایک بہت لمبا مقصد جو ختم نہیں ہوتا");
    let urdu = text(Language::Urdu, &Asked { agency, purpose, titles: vec!["نام", "پتہ"], ..longest });
    let kept: String = purpose.chars().take(16).collect();
    assert!(urdu.contains(&format!(" برائے {} تا 22-11-2026 / حوالہ K7Q4", kept.trim_end())), "{urdu}");
}

#[test]
fn the_warning_and_the_reference_are_always_whole() {
    hostile(|asked| {
        let english = text(Language::English, asked);
        assert!(english.starts_with("Ijazat code 482913: "), "{english}");
        assert!(english.ends_with(". Ref K7Q4. Give only at this counter. Refuse: NO K7Q4"), "{english}");
        let urdu = text(Language::Urdu, asked);
        assert!(urdu.starts_with("اجازت کوڈ 482913 / "), "{urdu}");
        assert!(urdu.ends_with(" / حوالہ K7Q4۔ صرف اسی کاؤنٹر پر دیں۔ انکار: NO K7Q4"), "{urdu}");
        if asked.until.is_some() {
            assert!(
                english.contains(" until 22-11-2026. Ref") && urdu.contains(" تا 22-11-2026 /"),
                "{english} {urdu}"
            );
        }
    });
}

#[test]
fn as_many_data_as_fit_are_named_and_the_rest_is_counted() {
    let titles = ["name", "father's name", "date of birth", "present address", "photograph", "mobile"];
    let check = |shown: usize, expected: &str| {
        let text = text(Language::English, &asked("Indus Bank", "account opening", &titles[..shown]));
        assert!(text.contains(&format!(" seeks {expected} for ")), "{text}");
    };
    check(1, "name");
    check(2, "name+father's name");
    check(3, "name+father's name+date of birth");
    check(4, "name+father's name+date of birth+present address");
    check(5, "name+father's name+date of birth +2");
    check(6, "name+father's name+date of birth +3");
    let long = "x".repeat(99);
    let titles: Vec<&str> = std::iter::repeat_n(long.as_str(), 32).collect();
    let text = text(Language::English, &asked("Indus Bank", "account opening", &titles));
    assert!(text.contains(" seeks 32 data for "), "{text}");
}

#[test]
fn days_are_karachis() {
    let check = |instant: &str, day: &str| {
        let until = Timestamp::parse_rfc3339(instant);
        let text = text(Language::English, &Asked { until, ..asked("Bank", "x", &["name"]) });
        assert!(text.contains(&format!(" until {day}.")), "{text}");
    };
    check("2026-12-31T18:59:59Z", "31-12-2026");
    check("2026-12-31T19:00:00Z", "01-01-2027");
    check("2028-02-29T12:00:00+05:00", "29-02-2028");
}

#[test]
fn a_counters_mark_is_twelve_plain_characters() {
    let check = |mark: &str, good: bool| assert_eq!(is_plain_mark(mark), good, "{mark:?}");
    for good in ["A", "7", "12345", "SDR-04", "Counter 1234", "12345 67890", "12345-12345", "a-b c-d", " A", "A "] {
        check(good, true);
    }
    for bad in [
        "",
        " ",
        "123456",
        "A123456",
        "thirteen char",
        "a  b",
        "a\nb",
        "a\tb",
        "a.b",
        "a/b",
        "a:b",
        "a+b",
        "(a)",
        "a,b",
        "a'b",
    ] {
        check(bad, false);
    }
    for bad in ["é", "پ", "۱", "😀", "a\u{200b}", "a\u{a0}b", "١٢٣"] {
        check(bad, false);
    }
}

#[test]
fn a_reference_is_four_letters_that_cannot_be_misread() {
    let seeded = Seeded::new(8_009);
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..2_000 {
        let reference = draw_reference(&seeded);
        assert_eq!(reference.len(), 4);
        seen.extend(reference.chars());
    }
    assert_eq!(seen.into_iter().collect::<String>(), "0123456789ABCDEFGHJKMNPQRSTVWXYZ", "Crockford's 32 and no other");
    let check =
        |bytes: [u8; 4], expected: &str| assert_eq!(draw_reference(&Listed::new(&bytes)), expected, "{bytes:?}");
    check([0, 1, 9, 10], "019A");
    check([31, 32, 63, 64], "Z0Z0");
    check([18, 19, 20, 21], "JKMN");
}

#[test]
fn a_language_reads_back_from_its_tag() {
    for (tag, expected) in [
        ("en", Some(Language::English)),
        ("ur", Some(Language::Urdu)),
        ("ur-Latn", Some(Language::RomanUrdu)),
        ("EN", None),
        ("", None),
    ] {
        assert_eq!(Language::parse(tag), expected, "{tag}");
        assert!(expected.is_none_or(|language| language.as_str() == tag), "{tag}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn any_names_make_messages_that_fit(
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
        prop_assert!(units(&text(Language::Urdu, &asked)) <= UCS2_UNITS_MAX);
    }
}
