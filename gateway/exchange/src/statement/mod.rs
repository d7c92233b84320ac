//! The monthly statement as a function of the log and the rate books: leaves and books in, lines, tax and total out.
//!
//! Map: `bill` sums leaves, `priced` prices the sums, `check` rates one leaf again · issued: `draft` makes [`Issued`] of a
//! log's leaves under [`BillingTerms`], both signed (`document`) · shown: [`views`] · whoever pays: [`audit`] recomputes all
//! from leaves with proofs ([`Evidence`]), [`dispute`] holds receipts against it · while the month runs: `daily`, `tally`,
//! `revenue`, `chart`.

pub mod audit;
mod bill;
mod chart;
mod check;
mod daily;
pub mod dispute;
mod document;
mod draft;
mod evidence;
mod issued;
mod keys;
mod places;
mod priced;
mod receipt;
mod revenue;
mod tally;
mod terms;
pub mod views;

pub use bill::{Bill, Bills, Item, Sum, SumKey, billed, month_of, rated, recompute};
pub use chart::chart;
pub use check::{AgencyClass, Classes, Fault, FaultKind, rate_again};
pub use daily::{Counts, Daily, day_text};
pub use document::{Digest, DocumentError, Opened};
pub use draft::{Draft, DraftError, is_of};
pub use evidence::{Evidence, EvidenceError};
pub use issued::{Covered, Issued, Reversal, node_of};
pub use keys::{KeysError, PublicKeys};
pub use places::{Places, PlacesError};
pub use priced::{Line, Part, PriceError, Statement, TaxLine};
pub use receipt::{Receipt, ReceiptError};
pub use revenue::{Given, Revenue, RevenueLine, Sold, revenue};
pub use tally::{Placed, Tally};
pub use terms::BillingTerms;

pub use crate::month::{Month, MonthError};

#[cfg(test)]
mod tests;
