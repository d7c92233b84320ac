//! A bare Pingora that answers in the process: what the framework costs without anything of ours.

use std::{process::Command, time::Duration};

use super::{
    Bench,
    pki::Pki,
    ports,
    running::Running,
    target::{Request, Target},
};

/// Its name in the report.
pub const WHO: &str = "bare pingora";

/// Starts `gateway/server/examples/bare.rs`.
///
/// # Errors
/// The end of what it logged.
pub fn start(bench: &Bench, pki: &Pki, request: &Request) -> Result<Target, String> {
    let address = ports::free()?;
    let mut bare = Command::new(bench.binaries.join("examples/bare"));
    bare.args(["--through", "pingora", "--workers", "2", "--listen"]).arg(address.to_string());
    bare.arg("--roots").arg(&pki.ca).arg("--chain").arg(&pki.cert).arg("--key").arg(&pki.key);
    let log = bench.folder("bare")?.join("output.log");
    let running = Running::start(&mut bare, &log, address, Duration::from_secs(15))?;
    let client = Some(pki.client.clone());
    Ok(Target { who: WHO, address, client, request: request.clone(), ops: None, running })
}
