//! Prices: integers of milli-paisa, a dated book, no rounding before the statement's line.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{
    catalogue::{ChargeUnit, Service},
    classification::Sector,
    ids::TariffKey,
    timestamp::Timestamp,
};

/// One line of a rate book.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// Line of the tariff that services name.
    pub key: TariffKey,
    /// Milli-paisa for each unit, Government (S3 §8.4).
    pub government: i64,
    /// Milli-paisa for each unit, private.
    pub private: i64,
}

/// Rates in force from an instant on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateBook {
    /// Version written into each leaf.
    pub version: String,
    /// First instant.
    pub valid_from: Timestamp,
    /// Lines.
    #[serde(rename = "rate")]
    pub rates: Vec<Rate>,
}

/// What one answer costs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charge {
    /// Version of the book.
    pub version: String,
    /// Line of the tariff.
    pub key: TariffKey,
    /// Units charged.
    pub units: u32,
    /// Amount in milli-paisa.
    pub amount: i64,
}

impl RateBook {
    /// Prices an answer of `rows` rows. A line that the book lacks costs nothing here: who composes a door asks [`unpriced`]
    /// before it puts a law in force.
    #[must_use]
    pub fn charge(&self, key: &TariffKey, unit: ChargeUnit, sector: Option<Sector>, rows: u32) -> Charge {
        let units = match unit {
            ChargeUnit::Row => rows,
            ChargeUnit::Call => 1,
            ChargeUnit::Free => 0,
        };
        let rate = self.rates.iter().find(|rate| rate.key == *key);
        let each = match (rate, sector) {
            (Some(rate), Some(sector)) if sector.is_public_sector() => rate.government,
            (Some(rate), Some(_)) => rate.private,
            _ => 0,
        };
        Charge { version: self.version.clone(), key: key.clone(), units, amount: each.saturating_mul(i64::from(units)) }
    }
}

/// The book in force at an instant: the last one that began at or before it.
#[must_use]
pub fn book_at(books: &[RateBook], at: Timestamp) -> Option<&RateBook> {
    books.iter().filter(|book| book.valid_from <= at).max_by_key(|book| book.valid_from)
}

/// A service that a law charges for and a book has no line of: the book's version, and the service. Such a law would give
/// its answers away.
#[must_use]
pub fn unpriced<'a>(books: &'a [RateBook], services: &'a [Arc<Service>]) -> Option<(&'a str, &'a Service)> {
    let lacks = |book: &RateBook, service: &Service| {
        service.charge != ChargeUnit::Free && book.rates.iter().all(|rate| rate.key != service.tariff)
    };
    books.iter().find_map(|book| {
        let service = services.iter().find(|service| lacks(book, service))?;
        Some((book.version.as_str(), service.as_ref()))
    })
}

/// Milli-paisa as rupees for people, such as `Rs 1.25000`.
#[must_use]
pub fn rupees(milli_paisa: i64) -> String {
    let sign = if milli_paisa < 0 { "-" } else { "" };
    let magnitude = milli_paisa.unsigned_abs();
    format!("{sign}Rs {}.{:05}", magnitude / 100_000, magnitude % 100_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn book(version: &str, from: i64) -> RateBook {
        let key = TariffKey::parse("yes-no").unwrap();
        RateBook {
            version: version.into(),
            valid_from: Timestamp::from_micros(from),
            rates: vec![Rate { key, government: 0, private: 35_000 }],
        }
    }

    #[test]
    fn a_charge_is_rate_times_units() {
        let key = TariffKey::parse("yes-no").unwrap();
        let check = |unit, sector, rows, expected| {
            assert_eq!(book("v1", 0).charge(&key, unit, sector, rows).amount, expected);
        };
        check(ChargeUnit::Row, Some(Sector::Private), 3, 105_000);
        check(ChargeUnit::Call, Some(Sector::Private), 3, 35_000);
        check(ChargeUnit::Row, Some(Sector::Federal), 3, 0);
        check(ChargeUnit::Free, Some(Sector::Private), 3, 0);
        check(ChargeUnit::Row, None, 3, 0);
    }

    #[test]
    fn the_book_in_force_is_the_last_that_began() {
        let books = [book("v1", 0), book("v2", 100)];
        let check = |at, expected: Option<&str>| {
            assert_eq!(book_at(&books, Timestamp::from_micros(at)).map(|b| b.version.as_str()), expected);
        };
        check(-1, None);
        check(99, Some("v1"));
        check(100, Some("v2"));
    }
}
