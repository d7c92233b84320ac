//! Ijazat itself, in the forms that the goals compare.
//!
//! `bench-state DIR` (of the crate `tests`) prepares a folder: state with seeded citizens, a standing consent and its
//! token, wide rate limits, `DIR/ijazat.toml`, and `DIR/bench.json` with [`Prepared`]. With `--upstream URL` the service of
//! the bench is answered by that URL instead of by the process itself.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use serde::Deserialize;

use super::{
    Bench, ports,
    running::Running,
    target::{Client, Request, Target},
};

/// How long we may take to start, in seconds: databases are opened and the log is recovered.
const STARTS_WITHIN_S: u64 = 60;

/// A form of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// E: the upstream is in the same process, the record is durable.
    Embedded,
    /// E with the access log in memory (`/dev/shm`), where a sync costs nothing: what durability adds is the difference.
    InMemory,
    /// P: the upstream is the peers' upstream, over HTTP/1.1.
    Proxied,
}

impl Form {
    /// Its name in the report.
    pub const fn who(self) -> &'static str {
        match self {
            Self::Embedded => "ours E",
            Self::InMemory => "ours E, log in memory",
            Self::Proxied => "ours P",
        }
    }
}

/// What `bench-state` tells.
#[derive(Clone, Debug, Deserialize)]
pub struct Prepared {
    /// The agency's certificate and the authority of the server's.
    pub client: Client,
    /// The request of the bench, with its consent token.
    pub request: Request,
}

/// A form whose state is prepared and which is not running.
#[derive(Debug)]
pub struct Ready {
    form: Form,
    folder: PathBuf,
    /// What was prepared.
    pub prepared: Prepared,
}

/// Prepares the state of one form.
///
/// # Errors
/// What `bench-state` said.
pub fn prepare(bench: &Bench, form: Form, upstream: Option<SocketAddr>) -> Result<Ready, String> {
    let folder = bench.folder(form.who().replace([' ', ','], "-").as_str())?;
    let mut command = Command::new(bench.binaries.join("bench-state"));
    command.arg(&folder);
    if let Some(upstream) = upstream {
        command.arg("--upstream").arg(format!("http://{upstream}"));
    }
    succeed(&mut command, "bench-state")?;
    let text = fs::read_to_string(folder.join("bench.json")).map_err(|error| format!("bench.json: {error}"))?;
    let prepared = serde_json::from_str(&text).map_err(|error| format!("bench.json: {error}"))?;
    Ok(Ready { form, folder, prepared })
}

impl Ready {
    /// Starts it on free ports.
    ///
    /// # Errors
    /// The end of what it logged.
    pub fn start(&self, bench: &Bench) -> Result<Target, String> {
        let (agency, public, ops) = (ports::free()?, ports::free()?, ports::free()?);
        let mut serve = ijazat(bench);
        serve.arg("serve").arg("--config").arg(self.folder.join("ijazat.toml"));
        let listeners = [("AGENCY", agency), ("PUBLIC", public), ("OPS", ops)];
        serve.envs(listeners.map(|(name, address)| (format!("IJAZAT__LISTEN__{name}"), address.to_string())));
        if self.form == Form::InMemory {
            serve.env("IJAZAT__LOG__DIR", memory_folder());
        }
        let log = self.folder.join("serve.log");
        let running = Running::start(&mut serve, &log, agency, Duration::from_secs(STARTS_WITHIN_S))?;
        let (client, request) = (Some(self.prepared.client.clone()), self.prepared.request.clone());
        Ok(Target { who: self.form.who(), address: agency, client, request, ops: Some(ops), running })
    }

    /// Verifies its log and tells how many entries it has. It must not be running.
    ///
    /// # Errors
    /// What `ijazat verify-log` said, when the log does not hold.
    pub fn verify_log(&self, bench: &Bench) -> Result<String, String> {
        let mut verify = ijazat(bench);
        verify.arg("verify-log").arg("--config").arg(self.folder.join("ijazat.toml"));
        succeed(&mut verify, "ijazat verify-log")
    }
}

/// Where the log of [`Form::InMemory`] lies: memory, which a sync leaves where it is.
pub fn memory_folder() -> PathBuf {
    Path::new("/dev/shm").join(format!("ijazat-bench-{}", std::process::id()))
}

fn ijazat(bench: &Bench) -> Command {
    Command::new(bench.binaries.join("ijazat"))
}

fn succeed(command: &mut Command, name: &str) -> Result<String, String> {
    let output = command.output().map_err(|error| format!("{name}: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("{name}: {}", said.lines().last().unwrap_or("failed without a word").trim()))
}
