//! `[node]`: what this process is called, where its state lies and which roles it plays.

use std::path::PathBuf;

use super::section::{Section, quoted};

/// A role that one process may play.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ProcessRole {
    /// The listeners, the ten phases and the access log.
    Gateway,
    /// Agencies, agreements, consents, audit, bills.
    Control,
    /// Persons and households.
    Registry,
    /// Biometrics.
    Matcher,
    /// Work that nobody waits for.
    Worker,
}

impl ProcessRole {
    /// Every role, in the order in which they start.
    pub const ALL: [Self; 5] = [Self::Control, Self::Registry, Self::Matcher, Self::Worker, Self::Gateway];

    /// The role's word in configuration.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Control => "control",
            Self::Registry => "registry",
            Self::Matcher => "matcher",
            Self::Worker => "worker",
        }
    }

    fn parse(text: &str) -> Result<Self, String> {
        let names = Self::ALL.map(Self::as_str).join(", ");
        Self::ALL
            .into_iter()
            .find(|role| role.as_str() == text)
            .ok_or_else(|| format!("`{text}` is not one of {names}"))
    }
}

/// `[node]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Name of this process in leaves and metrics, unique among the nodes; default `node-1`. Whoever controls it could make
    /// one node's records look like another's.
    pub name: String,
    /// Name of the exchange in checkpoints, token audiences and certificates' DNS names; default `localhost`. Whoever
    /// controls it could make receipts speak for another exchange.
    pub origin: String,
    /// Folder of everything that must survive; default `./state`. Whoever controls it holds keys, log and databases.
    pub state_dir: PathBuf,
    /// Whether development conveniences may be used (settable clock, keys made for agencies, plain sandbox); default true
    /// only without a configuration file. Whoever controls it could make production accept a false time.
    pub development: bool,
    /// Roles of this process; default all. Whoever controls it could start a second, unguarded door to the same state.
    pub roles: Vec<ProcessRole>,
}

impl Node {
    /// Whether this process plays the role.
    #[must_use]
    pub fn plays(&self, role: ProcessRole) -> bool {
        self.roles.contains(&role)
    }

    pub(super) fn read(section: &mut Section<'_>, has_file: bool) -> Self {
        let name = section.parsed("name", "node-1".to_owned(), plain_name, |name| quoted(name));
        let origin = section.parsed("origin", "localhost".to_owned(), plain_name, |name| quoted(name));
        let state_dir = section.path("state_dir", PathBuf::from("./state"));
        let development = section.flag("development", !has_file);
        let mut roles =
            section.list("roles", ProcessRole::ALL.to_vec(), ProcessRole::parse, |role| quoted(role.as_str()));
        if roles.is_empty() {
            section.refuse("roles", "a process needs at least one role");
        }
        roles.sort_unstable();
        roles.dedup();
        Self { name, origin, state_dir, development, roles }
    }
}

/// The names stand in signed notes and DNS names, where other characters end a line or a label.
fn plain_name(text: &str) -> Result<String, String> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte);
    if (1..=63).contains(&text.len()) && text.bytes().all(plain) {
        Ok(text.to_owned())
    } else {
        Err("not 1 to 63 small letters, digits, dots and hyphens".to_owned())
    }
}
