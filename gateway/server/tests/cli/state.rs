//! State that is not as the program left it: newer, read-only, damaged, somebody else's; and what each command does with it.

use std::{fs, os::unix::fs::PermissionsExt as _};

use adapters::sql::{Database, Migration};

use crate::kit::{Folder, QUIET, text};

/// What a later program would have left.
const NEWER: &[Migration] = &[Migration { version: 1_000, sql: "CREATE TABLE of_the_future (a BIGINT NOT NULL)" }];

fn make_newer(folder: &Folder, role: &str) {
    let url = format!("sqlite://{}/state/{role}.db", folder.path().display());
    let role = role.to_owned();
    tokio::runtime::Runtime::new().unwrap().block_on(async move {
        let database = Database::open(&url, &role).await.unwrap();
        database.migrate(&role, NEWER).await.unwrap();
        database.close().await;
    });
}

fn started() -> Folder {
    let folder = Folder::new();
    folder.serve(&[], &[]).stop();
    folder
}

/// Runs `serve` where it must not come up.
fn not_up(folder: &Folder) -> String {
    let output = folder.command(&["serve"]).envs(QUIET.iter().copied()).output().unwrap();
    let told = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(output.stdout.is_empty());
    told
}

#[test]
fn tables_of_a_newer_program_are_refused_by_every_command_that_would_write_to_them() {
    let folder = started();
    make_newer(&folder, "control");
    let bytes = fs::read(folder.path().join("state/control.db")).unwrap();
    let expected = "tables of `control` have version 1000, this program knows 22: use the newer program";
    assert!(not_up(&folder).contains(&format!("cannot start: control database: {expected}")));
    for command in [
        &["agency", "suspend", "bank-indus"][..],
        &["agency", "add-key", "bank-indus", "--sha256", &"0".repeat(64)],
        &["certificate", "revoke", "--serial", "0a"],
        &["pki", "revoke", "--serial", "0a"],
        &["seed", "--persons", "5"],
        &["sms"],
    ] {
        folder.refused(command, 1, expected);
    }
    assert_eq!(fs::read(folder.path().join("state/control.db")).unwrap(), bytes, "nothing was written");
    folder.answer(&["verify-log"]);
}

#[test]
fn each_newer_database_stops_the_start_and_is_named() {
    for role in ["registry", "index"] {
        let folder = started();
        make_newer(&folder, role);
        let told = not_up(&folder);
        assert!(told.contains(&format!("cannot start: {role} database: ")) && told.contains("1000"), "{told}");
    }
}

#[test]
fn a_key_lost_or_changed_is_told_and_never_quietly_replaced_under_a_living_state() {
    let folder = started();
    let path = folder.path().join("state/keys/log.key");
    let seed = fs::read(&path).unwrap();
    fs::write(&path, &seed[..31]).unwrap();
    assert!(not_up(&folder).contains("log.key` does not hold 32 bytes"));
    fs::write(&path, [7; 32]).unwrap();
    let told = not_up(&folder);
    assert!(told.contains("cannot start: access log: "), "{told}");
    let told = folder.refusal(&["verify-log"]).1;
    assert!(told.contains("checkpoint does not hold"), "{told}");
    fs::write(&path, seed).unwrap();
    folder.serve(&[], &[]).stop();
}

#[test]
fn a_damaged_database_is_told_and_left_as_it_is() {
    for role in ["control", "registry", "index"] {
        let folder = started();
        let path = folder.path().join(format!("state/{role}.db"));
        // What SQLite keeps beside the file would mend it.
        for beside in ["db-wal", "db-shm"] {
            let _ = fs::remove_file(path.with_extension(beside));
        }
        fs::write(&path, vec![0x5a; 8192]).unwrap();
        let told = not_up(&folder);
        assert!(told.contains(&format!("cannot start: {role} database: ")), "{told}");
        assert_eq!(fs::read(&path).unwrap(), vec![0x5a; 8192]);
    }
}

#[test]
fn a_state_folder_that_cannot_be_written_is_told_and_nothing_is_half_made() {
    if rustix::process::getuid().is_root() {
        // Root writes everywhere: a file in the way stands in for a folder that may not be written.
        let folder = Folder::new();
        folder.write("state", "a file where the folder should be");
        let told = not_up(&folder);
        assert!(told.starts_with("cannot start: development PKI: "), "{told}");
        assert_eq!(folder.refusal(&["pki", "init"]).0, Some(1));
        assert_eq!(folder.refusal(&["seed", "--persons", "5"]).0, Some(1));
        assert_eq!(fs::read_to_string(folder.path().join("state")).unwrap(), "a file where the folder should be");
        return;
    }
    let folder = Folder::new();
    fs::create_dir(folder.path().join("state")).unwrap();
    fs::set_permissions(folder.path().join("state"), fs::Permissions::from_mode(0o500)).unwrap();
    assert!(not_up(&folder).starts_with("cannot start: development PKI: "));
    assert_eq!(fs::read_dir(folder.path().join("state")).unwrap().count(), 0);
}

