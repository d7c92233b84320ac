//! A request for consent, step by step.

use super::*;

const START: Timestamp = Timestamp::from_micros(1_000_000_000);

fn at(seconds: i64) -> Timestamp {
    START.plus_seconds(seconds)
}

fn mac(byte: u8) -> PasscodeMac {
    PasscodeMac::from_bytes([byte; 32])
}

fn sent() -> Transaction {
    Transaction::received(START, 300).sent(mac(1), START).unwrap()
}

#[test]
fn three_wrong_passcodes_lock_and_the_right_one_then_fails() {
    for begin in [sent(), Transaction::received(START, 300), Transaction::received(START, 300).suppressed().unwrap()] {
        let (tx, answer) = begin.offer(&mac(2), at(1));
        assert_eq!(answer, PasscodeAnswer::Wrong { tries_left: 2 });
        let (tx, answer) = tx.offer(&mac(3), at(2));
        assert_eq!(answer, PasscodeAnswer::Wrong { tries_left: 1 });
        let (tx, answer) = tx.offer(&mac(4), at(3));
        assert_eq!((tx.state, answer), (State::Locked, PasscodeAnswer::Denied));
        let (tx, answer) = tx.offer(&mac(1), at(4));
        assert_eq!((tx.state, answer), (State::Locked, PasscodeAnswer::Denied));
        assert_eq!(tx.poll(at(5)).1, PollAnswer::Denied);
    }
}

#[test]
fn a_right_passcode_is_a_yes_once_until_its_last_instant() {
    let check = |seconds, expected| assert_eq!(sent().offer(&mac(1), at(seconds)).1, expected, "{seconds}");
    check(0, PasscodeAnswer::Approved);
    check(299, PasscodeAnswer::Approved);
    check(300, PasscodeAnswer::Expired);
    check(301, PasscodeAnswer::Expired);
    let (approved, _) = sent().offer(&mac(1), at(1));
    assert!(approved.mac.is_none());
    assert_eq!(approved.clone().offer(&mac(1), at(2)).1, PasscodeAnswer::Used);
    let (issued, answer) = approved.poll(at(2));
    assert_eq!(answer, PollAnswer::Issue);
    assert_eq!(issued.clone().poll(at(3)).1, PollAnswer::Used);
    assert_eq!(issued.offer(&mac(1), at(3)).1, PasscodeAnswer::Used);
}

#[test]
fn a_poll_that_is_too_fast_slows_down_for_good() {
    let mut tx = sent();
    for (seconds, interval_s, expected) in [
        (0, 5, PollAnswer::Pending),
        (1, 10, PollAnswer::SlowDown),
        (10, 15, PollAnswer::SlowDown),
        (25, 15, PollAnswer::Pending),
        (299, 15, PollAnswer::Pending),
        (300, 15, PollAnswer::Expired),
    ] {
        let (next, answer) = tx.poll(at(seconds));
        assert_eq!((answer, next.interval_s), (expected, interval_s), "{seconds}");
        tx = next;
    }
}

#[test]
fn a_request_without_a_citizen_polls_like_one_that_nobody_answers() {
    let (mut alive, mut none) = (sent(), Transaction::received(START, 60).suppressed().unwrap());
    alive.expires_at = none.expires_at;
    for seconds in [0, 1, 20, 59, 60, 61] {
        let (next_alive, one) = alive.poll(at(seconds));
        let (next_none, other) = none.poll(at(seconds));
        assert_eq!(one, other, "{seconds}");
        (alive, none) = (next_alive, next_none);
    }
}

#[test]
fn a_late_yes_can_still_be_collected_for_a_minute() {
    let (approved, _) = sent().offer(&mac(1), at(299));
    let check = |seconds, expected| assert_eq!(approved.clone().poll(at(seconds)).1, expected, "{seconds}");
    check(301, PollAnswer::Issue);
    check(358, PollAnswer::Issue);
    check(359, PollAnswer::Expired);
}

