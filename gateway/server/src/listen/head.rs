//! Reads the raw head of an HTTP/1 request, and lets only a head pass that can be read in one way.
//!
//! Pingora's parser is lenient where others may read differently: it takes bare LF for a line end, drops a
//! `Content-Length` beside `Transfer-Encoding`, folds equal lengths into one, and escapes illegal targets. Smuggling lives
//! in such differences, so what is not plain is refused here, before Pingora sees it.

use bytes::BytesMut;
use exchange::codes::Code;
use pingora_core::protocols::Stream;
use tokio::io::AsyncReadExt;

use super::limits;

/// What came instead of a head, or the head.
#[derive(Debug)]
pub(super) enum Read {
    /// A whole, plain head, and whatever followed it in the same packet.
    Head(BytesMut),
    /// A head that may not pass.
    Refused(Code),
    /// The client went away or broke off.
    Gone,
}

/// Reads on until the head is whole; `first` is what was read already.
pub(super) async fn read(stream: &mut Stream, first: u8) -> Read {
    // As large as a common head with its body, so that one read suffices.
    let mut buffer = BytesMut::with_capacity(2_048);
    buffer.extend_from_slice(&[first]);
    let mut scanned = 0;
    loop {
        if let Some(end) = end_of_head(&buffer, &mut scanned) {
            return match buffer.get(..end).map(check) {
                Some(Ok(())) => Read::Head(buffer),
                Some(Err(code)) => Read::Refused(code),
                None => Read::Gone,
            };
        }
        if buffer.len() >= limits::HEAD_BYTES_MAX {
            return Read::Refused(Code::HeaderInvalid);
        }
        match stream.read_buf(&mut buffer).await {
            Ok(0) | Err(_) => return Read::Gone,
            Ok(_) => {}
        }
    }
}

/// Where the head ends: behind the first empty line, whatever its line ends are made of.
fn end_of_head(buffer: &[u8], scanned: &mut usize) -> Option<usize> {
    // An end may straddle two reads by up to two bytes.
    let mut from = scanned.saturating_sub(2);
    while let Some(at) = buffer.get(from..).and_then(|rest| rest.iter().position(|&byte| byte == b'\n')) {
        let next = from + at + 1;
        match buffer.get(next..) {
            Some([b'\n', ..]) => return Some(next + 1),
            Some([b'\r', b'\n', ..]) => return Some(next + 2),
            _ => from = next,
        }
    }
    *scanned = buffer.len();
    None
}

