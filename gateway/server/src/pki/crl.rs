//! The revocation list: a small ledger beside the authority, and the signed list made from it.

use std::{
    collections::BTreeMap,
    fs::OpenOptions,
    path::{Path, PathBuf},
};

use exchange::{ports::clock::Clock, timestamp::Timestamp};
use rcgen::{CertificateRevocationListParams, KeyIdMethod, RevocationReason, RevokedCertParams, SerialNumber};
use serde::{Deserialize, Serialize};

use super::{
    CRL_DAYS, DAY_S, SERIAL_HEX_MAX,
    ca::{Ca, to_date},
    error::PkiError,
    files,
};

/// Serials that were revoked, and the number of the last list.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Ledger {
    /// Number of the last list that was signed (RFC 5280 §5.2.3): it only rises.
    number: u64,
    /// Serial in lower-case hex → instant of revocation.
    revoked: BTreeMap<String, Timestamp>,
}

impl Ca {
    /// Revokes a serial (hex; case, colons and leading zeros do not matter) and writes the new list. A serial that was
    /// revoked before keeps its date. Returns the list, PEM.
    ///
    /// # Errors
    /// [`PkiError::Serial`] when the serial is malformed; [`PkiError::File`] when the list cannot be written: the
    /// certificate then still counts as good.
    pub fn revoke(&self, serial: &str, clock: &dyn Clock) -> Result<String, PkiError> {
        let serial = canonical_serial(serial)?;
        self.rewrite(clock, |ledger, now| {
            ledger.revoked.entry(serial).or_insert(now);
        })
    }

    /// Signs the list anew with a higher number and later dates, and writes it. Returns the list, PEM.
    ///
    /// # Errors
    /// [`PkiError::File`] when the list cannot be written.
    pub fn crl_pem(&self, clock: &dyn Clock) -> Result<String, PkiError> {
        self.rewrite(clock, |_, _| {})
    }

    /// Whether the serial (canonical hex) is revoked.
    ///
    /// # Errors
    /// [`PkiError::Ledger`] when the ledger is damaged.
    pub fn is_revoked(&self, serial: &str) -> Result<bool, PkiError> {
        Ok(self.read_ledger()?.revoked.contains_key(serial))
    }

    /// Where the signed list stands.
    #[must_use]
    pub fn crl_path(&self) -> PathBuf {
        self.file("crl")
    }

    fn rewrite(&self, clock: &dyn Clock, change: impl FnOnce(&mut Ledger, Timestamp)) -> Result<String, PkiError> {
        let path = self.file("lock");
        let lock = OpenOptions::new().write(true).create(true).truncate(false).open(&path);
        let lock = lock.map_err(PkiError::at(&path))?;
        // Two revocations at once would lose one of them; the lock falls with the file.
        lock.lock().map_err(PkiError::at(&path))?;
        let now = clock.now();
        let mut ledger = self.read_ledger()?;
        change(&mut ledger, now);
        ledger.number += 1;
        let pem = self.sign(&ledger, now)?;
        // The ledger first: a crash between the two leaves a number unused, never one used twice.
        files::replace(&self.file("revoked.json"), &to_json(&ledger, &self.file("revoked.json"))?, files::PUBLIC)?;
        files::replace(&self.crl_path(), &pem, files::PUBLIC)?;
        Ok(pem)
    }

    fn sign(&self, ledger: &Ledger, now: Timestamp) -> Result<String, PkiError> {
        let revoked_certs = ledger.revoked.iter().map(|(serial, at)| {
            Ok(RevokedCertParams {
                serial_number: SerialNumber::from_slice(&serial_bytes(serial)?),
                revocation_time: to_date(*at)?,
                reason_code: Some(RevocationReason::CessationOfOperation),
                invalidity_date: None,
            })
        });
        let params = CertificateRevocationListParams {
            this_update: to_date(now)?,
            next_update: to_date(now.plus_seconds(CRL_DAYS * DAY_S))?,
            crl_number: SerialNumber::from_slice(&ledger.number.to_be_bytes()),
            issuing_distribution_point: None,
            revoked_certs: revoked_certs.collect::<Result<_, PkiError>>()?,
            key_identifier_method: KeyIdMethod::Sha256,
        };
        Ok(params.signed_by(&self.issuer)?.pem()?)
    }

    fn read_ledger(&self) -> Result<Ledger, PkiError> {
        let path = self.file("revoked.json");
        if !path.exists() {
            return Ok(Ledger::default());
        }
        serde_json::from_str(&files::read(&path)?).map_err(|error| PkiError::Ledger { path, reason: error.to_string() })
    }

    fn file(&self, extension: &str) -> PathBuf {
        self.folder().join(format!("{}.{extension}", self.kind().file_stem()))
    }
}

/// A serial as everything in Ijazat writes it: lower-case hex without leading zeros.
///
/// # Errors
/// [`PkiError::Serial`] when it is not 1 to 32 hexadecimal digits.
pub fn canonical_serial(text: &str) -> Result<String, PkiError> {
    let plain: String = text.trim().chars().filter(|c| *c != ':').collect::<String>().to_ascii_lowercase();
    let trimmed = plain.trim_start_matches('0');
    let hex = !trimmed.is_empty() && trimmed.bytes().all(|byte| byte.is_ascii_hexdigit());
    if hex && trimmed.len() <= SERIAL_HEX_MAX { Ok(trimmed.to_owned()) } else { Err(PkiError::Serial(text.to_owned())) }
}

fn serial_bytes(serial: &str) -> Result<Vec<u8>, PkiError> {
    let even = if serial.len().is_multiple_of(2) { serial.to_owned() } else { format!("0{serial}") };
    hex::decode(even).map_err(|_| PkiError::Serial(serial.to_owned()))
}

fn to_json(ledger: &Ledger, path: &Path) -> Result<String, PkiError> {
    serde_json::to_string_pretty(ledger)
        .map_err(|error| PkiError::Ledger { path: path.to_owned(), reason: error.to_string() })
}

#[cfg(test)]
#[path = "crl_tests.rs"]
mod tests;
