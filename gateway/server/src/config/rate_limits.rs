//! `[limits]`: how many requests a second one caller may send before it is refused.

use super::{
    limits,
    secret::SecretUrl,
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
    /// Redis in which the gateways share agencies' quotas; absent, each counts its own share for itself. Whoever controls it could give an
    /// agency its quota once more, or keep every gateway to its own share; it holds counters and nothing else.
    pub shared: Option<SecretUrl>,
    /// Gateways among which the quotas of agencies are divided; default 1. Whoever lowers it lets agencies send more than their quota.
    pub nodes: u32,
}

impl Limits {
    pub(super) fn read(section: &mut Section<'_>) -> Self {
        let rate = within!(1, limits::RATE_MAX);
        let read = Self {
            agency_per_s: section.number("agency_per_s", 1_000, rate),
            user_per_s: section.number("user_per_s", 50, rate),
            service_per_s: section.number("service_per_s", 5_000, rate),
            public_per_s: section.number("public_per_s", 20, rate),
            nodes: section.number("nodes", 1, within!(1, limits::NODES_MAX)),
            shared: section.optional_secret_url("shared", check_url),
        };
        if read.shared.is_some() && read.nodes == 1 {
            section.refuse("nodes", "say how many gateways share the quotas, 2 or more");
        }
        read
    }
}

fn check_url(url: &str) -> Result<(), String> {
    let known = ["redis://", "redis+unix://"];
    if known.iter().any(|scheme| url.starts_with(scheme)) {
        Ok(())
    } else {
        Err("does not begin with redis:// or redis+unix://".to_owned())
    }
}
