//! What the doctor finds, each finding provoked.

use std::{fmt::Write as _, fs};

use crate::kit::Folder;

#[test]
fn the_doctor_finds_an_exposed_key_and_says_what_to_do() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    // Free ports, so that what else runs on this machine does not matter.
    folder.write(
        "c.toml",
        "[node]\ndevelopment = true\n[listen]\nagency = \"127.0.0.1:0\"\npublic = \"127.0.0.1:0\"\nops = \"127.0.0.1:0\"\n",
    );
    folder.answer(&["pki", "init"]);
    let well = folder.answer(&["doctor", "--config", "c.toml"]);
    assert!(well.contains("server certificate") && well.contains("database control"), "{well}");
    assert!(!folder.path().join("state/control.db").exists(), "a look makes no database");
    let key = folder.path().join("state/pki/server.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    let sick = folder.ijazat(&["doctor", "--config", "c.toml", "--json"]);
    assert_eq!(sick.status.code(), Some(1));
    let report: serde_json::Value = serde_json::from_slice(&sick.stdout).unwrap();
    assert_eq!(report["ok"], false);
    let found = report["checks"].as_array().unwrap().iter().find(|check| check["state"] == "fail").unwrap();
    assert!(found["found"].as_str().unwrap().contains("server.key may be read by others"), "{found}");
    assert!(found["todo"].as_str().unwrap().contains("chmod 600"), "{found}");
    assert_eq!(folder.refusal(&["keys", "list"]).0, Some(1));
}

use serde_json::Value;

use crate::kit::{QUIET, json, text};

/// Runs the doctor on free ports; gives its exit code and what it found.
fn examine(folder: &Folder, arguments: &[&str]) -> (Option<i32>, Vec<Value>) {
    let mut command = folder.command(&[&["doctor", "--json"], arguments].concat());
    let output = command.envs(QUIET.iter().copied()).output().unwrap();
    let report = json(&text(&output.stdout));
    let checks = report["checks"].as_array().unwrap().clone();
    let failed = checks.iter().any(|check| check["state"] == "fail");
    assert_eq!(report["ok"], !failed, "{report}");
    assert_eq!(output.status.code() == Some(0), !failed, "{report}");
    assert!(
        checks.iter().all(|check| (check["state"] == "ok") != check["todo"].is_string()),
        "what is not well has a todo"
    );
    (output.status.code(), checks)
}

fn find<'c>(checks: &'c [Value], name: &str) -> &'c Value {
    checks.iter().find(|check| check["name"] == name).unwrap_or_else(|| panic!("no check {name} in {checks:#?}"))
}

fn assert_found(checks: &[Value], name: &str, state: &str, found: &str, todo: &str) {
    let check = find(checks, name);
    assert_eq!(check["state"], state, "{check}");
    assert!(check["found"].as_str().unwrap().contains(found), "{check}");
    assert!(check["todo"].as_str().unwrap_or("").contains(todo), "{check}");
}

#[test]
fn before_anything_was_started_everything_missing_is_a_warning_with_what_makes_it() {
    let folder = Folder::new();
    let (code, checks) = examine(&folder, &[]);
    assert_eq!(code, Some(0), "{checks:#?}");
    assert_found(&checks, "state folder", "warn", "./state is not there", "`ijazat serve`");
    assert_found(&checks, "server certificate", "warn", "is not there", "ijazat pki server");
    assert_found(&checks, "client authority", "warn", "is not there", "ijazat pki init");
    assert_found(&checks, "revocation list", "warn", "is not there", "ijazat pki crl");
    for role in ["control", "registry", "index"] {
        assert_found(&checks, &format!("database {role}"), "warn", "is not there", "makes it");
    }
    assert_found(&checks, "access log", "warn", "is not there", "first start");
    assert_eq!(find(&checks, "clock")["state"], "ok");
    assert!(!folder.has("state"), "a look makes nothing");
}

