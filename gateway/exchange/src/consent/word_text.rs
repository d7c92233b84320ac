//! What is answered to the words of [`super::word`]. The wording in Urdu, in either script, needs a native reader's review before
//! real use.

use super::{
    discreet::class,
    message::{
        AGENCY_CHARS_MAX, GSM_SEPTETS_MAX, Language, UCS2_UNITS_MAX, URDU_NAME_CHARS_MAX, day, gsm, plain, units,
    },
    passcode::Passcode,
    reply::Reference,
};
use crate::{classification::Sector, timestamp::Timestamp};

/// Whom a consent was given to, as its citizen may read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holder {
    /// By its names in English and in Urdu.
    Named(String, String),
    /// By its kind alone, on a phone that others look into.
    Kind(Sector),
}

/// One consent that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsentLine {
    /// Our reference.
    pub reference: Reference,
    /// Who has it.
    pub holder: Holder,
    /// Its end.
    pub until: Timestamp,
    /// Whether it is paused.
    pub paused: bool,
}

/// One answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Worded {
    /// Consents that hold, newest first.
    Consents {
        /// All of them.
        lines: Vec<ConsentLine>,
        /// Which page is told, from 1.
        page: u8,
        /// Whether the next page needs the last four digits too.
        shared: bool,
    },
    /// A consent is of no use for now.
    Paused(Reference),
    /// It is of use again.
    Resumed(Reference),
    /// That agency asks no more.
    Blocked,
    /// It may ask again.
    Unblocked,
    /// Every consent has ended.
    StoppedAll,
    /// Messages come in this language from now on.
    Speaks(Language),
    /// Whether each access is told.
    Alerts(bool),
    /// Whether messages name no agency.
    Discreet(bool),
    /// The code with which the words are done.
    Code(String, Passcode),
    /// That was not the code, or it is old.
    WrongCode,
    /// It was so before.
    AsItWas,
    /// Nobody of this number has these last four digits; the same text as help.
    WrongDigits,
}

impl Worded {
    /// Whether something came of the message.
    #[must_use]
    pub const fn did_something(&self) -> bool {
        !matches!(self, Self::WrongCode | Self::AsItWas | Self::WrongDigits)
    }

    pub(super) fn english(&self) -> String {
        match self {
            Self::Consents { lines, page, shared } => consents(Language::English, lines, *page, *shared),
            Self::Paused(reference) => {
                let reference = reference.as_str();
                format!("Ijazat: your consent with ref {reference} is paused. Nobody can use it. To resume send RESUME {reference}.")
            }
            Self::Resumed(reference) => {
                let reference = reference.as_str();
                format!("Ijazat: your consent with ref {reference} holds again. To end it send STOP {reference}.")
            }
            Self::Blocked => {
                "Ijazat: that agency cannot ask you any more. Consents that you gave hold: send CONSENTS for them. To undo send UNBLOCK and its name.".to_owned()
            }
            Self::Unblocked => "Ijazat: that agency can ask you again. Nothing is given without your code.".to_owned(),
            Self::StoppedAll => "Ijazat: all your consents have ended. Nobody can use one any more.".to_owned(),
            Self::Speaks(_) => "Ijazat: messages now come in English. LANG UR is for Urdu, LANG RU for Roman Urdu.".to_owned(),
            Self::Alerts(true) => "Ijazat: you will be told whenever your data was seen. To undo send ALERT OFF.".to_owned(),
            Self::Alerts(false) => "Ijazat: you will not be told when your data was seen. To undo send ALERT ON.".to_owned(),
            Self::Discreet(true) => "Ijazat: messages to this number name nobody who asks. To undo send DISCREET OFF.".to_owned(),
            Self::Discreet(false) => "Ijazat: messages to this number name who asks. To undo send DISCREET ON.".to_owned(),
            Self::Code(deed, code) if deed.is_ascii() => {
                let code = code.expose();
                format!("Ijazat: reply {deed} {code} within 10 minutes. Not you? Ignore this. Tell no one this code.")
            }
            // One letter of Urdu makes the whole message Urdu.
            Self::Code(..) => self.urdu(),
            Self::WrongCode => "Ijazat: a wrong code, or an old one. For a new one send the words without a code.".to_owned(),
            Self::AsItWas => "Ijazat: that is so already. Send HELP for the words you can use.".to_owned(),
            Self::WrongDigits => super::answer::Told::Help.text(Language::English),
        }
    }

