//! What 8009 answers to a citizen's message. The Urdu wording needs a native reader's review before real use.

use super::{message::Language, reply::Reference};

/// One answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// A request was refused.
    Refused(Reference),
    /// A consent has ended.
    Stopped(Reference),
    /// Under this reference there is nothing of the sender's; the same to everyone, enrolled or not.
    Nothing,
    /// The words that may be sent; the same to everyone.
    Help,
}

impl Told {
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
            (Self::Nothing, Language::English) => {
                "Ijazat: nothing of yours waits or holds under this ref. Send HELP for the words you can use.".to_owned()
            }
            (Self::Nothing, Language::Urdu) => {
                "اجازت: اس حوالے پر آپ کی کوئی درخواست یا اجازت نہیں۔ الفاظ جاننے کے لیے HELP لکھ کر بھیجیں۔".to_owned()
            }
            (Self::Help, Language::English) => {
                "Ijazat 8009: NO and ref refuses a request. STOP and ref ends a consent. The ref stands in our message, \
                 such as NO K7Q4. Never tell anyone a code by phone."
                    .to_owned()
            }
            (Self::Help, Language::Urdu) => {
                "اجازت 8009: انکار کے لیے NO اور حوالہ، اجازت ختم کرنے کے لیے STOP اور حوالہ بھیجیں۔ کوڈ فون پر کسی کو نہ بتائیں۔"
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
        for told in [Told::Refused(reference()), Told::Stopped(reference()), Told::Nothing, Told::Help] {
            let english = told.text(Language::English);
            let plain = english.chars().all(|c| c.is_ascii_alphanumeric() || " ,.:".contains(c));
            assert!(plain && english.len() <= GSM_SEPTETS_MAX, "{} septets: {english}", english.len());
            let urdu = told.text(Language::Urdu);
            let units = urdu.encode_utf16().count();
            assert!(units <= UCS2_UNITS_MAX, "{units} units: {urdu}");
            for text in [english, urdu] {
                assert!(!text.contains("http") && !text.contains('/'), "{text}");
                let named = matches!(told, Told::Refused(_) | Told::Stopped(_));
                assert!(!named || text.contains("K7Q4"), "{text}");
            }
        }
    }
}
