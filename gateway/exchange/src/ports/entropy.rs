//! The only source of randomness.

/// Gives random bytes. In production unpredictable; in tests a seed.
pub trait Entropy: Send + Sync + std::fmt::Debug {
    /// Fills the slice with random bytes.
    fn fill(&self, bytes: &mut [u8]);
}

/// Sixteen random bytes as 32 lower-case hex digits: the form of our random ids.
#[must_use]
pub fn random_hex_128(entropy: &dyn Entropy) -> String {
    let mut bytes = [0; 16];
    entropy.fill(&mut bytes);
    hex::encode(bytes)
}
