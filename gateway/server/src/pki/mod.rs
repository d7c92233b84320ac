//! The development PKI: three authorities, certificates from requests, renewal, revocation, lists.
//!
//! Map: [`store`] holds the three authorities of a state folder; [`ca`] makes and signs; [`crl`] revokes; [`request`] makes
//! keys for development; [`inspect`] reads certificates. In production an authority outside Ijazat signs, and only its
//! certificate and list come here (`[tls] client_ca`, `client_crl`).

pub mod ca;
pub mod crl;
mod error;
mod files;
pub mod inspect;
pub mod request;
pub mod store;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

pub use self::{
    ca::{Ca, CaKind, Issued, Validity},
    crl::canonical_serial,
    error::PkiError,
    inspect::{Facts, facts, list_dates, spki_sha256_hex},
    request::Request,
    store::{Authorities, World},
};

/// SAN URI of an agency's certificate, before the agency's name.
pub const AGENCY_URI: &str = "urn:pk:ijazat:agency:";

/// SAN URI of a certificate among our own processes, before the node's name.
pub const NODE_URI: &str = "urn:pk:ijazat:node:";

/// Seconds of a day.
pub const DAY_S: i64 = 86_400;

/// Days that a certificate may live: 13 months, as browsers and the web PKI hold it.
pub const DAYS_MAX: i64 = 397;

/// Days of an agency's certificate unless another number is given.
pub const CLIENT_DAYS: i64 = 365;

/// Days of the server's and internal certificates in development.
pub const SERVER_DAYS: i64 = 365;

/// Days of an authority: ten years; a development authority is not renewed but made again.
const CA_DAYS: i64 = 3_650;

/// Days until the next revocation list is due.
pub const CRL_DAYS: i64 = 7;

/// Seconds that a certificate is valid before it was made, since clocks differ.
const SKEW_S: i64 = 300;

/// Hexadecimal digits of a serial: 16 bytes.
const SERIAL_HEX_MAX: usize = 32;
