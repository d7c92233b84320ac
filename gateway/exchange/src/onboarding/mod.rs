//! How an agency comes to be served: application, documents, the right forum's decision, agreement in force (S3 §7, §8.2.5).
//!
//! Map: [`rules`] what the law's data say · [`application`] the request form · [`checklist`] what is missing of it ·
//! [`forum`] who decides · [`case`] its course and its clocks · [`change`] what two persons may change in the directory.

pub mod application;
pub mod case;
pub mod change;
pub mod checklist;
pub mod forum;
pub mod rules;
#[cfg(test)]
pub(crate) mod testing;

pub use self::{
    application::Application,
    case::{Case, State},
    change::{Change, Fault, Rule},
    rules::Rules,
};
