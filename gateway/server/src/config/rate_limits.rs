//! `[limits]`: how many requests a second one caller may send before it is refused.

use super::{
    limits,
    section::{Section, within},
};

/// `[limits]`. Each is also its burst. Whoever raises one lets one caller crowd out the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Requests a second of one agency, a ceiling over the directory's own number; default 1000.
    pub agency_per_s: u32,
    /// Requests a second of one user; default 50.
    pub user_per_s: u32,
    /// Requests a second of one service, all callers together; default 5000.
    pub service_per_s: u32,
    /// Requests a second of one address on the public listener; default 20.
    pub public_per_s: u32,
}

impl Limits {
    pub(super) fn read(section: &mut Section<'_>) -> Self {
        let rate = within!(1, limits::RATE_MAX);
        Self {
            agency_per_s: section.number("agency_per_s", 1_000, rate),
            user_per_s: section.number("user_per_s", 50, rate),
            service_per_s: section.number("service_per_s", 5_000, rate),
            public_per_s: section.number("public_per_s", 20, rate),
        }
    }
}
