//! Published reports through the service: counted rarely, the same for everyone, never from a failed count.

use std::sync::Arc;

use super::{
    RegistryError, id,
    spy::Spy,
    testing::{permit, run, service},
};
use crate::{
    answer::ReportAnswer,
    limits::REPORT_CELL_MIN,
    memory::MemoryStore,
    person::LifeStatus,
    population::{DEMO_SEED, Population},
    ports::store::{RegistryStore, StoreError},
    report::Table,
};

fn ask(registry: &super::RegistryService, name: &str, at: &str) -> Result<Arc<ReportAnswer>, RegistryError> {
    let permit = permit(id::REPORT, "").datatypes(&["report.statistics"]).at(at).mint();
    run(registry.report(&permit, name))
}

#[test]
fn a_table_is_counted_once_an_hour_and_each_for_itself() {
    let spy = Spy::new();
    let registry = service(Arc::clone(&spy) as _);
    let check = |name: &str, at: &str, counted: usize| {
        ask(&registry, name, at).unwrap();
        assert_eq!(spy.calls().len(), counted, "{name} at {at}");
    };
    check("persons-by-province", "2026-11-22T10:00:00+05:00", 1);
    check("persons-by-province", "2026-11-22T10:00:00+05:00", 0);
    check("persons-by-district", "2026-11-22T10:30:00+05:00", 1);
    check("persons-by-province", "2026-11-22T10:59:59+05:00", 0);
    check("persons-by-province", "2026-11-22T11:00:00+05:00", 1);
    check("persons-by-district", "2026-11-22T11:00:00+05:00", 0);
    check("persons-by-district", "2026-11-22T11:30:00+05:00", 1);
    check("beneficiary-households-by-province", "2026-11-22T11:30:00+05:00", 1);
    check("beneficiary-households-by-district", "2026-11-22T11:30:00+05:00", 1);
}

#[test]
fn a_clock_that_goes_back_is_not_answered_from_the_future() {
    let spy = Spy::new();
    let registry = service(Arc::clone(&spy) as _);
    ask(&registry, "persons-by-province", "2026-11-22T10:00:00+05:00").unwrap();
    let earlier = ask(&registry, "persons-by-province", "2026-11-22T09:59:59+05:00").unwrap();
    assert_eq!(earlier.as_of, "2026-11-22T09:59:59+05:00");
    assert_eq!(spy.calls().len(), 2);
}

#[test]
fn a_count_that_failed_is_not_published() {
    let spy = Spy::new();
    let registry = service(Arc::clone(&spy) as _);
    let at = "2026-11-22T10:00:00+05:00";
    spy.fail_at(1, StoreError::Unavailable("locked".into()));
    let failed = ask(&registry, "persons-by-province", at).unwrap_err();
    assert_eq!(failed, RegistryError::Store(StoreError::Unavailable("locked".into())));
    assert_eq!(ask(&registry, "persons-by-province", at).unwrap().rows.len(), 1, "the next asker has it counted anew");
    // What was published stays published while the store fails.
    spy.fail_at(1, StoreError::Unavailable("locked".into()));
    assert!(ask(&registry, "persons-by-province", at).is_ok());
    assert_eq!(spy.calls(), Vec::<&str>::new());
}

#[test]
fn only_names_of_tables_are_reports() {
    let spy = Spy::new();
    let registry = service(Arc::clone(&spy) as _);
    for name in ["", "persons", "Persons-By-Province", "persons-by-province ", "persons-by-tehsil", "../persons", "x\0"]
    {
        let refused = ask(&registry, name, "2026-11-22T10:00:00+05:00").unwrap_err();
        assert_eq!(refused, RegistryError::NoSuchReport, "{name:?}");
    }
    assert_eq!(spy.calls(), Vec::<&str>::new(), "nothing is counted for a name that is none");
}

#[test]
fn a_report_of_a_population_is_the_count_of_its_people() {
    let store = Arc::new(MemoryStore::default());
    let mut living = std::collections::BTreeMap::<(String, String), u64>::new();
    let mut paid = std::collections::BTreeMap::<String, u64>::new();
    for family in Population::new(DEMO_SEED, 2_000) {
        for person in family.persons.iter().filter(|person| person.life == LifeStatus::Alive) {
            *living.entry((person.address.province.clone(), person.address.district.clone())).or_default() += 1;
        }
        for household in family.households.iter().filter(|household| household.beneficiary) {
            *paid.entry(household.address.province.clone()).or_default() += 1;
        }
    }
    for batch in Population::new(DEMO_SEED, 2_000).batches(500) {
        run(store.load(&batch)).unwrap();
    }
    let registry = service(store as _);
    let at = "2026-11-22T10:00:00+05:00";
    let by_province = ask(&registry, "persons-by-province", at).unwrap();
    for row in &by_province.rows {
        let counted: u64 = living.iter().filter(|((province, _), _)| *province == row.area).map(|(_, n)| n).sum();
        assert_eq!(row.count, (counted >= REPORT_CELL_MIN).then_some(counted), "{}", row.area);
    }
    let by_district = ask(&registry, "persons-by-district", at).unwrap();
    assert_eq!(by_district.rows.len(), living.len());
    for row in by_district.rows.iter().filter(|row| row.count.is_some()) {
        let (district, province) = row.area.rsplit_once(", ").unwrap();
        let counted = living[&(province.to_owned(), district.to_owned())];
        assert_eq!(row.count, Some(counted), "{}", row.area);
    }
    assert!(by_district.rows.iter().any(|row| row.count.is_none()), "small districts are hidden");
    for row in &ask(&registry, "beneficiary-households-by-province", at).unwrap().rows {
        let counted = paid[&row.area];
        assert_eq!(row.count, (counted >= REPORT_CELL_MIN).then_some(counted), "{}", row.area);
    }
}

#[test]
fn a_report_says_which_it_is_in_both_languages() {
    let registry = service(Spy::new() as _);
    for &table in Table::ALL {
        let report = ask(&registry, table.as_str(), "2026-11-22T05:00:00Z").unwrap();
        assert_eq!((report.report, report.title, report.title_ur), (table.as_str(), table.title(), table.title_ur()));
        assert_eq!(report.as_of, "2026-11-22T10:00:00+05:00", "the instant is said in Pakistan's time");
    }
}
