//! A rate book: what each unit costs whom, from an instant on, by a decision of the Board (S3 §8.4).

use std::{borrow::Borrow, collections::BTreeSet, sync::Arc};

use serde::{Deserialize, Serialize};

use super::{Class, Column, Price, Unit};
use crate::{
    catalogue::{ChargeUnit, Service},
    classification::Forum,
    ids::{RateVersion, TariffKey},
    timestamp::Timestamp,
};

/// Hundredths of a percent in the whole.
const BASIS_POINTS: u32 = 10_000;

/// One line of a rate book.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// Line of the tariff that services name.
    pub key: TariffKey,
    /// What is counted.
    pub unit: Unit,
    /// Price for "Government Organizations/Departments".
    pub government: Price,
    /// Price for "Private organizations".
    pub private: Price,
}

impl Rate {
    /// The price in one column.
    #[must_use]
    pub const fn price(&self, column: Column) -> &Price {
        match column {
            Column::Government => &self.government,
            Column::Private => &self.private,
        }
    }
}

/// A tax on what is payable, computed once for each statement after its lines are rounded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tax {
    /// What it is called on the statement.
    pub name: String,
    /// What it is called in Urdu.
    pub name_ur: String,
    /// Hundredths of a percent.
    pub basis_points: u32,
    /// Columns that pay it.
    pub columns: Vec<Column>,
}

impl Tax {
    /// The tax on so many paisa, in paisa, a half to the even one.
    #[must_use]
    pub fn on(&self, paisa: i64) -> i64 {
        let exact = i128::from(paisa) * i128::from(self.basis_points);
        let (per, whole) = (i128::from(BASIS_POINTS), exact.div_euclid(i128::from(BASIS_POINTS)));
        let twice = exact.rem_euclid(per) * 2;
        let rounded = if twice > per || (twice == per && whole % 2 != 0) { whole + 1 } else { whole };
        i64::try_from(rounded).unwrap_or(i64::MAX)
    }
}

/// Rates in force from an instant on, until the next book begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateBook {
    /// Version, written into each leaf.
    pub version: RateVersion,
    /// First instant.
    pub valid_from: Timestamp,
    /// The decision that it rests on: the rates are "to be approved by BISP Board" (S3 §8.4).
    pub instrument: String,
    /// Who decided.
    pub forum: Forum,
    /// Whether its numbers are invented: statements by such a book say so.
    #[serde(default, skip_serializing_if = "is_false")]
    pub sample: bool,
    /// Taxes on what is payable.
    #[serde(default, rename = "tax", skip_serializing_if = "Vec::is_empty")]
    pub taxes: Vec<Tax>,
    /// Lines.
    #[serde(rename = "rate")]
    pub rates: Vec<Rate>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(flag: &bool) -> bool {
    !*flag
}

/// What one answer costs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charge {
    /// Version of the book.
    pub version: RateVersion,
    /// The instant that the book was in force at.
    pub at: Timestamp,
    /// Line of the tariff.
    pub key: TariffKey,
    /// Class of the agency; `None` for callers who never pay.
    pub class: Option<Class>,
    /// What was counted; `None` for what is free.
    pub unit: Option<Unit>,
    /// Units counted.
    pub units: u32,
    /// Amount that the answer is rated at, milli-paisa.
    pub amount: i64,
}

impl Charge {
    /// What the caller owes of it: nothing of what is given.
    #[must_use]
    pub fn payable(&self) -> i64 {
        if self.class.is_some_and(Class::is_gratis) { 0 } else { self.amount }
    }
}

impl RateBook {
    /// The line for a key and unit.
    #[must_use]
    pub fn rate(&self, key: &str, unit: Unit) -> Option<&Rate> {
        self.rates.iter().find(|rate| rate.unit == unit && rate.key.as_str() == key)
    }

    /// A unit that the service is charged by and the book has no line of.
    #[must_use]
    pub fn lacks(&self, service: &Service) -> Option<Unit> {
        service.charge.priced().iter().copied().find(|unit| self.rate(service.tariff.as_str(), *unit).is_none())
    }

    /// Rates an answer of `rows` rows; `matched`: whether an inquiry was answered with yes. A line that the book lacks costs
    /// nothing here: the door asks [`Self::lacks`] first.
    #[must_use]
    pub fn charge(
        &self,
        (key, charge): (&TariffKey, ChargeUnit),
        (class, at): (Option<Class>, Timestamp),
        (rows, matched): (u32, bool),
    ) -> Charge {
        let unit = class.and_then(|_| charge.of(matched));
        let units = unit.map_or(0, |unit| unit.of(rows));
        let price =
            unit.zip(class).and_then(|(unit, class)| Some(self.rate(key.as_str(), unit)?.price(class.column())));
        let amount = price.map_or(0, |price| price.charge(units));
        Charge { version: self.version.clone(), at, key: key.clone(), class, unit, units, amount }
    }

    /// Whether the book can be held to.
    ///
    /// # Errors
    /// What is wrong, for whoever wrote it.
    pub fn check(&self) -> Result<(), String> {
        if self.instrument.trim().is_empty() {
            return Err("names no decision that it rests on".to_owned());
        }
        if self.rates.is_empty() {
            return Err("has no line".to_owned());
        }
        let mut seen = BTreeSet::new();
        for rate in &self.rates {
            let (key, unit) = (&rate.key, rate.unit.as_str());
            if !seen.insert((key.as_str(), rate.unit)) {
                return Err(format!("prices `{key}` by {unit} twice"));
            }
            for column in [Column::Government, Column::Private] {
                let told = |why| format!("`{key}` by {unit}, {}: {why}", column.as_str());
                rate.price(column).check().map_err(told)?;
            }
        }
        for tax in &self.taxes {
            let urdu = tax.name_ur.chars().any(|c| ('\u{600}'..='\u{6ff}').contains(&c));
            if tax.name.trim().is_empty() || !urdu {
                return Err("has a tax without a name in English and one in Urdu".to_owned());
            }
            if tax.basis_points > BASIS_POINTS || tax.columns.is_empty() {
                return Err(format!("`{}` is a tax of more than everything, or on nobody", tax.name));
            }
        }
        Ok(())
    }
}

/// The book in force at an instant: the last one that began at or before it.
#[must_use]
pub fn book_at<B: Borrow<RateBook>>(books: &[B], at: Timestamp) -> Option<&B> {
    let begun = books.iter().filter(|book| (*book).borrow().valid_from <= at);
    begun.max_by_key(|book| (*book).borrow().valid_from)
}

/// The books that price what is answered at an instant or later: the one in force, and those that wait for their day.
pub fn from_now_on<B: Borrow<RateBook>>(books: &[B], now: Timestamp) -> impl Iterator<Item = &RateBook> {
    let coming = books.iter().map(Borrow::borrow).filter(move |book: &&RateBook| book.valid_from > now);
    book_at(books, now).map(Borrow::borrow).into_iter().chain(coming)
}

/// A service that a law charges for and a book has no line of: the book's version, the service, and the unit. Such a law
/// would give its answers away.
#[must_use]
pub fn unpriced<'a>(
    mut books: impl Iterator<Item = &'a RateBook>,
    services: &'a [Arc<Service>],
) -> Option<(&'a str, &'a Service, Unit)> {
    books.find_map(|book| {
        let (service, unit) = services.iter().find_map(|service| Some((service, book.lacks(service)?)))?;
        Some((book.version.as_str(), service.as_ref(), unit))
    })
}
