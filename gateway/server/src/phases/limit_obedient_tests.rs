//! Behaviour 32: a client that does what the fields say meets no 429, whatever it wants to send and however slow the wire is.
//!
//! The simulation owns the time of the counters. Clients obey by the three rules of [`super::super::standing`]; what a client
//! does not know yet it learns by one request at a time.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap},
    time::Duration,
};

use exchange::{caller::Thumbprint, classification::Role, directory::User, ids::UserId};
use governor::clock::FakeRelativeClock;
use proptest::prelude::*;

use super::*;
use crate::routes::trial;

/// Microseconds of one second.
const SECOND: u64 = 1_000_000;

/// What one request counts in: the agency, its user, its service; as the fields name them, with whose it is.
type Key = (&'static str, usize);

/// A system of one agency with several users, and the wire to the gateway.
#[derive(Clone, Debug)]
struct Load {
    seed: u64,
    /// Of agency, user and service.
    quotas: (u32, u32, u32),
    /// Requests sent before anything is known.
    blind: usize,
    /// Requests that it wants to send later.
    wanted: usize,
    /// Microseconds between two of them, at most.
    pause: u64,
    /// Microseconds that the wire takes each way, at most.
    wire: u64,
}

fn loads() -> impl Strategy<Value = Load> {
    let quotas = (1_u32..40, 1_u32..20, 1_u32..30);
    let wire = prop_oneof![Just(0), 0..20_000_u64, 0..1_500_000_u64];
    (any::<u64>(), quotas, 0_usize..80, 50_usize..400, 0..200_000_u64, wire)
        .prop_map(|(seed, quotas, blind, wanted, pause, wire)| Load { seed, quotas, blind, wanted, pause, wire })
}

/// Numbers that are the same at each run.
struct Seeded(u64);

impl Seeded {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        if bound == 0 { 0 } else { (self.0 >> 33) % bound }
    }
}

/// What an answer said of one limit, and how much of that is used since.
struct Statement {
    ends: u64,
    left: u64,
    used: u64,
}

#[derive(Default)]
struct Known {
    quota: Option<u64>,
    under_way: u64,
    /// When answers of the last second came.
    answered: Vec<u64>,
    statements: Vec<Statement>,
}

