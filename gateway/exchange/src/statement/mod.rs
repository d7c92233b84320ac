//! The monthly statement as a function of the log and the rate books: leaves and books in, lines, tax and total out.

mod bill;
mod chart;
mod check;
mod daily;
mod priced;
mod revenue;
mod tally;

pub use bill::{Bill, Bills, Item, Sum, SumKey, billed, month_of, recompute};
pub use chart::chart;
pub use check::{AgencyClass, Classes, Fault, FaultKind, rate_again};
pub use daily::{Counts, Daily, day_text};
pub use priced::{Line, Part, PriceError, Statement, TaxLine};
pub use revenue::{Given, Revenue, RevenueLine, Sold, revenue};
pub use tally::{Placed, Tally};

pub use crate::month::{Month, MonthError};

#[cfg(test)]
mod tests;
