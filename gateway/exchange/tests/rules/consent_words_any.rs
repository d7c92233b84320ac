//! The words of 8009 in every spelling and dress, and what is answered to them, held for any text, any name and any number of lines.

use exchange::{
    classification::Sector,
    consent::{
        answer::Told,
        discreet::{class, discreet_text},
        message::{GSM_SEPTETS_MAX, Language, UCS2_UNITS_MAX},
        mode::Mode,
        notices::EndsSoon,
        passcode::Passcode,
        reply::{Reference, Reply, meaning, plain},
        word::{LastFour, Word},
        word_text::{ConsentLine, Holder, Worded},
    },
};
use proptest::prelude::*;

use crate::{
    consent_texts::GSM_BASIC,
    support::{CITIZEN, NOON, citizen},
};

const LANGUAGES: [Language; 3] = [Language::English, Language::Urdu, Language::RomanUrdu];

const CONSENTS: [&str; 5] = ["CONSENTS", "CONSENT", "IJAZATEN", "IJAZATAIN", "اجازتیں"];
const STOP: [&str; 5] = ["STOP", "BAND", "ROKO", "بند", "روکیں"];
const ALL: [&str; 3] = ["ALL", "SAB", "سب"];
const ALERT: [&str; 4] = ["ALERT", "ALERTS", "ITLA", "اطلاع"];
const DISCREET: [&str; 3] = ["DISCREET", "RAZ", "راز"];
const ON: [&str; 3] = ["ON", "CHALU", "چالو"];
const OFF: [&str; 4] = ["OFF", "BAND", "بند", "آف"];

fn reference() -> Reference {
    Reference::parse("K7Q4").unwrap()
}

fn code() -> Passcode {
    Passcode::parse("482913").unwrap()
}

fn four() -> LastFour {
    LastFour::parse("5671").unwrap()
}

/// Each first word with each second one.
fn pairs(first: &[&str], second: &[&str]) -> Vec<String> {
    first.iter().flat_map(|one| second.iter().map(move |other| format!("{one} {other}"))).collect()
}

/// Every word that a citizen may send, in every spelling; names, which may be anything, stand apart.
fn every_spelling() -> Vec<(String, Word)> {
    let mut all: Vec<(String, Word)> = Vec::new();
    let mut add = |texts: Vec<String>, word: &Word| all.extend(texts.into_iter().map(|text| (text, word.clone())));
    add(CONSENTS.map(str::to_owned).to_vec(), &Word::Consents(None, 1));
    add(pairs(&CONSENTS, &["12"]), &Word::Consents(None, 12));
    add(pairs(&CONSENTS, &["5671"]), &Word::Consents(Some(four()), 1));
    add(pairs(&CONSENTS, &["5671 12"]), &Word::Consents(Some(four()), 12));
    add(pairs(&["PAUSE", "WAQFA", "وقفہ"], &["K7Q4"]), &Word::Pause(reference()));
    let resume = ["RESUME", "BAHAL", "بحال"];
    add(pairs(&resume, &["K7Q4"]), &Word::Resume(reference(), None));
    add(pairs(&resume, &["K7Q4 482913"]), &Word::Resume(reference(), Some(code())));
    let stop = pairs(&STOP, &ALL);
    let stop: Vec<&str> = stop.iter().map(String::as_str).collect();
    add(stop.iter().map(|&text| text.to_owned()).collect(), &Word::StopAll(None));
    add(pairs(&stop, &["482913"]), &Word::StopAll(Some(code())));
    let speak = ["LANG", "ZABAN", "زبان"];
    add(pairs(&speak, &["EN", "ENGLISH", "ANGREZI", "انگریزی"]), &Word::Speak(Language::English));
    add(pairs(&speak, &["UR", "URDU", "اردو"]), &Word::Speak(Language::Urdu));
    add(pairs(&speak, &["RU", "ROMAN", "رومن"]), &Word::Speak(Language::RomanUrdu));
    add(pairs(&ALERT, &ON), &Word::AlertOn);
    add(pairs(&ALERT, &OFF), &Word::AlertOff(None));
    add(pairs(&ALERT, &["OFF 482913", "بند 482913"]), &Word::AlertOff(Some(code())));
    add(pairs(&DISCREET, &ON), &Word::DiscreetOn);
    add(pairs(&DISCREET, &OFF), &Word::DiscreetOff(None));
    add(pairs(&DISCREET, &["OFF 482913", "بند 482913"]), &Word::DiscreetOff(Some(code())));
    all
}

