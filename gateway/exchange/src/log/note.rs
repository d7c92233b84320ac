//! C2SP signed-note with Ed25519: a text and the lines that sign it.

use aws_lc_rs::{
    digest,
    signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey},
};
use base64::{Engine, engine::general_purpose::STANDARD};

/// C2SP's signature type of plain Ed25519.
const ED25519_TYPE: u8 = 0x01;

/// Signature lines that a reader looks at; the specification asks for at least 16.
const SIGNATURES_MAX: usize = 64;

/// Before each signature line.
const DASH: &str = "— ";

/// Why a note or key is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// The key name is empty or has a space or `+`.
    #[error("key name is empty or has a space or `+`")]
    Name,
    /// The verifier key is not `name+id+key` of Ed25519.
    #[error("verifier key is not of the form `name+id+key`")]
    Key,
    /// Not a text, an empty line and signature lines.
    #[error("note is not a text with signature lines")]
    Malformed,
    /// No line is by the key that is trusted.
    #[error("note is not signed by the trusted key")]
    Unsigned,
    /// A line by the trusted key does not hold.
    #[error("signature of the note does not hold")]
    Signature,
}

fn check_name(name: &str) -> Result<(), NoteError> {
    let bad = name.is_empty() || name.chars().any(|c| c.is_whitespace() || c.is_control() || c == '+');
    if bad { Err(NoteError::Name) } else { Ok(()) }
}

/// First four bytes of SHA-256 over name, newline, type and public key.
fn key_id(name: &str, typed_key: &[u8]) -> [u8; 4] {
    let hash = digest::digest(&digest::SHA256, &[name.as_bytes(), b"\n", typed_key].concat());
    hash.as_ref().first_chunk().copied().unwrap_or_default()
}

/// Signs notes under one name.
pub struct NoteSigner {
    name: String,
    pair: Ed25519KeyPair,
    verifier: NoteVerifier,
}

impl std::fmt::Debug for NoteSigner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NoteSigner({})", self.name)
    }
}

impl NoteSigner {
    /// From the key's name and its 32 secret bytes (RFC 8032 private key).
    ///
    /// # Errors
    /// [`NoteError::Name`]; [`NoteError::Key`] if the library refuses the bytes.
    pub fn from_seed(name: &str, seed: &[u8; 32]) -> Result<Self, NoteError> {
        check_name(name)?;
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| NoteError::Key)?;
        let public = pair.public_key().as_ref().try_into().map_err(|_| NoteError::Key)?;
        Ok(Self { name: name.to_owned(), pair, verifier: NoteVerifier::new(name, public)? })
    }

    /// What verifies this signer's notes.
    #[must_use]
    pub fn verifier(&self) -> &NoteVerifier {
        &self.verifier
    }

    /// The signed note over `text`.
    ///
    /// # Errors
    /// [`NoteError::Malformed`] if the text does not end in a newline or holds other control characters.
    pub fn sign(&self, text: &str) -> Result<String, NoteError> {
        if !text.ends_with('\n') || text.chars().any(|c| c < ' ' && c != '\n') {
            return Err(NoteError::Malformed);
        }
        Ok(format!("{text}\n{}", self.line(text)))
    }

    /// The same note with a signature by this key besides those that it has; a second one by the same key is not added.
    ///
    /// # Errors
    /// [`NoteError::Malformed`], or [`NoteError::Signature`] where a line says to be this key's and does not hold.
    pub fn cosign(&self, note: &str) -> Result<String, NoteError> {
        match self.verifier.open(note) {
            Ok(_) => Ok(note.to_owned()),
            Err(NoteError::Unsigned) => Ok(format!("{note}{}", self.line(unverified_text(note)?))),
            Err(other) => Err(other),
        }
    }

    fn line(&self, text: &str) -> String {
        let signature = self.pair.sign(text.as_bytes());
        let line = STANDARD.encode([&self.verifier.id[..], signature.as_ref()].concat());
        format!("{DASH}{} {line}\n", self.name)
    }
}

/// The text of a note, whoever signed it or nobody: for showing, and for finding out which keys must have signed.
///
/// # Errors
/// [`NoteError::Malformed`].
pub fn unverified_text(note: &str) -> Result<&str, NoteError> {
    split(note).map(|(text, _)| text)
}

/// Text and signature lines.
fn split(note: &str) -> Result<(&str, &str), NoteError> {
    if note.chars().any(|c| c < ' ' && c != '\n') {
        return Err(NoteError::Malformed);
    }
    // The text ends at the last empty line.
    let (before, lines) = note.rsplit_once("\n\n").ok_or(NoteError::Malformed)?;
    let text = note.get(..=before.len()).ok_or(NoteError::Malformed)?;
    Ok((text, lines.strip_suffix('\n').ok_or(NoteError::Malformed)?))
}

/// Verifies notes of one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteVerifier {
    name: String,
    id: [u8; 4],
    key: [u8; 32],
}

impl NoteVerifier {
    /// From a name and an Ed25519 public key.
    ///
    /// # Errors
    /// [`NoteError::Name`].
    pub fn new(name: &str, key: [u8; 32]) -> Result<Self, NoteError> {
        check_name(name)?;
        Ok(Self { name: name.to_owned(), id: key_id(name, &typed(&key)), key })
    }

