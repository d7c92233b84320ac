//! Phase 8. Afterwards the answer has a price, by the rate and the class in force at the request's instant.

use exchange::{codes::Code, filter::Filtered, refusal::Refusal, tariff::Charge};

use super::route::Routed;

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

/// Whether an answer to this request can be priced, asked before anything is reserved or forwarded: what a payer is charged
/// for and no book in force prices would otherwise be given away.
///
/// # Errors
/// `rate_unknown`.
pub fn priced(routed: &Routed) -> Result<(), Refusal> {
    if routed.class.is_none() || routed.service.charge.priced().is_empty() {
        return Ok(());
    }
    let why = match &routed.book {
        None => "no rate book is in force",
        Some(book) if book.lacks(&routed.service).is_some() => "the rate book in force has no line for the service",
        Some(_) => return Ok(()),
    };
    tracing::error!(service = %routed.service.id, why, "a request is refused, for its answer has no price");
    Err(Refusal::new(Code::RateUnknown).detail(why))
}

/// The most that an answer of at most so many rows can cost, milli-paisa.
#[must_use]
pub fn at_most(routed: &Routed, rows: u32) -> i64 {
    let (Some(book), Some(class)) = (&routed.book, routed.class) else { return 0 };
    let key = routed.service.tariff.as_str();
    let units = routed.service.charge.priced().iter();
    let cost = units.filter_map(|unit| Some(book.rate(key, *unit)?.price(class.column()).charge(unit.of(rows))));
    cost.max().unwrap_or(0)
}

/// Prices an answer; `None` where no book was in force at the request's instant, which only what is free can meet
/// ([`priced`]).
#[must_use]
pub fn price(routed: &Routed, counted: Counted) -> Option<Charge> {
    let (book, service) = (routed.book.as_ref()?, &routed.service);
    let rating = (routed.class, routed.rated_at);
    Some(book.charge((&service.tariff, service.charge), rating, (counted.rows, counted.matched)))
}

#[cfg(test)]
#[path = "meter_tests.rs"]
mod tests;
