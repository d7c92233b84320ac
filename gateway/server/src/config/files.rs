//! `[rates]` and `[policy]`: data that stands outside the binary.

use std::path::PathBuf;

use super::section::Section;

/// `[rates]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rates {
    /// TOML file of the dated rate books; absent: the sample book that is built in. Whoever controls it sets the prices.
    pub path: Option<PathBuf>,
}

impl Rates {
    pub(super) fn read(section: &mut Section<'_>) -> Self {
        Self { path: section.optional_path("path") }
    }
}

/// `[policy]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Folder of the bundle (catalogue, dictionary, schema, policies); absent: the one that is built in. Whoever controls it
    /// decides who may see what.
    pub bundle: Option<PathBuf>,
}

impl Policy {
    pub(super) fn read(section: &mut Section<'_>) -> Self {
        Self { bundle: section.optional_path("bundle") }
    }
}
