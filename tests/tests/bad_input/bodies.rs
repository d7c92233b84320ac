//! Bodies of the wrong type, malformed, deep, huge, ambiguous or cut off.

use tests::world::{World, until, wire::bytes_of};

use crate::kit::{Bad, kyc, kyc_of, kyc_with, recorded, refused};

#[tokio::test]
async fn a_body_of_another_type_is_refused() {
    let world = World::start().await.unwrap();
    let typed = |given: Option<&str>| {
        let call = kyc_with(&world, "content-type", given);
        Bad::call(format!("{given:?}"), &call, 415, "content_type_unsupported")
    };
    let all = [
        typed(None),
        typed(Some("text/plain")),
        typed(Some("application/xml")),
        typed(Some("application/x-www-form-urlencoded")),
        typed(Some("application/json-patch+json")),
        typed(Some("")),
    ];
    refused(&world, "bank-indus", &all).await;
}

#[tokio::test]
async fn a_body_that_is_not_one_plain_object_is_refused() {
    let world = World::start().await.unwrap();
    let cnic = world.stage.cast.citizen.digits();
    let body = |name: &str, text: Vec<u8>| Bad::call(name, &kyc_of(&world, text), 400, "body_malformed");
    let deep = |levels: usize| format!("{{\"cnic\":\"{cnic}\",\"x\":{}{}}}", "[".repeat(levels), "]".repeat(levels));
    let all = [
        body("empty", Vec::new()),
        body("cut", b"{\"cnic\":".to_vec()),
        body("a list", format!("[{{\"cnic\":\"{cnic}\"}}]").into_bytes()),
        body("a text", format!("\"{cnic}\"").into_bytes()),
        body("two objects", format!("{{\"cnic\":\"{cnic}\"}}{{}}").into_bytes()),
        body("a comment", format!("{{\"cnic\":\"{cnic}\"/**/}}").into_bytes()),
        body("a name twice", format!("{{\"cnic\":\"{cnic}\",\"cnic\":\"{cnic}\"}}").into_bytes()),
        body("a name twice, once escaped", format!("{{\"cnic\":\"{cnic}\",\"\\u0063nic\":\"1\"}}").into_bytes()),
        body("deep", deep(17).into_bytes()),
        body("very deep", b"[".repeat(60_000)),
        body("not utf-8", b"{\"cnic\":\"\xff\xfe\"}".to_vec()),
        body("a mark of byte order", format!("\u{feff}{{\"cnic\":\"{cnic}\"}}").into_bytes()),
    ];
    refused(&world, "bank-indus", &all).await;
}

#[tokio::test]
async fn a_huge_body_is_refused() {
    let world = World::start().await.unwrap();
    let huge = format!("{{\"cnic\":\"{}\"}}", "1".repeat(70_000));
    let chunked = format!("{}\r\n0\r\n\r\n", format!("400\r\n{}\r\n", "1".repeat(0x400)).repeat(70));
    let head = "POST /v1/identity/kyc HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
        Ijazat-User: teller-1\r\nIjazat-Purpose: KYC-101\r\n";
    let all = [
        Bad::call("70 kB", &kyc_of(&world, huge), 413, "body_too_large"),
        Bad::new("announced only", format!("{head}Content-Length: 1000000\r\n\r\n"), 413, "body_too_large"),
        Bad::new("in chunks", format!("{head}Transfer-Encoding: chunked\r\n\r\n{chunked}"), 413, "body_too_large"),
    ];
    refused(&world, "bank-indus", &all).await;
}

#[tokio::test]
async fn a_body_that_is_cut_off_is_refused_and_recorded() {
    let world = World::start().await.unwrap();
    let whole = bytes_of(&kyc(&world));
    let cut = Bad::new("cut off", &whole[..whole.len() - 5], 400, "body_incomplete");
    let before = world.recorded().unwrap().len();
    let mut wire = world.agency("bank-indus").await.unwrap();
    wire.send(&cut.bytes).await;
    wire.end().await;
    let reply = wire.reply().await.unwrap();
    assert_eq!((reply.status, reply.code().as_str()), (cut.status, cut.code));
    recorded(&world, before, "bank-indus", &cut);
    world.serves().await.unwrap();
}

#[tokio::test]
async fn a_client_that_vanishes_within_its_body_is_recorded() {
    let world = World::start().await.unwrap();
    let whole = bytes_of(&kyc(&world));
    let before = world.recorded().unwrap().len();
    let mut wire = world.agency("bank-indus").await.unwrap();
    wire.send(&whole[..whole.len() - 5]).await;
    drop(wire);
    until("the broken request is recorded", async || world.recorded().unwrap().len() > before).await.unwrap();
    recorded(&world, before, "bank-indus", &Bad::new("vanished", "", 400, "body_incomplete"));
    world.serves().await.unwrap();
}
