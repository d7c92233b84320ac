//! What each test here needs: calls under a key, and looks at receipts, records and the month's bill.

use exchange::{
    codes::Code, ids::AgencyId, month::Month, ports::clock::Clock as _, record::leaf::Kind, statement::recompute,
};
use gateway::demo::{
    client::Call,
    told::{amount_of, sequence_of},
};
use serde_json::{Value, json};
use tests::world::{Recorded, World, wire::Reply};

/// The key of most tests.
const KEY: &str = "0f8fad5b-d9cb-469f-a165-70867728950e";

/// The call under [`KEY`].
pub fn keyed(call: Call) -> Call {
    under(call, KEY)
}

/// The call under a key.
pub fn under(call: Call, key: &str) -> Call {
    call.with("idempotency-key", key)
}

/// The call with another value in a header's place.
pub fn with(mut call: Call, name: &'static str, value: &str) -> Call {
    call.headers.retain(|(known, _)| *known != name);
    call.with(name, value)
}

/// A hospital's notice of a death: a write that costs nothing.
pub fn notice(world: &World, place: &str) -> Call {
    let (year, month, day) = world.clock.now().karachi_date();
    let body = json!({
        "cnic": world.stage.cast.dying.digits(), "date_of_death": format!("{year:04}-{month:02}-{day:02}"),
        "place": place,
    });
    Call::json("/v1/vital/death-notices", &body).with("ijazat-user", "doctor-1").with("ijazat-purpose", "VIT-401")
}

/// A bank's question to the citizen: a write that costs something.
pub fn authorize(world: &World) -> Call {
    let details = json!([{
        "type": "urn:pk:ijazat:consent:1", "purpose": "KYC-101", "datatypes": ["identity.name"],
        "channel": "counter", "fetch": "one_time",
    }]);
    let fields = [
        ("scope", "openid consent"),
        ("login_hint", &format!("cnic:{}", world.stage.cast.citizen.digits())),
        ("authorization_details", &details.to_string()),
    ];
    Call::form("/bc-authorize", &fields).with("ijazat-user", "teller-1")
}

/// A bank's question about the person of the coming notice, with the token of a fresh consent that is used once.
pub async fn kyc(world: &World) -> Call {
    let person = world.stage.cast.dying;
    let mut teller = world.stage.actor("bank-indus", Some("teller-1")).await.unwrap();
    let granted = teller.consent(person, "KYC-101", &["identity.name"]).await.unwrap();
    Call::json("/v1/identity/kyc", &json!({ "cnic": person.digits() }))
        .with("ijazat-user", "teller-1")
        .with("ijazat-purpose", "KYC-101")
        .with("authorization", format!("Bearer {}", granted.token))
}

/// Sends one call in the agency's name on a connection of its own.
pub async fn send(world: &World, agency: &str, call: &Call) -> Reply {
    world.agency(agency).await.unwrap().call(call).await.unwrap()
}

/// What a receipt says.
#[derive(Debug, PartialEq, Eq)]
pub struct Receipt {
    pub sequence: u64,
    pub amount: i64,
    pub replay_of: Option<u64>,
}

/// The receipt of an answer.
pub fn receipt(reply: &Reply) -> Receipt {
    assert_eq!(reply.status, 200, "{}", reply.code());
    let text = reply.header("ijazat-receipt");
    let replay_of = text.split(';').find_map(|part| part.strip_prefix("replay-of="));
    Receipt {
        sequence: sequence_of(text).unwrap(),
        amount: amount_of(text),
        replay_of: replay_of.map(|place| place.parse().unwrap()),
    }
}

/// The place of a first answer, which cost this much and repeats nothing.
pub fn is_first(reply: &Reply, amount: i64) -> u64 {
    let Receipt { sequence, amount: charged, replay_of } = receipt(reply);
    assert_eq!((charged, replay_of), (amount, None), "{}", reply.header("ijazat-receipt"));
    sequence
}

/// One answer is the other again, under a record of its own, for nothing.
pub fn repeats(again: &Reply, first: &Reply) {
    let (told, known) = (receipt(again), receipt(first));
    assert_eq!((told.replay_of, told.amount), (Some(known.sequence), 0));
    assert!(told.sequence > known.sequence && again.header("ijazat-receipt").contains(";rate=\"none\";"));
    assert_ne!(again.header("ijazat-request-id"), first.header("ijazat-request-id"));
    assert_eq!(again.json(), first.json());
    assert_eq!(again.body, first.body, "the bytes differ");
}

/// A problem with the code's status, no data, no receipt.
pub fn refused(name: &str, reply: &Reply, code: Code) {
    assert_eq!((reply.status, reply.code().as_str()), (code.status(), code.as_str()), "{name}");
    assert!(reply.json().get("data").is_none() && reply.header("ijazat-receipt").is_empty(), "{name}");
}

/// What was recorded of one service, in order.
pub fn recorded(world: &World, service: &str) -> Vec<Recorded> {
    let mut all = world.recorded().unwrap();
    all.retain(|entry| entry.leaf.service.as_deref() == Some(service));
    all
}

/// The kinds of what was recorded of one service, in order.
pub fn kinds(world: &World, service: &str) -> Vec<Kind> {
    recorded(world, service).iter().map(|entry| entry.leaf.kind).collect()
}

/// How often anything was asked behind the door.
pub async fn forwarded(world: &World) -> u64 {
    let text = world.metrics().await.unwrap();
    let mut counts =
        text.lines().filter_map(|line| line.strip_prefix("ijazat_phase_seconds_count{phase=\"forward\"} "));
    counts.next().map_or(0, |count| count.parse().unwrap())
}

/// Calls and milli-paisa of one tariff line in the agency's bill of this month, which the leaves repeat.
pub async fn billed(world: &World, agency: &str, tariff: &str) -> (i64, i64) {
    let month = world.clock.now().karachi_month();
    let usage = send(world, agency, &Call::get(format!("/v1/usage/{month}"))).await;
    let bill = &usage.json()["data"];
    let all = world.recorded().unwrap();
    let id = AgencyId::parse(agency).unwrap();
    let before = all.iter().map(|entry| &entry.leaf).filter(|leaf| leaf.sequence < receipt(&usage).sequence);
    let summed = recompute(before, &id, Month::parse(&month).unwrap());
    assert_eq!(bill["total_milli_paisa"].as_i64(), Some(summed.payable_milli_paisa()));
    let of = |line: &Value, name: &str| line[name].as_i64().unwrap();
    let lines = bill["lines"].as_array().unwrap().iter().filter(|line| line["tariff"] == tariff);
    lines.fold((0, 0), |(calls, amount), line| (calls + of(line, "calls"), amount + of(line, "amount_milli_paisa")))
}
