//! The words of 8009: read in three scripts, answered in one message each, and nothing of others' in it.

use exchange::{
    classification::Sector,
    consent::{
        answer::Told,
        discreet::{class, discreet_text},
        message::{GSM_SEPTETS_MAX, Language, UCS2_UNITS_MAX},
        mode::Mode,
        passcode::Passcode,
        reply::{Reference, Reply, meaning},
        word::{LastFour, Word},
        word_text::{ConsentLine, Holder, Worded},
    },
};
use proptest::prelude::*;

use crate::{consent_texts::GSM_BASIC, support::NOON};

const LANGUAGES: [Language; 3] = [Language::English, Language::Urdu, Language::RomanUrdu];

fn k7q4() -> Reference {
    Reference::parse("K7Q4").unwrap()
}

fn code() -> Passcode {
    Passcode::parse("482913").unwrap()
}

/// One part of GSM-7, or two of UCS-2.
fn fits(language: Language, text: &str) {
    let units = text.encode_utf16().count();
    if language == Language::Urdu {
        assert!(units <= UCS2_UNITS_MAX, "{units} units: {text}");
    } else {
        assert!(text.chars().all(|c| GSM_BASIC.contains(c)), "{text:?}");
        assert!(units <= GSM_SEPTETS_MAX, "{units} septets: {text}");
    }
    assert!(!text.contains("http") && !text.contains("//"), "{text}");
}

#[test]
fn c32_words_are_read_in_three_scripts_and_either_case() {
    let check = |texts: &[&str], expected: Word| {
        for text in texts {
            assert_eq!(Reply::parse(text), Reply::Word(expected.clone()), "{text}");
        }
    };
    let four = || LastFour::parse("5671");
    check(&["CONSENTS", " consents. ", "ijazaten", "اجازتیں", "Consents 1"], Word::Consents(None, 1));
    check(&["CONSENTS 2", "اجازتیں ۲", "ijazatain ٢"], Word::Consents(None, 2));
    check(&["CONSENTS 5671", "consents ۵۶۷۱"], Word::Consents(four(), 1));
    check(&["CONSENTS 5671 3", "اجازتیں ۵۶۷۱ ۳"], Word::Consents(four(), 3));
    check(&["PAUSE K7Q4", "pause, k7q4!", "waqfa k7q4", "وقفہ K۷Q۴"], Word::Pause(k7q4()));
    check(&["RESUME K7Q4", "bahal k7q4", "بحال K7Q4"], Word::Resume(k7q4(), None));
    check(&["RESUME K7Q4 482913", "resume k7q4 482-913", "بحال K7Q4 ۴۸۲۹۱۳"], Word::Resume(k7q4(), Some(code())));
    check(&["STOP ALL", "stop sab", "BAND SAB", "بند سب"], Word::StopAll(None));
    check(&["STOP ALL 482913", "stop all 482 913", "بند سب ۴۸۲۹۱۳"], Word::StopAll(Some(code())));
    check(&["BLOCK bank-indus", "mana Bank.Indus", "منع bank indus"], Word::Block("BANK INDUS".into()));
    check(&["BLOCK k7q4"], Word::Block("K7Q4".into()));
    check(&["UNBLOCK bank-indus", "azad BANK INDUS"], Word::Unblock("BANK INDUS".into(), None));
    let with_code = Word::Unblock("BANK INDUS".into(), Some(code()));
    check(&["UNBLOCK bank-indus 482913", "unblock bank indus 482-913", "آزاد bank indus ۴۸۲۹۱۳"], with_code);
    check(&["LANG EN", "lang english", "zaban angrezi", "زبان انگریزی"], Word::Speak(Language::English));
    check(&["LANG UR", "lang urdu", "زبان اردو"], Word::Speak(Language::Urdu));
    check(&["LANG RU", "lang roman", "زبان رومن"], Word::Speak(Language::RomanUrdu));
    check(&["ALERT ON", "alerts on", "itla chalu", "اطلاع چالو"], Word::AlertOn);
    check(&["ALERT OFF", "itla band", "اطلاع بند"], Word::AlertOff(None));
    check(&["ALERT OFF 482913", "alert off 482-913"], Word::AlertOff(Some(code())));
    check(&["DISCREET ON", "raz chalu", "راز چالو"], Word::DiscreetOn);
    check(&["DISCREET OFF", "raz band", "راز بند"], Word::DiscreetOff(None));
    check(&["DISCREET OFF 482913"], Word::DiscreetOff(Some(code())));
}

