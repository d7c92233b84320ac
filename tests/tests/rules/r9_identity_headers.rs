//! Rule 9: identity headers from outside are stripped. `listen::headers` tests the list; here a bank tries to be BISP, and
//! an upstream is asked whom it was told of.

use gateway::demo::client::Call;
use tests::world::World;

use crate::witness::Witness;

const CLAIMS: [(&str, &str); 12] = [
    ("ijazat-agency", "bisp"),
    ("ijazat-role", "Power"),
    ("ijazat-permit", "forged.forged"),
    ("ijazat-request-id", "of-my-choosing"),
    ("x-forwarded-for", "10.1.2.3"),
    ("forwarded", "for=10.1.2.3"),
    ("x-real-ip", "10.1.2.3"),
    ("x-forwarded-client-cert", "Subject=\"CN=bisp\""),
    ("x-ssl-client-cert", "bisp"),
    ("client-cert", ":YmlzcA==:"),
    ("x-remote-user", "power-1"),
    ("x_forwarded_for", "10.1.2.3"),
];

fn claiming(call: Call) -> Call {
    CLAIMS.iter().fold(call, |call, (name, value)| call.with(name, *value))
}

#[tokio::test]
async fn a_bank_that_claims_to_be_bisp_is_a_bank() {
    let world = World::start().await.unwrap();
    let mut bank = world.agency("bank-indus").await.unwrap();
    let whoami = bank.call(&claiming(Call::get("/v1/self/whoami").with("ijazat-user", "teller-1"))).await.unwrap();
    let answer = whoami.json();
    assert_eq!(whoami.status, 200, "{}", whoami.code());
    assert_eq!((&answer["data"]["agency"], &answer["data"]["role"]), (&"bank-indus".into(), &"Standard".into()));
    assert_ne!(whoami.header("ijazat-request-id"), "of-my-choosing");
    let household = bank.call(&claiming(world.household())).await.unwrap();
    assert_eq!(household.code(), "user_unknown", "BISP's officer is none of the bank's");
    for entry in world.recorded().unwrap() {
        assert_eq!((entry.agency(), entry.side.address.as_str()), ("bank-indus", "127.0.0.1"));
    }
}

#[tokio::test]
async fn an_upstream_is_told_nothing_that_came_from_outside() {
    let witness = Witness::listen().await;
    let world = witness.world().await.unwrap();
    let call = claiming(world.taxpayer().await.unwrap());
    let reply = world.agency("bank-indus").await.unwrap().call(&call).await.unwrap();
    assert_eq!(reply.status, 200, "{}", reply.code());
    let seen = witness.seen();
    let told: Vec<_> = seen[0].headers.keys().map(http::HeaderName::as_str).collect();
    for (name, _) in CLAIMS {
        assert!(!told.contains(&name), "{name}");
    }
    for own in ["authorization", "ijazat-user", "ijazat-purpose", "cookie"] {
        assert!(!told.contains(&own), "{own}: the citizen's token and the agency's user stay at the door");
    }
}

#[tokio::test]
async fn nobody_becomes_somebody_on_the_public_listener() {
    let world = World::start().await.unwrap();
    let mut anyone = world.stage.anyone().await.unwrap();
    let answer = anyone.send(claiming(Call::get("/v1/self/whoami").with("ijazat-user", "power-1"))).await.unwrap();
    assert_eq!((answer.status, answer.code()), (403, "caller_not_allowed"));
    assert_eq!(world.recorded().unwrap().last().unwrap().agency(), "");
}