#[test]
fn a_population_is_seeded_once_and_a_second_seed_changes_nothing() {
    let folder = Folder::new();
    let told = folder.answer(&["seed", "--persons", "300", "--seed", "11"]);
    let numbers: Vec<u64> = told.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    let [persons, households, contacts] = numbers[..] else { panic!("{told}") };
    assert_eq!(persons, 300);
    assert!(households > 20 && households < 300 && contacts > 20 && contacts <= 300, "{told}");
    assert_eq!(told.lines().count(), 1, "{told}");
    let again = folder.refusal(&["seed", "--persons", "300", "--seed", "11"]);
    assert_eq!(again.0, Some(1));
    assert!(again.1.contains("registry database: ") && again.1.contains("already"), "{}", again.1);
    // Other people under the same numbers are refused as well.
    assert_eq!(folder.refusal(&["seed", "--persons", "10", "--seed", "12"]).0, Some(1));
}

#[test]
fn the_same_seed_makes_the_same_people_and_another_makes_others() {
    let rows = |seed: &str| {
        let folder = Folder::new();
        let told = folder.answer(&["seed", "--persons", "60", "--seed", seed]);
        let url = format!("sqlite://{}/state/registry.db", folder.path().display());
        let names: Vec<String> = tokio::runtime::Runtime::new().unwrap().block_on(async {
            let database = Database::open(&url, "registry").await.unwrap();
            database
                .schema_versions()
                .await
                .unwrap()
                .into_iter()
                .map(|(name, version)| format!("{name} {version}"))
                .collect()
        });
        (told, names)
    };
    assert_eq!(rows("3"), rows("3"));
    assert_ne!(rows("3").0, rows("4").0, "sixty people live in other households");
}

#[test]
fn an_empty_outbox_says_so_and_an_unknown_mobile_too() {
    let folder = started();
    assert_eq!(folder.answer(&["sms"]), "no messages\n");
    assert_eq!(folder.answer(&["sms", "--to", "03001234567", "--last", "1"]), "no messages\n");
    for mobile in ["12", "0300123456", "+15551234567", "0300-12345678", "zero"] {
        folder.refused(&["sms", "--to", mobile], 2, "--to: ");
    }
}

#[test]
fn an_agency_that_is_not_there_is_told_and_the_directory_stays() {
    let folder = started();
    folder.refused(&["agency", "suspend", "nobody"], 1, "the directory has no such agency");
    folder.refused(
        &["agency", "add-key", "nobody", "--sha256", &"0".repeat(64)],
        1,
        "the directory has no such agency",
    );
    for key in ["0", &"0".repeat(63), &"0".repeat(65), &"g".repeat(64), ""] {
        folder.refused(&["agency", "add-key", "bank-indus", "--sha256", key], 2, "not 64 hexadecimal digits");
    }
    let first = folder.answer(&["agency", "suspend", "bank-indus"]);
    let second = folder.answer(&["agency", "resume", "bank-indus"]);
    let generation = |told: &str| told.trim().rsplit(' ').next().unwrap().parse::<u64>().unwrap();
    assert_eq!(generation(&second), generation(&first) + 1, "refusals raised nothing");
    assert!(second.starts_with("bank-indus may call again"), "{second}");
}

#[test]
fn a_certificate_of_another_agency_is_not_registered_for_this_one() {
    let folder = started();
    folder.answer(&["pki", "request", "--agency", "bank-indus", "--key", "b.key", "--out", "b.csr"]);
    folder.answer(&["pki", "issue", "--agency", "bank-indus", "--csr", "b.csr", "--out", "b.pem"]);
    folder.refused(
        &["agency", "add-key", "telco-sarhad", "--cert", "b.pem"],
        2,
        "b.pem: names bank-indus, not telco-sarhad",
    );
    folder.refused(&["agency", "add-key", "telco-sarhad", "--cert", "state/pki/server.pem"], 2, "names no agency");
    let told = folder.answer(&["agency", "add-key", "bank-indus", "--cert", "b.pem"]);
    assert!(told.starts_with("bank-indus may call with this key; directory generation "), "{told}");
}
