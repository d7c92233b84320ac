//! `cargo xtask deny`: licences, bans and sources of every dependency, by the same `deny.toml` that cargo-deny reads.
//!
//! cargo-deny takes minutes to compile, so the build machine runs this check, which needs cargo alone; where cargo-deny
//! is installed it runs too. Advisories need a database from the network: operators run `cargo deny check advisories`.

mod licence;

use std::{fs, path::Path, process::Command};

use serde::Deserialize;

use crate::{
    Verdict,
    metadata::{self, Metadata},
    say,
};

/// The part of `deny.toml` that this check reads.
#[derive(Debug, Deserialize)]
struct Rules {
    licenses: Licences,
    bans: Bans,
}

#[derive(Debug, Deserialize)]
struct Licences {
    allow: Vec<String>,
    #[serde(default)]
    exceptions: Vec<Exception>,
}

#[derive(Debug, Deserialize)]
struct Exception {
    #[serde(rename = "crate")]
    name: String,
    allow: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Bans {
    deny: Vec<Banned>,
}

#[derive(Debug, Deserialize)]
struct Banned {
    #[serde(rename = "crate")]
    name: String,
    reason: String,
}

/// Checks, prints what breaks a rule, and answers whether nothing does.
///
/// # Errors
/// When `deny.toml` or cargo's metadata cannot be read.
pub fn run(root: &Path) -> Verdict {
    let text = fs::read_to_string(root.join("deny.toml")).map_err(|error| format!("deny.toml: {error}"))?;
    let rules: Rules = toml::from_str(&text).map_err(|error| format!("deny.toml: {error}"))?;
    let metadata = metadata::read(root, true)?;
    let found = offences(&rules, &metadata);
    for offence in &found {
        say::line(offence);
    }
    say::line(&format!("{} packages checked, {} break deny.toml", metadata.packages.len(), found.len()));
    Ok(found.is_empty() && cargo_deny(root)?)
}

/// Runs cargo-deny where it is installed.
fn cargo_deny(root: &Path) -> Verdict {
    let installed = Command::new("cargo-deny").arg("--version").output().is_ok_and(|output| output.status.success());
    if !installed {
        return Ok(true);
    }
    let mut check = Command::new("cargo-deny");
    let status = check.current_dir(root).args(["check", "bans", "licenses", "sources"]).status();
    status.map(|status| status.success()).map_err(|error| format!("cargo-deny: {error}"))
}

fn offences(rules: &Rules, metadata: &Metadata) -> Vec<String> {
    let mut found = Vec::new();
    for package in &metadata.packages {
        let who = format!("{} {}", package.name, package.version);
        let excepted = rules.licenses.exceptions.iter().filter(|exception| exception.name == package.name);
        let extra: Vec<&String> = excepted.flat_map(|exception| &exception.allow).collect();
        let allowed = |id: &str| rules.licenses.allow.iter().chain(extra.iter().copied()).any(|allowed| allowed == id);
        match package.license.as_deref() {
            Some(expression) if licence::satisfied(expression, &allowed) => {}
            Some(expression) => found.push(format!("{who}: licence `{expression}` is not allowed")),
            None => found.push(format!("{who}: names no licence")),
        }
        if let Some(banned) = rules.bans.deny.iter().find(|banned| banned.name == package.name) {
            found.push(format!("{who}: banned, {}", banned.reason));
        }
        if !package.source.as_deref().is_none_or(is_the_registry) {
            found.push(format!("{who}: comes neither from this tree nor from the registry"));
        }
    }
    found
}

/// Whether a source is cargo's own registry, by the name that cargo writes into its lock file.
fn is_the_registry(source: &str) -> bool {
    source.starts_with("registry+") && source.ends_with(&format!("/{}.{}-index", "rust-lang/crates", "io"))
}

#[cfg(test)]
#[path = "deny_tests.rs"]
mod rule_tests;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::Package;

    fn package(name: &str, license: Option<&str>, source: Option<&str>) -> Metadata {
        let package = Package {
            name: name.into(),
            version: "1.0.0".into(),
            license: license.map(str::to_owned),
            source: source.map(str::to_owned),
            dependencies: Vec::new(),
        };
        Metadata { packages: vec![package] }
    }

    fn rules() -> Rules {
        let text = "
            [licenses]
            allow = ['MIT']
            exceptions = [{ crate = 'odd', allow = ['Zlib'] }]
            [bans]
            deny = [{ crate = 'openssl', reason = 'one crypto library' }]
        ";
        toml::from_str(text).unwrap()
    }

    #[test]
    fn each_rule_finds_its_offence() {
        let check = |name, license, source, expected: &[&str]| {
            assert_eq!(offences(&rules(), &package(name, license, source)), expected, "{name} {license:?} {source:?}");
        };
        check("fine", Some("MIT OR Zlib"), None, &[]);
        check("odd", Some("Zlib"), None, &[]);
        check("other", Some("Zlib"), None, &["other 1.0.0: licence `Zlib` is not allowed"]);
        check("bare", None, None, &["bare 1.0.0: names no licence"]);
        check("openssl", Some("MIT"), None, &["openssl 1.0.0: banned, one crypto library"]);
        let elsewhere = "forked 1.0.0: comes neither from this tree nor from the registry";
        check("forked", Some("MIT"), Some("git+https://example.org/forked"), &[elsewhere]);
    }
}