/// Checks a whole head, its empty line included.
///
/// # Errors
/// The code of the refusal: [`Code::PathAmbiguous`] for the target, [`Code::HeaderInvalid`] for the rest.
pub(super) fn check(head: &[u8]) -> Result<(), Code> {
    if head.len() > limits::HEAD_BYTES_MAX {
        return Err(Code::HeaderInvalid);
    }
    if !head.ends_with(b"\r\n\r\n") {
        return Err(Code::HeaderInvalid);
    }
    let lines = head.strip_suffix(b"\r\n").unwrap_or_default();
    // A line that ends in a bare LF has no CR to strip; a CR anywhere else is a control character of its line.
    let mut lines = lines.split_inclusive(|&byte| byte == b'\n').map(|line| line.strip_suffix(b"\r\n"));
    let version = request_line(lines.next().flatten().ok_or(Code::HeaderInvalid)?)?;
    let mut framing = Framing::default();
    for (count, line) in lines.enumerate() {
        if count >= limits::HEADERS_MAX {
            return Err(Code::HeaderInvalid);
        }
        framing.take(line.ok_or(Code::HeaderInvalid)?)?;
    }
    framing.judge(version)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Version {
    Ten,
    Eleven,
}

fn request_line(line: &[u8]) -> Result<Version, Code> {
    let mut words = line.split(|&byte| byte == b' ');
    let (method, target, version) = (words.next(), words.next(), words.next());
    let (Some(method), Some(target), Some(version), None) = (method, target, version, words.next()) else {
        return Err(Code::HeaderInvalid);
    };
    if method.is_empty() || method.len() > 16 || !method.iter().all(u8::is_ascii_uppercase) {
        return Err(Code::HeaderInvalid);
    }
    // Pingora would drop a fragment without a word.
    let plain = target.first() == Some(&b'/') && target.iter().all(|&byte| byte.is_ascii_graphic() && byte != b'#');
    if !plain || target.len() > limits::TARGET_BYTES_MAX {
        return Err(Code::PathAmbiguous);
    }
    match version {
        b"HTTP/1.1" => Ok(Version::Eleven),
        b"HTTP/1.0" => Ok(Version::Ten),
        _ => Err(Code::HeaderInvalid),
    }
}

/// What the header lines say of where this request ends and who it is for.
#[derive(Default)]
struct Framing {
    hosts: u32,
    lengths: u32,
    chunked: u32,
}

impl Framing {
    fn take(&mut self, line: &[u8]) -> Result<(), Code> {
        let colon = line.iter().position(|&byte| byte == b':').ok_or(Code::HeaderInvalid)?;
        let (name, value) = (line.get(..colon).unwrap_or_default(), line.get(colon + 1..).unwrap_or_default());
        // A space before the colon and a folded line both fail here.
        if name.is_empty() || !name.iter().all(|&byte| is_token(byte)) {
            return Err(Code::HeaderInvalid);
        }
        if value.iter().any(|&byte| byte != b'\t' && byte.is_ascii_control()) {
            return Err(Code::HeaderInvalid);
        }
        let value = value.trim_ascii();
        let is = |other: &[u8]| name.eq_ignore_ascii_case(other);
        if is(b"host") {
            self.hosts += 1;
        } else if is(b"content-length") {
            self.lengths += 1;
            let plain = (1..=15).contains(&value.len()) && value.iter().all(u8::is_ascii_digit);
            return if plain { Ok(()) } else { Err(Code::HeaderInvalid) };
        } else if is(b"transfer-encoding") {
            self.chunked += 1;
            return if value.eq_ignore_ascii_case(b"chunked") { Ok(()) } else { Err(Code::HeaderInvalid) };
        } else if is(b"upgrade") || (is(b"expect") && !value.eq_ignore_ascii_case(b"100-continue")) {
            return Err(Code::HeaderInvalid);
        }
        Ok(())
    }

    fn judge(&self, version: Version) -> Result<(), Code> {
        let one_end = self.lengths + self.chunked <= 1;
        let old_and_chunked = version == Version::Ten && self.chunked > 0;
        let one_host = self.hosts == 1 || (version == Version::Ten && self.hosts == 0);
        if one_end && !old_and_chunked && one_host { Ok(()) } else { Err(Code::HeaderInvalid) }
    }
}

/// RFC 9110 section 5.6.2.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_passes_only_when_it_can_be_read_in_one_way() {
        use Code::{HeaderInvalid, PathAmbiguous};
        let check = |text: &str, expected: Result<(), Code>| {
            let head = text.replace('~', "\r\n");
            assert_eq!(check(head.as_bytes()), expected, "{text}");
        };
        check("GET /v1/x HTTP/1.1~Host: a~~", Ok(()));
        check("POST /v1/x HTTP/1.1~Host: a~Content-Length: 2~Expect: 100-continue~~", Ok(()));
        check("POST /v1/x HTTP/1.1~Host: a~Transfer-Encoding: Chunked~~", Ok(()));
        check("GET / HTTP/1.0~~", Ok(()));
        // Framing.
        check("POST / HTTP/1.1~Host: a~Content-Length: 2~Transfer-Encoding: chunked~~", Err(HeaderInvalid));
        check("POST / HTTP/1.1~Host: a~Content-Length: 2~Content-Length: 2~~", Err(HeaderInvalid));
        check("POST / HTTP/1.1~Host: a~Content-Length: 2, 2~~", Err(HeaderInvalid));
        check("POST / HTTP/1.1~Host: a~Content-Length: +2~~", Err(HeaderInvalid));
        check("POST / HTTP/1.1~Host: a~Content-Length:~~", Err(HeaderInvalid));
        check("POST / HTTP/1.1~Host: a~Content-Length: 9999999999999999~~", Err(HeaderInvalid));
        check("POST / HTTP/1.1~Host: a~Transfer-Encoding: chunked~Transfer-Encoding: chunked~~", Err(HeaderInvalid));
        check("POST / HTTP/1.1~Host: a~Transfer-Encoding: gzip, chunked~~", Err(HeaderInvalid));
        check("POST / HTTP/1.1~Host: a~Transfer-Encoding: xchunked~~", Err(HeaderInvalid));
        check("POST / HTTP/1.1~Host: a~Transfer-Encoding: \x0bchunked~~", Err(HeaderInvalid));
        check("POST / HTTP/1.0~Host: a~Transfer-Encoding: chunked~~", Err(HeaderInvalid));
        check("POST / HTTP/1.1~Host: a~Transfer-Encoding : chunked~~", Err(HeaderInvalid));
        check("POST / HTTP/1.1~Host: a~Transfer-Encoding~~", Err(HeaderInvalid));
        // Lines.
        check("GET / HTTP/1.1\nHost: a\n\n", Err(HeaderInvalid));
        check("GET / HTTP/1.1~Host: a\nX: y~~", Err(HeaderInvalid));
        check("GET / HTTP/1.1~Host: a\rX: y~~", Err(HeaderInvalid));
        check("GET / HTTP/1.1~Host: a~ folded~~", Err(HeaderInvalid));
        check("GET / HTTP/1.1~Host: a~X: y\0z~~", Err(HeaderInvalid));
        check("GET / HTTP/1.1~Host: a~: y~~", Err(HeaderInvalid));
        check("GET / HTTP/1.1~Host: a~X\u{e9}: y~~", Err(HeaderInvalid));
        check("~GET / HTTP/1.1~Host: a~~", Err(HeaderInvalid));
        // Whom it is for.
        check("GET / HTTP/1.1~~", Err(HeaderInvalid));
        check("GET / HTTP/1.1~Host: a~Host: a~~", Err(HeaderInvalid));
        check("GET http://a/ HTTP/1.1~Host: a~~", Err(PathAmbiguous));
        check("CONNECT a:443 HTTP/1.1~Host: a~~", Err(PathAmbiguous));
        check("OPTIONS * HTTP/1.1~Host: a~~", Err(PathAmbiguous));
        check("GET /\u{e9} HTTP/1.1~Host: a~~", Err(PathAmbiguous));
        check("GET /\x01 HTTP/1.1~Host: a~~", Err(PathAmbiguous));
        check("GET /a#b HTTP/1.1~Host: a~~", Err(PathAmbiguous));
        check("GET  / HTTP/1.1~Host: a~~", Err(HeaderInvalid));
        check("GET / HTTP/1.1 ~Host: a~~", Err(HeaderInvalid));
        check("GET / HTTP/2.0~Host: a~~", Err(HeaderInvalid));
        check("GET /~~", Err(HeaderInvalid));
        check("get / HTTP/1.1~Host: a~~", Err(HeaderInvalid));
        check("GET / HTTP/1.1~Host: a~Upgrade: h2c~~", Err(HeaderInvalid));
        check("GET / HTTP/1.1~Host: a~Expect: 200-ok~~", Err(HeaderInvalid));
        check(&format!("GET /{} HTTP/1.1~Host: a~~", "a".repeat(limits::TARGET_BYTES_MAX)), Err(PathAmbiguous));
        check(&format!("GET / HTTP/1.1~Host: a{}~~", "~X: y".repeat(limits::HEADERS_MAX)), Err(HeaderInvalid));
        check(&format!("GET / HTTP/1.1~Host: a~X: {}~~", "y".repeat(limits::HEAD_BYTES_MAX)), Err(HeaderInvalid));
    }

    #[test]
    fn the_end_of_a_head_is_found_however_it_is_cut_and_ended() {
        let check = |text: &str, expected: Option<usize>| {
            let mut scanned = 0;
            for cut in 0..text.len() {
                let part = text.as_bytes().get(..cut).unwrap();
                let found = end_of_head(part, &mut scanned);
                assert_eq!(found, expected.filter(|&end| end <= cut), "{text:?} cut at {cut}");
                if found.is_some() {
                    return;
                }
            }
            assert_eq!(end_of_head(text.as_bytes(), &mut scanned), expected, "{text:?}");
        };
        check("GET /\r\nA: b\r\n\r\nbody", Some(15));
        check("GET /\nA: b\n\nbody", Some(12));
        check("GET /\nA: b\n\r\nbody", Some(13));
        check("GET /\r\nA: b\r\n", None);
    }
}

#[cfg(test)]
#[path = "head_tests.rs"]
mod laws;
