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
        // A clock that was set back would otherwise keep the circuit open for as long as it was set back.
        let due = now >= until || until.saturating_sub(now) > self.limits.open_ms;
        due && self
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
#[path = "breaker_tests.rs"]
mod tests;
