//! What a citizen texts to 8009: keywords in English, Roman Urdu and Urdu, digits of three scripts (design/consent.md, 7).
//!
//! Bare `1` and `2` are taken: they answer another service of that number.

use std::fmt;

use zeroize::Zeroizing;

use super::{
    passcode::{Passcode, ScreenNumber},
    word::Word,
};

/// Longest text that is read, characters: a whole message of ten parts has fewer.
const CHARS_MAX: usize = 1_600;

/// Characters of a reference.
const REFERENCE_CHARS: usize = 4;

/// Our name for one request, which the citizen was told: four characters of Crockford's base 32.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Reference(String);

impl Reference {
    /// Reads one as people type it: either case, `O` for `0`, `I` and `L` for `1` (Crockford's rules of decoding).
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let read = |c: char| match c.to_ascii_uppercase() {
            'O' => Some('0'),
            'I' | 'L' => Some('1'),
            'U' => None,
            c if c.is_ascii_uppercase() || c.is_ascii_digit() => Some(c),
            _ => None,
        };
        let reference: String = text.chars().map(read).collect::<Option<_>>()?;
        (reference.len() == REFERENCE_CHARS).then_some(Self(reference))
    }

    /// As it stands in messages and stores.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reference({})", self.0)
    }
}

/// The digits behind an `OK`.
const ALLOW_DIGITS: usize = 8;

/// What a citizen wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// `OK 482913 47`: allows the request that has this passcode, whose screen shows these digits.
    Allow(Passcode, ScreenNumber),
    /// `NO K7Q4`: refuses the request.
    Refuse(Reference),
    /// `STOP K7Q4`: ends the consent.
    Stop(Reference),
    /// `LOCK`: nobody shall ask any more.
    Lock,
    /// `UNLOCK`, for a code; `UNLOCK 482913` with it: others may ask again.
    Unlock(Option<Passcode>),
    /// Lists, pauses, blocks and wishes.
    Word(Word),
    /// `HELP`, and whatever else is not understood.
    Help,
}

const REFUSE: [&str; 6] = ["NO", "NAHI", "NAHIN", "INKAR", "انکار", "نہیں"];

pub(super) const STOP: [&str; 5] = ["STOP", "BAND", "ROKO", "بند", "روکیں"];

const LOCK: [&str; 3] = ["LOCK", "TALA", "تالا"];

const UNLOCK: [&str; 3] = ["UNLOCK", "KHOLO", "کھولیں"];

/// None begins another, or the longer would never be read.
const ALLOW: [&str; 7] = ["OK", "HAAN", "HAN", "IJAZAT", "ہاں", "ھاں", "اجازت"];

impl Reply {
    /// Reads a message. Case, spaces, punctuation and the script of digits do not matter.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let plain = Zeroizing::new(plain(text));
        if let Some((passcode, screen)) = allowed(&plain) {
            return Self::Allow(passcode, screen);
        }
        if LOCK.contains(&plain.as_str()) {
            return Self::Lock;
        }
        if let Some(unlock) = unlocked(&plain) {
            return unlock;
        }
        if let Some(word) = Word::parse(&plain) {
            return Self::Word(word);
        }
        let mut words = plain.split(' ');
        let (Some(word), Some(reference), None) = (words.next(), words.next(), words.next()) else {
            return Self::Help;
        };
        match Reference::parse(reference) {
            Some(reference) if REFUSE.contains(&word) => Self::Refuse(reference),
            Some(reference) if STOP.contains(&word) => Self::Stop(reference),
            _ => Self::Help,
        }
    }
}

/// Eight digits behind a word that allows, however they are grouped: six of the passcode, two of the screen.
fn allowed(plain: &str) -> Option<(Passcode, ScreenNumber)> {
    let rest = ALLOW.iter().find_map(|word| plain.strip_prefix(word))?;
    let digits = Zeroizing::new(rest.replace(' ', ""));
    let (passcode, screen) = digits.split_at_checked(ALLOW_DIGITS - 2)?;
    Some((Passcode::parse(passcode)?, ScreenNumber::parse(screen)?))
}

