//! The rate books that a new law must be priced by: those of the directory, as this process last read them.

use std::sync::Arc;

use arc_swap::ArcSwap;
use exchange::{
    catalogue::Catalogue,
    directory::DirectoryData,
    ports::clock::Clock,
    tariff::{RateBook, from_now_on, unpriced},
};

use super::NotLaw;

/// Rate books, shared between whoever reads the directory and whoever judges laws.
#[derive(Debug)]
pub struct Books {
    clock: Arc<dyn Clock>,
    books: ArcSwap<Vec<RateBook>>,
}

impl Books {
    /// None known yet.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, books: ArcSwap::default() }
    }

    /// Takes the books of a directory just read.
    pub fn publish(&self, data: &DirectoryData) {
        if **self.books.load() != data.rate_books {
            self.books.store(Arc::new(data.rate_books.clone()));
        }
    }

    /// Whether the book in force, and those that wait for their day, price what the catalogue charges for. Books whose time
    /// is over are not asked, and where there is none nothing is: there the door refuses what is charged.
    ///
    /// # Errors
    /// [`NotLaw::Unpriced`].
    pub fn price(&self, catalogue: &Catalogue) -> Result<(), NotLaw> {
        let books = self.books.load();
        match unpriced(from_now_on(&books, self.clock.now()), catalogue.services()) {
            None => Ok(()),
            Some((book, service, unit)) => Err(NotLaw::Unpriced {
                book: book.to_owned(),
                service: service.id.to_string(),
                tariff: service.tariff.to_string(),
                unit: unit.as_str(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use adapters::clock::ManualClock;
    use exchange::{decision::Decider as _, ids::RateVersion, tariff::Rate, timestamp::Timestamp};

    use super::*;
    use crate::compose::sample;

    #[test]
    fn the_book_in_force_and_those_to_come_are_asked_and_no_other() {
        let catalogue = policies::Bundle::embedded().unwrap().catalogue();
        let day = |micros| Timestamp::from_micros(micros);
        let whole = sample::rates().unwrap().remove(0);
        let book = |version: &str, from, whole_law: bool| {
            let line = |rate: &&Rate| whole_law || rate.key.as_str() != "identity.kyc";
            let rates = whole.rates.iter().filter(line).cloned().collect();
            RateBook { version: RateVersion::parse(version).unwrap(), valid_from: day(from), rates, ..whole.clone() }
        };
        let check = |rate_books: Vec<RateBook>, lacking: Option<&str>| {
            let books = Books::new(Arc::new(ManualClock::new(day(100))));
            assert!(books.price(&catalogue).is_ok(), "nothing known, nothing asked");
            books.publish(&DirectoryData { rate_books, ..DirectoryData::default() });
            let told = books.price(&catalogue).map_err(|error| error.to_string());
            match (lacking, told) {
                (None, told) => assert_eq!(told, Ok(())),
                (Some(version), told) => {
                    let told = told.unwrap_err();
                    assert!(told.contains("`identity.kyc`") && told.contains(version), "{told}");
                }
            }
        };
        check(vec![book("past", 0, false), book("now", 100, true)], None);
        check(vec![book("past", 0, true), book("now", 100, false)], Some("now"));
        check(vec![book("now", 0, true), book("coming", 101, false)], Some("coming"));
        check(vec![book("coming", 101, true)], None);
    }
}
