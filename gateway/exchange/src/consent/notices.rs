//! What a citizen is told without having asked: that a standing consent ends soon. The Urdu wording needs a native reader's review
//! before real use.

use super::message::{AGENCY_CHARS_MAX, Language, PURPOSE_CHARS_MAX, URDU_NAME_CHARS_MAX, day, gsm, plain};
use crate::timestamp::Timestamp;

/// A standing consent that ends soon, in one language.
#[derive(Clone, Copy, Debug)]
pub struct EndsSoon<'a> {
    /// The agency's name.
    pub agency: &'a str,
    /// The purpose's text.
    pub purpose: &'a str,
    /// First instant at which it no longer holds.
    pub ends_at: Timestamp,
    /// The reference under which it was given.
    pub reference: &'a str,
}

impl EndsSoon<'_> {
    /// The text: one message in English and Roman Urdu (GSM-7), two parts at most in Urdu (UCS-2).
    #[must_use]
    pub fn text(&self, language: Language) -> String {
        let (reference, until) = (self.reference, day(self.ends_at));
        if language == Language::Urdu {
            let agency = plain(self.agency, URDU_NAME_CHARS_MAX);
            let purpose = plain(self.purpose, URDU_NAME_CHARS_MAX);
            return format!(
                "اجازت: {agency} کو {purpose} کے لیے آپ کی اجازت {until} کو ختم ہو گی۔ حوالہ {reference}۔ ابھی ختم کریں: STOP {reference}"
            );
        }
        let agency = gsm(self.agency, AGENCY_CHARS_MAX);
        let purpose = gsm(self.purpose, PURPOSE_CHARS_MAX);
        if language == Language::RomanUrdu {
            return format!(
                "Ijazat: {agency} ko {purpose} ke liye aap ki ijazat {until} ko khatam hogi. Ref {reference}. Abhi khatam: STOP {reference}"
            );
        }
        format!(
            "Ijazat: your consent to {agency} for {purpose} ends on {until}. Ref {reference}. To end it now send STOP {reference}"
        )
    }
}
