//! Where households stand in lists, and who is a tehsil's sample: entered with each batch, and once for those from before.

use std::{
    collections::{BTreeMap, HashSet},
    sync::LazyLock,
};

use exchange::ports::entropy::Entropy;
use registry_core::{
    household::{Household, HouseholdId},
    listing::{Place, PlaceKey, Tally, TehsilKey},
    ports::store::StoreError,
};
use sqlx::{AnyConnection, any::AnyRow};

use super::{
    driver_error,
    insert::Insert,
    load::{Statement, all},
    rows::{column, integer, unsigned},
};
use crate::sql::{Database, SqlError, limits::MIGRATION_ATTEMPTS};

/// Households from before that one transaction enters: well under a second, so that others find their turn.
const COMPLETED_AT_ONCE: i64 = 1_000;

/// Takes a tehsil's row and reads it; whoever comes second waits, so that nobody is counted twice.
const TAKE: &str = "INSERT INTO tehsil_tally (district, tehsil, households) VALUES ($1, $2, 0) \
     ON CONFLICT (district, tehsil) DO UPDATE SET households = tehsil_tally.households \
     RETURNING households, lowest_place, lowest";

const KEEP: &str = "UPDATE tehsil_tally SET households = $3, lowest_place = $4, lowest = $5 \
     WHERE district = $1 AND tehsil = $2";

static LISTING: LazyLock<Insert> =
    LazyLock::new(|| Insert::new("listing", &["household", "district", "tehsil", "pmt", "sampled", "place"]));

/// What lists need of a household.
#[derive(Debug)]
pub(super) struct Entry {
    id: HouseholdId,
    tehsil: TehsilKey,
    pmt: i64,
}

impl Entry {
    /// Of a household that is being loaded.
    pub(super) fn of(household: &Household) -> Self {
        Self { id: household.id, tehsil: TehsilKey::of(&household.address), pmt: i64::from(household.pmt) }
    }

    /// Of columns id, district, tehsil, pmt.
    fn from_row(row: &AnyRow) -> Result<Self, StoreError> {
        let name = |place| column::<String>(row, place);
        let id = HouseholdId(unsigned(row, 0)?);
        Ok(Self { id, tehsil: TehsilKey::new(&name(1)?, &name(2)?), pmt: column(row, 3)? })
    }
}

/// Enters households in the order in which they come, on a connection whose transaction the caller ends.
pub(super) async fn enter(on: &mut AnyConnection, entries: impl Iterator<Item = Entry>) -> Result<(), StoreError> {
    let key = key(on).await?;
    let entries: Vec<_> = entries.map(|entry| (key.place(entry.id), entry)).collect();
    // By name, so that two who enter at once take the rows in one order.
    let mut tehsils: BTreeMap<&TehsilKey, Vec<(Place, HouseholdId)>> = BTreeMap::new();
    for (place, entry) in &entries {
        tehsils.entry(&entry.tehsil).or_default().push((*place, entry.id));
    }
    let mut chosen = HashSet::new();
    for (tehsil, households) in &tehsils {
        chosen.extend(count(on, tehsil, households).await?);
    }
    let row = |statement, entry: &(Place, Entry)| listing(statement, entry, &chosen);
    all(on, &LISTING, &entries, row).await.map_err(driver_error)?;
    let fresh: HashSet<_> = entries.iter().map(|(_, entry)| entry.id).collect();
    for earlier in chosen.difference(&fresh) {
        let mark = sqlx::query("UPDATE listing SET sampled = 1 WHERE household = $1").bind(integer(earlier.0));
        mark.execute(&mut *on).await.map_err(driver_error)?;
    }
    Ok(())
}

fn listing(statement: Statement, (place, entry): &(Place, Entry), chosen: &HashSet<HouseholdId>) -> Statement {
    statement
        .bind(integer(entry.id.0))
        .bind(entry.tehsil.district.clone())
        .bind(entry.tehsil.tehsil.clone())
        .bind(entry.pmt)
        .bind(i64::from(chosen.contains(&entry.id)))
        .bind(place.bytes().to_vec())
}

