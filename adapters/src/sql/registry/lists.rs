//! Pages of lists: one statement reads the households of a stretch and everybody in them, so that all are of one instant.

use std::sync::Arc;

use registry_core::{
    household::Gharana,
    listing::{Place, Stretch, TehsilKey, Within},
    ports::store::StoreError,
};
use sqlx::any::AnyRow;

use super::{
    RegistrySql, driver_error,
    read::gharana,
    rows::{self, column, household_columns, member_columns, person_columns},
};

/// A page of an area: the first places by index alone, then what stands there. `$1` places behind, `$2` and `$3` scores,
/// `$4` households, `$5` and `$6` the area.
macro_rules! page {
    ($area:literal) => {
        concat!(
            "SELECT l.place, ",
            household_columns!(),
            ", ",
            member_columns!(),
            ", ",
            person_columns!(),
            " FROM (SELECT household, place FROM listing WHERE ",
            $area,
            " AND place > $1 AND pmt BETWEEN $2 AND $3 ORDER BY place LIMIT $4) l \
             LEFT JOIN household h ON h.id = l.household LEFT JOIN membership m ON m.household = h.id \
             LEFT JOIN person p ON p.pid = m.pid LEFT JOIN identifier i ON i.pid = p.pid \
             ORDER BY l.place, m.place, i.place"
        )
    };
}

const DISTRICT: &str = page!("district = $5");
const DISTRICT_SAMPLE: &str = page!("sampled = 1 AND district = $5");
const TEHSIL: &str = page!("district = $5 AND tehsil = $6");
const EVERYWHERE: &str = page!("TRUE");
const EVERYWHERE_SAMPLE: &str = page!("sampled = 1");
const TEHSIL_SAMPLE: &str = page!("sampled = 1 AND district = $5 AND tehsil = $6");

/// Where the columns of the household, of a membership and of the member begin.
const HOUSEHOLD: usize = 1;
const MEMBERSHIP: usize = 12;
const MEMBER: usize = MEMBERSHIP + rows::MEMBER_COLUMNS;

impl RegistrySql {
    pub(super) async fn read_stretch(&self, stretch: &Stretch) -> Result<Vec<(Place, Arc<Gharana>)>, StoreError> {
        // No bytes stand before all places.
        let after = stretch.after.map_or_else(Vec::new, |place| place.bytes().to_vec());
        let query = sqlx::query(text(stretch))
            .bind(after)
            .bind(i64::from(stretch.pmt.from))
            .bind(i64::from(stretch.pmt.to))
            .bind(i64::from(stretch.limit));
        let query = match &stretch.within {
            Within::District(district) => query.bind(district.as_str()),
            Within::Tehsil(TehsilKey { district, tehsil }) => query.bind(district.as_str()).bind(tehsil.as_str()),
            Within::Everywhere => query,
        };
        let found = query.fetch_all(self.database.pool()).await.map_err(driver_error)?;
        households(&found)
    }
}

/// The statement of a stretch. A sample's index serves only a statement that says `sampled = 1` in so many words.
pub(super) fn text(stretch: &Stretch) -> &'static str {
    match (&stretch.within, stretch.sample) {
        (Within::District(_), false) => DISTRICT,
        (Within::District(_), true) => DISTRICT_SAMPLE,
        (Within::Tehsil(_), false) => TEHSIL,
        (Within::Tehsil(_), true) => TEHSIL_SAMPLE,
        (Within::Everywhere, false) => EVERYWHERE,
        (Within::Everywhere, true) => EVERYWHERE_SAMPLE,
    }
}

/// Rows with one place are one household.
fn households(found: &[AnyRow]) -> Result<Vec<(Place, Arc<Gharana>)>, StoreError> {
    let places = found.iter().map(place).collect::<Result<Vec<_>, _>>()?;
    let (mut households, mut rest) = (Vec::new(), found);
    for of_one in places.chunk_by(PartialEq::eq) {
        let (rows, behind) = rest.split_at(of_one.len());
        rest = behind;
        let (Some(place), Some(first)) = (of_one.first(), rows.first()) else { continue };
        // A listing without its household reads as a household without a number: an alarm.
        let household = rows::household(first, HOUSEHOLD)?;
        let members = if column::<Option<i64>>(first, MEMBER)?.is_some() { rows } else { &[] };
        households.push((*place, Arc::new(gharana(household, members, MEMBERSHIP)?)));
    }
    Ok(households)
}

fn place(row: &AnyRow) -> Result<Place, StoreError> {
    Place::from_bytes(&column::<Vec<u8>>(row, 0)?).ok_or(StoreError::Corrupt("place"))
}
