//! What cargo tells, as far as we read it: with what it leaves out, and with more than we know.

use super::*;

fn read_text(text: &str) -> Result<Metadata, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}

#[test]
fn packages_are_read_with_their_dependencies_and_without_the_rest() {
    let text = r#"{
        "packages": [{
            "name": "serde", "version": "1.0.0", "license": "MIT OR Apache-2.0", "id": "x", "targets": [],
            "source": "registry+https://example.org/index",
            "dependencies": [
                { "name": "serde_derive", "req": "^1", "kind": null, "optional": true },
                { "name": "trybuild", "kind": "dev" }
            ]
        }],
        "workspace_members": [], "resolve": null, "version": 1
    }"#;
    let metadata = read_text(text).unwrap();
    let package = &metadata.packages[0];
    assert_eq!((package.name.as_str(), package.version.as_str()), ("serde", "1.0.0"));
    assert_eq!(package.license.as_deref(), Some("MIT OR Apache-2.0"));
    assert_eq!(package.source.as_deref(), Some("registry+https://example.org/index"));
    let names: Vec<_> = package.dependencies.iter().map(|dependency| dependency.name.as_str()).collect();
    assert_eq!(names, ["serde_derive", "trybuild"]);
}

#[test]
fn licence_and_source_may_be_missing_and_nothing_else() {
    let check = |text: &str, expected: bool| {
        let text = format!("{{ \"packages\": [{text}] }}");
        assert_eq!(read_text(&text).is_ok(), expected, "{text}");
    };
    check(r#"{ "name": "a", "version": "1", "license": null, "source": null, "dependencies": [] }"#, true);
    check(r#"{ "name": "a", "version": "1", "dependencies": [] }"#, true);
    check(r#"{ "version": "1", "dependencies": [] }"#, false);
    check(r#"{ "name": "a", "dependencies": [] }"#, false);
    check(r#"{ "name": "a", "version": "1" }"#, false);
    check(r#"{ "name": "a", "version": "1", "dependencies": [{}] }"#, false);
    check(r#"{ "name": "a", "version": 1, "dependencies": [] }"#, false);
    assert!(read_text("{}").is_err() && read_text("").is_err());
}

#[test]
fn a_folder_without_a_workspace_is_an_error_that_cargo_words() {
    let folder = crate::testing::Folder::new("no-workspace");
    let said = read(folder.path(), false).unwrap_err();
    assert!(said.starts_with("cargo metadata: ") && said.contains("Cargo.toml"), "{said}");
}

#[test]
fn a_workspace_of_one_crate_is_read_without_the_network() {
    let folder = crate::testing::Folder::new("workspace");
    let manifest = "[package]\nname = \"lone\"\nversion = \"0.3.1\"\nlicense = \"MIT\"\n[dependencies]\nsyn = \"2\"\n";
    folder.file("Cargo.toml", manifest);
    folder.file("src/lib.rs", "");
    let metadata = read(folder.path(), false).unwrap();
    let [package] = &metadata.packages[..] else { panic!("{metadata:?}") };
    assert_eq!((package.name.as_str(), package.version.as_str()), ("lone", "0.3.1"));
    assert_eq!((package.license.as_deref(), package.source.as_deref()), (Some("MIT"), None));
    assert_eq!(package.dependencies[0].name, "syn");
}
