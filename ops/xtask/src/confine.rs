//! Who may import whom: the two tables of the architecture page, held against `cargo metadata`.

use crate::metadata::{Metadata, Package};

/// Our crates, and which of our crates each may name.
const DIRECTIONS: [(&str, &[&str]); 9] = [
    ("exchange", &[]),
    ("registry-core", &["exchange"]),
    ("matcher", &["exchange"]),
    ("policies", &["exchange"]),
    ("prove", &["exchange", "policies"]),
    ("adapters", &["exchange", "registry-core", "matcher"]),
    ("gateway", &["exchange", "registry-core", "matcher", "policies", "adapters"]),
    ("tests", &["exchange", "registry-core", "matcher", "policies", "adapters", "gateway"]),
    ("xtask", &[]),
];

/// Crates of others (a `*` at the end means any ending), and which of our crates may name them.
const CONFINED: [(&str, &[&str]); 20] = [
    ("cedar-policy*", &["policies", "prove"]),
    ("cedar-policy-symcc", &["prove"]),
    ("sqlx*", &["adapters"]),
    ("redis*", &["adapters"]),
    ("smpp*", &["adapters"]),
    ("rusmpp*", &["adapters", "tests"]),
    ("pingora*", &["gateway"]),
    ("x509-parser", &["gateway"]),
    ("governor", &["gateway"]),
    ("prometheus*", &["gateway"]),
    ("metrics*", &["gateway"]),
    ("rustls", &["gateway", "adapters", "tests"]),
    ("tokio-rustls", &["gateway", "adapters", "tests"]),
    ("hyper-rustls", &["gateway", "adapters", "tests"]),
    ("rcgen", &["gateway", "adapters", "tests"]),
    ("hyper*", &["gateway", "adapters", "tests"]),
    ("ort*", &["matcher"]),
    ("tract*", &["matcher"]),
    ("candle*", &["matcher"]),
    ("syn", &["xtask"]),
];

/// Every line of a manifest that breaks a table, in words; empty when both hold.
/// Dependencies for tests and build scripts are judged like the others; only the crate `tests` may see everything.
#[must_use]
pub fn breaches(metadata: &Metadata) -> Vec<String> {
    metadata.packages.iter().flat_map(breaches_of).collect()
}

fn breaches_of(package: &Package) -> Vec<String> {
    let name = package.name.as_str();
    let Some((_, allowed)) = DIRECTIONS.iter().find(|(ours, _)| *ours == name) else {
        return vec![format!("{name} is in no row of the table of directions")];
    };
    let mut found = Vec::new();
    for dependency in &package.dependencies {
        let wanted = dependency.name.as_str();
        let ours = DIRECTIONS.iter().any(|(ours, _)| *ours == wanted);
        if ours && !allowed.contains(&wanted) {
            found.push(format!("{name} may not import {wanted}"));
        }
        if !confined_to(wanted).is_none_or(|crates| crates.contains(&name)) {
            found.push(format!("{name} may not name {wanted}"));
        }
    }
    found
}

/// Which of our crates may name `wanted`; `None` when any may. The longest pattern decides.
fn confined_to(wanted: &str) -> Option<&'static [&'static str]> {
    let fits = |pattern: &str| pattern.strip_suffix('*').map_or(pattern == wanted, |start| wanted.starts_with(start));
    CONFINED.iter().filter(|(pattern, _)| fits(pattern)).max_by_key(|(pattern, _)| pattern.len()).map(|(_, ours)| *ours)
}

#[cfg(test)]
#[path = "confine_tests.rs"]
mod row_tests;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::Dependency;

    fn package(name: &str, dependencies: &[&str]) -> Metadata {
        let dependencies = dependencies.iter().map(|name| Dependency { name: (*name).into() }).collect();
        let (version, license) = (String::from("0.1.0"), None);
        Metadata { packages: vec![Package { name: name.into(), version, license, source: None, dependencies }] }
    }

    #[test]
    fn this_workspace_keeps_both_tables() {
        let metadata = crate::metadata::read(&crate::root(), false).unwrap();
        assert_eq!(metadata.packages.len(), DIRECTIONS.len(), "every crate has a row");
        assert_eq!(breaches(&metadata), Vec::<String>::new());
    }

    #[test]
    fn an_import_against_the_direction_is_found() {
        let check = |name, wanted, expected: &[&str]| {
            assert_eq!(breaches(&package(name, &[wanted])), expected, "{name} -> {wanted}");
        };
        check("exchange", "policies", &["exchange may not import policies"]);
        check("policies", "adapters", &["policies may not import adapters"]);
        check("gateway", "tests", &["gateway may not import tests"]);
        check("registry-core", "exchange", &[]);
        check("adapters", "registry-core", &[]);
    }

    #[test]
    fn a_confined_crate_is_found_outside_its_home() {
        let check = |name, wanted, expected: &[&str]| {
            assert_eq!(breaches(&package(name, &[wanted])), expected, "{name} -> {wanted}");
        };
        check("gateway", "cedar-policy-core", &["gateway may not name cedar-policy-core"]);
        check("gateway", "sqlx", &["gateway may not name sqlx"]);
        check("exchange", "rustls", &["exchange may not name rustls"]);
        check("adapters", "prometheus", &["adapters may not name prometheus"]);
        check("tests", "rustls", &[]);
        check("exchange", "rustls-pki-types", &[]);
        check("policies", "cedar-policy", &[]);
    }

    #[test]
    fn a_crate_without_a_row_is_found() {
        assert_eq!(breaches(&package("helpers", &[])), ["helpers is in no row of the table of directions"]);
    }
}
