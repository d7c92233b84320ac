//! The closed loop: each connection sends its next request when it has the answer to the last. It shows throughput and
//! CPU time per request; its latencies say nothing about users, who do not wait for each other.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::task::JoinSet;

use super::{
    LoadError,
    drive::{self, Measured, Tally},
    limits,
    process::Server,
    target::Target,
    wire::{Answer, Connection},
};

/// A closed loop.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Connections over all threads.
    pub connections: u64,
    /// Threads of the generator.
    pub threads: u64,
    /// Ends after this long, in milliseconds.
    pub duration_ms: u64,
    /// Ends after this many requests.
    pub requests: u64,
    /// What is to be expected and kept of each answer.
    pub expect: Expect,
}

/// What is expected and kept of each answer.
#[derive(Clone, Debug)]
pub struct Expect {
    /// The status; another one is counted as unexpected.
    pub status: u16,
    /// A header whose values are kept, such as the receipt.
    pub keep: Option<String>,
}

impl Expect {
    /// Notes one answer.
    pub fn note(&self, answer: &Answer, took_ns: u64, tally: &mut Tally) {
        if answer.status != self.status {
            tally.unexpected += 1;
            return;
        }
        tally.latencies.record(took_ns);
        if let Some(value) = self.keep.as_ref().and_then(|name| answer.header(name)) {
            tally.kept.push(value.to_owned());
        }
    }
}

/// Runs the loop against `target`, taking the CPU time of `servers`.
///
/// # Errors
/// When the plan is out of bounds, a connection cannot be opened, or `/proc` cannot be read.
pub fn run(target: &Target, servers: &[Server], plan: &Plan) -> Result<Measured, LoadError> {
    limits::within("connections", plan.connections, limits::CONNECTIONS_MAX)?;
    limits::within("duration_ms", plan.duration_ms, limits::DURATION_MAX_MS)?;
    limits::within("requests", plan.requests, limits::REQUESTS_MAX)?;
    let threads = limits::within("threads", plan.threads, limits::THREADS_MAX.min(plan.connections))?;
    let target = Arc::new(target.clone());
    drive::run(
        usize::try_from(threads).unwrap_or(1),
        servers,
        |number| open(Arc::clone(&target), share(plan.connections, threads, number)),
        |connections, begin| work(Arc::clone(&target), connections, begin, plan.clone()),
    )
}

/// How many of `whole` fall to thread `number` of `threads`.
#[must_use]
pub fn share(whole: u64, threads: u64, number: usize) -> u64 {
    let extra = u64::from(u64::try_from(number).is_ok_and(|number| number < whole % threads));
    whole / threads + extra
}

/// Opens connections and sends one request over each, so that what happens only once is over.
///
/// # Errors
/// When one cannot be opened or does not answer.
pub async fn open(target: Arc<Target>, count: u64) -> Result<Vec<Connection>, LoadError> {
    let mut connections = Vec::new();
    for _ in 0..count {
        let mut connection = target.connect(false).await?;
        connection.exchange(target.request()).await?;
        connections.push(connection);
    }
    Ok(connections)
}

async fn work(target: Arc<Target>, connections: Vec<Connection>, begin: Instant, plan: Plan) -> Tally {
    let quota = (plan.requests / plan.connections).max(1);
    let end = begin + Duration::from_millis(plan.duration_ms);
    let mut loops = JoinSet::new();
    for connection in connections {
        loops.spawn(one_loop(Arc::clone(&target), connection, end, quota, plan.expect.clone()));
    }
    let mut tally = Tally::default();
    while let Some(finished) = loops.join_next().await {
        tally.merge(finished.unwrap_or_default());
    }
    tally
}

async fn one_loop(target: Arc<Target>, connection: Connection, end: Instant, quota: u64, expect: Expect) -> Tally {
    let (mut tally, mut sent) = (Tally::default(), 0);
    let mut link = Link { target, connection: Some(connection) };
    let mut now = Instant::now();
    while now < end && sent < quota && tally.failures < limits::FAILURES_MAX {
        let began = now;
        let answer = link.exchange().await;
        now = Instant::now();
        sent += 1;
        match answer {
            Ok(answer) => expect.note(&answer, nanoseconds(now - began), &mut tally),
            Err(_) => tally.failures += 1,
        }
    }
    tally
}

