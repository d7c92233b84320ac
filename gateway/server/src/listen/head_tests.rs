//! Heads that are made whole and then bent in one place, cut everywhere, and read in pieces.

use proptest::prelude::*;
use tokio::io::{AsyncWriteExt, DuplexStream};

use super::*;

/// A well-formed head, part by part.
#[derive(Clone, Debug)]
struct Whole {
    method: String,
    target: String,
    version: &'static str,
    lines: Vec<(String, String)>,
}

impl Whole {
    fn bytes(&self) -> Vec<u8> {
        let lines: Vec<String> = self.lines.iter().map(|(name, value)| format!("{name}:{value}\r\n")).collect();
        let lines = lines.concat();
        format!("{} {} {}\r\n{lines}\r\n", self.method, self.target, self.version).into_bytes()
    }
}

fn whole() -> impl Strategy<Value = Whole> {
    let line = ("[a-zA-Z][a-zA-Z0-9!#$%&'*+.^_`|~-]{0,12}", "[ -~\t]{0,30}");
    let harmless = |name: &str| {
        let lower = name.to_ascii_lowercase();
        !["host", "content-length", "transfer-encoding", "upgrade", "expect"].contains(&lower.as_str())
    };
    let lines = proptest::collection::vec(line, 0..6)
        .prop_map(move |lines| lines.into_iter().filter(|(name, _)| harmless(name)).collect::<Vec<_>>());
    let framing = prop_oneof![
        Just(None),
        (0_u64..1_000_000).prop_map(|length| Some(("Content-Length".to_owned(), length.to_string()))),
        Just(Some(("transfer-encoding".to_owned(), " CHUNKED\t".to_owned()))),
    ];
    ("[A-Z]{1,16}", "/[!-\"$-~]{0,40}", lines, framing, any::<bool>()).prop_map(
        |(method, target, lines, framing, old)| {
            let chunked = framing.as_ref().is_some_and(|(name, _)| name == "transfer-encoding");
            let mut all = vec![("Host".to_owned(), " gateway.test".to_owned())];
            all.extend(lines);
            all.extend(framing);
            Whole { method, target, version: if old && !chunked { "HTTP/1.0" } else { "HTTP/1.1" }, lines: all }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn whatever_is_well_formed_passes(head in whole()) {
        prop_assert_eq!(check(&head.bytes()), Ok(()), "{:?}", String::from_utf8_lossy(&head.bytes()));
    }

    #[test]
    fn one_bare_line_end_spoils_any_head(head in whole(), which in any::<proptest::sample::Index>()) {
        let bytes = head.bytes();
        let ends: Vec<usize> = bytes.windows(2).enumerate().filter(|(_, two)| two == b"\r\n").map(|(at, _)| at).collect();
        let at = ends[which.index(ends.len())];
        let mut without_cr = bytes.clone();
        without_cr.remove(at);
        prop_assert!(check(&without_cr).is_err(), "bare LF");
        let mut without_lf = bytes;
        without_lf.remove(at + 1);
        prop_assert!(check(&without_lf).is_err(), "bare CR");
    }

    #[test]
    fn one_control_character_spoils_any_head(head in whole(), which in any::<proptest::sample::Index>(), control in prop_oneof![0_u8..9, 14_u8..32, Just(127)]) {
        let mut bytes = head.bytes();
        let at = which.index(bytes.len() - 3);
        bytes.insert(at, control);
        prop_assert!(check(&bytes).is_err(), "{control:#x} at {at}");
    }

    #[test]
    fn a_part_of_a_head_is_never_a_head(head in whole()) {
        let bytes = head.bytes();
        for cut in 0..bytes.len() {
            prop_assert!(check(&bytes[..cut]).is_err(), "cut at {cut}");
            let mut scanned = 0;
            prop_assert_eq!(end_of_head(&bytes[..cut], &mut scanned), None, "cut at {}", cut);
        }
        let mut scanned = 0;
        prop_assert_eq!(end_of_head(&bytes, &mut scanned), Some(bytes.len()));
    }

    #[test]
    fn a_second_framing_spoils_any_head_that_has_one(head in whole(), chunked in any::<bool>()) {
        let framed = head.lines.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-length") || name.eq_ignore_ascii_case("transfer-encoding"));
        let mut twice = head;
        let second = if chunked { ("Transfer-Encoding", "chunked") } else { ("Content-length", "0") };
        twice.lines.push((second.0.to_owned(), second.1.to_owned()));
        let old = twice.version == "HTTP/1.0";
        prop_assert_eq!(check(&twice.bytes()).is_ok(), !(framed || old && chunked));
    }

    #[test]
    fn the_end_is_found_whatever_the_reads_were(head in whole(), rest in "[ -~\r\n]{0,20}", cuts in proptest::collection::vec(1_usize..20, 1..8)) {
        let mut bytes = head.bytes();
        let end = bytes.len();
        bytes.extend(rest.as_bytes());
        let (mut scanned, mut read) = (0, 0);
        for cut in cuts.iter().cycle() {
            read = (read + cut).min(bytes.len());
            let found = end_of_head(&bytes[..read], &mut scanned);
            if found.is_some() || read == bytes.len() {
                prop_assert_eq!(found, Some(end));
                break;
            }
        }
    }
}

#[test]
fn each_bound_of_a_head_stands_where_its_number_says() {
    let check = |head: String, expected: Result<(), Code>, name: &str| {
        assert_eq!(super::check(head.as_bytes()), expected, "{name}");
    };
    let invalid = Err(Code::HeaderInvalid);
    let lines = |count: usize| format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", "X: y\r\n".repeat(count - 1));
    check(lines(limits::HEADERS_MAX), Ok(()), "as many lines as allowed");
    check(lines(limits::HEADERS_MAX + 1), invalid, "a line more");
    let target = |bytes: usize| format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "a".repeat(bytes - 1));
    check(target(limits::TARGET_BYTES_MAX), Ok(()), "as long a target as allowed");
    check(target(limits::TARGET_BYTES_MAX + 1), Err(Code::PathAmbiguous), "a byte more");
    let frame = "GET / HTTP/1.1\r\nHost: a\r\nX: \r\n\r\n".len();
    let head = |bytes: usize| format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "y".repeat(bytes - frame));
    check(head(limits::HEAD_BYTES_MAX), Ok(()), "as long a head as allowed");
    check(head(limits::HEAD_BYTES_MAX + 1), invalid, "a byte more");
    let method = |letters: usize| format!("{} / HTTP/1.1\r\nHost: a\r\n\r\n", "M".repeat(letters));
    check(method(16), Ok(()), "as long a method as allowed");
    check(method(17), invalid, "a letter more");
    let length = |digits: usize| format!("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", "1".repeat(digits));
    check(length(15), Ok(()), "as many digits as allowed");
    check(length(16), invalid, "a digit more");
}

