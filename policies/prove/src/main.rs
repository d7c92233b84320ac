//! `cargo xtask prove`: reads the law and its theorems, proves them, prints the table.
#![forbid(unsafe_code)]

use std::{
    fs,
    io::{self, IsTerminal, Write},
    num::NonZeroUsize,
    path::PathBuf,
    process::ExitCode,
    thread,
    time::Instant,
};

use clap::Parser;
use policies::{error::Problem, source::Source};
use prove::{
    Claim, Finding, Law, ProveError, Released, Solver, Theorems,
    report::{self, Run},
    workers::{self, Proved},
};

/// Prove the law: each theorem of policies/theorems, for every request that there can be.
///
/// A solver (cvc5) looks for a request that the policies permit and a theorem rules out. When it finds none, the theorem is
/// proved: no test is left out, since all values were considered. When it finds one, that request is shown, after Cedar's own
/// authoriser has decided it the same way; it is a ready-made test.
///
/// What is proved `from guardrails+permit-all` holds whatever permits are ever added: the guardrails alone keep it.
/// A theorem is a line in theorems.toml (title, premises, actions) and a file of policies that permit all that it allows.
///
/// `TH06` holds the law to the one that was released last: policies/snapshots/<generation>. What is wider needs a waiver in
/// policies/theorems/waivers/<that generation>.toml, which names action, caller, permit, two who approved it, and why.
///
/// Exit code 0: all proved. 1: a theorem does not hold, or the solver gave up on it. 2: no solver, or an unreadable law.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask prove", verbatim_doc_comment)]
struct Arguments {
    /// Only theorems whose names begin so, such as `TH10`; may be given more than once.
    #[arg(long, value_name = "ID")]
    only: Vec<String>,
    /// When all is proved, write the law down as released under the generation of bundle.toml.
    #[arg(long, conflicts_with = "only")]
    release: bool,
    /// Write what was found to this file, with every counterexample.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Folder of the law, with `theorems` in it.
    #[arg(long, value_name = "FOLDER", default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/.."))]
    policies: PathBuf,
    /// The solver's program. Debian: apt-get install -y cvc5.
    #[arg(long, value_name = "PROGRAM", env = "CVC5", default_value = "cvc5")]
    solver: String,
    /// Seconds for one question; a question without an answer by then is a theorem not proved.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=600))]
    limit: u64,
    /// Solvers that run beside one another; each takes the next theorem. As many as there are processors when left out.
    #[arg(long, value_name = "COUNT")]
    solvers: Option<NonZeroUsize>,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            drop(writeln!(io::stderr().lock(), "prove: {error}"));
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &Arguments) -> Result<bool, ProveError> {
    let began = Instant::now();
    let source = Source::from_dir(&arguments.policies)?;
    let law = Law::read(&source)?;
    let mut theorems = Theorems::read(&arguments.policies.join("theorems"), &law)?.only(&arguments.only)?;
    if arguments.release && Released::last(&arguments.policies)?.is_none() {
        // Before the first release there is nothing that it could be wider than.
        theorems.0.retain(|theorem| !matches!(theorem.claim, Claim::NotWider(_)));
    }
    let solver = Solver { program: arguments.solver.clone(), seconds: arguments.limit };
    let line = ProgressLine { shown: io::stderr().is_terminal() };
    let progress = |theorem: &str, asked: usize| line.show(&format!("{theorem}: {asked}"));
    let workers = arguments.solvers.or(thread::available_parallelism().ok()).map_or(1, NonZeroUsize::get);
    let Proved { solver, findings } = workers::prove(&law, &theorems, &solver, workers, &progress)?;
    line.show("");
    let ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    let (policies, environments) = (law.policies().count(), law.envs(&[]).len());
    let run = Run { solver, policies, environments, ms };
    drop(write!(io::stdout().lock(), "{}", report::as_text(&run, &findings)));
    if let Some(path) = &arguments.json {
        let document = format!("{:#}\n", report::as_json(&run, &findings));
        fs::write(path, document).map_err(|error| Problem::new(path.display().to_string(), error.to_string()))?;
    }
    let all_hold = findings.iter().all(Finding::proved);
    if all_hold && arguments.release {
        let (generation, new) = Released::write(&arguments.policies, &source)?;
        let word = if new { "written down as released" } else { "released already, with this text" };
        drop(writeln!(io::stdout().lock(), "generation {generation}: {word}"));
    }
    Ok(all_hold)
}

/// One line at the foot of a terminal, written over and over.
struct ProgressLine {
    shown: bool,
}

impl ProgressLine {
    fn show(&self, text: &str) {
        if self.shown {
            let mut out = io::stderr().lock();
            drop(write!(out, "\r\x1b[K{text}"));
            drop(out.flush());
        }
    }
}
