//! Rule 1: what an operation does with a permit that is not its own, and with a store that fails at any call.

use std::sync::Arc;

use exchange::{permit::Permit, timestamp::Timestamp};

use super::{
    Particulars, RegistryError, RegistryService, id,
    spy::Spy,
    testing::{ADULT, DEAD, EXPIRED, HELD, IMPOUNDED, OTHER, OUTSIDER, UNKNOWN, cnic, permit, run, service},
};
use crate::{date::Day, notice::DeathNotice, person::Unverifiable, ports::store::StoreError};

/// Every operation: its service and a datatype that opens it.
const OPERATIONS: [(&str, &str); 7] = [
    (id::PREDICATES, "identity.over-18"),
    (id::BAND, "nser.band"),
    (id::YES_NO, "identity.match"),
    (id::KYC, "identity.name"),
    (id::HOUSEHOLD, "nser.pmt"),
    (id::DEATH_NOTICE, "vital.notice"),
    (id::REPORT, "report.statistics"),
];

/// Everything that any operation could release.
const EVERYTHING: &[&str] = &[
    "identity.match",
    "identity.name",
    "identity.card",
    "identity.over-18",
    "identity.living",
    "identity.card-valid",
    "nser.band",
    "nser.id",
    "nser.name",
    "nser.pmt",
    "vital.notice",
    "report.statistics",
];

/// Does one operation and gives its answer as JSON.
fn call(registry: &RegistryService, operation: &str, permit: &Permit, number: &str) -> Result<String, RegistryError> {
    let number = cnic(number);
    let json = |answer: serde_json::Result<String>| answer.unwrap();
    match operation {
        id::YES_NO => run(registry.match_person(permit, number, &Particulars::default()))
            .map(|answer| json(serde_json::to_string(&answer))),
        id::KYC => run(registry.identity(permit, number)).map(|answer| json(serde_json::to_string(&answer))),
        id::PREDICATES => run(registry.predicates(permit, number)).map(|answer| json(serde_json::to_string(&answer))),
        id::BAND => run(registry.band(permit, number)).map(|answer| json(serde_json::to_string(&answer))),
        id::HOUSEHOLD => run(registry.household(permit, number)).map(|answer| json(serde_json::to_string(&answer))),
        id::DEATH_NOTICE => {
            run(registry.death_notice(permit, number, notice())).map(|answer| json(serde_json::to_string(&answer)))
        }
        id::REPORT => {
            run(registry.report(permit, "persons-by-province")).map(|answer| json(serde_json::to_string(&*answer)))
        }
        other => panic!("no operation {other}"),
    }
}

fn notice() -> DeathNotice {
    let died = Day::parse("2026-11-20").unwrap();
    DeathNotice { died, place: "Mehran Hospital".into(), informant: None, cause: None }
}

#[test]
fn a_permit_for_one_service_opens_no_other_and_reads_nothing() {
    let spy = Spy::new();
    let registry = service(Arc::clone(&spy) as _);
    for (operation, _) in OPERATIONS {
        for (other, _) in OPERATIONS.into_iter().filter(|(other, _)| *other != operation) {
            let permit = permit(other, ADULT).datatypes(EVERYTHING).mint();
            assert_eq!(
                call(&registry, operation, &permit, ADULT),
                Err(RegistryError::NotPermitted),
                "{operation} {other}"
            );
        }
        let longer = format!("{operation}2");
        for near in [operation.get(..operation.len() - 1).unwrap(), &longer, &operation.to_uppercase(), "nobody.knows"]
        {
            let permit = permit(near, ADULT).datatypes(EVERYTHING).mint();
            assert_eq!(
                call(&registry, operation, &permit, ADULT),
                Err(RegistryError::NotPermitted),
                "{operation} {near}"
            );
        }
        assert_eq!(spy.calls(), Vec::<&str>::new(), "{operation}: nothing is read for a permit of another");
    }
}

#[test]
fn a_permit_for_one_person_opens_no_other_and_reads_nothing() {
    let spy = Spy::new();
    let registry = service(Arc::clone(&spy) as _);
    for (operation, datatype) in OPERATIONS.into_iter().filter(|(operation, _)| *operation != id::REPORT) {
        for (of, asked) in [(OTHER, ADULT), (UNKNOWN, ADULT), ("", ADULT), (ADULT, UNKNOWN), (ADULT, DEAD)] {
            let permit = permit(operation, of).datatypes(&[datatype]).subject_status().mint();
            let refused = call(&registry, operation, &permit, asked);
            assert_eq!(refused, Err(RegistryError::OtherSubject), "{operation}: permit of {of:?}, asked {asked}");
        }
        assert_eq!(spy.calls(), Vec::<&str>::new(), "{operation}: whether the other exists is not even looked up");
    }
}

