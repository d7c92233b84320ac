//! Leaves being summed under keys of any kind, such as an agency's day or an agency's user.

use std::collections::BTreeMap;

use super::bill::{Item, Sum, SumKey, billed, month_of};
use crate::{ids::AgencyId, month::Month, record::leaf::Leaf};

/// A billed leaf with its place: whose it is, and of which day of Asia/Karachi.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// The agency that is billed.
    pub agency: AgencyId,
    /// The month of its bill.
    pub month: Month,
    /// Day of that month, from 1.
    pub day: u8,
    /// What it adds.
    pub item: Item,
}

impl Placed {
    /// The place of a leaf in the bills; `None` for exactly those that [`super::Bills`] leaves out.
    #[must_use]
    pub fn of(leaf: &Leaf) -> Option<Self> {
        let item = billed(leaf)?;
        let agency = AgencyId::parse(leaf.agency.as_deref()?).ok()?;
        let month = month_of(leaf)?;
        let (_, _, day) = leaf.billed_at().karachi_date();
        Some(Self { agency, month, day, item })
    }
}

/// Sums being added up under keys of one kind, each ordered by what is summed together.
#[derive(Debug)]
pub struct Tally<K>(BTreeMap<(K, SumKey), Sum>);

impl<K> Default for Tally<K> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<K: Ord> Tally<K> {
    /// Adds an item under this key.
    pub fn add(&mut self, key: K, item: &Item) {
        let sum = self.0.entry((key, item.key.clone())).or_insert_with(|| Sum::of(item.key.clone()));
        sum.add(item);
    }

    /// Each sum with the key that it stands under, in order.
    pub fn sums(&self) -> impl Iterator<Item = (&K, &Sum)> {
        self.0.iter().map(|((key, _), sum)| (key, sum))
    }
}
