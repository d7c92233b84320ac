//! The solver: found, started once, tried on questions whose answers are known, and asked within a time.

use std::{process::Stdio, time::Duration};

use cedar_policy_symcc::{
    CedarSymCompiler, Env, SmtLibScript,
    err::{Error as SymbolicError, Result as Symbolic},
    solver::{Decision, LocalSolver, Solver as Speaks, SolverError},
};
use tokio::{
    process::Command,
    runtime::{Builder, Runtime},
    time::timeout,
};

use crate::error::ProveError;

/// Seconds beyond a question's own limit until the solver counts as silent: it has to notice the limit and say so.
const GRACE_S: u64 = 10;

/// What cvc5 says of itself, before its number.
const ITSELF: &str = "This is cvc5 version ";

/// Which program solves, and how long it may take for one question.
#[derive(Clone, Debug)]
pub struct Solver {
    /// Name on the PATH, or path.
    pub program: String,
    /// Seconds for one question; without an answer by then, the theorem is not proved.
    pub seconds: u64,
}

/// A running solver with the translator into its language.
pub(crate) struct Engine {
    symbolic: Symbols,
    // After the solver, whose process it watches.
    runtime: Runtime,
    limit: Duration,
    version: String,
}

/// What became of a search for a request.
pub(crate) enum Sought {
    /// There is none: proved.
    Nothing,
    /// Here is one.
    Found(Box<Env>),
    /// The solver gave up in its time.
    GaveUp,
}

type Symbols = CedarSymCompiler<LocalSolver>;

impl Solver {
    /// The solver's own version, such as `1.0.3`.
    ///
    /// # Errors
    /// [`ProveError::SolverMissing`] or [`ProveError::SolverWrong`].
    pub fn version(&self) -> Result<String, ProveError> {
        let output = std::process::Command::new(&self.program).arg("--version").stdin(Stdio::null()).output();
        let output = output
            .map_err(|error| ProveError::SolverMissing { program: self.program.clone(), why: error.to_string() })?;
        let said = String::from_utf8_lossy(&output.stdout);
        let line = said.lines().next().unwrap_or_default();
        let version = line.strip_prefix(ITSELF).and_then(|rest| rest.split_whitespace().next());
        version.map(str::to_owned).ok_or_else(|| self.wrong(format!("asked for its version it says `{line}`")))
    }

    fn wrong(&self, why: String) -> ProveError {
        ProveError::SolverWrong { program: self.program.clone(), why }
    }
}

impl Engine {
    /// Starts the solver and tries it.
    pub(crate) fn start(solver: &Solver) -> Result<Self, ProveError> {
        let version = solver.version()?;
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| ProveError::SolverFailed(error.to_string()))?;
        let entered = runtime.enter();
        let mut command = Command::new(&solver.program);
        command.args(["--lang", "smt"]).arg(format!("--tlimit-per={}", solver.seconds.saturating_mul(1_000)));
        command.kill_on_drop(true);
        let process = LocalSolver::from_command(&mut command).map_err(|error| failed(&error))?;
        let symbolic = CedarSymCompiler::new(process).map_err(|error| failed(&error))?;
        drop(entered);
        let limit = Duration::from_secs(solver.seconds.saturating_add(GRACE_S));
        let mut engine = Self { symbolic, runtime, limit, version };
        engine.try_out(solver)?;
        Ok(engine)
    }

    /// The solver's version.
    pub(crate) fn version(&self) -> &str {
        &self.version
    }

    /// Asks; `None` when the solver gave up in its time.
    pub(crate) fn ask<T>(
        &mut self,
        question: impl AsyncFnOnce(&mut Symbols) -> Symbolic<T>,
    ) -> Result<Option<T>, ProveError> {
        let Self { symbolic, runtime, limit, .. } = self;
        match runtime.block_on(async { timeout(*limit, question(symbolic)).await }) {
            Err(_) => Err(ProveError::SolverSilent { seconds: limit.as_secs() }),
            Ok(Ok(answer)) => Ok(Some(answer)),
            Ok(Err(SymbolicError::SolverUnknown)) => Ok(None),
            Ok(Err(error)) => Err(failed(&error)),
        }
    }

    /// Asks for a request that shows something.
    pub(crate) fn seek(
        &mut self,
        question: impl AsyncFnOnce(&mut Symbols) -> Symbolic<Option<Env>>,
    ) -> Result<Sought, ProveError> {
        Ok(match self.ask(question)? {
            Some(None) => Sought::Nothing,
            Some(Some(found)) => Sought::Found(Box::new(found)),
            None => Sought::GaveUp,
        })
    }

    /// Two questions about sets, one with the answer yes and one with no: a program that knows no sets, or that always
    /// gives the same answer, must not prove anything.
    fn try_out(&mut self, solver: &Solver) -> Result<(), ProveError> {
        let member = "(set.member #x01 x)";
        for (second, expected) in
            [("(set.member #x02 x)", Decision::Sat), ("(not (set.member #x01 x))", Decision::Unsat)]
        {
            let answer = self.ask(async |symbolic| {
                let solver = symbolic.solver_mut();
                let script = solver.smtlib_input();
                script.reset().await.map_err(SolverError::from)?;
                script.set_logic("ALL").await.map_err(SolverError::from)?;
                script.declare_const("x", "(Set (_ BitVec 8))").await.map_err(SolverError::from)?;
                script.assert(member).await.map_err(SolverError::from)?;
                script.assert(second).await.map_err(SolverError::from)?;
                Ok(solver.check_sat().await?)
            });
            match answer {
                Ok(Some(given)) if given == expected => {}
                Ok(given) => return Err(solver.wrong(format!("it answers {given:?} where {expected:?} is right"))),
                Err(error) => return Err(solver.wrong(error.to_string())),
            }
        }
        Ok(())
    }
}

/// What failed, with what it was caused by: the library's own messages name the cause only.
fn failed(error: &dyn std::error::Error) -> ProveError {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(deeper) = cause {
        let said = deeper.to_string();
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        cause = deeper.source();
    }
    ProveError::SolverFailed(text)
}
