//! For each combination of roles: exactly the files of those roles are asked for, and with them the plan is whole.

use std::{collections::BTreeSet, path::PathBuf};

use super::*;
use crate::pki::testing::Folder;

const ROLES: [&str; 5] = ["gateway", "control", "registry", "matcher", "worker"];

/// Every way to give a process at least one role.
fn combinations() -> impl Iterator<Item = Vec<&'static str>> {
    (1..1_u32 << ROLES.len()).map(|bits| {
        let chosen = ROLES.iter().enumerate().filter(|(at, _)| bits & (1 << at) != 0);
        chosen.map(|(_, role)| *role).collect()
    })
}

/// A production plan of these roles in which every file is named `<folder>/<name>`; services of others are elsewhere.
fn plan(folder: &Folder, roles: &[&str], development: bool) -> Config {
    let at = |name: &str| folder.path().join(name).display().to_string();
    let mut env = vec![
        ("NODE__STATE_DIR".to_owned(), folder.path().display().to_string()),
        ("NODE__ROLES".to_owned(), roles.join(",")),
        ("NODE__DEVELOPMENT".to_owned(), development.to_string()),
        ("LISTEN__INTERNAL_CONTROL".to_owned(), "127.0.0.1:0".to_owned()),
        ("LISTEN__INTERNAL_REGISTRY".to_owned(), "127.0.0.1:0".to_owned()),
        ("POLICY__BUNDLE".to_owned(), at("bundle")),
        ("UPSTREAM__FBR__URL".to_owned(), "https://127.0.0.1:9".to_owned()),
        ("UPSTREAM__FBR__CA".to_owned(), at("fbr-ca.pem")),
        ("UPSTREAM__FBR__CLIENT_CERT".to_owned(), at("fbr.pem")),
        ("UPSTREAM__FBR__CLIENT_KEY".to_owned(), at("fbr.key")),
    ];
    let tls = [
        "server_cert",
        "server_key",
        "client_ca",
        "client_crl",
        "internal_ca",
        "internal_cert",
        "internal_key",
        "permit_key",
    ];
    env.extend(tls.map(|key| (format!("TLS__{}", key.to_uppercase()), at(key))));
    for id in ["control", "registry"].into_iter().filter(|id| !roles.contains(id)) {
        let key = |name: &str| format!("UPSTREAM__{}__{name}", id.to_uppercase());
        env.push((key("KIND"), "internal".to_owned()));
        env.push((key("URL"), "https://127.0.0.1:8".to_owned()));
        env.push((key("PERMIT_KEY"), at(&format!("permit-{id}"))));
    }
    let env = env.into_iter().map(|(name, value)| (format!("IJAZAT__{name}"), value));
    Config::load(None, env).unwrap_or_else(|error| panic!("{roles:?}: {error}"))
}

/// What a process of these roles needs, written down from the design rather than from the code.
fn expected(roles: &[&str]) -> BTreeSet<String> {
    let plays = |role: &str| roles.contains(&role);
    let mut files: Vec<&str> = Vec::new();
    if plays("gateway") {
        files.extend(["server_cert", "server_key", "client_ca", "client_crl", "bundle"]);
        files.extend(["fbr-ca.pem", "fbr.pem", "fbr.key"]);
        if !plays("control") {
            files.extend(["permit-control", "keys/lookup.key", "keys/wrapping.key", "keys/pepper.key"]);
        }
        if !plays("registry") {
            files.push("permit-registry");
        }
        if !plays("control") || !plays("registry") {
            files.extend(["internal_ca", "internal_cert", "internal_key"]);
        }
    } else {
        if plays("control") || plays("registry") {
            files.extend(["internal_ca", "internal_cert", "internal_key", "permit_key"]);
        }
        if plays("control") {
            files.push("bundle");
        }
    }
    files.into_iter().map(str::to_owned).collect()
}

/// Names of the files that the messages complain of.
fn named_in(messages: &[String], folder: &Folder) -> BTreeSet<String> {
    let root = format!("{}/", folder.path().display());
    let name = |message: &String| {
        let at = message.find(&root).unwrap_or_else(|| panic!("no path in {message}"));
        let rest = message.get(at + root.len()..).unwrap();
        rest.split(['"', ':']).next().unwrap().to_owned()
    };
    messages.iter().map(name).collect()
}

#[test]
fn each_combination_of_roles_needs_its_own_files_and_no_other() {
    let mut seen = 0;
    for roles in combinations() {
        let folder = Folder::new();
        let missing = missing_files(&plan(&folder, &roles, false));
        assert_eq!(named_in(&missing, &folder), expected(&roles), "{roles:?}");
        assert_eq!(missing.len(), expected(&roles).len(), "{roles:?}: none is told twice");
        assert!(missing.iter().all(|message| message.starts_with("config: [")), "{missing:?}");
        seen += 1;
    }
    assert_eq!(seen, 31);
}

