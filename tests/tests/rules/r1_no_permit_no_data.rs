//! Rule 1: no permit, no data. That only *authorise* and the verifier make a permit is held by compile-fail tests
//! (`exchange::permit`) and clippy's list; here the registry's own listener is asked without the door, by one of our own
//! certificates, and by an agency's.

use exchange::{
    classification::Role,
    ids::{AgencyId, DatatypeId, RequestId, ServiceId, UpstreamId},
    permit::{BoundTo, Grant, Permit, PermitKey, PermitMint, write_token},
    ports::clock::Clock as _,
    timestamp::Timestamp,
};
use gateway::demo::client::{Call, Credential, tls};
use serde_json::json;
use tests::world::{
    World,
    wire::{Reply, Wire},
};

const PATH: &str = "/v1/identity/kyc";

fn permit(world: &World) -> Permit {
    #[expect(clippy::disallowed_methods, reason = "the test stands for the gateway's process, which holds the mint")]
    PermitMint::new().mint(Grant {
        request: RequestId::parse("r1").unwrap(),
        service: ServiceId::parse("identity.kyc").unwrap(),
        version: 1,
        agency: Some(AgencyId::parse("bank-indus").unwrap()),
        user: None,
        certificate: None,
        role: Role::Standard,
        purpose: None,
        subject: Some(world.stage.cast.citizen),
        datatypes: vec![DatatypeId::parse("identity.name").unwrap()],
        rows: 1,
        consent: None,
        basis: None,
        subject_status: false,
        policies: Vec::new(),
        obligations: Vec::new(),
        report: None,
        at: world.clock.now(),
    })
}

struct Maker<'w> {
    permit: Permit,
    key: &'w PermitKey,
    audience: &'w str,
}

impl Maker<'_> {
    fn token(&self, path: &str, body: &[u8], jti: u8, at: Timestamp) -> String {
        let audience = UpstreamId::parse(self.audience).unwrap();
        let bound = BoundTo { audience: &audience, method: "POST", path, body };
        write_token(&self.permit, self.key, bound, [jti; 16], at)
    }
}

async fn ask(wire: &mut Wire, call: &Call, token: Option<&str>) -> Reply {
    let call = match token {
        Some(token) => call.clone().with("ijazat-permit", token),
        None => call.clone(),
    };
    wire.call(&call).await.unwrap()
}

fn internal(world: &World) -> (String, Credential) {
    let read = |name: &str| std::fs::read_to_string(world.state().join("pki").join(name)).unwrap();
    (read("internal-ca.pem"), Credential { certificate: read("internal.pem"), key: read("internal.key") })
}

#[tokio::test]
async fn the_registry_answers_to_its_own_permit_only() {
    let world = World::builder().internal_only().start().await.unwrap();
    let (ca, own) = internal(&world);
    let registry = *world.internal().unwrap().first().unwrap();
    let mut wire = Wire::open(registry, tls(&ca, Some(&own)).unwrap()).await.unwrap();
    let call = Call::json(PATH, &json!({ "cnic": world.stage.cast.citizen.digits() }));
    let secret = adapters::log::keys::load(&world.config.tls.permit_key).unwrap();
    let (key, other) = (PermitKey::new(&secret), PermitKey::new(&[7; 32]));
    let maker = |key, audience| Maker { permit: permit(&world), key, audience };
    let (ours, now) = (maker(&key, "registry"), world.clock.now());
    let good = ours.token(PATH, &call.body, 1, now);
    let (payload, tag) = good.split_once('.').unwrap();
    let forged = [
        ("none", None),
        ("nonsense", Some("nonsense".to_owned())),
        ("without its code", Some(format!("{payload}."))),
        ("with another's code", Some(format!("{payload}x.{tag}"))),
        ("by another key", Some(maker(&other, "registry").token(PATH, &call.body, 2, now))),
        ("for another upstream", Some(maker(&key, "control").token(PATH, &call.body, 3, now))),
        ("for another path", Some(ours.token("/v1/identity/yes-no", &call.body, 4, now))),
        ("for another citizen", Some(ours.token(PATH, b"{\"cnic\":\"4210112345671\"}", 5, now))),
        ("a minute old", Some(ours.token(PATH, &call.body, 6, now.plus_seconds(-60)))),
        ("of the next minute", Some(ours.token(PATH, &call.body, 7, now.plus_seconds(60)))),
    ];
    for (name, token) in forged {
        let reply = ask(&mut wire, &call, token.as_deref()).await;
        assert_eq!((reply.status, reply.body.as_slice()), (403, &b"{\"code\":\"policy_denied\"}"[..]), "{name}");
    }
    let answer = ask(&mut wire, &call, Some(&good)).await;
    assert_eq!(answer.status, 200, "{}", answer.code());
    assert!(!answer.json()["name"].as_str().unwrap().is_empty(), "the good permit shows that there was data to get");
    assert_eq!(ask(&mut wire, &call, Some(&good)).await.status, 403, "a second time");
}

#[tokio::test]
async fn an_agencys_certificate_does_not_open_the_registry() {
    let world = World::builder().internal_only().start().await.unwrap();
    let (ca, _) = internal(&world);
    let registry = *world.internal().unwrap().first().unwrap();
    let call = Call::json(PATH, &json!({ "cnic": world.stage.cast.citizen.digits() }));
    for credential in [None, Some(&world.credentials["bank-indus"])] {
        let answered = match Wire::open(registry, tls(&ca, credential).unwrap()).await {
            Ok(mut wire) => wire.call(&call).await.is_ok(),
            Err(_) => false,
        };
        assert!(!answered);
    }
}