#[test]
fn whatever_is_nearly_a_word_is_none() {
    for text in [
        "CONSENTS 0",
        "CONSENTS 123",
        "CONSENTS 56712",
        "CONSENTS 5671 0",
        "CONSENTS me",
        "CONSENTS 2 5671",
        "PAUSE",
        "PAUSE K7Q",
        "PAUSE K7Q4 482913",
        "PAUSE ALL",
        "RESUME",
        "RESUME K7Q4 48291",
        "RESUME K7Q4 4829131",
        "STOP ALL now",
        "STOP ALL 48291",
        "BLOCK",
        "UNBLOCK",
        "LANG",
        "LANG FR",
        "LANG EN UR",
        "ALERT",
        "ALERT MAYBE",
        "ALERT ON 482913",
        "ALERT OFF now",
        "DISCREET",
        "DISCREET ON 482913",
        "ON",
        "OFF",
        "1",
        "2",
    ] {
        assert_eq!(Reply::parse(text), Reply::Help, "{text}");
    }
    let long = format!("BLOCK {}", "x".repeat(41));
    assert_eq!(Reply::parse(&long), Reply::Help);
    assert_eq!(Reply::parse("STOP K7Q4"), Reply::Stop(k7q4()), "the old words mean what they meant");
}

#[test]
fn words_that_say_the_same_are_one_message() {
    let same = |one: &str, other: &str| assert_eq!(*meaning(one), *meaning(other), "{one}");
    same("waqfa k7q4", "PAUSE K7Q4");
    same("بحال K7Q4 ۴۸۲-۹۱۳", "RESUME K7Q4 482913");
    same("CONSENTS", "ijazaten 1");
    same("بند سب", "STOP ALL");
    let other = |one: &str, other: &str| assert_ne!(*meaning(one), *meaning(other), "{one}");
    other("PAUSE K7Q4", "RESUME K7Q4");
    other("RESUME K7Q4", "RESUME K7Q4 482913");
    other("ALERT ON", "DISCREET ON");
}

#[test]
fn a_word_prints_without_code_and_digits() {
    let printed = format!("{:?} {:?}", Reply::parse("RESUME K7Q4 482913"), Reply::parse("CONSENTS 5671"));
    assert!(!printed.contains("482913") && !printed.contains("5671"), "{printed}");
}

fn every_answer() -> Vec<Worded> {
    let long = "W".repeat(40);
    let urdu = "ی".repeat(40);
    let mut answers = vec![
        Worded::Paused(k7q4()),
        Worded::Resumed(k7q4()),
        Worded::Blocked,
        Worded::Unblocked,
        Worded::StoppedAll,
        Worded::Alerts(true),
        Worded::Alerts(false),
        Worded::Discreet(true),
        Worded::Discreet(false),
        Worded::WrongCode,
        Worded::AsItWas,
        Worded::WrongDigits,
    ];
    for deed in ["STOP ALL", "RESUME K7Q4", &format!("UNBLOCK {long}"), &format!("UNBLOCK {urdu}")] {
        answers.push(Worded::Code(deed.to_owned(), code()));
    }
    answers.extend(LANGUAGES.map(Worded::Speaks));
    answers
}

#[test]
fn every_answer_to_a_word_is_one_message_in_its_language() {
    for worded in every_answer() {
        for language in LANGUAGES {
            let text = Told::Word(worded.clone()).text(language);
            let coded = matches!(worded, Worded::Code(..));
            // A name in Urdu letters is answered in Urdu.
            let urdu = coded && !text.is_ascii();
            fits(if urdu { Language::Urdu } else { language }, &text);
            assert_eq!(text.contains("482913"), coded, "{text}");
        }
    }
}

