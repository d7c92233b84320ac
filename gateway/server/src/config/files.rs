//! `[policy]`: the law that stands outside the binary.

use std::path::PathBuf;

use exchange::log::note::NoteVerifier;
use policies::trust::Keyring;

use super::section::{Section, quoted};

/// `[policy]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Folder of the bundle to begin with (catalogue, dictionary, schema, policies); absent: the one that is built in. It
    /// decides until one is activated. Whoever controls it decides who may see what.
    pub bundle: Option<PathBuf>,
    /// Verifier keys of those who sign bundles, each under its holder's name; in development, without any, those that
    /// `ijazat policy keygen` made. Whoever controls two of them decides who may see what.
    pub keys: Vec<String>,
}

impl Policy {
    pub(super) fn read(section: &mut Section<'_>) -> Self {
        let bundle = section.optional_path("bundle");
        let parse = |text: &str| NoteVerifier::parse(text).map(|key| key.to_vkey()).map_err(|error| error.to_string());
        let keys = section.list("keys", Vec::new(), parse, |key| quoted(key));
        if let Err(error) = Keyring::new(&keys) {
            section.refuse("keys", error.to_string());
        }
        Self { bundle, keys }
    }
}
