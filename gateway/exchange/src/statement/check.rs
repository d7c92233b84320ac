//! Rates leaves once more, from books and classes alone: whoever pays a bill can find the line that is wrong.

use serde::{Deserialize, Serialize};

use crate::{
    ids::{AgencyId, ServiceId},
    record::leaf::Leaf,
    statement::bill::{billed, month_of},
    tariff::{Class, Column, Gratis, RateBook, book_at},
    timestamp::Timestamp,
};

/// The column that an agency pays by, from an instant on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgencyClass {
    /// The agency.
    pub agency: AgencyId,
    /// Its column of the book.
    pub column: Column,
    /// First instant; until the agency's next entry.
    pub since: Timestamp,
}

/// Who pays what: all that decides an agency's class beside the leaf.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Classes {
    /// Columns, in any order.
    #[serde(default, rename = "class")]
    pub classes: Vec<AgencyClass>,
    /// Decisions to serve for nothing.
    #[serde(default, rename = "gratis")]
    pub gratis: Vec<Gratis>,
}

impl Classes {
    /// The class of an agency at a service and instant.
    #[must_use]
    pub fn at(&self, agency: &AgencyId, service: &ServiceId, at: Timestamp) -> Option<Class> {
        let begun = self.classes.iter().filter(|class| class.agency == *agency && class.since <= at);
        let column = begun.max_by_key(|class| class.since)?.column;
        let gratis = self.gratis.iter().any(|gift| gift.covers(agency, service, at));
        Some(Class::in_column(column, gratis))
    }
}

/// What is wrong with a leaf's charge.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FaultKind {
    /// It names another version than the book in force at its request.
    #[error("is rated by `{named}`; in force was `{in_force}`")]
    Version {
        /// As the leaf says; empty for none.
        named: String,
        /// By the books; empty for none.
        in_force: String,
    },
    /// It names another class than the agency had.
    #[error("is rated as {named}; the agency was {was}")]
    Class {
        /// As the leaf says.
        named: Class,
        /// By the classes.
        was: Class,
    },
    /// The agency has no class at that instant.
    #[error("is rated as {0}; the agency had no class then")]
    NoClass(Class),
    /// It is charged another amount than its rate gives.
    #[error("is charged {charged} milli-paisa; its rate gives {rated}")]
    Amount {
        /// As the leaf says.
        charged: i64,
        /// By the book.
        rated: i64,
    },
    /// It has an amount and does not say for what.
    #[error("is charged {0} milli-paisa and names no unit, class or service")]
    Unexplained(i64),
}

/// A leaf that is charged otherwise than books and classes say.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("entry {node}/{sequence}: {kind}")]
pub struct Fault {
    /// Node whose log it stands in.
    pub node: String,
    /// Its place.
    pub sequence: u64,
    /// What is wrong.
    pub kind: FaultKind,
}

/// Rates one leaf again.
///
/// # Errors
/// [`Fault`] if it is billed and charged otherwise than the books and classes say.
pub fn rate_again(leaf: &Leaf, books: &[RateBook], classes: &Classes) -> Result<(), Fault> {
    let Some(item) = billed(leaf).filter(|_| month_of(leaf).is_some()) else { return Ok(()) };
    let fault = |kind| Err(Fault { node: leaf.node.clone(), sequence: leaf.sequence, kind });
    let in_force = book_at(books, leaf.billed_at());
    let version = in_force.map_or("", |book| book.version.as_str());
    if item.key.rate_version != version {
        return fault(FaultKind::Version { named: item.key.rate_version, in_force: version.to_owned() });
    }
    let agency = leaf.agency.as_deref().and_then(|id| AgencyId::parse(id).ok());
    let service = leaf.service.as_deref().and_then(|name| ServiceId::parse(name.split('@').next().unwrap_or("")).ok());
    let (Some(unit), Some(named), Some(agency), Some(service)) = (item.key.unit, item.key.class, agency, service)
    else {
        // What is free names no unit, and callers who never pay have no class.
        let charged = item.amount_milli_paisa;
        return if charged == 0 { Ok(()) } else { fault(FaultKind::Unexplained(charged)) };
    };
    match classes.at(&agency, &service, leaf.billed_at()) {
        Some(was) if was == named => {}
        Some(was) => return fault(FaultKind::Class { named, was }),
        None => return fault(FaultKind::NoClass(named)),
    }
    let rate = in_force.and_then(|book| book.rate(&item.key.tariff, unit));
    let rated = rate.map_or(0, |rate| rate.price(named.column()).charge(unit.of(leaf.rows)));
    let charged = item.amount_milli_paisa;
    if charged == rated { Ok(()) } else { fault(FaultKind::Amount { charged, rated }) }
}
