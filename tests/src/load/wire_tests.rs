//! Answers as a hostile or broken server may send them: cut anywhere, spoilt anywhere, in any number of pieces.

use proptest::prelude::*;

use super::*;

const WHOLE: &[u8] =
    b"HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nContent-Length: 5\r\nIjazat-Receipt: \"o/1\"\r\n\r\nhello";

fn taken(bytes: &[u8]) -> Result<(Option<Answer>, usize), String> {
    let mut received = BytesMut::from(bytes);
    take_answer(&mut received).map(|answer| (answer, received.len())).map_err(|error| error.to_string())
}

#[test]
fn an_answer_cut_at_any_byte_is_waited_for_and_nothing_of_it_is_lost() {
    for end in 0..WHOLE.len() {
        assert_eq!(taken(&WHOLE[..end]), Ok((None, end)), "cut at {end}");
    }
    let (answer, left) = taken(WHOLE).unwrap();
    assert_eq!((&*answer.unwrap().body, left), (&b"hello"[..], 0));
}

#[test]
fn lengths_that_are_none_are_refused_and_huge_ones_are_waited_for() {
    let check = |length: &str, expected: Result<Option<&str>, &str>| {
        let text = format!("HTTP/1.1 200 OK\r\nContent-Length:{length}\r\n\r\nhello");
        let found =
            taken(text.as_bytes()).map(|(answer, _)| answer.map(|it| String::from_utf8(it.body.to_vec()).unwrap()));
        match expected {
            Ok(body) => assert_eq!(found.unwrap().as_deref(), body, "{length}"),
            Err(ending) => assert!(found.unwrap_err().ends_with(ending), "{length}"),
        }
    };
    check(" 5", Ok(Some("hello")));
    check("5", Ok(Some("hello")));
    check("\t3 ", Ok(Some("hel")));
    check(" 0", Ok(Some("")));
    check(" 6", Ok(None));
    check(" 18446744073709551615", Ok(None));
    check(" 18446744073709551616", Err("no Content-Length"));
    check(" -1", Err("no Content-Length"));
    check(" 5 5", Err("no Content-Length"));
    check(" 0x5", Err("no Content-Length"));
    check("", Err("no Content-Length"));
    check(" \u{665}", Err("no Content-Length"));
}

#[test]
fn a_status_is_three_digits_of_http_1_1() {
    let check = |line: &str, expected: Option<u16>| {
        let text = format!("{line}\r\nContent-Length: 0\r\n\r\n");
        let found = taken(text.as_bytes()).ok().and_then(|(answer, _)| answer).map(|answer| answer.status);
        assert_eq!(found, expected, "{line}");
    };
    check("HTTP/1.1 200 OK", Some(200));
    check("HTTP/1.1 503", Some(503));
    check("HTTP/1.1 200", Some(200));
    check("HTTP/1.0 200 OK", None);
    check("http/1.1 200 OK", None);
    check("HTTP/1.1  200", None);
    check("HTTP/1.1 2x0 OK", None);
    check("HTTP/1.1 ", None);
    check("", None);
}

#[test]
fn names_of_headers_know_no_case_and_values_lose_their_spaces() {
    let text = "HTTP/1.1 200 OK\r\nCONTENT-LENGTH: 0\r\nA:  b \r\na: second\r\nEmpty:\r\nno colon\r\nC: d: e\r\n\r\n";
    let answer = taken(text.as_bytes()).unwrap().0.unwrap();
    let check = |name: &str, expected: Option<&str>| assert_eq!(answer.header(name), expected, "{name}");
    check("a", Some("b"));
    check("A", Some("b"));
    check("empty", Some(""));
    check("c", Some("d: e"));
    check("no colon", None);
    check("HTTP/1.1 200 OK", None);
    check("b", None);
    let foreign = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nA: \xff\r\n\r\n";
    assert_eq!(taken(foreign).unwrap().0.unwrap().header("a"), None, "no text");
}

#[test]
fn only_close_closes() {
    let check = |header: &str, expected: bool| {
        let text = format!("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n{header}\r\n\r\n");
        assert_eq!(taken(text.as_bytes()).unwrap().0.unwrap().close, expected, "{header}");
    };
    check("Connection: close", true);
    check("connection: CLOSE", true);
    check("Connection:close", true);
    check("Connection: keep-alive", false);
    check("X-Connection: close", false);
    check("Close: connection", false);
}

/// A row of answers and what each of them carries.
fn answers() -> impl Strategy<Value = Vec<(u16, Vec<u8>)>> {
    prop::collection::vec((100..600_u16, prop::collection::vec(any::<u8>(), 0..40)), 1..6)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn answers_in_a_row_are_taken_one_by_one_however_they_arrive(all in answers(), chunk in 1..50_usize) {
        let mut sent = Vec::new();
        for (status, body) in &all {
            sent.extend_from_slice(format!("HTTP/1.1 {status} x\r\nContent-Length: {}\r\n\r\n", body.len()).as_bytes());
            sent.extend_from_slice(body);
        }
        let (mut received, mut found) = (BytesMut::new(), Vec::new());
        for piece in sent.chunks(chunk) {
            received.extend_from_slice(piece);
            while let Some(answer) = take_answer(&mut received).unwrap() {
                found.push((answer.status, answer.body.to_vec()));
            }
        }
        prop_assert_eq!(found, all);
        prop_assert!(received.is_empty());
    }

    #[test]
    fn a_spoilt_byte_never_invents_a_longer_answer(at in 0..WHOLE.len(), byte in any::<u8>()) {
        let mut bytes = WHOLE.to_vec();
        bytes[at] = byte;
        if let Ok((Some(answer), left)) = taken(&bytes) {
            prop_assert_eq!(answer.head.len() + answer.body.len() + left, WHOLE.len());
            prop_assert!((0..=999).contains(&answer.status));
        }
    }
}
