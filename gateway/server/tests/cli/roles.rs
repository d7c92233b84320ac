//! In production each process has its own files and keys and no other, and comes up with them.

use std::{collections::BTreeSet, fs};

use crate::kit::Folder;

const OUTER: [&str; 4] = ["pki/server.pem", "pki/server.key", "pki/client-ca.pem", "pki/client-ca.crl"];
const INNER: [&str; 3] = ["pki/internal-ca.pem", "pki/internal.pem", "pki/internal.key"];
const PERMIT: &str = "keys/permit.key";
const SHARED: [&str; 3] = ["keys/lookup.key", "keys/wrapping.key", "keys/pepper.key"];

/// Where everything was made once: the operator's own machine.
fn workshop() -> Folder {
    let folder = Folder::new();
    folder.answer(&["pki", "init"]);
    folder
        .serve(&[], &[("IJAZAT__NODE__ROLES", "control"), ("IJAZAT__LISTEN__INTERNAL_CONTROL", "127.0.0.1:0")])
        .stop();
    folder
}

/// A machine that was given these files of the workshop and a configuration for production.
fn machine(workshop: &Folder, files: &[&str], config: &str) -> Folder {
    let folder = Folder::new();
    for file in files {
        let to = folder.path().join("state").join(file);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(workshop.path().join("state").join(file), to).unwrap();
    }
    folder.write("ijazat.toml", config);
    folder
}

fn roles(roles: &[&str], rest: &str) -> String {
    let roles = roles.iter().map(|role| format!("\"{role}\"")).collect::<Vec<_>>().join(", ");
    format!(
        "[node]\nroles = [{roles}]\n{rest}\n[listen]\ninternal_control = \"127.0.0.1:0\"\ninternal_registry = \"127.0.0.1:0\"\n"
    )
}

/// Files below the state folder, without what SQLite leaves beside a database.
fn state_of(folder: &Folder) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for below in ["", "keys", "pki"] {
        let path = folder.path().join("state").join(below);
        for entry in fs::read_dir(path).into_iter().flatten() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            if entry.file_type().unwrap().is_file() && !name.ends_with("-wal") && !name.ends_with("-shm") {
                found.insert(if below.is_empty() { name } else { format!("{below}/{name}") });
            }
        }
    }
    found
}

fn names(lists: &[&[&str]]) -> BTreeSet<String> {
    lists.iter().flat_map(|list| list.iter().map(|name| (*name).to_owned())).collect()
}

const REMOTE_CONTROL: &str =
    "[upstream.control]\nkind = \"internal\"\nurl = \"https://127.0.0.1:1\"\npermit_key = \"state/keys/permit.key\"";
const REMOTE_REGISTRY: &str =
    "[upstream.registry]\nkind = \"internal\"\nurl = \"https://127.0.0.1:2\"\npermit_key = \"state/keys/permit.key\"";

/// What control signs tokens and revisions with, and names citizens by.
const TOKENS: [&str; 4] = ["keys/jwks.key", "keys/jwks-next.key", "keys/pairwise.key", "keys/consent.key"];

/// Given files, what the process makes of its own, what it listens on.
struct Row<'a> {
    roles: &'a [&'a str],
    rest: String,
    given: Vec<&'a str>,
    makes: Vec<&'a str>,
    internal: usize,
}

fn table() -> Vec<Row<'static>> {
    let both = [&INNER[..], &[PERMIT]].concat();
    vec![
        Row { roles: &["registry"], rest: String::new(), given: both.clone(), makes: vec!["registry.db"], internal: 1 },
        Row {
            roles: &["control"],
            rest: String::new(),
            given: both.clone(),
            makes: [&SHARED[..], &TOKENS, &["control.db", "registry.db"]].concat(),
            internal: 1,
        },
        Row {
            roles: &["control", "registry", "worker"],
            rest: String::new(),
            given: both.clone(),
            makes: [&SHARED[..], &TOKENS, &["control.db", "registry.db"]].concat(),
            internal: 2,
        },
        Row { roles: &["worker"], rest: String::new(), given: vec![], makes: vec![], internal: 0 },
        Row { roles: &["matcher", "worker"], rest: String::new(), given: vec![], makes: vec![], internal: 0 },
        Row {
            roles: &["gateway", "control", "registry"],
            rest: String::new(),
            given: OUTER.to_vec(),
            makes: [&SHARED[..], &TOKENS, &["keys/log.key", "keys/side.key", "control.db", "registry.db", "index.db"]]
                .concat(),
            internal: 0,
        },
        Row {
            roles: &["gateway", "control"],
            rest: REMOTE_REGISTRY.to_owned(),
            given: [&OUTER[..], &INNER, &[PERMIT]].concat(),
            makes: [&SHARED[..], &TOKENS, &["keys/log.key", "keys/side.key", "control.db", "registry.db", "index.db"]]
                .concat(),
            internal: 0,
        },
        Row {
            roles: &["gateway"],
            rest: format!("{REMOTE_CONTROL}\n{REMOTE_REGISTRY}"),
            given: [&OUTER[..], &INNER, &[PERMIT], &SHARED].concat(),
            makes: vec!["keys/log.key", "keys/side.key", "control.db", "index.db"],
            internal: 0,
        },
    ]
}

