//! What people type: one file for each command, options parsed by clap, work done elsewhere.
//!
//! Exit codes: 0 done, 1 tried and failed, 2 what was typed or configured cannot be meant. Answers go to standard output,
//! everything else to standard error.

mod agency;
mod bill;
mod check_config;
mod client;
mod consent;
mod control;
mod demo;
mod doctor;
mod failure;
mod files;
mod keys;
mod ledger;
mod notify;
mod onboarding;
mod operator;
mod options;
mod pki;
mod policy;
mod runtime;
mod sample_upstream;
mod seed;
mod serve;
mod sms;
mod verify_log;

use std::{
    ffi::OsString,
    io::{self, Write},
    process::ExitCode,
};

use clap::{Parser, Subcommand};

pub use self::failure::Failure;

/// Ijazat: the one door to a nation's data. It asks who, what and why, records the answer before it leaves, and bills by
/// that record.
#[derive(Debug, Parser)]
#[command(
    name = "ijazat",
    bin_name = "ijazat",
    version,
    max_term_width = 100,
    after_help = "\
Begin with:
  ijazat demo            the whole story on this machine, over real sockets
  ijazat serve           every role, embedded, state in ./state, loopback ports
  ijazat doctor          what is wrong with this installation and what to do about it

Exit codes: 0 done, 1 tried and failed, 2 wrong use or configuration."
)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// What to do; the words for each stand with its options.
#[derive(Debug, Subcommand)]
enum Command {
    Serve(serve::Serve),
    Demo(demo::Demo),
    CheckConfig(check_config::CheckConfig),
    Doctor(doctor::Doctor),
    VerifyLog(verify_log::VerifyLog),
    Pki(pki::Pki),
    Policy(policy::Policy),
    Agency(agency::Agency),
    Certificate(agency::Certificate),
    Consent(consent::Consent),
    Ledger(ledger::Ledger),
    Bill(bill::Bill),
    Client(client::Client),
    Keys(keys::Keys),
    Seed(seed::Seed),
    Sms(sms::Sms),
    #[command(hide = true)]
    SampleUpstream(sample_upstream::SampleUpstream),
}

impl Command {
    fn run(&self, out: &mut dyn Write) -> Result<(), Failure> {
        match self {
            Self::Serve(command) => command.run(out),
            Self::Demo(command) => command.run(out),
            Self::CheckConfig(command) => command.run(out),
            Self::Doctor(command) => command.run(out),
            Self::VerifyLog(command) => command.run(out),
            Self::Pki(command) => command.run(out),
            Self::Policy(command) => command.run(out),
            Self::Agency(command) => command.run(out),
            Self::Certificate(command) => command.run(out),
            Self::Consent(command) => command.run(out),
            Self::Ledger(command) => command.run(out),
            Self::Bill(command) => command.run(out),
            Self::Client(command) => command.run(out),
            Self::Keys(command) => command.run(out),
            Self::Seed(command) => command.run(out),
            Self::Sms(command) => command.run(out),
            Self::SampleUpstream(command) => command.run(out),
        }
    }
}

/// Does what was typed and gives the exit code.
pub fn main(typed: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(typed) {
        Ok(cli) => cli,
        Err(help_or_error) => {
            // Nothing is left to tell, and nobody to tell it to, when the terminal is gone.
            let _ = help_or_error.print();
            return ExitCode::from(u8::try_from(help_or_error.exit_code()).unwrap_or(2));
        }
    };
    // Not locked: others may print while a long command runs.
    let result = cli.command.run(&mut io::stdout());
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let _ = writeln!(io::stderr().lock(), "{failure}");
            failure.exit_code()
        }
    }
}

#[cfg(test)]
mod help_tests;
