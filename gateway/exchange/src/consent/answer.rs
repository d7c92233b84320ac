//! What 8009 answers to a citizen's message. The Urdu wording needs a native reader's review before real use.

use super::{answer_roman::roman, message::Language, passcode::Passcode, reply::Reference, word_text::Worded};

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
    /// Nobody can ask any more, for so the citizen wants it.
    ConsentsLocked,
    /// That was so before.
    AlreadyLocked,
    /// The code with which consents are unlocked.
    UnlockCode(Passcode),
    /// Others may ask again.
    Unlocked,
    /// That was not the code, or it is old.
    WrongUnlockCode,
    /// Nobody can ask any more, for others guessed too often. Said without being asked.
    GuessesSpent,
    /// What came of the words that list, pause, block and wish.
    Word(Worded),
}

impl Told {
    /// Whether something came of the message, so that its sender is told whatever was told that day.
    #[must_use]
    pub const fn did_something(&self) -> bool {
        if let Self::Word(worded) = self {
            return worded.did_something();
        }
        !matches!(self, Self::Nothing | Self::NothingWaits | Self::AlreadyLocked | Self::WrongUnlockCode | Self::Help)
    }

    /// The text: one message in English (GSM-7), one in Urdu (UCS-2, at most 134 units in two parts).
    #[must_use]
    pub fn text(&self, language: Language) -> String {
        match language {
            Language::English => self.english(),
            Language::Urdu => self.urdu(),
            Language::RomanUrdu => roman(self),
        }
    }

    fn english(&self) -> String {
        match self {
            Self::Refused(reference) => {
                let reference = reference.as_str();
                format!("Ijazat: you refused the request with ref {reference}. Nothing of yours was given for it.")
            }
            Self::Stopped(reference) => {
                let reference = reference.as_str();
                format!("Ijazat: your consent with ref {reference} has ended. Nobody can use it any more.")
            }
            Self::Allowed(reference) => {
                let reference = reference.as_str();
                format!("Ijazat: you allowed the request with ref {reference}. To end it send STOP {reference}.")
            }
            Self::Wrong { tries_left } => {
                format!("Ijazat: wrong code or wrong screen digits. Nothing of yours was given. Tries left: {tries_left}.")
            }
            Self::Locked => {
                "Ijazat: wrong too often. The request is closed and nothing of yours was given for it. Whoever asked can ask anew."
                    .to_owned()
            }
            Self::NothingWaits => {
                "Ijazat: nothing of yours waits for such a code. Send HELP for the words you can use.".to_owned()
            }
            Self::Nothing => {
                "Ijazat: nothing of yours waits or holds under this ref. Send HELP for the words you can use.".to_owned()
            }
            Self::Help => {
                "Ijazat 8009: OK, code and 2 screen digits allows. NO and ref refuses, STOP and ref ends. CONSENTS lists. LOCK stops asking, \
                 UNLOCK undoes. Tell nobody a code."
                    .to_owned()
            }
            Self::ConsentsLocked | Self::AlreadyLocked => {
                "Ijazat: your consents are locked. Nobody can ask you for one until you unlock. To unlock send UNLOCK.".to_owned()
            }
            Self::UnlockCode(code) => {
                let code = code.expose();
                format!("Ijazat: to unlock your consents reply UNLOCK {code} within 10 minutes. Not you? Ignore this. Tell no one this code.")
            }
            Self::Unlocked => {
                "Ijazat: your consents are unlocked. Whoever may can ask you again.".to_owned()
            }
            Self::WrongUnlockCode => {
                "Ijazat: a wrong code, or an old one. For a new one send UNLOCK.".to_owned()
            }
            Self::GuessesSpent => {
                "Ijazat: too many wrong codes were given in your name, so nobody can ask you for a consent now. To allow it again send UNLOCK.".to_owned()
            }
            Self::Word(worded) => worded.english(),
        }
    }

