//! `ijazat keys list`: which secrets this installation has, what each is for and what its loss destroys.

use std::{fs, io::Write, os::unix::fs::PermissionsExt, path::Path};

use clap::{Args, Subcommand};

use super::{failure::Failure, options::Place};

/// Bits of group and others in a file's mode.
pub(super) const FOREIGN_BITS: u32 = 0o077;

/// One secret of an installation.
#[derive(Clone, Copy, Debug)]
pub(super) struct KnownKey {
    /// File under the state folder.
    pub(super) file: &'static str,
    algorithm: &'static str,
    purpose: &'static str,
    loss: &'static str,
}

/// Every secret that the embedded form keeps under its state.
pub(super) const KEYS: [KnownKey; 11] = [
    key(
        "keys/log.key",
        "Ed25519",
        "signs checkpoints of the access log",
        "no new checkpoint; old ones stay verifiable",
    ),
    key("keys/side.key", "AES-256-GCM", "seals side records", "who and why of every record is lost"),
    key("keys/wrapping.key", "AES-256-GCM", "wraps citizens' keys", "every citizen's sealed entries are lost"),
    key("keys/lookup.key", "HMAC-SHA-256", "finds citizens in stores", "consents and contacts are found no more"),
    key("keys/pepper.key", "HMAC-SHA-256", "hashes passcodes", "pending passcodes fail"),
    key("keys/permit.key", "HMAC-SHA-256", "permits between processes", "split processes refuse until it is replaced"),
    key("pki/client-ca.key", "P-256", "signs agencies' certificates", "no certificate can be issued or revoked"),
    key(
        "pki/server-ca.key",
        "P-256",
        "signs the server's certificate",
        "the next server certificate needs a new authority",
    ),
    key("pki/internal-ca.key", "P-256", "signs internal certificates", "split processes need new certificates"),
    key("pki/server.key", "P-256", "is the listeners' key", "`ijazat pki server` makes another"),
    key("pki/internal.key", "P-256", "is this process's key", "this process needs a new internal certificate"),
];

const fn key(file: &'static str, algorithm: &'static str, purpose: &'static str, loss: &'static str) -> KnownKey {
    KnownKey { file, algorithm, purpose, loss }
}

/// Lists the secrets of this installation.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ijazat keys list

Only files are looked at; no secret is read. ops/KEYS.md tells how each is kept in production and how it is rotated.")]
pub struct Keys {
    #[command(subcommand)]
    command: KeysCommand,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, Subcommand)]
enum KeysCommand {
    /// Each secret: file, mode, algorithm, purpose, what its loss destroys
    List,
}

impl Keys {
    /// Runs the command.
    ///
    /// # Errors
    /// [`Failure::Failed`] when a secret may be read by others than its owner.
    pub fn run(&self, out: &mut dyn Write) -> Result<(), Failure> {
        let KeysCommand::List = self.command;
        let config = self.place.load()?;
        let mut exposed = Vec::new();
        for key in KEYS {
            let path = config.node.state_dir.join(key.file);
            let mode = mode_of(&path);
            let shown = mode.map_or_else(|| "absent".to_owned(), |mode| format!("{mode:04o}"));
            writeln!(out, "{:<20} {shown:<7} {:<13} {}; lost: {}", key.file, key.algorithm, key.purpose, key.loss)?;
            if mode.is_some_and(|mode| mode & FOREIGN_BITS != 0) {
                exposed.push(format!("{} may be read by others: chmod 600, and replace it", path.display()));
            }
        }
        if exposed.is_empty() { Ok(()) } else { Err(Failure::Failed(exposed.join("\n"))) }
    }
}

/// Permission bits of a file; `None` if it is not there.
pub(super) fn mode_of(path: &Path) -> Option<u32> {
    Some(fs::metadata(path).ok()?.permissions().mode() & 0o7777)
}
