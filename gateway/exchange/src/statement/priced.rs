//! A bill priced by its rate books: one line for each service, rate version and class, rounded once; then tax.
//!
//! Documented rule of rounding (decisions.md, "Idempotency, money, time"): all sums are whole milli-paisa until a line is
//! complete; the line is rounded once, a half to the even paisa; a tax is computed once for each rate version on the sum of
//! the rounded lines that bear it, and rounded the same way. So a statement is off its exact sum by at most half a paisa for
//! each line and half a paisa for each tax, however many requests it was cut into.

use serde::{Deserialize, Serialize};

use super::bill::{Bill, Sum, SumKey};
use crate::{
    ids::AgencyId,
    month::Month,
    tariff::{self, Class, MILLI_PAISA, RateBook, Unit, half_even},
};

/// What one line holds of one unit, milli-paisa.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// Line of the tariff.
    pub tariff: String,
    /// What was charged; `None` for what is free.
    pub unit: Option<Unit>,
    /// Answered calls.
    pub calls: i64,
    /// Rows that left.
    pub rows: i64,
    /// Units charged.
    pub units: i64,
    /// As the answers were rated.
    pub rated_milli_paisa: i64,
    /// What the tiers take off.
    pub saved_milli_paisa: i64,
    /// What is missing to the month's minimum.
    pub missing_milli_paisa: i64,
}

impl Part {
    fn due(&self) -> i64 {
        self.rated_milli_paisa.saturating_sub(self.saved_milli_paisa).saturating_add(self.missing_milli_paisa)
    }
}

/// One line: an agency's service at one rate version and class.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// Service and version.
    pub service: String,
    /// Version of the rate book; empty where no book was in force.
    pub rate_version: String,
    /// Class of the agency; `None` where the leaves do not say.
    pub class: Option<Class>,
    /// What it is made of.
    pub parts: Vec<Part>,
    /// Rounded value, paisa.
    pub value_paisa: i64,
    /// What is given of it, paisa: all of it or nothing.
    pub given_paisa: i64,
}

impl Line {
    /// What is to be paid of it, before tax.
    #[must_use]
    pub const fn payable_paisa(&self) -> i64 {
        self.value_paisa.saturating_sub(self.given_paisa)
    }
}

/// A tax of one rate version on the lines that bear it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaxLine {
    /// Version of the rate book that has it.
    pub rate_version: String,
    /// What it is called.
    pub name: String,
    /// What it is called in Urdu.
    pub name_ur: String,
    /// Hundredths of a percent.
    pub basis_points: u32,
    /// What it is on, paisa.
    pub on_paisa: i64,
    /// The tax, paisa.
    pub tax_paisa: i64,
}

/// What one agency owes for one month.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// The agency.
    pub agency: AgencyId,
    /// The month.
    pub month: Month,
    /// Whether one of its books is a sample, whose numbers are invented.
    pub sample: bool,
    /// Lines, ordered by service, rate version and class.
    pub lines: Vec<Line>,
    /// Taxes, ordered by rate version, in the order of their book.
    pub taxes: Vec<TaxLine>,
    /// Value of all lines, paisa.
    pub value_paisa: i64,
    /// What of it is given, paisa.
    pub given_paisa: i64,
    /// All taxes, paisa.
    pub tax_paisa: i64,
    /// To be paid, paisa: value, less what is given, and tax.
    pub total_paisa: i64,
}

/// Why a bill has no price.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PriceError {
    /// A leaf names a book that is not among those given.
    #[error("rate book `{0}` is not among those given")]
    BookUnknown(String),
    /// The book has no such line, and yet an amount was charged.
    #[error("rate book `{version}` has no line `{tariff}` by {unit}, and yet an amount was charged", unit = .unit.as_str())]
    RateUnknown {
        /// Version of the book.
        version: String,
        /// Line of the tariff.
        tariff: String,
        /// What was charged.
        unit: Unit,
    },
    /// What the answers were charged is not what the book says.
    #[error(
        "`{service}` by `{tariff}` at rate `{version}` was charged {charged} milli-paisa; the book says {rated}: \
         rate the leaves one by one to find which"
    )]
    Differs {
        /// Service and version.
        service: String,
        /// Version of the book.
        version: String,
        /// Line of the tariff.
        tariff: String,
        /// As charged.
        charged: i64,
        /// By the book.
        rated: i64,
    },
}

