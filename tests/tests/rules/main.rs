//! The nine rules of the door (design/architecture.md), each with tests that try to break it through real sockets. What a
//! rule is made of has its own tests where it stands; each file here names them.
#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::allow_attributes,
    reason = "tests may panic: that is how they fail"
)]

mod dry_run;
mod midnight;
mod one_law;
mod prepaid;
mod quotas;
mod r1_no_permit_no_data;
mod r2_no_record_no_answer;
mod r3_field_by_field;
mod r4_the_record_is_the_meter;
mod r5_a_policy_error_denies;
mod r6_instruments;
mod r6_reports;
mod r6_revocation;
mod r7_no_personal_data;
mod r8_one_parser;
mod r9_identity_headers;
mod registration;
mod witness;
