//! `ijazat client …`: how an agency asks so that it can check its bill: receipts kept, their proofs fetched, the statement held
//! against both.
//!
//! Map: `call` asks and keeps the receipt · `evidence` fetches the proofs of what was kept · `check` judges a statement, offline ·
//! `server` and `receipts` are what they share.

mod call;
mod check;
mod evidence;
mod parts;
mod receipts;
mod server;

use std::io::Write;

use clap::{Args, Subcommand};

use super::failure::Failure;

/// An agency's own client: keeps the receipt of each answer, fetches their proofs, checks the bill.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ijazat client call GET /v1/self/whoami --cert bank.pem --key bank.key --ca ca.pem
  ijazat client evidence --leaves mine.ndjson --keys keys.txt --cert bank.pem --key bank.key --ca ca.pem
  ijazat client check bank-indus-2026-10 --leaves mine.ndjson --keys keys.txt

Three steps of one habit: a receipt is on disk before its answer is shown; each receipt's entry is proved to stand in the log
while it is fresh; a month's statement is held against both before it is paid. No installation is needed, no configuration is
read. keys.txt comes from the operator (`ijazat bill keys`), once and by another way than statements.")]
pub struct Client {
    #[command(subcommand)]
    command: ClientCommand,
}

/// What to do; the words for each stand with its options.
#[derive(Debug, Subcommand)]
enum ClientCommand {
    Call(call::Call),
    Evidence(evidence::Evidences),
    Check(check::Check),
}

impl Client {
    /// Runs the command.
    ///
    /// # Errors
    /// [`Failure::Failed`] when nothing is answered, an answer is a refusal, or a bill does not hold; [`Failure::Usage`] for what is
    /// not there.
    pub fn run(&self, out: &mut dyn Write) -> Result<(), Failure> {
        match &self.command {
            ClientCommand::Call(command) => command.run(out),
            ClientCommand::Evidence(command) => command.run(out),
            ClientCommand::Check(command) => command.run(out),
        }
    }
}
