//! Rows to persons and households. A row that does not parse is an alarm, never a guess.

use exchange::{cnic::Cnic, mobile::Mobile};
use registry_core::{
    address::Address,
    date::{Day, PartialDate},
    household::{Disability, Education, Employment, Household, HouseholdId, Position, Relation, Surveyed},
    identifier::{Identifier, IdentifierKind, IdentifierState},
    name::Name,
    person::{Gender, LifeStatus, Person, PersonId},
    ports::store::StoreError,
};
use sqlx::{Row as _, any::AnyRow};

use super::driver_error;

/// Columns of a person, in the order in which [`person`] reads them from its first column on.
macro_rules! person_columns {
    () => {
        "p.pid, p.name, p.name_ur, p.father, p.father_ur, p.gender, p.birth, p.life, p.died, p.province, p.district, \
         p.tehsil, p.address, p.mobile, i.value, i.kind, i.state, i.expires"
    };
}
pub(super) use person_columns;

/// Numbers of ours as SQL has them; all are far below 2^63.
pub(super) fn integer(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// Life status as its two columns.
pub(super) fn life_words(life: LifeStatus) -> (&'static str, Option<String>) {
    match life {
        LifeStatus::Alive => ("alive", None),
        LifeStatus::Held => ("held", None),
        LifeStatus::Deceased(on) => ("deceased", Some(on.to_string())),
    }
}

/// Joins the rows of persons, one for each identifier and neighbours together, starting at a column.
pub(super) fn persons(rows: &[AnyRow], first: usize) -> Result<Vec<(usize, Person)>, StoreError> {
    let mut persons: Vec<(usize, Person)> = Vec::new();
    for (place, row) in rows.iter().enumerate() {
        let pid = PersonId(unsigned(row, first)?);
        if persons.last().is_none_or(|(_, last)| last.pid != pid) {
            persons.push((place, person(row, first, pid)?));
        }
        if let (Some((_, last)), Some(identifier)) = (persons.last_mut(), identifier(row, first + 14)?) {
            last.identifiers.push(identifier);
        }
    }
    Ok(persons)
}

fn person(row: &AnyRow, first: usize, pid: PersonId) -> Result<Person, StoreError> {
    let text = |place: usize| column::<String>(row, first + place);
    let died: Option<String> = column(row, first + 8)?;
    let mobile: Option<String> = column(row, first + 13)?;
    let died = died.map(|died| PartialDate::parse(&died).ok_or(StoreError::Corrupt("died"))).transpose()?;
    let life = match (text(7)?.as_str(), died) {
        ("alive", None) => LifeStatus::Alive,
        ("held", None) => LifeStatus::Held,
        ("deceased", Some(on)) => LifeStatus::Deceased(on),
        _ => return Err(StoreError::Corrupt("life")),
    };
    Ok(Person {
        pid,
        name: Name::new(text(1)?, text(2)?),
        father: Name::new(text(3)?, text(4)?),
        gender: Gender::parse(&text(5)?).ok_or(StoreError::Corrupt("gender"))?,
        birth: PartialDate::parse(&text(6)?).ok_or(StoreError::Corrupt("birth"))?,
        life,
        identifiers: Vec::with_capacity(1),
        address: address(row, first + 9)?,
        mobile: mobile.map(|mobile| Mobile::parse(&mobile)).transpose().map_err(|_| StoreError::Corrupt("mobile"))?,
    })
}

fn identifier(row: &AnyRow, first: usize) -> Result<Option<Identifier>, StoreError> {
    let Some(value) = column::<Option<i64>>(row, first)? else { return Ok(None) };
    let value = u64::try_from(value).ok().and_then(|value| Cnic::from_u64(value).ok());
    let expires: Option<String> = column(row, first + 3)?;
    Ok(Some(Identifier {
        value: value.ok_or(StoreError::Corrupt("identifier"))?,
        kind: IdentifierKind::parse(&column::<String>(row, first + 1)?).ok_or(StoreError::Corrupt("kind"))?,
        state: IdentifierState::parse(&column::<String>(row, first + 2)?).ok_or(StoreError::Corrupt("state"))?,
        expires: expires.map(|day| Day::parse(&day).ok_or(StoreError::Corrupt("expires"))).transpose()?,
    }))
}

/// Columns of a membership, in the order in which [`member`] reads them from its first column on.
macro_rules! member_columns {
    () => {
        "m.relation, m.disability, m.education, m.employment"
    };
}
pub(super) use member_columns;

/// How many they are.
pub(super) const MEMBER_COLUMNS: usize = 4;

/// A member's relation to the head and what the survey wrote, starting at a column.
pub(super) fn member(row: &AnyRow, first: usize) -> Result<(Relation, Surveyed), StoreError> {
    let relation: Option<String> = column(row, first)?;
    let surveyed = Surveyed {
        disability: word(row, first + 1, Disability::parse, "disability")?,
        education: word(row, first + 2, Education::parse, "education")?,
        employment: word(row, first + 3, Employment::parse, "employment")?,
    };
    Ok((relation.as_deref().and_then(Relation::parse).ok_or(StoreError::Corrupt("relation"))?, surveyed))
}

fn word<T>(
    row: &AnyRow,
    place: usize,
    parse: fn(&str) -> Option<T>,
    name: &'static str,
) -> Result<Option<T>, StoreError> {
    let word: Option<String> = column(row, place)?;
    word.map(|word| parse(&word).ok_or(StoreError::Corrupt(name))).transpose()
}

/// Columns of a household, in the order in which [`household`] reads them from its first column on.
macro_rules! household_columns {
    () => {
        "h.id, h.province, h.district, h.tehsil, h.address, h.latitude_e6, h.longitude_e6, h.pmt, h.assets, h.beneficiary, \
         h.payments"
    };
}
pub(super) use household_columns;

/// A household without its members, starting at a column.
pub(super) fn household(row: &AnyRow, first: usize) -> Result<Household, StoreError> {
    let degrees = |place| -> Result<Option<i32>, StoreError> {
        let stored: Option<i64> = column(row, first + place)?;
        stored.map(|e6| i32::try_from(e6).map_err(|_| StoreError::Corrupt("position"))).transpose()
    };
    let position = match (degrees(5)?, degrees(6)?) {
        (Some(latitude_e6), Some(longitude_e6)) => Some(Position { latitude_e6, longitude_e6 }),
        (None, None) => None,
        _ => return Err(StoreError::Corrupt("position")),
    };
    let text = |place: usize| column::<String>(row, first + place);
    Ok(Household {
        id: HouseholdId(unsigned(row, first)?),
        address: address(row, first + 1)?,
        position,
        pmt: u16::try_from(column::<i64>(row, first + 7)?).map_err(|_| StoreError::Corrupt("pmt"))?,
        assets: serde_json::from_str(&text(8)?).map_err(|_| StoreError::Corrupt("assets"))?,
        beneficiary: column::<i64>(row, first + 9)? == 1,
        payments: serde_json::from_str(&text(10)?).map_err(|_| StoreError::Corrupt("payments"))?,
        members: Vec::new(),
    })
}

fn address(row: &AnyRow, first: usize) -> Result<Address, StoreError> {
    Ok(Address {
        province: column(row, first)?,
        district: column(row, first + 1)?,
        tehsil: column(row, first + 2)?,
        text: column(row, first + 3)?,
    })
}

/// A number of ours.
pub(super) fn unsigned(row: &AnyRow, place: usize) -> Result<u64, StoreError> {
    u64::try_from(column::<i64>(row, place)?).map_err(|_| StoreError::Corrupt("number"))
}

/// One column by its place.
pub(super) fn column<'r, T>(row: &'r AnyRow, place: usize) -> Result<T, StoreError>
where
    T: sqlx::Decode<'r, sqlx::Any> + sqlx::Type<sqlx::Any>,
{
    row.try_get(place).map_err(driver_error)
}