    /// Reads a `vkey`: `name+hex id+base64 of type and key`.
    ///
    /// # Errors
    /// [`NoteError::Key`], also where the id is not that of the key.
    pub fn parse(vkey: &str) -> Result<Self, NoteError> {
        let mut parts = vkey.trim_end().splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(NoteError::Key);
        };
        let typed_key = STANDARD.decode(key).map_err(|_| NoteError::Key)?;
        let Some((&ED25519_TYPE, key)) = typed_key.split_first() else {
            return Err(NoteError::Key);
        };
        let verifier = Self::new(name, key.try_into().map_err(|_| NoteError::Key)?)?;
        if hex::encode(verifier.id) == id { Ok(verifier) } else { Err(NoteError::Key) }
    }

    /// The name that its signature lines carry.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The public key's 32 bytes.
    #[must_use]
    pub fn public_key(&self) -> &[u8; 32] {
        &self.key
    }

    /// The `vkey` text that [`Self::parse`] and third-party tools read.
    #[must_use]
    pub fn to_vkey(&self) -> String {
        format!("{}+{}+{}", self.name, hex::encode(self.id), STANDARD.encode(typed(&self.key)))
    }

    /// The note's text, once a line by this key holds. Lines by other keys are ignored.
    ///
    /// # Errors
    /// [`NoteError::Malformed`], [`NoteError::Unsigned`] or [`NoteError::Signature`].
    pub fn open<'note>(&self, note: &'note str) -> Result<&'note str, NoteError> {
        let (text, lines) = split(note)?;
        let mut held = false;
        for line in lines.split('\n').take(SIGNATURES_MAX) {
            held |= self.line_holds(line, text)?;
        }
        if held { Ok(text) } else { Err(NoteError::Unsigned) }
    }

    /// Whether this line is by this key; an error if it is and does not hold.
    fn line_holds(&self, line: &str, text: &str) -> Result<bool, NoteError> {
        let (name, encoded) =
            line.strip_prefix(DASH).and_then(|rest| rest.split_once(' ')).ok_or(NoteError::Malformed)?;
        let bytes = STANDARD.decode(encoded).map_err(|_| NoteError::Malformed)?;
        let (id, signature) = bytes.split_first_chunk::<4>().ok_or(NoteError::Malformed)?;
        if name != self.name || *id != self.id {
            return Ok(false);
        }
        let key = UnparsedPublicKey::new(&ED25519, self.key);
        key.verify(text.as_bytes(), signature).map(|()| true).map_err(|_| NoteError::Signature)
    }
}

fn typed(key: &[u8; 32]) -> Vec<u8> {
    [&[ED25519_TYPE], &key[..]].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_note_of_the_go_documentation_opens() {
        // From the package documentation of golang.org/x/mod/sumdb/note.
        let vkey = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
        let text =
            "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
        let line = "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=";
        let note = format!("{text}\n— PeterNeumann {line}\n");
        let verifier = NoteVerifier::parse(vkey).unwrap();
        assert_eq!(verifier.open(&note), Ok(text));
        assert_eq!(verifier.to_vkey(), vkey);
    }

    #[test]
    fn a_note_opens_only_unchanged_and_by_its_own_key() {
        let signer = NoteSigner::from_seed("ijazat.example/node-1", &[7; 32]).unwrap();
        let other = NoteSigner::from_seed("ijazat.example/node-1", &[8; 32]).unwrap();
        let note = signer.sign("hello\n\nworld\n").unwrap();
        let check = |note: &str, expected| assert_eq!(signer.verifier().open(note), expected, "{note}");
        check(&note, Ok("hello\n\nworld\n"));
        check(&note.replace("world", "World"), Err(NoteError::Signature));
        check(&other.sign("hello\n\nworld\n").unwrap(), Err(NoteError::Unsigned));
        check("hello\n", Err(NoteError::Malformed));
        check("hello\n\nnot a line\n", Err(NoteError::Malformed));
        let foreign = other.sign("hello\n\nworld\n").unwrap();
        let cosigned = format!("{note}{}", foreign.rsplit_once("\n\n").unwrap().1);
        check(&cosigned, Ok("hello\n\nworld\n"));
    }

    #[test]
    fn a_note_is_signed_by_two_and_by_each_once() {
        let [first, second] = [7, 8].map(|seed| NoteSigner::from_seed(&format!("office/{seed}"), &[seed; 32]).unwrap());
        let note = second.cosign(&first.sign("hello\n").unwrap()).unwrap();
        for signer in [&first, &second] {
            assert_eq!(signer.verifier().open(&note), Ok("hello\n"));
            assert_eq!(signer.cosign(&note).as_deref(), Ok(note.as_str()));
        }
        assert_eq!(note.lines().count(), 4);
        assert_eq!(unverified_text(&note), Ok("hello\n"));
        assert_eq!(first.cosign(&note.replace("hello", "hullo")), Err(NoteError::Signature));
        assert_eq!(first.cosign("hello\n"), Err(NoteError::Malformed));
    }

    #[test]
    fn a_verifier_key_survives_its_text_and_refuses_changes() {
        let verifier = NoteSigner::from_seed("a.example/log", &[1; 32]).unwrap().verifier().clone();
        let vkey = verifier.to_vkey();
        assert_eq!(NoteVerifier::parse(&vkey), Ok(verifier));
        assert_eq!(NoteVerifier::parse(&vkey.replace("a.example", "b.example")), Err(NoteError::Key));
        assert_eq!(NoteVerifier::parse("a.example/log"), Err(NoteError::Key));
        assert_eq!(NoteSigner::from_seed("two words", &[1; 32]).map(|_| ()), Err(NoteError::Name));
        assert_eq!(NoteSigner::from_seed("a", &[1; 32]).unwrap().sign("no newline"), Err(NoteError::Malformed));
    }
}
