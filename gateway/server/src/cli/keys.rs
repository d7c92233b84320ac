//! `ijazat keys …`: which secrets this installation has, what each is for and what its loss destroys.

use std::{fs, io::Write, os::unix::fs::PermissionsExt, path::Path};

use adapters::entropy::SystemEntropy;
use clap::{Args, Subcommand};
use serde_json::Value;

use super::{failure::Failure, options::Place};
use crate::routes::control::openid::signing::{SigningError, SigningKeys};

/// Bits of group and others in a file's mode.
pub(super) const FOREIGN_BITS: u32 = 0o077;

/// One secret of an installation. `ops/KEYS.md` holds the same words, and a test holds them equal.
#[derive(Clone, Copy, Debug)]
pub(super) struct KnownKey {
    /// File under the state folder.
    pub(super) file: &'static str,
    algorithm: &'static str,
    purpose: &'static str,
    /// Role that owns it.
    owner: &'static str,
    /// Where it is in production.
    production: &'static str,
    rotation: &'static str,
    /// What stays verifiable after it was rotated or lost.
    verifiable: &'static str,
    /// What its loss destroys.
    loss: &'static str,
}

/// Every secret that the embedded form keeps under its state.
pub(super) const KEYS: [KnownKey; 18] = [
    KnownKey {
        file: "keys/log.key",
        algorithm: "Ed25519",
        purpose: "signs checkpoints of the access log",
        owner: "gateway",
        production: "PKCS#11 or KMS port, one key for each node",
        rotation: "with the node's name, at the end of a log: a log keeps its key for life",
        verifiable: "every checkpoint and proof, by the published verifier key",
        loss: "no new checkpoint; old ones stay verifiable",
    },
    KnownKey {
        file: "keys/side.key",
        algorithm: "AES-256-GCM",
        purpose: "seals side records",
        owner: "gateway",
        production: "wrapped by the KMS; in no backup of the log",
        rotation: "with the log: earlier side records need the earlier key",
        verifiable: "every leaf, proof and bill",
        loss: "who and why of every record is lost",
    },
    KnownKey {
        file: "keys/wrapping.key",
        algorithm: "AES-256-GCM",
        purpose: "wraps citizens' keys",
        owner: "control",
        production: "key-encryption key in the KMS; never in a database backup",
        rotation: "by rewrapping every row of `citizen_key`, contacts and messages; no command yet",
        verifiable: "every leaf, proof and bill",
        loss: "every citizen's sealed entries are lost",
    },
    KnownKey {
        file: "keys/lookup.key",
        algorithm: "HMAC-SHA-256",
        purpose: "finds citizens in stores",
        owner: "control",
        production: "KMS or a sealed file beside the service; never in a database backup",
        rotation: "never in place: every stored subject would have to be computed anew from the registry",
        verifiable: "every leaf, proof and bill",
        loss: "consents and contacts are found no more",
    },
    KnownKey {
        file: "keys/pepper.key",
        algorithm: "HMAC-SHA-256",
        purpose: "hashes passcodes",
        owner: "control",
        production: "KMS or a sealed file beside the service; never in a database backup",
        rotation: "at any time: remove the file and start again",
        verifiable: "everything; a passcode lives ten minutes at most",
        loss: "pending passcodes fail",
    },
    KnownKey {
        file: "keys/permit.key",
        algorithm: "HMAC-SHA-256",
        purpose: "permits between processes",
        owner: "control and registry, one each",
        production: "one for each internal upstream, on both of its sides",
        rotation: "replace it on both sides and start both again",
        verifiable: "everything; a permit lives ten seconds",
        loss: "split processes refuse until it is replaced",
    },
    KnownKey {
        file: "keys/bundle.key",
        algorithm: "Ed25519",
        purpose: "signs bundles of the law",
        owner: "policy office",
        production: "offline, one for each signer; the verifier keys stand in [policy] keys",
        rotation: "by `ijazat policy keygen`; the earlier verifier key stays in [policy] keys until a bundle of two present signers is in force",
        verifiable: "every record; a bundle by a key that is trusted no more is refused at the next start",
        loss: "no new bundle by this signer; the one in force stays",
    },
    KnownKey {
        file: "keys/statements.key",
        algorithm: "Ed25519",
        purpose: "signs monthly statements and their terms",
        owner: "control",
        production: "PKCS#11 or KMS port, in the billing office",
        rotation: "yearly: remove the file, give agencies the new line of `ijazat bill keys` beside the earlier one",
        verifiable: "every earlier statement, by the earlier public key",
        loss: "no statement by this key; the log recomputes every bill",
    },
    KnownKey {
        file: "keys/jwks.key",
        algorithm: "ES256",
        purpose: "signs `id_token`s, and events that agencies are told",
        owner: "control",
        production: "PKCS#11 or KMS port",
        rotation: "quarterly by `ijazat keys rotate jwks`: the next key signs at once, the earlier one stays published",
        verifiable: "every token until it ends, two minutes after it was made; every event while the key is published",
        loss: "tokens until the next key",
    },
    KnownKey {
        file: "keys/jwks-next.key",
        algorithm: "ES256",
        purpose: "signs `id_token`s after the next rotation; published already",
        owner: "control",
        production: "PKCS#11 or KMS port",
        rotation: "by `ijazat keys rotate jwks`",
        verifiable: "everything signed",
        loss: "another is drawn; clients fetch the set anew",
    },
    KnownKey {
        file: "keys/jwks-last.key",
        algorithm: "ES256",
        purpose: "signed `id_token`s before the last rotation; still published",
        owner: "control",
        production: "PKCS#11 or KMS port",
        rotation: "by `ijazat keys rotate jwks`",
        verifiable: "nothing any more that still counts, once two minutes have passed",
        loss: "tokens of the last two minutes",
    },
    KnownKey {
        file: "keys/consent.key",
        algorithm: "ES256",
        purpose: "signs each revision of a consent",
        owner: "control",
        production: "PKCS#11 or KMS port",
        rotation: "not yet: every revision so far is read under this key",
        verifiable: "every leaf; revisions by the public key, which receipts name",
        loss: "no consent is asked for, given or ended until the key is back",
    },
    KnownKey {
        file: "keys/pairwise.key",
        algorithm: "HMAC-SHA-256",
        purpose: "gives each agency its own name for a citizen",
        owner: "control",
        production: "KMS or a sealed file beside the service; never in a database backup",
        rotation: "never in place: agencies' names for citizens would change",
        verifiable: "every token's signature",
        loss: "agencies' names for citizens change",
    },
    KnownKey {
        file: "pki/client-ca.key",
        algorithm: "P-256",
        purpose: "signs agencies' certificates",
        owner: "operator",
        production: "an authority of your own, offline; its certificate is [tls] client_ca",
        rotation: "both authorities stand in [tls] client_ca until the last old certificate has run out",
        verifiable: "certificates until they end; records name agencies, not keys",
        loss: "no certificate can be issued or revoked",
    },
    KnownKey {
        file: "pki/server-ca.key",
        algorithm: "P-256",
        purpose: "signs the server's certificate",
        owner: "operator",
        production: "a public or state authority",
        rotation: "agencies are given the new authority before the next server certificate",
        verifiable: "everything recorded",
        loss: "the next server certificate needs a new authority",
    },
    KnownKey {
        file: "pki/internal-ca.key",
        algorithm: "P-256",
        purpose: "signs internal certificates",
        owner: "operator",
        production: "an authority of your own; its certificate is [tls] internal_ca",
        rotation: "both authorities stand in [tls] internal_ca until every process has a new certificate",
        verifiable: "everything recorded",
        loss: "split processes need new certificates",
    },
    KnownKey {
        file: "pki/server.key",
        algorithm: "P-256",
        purpose: "is the listeners' key",
        owner: "gateway",
        production: "[tls] server_key, mode 0600, or the PKCS#11 port",
        rotation: "yearly by `ijazat pki server`; a running gateway takes the new files within a second",
        verifiable: "everything recorded",
        loss: "`ijazat pki server` makes another",
    },
    KnownKey {
        file: "pki/internal.key",
        algorithm: "P-256",
        purpose: "is this process's key",
        owner: "every process",
        production: "[tls] internal_key, mode 0600",
        rotation: "yearly, with a new internal certificate",
        verifiable: "everything recorded",
        loss: "this process needs a new internal certificate",
    },
];

