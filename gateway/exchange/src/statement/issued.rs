//! A statement as it is issued: what is to be paid, the entries that it was made of, and the root over their hashes.
//!
//! Corrections only by reversal: a statement is never changed. What was wrong is issued anew, names the earlier one, and
//! takes back what that asked for.

use serde::{Deserialize, Serialize};

use super::{
    document::{self, Digest, DocumentError, Opened},
    places::Places,
    priced::Statement,
};
use crate::{
    log::note::{NoteSigner, NoteVerifier},
    timestamp::Timestamp,
};

/// First line of such a document.
const KIND: &str = "ijazat-statement/1";

/// What was read of one node's log, and what of it was used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Covered {
    /// Name of the log, such as `ijazat.example/node-1`.
    pub origin: String,
    /// First entry that was read.
    pub from: u64,
    /// First entry that was not.
    pub until: u64,
    /// Entries that the statement was made of.
    pub entries: Places,
}

impl Covered {
    /// Name of the node in its leaves.
    #[must_use]
    pub fn node(&self) -> &str {
        node_of(&self.origin)
    }
}

/// Name of the node that writes a log: what stands behind the origin's last `/`.
#[must_use]
pub fn node_of(origin: &str) -> &str {
    origin.rsplit('/').next().unwrap_or(origin)
}

/// An earlier statement of the month that this one takes the place of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reversal {
    /// SHA-256 of its signed text.
    pub statement: Digest,
    /// What it asked for, paisa: taken back.
    pub total_paisa: i64,
}

/// A statement as the exchange signs it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Issued {
    /// When.
    pub issued_at: Timestamp,
    /// Whether the month was not over yet, so that nothing is asked for.
    pub provisional: bool,
    /// SHA-256 of the signed text of the terms that it rests on.
    pub terms: Digest,
    /// The statement that it takes the place of, if any.
    pub reverses: Option<Reversal>,
    /// Lines, taxes and total.
    pub statement: Statement,
    /// Logs by their nodes' names.
    pub covered: Vec<Covered>,
    /// Root (RFC 6962) over the leaf hashes of the entries used, by node and index.
    pub root: Digest,
}

impl Issued {
    /// What is to be paid now, paisa: the total, less what a statement before this one asked for.
    #[must_use]
    pub fn balance_paisa(&self) -> i64 {
        let taken_back = self.reverses.as_ref().map_or(0, |earlier| earlier.total_paisa);
        self.statement.total_paisa.saturating_sub(taken_back)
    }

    /// How many entries it was made of.
    #[must_use]
    pub fn entries(&self) -> u64 {
        self.covered.iter().fold(0, |all: u64, covered| all.saturating_add(covered.entries.count()))
    }

    /// Whether an entry is among those it was made of.
    #[must_use]
    pub fn lists(&self, origin: &str, index: u64) -> bool {
        self.covered.iter().any(|covered| covered.origin == origin && covered.entries.contains(index))
    }

    /// The signed document.
    ///
    /// # Errors
    /// [`DocumentError`] where a name holds what no note may.
    pub fn sign(&self, signer: &NoteSigner) -> Result<String, DocumentError> {
        document::sign(KIND, self, signer)
    }

    /// The same as JSON for programs, without a signature.
    #[must_use]
    pub fn to_json(&self) -> String {
        // What `sign` wrote is written again; a failure would have shown there.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads what one of the keys signed.
    ///
    /// # Errors
    /// [`DocumentError`] says what does not hold.
    pub fn open(note: &str, keys: &[NoteVerifier]) -> Result<Opened<Self>, DocumentError> {
        let opened: Opened<Self> = document::open(KIND, note, keys)?;
        let covered = &opened.body.covered;
        let rising = covered.iter().zip(covered.iter().skip(1)).all(|(a, b)| a.node() < b.node());
        if rising { Ok(opened) } else { Err(DocumentError::Form) }
    }
}
