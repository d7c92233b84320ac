//! Turns what was activated into a law: verified against the keys that are trusted here, loaded, and its cases run.

use std::sync::Arc;

use exchange::{
    decision::Decider as _,
    log::note::NoteError,
    ports::law_source::{ActivatedLaw, LawMark},
};
use policies::{
    Bundle, BundleError,
    manifest::Manifest,
    pack::{Pack, PackError},
    trust::Untrusted,
};

use super::{Books, TrustedKeys};

/// Why an activated bundle does not decide here.
#[derive(Debug, thiserror::Error)]
pub enum NotLaw {
    /// Its file cannot be read, or was changed.
    #[error("the bundle {0}")]
    Pack(#[from] PackError),
    /// The store names it otherwise than it names itself.
    #[error("the store says generation {said} and holds generation {held}: the row was changed")]
    Mark {
        /// Generation in the store.
        said: u64,
        /// Generation in the manifest.
        held: u64,
    },
    /// The keys of this process.
    #[error("trusted keys: {0}")]
    Keys(String),
    /// Its signatures.
    #[error(transparent)]
    Untrusted(#[from] Untrusted),
    /// Its content.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// A service that it charges for has no price here.
    #[error(
        "its service `{service}` is charged by {unit} of `{tariff}`, and rate book `{book}` has no such line: add it, or charge it `free`"
    )]
    Unpriced {
        /// Version of the book.
        book: String,
        /// The service.
        service: String,
        /// The line that it wants.
        tariff: String,
        /// What it counts.
        unit: &'static str,
    },
    /// It breaks what it promises itself.
    #[error("{broken} of its own cases are not kept, first: {first}")]
    Cases {
        /// How many.
        broken: usize,
        /// The first.
        first: String,
    },
}

impl From<NoteError> for NotLaw {
    fn from(error: NoteError) -> Self {
        Self::Pack(error.into())
    }
}

/// Judges and loads bundles for one process.
#[derive(Clone, Debug)]
pub struct Loader {
    base: Manifest,
    keys: TrustedKeys,
    books: Option<Arc<Books>>,
}

impl Loader {
    /// A loader that trusts `base`, the bundle which this process begins with, and these keys.
    #[must_use]
    pub fn new(base: Manifest, keys: TrustedKeys) -> Self {
        Self { base, keys, books: None }
    }

    /// The same where these books are charged by: a law that they do not price is none here.
    #[must_use]
    pub fn priced_by(self, books: Arc<Books>) -> Self {
        Self { books: Some(books), ..self }
    }

    /// Whether the books price what the bundle charges for.
    ///
    /// # Errors
    /// [`NotLaw::Unpriced`].
    pub fn priced(&self, bundle: &Bundle) -> Result<(), NotLaw> {
        self.books.as_ref().map_or(Ok(()), |books| books.price(&bundle.catalogue()))
    }

    /// The bundle that this process begins with.
    #[must_use]
    pub fn base(&self) -> &Manifest {
        &self.base
    }

    /// Names of the signers that are trusted.
    ///
    /// # Errors
    /// What is wrong with their keys.
    pub fn trusted(&self) -> Result<Vec<String>, String> {
        Ok(self.keys.ring()?.names().map(str::to_owned).collect())
    }

    /// The law of what was activated, with its signers.
    ///
    /// # Errors
    /// [`NotLaw`].
    pub fn load(&self, activated: &ActivatedLaw) -> Result<(Bundle, Vec<String>), NotLaw> {
        let pack = Pack::from_bytes(&activated.pack)?;
        let name = pack.manifest().name();
        if (LawMark { generation: name.generation, digest: name.digest }) != activated.mark {
            return Err(NotLaw::Mark { said: activated.mark.generation, held: name.generation });
        }
        self.judge(&pack, &activated.notes)
    }

    /// As [`Self::load`], for a bundle that is about to be activated after what these notes tell.
    ///
    /// # Errors
    /// [`NotLaw`].
    pub fn judge(&self, pack: &Pack, notes: &[(u64, String)]) -> Result<(Bundle, Vec<String>), NotLaw> {
        let ring = self.keys.ring().map_err(NotLaw::Keys)?;
        let before = |generation| {
            let earlier = notes.iter().filter(|(of, _)| *of < generation);
            earlier.max_by_key(|(of, _)| *of).map(|(of, note)| (*of, note.as_str()))
        };
        let trusted = ring.judge(&self.base, before, pack.note())?;
        let bundle = Bundle::load(pack.source())?;
        self.priced(&bundle)?;
        let broken = bundle.run_cases();
        match broken.first() {
            None => Ok((bundle, trusted.signers)),
            Some(first) => Err(NotLaw::Cases { broken: broken.len(), first: first.to_string() }),
        }
    }
}