#[test]
fn with_its_own_files_alone_each_combination_is_whole() {
    for roles in combinations() {
        let folder = Folder::new();
        fs::create_dir_all(folder.path().join("keys")).unwrap();
        let needed = expected(&roles);
        for name in &needed {
            fs::write(folder.path().join(name), "x").unwrap();
        }
        let config = plan(&folder, &roles, false);
        assert_eq!(missing_files(&config), Vec::<String>::new(), "{roles:?}");
        for name in &needed {
            let path = folder.path().join(name);
            fs::remove_file(&path).unwrap();
            let missing = missing_files(&config);
            assert_eq!(named_in(&missing, &folder), [name.clone()].into(), "{roles:?}");
            fs::write(&path, "x").unwrap();
        }
    }
}

#[test]
fn a_registry_alone_is_not_asked_for_the_outer_listeners_files() {
    let folder = Folder::new();
    let told = missing_files(&plan(&folder, &["registry"], false)).join("\n");
    for file in ["server_cert", "server_key", "client_ca", "client_crl", "bundle", "fbr", "lookup"] {
        assert!(!told.contains(file), "{file}: {told}");
    }
    for key in ["[tls] internal_ca", "[tls] internal_cert", "[tls] internal_key", "[tls] permit_key"] {
        assert!(told.contains(key), "{key}: {told}");
    }
}

#[test]
fn in_development_only_what_the_plan_names_itself_must_be_there() {
    for roles in combinations() {
        let folder = Folder::new();
        let missing = named_in(&missing_files(&plan(&folder, &roles, true)), &folder);
        let made = |name: &String| name.contains("server_") || name.contains("client_c") || name.contains("internal_");
        let made_later = |name: &String| made(name) || name == "permit_key" || name.starts_with("keys/");
        let named: BTreeSet<String> = expected(&roles).into_iter().filter(|name| !made_later(name)).collect();
        assert_eq!(missing, named, "{roles:?}");
    }
}

#[test]
fn an_internal_upstream_with_certificates_of_its_own_needs_none_of_ours() {
    let folder = Folder::new();
    let mut config = plan(&folder, &["gateway", "control"], false);
    let own = |name: &str| Some(PathBuf::from(name));
    let registry = config.upstreams.values_mut().find(|upstream| upstream.id.as_str() == "registry").unwrap();
    (registry.ca, registry.client_cert, registry.client_key) = (own("/r-ca"), own("/r.pem"), own("/r.key"));
    assert!(!uses_internal_certificate(&config));
    let told = missing_files(&config).join("\n");
    assert!(!told.contains("internal_"), "{told}");
    assert!(told.contains("config: [upstream.registry] ca = \"/r-ca\": no such file"), "{told}");
    let registry = config.upstreams.values_mut().find(|upstream| upstream.id.as_str() == "registry").unwrap();
    registry.ca = None;
    assert!(uses_internal_certificate(&config), "without an authority of its own, ours vouches");
    assert!(missing_files(&config).join("\n").contains("[tls] internal_ca"));
}

#[test]
fn who_shows_an_internal_certificate_follows_from_roles_and_upstreams() {
    let folder = Folder::new();
    for roles in combinations() {
        let config = plan(&folder, &roles, false);
        let expected = expected(&roles).contains("internal_cert");
        assert_eq!(uses_internal_certificate(&config), expected, "{roles:?}");
    }
}

#[test]
fn what_is_there_and_cannot_be_read_is_told_from_what_is_not_there() {
    let folder = Folder::new();
    let mut config = plan(&folder, &["gateway", "control", "registry"], true);
    for name in ["fbr-ca.pem", "fbr.pem", "fbr.key", "bundle"] {
        fs::write(folder.path().join(name), "x").unwrap();
    }
    let file_in_the_way = folder.path().join("fbr.key").join("bundle");
    config.policy.bundle = Some(file_in_the_way.clone());
    let told = missing_files(&config);
    assert_eq!(told.len(), 1, "{told:?}");
    let expected = format!("config: [policy] bundle = \"{}\": cannot be read: ", file_in_the_way.display());
    assert!(told[0].starts_with(&expected), "{told:?}");
    config.policy.bundle = Some(folder.path().join("absent"));
    let absent = folder.path().join("absent");
    assert_eq!(missing_files(&config), [format!("config: [policy] bundle = \"{}\": no such file", absent.display())]);
}

#[test]
fn a_missing_shared_key_is_told_with_where_to_get_it() {
    let folder = Folder::new();
    let config = plan(&folder, &["gateway", "registry"], false);
    let told = missing_files(&config);
    let path = folder.path().join("keys/wrapping.key");
    let line = format!(
        "config: [node] state_dir: {}: no such file: copy that of the process that plays `control`",
        path.display()
    );
    assert!(told.contains(&line), "{told:?}");
}
