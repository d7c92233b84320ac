//! Point reads: a person by number, a household by a member's number.

use std::sync::Arc;

use exchange::cnic::Cnic;
use registry_core::{
    household::{Gharana, Membership, Relation},
    person::Person,
    ports::store::StoreError,
};

use super::{
    RegistrySql, driver_error,
    rows::{self, column, integer, person_columns},
};

const PERSON: &str = concat!(
    "SELECT ",
    person_columns!(),
    " FROM identifier n JOIN person p ON p.pid = n.pid JOIN identifier i ON i.pid = p.pid \
     WHERE n.value = $1 ORDER BY i.place"
);

const HOUSEHOLD: &str = "SELECT h.id, h.province, h.district, h.tehsil, h.address, h.latitude_e6, h.longitude_e6, h.pmt, \
     h.assets, h.beneficiary, h.payments \
     FROM identifier n JOIN membership m ON m.pid = n.pid JOIN household h ON h.id = m.household WHERE n.value = $1";

const MEMBERS: &str = concat!(
    "SELECT m.relation, ",
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
        let mut household = rows::household(&found)?;
        let query = sqlx::query(MEMBERS).bind(integer(household.id.0));
        let found = query.fetch_all(self.database.pool()).await.map_err(driver_error)?;
        let mut persons = Vec::with_capacity(found.len());
        for (place, person) in rows::persons(&found, 1)? {
            let relation: Option<String> = found.get(place).map(|row| column(row, 0)).transpose()?;
            let relation = relation.as_deref().and_then(Relation::parse).ok_or(StoreError::Corrupt("relation"))?;
            household.members.push(Membership { pid: person.pid, relation });
            persons.push((relation, Arc::new(person)));
        }
        Ok(Some(Gharana { household, persons }))
    }
}
