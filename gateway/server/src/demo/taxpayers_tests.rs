//! The sample service is what the stories need: honest by agreement, or lying in exactly the way that was asked for.

use std::{collections::BTreeSet, fs, net::SocketAddr};

use clap::ValueEnum as _;

use super::*;
use crate::{
    demo::client::{Answer, Call, Connection, tls as client_tls},
    pki::testing::Fixture,
};

const CNIC: &str = "4210112345671";

/// A service that runs, and what its callers need.
struct Service {
    fixture: Fixture,
    address: SocketAddr,
    own: Credential,
    authority: String,
}

impl Service {
    async fn start(manner: Manner) -> Self {
        crate::tls::install_provider();
        let fixture = Fixture::new();
        let read = |name: &str| fs::read_to_string(fixture.folder.path().join(name)).unwrap();
        let own = Credential { certificate: read("internal.pem"), key: read("internal.key") };
        let authority = read("internal-ca.pem");
        let config = tls(&own, &authority).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(serve(listener, config, manner));
        Self { fixture, address, own, authority }
    }

    async fn connect(&self) -> Connection {
        Connection::open(self.address, client_tls(&self.authority, Some(&self.own)).unwrap()).await.unwrap()
    }

    async fn ask(&self, cnic: &str) -> Answer {
        self.connect().await.send(Call::json("/taxpayers", &json!({ "cnic": cnic }))).await.unwrap()
    }
}

fn members(value: &Value) -> BTreeSet<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

const AGREED: [&str; 5] = ["cnic", "ntn", "filer", "active", "city"];

#[tokio::test]
async fn an_honest_service_answers_about_whom_it_was_asked_and_the_same_each_time() {
    let service = Service::start(Manner::Honest).await;
    let answer = service.ask(CNIC).await;
    assert_eq!((answer.status, members(&answer.body)), (200, AGREED.into()));
    assert_eq!(answer.text("/cnic"), CNIC);
    let ntn = answer.text("/ntn");
    assert!(ntn.len() == 7 && ntn.bytes().all(|byte| byte.is_ascii_digit()), "{ntn}");
    assert!(answer.body["filer"].is_boolean() && answer.body["active"].is_boolean());
    assert_eq!(service.ask(CNIC).await.body, answer.body);
    assert_eq!(service.ask("42101-1234567-1").await.body, answer.body, "hyphens are no other person");
    assert_ne!(service.ask("4210112345672").await.text("/ntn"), ntn);
}

#[tokio::test]
async fn fields_that_nobody_asked_for_stand_beside_the_agreed_ones() {
    let service = Service::start(Manner::Extra).await;
    let answer = service.ask(CNIC).await;
    let expected: BTreeSet<&str> = AGREED.into_iter().chain(["income", "spouse"]).collect();
    assert_eq!((answer.status, members(&answer.body)), (200, expected));
    assert!(answer.body["filer"].is_object(), "an agreed field of another shape");
    assert_eq!(answer.text("/spouse/cnic"), "9999999999998");
}

#[tokio::test]
async fn another_persons_answer_is_the_same_whomever_one_asks_for() {
    let service = Service::start(Manner::WrongPerson).await;
    let (one, two) = (service.ask(CNIC).await, service.ask("4210112345672").await);
    assert_eq!(one.text("/cnic"), "9999999999999");
    assert_eq!(one.body, two.body);
}

#[tokio::test]
async fn garbage_is_no_json_and_a_failure_is_told_by_its_status() {
    let garbage = Service::start(Manner::Garbage).await.ask(CNIC).await;
    assert_eq!((garbage.status, garbage.body), (200, Value::Null));
    let failing = Service::start(Manner::Failing).await.ask(CNIC).await;
    assert_eq!((failing.status, failing.body), (500, json!({ "error": "database" })));
}

#[tokio::test]
async fn a_slow_service_never_answers_and_still_takes_other_connections() {
    let service = Service::start(Manner::Slow).await;
    let mut first = service.connect().await;
    let call = Call::json("/", &json!({ "cnic": CNIC }));
    let slow = first.send(call);
    tokio::pin!(slow);
    // Whoever waits still waits when somebody else has long been connected.
    let second = tokio::select! {
        _ = &mut slow => panic!("it answered"),
        second = service.connect() => second,
    };
    drop(second);
}

#[tokio::test]
async fn an_endless_answer_is_cut_by_a_bound_of_its_own() {
    let body = endless().into_body().collect().await.unwrap().to_bytes();
    assert_eq!(body.len(), 64 * 1024 * 1024);
    assert!(body.iter().all(|byte| *byte == b' '));
}

#[tokio::test]
async fn a_caller_without_the_exchanges_certificate_is_not_heard() {
    let service = Service::start(Manner::Honest).await;
    let heard = async |credential: Option<&Credential>| {
        let config = client_tls(&service.authority, credential).unwrap();
        match Connection::open(service.address, config).await {
            // TLS 1.3 lets the client finish first: the refusal arrives with the first read.
            Ok(mut connection) => connection.send(Call::get("/")).await.is_ok(),
            Err(_) => false,
        }
    };
    assert!(!heard(None).await, "no certificate");
    let agency = exchange::ids::AgencyId::parse("bank-indus").unwrap();
    let request = crate::pki::Request::make(&agency).unwrap();
    let validity = crate::pki::Validity::days(exchange::ports::clock::Clock::now(&service.fixture.clock), 30).unwrap();
    let authority = &service.fixture.authorities.client;
    let certificate = authority.issue_client(&request.csr_pem, &agency, validity, &service.fixture.entropy).unwrap();
    let foreign = Credential { certificate, key: request.key_pem.to_string() };
    assert!(!heard(Some(&foreign)).await, "an agency's certificate is not the exchange's");
    assert!(heard(Some(&service.own)).await);
}

#[tokio::test]
async fn what_is_asked_wrongly_is_answered_about_nobody() {
    let service = Service::start(Manner::Honest).await;
    let mut connection = service.connect().await;
    for body in ["", "not json", "{}", "{\"cnic\":7}", "[1]"] {
        let call = Call { method: "POST", path: "/".into(), headers: Vec::new(), body: body.as_bytes().to_vec() };
        let answer = connection.send(call).await.unwrap();
        assert_eq!((answer.status, answer.text("/cnic")), (200, ""), "{body}");
    }
}

#[test]
fn each_broken_part_of_its_tls_is_told() {
    crate::tls::install_provider();
    let fixture = Fixture::new();
    let read = |name: &str| fs::read_to_string(fixture.folder.path().join(name)).unwrap();
    let own = Credential { certificate: read("internal.pem"), key: read("internal.key") };
    let authority = read("internal-ca.pem");
    let told = |own: &Credential, authority: &str| tls(own, authority).unwrap_err().to_string();
    for (own, authority) in [
        (Credential { key: "none".into(), ..own.clone() }, authority.as_str()),
        (Credential { key: read("server.key"), ..own.clone() }, &authority),
        (Credential { certificate: String::new(), ..own.clone() }, &authority),
        (own.clone(), ""),
        (own.clone(), "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"),
    ] {
        assert!(told(&own, authority).starts_with("taxpayer service: "));
    }
    assert!(tls(&own, &authority).is_ok());
}

#[test]
fn manners_are_typed_as_the_help_lists_them() {
    let names: Vec<String> = Manner::value_variants()
        .iter()
        .map(|manner| manner.to_possible_value().unwrap().get_name().to_owned())
        .collect();
    assert_eq!(names, ["honest", "extra", "wrong-person", "garbage", "endless", "slow", "failing"]);
    assert_eq!(Manner::default(), Manner::Honest);
}
