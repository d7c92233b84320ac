//! What a citizen is told unasked, in the space that a message has.

use exchange::consent::{
    message::{GSM_SEPTETS_MAX, Language, UCS2_UNITS_MAX},
    notices::EndsSoon,
};

use crate::support::NOON;

const NAMES: [&str; 5] =
    ["Indus Bank", "https://evil.example/482914", "Bank 1234567 [€] {پ} 😀", "", "A very long name of a very old bank"];

fn fits(english: &str, urdu: &str) {
    assert!(english.is_ascii() && english.len() <= GSM_SEPTETS_MAX, "{}: {english}", english.len());
    let units = urdu.encode_utf16().count();
    assert!(units <= UCS2_UNITS_MAX, "{units}: {urdu}");
    for text in [english, urdu] {
        assert!(text.contains("K7Q4") && !text.contains("//") && !text.contains("482914"), "{text}");
    }
}

#[test]
fn c31_the_reminder_says_whose_consent_ends_when_and_how_to_end_it_now() {
    let soon = EndsSoon { agency: "Indus Bank", purpose: "account opening", ends_at: NOON, reference: "K7Q4" };
    let text = soon.text(Language::English);
    let (year, month, day) = NOON.karachi_date();
    let expected = format!(
        "Ijazat: your consent to Indus Bank for account opening ends on {day:02}-{month:02}-{year}. Ref K7Q4. \
         To end it now send STOP K7Q4"
    );
    assert_eq!(text, expected);
    for name in NAMES {
        let soon = EndsSoon { agency: name, purpose: name, ..soon };
        fits(&soon.text(Language::English), &soon.text(Language::Urdu));
        fits(&soon.text(Language::RomanUrdu), &soon.text(Language::Urdu));
    }
}
