//! Proves a theorem from a premise: all its questions, one after the other, to one solver.

use std::{collections::HashMap, time::Instant};

use cedar_policy::{PolicySet, RequestEnv};
use cedar_policy_symcc::CompiledPolicySet;

use crate::{
    claims,
    error::ProveError,
    example::Example,
    law::{self, Law, Premise},
    released::Released,
    solver::{Engine, Solver},
    theorem::Theorem,
    wider,
};

/// What became of a theorem.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The theorem's name.
    pub id: String,
    /// What it says.
    pub title: String,
    /// What it was to follow from.
    pub premise: Premise,
    /// Questions that were asked.
    pub queries: usize,
    /// Milliseconds that they took together.
    pub ms: u64,
    /// Why it does not hold; empty: it is proved.
    pub failures: Vec<Failure>,
    /// What it rules out and a waiver lets pass all the same.
    pub waived: Vec<Failure>,
}

impl Finding {
    /// Whether the theorem holds.
    #[must_use]
    pub fn proved(&self) -> bool {
        self.failures.is_empty()
    }
}

/// One reason why a theorem does not hold.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The reason in words.
    pub said: String,
    /// The request that shows it, where one can.
    pub example: Option<Example>,
}

/// Told after each question: how many were asked.
pub type Progress<'a> = &'a mut dyn FnMut(usize);

/// A law before a running solver.
pub struct Prover<'a> {
    pub(crate) law: &'a Law,
    pub(crate) engine: Engine,
    compiled: HashMap<(Premise, String), CompiledPolicySet>,
}

impl<'a> Prover<'a> {
    /// Starts the solver.
    ///
    /// # Errors
    /// When there is none, or it is not the right one.
    pub fn start(law: &'a Law, solver: &Solver) -> Result<Self, ProveError> {
        Ok(Self { law, engine: Engine::start(solver)?, compiled: HashMap::new() })
    }

    /// The solver's version.
    #[must_use]
    pub fn solver_version(&self) -> &str {
        self.engine.version()
    }

    /// Asks all that the theorem asks.
    ///
    /// # Errors
    /// When the solver fails or falls silent; that it gives up on one question is a failure of the theorem instead.
    pub fn prove(
        &mut self,
        theorem: &Theorem,
        premise: Premise,
        progress: Progress<'_>,
    ) -> Result<Finding, ProveError> {
        let began = Instant::now();
        let mut asked = Asked { queries: 0, failures: Vec::new(), waived: Vec::new(), progress };
        claims::ask(self, theorem, premise, &mut asked)?;
        let Asked { queries, failures, waived, .. } = asked;
        let ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        Ok(Finding { id: theorem.id.clone(), title: theorem.title.clone(), premise, queries, ms, failures, waived })
    }

    /// What the law permits that a released one refused: the failures that no waiver quotes, and what one does.
    ///
    /// # Errors
    /// As [`Prover::prove`].
    pub fn wider(&mut self, released: &Released) -> Result<(Vec<Failure>, Vec<Failure>), ProveError> {
        let mut asked = Asked { queries: 0, failures: Vec::new(), waived: Vec::new(), progress: &mut |_| () };
        let envs = self.law.envs(&[]);
        wider::ask(self, released, &envs, &mut asked)?;
        Ok((asked.failures, asked.waived))
    }

    /// Proves the theorem from each of its premises, in their order. The law's forbids beside a permit for everything permit
    /// whatever the law permits, so what was proved of them is proved of the law without a question.
    ///
    /// # Errors
    /// As [`Prover::prove`].
    pub fn prove_all(&mut self, theorem: &Theorem, progress: Progress<'_>) -> Result<Vec<Finding>, ProveError> {
        let mut found: Vec<Finding> = Vec::with_capacity(theorem.from.len());
        for &premise in theorem.from.iter().rev() {
            let follows = premise == Premise::Law && found.iter().any(Finding::proved);
            found.push(if follows { follows_for_the_law(theorem) } else { self.prove(theorem, premise, progress)? });
        }
        found.reverse();
        Ok(found)
    }

    /// A premise in the solver's language; translated once for each environment.
    pub(crate) fn compiled(
        &mut self,
        premise: Premise,
        set: &PolicySet,
        env: &RequestEnv,
    ) -> Result<CompiledPolicySet, ProveError> {
        let key = (premise, law::name(env));
        if let Some(known) = self.compiled.get(&key) {
            return Ok(known.clone());
        }
        let compiled = self.translate(set, env)?;
        self.compiled.insert(key, compiled.clone());
        Ok(compiled)
    }

    /// Policies in the solver's language.
    pub(crate) fn translate(&self, set: &PolicySet, env: &RequestEnv) -> Result<CompiledPolicySet, ProveError> {
        CompiledPolicySet::compile(set, env, self.law.schema()).map_err(|error| untranslatable(env, &error))
    }
}

impl std::fmt::Debug for Prover<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Prover").field("solver", &self.solver_version()).finish_non_exhaustive()
    }
}

fn follows_for_the_law(theorem: &Theorem) -> Finding {
    let (id, title) = (theorem.id.clone(), theorem.title.clone());
    Finding { id, title, premise: Premise::Law, queries: 0, ms: 0, failures: Vec::new(), waived: Vec::new() }
}

/// The policies have something that the solver's language lacks.
pub(crate) fn untranslatable(env: &RequestEnv, error: &dyn std::error::Error) -> ProveError {
    ProveError::SolverFailed(format!("{}: {error}", law::name(env)))
}

/// What a theorem's questions have brought so far.
pub(crate) struct Asked<'a> {
    queries: usize,
    failures: Vec<Failure>,
    waived: Vec<Failure>,
    progress: Progress<'a>,
}

impl Asked<'_> {
    /// One more question was answered.
    pub(crate) fn count(&mut self) {
        self.queries += 1;
        (self.progress)(self.queries);
    }

    /// The theorem does not hold.
    pub(crate) fn fail(&mut self, said: String, example: Option<Example>) {
        self.failures.push(Failure { said, example });
    }

    /// It is ruled out, and a waiver lets it pass.
    pub(crate) fn waive(&mut self, said: String, example: Option<Example>) {
        self.waived.push(Failure { said, example });
    }
}
