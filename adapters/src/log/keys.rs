//! Secret keys in files: 32 random bytes that only the service's own account may read.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use exchange::ports::entropy::Entropy;

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

/// Reads a key file; makes it, mode 0600 and durable, if it is not there.
///
/// # Errors
/// [`KeyError`]; an exposed key is refused, not repaired: it may be known already.
pub fn load_or_create(path: &Path, entropy: &dyn Entropy) -> Result<[u8; 32], KeyError> {
    let failed = |error| KeyError::Io { path: path.to_owned(), error };
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(file) => create(path, file, entropy).map_err(failed),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => load(path),
        Err(error) => Err(failed(error)),
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

fn create(path: &Path, mut file: File, entropy: &dyn Entropy) -> io::Result<[u8; 32]> {
    let mut key = [0; 32];
    entropy.fill(&mut key);
    file.write_all(&key)?;
    file.sync_all()?;
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        File::open(folder)?.sync_all()?;
    }
    Ok(key)
}
