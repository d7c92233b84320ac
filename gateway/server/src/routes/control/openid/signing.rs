//! The keys by which clients verify what control signs (RFC 7517): one signs, the next is published before it does, the last is
//! published until what it signed has run out.
//!
//! Files are read whenever something is signed or published: a rotation counts from the next token on, in every process.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use adapters::log::keys::{KeyError, load, load_or_create};
use exchange::{
    es256::SigningKey,
    ports::entropy::{Entropy, random_hex_128},
};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

/// Signs.
const CURRENT: &str = "jwks.key";
/// Published, and signs after the next rotation.
const NEXT: &str = "jwks-next.key";
/// Published, signed before the last rotation.
const LAST: &str = "jwks-last.key";
/// Published for whoever holds a receipt: signs revisions of consents, and no token.
pub const REVISIONS: &str = "consent.key";

/// Where the keys are.
#[derive(Clone, Debug)]
pub struct SigningKeys {
    folder: PathBuf,
}

/// Nothing can be signed or published.
#[derive(Debug, thiserror::Error)]
pub enum SigningError {
    /// A file.
    #[error(transparent)]
    File(#[from] KeyError),
    /// What a file holds is no P-256 key: one in four thousand million random files.
    #[error("a key of `{0}` is not a P-256 key")]
    Malformed(PathBuf),
    /// The host.
    #[error("`{path}`: {error}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the host reported.
        error: io::Error,
    },
    /// The library refused to sign.
    #[error("cannot sign: {0}")]
    Token(#[from] jsonwebtoken::errors::Error),
}

/// The key that signs.
pub struct Signer {
    header: Header,
    key: EncodingKey,
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Signer").field("kid", &self.header.kid).finish_non_exhaustive()
    }
}

impl Signer {
    /// A signed token (RFC 7519) with these claims.
    ///
    /// # Errors
    /// [`SigningError`].
    pub fn sign(&self, claims: &Value) -> Result<String, SigningError> {
        Ok(jsonwebtoken::encode(&self.header, claims, &self.key)?)
    }

    /// The same of a type of its own, which nobody takes for another (RFC 8725 §3.11).
    ///
    /// # Errors
    /// [`SigningError`].
    pub fn sign_as(&self, typ: &str, claims: &Value) -> Result<String, SigningError> {
        let header = Header { typ: Some(typ.to_owned()), ..self.header.clone() };
        Ok(jsonwebtoken::encode(&header, claims, &self.key)?)
    }
}

impl SigningKeys {
    /// The keys of a folder; the one that signs and the next are made where they are missing.
    ///
    /// # Errors
    /// [`SigningError::File`].
    pub fn open(folder: &Path, entropy: &dyn Entropy) -> Result<Self, SigningError> {
        for name in [CURRENT, NEXT] {
            load_or_create(&folder.join(name), entropy)?;
        }
        Ok(Self { folder: folder.to_owned() })
    }

    /// The published set: what signs, what will, what did.
    ///
    /// # Errors
    /// [`SigningError`].
    pub fn published(&self) -> Result<Value, SigningError> {
        let mut keys = vec![self.read(CURRENT)?.public().jwk()];
        for name in [NEXT, LAST, REVISIONS] {
            match self.read(name) {
                Ok(key) => keys.push(key.public().jwk()),
                // Before the first rotation there is no last, and within one no next.
                Err(SigningError::File(KeyError::Io { error, .. })) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(json!({ "keys": keys }))
    }

    /// The key that signs now, read: what is done with it needs no file any more.
    ///
    /// # Errors
    /// [`SigningError`].
    pub fn signer(&self) -> Result<Signer, SigningError> {
        let key = self.read(CURRENT)?;
        let header = Header { kid: Some(key.public().id()), ..Header::new(Algorithm::ES256) };
        let pkcs8 = key.pkcs8().map_err(|_| SigningError::Malformed(self.folder.join(CURRENT)))?;
        Ok(Signer { header, key: EncodingKey::from_ec_der(&pkcs8) })
    }

    /// Lets the next key sign and draws another next. At every moment there is one that signs, and it was published before.
    ///
    /// # Errors
    /// [`SigningError`]; then nothing has changed, or a repetition goes on from there.
    pub fn rotate(&self, entropy: &dyn Entropy) -> Result<(), SigningError> {
        let [current, next, last] = [CURRENT, NEXT, LAST].map(|name| self.folder.join(name));
        // Whoever was cut off before has no next.
        load_or_create(&next, entropy)?;
        let kept = self.folder.join(format!("{LAST}.{}.tmp", random_hex_128(entropy)));
        let told = |path: &Path, error| SigningError::Io { path: path.to_owned(), error };
        fs::hard_link(&current, &kept).map_err(|error| told(&kept, error))?;
        fs::rename(&kept, &last).map_err(|error| told(&last, error))?;
        fs::rename(&next, &current).map_err(|error| told(&current, error))?;
        load_or_create(&next, entropy)?;
        Ok(())
    }

    fn read(&self, name: &str) -> Result<SigningKey, SigningError> {
        let path = self.folder.join(name);
        SigningKey::new(&load(&path)?).map_err(|_| SigningError::Malformed(path))
    }
}

#[cfg(test)]
#[path = "signing_tests.rs"]
mod tests;