/// The same text as other thumbs type it.
fn dressed(text: &str) -> Vec<String> {
    let digits = |zero: u32| -> String {
        text.chars().map(|c| c.to_digit(10).and_then(|digit| char::from_u32(zero + digit)).unwrap_or(c)).collect()
    };
    vec![
        text.to_owned(),
        text.to_lowercase(),
        text.replace(' ', "   "),
        text.replace(' ', "\n"),
        text.replace(' ', "\r\n\t"),
        text.replace(' ', ", - "),
        text.replace(' ', "۔"),
        format!("\n «{text}»!؟ "),
        format!("\u{200f}{}\u{200e}.", text.replace(' ', "\u{a0}")),
        digits(0x660),
        digits(0x6f0),
        digits(0x6f0).to_lowercase().replace(' ', "/"),
    ]
}

#[test]
fn c32_every_spelling_in_every_dress_means_its_word() {
    let all = every_spelling();
    assert!(all.len() > 100, "{}", all.len());
    for (text, word) in all {
        for dressed in dressed(&text) {
            assert_eq!(Reply::parse(&dressed), Reply::Word(word.clone()), "{dressed:?}");
            assert_eq!(*meaning(&dressed), *word.meaning(), "{dressed:?}");
        }
    }
}

#[test]
fn c32_a_word_with_rubbish_around_it_is_not_that_word() {
    for (text, word) in every_spelling() {
        for rubbish in [
            format!("{text} please"),
            format!("{text} شکریہ"),
            format!("please {text}"),
            format!("{text}ZZ"),
            format!("Z{text}"),
            format!("{text} 1234567"),
            format!("{text} \u{b2}"),
            format!("{text} {text}"),
        ] {
            assert_ne!(Reply::parse(&rubbish), Reply::Word(word.clone()), "{rubbish}");
            assert_eq!(Reply::parse(&rubbish), Reply::Help, "{rubbish}");
        }
    }
}

#[test]
fn c32_a_name_of_an_agency_is_any_words_of_forty_characters_in_all() {
    let check = |text: &str, expected: Reply| assert_eq!(Reply::parse(text), expected, "{text}");
    let block = |name: &str| Reply::Word(Word::Block(name.to_owned()));
    let unblock = |name: &str, code| Reply::Word(Word::Unblock(name.to_owned(), code));
    for word in ["BLOCK", "MANA", "منع"] {
        for c in ["W", "ی", "7"] {
            check(&format!("{word} {}", c.repeat(40)), block(&c.repeat(40)));
            check(&format!("{word} {}", c.repeat(41)), Reply::Help);
        }
        check(&format!("{word} {} {}", "W".repeat(20), "W".repeat(20)), Reply::Help);
        check(
            &format!("{word} {} {}", "W".repeat(20), "W".repeat(19)),
            block(&format!("{0} {0}", "W".repeat(20))[..40]),
        );
        check(&format!("{word} bank 482913"), block("BANK 482913"));
        check(word, Reply::Help);
        check(&format!("{word} -- !"), Reply::Help);
    }
    for word in ["UNBLOCK", "AZAD", "آزاد"] {
        check(&format!("{word} {}", "W".repeat(40)), unblock(&"W".repeat(40), None));
        check(&format!("{word} {} 482913", "W".repeat(40)), unblock(&"W".repeat(40), Some(code())));
        check(&format!("{word} {} 482913", "W".repeat(41)), Reply::Help);
        check(&format!("{word} سندھ بینک ٤٨٢ ٩١٣"), unblock("سندھ بینک", Some(code())));
        check(&format!("{word} 482913"), unblock("482913", None));
        check(&format!("{word} 482913 482913"), unblock("482913", Some(code())));
        check(&format!("{word} bank 48291"), unblock("BANK 48291", None));
        check(word, Reply::Help);
    }
}

