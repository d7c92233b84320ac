//! What each test here needs: the embedded services, a call sent by anyone, and looks at problem documents and records.

use std::sync::Arc;

use exchange::{
    catalogue::{Catalogue, Service},
    codes::Code,
    decision::Decider as _,
    openapi,
    record::leaf::Kind,
};
use gateway::demo::client::{Answer, Call};
use policies::Bundle;
use serde_json::{Value, json};
use tests::{
    schema,
    world::{Recorded, World, until},
};

/// The catalogue that the gateway was built with.
pub fn catalogue() -> Arc<Catalogue> {
    Bundle::embedded().unwrap().catalogue()
}

/// The description of that catalogue as this world's gateway gives it.
pub fn description(world: &World) -> Value {
    let port = world.stage.agency.port();
    openapi::document(&catalogue(), &format!("https://{}:{port}", world.config.node.origin))
}

/// Who sends a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// An agency, over mTLS.
    Agency(&'static str),
    /// A user of an agency who signs the call.
    Signer(&'static str, &'static str),
    /// Anyone, on the public listener.
    Anyone,
    /// A registrar of the operator, who signs each call.
    Registrar(&'static str),
}

impl Who {
    /// The agency, or nothing.
    pub fn agency(self) -> &'static str {
        match self {
            Self::Agency(agency) | Self::Signer(agency, _) => agency,
            Self::Registrar(_) => tests::world::OPERATOR,
            Self::Anyone => "",
        }
    }
}

/// Sends a call on a new connection; again, where a host that stood still for a second kept the exchange from confirming its
/// directory: it has then done nothing.
pub async fn send(world: &World, who: Who, call: Call) -> Answer {
    let mut last = None;
    let confirmed = async || {
        let answer = sent(world, who, call.clone()).await;
        let stale = answer.code() == Code::DirectoryStale.as_str();
        last = Some(answer);
        !stale
    };
    until("the directory is confirmed", confirmed).await.unwrap();
    last.unwrap()
}

async fn sent(world: &World, who: Who, call: Call) -> Answer {
    match who {
        Who::Agency(agency) => world.ask(agency, call).await.unwrap(),
        Who::Signer(agency, user) => {
            world.stage.actor(agency, Some(user)).await.unwrap().send_signed(call).await.unwrap()
        }
        Who::Registrar(user) => world.ask_as_registrar(user, call).await.unwrap(),
        Who::Anyone => world.stage.anyone().await.unwrap().send(call).await.unwrap(),
    }
}

/// A refusal that a service must give.
#[derive(Debug)]
pub struct Refused {
    /// What was wrong with the call.
    pub why: String,
    pub who: Who,
    pub call: Call,
    pub code: Code,
    /// Whether the door knew by then which service was meant.
    pub routed: bool,
}

/// Sends it and looks at the answer, at what was promised of it, and at its record.
pub async fn is_refused(world: &World, document: &Value, service: &Service, refused: Refused) {
    let name = format!("{}: {}", service.id, refused.why);
    let before = world.recorded().unwrap().len();
    let answer = send(world, refused.who, refused.call).await;
    assert_eq!((answer.status, answer.code()), (refused.code.status(), refused.code.as_str()), "{name}");
    let oauth = refused.routed && service.oauth_errors;
    problem(&name, document, &answer, oauth);
    if refused.routed {
        assert!(openapi::codes_of(service).contains(&refused.code), "{name}: {} is not described", refused.code);
    }
    let recorded = world.recorded().unwrap();
    let [entry] = &recorded[before..] else { panic!("{name}: {} records", recorded.len() - before) };
    assert_eq!((entry.leaf.kind, entry.code()), (Kind::Refused, refused.code.as_str()), "{name}");
    assert_eq!(entry.leaf.status, answer.status, "{name}");
    assert_eq!(entry.leaf.request, answer.header("ijazat-request-id"), "{name}");
    let wanted = refused.routed.then(|| format!("{}@{}", service.id, service.version));
    assert_eq!(entry.leaf.service, wanted, "{name}");
    assert_eq!(entry.agency(), refused.who.agency(), "{name}");
    nothing_left(&name, entry);
}

/// Nothing was released, counted as a row, or charged.
pub fn nothing_left(name: &str, entry: &Recorded) {
    let leaf = &entry.leaf;
    assert!(
        leaf.released.is_empty() && leaf.rows == 0 && leaf.amount == 0 && leaf.tariff.is_none(),
        "{name}: {leaf:?}"
    );
}

/// A problem document in English and Urdu, with an action, under the schema that was promised.
pub fn problem(name: &str, document: &Value, answer: &Answer, oauth: bool) {
    let (kind, promised) =
        if oauth { ("application/json", "OauthProblem") } else { ("application/problem+json", "Problem") };
    assert_eq!(answer.header("content-type"), kind, "{name}");
    let promised = json!({ "$ref": format!("#/components/schemas/{promised}") });
    schema::check(document, &promised, &answer.body).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert!(answer.text("/title").chars().any(|letter| letter.is_ascii_alphabetic()), "{name}");
    assert!(answer.text("/title_ur").chars().any(|letter| ('\u{600}'..='\u{6ff}').contains(&letter)), "{name}");
    assert!(answer.text("/action").ends_with('.'), "{name}: {}", answer.text("/action"));
    assert_eq!(answer.text("/request_id"), answer.header("ijazat-request-id"), "{name}");
    assert_eq!(answer.body.get("error").is_some(), oauth, "{name}");
    assert!(answer.body.get("data").is_none() && answer.header("ijazat-receipt").is_empty(), "{name}");
}

/// Sequence, rows, price and rate of a receipt.
pub fn receipt(answer: &Answer) -> (u64, u32, i64, String) {
    let text = answer.header("ijazat-receipt");
    let quoted = text.strip_prefix('"').and_then(|rest| rest.split_once("\";"));
    let (place, rest) = quoted.unwrap_or_else(|| panic!("receipt `{text}`"));
    let of = |name: &str| rest.split(';').find_map(|part| part.strip_prefix(name)?.strip_prefix('=')).unwrap();
    let sequence = place.rsplit_once('/').unwrap().1.parse().unwrap();
    let rate = of("rate").trim_matches('"').to_owned();
    (sequence, of("rows").parse().unwrap(), of("amount-milli-paisa").parse().unwrap(), rate)
}