/// Counts new households of one tehsil; the answer is who joins its sample.
async fn count(
    on: &mut AnyConnection,
    tehsil: &TehsilKey,
    households: &[(Place, HouseholdId)],
) -> Result<Vec<HouseholdId>, StoreError> {
    let take = sqlx::query(TAKE).bind(tehsil.district.clone()).bind(tehsil.tehsil.clone());
    let mut tally = tally(&take.fetch_one(&mut *on).await.map_err(driver_error)?)?;
    let chosen = households.iter().filter_map(|(place, id)| tally.add(*place, *id)).collect();
    let keep = sqlx::query(KEEP)
        .bind(tehsil.district.clone())
        .bind(tehsil.tehsil.clone())
        .bind(integer(tally.households))
        .bind(tally.lowest.map(|(place, _)| place.bytes().to_vec()))
        .bind(tally.lowest.map(|(_, id)| integer(id.0)));
    keep.execute(on).await.map_err(driver_error)?;
    Ok(chosen)
}

fn tally(row: &AnyRow) -> Result<Tally, StoreError> {
    let lowest = match (column::<Option<Vec<u8>>>(row, 1)?, column::<Option<i64>>(row, 2)?) {
        (None, None) => None,
        (Some(place), Some(_)) => {
            let place = Place::from_bytes(&place).ok_or(StoreError::Corrupt("tally"))?;
            Some((place, HouseholdId(unsigned(row, 2)?)))
        }
        _ => return Err(StoreError::Corrupt("tally")),
    };
    Ok(Tally { households: unsigned(row, 0)?, lowest })
}

async fn key(on: &mut AnyConnection) -> Result<PlaceKey, StoreError> {
    let secret: Option<Vec<u8>> = sqlx::query_scalar("SELECT secret FROM listing_state WHERE id = 1")
        .fetch_optional(on)
        .await
        .map_err(driver_error)?;
    let secret = secret.and_then(|secret| <[u8; 32]>::try_from(secret).ok());
    secret.as_ref().map(PlaceKey::new).ok_or(StoreError::Corrupt("secret of lists"))
}

/// Draws the secret order at the first opening, and enters the households of a registry that was filled before there were
/// lists, in the order of their numbers. Goes on where it was interrupted; costs one read when there is nothing to do.
pub(super) async fn complete(database: &Database, entropy: &dyn Entropy) -> Result<(), SqlError> {
    let mut attempts = 1;
    loop {
        match complete_some(database, entropy).await {
            Ok(true) => return Ok(()),
            Ok(false) => attempts = 1,
            // Another process may be at it: each attempt waits for the lock.
            Err(SqlError::Unavailable(_)) if attempts < MIGRATION_ATTEMPTS => attempts += 1,
            Err(error) => return Err(error),
        }
    }
}

/// One transaction of [`complete`]; whether that was all.
async fn complete_some(database: &Database, entropy: &dyn Entropy) -> Result<bool, SqlError> {
    const DONE: &str = "SELECT complete FROM listing_state WHERE id = 1";
    let done: Option<i64> = sqlx::query_scalar(DONE).fetch_optional(database.pool()).await?;
    if done == Some(1) {
        return Ok(true);
    }
    let mut work = database.begin().await?;
    if let Some(lock) = database.dialect().migration_lock() {
        sqlx::raw_sql(lock).execute(work.on()).await?;
    }
    let mut secret = [0; 32];
    entropy.fill(&mut secret);
    sqlx::query("INSERT INTO listing_state (id, secret, complete) VALUES (1, $1, 0) ON CONFLICT (id) DO NOTHING")
        .bind(secret.to_vec())
        .execute(work.on())
        .await?;
    let found = sqlx::query(
        "SELECT h.id, h.district, h.tehsil, h.pmt FROM household h \
         WHERE NOT EXISTS (SELECT 1 FROM listing l WHERE l.household = h.id) ORDER BY h.id LIMIT $1",
    )
    .bind(COMPLETED_AT_ONCE)
    .fetch_all(work.on())
    .await?;
    if found.is_empty() {
        sqlx::query("UPDATE listing_state SET complete = 1 WHERE id = 1").execute(work.on()).await?;
    } else {
        let entries = found.iter().map(Entry::from_row).collect::<Result<Vec<_>, _>>().map_err(damaged)?;
        enter(work.on(), entries.into_iter()).await.map_err(damaged)?;
    }
    work.commit().await?;
    Ok(found.is_empty())
}

/// A registry that cannot be completed is not opened.
fn damaged(error: StoreError) -> SqlError {
    match error {
        StoreError::Unavailable(why) => SqlError::Unavailable(why),
        StoreError::AlreadyThere => SqlError::Conflict,
        StoreError::Corrupt(_) => SqlError::Other(error.to_string()),
    }
}
