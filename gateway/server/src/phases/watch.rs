//! Measures what each phase takes, for the metric `phase_seconds`.

use std::time::Instant;

use crate::observe::metrics::Metrics;

/// Runs from one phase's end to the next one's.
#[derive(Debug)]
pub struct Watch<'m> {
    metrics: &'m Metrics,
    last: Instant,
}

impl<'m> Watch<'m> {
    /// Starts now.
    #[must_use]
    pub fn start(metrics: &'m Metrics) -> Self {
        Self { metrics, last: Instant::now() }
    }

    /// A phase (one of [`crate::observe::metrics::PHASES`]) ended.
    pub fn done(&mut self, phase: &'static str) {
        let now = Instant::now();
        self.metrics.phase(phase, now.duration_since(std::mem::replace(&mut self.last, now)));
    }
}
