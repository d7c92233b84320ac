//! `[consent]`: how long a passcode lives. Tries, tokens and polling are fixed (`exchange::limits`): a threat model rests on
//! them, and no installation has a reason of its own.

use exchange::limits;

use super::section::{Section, within};

/// `[consent]`. Bounds are the exchange's: configuration may only tighten them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    /// Seconds that a passcode lives when the agency asks for nothing else; default 300. Whoever raises it gives a thief of
    /// a phone more time.
    pub passcode_ttl_s: i64,
}

impl Consent {
    pub(super) fn read(section: &mut Section<'_>) -> Self {
        Self {
            passcode_ttl_s: section.number(
                "passcode_ttl_s",
                limits::PASSCODE_TTL_S_DEFAULT,
                within!(limits::PASSCODE_TTL_S_MIN, limits::PASSCODE_TTL_S_MAX),
            ),
        }
    }
}
