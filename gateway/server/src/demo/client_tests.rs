//! Calls are what they say, answers are read whole, and what cannot be read is told by its part.

use serde_json::json;

use super::*;
use crate::pki::testing::Fixture;

#[test]
fn calls_carry_their_method_type_and_body() {
    let get = Call::get("/a");
    assert_eq!((get.method, get.path.as_str(), get.headers.len(), get.body.len()), ("GET", "/a", 0, 0));
    let json = Call::json("/b", &json!({ "a": "ب" }));
    assert_eq!(
        (json.method, json.headers.as_slice()),
        ("POST", &[("content-type", "application/json".to_owned())][..])
    );
    assert_eq!(serde_json::from_slice::<Value>(&json.body).unwrap(), json!({ "a": "ب" }));
    let form = Call::form("/c", &[("scope", "openid consent"), ("a&b", "ü=1")]).with("x-a", "1").with("x-a", "2");
    assert_eq!(form.body, b"scope=openid+consent&a%26b=%C3%BC%3D1");
    let names: Vec<_> = form.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    assert_eq!(names, ["content-type: application/x-www-form-urlencoded", "x-a: 1", "x-a: 2"]);
}

#[test]
fn an_answer_gives_texts_or_nothing() {
    let mut headers = http::HeaderMap::new();
    headers.insert("ijazat-receipt", "\"o/n/1\"".parse().unwrap());
    headers.insert("x-binary", http::HeaderValue::from_bytes(b"\xff").unwrap());
    let answer =
        Answer { status: 200, headers, body: json!({ "code": "c", "data": { "name": "A", "n": 1 }, "a/b": "s" }) };
    assert_eq!(
        (answer.header("Ijazat-Receipt"), answer.header("absent"), answer.header("x-binary")),
        ("\"o/n/1\"", "", "")
    );
    assert_eq!(answer.code(), "c");
    let check = |pointer: &str, expected: &str| assert_eq!(answer.text(pointer), expected, "{pointer}");
    check("/data/name", "A");
    check("/data/n", "");
    check("/data/absent", "");
    check("data/name", "");
    check("/a~1b", "s");
    let nothing = Answer { body: Value::Null, ..answer };
    assert_eq!((nothing.code(), nothing.text("/code")), ("", ""));
}

#[test]
fn a_credential_is_never_shown() {
    let credential = Credential { certificate: "PUBLIC".into(), key: "hunter2".into() };
    assert_eq!(format!("{credential:?} {:#?}", [&credential]), "Credential(…) [\n    Credential(…),\n]");
}

#[test]
fn each_broken_part_of_tls_is_named() {
    crate::tls::install_provider();
    let fixture = Fixture::new();
    let authority = fixture.authorities.server.cert_pem().to_owned();
    let agency = exchange::ids::AgencyId::parse("bank-indus").unwrap();
    let request = crate::pki::Request::make(&agency).unwrap();
    let key = request.key_pem.to_string();
    let good = Credential { certificate: fixture.client(), key: key.clone() };
    assert!(tls(&authority, None).is_ok());
    let told = |authority: &str, credential: &Credential| tls(authority, Some(credential)).unwrap_err().to_string();
    let broken = authority.replacen("-----END", "----END", 1);
    assert!(told(&broken, &good).starts_with("server authority: "), "{}", told(&broken, &good));
    let no_key = Credential { key: "no key".into(), ..good.clone() };
    assert!(told(&authority, &no_key).starts_with("client key: "));
    // The fixture's certificate belongs to another key.
    assert!(told(&authority, &good).starts_with("client certificate: "), "{}", told(&authority, &good));
    let cut = Credential { certificate: "-----BEGIN CERTIFICATE-----\nAAAA".into(), key };
    assert!(told(&authority, &cut).starts_with("client certificate: "));
}

#[tokio::test]
async fn nobody_at_the_address_is_told_as_such() {
    crate::tls::install_provider();
    let fixture = Fixture::new();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let config = tls(fixture.authorities.server.cert_pem(), None).unwrap();
    let told = Connection::open(address, config).await.unwrap_err().to_string();
    assert!(told.starts_with("connect: "), "{told}");
}
