//! The host's randomness.

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use exchange::ports::entropy::Entropy;

/// The cryptographic library's generator.
#[derive(Debug, Default)]
pub struct SystemEntropy(SystemRandom);

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        // Without randomness no nonce is safe: the process must not go on.
        assert!(self.0.fill(bytes).is_ok(), "the host gives no randomness");
    }
}