impl Known {
    fn allows(&mut self, now: u64) -> bool {
        self.answered.retain(|at| at + SECOND > now);
        self.statements.retain(|statement| statement.ends > now);
        let Some(quota) = self.quota else { return self.under_way == 0 };
        let recent = u64::try_from(self.answered.len()).unwrap();
        self.under_way + recent < quota && self.statements.iter().all(|each| each.used < each.left)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Arrives {
        user: usize,
        service: usize,
        blind: bool,
    },
    Answered {
        user: usize,
        service: usize,
        blind: bool,
        standings: Vec<(&'static str, u64, u64)>,
        retry_s: Option<u64>,
    },
    Wants {
        user: usize,
        service: usize,
    },
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Outcome {
    /// Answered with data.
    served: usize,
    /// Refused, though it was sent by somebody who had been told.
    refused: usize,
    ended: u64,
}

fn keys(user: usize, service: usize) -> [Key; 3] {
    [("agency", 0), ("user", user), ("service", service)]
}

fn callers() -> Vec<Caller> {
    let agency = Arc::new(exchange::directory::Agency { requests_per_s: 1_000_000, ..trial::agency("bank", "Bank") });
    let user = |name: &str| User {
        agency: agency.id.clone(),
        id: UserId::parse(name).unwrap(),
        name: "Somebody".into(),
        role: Role::Standard,
        disabled: false,
        assertion_key: None,
        place: None,
    };
    let caller = |name| Caller::Agency {
        agency: Arc::clone(&agency),
        user: Some(Arc::new(user(name))),
        asserted: false,
        certificate: Thumbprint([1; 32]),
    };
    ["a", "b", "c"].map(caller).into()
}

struct Simulation {
    load: Load,
    random: Seeded,
    clock: FakeRelativeClock,
    limits: Limits<FakeRelativeClock>,
    callers: Vec<Caller>,
    services: Vec<ServiceId>,
    now: u64,
    events: BinaryHeap<Reverse<(u64, usize, Event)>>,
    number: usize,
    known: BTreeMap<Key, Known>,
    silent_until: u64,
    obeys: bool,
    outcome: Outcome,
}

impl Simulation {
    fn run(load: &Load, obeys: bool) -> Outcome {
        let n = |n| NonZeroU32::new(n).unwrap();
        let (agency, user, service) = load.quotas;
        let numbers = LimitNumbers {
            user_per_s: n(user),
            service_per_s: n(service),
            public_per_s: n(1),
            agency_per_s_max: n(agency),
        };
        let clock = FakeRelativeClock::default();
        let mut simulation = Self {
            random: Seeded(load.seed),
            limits: Limits::with_clock(numbers, clock.clone()),
            clock,
            callers: callers(),
            services: ["identity.kyc", "usage.month"].map(|id| ServiceId::parse(id).unwrap()).into(),
            now: 0,
            events: BinaryHeap::new(),
            number: 0,
            known: BTreeMap::new(),
            silent_until: 0,
            obeys,
            outcome: Outcome::default(),
            load: load.clone(),
        };
        simulation.begin();
        while let Some(Reverse((at, _, event))) = simulation.events.pop() {
            simulation.clock.advance(Duration::from_micros(at - simulation.now));
            simulation.now = at;
            simulation.happens(event);
        }
        simulation.outcome.ended = simulation.now;
        simulation.outcome
    }

    fn begin(&mut self) {
        for _ in 0..self.load.blind {
            let (user, service) = self.anyone();
            self.send(user, service, true);
        }
        let mut at = 0;
        for _ in 0..self.load.wanted {
            at += self.random.below(self.load.pause);
            let (user, service) = self.anyone();
            self.later(at, Event::Wants { user, service });
        }
    }

    fn anyone(&mut self) -> (usize, usize) {
        let pick = |random: &mut Seeded, of: usize| usize::try_from(random.below(of.try_into().unwrap())).unwrap();
        (pick(&mut self.random, self.callers.len()), pick(&mut self.random, self.services.len()))
    }

    fn later(&mut self, at: u64, event: Event) {
        self.number += 1;
        self.events.push(Reverse((at, self.number, event)));
    }

    fn send(&mut self, user: usize, service: usize, blind: bool) {
        for key in keys(user, service) {
            let known = self.known.entry(key).or_default();
            known.under_way += 1;
            known.statements.iter_mut().for_each(|each| each.used += 1);
        }
        let at = self.now + self.random.below(self.load.wire);
        self.later(at, Event::Arrives { user, service, blind });
    }

    fn happens(&mut self, event: Event) {
        match event {
            Event::Wants { user, service } => {
                let now = self.now;
                // Every limit is asked, so that each forgets what is over.
                let allowed = keys(user, service)
                    .map(|key| self.known.entry(key).or_default().allows(now))
                    .iter()
                    .all(|allowed| *allowed);
                if self.obeys && !(allowed && now >= self.silent_until) {
                    // It looks again a little later.
                    let pause = 1_000 + self.random.below(20_000);
                    self.later(now + pause, Event::Wants { user, service });
                } else {
                    self.send(user, service, false);
                }
            }
            Event::Arrives { user, service, blind } => {
                let mut standings = Standings::default();
                let address = IpAddr::from([192, 0, 2, 1]);
                let outcome = self.limits.check(&self.callers[user], address, &mut standings);
                let service_id = &self.services[service];
                let outcome =
                    outcome.and_then(|()| self.limits.check_service(&self.callers[user], service_id, &mut standings));
                let retry_s = outcome.err().map(|refusal| u64::from(refusal.retry_after_s.unwrap()));
                let standings = standings.iter().map(|s| (s.limit.as_str(), s.quota.into(), s.left.into())).collect();
                let at = self.now + self.random.below(self.load.wire);
                self.later(at, Event::Answered { user, service, blind, standings, retry_s });
            }
            Event::Answered { user, service, blind, standings, retry_s } => {
                self.learn((user, service), &standings);
                match retry_s {
                    None => self.outcome.served += 1,
                    Some(seconds) => {
                        self.outcome.refused += usize::from(!blind);
                        self.silent_until = self.silent_until.max(self.now + seconds * SECOND);
                    }
                }
            }
        }
    }

    fn learn(&mut self, (user, service): (usize, usize), standings: &[(&'static str, u64, u64)]) {
        for key in keys(user, service) {
            let known = self.known.entry(key).or_default();
            known.under_way -= 1;
            known.answered.push(self.now);
            if let Some((_, quota, left)) = standings.iter().find(|(name, ..)| *name == key.0) {
                known.quota = Some(*quota);
                let ends = self.now + u64::from(super::super::standing::WINDOW_S) * SECOND;
                known.statements.push(Statement { ends, left: *left, used: known.under_way });
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn b32_who_obeys_the_fields_meets_no_429_after_the_first_answers(load in loads()) {
        let outcome = Simulation::run(&load, true);
        prop_assert_eq!(outcome.refused, 0);
        prop_assert!(outcome.served >= load.wanted, "whoever obeys is served in the end: {:?}", outcome);
    }
}

#[test]
fn b32_who_does_not_obey_meets_429() {
    for seed in 0..20 {
        let load = Load { seed, quotas: (9, 5, 7), blind: 0, wanted: 300, pause: 20_000, wire: 30_000 };
        let (obeying, not) = (Simulation::run(&load, true), Simulation::run(&load, false));
        assert_eq!((obeying.refused, obeying.served), (0, load.wanted));
        assert!(not.refused > load.wanted / 4, "{not:?}");
    }
}

#[test]
fn b32_obeying_costs_no_throughput() {
    let load = Load { seed: 1, quotas: (10, 100, 100), blind: 0, wanted: 200, pause: 0, wire: 0 };
    let outcome = Simulation::run(&load, true);
    assert_eq!((outcome.served, outcome.refused), (200, 0));
    // Twenty seconds' worth; each second may lose the pause of a client that looks again.
    assert!(outcome.ended < 22 * SECOND, "{outcome:?}");
}

#[test]
fn b32_a_refusal_tells_all_limits_that_counted_it_and_when_to_come_back() {
    let n = |n| NonZeroU32::new(n).unwrap();
    let numbers = LimitNumbers { user_per_s: n(2), service_per_s: n(9), public_per_s: n(1), agency_per_s_max: n(5) };
    let clock = FakeRelativeClock::default();
    let limits = Limits::with_clock(numbers, clock.clone());
    let (caller, address) = (callers().remove(0), IpAddr::from([192, 0, 2, 1]));
    let told = || {
        let mut standings = Standings::default();
        let outcome = limits.check(&caller, address, &mut standings);
        (outcome.err().map(|refusal| refusal.retry_after_s), standings.fields().unwrap().1)
    };
    assert_eq!(told(), (None, "\"user\";r=1;t=1, \"agency\";r=4;t=1".to_owned()));
    assert_eq!(told(), (None, "\"user\";r=0;t=1, \"agency\";r=3;t=1".to_owned()));
    assert_eq!(told(), (Some(Some(1)), "\"user\";r=0;t=1, \"agency\";r=2;t=1".to_owned()));
    clock.advance(Duration::from_secs(1));
    assert_eq!(told(), (None, "\"user\";r=1;t=1, \"agency\";r=4;t=1".to_owned()));
}
