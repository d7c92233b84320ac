//! What 8009 answers to a citizen's message. The Urdu wording needs a native reader's review before real use.

use super::{message::Language, reply::Reference};

/// One answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// A request was refused.
    Refused(Reference),
    /// A consent has ended.
    Stopped(Reference),
    /// A request was allowed.
    Allowed(Reference),
    /// Passcode or digits of the screen were wrong; each request that still waits has so many tries left at least.
    Wrong {
        /// Tries left, one at least.
        tries_left: u8,
    },
    /// They were wrong once too often: nothing waits any more.
    Locked,
    /// Nothing of the sender's waits for an `OK`; the same to everyone, enrolled or not.
    NothingWaits,
    /// Under this reference there is nothing of the sender's; the same to everyone, enrolled or not.
    Nothing,
    /// The words that may be sent; the same to everyone.
    Help,
}

impl Told {
    /// Whether something came of the message, so that its sender is told whatever was told that day.
    #[must_use]
    pub const fn did_something(&self) -> bool {
        !matches!(self, Self::Nothing | Self::NothingWaits | Self::Help)
    }

    /// The text: one message in English (GSM-7), one in Urdu (UCS-2, at most 134 units in two parts).
    #[must_use]
    pub fn text(&self, language: Language) -> String {
        match (self, language) {
            (Self::Refused(reference), Language::English) => {
                let reference = reference.as_str();
                format!("Ijazat: you refused the request with ref {reference}. Nothing of yours was given for it.")
            }
            (Self::Refused(reference), Language::Urdu) => {
                let reference = reference.as_str();
                format!("اجازت: آپ نے درخواست سے انکار کیا، حوالہ {reference}۔ آپ کی کوئی معلومات نہیں دی گئیں۔")
            }
            (Self::Stopped(reference), Language::English) => {
                let reference = reference.as_str();
                format!("Ijazat: your consent with ref {reference} has ended. Nobody can use it any more.")
            }
            (Self::Stopped(reference), Language::Urdu) => {
                let reference = reference.as_str();
                format!("اجازت: آپ کی دی ہوئی اجازت ختم ہو گئی، حوالہ {reference}۔ اب کوئی اسے استعمال نہیں کر سکتا۔")
            }
            (Self::Allowed(reference), Language::English) => {
                let reference = reference.as_str();
                format!("Ijazat: you allowed the request with ref {reference}. To end it send STOP {reference}.")
            }
            (Self::Allowed(reference), Language::Urdu) => {
                let reference = reference.as_str();
                format!("اجازت: آپ نے درخواست کی اجازت دے دی، حوالہ {reference}۔ ختم کرنے کے لیے STOP {reference} بھیجیں۔")
            }
            (Self::Wrong { tries_left }, Language::English) => {
                format!("Ijazat: wrong code or wrong screen digits. Nothing of yours was given. Tries left: {tries_left}.")
            }
            (Self::Wrong { tries_left }, Language::Urdu) => {
                format!("اجازت: کوڈ یا اسکرین کے ہندسے غلط ہیں۔ آپ کی کوئی معلومات نہیں دی گئیں۔ باقی کوششیں: {tries_left}۔")
            }
            (Self::Locked, Language::English) => {
                "Ijazat: wrong too often. The request is closed and nothing of yours was given for it. Whoever asked can ask anew."
                    .to_owned()
            }
            (Self::Locked, Language::Urdu) => {
                "اجازت: کئی بار غلط جواب پر درخواست بند ہو گئی۔ آپ کی کوئی معلومات نہیں دی گئیں۔ ادارہ نئی درخواست کر سکتا ہے۔".to_owned()
            }
            (Self::NothingWaits, Language::English) => {
                "Ijazat: nothing of yours waits for such a code. Send HELP for the words you can use.".to_owned()
            }
            (Self::NothingWaits, Language::Urdu) => {
                "اجازت: آپ کی کوئی درخواست ایسے کوڈ کی منتظر نہیں۔ الفاظ جاننے کے لیے HELP لکھ کر بھیجیں۔".to_owned()
            }
            (Self::Nothing, Language::English) => {
                "Ijazat: nothing of yours waits or holds under this ref. Send HELP for the words you can use.".to_owned()
            }
            (Self::Nothing, Language::Urdu) => {
                "اجازت: اس حوالے پر آپ کی کوئی درخواست یا اجازت نہیں۔ الفاظ جاننے کے لیے HELP لکھ کر بھیجیں۔".to_owned()
            }
            (Self::Help, Language::English) => {
                "Ijazat 8009: OK, code and 2 screen digits allows a request. NO and ref refuses it, STOP and ref ends a consent, \
                 such as NO K7Q4. Never tell a code by phone."
                    .to_owned()
            }
            (Self::Help, Language::Urdu) => {
                "اجازت 8009: اجازت کے لیے OK، کوڈ اور اسکرین کے 2 ہندسے، انکار: NO اور حوالہ، ختم: STOP اور حوالہ۔ کوڈ فون پر کسی کو نہ بتائیں۔"
                    .to_owned()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::message::{GSM_SEPTETS_MAX, UCS2_UNITS_MAX},
        *,
    };

    #[test]
    fn every_answer_fits_its_message_and_repeats_no_code_and_no_address() {
        let reference = || Reference::parse("K7Q4").unwrap();
        for told in [
            Told::Refused(reference()),
            Told::Stopped(reference()),
            Told::Allowed(reference()),
            Told::Wrong { tries_left: 2 },
            Told::Locked,
            Told::NothingWaits,
            Told::Nothing,
            Told::Help,
        ] {
            let english = told.text(Language::English);
            let plain = english.chars().all(|c| c.is_ascii_alphanumeric() || " ,.:".contains(c));
            assert!(plain && english.len() <= GSM_SEPTETS_MAX, "{} septets: {english}", english.len());
            let urdu = told.text(Language::Urdu);
            let units = urdu.encode_utf16().count();
            assert!(units <= UCS2_UNITS_MAX, "{units} units: {urdu}");
            for text in [english, urdu] {
                assert!(!text.contains("http") && !text.contains('/'), "{text}");
                let named = matches!(told, Told::Refused(_) | Told::Stopped(_) | Told::Allowed(_));
                assert!(!named || text.contains("K7Q4"), "{text}");
                let counted = matches!(told, Told::Wrong { .. });
                assert!(!counted || text.contains(": 2"), "{text}");
            }
        }
    }
}