/// Lists the secrets of this installation, or tells all about one.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ijazat keys list
  ijazat keys show pepper
  ijazat keys rotate jwks

List and show only look at files; no secret is read. ops/KEYS.md holds the whole table.")]
pub struct Keys {
    #[command(subcommand)]
    command: KeysCommand,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, Subcommand)]
enum KeysCommand {
    /// Each secret: file, mode, algorithm, purpose, what its loss destroys
    #[command(after_help = "\
Examples:
  ijazat keys list
  ijazat keys list --state /var/lib/ijazat

Exit code 1 when a secret may be read by others than its owner.")]
    List,
    /// Turn over the keys that sign `id_token`s: the next one signs, the earlier one stays published
    #[command(after_help = "\
Examples:
  ijazat keys rotate jwks
  ijazat keys rotate jwks --state /var/lib/ijazat

A running process signs with the next key from its next token on: clients have had its public half since the rotation before.
Quarterly, and at once when a key may be known; then twice, so that the earlier one is published no more.")]
    Rotate {
        /// `jwks`: the only one that turns over without more ado
        #[arg(value_name = "KEY", value_parser = ["jwks"])]
        key: String,
    },
    /// One secret: its owner, its place in production, how it is rotated, what stays verifiable
    #[command(after_help = "\
Examples:
  ijazat keys show log
  ijazat keys show pki/server.key")]
    Show {
        /// File as `keys list` prints it, or its name alone
        #[arg(value_name = "KEY")]
        key: String,
    },
}