#[test]
fn each_role_comes_up_with_its_own_files_and_makes_nothing_of_anothers() {
    let workshop = workshop();
    for row in table() {
        let folder = machine(&workshop, &row.given, &roles(row.roles, &row.rest));
        folder.answer(&["check-config", "--config", "ijazat.toml"]);
        let mut serving = folder.serve(&["--config", "ijazat.toml"], &[]);
        let gateway = row.roles.contains(&"gateway");
        assert_eq!(serving.address("agencies").is_some(), gateway, "{:?}", row.roles);
        assert_eq!(serving.address("public").is_some(), gateway, "{:?}", row.roles);
        for _ in 0..row.internal {
            let line = serving.next_line();
            assert!(line.starts_with("  internal  127.0.0.1:"), "{:?}: {line}", row.roles);
        }
        let (code, told) = serving.stop();
        assert_eq!(code, Some(0), "{:?}: {told}", row.roles);
        assert_eq!(state_of(&folder), names(&[&row.given, &row.makes]), "{:?}", row.roles);
    }
}

#[test]
fn without_any_one_of_its_files_a_role_does_not_start_and_names_it() {
    let workshop = workshop();
    for row in table().into_iter().filter(|row| !row.given.is_empty()) {
        for missing in &row.given {
            let given: Vec<&str> = row.given.iter().filter(|file| *file != missing).copied().collect();
            let folder = machine(&workshop, &given, &roles(row.roles, &row.rest));
            for command in ["serve", "check-config"] {
                let (code, told) = folder.refusal(&[command, "--config", "ijazat.toml"]);
                assert_eq!(code, Some(1), "{:?} {missing}: {told}", row.roles);
                assert!(told.contains(missing), "{:?} {missing}: {told}", row.roles);
                assert!(told.lines().all(|line| line.contains(missing)), "nothing else is missing: {told}");
            }
        }
    }
}

#[test]
fn a_registry_alone_is_given_no_key_of_the_log_or_of_consent_even_in_development() {
    let folder = Folder::new();
    let env = [("IJAZAT__NODE__ROLES", "registry"), ("IJAZAT__LISTEN__INTERNAL_REGISTRY", "127.0.0.1:0")];
    folder.serve(&[], &env).stop();
    let made = state_of(&folder);
    for file in
        ["keys/log.key", "keys/side.key", "keys/lookup.key", "keys/wrapping.key", "keys/pepper.key", "control.db"]
    {
        assert!(!made.contains(file), "{file}: {made:?}");
    }
    assert!(made.contains(PERMIT) && made.contains("registry.db"), "{made:?}");
}

#[test]
fn an_exposed_key_stops_the_role_that_reads_it_and_no_other() {
    use std::os::unix::fs::PermissionsExt as _;
    let workshop = workshop();
    let given = [&INNER[..], &[PERMIT]].concat();
    let folder = machine(&workshop, &given, &roles(&["registry"], ""));
    fs::set_permissions(folder.path().join("state/keys/permit.key"), fs::Permissions::from_mode(0o644)).unwrap();
    let (code, told) = folder.refusal(&["serve", "--config", "ijazat.toml"]);
    assert_eq!(code, Some(1));
    assert!(told.contains("cannot start: permit key: ") && told.contains("set mode 0600"), "{told}");
    folder.write("ijazat.toml", &roles(&["worker"], ""));
    folder.serve(&["--config", "ijazat.toml"], &[]).stop();
}
