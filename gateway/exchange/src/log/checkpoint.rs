//! C2SP tlog-checkpoint: which log, how many entries, which root; signed.

use base64::{Engine, engine::general_purpose::STANDARD};

use super::{
    note::{NoteError, NoteSigner, NoteVerifier},
    paths::Head,
};

/// What a log says of itself at one size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log, such as `ijazat.example/node-1`.
    pub origin: String,
    /// Its size and root.
    pub head: Head,
}

/// Why a checkpoint is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// The note around it.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// Not origin, size and root.
    #[error("checkpoint is not an origin, a size and a root")]
    Malformed,
    /// Another log's.
    #[error("checkpoint is another log's")]
    Origin,
}

impl Checkpoint {
    /// The note's text: origin, size and base64 root, one a line.
    #[must_use]
    pub fn to_text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.head.size, STANDARD.encode(self.head.root))
    }

    /// Reads [`Self::to_text`]; extension lines are passed over, as the specification allows them.
    ///
    /// # Errors
    /// [`CheckpointError::Malformed`].
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let malformed = CheckpointError::Malformed;
        let mut lines = text.strip_suffix('\n').ok_or(malformed)?.split('\n');
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next()) else {
            return Err(malformed);
        };
        if origin.is_empty() || lines.any(str::is_empty) {
            return Err(malformed);
        }
        let entries: u64 = size.parse().map_err(|_| malformed)?;
        // One number, one text: no sign and no leading zeroes.
        if entries.to_string() != size {
            return Err(malformed);
        }
        let root = STANDARD.decode(root).ok().and_then(|bytes| bytes.try_into().ok()).ok_or(malformed)?;
        Ok(Self { origin: origin.to_owned(), head: Head { size: entries, root } })
    }

    /// The signed note.
    ///
    /// # Errors
    /// [`CheckpointError::Malformed`] if the origin is not one line, [`CheckpointError::Note`] if it holds other control
    /// characters.
    pub fn sign(&self, signer: &NoteSigner) -> Result<String, CheckpointError> {
        // A line break in the origin would write a size and a root of its own.
        if self.origin.is_empty() || self.origin.contains('\n') {
            return Err(CheckpointError::Malformed);
        }
        Ok(signer.sign(&self.to_text())?)
    }

    /// Reads a note that `verifier` trusts. The key's name is the log's origin, as the specification asks.
    ///
    /// # Errors
    /// [`CheckpointError`] says what does not hold.
    pub fn open(note: &str, verifier: &NoteVerifier) -> Result<Self, CheckpointError> {
        let checkpoint = Self::parse(verifier.open(note)?)?;
        if checkpoint.origin == verifier.name() { Ok(checkpoint) } else { Err(CheckpointError::Origin) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_opens_under_its_logs_key() {
        let signer = NoteSigner::from_seed("ijazat.example/node-1", &[7; 32]).unwrap();
        let ours =
            Checkpoint { origin: "ijazat.example/node-1".into(), head: Head { size: 20_852_163, root: [5; 32] } };
        let note = ours.sign(&signer).unwrap();
        assert_eq!(Checkpoint::open(&note, signer.verifier()), Ok(ours.clone()));
        let foreign = Checkpoint { origin: "ijazat.example/node-2".into(), ..ours };
        assert_eq!(Checkpoint::open(&foreign.sign(&signer).unwrap(), signer.verifier()), Err(CheckpointError::Origin));
    }

    #[test]
    fn a_checkpoint_has_one_form() {
        let root = STANDARD.encode([5; 32]);
        let check = |text: String, size: Option<u64>| {
            assert_eq!(Checkpoint::parse(&text).ok().map(|c| c.head.size), size, "{text}");
        };
        check(format!("a\n7\n{root}\n"), Some(7));
        check(format!("a\n0\n{root}\n"), Some(0));
        check(format!("a\n7\n{root}\nextension\n"), Some(7));
        check(format!("a\n07\n{root}\n"), None);
        check(format!("a\n+7\n{root}\n"), None);
        check(format!("a\n7\n{root}"), None);
        check(format!("\n7\n{root}\n"), None);
        check(format!("a\n7\n{root}\n\n"), None);
        check("a\n7\nAAAA\n".into(), None);
        check("a\n7\n".into(), None);
    }
}
