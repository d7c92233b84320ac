//! Threads of the generator: all prepare, then all work at once while CPU time is taken before and after.

use std::{
    future::Future,
    sync::Barrier,
    thread,
    time::{Duration, Instant},
};

use tokio::runtime::{Builder, Runtime};

use super::{
    LoadError,
    histogram::Histogram,
    process::{self, Server},
};

/// What one thread, or all together, saw.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// How long each answered request took.
    pub latencies: Histogram,
    /// Requests that were not answered.
    pub failures: u64,
    /// Answers with another status than expected.
    pub unexpected: u64,
    /// Handshakes that resumed a session.
    pub resumed: u64,
    /// Values of the header that the plan asked to keep, in the order in which they came on each connection.
    pub kept: Vec<String>,
    /// CPU time of the generator's threads, in nanoseconds.
    pub own_cpu_ns: u64,
}

impl Tally {
    /// Adds all that another saw.
    pub fn merge(&mut self, other: Self) {
        self.latencies.merge(&other.latencies);
        self.failures += other.failures;
        self.unexpected += other.unexpected;
        self.resumed += other.resumed;
        self.kept.extend(other.kept);
        self.own_cpu_ns += other.own_cpu_ns;
    }
}

/// One run, measured.
#[derive(Debug)]
pub struct Measured {
    /// What all threads saw.
    pub tally: Tally,
    /// How long the work took.
    pub elapsed: Duration,
    /// CPU time of each server while it lasted, by name, in nanoseconds.
    pub servers_cpu_ns: Vec<(String, u64)>,
}

/// Runs `threads` threads, each with a runtime of its own: `prepare(thread)` opens what is needed, then all of them do
/// `work(prepared, begin)` at once. Only the work is measured.
///
/// # Errors
/// The first error of a preparation, or when `/proc` cannot be read.
pub fn run<P, Preparing, Working>(
    threads: usize,
    servers: &[Server],
    prepare: impl Fn(usize) -> Preparing + Sync,
    work: impl Fn(P, Instant) -> Working + Sync,
) -> Result<Measured, LoadError>
where
    Preparing: Future<Output = Result<P, LoadError>>,
    Working: Future<Output = Tally>,
{
    let gate = Barrier::new(threads + 1);
    thread::scope(|scope| {
        let (gate, prepare, work) = (&gate, &prepare, &work);
        let running: Vec<_> =
            (0..threads).map(|number| scope.spawn(move || one_thread(gate, prepare(number), work))).collect();
        gate.wait();
        let before = cpu_times(servers);
        let begin = Instant::now();
        gate.wait();
        let mut tallies = Vec::new();
        for thread in running {
            tallies.push(thread.join().map_err(|_| LoadError::Thread)?);
        }
        let elapsed = begin.elapsed();
        let mut tally = Tally::default();
        for one in tallies {
            tally.merge(one?);
        }
        let spent = cpu_times(servers)?.into_iter().zip(before?).map(|(after, before)| after.saturating_sub(before));
        let servers_cpu_ns = servers.iter().map(|server| server.name.clone()).zip(spent).collect();
        Ok(Measured { tally, elapsed, servers_cpu_ns })
    })
}

/// A thread that could not prepare still passes both gates, or the others would wait for ever.
fn one_thread<P, Working: Future<Output = Tally>>(
    gate: &Barrier,
    preparing: impl Future<Output = Result<P, LoadError>>,
    work: impl Fn(P, Instant) -> Working,
) -> Result<Tally, LoadError> {
    let prepared = runtime().and_then(|runtime| runtime.block_on(preparing).map(|prepared| (runtime, prepared)));
    gate.wait();
    gate.wait();
    let (runtime, prepared) = prepared?;
    let before_ns = process::thread_cpu_ns()?;
    let mut tally = runtime.block_on(work(prepared, Instant::now()));
    tally.own_cpu_ns = process::thread_cpu_ns()?.saturating_sub(before_ns);
    Ok(tally)
}

fn runtime() -> Result<Runtime, LoadError> {
    Builder::new_current_thread().enable_all().build().map_err(LoadError::io("starting a runtime"))
}

fn cpu_times(servers: &[Server]) -> Result<Vec<u64>, LoadError> {
    servers.iter().map(Server::cpu_ns).collect()
}
