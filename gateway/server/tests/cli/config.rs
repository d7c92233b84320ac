//! `check-config`: what it prints, what it refuses, by the real binary.

use crate::kit::Folder;

#[test]
fn a_password_in_the_configuration_is_never_printed() {
    let folder = Folder::new();
    folder.write("c.toml", "[node]\ndevelopment = true\n[database]\ncontrol = \"postgres://u:hunter2@db/control\"\n");
    let printed = folder.answer(&["check-config", "--config", "c.toml", "--print"]);
    assert!(printed.contains("control = \"postgres://u:***@db/control\"  # file"), "{printed}");
    assert!(!printed.contains("hunter2"), "{printed}");
    assert!(printed.contains("passcode_ttl_s = 300  # default"), "{printed}");
}

#[test]
fn a_sound_plan_is_told_in_one_line_with_its_roles() {
    let folder = Folder::new();
    let told = folder.answer(&["check-config"]);
    assert_eq!(told, "configuration is sound: node-1 plays gateway, control, registry, matcher, worker\n");
    folder.write("c.toml", "[node]\nname = \"w-1\"\nroles = [\"worker\"]\n");
    assert_eq!(folder.answer(&["check-config", "--config", "c.toml"]), "configuration is sound: w-1 plays worker\n");
}

#[test]
fn what_is_printed_is_a_configuration_that_prints_the_same() {
    let folder = Folder::new();
    folder.write(
        "c.toml",
        "[node]\ndevelopment = true\nname = \"n-7\"\n[listen]\nagency = \"127.0.0.1:7001\"\n[consent]\npasscode_ttl_s = 61\n",
    );
    let values = |printed: &str| -> Vec<String> {
        printed.lines().filter_map(|line| Some(line.split_once("  # ")?.0.to_owned())).collect()
    };
    let first = folder.answer(&["check-config", "--config", "c.toml", "--print"]);
    let (file, _) = first.rsplit_once("configuration is sound").unwrap();
    folder.write("again.toml", file);
    let second = folder.answer(&["check-config", "--config", "again.toml", "--print"]);
    assert!(values(&first).len() > 40, "{first}");
    assert_eq!(values(&first), values(&second));
    assert!(second.contains("passcode_ttl_s = 61  # file"), "{second}");
    let everywhere = second.lines().filter(|line| line.ends_with("# default")).count();
    assert_eq!(everywhere, 0, "every value came from the file: {second}");
}

#[test]
fn absent_values_are_printed_as_absent_and_not_as_empty() {
    let printed = Folder::new().answer(&["check-config", "--print"]);
    for key in ["agency_url", "internal_control", "internal_registry", "bundle", "url", "permit_key"] {
        assert!(printed.contains(&format!("# {key} is absent\n")), "{key}: {printed}");
    }
    for section in ["[node]", "[listen]", "[tls]", "[upstream.control]", "[upstream.registry]", "[observe]"] {
        assert_eq!(printed.matches(&format!("{section}\n")).count(), 1, "{section}");
    }
}

#[test]
fn every_problem_is_told_at_once_and_nothing_is_printed_beside() {
    let folder = Folder::new();
    folder.write("bad.toml", "[node]\nname = \"A\"\n[log]\nsegment_mib = 0\ndirs = \"x\"\n[nonsense]\n");
    let output = folder.ijazat(&["check-config", "--config", "bad.toml", "--print"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    let told = crate::kit::text(&output.stderr);
    let lines: Vec<_> = told.lines().collect();
    assert_eq!(
        lines,
        [
            "config: [nonsense]: unknown section",
            "config: [node] name = \"A\": not 1 to 63 small letters, digits, dots and hyphens",
            "config: [log] segment_mib = 0: at least 1",
            "config: [log] dirs: unknown key; is `dir` meant?",
        ]
    );
}

#[test]
fn the_samples_of_production_name_files_that_this_machine_lacks() {
    let folder = Folder::new();
    let samples = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ops/samples");
    let check = |name: &str, lacks: &[&str], needs_not: &[&str]| {
        let path = samples.join(name).display().to_string();
        for command in ["check-config", "serve"] {
            let (code, told) = folder.refusal(&[command, "--config", &path]);
            assert_eq!(code, Some(1), "{name}: {told}");
            assert!(
                told.lines().all(|line| line.starts_with("config: [") && line.contains(": no such file")),
                "{told}"
            );
            for file in lacks {
                assert!(told.contains(file), "{name} {file}: {told}");
            }
            for file in needs_not {
                assert!(!told.contains(file), "{name} {file}: {told}");
            }
        }
    };
    let outer = ["[tls] server_cert", "[tls] server_key", "[tls] client_ca", "[tls] client_crl"];
    let inner = ["[tls] internal_ca", "[tls] internal_cert", "[tls] internal_key", "[tls] permit_key"];
    let lookup = "gateway/keys/lookup.key: no such file: copy that of the process that plays `control`";
    check("ijazat.toml", &[&outer[..], &["[upstream.fbr] ca"]].concat(), &inner);
    check(
        "split-gateway.toml",
        &[&outer[..], &inner[..3], &[lookup, "[upstream.control] permit_key"]].concat(),
        &[inner[3]],
    );
    check("split-control.toml", &inner, &outer);
    check("split-registry.toml", &inner, &[&outer[..], &["lookup.key", "fbr"]].concat());
    assert!(!folder.has("state"));
}

#[test]
fn a_role_on_the_command_line_changes_what_is_needed() {
    let folder = Folder::new();
    folder.write("c.toml", "[listen]\ninternal_registry = \"127.0.0.1:0\"\nops = \"127.0.0.1:0\"\n");
    let (code, told) = folder.refusal(&["serve", "--config", "c.toml", "--roles", "registry"]);
    assert_eq!(code, Some(1));
    assert!(told.contains("[tls] internal_cert") && !told.contains("server_cert"), "{told}");
    let (code, told) = folder.refusal(&["serve", "--config", "c.toml", "--roles", "registry,queen"]);
    assert_eq!(code, Some(2));
    assert!(told.contains("`queen` is not one of control, registry, matcher, worker, gateway"), "{told}");
    let (code, told) = folder.refusal(&["serve", "--config", "c.toml", "--roles", "gateway"]);
    assert_eq!(code, Some(2));
    assert!(told.contains("[upstream.control]: embedded, but this process does not play `control`"), "{told}");
}
