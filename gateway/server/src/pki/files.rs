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
}
