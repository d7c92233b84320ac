//! Files that a plan needs before it can run: each role's own, and no other's.

use std::{fs, io, path::Path};

use crate::config::{Config, ProcessRole, Upstream, UpstreamKind};

/// A file that the plan needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Needed<'c> {
    section: &'c str,
    key: &'c str,
    path: &'c Path,
}

/// Files that the plan needs and that nobody will make, one message each, for the roles of this process. In development
/// the PKI and the keys make themselves.
#[must_use]
pub fn missing_files(config: &Config) -> Vec<String> {
    let gateway = config.node.plays(ProcessRole::Gateway);
    let mut missing: Vec<String> = Vec::new();
    let mut need = |needed: &[Needed<'_>]| missing.extend(needed.iter().filter_map(complaint));
    if gateway {
        need(&outer(config));
    }
    if serves_internally(config) {
        need(&internal(config, true));
    }
    if gateway {
        for upstream in config.upstreams.values().filter(|upstream| upstream.kind != UpstreamKind::Embedded) {
            let section = format!("upstream.{}", upstream.id);
            need(&of_upstream(&section, upstream));
        }
        if config.upstreams.values().any(falls_back) {
            need(&internal(config, false));
        }
    }
    if gateway || config.node.plays(ProcessRole::Control) {
        need(&named("policy", "bundle", config.policy.bundle.as_deref()));
    }
    missing.extend(shared_keys(config));
    missing
}

/// Whether this process serves the gateway of another process.
fn serves_internally(config: &Config) -> bool {
    let plays = |role| config.node.plays(role);
    !plays(ProcessRole::Gateway) && (plays(ProcessRole::Control) || plays(ProcessRole::Registry))
}

/// Whether this process shows its internal certificate to anyone.
pub(super) fn uses_internal_certificate(config: &Config) -> bool {
    let gateway = config.node.plays(ProcessRole::Gateway);
    serves_internally(config) || (gateway && config.upstreams.values().any(falls_back))
}

/// Whether an upstream is reached under `[tls]`'s internal certificate or authority.
fn falls_back(upstream: &Upstream) -> bool {
    upstream.kind == UpstreamKind::Internal && (upstream.ca.is_none() || upstream.client_cert.is_none())
}

fn outer(config: &Config) -> Vec<Needed<'_>> {
    let tls = &config.tls;
    let files = [
        ("server_cert", &tls.server_cert),
        ("server_key", &tls.server_key),
        ("client_ca", &tls.client_ca),
        ("client_crl", &tls.client_crl),
    ];
    in_production(config, "tls", &files)
}

fn internal(config: &Config, verifies: bool) -> Vec<Needed<'_>> {
    let tls = &config.tls;
    let mut files = vec![
        ("internal_ca", &tls.internal_ca),
        ("internal_cert", &tls.internal_cert),
        ("internal_key", &tls.internal_key),
    ];
    if verifies {
        files.push(("permit_key", &tls.permit_key));
    }
    in_production(config, "tls", &files)
}

fn in_production<'c>(
    config: &Config,
    section: &'c str,
    files: &[(&'c str, &'c std::path::PathBuf)],
) -> Vec<Needed<'c>> {
    let files = files.iter().filter(|_| !config.node.development);
    files.map(|(key, path)| Needed { section, key, path }).collect()
}

fn of_upstream<'c>(section: &'c str, upstream: &'c Upstream) -> Vec<Needed<'c>> {
    let files = [
        ("ca", &upstream.ca),
        ("client_cert", &upstream.client_cert),
        ("client_key", &upstream.client_key),
        ("permit_key", &upstream.permit_key),
    ];
    files.into_iter().filter_map(|(key, path)| Some(Needed { section, key, path: path.as_deref()? })).collect()
}

fn named<'c>(section: &'c str, key: &'c str, path: Option<&'c Path>) -> Vec<Needed<'c>> {
    path.map(|path| Needed { section, key, path }).into_iter().collect()
}

/// Keys that control makes and a gateway elsewhere must be given: with others, a consent given there is not found here.
fn shared_keys(config: &Config) -> Vec<String> {
    let plays = |role| config.node.plays(role);
    if config.node.development || !plays(ProcessRole::Gateway) || plays(ProcessRole::Control) {
        return Vec::new();
    }
    let keys = crate::compose::SHARED_KEYS.map(|name| config.node.state_dir.join("keys").join(name));
    let absent = keys.iter().filter(|path| !path.exists());
    let why = "no such file: copy that of the process that plays `control`";
    absent.map(|path| format!("config: [node] state_dir: {}: {why}", path.display())).collect()
}

fn complaint(needed: &Needed<'_>) -> Option<String> {
    let why = match fs::File::open(needed.path) {
        Ok(_) => return None,
        Err(error) if error.kind() == io::ErrorKind::NotFound => "no such file".to_owned(),
        Err(error) => format!("cannot be read: {error}"),
    };
    let Needed { section, key, path } = needed;
    Some(format!("config: [{section}] {key} = \"{}\": {why}", path.display()))
}

#[cfg(test)]
#[path = "files_tests.rs"]
mod tests;
