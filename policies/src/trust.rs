//! Whether a bundle may decide: who signed it, and how many had to.
//!
//! One signature of the policy office is enough for a bundle that leaves what is guarded (see [`crate::manifest`]) as it was
//! in the bundle before it. What it was must itself be known from a trusted bundle, back to the one that is built in or to
//! one that two people signed; two signatures by different keys need no history. So whoever can write to the database but
//! holds one key only, or none, changes no guardrail by inventing a past.

use exchange::log::note::{NoteError, NoteVerifier};

use crate::{manifest::Manifest, pack::read_manifest};

/// People who must have signed a bundle that changes what is guarded.
pub const SIGNERS_FOR_GUARDED: usize = 2;

/// Verifier keys of those whose signature counts, each under the name of its holder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keyring(Vec<NoteVerifier>);

/// Why keys are not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyringError {
    /// Not a verifier key.
    #[error("`{0}` is not a verifier key such as `ijazat policy keygen` prints")]
    Key(String),
    /// Two keys under one name: then one person could be two.
    #[error("`{0}` stands there twice")]
    Name(String),
    /// One key under two names: then one person could be two.
    #[error("`{0}` and `{1}` are one key")]
    Same(String, String),
}

/// Why a bundle may not decide.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Untrusted {
    /// The statement is not one.
    #[error("its manifest cannot be read")]
    Malformed,
    /// A line says to be by a trusted key and does not hold.
    #[error("the signature of `{0}` does not hold: it was made of another text")]
    Forged(String),
    /// No line by a key that is trusted here.
    #[error("no key that is trusted here signed it; trusted are {0}")]
    Unsigned(String),
    /// Nothing before it is named, and it is not built in.
    #[error("it names no bundle before it")]
    Rootless,
    /// It, or a bundle between it and a trusted one, changes what is guarded under one signature.
    #[error("generation {generation} changes {changed} and is signed by `{by}` alone: two people must sign that")]
    OneSigner {
        /// Generation of the bundle that needs another signature.
        generation: u64,
        /// What it changes that is guarded, separated by commas.
        changed: String,
        /// Who signed.
        by: String,
    },
    /// One signature, and what it follows is not what stands before it here.
    #[error(
        "generation {generation} is signed by `{by}` alone and follows {before}, which is not the one before it here: two people must sign it"
    )]
    UnknownBefore {
        /// Generation of the bundle that needs another signature.
        generation: u64,
        /// The bundle that it names.
        before: String,
        /// Who signed.
        by: String,
    },
}

/// A bundle's statement that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trusted {
    /// What was signed.
    pub manifest: Manifest,
    /// Who signed it, of those that are trusted here.
    pub signers: Vec<String>,
}

impl Keyring {
    /// A ring of verifier keys (`name+id+key`).
    ///
    /// # Errors
    /// [`KeyringError`].
    pub fn new<S: AsRef<str>>(vkeys: impl IntoIterator<Item = S>) -> Result<Self, KeyringError> {
        let mut ring: Vec<NoteVerifier> = Vec::new();
        for vkey in vkeys {
            let vkey = vkey.as_ref();
            let key = NoteVerifier::parse(vkey).map_err(|_| KeyringError::Key(vkey.to_owned()))?;
            if ring.iter().any(|known| known.name() == key.name()) {
                return Err(KeyringError::Name(key.name().to_owned()));
            }
            if let Some(same) = ring.iter().find(|known| known.public_key() == key.public_key()) {
                return Err(KeyringError::Same(same.name().to_owned(), key.name().to_owned()));
            }
            ring.push(key);
        }
        Ok(Self(ring))
    }

    /// Names of the holders, in the order in which they were given.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(NoteVerifier::name)
    }

    /// Judges a bundle's note. `base` is the bundle that is built in; `directly_before` gives generation and note of the
    /// bundle that was activated last before a generation, which need not be trusted.
    ///
    /// # Errors
    /// [`Untrusted`].
    pub fn judge<'n>(
        &self,
        base: &Manifest,
        directly_before: impl Fn(u64) -> Option<(u64, &'n str)>,
        note: &str,
    ) -> Result<Trusted, Untrusted> {
        let judged = self.open(note)?;
        let mut at = judged.clone();
        while at.signers.len() < SIGNERS_FOR_GUARDED {
            let by = at.signers.join(", ");
            let generation = at.manifest.generation;
            let before = at.manifest.after.clone().ok_or(Untrusted::Rootless)?;
            let unknown =
                || Untrusted::UnknownBefore { generation, before: format!("generation {before}"), by: by.clone() };
            // One that jumps over its predecessor would bring back what two people have changed since.
            let found = match directly_before(generation) {
                None if base.name() == before => None,
                // Generations fall on the way back, so that the way ends.
                Some((earlier, note)) if earlier == before.generation && earlier < generation => Some(self.open(note)?),
                _ => return Err(unknown()),
            };
            if found.as_ref().is_some_and(|found| found.manifest.name() != before) {
                return Err(unknown());
            }
            let changed = at.manifest.guarded_changes(found.as_ref().map_or(base, |found| &found.manifest));
            if !changed.is_empty() {
                return Err(Untrusted::OneSigner { generation, changed: changed.join(", "), by });
            }
            match found {
                None => break,
                Some(found) => at = found,
            }
        }
        Ok(judged)
    }

    /// Reads a note and verifies every line by a key of the ring; each key counts once, however often it signed.
    fn open(&self, note: &str) -> Result<Trusted, Untrusted> {
        let manifest = read_manifest(note).map_err(|_| Untrusted::Malformed)?;
        let mut signers = Vec::new();
        for key in &self.0 {
            match key.open(note) {
                Ok(_) => signers.push(key.name().to_owned()),
                Err(NoteError::Unsigned) => {}
                Err(NoteError::Signature) => return Err(Untrusted::Forged(key.name().to_owned())),
                Err(_) => return Err(Untrusted::Malformed),
            }
        }
        if signers.is_empty() {
            let names: Vec<_> = self.names().collect();
            let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            return Err(Untrusted::Unsigned(names));
        }
        Ok(Trusted { manifest, signers })
    }
}

#[cfg(test)]
#[path = "trust_tests.rs"]
mod tests;
