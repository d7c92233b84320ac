//! `ijazat bill keys`: the public keys that whoever pays checks a bill by.

use std::io::Write;

use clap::Args;

use super::{super::failure::Failure, signers};
use crate::config::Config;

/// Print the public keys that a bill is checked by
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ijazat bill keys
  ijazat bill keys --state /var/lib/ijazat

An agency keeps them from its first day, and takes them by another way than its statements: whoever could change both would
be believed. The key of statements is made when it is first asked for.")]
pub(super) struct PrintKeys {}

impl PrintKeys {
    pub(super) fn run(&self, config: &Config, out: &mut dyn Write) -> Result<(), Failure> {
        let Self {} = self;
        let (office, logs) = (signers::statements(config)?, signers::logs(config, &[], &[])?);
        Ok(write!(out, "{}", signers::public(&office, &logs))?)
    }
}
