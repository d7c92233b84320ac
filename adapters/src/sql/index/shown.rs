//! What is shown of an entry and never searched by, as one text: a JSON list in the order of the fields.

use exchange::record::leaf::Leaf;
use serde::{Deserialize, Serialize};

/// Agency, service, purpose, basis, status, code, datatypes released, rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Shown<T>(
    pub Option<T>,
    pub Option<T>,
    pub Option<T>,
    pub Option<T>,
    pub u16,
    pub Option<T>,
    pub Vec<T>,
    pub u32,
);

/// The text for a leaf.
pub(super) fn text(leaf: &Leaf) -> String {
    let shown = Shown(
        leaf.agency.as_deref(),
        leaf.service.as_deref(),
        leaf.purpose.as_deref(),
        leaf.basis.as_deref(),
        leaf.status,
        leaf.code.as_deref(),
        leaf.released.iter().map(|released| released.datatype.as_str()).collect(),
        leaf.rows,
    );
    // Text and numbers always have a form in JSON.
    serde_json::to_string(&shown).unwrap_or_default()
}

/// Reads a text of [`text`] back; `None` for any other.
pub(super) fn read(text: &str) -> Option<Shown<String>> {
    serde_json::from_str(text).ok()
}
