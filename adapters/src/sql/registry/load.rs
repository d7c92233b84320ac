//! Keeping a batch of persons and households, wholly or not at all.

use std::sync::LazyLock;

use registry_core::{
    household::{Disability, Education, Employment, Household, HouseholdId, Membership, Surveyed},
    identifier::Identifier,
    person::{Person, PersonId},
    ports::store::{Batch, StoreError},
};
use sqlx::{Any, AnyConnection, any::AnyArguments, query::Query};

use super::{
    RegistrySql, driver_error,
    insert::{Insert, ROWS},
    listing::{self, Entry},
    rows::{self, integer},
    store_error,
};

pub(super) type Statement = Query<'static, Any, AnyArguments>;

static PERSON: LazyLock<Insert> = LazyLock::new(|| {
    let columns = [
        "pid",
        "name",
        "name_ur",
        "father",
        "father_ur",
        "gender",
        "birth",
        "life",
        "died",
        "province",
        "district",
        "tehsil",
        "address",
        "mobile",
    ];
    Insert::new("person", &columns)
});
static IDENTIFIER: LazyLock<Insert> =
    LazyLock::new(|| Insert::new("identifier", &["value", "pid", "place", "kind", "state", "expires"]));
static HOUSEHOLD: LazyLock<Insert> = LazyLock::new(|| {
    let columns = [
        "id",
        "province",
        "district",
        "tehsil",
        "address",
        "latitude_e6",
        "longitude_e6",
        "pmt",
        "assets",
        "beneficiary",
        "payments",
    ];
    Insert::new("household", &columns)
});
static MEMBERSHIP: LazyLock<Insert> = LazyLock::new(|| {
    let columns = ["pid", "household", "place", "relation", "disability", "education", "employment"];
    Insert::new("membership", &columns)
});

impl RegistrySql {
    pub(super) async fn write_batch(&self, batch: &Batch) -> Result<(), StoreError> {
        let mut work = self.database.begin().await.map_err(store_error)?;
        insert(work.on(), batch).await.map_err(driver_error)?;
        // Last, because it holds the tallies of tehsils until the commit.
        listing::enter(work.on(), batch.households.iter().map(Entry::of)).await?;
        work.commit().await.map_err(store_error)
    }
}

/// Inserts a batch on a connection whose transaction the caller ends.
pub(super) async fn insert(on: &mut AnyConnection, batch: &Batch) -> Result<(), sqlx::Error> {
    let identifiers: Vec<_> = batch.persons.iter().flat_map(numbers).collect();
    let memberships: Vec<_> = batch.households.iter().flat_map(members).collect();
    all(on, &PERSON, &batch.persons, person).await?;
    all(on, &IDENTIFIER, &identifiers, identifier).await?;
    all(on, &HOUSEHOLD, &batch.households, household).await?;
    all(on, &MEMBERSHIP, &memberships, membership).await
}

fn numbers(person: &Person) -> impl Iterator<Item = (PersonId, i64, &Identifier)> {
    person.identifiers.iter().zip(0..).map(|(identifier, place)| (person.pid, place, identifier))
}

fn members(household: &Household) -> impl Iterator<Item = (HouseholdId, i64, Membership)> {
    household.members.iter().zip(0..).map(|(member, place)| (household.id, place, *member))
}

/// Inserts rows by full statements and single ones.
pub(super) async fn all<T>(
    on: &mut AnyConnection,
    insert: &'static Insert,
    rows: &[T],
    bind: impl Fn(Statement, &T) -> Statement,
) -> Result<(), sqlx::Error> {
    for rows in rows.chunks(ROWS) {
        if rows.len() == ROWS {
            rows.iter().fold(sqlx::query(insert.full.as_str()), &bind).execute(&mut *on).await?;
        } else {
            for row in rows {
                bind(sqlx::query(insert.single.as_str()), row).execute(&mut *on).await?;
            }
        }
    }
    Ok(())
}

fn person(statement: Statement, person: &Person) -> Statement {
    let (life, died) = rows::life_words(person.life);
    statement
        .bind(integer(person.pid.0))
        .bind(person.name.roman.clone())
        .bind(person.name.urdu.clone())
        .bind(person.father.roman.clone())
        .bind(person.father.urdu.clone())
        .bind(person.gender.as_str())
        .bind(person.birth.to_string())
        .bind(life)
        .bind(died)
        .bind(person.address.province.clone())
        .bind(person.address.district.clone())
        .bind(person.address.tehsil.clone())
        .bind(person.address.text.clone())
        .bind(person.mobile.map(exchange::mobile::Mobile::e164))
}

fn identifier(statement: Statement, (pid, place, identifier): &(PersonId, i64, &Identifier)) -> Statement {
    statement
        .bind(integer(identifier.value.as_u64()))
        .bind(integer(pid.0))
        .bind(*place)
        .bind(identifier.kind.as_str())
        .bind(identifier.state.as_str())
        .bind(identifier.expires.map(|day| day.to_string()))
}

fn household(statement: Statement, household: &Household) -> Statement {
    statement
        .bind(integer(household.id.0))
        .bind(household.address.province.clone())
        .bind(household.address.district.clone())
        .bind(household.address.tehsil.clone())
        .bind(household.address.text.clone())
        .bind(household.position.map(|position| i64::from(position.latitude_e6)))
        .bind(household.position.map(|position| i64::from(position.longitude_e6)))
        .bind(i64::from(household.pmt))
        .bind(serde_json::json!(household.assets).to_string())
        .bind(i64::from(household.beneficiary))
        .bind(serde_json::json!(household.payments).to_string())
}

fn membership(statement: Statement, (household, place, member): &(HouseholdId, i64, Membership)) -> Statement {
    let Surveyed { disability, education, employment } = member.surveyed;
    statement
        .bind(integer(member.pid.0))
        .bind(integer(household.0))
        .bind(*place)
        .bind(member.relation.as_str())
        .bind(disability.map(Disability::as_str))
        .bind(education.map(Education::as_str))
        .bind(employment.map(Employment::as_str))
}
