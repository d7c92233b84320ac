//! A folder, the binary in it, and a process that serves from it.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Output, Stdio},
};

use adapters::entropy::SystemEntropy;
use exchange::ports::entropy::random_hex_128;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

/// Settings under which a gateway disturbs nobody: free ports, a small segment, quiet logs.
pub const QUIET: &[(&str, &str)] = &[
    ("IJAZAT__LISTEN__AGENCY", "127.0.0.1:0"),
    ("IJAZAT__LISTEN__PUBLIC", "127.0.0.1:0"),
    ("IJAZAT__LISTEN__OPS", "127.0.0.1:0"),
    ("IJAZAT__LOG__SEGMENT_MIB", "1"),
    ("IJAZAT__LOG__CHECKPOINT_INTERVAL_MS", "10"),
];

/// A folder that goes away with the test.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Self {
        let path = std::env::temp_dir().join(format!("ijazat-cli-{}", random_hex_128(&SystemEntropy::default())));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The binary in this folder, with none of the caller's own settings.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ijazat"));
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("IJAZAT")) {
            command.env_remove(name);
        }
        command.args(arguments).current_dir(&self.0).stdin(Stdio::null());
        command
    }

    /// Runs the binary to its end.
    pub fn ijazat(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Runs what must succeed and gives what it printed.
    pub fn answer(&self, arguments: &[&str]) -> String {
        let output = self.ijazat(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
        text(&output.stdout)
    }

    /// Runs what must fail and gives the exit code with what it complained of.
    pub fn refusal(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let output = self.ijazat(arguments);
        assert!(!output.status.success(), "{arguments:?}: {}", text(&output.stdout));
        (output.status.code(), text(&output.stderr))
    }

    /// Runs what must fail with this code and complain of this.
    pub fn refused(&self, arguments: &[&str], code: i32, expected: &str) {
        let (found, told) = self.refusal(arguments);
        assert_eq!(found, Some(code), "{arguments:?}: {told}");
        assert!(told.contains(expected), "{arguments:?}: {told}");
    }

    pub fn write(&self, name: &str, text: &str) {
        if let Some(folder) = self.0.join(name).parent() {
            fs::create_dir_all(folder).unwrap();
        }
        fs::write(self.0.join(name), text).unwrap();
    }

    pub fn has(&self, name: &str) -> bool {
        self.0.join(name).exists()
    }

    /// Starts `serve` and waits until it listens.
    pub fn serve(&self, arguments: &[&str], env: &[(&str, &str)]) -> Serving {
        let mut command = self.command(&[&["serve"], arguments].concat());
        let mut child = command
            .envs(QUIET.iter().copied())
            .envs(env.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut lines = Vec::new();
        // The last line that every process prints; internal listeners come after it.
        while lines.last().is_none_or(|line: &String| !line.contains("  metrics ")) {
            let mut line = String::new();
            if stdout.read_line(&mut line).unwrap() == 0 {
                let mut told = String::new();
                child.stderr.take().unwrap().read_to_string(&mut told).unwrap();
                panic!("ended before it listened: {} {told}", child.wait().unwrap());
            }
            lines.push(line.trim_end().to_owned());
        }
        Serving { child, stdout, lines }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A process that serves; killed with the value.
pub struct Serving {
    child: Child,
    stdout: BufReader<ChildStdout>,
    /// What it has printed so far.
    pub lines: Vec<String>,
}

impl Serving {
    /// Where a listener stands, by the word that the process prints.
    pub fn address(&self, listener: &str) -> Option<SocketAddr> {
        let mut words = self.lines.iter().map(|line| line.split_whitespace().collect::<Vec<_>>());
        words.find(|words| words.first() == Some(&listener))?.get(1)?.parse().ok()
    }

    /// The next line, such as that of an internal listener.
    pub fn next_line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        self.lines.push(line.trim_end().to_owned());
        line.trim_end().to_owned()
    }

    pub fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
    }

    /// Waits for the end; gives exit code and standard error.
    pub fn ended(mut self) -> (Option<i32>, String) {
        let mut told = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut told).unwrap();
        (self.child.wait().unwrap().code(), told)
    }

    /// Asks it to stop, as systemd does, and waits.
    pub fn stop(self) -> (Option<i32>, String) {
        self.signal(Signal::TERM);
        self.ended()
    }

    /// Ends it as a power cut would.
    pub fn kill(self) {
        self.signal(Signal::KILL);
        self.ended();
    }

    /// Asks the loopback listener for a path; gives the status and the body.
    pub fn ops(&self, path: &str) -> (u16, String) {
        use std::io::Write as _;
        let mut stream = TcpStream::connect(self.address("metrics").unwrap()).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // Already ended in most tests.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

pub fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}
