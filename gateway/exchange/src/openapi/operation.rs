//! One service as an operation: its parameters, headers, body, answer, refusals and what it asks of the caller.

use serde_json::{Map, Value, json};

use super::{domain, refusals, schema};
use crate::{
    catalogue::{BodyForm, CallerKind, ConsentRule, Service},
    tariff::{Class, Unit},
};

/// The operation of one service.
pub(super) fn of(service: &Service, issuer: &str) -> Value {
    let mut operation = json!({
        "operationId": service.id,
        "summary": service.title,
        "x-title-ur": service.title_ur,
        "tags": [domain(service.id.as_str())],
        "parameters": parameters(service),
        "responses": responses(service),
        "security": security(service),
        "x-service": format!("{}@{}", service.id, service.version),
        "x-consent": service.consent,
        "x-tariff": service.tariff,
        "x-charge": service.charge,
        "x-datatypes": service.datatypes(),
        "x-built": !service.not_built,
    });
    let Some(members) = operation.as_object_mut() else { return operation };
    if let Some(media) = media(service.body) {
        let content = json!({ media: { "schema": schema::of_body(service) } });
        members.insert("requestBody".into(), json!({ "required": true, "content": content }));
    }
    if service.callers.contains(&CallerKind::Agency) && !service.callers.contains(&CallerKind::Public) {
        members.insert("servers".into(), json!([{ "url": issuer, "description": "The agencies' listener." }]));
    }
    operation
}

fn media(form: BodyForm) -> Option<&'static str> {
    match form {
        BodyForm::None => None,
        BodyForm::Json => Some("application/json"),
        BodyForm::Form => Some("application/x-www-form-urlencoded"),
    }
}

fn parameters(service: &Service) -> Vec<Value> {
    let in_path = service.params.iter().filter(|param| schema::in_path(service, param)).map(|param| {
        json!({
            "name": param.name, "in": "path", "required": true, "description": param.about,
            "schema": schema::of_param(param, service.body),
        })
    });
    let mut all: Vec<_> = in_path.collect();
    if service.callers.contains(&CallerKind::Agency) {
        all.push(user(service));
        all.push(shared("Ijazat-User-Assertion"));
    }
    if service.purpose_required {
        all.push(json!({
            "name": "Ijazat-Purpose", "in": "header", "required": true,
            "description": "Why the data is asked for; the agreement must name it.",
            "schema": { "type": "string", "enum": service.purposes },
        }));
    }
    if service.consent != ConsentRule::None {
        all.push(shared("Ijazat-Basis"));
    }
    if service.action == "identifyByBiometric" {
        all.extend([shared("Ijazat-Second-User"), shared("Ijazat-Second-Assertion")]);
    }
    if service.writes {
        all.push(shared("Idempotency-Key"));
    }
    all.extend([shared("Ijazat-Dry-Run"), shared("traceparent")]);
    all
}

fn user(service: &Service) -> Value {
    json!({
        "name": "Ijazat-User", "in": "header", "required": !service.unattended,
        "description": "The person at the agency's system, as registered in its directory.",
        "schema": schema::reference("Code"),
    })
}

fn shared(name: &str) -> Value {
    json!({ "$ref": format!("#/components/parameters/{name}") })
}

/// Headers that mean the same for every service.
pub(super) fn shared_parameters() -> Map<String, Value> {
    let of = |name: &str, about: &str, schema: Value| {
        let header = json!({ "name": name, "in": "header", "required": false, "description": about, "schema": schema });
        (name.to_owned(), header)
    };
    [
        of(
            "Ijazat-User-Assertion",
            "The user's signature over this request (JWT, at most 60 seconds old): for Power users and Secret data.",
            json!({ "type": "string" }),
        ),
        of(
            "Ijazat-Basis",
            "A programme, an approval or both, by comma, in the place of consent or on top of it.",
            json!({ "type": "string", "examples": ["prog-kafalat"] }),
        ),
        of(
            "Idempotency-Key",
            "Names the request for 24 hours: a write is done once; a read may be repeated three times in ten minutes, uncharged.",
            json!({ "type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[!-~]+$" }),
        ),
        of(
            "Ijazat-Second-User",
            "Another user of the same agency, who signs the same request.",
            json!({ "type": "string" }),
        ),
        of(
            "Ijazat-Second-Assertion",
            "That user's signature over this request, as `Ijazat-User-Assertion`.",
            json!({ "type": "string" }),
        ),
        of("Ijazat-Dry-Run", "`1` asks for decision and price without data or charge.", json!({ "const": "1" })),
        of(
            "traceparent",
            "W3C trace context, version 00.",
            json!({ "type": "string", "pattern": "^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$" }),
        ),
    ]
    .into_iter()
    .collect()
}

