//! No password of a database stands in anything that is printed: not in force, not refused, not in a debugger's view.

use proptest::prelude::*;

use super::*;

const ROLES: [&str; 3] = ["control", "registry", "index"];

/// Everything that could be shown of a loaded or refused configuration.
fn everything_shown(outcome: &Result<Config, ConfigError>) -> String {
    match outcome {
        Ok(config) => {
            let values = config.effective.iter().filter_map(|line| line.value.clone()).collect::<Vec<_>>().join("\n");
            format!("{config:?}\n{config:#?}\n{values}")
        }
        Err(error) => format!("{error}\n{error:?}\n{error:#?}"),
    }
}

#[test]
fn each_database_is_masked_from_the_file_and_from_the_environment() {
    for role in ROLES {
        let url = "postgres://ijazat:hunter2@db.internal:5432/it?sslmode=require&password=hunter2";
        let masked = "\"postgres://ijazat:***@db.internal:5432/it?***\"";
        let name = format!("IJAZAT__DATABASE__{}", role.to_uppercase());
        for outcome in [load(&format!("[database]\n{role} = \"{url}\""), &[]), load("", &[(&name, url)])] {
            assert!(!everything_shown(&outcome).contains("hunter2"));
            let config = outcome.unwrap();
            let line = config.effective.iter().find(|line| line.section == "database" && line.key == role).unwrap();
            assert_eq!(line.value.as_deref(), Some(masked), "{role}");
        }
    }
}

#[test]
fn the_store_of_shared_quotas_is_masked_too() {
    let url = "redis://ijazat:hunter2@10.0.0.9/0";
    for outcome in [
        load(&format!("[limits]\nnodes = 3\nshared = \"{url}\""), &[]),
        load("", &[("IJAZAT__LIMITS__NODES", "3"), ("IJAZAT__LIMITS__SHARED", url)]),
    ] {
        assert!(!everything_shown(&outcome).contains("hunter2"));
        let config = outcome.unwrap();
        assert_eq!(config.limits.shared.unwrap().expose(), url);
    }
    let check = |shared: &str, expected: &str| {
        let outcome = load(&format!("[limits]\nshared = \"{shared}\""), &[]);
        assert!(!everything_shown(&outcome).contains("hunter2"));
        assert_eq!(outcome.unwrap_err().to_string(), format!("config: [limits] {expected}"));
    };
    for other in ["rediss://:hunter2@host", "http://:hunter2@host", "hunter2", ""] {
        check(other, "shared: does not begin with redis:// or redis+unix://");
    }
    check("redis://:hunter2@host", "nodes = 1: say how many gateways share the quotas, 2 or more");
}

#[test]
fn the_driver_gets_the_password_all_the_same() {
    let config = load("", &[("IJAZAT__DATABASE__INDEX", "postgres://u:hunter2@h/i")]).unwrap();
    assert_eq!(config.database.index.expose(), "postgres://u:hunter2@h/i");
}

#[test]
fn a_refused_url_is_not_repeated() {
    for (role, value) in ROLES.iter().flat_map(|role| {
        ["hunter2", "mysql://u:hunter2@h/d", " postgres://u:hunter2@h/d", "POSTGRES://u:hunter2@h/d", ""]
            .map(|value| (role, value))
    }) {
        let outcome = load(&format!("[database]\n{role} = \"{value}\""), &[]);
        assert!(!everything_shown(&outcome).contains("hunter2"), "{value}");
        let told = outcome.unwrap_err().to_string();
        assert_eq!(told, format!("config: [database] {role}: does not begin with sqlite:// or postgres://"));
    }
}

#[test]
fn a_value_of_the_wrong_type_is_not_repeated_either() {
    for value in ["[\"hunter2\"]", "{ password = \"hunter2\" }", "12345678"] {
        let outcome = load(&format!("[database]\ncontrol = {value}"), &[]);
        let shown = everything_shown(&outcome);
        assert!(!shown.contains("hunter2") && !shown.contains("12345678"), "{shown}");
        assert_eq!(outcome.unwrap_err().to_string(), "config: [database] control: not a text");
    }
}

#[test]
fn a_broken_file_is_told_by_its_line_and_nothing_of_the_line_is_repeated() {
    let check = |before: &str, broken: &str| {
        let line = before.matches('\n').count() + 1;
        let outcome = load(&format!("{before}{broken}"), &[]);
        assert!(!everything_shown(&outcome).contains("hunter2"), "{broken}");
        let told = outcome.unwrap_err().to_string();
        assert!(
            told.starts_with("config: ") && told.contains(&format!(": line {line}: not toml: ")),
            "{broken}: {told}"
        );
        assert_eq!(told.lines().count(), 1, "{told}");
    };
    check("[database]\n", "control = \"postgres://u:hunter2@h");
    check("[database]\n\n\n", "control = postgres://u:hunter2@h");
    check("", "[database\ncontrol = \"hunter2\"");
    check("# one\n# two\n", "hunter2");
    check("[database]\ncontrol = \"a\"\n", "control = \"hunter2\"");
}

#[test]
fn credentials_in_the_url_of_an_upstream_are_refused_without_being_repeated() {
    for url in ["https://user:hunter2@fbr.example", "https://hunter2@fbr.example", "user:hunter2@fbr"] {
        let outcome = load(&format!("[upstream.fbr]\nca = \"c\"\nurl = \"{url}\""), &[]);
        assert!(!everything_shown(&outcome).contains("hunter2"), "{url}");
        let told = outcome.unwrap_err().to_string();
        assert!(told.starts_with("config: [upstream.fbr] url: not a url such as https://host:port"), "{told}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn whatever_the_password_it_is_not_shown(
        password in "[A-Za-z0-9@:/?#%!$&'()*+,;=._~-]{6,30}",
        scheme in prop_oneof![Just("postgres"), Just("postgresql"), Just("mysql"), Just("")],
        port in prop::option::of(1_u16..),
    ) {
        // A mark that nothing else in a configuration has, so that finding it means finding the password.
        let password = format!("Zq7{password}");
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        let url = format!("{scheme}://ijazat:{password}@db.example{port}/control");
        let outcome = load("", &[("IJAZAT__DATABASE__CONTROL", &url)]);
        // What stands behind a `?` is a query to a driver, and masked as one.
        prop_assert!(!everything_shown(&outcome).contains("Zq7"), "{}", url);
    }

    #[test]
    fn what_is_masked_still_tells_where_the_database_is(user in "[a-z]{1,8}", host in "[a-z]{1,8}", name in "[a-z]{1,8}") {
        let url = secret::SecretUrl::new(format!("postgres://{user}:secret@{host}/{name}"));
        prop_assert_eq!(url.to_string(), format!("postgres://{user}:***@{host}/{name}"));
        let plain = secret::SecretUrl::new(format!("postgres://{host}/{name}"));
        prop_assert_eq!(plain.to_string(), format!("postgres://{host}/{name}"));
    }

    #[test]
    fn the_file_of_a_sqlite_database_is_found_and_no_other_has_one(path in "[a-z./]{1,20}", query in "[a-z=]{0,8}") {
        let url = |text: String| secret::SecretUrl::new(text);
        let bare = url(format!("sqlite://{path}"));
        prop_assert_eq!(bare.sqlite_path(), Some(std::path::Path::new(&path)));
        let asked = url(format!("sqlite://{path}?{query}"));
        prop_assert_eq!(asked.sqlite_path(), Some(std::path::Path::new(&path)));
        let elsewhere = url(format!("postgres://{path}"));
        prop_assert_eq!(elsewhere.sqlite_path(), None);
    }
}
