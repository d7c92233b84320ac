//! A request for consent moves as a plain model does, whatever comes in whatever order and whatever the clock does.

use exchange::{
    consent::{
        machine::{PasscodeAnswer, PollAnswer, State, Transaction},
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
    Poll,
    /// Seconds pass, or the clock is set back.
    Wait(i64),
}

fn mac(right: bool) -> PasscodeMac {
    PasscodeMac::from_bytes([u8::from(right); 32])
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
}

impl Story {
    fn locked(&self) -> bool {
        self.wrong >= 3
    }

    fn over(&self) -> bool {
        self.approved_s.is_some() || self.refused || self.locked()
    }

    fn offer(&mut self, right: bool, now: i64) -> PasscodeAnswer {
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
        if self.refused || self.locked() {
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
    fn new() -> Self {
        let story = Story { interval_s: 5, ..Story::default() };
        Self { machine: Transaction::received(NOON, TTL_S), story, now_s: 0 }
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
                let (next, answer) = before.clone().offer(&mac(right), now);
                assert_eq!(answer, self.story.offer(right, self.now_s), "{before:?} at {}", self.now_s);
                self.machine = next;
            }
            Move::Poll => {
                let (next, answer) = before.clone().poll(now);
                assert_eq!(answer, self.story.poll(self.now_s), "{before:?} at {}", self.now_s);
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
        let approved_at = story.approved_s.map(|seconds| NOON.plus_seconds(seconds));
        assert_eq!(machine.approved_at, approved_at);
        assert_eq!(machine.expires_at, NOON.plus_seconds(TTL_S), "nothing prolongs a request");
    }
}

fn any_move() -> impl Strategy<Value = Move> {
    prop_oneof![
        2 => Just(Move::Send),
        1 => Just(Move::Suppress),
        1 => Just(Move::Refuse),
        2 => Just(Move::Offer(true)),
        4 => Just(Move::Offer(false)),
        5 => Just(Move::Poll),
        4 => prop::sample::select(vec![1, 4, 5, 6, 60, 239, 240, 299, 300, -1, -5, -100]).prop_map(Move::Wait),
    ]
}

fn play(steps: &[Move]) -> Both {
    let mut both = Both::new();
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
        State::TokenIssued => 3,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn random_moves_answer_as_the_model_does(steps in prop::collection::vec(any_move(), 0..40)) {
        play(&steps);
    }

    #[test]
    fn no_move_leads_back(steps in prop::collection::vec(any_move(), 0..30)) {
        let mut both = Both::new();
        for step in steps {
            let before = rank(both.machine.state);
            both.make(step);
            prop_assert!(rank(both.machine.state) >= before, "{:?}", step);
        }
    }

    #[test]
    fn a_token_is_issued_once_and_only_after_a_yes(steps in prop::collection::vec(any_move(), 0..40)) {
        let mut both = Both::new();
        let (mut yes, mut issued) = (false, 0);
        for step in steps {
            let before = both.machine.clone();
            let now = both.now();
            match step {
                Move::Offer(right) => yes |= before.offer(&mac(right), now).1 == PasscodeAnswer::Approved,
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
        steps in prop::collection::vec(prop_oneof![Just(Move::Offer(false)), Just(Move::Poll), (1..200_i64).prop_map(Move::Wait)], 0..30),
    ) {
        let mut three = [
            play(&[]).machine,
            play(&[Move::Send]).machine,
            play(&[Move::Suppress]).machine,
        ];
        let mut now = NOON;
        for step in steps {
            let mut seen = Vec::new();
            for tx in &mut three {
                let (next, told) = match step {
                    Move::Offer(right) => {
                        let (next, answer) = tx.clone().offer(&mac(right), now);
                        (next, format!("{answer:?}"))
                    }
                    Move::Poll => {
                        let (next, answer) = tx.clone().poll(now);
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
    let moves =
        [Move::Send, Move::Suppress, Move::Refuse, Move::Offer(true), Move::Offer(false), Move::Poll, Move::Wait(299)];
    for number in 0..moves.len().pow(5) {
        let steps: Vec<Move> = (0..5).map(|place| moves[number / moves.len().pow(place) % moves.len()]).collect();
        play(&steps);
    }
}
