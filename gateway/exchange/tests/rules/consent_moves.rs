//! A request for consent moves as a plain model does, whatever comes in whatever order and whatever the clock does.

use exchange::{
    consent::{
        machine::{CancelAnswer, NotResent, PasscodeAnswer, PollAnswer, State, Transaction},
        mode::Mode,
        passcode::PasscodeMac,
    },
    timestamp::Timestamp,
};
use proptest::prelude::*;

use crate::support::NOON;

const TTL_S: i64 = 300;

/// What can happen to a request.
#[derive(Clone, Copy, Debug)]
enum Move {
    Send,
    Suppress,
    Refuse,
    /// A passcode: the right one, or a wrong one.
    Offer(bool),
    /// The same by the way that the request is not answered in.
    OtherWay(bool),
    Poll,
    /// The passcode shall be sent again; another one is, if one was sent before.
    Resend,
    Cancel,
    /// Seconds pass, or the clock is set back.
    Wait(i64),
}

fn mac(right: bool) -> PasscodeMac {
    PasscodeMac::from_bytes([u8::from(right); 32])
}

const MODES: [Mode; 2] = [Mode::SmsPin, Mode::SmsReply];

/// Gives a passcode at the counter, or by SMS.
fn give(way: Mode, tx: Transaction, right: bool, now: Timestamp) -> (Transaction, PasscodeAnswer) {
    match way {
        Mode::SmsPin => tx.offer(&mac(right), now),
        Mode::SmsReply => tx.texted(&mac(right), now),
    }
}

fn other(mode: Mode) -> Mode {
    if mode == Mode::SmsPin { Mode::SmsReply } else { Mode::SmsPin }
}

/// What is remembered of a request in a model without states: facts and when they happened.
#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "facts, of which any may be true beside any other")]
struct Story {
    sent: bool,
    suppressed: bool,
    refused: bool,
    wrong: u8,
    approved_s: Option<i64>,
    issued: bool,
    interval_s: i64,
    polled_s: Option<i64>,
    resends: u8,
    asked_s: i64,
    cancelled: bool,
}

impl Story {
    fn locked(&self) -> bool {
        self.wrong >= 3
    }

    fn over(&self) -> bool {
        self.approved_s.is_some() || self.refused || self.locked() || self.cancelled
    }

    fn resend(&mut self, now: i64) -> Result<(), NotResent> {
        let mut unchanged = self.clone();
        if self.over() || now >= TTL_S {
            return Err(NotResent::Settled(unchanged.offer(false, now)));
        }
        let again = self.asked_s + 60;
        if self.resends == 2 || again >= TTL_S {
            return Err(NotResent::Spent);
        }
        if now < again {
            return Err(NotResent::TooSoon { wait_s: again - now });
        }
        (self.resends, self.asked_s) = (self.resends + 1, now);
        Ok(())
    }

    fn cancel(&mut self, now: i64) -> CancelAnswer {
        if self.issued {
            return CancelAnswer::Used;
        }
        if self.refused || self.locked() {
            return CancelAnswer::Denied;
        }
        let ends = self.approved_s.is_some() && !self.cancelled;
        if !self.over() && now >= TTL_S {
            return CancelAnswer::Expired;
        }
        self.cancelled = true;
        if ends { CancelAnswer::EndsConsent } else { CancelAnswer::Cancelled }
    }

    fn offer(&mut self, right: bool, now: i64) -> PasscodeAnswer {
        if self.cancelled {
            return PasscodeAnswer::Denied;
        }
        if self.approved_s.is_some() {
            return PasscodeAnswer::Used;
        }
        if self.refused || self.locked() {
            return PasscodeAnswer::Denied;
        }
        if now >= TTL_S {
            return PasscodeAnswer::Expired;
        }
        if right && self.sent {
            self.approved_s = Some(now);
            return PasscodeAnswer::Approved;
        }
        self.wrong += 1;
        if self.locked() { PasscodeAnswer::Denied } else { PasscodeAnswer::Wrong { tries_left: 3 - self.wrong } }
    }

    fn poll(&mut self, now: i64) -> PollAnswer {
        if self.issued {
            return PollAnswer::Used;
        }
        if self.refused || self.locked() || self.cancelled {
            return PollAnswer::Denied;
        }
        if let Some(approved) = self.approved_s {
            let collectable = now < (approved + 60).max(TTL_S);
            self.issued = collectable;
            return if collectable { PollAnswer::Issue } else { PollAnswer::Expired };
        }
        if now >= TTL_S {
            return PollAnswer::Expired;
        }
        let fast = self.polled_s.is_some_and(|last| now < last + self.interval_s);
        self.polled_s = Some(now);
        if !fast {
            return PollAnswer::Pending;
        }
        self.interval_s = (self.interval_s + 5).min(600);
        PollAnswer::SlowDown
    }
}