#[test]
fn only_what_waits_can_be_sent_suppressed_or_refused() {
    let (approved, _) = sent().offer(&mac(1), at(1));
    assert!(approved.clone().denied().is_none());
    assert!(approved.clone().suppressed().is_none());
    assert!(approved.sent(mac(1), at(2)).is_none());
    assert!(Transaction::received(START, 60).sent(mac(1), at(60)).is_none());
    let denied = sent().denied().unwrap();
    assert_eq!(denied.clone().offer(&mac(1), at(1)).1, PasscodeAnswer::Denied);
    assert!(denied.sent(mac(1), at(2)).is_none());
}

#[test]
fn every_state_reads_back() {
    use State::{Approved, Denied, Locked, Received, Sent, Suppressed, TokenIssued, Void};
    for state in [Received, Suppressed, Sent, Approved, TokenIssued, Denied, Locked, Void] {
        assert_eq!(State::parse(state.as_str()), Some(state));
    }
    assert_eq!(State::parse("open"), None);
}

/// What an agency sees of a resend must not tell whether there is a citizen.
#[test]
fn a_passcode_is_sent_again_twice_a_minute_apart_whether_there_is_a_citizen_or_not() {
    for begin in [sent(), Transaction::received(START, 300), Transaction::received(START, 300).suppressed().unwrap()] {
        let mut tx = begin;
        for (seconds, expected) in [
            (0, Err(NotResent::TooSoon { wait_s: 60 })),
            (59, Err(NotResent::TooSoon { wait_s: 1 })),
            (60, Ok(())),
            (61, Err(NotResent::TooSoon { wait_s: 59 })),
            (130, Ok(())),
            (190, Err(NotResent::Spent)),
            (300, Err(NotResent::Settled(PasscodeAnswer::Expired))),
        ] {
            match tx.clone().resend(at(seconds)) {
                Ok(next) => {
                    assert_eq!(expected, Ok(()), "{seconds}");
                    tx = next;
                }
                Err(why) => assert_eq!(expected, Err(why), "{seconds}"),
            }
        }
        assert_eq!((tx.resends, tx.resend_at()), (2, None));
    }
}

#[test]
fn a_wait_is_rounded_up_to_the_second() {
    let almost = Timestamp::from_micros(at(59).micros() + 1);
    assert_eq!(sent().resend(almost).unwrap_err(), NotResent::TooSoon { wait_s: 1 });
    let hardly = Timestamp::from_micros(at(0).micros() + 1);
    assert_eq!(sent().resend(hardly).unwrap_err(), NotResent::TooSoon { wait_s: 60 });
}

#[test]
fn nothing_is_sent_again_that_would_come_too_late() {
    let short = Transaction::received(START, 60);
    assert_eq!(short.resend_at(), None);
    assert_eq!(short.resend(at(59)).unwrap_err(), NotResent::Spent);
}

#[test]
fn a_resend_kills_the_passcode_before_it_and_resets_nothing() {
    let (tx, answer) = sent().offer(&mac(2), at(1));
    assert_eq!(answer, PasscodeAnswer::Wrong { tries_left: 2 });
    let tx = tx.offer(&mac(2), at(2)).0.resend(at(60)).unwrap().resent(mac(5), at(60)).unwrap();
    assert_eq!((tx.tries, tx.expires_at), (2, at(300)));
    assert_eq!(tx.clone().offer(&mac(5), at(61)).1, PasscodeAnswer::Approved);
    let (locked, answer) = tx.offer(&mac(1), at(61));
    assert_eq!((locked.state, answer), (State::Locked, PasscodeAnswer::Denied));
    assert_eq!(locked.clone().resend(at(120)).unwrap_err(), NotResent::Settled(PasscodeAnswer::Denied));
    assert!(locked.resent(mac(6), at(120)).is_none());
    // Without a message that went out before, none goes out now.
    assert!(Transaction::received(START, 300).resent(mac(5), at(60)).is_none());
    assert!(sent().resent(mac(5), at(300)).is_none());
    let (approved, _) = sent().offer(&mac(1), at(1));
    assert_eq!(approved.clone().resend(at(60)).unwrap_err(), NotResent::Settled(PasscodeAnswer::Used));
    assert!(approved.resent(mac(5), at(60)).is_none());
}

