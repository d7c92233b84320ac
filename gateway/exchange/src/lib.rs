//! The rules of exchange without I/O: the words, rules and ports that every other crate shares.
//!
//! Map: *who* [`caller`], [`directory`] · *what* [`catalogue`], [`classification`], [`ids`], [`cnic`], [`mobile`], [`place`] ·
//! *may they* [`decision`], [`enrolment`], [`permit`], [`refusal`], [`codes`] · *did the citizen say yes* [`consent`] · *what is
//! remembered* [`record`], under signatures of [`es256`] · *what is published* [`report`] · *what it costs* [`tariff`], [`statement`],
//! [`ledger`] · *how one comes to be
//! served* [`onboarding`] · *how much at once* [`quota`] · *when* [`timestamp`], [`day`], [`month`], [`calendar`] · *how programs read it* [`openapi`] · *what
//! the world must give* [`ports`] · *bounds* [`limits`].
#![forbid(unsafe_code)]
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::allow_attributes,
        reason = "tests may panic: that is how they fail"
    )
)]

pub mod calendar;
pub mod caller;
pub mod catalogue;
pub mod classification;
pub mod cnic;
pub mod codes;
pub mod consent;
pub mod day;
pub mod decision;
pub mod directory;
pub mod enrolment;
pub mod es256;
pub mod filter;
pub mod ids;
pub mod json;
pub mod ledger;
pub mod limits;
pub mod log;
pub mod mobile;
pub mod month;
pub mod networks;
pub mod notify;
pub mod onboarding;
pub mod openapi;
pub mod path;
pub mod permit;
pub mod place;
pub mod ports;
pub mod programme;
pub mod quota;
pub mod record;
pub mod refusal;
pub mod report;
pub mod statement;
pub mod tariff;
pub mod timestamp;