/// Headers of answers.
pub(super) fn answer_headers() -> Value {
    let limit = |state: &str| format!("\"(agency|user|service|address)\"{state}");
    let list = |state: &str| format!("^{0}(, {0})?(, {0})?$", limit(state));
    json!({
        "Ijazat-Request-Id": {
            "description": "Names the request in the record and in support.",
            "required": true,
            "schema": { "type": "string", "pattern": "^[0-9a-f]{32}$" },
        },
        "Ijazat-Receipt": {
            "description": "Place of the record in the access log, rows and price (RFC 9651 item).",
            "required": true,
            "schema": {
                "type": "string",
                "pattern": "^\"[^\"]+/[0-9]+\";rows=[0-9]+;amount-milli-paisa=[0-9]+;rate=\"[^\"]+\"$",
                "examples": ["\"localhost:8443/17\";rows=1;amount-milli-paisa=600000;rate=\"sample-2026-01\""],
            },
        },
        "RateLimit-Policy": {
            "description": "The limits that counted the request, the tightest first: `q` requests in `w` seconds \
                (draft-ietf-httpapi-ratelimit-headers). On every answer to a caller that is known, refusals too.",
            "schema": {
                "type": "string",
                "pattern": list(";q=[0-9]+;w=[0-9]+"),
                "examples": ["\"user\";q=50;w=1, \"agency\";q=1000;w=1"],
            },
        },
        "RateLimit": {
            "description": "What is left of them: who sends no more than `r` in the next `t` seconds, what is under way \
                included, and waits `Retry-After` seconds after a 429, meets no other 429.",
            "schema": {
                "type": "string",
                "pattern": list(";r=[0-9]+;t=[0-9]+"),
                "examples": ["\"user\";r=49;t=1, \"agency\";r=998;t=1"],
            },
        },
        "Retry-After": {
            "description": "Seconds to wait before the next request.",
            "schema": { "type": "integer", "minimum": 0 },
        },
    })
}

/// References to headers of answers.
pub(super) fn headers(names: &[&str]) -> Map<String, Value> {
    let header = |name: &&str| ((*name).to_owned(), json!({ "$ref": format!("#/components/headers/{name}") }));
    names.iter().map(header).collect()
}

fn responses(service: &Service) -> Map<String, Value> {
    let (answer, dry_run) = (schema::reference(&answer_name(service)), schema::reference("DryRun"));
    let content = match service.streams {
        None => json!({ "application/json": { "schema": { "oneOf": [answer, dry_run] } } }),
        Some(_) => json!({
            "application/x-ndjson": { "schema": answer },
            "application/json": { "schema": dry_run },
        }),
    };
    let answered = json!({
        "description": "Answered and recorded; with `Ijazat-Dry-Run: 1` the decision and the price only.",
        "headers": headers(&["Ijazat-Request-Id", "Ijazat-Receipt", "RateLimit-Policy", "RateLimit"]),
        "content": content,
    });
    let mut all = Map::new();
    if !service.not_built {
        all.insert("200".into(), answered);
    }
    all.extend(refusals::responses(service));
    all
}

/// Any one of the sets; within a set, all.
fn security(service: &Service) -> Vec<Value> {
    let mut ways = Vec::new();
    if service.callers.contains(&CallerKind::Public) {
        ways.push(json!({}));
    }
    if service.callers.contains(&CallerKind::Agency) {
        ways.push(json!({ "mutualTLS": [] }));
        if service.consent != ConsentRule::None {
            ways.push(json!({ "mutualTLS": [], "consentToken": [] }));
        }
    }
    if service.callers.contains(&CallerKind::Citizen) {
        ways.push(json!({ "citizenSession": [] }));
    }
    ways
}

