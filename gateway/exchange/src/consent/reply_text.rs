//! The text that a citizen answers by SMS: what is asked, the passcode, and that nobody else is to have it (design/consent.md, 7).
//!
//! Names pass the filter of [`super::message`]. The Urdu wording needs a native reader's review before real use.

use super::{
    message::{
        AGENCY_CHARS_MAX, Asked, DATA_CHARS_MIN, GSM_SEPTETS_MAX, Language, PURPOSE_CHARS_MAX, UCS2_UNITS_MAX,
        URDU_NAME_CHARS_MAX, day, fit, gsm, plain, units,
    },
    passcode::Passcode,
};

/// UTF-16 units of the first of several UCS-2 parts.
const FIRST_PART_UNITS: usize = 67;

/// Characters that an agency's name has left in Urdu beside the longest purpose and the end of a standing consent.
const URDU_AGENCY_CHARS_MIN: usize = 12;

/// Words the message.
#[must_use]
pub fn reply_text(language: Language, asked: &Asked<'_>, passcode: &Passcode) -> String {
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
    allow: &'static str,
    screen: &'static str,
    refuse: &'static str,
    secret: &'static str,
}

const ENGLISH: Frame = Frame {
    seeks: " seeks ",
    purpose: " for ",
    until: " until ",
    allow: "Reply OK",
    screen: " + 2 digits on screen to allow, ",
    refuse: " to refuse. ",
    secret: "Tell NO ONE the code",
};

const ROMAN: Frame = Frame {
    seeks: " ko chahiye ",
    purpose: " baraye ",
    until: " ta ",
    allow: "Ijazat: OK",
    screen: " + screen ke 2 hindse, inkar: ",
    refuse: ". ",
    secret: "Code KISI KO na dein",
};

fn latin(asked: &Asked<'_>, passcode: &Passcode, words: &Frame) -> String {
    let agency = gsm(asked.agency, AGENCY_CHARS_MAX);
    let purpose = gsm(asked.purpose, PURPOSE_CHARS_MAX);
    let until = asked.until.map(|at| format!("{}{}", words.until, day(at))).unwrap_or_default();
    let (reference, code) = (asked.reference, passcode.expose());
    let Frame { allow, screen, refuse, secret, .. } = words;
    let tail = format!("{until}. {allow} {code}{screen}NO {reference}{refuse}{secret}");
    let head = |mark: &str| format!("{agency}{mark}{}", words.seeks);
    let taken = |head: &str| head.len() + DATA_CHARS_MIN + words.purpose.len() + tail.len();
    let left = |head: &str| GSM_SEPTETS_MAX.saturating_sub(taken(head));
    // Of the longest agency, purpose and end the counter's mark gives way first: it is the agency's own word.
    let marked = head(&mark(asked));
    let head = if purpose.len() <= left(&marked) { marked } else { head("") };
    let tail = format!("{}{}{tail}", words.purpose, gsm(&purpose, left(&head)));
    let room = GSM_SEPTETS_MAX.saturating_sub(head.len() + tail.len());
    let titles: Vec<String> = asked.titles.iter().map(|title| gsm(title, room)).collect();
    format!("{head}{}{tail}", fit(&titles, "+", room))
}

/// Who, why and the passcode stand before the data: a citizen whose second part is lost still has them.
fn urdu(asked: &Asked<'_>, passcode: &Passcode) -> String {
    let purpose = plain(asked.purpose, URDU_NAME_CHARS_MAX);
    let until = asked.until.map(|at| format!(" تا {}", day(at))).unwrap_or_default();
    let (reference, code) = (asked.reference, passcode.expose());
    let tail = format!("{until}۔ انکار: NO {reference}۔ کوڈ کسی کو نہ بتائیں");
    let head = |chars_max, mark: &str| {
        let agency = plain(asked.agency, chars_max);
        format!("{agency}{mark} برائے {purpose}۔ اجازت: OK {code}")
    };
    let how = " + اسکرین کے 2 ہندسے۔ ";
    let fits = |head: &str| {
        let all = units(head) + units(how) + DATA_CHARS_MIN + units(&tail);
        units(head) <= FIRST_PART_UNITS && all <= UCS2_UNITS_MAX
    };
    // As in English the counter's mark gives way first, then the end of the agency's name; the purpose does not.
    let heads = [head(URDU_NAME_CHARS_MAX, &mark(asked)), head(URDU_NAME_CHARS_MAX, "")];
    let head = heads.into_iter().find(|head| fits(head)).unwrap_or_else(|| head(URDU_AGENCY_CHARS_MIN, ""));
    let room = UCS2_UNITS_MAX.saturating_sub(units(&head) + units(how) + units(&tail));
    let titles: Vec<String> = asked.titles.iter().map(|title| plain(title, room)).collect();
    format!("{head}{how}{}{tail}", fit(&titles, "، ", room))
}

fn mark(asked: &Asked<'_>) -> String {
    asked.counter.map(|mark| format!(" {}", mark.trim())).unwrap_or_default()
}