#[test]
fn names_and_values_are_read_as_the_standard_writes_them() {
    use Code::{HeaderInvalid, PathAmbiguous};
    let check = |text: &[u8], expected: Result<(), Code>| {
        let head = [b"POST /x HTTP/1.1\r\nHost: a\r\n", text, b"\r\n\r\n"].concat();
        assert_eq!(super::check(&head), expected, "{:?}", String::from_utf8_lossy(text));
    };
    check(b"X:", Ok(()));
    check(b"X:\t y \t", Ok(()));
    check(b"!#$%&'*+-.^_`|~09azAZ: y", Ok(()));
    check(b"X: caf\xc3\xa9", Ok(()));
    check(b"X: \xff\xfe", Ok(()));
    for delimiter in b"\"(),/:;<=>?@[\\]{} \t" {
        check(&[b'X', *delimiter, b'Y', b':', b'z'], if *delimiter == b':' { Ok(()) } else { Err(HeaderInvalid) });
    }
    check(b"Content-Length: 0", Ok(()));
    check(b"Content-Length: 007", Ok(()));
    check(b"CONTENT-LENGTH:\t7 ", Ok(()));
    for length in ["-1", "0x10", "1.0", "1e3", "1_000", "\u{661}", "1 1", "1\t1", "\u{ff11}"] {
        check(format!("Content-Length: {length}").as_bytes(), Err(HeaderInvalid));
    }
    for encoding in
        ["", "identity", "chunked, chunked", "chunked;q=1", "\"chunked\"", "chun ked", "chunked\u{a0}", "x-chunked"]
    {
        check(format!("Transfer-Encoding: {encoding}").as_bytes(), Err(HeaderInvalid));
    }
    check(b"Expect: 100-CONTINUE", Ok(()));
    check(b"Expect: ", Err(HeaderInvalid));
    check(b"Upgrade: websocket", Err(HeaderInvalid));
    check(b"upgrade-insecure-requests: 1", Ok(()));
    check(b"HOST: b", Err(HeaderInvalid));
    check(b"Host-Name: b", Ok(()));
    let target = |target: &[u8], expected: Result<(), Code>| {
        let head = [b"GET ", target, b" HTTP/1.1\r\nHost: a\r\n\r\n"].concat();
        assert_eq!(super::check(&head), expected, "{:?}", String::from_utf8_lossy(target));
    };
    target(b"/", Ok(()));
    target(b"/~!$&'()*+,;=:@%2f?a=b", Ok(()));
    target(b"/\x7f", Err(PathAmbiguous));
    target(b"/\x80", Err(PathAmbiguous));
    target(b"\\x", Err(PathAmbiguous));
    target(b"?a=b", Err(PathAmbiguous));
    target(b"/x#", Err(PathAmbiguous));
}

