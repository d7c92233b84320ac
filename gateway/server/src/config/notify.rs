//! `[notify]`: how agencies are told of answers and events. Where each is told stands in the directory.

use std::path::PathBuf;

use exchange::networks::is_network;

use super::section::{Section, quoted};

/// `[notify]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notify {
    /// Authorities of agencies' servers (PEM). Absent by default: then no server is trusted and nobody is told. Whoever controls it
    /// could pose as an agency, and learn that some request was answered.
    pub ca: Option<PathBuf>,
    /// Networks behind our walls in which agencies are called all the same, as CIDR; none by default: only public addresses are
    /// called. Whoever widens it lets whoever writes the directory send requests to what stands there.
    pub networks: Vec<String>,
}

impl Notify {
    pub(super) fn read(section: &mut Section<'_>) -> Self {
        let network = |text: &str| {
            if is_network(text) { Ok(text.to_owned()) } else { Err("not an address with a prefix".to_owned()) }
        };
        Self {
            ca: section.optional_path("ca"),
            networks: section.list("networks", Vec::new(), network, |network| quoted(network)),
        }
    }
}