#[test]
fn what_is_taken_back_lets_nobody_in() {
    let open = [sent(), Transaction::received(START, 300), Transaction::received(START, 300).suppressed().unwrap()];
    for begin in open {
        assert_eq!(begin.clone().cancelled(at(300)).1, CancelAnswer::Expired);
        let (tx, answer) = begin.cancelled(at(299));
        assert_eq!((tx.state, answer), (State::Void, CancelAnswer::Cancelled));
        assert_eq!(tx.clone().cancelled(at(400)).1, CancelAnswer::Cancelled, "again");
        assert_eq!(tx.clone().offer(&mac(1), at(299)).1, PasscodeAnswer::Denied);
        assert_eq!(tx.clone().poll(at(299)).1, PollAnswer::Denied);
        assert_eq!(tx.clone().resend(at(299)).unwrap_err(), NotResent::Settled(PasscodeAnswer::Denied));
        assert!(tx.clone().sent(mac(1), at(299)).is_none(), "its message had not gone out yet");
        assert!(tx.denied().is_none());
    }
    let (approved, _) = sent().offer(&mac(1), at(1));
    let (tx, answer) = approved.clone().cancelled(at(2));
    assert_eq!((tx.state, answer), (State::Void, CancelAnswer::EndsConsent));
    assert_eq!(tx.poll(at(3)).1, PollAnswer::Denied);
    let (issued, _) = approved.poll(at(2));
    assert_eq!(issued.cancelled(at(3)).1, CancelAnswer::Used);
    assert_eq!(sent().denied().unwrap().cancelled(at(3)).1, CancelAnswer::Denied);
}

#[test]
fn a_yes_is_taken_back_until_it_is_fetched() {
    let (approved, _) = sent().offer(&mac(1), at(1));
    let unsaid = approved.clone().unsaid().unwrap();
    assert_eq!(unsaid.poll(at(2)).1, PollAnswer::Denied);
    assert!(approved.poll(at(2)).0.unsaid().is_none(), "the token is out: the consent is what ends");
    assert!(sent().unsaid().is_none());
}

/// Behaviour 30: the same tries by SMS, and none by a passcode that is typed in, in whatever state.
#[test]
fn c30_a_request_is_answered_in_its_own_way_only() {
    let reply = || Transaction::received_in(Mode::SmsReply, START, 300);
    let asked = reply().sent(mac(1), START).unwrap();
    assert!(asked.awaits_text(at(299)) && !asked.awaits_text(at(300)) && !sent().awaits_text(at(1)));
    let approved = asked.clone().texted(&mac(1), at(1)).0;
    for tx in [reply(), asked.clone(), approved.clone(), asked.clone().denied().unwrap(), reply().suppressed().unwrap()]
    {
        for given in [mac(1), mac(2)] {
            let (next, answer) = tx.clone().offer(&given, at(2));
            assert_eq!((answer, next.state, next.tries), (PasscodeAnswer::OtherMode, tx.state, tx.tries));
        }
    }
    assert_eq!(sent().texted(&mac(1), at(1)).1, PasscodeAnswer::OtherMode);
    assert_eq!((approved.state, approved.approved_at), (State::Approved, Some(at(1))));
    assert_eq!(approved.texted(&mac(1), at(2)).1, PasscodeAnswer::Used);
    let (tx, answer) = asked.texted(&mac(2), at(1));
    assert_eq!(answer, PasscodeAnswer::Wrong { tries_left: 2 });
    // Sent again: the tries stay, the passcode before dies.
    let tx = tx.resend(at(60)).unwrap().resent(mac(5), at(60)).unwrap();
    let (tx, answer) = tx.texted(&mac(1), at(61));
    assert_eq!(answer, PasscodeAnswer::Wrong { tries_left: 1 });
    let (locked, answer) = tx.clone().texted(&mac(2), at(62));
    assert_eq!((locked.state, answer), (State::Locked, PasscodeAnswer::Denied));
    assert_eq!(locked.texted(&mac(5), at(63)).1, PasscodeAnswer::Denied);
    assert_eq!(tx.clone().texted(&mac(5), at(300)).1, PasscodeAnswer::Expired);
    assert_eq!(tx.texted(&mac(5), at(299)).1, PasscodeAnswer::Approved);
}
