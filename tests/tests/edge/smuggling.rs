//! Requests that two parsers could read differently: one refusal, a closed connection, nothing at the door.

use exchange::codes::Code;

use crate::kit::{Edge, client::Tls, soon};

const HIDDEN: &str = "GET /evil HTTP/1.1\r\nHost: gateway.test\r\n\r\n";

#[tokio::test]
async fn ambiguous_framing_is_refused_once_recorded_and_closed() {
    let corpus = [
        ("cl and te", "POST / HTTP/1.1~Host: a~Content-Length: 4~Transfer-Encoding: chunked~~0~~"),
        ("te and cl", "POST / HTTP/1.1~Host: a~Transfer-Encoding: chunked~Content-Length: 4~~0~~"),
        ("two equal lengths", "POST / HTTP/1.1~Host: a~Content-Length: 0~Content-Length: 0~~"),
        ("two lengths", "POST / HTTP/1.1~Host: a~Content-Length: 0~Content-Length: 40~~"),
        ("length list", "POST / HTTP/1.1~Host: a~Content-Length: 0, 0~~"),
        ("signed length", "POST / HTTP/1.1~Host: a~Content-Length: +0~~"),
        ("te te", "POST / HTTP/1.1~Host: a~Transfer-Encoding: chunked~Transfer-Encoding: identity~~0~~"),
        ("te list", "POST / HTTP/1.1~Host: a~Transfer-Encoding: chunked, identity~~0~~"),
        ("te with tab", "POST / HTTP/1.1~Host: a~Transfer-Encoding:\x0bchunked~~0~~"),
        ("te space colon", "POST / HTTP/1.1~Host: a~Transfer-Encoding : chunked~~0~~"),
        ("te in 1.0", "POST / HTTP/1.0~Host: a~Transfer-Encoding: chunked~~0~~"),
        ("obs-fold", "POST / HTTP/1.1~Host: a~X: y~ Transfer-Encoding: chunked~~"),
        ("bare lf", "GET / HTTP/1.1\nHost: a\n\n"),
        ("bare lf in headers", "GET / HTTP/1.1~Host: a\nTransfer-Encoding: chunked~~"),
        ("bare cr", "GET / HTTP/1.1~Host: a\rTransfer-Encoding: chunked~~"),
        ("nul", "GET / HTTP/1.1~Host: a~X: \0~~"),
        ("upgrade", "GET / HTTP/1.1~Host: a~Connection: Upgrade~Upgrade: h2c~~"),
        ("expect", "POST / HTTP/1.1~Host: a~Expect: 100-continue, 200-ok~Content-Length: 0~~"),
        ("two hosts", "GET / HTTP/1.1~Host: a~Host: b~~"),
        ("no host", "GET / HTTP/1.1~X: y~~"),
        ("0.9", "GET /~~"),
        ("repeated user", "GET / HTTP/1.1~Host: a~Ijazat-User: a~Ijazat-User: b~~"),
        ("repeated token", "GET / HTTP/1.1~Host: a~Authorization: a~Authorization: b~~"),
    ];
    let edge = Edge::open();
    let own = edge.pki.client("bank-indus");
    let tls = Tls::new(&edge.pki, Some(&own));
    for (count, (name, text)) in corpus.iter().enumerate() {
        let mut raw = tls.connect(&edge).await.unwrap();
        let answer = soon(raw.ask(text.replace('~', "\r\n") + HIDDEN)).await.unwrap();
        assert_eq!((answer.status, answer.body.as_str()), (400, "header_invalid"), "{name}");
        assert!(soon(raw.is_closed()).await, "{name}");
        assert_eq!(edge.door.unparsed().len(), count + 1, "{name}: recorded once");
    }
    assert!(edge.door.seen().is_empty(), "nothing reached the door");
    assert!(edge.door.unparsed_peers().iter().all(|peer| peer.certificate.is_some()), "each with its peer");
}

#[tokio::test]
async fn a_target_that_is_not_a_plain_path_is_refused_as_ambiguous() {
    let edge = Edge::open();
    let own = edge.pki.client("bank-indus");
    let tls = Tls::new(&edge.pki, Some(&own));
    for target in ["http://gateway.test/", "//x#y", "*", "a:443", "/\u{e9}", "/a\tb", "/x#y", ""] {
        let mut raw = tls.connect(&edge).await.unwrap();
        let head = format!("GET {target} HTTP/1.1\r\nHost: gateway.test\r\n\r\n");
        let answer = soon(raw.ask(head + HIDDEN)).await.unwrap();
        assert_eq!((answer.status, answer.body.as_str()), (400, "path_ambiguous"), "{target:?}");
        assert!(soon(raw.is_closed()).await, "{target:?}");
    }
    assert!(edge.door.seen().is_empty());
    assert!(edge.door.unparsed().iter().all(|&code| code == Code::PathAmbiguous));
}

#[tokio::test]
async fn what_follows_a_request_in_the_same_breath_is_never_served() {
    let edge = Edge::open();
    let own = edge.pki.client("bank-indus");
    let tls = Tls::new(&edge.pki, Some(&own));
    let first = "POST /one HTTP/1.1\r\nHost: gateway.test\r\n";
    for (n, framing) in
        ["Content-Length: 2\r\n\r\n{}", "Transfer-Encoding: chunked\r\n\r\n2;a=b\r\n{}\r\n0\r\n\r\n"].iter().enumerate()
    {
        let mut raw = tls.connect(&edge).await.unwrap();
        assert_eq!(soon(raw.ask(format!("{first}{framing}{HIDDEN}"))).await.unwrap().status, 200);
        assert!(soon(raw.is_closed()).await, "{framing:?}");
        assert_eq!(edge.door.seen().len(), n + 1, "{framing:?}");
    }
}
