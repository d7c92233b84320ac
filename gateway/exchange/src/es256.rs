//! ES256 (RFC 7518 §3.4) under keys of 32 secret bytes, their public halves as JSON Web Keys (RFC 7517), and compact signatures
//! (RFC 7515 §7.1) over bytes that are kept as they were signed.

use std::{collections::BTreeMap, fmt};

use aws_lc_rs::{
    agreement::{ECDH_P256, PrivateKey},
    digest::{SHA256, digest},
    error::{KeyRejected, Unspecified},
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, UnparsedPublicKey,
    },
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Bytes of an uncompressed point: a mark, then both coordinates.
const POINT_BYTES: usize = 65;

/// The mark of an uncompressed point (SEC 1 §2.3.3).
const UNCOMPRESSED: u8 = 4;

/// The only algorithm here.
const ALGORITHM: &str = "ES256";

/// The 32 bytes are no P-256 key (one in four thousand million is none), or the library refused its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a P-256 key, or the library refused it")]
pub struct KeyUnusable;

impl From<Unspecified> for KeyUnusable {
    fn from(_: Unspecified) -> Self {
        Self
    }
}

impl From<KeyRejected> for KeyUnusable {
    fn from(_: KeyRejected) -> Self {
        Self
    }
}

/// A key that signs.
pub struct SigningKey {
    pair: EcdsaKeyPair,
    public: PublicKey,
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("kid", &self.public.id()).finish_non_exhaustive()
    }
}

impl SigningKey {
    /// From a secret scalar.
    ///
    /// # Errors
    /// [`KeyUnusable`].
    pub fn new(secret: &[u8; 32]) -> Result<Self, KeyUnusable> {
        let private = PrivateKey::from_private_key(&ECDH_P256, secret)?;
        let point = private.compute_public_key()?;
        let pair =
            EcdsaKeyPair::from_private_key_and_public_key(&ECDSA_P256_SHA256_FIXED_SIGNING, secret, point.as_ref())?;
        let public = PublicKey::new(pair.public_key().as_ref()).ok_or(KeyUnusable)?;
        Ok(Self { pair, public })
    }

    /// Its public half.
    #[must_use]
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// The whole key as PKCS #8, for libraries that sign by themselves.
    ///
    /// # Errors
    /// [`KeyUnusable`].
    pub fn pkcs8(&self) -> Result<Vec<u8>, KeyUnusable> {
        Ok(self.pair.to_pkcs8v1()?.as_ref().to_vec())
    }

    /// Signs bytes of a type (`typ` of RFC 7515 §4.1.9) in compact form.
    ///
    /// # Errors
    /// [`KeyUnusable`].
    pub fn sign(&self, typ: &str, payload: &[u8]) -> Result<String, KeyUnusable> {
        let header = Header { alg: ALGORITHM.to_owned(), kid: self.public.id(), typ: typ.to_owned() };
        let header = serde_json::to_vec(&header).map_err(|_| KeyUnusable)?;
        let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
        let signature = self.pair.sign(&SystemRandom::new(), signed.as_bytes())?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref())))
    }
}

/// What a compact signature says of itself.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: String,
    kid: String,
    typ: String,
}

/// The public half of a key.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey([u8; POINT_BYTES]);

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.id())
    }
}

impl PublicKey {
    fn new(point: &[u8]) -> Option<Self> {
        let point: [u8; POINT_BYTES] = point.try_into().ok()?;
        point.starts_with(&[UNCOMPRESSED]).then_some(Self(point))
    }

    /// Reads [`Self::jwk`], whatever else stands in it.
    #[must_use]
    pub fn from_jwk(jwk: &Value) -> Option<Self> {
        let is = |name: &str, value: &str| jwk.get(name).and_then(Value::as_str) == Some(value);
        let coordinate = |name: &str| URL_SAFE_NO_PAD.decode(jwk.get(name)?.as_str()?).ok();
        let (x, y) = (coordinate("x")?, coordinate("y")?);
        let whole = is("kty", "EC") && is("crv", "P-256") && x.len() == 32;
        Self::new(&[&[UNCOMPRESSED], x.as_slice(), y.as_slice()].concat()).filter(|_| whole)
    }

