//! Words by which citizens see and steer what they allowed: lists, pauses, blocks and wishes (design/consent.md, 7).
//!
//! What takes away is done at once, for a number can be forged and nothing is lost by it. What gives back, shows more or cannot be
//! undone needs a code that was sent to the number: `RESUME` of a forger would open what its citizen closed.

use std::fmt;

use zeroize::Zeroizing;

use super::{message::Language, passcode::Passcode, reply::Reference};

/// Characters of the words that name an agency.
const NAME_CHARS_MAX: usize = 40;

/// Digits of a page's number.
const PAGE_DIGITS_MAX: usize = 2;

/// The last four digits of a card's number; printed without them.
#[derive(Clone, PartialEq, Eq)]
pub struct LastFour(Zeroizing<String>);

impl LastFour {
    /// Reads four ASCII digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let plain = text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit());
        plain.then(|| Self(Zeroizing::new(text.to_owned())))
    }

    /// Those of a card.
    #[must_use]
    pub fn of(cnic: crate::cnic::Cnic) -> Self {
        Self(Zeroizing::new(format!("{:04}", cnic.as_u64() % 10_000)))
    }

    /// The digits, to be tagged.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for LastFour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LastFour(****)")
    }
}

/// What a citizen wants of these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Word {
    /// `CONSENTS`, `CONSENTS 2`, `CONSENTS 5671 2`: what holds, page by page; on a shared number, of whom.
    Consents(Option<LastFour>, u8),
    /// `PAUSE K7Q4`: the consent is of no use until it is resumed.
    Pause(Reference),
    /// `RESUME K7Q4`, for a code; `RESUME K7Q4 482913` with it.
    Resume(Reference, Option<Passcode>),
    /// `BLOCK K7Q4`, `BLOCK bank-indus`: this agency shall not ask any more.
    Block(String),
    /// `UNBLOCK bank-indus`, for a code; `UNBLOCK bank-indus 482913` with it.
    Unblock(String, Option<Passcode>),
    /// `STOP ALL`, for a code; `STOP ALL 482913` with it: ends every consent.
    StopAll(Option<Passcode>),
    /// `LANG UR`, `LANG EN`, `LANG RU`.
    Speak(Language),
    /// `ALERT ON`: tell me whenever somebody saw my data.
    AlertOn,
    /// `ALERT OFF`, for a code; `ALERT OFF 482913` with it: whoever forges a number would silence what gives him away.
    AlertOff(Option<Passcode>),
    /// `DISCREET ON`: messages name no agency.
    DiscreetOn,
    /// `DISCREET OFF`, for a code; `DISCREET OFF 482913` with it.
    DiscreetOff(Option<Passcode>),
}

const CONSENTS: [&str; 5] = ["CONSENTS", "CONSENT", "IJAZATEN", "IJAZATAIN", "اجازتیں"];
const PAUSE: [&str; 3] = ["PAUSE", "WAQFA", "وقفہ"];
const RESUME: [&str; 3] = ["RESUME", "BAHAL", "بحال"];
const BLOCK: [&str; 3] = ["BLOCK", "MANA", "منع"];
const UNBLOCK: [&str; 3] = ["UNBLOCK", "AZAD", "آزاد"];
const STOP: [&str; 5] = super::reply::STOP;
const ALL: [&str; 3] = ["ALL", "SAB", "سب"];
const LANGUAGE: [&str; 3] = ["LANG", "ZABAN", "زبان"];
const ALERT: [&str; 4] = ["ALERT", "ALERTS", "ITLA", "اطلاع"];
const DISCREET: [&str; 3] = ["DISCREET", "RAZ", "راز"];
const ON: [&str; 3] = ["ON", "CHALU", "چالو"];
const OFF: [&str; 4] = ["OFF", "BAND", "بند", "آف"];
const ENGLISH: [&str; 4] = ["EN", "ENGLISH", "ANGREZI", "انگریزی"];
const URDU: [&str; 3] = ["UR", "URDU", "اردو"];
const ROMAN: [&str; 3] = ["RU", "ROMAN", "رومن"];

impl Word {
    /// Reads words that [`super::reply::plain`] made; `None` for any others.
    #[must_use]
    pub fn parse(plain: &str) -> Option<Self> {
        let words: Vec<&str> = plain.split(' ').collect();
        let (&word, rest) = words.split_first()?;
        let is = |names: &[&str]| names.contains(&word);
        if is(&CONSENTS) {
            return consents(rest);
        }
        if is(&BLOCK) {
            return name(rest).map(Self::Block);
        }
        if is(&UNBLOCK) {
            return unblock(rest);
        }
        let (&what, rest) = rest.split_first()?;
        if is(&PAUSE) {
            return Reference::parse(what).filter(|_| rest.is_empty()).map(Self::Pause);
        }
        if is(&RESUME) {
            return Some(Self::Resume(Reference::parse(what)?, code(rest).ok()?));
        }
        if is(&STOP) && ALL.contains(&what) {
            return code(rest).ok().map(Self::StopAll);
        }
        if is(&LANGUAGE) && rest.is_empty() {
            return language(what).map(Self::Speak);
        }
        match (is(&ALERT), is(&DISCREET), ON.contains(&what), OFF.contains(&what)) {
            (true, _, true, _) if rest.is_empty() => Some(Self::AlertOn),
            (true, _, _, true) => code(rest).ok().map(Self::AlertOff),
            (_, true, true, _) if rest.is_empty() => Some(Self::DiscreetOn),
            (_, true, _, true) => code(rest).ok().map(Self::DiscreetOff),
            _ => None,
        }
    }