/// A connection that is opened anew when it has broken or the server closed it.
#[derive(Debug)]
pub struct Link {
    /// Whom to call.
    pub target: Arc<Target>,
    /// The open connection, if there is one.
    pub connection: Option<Connection>,
}

impl Link {
    /// Sends the request once.
    ///
    /// # Errors
    /// When the answer does not come; the next call opens a new connection.
    pub async fn exchange(&mut self) -> Result<Answer, LoadError> {
        let mut connection = match self.connection.take() {
            Some(open) => open,
            None => self.target.connect(false).await?,
        };
        let answer = connection.exchange(self.target.request()).await?;
        if !answer.close {
            self.connection = Some(connection);
        }
        Ok(answer)
    }
}

/// A duration in nanoseconds; five centuries at most.
#[must_use]
pub fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::{target::Request, twin};

    fn plan(connections: u64, requests: u64, status: u16) -> Plan {
        let expect = Expect { status, keep: Some("Ijazat-Receipt".into()) };
        Plan { connections, threads: 2, duration_ms: 5_000, requests, expect }
    }

    fn get() -> Request {
        Request { method: "GET".into(), path: "/".into(), headers: Vec::new(), body: Vec::new() }
    }

    #[test]
    fn every_request_of_the_plan_is_answered_and_its_receipt_kept() {
        let server = twin::start(twin::Manner::Honest);
        let target = Target::new(server.address, None, &get()).unwrap();
        let measured = run(&target, &[], &plan(4, 40, 200)).unwrap();
        assert_eq!((measured.tally.latencies.count(), measured.tally.failures), (40, 0));
        assert_eq!(measured.tally.kept, vec!["r"; 40]);
        assert_eq!(server.answered(), 44, "one more for each connection, before the measurement");
    }

    #[test]
    fn a_server_that_closes_is_called_again() {
        let server = twin::start(twin::Manner::ClosesAfterEach);
        let target = Target::new(server.address, None, &get()).unwrap();
        let measured = run(&target, &[], &plan(2, 10, 200)).unwrap();
        assert_eq!(measured.tally.latencies.count() + measured.tally.failures, 10);
        assert!(measured.tally.latencies.count() >= 8, "only the warm-up's connections may be found closed");
    }

    #[test]
    fn another_status_is_not_counted_as_answered() {
        let server = twin::start(twin::Manner::Honest);
        let target = Target::new(server.address, None, &get()).unwrap();
        let measured = run(&target, &[], &plan(2, 10, 403)).unwrap();
        assert_eq!((measured.tally.latencies.count(), measured.tally.unexpected), (0, 10));
    }

    #[test]
    fn a_plan_out_of_bounds_is_refused_before_any_connection() {
        let target = Target::new("127.0.0.1:1".parse().unwrap(), None, &get()).unwrap();
        let check = |plan, expected: &str| {
            let said = run(&target, &[], &plan).unwrap_err().to_string();
            assert!(said.starts_with(expected), "{said}");
        };
        check(plan(0, 1, 200), "connections = 0");
        check(plan(limits::CONNECTIONS_MAX + 1, 1, 200), "connections = 4097");
        check(plan(1, 1, 200), "threads = 2");
        check(Plan { threads: 1, ..plan(1, 0, 200) }, "requests = 0");
        check(plan(2, 1, 200), "connecting");
    }

    #[test]
    fn connections_are_shared_out_evenly() {
        let check = |whole, threads, expected: &[u64]| {
            let shares: Vec<u64> = (0..expected.len()).map(|number| share(whole, threads, number)).collect();
            assert_eq!(shares, expected, "{whole} over {threads}");
        };
        check(64, 2, &[32, 32]);
        check(5, 2, &[3, 2]);
        check(3, 3, &[1, 1, 1]);
    }
}
