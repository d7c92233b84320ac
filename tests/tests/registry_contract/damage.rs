//! Rows that no program of ours wrote: whoever reads them is told so, and gets neither a guess nor another's data.

use registry_core::{
    household::Household,
    person::{LifeStatus, Person},
    ports::store::{Batch, RegistryStore as _, StoreError},
    report::Table,
};

use crate::place::{self, Place};

/// A person with a number and a mobile, and a household of several that the person belongs to.
fn find(batches: &[Batch]) -> (Person, Household) {
    for batch in batches {
        for household in batch.households.iter().filter(|household| household.members.len() > 2) {
            let member = |person: &&Person| household.members.iter().any(|member| member.pid == person.pid);
            let mut members = batch.persons.iter().filter(member);
            let whole = |person: &&Person| {
                person.number().is_some() && person.mobile.is_some() && person.life == LifeStatus::Alive
            };
            if let Some(person) = members.find(whole) {
                return (person.clone(), household.clone());
            }
        }
    }
    panic!("no such person among them");
}

pub async fn a_damaged_person_is_an_alarm_and_nobody(place: &Place) {
    let (store, batches) = (place.store().await, place::batches(61, 200));
    place::load(store.as_ref(), &batches).await;
    let (person, household) = find(&batches);
    let (number, pid) = (person.number().unwrap(), person.pid.0);
    for (damage, mended, what) in [
        ("gender = 'junk'", format!("gender = '{}'", person.gender.as_str()), "gender"),
        ("gender = ''", format!("gender = '{}'", person.gender.as_str()), "gender"),
        ("birth = 'junk'", format!("birth = '{}'", person.birth), "birth"),
        ("birth = '1961-13'", format!("birth = '{}'", person.birth), "birth"),
        ("birth = '1961-02-30'", format!("birth = '{}'", person.birth), "birth"),
        ("life = 'deceased', died = 'junk'", "life = 'alive', died = NULL".into(), "died"),
        ("mobile = '+4912345'", format!("mobile = '{}'", person.mobile.unwrap().e164()), "mobile"),
        ("mobile = ''", format!("mobile = '{}'", person.mobile.unwrap().e164()), "mobile"),
    ] {
        place.meddle(format!("UPDATE person SET {damage} WHERE pid = {pid}")).await;
        let store = place.store().await;
        assert_eq!(store.person(number).await, Err(StoreError::Corrupt(what)), "{damage}");
        // Nor is a household shown without the member that cannot be read.
        for member in &household.members {
            let other =
                batches.iter().flat_map(|batch| &batch.persons).find(|person| person.pid == member.pid).unwrap();
            let Some(number) = other.number() else { continue };
            assert_eq!(store.household_of(number).await, Err(StoreError::Corrupt(what)), "{damage}");
        }
        place.meddle(format!("UPDATE person SET {mended} WHERE pid = {pid}")).await;
        let read = place.store().await.person(number).await.unwrap().unwrap();
        assert!(*read == person, "{damage}: mended, it reads otherwise");
    }
}

pub async fn a_damaged_number_is_an_alarm(place: &Place) {
    let (store, batches) = (place.store().await, place::batches(62, 200));
    place::load(store.as_ref(), &batches).await;
    let (person, _) = find(&batches);
    let (number, value) = (person.number().unwrap(), person.number().unwrap().as_u64());
    for (column, damage, what) in [
        ("kind", "'junk'", "kind"),
        ("kind", "''", "kind"),
        ("state", "'junk'", "state"),
        ("state", "'ACTIVE'", "state"),
        ("expires", "'junk'", "expires"),
        ("expires", "'2026-11-31'", "expires"),
        ("expires", "''", "expires"),
    ] {
        place.meddle(format!(
            "CREATE TABLE kept AS SELECT * FROM identifier; UPDATE identifier SET {column} = {damage} WHERE value = {value}"
        ))
        .await;
        let store = place.store().await;
        assert_eq!(store.person(number).await, Err(StoreError::Corrupt(what)), "{column} = {damage}");
        place.meddle(format!(
            "UPDATE identifier SET {column} = (SELECT k.{column} FROM kept k WHERE k.value = identifier.value); DROP TABLE kept"
        ))
        .await;
        assert!(*place.store().await.person(number).await.unwrap().unwrap() == person, "{column} was not mended");
    }
    // A second number of the person that has too many digits, or too few.
    for second in ["-1", "0", "42", "10000000000000", "9223372036854775807"] {
        let insert = format!(
            "INSERT INTO identifier (value, pid, place, kind, state) SELECT {second}, pid, 50, kind, state \
             FROM identifier WHERE value = {value}"
        );
        place.meddle(insert).await;
        let read = place.store().await.person(number).await;
        match second.parse().ok().and_then(|value| exchange::cnic::Cnic::from_u64(value).ok()) {
            None => assert_eq!(read, Err(StoreError::Corrupt("identifier")), "{second}"),
            Some(known) => assert_eq!(read.unwrap().unwrap().identifiers.last().unwrap().value, known, "{second}"),
        }
        place.meddle(format!("DELETE FROM identifier WHERE value = {second}")).await;
    }
    assert!(*place.store().await.person(number).await.unwrap().unwrap() == person);
}

