//! A citizen who answers by SMS: what the agency asks for, what its screen shows, and what it never sees.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use exchange::{consent::answer::Told, mobile::Mobile};
use serde_json::{Value, json};

use super::consent_kit::{ALIVE, Counter, DEAD, DETAILS, UNENROLLED, UNKNOWN, form, permit};
use adapters::sql::control::Taken;

const PIN: &str = "&acr_values=urn%3Anadra%3Aacr%3Asms-pin";
const REPLY: &str = "&acr_values=urn%3Anadra%3Aacr%3Asms-reply";

impl Counter {
    async fn authorize_with(&self, cnic: &str, details: &str, more: &str) -> (u16, Value) {
        let answer = self.ask(permit("consent.authorize"), "/bc-authorize", &form(cnic, details, more)).await;
        self.parts.background.idle().await;
        answer
    }

    /// A request of a citizen who answers by SMS: its handle and the digits on the screen.
    async fn asked(&self, cnic: &str) -> (String, String) {
        let (status, asked) = self.authorize_with(cnic, DETAILS, REPLY).await;
        assert_eq!(status, 200, "{asked}");
        (asked["auth_req_id"].as_str().unwrap().to_owned(), asked["screen_number"].as_str().unwrap().to_owned())
    }

    /// The citizen texts a passcode and these digits.
    async fn text(&self, code: &str, screen: &str) -> Taken {
        let words = format!("OK {code} {screen}");
        self.parts.store.take_sms(Mobile::parse("03001234567").unwrap(), &words).await.unwrap()
    }
}

fn code_in(text: &str) -> String {
    text.split(|c: char| !c.is_ascii_digit()).find(|digits| digits.len() == 6).unwrap().to_owned()
}

fn other_than(screen: &str) -> &'static str {
    if screen == "00" { "01" } else { "00" }
}

