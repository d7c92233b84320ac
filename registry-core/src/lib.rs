//! Persons, households and life status: pure logic over ports, reached only with a permit.
//!
//! Map: *who* [`person`], [`identifier`], [`name`], [`date`] · *where* [`address`] · *together with whom* [`household`] ·
//! *which of them* [`listing`] · *how poor, roughly* [`band`] · *what is published* [`report`], and what of it may be
//! [`suppression`] · *what was reported* [`notice`] · *what a caller may do* [`service`], its answers in [`answer`] · *what the
//! world must give* [`ports`], promised by [`contract`] and kept by [`memory`] · *people to try it with* [`population`] ·
//! *bounds* [`limits`].
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

pub mod address;
pub mod answer;
pub mod band;
pub mod contract;
pub mod date;
pub mod household;
pub mod identifier;
pub mod limits;
pub mod listing;
pub mod memory;
pub mod name;
pub mod notice;
pub mod person;
pub mod population;
pub mod ports;
pub mod report;
pub mod service;
pub mod suppression;
