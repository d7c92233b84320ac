//! What one agency's month comes to by its leaves alone: counts and exact sums, no book consulted.
//!
//! The index of the log answers the same question faster; a test holds the two equal, and anyone with the published
//! leaves can repeat the sum (design/access-log-and-metering.md, Metering 7: invoice = f(log)).

use std::{collections::BTreeMap, fmt};

use crate::{
    ids::AgencyId,
    month::Month,
    record::leaf::{Kind, Leaf},
    tariff::{Class, Unit, rupees},
};

/// What is summed together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SumKey {
    /// Service and version such as `identity.kyc@1`; empty in a leaf that names none.
    pub service: String,
    /// Version of the rate book; empty where no book was in force.
    pub rate_version: String,
    /// Class of the agency; `None` in entries older than it.
    pub class: Option<Class>,
    /// Line of the tariff.
    pub tariff: String,
    /// What was charged; `None` for what is free.
    pub unit: Option<Unit>,
}

/// One sum of a bill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sum {
    /// Of what.
    pub key: SumKey,
    /// Answered calls.
    pub calls: i64,
    /// Rows that left.
    pub rows: i64,
    /// Units charged.
    pub units: i64,
    /// Milli-paisa as the answers were rated, exact: tiers, minimum, gifts, rounding and tax come after.
    pub amount_milli_paisa: i64,
}

impl Sum {
    /// What of it is to be paid, milli-paisa: all of it, or nothing of what is given.
    #[must_use]
    pub fn payable_milli_paisa(&self) -> i64 {
        if self.key.class.is_some_and(Class::is_gratis) { 0 } else { self.amount_milli_paisa }
    }

    /// Of nothing so far.
    pub(super) fn of(key: SumKey) -> Self {
        Self { key, calls: 0, rows: 0, units: 0, amount_milli_paisa: 0 }
    }

    pub(super) fn add(&mut self, item: &Item) {
        self.calls = self.calls.saturating_add(item.calls);
        self.rows = self.rows.saturating_add(item.rows);
        self.units = self.units.saturating_add(item.units);
        self.amount_milli_paisa = self.amount_milli_paisa.saturating_add(item.amount_milli_paisa);
    }

    /// Adds another sum of the same.
    pub(super) fn join(&mut self, other: &Self) {
        self.calls = self.calls.saturating_add(other.calls);
        self.rows = self.rows.saturating_add(other.rows);
        self.units = self.units.saturating_add(other.units);
        self.amount_milli_paisa = self.amount_milli_paisa.saturating_add(other.amount_milli_paisa);
    }
}

/// The sums of one agency's month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bill {
    /// The agency.
    pub agency: AgencyId,
    /// The month.
    pub month: Month,
    /// Sums, ordered by their keys.
    pub sums: Vec<Sum>,
    /// All of them together, milli-paisa as rated.
    pub rated_milli_paisa: i64,
}

impl Bill {
    /// A bill of these sums, put in order.
    #[must_use]
    pub fn of(agency: AgencyId, month: Month, mut sums: Vec<Sum>) -> Self {
        sums.sort_by(|a, b| a.key.cmp(&b.key));
        let rated_milli_paisa = sums.iter().fold(0, |all: i64, sum| all.saturating_add(sum.amount_milli_paisa));
        Self { agency, month, sums, rated_milli_paisa }
    }

    /// What of it is to be paid, milli-paisa: all but what is given. Tiers, minimums, rounding and tax come after.
    #[must_use]
    pub fn payable_milli_paisa(&self) -> i64 {
        self.sums.iter().fold(0, |all: i64, sum| all.saturating_add(sum.payable_milli_paisa()))
    }
}

