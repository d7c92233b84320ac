//! The binary `ijazat` as it is, built for this crate: tests start it, kill it and split it into processes.

use std::process::ExitCode;

/// As in `gateway/server/src/main.rs`, so that what is tested is what runs.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    gateway::tls::install_provider();
    gateway::cli::main(std::env::args_os())
}
