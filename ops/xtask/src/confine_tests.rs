//! The two tables of the architecture page, row by row: each breach is found and named, and what is allowed is not.

use super::*;
use crate::metadata::Dependency;

fn package(name: &str, dependencies: &[&str]) -> Package {
    Package {
        name: name.into(),
        version: "0.1.0".into(),
        license: None,
        source: None,
        dependencies: dependencies.iter().map(|name| Dependency { name: (*name).into() }).collect(),
    }
}

fn found(name: &str, dependencies: &[&str]) -> Vec<String> {
    breaches(&Metadata { packages: vec![package(name, dependencies)] })
}

#[test]
fn the_directions_hold_for_each_pair_of_crates() {
    // Each row names all that it may import; the page's arrows, written out a second time.
    let page = [
        ("exchange", ""),
        ("registry-core", "exchange"),
        ("matcher", "exchange"),
        ("policies", "exchange"),
        ("prove", "exchange policies"),
        ("adapters", "exchange registry-core matcher"),
        ("gateway", "exchange registry-core matcher policies adapters"),
        ("tests", "exchange registry-core matcher policies adapters gateway"),
        ("xtask", ""),
    ];
    for (importer, allowed) in page {
        for (imported, _) in page {
            let expected = if allowed.split(' ').any(|one| one == imported) {
                Vec::new()
            } else {
                vec![format!("{importer} may not import {imported}")]
            };
            assert_eq!(found(importer, &[imported]), expected);
        }
    }
}

#[test]
fn no_direction_leads_back() {
    // An order in which each crate imports only earlier ones exists exactly if there is no circle.
    let mut placed: Vec<&str> = Vec::new();
    while placed.len() < DIRECTIONS.len() {
        let next = DIRECTIONS
            .iter()
            .find(|(name, allowed)| !placed.contains(name) && allowed.iter().all(|imported| placed.contains(imported)));
        placed.push(next.unwrap_or_else(|| panic!("a circle beyond {placed:?}")).0);
    }
    assert_eq!(placed.first(), Some(&"exchange"));
}

#[test]
fn each_confined_crate_is_at_home_where_its_row_says_and_nowhere_else() {
    let check = |wanted: &str, homes: &str| {
        for (ours, _) in DIRECTIONS {
            let expected = if homes.split(' ').any(|home| home == ours) {
                Vec::new()
            } else {
                vec![format!("{ours} may not name {wanted}")]
            };
            assert_eq!(found(ours, &[wanted]), expected, "{ours} {wanted}");
        }
    };
    check("cedar-policy", "policies prove");
    check("cedar-policy-core", "policies prove");
    check("cedar-policy-symcc", "prove");
    check("sqlx", "adapters");
    check("sqlx-core", "adapters");
    check("redis", "adapters");
    check("rusmpp", "adapters tests");
    check("pingora-core", "gateway");
    check("x509-parser", "gateway");
    check("governor", "gateway");
    check("prometheus-client", "gateway");
    check("metrics-exporter-prometheus", "gateway");
    check("rustls", "gateway adapters tests");
    check("tokio-rustls", "gateway adapters tests");
    check("hyper", "gateway adapters tests");
    check("hyper-util", "gateway adapters tests");
    check("hyper-rustls", "gateway adapters tests");
    check("rcgen", "gateway adapters tests");
    check("ort", "matcher");
    check("ort-sys", "matcher");
    check("tract-onnx", "matcher");
    check("candle-core", "matcher");
    check("syn", "xtask");
}

#[test]
fn a_crate_that_no_row_confines_may_be_named_by_all() {
    for wanted in
        ["serde", "tokio", "rustls-pki-types", "rustls-pemfile", "synstructure", "axum", "http", "x509-cert", ""]
    {
        for (ours, _) in DIRECTIONS {
            assert_eq!(found(ours, &[wanted]), Vec::<String>::new(), "{ours} {wanted}");
        }
    }
}

#[test]
fn the_longest_pattern_decides() {
    // `hyper-rustls` has a row of its own beside `hyper*`; `rustls` alone does not speak for `rustls-…`.
    let check = |wanted, expected: Option<&[&str]>| assert_eq!(confined_to(wanted), expected, "{wanted}");
    check("hyper-rustls", Some(&["gateway", "adapters", "tests"]));
    check("hyper", Some(&["gateway", "adapters", "tests"]));
    check("rustls-native-certs", None);
    check("sqlx-macros", Some(&["adapters"]));
    check("sql", None);
    check("syn", Some(&["xtask"]));
    check("syn2", None);
    check("metric", None);
}

#[test]
fn every_breach_of_every_package_is_told_in_order() {
    let metadata = Metadata {
        packages: vec![
            package("exchange", &["serde", "policies", "sqlx"]),
            package("stranger", &["sqlx"]),
            package("policies", &["exchange", "cedar-policy", "rustls", "rustls"]),
        ],
    };
    let expected = [
        "exchange may not import policies",
        "exchange may not name sqlx",
        "stranger is in no row of the table of directions",
        "policies may not name rustls",
        "policies may not name rustls",
    ];
    assert_eq!(breaches(&metadata), expected);
    assert!(breaches(&Metadata { packages: Vec::new() }).is_empty());
}
