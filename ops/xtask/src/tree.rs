//! The files of the work tree that people wrote.

use std::{fs, io, path::Path};

/// Folders that hold what machines made.
const MADE: [&str; 4] = ["target", ".git", "state", "node_modules"];

/// One text file.
#[derive(Debug)]
pub struct TextFile {
    /// Path from the root, with `/`.
    pub path: String,
    /// Its whole text.
    pub text: String,
}

impl TextFile {
    /// Whether its name ends in `.ending`.
    pub fn ends_in(&self, ending: &str) -> bool {
        Path::new(&self.path).extension().is_some_and(|its| its == ending)
    }
}

/// All text files beneath `root`, in the order of their paths. Files that are not UTF-8 are left out.
///
/// # Errors
/// When a folder or a file cannot be read.
pub fn text_files(root: &Path) -> io::Result<Vec<TextFile>> {
    let mut found = Vec::new();
    collect(root, root, &mut found)?;
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

fn collect(root: &Path, folder: &Path, found: &mut Vec<TextFile>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let (path, kind) = (entry.path(), entry.file_type()?);
        if kind.is_dir() {
            if !MADE.iter().any(|made| entry.file_name() == *made) {
                collect(root, &path, found)?;
            }
        } else if kind.is_file() {
            read(root, &path, found)?;
        }
    }
    Ok(())
}

fn read(root: &Path, path: &Path, found: &mut Vec<TextFile>) -> io::Result<()> {
    // Another process may remove its own scratch file between listing and reading.
    let bytes = match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        read => read?,
    };
    if let Ok(text) = String::from_utf8(bytes) {
        let path = path.strip_prefix(root).unwrap_or(path).to_string_lossy().into_owned();
        found.push(TextFile { path, text });
    }
    Ok(())
}

#[cfg(test)]
#[path = "tree_tests.rs"]
mod tests;
