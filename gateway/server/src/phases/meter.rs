//! Phase 8. Afterwards the answer has a price, by the rate and the class in force at the request's instant.

use exchange::{
    filter::Filtered,
    tariff::{Charge, book_at},
};

use super::{parts::Parts, route::Routed};

/// What of an answer decides its price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    /// Rows that leave.
    pub rows: u32,
    /// Whether an inquiry was answered with yes.
    pub matched: bool,
}

impl Counted {
    /// Of what leaves of an upstream's answer.
    #[must_use]
    pub fn of(routed: &Routed, filtered: &Filtered) -> Self {
        let rows = filtered.rows;
        let matched = match &routed.service.matched {
            Some(pointer) => filtered.value.pointer(pointer).and_then(serde_json::Value::as_bool) == Some(true),
            None => rows > 0,
        };
        Self { rows, matched }
    }

    /// Rows of which one answer is made, each found.
    #[must_use]
    pub const fn found(rows: u32) -> Self {
        Self { rows, matched: true }
    }
}

/// Prices an answer; `None` when no book was in force at the request's instant, which costs nothing.
#[must_use]
pub fn price(parts: &Parts, routed: &Routed, counted: Counted) -> Option<Charge> {
    let books = parts.rates.load();
    let book = book_at(&books, routed.rated_at)?;
    let service = &routed.service;
    let rating = (routed.class, routed.rated_at);
    Some(book.charge((&service.tariff, service.charge), rating, (counted.rows, counted.matched)))
}
