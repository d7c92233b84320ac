//! The host's randomness.

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use exchange::ports::entropy::Entropy;

/// The cryptographic library's generator.
#[derive(Debug, Default)]
pub struct SystemEntropy(SystemRandom);

impl Entropy for SystemEntropy {
    #[expect(clippy::panic, reason = "without randomness no nonce is safe: the process must not go on")]
    fn fill(&self, bytes: &mut [u8]) {
        if self.0.fill(bytes).is_err() {
            panic!("the host gives no randomness");
        }
    }
}
