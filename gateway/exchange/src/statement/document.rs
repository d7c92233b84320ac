//! A document that the exchange signs: a line that says what it is, one line of JSON, and who signed (C2SP signed-note).
//!
//! Its JSON has one form, the one that writing it again gives: who compares two documents compares bytes.

use aws_lc_rs::digest;
use serde::{Serialize, de::DeserializeOwned};

use crate::log::note::{NoteError, NoteSigner, NoteVerifier};

/// Why a signed document is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// The note around it, or its signature.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// It is another kind of document.
    #[error("document is not of the kind `{0}`")]
    Kind(&'static str),
    /// Its JSON is not what such a document holds.
    #[error("document does not read: {0}")]
    Malformed(String),
    /// Its JSON is not in the one form.
    #[error("document is not in its one form: a repeated, reordered or spaced member")]
    Form,
}

/// A document that was signed, as whoever trusts the key reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened<T> {
    /// What it says.
    pub body: T,
    /// SHA-256 of the text that was signed.
    pub digest: Digest,
}

/// SHA-256 of a signed text, or the root of a tree; in JSON lower-case hex.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// Of a text.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let mut hash = [0; 32];
        hash.copy_from_slice(digest::digest(&digest::SHA256, text.as_bytes()).as_ref());
        Self(hash)
    }
}

impl std::fmt::Display for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl Serialize for Digest {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Digest {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = hex::decode(&text).ok().and_then(|bytes| bytes.try_into().ok());
        bytes.map(Self).ok_or_else(|| serde::de::Error::custom("a digest is 64 hexadecimal digits"))
    }
}

/// The text that is signed.
pub(super) fn text<T: Serialize>(kind: &'static str, body: &T) -> Result<String, DocumentError> {
    let json = serde_json::to_string(body).map_err(|error| DocumentError::Malformed(error.to_string()))?;
    Ok(format!("{kind}\n{json}\n"))
}

/// The signed note.
pub(super) fn sign<T: Serialize>(kind: &'static str, body: &T, signer: &NoteSigner) -> Result<String, DocumentError> {
    Ok(signer.sign(&text(kind, body)?)?)
}

/// Reads a note that one of the keys signed.
pub(super) fn open<T: Serialize + DeserializeOwned>(
    kind: &'static str,
    note: &str,
    keys: &[NoteVerifier],
) -> Result<Opened<T>, DocumentError> {
    let signed = opened(note, keys)?;
    let (first, json) = signed.split_once('\n').ok_or(DocumentError::Kind(kind))?;
    if first != kind {
        return Err(DocumentError::Kind(kind));
    }
    let body: T = serde_json::from_str(json).map_err(|error| DocumentError::Malformed(error.to_string()))?;
    if text(kind, &body)? != signed {
        return Err(DocumentError::Form);
    }
    Ok(Opened { body, digest: Digest::of(signed) })
}

/// The text, once a line by one of the keys holds; a line by one of them that does not hold is told before all else.
fn opened<'note>(note: &'note str, keys: &[NoteVerifier]) -> Result<&'note str, NoteError> {
    let mut found = Err(NoteError::Unsigned);
    for key in keys {
        match key.open(note) {
            Ok(text) => found = Ok(text),
            Err(NoteError::Unsigned) => {}
            Err(wrong) => return Err(wrong),
        }
    }
    found
}
