//! Key files: made once whatever races, whole or not at all, refused when others might know them.

use std::{
    fs,
    os::unix::fs::symlink,
    sync::atomic::{AtomicU8, Ordering},
    thread,
};

use super::*;
use crate::entropy::SystemEntropy;

/// A folder of this test's own, removed at its end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let name = exchange::ports::entropy::random_hex_128(&SystemEntropy::default());
        let path = std::env::temp_dir().join(format!("ijazat-keys-{name}"));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(&self.0).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Gives other bytes at each call.
#[derive(Debug, Default)]
struct Counting(AtomicU8);

impl Entropy for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(self.0.fetch_add(1, Ordering::SeqCst));
    }
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_key_is_what_entropy_gave_and_stays_what_it_was() {
    let folder = Folder::new();
    let (path, entropy) = (folder.0.join("log.key"), Counting(AtomicU8::new(5)));
    assert_eq!(load_or_create(&path, &entropy).unwrap(), [5; 32]);
    assert_eq!(fs::read(&path).unwrap(), [5; 32]);
    assert_eq!(load_or_create(&path, &entropy).unwrap(), [5; 32]);
    assert_eq!(load(&path).unwrap(), [5; 32]);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(folder.names(), ["log.key"], "nothing else that holds the key is left behind");
}

#[test]
fn of_many_that_start_at_once_all_get_one_key() {
    let folder = Folder::new();
    for round in 0..20 {
        let (path, entropy) = (folder.0.join(format!("{round}.key")), Counting::default());
        let keys: Vec<[u8; 32]> = thread::scope(|scope| {
            let start = || load_or_create(&path, &entropy).unwrap();
            let all: Vec<_> = (0..8).map(|_| scope.spawn(start)).collect();
            all.into_iter().map(|one| one.join().unwrap()).collect()
        });
        assert!(keys.iter().all(|key| *key == keys[0]), "round {round}: {keys:?}");
        assert_eq!(load(&path).unwrap(), keys[0], "round {round}");
    }
    assert_eq!(folder.names().len(), 20);
}

#[test]
fn a_key_file_that_others_may_touch_or_that_is_no_key_is_refused_and_left_alone() {
    let folder = Folder::new();
    let path = folder.0.join("key");
    fs::write(&path, [9; 32]).unwrap();
    for bits in [0o640, 0o620, 0o610, 0o604, 0o602, 0o601, 0o666, 0o644] {
        mode(&path, bits);
        let both = [load(&path), load_or_create(&path, &Counting::default())];
        for found in both {
            assert!(matches!(found, Err(KeyError::Exposed(named)) if named == path), "{bits:o}");
        }
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, bits, "refused, not repaired");
    }
    for bits in [0o600, 0o400, 0o700] {
        mode(&path, bits);
        assert_eq!(load(&path).unwrap(), [9; 32], "{bits:o}");
    }
    mode(&path, 0o600);
    for length in [0, 1, 31, 33, 64, 100_000] {
        fs::write(&path, vec![9; length]).unwrap();
        let both = [load(&path), load_or_create(&path, &Counting::default())];
        for found in both {
            assert!(matches!(found, Err(KeyError::Length(named)) if named == path), "{length} bytes");
        }
        assert_eq!(fs::read(&path).unwrap().len(), length, "nothing is written over it");
    }
}

#[test]
fn a_key_file_that_cannot_be_reached_says_which_and_why() {
    let folder = Folder::new();
    let check = |path: &Path, kind: io::ErrorKind| match load_or_create(path, &Counting::default()) {
        Err(KeyError::Io { path: named, error }) => assert_eq!((named.as_path(), error.kind()), (path, kind)),
        other => panic!("{path:?}: {other:?}"),
    };
    check(&folder.0.join("none/key"), io::ErrorKind::NotFound);
    fs::write(folder.0.join("file"), "").unwrap();
    check(&folder.0.join("file/key"), io::ErrorKind::NotADirectory);
    let dir = folder.0.join("dir");
    fs::create_dir(&dir).unwrap();
    mode(&dir, 0o700);
    check(&dir, io::ErrorKind::IsADirectory);
    let absent = folder.0.join("absent");
    assert!(matches!(load(&absent), Err(KeyError::Io { .. })));
    assert!(!absent.exists(), "loading makes nothing");
}

#[test]
fn a_link_to_a_key_is_read_by_the_rules_of_the_key_itself() {
    let folder = Folder::new();
    let (key, link) = (folder.0.join("key"), folder.0.join("link"));
    fs::write(&key, [3; 32]).unwrap();
    mode(&key, 0o600);
    symlink(&key, &link).unwrap();
    assert_eq!(load_or_create(&link, &Counting::default()).unwrap(), [3; 32]);
    mode(&key, 0o644);
    assert!(matches!(load_or_create(&link, &Counting::default()), Err(KeyError::Exposed(_))));
}

#[test]
fn errors_name_the_file_and_never_its_bytes() {
    let path = PathBuf::from("state/keys/log.key");
    let shown = [
        KeyError::Exposed(path.clone()).to_string(),
        KeyError::Length(path.clone()).to_string(),
        KeyError::Io { path, error: io::ErrorKind::NotFound.into() }.to_string(),
    ];
    assert_eq!(
        shown,
        [
            "key file `state/keys/log.key` may be read or written by others: set mode 0600",
            "key file `state/keys/log.key` does not hold 32 bytes",
            "key file `state/keys/log.key`: entity not found",
        ]
    );
}
