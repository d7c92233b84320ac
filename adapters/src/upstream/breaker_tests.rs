//! The circuit against a plain model, with a clock that a hand moves, back too; one trial among many callers.

use std::sync::{Mutex, atomic::AtomicUsize};

use bytes::Bytes;
use exchange::timestamp::Timestamp;
use proptest::prelude::*;
use tokio::sync::Notify;

use super::*;
use crate::{
    clock::ManualClock,
    upstream::fixtures::{permit, request},
};

const LIMITS: BreakerLimits = BreakerLimits { failures: 3, open_ms: 1_000 };

/// What the upstream says next.
type Says = Result<u16, UpstreamError>;

/// An upstream that says what it is told and counts how often it was asked.
#[derive(Debug, Default)]
struct Told {
    next: Mutex<Option<Says>>,
    asked: AtomicUsize,
}

/// The upstream behind the circuit; the test holds the other end.
#[derive(Debug)]
struct Behind<T>(Arc<T>);

#[async_trait]
impl Upstream for Behind<Told> {
    async fn call(&self, _: &Arc<Permit>, _: UpstreamRequest) -> Result<UpstreamAnswer, UpstreamError> {
        self.0.asked.fetch_add(1, Ordering::SeqCst);
        let says = self.0.next.lock().unwrap().clone().unwrap();
        says.map(|status| UpstreamAnswer { status, body: Bytes::from_static(b"body") })
    }
    fn is_ours(&self) -> bool {
        true
    }
}

struct Circuit {
    breaker: Breaker<Behind<Told>>,
    told: Arc<Told>,
    clock: ManualClock,
    millis: i64,
}

impl Circuit {
    fn new() -> Self {
        let (told, clock) = (Arc::new(Told::default()), ManualClock::new(Timestamp::from_micros(0)));
        let breaker = Breaker::new(Behind(told.clone()), LIMITS, Arc::new(clock.clone()));
        Self { breaker, told, clock, millis: 0 }
    }

    fn pass(&mut self, millis: i64) {
        self.millis += millis;
        self.clock.set(Timestamp::from_micros(self.millis * 1_000));
    }

    fn asked(&self) -> usize {
        self.told.asked.load(Ordering::SeqCst)
    }

    async fn call(&self, says: Says) -> Result<u16, UpstreamError> {
        *self.told.next.lock().unwrap() = Some(says);
        self.breaker.call(&permit(), request("/")).await.map(|answer| answer.status)
    }

    async fn open(&self) {
        for _ in 0..LIMITS.failures {
            self.call(Err(UpstreamError::Timeout)).await.unwrap_err();
        }
    }
}

fn unreachable() -> Says {
    Err(UpstreamError::Unreachable("refused".into()))
}

#[tokio::test]
async fn what_counts_as_a_failure_of_the_upstream_and_what_does_not() {
    let check = async |says: Says, counts: bool| {
        let circuit = Circuit::new();
        for _ in 0..LIMITS.failures {
            assert_eq!(circuit.call(says.clone()).await, says, "the caller gets what the upstream said");
        }
        let next = circuit.call(Ok(200)).await;
        assert_eq!(next, if counts { Err(UpstreamError::CircuitOpen) } else { Ok(200) }, "{says:?}");
    };
    for status in [200, 204, 301, 400, 401, 404, 429, 499] {
        check(Ok(status), false).await;
    }
    for status in [500, 502, 503, 599] {
        check(Ok(status), true).await;
    }
    check(unreachable(), true).await;
    check(Err(UpstreamError::Timeout), true).await;
    check(Err(UpstreamError::TooLarge), false).await;
}

#[tokio::test]
async fn only_failures_in_a_row_open_the_circuit() {
    let circuit = Circuit::new();
    for _ in 0..20 {
        for _ in 0..LIMITS.failures - 1 {
            circuit.call(unreachable()).await.unwrap_err();
        }
        assert_eq!(circuit.call(Ok(200)).await, Ok(200));
    }
    assert_eq!(circuit.asked(), 20 * 3);
}

#[tokio::test]
async fn an_open_circuit_asks_nobody_until_its_time_is_over_to_the_millisecond() {
    let mut circuit = Circuit::new();
    circuit.pass(5_000);
    circuit.open().await;
    let asked = circuit.asked();
    for passed in [0, 1, 499, 499] {
        circuit.pass(passed);
        assert_eq!(circuit.call(Ok(200)).await, Err(UpstreamError::CircuitOpen), "{passed}");
    }
    assert_eq!(circuit.asked(), asked);
    circuit.pass(1);
    assert_eq!(circuit.call(Ok(200)).await, Ok(200));
    assert_eq!(circuit.call(Ok(200)).await, Ok(200), "closed again");
}

#[tokio::test]
async fn a_trial_that_fails_opens_the_circuit_for_as_long_again() {
    let mut circuit = Circuit::new();
    circuit.open().await;
    for round in 0..5 {
        circuit.pass(LIMITS.open_ms);
        let asked = circuit.asked();
        assert_eq!(circuit.call(Ok(503)).await, Ok(503), "round {round}");
        assert_eq!(circuit.call(Ok(200)).await, Err(UpstreamError::CircuitOpen), "round {round}");
        circuit.pass(LIMITS.open_ms - 1);
        assert_eq!(circuit.call(Ok(200)).await, Err(UpstreamError::CircuitOpen), "round {round}");
        assert_eq!(circuit.asked(), asked + 1, "round {round}");
        circuit.pass(1 - LIMITS.open_ms);
    }
}

