//! `[consent]`: how long passcodes and tokens live, and how often an agency may poll.

use exchange::limits;

use super::{
    limits as own,
    section::{Section, within},
};

/// `[consent]`. Bounds are the exchange's: configuration may only tighten them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    /// Seconds that a passcode lives when the agency asks for nothing else; default 300. Whoever raises it gives a thief of
    /// a phone more time.
    pub passcode_ttl_s: i64,
    /// Wrong passcodes before the request ends; default 3. Whoever lowers it could shut citizens out.
    pub passcode_attempts: u8,
    /// Seconds that a one-time consent token lives; default 120. Whoever raises it gives a thief of a token more time.
    pub token_ttl_s: i64,
    /// Seconds between two polls of one request; default 2. Whoever lowers it lets agencies load the control store.
    pub poll_interval_s: i64,
    /// Days that a standing consent may live at most; default 365. Whoever raises it keeps a yes alive that was forgotten.
    pub standing_days_max: i64,
}

impl Consent {
    pub(super) fn read(section: &mut Section<'_>) -> Self {
        Self {
            passcode_ttl_s: section.number(
                "passcode_ttl_s",
                limits::PASSCODE_TTL_S_DEFAULT,
                within!(limits::PASSCODE_TTL_S_MIN, limits::PASSCODE_TTL_S_MAX),
            ),
            passcode_attempts: section.number(
                "passcode_attempts",
                limits::PASSCODE_ATTEMPTS_MAX,
                within!(1, limits::PASSCODE_ATTEMPTS_MAX),
            ),
            token_ttl_s: section.number(
                "token_ttl_s",
                limits::CONSENT_TOKEN_TTL_S,
                within!(1, limits::CONSENT_TOKEN_TTL_S),
            ),
            poll_interval_s: section.number("poll_interval_s", 2, within!(1, own::POLL_INTERVAL_S_MAX)),
            standing_days_max: section.number(
                "standing_days_max",
                limits::STANDING_CONSENT_DAYS_MAX,
                within!(1, limits::STANDING_CONSENT_DAYS_MAX),
            ),
        }
    }
}
