//! An agency whose passcodes are wrong too often has no more of them read out at its counters for an hour: its requests are answered
//! by SMS (consent.md, 5.4). Each citizen is well protected by three tries; a million citizens at one dishonest agency are not.
//!
//! Counted is by each process for itself, and forgotten with it: of several, each hears so many.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use exchange::{ids::AgencyId, ports::clock::Clock, timestamp::Timestamp};

/// Passcodes of an agency within the hour below which nothing is concluded.
const OFFERS_MIN: u32 = 200;

/// Of a hundred passcodes so many may be wrong: clerks mistype two or three.
const WRONG_PERCENT_MAX: u32 = 5;

/// Minutes that are counted over.
const WINDOW_MINUTES: i64 = 60;

/// Seconds that an agency is held.
const HOLD_S: i64 = 3_600;

/// Who guesses too often.
#[derive(Debug)]
pub struct Guessing {
    clock: Arc<dyn Clock>,
    agencies: Mutex<HashMap<AgencyId, Counted>>,
}

#[derive(Debug, Default)]
struct Counted {
    minutes: VecDeque<Minute>,
    held_until: Option<Timestamp>,
}

#[derive(Debug)]
struct Minute {
    at: i64,
    offers: u32,
    wrong: u32,
}

impl Guessing {
    /// Counts from nothing.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, agencies: Mutex::default() }
    }

    /// Counts one passcode that was looked at; whether the agency is held from now on.
    pub fn offered(&self, agency: &AgencyId, wrong: bool) -> bool {
        let now = self.clock.now();
        let mut agencies = self.agencies();
        let counted = agencies.entry(agency.clone()).or_default();
        counted.count(now.seconds().div_euclid(60), wrong);
        let begins = !counted.is_held(now) && counted.is_too_much();
        if begins {
            counted.held_until = Some(now.plus_seconds(HOLD_S));
            counted.minutes.clear();
        }
        begins
    }

    /// Whether the agency's requests are answered by SMS only.
    pub fn is_held(&self, agency: &AgencyId) -> bool {
        let now = self.clock.now();
        self.agencies().get(agency).is_some_and(|counted| counted.is_held(now))
    }

    /// How many agencies are held.
    pub fn held(&self) -> usize {
        let now = self.clock.now();
        self.agencies().values().filter(|counted| counted.is_held(now)).count()
    }

    fn agencies(&self) -> MutexGuard<'_, HashMap<AgencyId, Counted>> {
        self.agencies.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counted {
    fn is_held(&self, now: Timestamp) -> bool {
        self.held_until.is_some_and(|until| now < until)
    }

    fn count(&mut self, minute: i64, wrong: bool) {
        while self.minutes.front().is_some_and(|first| first.at <= minute - WINDOW_MINUTES) {
            self.minutes.pop_front();
        }
        if self.minutes.back().is_none_or(|last| last.at != minute) {
            self.minutes.push_back(Minute { at: minute, offers: 0, wrong: 0 });
        }
        if let Some(last) = self.minutes.back_mut() {
            last.offers = last.offers.saturating_add(1);
            last.wrong = last.wrong.saturating_add(u32::from(wrong));
        }
    }

    fn is_too_much(&self) -> bool {
        let sum = |of: fn(&Minute) -> u32| self.minutes.iter().map(|minute| u64::from(of(minute))).sum::<u64>();
        let (offers, wrong) = (sum(|minute| minute.offers), sum(|minute| minute.wrong));
        offers >= u64::from(OFFERS_MIN) && wrong * 100 > offers * u64::from(WRONG_PERCENT_MAX)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::*;

    #[derive(Debug)]
    struct HandClock(AtomicI64);
    impl Clock for HandClock {
        fn now(&self) -> Timestamp {
            Timestamp::from_micros(self.0.load(Ordering::SeqCst))
        }
    }

    fn guessing() -> (Guessing, Arc<HandClock>) {
        let clock = Arc::new(HandClock(AtomicI64::new(1_795_806_000_000_000)));
        (Guessing::new(Arc::clone(&clock) as Arc<dyn Clock>), clock)
    }

    fn agency(id: &str) -> AgencyId {
        AgencyId::parse(id).unwrap()
    }

    #[test]
    fn c16_more_than_five_of_a_hundred_wrong_over_two_hundred_hold_an_agency_for_an_hour() {
        let (guessing, clock) = guessing();
        let bank = agency("bank-indus");
        // One in twenty is wrong: as much as may be.
        assert!((0..400).all(|n| !guessing.offered(&bank, n % 20 == 19)));
        assert!(guessing.offered(&bank, true), "one more than may be");
        assert!(guessing.is_held(&bank) && !guessing.is_held(&agency("telco-sarhad")));
        assert_eq!(guessing.held(), 1);
        assert!(!guessing.offered(&bank, true), "it is held already");
        clock.0.fetch_add(HOLD_S * 1_000_000, Ordering::SeqCst);
        assert!(!guessing.is_held(&bank));
        assert_eq!(guessing.held(), 0);
    }

    #[test]
    fn c16_a_few_are_no_reason_and_an_hour_later_they_are_forgotten() {
        let (guessing, clock) = guessing();
        let bank = agency("bank-indus");
        assert!((0..199).all(|_| !guessing.offered(&bank, true)));
        clock.0.fetch_add(WINDOW_MINUTES * 60 * 1_000_000, Ordering::SeqCst);
        assert!((0..199).all(|_| !guessing.offered(&bank, true)));
        assert!(guessing.offered(&bank, true));
    }

    #[test]
    fn another_agencys_passcodes_do_not_count() {
        let (guessing, _) = guessing();
        for n in 0..199 {
            assert!(!guessing.offered(&agency("bank-indus"), true));
            assert!(!guessing.offered(&agency("telco-sarhad"), n % 2 == 0));
        }
        assert_eq!(guessing.held(), 0);
    }
}