#[test]
fn c32_pages_have_one_or_two_digits_and_cards_four() {
    let page = |text: &str| match Reply::parse(text) {
        Reply::Word(Word::Consents(of, page)) => Some((of.is_some(), page)),
        _ => None,
    };
    for number in 1..=99_u8 {
        assert_eq!(page(&format!("CONSENTS {number}")), Some((false, number)));
        assert_eq!(page(&format!("CONSENTS 5671 {number:02}")), Some((true, number)));
    }
    for wrong in ["0", "00", "000", "100", "255", "256", "56712", "567", "5671 00", "5671 100", "5671 5671", "1 1"] {
        assert_eq!(page(&format!("CONSENTS {wrong}")), None, "{wrong}");
    }
    for wrong in ["", "567", "56711", "567a", "٥٦٧١", " 567", "+567", "-567"] {
        assert_eq!(LastFour::parse(wrong), None, "{wrong}");
    }
    assert_eq!(LastFour::of(citizen()).expose(), &CITIZEN[9..]);
    assert_eq!(LastFour::of(exchange::cnic::Cnic::parse("4210112340071").unwrap()).expose(), "0071");
}

#[test]
fn c33_what_gives_back_or_cannot_be_undone_needs_a_code_and_its_deed_never_holds_it() {
    let mut coded = std::collections::BTreeSet::new();
    let names = [Word::Block("BANK".into()), Word::Unblock("BANK".into(), None)];
    for word in every_spelling().into_iter().map(|(_, word)| word).chain(names) {
        let deed = word.deed();
        assert!(!deed.contains("482913"), "{deed}");
        assert!(word.code().is_none() || word.needs_code(), "{deed}");
        let again = Word::parse(&plain(&deed)).unwrap();
        assert_eq!((again.deed(), again.code()), (deed.clone(), None), "a deed reads as itself");
        let said = word.meaning();
        let expected = if word.code().is_some() { format!("{deed} 482913") } else { deed.clone() };
        assert_eq!(*said, expected);
        assert_eq!(Word::parse(&said), Some(word.clone()), "{deed}");
        if word.needs_code() {
            coded.insert(deed);
        }
    }
    let expected = ["ALERT OFF", "DISCREET OFF", "RESUME K7Q4", "STOP ALL", "UNBLOCK BANK"];
    assert_eq!(coded.into_iter().collect::<Vec<_>>(), expected);
}

fn line(number: usize, (name, urdu): (&str, &str), paused: bool) -> ConsentLine {
    let reference = Reference::parse(&format!("A{number:03}")).unwrap();
    ConsentLine { reference, holder: Holder::Named(name.to_owned(), urdu.to_owned()), until: NOON, paused }
}

fn page(lines: &[ConsentLine], page: u8, shared: bool, language: Language) -> String {
    Told::Word(Worded::Consents { lines: lines.to_vec(), page, shared }).text(language)
}

/// Every answer there is, with the widest of what may stand in it.
fn every_answer() -> Vec<Told> {
    let wide = Reference::parse("MWMW").unwrap();
    let long = ("W".repeat(40), "ی".repeat(40));
    let lines: Vec<_> = (0..9).map(|n| line(n, (&long.0, &long.1), true)).collect();
    let mut words = vec![
        Worded::Paused(wide.clone()),
        Worded::Resumed(wide.clone()),
        Worded::Blocked,
        Worded::Unblocked,
        Worded::StoppedAll,
        Worded::WrongCode,
        Worded::AsItWas,
        Worded::WrongDigits,
        Worded::Consents { lines: Vec::new(), page: 1, shared: false },
    ];
    words.extend(LANGUAGES.map(Worded::Speaks));
    words.extend([true, false].into_iter().flat_map(|on| [Worded::Alerts(on), Worded::Discreet(on)]));
    for deed in ["STOP ALL", "RESUME MWMW", "ALERT OFF", "DISCREET OFF"] {
        words.push(Worded::Code(deed.to_owned(), code()));
    }
    words.push(Worded::Code(format!("UNBLOCK {}", long.0), code()));
    for (number, shared) in [(1, false), (1, true), (99, true)] {
        words.push(Worded::Consents { lines: lines.clone(), page: number, shared });
    }
    let mut all: Vec<Told> = words.into_iter().map(Told::Word).collect();
    all.extend([Told::Refused(wide.clone()), Told::Stopped(wide.clone()), Told::Allowed(wide)]);
    all.extend([Told::Wrong { tries_left: u8::MAX }, Told::Locked, Told::NothingWaits, Told::Nothing, Told::Help]);
    all.extend([Told::ConsentsLocked, Told::AlreadyLocked, Told::UnlockCode(code()), Told::Unlocked]);
    all.extend([Told::WrongUnlockCode, Told::GuessesSpent]);
    all
}

