//! Accounts: who owes whom, as debits and credits that follow from the log; what an agency may still spend.
//!
//! Map: [`Account`] names one side of a movement, [`Posting`] is one movement, [`Balance`] what an account has come to ·
//! [`Terms`] say how an agency pays · [`Quota`] bounds a kind, an agency, a place or a user in each period · [`Batch`] turns a
//! range of the log into postings, so that the ledger is a function of the log as the bill is · [`Closing`] is what a month's
//! statement moves beside.

mod account;
mod batch;
mod closing;
mod quota;
mod quota_book;
mod terms;

pub use account::{Account, Balance, Posting};
pub use batch::{Batch, Drawn};
pub use closing::{Beside, Closing, ClosingError};
pub use quota::{Level, Measure, Quota, QuotaError, Usage};
pub use quota_book::QuotaBook;
pub use terms::{Pays, Terms};