pub async fn a_damaged_household_is_an_alarm_and_its_members_are_not(place: &Place) {
    let (store, batches) = (place.store().await, place::batches(63, 200));
    place::load(store.as_ref(), &batches).await;
    let (person, household) = find(&batches);
    let (number, id) = (person.number().unwrap(), household.id.0);
    place.meddle("CREATE TABLE kept AS SELECT * FROM household; CREATE TABLE kept_m AS SELECT * FROM membership").await;
    let columns = ["latitude_e6", "longitude_e6", "pmt", "assets", "payments"];
    let mend: Vec<_> =
        columns.iter().map(|c| format!("{c} = (SELECT k.{c} FROM kept k WHERE k.id = household.id)")).collect();
    let mend = format!(
        "UPDATE household SET {}; UPDATE membership SET relation = (SELECT k.relation FROM kept_m k \
         WHERE k.pid = membership.pid)",
        mend.join(", ")
    );
    for (damage, what) in [
        ("latitude_e6 = 1, longitude_e6 = NULL", "position"),
        ("latitude_e6 = NULL, longitude_e6 = 1", "position"),
        ("latitude_e6 = 2147483648, longitude_e6 = 1", "position"),
        ("latitude_e6 = 1, longitude_e6 = -2147483649", "position"),
        ("assets = 'junk'", "assets"),
        ("assets = ''", "assets"),
        ("assets = '{}'", "assets"),
        ("assets = '[1]'", "assets"),
        ("payments = 'junk'", "payments"),
        ("payments = '[{\"month\":\"2026-10\"}]'", "payments"),
        ("payments = '[{\"month\":\"2026-10\",\"amount\":-1}]'", "payments"),
        ("payments = '[{\"month\":\"2026-10\",\"amount\":4294967296}]'", "payments"),
    ] {
        place.meddle(format!("UPDATE household SET {damage} WHERE id = {id}")).await;
        let store = place.store().await;
        assert_eq!(store.household_of(number).await, Err(StoreError::Corrupt(what)), "{damage}");
        assert!(*store.person(number).await.unwrap().unwrap() == person, "{damage}: the person is whole");
        place.meddle(mend.clone()).await;
        let read = place.store().await.household_of(number).await.unwrap().unwrap();
        assert!(read.household == household, "{damage}: mended, it reads otherwise");
    }
    place.meddle(format!("UPDATE membership SET relation = 'junk' WHERE household = {id}")).await;
    let store = place.store().await;
    assert_eq!(store.household_of(number).await, Err(StoreError::Corrupt("relation")));
}

/// A household whose number is below zero, and a person whose number is.
pub async fn numbers_below_zero_are_nobodys(place: &Place) {
    let (store, batches) = (place.store().await, place::batches(64, 200));
    place::load(store.as_ref(), &batches).await;
    let (person, household) = find(&batches);
    let number = person.number().unwrap();
    let move_home = |from: i128, to: i128| {
        format!(
            "INSERT INTO household SELECT {to}, province, district, tehsil, address, latitude_e6, longitude_e6, pmt, \
             assets, beneficiary, payments FROM household WHERE id = {from}; \
             UPDATE membership SET household = {to} WHERE household = {from}; DELETE FROM household WHERE id = {from}"
        )
    };
    place.meddle(move_home(i128::from(household.id.0), -5)).await;
    assert_eq!(place.store().await.household_of(number).await, Err(StoreError::Corrupt("number")));
    place.meddle(move_home(-5, i128::from(household.id.0))).await;
    let pid = person.pid.0;
    place
        .meddle(format!(
            "INSERT INTO person SELECT -{pid}, name, name_ur, father, father_ur, gender, birth, life, died, province, \
         district, tehsil, address, mobile FROM person WHERE pid = {pid}; \
         UPDATE identifier SET pid = -{pid} WHERE pid = {pid}"
        ))
        .await;
    assert_eq!(place.store().await.person(number).await, Err(StoreError::Corrupt("number")));
}

/// Counts are of rows, so a row that cannot be shown still counts, and a table that is gone is no report of nobody.
pub async fn a_register_without_its_tables_is_no_empty_register(place: &Place) {
    let (store, batches) = (place.store().await, place::batches(65, 100));
    place::load(store.as_ref(), &batches).await;
    let number = batches[0].persons.iter().find_map(Person::number).unwrap();
    let drop = "DROP TABLE death_notice; DROP TABLE membership; DROP TABLE household; DROP TABLE identifier; \
                DROP TABLE person";
    place.meddle(drop).await;
    let store = place.database().await;
    // The tables are never made again over what is left of them.
    let store = adapters::sql::registry::RegistrySql::open(store).await.unwrap();
    assert!(matches!(store.person(number).await, Err(StoreError::Corrupt(_))));
    assert!(matches!(store.household_of(number).await, Err(StoreError::Corrupt(_))));
    assert!(store.persons().await.is_err());
    assert!(store.withdraw_notice("n1").await.is_err());
    assert!(store.load(&batches[0]).await.is_err());
    for &table in Table::ALL {
        assert!(store.count(table).await.is_err(), "{}", table.as_str());
    }
}
