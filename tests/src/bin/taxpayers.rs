//! `taxpayers sample-upstream …`: the product's own commands as a binary of this crate, so that tests can start another
//! agency's service, honest or lying, as a process of its own.

use std::process::ExitCode;

fn main() -> ExitCode {
    gateway::tls::install_provider();
    gateway::cli::main(std::env::args_os())
}