/// A word that unlocks, alone or with six digits, however they are grouped.
fn unlocked(plain: &str) -> Option<Reply> {
    let rest = UNLOCK.iter().find_map(|word| plain.strip_prefix(word))?;
    let digits = Zeroizing::new(rest.replace(' ', ""));
    if digits.is_empty() {
        return Some(Reply::Unlock(None));
    }
    Passcode::parse(&digits).map(|code| Reply::Unlock(Some(code)))
}

/// A message by what it says, for telling repetitions: an `OK` is the same however its digits are grouped and whichever word it has.
#[must_use]
pub fn meaning(text: &str) -> Zeroizing<String> {
    match Reply::parse(text) {
        Reply::Allow(passcode, screen) => Zeroizing::new(format!("OK {} {}", passcode.expose(), screen.expose())),
        Reply::Unlock(Some(code)) => Zeroizing::new(format!("UNLOCK {}", code.expose())),
        Reply::Lock => Zeroizing::new("LOCK".to_owned()),
        Reply::Unlock(None) => Zeroizing::new("UNLOCK".to_owned()),
        Reply::Word(word) => word.meaning(),
        Reply::Refuse(_) | Reply::Stop(_) | Reply::Help => Zeroizing::new(plain(text)),
    }
}

/// Words of upper-case letters and ASCII digits, one space apart: two messages that read alike are alike.
#[must_use]
pub fn plain(text: &str) -> String {
    let mut plain = String::new();
    for c in text.chars().take(CHARS_MAX) {
        let c = digit(c).unwrap_or(c);
        if c.is_alphanumeric() {
            plain.push(c.to_ascii_uppercase());
        } else if !plain.ends_with(' ') && !plain.is_empty() {
            plain.push(' ');
        }
    }
    plain.trim_end().to_owned()
}

/// Whether the message was written in Urdu letters.
#[must_use]
pub fn is_urdu(text: &str) -> bool {
    text.chars().any(|c| ('\u{600}'..='\u{6ff}').contains(&c) && c.is_alphabetic())
}

