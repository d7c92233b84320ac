//! Reads the files that a bill is checked with; a complaint names the file, and the line where there is one.

use std::{
    fs::{self, File},
    io::{self, BufRead as _, BufReader, Read as _},
    path::Path,
};

use exchange::{
    limits::EVIDENCE_BYTES_MAX,
    statement::{Evidence, Issued, PublicKeys, Receipt},
};

use indicatif::{ProgressBar, ProgressStyle};

use super::super::failure::Failure;

/// Bytes of a signed document or a file of keys that are read at most: a statement of a million scattered entries has a
/// quarter of it.
const DOCUMENT_BYTES_MAX: u64 = 64 << 20;

/// The text of a document.
///
/// # Errors
/// [`Failure::Usage`] naming the file.
pub(in super::super) fn text(path: &Path) -> Result<String, Failure> {
    let refused = |why: String| Failure::Usage(format!("{}: {why}", path.display()));
    let file = File::open(path).map_err(|error| refused(format!("cannot be read: {error}")))?;
    let mut text = String::new();
    let read = file.take(DOCUMENT_BYTES_MAX).read_to_string(&mut text);
    match read {
        Ok(bytes) if bytes as u64 == DOCUMENT_BYTES_MAX => Err(refused("is too long".to_owned())),
        Ok(_) => Ok(text),
        Err(error) => Err(refused(format!("cannot be read: {error}"))),
    }
}

/// The public keys of a file.
///
/// # Errors
/// [`Failure`] naming file and line.
pub(in super::super) fn keys(path: &Path) -> Result<PublicKeys, Failure> {
    PublicKeys::parse(&text(path)?).map_err(|error| of_file(path, &error))
}

/// A signed statement.
///
/// # Errors
/// [`Failure`] naming the file.
pub(in super::super) fn statement(path: &Path, keys: &PublicKeys) -> Result<Issued, Failure> {
    let opened = Issued::open(&text(path)?, &keys.statements).map_err(|error| of_file(path, &error))?;
    Ok(opened.body)
}

/// Visits every leaf of a file with its proof.
///
/// # Errors
/// [`Failure`] naming file and line, and those of `visit`.
pub(in super::super) fn each_leaf(path: &Path, mut visit: impl FnMut(Evidence)) -> Result<(), Failure> {
    each_line(path, |number, line| {
        let told = |error| Failure::Failed(format!("{}: line {number} {error}", path.display()));
        visit(Evidence::parse(line).map_err(told)?);
        Ok(())
    })
}

/// Visits every receipt of a file.
///
/// # Errors
/// [`Failure`] naming file and line.
pub(in super::super) fn each_receipt(path: &Path, mut visit: impl FnMut(Receipt)) -> Result<(), Failure> {
    each_line(path, |number, line| {
        let told = |error| Failure::Failed(format!("{}: line {number} {error}", path.display()));
        visit(Receipt::parse(line).map_err(told)?);
        Ok(())
    })
}

/// Visits every line that is not empty, with its number.
///
/// # Errors
/// [`Failure`] naming file and line, and those of `visit`.
pub(in super::super) fn each_line(
    path: &Path,
    mut visit: impl FnMut(u64, &str) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let unread = |error: &io::Error| Failure::Usage(format!("{}: cannot be read: {error}", path.display()));
    if fs::metadata(path).is_ok_and(|found| found.is_dir()) {
        return Err(Failure::Usage(format!("{}: is a folder", path.display())));
    }
    let mut reader = BufReader::new(File::open(path).map_err(|error| unread(&error))?);
    let mut bytes = Vec::new();
    for number in 1_u64.. {
        bytes.clear();
        // A line is never held beyond its bound, whatever the file.
        let most = EVIDENCE_BYTES_MAX as u64 + 1;
        let read = reader.by_ref().take(most).read_until(b'\n', &mut bytes).map_err(|error| unread(&error))?;
        if read == 0 {
            break;
        }
        let told = |why: &str| Failure::Failed(format!("{}: line {number} {why}", path.display()));
        if bytes.len() > EVIDENCE_BYTES_MAX {
            return Err(told("is too long"));
        }
        let line = std::str::from_utf8(&bytes).map_err(|_| told("is not text"))?.trim();
        if !line.is_empty() {
            visit(number, line)?;
        }
    }
    Ok(())
}

/// How far so many entries have been read or fetched.
pub(in super::super) fn bar(entries: u64) -> ProgressBar {
    let bar = ProgressBar::new(entries);
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {human_pos}/{human_len} entries, {eta} left") {
        bar.set_style(style);
    }
    bar
}

/// A file that does not hold.
pub(in super::super) fn of_file(path: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::Failed(format!("{}: {error}", path.display()))
}
