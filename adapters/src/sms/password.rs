//! The password of our account at a network or an aggregator.

use std::fmt;

use zeroize::Zeroizing;

/// A password. Prints masked, and is wiped when dropped; what a library copies of it is not.
#[derive(Clone)]
pub struct Password(Zeroizing<String>);

impl Password {
    /// Takes a password as it is.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The password, for the far end only.
    pub(in crate::sms) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(***)")
    }
}