fn remote() -> String {
    DETAILS.replace(r#""uses":1"#, r#""uses":1,"channel":"remote""#)
}

#[tokio::test]
async fn c30_an_ok_opens_what_the_agency_asked_and_the_token_says_how() {
    let counter = Counter::open("reply").await;
    let (status, asked) = counter.authorize_with(ALIVE, DETAILS, REPLY).await;
    assert_eq!((status, &asked["expires_in"]), (200, &300.into()), "{asked}");
    let (id, screen) = (asked["auth_req_id"].as_str().unwrap(), asked["screen_number"].as_str().unwrap());
    assert!(screen.len() == 2 && screen.bytes().all(|digit| digit.is_ascii_digit()), "{screen}");
    let text = counter.message().await;
    let reference = asked["ref"].as_str().unwrap();
    for part in ["Agency bank-indus", "Name", "account opening", "Reply OK ", &format!("NO {reference}"), "Tell NO ONE"]
    {
        assert!(text.contains(part), "{text}");
    }
    assert_eq!(counter.token(id).await.1["code"], "authorization_pending");
    assert!(matches!(counter.text(&code_in(&text), screen).await, Taken::Told(Told::Allowed(_))));
    let (status, token) = counter.token(id).await;
    assert_eq!(status, 200, "{token}");
    let claims = token["id_token"].as_str().unwrap().split('.').nth(1).unwrap();
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap();
    assert_eq!(claims["acr"], "urn:nadra:acr:sms-reply");
    let body = format!("token={}", token["access_token"].as_str().unwrap());
    let (_, found) = counter.ask(permit("consent.introspect"), "/introspect", &body).await;
    assert_eq!((&found["active"], &found["acr"]), (&true.into(), &"urn:nadra:acr:sms-reply".into()), "{found}");
    counter.close().await;
}

#[tokio::test]
async fn c30_at_the_counter_no_passcode_is_taken_and_the_screen_must_be_right() {
    let counter = Counter::open("reply-pin").await;
    let (id, screen) = counter.asked(ALIVE).await;
    let code = code_in(&counter.message().await);
    for digits in [&code, "000000", &code, "000001", "000002"] {
        assert_eq!(counter.pin(&id, digits).await, (409, json!({ "code": "pin_mode_not_allowed" })));
    }
    assert_eq!(counter.text(&code, other_than(&screen)).await, Taken::Told(Told::Wrong { tries_left: 2 }));
    let taken = counter.text(&code, &screen).await;
    assert!(matches!(taken, Taken::Told(Told::Allowed(_))), "the counter cost no try: {taken:?}");
    assert_eq!(counter.pin(&id, &code).await.1["code"], "pin_mode_not_allowed", "and tells nothing afterwards either");
    assert_eq!(counter.token(&id).await.0, 200);
    counter.close().await;
}

#[tokio::test]
async fn c09_a_remote_citizen_is_never_asked_for_a_passcode() {
    let counter = Counter::open("remote").await;
    let (status, refused) = counter.authorize_with(ALIVE, &remote(), PIN).await;
    let reason = "a remote citizen is asked by urn:nadra:acr:sms-reply only";
    assert_eq!((status, refused), (400, json!({ "code": "acr_too_low", "members": { "reason": reason } })));
    assert_eq!(counter.messages().await, 0);
    for more in ["", REPLY, &format!("{REPLY}+urn%3Anadra%3Aacr%3Asms-pin")] {
        let (status, asked) = counter.authorize_with(ALIVE, &remote(), more).await;
        assert_eq!((status, asked["screen_number"].is_string()), (200, true), "{more}: {asked}");
    }
    for more in ["", PIN] {
        let (status, asked) = counter.authorize_with(ALIVE, DETAILS, more).await;
        assert_eq!((status, asked.get("screen_number")), (200, None), "{more}");
    }
    counter.close().await;
}

#[tokio::test]
async fn c09_no_client_goes_below_the_floor_of_a_purpose() {
    let counter = Counter::open("floor").await;
    let floor = DETAILS.replace("KYC-101", "KYC-102");
    for more in [PIN, &format!("{PIN}+urn%3Anadra%3Aacr%3Asms-reply")] {
        let (status, refused) = counter.authorize_with(ALIVE, &floor, more).await;
        assert_eq!((status, &refused["code"]), (400, &"acr_too_low".into()), "{more}");
        let reason = refused["members"]["reason"].as_str().unwrap();
        assert_eq!(reason, "the purpose asks for urn:nadra:acr:sms-reply at least");
    }
    assert_eq!(counter.messages().await, 0);
    for more in ["", REPLY, "&acr_values=urn%3Anadra%3Aacr%3Aapp+urn%3Anadra%3Aacr%3Asms-reply"] {
        let (status, asked) = counter.authorize_with(ALIVE, &floor, more).await;
        assert_eq!((status, asked["screen_number"].is_string()), (200, true), "{more}: {asked}");
    }
    let (_, refused) = counter.authorize_with(ALIVE, &floor, "&acr_values=urn%3Anadra%3Aacr%3Aapp").await;
    assert_eq!(refused["code"], "parameter_invalid");
    counter.close().await;
}

#[tokio::test]
async fn nobody_learns_by_an_answer_over_sms_whether_a_citizen_exists() {
    let counter = Counter::open("reply-oracle").await;
    let shape = |asked: &Value| {
        asked.as_object().unwrap().iter().map(|(n, v)| (n.clone(), v.to_string().len())).collect::<Vec<_>>()
    };
    let mut all = Vec::new();
    for cnic in [ALIVE, DEAD, UNENROLLED, UNKNOWN] {
        counter.at(0);
        let (status, asked) = counter.authorize_with(cnic, DETAILS, REPLY).await;
        let id = asked["auth_req_id"].as_str().unwrap().to_owned();
        let mut seen = vec![(status, json!(shape(&asked))), counter.pin(&id, "000000").await, counter.token(&id).await];
        counter.at(60);
        let (status, mut resent) =
            counter.ask(permit("consent.resend"), &format!("/bc-authorize/{id}/resend"), "").await;
        resent.as_object_mut().unwrap().remove("ref");
        seen.push((status, resent));
        counter.at(300);
        seen.extend([counter.pin(&id, "000000").await, counter.token(&id).await]);
        all.push(seen);
    }
    let (alive, others) = all.split_first().unwrap();
    assert_eq!(alive[3], (200, json!({ "expires_in": 240, "tries_left": 3, "resend_after": 60 })));
    for other in others {
        assert_eq!(other, alive, "an agency learned whether there is a citizen");
    }
    counter.close().await;
}

#[tokio::test]
async fn c14_a_new_passcode_is_texted_with_the_same_digits_and_c11_a_request_is_taken_back() {
    let counter = Counter::open("reply-resend").await;
    let (id, screen) = counter.asked(ALIVE).await;
    let (text, old) = (counter.message().await, code_in(&counter.message().await));
    counter.at(60);
    let (status, resent) = counter.ask(permit("consent.resend"), &format!("/bc-authorize/{id}/resend"), "").await;
    assert_eq!((status, resent.get("screen_number")), (200, None), "they stand on the screen: {resent}");
    let new = counter.message().await;
    assert_eq!(new.replace(&code_in(&new), ""), text.replace(&old, ""));
    assert!(matches!(counter.text(&code_in(&new), &screen).await, Taken::Told(Told::Allowed(_))));
    counter.at(61);
    let (id, screen) = counter.asked(ALIVE).await;
    let code = code_in(&counter.message().await);
    let (status, _) = counter.send(permit("consent.cancel"), "DELETE", &format!("/bc-authorize/{id}"), "").await;
    assert_eq!(status, 200);
    assert_eq!(counter.text(&code, &screen).await, Taken::Told(Told::NothingWaits));
    assert_eq!(counter.token(&id).await.1["code"], "access_denied");
    counter.close().await;
}