impl Keys {
    /// Runs the command.
    ///
    /// # Errors
    /// [`Failure::Failed`] when a secret may be read by others than its owner; [`Failure::Usage`] for an unknown one.
    pub fn run(&self, out: &mut dyn Write) -> Result<(), Failure> {
        let config = self.place.load()?;
        let state = &config.node.state_dir;
        match &self.command {
            KeysCommand::List => list(state, out),
            KeysCommand::Rotate { key } => rotate(state, key, out),
            KeysCommand::Show { key } => show(state, key, out),
        }
    }
}

fn list(state: &Path, out: &mut dyn Write) -> Result<(), Failure> {
    let mut exposed = Vec::new();
    for key in KEYS {
        let path = state.join(key.file);
        let mode = mode_of(&path);
        writeln!(out, "{:<20} {:<7} {:<13} {}; lost: {}", key.file, shown(mode), key.algorithm, key.purpose, key.loss)?;
        if mode.is_some_and(|mode| mode & FOREIGN_BITS != 0) {
            exposed.push(format!("{} may be read by others: chmod 600, and replace it", path.display()));
        }
    }
    if exposed.is_empty() { Ok(()) } else { Err(Failure::Failed(exposed.join("\n"))) }
}

fn rotate(state: &Path, key: &str, out: &mut dyn Write) -> Result<(), Failure> {
    let folder = state.join("keys");
    if !folder.exists() {
        let todo = "run `ijazat serve` or `ijazat demo` first, or name another with --state";
        return Err(Failure::Failed(format!("{}: no installation here; {todo}", state.display())));
    }
    let told = |error: SigningError| Failure::Failed(error.to_string());
    let keys = SigningKeys::open(&folder, &SystemEntropy::default()).map_err(told)?;
    keys.rotate(&SystemEntropy::default()).map_err(told)?;
    let published = keys.published().map_err(told)?;
    writeln!(out, "{key}: turned over; published are now")?;
    for (key, what) in published.pointer("/keys").and_then(Value::as_array).into_iter().flatten().zip([
        "signs from now on",
        "signs after the next rotation",
        "signed until now",
    ]) {
        writeln!(out, "  {}  {what}", key.get("kid").and_then(Value::as_str).unwrap_or_default())?;
    }
    Ok(())
}

fn show(state: &Path, wanted: &str, out: &mut dyn Write) -> Result<(), Failure> {
    let Some(key) = KEYS.iter().find(|key| key.file == wanted || name_of(key.file) == wanted) else {
        let known = KEYS.map(|key| name_of(key.file)).join(", ");
        return Err(Failure::Usage(format!("`{wanted}` is no key of ours; known are {known}")));
    };
    writeln!(out, "file        {} ({})", key.file, shown(mode_of(&state.join(key.file))))?;
    writeln!(out, "purpose     {}", key.purpose)?;
    writeln!(out, "algorithm   {}", key.algorithm)?;
    writeln!(out, "owner       {}", key.owner)?;
    writeln!(out, "production  {}", key.production)?;
    writeln!(out, "rotation    {}", key.rotation)?;
    writeln!(out, "verifiable  {}", key.verifiable)?;
    writeln!(out, "lost        {}", key.loss)?;
    Ok(())
}

/// `pepper` of `keys/pepper.key`.
fn name_of(file: &str) -> &str {
    let name = file.rsplit('/').next().unwrap_or(file);
    name.strip_suffix(".key").unwrap_or(name)
}

fn shown(mode: Option<u32>) -> String {
    mode.map_or_else(|| "absent".to_owned(), |mode| format!("{mode:04o}"))
}

/// Permission bits of a file; `None` if it is not there.
pub(super) fn mode_of(path: &Path) -> Option<u32> {
    Some(fs::metadata(path).ok()?.permissions().mode() & 0o7777)
}

#[cfg(test)]
#[path = "keys_tests.rs"]
mod tests;
