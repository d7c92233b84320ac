//! The development PKI of one state folder: made once, completed when something is missing, never overwritten.

use std::{fs, os::unix::fs::DirBuilderExt, path::Path};

use exchange::ports::{clock::Clock, entropy::Entropy};

use super::{
    SERVER_DAYS,
    ca::{Ca, CaKind, Issued, Validity},
    error::PkiError,
    files,
};

/// The three authorities of one folder.
#[derive(Debug)]
pub struct Authorities {
    /// Signs agencies' certificates.
    pub client: Ca,
    /// Signs the listeners' certificate.
    pub server: Ca,
    /// Signs certificates among our own processes.
    pub internal: Ca,
}

impl Authorities {
    /// Opens all three.
    ///
    /// # Errors
    /// [`PkiError::NoAuthority`] when one is missing.
    pub fn load(folder: &Path) -> Result<Self, PkiError> {
        Ok(Self {
            client: Ca::load(folder, CaKind::Client)?,
            server: Ca::load(folder, CaKind::Server)?,
            internal: Ca::load(folder, CaKind::Internal)?,
        })
    }

    /// Opens all three, making those that are missing, with a first revocation list, `server.pem` and `internal.pem`.
    /// Nothing that is there is changed.
    ///
    /// # Errors
    /// [`PkiError::File`] when the folder cannot be written.
    pub fn ensure(folder: &Path, node: &str, origin: &str, world: World<'_>) -> Result<Self, PkiError> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(PkiError::at(folder))?;
        for kind in CaKind::ALL {
            match Ca::load(folder, kind) {
                Err(PkiError::NoAuthority(_)) => drop(Ca::create(folder, kind, world.clock, world.entropy)?),
                other => drop(other?),
            }
        }
        let all = Self::load(folder)?;
        if !all.client.crl_path().exists() {
            all.client.crl_pem(world.clock)?;
        }
        let names = names(origin);
        let validity = Validity::days(world.clock.now(), SERVER_DAYS)?;
        if !folder.join("server.pem").exists() {
            write_pair(folder, "server", &all.server.issue_server(&names, validity, world.entropy)?)?;
        }
        if !folder.join("internal.pem").exists() {
            write_pair(folder, "internal", &all.internal.issue_internal(node, &names, validity, world.entropy)?)?;
        }
        Ok(all)
    }

    /// Replaces `server.pem` and its key with new ones for these names.
    ///
    /// # Errors
    /// [`PkiError`] when a name is not a DNS name or the folder cannot be written.
    pub fn new_server(&self, names: &[String], days: i64, world: World<'_>) -> Result<String, PkiError> {
        let validity = Validity::days(world.clock.now(), days)?;
        let issued = self.server.issue_server(names, validity, world.entropy)?;
        write_pair(self.server.folder(), "server", &issued)?;
        Ok(issued.cert_pem)
    }
}

/// Where time and randomness come from.
#[derive(Clone, Copy, Debug)]
pub struct World<'a> {
    /// Time.
    pub clock: &'a dyn Clock,
    /// Randomness.
    pub entropy: &'a dyn Entropy,
}

/// Names of a server: its own, and those that a developer's curl uses.
#[must_use]
pub fn names(origin: &str) -> Vec<String> {
    let mut names = vec![origin.to_owned(), "localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
    names.dedup();
    names
}

/// Writes `<stem>.key`, then `<stem>.pem`: whoever watches the certificate then finds the key that belongs to it.
fn write_pair(folder: &Path, stem: &str, issued: &Issued) -> Result<(), PkiError> {
    files::replace(&folder.join(format!("{stem}.key")), &issued.key_pem, files::SECRET)?;
    files::replace(&folder.join(format!("{stem}.pem")), &issued.cert_pem, files::PUBLIC)
}

#[cfg(test)]
#[path = "store_tests.rs"]
mod tests;
