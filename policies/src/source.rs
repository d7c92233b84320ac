//! A bundle's files as text, from the program itself or from a folder.

use std::{collections::BTreeMap, path::Path};

use crate::{
    embedded,
    error::{BundleError, Problem},
};

/// Folders that a bundle consists of; all else in its folder (the crate's own source) is not read.
const FOLDERS: [&str; 9] =
    ["dictionary", "catalogue", "matrices", "rules", "schema", "guardrails", "domains", "templates", "cases"];

/// Ends of the names of a bundle's files; the golden matrix and editors' leavings are not read.
const SUFFIXES: [&str; 3] = [".toml", ".cedar", ".cedarschema"];

/// Bytes of one file of a bundle: the largest of ours has 20 KiB.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// The files of a bundle: path within its folder, with `/`, to text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    files: BTreeMap<String, String>,
}

impl Source {
    /// The bundle that this program was built with.
    #[must_use]
    pub fn embedded() -> Self {
        Self { files: embedded::FILES.iter().map(|&(path, text)| (path.to_owned(), text.to_owned())).collect() }
    }

    /// Reads a bundle's folder.
    ///
    /// # Errors
    /// Names the file or folder that cannot be read, is not text or is too large.
    pub fn from_dir(root: &Path) -> Result<Self, BundleError> {
        let mut source = Self::default();
        source.read_file(root, "bundle.toml")?;
        for folder in FOLDERS {
            source.read_folder(root, folder)?;
        }
        Ok(source)
    }

    /// The same files with one put in, or put in another's place.
    #[must_use]
    pub fn with(mut self, path: &str, text: &str) -> Self {
        self.files.insert(path.to_owned(), text.to_owned());
        self
    }

    /// The same files without one.
    #[must_use]
    pub fn without(mut self, path: &str) -> Self {
        self.files.remove(path);
        self
    }

    /// The text of one file.
    #[must_use]
    pub fn file(&self, path: &str) -> Option<&str> {
        self.files.get(path).map(String::as_str)
    }

    /// Every file whose path begins with `prefix` and ends with `suffix`, sorted by path.
    pub fn matching<'a>(&'a self, prefix: &'a str, suffix: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.files
            .iter()
            .filter(move |(path, _)| path.starts_with(prefix) && path.ends_with(suffix))
            .map(|(path, text)| (path.as_str(), text.as_str()))
    }

    fn read_folder(&mut self, root: &Path, folder: &str) -> Result<(), BundleError> {
        let unreadable = |error: &std::io::Error| Problem::new(folder, format!("cannot be read: {error}"));
        let entries = std::fs::read_dir(root.join(folder)).map_err(|error| unreadable(&error))?;
        for entry in entries {
            let entry = entry.map_err(|error| unreadable(&error))?;
            let Ok(name) = entry.file_name().into_string() else {
                return Err(Problem::new(folder, "has a file whose name is not text").into());
            };
            let path = format!("{folder}/{name}");
            let kind = entry.file_type().map_err(|error| unreadable(&error))?;
            if kind.is_dir() {
                self.read_folder(root, &path)?;
            } else if SUFFIXES.iter().any(|suffix| path.ends_with(suffix)) {
                self.read_file(root, &path)?;
            }
        }
        Ok(())
    }

    fn read_file(&mut self, root: &Path, path: &str) -> Result<(), BundleError> {
        let unreadable = |error: &std::io::Error| Problem::new(path, format!("cannot be read: {error}"));
        let length = std::fs::metadata(root.join(path)).map_err(|error| unreadable(&error))?.len();
        if length > FILE_BYTES_MAX {
            return Err(Problem::new(path, format!("has {length} bytes: at most {FILE_BYTES_MAX}")).into());
        }
        let text = std::fs::read_to_string(root.join(path)).map_err(|error| unreadable(&error))?;
        self.files.insert(path.to_owned(), text);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_bundle_is_the_folder() {
        let folder = Source::from_dir(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
        let embedded = Source::embedded();
        let names = |source: &Source| source.files.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&embedded), names(&folder), "list every file in src/embedded.rs");
        assert_eq!(embedded, folder);
    }

    #[test]
    fn a_folder_without_a_bundle_is_refused_by_name() {
        let error = Source::from_dir(Path::new("/nonexistent")).unwrap_err();
        assert_eq!(error.problems()[0].file, "bundle.toml");
    }
}
