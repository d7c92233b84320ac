//! What an aggregator's answer means: taken, not now, or never.

use std::time::Duration;

use http::StatusCode;

use super::limits;
use crate::sms::port::{Link, NotTaken};

/// An answer that arrived whole.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// What `Retry-After` says in seconds.
    pub retry_after_s: Option<u64>,
    /// The beginning of the body.
    pub body: String,
}

/// What it means, and how the link stands then; `None` where it says nothing about that.
pub type Meaning = (Result<Taken, NotTaken>, Option<Link>);

/// The far end has the message.
#[derive(Debug, PartialEq, Eq)]
pub struct Taken {
    /// Its name for it, where it tells one.
    pub name: Option<String>,
}

/// Reads an answer.
///
/// A refusal for good is believed only where it is about this message. Whoever does not know us, our path or our form would
/// refuse every message, and none is lost by an operator's mistake.
pub fn read(answer: &Answer) -> Meaning {
    let text = answer.body.trim();
    match answer.status.as_u16() {
        200..=299 => taken_or_not(text, answer),
        403 if text.starts_with("Not routable") => never("it has no route to this number"),
        401 | 403 | 407 => down("it does not know us", Some(limits::UNKNOWN_TO_IT_S)),
        404 | 405 | 410 => down("it has no such path", Some(limits::UNKNOWN_TO_IT_S)),
        400 if text.starts_with("Invalid content-type") => no_form(),
        406 | 415 => no_form(),
        408 | 425 | 429 => (later("it asks to wait", answer.retry_after_s), None),
        status @ 400..=499 => never(&format!("status {status}")),
        // A proxy gave up on an aggregator that may have the message.
        504 => (Err(NotTaken::Unknown { why: "status 504".to_owned() }), Some(Link::Down("status 504".to_owned()))),
        status @ 500..=599 => down(&format!("status {status}"), answer.retry_after_s),
        // Such as a page to log in at: whoever answers is not the aggregator.
        status => down(&format!("status {status}, which is no aggregator's"), Some(limits::UNKNOWN_TO_IT_S)),
    }
}

/// Kannel's number at the beginning decides; its later versions tell their name for the message at the end.
fn taken_or_not(text: &str, answer: &Answer) -> Meaning {
    let (number, rest) = text.split_once(':').unwrap_or((text, ""));
    match number.trim() {
        "0" | "3" => up(rest.rsplit_once(':').and_then(|(_, name)| plain_name(name.trim()))),
        // Kannel with `immediate-sendsms-reply`.
        said if said.starts_with("Sent.") => up(None),
        "1" | "2" => never("it refuses the message"),
        said if said.starts_with("Temporal failure") => down("it takes nothing now", answer.retry_after_s),
        // Answered well, in words that nobody agreed on: it may have the message. An operator must see that, and meanwhile one
        // message at a time finds out whether it is still so.
        _ => {
            let why = "its answer has another form, so nobody knows what it takes";
            (Err(NotTaken::Unknown { why: why.to_owned() }), Some(Link::Down(why.to_owned())))
        }
    }
}

/// A name that can be kept and compared; anything else is none.
fn plain_name(name: &str) -> Option<String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let fits = (1..=limits::MESSAGE_ID_BYTES_MAX).contains(&name.len()) && name.bytes().all(plain);
    fits.then(|| name.to_owned())
}

fn up(name: Option<String>) -> Meaning {
    (Ok(Taken { name }), Some(Link::Up))
}

fn no_form() -> Meaning {
    down("it takes no form by this method", Some(limits::UNKNOWN_TO_IT_S))
}

fn down(why: &str, after_s: Option<u64>) -> Meaning {
    (later(why, after_s), Some(Link::Down(why.to_owned())))
}

fn never(why: &str) -> Meaning {
    // It works: it has read the message and refused it.
    (Err(NotTaken::Never { why: why.to_owned() }), Some(Link::Up))
}

fn later(why: &str, after_s: Option<u64>) -> Result<Taken, NotTaken> {
    let after = after_s.map(|seconds| Duration::from_secs(seconds.min(limits::RETRY_AFTER_S_MAX)));
    Err(NotTaken::Later { why: why.to_owned(), after })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(status: u16, retry_after_s: Option<u64>, body: &str) -> Meaning {
        read(&Answer { status: StatusCode::from_u16(status).unwrap(), retry_after_s, body: body.to_owned() })
    }

    #[test]
    fn a_message_is_taken_with_the_name_that_the_aggregator_tells() {
        let check = |status, body, expected: Option<&str>| {
            let (taken, link) = given(status, None, body);
            assert_eq!((taken.unwrap().name.as_deref(), link), (expected, Some(Link::Up)), "{body}");
        };
        check(202, "0: Accepted for delivery", None);
        check(200, "0: Accepted for delivery\r\n", None);
        check(202, "3: Queued for later delivery", None);
        check(202, "Sent. Message splits: 3", None);
        check(202, "0: Accepted for delivery: 65150f1f-6d71-4a44", Some("65150f1f-6d71-4a44"));
        check(202, "0: Accepted for delivery: <b>", None);
        check(202, &format!("0: Accepted: {}", "x".repeat(65)), None);
    }

    #[test]
    fn only_what_is_about_the_message_is_refused_for_good() {
        let check = |status, body| {
            let (refused, link) = given(status, None, body);
            assert!(matches!(refused, Err(NotTaken::Never { .. })), "{status} {body}: {refused:?}");
            assert_eq!(link, Some(Link::Up), "{status} {body}");
        };
        check(202, "1: bad number");
        check(200, "2: no");
        check(400, "Number(s) has/have been denied by white- and/or black-lists.");
        check(403, "Not routable. Do not try again.");
        check(413, "");
        check(422, "");
    }

    #[test]
    fn a_mistake_of_the_operators_loses_no_message() {
        let check = |status, body, expected_s: Option<u64>| {
            let (refused, link) = given(status, Some(7), body);
            let Err(NotTaken::Later { after, .. }) = refused else { panic!("{status} {body}: {refused:?}") };
            assert_eq!(after, expected_s.map(Duration::from_secs), "{status} {body}");
            assert!(matches!(link, Some(Link::Down(_))), "{status} {body}");
        };
        for (status, body) in [
            (401, ""),
            (403, "Authorization failed for sendsms"),
            (404, "Unknown request."),
            (405, ""),
            (400, "Invalid content-type"),
            (415, ""),
            (302, ""),
        ] {
            check(status, body, Some(60));
        }
        for (status, body) in [
            (503, "Temporal failure, try again later."),
            (500, "Sending failed."),
            (502, ""),
            (200, "Temporal failure, try again later."),
        ] {
            check(status, body, Some(7));
        }
    }

    #[test]
    fn who_asks_to_wait_is_up_and_is_waited_for_within_reason() {
        let (refused, link) = given(429, Some(100_000), "");
        let after = Some(Duration::from_mins(10));
        assert_eq!((refused, link), (Err(NotTaken::Later { why: "it asks to wait".to_owned(), after }), None));
        let (refused, _) = given(429, None, "");
        assert!(matches!(refused, Err(NotTaken::Later { after: None, .. })));
    }

    #[test]
    fn nobody_knows_what_other_words_mean() {
        for (status, body) in [(200, ""), (200, "ok"), (202, "4: else"), (200, "<html>"), (204, ""), (504, "")] {
            let (unknown, link) = given(status, None, body);
            assert!(matches!(unknown, Err(NotTaken::Unknown { .. })) && link != Some(Link::Up), "{status} {body}");
        }
    }
}
