//! What the gateway recorded, read back: each leaf with its side record opened under the log's key.

use exchange::{
    ports::record_log::RecordLog,
    record::{
        leaf::Leaf,
        seal::SealingKey,
        side::{Side, place},
    },
};

use super::Broken;

/// Entries read at once.
const BATCH: usize = 1_000;

/// One entry of the access log.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// The leaf.
    pub leaf: Leaf,
    /// The leaf's bytes as hashed.
    pub bytes: Vec<u8>,
    /// The side record.
    pub side: Side,
}

impl Recorded {
    /// The problem code, or nothing.
    #[must_use]
    pub fn code(&self) -> &str {
        self.leaf.code.as_deref().unwrap_or("")
    }

    /// The agency, or nothing.
    #[must_use]
    pub fn agency(&self) -> &str {
        self.leaf.agency.as_deref().unwrap_or("")
    }
}

/// Reads all entries.
///
/// # Errors
/// When an entry cannot be read or its side record does not open.
pub fn read(log: &dyn RecordLog, key: &SealingKey) -> Result<Vec<Recorded>, Broken> {
    let mut all = Vec::new();
    loop {
        let entries = log.read(u64::try_from(all.len())?, BATCH)?;
        if entries.is_empty() {
            return Ok(all);
        }
        for entry in entries {
            let leaf = Leaf::from_bytes(&entry.leaf)?;
            let opened = key.open(&place(&leaf.request), &entry.side)?;
            let side = Side::from_bytes(&opened).ok_or("a side record cannot be read")?;
            all.push(Recorded { leaf, bytes: entry.leaf, side });
        }
    }
}
