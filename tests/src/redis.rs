//! A Redis of a test's own: on a socket in a folder of its own, on no port, without a file, ended with the value.
//!
//! The server asks its host to be killed when the thread that started it ends, however that ends.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    os::unix::net::UnixStream,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

use adapters::entropy::SystemEntropy;
use exchange::ports::entropy::random_hex_128;
use rustix::process::{Pid, Signal, kill_process};

use crate::world::{Broken, until};

/// Longest that an answer may take: far beyond what it needs, so that a hang is named.
const PATIENCE: Duration = Duration::from_secs(20);

/// Longest answer that a test reads.
const BYTES_MAX: usize = 1 << 20;

/// A Redis that runs, or was killed and can be started again.
#[derive(Debug)]
pub struct Redis {
    folder: PathBuf,
    server: Option<Child>,
}

impl Redis {
    /// Starts one, and waits until it answers.
    ///
    /// # Errors
    /// When the package is missing or the server does not answer.
    pub async fn start() -> Result<Self, Broken> {
        let version = Command::new("redis-server").arg("--version").output();
        version.map_err(|_| "Redis is missing: run `apt-get install -y redis-server`")?;
        let folder = std::env::temp_dir().join(format!("ijazat-redis-{}", random_hex_128(&SystemEntropy::default())));
        fs::create_dir_all(&folder)?;
        let mut redis = Self { folder, server: None };
        redis.start_again().await?;
        Ok(redis)
    }

    /// Starts it anew at the same place, empty.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub async fn start_again(&mut self) -> Result<(), Broken> {
        self.kill();
        let server = Command::new("setpriv")
            .args(["--pdeathsig", "KILL", "redis-server", "--port", "0", "--save", "", "--appendonly", "no"])
            .args(["--unixsocketperm", "700", "--unixsocket"])
            .arg(self.socket())
            .arg("--dir")
            .arg(&self.folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        self.server = Some(server);
        until("Redis answers", async || self.ask("PING").is_ok_and(|answer| answer == ["PONG"])).await
    }

    /// Where it is, as configured.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis+unix://{}", self.socket().display())
    }

    /// Kills it, as a host that loses power does.
    pub fn kill(&mut self) {
        if let Some(mut server) = self.server.take() {
            // One that ended already is gone all the same.
            let _ = server.kill();
            let _ = server.wait();
        }
    }

    /// Stops it where it stands, or lets it go on: connections stay open and nothing is answered.
    ///
    /// # Errors
    /// When it does not run.
    pub fn freeze(&self, frozen: bool) -> Result<(), Broken> {
        let server = self.server.as_ref().ok_or("Redis does not run")?;
        let id = Pid::from_child(server);
        Ok(kill_process(id, if frozen { Signal::STOP } else { Signal::CONT })?)
    }

    /// Sends one command, words by spaces, and reads its answer: one text, or the members of a list.
    ///
    /// # Errors
    /// When it does not answer, or answers with an error.
    pub fn ask(&self, command: &str) -> Result<Vec<String>, Broken> {
        let mut socket = UnixStream::connect(self.socket())?;
        socket.set_read_timeout(Some(PATIENCE))?;
        socket.write_all(format!("{command}\r\n").as_bytes())?;
        let mut reader = BufReader::new(socket);
        let first = line(&mut reader)?;
        match first.split_at_checked(1) {
            Some(("*", members)) => (0..members.parse::<usize>()?).map(|_| bulk(&mut reader)).collect(),
            Some(("$", length)) => Ok(vec![bulk_of(&mut reader, length.parse()?)?]),
            Some(("+" | ":", text)) => Ok(vec![text.to_owned()]),
            _ => Err(first.into()),
        }
    }

    fn socket(&self) -> PathBuf {
        self.folder.join("redis.sock")
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.kill();
        // What cannot be removed is the host's to clear.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn line(reader: &mut BufReader<UnixStream>) -> Result<String, Broken> {
    let mut line = String::new();
    reader.read_line(&mut line)?;
    Ok(line.trim_end().to_owned())
}

fn bulk(reader: &mut BufReader<UnixStream>) -> Result<String, Broken> {
    let head = line(reader)?;
    bulk_of(reader, head.strip_prefix('$').ok_or("not a text")?.parse()?)
}

fn bulk_of(reader: &mut BufReader<UnixStream>, length: usize) -> Result<String, Broken> {
    let mut text = vec![0; length.min(BYTES_MAX)];
    reader.read_exact(&mut text)?;
    line(reader)?;
    Ok(String::from_utf8(text)?)
}
