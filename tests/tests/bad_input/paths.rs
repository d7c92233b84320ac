//! Paths that could be read in two ways, in every encoding. `exchange::path` tests the parser; here it is the door.

use tests::world::World;

use crate::kit::{Bad, refused};

#[tokio::test]
async fn an_ambiguous_path_is_refused_in_every_encoding() {
    let world = World::start().await.unwrap();
    let ambiguous: [&[u8]; 24] = [
        b"/v1/self/../self/whoami",
        b"/v1/./self/whoami",
        b"/v1/self/%2e%2e/self/whoami",
        b"/v1/self/%2E%2E/self/whoami",
        b"/v1/self/.%2e/self/whoami",
        b"/v1/self/..%2fself/whoami",
        b"/v1/self%2fwhoami",
        b"/v1/self%5cwhoami",
        b"/v1/self\\whoami",
        b"//v1/self/whoami",
        b"/v1//self/whoami",
        b"/v1/self/whoami/",
        b"/v1/self/whoami;a=b",
        b"/v1/self/whoami?x=1",
        b"/v1/self/whoami#x",
        b"/v1/self/%77hoami",
        b"/v1/self/whoami%00",
        b"/v1/self/whoami%0d%0aijazat-agency:bisp",
        b"/v1/%252e%252e/self/whoami",
        b"/v1/%c0%ae%c0%ae/self/whoami",
        b"/v1/\xc0\xae\xc0\xae/self/whoami",
        b"/v1/\xef\xbc\x8e\xef\xbc\x8e/self/whoami",
        b"/v1/%u002e/self/whoami",
        b"https://localhost/v1/self/whoami",
    ];
    let request = |target: &[u8]| [b"GET ", target, b" HTTP/1.1\r\nHost: localhost\r\n\r\n"].concat();
    let bad = |target: &&[u8]| Bad::new(String::from_utf8_lossy(target), request(target), 400, "path_ambiguous");
    let all: Vec<Bad> = ambiguous.iter().map(bad).collect();
    refused(&world, "bank-indus", &all).await;
}

#[tokio::test]
async fn a_plain_path_that_leads_nowhere_is_named_so() {
    let world = World::start().await.unwrap();
    let get = |target: &str| format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let all = [
        Bad::new("no such service", get("/v1/self/nobody"), 404, "service_unknown"),
        Bad::new("another case", get("/V1/self/whoami"), 404, "service_unknown"),
        Bad::new("the root", get("/"), 404, "service_unknown"),
        Bad::new("another method", get("/v1/identity/kyc"), 405, "method_not_allowed"),
        Bad::new(
            "a tab in the line",
            "GET /v1/self/who\tami HTTP/1.1\r\nHost: localhost\r\n\r\n",
            400,
            "path_ambiguous",
        ),
        Bad::new("four words", "GET /v1/self /whoami HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, "header_invalid"),
    ];
    refused(&world, "bank-indus", &all).await;
}
