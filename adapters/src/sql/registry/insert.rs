//! Texts of bulk inserts: many rows a statement, all made from constants.

use std::fmt::Write as _;

/// Rows of one full statement: times the widest row's 14 columns, far below SQLite's 32,766 values.
pub(super) const ROWS: usize = 100;

/// `INSERT INTO table (columns) VALUES ($1, …), …` for a full statement and for a single row.
#[derive(Debug)]
pub(super) struct Insert {
    /// For [`ROWS`] rows.
    pub(super) full: String,
    /// For one row.
    pub(super) single: String,
}

impl Insert {
    /// The texts for a table and its columns, in the order in which they will be bound.
    pub(super) fn new(table: &str, columns: &[&str]) -> Self {
        Self { full: text(table, columns, ROWS), single: text(table, columns, 1) }
    }
}

fn text(table: &str, columns: &[&str], rows: usize) -> String {
    let mut text = format!("INSERT INTO {table} ({}) VALUES ", columns.join(", "));
    let mut place = 0;
    for row in 0..rows {
        text.push_str(if row == 0 { "(" } else { ", (" });
        for column in 0..columns.len() {
            place += 1;
            // Writing to a String cannot fail.
            let _ = write!(text, "{}${place}", if column == 0 { "" } else { ", " });
        }
        text.push(')');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_numbered_through() {
        let check = |rows, expected| assert_eq!(text("t", &["a", "b"], rows), expected);
        check(1, "INSERT INTO t (a, b) VALUES ($1, $2)");
        check(2, "INSERT INTO t (a, b) VALUES ($1, $2), ($3, $4)");
    }
}