#[test]
fn a_version_is_one_of_two_to_the_letter() {
    let check = |version: &str, expected: bool| {
        let head = format!("GET / {version}\r\nHost: a\r\n\r\n");
        assert_eq!(super::check(head.as_bytes()).is_ok(), expected, "{version:?}");
    };
    check("HTTP/1.1", true);
    check("HTTP/1.0", true);
    for other in [
        "HTTP/1.2",
        "HTTP/0.9",
        "HTTP/1.10",
        "HTTP/11",
        "HTTP/1,1",
        "http/1.1",
        "HTTP /1.1",
        "HTTPS/1.1",
        "HTTP/1.1\t",
        "",
        "\u{ff28}TTP/1.1",
    ] {
        check(other, false);
    }
}

/// Gives the bytes to a reader piece by piece and tells what it made of them.
async fn read_of(first: u8, pieces: &[&[u8]], end: bool) -> Read {
    let (mut near, far): (DuplexStream, DuplexStream) = tokio::io::duplex(64);
    let mut stream: Stream = Box::new(far);
    let pieces: Vec<Vec<u8>> = pieces.iter().map(|piece| piece.to_vec()).collect();
    let writing = async move {
        for piece in pieces {
            if near.write_all(&piece).await.is_err() {
                break;
            }
        }
        if end {
            drop(near);
            return None;
        }
        Some(near)
    };
    // The stream goes with its reader, so that a writer who has more to say ends too.
    let reading = async move { read(&mut stream, first).await };
    tokio::join!(reading, writing).0
}

#[tokio::test]
async fn a_head_is_read_with_whatever_follows_it_and_not_beyond() {
    let text = b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n";
    let with_more = [text.as_slice(), b"body"].concat();
    match read_of(b'G', &[&with_more[1..]], true).await {
        Read::Head(head) => assert_eq!(head, with_more.as_slice()),
        other => panic!("{other:?}"),
    }
    for cut in 1..text.len() {
        match read_of(b'G', &[&text[1..cut], &text[cut..]], false).await {
            Read::Head(head) => assert_eq!(head, text.as_slice(), "cut at {cut}"),
            other => panic!("cut at {cut}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_head_that_ends_early_is_gone_and_one_that_never_ends_is_refused() {
    let text = b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n";
    for cut in 1..text.len() {
        let read = read_of(b'G', &[&text[1..cut]], true).await;
        assert!(matches!(read, Read::Gone), "cut at {cut}: {read:?}");
    }
    let line = vec![b'x'; 1_000];
    let endless: Vec<&[u8]> = std::iter::repeat_n(line.as_slice(), 40).collect();
    // Not ended: the reader must not wait for more once the bound is reached.
    assert!(matches!(read_of(b'G', &endless, false).await, Read::Refused(Code::HeaderInvalid)));
}

#[tokio::test]
async fn a_head_that_is_ended_by_line_feeds_alone_is_refused_and_not_waited_for() {
    for text in
        ["ET /x HTTP/1.1\nHost: a\n\n", "ET /x HTTP/1.1\r\nHost: a\r\n\n", "ET /x HTTP/1.1\nHost: a\n\r\n", "\n\n"]
    {
        let read = read_of(b'G', &[text.as_bytes()], false).await;
        assert!(matches!(read, Read::Refused(Code::HeaderInvalid)), "{text:?}: {read:?}");
    }
}