#[test]
fn an_installation_that_has_served_is_well_and_looking_again_changes_nothing() {
    let folder = Folder::new();
    folder.serve(&[], &[]).stop();
    fs::set_permissions(folder.path().join("state"), std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let (code, checks) = examine(&folder, &[]);
    assert_eq!(code, Some(0), "{checks:#?}");
    assert!(checks.iter().all(|check| check["state"] == "ok"), "{checks:#?}");
    assert_found(&checks, "database control", "ok", "control 22", "");
    assert_found(&checks, "access log", "ok", "0 entries verified, 0 unsigned", "");
    assert_found(&checks, "key files", "ok", "keys, each its owner's only", "");
    // Free room is the whole machine's and changes under us, as time does; nothing else.
    let lasting = |checks: Vec<Value>| {
        let lasting = checks.into_iter().filter(|check| check["name"] != "disk" && check["name"] != "clock");
        lasting
            .map(|mut check| {
                let found = check["found"].as_str().unwrap_or("").to_owned();
                // `(364 days)`: what is left of a certificate's life.
                check["found"] = found.split(" (").next().unwrap_or("").into();
                check
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(lasting(examine(&folder, &[]).1), lasting(checks));
}

#[test]
fn each_fault_of_an_installation_is_found_with_what_to_do() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = Folder::new();
    folder.serve(&[], &[]).stop();
    let state = folder.path().join("state");
    let mode = |name: &str, mode: u32| fs::set_permissions(state.join(name), fs::Permissions::from_mode(mode)).unwrap();
    mode(".", 0o777);
    assert_found(&examine(&folder, &[]).1, "state folder", "fail", "may be changed by others (0777)", "chmod 700");
    mode(".", 0o755);
    assert_found(&examine(&folder, &[]).1, "state folder", "warn", "may be read by others (0755)", "chmod 700");
    mode(".", 0o700);

    mode("keys/pepper.key", 0o604);
    let (code, checks) = examine(&folder, &[]);
    assert_eq!(code, Some(1));
    assert_found(&checks, "key file", "fail", "keys/pepper.key may be read by others (0604)", "replace it");
    mode("keys/pepper.key", 0o600);

    let swap = |name: &str, bytes: &[u8]| {
        let path = state.join(name);
        let whole = fs::read(&path).unwrap();
        fs::write(&path, bytes).unwrap();
        let (code, checks) = examine(&folder, &[]);
        fs::write(&path, whole).unwrap();
        assert_eq!(code, Some(1), "{name}: {checks:#?}");
        checks
    };
    assert_found(&swap("pki/server.pem", b"junk"), "server certificate", "fail", "server.pem", "replace the file");
    assert_found(&swap("pki/client-ca.crl", b"junk"), "revocation list", "fail", "not a revocation list", "pki crl");
    assert_found(&swap("registry.db", &[7; 5000]), "database registry", "fail", "registry.db", "start the database");
    assert_found(&swap("keys/log.key", b"short"), "access log", "fail", "does not hold 32 bytes", "change nothing");
    assert_eq!(examine(&folder, &[]).0, Some(0), "mended, all is well again");
}

#[test]
fn a_port_in_use_is_a_warning_and_a_foreign_address_a_failure() {
    let folder = Folder::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let run = |agency: &str| {
        let mut command = folder.command(&["doctor", "--json"]);
        let output = command.envs(QUIET.iter().copied()).env("IJAZAT__LISTEN__AGENCY", agency).output().unwrap();
        json(&text(&output.stdout))["checks"].as_array().unwrap().clone()
    };
    assert_found(&run(&address), "port agency", "warn", "is in use", "fine if this installation is running");
    assert_found(&run("192.0.2.1:8443"), "port agency", "fail", "192.0.2.1:8443", "choose an address of this host");
    drop(taken);
}

#[test]
fn a_disk_without_room_for_the_reserve_is_found() {
    let folder = Folder::new();
    let mut command = folder.command(&["doctor", "--json"]);
    let output = command.envs(QUIET.iter().copied()).env("IJAZAT__LOG__RESERVE_MIB", "65536").output().unwrap();
    let checks = json(&text(&output.stdout))["checks"].as_array().unwrap().clone();
    let disk = find(&checks, "disk");
    let free: u64 = disk["found"].as_str().unwrap().split(' ').next().unwrap().parse().unwrap();
    if free <= 65_536 {
        assert_found(&checks, "disk", "fail", "MiB free for the access log", "below 65536 MiB ([log] reserve_mib)");
    } else {
        assert_eq!(disk["state"], "ok");
    }
}

#[test]
fn each_role_is_examined_for_its_own_parts_only() {
    let folder = Folder::new();
    folder.answer(&["pki", "init"]);
    let names = |roles: &str| -> Vec<String> {
        let internal = roles.split(',').filter(|role| ["control", "registry"].contains(role));
        let mut text = format!("[node]\ndevelopment = true\nroles = [{}]\n[listen]\n", quoted(roles));
        for role in internal {
            writeln!(text, "internal_{role} = \"127.0.0.1:0\"").unwrap();
        }
        folder.write("c.toml", &text);
        let (_, checks) = examine(&folder, &["--config", "c.toml"]);
        checks.iter().map(|check| check["name"].as_str().unwrap().to_owned()).collect()
    };
    let has = |names: &[String], name: &str| names.iter().any(|other| other == name);
    let registry = names("registry");
    for name in ["port ops", "port internal_registry", "internal certificate", "database registry", "clock"] {
        assert!(has(&registry, name), "{name}: {registry:?}");
    }
    for name in [
        "port agency",
        "server certificate",
        "revocation list",
        "database control",
        "database index",
        "access log",
        "disk",
    ] {
        assert!(!has(&registry, name), "{name}: {registry:?}");
    }
    let control = names("control");
    assert!(
        has(&control, "database control") && has(&control, "database registry"),
        "it asks whether one may be asked"
    );
    assert!(has(&control, "port internal_control") && !has(&control, "port internal_registry"));
    assert!(!has(&control, "database index") && !has(&control, "access log"));
    let worker = names("worker");
    assert!(
        !has(&worker, "internal certificate") && !worker.iter().any(|name| name.starts_with("database")),
        "{worker:?}"
    );
    let all = names("gateway,control,registry");
    assert!(has(&all, "port agency") && has(&all, "access log") && has(&all, "server certificate"));
    assert!(
        !has(&all, "internal certificate") && !has(&all, "port internal_control"),
        "nobody is served inside: {all:?}"
    );
}

fn quoted(roles: &str) -> String {
    roles.split(',').map(|role| format!("\"{role}\"")).collect::<Vec<_>>().join(", ")
}

#[test]
fn lines_for_people_say_the_same_as_json_and_end_with_a_count() {
    let folder = Folder::new();
    folder.answer(&["pki", "init"]);
    fs::write(folder.path().join("state/pki/server.pem"), "junk").unwrap();
    let (_, checks) = examine(&folder, &[]);
    let mut command = folder.command(&["doctor"]);
    let output = command.envs(QUIET.iter().copied()).output().unwrap();
    let lines = text(&output.stdout);
    for check in &checks {
        let state = match check["state"].as_str().unwrap() {
            "fail" => "FAIL",
            other => other,
        };
        let front = format!("{state:<5} {:<22} ", check["name"].as_str().unwrap());
        assert!(lines.lines().any(|line| line.starts_with(&front)), "{front}: {lines}");
        if let Some(todo) = check["todo"].as_str() {
            assert!(lines.contains(&format!("→ {todo}")), "{todo}");
        }
    }
    let failed = checks.iter().filter(|check| check["state"] == "fail").count();
    assert_eq!(text(&output.stderr), format!("{failed} of {} checks failed\n", checks.len()));
}
