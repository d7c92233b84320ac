//! A clock that a Unix socket sets, for stories against the real binary; refused outside development.
//!
//! Protocol, one line each way: `now`, `set RFC3339`, `advance SECONDS`, each answered `ok RFC3339 MICROSECONDS`, or
//! `error REASON`. The clock runs at the host's speed from wherever it was set. Whoever can write to the socket decides
//! what time it is, so the socket is its owner's only.

use std::{
    fs, io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use exchange::{ports::clock::Clock, timestamp::Timestamp};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{UnixListener, UnixStream},
};

use super::SystemClock;

/// Bytes of one command: the longest is `set` with an RFC 3339 instant.
const LINE_BYTES_MAX: u64 = 128;

/// The host's clock plus an offset that a socket sets. Clones share the offset.
#[derive(Clone, Debug, Default)]
pub struct DevClock {
    offset_micros: Arc<AtomicI64>,
}

impl DevClock {
    /// A clock that shows the host's time until it is set.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Microseconds that it is ahead of the host; negative when behind. Recorded at the start.
    #[must_use]
    pub fn offset_micros(&self) -> i64 {
        self.offset_micros.load(Ordering::SeqCst)
    }

    /// Sets the time; it runs on from there.
    pub fn set(&self, at: Timestamp) {
        let offset = at.micros().saturating_sub(SystemClock.now().micros());
        self.offset_micros.store(offset, Ordering::SeqCst);
    }

    /// Moves on by seconds, back when negative; saturates.
    pub fn advance(&self, seconds: i64) {
        let micros = seconds.saturating_mul(1_000_000);
        let moved = |offset: i64| Some(offset.saturating_add(micros));
        // The closure always gives a value, so the update cannot fail.
        let _ = self.offset_micros.fetch_update(Ordering::SeqCst, Ordering::SeqCst, moved);
    }

    /// Opens the socket, mode 0600. A socket left by a dead process is replaced; any other file is not.
    ///
    /// # Errors
    /// When something else stands there, another process listens there, or the folder cannot be written.
    pub fn listen(&self, path: &Path) -> io::Result<DevClockServer> {
        remove_dead_socket(path)?;
        let listener = UnixListener::bind(path)?;
        fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
        Ok(DevClockServer { clock: self.clone(), listener, path: path.to_owned() })
    }

    /// Obeys one command and words the answer.
    fn obey(&self, line: &str) -> Result<(), &'static str> {
        let (verb, rest) = line.trim().split_once(' ').unwrap_or((line.trim(), ""));
        match verb {
            "now" if rest.is_empty() => {}
            "set" => self.set(Timestamp::parse_rfc3339(rest.trim()).ok_or("not an instant in RFC 3339")?),
            "advance" => self.advance(rest.trim().parse().map_err(|_| "not a whole number of seconds")?),
            _ => return Err("not one of: now, set RFC3339, advance SECONDS"),
        }
        Ok(())
    }
}

impl Clock for DevClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(SystemClock.now().micros().saturating_add(self.offset_micros()))
    }
}

/// Serves a [`DevClock`]'s socket; the socket goes away with it.
#[derive(Debug)]
pub struct DevClockServer {
    clock: DevClock,
    listener: UnixListener,
    path: PathBuf,
}

impl DevClockServer {
    /// Serves until dropped, one connection at a time: whoever sets the clock waits for the answer.
    ///
    /// # Errors
    /// When the socket no longer accepts.
    pub async fn run(self) -> io::Result<()> {
        loop {
            let (stream, _) = self.listener.accept().await?;
            // A peer that goes away in the middle concerns only itself.
            let _ = self.serve(stream).await;
        }
    }

    async fn serve(&self, stream: UnixStream) -> io::Result<()> {
        let (read, mut write) = stream.into_split();
        let mut lines = BufReader::new(read);
        let mut line = String::new();
        while (&mut lines).take(LINE_BYTES_MAX).read_line(&mut line).await? > 0 {
            if line.len() as u64 == LINE_BYTES_MAX && !line.ends_with('\n') {
                // What follows is the same line's rest, and must not pass for a command of its own.
                return write.write_all(b"error the line is too long\n").await;
            }
            let answer = match self.clock.obey(&line) {
                Ok(()) => {
                    let now = self.clock.now();
                    format!("ok {} {}\n", now.rfc3339(), now.micros())
                }
                Err(reason) => format!("error {reason}\n"),
            };
            write.write_all(answer.as_bytes()).await?;
            line.clear();
        }
        Ok(())
    }
}

impl Drop for DevClockServer {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

fn remove_dead_socket(path: &Path) -> io::Result<()> {
    use std::os::unix::{fs::FileTypeExt, net::UnixStream};
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
        Ok(metadata) if metadata.file_type().is_socket() && UnixStream::connect(path).is_err() => fs::remove_file(path),
        Ok(_) => Err(io::Error::new(io::ErrorKind::AddrInUse, "something else stands there")),
    }
}

#[cfg(test)]
#[path = "dev_tests.rs"]
mod tests;
