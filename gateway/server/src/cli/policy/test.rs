//! `ijazat policy test`: whether a law keeps what its own cases promise.

use std::{collections::BTreeMap, io::Write, path::PathBuf};

use clap::Args;
use policies::{Bundle, cases::Case};

use super::{super::failure::Failure, read};
use crate::config::Config;

/// Run a law's own cases: what it promises to permit and to refuse
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ijazat policy test policies
  ijazat policy test law --only 'bank'

Each case that is not kept is told: what was asked, what was expected, what came of it and by which policies. Exit code 1 when
there is one.")]
pub(super) struct Test {
    /// Folder or signed file; the law in force here unless named
    #[arg(value_name = "LAW")]
    law: Option<PathBuf>,
    /// Only cases whose name has this text
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
}

impl Test {
    pub(super) fn run(&self, config: &Config, out: &mut dyn Write) -> Result<(), Failure> {
        let bundle = read::law_or_in_force(self.law.as_deref(), config)?.bundle()?;
        let only = self.only.as_deref().unwrap_or("");
        let cases: Vec<&Case> = bundle.cases().cases.iter().filter(|case| case.name.contains(only)).collect();
        if cases.is_empty() {
            return Err(Failure::Usage(format!("no case has `{only}` in its name")));
        }
        let mut broken = 0;
        for case in &cases {
            broken += usize::from(!kept(&bundle, case, out)?);
        }
        if broken > 0 {
            return Err(Failure::Failed(format!("{broken} of {} cases are not kept", cases.len())));
        }
        writeln!(out, "{} cases are kept", cases.len())?;
        Ok(())
    }
}

fn kept(bundle: &Bundle, case: &Case, out: &mut dyn Write) -> Result<bool, Failure> {
    let differences = bundle.run_case(case);
    if differences.is_empty() {
        return Ok(true);
    }
    writeln!(out, "{}", case.name)?;
    writeln!(out, "  asked     {}", asked(case))?;
    let promises = |word: &str, promised: &BTreeMap<String, String>| {
        promised.iter().map(|(what, by)| format!("{what} {word} {by}")).collect::<Vec<_>>()
    };
    let expected = [promises("permitted by", &case.permitted), promises("refused,", &case.refused)].concat();
    writeln!(out, "  expected  {}", expected.join("; "))?;
    for difference in differences {
        writeln!(out, "  got       {}", difference.reason)?;
    }
    Ok(false)
}

/// The question of a case in one line.
pub(super) fn asked(case: &Case) -> String {
    let mut words = vec![case.service.to_string()];
    let named = [
        ("agency", &case.agency),
        ("user", &case.user),
        ("purpose", &case.purpose),
        ("programme", &case.programme),
        ("approval", &case.approval),
        ("from", &case.address),
        ("at", &case.at),
    ];
    words.extend(named.iter().filter_map(|(name, value)| Some(format!("{name} {}", value.as_ref()?))));
    if case.consent.is_some() {
        words.push("with consent".to_owned());
    }
    if case.signed {
        words.push("signed".to_owned());
    }
    words.join(", ")
}
