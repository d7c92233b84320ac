//! The product as a process of its own: `serve` on free ports, ended by its id with SIGKILL or SIGTERM.
//!
//! Map: [`State`] is a folder that goes with the test · [`Serve`] is how a process shall be started · [`Process`] runs.

use std::{
    collections::HashMap,
    ffi::OsStr,
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use adapters::entropy::SystemEntropy;
use exchange::ports::entropy::random_hex_128;
use gateway::config::{Config, ProcessRole, SmsTransport};
use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    net::UnixStream,
    process::{Child, ChildStdout, Command},
};

use crate::world::Broken;

/// Longest that a process may take to listen or to stop: far beyond what it needs, so that a hang is named.
const PATIENCE: Duration = Duration::from_secs(30);

/// Lines that every process prints about itself before its internal listeners: name, agencies, public, metrics.
const LINES: usize = 4;

/// A state folder under the host's folder for such, gone with the value.
#[derive(Debug)]
pub struct State(PathBuf);

impl State {
    /// An empty one.
    ///
    /// # Errors
    /// From the host.
    pub fn new() -> Result<Self, Broken> {
        let name = random_hex_128(&SystemEntropy::default());
        let path = std::env::temp_dir().join(format!("ijazat-process-{name}"));
        fs::create_dir_all(&path)?;
        Ok(Self(path))
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for State {
    fn drop(&mut self) {
        // What cannot be removed is the host's to clear.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Moves the clock behind a socket on by seconds.
///
/// # Errors
/// When nobody listens there, or the clock refuses.
pub async fn advance(socket: &Path, seconds: i64) -> Result<(), Broken> {
    let stream = BufReader::new(UnixStream::connect(socket).await?);
    let mut lines = stream.lines();
    lines.get_mut().write_all(format!("advance {seconds}\n").as_bytes()).await?;
    let told = lines.next_line().await?.unwrap_or_default();
    if told.starts_with("ok ") { Ok(()) } else { Err(format!("the clock says `{told}`").into()) }
}

/// How a process shall be started.
#[derive(Clone, Debug)]
pub struct Serve {
    binary: PathBuf,
    env: Vec<(String, String)>,
    clock: Option<PathBuf>,
    log: Option<PathBuf>,
}

impl Serve {
    /// `serve` of this binary over this state, every role, on free ports.
    #[must_use]
    pub fn new(binary: &str, state: &State) -> Self {
        let mut serve = Self { binary: PathBuf::from(binary), env: Vec::new(), clock: None, log: None }
            .set("NODE__STATE_DIR", state.path().display())
            .set("OBSERVE__LEVEL", "warn")
            // A segment is written whole before its first use.
            .set("LOG__SEGMENT_MIB", 1);
        for name in ["AGENCY", "PUBLIC", "OPS"] {
            serve = serve.set(&format!("LISTEN__{name}"), "127.0.0.1:0");
        }
        serve
    }

    /// Sets one setting, named as in the environment without the product's name: `LOG__RESERVE_MIB`.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "so that numbers and texts are given as they are")]
    pub fn set(mut self, name: &str, value: impl ToString) -> Self {
        self.env.push((format!("IJAZAT__{name}"), value.to_string()));
        self
    }

    /// By a clock that this socket sets.
    #[must_use]
    pub fn by_clock(mut self, socket: &Path) -> Self {
        self.clock = Some(socket.to_owned());
        self
    }

    /// What processes complain of goes to this file, behind what is there.
    #[must_use]
    pub fn log_to(mut self, file: &Path) -> Self {
        self.log = Some(file.to_owned());
        self
    }

    /// The plan as the process will read it.
    ///
    /// # Errors
    /// What the plan is refused for.
    pub fn config(&self) -> Result<Config, Broken> {
        Ok(Config::load(None, self.env.clone())?)
    }

    /// Starts the process and waits until it listens.
    ///
    /// # Errors
    /// When it ends instead, or does not listen in time; why stands in its standard error, which is the test's own.
    pub async fn start(&self) -> Result<Process, Broken> {
        let config = self.config()?;
        let clock = self.clock.iter().flat_map(|socket| [OsStr::new("--dev-clock"), socket.as_os_str()]);
        let mut command = self.command();
        if let Some(log) = &self.log {
            command.stderr(fs::OpenOptions::new().create(true).append(true).open(log)?);
        }
        let mut child = command.arg("serve").args(clock).stdout(Stdio::piped()).spawn()?;
        let mut stdout = BufReader::new(child.stdout.take().ok_or("no output")?).lines();
        let told = tokio::time::timeout(PATIENCE, addresses(&mut stdout, LINES + other_listeners(&config))).await;
        let addresses = told.map_err(|_| "the process did not listen in time")??;
        Ok(Process { child, addresses, _stdout: stdout })
    }

    /// Runs another command of the binary over the same state to its end; returns what it printed.
    ///
    /// # Errors
    /// When it ends with a failure: what it printed and what it complained of.
    pub async fn run(&self, arguments: &[&str]) -> Result<String, Broken> {
        let ended = self.command().args(arguments).output().await?;
        let printed = String::from_utf8(ended.stdout)?;
        if ended.status.success() {
            return Ok(printed);
        }
        let (status, complained) = (ended.status, String::from_utf8_lossy(&ended.stderr));
        Err(format!("{arguments:?} ended with {status}: {printed}{complained}").into())
    }

    /// The binary with these settings and none of the host's.
    fn command(&self) -> Command {
        let mut command = Command::new(&self.binary);
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("IJAZAT")) {
            command.env_remove(name);
        }
        command.envs(self.env.clone()).stdin(Stdio::null()).kill_on_drop(true);
        command
    }
}

/// Only a process without a gateway listens for other processes; an aggregator's messages come to one that sends over it.
fn other_listeners(config: &Config) -> usize {
    let node = &config.node;
    let listens = |role, address: Option<SocketAddr>| usize::from(node.plays(role) && address.is_some());
    let sms = usize::from(config.sms.transport == SmsTransport::Http);
    if node.plays(ProcessRole::Gateway) {
        return sms;
    }
    sms + listens(ProcessRole::Control, config.listen.internal_control)
        + listens(ProcessRole::Registry, config.listen.internal_registry)
}

async fn addresses(
    stdout: &mut Lines<BufReader<ChildStdout>>,
    lines: usize,
) -> Result<HashMap<String, SocketAddr>, Broken> {
    let mut addresses = HashMap::new();
    for _ in 0..lines {
        let line = stdout.next_line().await?.ok_or("the process ended before it listened")?;
        let mut words = line.split_whitespace();
        // `node-1 is up` and `public none` hold no address.
        if let (Some(name), Some(Ok(address))) = (words.next(), words.next().map(str::parse)) {
            addresses.insert(name.to_owned(), address);
        }
    }
    Ok(addresses)
}

/// A running process. It is killed when the value goes.
#[derive(Debug)]
pub struct Process {
    child: Child,
    addresses: HashMap<String, SocketAddr>,
    // Open for as long as the process may write to it.
    _stdout: Lines<BufReader<ChildStdout>>,
}

impl Process {
    /// Where a listener stands, by the word that the process prints: `agencies`, `public`, `metrics`, `internal`, `sms`.
    ///
    /// # Errors
    /// When it has no such listener.
    pub fn address(&self, listener: &str) -> Result<SocketAddr, Broken> {
        self.addresses.get(listener).copied().ok_or_else(|| format!("no listener `{listener}`").into())
    }

    /// Ends it as a power cut ends it for itself: SIGKILL, no last words. Returns when it is gone.
    ///
    /// # Errors
    /// When it had ended before.
    pub async fn kill(mut self) -> Result<(), Broken> {
        if let Some(status) = self.child.try_wait()? {
            return Err(format!("the process had ended by itself: {status}").into());
        }
        self.child.kill().await?;
        Ok(())
    }

    /// Ends it as an operator does: SIGTERM, and waits until it has.
    ///
    /// # Errors
    /// When it ends with a failure or not in time.
    pub async fn stop(mut self) -> Result<(), Broken> {
        let pid = self.child.id().and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?));
        kill_process(pid.ok_or("the process had ended by itself")?, Signal::TERM)?;
        let ended = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        let status = ended.map_err(|_| "the process did not stop in time")??;
        if status.success() { Ok(()) } else { Err(format!("the process ended with {status}").into()) }
    }
}
