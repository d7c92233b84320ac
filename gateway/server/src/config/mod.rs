//! Configuration: TOML file and environment, read once, checked whole before a socket opens.
//!
//! Map: one file for each section; `source` gathers, `section` reads keys and collects every problem; [`secret`] masks;
//! [`limits`] holds bounds. Every key of every section stands, documented, in `ops/samples/ijazat.toml`.

pub mod consent;
pub mod database;
mod error;
pub mod files;
mod given;
pub mod limits;
pub mod listen;
pub mod log;
mod near;
pub mod node;
pub mod notify;
pub mod observe;
pub mod rate_limits;
pub mod secret;
mod section;
pub mod sms;
mod source;
pub mod tls;
pub mod upstream;

use std::{collections::BTreeMap, path::Path};

use exchange::ids::UpstreamId;

use self::source::Sources;
pub use self::{
    consent::Consent,
    database::Database,
    error::{ConfigError, Problem},
    files::Policy,
    listen::Listen,
    log::Log,
    node::{Node, ProcessRole},
    notify::Notify,
    observe::{LogFormat, Observe},
    rate_limits::Limits,
    section::{Effective, Source},
    sms::{SmppVersion, Sms, SmsMethod, SmsTransport, SmsUrl},
    tls::Tls,
    upstream::{Upstream, UpstreamKind},
};

/// The whole plan of one process, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// `[node]`.
    pub node: Node,
    /// `[listen]`.
    pub listen: Listen,
    /// `[tls]`.
    pub tls: Tls,
    /// `[database]`.
    pub database: Database,
    /// `[log]`.
    pub log: Log,
    /// `[limits]`.
    pub limits: Limits,
    /// `[consent]`.
    pub consent: Consent,
    /// `[sms]`.
    pub sms: Sms,
    /// `[notify]`.
    pub notify: Notify,
    /// `[upstream.<id>]`; `control` and `registry` are always there.
    pub upstreams: BTreeMap<UpstreamId, Upstream>,
    /// `[policy]`.
    pub policy: Policy,
    /// `[observe]`.
    pub observe: Observe,
    /// Every key with its value in force, as it may be shown.
    pub effective: Vec<Effective>,
}

impl Config {
    /// Reads the file, if one is named, lays `IJAZAT__SECTION__KEY` variables over it and checks everything. Command line
    /// options are given as later variables.
    ///
    /// # Errors
    /// [`ConfigError`] with every problem that was found, not only the first.
    pub fn load(path: Option<&Path>, env: impl IntoIterator<Item = (String, String)>) -> Result<Self, ConfigError> {
        let mut sources = Sources::gather(path, env)?;
        let node = sources.section("node", |section| Node::read(section, path.is_some()));
        let listen = sources.section("listen", Listen::read);
        let tls = sources.section("tls", |section| Tls::read(section, &node.state_dir));
        let database = sources.section("database", |section| Database::read(section, &node.state_dir));
        let log = sources.section("log", |section| Log::read(section, &node.state_dir));
        let limits = sources.section("limits", Limits::read);
        let consent = sources.section("consent", Consent::read);
        let sms = sources.section("sms", Sms::read);
        let notify = sources.section("notify", Notify::read);
        let upstreams = read_upstreams(&mut sources);
        let policy = sources.section("policy", Policy::read);
        let observe = sources.section("observe", |section| Observe::read(section, node.development));
        check_roles(&node, &listen, &upstreams, &mut sources);
        let Sources { problems, effective, .. } = sources;
        if !problems.is_empty() {
            return Err(ConfigError { problems });
        }
        Ok(Self {
            node,
            listen,
            tls,
            database,
            log,
            limits,
            consent,
            sms,
            notify,
            upstreams,
            policy,
            observe,
            effective,
        })
    }

    /// The upstream of this name, if one is configured.
    #[must_use]
    pub fn upstream(&self, id: &str) -> Option<&Upstream> {
        self.upstreams.get(id)
    }
}

/// Our own upstreams are there whether the file names them or not.
const OURS: [&str; 2] = ["control", "registry"];

fn read_upstreams(sources: &mut Sources) -> BTreeMap<UpstreamId, Upstream> {
    let mut given = std::mem::take(&mut sources.upstreams);
    for id in OURS {
        given.entry(id.to_owned()).or_default();
    }
    if given.len() > limits::UPSTREAMS_MAX {
        sources.refuse("upstream", &format!("at most {} (limits::UPSTREAMS_MAX)", limits::UPSTREAMS_MAX));
    }
    let mut upstreams = BTreeMap::new();
    for (id, keys) in given {
        let name = format!("upstream.{id}");
        match UpstreamId::parse(&id) {
            Ok(parsed) => {
                let upstream = sources.read_keys(name, keys, |section| Upstream::read(section, parsed.clone()));
                upstreams.insert(parsed, upstream);
            }
            Err(error) => sources.refuse(&name, &error.to_string()),
        }
    }
    upstreams
}

/// A gateway needs each of our services in its own process or at an address; a service without a gateway needs a listener.
fn check_roles(node: &Node, listen: &Listen, upstreams: &BTreeMap<UpstreamId, Upstream>, sources: &mut Sources) {
    let ours = [
        (OURS[0], ProcessRole::Control, listen.internal_control),
        (OURS[1], ProcessRole::Registry, listen.internal_registry),
    ];
    for (id, role, address) in ours {
        let embedded = upstreams.get(id).is_some_and(|upstream| upstream.kind == UpstreamKind::Embedded);
        if node.plays(ProcessRole::Gateway) && !node.plays(role) && embedded {
            let reason = format!("embedded, but this process does not play `{id}`: give kind = \"internal\" and a url");
            sources.refuse(&format!("upstream.{id}"), &reason);
        }
        if !node.plays(ProcessRole::Gateway) && node.plays(role) && address.is_none() {
            let reason = format!("internal_{id} is needed: this process plays `{id}` without a gateway");
            sources.refuse("listen", &reason);
        }
    }
}

#[cfg(test)]
mod tests;
