//! Each role reads its own keys, and makes only those that it owns.

use std::{collections::BTreeSet, fs, os::unix::fs::PermissionsExt};

use adapters::entropy::SystemEntropy;

use super::*;
use crate::pki::testing::Folder;

/// A plan of these roles over a state folder of its own.
fn config(state: &Folder, roles: &str, development: bool) -> Config {
    let env = [
        ("IJAZAT__NODE__STATE_DIR", state.path().display().to_string()),
        ("IJAZAT__NODE__ROLES", roles.to_owned()),
        ("IJAZAT__NODE__DEVELOPMENT", development.to_string()),
        ("IJAZAT__LISTEN__INTERNAL_CONTROL", "127.0.0.1:0".to_owned()),
        ("IJAZAT__LISTEN__INTERNAL_REGISTRY", "127.0.0.1:0".to_owned()),
        ("IJAZAT__UPSTREAM__CONTROL__KIND", "internal".to_owned()),
        ("IJAZAT__UPSTREAM__CONTROL__URL", "https://127.0.0.1:1".to_owned()),
        ("IJAZAT__UPSTREAM__CONTROL__PERMIT_KEY", "k".to_owned()),
        ("IJAZAT__UPSTREAM__REGISTRY__KIND", "internal".to_owned()),
        ("IJAZAT__UPSTREAM__REGISTRY__URL", "https://127.0.0.1:2".to_owned()),
        ("IJAZAT__UPSTREAM__REGISTRY__PERMIT_KEY", "k".to_owned()),
    ];
    Config::load(None, env.map(|(name, value)| (name.to_owned(), value))).unwrap()
}

fn open(config: &Config) -> Result<Keys, ComposeError> {
    Keys::open(config, &SystemEntropy::default())
}

/// Names of the files under `keys`.
fn made(state: &Folder) -> BTreeSet<String> {
    let files = fs::read_dir(state.path().join("keys")).into_iter().flatten();
    files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect()
}

fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn each_role_makes_its_own_keys_and_no_other() {
    let check = |roles: &str, development: bool, expected: &[&str]| {
        let state = Folder::new();
        open(&config(&state, roles, development)).unwrap();
        assert_eq!(made(&state), names(expected), "{roles}, development {development}");
    };
    let all = ["log.key", "side.key", "lookup.key", "wrapping.key", "pepper.key"];
    let (both, control) = ([&all[..], &["consent.key"]].concat(), [&SHARED_KEYS[..], &["consent.key"]].concat());
    check("gateway,control,registry,matcher,worker", false, &both);
    check("gateway,control", false, &both);
    check("control", false, &control);
    check("control,registry,worker", false, &control);
    check("registry", false, &[]);
    check("worker", false, &[]);
    check("matcher,registry", false, &[]);
    check("gateway", true, &all);
    check("registry", true, &[]);
}

#[test]
fn a_registry_outside_development_makes_not_even_a_folder() {
    let state = Folder::new();
    open(&config(&state, "registry,matcher,worker", false)).unwrap();
    assert!(!state.path().join("keys").exists());
}

#[test]
fn a_gateway_without_control_is_given_controls_keys_and_never_makes_them() {
    for missing in SHARED_KEYS {
        let (control, gateway) = (Folder::new(), Folder::new());
        open(&config(&control, "control", false)).unwrap();
        fs::create_dir_all(gateway.path().join("keys")).unwrap();
        for name in SHARED_KEYS.iter().filter(|name| **name != missing) {
            fs::copy(control.path().join("keys").join(name), gateway.path().join("keys").join(name)).unwrap();
        }
        let plan = config(&gateway, "gateway", false);
        let told = open(&plan).unwrap_err().to_string();
        assert!(told.starts_with("cannot start: keys: ") && told.contains(missing), "{told}");
        assert!(!made(&gateway).contains(missing));
        fs::copy(control.path().join("keys").join(missing), gateway.path().join("keys").join(missing)).unwrap();
        open(&plan).unwrap();
    }
}