/// One part of GSM-7 or two of UCS-2; nothing to click on, and no number that could be a code or a card but the one code.
fn sound(language: Language, text: &str) {
    let units = text.encode_utf16().count();
    if language == Language::Urdu {
        assert!(units <= UCS2_UNITS_MAX, "{units} units: {text}");
    } else {
        assert!(text.chars().all(|c| GSM_BASIC.contains(c)), "{text:?}");
        assert!(units <= GSM_SEPTETS_MAX, "{units} septets: {text}");
    }
    for link in ["://", "www.", ".pk", ".com", "\\", "@"] {
        assert!(!text.to_lowercase().contains(link), "{text}");
    }
    let others = text.replacen("482913", "", 1);
    let runs = others.split(|c: char| !c.is_numeric()).map(|run| run.chars().count()).max();
    assert!(runs <= Some(5), "{text}");
    assert!(!text.chars().any(char::is_control), "{text:?}");
}

#[test]
fn c32_every_answer_fits_its_message_in_every_language_with_the_widest_that_stands_in_it() {
    for told in every_answer() {
        let texts = LANGUAGES.map(|language| told.text(language));
        for (language, text) in LANGUAGES.into_iter().zip(&texts) {
            sound(language, text);
            let coded = matches!(told, Told::UnlockCode(_) | Told::Word(Worded::Code(..)));
            assert_eq!(text.contains("482913"), coded, "{text}");
            let urdu = text.chars().any(|c| ('\u{600}'..='\u{6ff}').contains(&c));
            assert_eq!(urdu, language == Language::Urdu, "{text}");
        }
        assert!(texts[0] != texts[1] && texts[1] != texts[2] && texts[0] != texts[2], "{texts:?}");
    }
}

#[test]
fn c32_only_what_changed_nothing_may_go_unanswered() {
    for told in every_answer() {
        let idle = matches!(
            told,
            Told::Nothing
                | Told::NothingWaits
                | Told::AlreadyLocked
                | Told::WrongUnlockCode
                | Told::Help
                | Told::Word(Worded::WrongCode | Worded::AsItWas | Worded::WrongDigits)
        );
        assert_eq!(told.did_something(), !idle, "{told:?}");
    }
    for language in LANGUAGES {
        let wrong = Told::Word(Worded::WrongDigits).text(language);
        assert_eq!(wrong, Told::Help.text(language), "nobody learns who else has the number");
    }
}

/// The lines of a page, and what it says of further ones.
fn told_lines(text: &str, language: Language) -> (Vec<String>, Option<String>) {
    let head = match language {
        Language::English => "Ijazat, your consents: ",
        Language::RomanUrdu => "Aap ki ijazaten: ",
        Language::Urdu => "آپ کی اجازتیں: ",
    };
    let body = text.strip_prefix(head).unwrap();
    // No name keeps its full stops: the first one is ours.
    let (body, more) = body.split_once(". ").map_or((body, None), |(body, more)| (body, Some(more)));
    (body.split("; ").map(str::to_owned).collect(), more.map(str::to_owned))
}

#[test]
fn c40_a_kind_is_one_of_three_and_says_nothing_else() {
    let words = |sector| LANGUAGES.map(|language| class(sector, language));
    for &sector in Sector::ALL {
        let expected = match sector {
            Sector::Federal | Sector::Provincial | Sector::Local => {
                ["a public office", "سرکاری دفتر", "sarkari daftar"]
            }
            Sector::Private => ["a company", "کمپنی", "company"],
            _ => ["an organisation", "ادارہ", "idara"],
        };
        assert_eq!(words(sector), expected, "{sector:?}");
    }
    for language in LANGUAGES {
        for mode in [Mode::SmsPin, Mode::SmsReply] {
            let text = |sector| discreet_text(language, mode, (sector, "MWMW"), &code());
            assert_eq!(text(Sector::Federal), text(Sector::Local), "which office it is cannot be told");
            for &sector in Sector::ALL {
                sound(language, &text(sector));
            }
        }
    }
}