/// The machine, the model beside it, and the time.
struct Both {
    machine: Transaction,
    story: Story,
    now_s: i64,
}

impl Both {
    fn new(mode: Mode) -> Self {
        let story = Story { interval_s: 5, ..Story::default() };
        Self { machine: Transaction::received_in(mode, NOON, TTL_S), story, now_s: 0 }
    }

    fn now(&self) -> Timestamp {
        NOON.plus_seconds(self.now_s)
    }

    /// Makes the move on both, and compares what each answers.
    fn make(&mut self, step: Move) {
        let (now, before) = (self.now(), self.machine.clone());
        match step {
            Move::Wait(seconds) => self.now_s += seconds,
            Move::Send => {
                let fresh = !self.story.over() && !self.story.sent && !self.story.suppressed;
                let due = fresh && self.now_s < TTL_S;
                let next = before.clone().sent(mac(true), now);
                assert_eq!(next.is_some(), due, "{before:?}");
                self.story.sent |= due;
                self.machine = next.unwrap_or(before);
            }
            Move::Suppress => {
                let due = !self.story.over() && !self.story.sent && !self.story.suppressed;
                let next = before.clone().suppressed();
                assert_eq!(next.is_some(), due, "{before:?}");
                self.story.suppressed |= due;
                self.machine = next.unwrap_or(before);
            }
            Move::Refuse => {
                let due = !self.story.over();
                let next = before.clone().denied();
                assert_eq!(next.is_some(), due, "{before:?}");
                self.story.refused |= due;
                self.machine = next.unwrap_or(before);
            }
            Move::Offer(right) => {
                let (next, answer) = give(before.mode, before.clone(), right, now);
                assert_eq!(answer, self.story.offer(right, self.now_s), "{before:?} at {}", self.now_s);
                self.machine = next;
            }
            Move::OtherWay(right) => {
                let (next, answer) = give(other(before.mode), before.clone(), right, now);
                assert_eq!(answer, PasscodeAnswer::OtherMode, "{before:?} at {}", self.now_s);
                self.machine = next;
            }
            Move::Poll => {
                let (next, answer) = before.clone().poll(now);
                assert_eq!(answer, self.story.poll(self.now_s), "{before:?} at {}", self.now_s);
                self.machine = next;
            }
            Move::Resend => {
                let told = before.clone().resend(now);
                let expected = self.story.resend(self.now_s);
                assert_eq!(told.as_ref().map(|_| ()).map_err(|why| *why), expected, "{before:?} at {}", self.now_s);
                let counted = told.unwrap_or(before);
                let other = counted.clone().resent(mac(true), now).filter(|_| expected.is_ok());
                let sent = self.story.sent && !self.story.over();
                assert_eq!(other.is_some(), expected.is_ok() && sent, "only who was asked is asked again");
                self.machine = other.unwrap_or(counted);
            }
            Move::Cancel => {
                let (next, answer) = before.clone().cancelled(now);
                assert_eq!(answer, self.story.cancel(self.now_s), "{before:?} at {}", self.now_s);
                self.machine = next;
            }
        }
        self.check_state();
    }

    /// The stored state is the one that the story tells.
    fn check_state(&self) {
        let (story, machine) = (&self.story, &self.machine);
        let state = match story {
            _ if story.issued => State::TokenIssued,
            _ if story.cancelled => State::Void,
            _ if story.approved_s.is_some() => State::Approved,
            _ if story.refused => State::Denied,
            _ if story.locked() => State::Locked,
            _ if story.suppressed => State::Suppressed,
            _ if story.sent => State::Sent,
            _ => State::Received,
        };
        assert_eq!(machine.state, state, "{story:?}");
        assert_eq!(machine.mac.is_some(), state == State::Sent, "a passcode's code is kept while it can be given only");
        assert_eq!((machine.tries, machine.interval_s), (story.wrong, story.interval_s));
        assert_eq!((machine.resends, machine.asked_at), (story.resends, NOON.plus_seconds(story.asked_s)));
        let approved_at = story.approved_s.map(|seconds| NOON.plus_seconds(seconds));
        assert_eq!(machine.approved_at, approved_at);
        assert_eq!(machine.expires_at, NOON.plus_seconds(TTL_S), "nothing prolongs a request");
        let waits = machine.mode == Mode::SmsReply && state == State::Sent && self.now_s < TTL_S;
        assert_eq!(machine.awaits_text(self.now()), waits, "{story:?}");
    }
}

fn any_move() -> impl Strategy<Value = Move> {
    prop_oneof![
        2 => Just(Move::Send),
        1 => Just(Move::Suppress),
        1 => Just(Move::Refuse),
        2 => Just(Move::Offer(true)),
        4 => Just(Move::Offer(false)),
        1 => any::<bool>().prop_map(Move::OtherWay),
        5 => Just(Move::Poll),
        3 => Just(Move::Resend),
        1 => Just(Move::Cancel),
        4 => prop::sample::select(vec![1, 4, 5, 6, 60, 239, 240, 299, 300, -1, -5, -100]).prop_map(Move::Wait),
    ]
}

