//! Headers that come twice, are too large, or end the request in two places. Smuggling has its own tests in `edge`.

use tests::world::World;

use crate::kit::{Bad, kyc, refused};

#[tokio::test]
async fn headers_that_come_twice_are_refused() {
    let world = World::start().await.unwrap();
    let twice = |name, value: &str| {
        let call = kyc(&world).with(name, value).with(name, value);
        Bad::call(format!("{name} twice"), &call, 400, "header_invalid")
    };
    let all = [
        twice("ijazat-user", "teller-1"),
        twice("Ijazat-User", "power-1"),
        twice("ijazat-purpose", "KYC-101"),
        twice("ijazat-basis", "prog-kafalat"),
        twice("authorization", "Bearer 0123456789abcdef"),
        twice("content-type", "application/json"),
        twice("idempotency-key", "1"),
        twice("host", "localhost"),
        twice("content-length", "2"),
        twice("transfer-encoding", "chunked"),
    ];
    refused(&world, "bank-indus", &all).await;
}

#[tokio::test]
async fn headers_that_are_too_large_or_too_many_are_refused() {
    let world = World::start().await.unwrap();
    let large = |name, bytes: usize| {
        Bad::call(format!("{name} of {bytes}"), &kyc(&world).with(name, "x".repeat(bytes)), 400, "header_invalid")
    };
    let many = (0..100).fold(kyc(&world), |call, _| call.with("x-some", "1"));
    let all = [
        large("ijazat-user", 600),
        large("ijazat-purpose", 600),
        large("authorization", 9_000),
        large("x-large", 17_000),
        Bad::call("a hundred headers", &many, 400, "header_invalid"),
        Bad::call("not plain text", &kyc(&world).with("ijazat-case", "\u{6a9}"), 400, "header_invalid"),
        Bad::call("a control character", &kyc(&world).with("ijazat-case", "a\u{1}b"), 400, "header_invalid"),
    ];
    refused(&world, "bank-indus", &all).await;
}
