//! A signed bundle in one file: the manifest as a signed note (C2SP signed-note), and the text of every file.

use std::collections::BTreeMap;

use exchange::log::note::{NoteError, NoteSigner, unverified_text};
use serde::{Deserialize, Serialize};

use crate::{
    error::{BundleError, Problem},
    manifest::{Manifest, Named},
    source::Source,
};

/// Name of the form, so that a file of another kind is told from a damaged one.
const FORM: &str = "ijazat-bundle-1";

/// Bytes of a packed bundle: ours has 250 KiB.
pub const PACK_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Why a packed bundle is refused before anyone looks at its signatures.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PackError {
    /// More bytes than [`PACK_BYTES_MAX`].
    #[error("has {0} bytes: at most {PACK_BYTES_MAX}")]
    TooLarge(usize),
    /// Not our form at all.
    #[error("is not a signed bundle: {0}")]
    Form(String),
    /// The note's text is no manifest.
    #[error("has a manifest that cannot be read")]
    Manifest,
    /// A file is not the one that was signed.
    #[error("was changed after it was signed: {0}")]
    Changed(String),
    /// The title or a file's name cannot stand in a manifest.
    #[error("cannot be signed: its title or the name of a file has a line break or another control character")]
    Unsignable,
    /// The key could not sign.
    #[error("cannot be signed: {0}")]
    Note(#[from] NoteError),
    /// The files are not those of a bundle.
    #[error(transparent)]
    Bundle(#[from] BundleError),
}

/// A bundle with the statement that was signed of it. Whether the right keys signed is [`crate::trust`]'s to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pack {
    note: String,
    manifest: Manifest,
    source: Source,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    form: String,
    note: String,
    files: BTreeMap<String, String>,
}

impl Pack {
    /// Signs a bundle as the successor of another.
    ///
    /// # Errors
    /// [`PackError`].
    pub fn sign(source: &Source, after: Named, signer: &NoteSigner) -> Result<Self, PackError> {
        let manifest = Manifest::of(source, Some(after))?;
        let text = manifest.text();
        if Manifest::parse(&text).as_ref() != Some(&manifest) {
            return Err(PackError::Unsignable);
        }
        Ok(Self { note: signer.sign(&text)?, manifest, source: source.clone() })
    }

    /// The same with one more signature.
    ///
    /// # Errors
    /// [`PackError::Note`].
    pub fn cosign(self, signer: &NoteSigner) -> Result<Self, PackError> {
        Ok(Self { note: signer.cosign(&self.note)?, ..self })
    }

    /// The one file. The same bundle with the same signatures always gives the same bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let files = self.source.matching("", "").map(|(path, text)| (path.to_owned(), text.to_owned())).collect();
        let written = Written { form: FORM.to_owned(), note: self.note.clone(), files };
        // Texts under texts always have a form in JSON.
        let mut bytes = serde_json::to_vec_pretty(&written).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }

    /// Reads the file, and compares each text with the digest that was signed.
    ///
    /// # Errors
    /// [`PackError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, PackError> {
        if bytes.len() > PACK_BYTES_MAX {
            return Err(PackError::TooLarge(bytes.len()));
        }
        let written: Written = serde_json::from_slice(bytes).map_err(|error| PackError::Form(error.to_string()))?;
        if written.form != FORM {
            return Err(PackError::Form(format!("its form is not {FORM}")));
        }
        let manifest = read_manifest(&written.note)?;
        let source = Source::from_files(written.files)?;
        let found = Manifest::of(&source, manifest.after.clone())?;
        if found != manifest {
            let differs = found.changes(&manifest).into_iter().next().unwrap_or_else(|| "bundle.toml".to_owned());
            return Err(PackError::Changed(differs));
        }
        Ok(Self { note: written.note, manifest, source })
    }

    /// The manifest under its signatures, for people.
    #[must_use]
    pub fn note(&self) -> &str {
        &self.note
    }

    /// What was signed.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The files.
    #[must_use]
    pub fn source(&self) -> &Source {
        &self.source
    }
}

/// The manifest of a note, whoever signed it.
pub(crate) fn read_manifest(note: &str) -> Result<Manifest, PackError> {
    let text = unverified_text(note).map_err(|error| PackError::Form(error.to_string()))?;
    Manifest::parse(text).ok_or(PackError::Manifest)
}

impl From<Problem> for PackError {
    fn from(problem: Problem) -> Self {
        Self::Bundle(problem.into())
    }
}

#[cfg(test)]
#[path = "pack_tests.rs"]
mod tests;
