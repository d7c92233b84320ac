//! One bad request after another: what is answered, what is recorded, and whether the door still serves.

use exchange::record::leaf::Kind;
use gateway::demo::client::Call;
use serde_json::json;
use tests::world::{World, wire::bytes_of};

/// A bad request with the answer that it must get.
pub struct Bad {
    pub name: String,
    pub bytes: Vec<u8>,
    pub status: u16,
    pub code: &'static str,
}

impl Bad {
    pub fn new(name: impl Into<String>, bytes: impl Into<Vec<u8>>, status: u16, code: &'static str) -> Self {
        Self { name: name.into(), bytes: bytes.into(), status, code }
    }

    pub fn call(name: impl Into<String>, call: &Call, status: u16, code: &'static str) -> Self {
        Self::new(name, bytes_of(call), status, code)
    }
}

/// Sends each in the agency's name on a connection of its own and looks at answer and record; then asks a good question.
pub async fn refused(world: &World, agency: &str, all: &[Bad]) {
    for bad in all {
        let before = world.recorded().unwrap().len();
        let reply = world.agency(agency).await.unwrap().ask(&bad.bytes).await;
        let reply = reply.unwrap_or_else(|error| panic!("{}: {error}", bad.name));
        assert_eq!((reply.status, reply.code().as_str()), (bad.status, bad.code), "{}", bad.name);
        assert!(reply.json().get("data").is_none(), "{}: data left", bad.name);
        recorded(world, before, agency, bad);
    }
    world.serves().await.unwrap();
}

/// The newest record is this refusal of this agency, and none since `before` released anything.
pub fn recorded(world: &World, before: usize, agency: &str, bad: &Bad) {
    let recorded = world.recorded().unwrap();
    let newest = recorded.get(before..).and_then(<[_]>::last).unwrap_or_else(|| panic!("{}: not recorded", bad.name));
    assert_eq!((newest.code(), newest.agency()), (bad.code, agency), "{}", bad.name);
    assert!(matches!(newest.leaf.kind, Kind::Refused | Kind::Outcome), "{}: {:?}", bad.name, newest.leaf.kind);
    let released = recorded[before..].iter().any(|entry| !entry.leaf.released.is_empty() || entry.leaf.amount != 0);
    assert!(!released, "{}: something was released or charged", bad.name);
}

/// A bank's question about the demo's citizen, good but for the consent that it lacks.
pub fn kyc(world: &World) -> Call {
    Call::json("/v1/identity/kyc", &json!({ "cnic": world.stage.cast.citizen.digits() }))
        .with("ijazat-user", "teller-1")
        .with("ijazat-purpose", "KYC-101")
}

/// The same question with another body.
pub fn kyc_of(world: &World, body: impl Into<Vec<u8>>) -> Call {
    Call { body: body.into(), ..kyc(world) }
}

/// The same question with one header in another's place, or without it.
pub fn kyc_with(world: &World, name: &'static str, value: Option<&str>) -> Call {
    let mut call = kyc(world);
    call.headers.retain(|(known, _)| *known != name);
    match value {
        Some(value) => call.with(name, value),
        None => call,
    }
}
