//! The monthly bill as a function of the log: leaves in, lines and total out, nothing else consulted.
//!
//! The index of the log answers the same question faster; a test holds the two equal, and anyone with the published
//! leaves can repeat the sum (design/access-log-and-metering.md, Metering 7: invoice = f(log)).

use std::{collections::BTreeMap, fmt};

pub use crate::month::{Month, MonthError};
use crate::{
    ids::AgencyId,
    record::leaf::{Kind, Leaf},
    tariff::rupees,
    timestamp::Timestamp,
};

/// One line of a bill: everything charged under one tariff line of one rate book.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Line of the tariff.
    pub tariff: String,
    /// Version of the rate book; empty where no book was in force.
    pub rate_version: String,
    /// Answered calls.
    pub calls: i64,
    /// Rows that left.
    pub rows: i64,
    /// Milli-paisa, exact: rounding and tax come after.
    pub amount_milli_paisa: i64,
}

/// The bill of one agency for one month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The agency.
    pub agency: AgencyId,
    /// The month.
    pub month: Month,
    /// Lines, ordered by tariff and then by rate version.
    pub lines: Vec<Line>,
    /// Sum of the lines, milli-paisa.
    pub total_milli_paisa: i64,
}

impl Statement {
    /// A bill of these lines, put in order.
    #[must_use]
    pub fn of(agency: AgencyId, month: Month, mut lines: Vec<Line>) -> Self {
        lines.sort_by(|a, b| (&a.tariff, &a.rate_version).cmp(&(&b.tariff, &b.rate_version)));
        let total_milli_paisa = lines.iter().fold(0, |sum: i64, line| sum.saturating_add(line.amount_milli_paisa));
        Self { agency, month, lines, total_milli_paisa }
    }
}

/// The bill as people read it: a line each, amounts in rupees.
impl fmt::Display for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} {}", self.agency, self.month)?;
        for line in &self.lines {
            let (tariff, version, amount) = (&line.tariff, &line.rate_version, rupees(line.amount_milli_paisa));
            writeln!(f, "  {tariff:<24} {version:<12} {:>9} calls {:>9} rows {amount:>18}", line.calls, line.rows)?;
        }
        writeln!(f, "  total {}", rupees(self.total_milli_paisa))
    }
}

/// What one leaf adds to its agency's bill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Line of the tariff.
    pub tariff: String,
    /// Version of the rate book.
    pub rate_version: String,
    /// One for an answer, none for a batch of one.
    pub calls: i64,
    /// Rows that left.
    pub rows: i64,
    /// Milli-paisa.
    pub amount_milli_paisa: i64,
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
    Some(Item {
        tariff: leaf.tariff.clone()?,
        rate_version: leaf.rate_version.clone().unwrap_or_default(),
        calls,
        rows: i64::from(leaf.rows),
        amount_milli_paisa: leaf.amount,
    })
}

/// Bills being summed: leaves go in one by one, so that a log of any length can be read through.
///
/// Sums saturate at the ends of an `i64`: 92 trillion rupees.
#[derive(Debug, Default)]
pub struct Bills(BTreeMap<(AgencyId, Month), BTreeMap<(String, String), Line>>);

impl Bills {
    /// Adds what the leaf is billed, if anything. Each leaf must be given once, in any order.
    pub fn add(&mut self, leaf: &Leaf) {
        let Some(item) = billed(leaf) else { return };
        let agency = leaf.agency.as_deref().and_then(|agency| AgencyId::parse(agency).ok());
        let (Some(agency), Some(month)) = (agency, Month::of(Timestamp::from_micros(leaf.at))) else { return };
        let lines = self.0.entry((agency, month)).or_default();
        let line = lines.entry((item.tariff.clone(), item.rate_version.clone())).or_insert_with(|| Line {
            tariff: item.tariff,
            rate_version: item.rate_version,
            calls: 0,
            rows: 0,
            amount_milli_paisa: 0,
        });
        line.calls = line.calls.saturating_add(item.calls);
        line.rows = line.rows.saturating_add(item.rows);
        line.amount_milli_paisa = line.amount_milli_paisa.saturating_add(item.amount_milli_paisa);
    }

    /// Every bill, by agency and month.
    pub fn statements(self) -> impl Iterator<Item = Statement> {
        self.0.into_iter().map(|((agency, month), lines)| Statement::of(agency, month, lines.into_values().collect()))
    }
}

