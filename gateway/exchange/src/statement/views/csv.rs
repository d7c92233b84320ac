//! The statement as a table (RFC 4180): a row for each part of a line, for each line, each tax, and the total.

use std::fmt::Write as _;

use crate::{
    statement::{Issued, Line, Part, TaxLine},
    tariff::{Class, Unit},
};

/// Names of the columns.
const HEADER: [&str; 17] = [
    "kind",
    "agency",
    "month",
    "provisional",
    "sample",
    "service",
    "rate_version",
    "class",
    "tariff",
    "unit",
    "calls",
    "rows",
    "units",
    "milli_paisa",
    "value_paisa",
    "given_paisa",
    "payable_paisa",
];

/// Columns between those that every row begins with and its numbers.
type Words<'a> = [&'a str; 5];

/// The table, with its header. Text that a spreadsheet would take for a formula gets an apostrophe before it.
#[must_use]
pub fn csv(issued: &Issued) -> String {
    let mut table = Table { text: String::new(), issued };
    table.line(HEADER.map(str::to_owned).into_iter());
    let statement = &issued.statement;
    for line in &statement.lines {
        line.parts.iter().for_each(|part| table.part(line, part));
        let numbers = [line.value_paisa, line.given_paisa, line.payable_paisa()];
        table.row("line", words(line, "", ""), [None; 4], numbers.map(Some));
    }
    statement.taxes.iter().for_each(|tax| table.tax(tax));
    let numbers = [statement.value_paisa, statement.given_paisa, statement.total_paisa];
    table.row("total", ["", "", "", "", ""], [None; 4], numbers.map(Some));
    if let Some(earlier) = &issued.reverses {
        let taken_back = earlier.total_paisa.saturating_neg();
        table.row("reversal", ["", "", "", "", ""], [None; 4], [None, None, Some(taken_back)]);
        table.row("balance", ["", "", "", "", ""], [None; 4], [None, None, Some(issued.balance_paisa())]);
    }
    table.text
}

fn words<'a>(line: &'a Line, tariff: &'a str, unit: &'a str) -> Words<'a> {
    [&line.service, &line.rate_version, line.class.map_or("", Class::as_str), tariff, unit]
}

struct Table<'i> {
    text: String,
    issued: &'i Issued,
}

impl Table<'_> {
    fn part(&mut self, line: &Line, part: &Part) {
        let due = part.rated_milli_paisa.saturating_sub(part.saved_milli_paisa);
        let due = due.saturating_add(part.missing_milli_paisa);
        let counts = [part.calls, part.rows, part.units, due].map(Some);
        self.row("part", words(line, &part.tariff, part.unit.map_or("", Unit::as_str)), counts, [None; 3]);
    }

    fn tax(&mut self, tax: &TaxLine) {
        let numbers = [Some(tax.on_paisa), None, Some(tax.tax_paisa)];
        self.row("tax", ["", &tax.rate_version, "", &tax.name, ""], [None; 4], numbers);
    }

    fn row(&mut self, kind: &str, words: Words<'_>, counts: [Option<i64>; 4], paisa: [Option<i64>; 3]) {
        let statement = &self.issued.statement;
        let said = |yes: bool| if yes { "yes" } else { "no" };
        let (agency, month) = (statement.agency.as_str(), statement.month.to_string());
        let first = [kind, agency, &month, said(self.issued.provisional), said(statement.sample)];
        let cells: Vec<String> = first.into_iter().chain(words).map(cell).collect();
        let numbers = counts.into_iter().chain(paisa).map(|number| number.map(|n| n.to_string()).unwrap_or_default());
        self.line(cells.into_iter().chain(numbers));
    }

    fn line(&mut self, cells: impl Iterator<Item = String>) {
        for (at, cell) in cells.enumerate() {
            // Writing to a String cannot fail.
            let _ = write!(self.text, "{}{cell}", if at == 0 { "" } else { "," });
        }
        self.text.push_str("\r\n");
    }
}

/// One cell of text: never a formula, quoted where it must be.
fn cell(text: &str) -> String {
    let formula = text.trim_start().starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠'])
        || text.starts_with(['\t', '\r', '\n']);
    let safe = if formula { format!("'{text}") } else { text.to_owned() };
    if safe.contains(['"', ',', '\r', '\n']) { format!("\"{}\"", safe.replace('"', "\"\"")) } else { safe }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_never_a_formula_and_is_quoted_where_it_must_be() {
        let check = |text: &str, expected: &str| assert_eq!(cell(text), expected);
        check("identity.kyc@1", "identity.kyc@1");
        check("", "");
        check("=1+1", "'=1+1");
        check("  =1+1", "'  =1+1");
        check("-2", "'-2");
        check("+2", "'+2");
        check("@SUM(A1)", "'@SUM(A1)");
        check("\t=1", "'\t=1");
        check("＝1", "'＝1");
        check("a,b", "\"a,b\"");
        check("a\"b", "\"a\"\"b\"");
        check("=HYPERLINK(\"x\",\"y\")", "\"'=HYPERLINK(\"\"x\"\",\"\"y\"\")\"");
        check("a\r\nb", "\"a\r\nb\"");
    }
}
