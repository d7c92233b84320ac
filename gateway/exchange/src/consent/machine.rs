//! One request for consent from its arrival to its token: pure, over state, input and time (design/consent.md, 6.4).

use super::{mode::Mode, passcode::PasscodeMac};
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
    /// The agency took its request back.
    Void,
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
            Self::Void => "void",
        }
    }

    /// Reads back [`Self::as_str`].
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        use State::{Approved, Denied, Locked, Received, Sent, Suppressed, TokenIssued, Void};
        let all = [Received, Suppressed, Sent, Approved, TokenIssued, Denied, Locked, Void];
        all.into_iter().find(|state| state.as_str() == text)
    }

    /// Whether the citizen's answer is still awaited, or seems to be.
    const fn is_open(self) -> bool {
        matches!(self, Self::Received | Self::Suppressed | Self::Sent)
    }
}

/// The part of a request for consent that changes.
#[derive(Clone, Debug)]
pub struct Transaction {
    /// How the citizen answers.
    pub mode: Mode,
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
    /// How often the agency had the passcode sent again.
    pub resends: u8,
    /// When the citizen was last asked, or seemed to be.
    pub asked_at: Timestamp,
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
    /// Wrong once too often, refused by the citizen, taken back by the agency, or locked before.
    Denied,
    /// The citizen already said yes: a passcode is a yes to one request.
    Used,
    /// Too late.
    Expired,
    /// The citizen answers this request in another way: what came in this one counts for nothing.
    OtherMode,
}

/// Why a passcode is not sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotResent {
    /// What any passcode would come to now.
    Settled(PasscodeAnswer),
    /// Sent again as often as it may be.
    Spent,
    /// It was sent a moment ago: after so many seconds (one at least) it may be sent again.
    TooSoon {
        /// Seconds to wait.
        wait_s: i64,
    },
}

/// What comes of taking a request back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CancelAnswer {
    /// Nobody will be let in by it, now or when it had been taken back before.
    Cancelled,
    /// The same; the caller now ends the consent that was given, in the same unit of work.
    EndsConsent,
    /// Its token was handed out: that is what can be revoked.
    Used,
    /// It was over before: refused, or its tries used up.
    Denied,
    /// It had run out.
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
    /// The citizen refused, the agency took it back, or the tries are used up.
    Denied,
    /// Too late.
    Expired,
    /// The token was handed out before.
    Used,
}

impl Transaction {
    /// A request that has just arrived and lives `ttl_s` seconds; its passcode is read out at the counter.
    #[must_use]
    pub fn received(now: Timestamp, ttl_s: i64) -> Self {
        Self::received_in(Mode::SmsPin, now, ttl_s)
    }

