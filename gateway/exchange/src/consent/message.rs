//! The text that carries the passcode: who asks, for what, why, under which reference (PSD2's dynamic linking).
//!
//! Names come from the directory and the dictionary only, and pass a filter: no web address and no number that could be
//! taken for a passcode gets in. The Urdu wording needs a native reader's review before real use.

use super::passcode::Passcode;
use crate::{ports::entropy::Entropy, timestamp::Timestamp};

/// Septets of one GSM-7 message (3GPP TS 23.038).
pub const GSM_SEPTETS_MAX: usize = 160;

/// UTF-16 units of a UCS-2 message in two parts.
pub const UCS2_UNITS_MAX: usize = 134;

/// Characters that an agency's name gets.
pub(super) const AGENCY_CHARS_MAX: usize = 20;

/// Characters that a purpose's text gets ([`crate::directory::Purpose::text`]).
pub(super) const PURPOSE_CHARS_MAX: usize = 24;

/// The same two in Urdu, where two parts hold 134 units.
pub(super) const URDU_NAME_CHARS_MAX: usize = 16;

/// Digits in a row from which a text could be taken for a passcode or a CNIC.
const DIGITS_IN_A_ROW_MAX: usize = 5;

/// Characters that are kept free for the data: room to count the most that may be asked, `32 data`.
pub(super) const DATA_CHARS_MIN: usize = 7;

/// Douglas Crockford's base 32: no letter that reads like another.
const CROCKFORD: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// The citizen's language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// English, in GSM-7.
    English,
    /// Urdu, in UCS-2.
    Urdu,
    /// Urdu in Latin letters, in GSM-7.
    RomanUrdu,
}

impl Language {
    /// The word in stores: the BCP 47 tag.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Urdu => "ur",
            Self::RomanUrdu => "ur-Latn",
        }
    }

    /// Reads back [`Self::as_str`].
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::English, Self::Urdu, Self::RomanUrdu].into_iter().find(|language| language.as_str() == text)
    }
}

/// What the text says, in one language.
#[derive(Clone, Debug)]
pub struct Asked<'a> {
    /// The agency's name.
    pub agency: &'a str,
    /// The purpose's text.
    pub purpose: &'a str,
    /// Titles of the datatypes.
    pub titles: Vec<&'a str>,
    /// End of a standing consent; `None` for one use.
    pub until: Option<Timestamp>,
    /// Our reference, four characters.
    pub reference: &'a str,
    /// The counter's own mark, already checked to be plain.
    pub counter: Option<&'a str>,
}

/// Draws a reference of four characters.
#[must_use]
pub fn draw_reference(entropy: &dyn Entropy) -> String {
    let mut bytes = [0; 4];
    entropy.fill(&mut bytes);
    bytes.iter().filter_map(|byte| CROCKFORD.get(usize::from(byte & 31))).map(|&c| char::from(c)).collect()
}

/// Whether a binding message is plain: letters, digits, space and `-`, at most twelve, no six digits in a row.
#[must_use]
pub fn is_plain_mark(text: &str) -> bool {
    let short = (1..=crate::limits::BINDING_MESSAGE_CHARS_MAX).contains(&text.len());
    let letters = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b' ' || b == b'-');
    short && letters && !text.trim().is_empty() && plain(text, 99) == text.trim()
}

/// Words the message.
#[must_use]
pub fn passcode_text(language: Language, asked: &Asked<'_>, passcode: &Passcode) -> String {
    match language {
        Language::English => latin(asked, passcode, &ENGLISH),
        Language::RomanUrdu => latin(asked, passcode, &ROMAN),
        Language::Urdu => urdu(asked, passcode),
    }
}

/// What stands between the names in a language of Latin letters.
struct Frame {
    seeks: &'static str,
    purpose: &'static str,
    until: &'static str,
    give: &'static str,
    refuse: &'static str,
}

const ENGLISH: Frame =
    Frame { seeks: " seeks ", purpose: " for ", until: " until ", give: "Give only at this counter", refuse: "Refuse" };

const ROMAN: Frame = Frame {
    seeks: " ko chahiye ",
    purpose: " baraye ",
    until: " ta ",
    give: "Sirf isi counter par dein",
    refuse: "Inkar",
};

