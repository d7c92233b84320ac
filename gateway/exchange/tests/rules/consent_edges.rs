//! The edges of a request for consent: its last instants, its tries, its pace, and clocks that jump.

use exchange::{
    consent::{
        machine::{PasscodeAnswer, PollAnswer, State, Transaction},
        passcode::PasscodeMac,
    },
    limits,
    timestamp::Timestamp,
};

use crate::support::NOON;

fn mac(byte: u8) -> PasscodeMac {
    PasscodeMac::from_bytes([byte; 32])
}

fn sent(ttl_s: i64) -> Transaction {
    Transaction::received(NOON, ttl_s).sent(mac(1), NOON).unwrap()
}

fn micros(after: i64) -> Timestamp {
    Timestamp::from_micros(NOON.micros() + after)
}

#[test]
fn a_passcode_is_good_until_the_microsecond_before_its_end() {
    for ttl_s in [60, 300, 600] {
        let end = ttl_s * 1_000_000;
        let check = |after: i64, expected| assert_eq!(sent(ttl_s).offer(&mac(1), micros(after)).1, expected, "{after}");
        check(0, PasscodeAnswer::Approved);
        check(end - 1, PasscodeAnswer::Approved);
        check(end, PasscodeAnswer::Expired);
        check(end + 1, PasscodeAnswer::Expired);
        // A wrong one after the end is not a try: the answer is the same as for the right one.
        let (late, answer) = sent(ttl_s).offer(&mac(2), micros(end));
        assert_eq!((late.tries, answer), (0, PasscodeAnswer::Expired));
    }
}

#[test]
fn a_poll_says_pending_until_the_microsecond_before_the_end() {
    for tx in [Transaction::received(NOON, 60), sent(60), Transaction::received(NOON, 60).suppressed().unwrap()] {
        let check = |after: i64, expected| assert_eq!(tx.clone().poll(micros(after)).1, expected, "{tx:?} {after}");
        check(0, PollAnswer::Pending);
        check(59_999_999, PollAnswer::Pending);
        check(60_000_000, PollAnswer::Expired);
    }
}

#[test]
fn a_passcode_is_not_sent_once_its_request_has_ended() {
    let check = |after: i64, due: bool| {
        let tx = Transaction::received(NOON, 60).sent(mac(1), micros(after));
        assert_eq!(tx.is_some(), due, "{after}");
    };
    check(0, true);
    check(59_999_999, true);
    check(60_000_000, false);
}

#[test]
fn only_a_request_that_has_just_arrived_is_sent_or_suppressed() {
    let (approved, _) = sent(60).offer(&mac(1), NOON);
    let (issued, _) = approved.clone().poll(NOON);
    let mut locked = sent(60);
    for _ in 0..3 {
        locked = locked.offer(&mac(2), NOON).0;
    }
    let suppressed = Transaction::received(NOON, 60).suppressed().unwrap();
    for tx in [sent(60), suppressed, approved, issued, locked, sent(60).denied().unwrap()] {
        assert!(tx.clone().sent(mac(1), NOON).is_none(), "{tx:?}");
        assert!(tx.clone().suppressed().is_none(), "{tx:?}");
    }
}

#[test]
fn the_yes_of_a_citizen_is_not_taken_back_by_a_no() {
    let (approved, _) = sent(60).offer(&mac(1), NOON);
    let (issued, _) = approved.clone().poll(NOON);
    for tx in [approved, issued, sent(60).denied().unwrap()] {
        assert!(tx.clone().denied().is_none(), "{tx:?}");
    }
    // A no to what nobody was asked yet, or ever, is a no.
    for tx in [Transaction::received(NOON, 60), Transaction::received(NOON, 60).suppressed().unwrap(), sent(60)] {
        let denied = tx.denied().unwrap();
        assert_eq!((denied.state, denied.clone().poll(NOON).1), (State::Denied, PollAnswer::Denied));
        assert_eq!(denied.offer(&mac(1), NOON).1, PasscodeAnswer::Denied);
    }
}

#[test]
fn two_wrong_tries_do_not_hinder_the_right_one() {
    let (tx, _) = sent(60).offer(&mac(2), NOON);
    let (tx, _) = tx.offer(&mac(3), NOON);
    let (tx, answer) = tx.offer(&mac(1), NOON);
    assert_eq!((answer, tx.tries, tx.state), (PasscodeAnswer::Approved, 2, State::Approved));
}

#[test]
fn an_answer_says_the_same_before_and_after_the_end_once_it_is_settled() {
    let (approved, _) = sent(60).offer(&mac(1), NOON);
    let mut locked = sent(60);
    for _ in 0..3 {
        locked = locked.offer(&mac(2), NOON).0;
    }
    for after in [0, 59_999_999, 60_000_000, 900_000_000] {
        let check = |tx: &Transaction, expected| {
            assert_eq!(tx.settled(micros(after)), Some(expected), "{after}");
            for given in [1, 2] {
                let (next, answer) = tx.clone().offer(&mac(given), micros(after));
                assert_eq!((answer, next.tries, next.state), (expected, tx.tries, tx.state), "{after}");
            }
        };
        check(&approved, PasscodeAnswer::Used);
        check(&locked, PasscodeAnswer::Denied);
        check(&sent(60).denied().unwrap(), PasscodeAnswer::Denied);
    }
    assert_eq!(sent(60).settled(micros(59_999_999)), None);
    assert_eq!(sent(60).settled(micros(60_000_000)), Some(PasscodeAnswer::Expired));
}