    fn urdu(&self) -> String {
        match self {
            Self::Refused(reference) => {
                let reference = reference.as_str();
                format!("اجازت: آپ نے درخواست سے انکار کیا، حوالہ {reference}۔ آپ کی کوئی معلومات نہیں دی گئیں۔")
            }
            Self::Stopped(reference) => {
                let reference = reference.as_str();
                format!("اجازت: آپ کی دی ہوئی اجازت ختم ہو گئی، حوالہ {reference}۔ اب کوئی اسے استعمال نہیں کر سکتا۔")
            }
            Self::Allowed(reference) => {
                let reference = reference.as_str();
                format!("اجازت: آپ نے درخواست کی اجازت دے دی، حوالہ {reference}۔ ختم کرنے کے لیے STOP {reference} بھیجیں۔")
            }
            Self::Wrong { tries_left } => {
                format!("اجازت: کوڈ یا اسکرین کے ہندسے غلط ہیں۔ آپ کی کوئی معلومات نہیں دی گئیں۔ باقی کوششیں: {tries_left}۔")
            }
            Self::Locked => {
                "اجازت: کئی بار غلط جواب پر درخواست بند ہو گئی۔ آپ کی کوئی معلومات نہیں دی گئیں۔ ادارہ نئی درخواست کر سکتا ہے۔".to_owned()
            }
            Self::NothingWaits => {
                "اجازت: آپ کی کوئی درخواست ایسے کوڈ کی منتظر نہیں۔ الفاظ جاننے کے لیے HELP لکھ کر بھیجیں۔".to_owned()
            }
            Self::Nothing => {
                "اجازت: اس حوالے پر آپ کی کوئی درخواست یا اجازت نہیں۔ الفاظ جاننے کے لیے HELP لکھ کر بھیجیں۔".to_owned()
            }
            Self::Help => {
                "اجازت 8009: OK، کوڈ اور اسکرین کے 2 ہندسے: اجازت۔ NO حوالہ: انکار۔ STOP حوالہ: ختم۔ LOCK: سب بند، UNLOCK: کھولیں۔ کوڈ فون پر نہ دیں۔"
                    .to_owned()
            }
            Self::ConsentsLocked | Self::AlreadyLocked => {
                "اجازت: آپ کی اجازتیں بند ہیں۔ کھولنے تک کوئی آپ سے اجازت نہیں مانگ سکتا۔ کھولنے کے لیے UNLOCK لکھ کر بھیجیں۔".to_owned()
            }
            Self::UnlockCode(code) => {
                let code = code.expose();
                format!("اجازت: کھولنے کے لیے 10 منٹ میں UNLOCK {code} لکھ کر بھیجیں۔ آپ نہیں تو نظرانداز کریں۔ کوڈ کسی کو نہ بتائیں۔")
            }
            Self::Unlocked => {
                "اجازت: آپ کی اجازتیں کھل گئیں۔ ادارے آپ سے دوبارہ اجازت مانگ سکتے ہیں۔".to_owned()
            }
            Self::WrongUnlockCode => {
                "اجازت: کوڈ غلط یا پرانا ہے۔ نئے کوڈ کے لیے UNLOCK لکھ کر بھیجیں۔".to_owned()
            }
            Self::GuessesSpent => {
                "اجازت: آپ کے نام پر بہت سے غلط کوڈ دیے گئے، اس لیے اب کوئی اجازت نہیں مانگ سکتا۔ کھولنے کے لیے UNLOCK لکھ کر بھیجیں۔".to_owned()
            }
            Self::Word(worded) => worded.urdu(),
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
            Told::ConsentsLocked,
            Told::AlreadyLocked,
            Told::UnlockCode(Passcode::parse("482913").unwrap()),
            Told::Unlocked,
            Told::WrongUnlockCode,
            Told::GuessesSpent,
        ] {
            let english = told.text(Language::English);
            let plain = english.chars().all(|c| c.is_ascii_alphanumeric() || " ,.:?".contains(c));
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
                assert_eq!(text.contains("482913"), matches!(told, Told::UnlockCode(_)), "{text}");
            }
        }
    }
}