fn latin(asked: &Asked<'_>, passcode: &Passcode, words: &Frame) -> String {
    let agency = gsm(asked.agency, AGENCY_CHARS_MAX);
    let counter = asked.counter.map(|mark| format!(" {}", mark.trim())).unwrap_or_default();
    let until = asked.until.map(|at| format!("{}{}", words.until, day(at))).unwrap_or_default();
    let head = format!("Ijazat code {}: {agency}{counter}{}", passcode.expose(), words.seeks);
    let reference = asked.reference;
    let tail = format!("{until}. Ref {reference}. {}. {}: NO {reference}", words.give, words.refuse);
    // The longest agency, mark and end leave less than its share to the purpose: it gives way, so that one message does.
    let left = GSM_SEPTETS_MAX.saturating_sub(head.len() + DATA_CHARS_MIN + words.purpose.len() + tail.len());
    let tail = format!("{}{}{tail}", words.purpose, gsm(asked.purpose, PURPOSE_CHARS_MAX.min(left)));
    let room = GSM_SEPTETS_MAX.saturating_sub(head.len() + tail.len());
    let titles: Vec<String> = asked.titles.iter().map(|title| gsm(title, room)).collect();
    format!("{head}{}{tail}", fit(&titles, "+", room))
}

fn urdu(asked: &Asked<'_>, passcode: &Passcode) -> String {
    let agency = plain(asked.agency, URDU_NAME_CHARS_MAX);
    let counter = asked.counter.map(|mark| format!(" {}", mark.trim())).unwrap_or_default();
    let until = asked.until.map(|at| format!(" تا {}", day(at))).unwrap_or_default();
    let reference = asked.reference;
    let tail = format!("{until} / حوالہ {reference}۔ صرف اسی کاؤنٹر پر دیں۔ انکار: NO {reference}");
    let purpose = plain(asked.purpose, URDU_NAME_CHARS_MAX);
    let head = |counter: &str| format!("اجازت کوڈ {} / {agency}{counter}: ", passcode.expose());
    let taken = |head: &str| units(head) + DATA_CHARS_MIN + units(" برائے ") + units(&purpose) + units(&tail);
    // Of the longest agency, purpose and end the counter's mark gives way: it is the agency's own word.
    let marked = head(&counter);
    let head = if taken(&marked) <= UCS2_UNITS_MAX { marked } else { head("") };
    let tail = format!(" برائے {purpose}{tail}");
    let room = UCS2_UNITS_MAX.saturating_sub(units(&head) + units(&tail));
    let titles: Vec<String> = asked.titles.iter().map(|title| plain(title, room)).collect();
    format!("{head}{}{tail}", fit(&titles, "، ", room))
}

/// As many titles as there is room for, then how many more there are: nothing is left out silently.
pub(super) fn fit(titles: &[String], joiner: &str, room: usize) -> String {
    for shown in (0..=titles.len()).rev() {
        let mut text = titles.iter().take(shown).map(String::as_str).collect::<Vec<_>>().join(joiner);
        match titles.len() - shown {
            0 => {}
            more if shown == 0 => text = format!("{more} data"),
            more => text = format!("{text} +{more}"),
        }
        if units(&text) <= room || shown == 0 {
            return text;
        }
    }
    String::new()
}

pub(super) fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

pub(super) fn day(at: Timestamp) -> String {
    let (year, month, day) = at.karachi_date();
    format!("{day:02}-{month:02}-{year:04}")
}

/// [`plain`] without what would turn a GSM-7 message into one of 70 characters.
pub(super) fn gsm(text: &str, chars_max: usize) -> String {
    plain(&text.replace(|c: char| !c.is_ascii(), " "), chars_max)
}