#[test]
fn every_older_answer_is_one_message_in_roman_urdu_too() {
    for told in [
        Told::Refused(k7q4()),
        Told::Stopped(k7q4()),
        Told::Allowed(k7q4()),
        Told::Wrong { tries_left: 2 },
        Told::Locked,
        Told::NothingWaits,
        Told::Nothing,
        Told::Help,
        Told::ConsentsLocked,
        Told::AlreadyLocked,
        Told::UnlockCode(code()),
        Told::Unlocked,
        Told::WrongUnlockCode,
        Told::GuessesSpent,
    ] {
        let text = told.text(Language::RomanUrdu);
        fits(Language::RomanUrdu, &text);
        assert_ne!(text, told.text(Language::English), "{text}");
        assert_eq!(text == Told::Help.text(Language::RomanUrdu), told == Told::Help, "{text}");
        assert_eq!(text.contains("K7Q4"), matches!(told, Told::Refused(_) | Told::Stopped(_) | Told::Allowed(_)));
        assert_eq!(text.contains("482913"), matches!(told, Told::UnlockCode(_)), "{text}");
        assert_eq!(text.contains(": 2"), matches!(told, Told::Wrong { .. }), "{text}");
    }
}

fn line(reference: &str, paused: bool) -> ConsentLine {
    let holder = Holder::Named("Indus Bank".into(), "انڈس بینک".into());
    ConsentLine { reference: Reference::parse(reference).unwrap(), holder, until: NOON, paused }
}

fn page(lines: &[ConsentLine], page: u8, shared: bool, language: Language) -> String {
    Told::Word(Worded::Consents { lines: lines.to_vec(), page, shared }).text(language)
}

#[test]
fn consents_are_listed_by_reference_holder_and_last_day() {
    let lines = [line("K7Q4", false), line("A2B3", true)];
    assert_eq!(
        page(&lines, 1, false, Language::English),
        "Ijazat, your consents: K7Q4 Indus Bank to 22-11-2026; A2B3 Indus Bank to 22-11-2026, paused"
    );
    assert_eq!(
        page(&lines, 1, false, Language::RomanUrdu),
        "Aap ki ijazaten: K7Q4 Indus Bank tak 22-11-2026; A2B3 Indus Bank tak 22-11-2026, ruki hui"
    );
    assert_eq!(
        page(&lines, 1, false, Language::Urdu),
        "آپ کی اجازتیں: K7Q4 انڈس بینک تا 22-11-2026; A2B3 انڈس بینک تا 22-11-2026، رکی ہوئی"
    );
    assert!(page(&lines, 2, false, Language::English).contains("no consent"));
    assert!(page(&[], 1, false, Language::English).contains("no consent"));
}

#[test]
fn c40_a_discreet_citizens_list_and_passcode_name_no_agency() {
    let holder = Holder::Kind(Sector::Private);
    let lines = [ConsentLine { holder, ..line("K7Q4", false) }];
    assert_eq!(page(&lines, 1, false, Language::English), "Ijazat, your consents: K7Q4 a company to 22-11-2026");
    for language in LANGUAGES {
        for sector in Sector::ALL {
            for mode in [Mode::SmsPin, Mode::SmsReply] {
                let text = discreet_text(language, mode, (*sector, "K7Q4"), &code());
                fits(language, &text);
                assert!(text.contains("482913") && text.contains("K7Q4") && text.contains(class(*sector, language)));
                let first: String = text.chars().take(67).collect();
                assert!(first.contains("482913"), "{text}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn pages_tell_every_consent_once_whatever_names_there_are(
        names in prop::collection::vec((any::<String>(), any::<String>(), any::<bool>()), 0..12), shared: bool,
    ) {
        let lines: Vec<ConsentLine> = names.iter().zip(0_u32..).map(|((name, name_ur, paused), n)| {
            let holder = Holder::Named(name.clone(), name_ur.clone());
            ConsentLine { holder, ..line(&format!("A0{n:02}"), *paused) }
        }).collect();
        for language in LANGUAGES {
            let pages: Vec<String> = (1..=13).map(|n| page(&lines, n, shared, language)).collect();
            for (n, text) in pages.iter().enumerate() {
                fits(language, text);
                prop_assert!(!text.contains("CONSENTS") || text.ends_with(&format!("{}", n + 2)), "{}", text);
            }
            for line in &lines {
                let wanted = format!("{} ", line.reference.as_str());
                let told = pages.iter().map(|text| text.matches(&wanted).count()).sum::<usize>();
                prop_assert!(told >= 1, "{:?}", pages);
            }
        }
    }

    #[test]
    fn a_word_means_what_its_meaning_means(text in "(CONSENTS|PAUSE|RESUME|STOP ALL|BLOCK|UNBLOCK|LANG|ALERT|DISCREET)( [A-Z0-9]{1,6}){0,3}") {
        let once = meaning(&text);
        prop_assert_eq!(&*meaning(&once), &*once);
    }
}
