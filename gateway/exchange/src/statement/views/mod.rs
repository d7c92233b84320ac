//! A statement as people read it: a table for spreadsheets, a page to print in English and Urdu.

mod csv;
mod page;
mod words;

pub use csv::csv;
pub use page::page;
