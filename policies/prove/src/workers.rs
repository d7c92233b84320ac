//! All theorems, shared out among several solvers: each has its own process, and they wait for nothing of one another.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use crate::{
    error::ProveError,
    law::Law,
    prover::{Finding, Prover},
    solver::Solver,
    theorem::{Theorem, Theorems},
};

/// What was found, in the order of the theorems' list.
#[derive(Debug)]
pub struct Proved {
    /// The solver's version.
    pub solver: String,
    /// A finding for each theorem and premise.
    pub findings: Vec<Finding>,
}

/// Told after each question: the theorem, and how many were asked for it. Several call it at once.
pub type Told<'a> = &'a (dyn Fn(&str, usize) + Sync);

/// What one solver found, with its version: each theorem's place in the list, and its findings.
type Share = Result<(String, Vec<(usize, Vec<Finding>)>), ProveError>;

/// Proves them with this many solvers; at least one, and no more than there are theorems.
///
/// # Errors
/// The first solver's that fails; the others then take no further theorem.
pub fn prove(
    law: &Law,
    theorems: &Theorems,
    solver: &Solver,
    workers: usize,
    told: Told<'_>,
) -> Result<Proved, ProveError> {
    let next = AtomicUsize::new(0);
    let share = || -> Share {
        let work = || -> Share {
            let mut prover = Prover::start(law, solver)?;
            let mut found = Vec::new();
            while let Some((place, theorem)) = taken(theorems, &next) {
                found.push((place, prover.prove_all(theorem, &mut |asked| told(&theorem.id, asked))?));
            }
            Ok((prover.solver_version().to_owned(), found))
        };
        work().inspect_err(|_| next.store(usize::MAX / 2, Ordering::Relaxed))
    };
    let workers = workers.clamp(1, theorems.0.len().max(1));
    let shares: Vec<Share> = thread::scope(|scope| {
        let running: Vec<_> = (0..workers).map(|_| scope.spawn(share)).collect();
        running.into_iter().map(|it| it.join().unwrap_or_else(|_| Err(died()))).collect()
    });
    let shares = shares.into_iter().collect::<Result<Vec<_>, _>>()?;
    let (versions, found): (Vec<_>, Vec<_>) = shares.into_iter().unzip();
    let mut found: Vec<_> = found.into_iter().flatten().collect();
    found.sort_by_key(|(place, _)| *place);
    let findings = found.into_iter().flat_map(|(_, findings)| findings).collect();
    Ok(Proved { solver: versions.into_iter().next().unwrap_or_default(), findings })
}

/// The next theorem that nobody has taken.
fn taken<'t>(theorems: &'t Theorems, next: &AtomicUsize) -> Option<(usize, &'t Theorem)> {
    let place = next.fetch_add(1, Ordering::Relaxed);
    theorems.0.get(place).map(|theorem| (place, theorem))
}

fn died() -> ProveError {
    ProveError::SolverFailed("a worker of the prover died".to_owned())
}