#[test]
fn c31_the_reminder_in_urdu_of_either_script_is_this() {
    let soon = EndsSoon { agency: "Indus Bank", purpose: "account opening", ends_at: NOON, reference: "K7Q4" };
    assert_eq!(
        soon.text(Language::RomanUrdu),
        "Ijazat: Indus Bank ko account opening ke liye aap ki ijazat 22-11-2026 ko khatam hogi. Ref K7Q4. Abhi khatam: \
         STOP K7Q4"
    );
    let soon = EndsSoon { agency: "سندھ بینک", purpose: "کھاتہ کھولنا", ..soon };
    assert_eq!(
        soon.text(Language::Urdu),
        "اجازت: سندھ بینک کو کھاتہ کھولنا کے لیے آپ کی اجازت 22-11-2026 کو ختم ہو گی۔ حوالہ K7Q4۔ ابھی ختم کریں: STOP K7Q4"
    );
}

/// Names as no directory should hold them: links, cards, other scripts, lengths beyond all bounds.
fn any_name() -> impl Strategy<Value = String> {
    let bad = prop::sample::select(vec![
        "https://evil.example/482914".to_owned(),
        "www.evil.pk 4210112345671".to_owned(),
        "42101-1234567-1; K7Q4 x. More: CONSENTS 9".to_owned(),
        "۴۲۱۰۱۱۲۳۴۵۶۷۱".to_owned(),
        "سندھ بینک لمیٹڈ آف پاکستان".to_owned(),
        "W".repeat(100),
        "ی".repeat(100),
        "😀€[]{}\r\n".repeat(9),
    ]);
    prop_oneof![any::<String>(), bad, "[A-Z][a-z]{2,9} Bank"]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_text_is_read_and_dress_does_not_change_its_meaning(
        text in "(CONSENTS|PAUSE|RESUME|STOP|BLOCK|UNBLOCK|LANG|ALERT|DISCREET|OK|NO)?( ?[A-Z0-9آ-ی]{0,7}){0,4}", any: String,
    ) {
        let _ = (Reply::parse(&any), Word::parse(&any), Word::parse(&plain(&any)), LastFour::parse(&any));
        for dressed in dressed(&text) {
            prop_assert_eq!(Reply::parse(&dressed), Reply::parse(&text), "{:?}", dressed);
            prop_assert_eq!(&*meaning(&dressed), &*meaning(&text), "{:?}", dressed);
        }
    }

    #[test]
    fn pages_hold_every_line_once_whole_and_in_order(
        names in prop::collection::vec((any_name(), any_name(), any::<bool>()), 0..18), shared: bool,
    ) {
        let lines: Vec<_> = names.iter().enumerate().map(|(n, (name, urdu, paused))| line(n, (name, urdu), *paused)).collect();
        for language in LANGUAGES {
            let alone = |one: &ConsentLine| told_lines(&page(std::slice::from_ref(one), 1, shared, language), language).0;
            let expected: Vec<String> = lines.iter().flat_map(alone).collect();
            prop_assert_eq!(expected.len(), lines.len());
            let mut told = Vec::new();
            let mut number = 1;
            while told.len() < lines.len() {
                let text = page(&lines, number, shared, language);
                sound(language, &text);
                number += 1;
                let (some, more) = told_lines(&text, language);
                told.extend(some);
                prop_assert_eq!(more.is_some(), told.len() < lines.len(), "{}", text);
                if let Some(more) = more {
                    prop_assert!(more.ends_with(&format!(" {number}")), "{}", text);
                    prop_assert_eq!(more.contains([',', '،']), shared, "{}", text);
                }
            }
            prop_assert_eq!(told, expected);
            let beyond = if lines.is_empty() { 1 } else { number };
            prop_assert_eq!(page(&lines, beyond, shared, language), page(&[], 1, false, language));
        }
    }

    #[test]
    fn a_reminder_fits_and_tells_its_reference_whatever_the_names_are(agency in any_name(), purpose in any_name()) {
        let soon = EndsSoon { agency: &agency, purpose: &purpose, ends_at: NOON, reference: "MWMW" };
        for language in LANGUAGES {
            let text = soon.text(language);
            sound(language, &text);
            prop_assert!(text.ends_with("STOP MWMW") && text.contains("22-11-2026"), "{}", text);
        }
    }
}
