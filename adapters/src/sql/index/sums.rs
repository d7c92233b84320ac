//! Adding what entries are billed to the sums by day and by user: few rows, however many entries.

use std::sync::LazyLock;

use exchange::{
    ids::AgencyId,
    statement::{Month, Placed, Sum, SumKey, Tally},
    tariff::{Class, Unit},
};

use super::{Opened, UserKey};
use crate::sql::{
    SqlError, Work,
    many::{self, Insertion},
};

const ADDED: &str = "DO UPDATE SET calls = TABLE.calls + EXCLUDED.calls, row_count = TABLE.row_count + EXCLUDED.row_count, \
                     units = TABLE.units + EXCLUDED.units, amount = TABLE.amount + EXCLUDED.amount";

static BILL: LazyLock<Insertion> = LazyLock::new(|| {
    let key = ["agency", "month", "day", "service", "rate_version", "class", "tariff", "unit"];
    adding("bill", &key)
});

static USER: LazyLock<Insertion> =
    LazyLock::new(|| adding("user_sum", &["agency", "month", "user_key", "service", "class"]));

/// An insertion of sums that adds to those which are there.
fn adding(table: &str, key: &[&str]) -> Insertion {
    let columns: Vec<&str> = key.iter().copied().chain(["calls", "row_count", "units", "amount"]).collect();
    let clause = format!("({}, node) {}", key.join(", "), ADDED.replace("TABLE", table));
    Insertion::new(table, "node", &columns).on_conflict(&clause)
}

/// An agency's day.
type DayPlace = (AgencyId, Month, u8);
/// An agency's user in a month; `None` where the request named none.
type UserPlace = (AgencyId, Month, Option<UserKey>);

/// Adds what these entries of a node are billed to the sums.
pub(super) async fn add(work: &mut Work, node: &str, entries: &[Opened]) -> Result<(), SqlError> {
    let (mut days, mut users) = (Tally::default(), Tally::default());
    for entry in entries {
        let Some(Placed { agency, month, day, mut item }) = Placed::of(&entry.leaf) else { continue };
        days.add((agency.clone(), month, day), &item);
        // By user there are sums of services and classes only: lines, books and units are the bill's.
        item.key = SumKey {
            service: item.key.service,
            class: item.key.class,
            rate_version: String::new(),
            tariff: String::new(),
            unit: None,
        };
        users.add((agency, month, entry.user), &item);
    }
    write_days(work, node, &days.sums().collect::<Vec<_>>()).await?;
    write_users(work, node, &users.sums().collect::<Vec<_>>()).await
}

async fn write_days(work: &mut Work, node: &str, sums: &[(&DayPlace, &Sum)]) -> Result<(), SqlError> {
    for piece in many::pieces(sums) {
        let mut insertion = sqlx::query(BILL.of(piece.len())).bind(node);
        for ((agency, month, day), sum) in piece {
            insertion = insertion
                .bind(agency.as_str())
                .bind(month.to_string())
                .bind(i64::from(*day))
                .bind(&sum.key.service)
                .bind(&sum.key.rate_version)
                .bind(sum.key.class.map_or("", Class::as_str))
                .bind(&sum.key.tariff)
                .bind(sum.key.unit.map_or("", Unit::as_str));
            insertion = counts(insertion, sum);
        }
        insertion.execute(work.on()).await?;
    }
    Ok(())
}

async fn write_users(work: &mut Work, node: &str, sums: &[(&UserPlace, &Sum)]) -> Result<(), SqlError> {
    for piece in many::pieces(sums) {
        let mut insertion = sqlx::query(USER.of(piece.len())).bind(node);
        for ((agency, month, user), sum) in piece {
            insertion = insertion
                .bind(agency.as_str())
                .bind(month.to_string())
                .bind(user.map_or_else(String::new, UserKey::to_hex))
                .bind(&sum.key.service)
                .bind(sum.key.class.map_or("", Class::as_str));
            insertion = counts(insertion, sum);
        }
        insertion.execute(work.on()).await?;
    }
    Ok(())
}

type Bound<'q> = sqlx::query::Query<'q, sqlx::Any, sqlx::any::AnyArguments>;

fn counts<'q>(insertion: Bound<'q>, sum: &Sum) -> Bound<'q> {
    insertion.bind(sum.calls).bind(sum.rows).bind(sum.units).bind(sum.amount_milli_paisa)
}
