//! The text with the passcode for a phone that others look into: which kind of agency asks, under which reference, and no more
//! (design/consent.md, 6.5, c40). Neither name nor data nor purpose stands in it. The Urdu wording needs a native reader's review.

use super::{message::Language, mode::Mode, passcode::Passcode};
use crate::classification::Sector;

/// The kind of agency in words; so coarse that it says nothing of the matter.
#[must_use]
pub const fn class(sector: Sector, language: Language) -> &'static str {
    let public = sector.is_public_sector();
    let private = matches!(sector, Sector::Private);
    match language {
        Language::English if public => "a public office",
        Language::English if private => "a company",
        Language::English => "an organisation",
        Language::Urdu if public => "سرکاری دفتر",
        Language::Urdu if private => "کمپنی",
        Language::Urdu => "ادارہ",
        Language::RomanUrdu if public => "sarkari daftar",
        Language::RomanUrdu if private => "company",
        Language::RomanUrdu => "idara",
    }
}

/// Words the message.
#[must_use]
pub fn discreet_text(language: Language, mode: Mode, (sector, reference): (Sector, &str), code: &Passcode) -> String {
    let (class, code) = (class(sector, language), code.expose());
    match (mode, language) {
        (Mode::SmsPin, Language::English) => format!(
            "Ijazat code {code}: {class} asks, ref {reference}. Give only at this counter. Refuse: NO {reference}"
        ),
        (Mode::SmsPin, Language::RomanUrdu) => format!(
            "Ijazat code {code}: {class} ki darkhwast, ref {reference}. Sirf isi counter par dein. Inkar: NO {reference}"
        ),
        (Mode::SmsPin, Language::Urdu) => format!(
            "اجازت کوڈ {code} / {class} کی درخواست / حوالہ {reference}۔ صرف اسی کاؤنٹر پر دیں۔ انکار: NO {reference}"
        ),
        (Mode::SmsReply, Language::English) => format!(
            "Ijazat: {class} asks. Reply OK {code} + 2 digits on screen to allow, NO {reference} to refuse. Tell NO ONE the code"
        ),
        (Mode::SmsReply, Language::RomanUrdu) => format!(
            "Ijazat: {class} ki darkhwast. Ijazat: OK {code} + screen ke 2 hindse. Inkar: NO {reference}. Code KISI KO na batayen"
        ),
        (Mode::SmsReply, Language::Urdu) => format!(
            "{class} کی درخواست۔ اجازت: OK {code} + اسکرین کے 2 ہندسے۔ انکار: NO {reference}۔ کوڈ کسی کو نہ بتائیں"
        ),
    }
}