impl Statement {
    /// Prices a bill by the books that its leaves name.
    ///
    /// # Errors
    /// [`PriceError`]: then nobody may be asked to pay it.
    pub fn price(bill: &Bill, books: &[RateBook]) -> Result<Self, PriceError> {
        let mut lines: Vec<Line> = Vec::new();
        let mut sample = false;
        for sum in &bill.sums {
            let book = book_of(&sum.key, books)?;
            sample |= book.is_some_and(|book| book.sample);
            let part = part(sum, book)?;
            let SumKey { service, rate_version, class, .. } = &sum.key;
            match lines.last_mut().filter(|line| line.is_of(&sum.key)) {
                Some(line) => line.parts.push(part),
                None => lines.push(Line {
                    service: service.clone(),
                    rate_version: rate_version.clone(),
                    class: *class,
                    parts: vec![part],
                    value_paisa: 0,
                    given_paisa: 0,
                }),
            }
        }
        for line in &mut lines {
            line.round();
        }
        let taxes = taxes(&lines, books);
        let total = |of: &dyn Fn(&Line) -> i64| lines.iter().fold(0, |all: i64, line| all.saturating_add(of(line)));
        let (value_paisa, given_paisa) = (total(&|line| line.value_paisa), total(&|line| line.given_paisa));
        let tax_paisa = taxes.iter().fold(0, |all: i64, tax| all.saturating_add(tax.tax_paisa));
        let total_paisa = value_paisa.saturating_sub(given_paisa).saturating_add(tax_paisa);
        let (agency, month) = (bill.agency.clone(), bill.month);
        Ok(Self { agency, month, sample, lines, taxes, value_paisa, given_paisa, tax_paisa, total_paisa })
    }
}

impl Line {
    fn is_of(&self, key: &SumKey) -> bool {
        (&self.service, &self.rate_version, self.class) == (&key.service, &key.rate_version, key.class)
    }

    fn round(&mut self) {
        let due = self.parts.iter().fold(0, |all: i64, part| all.saturating_add(part.due()));
        self.value_paisa = half_even(due, MILLI_PAISA);
        self.given_paisa = if self.class.is_some_and(Class::is_gratis) { self.value_paisa } else { 0 };
    }
}

/// The book that the leaves of a sum name; `None` where none was in force.
fn book_of<'a>(key: &SumKey, books: &'a [RateBook]) -> Result<Option<&'a RateBook>, PriceError> {
    if key.rate_version.is_empty() {
        return Ok(None);
    }
    let found = books.iter().find(|book| book.version.as_str() == key.rate_version);
    found.map(Some).ok_or_else(|| PriceError::BookUnknown(key.rate_version.clone()))
}

fn part(sum: &Sum, book: Option<&RateBook>) -> Result<Part, PriceError> {
    let Sum { key, calls, rows, units, amount_milli_paisa } = sum;
    let mut part = Part {
        tariff: key.tariff.clone(),
        unit: key.unit,
        calls: *calls,
        rows: *rows,
        units: *units,
        rated_milli_paisa: *amount_milli_paisa,
        saved_milli_paisa: 0,
        missing_milli_paisa: 0,
    };
    // What names neither book, class nor unit is due as it was charged.
    let (Some(book), Some(class), Some(unit)) = (book, key.class, key.unit) else { return Ok(part) };
    let Some(rate) = book.rate(&key.tariff, unit) else {
        let (version, tariff) = (key.rate_version.clone(), key.tariff.clone());
        let charged = *amount_milli_paisa != 0;
        return if charged { Err(PriceError::RateUnknown { version, tariff, unit }) } else { Ok(part) };
    };
    let tariff::Month { charged, saved, missing } =
        rate.price(class.column()).month(u64::try_from(*units).unwrap_or(0));
    if charged != *amount_milli_paisa {
        return Err(PriceError::Differs {
            service: key.service.clone(),
            version: key.rate_version.clone(),
            tariff: key.tariff.clone(),
            charged: *amount_milli_paisa,
            rated: charged,
        });
    }
    (part.saved_milli_paisa, part.missing_milli_paisa) = (saved, missing);
    Ok(part)
}

fn taxes(lines: &[Line], books: &[RateBook]) -> Vec<TaxLine> {
    let mut versions: Vec<&str> = lines.iter().map(|line| line.rate_version.as_str()).collect();
    versions.sort_unstable();
    versions.dedup();
    let mut taxes = Vec::new();
    for book in versions.iter().filter_map(|version| books.iter().find(|book| book.version.as_str() == *version)) {
        for tax in &book.taxes {
            let bears = |line: &&Line| {
                line.rate_version == book.version.as_str()
                    && line.class.is_some_and(|class| tax.columns.contains(&class.column()))
            };
            let bearing = lines.iter().filter(bears);
            let on_paisa = bearing.fold(0, |all: i64, line| all.saturating_add(line.payable_paisa()));
            if on_paisa != 0 {
                taxes.push(TaxLine {
                    rate_version: book.version.to_string(),
                    name: tax.name.clone(),
                    name_ur: tax.name_ur.clone(),
                    basis_points: tax.basis_points,
                    on_paisa,
                    tax_paisa: tax.on(on_paisa),
                });
            }
        }
    }
    taxes
}
