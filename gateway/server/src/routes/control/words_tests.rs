//! Citizens who are discreet, who block, who read Urdu in Latin letters: what their phones and their agencies are told.

use adapters::sql::control::{Contact, Taken};
use exchange::{
    cnic::Cnic,
    consent::{SubjectKey, answer::Told, message::Language, word_text::Worded},
    mobile::Mobile,
    ports::citizen_keys::CitizenKeys as _,
};

use super::consent_kit::{ALIVE, Counter, DETAILS, UNKNOWN, form, permit};

const REPLY: &str = "&acr_values=urn%3Anadra%3Aacr%3Asms-reply";

impl Counter {
    fn citizen(&self) -> SubjectKey {
        self.parts.store.subject_key(Cnic::parse(ALIVE).unwrap())
    }

    async fn texts(&self, text: &str) -> Taken {
        self.parts.store.take_sms(Mobile::parse("03001234567").unwrap(), text).await.unwrap()
    }
}

#[tokio::test]
async fn c40_a_discreet_citizens_message_names_no_agency_no_data_and_no_purpose() {
    let counter = Counter::open("discreet").await;
    assert!(counter.parts.store.set_discreet(counter.citizen(), true).await.unwrap());
    let quiet = |text: &str| {
        for told in ["bank-indus", "Agency", "Name", "account", "opening"] {
            assert!(!text.contains(told), "{told}: {text}");
        }
        assert!(text.contains("a company"), "{text}");
    };
    let asked = counter.authorize(ALIVE).await;
    let (id, reference) = (asked["auth_req_id"].as_str().unwrap(), asked["ref"].as_str().unwrap());
    let text = counter.message().await;
    quiet(&text);
    assert!(text.contains(&format!("ref {reference}")) && text.contains(&format!("NO {reference}")), "{text}");
    // The passcode in it is the one that counts, also of the message that is sent again.
    counter.at(61);
    let (status, _) = counter.send(permit("consent.resend"), "POST", &format!("/bc-authorize/{id}/resend"), "").await;
    assert_eq!(status, 200);
    quiet(&counter.message().await);
    let code = counter.passcode().await;
    assert_eq!(counter.pin(id, &code).await.0, 200);
    let replying = form(ALIVE, DETAILS, REPLY);
    assert_eq!(counter.ask(permit("consent.authorize"), "/bc-authorize", &replying).await.0, 200);
    quiet(&counter.message().await);
    counter.close().await;
}

#[tokio::test]
async fn a_blocked_agency_sees_what_it_sees_of_nobody() {
    let counter = Counter::open("blocked").await;
    let first = counter.authorize(ALIVE).await;
    let reference = first["ref"].as_str().unwrap();
    assert_eq!(counter.texts(&format!("BLOCK {reference}")).await, Taken::Told(Told::Word(Worded::Blocked)));
    let before = counter.messages().await;
    // What waits is not sent again, and what comes is not sent.
    counter.at(61);
    let id = first["auth_req_id"].as_str().unwrap();
    let (status, _) = counter.send(permit("consent.resend"), "POST", &format!("/bc-authorize/{id}/resend"), "").await;
    assert_eq!(status, 200);
    let (blocked, nobody) = (counter.authorize(ALIVE).await, counter.authorize(UNKNOWN).await);
    assert_eq!(counter.messages().await, before);
    for asked in [&blocked, &nobody] {
        let id = asked["auth_req_id"].as_str().unwrap();
        let (status, wrong) = counter.pin(id, "000000").await;
        assert_eq!((status, &wrong["members"]["tries_left"]), (400, &2.into()), "{wrong}");
        assert_eq!(counter.token(id).await.1["code"], "authorization_pending");
    }
    counter.close().await;
}

#[tokio::test]
async fn a_citizen_who_reads_roman_urdu_is_asked_in_it() {
    let counter = Counter::open("roman").await;
    let contact = Contact { mobile: Mobile::parse("03001234567").unwrap(), language: Language::RomanUrdu };
    counter.parts.store.set_contact(counter.citizen(), contact).await.unwrap();
    counter.authorize(ALIVE).await;
    let text = counter.message().await;
    for part in ["Agency bank-indus ko chahiye Name baraye account opening", "Sirf isi counter par dein"] {
        assert!(text.contains(part), "{text}");
    }
    assert!(text.is_ascii(), "{text}");
    counter.close().await;
}
