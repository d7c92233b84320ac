//! Believes a leaf once its proof leads to a checkpoint that its log signed, and once it says itself that it stands there.

use std::collections::HashMap;

use super::finding::Unproved;
use crate::{
    log::{
        checkpoint::Checkpoint,
        merkle::leaf_hash,
        note::unverified_text,
        paths::{Head, verify_inclusion},
        proof::{ProofError, TlogProof},
    },
    record::leaf::Leaf,
    statement::{evidence::Evidence, issued::node_of, keys::PublicKeys},
};

/// Proves leaves by the logs' public keys; each checkpoint's signature is checked once.
#[derive(Debug)]
pub struct Prover<'k> {
    keys: &'k PublicKeys,
    checkpoints: HashMap<String, Head>,
}

impl<'k> Prover<'k> {
    /// By these keys.
    #[must_use]
    pub fn new(keys: &'k PublicKeys) -> Self {
        Self { keys, checkpoints: HashMap::new() }
    }

    /// The leaf.
    ///
    /// # Errors
    /// [`Unproved`] says what does not hold.
    pub fn prove(&mut self, evidence: &Evidence) -> Result<Leaf, Unproved> {
        let TlogProof { index, path, checkpoint } = &evidence.proof;
        let origin = origin_of(evidence);
        let head = match self.checkpoints.get(checkpoint) {
            Some(head) => *head,
            None => self.open(origin, checkpoint)?,
        };
        let stands = verify_inclusion(leaf_hash(&evidence.leaf), *index, head.size, path, &head.root);
        stands.map_err(|error| Unproved::Proof(ProofError::Path(error)))?;
        let leaf = Leaf::from_bytes(&evidence.leaf).map_err(|_| Unproved::Leaf)?;
        if leaf.node == node_of(origin) && leaf.sequence == *index {
            return Ok(leaf);
        }
        Err(Unproved::Place { node: leaf.node, sequence: leaf.sequence })
    }

    fn open(&mut self, origin: &str, note: &str) -> Result<Head, Unproved> {
        let key = self.keys.log(origin).ok_or_else(|| Unproved::Key(origin.to_owned()))?;
        let head = Checkpoint::open(note, key).map_err(ProofError::Checkpoint)?.head;
        self.checkpoints.insert(note.to_owned(), head);
        Ok(head)
    }
}

/// The log that the evidence's checkpoint says it is of; believed of a proved leaf only.
#[must_use]
pub fn origin_of(evidence: &Evidence) -> &str {
    let text = unverified_text(&evidence.proof.checkpoint).ok();
    text.and_then(|text| text.lines().next()).unwrap_or("unknown")
}
