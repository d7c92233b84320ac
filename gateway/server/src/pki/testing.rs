//! What the PKI's tests stand on: a folder of their own, a clock that stands still.

use std::path::{Path, PathBuf};

use adapters::{clock::ManualClock, entropy::SystemEntropy};
use exchange::{ports::clock::Clock, timestamp::Timestamp};

use super::*;

/// A folder that goes away with the test.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        let name = exchange::ports::entropy::random_hex_128(&SystemEntropy::default());
        let path = std::env::temp_dir().join(format!("ijazat-test-{name}"));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A development PKI with its clock at noon of 2026-11-22.
pub(crate) struct Fixture {
    pub(crate) folder: Folder,
    pub(crate) clock: ManualClock,
    pub(crate) entropy: SystemEntropy,
    pub(crate) authorities: Authorities,
}

impl Fixture {
    pub(crate) fn new() -> Self {
        let folder = Folder::new();
        let clock = ManualClock::new(Timestamp::parse_rfc3339("2026-11-22T12:00:00+05:00").unwrap());
        let entropy = SystemEntropy::default();
        let world = World { clock: &clock, entropy: &entropy };
        let authorities = Authorities::ensure(folder.path(), "node-1", "ijazat.example", world).unwrap();
        Self { folder, clock, entropy, authorities }
    }

    pub(crate) fn clock_now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn world(&self) -> World<'_> {
        World { clock: &self.clock, entropy: &self.entropy }
    }

    /// A new key, request and certificate of 30 days for `bank-indus`.
    pub(crate) fn client(&self) -> String {
        let agency = exchange::ids::AgencyId::parse("bank-indus").unwrap();
        let request = Request::make(&agency).unwrap();
        let validity = Validity::days(self.clock.now(), 30).unwrap();
        self.authorities.client.issue_client(&request.csr_pem, &agency, validity, &self.entropy).unwrap()
    }
}
