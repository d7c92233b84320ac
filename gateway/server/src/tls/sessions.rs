//! Sessions that a client may resume: bounded, and forgotten when the roots of trust change.

use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::server::{ServerSessionMemoryCache, StoresServerSessions};

/// Sessions kept: rustls's own default of 256 makes the clients of a busy gateway push each other out; one is about 1.5 KiB.
const SESSIONS_MAX: usize = 4_096;

/// A session store that can be emptied at once.
#[derive(Debug)]
pub(super) struct Sessions(ArcSwap<Arc<ServerSessionMemoryCache>>);

impl Sessions {
    pub(super) fn new() -> Self {
        Self(ArcSwap::from_pointee(ServerSessionMemoryCache::new(SESSIONS_MAX)))
    }

    /// Forgets all: a resumed session skips the verifier, so a client of a removed root must not have one.
    pub(super) fn forget(&self) {
        self.0.store(Arc::new(ServerSessionMemoryCache::new(SESSIONS_MAX)));
    }
}

impl StoresServerSessions for Sessions {
    fn put(&self, key: Vec<u8>, value: Vec<u8>) -> bool {
        self.0.load().put(key, value)
    }

    fn get(&self, key: &[u8]) -> Option<Vec<u8>> {
        self.0.load().get(key)
    }

    fn take(&self, key: &[u8]) -> Option<Vec<u8>> {
        self.0.load().take(key)
    }

    fn can_cache(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forgotten_sessions_cannot_be_resumed() {
        let sessions = Sessions::new();
        assert!(sessions.put(vec![1], vec![2]));
        assert_eq!(sessions.get(&[1]), Some(vec![2]));
        sessions.forget();
        assert_eq!(sessions.get(&[1]), None);
        assert!(sessions.put(vec![1], vec![3]));
        assert_eq!(sessions.take(&[1]), Some(vec![3]));
        assert_eq!(sessions.take(&[1]), None);
    }
}

#[cfg(test)]
#[path = "sessions_tests.rs"]
mod laws;