/// A digit of Urdu or Arabic as the ASCII one.
fn digit(c: char) -> Option<char> {
    let zero = match c {
        '\u{660}'..='\u{669}' => 0x660,
        '\u{6f0}'..='\u{6f9}' => 0x6f0,
        _ => return None,
    };
    char::from_digit(u32::from(c) - zero, 10)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn k7q4() -> Reference {
        Reference::parse("K7Q4").unwrap()
    }

    #[test]
    fn what_citizens_type_is_understood() {
        let check = |text: &str, expected: Reply| assert_eq!(Reply::parse(text), expected, "{text}");
        for refusal in
            ["NO K7Q4", "no k7q4", " No,  K7Q4.\n", "nahi K7Q4", "INKAR: k7q4", "انکار K7Q4", "انکار K۷Q۴", "نہیں K٧Q٤"]
        {
            check(refusal, Reply::Refuse(k7q4()));
        }
        for end in ["STOP K7Q4", "stop\tk7q4", "band K7Q4", "بند K7Q4۔", "روکیں ‏K7Q4"] {
            check(end, Reply::Stop(k7q4()));
        }
        check("NO 7O1L", Reply::Refuse(Reference::parse("7011").unwrap()));
        for other in
            ["", "HELP", "NO", "STOP", "NO ALL", "NO K7Q", "NO K7Q45", "NO K7U4", "K7Q4", "NO K7Q4 please", "1", "2"]
        {
            check(other, Reply::Help);
        }
    }

    #[test]
    fn c30_an_ok_is_a_word_six_digits_and_two() {
        let check = |text: &str, expected: Reply| assert_eq!(Reply::parse(text), expected, "{text}");
        let allow = || Reply::Allow(Passcode::parse("482913").unwrap(), ScreenNumber::parse("47").unwrap());
        for yes in [
            "OK 482913 47",
            "ok 482913 47",
            " Ok:  482913,47.\n",
            "OK 48291347",
            "OK48291347",
            "ok482913 47",
            "OK 482913 + 47",
            "OK 482-913 4-7",
            "OK 48 29 13 47",
            "OK ۴۸۲۹۱۳ ۴۷",
            "ok ٤٨٢٩١٣ ٤٧",
            "haan 482913 47",
            "Han 482913 47",
            "ijazat 482913-47",
            "ہاں 482913 47",
            "ھاں ۴۸۲۹۱۳ ۴۷",
            "اجازت ۴۸۲۹۱۳۴۷",
            "\u{200f}اجازت 482913 47۔",
        ] {
            check(yes, allow());
        }
        check("OK 000000 00", Reply::Allow(Passcode::parse("000000").unwrap(), ScreenNumber::parse("00").unwrap()));
        for other in [
            "OK",
            "OK 482913",
            "OK 482913 4",
            "OK 482913 471",
            "OK 48291 47",
            "482913 47",
            "48291347",
            "1",
            "2",
            "OK 1",
            "OK 2",
            "1 48291347",
            "NO 482913 47",
            "OK K7Q4",
            "OK 482913 47 please",
            "please OK 482913 47",
            "OKAY 482913 47",
            "OK 482913 4O",
            "OK 482913 4\u{b2}",
        ] {
            check(other, Reply::Help);
        }
    }

    #[test]
    fn consents_are_locked_by_a_word_and_unlocked_by_a_word_and_a_code() {
        let check = |text: &str, expected: Reply| assert_eq!(Reply::parse(text), expected, "{text}");
        let code = || Some(Passcode::parse("482913").unwrap());
        for text in ["LOCK", " lock. ", "tala", "تالا"] {
            check(text, Reply::Lock);
        }
        for text in ["UNLOCK", "unlock!", "kholo", "کھولیں"] {
            check(text, Reply::Unlock(None));
        }
        for text in ["UNLOCK 482913", "unlock482913", "Unlock 482-913", "kholo ۴۸۲۹۱۳", "کھولیں 482 913"] {
            check(text, Reply::Unlock(code()));
        }
        for text in ["LOCK me", "LOCK 482913", "UNLOCK 48291", "UNLOCK 4829134", "UNLOCK me", "UN LOCK", "UNLOCKED"] {
            check(text, Reply::Help);
        }
        assert_eq!(meaning("unlock 482-913"), meaning("کھولیں ۴۸۲۹۱۳"));
        assert_eq!((meaning("tala"), meaning("kholo")), (meaning("LOCK"), meaning("UNLOCK")));
    }

    #[test]
    fn c38_an_ok_is_one_message_however_it_is_written() {
        for same in ["ok48291347", "OK 482-913 47", "ہاں ۴۸۲۹۱۳ ۴۷", "IJAZAT 48291347"] {
            assert_eq!(meaning(same), meaning("OK 482913 47"), "{same}");
        }
        for other in ["OK 482913 48", "OK 482914 47", "482913 47", "OK 482913"] {
            assert_ne!(meaning(other), meaning("OK 482913 47"), "{other}");
        }
        assert_eq!(*meaning("no k7q4"), plain("NO K7Q4"));
    }

    #[test]
    fn an_ok_prints_without_its_digits() {
        let printed = format!("{:?}", Reply::parse("OK 482913 47"));
        assert_eq!(printed, "Allow(Passcode(******), ScreenNumber(**))");
    }

    #[test]
    fn messages_that_read_alike_are_alike() {
        assert_eq!(plain(" no,k7q۴ \n"), plain("NO K7Q4"));
        assert_ne!(plain("NO K7Q4"), plain("NOK7Q4"));
        assert!(is_urdu("انکار K7Q4") && !is_urdu("NO K7Q4") && !is_urdu("۷۷"));
    }

    proptest! {
        #[test]
        fn nothing_that_is_sent_breaks_the_reader(text in "\\PC{0,200}") {
            let _ = Reply::parse(&text);
            prop_assert_eq!(&*meaning(&meaning(&text)), &*meaning(&text));
            prop_assert_eq!(plain(&plain(&text)), plain(&text));
        }

        #[test]
        fn every_reference_that_is_drawn_reads_back(text in "[0-9A-HJKMNP-TV-Z]{4}") {
            let read = Reference::parse(&text.to_lowercase()).unwrap();
            prop_assert_eq!(read.as_str(), text);
        }
    }
}