/// The name of the schema of a service's answer.
pub(super) fn answer_name(service: &Service) -> String {
    format!("answer.{}", service.id)
}

/// The body of a service's answer.
pub(super) fn answer(service: &Service) -> Value {
    let fields = schema::of_fields(service);
    if service.bare {
        return fields;
    }
    if let (Some(_), Some(rows)) = (&service.streams, &service.rows) {
        return line(&fields, rows);
    }
    let mut properties = json!({
        "data": fields,
        "withheld": { "type": "array", "items": schema::reference("Withheld") },
    });
    if service.consent != ConsentRule::None
        && let Some(properties) = properties.as_object_mut()
    {
        let by = "Until when the citizen allows the answer to be kept, where the consent says so.";
        properties.insert("erase_by".into(), json!({ "type": "string", "format": "date-time", "description": by }));
    }
    json!({
        "type": "object",
        "required": ["data", "withheld"],
        "properties": properties,
        "additionalProperties": false,
    })
}

/// One line of an answer that streams: a row, or the receipt of the rows before it.
fn line(fields: &Value, rows: &str) -> Value {
    let place = format!("{}/items", rows.replace('/', "/properties/"));
    let row = fields.pointer(&place).cloned().unwrap_or_else(|| json!({ "type": "object" }));
    let summary = json!({
        "type": "object",
        "description": "What left, and what was kept back: the last line but one.",
        "required": ["parts", "rows", "withheld"],
        "properties": {
            "parts": { "type": "integer", "minimum": 1 },
            "rows": { "type": "integer", "minimum": 0 },
            "withheld": { "type": "array", "items": schema::reference("Withheld") },
        },
        "additionalProperties": false,
    });
    let receipt = json!({
        "type": "object",
        "description": "Stands behind each batch and, with `final`, at the end; an answer without the latter was cut.",
        "required": ["receipt", "rows", "amount_milli_paisa"],
        "properties": {
            "receipt": { "type": "string", "description": "The log's origin and the record's place in it." },
            "rows": { "type": "integer", "minimum": 0 },
            "amount_milli_paisa": { "type": "integer", "minimum": 0 },
            "part": { "type": "integer", "minimum": 1 },
            "final": { "const": true },
        },
        "additionalProperties": false,
    });
    json!({ "oneOf": [row, summary, receipt] })
}

/// What answers of all services share.
pub(super) fn shared_schemas() -> Map<String, Value> {
    let withheld = json!({
        "type": "object",
        "description": "A datatype that policy kept back, why, and the policy that decided.",
        "required": ["datatype", "code", "policy"],
        "properties": {
            "datatype": schema::reference("Code"),
            "code": schema::reference("ProblemCode"),
            "policy": { "type": ["string", "null"] },
        },
        "additionalProperties": false,
    });
    let price = json!({
        "type": ["object", "null"],
        "required": ["rate_version", "tariff", "per_answer_of_rows", "unit", "class", "rated_milli_paisa",
                     "amount_milli_paisa", "amount"],
        "properties": {
            "rate_version": { "type": "string" },
            "tariff": { "type": "string" },
            "per_answer_of_rows": { "type": "integer", "minimum": 0 },
            "unit": { "enum": words(Unit::ALL.iter().map(|unit| unit.as_str())) },
            "class": { "enum": words(Class::ALL.iter().map(|class| class.as_str())) },
            "rated_milli_paisa": { "type": "integer", "minimum": 0 },
            "amount_milli_paisa": { "type": "integer", "minimum": 0 },
            "amount": { "type": "string" },
        },
        "additionalProperties": false,
    });
    let dry_run = json!({
        "type": "object",
        "description": "What would be released at which price.",
        "required": ["dry_run", "would_release", "withheld", "price"],
        "properties": {
            "dry_run": { "const": true },
            "would_release": { "type": "array", "items": schema::reference("Code") },
            "withheld": { "type": "array", "items": schema::reference("Withheld") },
            "price": price,
        },
        "additionalProperties": false,
    });
    [("Withheld", withheld), ("DryRun", dry_run)].into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect()
}

/// Words of an enumeration, and null.
fn words(all: impl Iterator<Item = &'static str>) -> Vec<Value> {
    all.map(Value::from).chain([Value::Null]).collect()
}
