//! Servers of the bench as processes: started, waited for, and stopped by their own ids only.

use std::{
    fs,
    net::{SocketAddr, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// How often a starting or stopping process is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// How long a process may take to stop before it is killed.
const STOPS_WITHIN: Duration = Duration::from_secs(3);

/// A process that we started. Dropping it stops it and its children.
#[derive(Debug)]
pub struct Running {
    child: Child,
}

impl Running {
    /// Starts `command` with its output in `log` and waits until it takes connections at `address`.
    ///
    /// # Errors
    /// When it cannot be started, ends, or is not ready within `within`; the end of its log is told.
    pub fn start(command: &mut Command, log: &Path, address: SocketAddr, within: Duration) -> Result<Self, String> {
        let name = command_name(command);
        let file = fs::File::create(log).map_err(|error| format!("{}: {error}", log.display()))?;
        let twin = file.try_clone().map_err(|error| format!("{}: {error}", log.display()))?;
        let child = command.stdin(Stdio::null()).stdout(file).stderr(twin).spawn();
        let child = child.map_err(|error| format!("{name}: {error}"))?;
        let mut running = Self { child };
        let end = Instant::now() + within;
        while TcpStream::connect(address).is_err() {
            let ended = running.child.try_wait().ok().flatten();
            if ended.is_some() || Instant::now() > end {
                return Err(format!("{name} did not start: {}", last_lines(log)));
            }
            thread::park_timeout(LOOK_EVERY);
        }
        Ok(running)
    }

    /// Its process and all its children, now.
    pub fn pids(&self) -> Vec<u32> {
        let mut found = vec![self.child.id()];
        let mut next = 0;
        while let Some(pid) = found.get(next).copied() {
            found.extend(children_of(pid));
            next += 1;
        }
        found
    }

    /// Kills it as a power cut would: no signal handler runs.
    pub fn kill(&self) {
        signal("KILL", &self.pids());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.child.try_wait().ok().flatten().is_some() {
            return;
        }
        let pids = self.pids();
        // Children of nginx stop when their master is asked to, but not when it is killed.
        signal("TERM", &[self.child.id()]);
        let end = Instant::now() + STOPS_WITHIN;
        while self.child.try_wait().ok().flatten().is_none() && Instant::now() < end {
            thread::park_timeout(LOOK_EVERY);
        }
        if self.child.try_wait().ok().flatten().is_none() {
            signal("KILL", &pids);
            drop(self.child.wait());
        }
    }
}

/// Sends a signal through the system's `kill`; a process that has gone already is no failure.
fn signal(name: &str, pids: &[u32]) {
    let pids = pids.iter().map(u32::to_string);
    drop(Command::new("kill").arg(format!("-{name}")).args(pids).stderr(Stdio::null()).status());
}

fn children_of(pid: u32) -> Vec<u32> {
    let text = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    text.split_whitespace().filter_map(|child| child.parse().ok()).collect()
}

fn command_name(command: &Command) -> String {
    Path::new(command.get_program()).file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

fn last_lines(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().rev().take(4).collect();
    lines.into_iter().rev().collect::<Vec<_>>().join(" | ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alive(pid: u32) -> bool {
        let status = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        !status.is_empty() && !status.contains(") Z ")
    }

    #[test]
    fn a_process_and_its_children_are_stopped_and_nobody_else() {
        let address = crate::bench::ports::free().unwrap();
        let _listener = std::net::TcpListener::bind(address).unwrap();
        let mut bystander = Command::new("sleep").arg("60").spawn().unwrap();
        let log = std::env::temp_dir().join(format!("xtask-running-{}", std::process::id()));
        let mut command = Command::new("sh");
        let running =
            Running::start(command.args(["-c", "sleep 60 & sleep 60"]), &log, address, Duration::from_secs(5));
        let running = running.unwrap();
        let end = Instant::now() + Duration::from_secs(5);
        while running.pids().len() < 3 && Instant::now() < end {
            thread::yield_now();
        }
        let pids = running.pids();
        assert_eq!(pids.len(), 3);
        running.kill();
        while pids.iter().any(|pid| alive(*pid)) && Instant::now() < end {
            thread::yield_now();
        }
        assert!(!pids.iter().any(|pid| alive(*pid)) && alive(bystander.id()));
        bystander.kill().unwrap();
        bystander.wait().unwrap();
        fs::remove_file(log).unwrap();
    }

    #[test]
    fn a_process_that_ends_at_once_tells_its_last_words() {
        let address = crate::bench::ports::free().unwrap();
        let log = std::env::temp_dir().join(format!("xtask-ended-{}", std::process::id()));
        let mut command = Command::new("sh");
        let said =
            Running::start(command.args(["-c", "echo no such file; exit 1"]), &log, address, Duration::from_secs(5));
        assert_eq!(said.unwrap_err(), "sh did not start: no such file");
        fs::remove_file(log).unwrap();
    }
}
