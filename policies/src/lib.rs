//! The law of the exchange: Cedar schema, policies, catalogue, data dictionary, and the decision by them.
//!
//! | file | what it does |
//! |---|---|
//! | `source` | finds a bundle's files, in the program or in a folder |
//! | `parse` | reads header, dictionary and catalogue |
//! | `read` | reads schema and policies and validates them strictly, for decisions and for the prover |
//! | `matrix` | Annexure B: which kind of agency feeds and uses what |
//! | `clientage` | types of clients and what must be seen of each |
//! | `newcomers` | what a newcomer must bring, and working days |
//! | `law`, `rule`, `slice`, `words` | what a decision looks up: annotations, slices, datatypes |
//! | `complete` | refuses a bundle in which anything is missing |
//! | `facts` | writes a question down as Cedar's context |
//! | `memo`, `steady` | remembers decisions, and proves for which policies that is sound |
//! | `decide`, `precedence` | decides, and picks the code that a refusal shows |
//! | `cases` | the bundle's own promises, readable by anyone, and their runner |
//!
//! Law that is data (agreements, programmes, approvals, rates) stands outside a bundle and comes with the question.
#![forbid(unsafe_code)]

mod bundle;
pub mod cases;
pub mod clientage;
mod complete;
mod decide;
mod embedded;
pub mod error;
mod facts;
mod law;
mod matrix;
mod memo;
mod newcomers;
mod parse;
pub mod precedence;
pub mod read;
mod rule;
mod slice;
pub mod source;
mod steady;
mod words;

pub use bundle::Bundle;
pub use error::BundleError;
