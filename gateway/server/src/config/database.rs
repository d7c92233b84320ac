//! `[database]`: one database for each role; SQLite under the state unless another is named.

use std::path::Path;

use super::{secret::SecretUrl, section::Section};

/// `[database]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Database {
    /// Agencies, agreements, consents; default `sqlite://<state>/control.db`. Whoever controls it decides who may do what.
    pub control: SecretUrl,
    /// Persons and households; default `sqlite://<state>/registry.db`. Whoever controls it holds the data itself.
    pub registry: SecretUrl,
    /// Search index of the access log, which can be rebuilt; default `sqlite://<state>/index.db`. Whoever controls it could
    /// hide an access from a search, but not from the log.
    pub index: SecretUrl,
}

impl Database {
    pub(super) fn read(section: &mut Section<'_>, state: &Path) -> Self {
        let file = |name: &str| format!("sqlite://{}", state.join(name).display());
        let database = Self {
            control: section.secret_url("control", file("control.db"), check_url),
            registry: section.secret_url("registry", file("registry.db"), check_url),
            index: section.secret_url("index", file("index.db"), check_url),
        };
        if database.control == database.registry {
            section.refuse("registry", "the same database as `control`: each role has its own");
        }
        if database.index == database.control || database.index == database.registry {
            section.refuse("index", "the same database as another role's: each role has its own");
        }
        database
    }
}

fn check_url(url: &str) -> Result<(), String> {
    let known = ["sqlite://", "postgres://", "postgresql://"];
    if known.iter().any(|scheme| url.starts_with(scheme)) {
        Ok(())
    } else {
        Err("does not begin with sqlite:// or postgres://".to_owned())
    }
}
