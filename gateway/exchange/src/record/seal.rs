//! Sealing: AES-256-GCM with a random nonce, bound to its place by associated data.

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    hmac,
};

use crate::ports::entropy::Entropy;

/// Sets the key of digests apart from the key that seals.
const DIGESTS: &[u8] = b"ijazat/digests/1";

/// A 256-bit key that seals records. Its bytes never leave it.
pub struct SealingKey {
    seal: LessSafeKey,
    /// HMAC-SHA-256 of a label under the secret: who learns a digest learns nothing of what seals. Boxed, because the
    /// library's key is large and sealing keys are passed by value.
    digests: Box<hmac::Key>,
}

impl std::fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SealingKey(…)")
    }
}

/// A sealed value could not be opened: wrong key, wrong place, or changed bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("sealed value cannot be opened with this key in this place")]
pub struct SealError;

impl SealingKey {
    /// From 32 secret bytes.
    ///
    /// # Errors
    /// [`SealError`] never occurs for 32 bytes; the library's signature asks for it.
    pub fn new(secret: &[u8; 32]) -> Result<Self, SealError> {
        let seal = UnboundKey::new(&AES_256_GCM, secret).map(LessSafeKey::new).map_err(|_| SealError)?;
        let derived = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), DIGESTS);
        Ok(Self { seal, digests: Box::new(hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref())) })
    }

    /// A digest of these parts that nobody can guess from them without the key: HMAC-SHA-256 under a key derived from this
    /// one. Each part goes in with its length, so that no two lists of parts are one text.
    #[must_use]
    pub fn digest(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&self.digests);
        for part in parts {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        let mut digest = [0; 32];
        // The tag of HMAC-SHA-256 has 32 bytes; were it shorter, the rest would stay nought.
        digest.iter_mut().zip(context.sign().as_ref()).for_each(|(to, from)| *to = *from);
        digest
    }

    /// Seals `plain` for the place named by `place`. Layout: 12 bytes nonce, ciphertext, 16 bytes tag.
    ///
    /// # Errors
    /// [`SealError`] if the library refuses, which it does only beyond 64 GiB.
    pub fn seal(&self, entropy: &dyn Entropy, place: &[u8], plain: &[u8]) -> Result<Vec<u8>, SealError> {
        let mut nonce = [0; NONCE_LEN];
        entropy.fill(&mut nonce);
        let mut sealed = Vec::with_capacity(NONCE_LEN + plain.len() + 16);
        sealed.extend_from_slice(&nonce);
        let mut body = plain.to_vec();
        self.seal
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(place), &mut body)
            .map_err(|_| SealError)?;
        sealed.append(&mut body);
        Ok(sealed)
    }

    /// Opens what [`Self::seal`] sealed for the same place.
    ///
    /// # Errors
    /// [`SealError`] for a wrong key, a wrong place or changed bytes.
    pub fn open(&self, place: &[u8], sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        let (nonce, body) = sealed.split_at_checked(NONCE_LEN).ok_or(SealError)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| SealError)?;
        let mut body = body.to_vec();
        let plain = self.seal.open_in_place(nonce, Aad::from(place), &mut body).map_err(|_| SealError)?;
        Ok(plain.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Zeros;
    impl Entropy for Zeros {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(0);
        }
    }

    #[test]
    fn a_sealed_value_opens_only_in_its_place_and_unchanged() {
        let key = SealingKey::new(&[3; 32]).unwrap();
        let sealed = key.seal(&Zeros, b"here", b"secret").unwrap();
        assert_eq!(key.open(b"here", &sealed).unwrap(), b"secret");
        assert_eq!(key.open(b"there", &sealed), Err(SealError));
        let mut changed = sealed.clone();
        *changed.last_mut().unwrap() ^= 1;
        assert_eq!(key.open(b"here", &changed), Err(SealError));
        assert_eq!(SealingKey::new(&[4; 32]).unwrap().open(b"here", &sealed), Err(SealError));
        assert_eq!(key.open(b"here", b"short"), Err(SealError));
    }

    #[test]
    fn a_digest_is_the_keys_own_and_tells_its_parts_apart() {
        let key = |secret| SealingKey::new(&[secret; 32]).unwrap();
        let digest = key(3).digest(&[b"ab", b"c"]);
        assert_eq!(key(3).digest(&[b"ab", b"c"]), digest);
        assert_ne!(key(4).digest(&[b"ab", b"c"]), digest);
        for parts in [&[b"a" as &[u8], b"bc"] as &[&[u8]], &[b"abc"], &[b"ab", b"c", b""], &[b"c", b"ab"], &[]] {
            assert_ne!(key(3).digest(parts), digest, "{parts:?}");
        }
        // Not the secret's own HMAC: the key that seals and the key of digests are two.
        let plain = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &[3; 32]), b"ab");
        assert_ne!(key(3).digest(&[b"ab"]).as_slice(), plain.as_ref());
    }
}