    /// The words in English, without a code: the same of all that mean the same, and what a code is bound to.
    #[must_use]
    pub fn deed(&self) -> String {
        match self {
            Self::Consents(of, page) => {
                let of = of.as_ref().map(|of| format!(" {}", of.expose())).unwrap_or_default();
                format!("CONSENTS{of} {page}")
            }
            Self::Pause(reference) => format!("PAUSE {}", reference.as_str()),
            Self::Resume(reference, _) => format!("RESUME {}", reference.as_str()),
            Self::Block(name) => format!("BLOCK {name}"),
            Self::Unblock(name, _) => format!("UNBLOCK {name}"),
            Self::StopAll(_) => "STOP ALL".to_owned(),
            Self::Speak(Language::English) => "LANG EN".to_owned(),
            Self::Speak(Language::Urdu) => "LANG UR".to_owned(),
            Self::Speak(Language::RomanUrdu) => "LANG RU".to_owned(),
            Self::AlertOn => "ALERT ON".to_owned(),
            Self::AlertOff(_) => "ALERT OFF".to_owned(),
            Self::DiscreetOn => "DISCREET ON".to_owned(),
            Self::DiscreetOff(_) => "DISCREET OFF".to_owned(),
        }
    }

    /// The code that came with it.
    #[must_use]
    pub const fn code(&self) -> Option<&Passcode> {
        match self {
            Self::Resume(_, code)
            | Self::Unblock(_, code)
            | Self::StopAll(code)
            | Self::AlertOff(code)
            | Self::DiscreetOff(code) => code.as_ref(),
            _ => None,
        }
    }

    /// Whether it is only done with a code.
    #[must_use]
    pub const fn needs_code(&self) -> bool {
        matches!(
            self,
            Self::Resume(..) | Self::Unblock(..) | Self::StopAll(_) | Self::AlertOff(_) | Self::DiscreetOff(_)
        )
    }

    /// What is the same of two messages that say the same.
    #[must_use]
    pub fn meaning(&self) -> Zeroizing<String> {
        let deed = Zeroizing::new(self.deed());
        match self.code() {
            Some(code) => Zeroizing::new(format!("{} {}", *deed, code.expose())),
            None => deed,
        }
    }
}

/// Nothing, four digits, a page, or four digits and a page.
fn consents(rest: &[&str]) -> Option<Word> {
    match rest {
        [] => Some(Word::Consents(None, 1)),
        [one] => page(one).map(|page| Word::Consents(None, page)).or_else(|| {
            let of = LastFour::parse(one)?;
            Some(Word::Consents(Some(of), 1))
        }),
        [of, number] => Some(Word::Consents(Some(LastFour::parse(of)?), page(number)?)),
        _ => None,
    }
}

fn page(text: &str) -> Option<u8> {
    let short = text.len() <= PAGE_DIGITS_MAX && text.bytes().all(|byte| byte.is_ascii_digit());
    short.then(|| text.parse().ok()).flatten().filter(|page| *page > 0)
}

fn name(words: &[&str]) -> Option<String> {
    let name = words.join(" ");
    let fits = (1..=NAME_CHARS_MAX).contains(&name.chars().count());
    fits.then_some(name)
}

/// A name, with six digits behind it or not.
fn unblock(rest: &[&str]) -> Option<Word> {
    for digits in [1, 2] {
        let Some((of, last)) = rest.len().checked_sub(digits).and_then(|at| rest.split_at_checked(at)) else {
            continue;
        };
        if let (Some(name), Ok(Some(code))) = (name(of), code(last)) {
            return Some(Word::Unblock(name, Some(code)));
        }
    }
    name(rest).map(|name| Word::Unblock(name, None))
}

/// Neither nothing nor a code.
struct NoCode;

/// Nothing, or six digits, however they are grouped.
fn code(rest: &[&str]) -> Result<Option<Passcode>, NoCode> {
    let digits = Zeroizing::new(rest.concat());
    if digits.is_empty() { Ok(None) } else { Passcode::parse(&digits).map(Some).ok_or(NoCode) }
}

fn language(word: &str) -> Option<Language> {
    let named = [(&ENGLISH[..], Language::English), (&URDU[..], Language::Urdu), (&ROMAN[..], Language::RomanUrdu)];
    named.into_iter().find(|(names, _)| names.contains(&word)).map(|(_, language)| language)
}
