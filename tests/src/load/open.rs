//! The open loop: requests are due at fixed times, whatever the server does, and a latency is counted from the time at
//! which its request was due. A stall then shows in every request that it held up (no coordinated omission).
//!
//! Timers of the runtime tick once a millisecond, so a latency may be up to one millisecond too long; it is so for every
//! server alike.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{task::JoinSet, time::sleep_until};

use super::{
    LoadError,
    closed::{self, Expect, Link},
    drive::{self, Measured, Tally},
    limits,
    process::Server,
    target::Target,
    wire::Connection,
};

/// An open loop.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Requests per second over all connections.
    pub rate: u64,
    /// Connections; each takes every n-th request, and one that is late sends at once when it can.
    pub connections: u64,
    /// Lasts this long, in milliseconds.
    pub duration_ms: u64,
    /// What is to be expected and kept of each answer.
    pub expect: Expect,
}

/// Runs the loop against `target`, taking the CPU time of `servers`.
///
/// # Errors
/// When the plan is out of bounds, a connection cannot be opened, or `/proc` cannot be read.
pub fn run(target: &Target, servers: &[Server], plan: &Plan) -> Result<Measured, LoadError> {
    limits::within("rate", plan.rate, limits::RATE_MAX)?;
    limits::within("connections", plan.connections, limits::CONNECTIONS_MAX)?;
    limits::within("duration_ms", plan.duration_ms, limits::DURATION_MAX_MS)?;
    let target = Arc::new(target.clone());
    drive::run(
        1,
        servers,
        |_| closed::open(Arc::clone(&target), plan.connections),
        |connections, begin| work(Arc::clone(&target), connections, begin, plan.clone()),
    )
}

async fn work(target: Arc<Target>, connections: Vec<Connection>, begin: Instant, plan: Plan) -> Tally {
    let mut loops = JoinSet::new();
    for (number, connection) in (0..).zip(connections) {
        let link = Link { target: Arc::clone(&target), connection: Some(connection) };
        loops.spawn(one_connection(link, Schedule { begin, number, plan: plan.clone() }));
    }
    let mut tally = Tally::default();
    while let Some(finished) = loops.join_next().await {
        tally.merge(finished.unwrap_or_default());
    }
    tally
}

async fn one_connection(mut link: Link, schedule: Schedule) -> Tally {
    let mut tally = Tally::default();
    for due in schedule.due_times() {
        sleep_until(due.into()).await;
        match link.exchange().await {
            Ok(answer) => schedule.plan.expect.note(&answer, closed::nanoseconds(due.elapsed()), &mut tally),
            Err(_) => tally.failures += 1,
        }
        if tally.failures >= limits::FAILURES_MAX {
            break;
        }
    }
    tally
}

/// When the requests of one connection are due.
struct Schedule {
    begin: Instant,
    number: u64,
    plan: Plan,
}

impl Schedule {
    fn due_times(&self) -> impl Iterator<Item = Instant> {
        let (rate, all) = (self.plan.rate, self.plan.rate * self.plan.duration_ms / 1000);
        let step = usize::try_from(self.plan.connections).unwrap_or(usize::MAX);
        let mine = (self.number..all).step_by(step);
        let begin = self.begin;
        mine.map(move |request| begin + Duration::from_nanos(request * 1_000_000_000 / rate))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::{target::Request, twin};

    fn plan(rate: u64, connections: u64, duration_ms: u64) -> Plan {
        Plan { rate, connections, duration_ms, expect: Expect { status: 200, keep: None } }
    }

    #[test]
    fn all_connections_together_keep_the_rate() {
        let begin = Instant::now();
        let mut due: Vec<u128> = (0..3)
            .flat_map(|number| Schedule { begin, number, plan: plan(1000, 3, 10) }.due_times().collect::<Vec<_>>())
            .map(|due| (due - begin).as_micros())
            .collect();
        due.sort_unstable();
        assert_eq!(due, (0..10).map(|n| n * 1000).collect::<Vec<u128>>());
    }

    #[test]
    fn a_stall_shows_in_every_request_that_it_held_up() {
        let pause = Duration::from_millis(100);
        let server = twin::start(twin::Manner::StallsOnce(pause));
        let request = Request { method: "GET".into(), path: "/".into(), headers: Vec::new(), body: Vec::new() };
        let target = Target::new(server.address, None, &request).unwrap();
        // One connection, 200 requests a second: twenty are due while the server stalls, later ones waiting less.
        let latencies = run(&target, &[], &plan(200, 1, 250)).unwrap().tally.latencies;
        assert_eq!(latencies.count(), 50);
        assert!(latencies.max_ns() >= 100_000_000, "{}", latencies.max_ns());
        assert!(latencies.percentile_ns(800) >= 40_000_000, "p80 {}", latencies.percentile_ns(800));
    }
}
