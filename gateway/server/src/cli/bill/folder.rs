//! The folder that a statement is handed over in: whole or not there at all, and never written over.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Write as _},
    path::{Path, PathBuf},
};

use exchange::ports::entropy::{Entropy, random_hex_128};

use super::super::failure::Failure;

/// A folder under a name of its own, until it is whole. What is left unfinished goes away.
#[derive(Debug)]
pub(super) struct Unfinished {
    at: PathBuf,
    to: PathBuf,
}

impl Unfinished {
    /// Begins.
    ///
    /// # Errors
    /// [`Failure::Usage`] where the folder is there already, [`Failure::Failed`] where it cannot be made.
    pub(super) fn begin(to: &Path, entropy: &dyn Entropy) -> Result<Self, Failure> {
        if to.exists() {
            let why = "is there already: a statement is never written over; name another with --out";
            return Err(Failure::Usage(format!("{}: {why}", to.display())));
        }
        let mut name = to.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.tmp", random_hex_128(entropy)));
        let at = to.with_file_name(name);
        fs::create_dir_all(&at).map_err(|error| failed(&at, &error))?;
        Ok(Self { at, to: to.to_owned() })
    }

    /// What stands there until then.
    pub(super) fn folder(&self) -> Folder {
        Folder { at: self.at.clone() }
    }

    /// Gives the folder its name.
    ///
    /// # Errors
    /// [`Failure::Failed`] naming it.
    pub(super) fn finish(self) -> Result<(), Failure> {
        // Onto a folder that somebody made meanwhile and put something in, a rename fails.
        fs::rename(&self.at, &self.to).map_err(|error| failed(&self.to, &error))
    }
}

/// A folder that files are written in.
#[derive(Clone, Debug)]
pub(super) struct Folder {
    at: PathBuf,
}

impl Folder {
    /// A folder in this one, made.
    ///
    /// # Errors
    /// [`Failure::Failed`] naming it.
    pub(super) fn within(&self, name: &str) -> Result<Self, Failure> {
        let at = self.at.join(name);
        fs::create_dir(&at).map_err(|error| failed(&at, &error))?;
        Ok(Self { at })
    }

    /// Takes it away with all that is in it.
    ///
    /// # Errors
    /// [`Failure::Failed`] naming it.
    pub(super) fn remove(&self) -> Result<(), Failure> {
        fs::remove_dir_all(&self.at).map_err(|error| failed(&self.at, &error))
    }

    /// Where a file of it stands for now.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.at.join(name)
    }

    /// Writes a file.
    ///
    /// # Errors
    /// [`Failure::Failed`] naming it.
    pub(super) fn write(&self, name: &str, text: &str) -> Result<(), Failure> {
        let mut file = self.file(name)?;
        let written = file.write_all(text.as_bytes());
        written.map_err(|error| failed(&self.path(name), &error))?;
        self.done(name, file)
    }

    /// A file to be written piece by piece, then given to [`Self::done`].
    ///
    /// # Errors
    /// [`Failure::Failed`] naming it.
    pub(super) fn file(&self, name: &str) -> Result<BufWriter<File>, Failure> {
        let path = self.path(name);
        File::create_new(&path).map(BufWriter::new).map_err(|error| failed(&path, &error))
    }

    /// Writes what is left of a file, durably.
    ///
    /// # Errors
    /// [`Failure::Failed`] naming it.
    pub(super) fn done(&self, name: &str, file: BufWriter<File>) -> Result<(), Failure> {
        let synced = file.into_inner().map_err(io::IntoInnerError::into_error).and_then(|file| file.sync_all());
        synced.map_err(|error| failed(&self.path(name), &error))
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // Once finished, nothing is there under this name.
        let _ = fs::remove_dir_all(&self.at);
    }
}

fn failed(path: &Path, error: &io::Error) -> Failure {
    Failure::Failed(format!("{}: {error}", path.display()))
}