    /// JSON Web Key (RFC 7518 §6.2).
    #[must_use]
    pub fn jwk(&self) -> Value {
        let (x, y) = self.coordinates();
        json!({"kty": "EC", "crv": "P-256", "x": x, "y": y, "use": "sig", "alg": ALGORITHM, "kid": self.id()})
    }

    /// Its thumbprint (RFC 7638), by which signatures name it.
    #[must_use]
    pub fn id(&self) -> String {
        let (x, y) = self.coordinates();
        let required = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
        URL_SAFE_NO_PAD.encode(digest(&SHA256, required.as_bytes()))
    }

    fn coordinates(&self) -> (String, String) {
        let (_, both) = self.0.split_at(1);
        let (x, y) = both.split_at(32);
        (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y))
    }
}

/// Keys whose signatures are believed.
#[derive(Clone, Debug, Default)]
pub struct KeyRing(BTreeMap<String, PublicKey>);

impl FromIterator<PublicKey> for KeyRing {
    fn from_iter<I: IntoIterator<Item = PublicKey>>(keys: I) -> Self {
        Self(keys.into_iter().map(|key| (key.id(), key)).collect())
    }
}

impl KeyRing {
    /// What a compact signature of this type was made over; `None` if it is not one, of another type, or by nobody believed.
    #[must_use]
    pub fn open(&self, typ: &str, compact: &str) -> Option<Vec<u8>> {
        let (signed, signature) = compact.rsplit_once('.')?;
        let (header, payload) = signed.split_once('.')?;
        let header: Header = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).ok()?).ok()?;
        if header.alg != ALGORITHM || header.typ != typ {
            return None;
        }
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, self.0.get(&header.kid)?.0);
        key.verify(signed.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).ok()?).ok()?;
        URL_SAFE_NO_PAD.decode(payload).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> SigningKey {
        SigningKey::new(&[byte; 32]).unwrap()
    }

    #[test]
    fn what_was_signed_opens_under_its_key_and_no_other() {
        let key = key(7);
        let ring: KeyRing = [key.public().clone()].into_iter().collect();
        let text = key.sign("a+jwt", b"payload").unwrap();
        assert_eq!(ring.open("a+jwt", &text).unwrap(), b"payload");
        assert_eq!(ring.open("b+jwt", &text), None, "another type");
        let others: KeyRing = [self::key(8).public().clone()].into_iter().collect();
        assert_eq!(others.open("a+jwt", &text), None, "another key");
        assert_eq!(KeyRing::default().open("a+jwt", &text), None);
    }

    #[test]
    fn each_changed_letter_spoils_a_signature() {
        let key = key(7);
        let ring: KeyRing = [key.public().clone()].into_iter().collect();
        let text = key.sign("a+jwt", b"payload").unwrap();
        for place in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            // The last letters of a part hold bits that mean nothing: they may not mean something else.
            if let Some(payload) = ring.open("a+jwt", &changed) {
                panic!("{place} of {text} may be changed: {payload:?}");
            }
        }
        let cut = text.get(..text.len() - 2).unwrap();
        for odd in ["", ".", "..", "a.b.c", "a.b", cut] {
            assert_eq!(ring.open("a+jwt", odd), None, "{odd}");
        }
    }

    #[test]
    fn a_public_half_comes_back_from_its_jwk() {
        let public = key(7).public().clone();
        assert_eq!(PublicKey::from_jwk(&public.jwk()), Some(public.clone()));
        assert_eq!(public.id().len(), 43);
        for (member, value) in [("kty", "RSA"), ("crv", "P-384"), ("x", "AA"), ("y", "A")] {
            let mut jwk = public.jwk();
            jwk[member] = json!(value);
            assert_eq!(PublicKey::from_jwk(&jwk), None, "{member}");
        }
        assert_eq!(PublicKey::from_jwk(&json!({})), None);
        assert!(SigningKey::new(&[0; 32]).is_err(), "nought is no key");
        assert!(!format!("{:?}", key(7)).contains("0707"));
    }
}
