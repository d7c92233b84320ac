//! One request for consent from its arrival to its token: pure, over state, input and time (design/consent.md, 6.4).

use super::passcode::PasscodeMac;
use crate::{limits, timestamp::Timestamp};

/// Where a request for consent stands. Expiry is no state of its own: the stored deadline decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Taken, answered; the work that depends on the citizen is under way.
    Received,
    /// Nobody can be asked: it will only ever look like a request that nobody answers.
    Suppressed,
    /// The citizen has the passcode.
    Sent,
    /// The citizen said yes.
    Approved,
    /// The agency has its token.
    TokenIssued,
    /// The citizen said no.
    Denied,
    /// The tries are used up.
    Locked,
}

impl State {
    /// The word in stores.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Suppressed => "suppressed",
            Self::Sent => "sent",
            Self::Approved => "approved",
            Self::TokenIssued => "token_issued",
            Self::Denied => "denied",
            Self::Locked => "locked",
        }
    }

    /// Reads back [`Self::as_str`].
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        use State::{Approved, Denied, Locked, Received, Sent, Suppressed, TokenIssued};
        [Received, Suppressed, Sent, Approved, TokenIssued, Denied, Locked].into_iter().find(|s| s.as_str() == text)
    }

    /// Whether the citizen's answer is still awaited, or seems to be.
    const fn is_open(self) -> bool {
        matches!(self, Self::Received | Self::Suppressed | Self::Sent)
    }
}

/// The part of a request for consent that changes.
#[derive(Clone, Debug)]
pub struct Transaction {
    /// Where it stands.
    pub state: State,
    /// Wrong passcodes so far.
    pub tries: u8,
    /// Code of the passcode that the citizen has; `None` before it is sent and for ever when suppressed.
    pub mac: Option<PasscodeMac>,
    /// First instant at which a passcode is too late.
    pub expires_at: Timestamp,
    /// When the citizen said yes.
    pub approved_at: Option<Timestamp>,
    /// Seconds between two polls.
    pub interval_s: i64,
    /// The last poll.
    pub polled_at: Option<Timestamp>,
}

/// What comes of a passcode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasscodeAnswer {
    /// Right: the caller now stores the consent, in the same unit of work.
    Approved,
    /// Wrong, with so many tries left (one at least).
    Wrong {
        /// Tries left.
        tries_left: u8,
    },
    /// Wrong once too often, refused by the citizen, or locked before.
    Denied,
    /// The citizen already said yes: a passcode is a yes to one request.
    Used,
    /// Too late.
    Expired,
}

/// What comes of a poll.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PollAnswer {
    /// The caller now stores the token, in the same unit of work, and hands it out.
    Issue,
    /// Nobody has answered yet.
    Pending,
    /// Too fast: five seconds were added to the interval.
    SlowDown,
    /// The citizen refused, or the tries are used up.
    Denied,
    /// Too late.
    Expired,
    /// The token was handed out before.
    Used,
}

impl Transaction {
    /// A request that has just arrived and lives `ttl_s` seconds.
    #[must_use]
    pub fn received(now: Timestamp, ttl_s: i64) -> Self {
        Self {
            state: State::Received,
            tries: 0,
            mac: None,
            expires_at: now.plus_seconds(ttl_s),
            approved_at: None,
            interval_s: limits::POLL_INTERVAL_S,
            polled_at: None,
        }
    }

    /// The passcode is on its way. `None` if it is not awaited any more: no message may then be sent.
    #[must_use]
    pub fn sent(mut self, mac: PasscodeMac, now: Timestamp) -> Option<Self> {
        if self.state != State::Received || now >= self.expires_at {
            return None;
        }
        self.state = State::Sent;
        self.mac = Some(mac);
        Some(self)
    }

    /// Nobody can be asked. `None` if that is no longer of interest.
    #[must_use]
    pub fn suppressed(mut self) -> Option<Self> {
        if self.state != State::Received {
            return None;
        }
        self.state = State::Suppressed;
        Some(self)
    }

