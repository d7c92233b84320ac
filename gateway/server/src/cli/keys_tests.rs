//! The table in ops/KEYS.md and what `ijazat keys` prints are the same words.

use std::{collections::BTreeSet, fs::Permissions};

use super::*;
use crate::pki::testing::Folder;

fn document() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ops/KEYS.md")).unwrap()
}

/// Cells of the rows below a header that begins with this text.
fn table(header: &str) -> Vec<Vec<String>> {
    let text = document();
    let rows =
        text.lines().skip_while(|line| !line.starts_with(header)).skip(2).take_while(|line| line.starts_with('|'));
    rows.map(|row| row.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect()).collect()
}

#[test]
fn the_document_holds_every_key_in_the_same_order_with_the_same_words() {
    let expected: Vec<Vec<String>> = KEYS
        .iter()
        .map(|key| {
            let file = format!("`{}`", key.file);
            let cells =
                [&file, key.purpose, key.algorithm, key.owner, key.production, key.rotation, key.verifiable, key.loss];
            cells.map(str::to_owned).to_vec()
        })
        .collect();
    assert_eq!(table("| embedded, under the state"), expected);
}

#[test]
fn every_key_that_the_design_names_stands_in_one_of_the_two_tables() {
    let now: BTreeSet<String> = table("| embedded").into_iter().map(|row| row[0].clone()).collect();
    let later: BTreeSet<String> = table("| key |").into_iter().map(|row| row[0].clone()).collect();
    for file in [
        "keys/log.key",
        "pki/internal-ca.key",
        "keys/wrapping.key",
        "keys/pepper.key",
        "keys/lookup.key",
        "keys/bundle.key",
        "keys/statements.key",
        "keys/jwks.key",
        "keys/consent.key",
        "keys/pairwise.key",
    ] {
        assert!(now.contains(&format!("`{file}`")), "{file}");
    }
    let design = ["notifications"];
    assert_eq!(later, design.map(str::to_owned).into());
}

#[test]
fn no_cell_of_either_table_is_empty() {
    for (header, columns) in [("| embedded", 8), ("| key |", 6)] {
        for row in table(header) {
            assert_eq!(row.len(), columns, "{row:?}");
            assert!(row.iter().all(|cell| cell.len() > 3), "{row:?}");
        }
    }
}

#[test]
fn the_keys_that_a_first_start_makes_are_all_known() {
    let state = Folder::new();
    let env = ("IJAZAT__NODE__STATE_DIR".to_owned(), state.path().display().to_string());
    let config = crate::config::Config::load(None, [env]).unwrap();
    let world = crate::compose::World::host();
    crate::compose::Keys::open(&config, world.entropy.as_ref()).unwrap();
    let host = crate::pki::World { clock: world.clock.as_ref(), entropy: world.entropy.as_ref() };
    crate::pki::Authorities::ensure(&state.path().join("pki"), "node-1", "localhost", host).unwrap();
    let known: BTreeSet<_> = KEYS.iter().map(|key| key.file.to_owned()).collect();
    let mut made = BTreeSet::new();
    for folder in ["keys", "pki"] {
        for file in fs::read_dir(state.path().join(folder)).unwrap() {
            let name = format!("{folder}/{}", file.unwrap().file_name().into_string().unwrap());
            if Path::new(&name).extension().is_some_and(|extension| extension == "key") {
                made.insert(name);
            }
        }
    }
    // Made when control serves, and by the first rotation.
    for name in ["jwks", "jwks-next", "jwks-last", "pairwise"] {
        made.insert(format!("keys/{name}.key"));
    }
    // Made when a process serves internally for the first time.
    made.insert("keys/permit.key".to_owned());
    // Made by `policy keygen`, never by a start.
    made.insert("keys/bundle.key".to_owned());
    // Made by `bill issue` or `bill keys`.
    made.insert("keys/statements.key".to_owned());
    assert_eq!(made, known);
}

