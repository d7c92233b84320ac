//! The law of the exchange: Cedar schema, policies, catalogue, data dictionary, and the decision by them.
//!
//! | file | what it does |
//! |---|---|
//! | `source` | finds a bundle's files, in the program or in a folder |
//! | `parse` | reads header, dictionary and catalogue |
//! | `read` | reads schema and policies and validates them strictly, for decisions and for the prover |
//! | `matrix` | Annexure B: which kind of agency feeds and uses what |
//! | `clientage` | types of clients and what must be seen of each |
//! | `citizenship` | by what a person is a citizen, by dated rules that no policy reads |
//! | `children` | from which age which part of the body is enrolled |
//! | `newcomers` | what a newcomer must bring, and working days |
//! | `law`, `rule`, `words` | what a decision looks up: annotations, datatypes |
//! | `names` | refuses a policy about a name that no list of the bundle has |
//! | `slice`, `mentions`, `silent` | which policies a question needs, and which datatypes they cannot tell apart |
//! | `complete` | refuses a bundle in which anything is missing |
//! | `template` | fills a one-off authorisation in from the approval of a question |
//! | `forums` | who decides which request, as a table that must equal what the door does |
//! | `facts` | writes a question down as Cedar's context |
//! | `memo`, `steady` | remembers decisions, and proves for which policies that is sound |
//! | `decide`, `precedence` | decides, and picks the code that a refusal shows |
//! | `explain` | says why, and what would make a request lawful |
//! | `manifest`, `pack`, `trust` | what is signed of a bundle, its one file, and whose signatures it needs |
//! | `compare`, `told` | what changes between two bundles, and one policy as people read it |
//! | `cases` | the bundle's own promises, readable by anyone, and their runner |
//!
//! Law that is data (agreements, programmes, approvals, rates) stands outside a bundle and comes with the question.
#![forbid(unsafe_code)]

mod bundle;
pub mod cases;
mod children;
pub mod citizenship;
pub mod clientage;
pub mod compare;
mod complete;
mod decide;
mod embedded;
pub mod error;
pub mod explain;
mod expression;
mod facts;
mod forums;
mod law;
mod lists;
pub mod manifest;
mod matrix;
mod memo;
mod mentions;
mod names;
mod newcomers;
pub mod pack;
mod parse;
pub mod precedence;
pub mod read;
mod rule;
mod silent;
mod slice;
pub mod source;
mod steady;
mod template;
pub mod told;
pub mod trust;
mod words;

pub use bundle::Bundle;
pub use error::BundleError;
pub use matrix::Misregistered;
