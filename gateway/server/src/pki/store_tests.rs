//! The development PKI of a folder: completed when something is missing, never overwritten, readable by its owner only.

use std::os::unix::fs::{MetadataExt, PermissionsExt};

use super::*;
use crate::pki::{
    facts,
    testing::{Fixture, Folder},
};

/// Every file with its content.
fn files(folder: &Path) -> std::collections::BTreeMap<String, Vec<u8>> {
    let entry = |entry: std::io::Result<fs::DirEntry>| {
        let entry = entry.unwrap();
        (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap())
    };
    fs::read_dir(folder).unwrap().map(entry).collect()
}

fn is_key(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|extension| extension == "key")
}

fn ensure(fixture: &Fixture) -> Result<Authorities, PkiError> {
    Authorities::ensure(fixture.folder.path(), "node-1", "ijazat.example", fixture.world())
}

#[test]
fn a_folder_holds_what_the_configuration_names() {
    let fixture = Fixture::new();
    let expected = [
        "client-ca.crl",
        "client-ca.key",
        "client-ca.lock",
        "client-ca.pem",
        "client-ca.revoked.json",
        "internal-ca.key",
        "internal-ca.pem",
        "internal.key",
        "internal.pem",
        "server-ca.key",
        "server-ca.pem",
        "server.key",
        "server.pem",
    ];
    assert_eq!(files(fixture.folder.path()).into_keys().collect::<Vec<_>>(), expected);
}

#[test]
fn what_is_there_is_never_changed_and_what_is_missing_is_made() {
    let fixture = Fixture::new();
    let mut before = files(fixture.folder.path());
    fixture.clock.advance(1_000_000);
    ensure(&fixture).unwrap();
    assert_eq!(files(fixture.folder.path()), before, "a second time changes nothing, however late");
    let made_with = [
        ("server.pem", vec!["server.key", "server.pem"]),
        ("internal.pem", vec!["internal.key", "internal.pem"]),
        ("client-ca.crl", vec!["client-ca.crl", "client-ca.revoked.json"]),
    ];
    for (missing, made) in made_with {
        fs::remove_file(fixture.folder.path().join(missing)).unwrap();
        ensure(&fixture).unwrap();
        let after = files(fixture.folder.path());
        let changed: Vec<&str> = after
            .iter()
            .filter(|(name, content)| before.get(*name) != Some(content))
            .map(|(name, _)| name.as_str())
            .collect();
        assert_eq!(changed, made, "{missing} was missing");
        before = after;
    }
}

#[test]
fn an_authority_that_lost_its_key_is_not_made_over() {
    for stem in ["client-ca", "server-ca", "internal-ca"] {
        let fixture = Fixture::new();
        let certificate = fs::read(fixture.folder.path().join(format!("{stem}.pem"))).unwrap();
        fs::remove_file(fixture.folder.path().join(format!("{stem}.key"))).unwrap();
        let failed = ensure(&fixture).unwrap_err();
        assert!(matches!(&failed, PkiError::Exists(path) if path.ends_with(format!("{stem}.pem"))), "{failed}");
        assert_eq!(fs::read(fixture.folder.path().join(format!("{stem}.pem"))).unwrap(), certificate);
        assert!(matches!(Authorities::load(fixture.folder.path()), Err(PkiError::NoAuthority(_))));
    }
}

#[test]
fn the_folder_and_its_keys_are_their_owners_only() {
    let outer = Folder::new();
    let folder = outer.path().join("state").join("pki");
    let fixture = Fixture::new();
    Authorities::ensure(&folder, "node-1", "ijazat.example", fixture.world()).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    for name in files(&folder).keys().filter(|name| is_key(name)) {
        assert_eq!(mode(&folder.join(name)), 0o600, "{name}");
        let shown = String::from_utf8(fs::read(folder.join(name)).unwrap()).unwrap();
        assert!(shown.contains("PRIVATE KEY"), "{name}");
    }
    for name in files(&folder).keys().filter(|name| !is_key(name)) {
        let text = String::from_utf8_lossy(&fs::read(folder.join(name)).unwrap()).into_owned();
        assert!(!text.contains("PRIVATE"), "{name}");
    }
}

#[test]
fn a_new_server_certificate_replaces_pair_by_pair_and_leaves_the_rest() {
    let fixture = Fixture::new();
    let path = |name: &str| fixture.folder.path().join(name);
    let before = files(fixture.folder.path());
    let inode = |name: &str| fs::metadata(path(name)).unwrap().ino();
    let inodes = (inode("server.pem"), inode("server.key"));
    let names = ["new.example".to_owned()];
    let pem = fixture.authorities.new_server(&names, 90, fixture.world()).unwrap();
    assert_eq!(fs::read_to_string(path("server.pem")).unwrap(), pem);
    assert_eq!(facts(&pem).unwrap().days_left(fixture.clock_now()), 90);
    let now = (inode("server.pem"), inode("server.key"));
    assert!(now.0 != inodes.0 && now.1 != inodes.1, "replaced in one step each, not rewritten in place");
    for (name, content) in files(fixture.folder.path()) {
        assert_eq!(before.get(&name) == Some(&content), !name.starts_with("server."), "{name}");
    }
    let read = |name: &str| fs::read(path(name)).unwrap();
    assert!(crate::tls::ServerCertificate::from_pem(&read("server.pem"), &read("server.key")).is_ok());
    for days in [0, -1, 398] {
        assert!(
            matches!(fixture.authorities.new_server(&names, days, fixture.world()), Err(PkiError::Days { given }) if given == days)
        );
    }
    assert_eq!(fs::read_to_string(path("server.pem")).unwrap(), pem, "a refusal changes nothing");
}

#[test]
fn a_servers_names_are_its_own_and_those_of_a_developers_machine() {
    assert_eq!(names("ijazat.example"), ["ijazat.example", "localhost", "127.0.0.1", "::1"]);
    assert_eq!(names("localhost"), ["localhost", "127.0.0.1", "::1"]);
}
