//! The terms that a month's bill rests on, in one signed file: rate books in force, and who pays by which column.

use serde::{Deserialize, Serialize};

use super::{
    check::Classes,
    document::{self, DocumentError, Opened},
};
use crate::{
    ids::AgencyId,
    log::note::{NoteSigner, NoteVerifier},
    month::Month,
    tariff::{RateBook, book_at},
};

/// First line of such a document.
const KIND: &str = "ijazat-terms/1";

/// Rate books and classes of one agency's month: with the leaves, all that its bill is a function of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BillingTerms {
    /// The agency.
    pub agency: AgencyId,
    /// The month.
    pub month: Month,
    /// Books in force at any instant of the month, by their first instants.
    pub books: Vec<RateBook>,
    /// The agency's columns, and the decisions to serve it for nothing.
    pub classes: Classes,
}

impl BillingTerms {
    /// The terms of an agency's month, of all books and classes that there are.
    #[must_use]
    pub fn of(agency: AgencyId, month: Month, books: &[RateBook], classes: &Classes) -> Self {
        let before = book_at(books, month.first()).map(|book| book.valid_from);
        let in_force = |book: &&RateBook| {
            month.contains(book.valid_from) || before.is_some_and(|before| before == book.valid_from)
        };
        let mut books: Vec<RateBook> = books.iter().filter(in_force).cloned().collect();
        books.sort_by(|a, b| (a.valid_from, &a.version).cmp(&(b.valid_from, &b.version)));
        let own = classes.classes.iter().filter(|class| class.agency == agency && class.since < month.until());
        let given = classes.gratis.iter().filter(|gift| gift.agency == agency && gift.valid_from < month.until());
        let mut classes = Classes { classes: own.cloned().collect(), gratis: given.cloned().collect() };
        classes.classes.sort_by_key(|class| class.since);
        classes.gratis.sort_by(|a, b| (a.valid_from, &a.id).cmp(&(b.valid_from, &b.id)));
        Self { agency, month, books, classes }
    }

    /// The signed document.
    ///
    /// # Errors
    /// [`DocumentError`] where a name holds what no note may.
    pub fn sign(&self, signer: &NoteSigner) -> Result<String, DocumentError> {
        document::sign(KIND, self, signer)
    }

    /// Reads what one of the keys signed.
    ///
    /// # Errors
    /// [`DocumentError`] says what does not hold.
    pub fn open(note: &str, keys: &[NoteVerifier]) -> Result<Opened<Self>, DocumentError> {
        let opened: Opened<Self> = document::open(KIND, note, keys)?;
        for book in &opened.body.books {
            let wrong = |why| DocumentError::Malformed(format!("rate book `{}` {why}", book.version));
            book.check().map_err(wrong)?;
        }
        Ok(opened)
    }
}
