//! Holds a statement's numbers against those that entries and terms give: line by line, tax by tax, then the totals.

use std::collections::BTreeMap;

use super::finding::{Differs, Finding, LineName};
use crate::statement::priced::{Line, Part, Statement, TaxLine};

/// Everything in which `stated` is not `found`, in the order of the lines.
pub(super) fn differences(stated: &Statement, found: &Statement) -> Vec<Finding> {
    let mut findings = Vec::new();
    lines(&stated.lines, &found.lines, &mut findings);
    taxes(&stated.taxes, &found.taxes, &mut findings);
    let totals = [
        differs("value in paisa", stated.value_paisa, found.value_paisa),
        differs("value given, in paisa,", stated.given_paisa, found.given_paisa),
        differs("tax in paisa", stated.tax_paisa, found.tax_paisa),
        differs("amount to be paid, in paisa,", stated.total_paisa, found.total_paisa),
    ];
    findings.extend(totals.into_iter().flatten().map(Finding::Total));
    if stated.sample != found.sample {
        findings.push(Finding::Form("whether a rate book is a sample is said wrongly"));
    } else if findings.is_empty() && stated != found {
        findings.push(Finding::Form("the same numbers in another order or under other names"));
    }
    findings
}

fn differs(what: &'static str, stated: i64, found: i64) -> Option<Differs> {
    (stated != found).then_some(Differs { what, stated, found })
}

fn lines(stated: &[Line], found: &[Line], findings: &mut Vec<Finding>) {
    let mut left: BTreeMap<LineName, &Line> = found.iter().map(|line| (LineName::of(line), line)).collect();
    for line in stated {
        let name = LineName::of(line);
        match left.remove(&name) {
            Some(found) => numbers(&name, line, found, findings),
            None => findings.push(Finding::LineUnfounded(name)),
        }
    }
    findings.extend(left.into_keys().map(Finding::LineMissing));
}

/// Everything in which one line differs.
fn numbers(name: &LineName, stated: &Line, found: &Line, findings: &mut Vec<Finding>) {
    let named = |part: &Part| LineName { part: Some((part.tariff.clone(), part.unit)), ..name.clone() };
    let mut left: BTreeMap<LineName, &Part> = found.parts.iter().map(|part| (named(part), part)).collect();
    for part in &stated.parts {
        let line = named(part);
        match left.remove(&line) {
            Some(found) => {
                let wrong = of_part(part, found).into_iter().flatten();
                findings.extend(wrong.map(|differs| Finding::Line { line: line.clone(), differs }));
            }
            None => findings.push(Finding::LineUnfounded(line)),
        }
    }
    findings.extend(left.into_keys().map(Finding::LineMissing));
    let rounded = [
        differs("rounded value in paisa", stated.value_paisa, found.value_paisa),
        differs("value given, in paisa,", stated.given_paisa, found.given_paisa),
    ];
    findings.extend(rounded.into_iter().flatten().map(|differs| Finding::Line { line: name.clone(), differs }));
}

fn of_part(stated: &Part, found: &Part) -> [Option<Differs>; 6] {
    [
        differs("number of calls", stated.calls, found.calls),
        differs("number of rows", stated.rows, found.rows),
        differs("number of units", stated.units, found.units),
        differs("amount in milli-paisa", stated.rated_milli_paisa, found.rated_milli_paisa),
        differs("saving by tiers, in milli-paisa,", stated.saved_milli_paisa, found.saved_milli_paisa),
        differs("addition to the minimum, in milli-paisa,", stated.missing_milli_paisa, found.missing_milli_paisa),
    ]
}

fn taxes(stated: &[TaxLine], found: &[TaxLine], findings: &mut Vec<Finding>) {
    let key = |tax: &TaxLine| (tax.rate_version.clone(), tax.name.clone());
    let nothing = |tax: &TaxLine| TaxLine { on_paisa: 0, tax_paisa: 0, ..tax.clone() };
    let mut left: BTreeMap<_, &TaxLine> = found.iter().map(|tax| (key(tax), tax)).collect();
    for tax in stated {
        let due = left.remove(&key(tax)).cloned().unwrap_or_else(|| nothing(tax));
        of_tax(tax, &due, findings);
    }
    for due in left.into_values() {
        of_tax(&nothing(due), due, findings);
    }
}

fn of_tax(stated: &TaxLine, found: &TaxLine, findings: &mut Vec<Finding>) {
    let (rate_version, name) = (&stated.rate_version, &stated.name);
    let numbers = [
        differs("rate in hundredths of a percent", stated.basis_points.into(), found.basis_points.into()),
        differs("taxed value in paisa", stated.on_paisa, found.on_paisa),
        differs("tax in paisa", stated.tax_paisa, found.tax_paisa),
    ];
    let named = |differs| Finding::Tax { rate_version: rate_version.clone(), name: name.clone(), differs };
    findings.extend(numbers.into_iter().flatten().map(named));
}