#[test]
fn a_yes_waits_a_minute_or_until_the_requests_end_whichever_is_later() {
    let check = |ttl_s: i64, yes_s: i64, until_s: i64| {
        let (approved, answer) = sent(ttl_s).offer(&mac(1), NOON.plus_seconds(yes_s));
        assert_eq!(answer, PasscodeAnswer::Approved);
        assert_eq!(approved.collect_until(), NOON.plus_seconds(until_s), "{ttl_s} {yes_s}");
        let poll = |after: i64| approved.clone().poll(micros(after)).1;
        assert_eq!(poll(until_s * 1_000_000 - 1), PollAnswer::Issue, "{ttl_s} {yes_s}");
        assert_eq!(poll(until_s * 1_000_000), PollAnswer::Expired, "{ttl_s} {yes_s}");
    };
    check(300, 0, 300);
    check(300, 240, 300);
    check(300, 241, 301);
    check(300, 299, 359);
    check(60, 0, 60);
    check(60, 1, 61);
}

#[test]
fn the_pace_grows_by_five_seconds_and_has_an_end() {
    let mut tx = sent(600);
    let mut interval_s = limits::POLL_INTERVAL_S;
    assert_eq!(tx.interval_s, 5);
    tx = tx.poll(NOON).0;
    for _ in 0..200 {
        let (next, answer) = tx.poll(NOON);
        interval_s = (interval_s + 5).min(600);
        assert_eq!((answer, next.interval_s), (PollAnswer::SlowDown, interval_s));
        tx = next;
    }
    assert_eq!(tx.interval_s, 600, "no longer than a request can live");
}

#[test]
fn a_poll_exactly_at_the_pace_is_in_time() {
    let (tx, _) = sent(300).poll(NOON);
    assert_eq!(tx.clone().poll(micros(4_999_999)).1, PollAnswer::SlowDown);
    assert_eq!(tx.poll(micros(5_000_000)).1, PollAnswer::Pending);
}

#[test]
fn a_poll_that_finds_an_answer_is_never_too_fast() {
    let (tx, _) = sent(300).poll(NOON);
    let (approved, _) = tx.clone().offer(&mac(1), NOON);
    assert_eq!(approved.poll(NOON).1, PollAnswer::Issue);
    assert_eq!(tx.clone().denied().unwrap().poll(NOON).1, PollAnswer::Denied);
    let mut locked = tx;
    for _ in 0..3 {
        locked = locked.offer(&mac(2), NOON).0;
    }
    assert_eq!(locked.poll(NOON).1, PollAnswer::Denied);
}

#[test]
fn a_clock_that_jumps_opens_nothing() {
    // Forward by a year: over. Back before the beginning: still alive, still three tries.
    let year = NOON.plus_seconds(365 * 86_400);
    assert_eq!(sent(300).offer(&mac(1), year).1, PasscodeAnswer::Expired);
    assert_eq!(sent(300).poll(year).1, PollAnswer::Expired);
    let before = NOON.plus_seconds(-86_400);
    let mut tx = sent(300);
    for left in [Some(2), Some(1), None] {
        let (next, answer) = tx.offer(&mac(2), before);
        let expected = left.map_or(PasscodeAnswer::Denied, |tries_left| PasscodeAnswer::Wrong { tries_left });
        assert_eq!(answer, expected);
        tx = next;
    }
    // The ends of time do not overflow.
    for now in [Timestamp::from_micros(i64::MIN), Timestamp::from_micros(i64::MAX)] {
        let tx = Transaction::received(now, limits::PASSCODE_TTL_S_MAX);
        assert!(tx.expires_at >= now);
        let (tx, answer) = tx.poll(now);
        let ended = now >= tx.expires_at;
        assert_eq!(answer, if ended { PollAnswer::Expired } else { PollAnswer::Pending });
    }
}

#[test]
fn a_stored_passcode_is_good_in_a_request_that_was_sent_only() {
    // Rows that no move of ours writes, as a hand in the database might.
    for state in [State::Received, State::Suppressed] {
        let (tx, answer) = Transaction { state, ..sent(60) }.offer(&mac(1), NOON);
        assert_eq!((answer, tx.state), (PasscodeAnswer::Wrong { tries_left: 2 }, state));
    }
    let (tx, answer) = Transaction { mac: None, ..sent(60) }.offer(&mac(1), NOON);
    assert_eq!((answer, tx.state), (PasscodeAnswer::Wrong { tries_left: 2 }, State::Sent));
    let (tx, answer) = Transaction { tries: u8::MAX, ..sent(60) }.offer(&mac(2), NOON);
    assert_eq!((answer, tx.state, tx.tries), (PasscodeAnswer::Denied, State::Locked, u8::MAX));
}

#[test]
fn a_stored_state_reads_back_as_itself_and_nothing_else_reads() {
    let words = ["received", "suppressed", "sent", "approved", "token_issued", "denied", "locked", "void"];
    for word in words {
        assert_eq!(State::parse(word).map(State::as_str), Some(word));
        for odd in [word.to_uppercase(), format!("{word} "), word[1..].to_owned()] {
            assert_eq!(State::parse(&odd), None, "{odd:?}");
        }
    }
    for odd in ["", "expired", "consumed", "token-issued", "cancelled"] {
        assert_eq!(State::parse(odd), None, "{odd:?}");
    }
}
