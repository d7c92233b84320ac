//! Published reports through the service: counted rarely, the same for everyone, never from a failed count.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use exchange::{
    classification::Forum,
    report::{self, Report},
    timestamp::Timestamp,
};

use super::{
    RegistryError, id,
    spy::Spy,
    testing::{permit, run, service},
};
use crate::{
    address::Address,
    answer::ReportAnswer,
    household::{Disability, Employment, Household, Membership},
    limits::REPORT_CELL_MIN,
    memory::MemoryStore,
    person::{Gender, LifeStatus},
    population::{DEMO_SEED, Family, Population},
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

/// A report by this design, approved for good.
fn designed(name: &str, design: &str) -> Arc<Report> {
    Arc::new(Report {
        name: name.into(),
        title: "A report".into(),
        title_ur: "رپورٹ".into(),
        design: toml::from_str(design).unwrap(),
        instrument: "Approval, sample".into(),
        forum: Forum::DgNser,
        valid_from: Timestamp::from_micros(0),
        valid_until: Timestamp::from_micros(i64::MAX),
        revoked: false,
    })
}

fn ask_designed(
    registry: &super::RegistryService,
    report: &Arc<Report>,
    at: &str,
) -> Result<Arc<ReportAnswer>, RegistryError> {
    let permit = permit(id::REPORT, "").datatypes(&["report.statistics"]).report(report).at(at).mint();
    run(registry.report(&permit, &report.name))
}

const AT: &str = "2026-11-22T10:00:00+05:00";

#[test]
fn a_design_counts_what_it_says_and_equals_a_recount() {
    let store = Arc::new(MemoryStore::default());
    for batch in Population::new(DEMO_SEED, 3_000).batches(500) {
        run(store.load(&batch)).unwrap();
    }
    let registry = service(store as _);
    let check = |design: &str, counted: &dyn Fn(&Family, &Household) -> u64, area: &dyn Fn(&Address) -> String| {
        let mut counts = BTreeMap::<String, u64>::new();
        for family in Population::new(DEMO_SEED, 3_000) {
            for household in &family.households {
                *counts.entry(area(&household.address)).or_default() += counted(&family, household);
            }
        }
        counts.retain(|_, count| *count > 0);
        let answer = ask_designed(&registry, &designed("report", design), AT).unwrap();
        let areas: Vec<_> = answer.rows.iter().map(|row| row.area.clone()).collect();
        assert_eq!(BTreeSet::from_iter(&areas), counts.keys().collect(), "{design}");
        for row in answer.rows.iter().filter(|row| row.count.is_some()) {
            assert_eq!(row.count, Some(counts[&row.area]), "{design}: {}", row.area);
        }
        assert!(answer.rows.iter().any(|row| row.count.is_some()), "{design}: not all is hidden");
        assert!(answer.rows.iter().all(|row| row.count.is_none_or(|count| count >= REPORT_CELL_MIN)), "{design}");
    };
    let living = |family: &Family, member: &Membership| {
        let person = family.persons.iter().find(|person| person.pid == member.pid).unwrap();
        !matches!(person.life, LifeStatus::Deceased(_))
    };
    let disabled = |family: &Family, household: &Household| {
        let has = |member: &&Membership| member.surveyed.disability.is_some_and(|it| it != Disability::None);
        let members = household.members.iter().filter(has).filter(|member| living(family, member));
        u64::try_from(members.count()).unwrap()
    };
    check("counts = 'members'\nby = 'province'\nmember_disability = 'any'", &disabled, &|address| {
        address.province.clone()
    });
    check("counts = 'households'\nby = 'province'\nbeneficiary = true", &|_, it| it.beneficiary.into(), &|address| {
        address.province.clone()
    });
    check(
        "counts = 'households'\nby = 'district'\nbeneficiary = false",
        &|_, it| (!it.beneficiary).into(),
        &|address| format!("{}, {}", address.district, address.province),
    );
    let members = |family: &Family, household: &Household| {
        u64::try_from(household.members.iter().filter(|member| living(family, member)).count()).unwrap()
    };
    check("counts = 'members'\nby = 'tehsil'", &members, &|address| {
        format!("{}, {}, {}", address.tehsil, address.district, address.province)
    });
}

#[test]
fn a_design_is_counted_once_an_hour_and_again_when_it_changes() {
    let spy = Spy::new();
    let registry = service(Arc::clone(&spy) as _);
    let check = |design: &str, at: &str, read: usize| {
        ask_designed(&registry, &designed("report", design), at).unwrap();
        assert_eq!(spy.calls().len(), read, "{design} at {at}");
    };
    let (all, paid) =
        ("counts = 'households'\nby = 'province'", "counts = 'households'\nby = 'province'\nbeneficiary = true");
    check(all, AT, 1);
    check(all, "2026-11-22T10:59:59+05:00", 0);
    check(paid, "2026-11-22T10:59:59+05:00", 1);
    check(all, "2026-11-22T10:59:59+05:00", 1);
    check(all, "2026-11-22T11:59:59+05:00", 1);
}

#[test]
fn a_design_that_failed_to_be_counted_is_counted_anew() {
    let spy = Spy::new();
    let registry = service(Arc::clone(&spy) as _);
    let report = designed("report", "counts = 'members'\nby = 'district'");
    spy.fail_at(1, StoreError::Unavailable("locked".into()));
    let failed = ask_designed(&registry, &report, AT).unwrap_err();
    assert_eq!(failed, RegistryError::Store(StoreError::Unavailable("locked".into())));
    assert!(ask_designed(&registry, &report, AT).is_ok(), "the turn was given back");
}

#[test]
fn a_permit_carries_the_one_design_that_it_opens() {
    let registry = service(Spy::new() as _);
    let report = designed("report", "counts = 'households'\nby = 'province'");
    let permit = || permit(id::REPORT, "").datatypes(&["report.statistics"]).at(AT);
    let other = run(registry.report(&permit().report(&report).mint(), "persons-by-province"));
    assert_eq!(other.unwrap_err(), RegistryError::NotPermitted);
    let without = run(registry.report(&permit().mint(), "report"));
    assert_eq!(without.unwrap_err(), RegistryError::NoSuchReport);
    let word = designed("report", "counts = 'members'\nby = 'province'\nmember_disability = 'tired'");
    assert_eq!(ask_designed(&registry, &word, AT).unwrap_err(), RegistryError::Parameter("report"));
}

#[test]
fn the_words_of_designs_are_the_registers_own() {
    let words = |all: Vec<&'static str>| all;
    assert_eq!(words(Table::ALL.iter().map(|it| it.as_str()).collect()), report::RESERVED);
    assert_eq!(words(Gender::ALL.iter().map(|it| it.as_str()).collect()), report::GENDERS);
    assert_eq!(words(Employment::ALL.iter().map(|it| it.as_str()).collect()), report::EMPLOYMENTS);
    let disabilities = Disability::ALL.iter().filter(|it| **it != Disability::None).map(|it| it.as_str());
    assert_eq!(words(std::iter::once("any").chain(disabilities).collect()), report::DISABILITIES);
}

#[test]
fn a_report_says_which_it_is_in_both_languages() {
    let registry = service(Spy::new() as _);
    for &table in Table::ALL {
        let report = ask(&registry, table.as_str(), "2026-11-22T05:00:00Z").unwrap();
        let said = [&report.report, &report.title, &report.title_ur].map(String::as_str);
        assert_eq!(said, [table.as_str(), table.title(), table.title_ur()]);
        assert_eq!(report.as_of, "2026-11-22T10:00:00+05:00", "the instant is said in Pakistan's time");
    }
}
