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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_is_drawn_anew_however_many_are_asked_for() {
        let entropy = SystemEntropy::default();
        for length in [16, 17, 32, 1_000] {
            // After a few draws no byte has kept the value that it had before; by chance one in 2^64 would.
            let mut seen = vec![Vec::new(); length];
            for _ in 0..8 {
                let mut bytes = vec![0; length];
                entropy.fill(&mut bytes);
                seen.iter_mut().zip(bytes).for_each(|(seen, byte)| seen.push(byte));
            }
            let still = seen.iter().position(|drawn| drawn.iter().all(|byte| *byte == drawn[0]));
            assert_eq!(still, None, "of {length} bytes one never changed");
        }
        entropy.fill(&mut []);
    }

    #[test]
    fn two_generators_never_give_the_same() {
        let draw = || {
            let mut bytes = [0; 32];
            SystemEntropy::default().fill(&mut bytes);
            bytes
        };
        let mut drawn: Vec<[u8; 32]> = (0..100).map(|_| draw()).collect();
        drawn.sort_unstable();
        drawn.dedup();
        assert_eq!(drawn.len(), 100);
    }
}
