//! Point reads: a person by number, a household by a member's number.

use std::sync::Arc;

use exchange::cnic::Cnic;
use registry_core::{
    household::{Gharana, Household, Membership},
    person::Person,
    ports::store::StoreError,
};
use sqlx::any::AnyRow;

use super::{
    RegistrySql, driver_error,
    rows::{self, household_columns, integer, member_columns, person_columns},
};

const PERSON: &str = concat!(
    "SELECT ",
    person_columns!(),
    " FROM identifier n JOIN person p ON p.pid = n.pid JOIN identifier i ON i.pid = p.pid \
     WHERE n.value = $1 ORDER BY i.place"
);

const HOUSEHOLD: &str = concat!(
    "SELECT ",
    household_columns!(),
    " FROM identifier n JOIN membership m ON m.pid = n.pid JOIN household h ON h.id = m.household WHERE n.value = $1"
);

const MEMBERS: &str = concat!(
    "SELECT ",
    member_columns!(),
    ", ",
    person_columns!(),
    " FROM membership m JOIN person p ON p.pid = m.pid LEFT JOIN identifier i ON i.pid = p.pid \
     WHERE m.household = $1 ORDER BY m.place, i.place"
);

impl RegistrySql {
    pub(super) async fn read_person(&self, number: Cnic) -> Result<Option<Person>, StoreError> {
        let query = sqlx::query(PERSON).bind(integer(number.as_u64()));
        let found = query.fetch_all(self.database.pool()).await.map_err(driver_error)?;
        Ok(rows::persons(&found, 0)?.pop().map(|(_, person)| person))
    }

    pub(super) async fn read_household(&self, number: Cnic) -> Result<Option<Gharana>, StoreError> {
        let query = sqlx::query(HOUSEHOLD).bind(integer(number.as_u64()));
        let found = query.fetch_optional(self.database.pool()).await.map_err(driver_error)?;
        let Some(found) = found else { return Ok(None) };
        let household = rows::household(&found, 0)?;
        let query = sqlx::query(MEMBERS).bind(integer(household.id.0));
        let found = query.fetch_all(self.database.pool()).await.map_err(driver_error)?;
        gharana(household, &found, 0).map(Some)
    }
}

/// A household with its members, from their rows: the membership from a column on, the person behind it.
pub(super) fn gharana(mut household: Household, found: &[AnyRow], first: usize) -> Result<Gharana, StoreError> {
    let mut persons = Vec::with_capacity(found.len());
    for (place, person) in rows::persons(found, first + rows::MEMBER_COLUMNS)? {
        let row = found.get(place).ok_or(StoreError::Corrupt("membership"))?;
        let (relation, surveyed) = rows::member(row, first)?;
        household.members.push(Membership { pid: person.pid, relation, surveyed });
        persons.push((relation, Arc::new(person)));
    }
    Ok(Gharana { household, persons })
}
