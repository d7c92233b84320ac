//! Phase 8. Afterwards the answer has a price, by the rate in force at the intent's time.

use exchange::{
    caller::Caller,
    catalogue::Service,
    tariff::{Charge, book_at},
    timestamp::Timestamp,
};

use super::parts::Parts;

/// Prices an answer of `rows` rows for the caller; `None` when no book is in force, which costs nothing.
#[must_use]
pub fn price(parts: &Parts, service: &Service, caller: &Caller, rows: u32, at: Timestamp) -> Option<Charge> {
    let books = parts.rates.load();
    let book = book_at(&books, at)?;
    Some(book.charge(&service.tariff, service.charge, caller.agency().map(|agency| agency.sector), rows))
}