#[test]
fn a_key_stays_what_it_was_made() {
    let state = Folder::new();
    let plan = config(&state, "gateway,control", false);
    let first = open(&plan).unwrap();
    let bytes: Vec<_> =
        made(&state).iter().map(|name| fs::read(state.path().join("keys").join(name)).unwrap()).collect();
    let second = open(&plan).unwrap();
    assert_eq!(first.log_seed().unwrap(), second.log_seed().unwrap());
    let again: Vec<_> =
        made(&state).iter().map(|name| fs::read(state.path().join("keys").join(name)).unwrap()).collect();
    assert_eq!(bytes, again);
    let distinct: BTreeSet<_> = bytes.iter().collect();
    assert_eq!(distinct.len(), 6, "no two keys are the same");
    assert!(bytes.iter().all(|key| key.len() == 32));
    let sealed = first.side().unwrap().seal(&SystemEntropy::default(), b"here", b"who").unwrap();
    assert_eq!(second.side().unwrap().open(b"here", &sealed).unwrap(), b"who");
}

#[test]
fn keys_are_their_owners_only_and_so_is_their_folder() {
    let state = Folder::new();
    let keys = open(&config(&state, "gateway,control", false)).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(keys.folder()), 0o700);
    for name in made(&state) {
        assert_eq!(mode(&keys.folder().join(&name)), 0o600, "{name}");
    }
}

#[test]
fn an_exposed_or_cut_key_is_refused_by_name_and_not_replaced() {
    for name in ["log.key", "side.key", "lookup.key", "wrapping.key", "pepper.key", "consent.key"] {
        let state = Folder::new();
        let plan = config(&state, "gateway,control", true);
        open(&plan).unwrap();
        let path = state.path().join("keys").join(name);
        let whole = fs::read(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let told = open(&plan).unwrap_err().to_string();
        assert!(told.contains(name) && told.contains("set mode 0600"), "{told}");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        for bytes in [&whole[..31], &[whole.as_slice(), b"\n"].concat(), &[]] {
            fs::write(&path, bytes).unwrap();
            let told = open(&plan).unwrap_err().to_string();
            assert!(told.contains(name) && told.contains("does not hold 32 bytes"), "{} bytes: {told}", bytes.len());
            assert_eq!(fs::read(&path).unwrap(), bytes, "what is damaged is not made anew");
        }
    }
}

#[test]
fn a_role_without_a_log_or_a_store_says_so_when_asked_for_its_keys() {
    let state = Folder::new();
    let control = open(&config(&state, "control", false)).unwrap();
    assert!(control.control().is_ok());
    let told = control.log_seed().unwrap_err().to_string();
    assert_eq!(told, "cannot start: keys: only a process that plays gateway has them");
    assert!(control.side().is_err());
    let registry = open(&config(&state, "registry", false)).unwrap();
    let told = registry.control().unwrap_err().to_string();
    assert_eq!(told, "cannot start: keys: only a process that plays gateway or control has them");
}

#[test]
fn printing_keys_shows_where_they_are_and_not_what_they_are() {
    let state = Folder::new();
    let keys = open(&config(&state, "gateway,control", true)).unwrap();
    let shown = format!("{keys:?}");
    assert!(shown.contains("/keys"), "{shown}");
    let seed = keys.log_seed().unwrap();
    let listed = format!("{seed:?}");
    let first_bytes = listed.trim_start_matches('[').split(", ").take(4).collect::<Vec<_>>().join(", ");
    assert!(!shown.contains(&first_bytes) && !shown.contains(&hex::encode(seed)), "{shown}");
}

#[test]
fn a_folder_that_cannot_be_made_is_told() {
    let state = Folder::new();
    fs::write(state.path().join("keys"), "a file stands in the way").unwrap();
    let told = open(&config(&state, "gateway,control", true)).unwrap_err().to_string();
    assert!(told.starts_with("cannot start: keys: "), "{told}");
}
