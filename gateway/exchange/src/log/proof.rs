//! C2SP tlog-proof: one text that proves, offline, that an entry stands in a log.

use std::fmt::Write as _;

use base64::{Engine, engine::general_purpose::STANDARD};

use super::{
    checkpoint::{Checkpoint, CheckpointError},
    merkle::{Hash, leaf_hash},
    note::NoteVerifier,
    paths::{PathError, verify_inclusion},
};

const FIRST_LINE: &str = "c2sp.org/tlog-proof@v1";

/// Hashes of the longest path: a tree has fewer than 2^64 entries.
const PATH_MAX: usize = 63;

/// An entry's place in a log, provable without the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlogProof {
    /// Index of the entry, from 0.
    pub index: u64,
    /// Audit path, bottom up.
    pub path: Vec<Hash>,
    /// The signed checkpoint, verbatim.
    pub checkpoint: String,
}

/// Why a proof is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// Not a tlog-proof text.
    #[error("proof is not a tlog-proof text")]
    Malformed,
    /// Its checkpoint.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// Its path.
    #[error(transparent)]
    Path(#[from] PathError),
}

impl TlogProof {
    /// The proof as text, for a file named `….tlog-proof`.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = format!("{FIRST_LINE}\nindex {}\n", self.index);
        for hash in &self.path {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{}", STANDARD.encode(hash));
        }
        text.push('\n');
        text.push_str(&self.checkpoint);
        text
    }

    /// Reads [`Self::to_text`]. An `extra` line, which nothing authenticates, is passed over.
    ///
    /// # Errors
    /// [`ProofError::Malformed`].
    pub fn parse(text: &str) -> Result<Self, ProofError> {
        let malformed = ProofError::Malformed;
        let (head, checkpoint) = text.split_once("\n\n").ok_or(malformed)?;
        let mut lines = head.split('\n').peekable();
        if lines.next() != Some(FIRST_LINE) {
            return Err(malformed);
        }
        lines.next_if(|line| line.starts_with("extra "));
        let digits = lines.next().and_then(|line| line.strip_prefix("index ")).ok_or(malformed)?;
        let index: u64 = digits.parse().map_err(|_| malformed)?;
        if index.to_string() != digits {
            return Err(malformed);
        }
        let hash = |line: &str| STANDARD.decode(line).ok().and_then(|bytes| Hash::try_from(bytes).ok());
        let path: Vec<Hash> = lines.map(hash).collect::<Option<_>>().ok_or(malformed)?;
        if path.len() > PATH_MAX {
            return Err(malformed);
        }
        Ok(Self { index, path, checkpoint: checkpoint.to_owned() })
    }

    /// Checks that `entry` stands where the proof says, under a checkpoint of the log that `verifier` trusts.
    ///
    /// # Errors
    /// [`ProofError`] says what does not hold.
    pub fn verify(&self, entry: &[u8], verifier: &NoteVerifier) -> Result<Checkpoint, ProofError> {
        let checkpoint = Checkpoint::open(&self.checkpoint, verifier)?;
        let head = checkpoint.head;
        verify_inclusion(leaf_hash(entry), self.index, head.size, &self.path, &head.root)?;
        Ok(checkpoint)
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{
            merkle::tests::{by_definition, source},
            note::NoteSigner,
            paths::{Head, inclusion},
        },
        *,
    };

    fn log_of(count: u64) -> (NoteSigner, Vec<Hash>, String) {
        let signer = NoteSigner::from_seed("ijazat.example/node-1", &[7; 32]).unwrap();
        let leaves: Vec<Hash> = (0..count).map(|n| leaf_hash(&n.to_be_bytes())).collect();
        let head = Head { size: count, root: by_definition(&leaves) };
        let note = Checkpoint { origin: "ijazat.example/node-1".into(), head }.sign(&signer).unwrap();
        (signer, leaves, note)
    }

    #[test]
    fn a_proof_survives_its_text_and_holds_for_its_own_entry_only() {
        let (signer, leaves, checkpoint) = log_of(11);
        for index in 0..11_u64 {
            let path = inclusion(&source(&leaves), index, 11).unwrap();
            let proof = TlogProof { index, path, checkpoint: checkpoint.clone() };
            let read = TlogProof::parse(&proof.to_text()).unwrap();
            assert_eq!(read, proof);
            assert!(read.verify(&index.to_be_bytes(), signer.verifier()).is_ok(), "entry {index}");
            let wrong = read.verify(&(index + 1).to_be_bytes(), signer.verifier());
            assert_eq!(wrong, Err(ProofError::Path(PathError::Root)));
        }
    }

    #[test]
    fn a_changed_text_is_refused() {
        let (signer, leaves, checkpoint) = log_of(11);
        let path = inclusion(&source(&leaves), 3, 11).unwrap();
        let text = TlogProof { index: 3, path, checkpoint }.to_text();
        let check = |from: &str, to: &str, good: bool| {
            let read = TlogProof::parse(&text.replacen(from, to, 1));
            let holds = read.and_then(|proof| proof.verify(&3_u64.to_be_bytes(), signer.verifier())).is_ok();
            assert_eq!(holds, good, "{from} -> {to}");
        };
        check("index 3", "index 3", true);
        check("index 3", "extra aGVsbG8=\nindex 3", true);
        check("index 3", "index 4", false);
        check("index 3", "index 03", false);
        check("@v1", "@v2", false);
        check("\n11\n", "\n12\n", false);
        check("=\n", "\n", false);
    }
}