#[tokio::test]
async fn one_success_forgets_all_failures_before_it() {
    let mut circuit = Circuit::new();
    circuit.open().await;
    circuit.pass(LIMITS.open_ms);
    circuit.call(Ok(200)).await.unwrap();
    for _ in 0..LIMITS.failures - 1 {
        circuit.call(unreachable()).await.unwrap_err();
    }
    assert_eq!(circuit.call(Ok(200)).await, Ok(200));
}

#[tokio::test]
async fn a_clock_that_is_set_back_does_not_keep_the_circuit_open() {
    let mut circuit = Circuit::new();
    circuit.pass(3_600_000);
    circuit.open().await;
    circuit.pass(-3_600_000);
    // The open time cannot be measured any more; it is over at the latest after its own length.
    circuit.pass(LIMITS.open_ms);
    assert_eq!(circuit.call(Ok(200)).await, Ok(200));
}

/// An upstream that answers when it is told to.
#[derive(Debug, Default)]
struct Waiting {
    asked: AtomicUsize,
    go: Notify,
}

#[async_trait]
impl Upstream for Behind<Waiting> {
    async fn call(&self, _: &Arc<Permit>, _: UpstreamRequest) -> Result<UpstreamAnswer, UpstreamError> {
        if self.0.asked.fetch_add(1, Ordering::SeqCst) < 3 {
            return Err(UpstreamError::Timeout);
        }
        self.0.go.notified().await;
        Ok(UpstreamAnswer { status: 200, body: Bytes::new() })
    }
    fn is_ours(&self) -> bool {
        false
    }
}

fn waiting() -> (Arc<Breaker<Behind<Waiting>>>, Arc<Waiting>, ManualClock) {
    let (waiting, clock) = (Arc::new(Waiting::default()), ManualClock::new(Timestamp::from_micros(0)));
    (Arc::new(Breaker::new(Behind(waiting.clone()), LIMITS, Arc::new(clock.clone()))), waiting, clock)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_callers_at_once_one_tries_and_the_others_are_refused() {
    let (breaker, upstream, clock) = waiting();
    for _ in 0..3 {
        breaker.call(&permit(), request("/")).await.unwrap_err();
    }
    clock.advance(1);
    let mut callers = tokio::task::JoinSet::new();
    for _ in 0..64 {
        let breaker = breaker.clone();
        callers.spawn(async move { breaker.call(&permit(), request("/")).await.map(|answer| answer.status) });
    }
    // The one that tries waits for its answer, which is given only when all others have been refused.
    for _ in 0..63 {
        assert_eq!(callers.join_next().await.unwrap().unwrap(), Err(UpstreamError::CircuitOpen));
    }
    upstream.go.notify_one();
    assert_eq!(callers.join_next().await.unwrap().unwrap(), Ok(200));
    assert_eq!(upstream.asked.load(Ordering::SeqCst), 3 + 1);
}

#[tokio::test]
async fn a_trial_that_its_caller_gave_up_lets_the_next_one_try_later() {
    let (breaker, upstream, clock) = waiting();
    for _ in 0..3 {
        breaker.call(&permit(), request("/")).await.unwrap_err();
    }
    clock.advance(1);
    let trial = tokio::spawn({
        let breaker = breaker.clone();
        async move { breaker.call(&permit(), request("/")).await }
    });
    while upstream.asked.load(Ordering::SeqCst) < 4 {
        tokio::task::yield_now().await;
    }
    trial.abort();
    assert!(trial.await.unwrap_err().is_cancelled());
    let refused = breaker.call(&permit(), request("/")).await;
    assert_eq!(refused, Err(UpstreamError::CircuitOpen), "its time is not over");
    clock.advance(1);
    upstream.go.notify_one();
    assert_eq!(breaker.call(&permit(), request("/")).await.unwrap().status, 200);
}

#[test]
fn whose_service_it_is_does_not_change_behind_a_circuit() {
    assert!(Circuit::new().breaker.is_ours());
    assert!(!waiting().0.is_ours());
}

/// The circuit by its own words.
#[derive(Debug, Default)]
struct Model {
    failures: u32,
    until: i64,
}

impl Model {
    /// Whether a call at `now` goes through, and what it leaves behind.
    fn call(&mut self, now: i64, fails: bool) -> bool {
        let open = self.failures >= LIMITS.failures;
        if open && now < self.until && self.until - now <= LIMITS.open_ms {
            return false;
        }
        self.failures = if fails { self.failures + 1 } else { 0 };
        if self.failures >= LIMITS.failures {
            self.until = now + LIMITS.open_ms;
        }
        true
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn the_circuit_is_its_model(steps in proptest::collection::vec((-300_i64..700, 0_u8..5), 1..80)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (mut circuit, mut model, mut asked) = (Circuit::new(), Model::default(), 0);
        for (passed, kind) in steps {
            circuit.pass(passed);
            let says = match kind {
                0 => Ok(200),
                1 => Ok(503),
                2 => Err(UpstreamError::TooLarge),
                3 => unreachable(),
                _ => Err(UpstreamError::Timeout),
            };
            let through = model.call(circuit.millis, !matches!(kind, 0 | 2));
            let expected = if through { says.clone() } else { Err(UpstreamError::CircuitOpen) };
            prop_assert_eq!(runtime.block_on(circuit.call(says)), expected);
            asked += usize::from(through);
            prop_assert_eq!(circuit.asked(), asked);
        }
    }
}
