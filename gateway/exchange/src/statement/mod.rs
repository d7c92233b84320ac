//! The monthly statement as a function of the log and the rate books: leaves and books in, lines, tax and total out.

mod bill;
mod check;
mod priced;

pub use bill::{Bill, Bills, Item, Sum, SumKey, billed, month_of, rated, recompute};
pub use check::{AgencyClass, Classes, Fault, FaultKind, rate_again};
pub use priced::{Line, Part, PriceError, Statement, TaxLine};

pub use crate::month::{Month, MonthError};

#[cfg(test)]
mod tests;
