//! New connections: each makes a handshake, full or resumed, sends one request, and closes.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::task::JoinSet;

use super::{
    LoadError,
    closed::{self, Expect},
    drive::{self, Measured, Tally},
    limits,
    process::Server,
    target::Target,
};

/// A row of new connections.
#[derive(Clone, Debug)]
pub struct Plan {
    /// How many to make.
    pub count: u64,
    /// How many at once.
    pub at_once: u64,
    /// Ends after this long, in milliseconds, even if fewer were made.
    pub duration_ms: u64,
    /// Whether sessions are resumed.
    pub resume: bool,
    /// What is to be expected and kept of each answer.
    pub expect: Expect,
}

/// Makes the connections, taking the CPU time of `servers`. A latency is that of handshake and request together.
///
/// # Errors
/// When the plan is out of bounds, the first connection fails, or `/proc` cannot be read.
pub fn run(target: &Target, servers: &[Server], plan: &Plan) -> Result<Measured, LoadError> {
    limits::within("count", plan.count, limits::REQUESTS_MAX)?;
    limits::within("at_once", plan.at_once, limits::CONNECTIONS_MAX)?;
    limits::within("duration_ms", plan.duration_ms, limits::DURATION_MAX_MS)?;
    let target = Arc::new(target.clone());
    // Before the measurement, one connection for each that will run at once, so that tickets are at hand.
    let prime = |_| {
        let target = Arc::clone(&target);
        async move {
            for _ in 0..plan.at_once {
                one(&target, plan.resume).await?;
            }
            Ok(())
        }
    };
    drive::run(1, servers, prime, |(), begin| work(Arc::clone(&target), begin, plan.clone()))
}

async fn work(target: Arc<Target>, begin: Instant, plan: Plan) -> Tally {
    let end = begin + Duration::from_millis(plan.duration_ms);
    let mut rows = JoinSet::new();
    for number in 0..plan.at_once {
        let count = closed::share(plan.count, plan.at_once, usize::try_from(number).unwrap_or(usize::MAX));
        rows.spawn(one_row(Arc::clone(&target), count, end, plan.clone()));
    }
    let mut tally = Tally::default();
    while let Some(finished) = rows.join_next().await {
        tally.merge(finished.unwrap_or_default());
    }
    tally
}

async fn one_row(target: Arc<Target>, count: u64, end: Instant, plan: Plan) -> Tally {
    let mut tally = Tally::default();
    for _ in 0..count {
        let began = Instant::now();
        if began >= end || tally.failures >= limits::FAILURES_MAX {
            break;
        }
        match one(&target, plan.resume).await {
            Ok((answer, resumed)) => {
                tally.resumed += u64::from(resumed);
                plan.expect.note(&answer, closed::nanoseconds(began.elapsed()), &mut tally);
            }
            Err(_) => tally.failures += 1,
        }
    }
    tally
}

async fn one(target: &Target, resume: bool) -> Result<(super::wire::Answer, bool), LoadError> {
    let mut connection = target.connect(resume).await?;
    let answer = connection.exchange(target.request()).await?;
    let resumed = connection.is_resumed();
    connection.close().await;
    Ok((answer, resumed))
}

#[cfg(test)]
#[path = "handshakes_tests.rs"]
mod tests;
