//! The rules of exchange held from outside, each against a plain model, a known vector or a hostile input.
#![forbid(unsafe_code)]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    reason = "tests may panic: that is how they fail"
)]

mod billing;
mod bills;
mod bodies;
mod catalogue;
mod charts;
mod checkpoints;
mod codes;
mod consent_bounds_any;
mod consent_ceilings;
mod consent_details;
mod consent_edges;
mod consent_moves;
mod consent_notices;
mod consent_record;
mod consent_record_more;
mod consent_reply_texts;
mod consent_texts;
mod consent_words;
mod consent_words_any;
mod daily;
mod directory;
mod disputes;
mod filter_answers;
mod filter_model;
mod forgeries;
mod leaves;
mod names;
mod notes;
mod notify;
mod passcodes;
mod permits;
mod permits_forged;
mod prices;
mod refusals;
mod revenue;
mod sealed;
mod spoken;
mod statements;
mod statements_any;
mod support;
mod targets;
mod tiles;
mod times;
mod tlog_proofs;
mod tree;
mod words;
