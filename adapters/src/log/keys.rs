//! Secret keys in files: 32 random bytes that only the service's own account may read.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use exchange::ports::entropy::{Entropy, random_hex_128};

/// Bits of group and others.
const FOREIGN_BITS: u32 = 0o077;

/// Why a key file is refused.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// Group or others may read or write it.
    #[error("key file `{0}` may be read or written by others: set mode 0600")]
    Exposed(PathBuf),
    /// Not 32 bytes.
    #[error("key file `{0}` does not hold 32 bytes")]
    Length(PathBuf),
    /// The host.
    #[error("key file `{path}`: {error}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the host reported.
        error: io::Error,
    },
}

/// Reads a key file; makes it, mode 0600 and durable, if it is not there. Of many who start at once all get one key.
///
/// # Errors
/// [`KeyError`]; an exposed key is refused, not repaired: it may be known already.
pub fn load_or_create(path: &Path, entropy: &dyn Entropy) -> Result<[u8; 32], KeyError> {
    match load(path) {
        Err(KeyError::Io { error, .. }) if error.kind() == io::ErrorKind::NotFound => {}
        found => return found,
    }
    match create(path, entropy) {
        Ok(key) => Ok(key),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => load(path),
        Err(error) => Err(KeyError::Io { path: path.to_owned(), error }),
    }
}

/// Reads a key file.
///
/// # Errors
/// [`KeyError`].
pub fn load(path: &Path) -> Result<[u8; 32], KeyError> {
    let failed = |error| KeyError::Io { path: path.to_owned(), error };
    let file = File::open(path).map_err(failed)?;
    if file.metadata().map_err(failed)?.permissions().mode() & FOREIGN_BITS != 0 {
        return Err(KeyError::Exposed(path.to_owned()));
    }
    let mut bytes = Vec::with_capacity(33);
    file.take(33).read_to_end(&mut bytes).map_err(failed)?;
    bytes.try_into().map_err(|_| KeyError::Length(path.to_owned()))
}

/// Writes the file under a name of its own first: whoever sees it, also after a crash, sees a whole key.
fn create(path: &Path, entropy: &dyn Entropy) -> io::Result<[u8; 32]> {
    let mut key = [0; 32];
    entropy.fill(&mut key);
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.tmp", random_hex_128(entropy)));
    let unfinished = path.with_file_name(name);
    let written = write(&unfinished, &key);
    // Unlike a rename, a link never takes the place of a key that somebody else made meanwhile.
    let linked = written.and_then(|()| fs::hard_link(&unfinished, path));
    let _ = fs::remove_file(&unfinished);
    linked?;
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        File::open(folder)?.sync_all()?;
    }
    Ok(key)
}

fn write(path: &Path, key: &[u8; 32]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(key)?;
    file.sync_all()
}

#[cfg(test)]
#[path = "keys_tests.rs"]
mod tests;
