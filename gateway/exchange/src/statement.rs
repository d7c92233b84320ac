//! The monthly bill as a function of the log: leaves in, lines and total out, nothing else consulted.
//!
//! The index of the log answers the same question faster; a test holds the two equal, and anyone with the published
//! leaves can repeat the sum (design/access-log-and-metering.md, Metering 7: invoice = f(log)).

use std::{collections::BTreeMap, fmt};

use crate::{
    ids::AgencyId,
    record::leaf::{Kind, Leaf},
    timestamp::Timestamp,
};

/// A calendar month in Asia/Karachi, such as `2026-11`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month {
    year: u16,
    month: u8,
}

/// The text is not a month written as `2026-11`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("month is not written as four digits, a hyphen and 01 to 12")]
pub struct MonthError;

impl Month {
    /// Reads `2026-11`.
    ///
    /// # Errors
    /// [`MonthError`] for anything else.
    pub fn parse(text: &str) -> Result<Self, MonthError> {
        let (year, month) = text.split_once('-').ok_or(MonthError)?;
        let plain = |part: &str, digits| part.len() == digits && part.bytes().all(|byte| byte.is_ascii_digit());
        if !plain(year, 4) || !plain(month, 2) {
            return Err(MonthError);
        }
        let year = year.parse().map_err(|_| MonthError)?;
        let month = month.parse().map_err(|_| MonthError)?;
        // The year 9999 has no month after it that RFC 3339 can write.
        if year == 9999 || !(1..=12).contains(&month) { Err(MonthError) } else { Ok(Self { year, month }) }
    }

    /// Its first instant.
    #[must_use]
    pub fn first(self) -> Timestamp {
        // A parsed month always has a first instant, so the default is never taken.
        Timestamp::parse_rfc3339(&format!("{self}-01T00:00:00+05:00")).unwrap_or_default()
    }

    /// The first instant after it.
    #[must_use]
    pub fn until(self) -> Timestamp {
        let next = if self.month == 12 {
            Self { year: self.year + 1, month: 1 }
        } else {
            Self { year: self.year, month: self.month + 1 }
        };
        next.first()
    }

    /// Whether the instant lies in it.
    #[must_use]
    pub fn contains(self, at: Timestamp) -> bool {
        self.first() <= at && at < self.until()
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

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

/// Recomputes the bill of an agency's month from leaves alone, in any order, each given once.
///
/// Sums saturate at the ends of an `i64`: 92 trillion rupees a month.
#[must_use]
pub fn recompute<'a>(leaves: impl Iterator<Item = &'a Leaf>, agency: &AgencyId, month: Month) -> Statement {
    let mut lines: BTreeMap<(String, String), Line> = BTreeMap::new();
    for leaf in leaves {
        if leaf.agency.as_deref() != Some(agency.as_str()) || !month.contains(Timestamp::from_micros(leaf.at)) {
            continue;
        }
        let Some(item) = billed(leaf) else { continue };
        let key = (item.tariff.clone(), item.rate_version.clone());
        let line = lines.entry(key).or_insert_with(|| Line {
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
    Statement::of(agency.clone(), month, lines.into_values().collect())
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
    fn a_month_is_four_digits_a_hyphen_and_two() {
        let check = |text, expected| assert_eq!(Month::parse(text).map(|m| m.to_string()), expected, "{text}");
        check("2026-11", Ok("2026-11".to_owned()));
        for bad in ["", "2026", "2026-00", "2026-13", "2026-1", "26-11", "2026-11-01", "+026-11", "9999-12", "٢٠٢٦-١١"]
        {
            check(bad, Err(MonthError));
        }
    }

    #[test]
    fn a_month_begins_and_ends_at_midnight_in_karachi() {
        let check = |month, first: &str, until: &str| {
            let month = Month::parse(month).unwrap();
            assert_eq!((month.first().rfc3339(), month.until().rfc3339()), (first.to_owned(), until.to_owned()));
        };
        check("2026-11", "2026-11-01T00:00:00+05:00", "2026-12-01T00:00:00+05:00");
        check("2026-12", "2026-12-01T00:00:00+05:00", "2027-01-01T00:00:00+05:00");
        let (first, until) = (november().first(), november().until());
        assert!(november().contains(first) && !november().contains(until));
        assert!(!november().contains(Timestamp::from_micros(first.micros() - 1)));
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