fn listed(state: &Path) -> (String, Result<(), Failure>) {
    let mut out = Vec::new();
    let result = list(state, &mut out);
    (String::from_utf8(out).unwrap(), result)
}

#[test]
fn the_list_names_every_key_with_its_mode_and_the_loss_of_it() {
    let state = Folder::new();
    fs::create_dir_all(state.path().join("keys")).unwrap();
    fs::write(state.path().join("keys/side.key"), "x").unwrap();
    fs::set_permissions(state.path().join("keys/side.key"), Permissions::from_mode(0o600)).unwrap();
    let (text, result) = listed(state.path());
    result.unwrap();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), KEYS.len());
    for (line, key) in lines.iter().zip(KEYS) {
        let mode = if key.file == "keys/side.key" { "0600" } else { "absent" };
        assert!(line.starts_with(key.file) && line.contains(mode), "{line}");
        assert!(line.ends_with(&format!("lost: {}", key.loss)), "{line}");
    }
}

#[test]
fn each_exposed_key_is_complained_of_and_no_other() {
    let state = Folder::new();
    for folder in ["keys", "pki"] {
        fs::create_dir_all(state.path().join(folder)).unwrap();
    }
    let put = |file: &str, mode| {
        fs::write(state.path().join(file), "x").unwrap();
        fs::set_permissions(state.path().join(file), Permissions::from_mode(mode)).unwrap();
    };
    put("keys/log.key", 0o640);
    put("keys/side.key", 0o600);
    put("keys/lookup.key", 0o400);
    put("pki/server.key", 0o602);
    let told = listed(state.path()).1.unwrap_err().to_string();
    let complaints: Vec<_> = told.lines().collect();
    assert_eq!(complaints.len(), 2, "{told}");
    assert!(complaints[0].contains("keys/log.key may be read by others: chmod 600"), "{told}");
    assert!(complaints[1].contains("pki/server.key"), "{told}");
}

#[test]
fn a_key_is_shown_by_its_file_or_its_name_and_a_stranger_is_refused_with_those_known() {
    let state = Folder::new();
    let shown = |wanted: &str| {
        let mut out = Vec::new();
        show(state.path(), wanted, &mut out).map(|()| String::from_utf8(out).unwrap())
    };
    for key in KEYS {
        let by_file = shown(key.file).unwrap();
        assert_eq!(by_file, shown(name_of(key.file)).unwrap());
        for word in [key.purpose, key.algorithm, key.owner, key.production, key.rotation, key.verifiable, key.loss] {
            assert!(by_file.contains(word), "{}: {word}", key.file);
        }
        assert_eq!(by_file.lines().count(), 8, "{by_file}");
    }
    let refused = shown("mother").unwrap_err();
    assert!(matches!(refused, Failure::Usage(_)));
    let told = refused.to_string();
    assert!(told.starts_with("`mother` is no key of ours; known are log, side, wrapping,"), "{told}");
    assert!(KEYS.iter().all(|key| told.contains(name_of(key.file))), "{told}");
}

#[test]
fn a_rotation_tells_what_is_published_and_needs_an_installation() {
    let state = Folder::new();
    let turned = |state: &Path| {
        let mut out = Vec::new();
        rotate(state, "jwks", &mut out).map(|()| String::from_utf8(out).unwrap())
    };
    assert!(turned(state.path()).unwrap_err().to_string().contains("no installation here"));
    fs::create_dir_all(state.path().join("keys")).unwrap();
    let (first, second) = (turned(state.path()).unwrap(), turned(state.path()).unwrap());
    let named = |text: &str, what: &str| {
        let line = text.lines().find(|line| line.ends_with(what)).unwrap().to_owned();
        line.split_whitespace().next().unwrap().to_owned()
    };
    assert_eq!(named(&first, "signs after the next rotation"), named(&second, "signs from now on"));
    assert_eq!(named(&first, "signs from now on"), named(&second, "signed until now"));
    assert_eq!(second.lines().count(), 4, "{second}");
    assert!(listed(state.path()).1.is_ok(), "none can be read by others");
}