    /// The same for a citizen who answers in this mode.
    #[must_use]
    pub fn received_in(mode: Mode, now: Timestamp, ttl_s: i64) -> Self {
        Self {
            mode,
            state: State::Received,
            tries: 0,
            mac: None,
            expires_at: now.plus_seconds(ttl_s),
            approved_at: None,
            interval_s: limits::POLL_INTERVAL_S,
            polled_at: None,
            resends: 0,
            asked_at: now,
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

    /// Counts that the passcode shall be sent again, whether there is a citizen or not. It resets nothing: neither tries nor
    /// deadline.
    ///
    /// # Errors
    /// [`NotResent`].
    pub fn resend(mut self, now: Timestamp) -> Result<Self, NotResent> {
        if let Some(answer) = self.settled(now) {
            return Err(NotResent::Settled(answer));
        }
        let again = self.resend_at().ok_or(NotResent::Spent)?;
        if now < again {
            // Rounded up: who waits as long as it is told to is not told to wait again.
            let wait_s = again.micros().saturating_sub(now.micros()).saturating_add(999_999) / 1_000_000;
            return Err(NotResent::TooSoon { wait_s });
        }
        self.resends = self.resends.saturating_add(1);
        self.asked_at = now;
        Ok(self)
    }

    /// First instant at which the passcode may be sent again; `None` when it was sent as often as it may be, or would come
    /// too late.
    #[must_use]
    pub fn resend_at(&self) -> Option<Timestamp> {
        let again = self.asked_at.plus_seconds(limits::RESEND_AFTER_S);
        (self.resends < limits::RESENDS_MAX && again < self.expires_at).then_some(again)
    }

    /// Another passcode is on its way: the one before is worth nothing from here on. `None` if none is awaited any more.
    #[must_use]
    pub fn resent(mut self, mac: PasscodeMac, now: Timestamp) -> Option<Self> {
        if self.state != State::Sent || now >= self.expires_at {
            return None;
        }
        self.mac = Some(mac);
        Some(self)
    }

    /// The agency takes the request back.
    #[must_use]
    pub fn cancelled(mut self, now: Timestamp) -> (Self, CancelAnswer) {
        let answer = match self.state {
            State::TokenIssued => CancelAnswer::Used,
            State::Denied | State::Locked => CancelAnswer::Denied,
            State::Approved => CancelAnswer::EndsConsent,
            State::Received | State::Suppressed | State::Sent if now >= self.expires_at => CancelAnswer::Expired,
            State::Received | State::Suppressed | State::Sent | State::Void => CancelAnswer::Cancelled,
        };
        if matches!(answer, CancelAnswer::Cancelled | CancelAnswer::EndsConsent) {
            self.state = State::Void;
            self.mac = None;
        }
        (self, answer)
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

    /// The citizen takes a yes back that the agency has not fetched yet. `None` if there is none; the caller ends the consent, in
    /// the same unit of work.
    #[must_use]
    pub fn unsaid(mut self) -> Option<Self> {
        if self.state != State::Approved {
            return None;
        }
        self.state = State::Denied;
        Some(self)
    }

    /// What any passcode would come to, when that is already settled without looking at it.
    #[must_use]
    pub fn settled(&self, now: Timestamp) -> Option<PasscodeAnswer> {
        match self.state {
            State::Approved | State::TokenIssued => Some(PasscodeAnswer::Used),
            State::Denied | State::Locked | State::Void => Some(PasscodeAnswer::Denied),
            State::Received | State::Suppressed | State::Sent if now >= self.expires_at => {
                Some(PasscodeAnswer::Expired)
            }
            State::Received | State::Suppressed | State::Sent => None,
        }
    }

    /// Takes one passcode that was typed in at the counter. A request whose citizen does not exist answers like any other with a
    /// wrong one.
    #[must_use]
    pub fn offer(self, given: &PasscodeMac, now: Timestamp) -> (Self, PasscodeAnswer) {
        self.take(Mode::SmsPin, Some(given), now)
    }

    /// Takes one passcode that the citizen texted, with the digits of the screen in its code.
    #[must_use]
    pub fn texted(self, given: &PasscodeMac, now: Timestamp) -> (Self, PasscodeAnswer) {
        self.take(Mode::SmsReply, Some(given), now)
    }

    /// Others have guessed in this citizen's name as often as they may: whatever passcode is given, it is wrong.
    #[must_use]
    pub fn guessed_out(self, now: Timestamp) -> (Self, PasscodeAnswer) {
        let way = self.mode;
        self.take(way, None, now)
    }

    /// Whether the step to `next` was a wrong passcode for one that is out.
    #[must_use]
    pub fn was_guessed_by(&self, next: &Self) -> bool {
        self.state == State::Sent && next.tries > self.tries
    }

    /// Whether the citizen's text is awaited: the passcode is out, and neither answered nor too old.
    #[must_use]
    pub fn awaits_text(&self, now: Timestamp) -> bool {
        self.mode == Mode::SmsReply && self.state == State::Sent && now < self.expires_at
    }

    /// A passcode counts by the way that its request is answered in, before anything else: an agency learns nothing by trying.
    fn take(mut self, way: Mode, given: Option<&PasscodeMac>, now: Timestamp) -> (Self, PasscodeAnswer) {
        if self.mode != way {
            return (self, PasscodeAnswer::OtherMode);
        }
        if let Some(answer) = self.settled(now) {
            return (self, answer);
        }
        let is_right = |mac: &PasscodeMac| given.is_some_and(|given| mac.matches(given));
        let right = self.state == State::Sent && self.mac.as_ref().is_some_and(is_right);
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
            State::Denied | State::Locked | State::Void => (self, PollAnswer::Denied),
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
#[path = "machine_tests.rs"]
mod tests;
