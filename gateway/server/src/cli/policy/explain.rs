//! `ijazat policy explain`: one policy in full, or one case with what decided it.

use std::{io::Write, path::PathBuf};

use clap::Args;
use exchange::decision::Decider as _;
use policies::{Bundle, cases::Case, compare, told};

use super::{super::failure::Failure, read, test::asked};
use crate::config::Config;

/// Names that are offered when none fits.
const OFFERED_MAX: usize = 5;

/// Tell one policy with its text, or one case with the policies that decide it
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ijazat policy explain G05-network
  ijazat policy explain 'Standard' --law policies

A case is named by its whole name or by a part that no other has.")]
pub(super) struct Explain {
    /// Name of a policy, or of a case
    #[arg(value_name = "NAME")]
    name: String,
    /// Folder or signed file; the law in force here unless named
    #[arg(long, value_name = "LAW")]
    law: Option<PathBuf>,
}

impl Explain {
    pub(super) fn run(&self, config: &Config, out: &mut dyn Write) -> Result<(), Failure> {
        let law = read::law_or_in_force(self.law.as_deref(), config)?;
        let all = told::policies(&law.source).map_err(|error| Failure::Failed(error.to_string()))?;
        if let Some(policy) = all.iter().find(|policy| policy.id == self.name) {
            return tell_policy(policy, out);
        }
        let bundle = law.bundle()?;
        let case = self.case(&bundle)?;
        tell_case(&bundle, case, out)
    }

    fn case<'b>(&self, bundle: &'b Bundle) -> Result<&'b Case, Failure> {
        let cases = &bundle.cases().cases;
        if let Some(exact) = cases.iter().find(|case| case.name == self.name) {
            return Ok(exact);
        }
        let found: Vec<&Case> = cases.iter().filter(|case| case.name.contains(&self.name)).collect();
        match found.as_slice() {
            [one] => Ok(one),
            [] => Err(Failure::Usage(format!("`{}` is no policy and no case of this law", self.name))),
            many => {
                let names: Vec<_> = many.iter().take(OFFERED_MAX).map(|case| format!("\n  {}", case.name)).collect();
                Err(Failure::Usage(format!("`{}` is in {} cases:{}", self.name, many.len(), names.concat())))
            }
        }
    }
}

fn tell_policy(policy: &told::Told, out: &mut dyn Write) -> Result<(), Failure> {
    writeln!(out, "{} {}", policy.id, if policy.permits { "permits" } else { "forbids" })?;
    writeln!(out, "  file       {}", policy.file)?;
    writeln!(out, "  authority  {}", policy.authority)?;
    if let Some(code) = &policy.code {
        writeln!(out, "  refuses    with {code}")?;
    }
    if let Some(obligations) = &policy.obligations {
        writeln!(out, "  obliges    to {}", obligations.replace(';', ", "))?;
    }
    writeln!(out, "\n{}", policy.text.trim_end())?;
    Ok(())
}

fn tell_case(bundle: &Bundle, case: &Case, out: &mut dyn Write) -> Result<(), Failure> {
    let question = bundle.question(case).map_err(Failure::Failed)?;
    let decision = bundle.decide(&question);
    writeln!(out, "{}", case.name)?;
    writeln!(out, "  asked  {}", asked(case))?;
    for verdict in &decision.verdicts {
        writeln!(out, "  {:<24} {}", verdict.datatype.as_str(), compare::say(Some(verdict)))?;
    }
    if !decision.obligations.is_empty() {
        writeln!(out, "  the door then must {:?}", decision.obligations)?;
    }
    // The sentences that say what would make the request lawful take their place here.
    Ok(())
}
