//! The log in real files, and the keys beside it.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    sync::atomic::{AtomicU32, Ordering},
};

use adapters::{
    entropy::SystemEntropy,
    log::{
        OpenError, SegmentLog,
        keys::{self, KeyError},
        verify,
    },
};
use exchange::ports::record_log::RecordLog;

use crate::support::{append, entry, fill, options, requests};

/// A folder of this test's own, removed at its end.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("log-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_log_in_files_survives_its_process_and_verifies() {
    let folder = Folder::new();
    let dir = folder.0.join("log");
    let log = SegmentLog::open(options(dir.clone())).unwrap();
    let vkey = log.verifier_key();
    fill(&log, 0, 300);
    assert!(matches!(SegmentLog::open(options(dir.clone())), Err(OpenError::InUse(_))));
    log.checkpoint().unwrap();
    while !log.write_tiles().unwrap() {}
    assert_eq!(verify(&dir, &vkey).unwrap().entries, 300, "in use");
    assert!(dir.join("tiles/tile/0/000").exists() && dir.join("tiles/tile/1/000.p/1").exists());
    drop(log);
    let log = SegmentLog::open(options(dir.clone())).unwrap();
    assert_eq!(append(&log, entry(300)).unwrap().sequence, 300);
    assert_eq!(requests(&log).len(), 301);
    assert!(log.disk().unwrap().free_bytes > 0);
    log.close();
    let report = verify(&dir, &vkey).unwrap();
    assert_eq!((report.entries, report.unsigned), (301, 0));
    let mode = fs::metadata(dir.join("segment-0000000000.log")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn verifying_nothing_makes_nothing() {
    let folder = Folder::new();
    let dir = folder.0.join("none");
    let log = SegmentLog::open(options(folder.0.join("log"))).unwrap();
    assert!(verify(&dir, &log.verifier_key()).is_err());
    assert!(!dir.exists());
}

#[test]
fn a_key_is_made_once_and_refused_when_others_may_read_it() {
    let folder = Folder::new();
    let path = folder.0.join("log.key");
    let key = keys::load_or_create(&path, &SystemEntropy::default()).unwrap();
    assert_ne!(key, [0; 32]);
    assert_eq!(keys::load_or_create(&path, &SystemEntropy::default()).unwrap(), key);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    assert!(matches!(keys::load(&path), Err(KeyError::Exposed(_))));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(&path, [1; 33]).unwrap();
    assert!(matches!(keys::load(&path), Err(KeyError::Length(_))));
    assert!(matches!(keys::load(&folder.0.join("none")), Err(KeyError::Io { .. })));
}