    pub(super) fn roman(&self) -> String {
        match self {
            Self::Consents { lines, page, shared } => consents(Language::RomanUrdu, lines, *page, *shared),
            Self::Paused(reference) => {
                let reference = reference.as_str();
                format!("Ijazat: aap ki ijazat, ref {reference}, ruki hui hai. Koi isay istemal nahi kar sakta. Bahal karne ke liye RESUME {reference} bhejen.")
            }
            Self::Resumed(reference) => {
                let reference = reference.as_str();
                format!("Ijazat: aap ki ijazat, ref {reference}, bahal hai. Khatam karne ke liye STOP {reference} bhejen.")
            }
            Self::Blocked => {
                "Ijazat: yeh idara ab aap se ijazat nahi maang sakta. Di hui ijazaten qaim hain: CONSENTS bhejen. Wapsi: UNBLOCK aur naam.".to_owned()
            }
            Self::Unblocked => "Ijazat: yeh idara aap se dobara ijazat maang sakta hai. Aap ke code ke baghair kuch nahi diya jata.".to_owned(),
            Self::StoppedAll => "Ijazat: aap ki sab ijazaten khatam ho gayin. Ab koi inhen istemal nahi kar sakta.".to_owned(),
            Self::Speaks(_) => "Ijazat: paigham ab Roman Urdu mein aayenge. LANG UR: Urdu, LANG EN: English.".to_owned(),
            Self::Alerts(true) => "Ijazat: jab bhi aap ki maloomat dekhi gayin aap ko bataya jayega. Wapsi: ALERT OFF.".to_owned(),
            Self::Alerts(false) => "Ijazat: maloomat dekhe jane par aap ko nahi bataya jayega. Wapsi: ALERT ON.".to_owned(),
            Self::Discreet(true) => "Ijazat: is number ke paigham mein kisi idare ka naam nahi hoga. Wapsi: DISCREET OFF.".to_owned(),
            Self::Discreet(false) => "Ijazat: is number ke paigham mein idare ka naam hoga. Wapsi: DISCREET ON.".to_owned(),
            Self::Code(deed, code) if deed.is_ascii() => {
                let code = code.expose();
                format!("Ijazat: 10 minute mein {deed} {code} bhejen. Aap nahi to nazarandaz karen. Code kisi ko na batayen.")
            }
            Self::Code(..) => self.urdu(),
            Self::WrongCode => "Ijazat: code ghalat ya purana hai. Naye code ke liye wohi alfaaz code ke baghair bhejen.".to_owned(),
            Self::AsItWas => "Ijazat: pehle se aisa hi hai. Alfaaz janne ke liye HELP bhejen.".to_owned(),
            Self::WrongDigits => super::answer::Told::Help.text(Language::RomanUrdu),
        }
    }

    pub(super) fn urdu(&self) -> String {
        match self {
            Self::Consents { lines, page, shared } => consents(Language::Urdu, lines, *page, *shared),
            Self::Paused(reference) => {
                let reference = reference.as_str();
                format!("اجازت: آپ کی اجازت رکی ہوئی ہے، حوالہ {reference}۔ کوئی اسے استعمال نہیں کر سکتا۔ بحالی کے لیے RESUME {reference} بھیجیں۔")
            }
            Self::Resumed(reference) => {
                let reference = reference.as_str();
                format!("اجازت: آپ کی اجازت بحال ہے، حوالہ {reference}۔ ختم کرنے کے لیے STOP {reference} بھیجیں۔")
            }
            Self::Blocked => {
                "اجازت: یہ ادارہ اب آپ سے اجازت نہیں مانگ سکتا۔ دی ہوئی اجازتیں قائم ہیں: CONSENTS بھیجیں۔ واپسی: UNBLOCK اور نام۔".to_owned()
            }
            Self::Unblocked => "اجازت: یہ ادارہ آپ سے دوبارہ اجازت مانگ سکتا ہے۔ آپ کے کوڈ کے بغیر کچھ نہیں دیا جاتا۔".to_owned(),
            Self::StoppedAll => "اجازت: آپ کی سب اجازتیں ختم ہو گئیں۔ اب کوئی انہیں استعمال نہیں کر سکتا۔".to_owned(),
            Self::Speaks(_) => "اجازت: پیغام اب اردو میں آئیں گے۔ رومن اردو: LANG RU، انگریزی: LANG EN۔".to_owned(),
            Self::Alerts(true) => "اجازت: جب بھی آپ کی معلومات دیکھی گئیں آپ کو بتایا جائے گا۔ واپسی: ALERT OFF۔".to_owned(),
            Self::Alerts(false) => "اجازت: معلومات دیکھے جانے پر آپ کو نہیں بتایا جائے گا۔ واپسی: ALERT ON۔".to_owned(),
            Self::Discreet(true) => "اجازت: اس نمبر کے پیغام میں کسی ادارے کا نام نہیں ہوگا۔ واپسی: DISCREET OFF۔".to_owned(),
            Self::Discreet(false) => "اجازت: اس نمبر کے پیغام میں ادارے کا نام ہوگا۔ واپسی: DISCREET ON۔".to_owned(),
            Self::Code(deed, code) => {
                let code = code.expose();
                format!("اجازت: 10 منٹ میں {deed} {code} بھیجیں۔ آپ نہیں تو نظرانداز کریں۔ کوڈ کسی کو نہ بتائیں۔")
            }
            Self::WrongCode => "اجازت: کوڈ غلط یا پرانا ہے۔ نئے کوڈ کے لیے وہی الفاظ کوڈ کے بغیر بھیجیں۔".to_owned(),
            Self::AsItWas => "اجازت: پہلے سے ایسا ہی ہے۔ الفاظ جاننے کے لیے HELP لکھ کر بھیجیں۔".to_owned(),
            Self::WrongDigits => super::answer::Told::Help.text(Language::Urdu),
        }
    }
}

