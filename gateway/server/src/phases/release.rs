//! Phase 10. Afterwards the reply is worded: answer and receipt, or a problem document. Its record is durable already.

use bytes::Bytes;
use exchange::{
    filter::Filtered,
    ports::record_log::Position,
    refusal::Refusal,
    tariff::{Charge, rupees},
};
use http::{HeaderName, HeaderValue, header};
use serde_json::{Map, Value, json};

use super::{route::Routed, trail::Trail};
use crate::door::{Reply, Rest};

/// The body of an answer; its bytes are committed to by the record before they leave.
#[must_use]
pub fn body(routed: &Routed, filtered: Filtered, trail: &Trail) -> Bytes {
    let value = if routed.service.bare {
        filtered.value
    } else {
        let mut value = json!({ "data": filtered.value, "withheld": withheld(trail) });
        if let (Some(by), Some(members)) = (trail.erase_by, value.as_object_mut()) {
            members.insert("erase_by".into(), json!(by.rfc3339()));
        }
        value
    };
    Bytes::from(value.to_string())
}

/// The body of a dry run: what would be released at which price, and no data.
#[must_use]
pub fn dry_run_body(trail: &Trail, charge: Option<&Charge>) -> Bytes {
    let price = charge.map(|charge| {
        json!({ "rate_version": charge.version, "tariff": charge.key, "per_answer_of_rows": 1,
                "unit": charge.unit, "class": charge.class, "rated_milli_paisa": charge.amount,
                "amount_milli_paisa": charge.payable(), "amount": rupees(charge.payable()) })
    });
    let value =
        json!({ "dry_run": true, "would_release": trail.allowed(), "withheld": withheld(trail), "price": price });
    Bytes::from(value.to_string())
}

/// The datatypes that were kept back, as answers list them.
#[must_use]
pub fn withheld(trail: &Trail) -> Vec<Value> {
    let verdicts = trail.decision.iter().flat_map(|decision| &decision.verdicts).filter(|verdict| !verdict.allowed);
    verdicts
        .map(|verdict| {
            let code = verdict.code.unwrap_or(exchange::codes::Code::PolicyDenied);
            let mut entry = Map::new();
            entry.insert("datatype".into(), json!(verdict.datatype));
            entry.insert("code".into(), json!(code.as_str()));
            entry.insert("policy".into(), json!(verdict.policies.first()));
            Value::Object(entry)
        })
        .collect()
}

/// The reply with an answer.
#[must_use]
pub fn answer(
    trail: &Trail,
    origin: &str,
    position: Position,
    rows: u32,
    charge: Option<&Charge>,
    replay_of: Option<u64>,
    body: Bytes,
) -> Reply {
    let mut headers = base(trail, "application/json");
    push(&mut headers, "ijazat-receipt", &receipt(origin, position, rows, charge, replay_of));
    Reply { status: 200, headers, body, rest: None, close: false }
}

/// `"<origin>/<sequence>"` with rows, amount and rate version as parameters (RFC 9651 item); a repetition also names the
/// entry of the first answer.
#[must_use]
pub fn receipt(origin: &str, position: Position, rows: u32, charge: Option<&Charge>, replay_of: Option<u64>) -> String {
    let (amount, version) = charge.map_or((0, "none"), |charge| (charge.payable(), charge.version.as_str()));
    let again = replay_of.map(|first| format!(";replay-of={first}")).unwrap_or_default();
    let place = position.sequence;
    format!("\"{origin}/{place}\";rows={rows};amount-milli-paisa={amount};rate=\"{version}\"{again}")
}

/// The reply whose body leaves in parts: its header names the record of the first.
#[must_use]
pub fn stream(trail: &Trail, receipt: &str, first: Bytes, rest: Box<dyn Rest>) -> Reply {
    let mut headers = base(trail, "application/x-ndjson");
    push(&mut headers, "ijazat-receipt", receipt);
    Reply { status: 200, headers, body: first, rest: Some(rest), close: false }
}

/// The reply with a problem document.
#[must_use]
pub fn problem(trail: &Trail, refusal: &Refusal, close: bool) -> Reply {
    let oauth = trail.service.as_ref().is_some_and(|service| service.oauth_errors);
    let kind = if oauth { "application/json" } else { "application/problem+json" };
    let mut headers = base(trail, kind);
    if let Some(seconds) = refusal.retry_after_s {
        push(&mut headers, "retry-after", &seconds.to_string());
    }
    let body = refusal.problem(&trail.request, oauth).to_string();
    Reply { status: refusal.code.status(), headers, body: Bytes::from(body), rest: None, close }
}

fn base(trail: &Trail, content_type: &'static str) -> Vec<(HeaderName, HeaderValue)> {
    let mut headers = Vec::with_capacity(7);
    headers.push((header::CONTENT_TYPE, HeaderValue::from_static(content_type)));
    headers.push((header::CACHE_CONTROL, HeaderValue::from_static("no-store")));
    push(&mut headers, "ijazat-request-id", trail.request.as_str());
    if let Some((policy, state)) = trail.standings.fields() {
        push(&mut headers, "ratelimit-policy", &policy);
        push(&mut headers, "ratelimit", &state);
    }
    headers
}

fn push(headers: &mut Vec<(HeaderName, HeaderValue)>, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.push((HeaderName::from_static(name), value));
    }
}
