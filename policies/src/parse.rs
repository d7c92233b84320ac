//! Reads the parts of a bundle that are lists: its header, the dictionary of datatypes, the catalogue of services.

use exchange::catalogue::{Datatype, Service};
use serde::{Deserialize, de::DeserializeOwned};

use crate::{
    error::{BundleError, Problem},
    source::Source,
};

/// `bundle.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Header {
    /// Rises with every release of the law.
    pub(crate) generation: u64,
    /// What it is, for people.
    pub(crate) title: String,
    /// Which of the matrices is in force, by the name of its file.
    #[serde(default = "Header::default_matrix")]
    pub(crate) matrix: String,
    /// Which set of rules/child-biometrics.toml is in force; the latest that has begun unless said.
    #[serde(default)]
    pub(crate) child_biometrics: Option<String>,
}

impl Header {
    fn default_matrix() -> String {
        "target".to_owned()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DictionaryFile {
    datatype: Vec<Datatype>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CatalogueFile {
    service: Vec<Service>,
}

/// Something of a bundle with the file that it stands in.
#[derive(Clone, Debug)]
pub(crate) struct Placed<T> {
    pub(crate) file: String,
    pub(crate) item: T,
}

pub(crate) fn header(source: &Source) -> Result<Header, BundleError> {
    let Some(text) = source.file("bundle.toml") else {
        return Err(Problem::new("bundle.toml", "is missing").into());
    };
    let header: Header = read("bundle.toml", text)?;
    if header.generation == 0 || header.title.is_empty() {
        return Err(Problem::new("bundle.toml", "needs a title and a generation of at least 1").into());
    }
    Ok(header)
}

pub(crate) fn dictionary(source: &Source) -> Result<Vec<Placed<Datatype>>, BundleError> {
    all(source, "dictionary/", |file: DictionaryFile| file.datatype)
}

pub(crate) fn catalogue(source: &Source) -> Result<Vec<Placed<Service>>, BundleError> {
    all(source, "catalogue/", |file: CatalogueFile| file.service)
}

pub(crate) fn read<T: DeserializeOwned>(file: &str, text: &str) -> Result<T, Problem> {
    toml::from_str(text).map_err(|error| Problem::new(file, error.to_string().replace('\n', " ")))
}

fn all<F: DeserializeOwned, T>(
    source: &Source,
    folder: &str,
    items: impl Fn(F) -> Vec<T>,
) -> Result<Vec<Placed<T>>, BundleError> {
    let (mut found, mut problems) = (Vec::new(), Vec::new());
    for (path, text) in source.matching(folder, ".toml") {
        match read(path, text) {
            Ok(file) => found.extend(items(file).into_iter().map(|item| Placed { file: path.to_owned(), item })),
            Err(problem) => problems.push(problem),
        }
    }
    BundleError::unless_empty(problems)?;
    if found.is_empty() {
        return Err(Problem::new(folder, "has no entry").into());
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_pen_is_named_with_its_file() {
        let check = |path: &str, text: &str, expected: &str| {
            let source = Source::embedded().with(path, text);
            let error = match path {
                "bundle.toml" => header(&source).unwrap_err(),
                _ => catalogue(&source).unwrap_err(),
            };
            let problem = &error.problems()[0];
            assert_eq!(problem.file, path);
            assert!(problem.reason.contains(expected), "{problem}");
        };
        check("bundle.toml", "generation = 0\ntitle = \"x\"", "at least 1");
        check("bundle.toml", "generation = 1\ntitle = \"x\"\nsigned = true", "unknown field");
        check("catalogue/own.toml", "[[service]]\nid = \"a b\"", "character");
        check("catalogue/own.toml", "[[services]]", "unknown field");
    }

    #[test]
    fn a_missing_header_is_named() {
        let error = header(&Source::embedded().without("bundle.toml")).unwrap_err();
        assert_eq!(error.problems(), [Problem::new("bundle.toml", "is missing")]);
    }
}
