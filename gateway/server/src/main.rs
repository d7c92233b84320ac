//! The binary `ijazat`: picks allocator and crypto library, then does what was typed.

use std::process::ExitCode;

/// Cedar allocates much and frees soon: 5 to 25 % less time than with the system's allocator (design/policies.md).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // Two crypto libraries are linked, so rustls cannot choose by itself; before anything may open a socket.
    if rustls::crypto::aws_lc_rs::default_provider().install_default().is_err() {
        return ExitCode::FAILURE;
    }
    gateway::cli::main(std::env::args_os())
}
