//! A circuit breaker: after repeated failures an upstream is left alone for a while, then tried by one request.

use std::sync::{
    Arc,
    atomic::{AtomicI64, AtomicU32, Ordering},
};

use async_trait::async_trait;
use exchange::{
    permit::Permit,
    ports::{
        clock::Clock,
        upstream::{Upstream, UpstreamAnswer, UpstreamError, UpstreamRequest},
    },
};

/// When the circuit opens and for how long.
#[derive(Clone, Copy, Debug)]
pub struct BreakerLimits {
    /// Failures in a row that open the circuit.
    pub failures: u32,
    /// Milliseconds that it stays open before one request may try.
    pub open_ms: i64,
}

/// Wraps an upstream with a circuit.
#[derive(Debug)]
pub struct Breaker<U> {
    inner: U,
    limits: BreakerLimits,
    clock: Arc<dyn Clock>,
    failures: AtomicU32,
    closed_again_at_ms: AtomicI64,
}

impl<U: Upstream> Breaker<U> {
    /// A closed circuit around `inner`.
    #[must_use]
    pub fn new(inner: U, limits: BreakerLimits, clock: Arc<dyn Clock>) -> Self {
        Self { inner, limits, clock, failures: AtomicU32::new(0), closed_again_at_ms: AtomicI64::new(i64::MIN) }
    }

    /// Whether a request may go through now; when the circuit's time is over, exactly one caller gets leave to try.
    fn admits(&self) -> bool {
        if self.failures.load(Ordering::Acquire) < self.limits.failures {
            return true;
        }
        let now = self.clock.now().millis();
        let until = self.closed_again_at_ms.load(Ordering::Acquire);
        now >= until
            && self
                .closed_again_at_ms
                .compare_exchange(until, now + self.limits.open_ms, Ordering::AcqRel, Ordering::Acquire)
                .is_ok()
    }

    fn note(&self, answer: &Result<UpstreamAnswer, UpstreamError>) {
        let failed = match answer {
            Ok(answer) => answer.status >= 500,
            Err(UpstreamError::TooLarge) => false,
            Err(_) => true,
        };
        if !failed {
            self.failures.store(0, Ordering::Release);
            return;
        }
        let failures = self.failures.fetch_add(1, Ordering::AcqRel).saturating_add(1);
        if failures >= self.limits.failures {
            let until = self.clock.now().millis() + self.limits.open_ms;
            self.closed_again_at_ms.store(until, Ordering::Release);
        }
    }
}

#[async_trait]
impl<U: Upstream> Upstream for Breaker<U> {
    async fn call(&self, permit: &Arc<Permit>, request: UpstreamRequest) -> Result<UpstreamAnswer, UpstreamError> {
        if !self.admits() {
            return Err(UpstreamError::CircuitOpen);
        }
        let answer = self.inner.call(permit, request).await;
        self.note(&answer);
        answer
    }

    fn is_ours(&self) -> bool {
        self.inner.is_ours()
    }

    /// Open until a call succeeds: when its time is over, that one request may try does not yet make it well.
    fn circuit_is_open(&self) -> bool {
        self.failures.load(Ordering::Acquire) >= self.limits.failures
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Mutex, atomic::AtomicUsize};

    use exchange::timestamp::Timestamp;

    use super::*;

    #[derive(Debug, Default)]
    struct Hand(Mutex<i64>);
    impl Clock for Hand {
        fn now(&self) -> Timestamp {
            Timestamp::from_micros(*self.0.lock().unwrap() * 1_000)
        }
    }

    #[derive(Debug, Default)]
    struct Flaky {
        down: std::sync::atomic::AtomicBool,
        calls: AtomicUsize,
    }

    #[derive(Debug, Default)]
    struct Shared(Arc<Flaky>);

    #[async_trait]
    impl Upstream for Shared {
        async fn call(&self, _: &Arc<Permit>, _: UpstreamRequest) -> Result<UpstreamAnswer, UpstreamError> {
            self.0.calls.fetch_add(1, Ordering::SeqCst);
            if self.0.down.load(Ordering::SeqCst) {
                return Err(UpstreamError::Unreachable("refused".into()));
            }
            Ok(UpstreamAnswer { status: 200, body: bytes::Bytes::new() })
        }
        fn is_ours(&self) -> bool {
            false
        }
    }

    #[test]
    fn a_failing_upstream_is_left_alone_and_then_tried_once() {
        let (clock, flaky) = (Arc::new(Hand::default()), Arc::new(Flaky::default()));
        let limits = BreakerLimits { failures: 2, open_ms: 1_000 };
        let breaker = Breaker::new(Shared(Arc::clone(&flaky)), limits, Arc::clone(&clock) as Arc<dyn Clock>);
        let failed = Err(UpstreamError::Timeout);
        assert!(breaker.admits());
        breaker.note(&failed);
        assert!(breaker.admits() && !breaker.circuit_is_open(), "one failure is not yet two in a row");
        breaker.note(&failed);
        assert!(!breaker.admits() && breaker.circuit_is_open());
        *clock.0.lock().unwrap() = 1_000;
        assert!(breaker.admits(), "one request may try");
        assert!(!breaker.admits(), "and only one");
        assert!(breaker.circuit_is_open(), "a try is not a success");
        breaker.note(&Ok(UpstreamAnswer { status: 200, body: bytes::Bytes::new() }));
        assert!(breaker.admits() && !breaker.circuit_is_open());
    }

    #[test]
    fn an_answer_in_the_500s_counts_as_a_failure() {
        let limits = BreakerLimits { failures: 1, open_ms: 1_000 };
        let breaker = Breaker::new(Shared::default(), limits, Arc::new(Hand::default()));
        breaker.note(&Ok(UpstreamAnswer { status: 404, body: bytes::Bytes::new() }));
        assert!(breaker.admits());
        breaker.note(&Ok(UpstreamAnswer { status: 502, body: bytes::Bytes::new() }));
        assert!(!breaker.admits());
    }
}
