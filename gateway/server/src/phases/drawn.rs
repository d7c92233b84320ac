//! Randomness for one record, drawn at once: a draw from the host costs about a microsecond, however short it is.

use std::sync::{Mutex, PoisonError};

use exchange::ports::entropy::Entropy;
use zeroize::Zeroize as _;

/// Bytes drawn at once: six keys of commitments and the nonces of the seals of a request about one citizen.
const BYTES: usize = 6 * 32 + 4 * 12;

/// Hands out what was drawn, each byte once, and draws from the host when that is used up. It lives as long as one record
/// is built, so that no copy of a machine's memory finds bytes that another copy will use too.
#[derive(Debug)]
pub(super) struct Drawn<'a> {
    host: &'a dyn Entropy,
    pool: Mutex<Pool>,
}

struct Pool {
    bytes: [u8; BYTES],
    used: usize,
}

impl std::fmt::Debug for Pool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pool(…)")
    }
}

impl<'a> Drawn<'a> {
    /// Draws from the host.
    pub(super) fn from(host: &'a dyn Entropy) -> Self {
        let mut bytes = [0; BYTES];
        host.fill(&mut bytes);
        Self { host, pool: Mutex::new(Pool { bytes, used: 0 }) }
    }
}

impl Entropy for Drawn<'_> {
    fn fill(&self, bytes: &mut [u8]) {
        let mut pool = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
        let (from, until) = (pool.used, pool.used.saturating_add(bytes.len()));
        match pool.bytes.get_mut(from..until) {
            Some(drawn) => {
                bytes.copy_from_slice(drawn);
                drawn.zeroize();
                pool.used = until;
            }
            None => self.host.fill(bytes),
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.bytes.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};

    use super::*;

    /// Gives 0, 1, 2, … and counts how often it was asked.
    #[derive(Debug, Default)]
    struct Counting {
        next: AtomicU8,
        asked: AtomicUsize,
    }

    impl Entropy for Counting {
        fn fill(&self, bytes: &mut [u8]) {
            self.asked.fetch_add(1, Ordering::Relaxed);
            bytes.fill_with(|| self.next.fetch_add(1, Ordering::Relaxed));
        }
    }

    #[test]
    fn each_byte_is_handed_out_once_and_the_host_is_asked_once_for_all() {
        let host = Counting::default();
        let drawn = Drawn::from(&host);
        let mut got = [0; BYTES];
        let (first, rest) = got.split_at_mut(192);
        drawn.fill(first);
        for nonce in rest.chunks_mut(12) {
            drawn.fill(nonce);
        }
        let expected: Vec<u8> = (0..BYTES).map(|n| u8::try_from(n).unwrap()).collect();
        assert_eq!((got.to_vec(), host.asked.load(Ordering::Relaxed)), (expected, 1));
        assert!(drawn.pool.lock().unwrap().bytes.iter().all(|&byte| byte == 0), "what was handed out is wiped");
    }

    #[test]
    fn what_is_used_up_is_drawn_anew_and_never_repeated() {
        let host = Counting::default();
        let drawn = Drawn::from(&host);
        drawn.fill(&mut [0; BYTES - 1]);
        let mut more = [0; 2];
        drawn.fill(&mut more);
        assert_eq!(more, [240, 241], "not the last byte that was left, but fresh ones");
        assert_eq!(host.asked.load(Ordering::Relaxed), 2);
    }
}