#[test]
fn a_permit_that_names_nothing_opens_nothing() {
    let spy = Spy::new();
    let registry = service(Arc::clone(&spy) as _);
    let check = |operation: &str, number: &str, expected: Result<&str, RegistryError>| {
        let permit = permit(operation, number).datatypes(&["identity.biometrics", "x.y"]).mint();
        let expected = expected.map(str::to_owned);
        assert_eq!(call(&registry, operation, &permit, number), expected, "{operation} {number}");
    };
    for number in [ADULT, DEAD, UNKNOWN] {
        check(id::YES_NO, number, Err(RegistryError::NotPermitted));
        check(id::PREDICATES, number, Err(RegistryError::NotPermitted));
        check(id::BAND, number, Err(RegistryError::NotPermitted));
        check(id::DEATH_NOTICE, number, Err(RegistryError::NotPermitted));
    }
    check(id::REPORT, ADULT, Err(RegistryError::NotPermitted));
    assert_eq!(spy.calls(), Vec::<&str>::new(), "a refusal for the permit's sake does not depend on the person");
    check(id::KYC, ADULT, Ok(r#"{"cnic":"3010112345671"}"#));
    let nobody = r#"{"subjects":["3010112345671","3010112345672"],"household":{"members":[{},{}]}}"#;
    check(id::HOUSEHOLD, ADULT, Ok(nobody));
}

#[test]
fn a_notice_needs_an_agency_to_stand_for_it() {
    let spy = Spy::new();
    let registry = service(Arc::clone(&spy) as _);
    let nameless = permit(id::DEATH_NOTICE, ADULT).datatypes(&["vital.notice"]).agency(None).mint();
    assert_eq!(call(&registry, id::DEATH_NOTICE, &nameless, ADULT), Err(RegistryError::NotPermitted));
    assert_eq!(spy.calls(), Vec::<&str>::new());
}

#[test]
fn one_refusal_hides_why_and_whether_a_person_is_there() {
    let unverifiable = [
        (DEAD, Unverifiable::Deceased),
        (HELD, Unverifiable::DeathNotice),
        (IMPOUNDED, Unverifiable::CardImpounded),
        (EXPIRED, Unverifiable::CardExpired),
        (UNKNOWN, Unverifiable::Unknown),
    ];
    for (operation, datatype) in OPERATIONS.into_iter().take(5) {
        let registry = service(Spy::new() as _);
        let mut texts = std::collections::BTreeSet::new();
        for (number, reason) in unverifiable {
            let silent = permit(operation, number).datatypes(&[datatype]).mint();
            let refused = call(&registry, operation, &silent, number).unwrap_err();
            assert_eq!(refused, RegistryError::NotVerifiable(None), "{operation} {number}");
            texts.insert(refused.to_string());
            let told = permit(operation, number).datatypes(&[datatype]).subject_status().mint();
            let refused = call(&registry, operation, &told, number).unwrap_err();
            assert_eq!(refused, RegistryError::NotVerifiable(Some(reason)), "{operation} {number}");
            texts.insert(refused.to_string());
        }
        assert_eq!(
            texts.into_iter().collect::<Vec<_>>(),
            ["person cannot be verified"],
            "the text tells nothing either"
        );
    }
    let household = permit(id::HOUSEHOLD, OUTSIDER).datatypes(&["nser.pmt"]).mint();
    let without = call(&service(Spy::new() as _), id::HOUSEHOLD, &household, OUTSIDER);
    assert_eq!(without, Err(RegistryError::NotVerifiable(None)));
}

#[test]
fn a_store_that_fails_at_any_call_is_no_answer_and_changes_nothing() {
    let errors = [StoreError::Unavailable("locked".into()), StoreError::Corrupt("person")];
    for (operation, datatype) in OPERATIONS {
        let spy = Spy::new();
        let registry = service(Arc::clone(&spy) as _);
        let permit = permit(operation, ADULT).datatypes(&[datatype]).subject_status().mint();
        let twin = service(Spy::new() as _);
        let whole = call(&twin, operation, &permit, ADULT).unwrap();
        let calls = {
            let spy = Spy::new();
            call(&service(Arc::clone(&spy) as _), operation, &permit, ADULT).unwrap();
            spy.calls()
        };
        for n in 1..=calls.len() {
            for error in &errors {
                spy.fail_at(n, error.clone());
                let got = call(&registry, operation, &permit, ADULT);
                assert_eq!(got, Err(RegistryError::Store(error.clone())), "{operation} at call {n}");
                assert_eq!(spy.calls(), calls[..n], "{operation} asks nothing more after call {n}");
            }
        }
        let after = call(&registry, operation, &permit, ADULT).unwrap();
        if operation != id::DEATH_NOTICE {
            assert_eq!(after, whole, "{operation} answers as if nothing had failed");
        }
    }
}

#[test]
fn a_notice_that_could_not_be_kept_holds_nobody() {
    let spy = Spy::new();
    let registry = service(Arc::clone(&spy) as _);
    let hospital = permit(id::DEATH_NOTICE, ADULT).datatypes(&["vital.notice"]).mint();
    let bank = permit(id::YES_NO, ADULT).datatypes(&["identity.match"]).mint();
    for n in 1..=2 {
        spy.fail_at(n, StoreError::Unavailable("full".into()));
        assert!(call(&registry, id::DEATH_NOTICE, &hospital, ADULT).is_err());
        assert_eq!(call(&registry, id::YES_NO, &bank, ADULT).unwrap(), r#"{"match":true}"#, "call {n}");
    }
    assert!(call(&registry, id::DEATH_NOTICE, &hospital, ADULT).is_ok());
    assert!(call(&registry, id::YES_NO, &bank, ADULT).is_err(), "kept, it holds at once");
}

#[test]
fn a_clock_outside_the_calendar_answers_nothing_of_persons() {
    let registry = service(Spy::new() as _);
    for micros in [i64::MIN, -62_135_614_800_000_001, 253_402_282_800_000_000, i64::MAX] {
        for (operation, datatype) in OPERATIONS.into_iter().take(6) {
            for number in [ADULT, EXPIRED, UNKNOWN] {
                let permit = permit(operation, number).datatypes(&[datatype]).instant(Timestamp::from_micros(micros));
                let refused = call(&registry, operation, &permit.mint(), number);
                assert_eq!(refused, Err(RegistryError::Clock), "{operation} {number} at {micros}");
            }
        }
    }
}

#[test]
fn the_day_of_a_card_is_the_permits_day_in_karachi() {
    let registry = service(Spy::new() as _);
    let check = |number: &str, at: &str, expected: bool| {
        let permit = permit(id::KYC, number).datatypes(&["identity.name"]).at(at).mint();
        assert_eq!(call(&registry, id::KYC, &permit, number).is_ok(), expected, "{number} at {at}");
    };
    check(EXPIRED, "2020-01-01T23:59:59+05:00", true);
    check(EXPIRED, "2020-01-02T00:00:00+05:00", false);
    check(EXPIRED, "2020-01-01T18:59:59Z", true);
    check(EXPIRED, "2020-01-01T19:00:00Z", false);
    check(ADULT, "2030-01-01T18:59:59Z", true);
    check(ADULT, "2030-01-01T19:00:00Z", false);
    check(IMPOUNDED, "2020-01-01T12:00:00Z", false);
}

#[test]
fn each_error_says_its_rule_and_nobodys_name() {
    let check = |error: RegistryError, expected: &str| {
        let text = error.to_string();
        assert_eq!(text, expected);
        assert!(text.starts_with(char::is_lowercase) && !text.ends_with('.'), "{text}");
    };
    check(RegistryError::NotPermitted, "permit does not cover this operation");
    check(RegistryError::OtherSubject, "request and permit do not name the same person");
    check(RegistryError::NotVerifiable(Some(Unverifiable::Deceased)), "person cannot be verified");
    check(RegistryError::NoSuchReport, "there is no such report");
    check(RegistryError::Parameter("place"), "parameter `place` is malformed");
    check(RegistryError::Clock, "instant of the permit is outside the calendar");
    check(StoreError::Unavailable("locked".into()).into(), "registry store is unavailable: locked");
    check(StoreError::Corrupt("person").into(), "registry store has a row that cannot be read: person");
    check(StoreError::AlreadyThere.into(), "registry store has one of these persons, numbers or households already");
}
