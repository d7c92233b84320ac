//! Files of the PKI: written whole or not at all, keys for their owner only.

use std::{
    fs::{self, File, OpenOptions},
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use super::error::PkiError;

/// Keys: their owner may read and write, nobody else anything.
pub(super) const SECRET: u32 = 0o600;

/// Certificates and lists: anyone may read.
pub(super) const PUBLIC: u32 = 0o644;

/// Replaces the file with the text in one step, so that a reader sees the old or the new one whole, and a crash loses
/// neither.
pub(super) fn replace(path: &Path, text: &str, mode: u32) -> Result<(), PkiError> {
    let beside = temporary(path);
    let written = write_synced(&beside, text, mode).and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        // The half-written file must not be taken for one; that it cannot be removed changes nothing.
        let _ = fs::remove_file(&beside);
    }
    written.and_then(|()| sync_folder(path)).map_err(PkiError::at(path))
}

/// Writes a file that must not be there yet.
pub(super) fn create(path: &Path, text: &str, mode: u32) -> Result<(), PkiError> {
    if path.exists() {
        return Err(PkiError::Exists(path.to_owned()));
    }
    replace(path, text, mode)
}

/// Reads a text file.
pub(super) fn read(path: &Path) -> Result<String, PkiError> {
    fs::read_to_string(path).map_err(PkiError::at(path))
}

fn write_synced(path: &Path, text: &str, mode: u32) -> std::io::Result<()> {
    // A leftover of a crash may have other rights: `mode` only counts for a file that is made now.
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn sync_folder(path: &Path) -> std::io::Result<()> {
    match path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        Some(folder) => File::open(folder)?.sync_all(),
        None => File::open(".")?.sync_all(),
    }
}

fn temporary(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_secret_is_its_owners_only_and_never_overwritten_by_chance() {
        let folder = crate::pki::testing::Folder::new();
        let path = folder.path().join("ca.key");
        create(&path, "one", SECRET).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(matches!(create(&path, "two", SECRET), Err(PkiError::Exists(_))));
        assert_eq!(read(&path).unwrap(), "one");
        replace(&path, "two", SECRET).unwrap();
        assert_eq!(read(&path).unwrap(), "two");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no temporary file stays");
    }

    #[test]
    fn rights_are_those_that_were_asked_for_whatever_was_there_before() {
        let folder = crate::pki::testing::Folder::new();
        let path = folder.path().join("x.key");
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        for (before, asked) in [(0o666, SECRET), (0o400, PUBLIC), (0o777, SECRET)] {
            fs::write(&path, "old").unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(before)).unwrap();
            // What a crash left behind, open to everybody.
            fs::write(temporary(&path), "half of a k").unwrap();
            fs::set_permissions(temporary(&path), fs::Permissions::from_mode(0o666)).unwrap();
            replace(&path, "new", asked).unwrap();
            assert_eq!((mode(&path) & !0o022, read(&path).unwrap().as_str()), (asked & !0o022, "new"), "{before:o}");
            assert!(!temporary(&path).exists());
        }
    }

    #[test]
    fn a_file_that_cannot_be_written_whole_stays_as_it_was_and_is_named() {
        let folder = crate::pki::testing::Folder::new();
        let path = folder.path().join("ca.pem");
        replace(&path, "old", PUBLIC).unwrap();
        fs::create_dir(temporary(&path)).unwrap();
        let failed = replace(&path, "new", PUBLIC).unwrap_err();
        assert!(matches!(&failed, PkiError::File { path: named, .. } if *named == path), "{failed}");
        assert_eq!(read(&path).unwrap(), "old");
        let nowhere = folder.path().join("no").join("ca.pem");
        assert!(matches!(create(&nowhere, "x", PUBLIC), Err(PkiError::File { .. })));
        assert!(matches!(read(&nowhere), Err(PkiError::File { path, .. }) if path == nowhere));
        assert!(!folder.path().join("no").exists(), "folders are not made on the way");
    }

    #[test]
    fn a_reader_sees_one_version_or_the_other_and_never_a_mixture() {
        let folder = crate::pki::testing::Folder::new();
        let path = folder.path().join("list.crl");
        let versions = ["a".repeat(20_000), "b".repeat(30_000)];
        replace(&path, &versions[0], PUBLIC).unwrap();
        std::thread::scope(|scope| {
            let reading = scope.spawn(|| (0..200).all(|_| versions.contains(&read(&path).unwrap())));
            for n in 0..20 {
                replace(&path, &versions[n % 2], PUBLIC).unwrap();
            }
            assert!(reading.join().unwrap());
        });
    }

    #[test]
    fn a_secret_that_is_not_text_is_not_read_as_one() {
        let folder = crate::pki::testing::Folder::new();
        let path = folder.path().join("ca.key");
        fs::write(&path, [0xff, 0xfe, 0x00]).unwrap();
        let failed = read(&path).unwrap_err().to_string();
        assert!(failed.contains("ca.key") && !failed.contains('\u{fffd}'), "{failed}");
    }
}
