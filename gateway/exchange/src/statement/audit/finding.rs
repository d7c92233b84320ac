//! What can be wrong with a statement, each naming the line or the entry.

use std::fmt;

use crate::{
    log::proof::ProofError,
    statement::{
        check::{Fault, FaultKind},
        priced::{Line, PriceError},
    },
    tariff::{Class, Unit},
};

/// A line of a statement, or one unit's part of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LineName {
    /// Service and version.
    pub service: String,
    /// Version of the rate book; empty for none.
    pub rate_version: String,
    /// Class of the agency; `None` for none.
    pub class: Option<Class>,
    /// Line of the tariff and what is counted, where one part of the line is meant.
    pub part: Option<(String, Option<Unit>)>,
}

impl LineName {
    /// The name of a line.
    #[must_use]
    pub fn of(line: &Line) -> Self {
        let (service, rate_version) = (line.service.clone(), line.rate_version.clone());
        Self { service, rate_version, class: line.class, part: None }
    }

    /// The line that a part is of.
    #[must_use]
    pub fn whole(&self) -> Self {
        Self { part: None, ..self.clone() }
    }
}

impl fmt::Display for LineName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let or_none = |text: &str| if text.is_empty() { "none".to_owned() } else { text.to_owned() };
        let class = self.class.map_or("none", Class::as_str);
        write!(f, "line `{}`, rate {}, class {class}", or_none(&self.service), or_none(&self.rate_version))?;
        let Some((tariff, unit)) = &self.part else { return Ok(()) };
        write!(f, ", tariff `{tariff}` by {}", unit.map_or("nothing", Unit::as_str))
    }
}

/// A number that a statement says and the entries do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Differs {
    /// Which number, with its unit.
    pub what: &'static str,
    /// By the statement.
    pub stated: i64,
    /// By entries and terms.
    pub found: i64,
}

impl fmt::Display for Differs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is {} by the statement and {} by the entries", self.what, self.stated, self.found)
    }
}

/// Why a leaf is not proved.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unproved {
    /// No key of that log was given.
    #[error("no key of the log `{0}` is given")]
    Key(String),
    /// Its proof.
    #[error(transparent)]
    Proof(#[from] ProofError),
    /// Its bytes are no leaf.
    #[error("what is proved is no leaf")]
    Leaf,
    /// It says another place than its proof.
    #[error("it says that it is {node}/{sequence}")]
    Place {
        /// Node by the leaf.
        node: String,
        /// Index by the leaf.
        sequence: u64,
    },
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Finding {
    /// The statement is for another agency or month than the terms, or rests on other terms.
    #[error("the statement rests on other terms: {0}")]
    OtherTerms(String),
    /// A leaf's proof does not hold; it is not believed.
    #[error("entry {node}/{index}: proof does not hold: {why}")]
    Proof {
        /// The node, by the checkpoint.
        node: String,
        /// Index, by the proof.
        index: u64,
        /// Why not.
        why: Unproved,
    },
    /// A leaf of this bill that the statement does not list.
    #[error("entry {node}/{index}: is of this bill and not in the statement")]
    Unlisted {
        /// The node.
        node: String,
        /// Index.
        index: u64,
    },
    /// Entries that the statement lists and of which no proved leaf was given.
    #[error("{}: in the statement, and no proved leaf of this bill was given", entries(node, *from, *until))]
    WithoutLeaf {
        /// The node.
        node: String,
        /// First index.
        from: u64,
        /// First index after them.
        until: u64,
    },
    /// The statement lists entries beyond what it says that it read.
    #[error("{}: in the statement, and beyond what it covers", entries(node, *from, *until))]
    Beyond {
        /// The node.
        node: String,
        /// First index.
        from: u64,
        /// First index after them.
        until: u64,
    },
    /// A leaf was rated otherwise than the terms say.
    #[error(transparent)]
    Rated(#[from] Fault),
    /// A line has another number.
    #[error("{line}: {differs}")]
    Line {
        /// The line.
        line: LineName,
        /// The number.
        differs: Differs,
    },
    /// The entries make a line that the statement does not have.
    #[error("{0}: the entries make it, and the statement lacks it")]
    LineMissing(LineName),
    /// The statement has a line that no entry makes, or has it twice.
    #[error("{0}: in the statement, and no entry makes it")]
    LineUnfounded(LineName),
    /// A tax has another number.
    #[error("tax `{name}` of rate {rate_version}: {differs}")]
    Tax {
        /// Version of the book.
        rate_version: String,
        /// Its name.
        name: String,
        /// The number.
        differs: Differs,
    },
    /// A total has another number.
    #[error("total: {0}")]
    Total(Differs),
    /// The bill cannot be priced by these terms.
    #[error("the entries have no price by these terms: {0}")]
    Unpriced(PriceError),
    /// The root over the entries is another.
    #[error("root over the entries is {stated} by the statement and {found} by the leaves")]
    Root {
        /// By the statement, hex.
        stated: String,
        /// By the leaves, hex.
        found: String,
    },
    /// Words, order or repetition differ, and no number.
    #[error("the statement's lines are not in their one form: {0}")]
    Form(&'static str),
}

impl Finding {
    /// The entry that is wrong, if one is.
    #[must_use]
    pub fn entry(&self) -> Option<(&str, u64)> {
        match self {
            Self::Proof { node, index, .. } | Self::Unlisted { node, index } => Some((node, *index)),
            Self::WithoutLeaf { node, from, .. } | Self::Beyond { node, from, .. } => Some((node, *from)),
            Self::Rated(Fault { node, sequence, kind: _ }) => Some((node, *sequence)),
            _ => None,
        }
    }

    /// The line that is wrong, if one is.
    #[must_use]
    pub fn line(&self) -> Option<&LineName> {
        match self {
            Self::Line { line, .. } | Self::LineMissing(line) | Self::LineUnfounded(line) => Some(line),
            _ => None,
        }
    }

    /// Rate version and name of the tax that is wrong, if one is.
    #[must_use]
    pub fn tax(&self) -> Option<(&str, &str)> {
        match self {
            Self::Tax { rate_version, name, .. } => Some((rate_version, name)),
            _ => None,
        }
    }

    /// Why an entry was rated wrongly, if it was.
    #[must_use]
    pub fn rated(&self) -> Option<&FaultKind> {
        match self {
            Self::Rated(fault) => Some(&fault.kind),
            _ => None,
        }
    }
}

fn entries(node: &str, from: u64, until: u64) -> String {
    match until.saturating_sub(from) {
        0 | 1 => format!("entry {node}/{from}"),
        count => format!("entries {node}/{from} to {} ({count})", until.saturating_sub(1)),
    }
}
