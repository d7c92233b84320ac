//! A bundle's files as text, from the program itself or from a folder.

use std::{collections::BTreeMap, path::Path};

use crate::{
    embedded,
    error::{BundleError, Problem},
};

/// Folders that a bundle consists of; all else in its folder (the crate's own source) is not read.
const FOLDERS: [&str; 9] =
    ["dictionary", "catalogue", "matrices", "rules", "schema", "guardrails", "domains", "templates", "cases"];

/// Theorems that were waived for this bundle, where there are any: they are signed with it, and read by people and the
/// prover alone.
const WAIVERS: &str = "theorems/waivers";

/// Ends of the names of a bundle's files; the golden matrix and editors' leavings are not read.
const SUFFIXES: [&str; 3] = [".toml", ".cedar", ".cedarschema"];

/// End of the name of a waiver.
const WAIVER_SUFFIX: &str = ".md";

/// The header.
const HEADER: &str = "bundle.toml";

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
        source.read_file(root, HEADER)?;
        for folder in FOLDERS {
            source.read_folder(root, folder)?;
        }
        if root.join(WAIVERS).is_dir() {
            source.read_folder(root, WAIVERS)?;
        }
        Ok(source)
    }

    /// The bundle of these files.
    ///
    /// # Errors
    /// Names each file that no bundle has or that is too large.
    pub fn from_files(files: BTreeMap<String, String>) -> Result<Self, BundleError> {
        let mut problems = Vec::new();
        for (path, text) in &files {
            if !is_ours(path) {
                problems.push(Problem::new(path, "is no file of a bundle"));
            }
            if text.len() as u64 > FILE_BYTES_MAX {
                problems.push(Problem::new(path, format!("has {} bytes: at most {FILE_BYTES_MAX}", text.len())));
            }
        }
        BundleError::unless_empty(problems)?;
        Ok(Self { files })
    }

    /// The same law under another generation: what a return to an earlier one is.
    ///
    /// # Errors
    /// When `bundle.toml` has no line of its own for the generation.
    pub fn with_generation(self, generation: u64) -> Result<Self, BundleError> {
        let text = self.file(HEADER).unwrap_or_default();
        let is_generation =
            |line: &str| line.strip_prefix("generation").is_some_and(|rest| rest.trim_start().starts_with('='));
        let line = text.lines().find(|line| is_generation(line)).map(str::to_owned);
        let line = line.ok_or_else(|| Problem::new(HEADER, "needs a line `generation = N`"))?;
        let changed = text.replacen(&line, &format!("generation = {generation}"), 1);
        let source = self.with(HEADER, &changed);
        match crate::parse::header(&source)?.generation {
            found if found == generation => Ok(source),
            _ => Err(Problem::new(HEADER, "needs its generation on a line of its own").into()),
        }
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
            } else if is_ours(&path) {
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

/// Whether a bundle may have a file of this path: no other is read, and none leads out of its folder.
fn is_ours(path: &str) -> bool {
    let plain = path.split('/').all(|part| !part.is_empty() && !part.starts_with('.'))
        && !path.contains(|c: char| c.is_control() || c == '\\');
    let within = |folder: &str| path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
    let law = FOLDERS.iter().any(|folder| within(folder)) && SUFFIXES.iter().any(|suffix| path.ends_with(suffix));
    plain && (path == HEADER || law || (within(WAIVERS) && path.ends_with(WAIVER_SUFFIX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_bundles_files_are_taken() {
        let check = |path: &str, expected| {
            assert_eq!(Source::from_files([(path.to_owned(), String::new())].into()).is_ok(), expected, "{path}");
        };
        check("bundle.toml", true);
        check("domains/nser/N01.cedar", true);
        check("theorems/waivers/2.md", true);
        check("theorems/TH1.cedar", false);
        check("domains/nser/N01.md", false);
        check("domains.cedar", false);
        check("../domains/nser/N01.cedar", false);
        check("domains/../../N01.cedar", false);
        check("domains//N01.cedar", false);
        check("/domains/N01.cedar", false);
        check("domains/N\n01.cedar", false);
        check("src/bundle.toml", false);
    }

    #[test]
    fn a_law_gets_another_generation_and_nothing_else_changes() {
        let source = Source::embedded().with_generation(7).unwrap();
        let differs: Vec<_> = source.matching("", "").filter(|(p, t)| Source::embedded().file(p) != Some(t)).collect();
        let [(path, text)] = differs.as_slice() else { panic!("{}", differs.len()) };
        assert_eq!(*path, "bundle.toml");
        assert_eq!(text.replace("generation = 7", "generation = 1"), Source::embedded().file("bundle.toml").unwrap());
        for header in ["title = \"x\"", "title = \"\"\"\ngeneration = 1\n\"\"\"\ngeneration= 2", ""] {
            Source::embedded().with("bundle.toml", header).with_generation(7).unwrap_err();
        }
    }

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
