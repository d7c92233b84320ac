//! The key that signs revisions of consents, and the ring that its own signatures are read under.

use exchange::es256::{KeyRing, SigningKey};

use super::{ControlKeys, SqlError};

/// The key and its ring.
pub(super) struct RevisionKey {
    pub(super) key: SigningKey,
    pub(super) ring: KeyRing,
}

impl RevisionKey {
    pub(super) fn new(key: SigningKey) -> Self {
        let ring = [key.public().clone()].into_iter().collect();
        Self { key, ring }
    }
}

impl ControlKeys {
    /// With the key that signs revisions. Without it no consent is asked for, given or ended through this store.
    #[must_use]
    pub fn signing_revisions(mut self, key: SigningKey) -> Self {
        self.revisions = Some(RevisionKey::new(key));
        self
    }

    pub(super) fn revisions(&self) -> Result<&RevisionKey, SqlError> {
        self.revisions.as_ref().ok_or_else(|| SqlError::Other("this process has no key for revisions".to_owned()))
    }
}