    /// The citizen refuses. `None` if there is nothing to refuse any more.
    #[must_use]
    pub fn denied(mut self) -> Option<Self> {
        if !self.state.is_open() {
            return None;
        }
        self.state = State::Denied;
        self.mac = None;
        Some(self)
    }

    /// What any passcode would come to, when that is already settled without looking at it.
    #[must_use]
    pub fn settled(&self, now: Timestamp) -> Option<PasscodeAnswer> {
        match self.state {
            State::Approved | State::TokenIssued => Some(PasscodeAnswer::Used),
            State::Denied | State::Locked => Some(PasscodeAnswer::Denied),
            State::Received | State::Suppressed | State::Sent if now >= self.expires_at => {
                Some(PasscodeAnswer::Expired)
            }
            State::Received | State::Suppressed | State::Sent => None,
        }
    }

    /// Takes one passcode. A request whose citizen does not exist answers like any other with a wrong one.
    #[must_use]
    pub fn offer(mut self, given: &PasscodeMac, now: Timestamp) -> (Self, PasscodeAnswer) {
        if let Some(answer) = self.settled(now) {
            return (self, answer);
        }
        let right = self.state == State::Sent && self.mac.as_ref().is_some_and(|mac| mac.matches(given));
        if right {
            self.state = State::Approved;
            self.approved_at = Some(now);
            self.mac = None;
            return (self, PasscodeAnswer::Approved);
        }
        self.tries = self.tries.saturating_add(1);
        let tries_left = limits::PASSCODE_ATTEMPTS_MAX.saturating_sub(self.tries);
        if tries_left > 0 {
            return (self, PasscodeAnswer::Wrong { tries_left });
        }
        self.state = State::Locked;
        self.mac = None;
        (self, PasscodeAnswer::Denied)
    }

    /// Takes one poll for the token (CIBA Core 1.0 §10.1, §11).
    #[must_use]
    pub fn poll(mut self, now: Timestamp) -> (Self, PollAnswer) {
        match self.state {
            State::TokenIssued => (self, PollAnswer::Used),
            State::Denied | State::Locked => (self, PollAnswer::Denied),
            State::Approved if now >= self.collect_until() => (self, PollAnswer::Expired),
            // A yes is handed over at once, however often it was asked for.
            State::Approved => {
                self.state = State::TokenIssued;
                (self, PollAnswer::Issue)
            }
            State::Received | State::Suppressed | State::Sent if now >= self.expires_at => (self, PollAnswer::Expired),
            State::Received | State::Suppressed | State::Sent => self.wait(now),
        }
    }

    /// First instant at which an approved request can no longer be turned into a token.
    #[must_use]
    pub fn collect_until(&self) -> Timestamp {
        let floor = self.approved_at.map_or(self.expires_at, |at| at.plus_seconds(limits::CONSENT_COLLECT_S));
        floor.max(self.expires_at)
    }

    fn wait(mut self, now: Timestamp) -> (Self, PollAnswer) {
        let too_fast = self.polled_at.is_some_and(|last| now < last.plus_seconds(self.interval_s));
        self.polled_at = Some(now);
        if !too_fast {
            return (self, PollAnswer::Pending);
        }
        self.interval_s = (self.interval_s + limits::POLL_SLOW_DOWN_S).min(limits::PASSCODE_TTL_S_MAX);
        (self, PollAnswer::SlowDown)
    }
}

#[cfg(test)]
mod tests {
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
        for begin in
            [sent(), Transaction::received(START, 300), Transaction::received(START, 300).suppressed().unwrap()]
        {
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
        use State::{Approved, Denied, Locked, Received, Sent, Suppressed, TokenIssued};
        for state in [Received, Suppressed, Sent, Approved, TokenIssued, Denied, Locked] {
            assert_eq!(State::parse(state.as_str()), Some(state));
        }
        assert_eq!(State::parse("open"), None);
    }
}