/// Letters, digits and a few marks that cost one septet; whatever could make a web address or a passcode is dropped.
pub(super) fn plain(text: &str, chars_max: usize) -> String {
    let mut out = String::new();
    let mut digits = 0;
    for c in text.chars() {
        let urdu_letter = ('\u{600}'..='\u{6ff}').contains(&c) && c.is_alphanumeric();
        let keep = c.is_ascii_alphanumeric() || urdu_letter || "&,-'()".contains(c);
        digits = if c.is_numeric() { digits + 1 } else { 0 };
        if keep && digits <= DIGITS_IN_A_ROW_MAX {
            out.push(c);
        } else if !out.ends_with(' ') {
            out.push(' ');
        }
    }
    out.trim().chars().take(chars_max).collect::<String>().trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked<'a>(agency: &'a str, titles: &[&'a str]) -> Asked<'a> {
        Asked {
            agency,
            purpose: "account opening",
            titles: titles.to_vec(),
            until: None,
            reference: "K7Q4",
            counter: None,
        }
    }

    fn code() -> Passcode {
        Passcode::parse("482913").unwrap()
    }

    /// GSM 03.38 basic set as far as we use it: one septet each.
    fn septets(text: &str) -> Option<usize> {
        let single = |c: char| c.is_ascii_alphanumeric() || " @$_!\"#%&'()*+,-./:;<=>?\n".contains(c);
        text.chars().all(single).then(|| text.chars().count())
    }

    #[test]
    fn the_english_text_says_who_what_why_and_where_to_give_it() {
        let text = passcode_text(Language::English, &asked("Indus Bank", &["name", "address"]), &code());
        let expected = "Ijazat code 482913: Indus Bank seeks name+address for account opening. Ref K7Q4. \
                        Give only at this counter. Refuse: NO K7Q4";
        assert_eq!(text, expected);
    }

    #[test]
    fn no_name_however_bad_breaks_the_message() {
        let long = "x".repeat(300);
        let names =
            ["Indus Bank", &long, "https://evil.example/482914", "Bank 1234567 [€] {پ} 😀", "", "4210112345671"];
        for name in names {
            let mut what = asked(name, &["name", name, "address", "date of birth", &long, "photograph"]);
            what.purpose = name;
            what.until = Some(Timestamp::from_micros(1_795_000_000_000_000));
            what.counter = Some("SDR-04");
            let text = passcode_text(Language::English, &what, &code());
            let ascii: String = text.chars().filter(char::is_ascii).collect();
            assert!(septets(&ascii).is_some(), "{text}");
            assert!(units(&text) <= GSM_SEPTETS_MAX, "{} units: {text}", units(&text));
            let urdu = passcode_text(Language::Urdu, &what, &code());
            assert!(units(&urdu) <= UCS2_UNITS_MAX, "{} units: {urdu}", units(&urdu));
            for text in [text, urdu] {
                assert!(!text.contains("http") || !text.contains("//"), "{text}");
                assert!(!text.contains("evil.example"), "{text}");
                let other = text.replacen("482913", "", 1);
                let mut run = 0;
                for c in other.chars() {
                    run = if c.is_numeric() { run + 1 } else { 0 };
                    assert!(run <= DIGITS_IN_A_ROW_MAX, "{text}");
                }
                assert!(text.contains("K7Q4"), "{text}");
            }
        }
    }

    #[test]
    fn data_without_room_are_counted_not_hidden() {
        let titles = ["name", "father's name", "date of birth", "present address", "photograph"];
        let text = passcode_text(Language::English, &asked("Sarhad Telecom", &titles), &code());
        assert!(text.contains("name+father's name+date of birth +2 for"), "{text}");
    }

    #[test]
    fn the_passcode_stands_in_the_first_part_of_an_urdu_text() {
        let text = passcode_text(Language::Urdu, &asked("سندھ بینک", &["نام", "پتہ"]), &code());
        let first: String = text.chars().take(67).collect();
        assert!(first.contains("482913") && first.contains("سندھ بینک") && first.contains("نام"), "{text}");
    }

    #[test]
    fn a_mark_is_twelve_plain_characters() {
        let check = |text: &str, expected| assert_eq!(is_plain_mark(text), expected, "{text}");
        check("SDR-04", true);
        check("Counter 12", true);
        check("", false);
        check("a line\nmore", false);
        check("x.pk/abc", false);
        check("482913", false);
        check("😀", false);
        check("thirteen char", false);
    }

    #[test]
    fn a_reference_has_no_letter_that_reads_like_another() {
        #[derive(Debug)]
        struct Count;
        impl Entropy for Count {
            fn fill(&self, bytes: &mut [u8]) {
                bytes.iter_mut().zip([0, 31, 18, 255]).for_each(|(to, from)| *to = from);
            }
        }
        assert_eq!(draw_reference(&Count), "0ZJZ");
        assert!(CROCKFORD.iter().all(|c| !b"ILOU".contains(c)));
    }
}
