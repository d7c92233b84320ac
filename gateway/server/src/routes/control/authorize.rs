//! `POST /bc-authorize`: an agency asks for a citizen's consent (CIBA Core 1.0 §7). The answer is given before any work
//! that depends on the citizen; that work runs behind it, so that neither words nor time tell whether there is one.

use std::{collections::BTreeMap, sync::Arc};

use adapters::sql::control::NewRequest;
use axum::{Json, Router, body::Bytes, extract::State, routing::post};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use exchange::{
    cnic::Cnic,
    codes::Code,
    consent::{
        details::{Channel, Details},
        message,
        mode::{Mode, ModeError},
        passcode::ScreenNumber,
        revision::Terms,
    },
    limits,
    notify::{DeliveryMode, NotificationToken},
    permit::Permit,
    ports::citizen_keys::CitizenKeys as _,
    refusal::Refusal,
};
use serde::Serialize;

use super::{
    asking::{Asking, Matter},
    consent::{ConsentParts, agency, form, invalid, same_client, store_failure, user},
};
use crate::routes::answer::{Failure, MaybePermit, permit_for};

/// Seconds after which a client may try again when too much waits.
const BUSY_RETRY_S: u32 = 1;

/// References drawn before the citizen counts as asked too often: of a million, most are free.
const REFERENCE_DRAWS: u32 = 8;

const PARAMETERS: &[&str] = &[
    "scope",
    "login_hint",
    "authorization_details",
    "binding_message",
    "requested_expiry",
    "acr_values",
    "client_notification_token",
    "client_id",
];

/// The route.
pub fn routes(parts: Arc<ConsentParts>) -> Router {
    Router::new().route("/bc-authorize", post(authorize)).with_state(parts)
}

/// CIBA Core 1.0 §7.3, with our reference, when the passcode may be sent again, and what the screen shows a citizen who answers by SMS.
#[derive(Serialize)]
struct Answer {
    auth_req_id: String,
    expires_in: i64,
    interval: i64,
    #[serde(rename = "ref")]
    reference: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    resend_after: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    screen_number: Option<String>,
}

async fn authorize(
    State(parts): State<Arc<ConsentParts>>,
    permit: MaybePermit,
    body: Bytes,
) -> Result<Json<Answer>, Failure> {
    let permit = permit_for(permit, "consent.authorize")?;
    let form = form(&body, PARAMETERS)?;
    same_client(&permit, &form)?;
    let asked = read(&form, parts.passcode_ttl_s)?;
    let (mode, terms) = check(&parts, &permit, &asked)?;
    let ping = ping(&parts, &permit, &form)?;
    let slot = parts.background.slot().ok_or_else(busy)?;
    let mut secret = [0; 32];
    parts.entropy.fill(&mut secret);
    let auth_req_id = URL_SAFE_NO_PAD.encode(secret);
    let reference = reference(&parts, asked.citizen).await?;
    // By what was asked too: there are digits to show whether there is a citizen or not.
    let screen = (mode == Mode::SmsReply).then(|| ScreenNumber::draw(parts.entropy.as_ref()));
    let request = NewRequest {
        auth_req_id: &auth_req_id,
        reference: &reference,
        agency: agency(&permit)?,
        user: user(&permit)?,
        subject: parts.store.subject_key(asked.citizen),
        details: &asked.details,
        counter: asked.counter.as_deref(),
        screen: screen.as_ref(),
        terms: Some(&terms),
        ttl_s: asked.ttl_s,
        ping: ping.as_ref(),
    };
    parts.store.submit(&request).await.map_err(|error| store_failure(&error))?;
    let answer = Answer {
        auth_req_id: auth_req_id.clone(),
        expires_in: asked.ttl_s,
        interval: limits::POLL_INTERVAL_S,
        reference: reference.clone(),
        // By what was asked, never by whom: where it would come too late there is no second message.
        resend_after: Some(limits::RESEND_AFTER_S).filter(|after| *after < asked.ttl_s),
        screen_number: screen.map(|digits| digits.expose().to_owned()),
    };
    let asking = Asking {
        citizen: asked.citizen,
        channel: asked.channel,
        auth_req_id,
        matter: Matter {
            reference,
            agency: agency(&permit)?.clone(),
            details: asked.details,
            counter: asked.counter,
            mode,
        },
    };
    if permit.grant().subject_status {
        // This caller may know: it is told now instead of polling in vain.
        if asking.run(&parts).await {
            return Ok(Json(answer));
        }
        // It never learns the request's name, so nothing is told of it.
        let forgotten = parts.store.forget_ping(&asking.auth_req_id).await;
        forgotten.map_err(|error| store_failure(&error))?;
        return Err(Code::UnknownUserId.into());
    }
    slot.run(async move {
        asking.run(&parts).await;
    });
    Ok(Json(answer))
}

