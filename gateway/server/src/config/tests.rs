//! Bad configurations and the exact messages that they earn; samples that must stay whole.

use std::{fs, path::PathBuf};

use super::*;

/// Loads a configuration text through a file of its own.
fn load(text: &str, env: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let dir =
        std::env::temp_dir().join(format!("ijazat-config-{}-{:?}", std::process::id(), std::thread::current().id()));
    fs::create_dir_all(&dir).unwrap();
    let path = dir.join("ijazat.toml");
    fs::write(&path, text).unwrap();
    let loaded = Config::load(Some(&path), env.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())));
    fs::remove_dir_all(&dir).unwrap();
    loaded
}

#[test]
fn nothing_given_is_the_whole_development_plan() {
    let config = Config::load(None, []).unwrap();
    assert!(config.node.development);
    assert_eq!(config.node.roles.len(), 5);
    assert_eq!(config.listen.agency.to_string(), "127.0.0.1:8443");
    assert_eq!(config.listen.public.to_string(), "127.0.0.1:8444");
    assert_eq!(config.listen.ops.to_string(), "127.0.0.1:9464");
    assert_eq!(config.database.control.expose(), "sqlite://./state/control.db");
    assert_eq!(config.tls.server_cert, PathBuf::from("./state/pki/server.pem"));
    assert_eq!(config.upstream("registry").unwrap().kind, UpstreamKind::Embedded);
    assert!(config.upstream("fbr").is_none());
    assert!(!load("", &[]).unwrap().node.development, "with a file, development must be asked for");
}
