//! The keys by which clients verify what control signs (RFC 7517): one signs, the next is published before it does, the last is
//! published until what it signed has run out.
//!
//! Files are read whenever something is signed or published: a rotation counts from the next token on, in every process.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use adapters::log::keys::{KeyError, load, load_or_create};
use aws_lc_rs::{
    agreement::{ECDH_P256, PrivateKey},
    digest::{SHA256, digest},
    error::{KeyRejected, Unspecified},
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use exchange::ports::entropy::{Entropy, random_hex_128};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

/// Signs.
const CURRENT: &str = "jwks.key";
/// Published, and signs after the next rotation.
const NEXT: &str = "jwks-next.key";
/// Published, signed before the last rotation.
const LAST: &str = "jwks-last.key";

/// Bytes of an uncompressed point: a mark, then both coordinates.
const POINT_BYTES: usize = 65;

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

impl From<Unspecified> for Malformed {
    fn from(_: Unspecified) -> Self {
        Self
    }
}

impl From<KeyRejected> for Malformed {
    fn from(_: KeyRejected) -> Self {
        Self
    }
}

/// The library's two ways to say no.
struct Malformed;

/// One key, read.
struct Key {
    pkcs8: Vec<u8>,
    x: String,
    y: String,
}

impl Key {
    /// From a secret scalar.
    fn of(secret: &[u8; 32]) -> Result<Self, Malformed> {
        let private = PrivateKey::from_private_key(&ECDH_P256, secret)?;
        let public = private.compute_public_key()?;
        let point = public.as_ref();
        let pair = EcdsaKeyPair::from_private_key_and_public_key(&ECDSA_P256_SHA256_FIXED_SIGNING, secret, point)?;
        let (x, y) = point.get(1..POINT_BYTES).map(|both| both.split_at(32)).ok_or(Malformed)?;
        let text = |bytes| URL_SAFE_NO_PAD.encode(bytes);
        Ok(Self { pkcs8: pair.to_pkcs8v1()?.as_ref().to_vec(), x: text(x), y: text(y) })
    }

    /// Its thumbprint (RFC 7638), by which a token names it.
    fn id(&self) -> String {
        let required = format!(r#"{{"crv":"P-256","kty":"EC","x":"{}","y":"{}"}}"#, self.x, self.y);
        URL_SAFE_NO_PAD.encode(digest(&SHA256, required.as_bytes()))
    }

    /// Its public half (RFC 7518 §6.2).
    fn public(&self) -> Value {
        json!({
            "kty": "EC", "crv": "P-256", "x": self.x, "y": self.y, "use": "sig", "alg": "ES256", "kid": self.id(),
        })
    }
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
        let mut keys = vec![self.read(CURRENT)?.public()];
        for name in [NEXT, LAST] {
            match self.read(name) {
                Ok(key) => keys.push(key.public()),
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
        let header = Header { kid: Some(key.id()), ..Header::new(Algorithm::ES256) };
        Ok(Signer { header, key: EncodingKey::from_ec_der(&key.pkcs8) })
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

    fn read(&self, name: &str) -> Result<Key, SigningError> {
        let path = self.folder.join(name);
        Key::of(&load(&path)?).map_err(|Malformed| SigningError::Malformed(path))
    }
}

#[cfg(test)]
#[path = "signing_tests.rs"]
mod tests;
