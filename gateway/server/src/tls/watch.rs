//! Puts changed certificate, key and revocation files in force; a bad file changes nothing but a counter.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use rustls::pki_types::{CertificateRevocationListDer, pem::PemObject as _};
use tokio::sync::watch;

use super::{TlsError, server_certificate::ServerCertificate, trust::TrustState};

/// Time between two looks at the files: a revocation must be in force within a second of the file's change.
pub const TICK: Duration = Duration::from_millis(250);

/// How often files were put in force, or could not be.
#[derive(Debug, Default)]
pub struct WatchCounters {
    /// Changes put in force.
    pub reloads: AtomicU64,
    /// Changes refused, or files that could not be read; each repeats at every tick until the files are good.
    pub failures: AtomicU64,
}

/// The files of one server certificate.
#[derive(Clone, Debug)]
pub struct CertificateFiles {
    /// Chain in PEM, leaf first.
    pub chain: PathBuf,
    /// Key in PEM.
    pub key: PathBuf,
}

/// The files that say whom to trust.
#[derive(Clone, Debug)]
pub struct TrustFiles {
    /// Root certificates in PEM.
    pub roots: PathBuf,
    /// Revocation lists in PEM; none of them need exist.
    pub lists: Vec<PathBuf>,
}

impl CertificateFiles {
    /// Reads the files.
    ///
    /// # Errors
    /// [`TlsError`] says which file, and why.
    pub fn load(&self) -> Result<Arc<ServerCertificate>, TlsError> {
        ServerCertificate::from_pem(&read(&self.chain)?, &read(&self.key)?)
    }
}

impl TrustFiles {
    /// Reads the files.
    ///
    /// # Errors
    /// [`TlsError`] says which file, and why.
    pub fn load(&self) -> Result<Arc<TrustState>, TlsError> {
        TrustState::from_pem(&read(&self.roots)?, &self.read_lists()?)
    }

    fn read_lists(&self) -> Result<Vec<u8>, TlsError> {
        let mut all = Vec::new();
        for list in self.lists.iter().filter(|list| list.exists()) {
            let text = read(list)?;
            // An emptied or cut file is no list without entries: taken for one, it would bring revoked certificates back.
            if CertificateRevocationListDer::pem_slice_iter(&text).next().is_none() {
                return Err(TlsError::Malformed("certificate revocation list"));
            }
            all.extend(text);
            all.push(b'\n');
        }
        Ok(all)
    }
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    fs::read(path).map_err(|error| TlsError::Unreadable { path: path.to_owned(), why: error.kind().to_string() })
}

/// What tells one version of a file from another: a replaced file has another inode, a rewritten one another time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    inode: u64,
    bytes: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

fn stamp(path: &Path) -> Option<Stamp> {
    let meta = fs::metadata(path).ok()?;
    Some(Stamp {
        inode: meta.ino(),
        bytes: meta.len(),
        modified: (meta.mtime(), meta.mtime_nsec()),
        changed: (meta.ctime(), meta.ctime_nsec()),
    })
}

#[derive(Debug)]
enum Target {
    Certificate(CertificateFiles, Arc<ServerCertificate>),
    Trust(TrustFiles, Arc<TrustState>),
}

impl Target {
    fn stamps(&self) -> Vec<Option<Stamp>> {
        match self {
            Self::Certificate(files, _) => vec![stamp(&files.chain), stamp(&files.key)],
            Self::Trust(files, _) => {
                std::iter::once(&files.roots).chain(&files.lists).map(|path| stamp(path)).collect()
            }
        }
    }

    fn reload(&self) -> Result<(), TlsError> {
        match self {
            Self::Certificate(files, certificate) => certificate.reload(&read(&files.chain)?, &read(&files.key)?),
            Self::Trust(files, trust) => trust.reload(&read(&files.roots)?, &files.read_lists()?),
        }
    }
}

/// One thing that is watched, and how its files looked when they were last put in force or refused.
#[derive(Debug)]
struct Watched {
    target: Target,
    in_force: Vec<Option<Stamp>>,
    refused: Vec<Option<Stamp>>,
}

impl Watched {
    fn look(&mut self, counters: &WatchCounters) {
        let now = self.target.stamps();
        if now == self.in_force {
            return;
        }
        match self.target.reload() {
            Ok(()) => {
                self.in_force = now;
                counters.reloads.fetch_add(1, Ordering::Relaxed);
            }
            Err(error) => {
                counters.failures.fetch_add(1, Ordering::Relaxed);
                // Once for each state of the files: four lines a second would hide everything else.
                if self.refused != now {
                    tracing::error!(%error, "certificate files are not put in force, the last good ones stay");
                    self.refused = now;
                }
            }
        }
    }
}

/// Watches the files of a process's listeners.
#[derive(Debug, Default)]
pub struct Watcher {
    watched: Vec<Watched>,
    counters: Arc<WatchCounters>,
}

impl Watcher {
    /// A watcher of nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Watches a server certificate that was loaded from these files.
    #[must_use]
    pub fn certificate(self, files: CertificateFiles, certificate: Arc<ServerCertificate>) -> Self {
        self.with(Target::Certificate(files, certificate))
    }

    /// Watches a trust state that was loaded from these files.
    #[must_use]
    pub fn trust(self, files: TrustFiles, trust: Arc<TrustState>) -> Self {
        self.with(Target::Trust(files, trust))
    }

    /// The counters, for metrics.
    #[must_use]
    pub fn counters(&self) -> Arc<WatchCounters> {
        Arc::clone(&self.counters)
    }

    fn with(mut self, target: Target) -> Self {
        // Never equal to real stamps, so the first tick closes the gap between loading and watching.
        self.watched.push(Watched { target, in_force: Vec::new(), refused: Vec::new() });
        self
    }

    /// Looks once; what changed is in force when this returns.
    pub fn tick(&mut self) {
        for watched in &mut self.watched {
            watched.look(&self.counters);
        }
    }

    /// Looks every [`TICK`] until `stop` turns true or its sender is gone.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) {
        let mut ticks = tokio::time::interval(TICK);
        loop {
            tokio::select! {
                _ = ticks.tick() => self.tick(),
                stopped = stop.wait_for(|stop| *stop) => {
                    drop(stopped);
                    return;
                }
            }
        }
    }
}

#[cfg(test)]
#[path = "watch_tests.rs"]
mod tests;