/// The sums as people read them: one on each line, amounts in rupees.
impl fmt::Display for Bill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} {}", self.agency, self.month)?;
        for Sum { key, calls, rows, amount_milli_paisa, .. } in &self.sums {
            let (class, unit) = (key.class.map_or("-", Class::as_str), key.unit.map_or("free", Unit::as_str));
            let (service, version, amount) = (&key.service, &key.rate_version, rupees(*amount_milli_paisa));
            write!(f, "  {service:<24} {version:<14} {class:<17} {unit:<8} ")?;
            writeln!(f, "{calls:>9} calls {rows:>9} rows {amount:>18}")?;
        }
        writeln!(f, "  rated {}", rupees(self.rated_milli_paisa))
    }
}

/// What one leaf adds to its agency's bill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// The sum that it belongs to.
    pub key: SumKey,
    /// One for an answer, none for a batch of one.
    pub calls: i64,
    /// Rows that left.
    pub rows: i64,
    /// Units charged.
    pub units: i64,
    /// Milli-paisa.
    pub amount_milli_paisa: i64,
}

/// What a leaf is rated at, milli-paisa: the amount that [`billed`] adds, 0 for what is never billed.
#[must_use]
pub fn rated(leaf: &Leaf) -> i64 {
    let is_billed = matches!(leaf.kind, Kind::Outcome | Kind::Part) && !leaf.dry_run && leaf.tariff.is_some();
    if is_billed { leaf.amount } else { 0 }
}

/// What the leaf adds to the bill; `None` for what is never billed: refusals, replays, dry runs, changes of state, and
/// intents, because an intent without outcome released nothing.
#[must_use]
pub fn billed(leaf: &Leaf) -> Option<Item> {
    let calls = match leaf.kind {
        Kind::Outcome => 1,
        Kind::Part => 0,
        _ => return None,
    };
    if leaf.dry_run {
        return None;
    }
    let key = SumKey {
        service: leaf.service.clone().unwrap_or_default(),
        rate_version: leaf.rate_version.clone().unwrap_or_default(),
        class: leaf.class,
        tariff: leaf.tariff.clone()?,
        unit: leaf.unit,
    };
    Some(Item {
        units: leaf.unit.map_or(0, |unit| i64::from(unit.of(leaf.rows))),
        key,
        calls,
        rows: i64::from(leaf.rows),
        amount_milli_paisa: leaf.amount,
    })
}

/// The month of whose bill a leaf is.
#[must_use]
pub fn month_of(leaf: &Leaf) -> Option<Month> {
    Month::of(leaf.billed_at())
}

/// Bills being summed: leaves go in one by one, so that a log of any length can be read through.
///
/// Sums saturate at the ends of an `i64`: 92 trillion rupees.
#[derive(Debug, Default)]
pub struct Bills(BTreeMap<(AgencyId, Month), BTreeMap<SumKey, Sum>>);

impl Bills {
    /// Adds what the leaf is billed, if anything. Each leaf must be given once, in any order.
    pub fn add(&mut self, leaf: &Leaf) {
        let Some(item) = billed(leaf) else { return };
        let agency = leaf.agency.as_deref().and_then(|agency| AgencyId::parse(agency).ok());
        let (Some(agency), Some(month)) = (agency, month_of(leaf)) else { return };
        let sums = self.0.entry((agency, month)).or_default();
        sums.entry(item.key.clone()).or_insert_with(|| Sum::of(item.key.clone())).add(&item);
    }

    /// Every bill, by agency and month.
    pub fn bills(self) -> impl Iterator<Item = Bill> {
        self.0.into_iter().map(|((agency, month), sums)| Bill::of(agency, month, sums.into_values().collect()))
    }
}

/// Sums an agency's month from leaves alone, in any order, each given once.
#[must_use]
pub fn recompute<'a>(leaves: impl Iterator<Item = &'a Leaf>, agency: &AgencyId, month: Month) -> Bill {
    let mut bills = Bills::default();
    leaves.filter(|leaf| leaf.agency.as_deref() == Some(agency.as_str())).for_each(|leaf| bills.add(leaf));
    let found = bills.bills().find(|bill| bill.month == month);
    found.unwrap_or_else(|| Bill::of(agency.clone(), month, Vec::new()))
}