/// One page: as many consents as fit, and how to see those that do not.
fn consents(language: Language, lines: &[ConsentLine], page: u8, shared: bool) -> String {
    let (head, none, max) = match language {
        Language::English => ("Ijazat, your consents: ", "Ijazat: there is no consent of yours here.", GSM_SEPTETS_MAX),
        Language::RomanUrdu => ("Aap ki ijazaten: ", "Ijazat: yahan aap ki koi ijazat nahi.", GSM_SEPTETS_MAX),
        Language::Urdu => ("آپ کی اجازتیں: ", "اجازت: یہاں آپ کی کوئی اجازت نہیں۔", UCS2_UNITS_MAX),
    };
    let mut rest: Vec<String> = lines.iter().map(|line| worded(language, line)).collect();
    for number in 1..page {
        let shown = fitting(&rest, max - units(head), &more(language, number, shared));
        rest.drain(..shown);
    }
    if rest.is_empty() {
        return none.to_owned();
    }
    let more = more(language, page, shared);
    let shown = fitting(&rest, max - units(head), &more);
    let more = if shown < rest.len() { more } else { String::new() };
    let told: Vec<String> = rest.into_iter().take(shown).collect();
    format!("{head}{}{more}", told.join("; "))
}

/// How many of the first stand on one page; one at least, for each is far shorter than a page.
fn fitting(lines: &[String], room: usize, more: &str) -> usize {
    let fits = |shown: &usize| {
        let text = lines.iter().take(*shown).map(String::as_str).collect::<Vec<_>>().join("; ");
        let more = if *shown < lines.len() { units(more) } else { 0 };
        units(&text) + more <= room
    };
    (1..=lines.len()).rev().find(fits).unwrap_or(1).min(lines.len())
}

fn more(language: Language, page: u8, shared: bool) -> String {
    let next = page.saturating_add(1);
    let (of, word) = match language {
        Language::English => ("last 4, ", "More"),
        Language::RomanUrdu => ("aakhri 4, ", "Mazeed"),
        Language::Urdu => ("آخری 4، ", "مزید"),
    };
    format!(". {word}: CONSENTS {}{next}", if shared { of } else { "" })
}

fn worded(language: Language, line: &ConsentLine) -> String {
    let holder = match (&line.holder, language) {
        (Holder::Kind(sector), _) => class(*sector, language).to_owned(),
        (Holder::Named(_, name), Language::Urdu) => plain(name, URDU_NAME_CHARS_MAX),
        (Holder::Named(name, _), _) => gsm(name, AGENCY_CHARS_MAX),
    };
    let (to, paused) = match language {
        Language::English => ("to", ", paused"),
        Language::RomanUrdu => ("tak", ", ruki hui"),
        Language::Urdu => ("تا", "، رکی ہوئی"),
    };
    let paused = if line.paused { paused } else { "" };
    format!("{} {holder} {to} {}{paused}", line.reference.as_str(), day(line.until))
}
