//! Inserting many rows with one statement: most of a row's cost is the way of a statement to the database and back.

use std::fmt::Write as _;

/// Rows of one statement. SQLite looks each parameter up by name among all of them, so that longer statements cost more
/// for each row, not less.
pub(super) const ROWS: usize = 8;

/// The text of one insertion, for a full statement and for the rows that are left over.
#[derive(Debug)]
pub(super) struct Insertion {
    /// Inserts [`ROWS`] rows.
    pub(super) many: String,
    /// Inserts one row.
    pub(super) one: String,
}

impl Insertion {
    /// An insertion into `table`; every row begins with the same value, `$1`, and brings its own for each of `columns`.
    pub(super) fn new(table: &str, shared: &str, columns: &[&str]) -> Self {
        Self { many: text(table, shared, columns, ROWS), one: text(table, shared, columns, 1) }
    }

    /// The same, and what becomes of a row that is there already: the rows of one statement must differ in their keys.
    pub(super) fn on_conflict(mut self, clause: &str) -> Self {
        for text in [&mut self.many, &mut self.one] {
            text.push_str(" ON CONFLICT ");
            text.push_str(clause);
        }
        self
    }

    /// The text that inserts `rows` rows: [`ROWS`] or one.
    pub(super) fn of(&'static self, rows: usize) -> &'static str {
        if rows == ROWS { &self.many } else { &self.one }
    }
}

/// Cuts rows into pieces that one statement inserts: as many full ones as there are, then single ones.
pub(super) fn pieces<T>(rows: &[T]) -> impl Iterator<Item = &[T]> {
    let whole = rows.chunks_exact(ROWS);
    let left = whole.remainder();
    whole.chain(left.chunks(1))
}

fn text(table: &str, shared: &str, columns: &[&str], rows: usize) -> String {
    let mut text = format!("INSERT INTO {table} ({shared}, {}) VALUES ", columns.join(", "));
    let mut place = 2;
    for row in 0..rows {
        text.push_str(if row == 0 { "($1" } else { ", ($1" });
        for _ in columns {
            // Writing to a String cannot fail.
            let _ = write!(text, ", ${place}");
            place += 1;
        }
        text.push(')');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_shares_the_first_value_and_brings_its_own() {
        let text = |rows| text("t", "node", &["a", "b"], rows);
        assert_eq!(text(1), "INSERT INTO t (node, a, b) VALUES ($1, $2, $3)");
        assert_eq!(text(2), "INSERT INTO t (node, a, b) VALUES ($1, $2, $3), ($1, $4, $5)");
    }

    #[test]
    fn what_becomes_of_a_row_that_is_there_is_said_behind_each_text() {
        let insertion = Insertion::new("t", "node", &["a"]).on_conflict("(a) DO NOTHING");
        assert_eq!(insertion.one, "INSERT INTO t (node, a) VALUES ($1, $2) ON CONFLICT (a) DO NOTHING");
        assert!(insertion.many.ends_with("($1, $9) ON CONFLICT (a) DO NOTHING"));
    }

    #[test]
    fn pieces_are_full_or_single_and_miss_nothing() {
        for count in [0, 1, ROWS - 1, ROWS, ROWS + 2, 3 * ROWS] {
            let rows: Vec<usize> = (0..count).collect();
            let pieces: Vec<&[usize]> = pieces(&rows).collect();
            assert!(pieces.iter().all(|piece| piece.len() == ROWS || piece.len() == 1), "{count}");
            assert_eq!(pieces.len(), count / ROWS + count % ROWS, "{count}");
            assert_eq!(pieces.concat(), rows, "{count}");
        }
    }
}