/// What can be done without having seen the passcode.
fn done_blindly() -> impl Strategy<Value = Move> {
    prop_oneof![
        3 => Just(Move::Offer(false)),
        1 => any::<bool>().prop_map(Move::OtherWay),
        3 => Just(Move::Poll),
        2 => Just(Move::Resend),
        1 => Just(Move::Cancel),
        3 => (1..200_i64).prop_map(Move::Wait),
    ]
}

fn play(mode: Mode, steps: &[Move]) -> Both {
    let mut both = Both::new(mode);
    for step in steps {
        both.make(*step);
    }
    both
}

/// How far along a state is: no move goes back.
fn rank(state: State) -> u8 {
    match state {
        State::Received => 0,
        State::Suppressed | State::Sent => 1,
        State::Approved | State::Denied | State::Locked => 2,
        State::TokenIssued | State::Void => 3,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn random_moves_answer_as_the_model_does(steps in prop::collection::vec(any_move(), 0..40)) {
        for mode in MODES {
            play(mode, &steps);
        }
    }

    #[test]
    fn no_move_leads_back(mode in prop::sample::select(&MODES[..]), steps in prop::collection::vec(any_move(), 0..30)) {
        let mut both = Both::new(mode);
        for step in steps {
            let before = rank(both.machine.state);
            both.make(step);
            prop_assert!(rank(both.machine.state) >= before, "{:?}", step);
        }
    }

    #[test]
    fn a_token_is_issued_once_and_only_after_a_yes(
        mode in prop::sample::select(&MODES[..]), steps in prop::collection::vec(any_move(), 0..40),
    ) {
        let mut both = Both::new(mode);
        let (mut yes, mut issued) = (false, 0);
        for step in steps {
            let before = both.machine.clone();
            let now = both.now();
            match step {
                Move::Offer(right) => yes |= give(mode, before, right, now).1 == PasscodeAnswer::Approved,
                Move::Poll if before.poll(now).1 == PollAnswer::Issue => {
                    prop_assert!(yes);
                    issued += 1;
                }
                _ => {}
            }
            both.make(step);
        }
        prop_assert!(issued <= 1);
    }

    #[test]
    fn whoever_does_not_see_the_passcode_cannot_tell_whether_anyone_was_asked(
        mode in prop::sample::select(&MODES[..]), steps in prop::collection::vec(done_blindly(), 0..30),
    ) {
        let mut three = [
            play(mode, &[]).machine,
            play(mode, &[Move::Send]).machine,
            play(mode, &[Move::Suppress]).machine,
        ];
        let mut now = NOON;
        for step in steps {
            let mut seen = Vec::new();
            for tx in &mut three {
                let (next, told) = match step {
                    Move::Offer(right) => {
                        let (next, answer) = give(mode, tx.clone(), right, now);
                        (next, format!("{answer:?}"))
                    }
                    Move::OtherWay(right) => {
                        let (next, answer) = give(other(mode), tx.clone(), right, now);
                        (next, format!("{answer:?}"))
                    }
                    Move::Poll => {
                        let (next, answer) = tx.clone().poll(now);
                        (next, format!("{answer:?}"))
                    }
                    Move::Resend => match tx.clone().resend(now) {
                        Ok(next) => (next.clone().resent(mac(true), now).unwrap_or(next), "counted".into()),
                        Err(why) => (tx.clone(), format!("{why:?}")),
                    },
                    Move::Cancel => {
                        let (next, answer) = tx.clone().cancelled(now);
                        (next, format!("{answer:?}"))
                    }
                    _ => (tx.clone(), String::new()),
                };
                *tx = next;
                seen.push((told, tx.interval_s, tx.expires_at, tx.settled(now)));
            }
            if let Move::Wait(seconds) = step {
                now = now.plus_seconds(seconds);
            }
            prop_assert!(seen.windows(2).all(|pair| pair[0] == pair[1]), "{:?}", seen);
        }
    }
}

#[test]
fn every_short_story_is_told_alike_by_both() {
    let moves = [
        Move::Send,
        Move::Suppress,
        Move::Refuse,
        Move::Offer(true),
        Move::Offer(false),
        Move::OtherWay(true),
        Move::Poll,
        Move::Resend,
        Move::Cancel,
        Move::Wait(60),
        Move::Wait(240),
    ];
    for number in 0..moves.len().pow(5) {
        let steps: Vec<Move> = (0..5).map(|place| moves[number / moves.len().pow(place) % moves.len()]).collect();
        for mode in MODES {
            play(mode, &steps);
        }
    }
}