/// A reference that this citizen was not told before: what is texted back under it means one request.
async fn reference(parts: &ConsentParts, citizen: Cnic) -> Result<String, Failure> {
    for _ in 0..REFERENCE_DRAWS {
        let drawn = message::draw_reference(parts.entropy.as_ref());
        let taken = parts.store.reference_is_taken(parts.store.subject_key(citizen), &drawn).await;
        if !taken.map_err(|error| store_failure(&error))? {
            return Ok(drawn);
        }
    }
    Err(busy())
}

/// Too much waits behind answers.
pub(super) fn busy() -> Failure {
    Refusal::new(Code::SlowDown).retry_after(BUSY_RETRY_S).into()
}

/// The token by which an agency that waits for a ping will know it; such an agency must give one (CIBA Core 1.0 §7.1). The standard
/// asks it of no agency that polls and forbids it to none, and libraries send it always: there it is ignored, and not kept.
fn ping(
    parts: &ConsentParts,
    permit: &Permit,
    form: &BTreeMap<String, String>,
) -> Result<Option<NotificationToken>, Failure> {
    let directory = parts.directory.current()?;
    let entry = directory.agency(agency(permit)?.as_str());
    let mode = entry.and_then(|entry| entry.notify.as_ref()).map(|notify| notify.delivery_mode);
    if mode != Some(DeliveryMode::Ping) {
        return Ok(None);
    }
    let given = form.get("client_notification_token").map(|text| NotificationToken::parse(text));
    given.and_then(Result::ok).map(Some).ok_or_else(|| invalid("client_notification_token"))
}

/// A request for consent, read.
struct Asked {
    citizen: Cnic,
    details: Details,
    channel: Channel,
    acr_values: Option<String>,
    counter: Option<String>,
    ttl_s: i64,
}

fn read(form: &BTreeMap<String, String>, default_ttl_s: i64) -> Result<Asked, Failure> {
    let get = |name: &str| form.get(name).ok_or_else(|| invalid(name));
    let mut scopes = get("scope")?.split(' ');
    if !scopes.clone().any(|scope| scope == "openid") || !scopes.all(|scope| ["openid", "consent"].contains(&scope)) {
        return Err(invalid("scope"));
    }
    let hint = get("login_hint")?.strip_prefix("cnic:").ok_or_else(|| invalid("login_hint"))?;
    let citizen = Cnic::parse(hint).map_err(|_| Code::CnicInvalid)?;
    let ttl_s = form.get("requested_expiry").map_or(Ok(default_ttl_s), |text| expiry(text))?;
    let details = Details::parse_asked(get("authorization_details")?);
    let (details, channel) = details.map_err(|error| details_refused(&error.to_string()))?;
    let counter = form.get("binding_message").cloned();
    if counter.as_deref().is_some_and(|mark| !message::is_plain_mark(mark)) {
        return Err(Code::InvalidBindingMessage.into());
    }
    Ok(Asked { citizen, details, channel, acr_values: form.get("acr_values").cloned(), counter, ttl_s })
}

fn expiry(text: &str) -> Result<i64, Failure> {
    let seconds = text.parse().ok().filter(|s| (limits::PASSCODE_TTL_S_MIN..=limits::PASSCODE_TTL_S_MAX).contains(s));
    seconds.ok_or_else(|| invalid("requested_expiry"))
}

/// Whether this may be asked at all, in which way and under which agreement: by agency, purpose and dictionary only, never by citizen.
fn check(parts: &ConsentParts, permit: &Permit, asked: &Asked) -> Result<(Mode, Terms), Failure> {
    let directory = parts.directory.current()?;
    let catalogue = parts.decider.catalogue();
    let checked = asked.details.check(agency(permit)?, &directory, &catalogue, permit.grant().at);
    let terms = checked.map_err(|error| details_refused(&error.to_string()))?;
    let floor = directory.purpose(asked.details.purpose.as_str()).map(|purpose| purpose.acr_floor).unwrap_or_default();
    // Who guesses at its counters gets no more to guess at.
    let floor = if parts.guessing.is_held(agency(permit)?) { floor.max(Mode::SmsReply) } else { floor };
    let mode = Mode::choose(asked.acr_values.as_deref(), floor, asked.channel).map_err(|error| match error {
        ModeError::Unknown => invalid("acr_values"),
        ModeError::Remote | ModeError::BelowFloor(_) => {
            Failure::from(Refusal::new(Code::AcrTooLow).member("reason", error.to_string()))
        }
    })?;
    Ok((mode, terms))
}

fn details_refused(reason: &str) -> Failure {
    Refusal::new(Code::InvalidAuthorizationDetails).member("reason", reason).into()
}