/// Recomputes the bill of an agency's month from leaves alone, in any order, each given once.
#[must_use]
pub fn recompute<'a>(leaves: impl Iterator<Item = &'a Leaf>, agency: &AgencyId, month: Month) -> Statement {
    let mut bills = Bills::default();
    leaves.filter(|leaf| leaf.agency.as_deref() == Some(agency.as_str())).for_each(|leaf| bills.add(leaf));
    let found = bills.statements().find(|bill| bill.month == month);
    found.unwrap_or_else(|| Statement::of(agency.clone(), month, Vec::new()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::record::leaf::{Commitments, LEAF_VERSION};

    const NOON: i64 = 1_795_330_800_000_000; // 2026-11-22T12:00:00+05:00

    fn leaf(kind: Kind, agency: &str, tariff: Option<&str>, rows: u32, amount: i64) -> Leaf {
        Leaf {
            version: LEAF_VERSION,
            kind,
            at: NOON,
            node: "node-1".into(),
            sequence: 0,
            request: "r1".into(),
            intent: None,
            caller: "Agency".into(),
            agency: Some(agency.into()),
            service: None,
            purpose: None,
            basis: None,
            agreement: None,
            status: 200,
            code: None,
            released: Vec::new(),
            withheld: Vec::new(),
            bundle: 1,
            directory: 1,
            rows,
            bytes: 0,
            rate_version: Some("v1".into()),
            tariff: tariff.map(str::to_owned),
            amount,
            commitments: Commitments::default(),
            counted: 1,
            dry_run: false,
        }
    }

    fn bank() -> AgencyId {
        AgencyId::parse("bank-indus").unwrap()
    }

    fn november() -> Month {
        Month::parse("2026-11").unwrap()
    }

    #[test]
    fn only_answers_and_their_batches_are_billed() {
        let check = |kind, expected: Option<(i64, i64)>| {
            let item = billed(&leaf(kind, "bank-indus", Some("kyc"), 3, 90));
            assert_eq!(item.map(|item| (item.calls, item.amount_milli_paisa)), expected, "{kind:?}");
        };
        check(Kind::Outcome, Some((1, 90)));
        check(Kind::Part, Some((0, 90)));
        for kind in [Kind::Intent, Kind::Refused, Kind::Replay, Kind::Consent, Kind::Admin, Kind::AuditRead] {
            check(kind, None);
        }
        assert_eq!(billed(&Leaf { dry_run: true, ..leaf(Kind::Outcome, "bank-indus", Some("kyc"), 1, 90) }), None);
        assert_eq!(billed(&leaf(Kind::Outcome, "bank-indus", None, 1, 90)), None);
    }

    #[test]
    fn another_agency_and_another_month_stay_off_the_bill() {
        let own = leaf(Kind::Outcome, "bank-indus", Some("kyc"), 1, 90);
        let foreign = leaf(Kind::Outcome, "telco-sarhad", Some("kyc"), 1, 7);
        let late = Leaf { at: november().until().micros(), ..own.clone() };
        let last = Leaf { at: november().until().micros() - 1, ..own.clone() };
        let bill = recompute([own, foreign, late, last].iter(), &bank(), november());
        assert_eq!(bill.total_milli_paisa, 180);
        assert_eq!(bill.lines.len(), 1);
    }

    #[test]
    fn all_bills_come_out_of_one_reading_of_the_log() {
        let leaves = [
            leaf(Kind::Outcome, "telco-sarhad", Some("yes-no"), 1, 35_000),
            Leaf { at: november().until().micros(), ..leaf(Kind::Outcome, "bank-indus", Some("kyc"), 1, 5) },
            leaf(Kind::Outcome, "bank-indus", Some("kyc"), 2, 250_000),
        ];
        let mut bills = Bills::default();
        for leaf in &leaves {
            bills.add(leaf);
        }
        let bills: Vec<_> = bills.statements().collect();
        let heads: Vec<_> = bills.iter().map(|b| format!("{} {} {}", b.agency, b.month, b.total_milli_paisa)).collect();
        assert_eq!(heads, ["bank-indus 2026-11 250000", "bank-indus 2026-12 5", "telco-sarhad 2026-11 35000"]);
        let text = bills[0].to_string();
        assert!(text.starts_with("bank-indus 2026-11\n") && text.ends_with("  total Rs 2.50000\n"), "{text}");
    }

    fn any_leaf() -> impl Strategy<Value = Leaf> {
        let kind = prop::sample::select(vec![Kind::Intent, Kind::Outcome, Kind::Part, Kind::Refused, Kind::Replay]);
        let agency = prop::sample::select(vec!["bank-indus", "telco-sarhad"]);
        let tariff = prop::sample::select(vec![None, Some("kyc"), Some("yes-no")]);
        let rate = prop::sample::select(vec!["v1", "v2"]);
        (kind, agency, tariff, rate, 0..50_u32, -1_000..1_000_000_i64, any::<bool>()).prop_map(
            |(kind, agency, tariff, rate, rows, amount, dry_run)| Leaf {
                rate_version: Some(rate.into()),
                dry_run,
                ..leaf(kind, agency, tariff, rows, amount)
            },
        )
    }

    proptest! {
        #[test]
        fn the_lines_sum_to_the_total_and_to_what_was_charged(leaves in prop::collection::vec(any_leaf(), 0..60)) {
            let bill = recompute(leaves.iter(), &bank(), november());
            let lines: i64 = bill.lines.iter().map(|line| line.amount_milli_paisa).sum();
            let charged: i64 = leaves
                .iter()
                .filter(|l| l.agency.as_deref() == Some("bank-indus") && l.tariff.is_some() && !l.dry_run)
                .filter(|l| matches!(l.kind, Kind::Outcome | Kind::Part))
                .map(|l| l.amount)
                .sum();
            prop_assert_eq!(lines, bill.total_milli_paisa);
            prop_assert_eq!(charged, bill.total_milli_paisa);
        }

        #[test]
        fn the_order_of_the_leaves_does_not_change_the_bill(leaves in prop::collection::vec(any_leaf(), 0..40)) {
            let forward = recompute(leaves.iter(), &bank(), november());
            prop_assert_eq!(forward, recompute(leaves.iter().rev(), &bank(), november()));
        }
    }
}
