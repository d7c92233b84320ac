//! The table: what was measured, its bound, and whether it holds.

use std::fmt::Write;

use serde_json::json;

/// Offenders named beneath a row, at most: a longer list is not read.
const NAMED_MAX: usize = 12;

/// What a number must be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bound {
    /// This or less.
    AtMost(f64),
    /// This or more.
    AtLeast(f64),
}

/// One line of the table.
#[derive(Debug)]
pub struct Row {
    what: &'static str,
    ours: f64,
    bound: Bound,
    offenders: Vec<String>,
}

impl Row {
    /// A measured number and its bound.
    pub fn new(what: &'static str, ours: f64, bound: Bound) -> Self {
        Self { what, ours, bound, offenders: Vec::new() }
    }

    /// Something of which there must be none.
    pub fn none(what: &'static str, offenders: Vec<String>) -> Self {
        Self { what, ours: number(offenders.len()), bound: Bound::AtMost(0.0), offenders }
    }

    /// The same row, naming who brings the number down.
    pub fn with(mut self, offenders: Vec<String>) -> Self {
        self.offenders = offenders;
        self
    }

    /// Whether the bound holds.
    pub fn holds(&self) -> bool {
        match self.bound {
            Bound::AtMost(most) => self.ours <= most,
            Bound::AtLeast(least) => self.ours >= least,
        }
    }
}

impl Row {
    /// What is measured, by which gaps are named.
    pub fn what(&self) -> &'static str {
        self.what
    }

    /// Whether the bound holds, or the number is at least no worse than a gap that is known and written down.
    pub fn no_worse_than(&self, gap: f64) -> bool {
        match self.bound {
            Bound::AtMost(most) => self.ours <= most.max(gap),
            Bound::AtLeast(least) => self.ours >= least.min(gap),
        }
    }
}

/// The table for people.
pub fn as_text(rows: &[Row]) -> String {
    let mut text = format!("{:<48} {:>9}  {:>9}\n", "what", "ours", "bound");
    for row in rows {
        let (sign, bound) = match row.bound {
            Bound::AtMost(most) => ('≤', most),
            Bound::AtLeast(least) => ('≥', least),
        };
        let verdict = if row.holds() { "" } else { "  BROKEN" };
        let ours = (row.ours * 100.0).round() / 100.0;
        let _ = writeln!(text, "{:<48} {ours:>9}  {sign} {bound:>7}{verdict}", row.what);
        if !row.holds() {
            name_offenders(&mut text, &row.offenders);
        }
    }
    text
}

fn name_offenders(text: &mut String, offenders: &[String]) {
    for offender in offenders.iter().take(NAMED_MAX) {
        let _ = writeln!(text, "    {offender}");
    }
    if let Some(more @ 1..) = offenders.len().checked_sub(NAMED_MAX) {
        let _ = writeln!(text, "    and {more} more");
    }
}

/// The table for programs.
pub fn as_json(rows: &[Row]) -> String {
    let rows: Vec<_> = rows
        .iter()
        .map(|row| {
            let (bound, better) = match row.bound {
                Bound::AtMost(most) => (most, "lower"),
                Bound::AtLeast(least) => (least, "higher"),
            };
            json!({ "what": row.what, "ours": row.ours, "bound": bound, "better": better,
                    "holds": row.holds(), "offenders": row.offenders })
        })
        .collect();
    json!({ "tidy": rows }).to_string()
}

/// The smallest value that at least `share` percent of `values` do not exceed; zero when there are none.
pub fn percentile(values: &[usize], share: usize) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let rank = (sorted.len() * share).div_ceil(100).max(1);
    sorted.get(rank - 1).copied().map_or(0.0, number)
}

/// `part / whole`; one when there is no whole, since nothing is missing from it.
pub fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 { 1.0 } else { number(part) / number(whole) }
}

/// A count as a number; counts of lines stay far below 2³².
fn number(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_gap_may_shrink_and_not_grow() {
        let check = |ours, bound, gap, expected| {
            assert_eq!(Row::new("x", ours, bound).no_worse_than(gap), expected, "{ours} {bound:?} {gap}");
        };
        check(0.5, Bound::AtLeast(1.2), 0.4, true);
        check(0.3, Bound::AtLeast(1.2), 0.4, false);
        check(1.3, Bound::AtLeast(1.2), 9.0, true);
        check(2.0, Bound::AtMost(0.0), 2.0, true);
        check(3.0, Bound::AtMost(0.0), 2.0, false);
    }

    #[test]
    fn a_percentile_is_the_nearest_rank() {
        let check = |values: &[usize], share, expected: f64| {
            assert!((percentile(values, share) - expected).abs() < f64::EPSILON, "p{share} of {values:?}");
        };
        check(&[], 50, 0.0);
        check(&[7], 99, 7.0);
        check(&[4, 1, 3, 2], 50, 2.0);
        check(&(1..=100).collect::<Vec<_>>(), 95, 95.0);
        check(&(1..=10).collect::<Vec<_>>(), 99, 10.0);
    }

    #[test]
    fn a_bound_holds_up_to_itself() {
        let check =
            |ours, bound, expected| assert_eq!(Row::new("x", ours, bound).holds(), expected, "{ours} {bound:?}");
        check(150.0, Bound::AtMost(150.0), true);
        check(150.5, Bound::AtMost(150.0), false);
        check(1.2, Bound::AtLeast(1.2), true);
        check(1.19, Bound::AtLeast(1.2), false);
        assert!(!Row::none("x", vec!["a".into()]).holds());
        assert!(Row::none("x", Vec::new()).holds());
    }

    #[test]
    fn offenders_are_named_only_for_a_broken_bound_and_not_without_end() {
        let many: Vec<String> = (0..20).map(|n| format!("file {n}")).collect();
        let text = as_text(&[Row::none("ignored tests", many), Row::new("fine", 1.0, Bound::AtMost(2.0))]);
        assert!(text.contains("file 11\n") && !text.contains("file 12\n") && text.contains("and 8 more"), "{text}");
        assert_eq!(text.matches("BROKEN").count(), 1, "{text}");
    }
}
