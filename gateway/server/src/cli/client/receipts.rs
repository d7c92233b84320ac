//! The file of an agency's receipts: what is kept is on disk before the answer that it is of is shown.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
};

use super::super::failure::Failure;

/// The file, open to be added to.
#[derive(Debug)]
pub(super) struct Receipts {
    file: File,
    path: PathBuf,
}

impl Receipts {
    /// Opens the file, which is made where there is none.
    ///
    /// # Errors
    /// [`Failure::Usage`] where it cannot be written: a request whose receipt could not be kept is better not sent.
    pub(super) fn open(path: &Path) -> Result<Self, Failure> {
        let opened = open(path).map_err(|error| Failure::Usage(format!("{}: {error}", path.display())))?;
        Ok(Self { file: opened, path: path.to_owned() })
    }

    /// Adds a line, durably. One write to the end: processes that share a file do not mix their lines.
    ///
    /// # Errors
    /// [`Failure::Failed`] with the line itself, so that it can be kept by hand.
    pub(super) fn keep(&mut self, line: &str) -> Result<(), Failure> {
        let told = |error: io::Error| {
            Failure::Failed(format!("{}: {error}; keep this receipt yourself: {line}", self.path.display()))
        };
        self.file.write_all(format!("{line}\n").as_bytes()).and_then(|()| self.file.sync_data()).map_err(told)
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

/// A line that was torn, or typed without its end, is ended: what is added does not become a part of it.
fn open(path: &Path) -> io::Result<File> {
    let mut file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
    let mut last = [b'\n'];
    if file.seek(SeekFrom::End(-1)).is_ok() {
        file.read_exact(&mut last)?;
    }
    if last != [b'\n'] {
        file.write_all(b"\n")?;
    }
    file.sync_all()?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::{super::super::bill::lines::each_receipt, *};

    #[test]
    fn what_is_kept_stands_on_lines_of_its_own() {
        let folder = crate::pki::testing::Folder::new();
        let path = folder.path().join("receipts.txt");
        Receipts::open(&path).unwrap().keep("\"a.example/n/1\";rows=1;amount-milli-paisa=5;rate=\"v1\"").unwrap();
        let mut whole = std::fs::read_to_string(&path).unwrap();
        // A line whose end was never written.
        whole.push_str("\"a.example/n/2\";rows=1;amount-milli-paisa=5;rate=\"v1\"");
        std::fs::write(&path, &whole).unwrap();
        Receipts::open(&path).unwrap().keep("\"a.example/n/3\";rows=1;amount-milli-paisa=5;rate=\"v1\"").unwrap();
        let mut read = Vec::new();
        each_receipt(&path, |receipt| read.push(receipt.index)).unwrap();
        assert_eq!(read, [1, 2, 3]);
    }

    #[test]
    fn a_file_that_cannot_be_written_is_told_before_anything_is_asked() {
        let folder = crate::pki::testing::Folder::new();
        let told = Receipts::open(folder.path()).unwrap_err();
        assert!(matches!(told, Failure::Usage(_)), "{told}");
    }
}
