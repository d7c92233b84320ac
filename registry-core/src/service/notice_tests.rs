//! Notices of death through the service: what is taken, what it tells the feeder, whom it holds.

use std::{collections::BTreeSet, sync::Arc};

use super::{
    Particulars, RegistryError, RegistryService, id,
    testing::{ADULT, DEAD, EXPIRED, HELD, IMPOUNDED, OTHER, OUTSIDER, cnic, permit, registry, run, service, store},
};
use crate::{
    answer::NoticeAnswer, date::Day, limits::NOTICE_TEXT_CHARS_MAX, notice::DeathNotice, ports::store::RegistryStore,
};

fn content() -> DeathNotice {
    let died = Day::parse("2026-11-20").unwrap();
    DeathNotice { died, place: "Mehran Hospital".into(), informant: None, cause: None }
}

fn place(
    registry: &RegistryService,
    agency: &str,
    number: &str,
    content: DeathNotice,
) -> Result<NoticeAnswer, RegistryError> {
    let permit = permit(id::DEATH_NOTICE, number).datatypes(&["vital.notice"]).agency(Some(agency)).mint();
    run(registry.death_notice(&permit, cnic(number), content))
}

fn verifiable(registry: &RegistryService, number: &str) -> bool {
    let permit = permit(id::YES_NO, number).datatypes(&["identity.match"]).mint();
    run(registry.match_person(&permit, cnic(number), &Particulars::default())).is_ok()
}

#[test]
fn a_line_of_the_form_is_taken_to_its_last_character_and_no_further() {
    let registry = registry();
    let most = NOTICE_TEXT_CHARS_MAX;
    let check = |content: DeathNotice, expected: Result<(), &'static str>| {
        let got = place(&registry, "hospital", ADULT, content.clone()).map(drop);
        let expected = expected.map_err(RegistryError::Parameter);
        assert_eq!(got, expected, "{} {:?}", content.place, content.cause);
    };
    let at = |place: &str| DeathNotice { place: place.into(), ..content() };
    let of = |cause: &str| DeathNotice { cause: Some(cause.into()), ..content() };
    check(at("x"), Ok(()));
    check(at(&"x".repeat(most)), Ok(()));
    check(at(&"x".repeat(most + 1)), Err("place"));
    check(at(&"ہ".repeat(most)), Ok(()));
    check(at(&"ہ".repeat(most + 1)), Err("place"));
    check(at(""), Err("place"));
    check(at(" \t "), Err("place"));
    check(at("\u{a0}\u{2003}"), Err("place"));
    check(at("Ward\n7"), Err("place"));
    check(at("Ward\u{0}7"), Err("place"));
    check(at("Ward\u{7f}"), Err("place"));
    check(at("Ward\u{85}7"), Err("place"));
    check(at("میو ہسپتال، لاہور"), Ok(()));
    check(of(&"x".repeat(most)), Ok(()));
    check(of(&"x".repeat(most + 1)), Err("cause"));
    check(of("fever\r\n"), Err("cause"));
    check(of(""), Ok(()));
    check(DeathNotice { informant: Some(cnic(OTHER)), ..content() }, Ok(()));
}

#[test]
fn a_death_to_come_is_refused_by_the_day_in_karachi() {
    let registry = registry();
    let check = |died: &str, at: &str, expected: bool| {
        let permit = permit(id::DEATH_NOTICE, ADULT).datatypes(&["vital.notice"]).at(at).mint();
        let content = DeathNotice { died: Day::parse(died).unwrap(), ..content() };
        let got = run(registry.death_notice(&permit, cnic(ADULT), content));
        assert_eq!(got.is_ok(), expected, "{died} told at {at}");
        if !expected {
            assert_eq!(got.unwrap_err(), RegistryError::Parameter("date_of_death"));
        }
    };
    check("2026-11-22", "2026-11-22T00:00:00+05:00", true);
    check("2026-11-23", "2026-11-22T23:59:59+05:00", false);
    check("2026-11-23", "2026-11-22T18:59:59Z", false);
    check("2026-11-23", "2026-11-22T19:00:00Z", true);
    check("1926-11-23", "2026-11-22T19:00:00Z", true);
    check("9999-12-31", "2026-11-22T19:00:00Z", false);
}

#[test]
fn a_refused_notice_holds_nobody() {
    let registry = registry();
    let refused = [
        DeathNotice { died: Day::parse("2026-11-23").unwrap(), ..content() },
        DeathNotice { place: String::new(), ..content() },
        DeathNotice { cause: Some("x".repeat(NOTICE_TEXT_CHARS_MAX + 1)), ..content() },
    ];
    for content in refused {
        assert!(place(&registry, "hospital", ADULT, content).is_err());
        assert!(verifiable(&registry, ADULT));
    }
}

#[test]
fn a_feeder_gets_the_same_words_whoever_the_person_is() {
    let registry = registry();
    let mut ids = BTreeSet::new();
    for number in [ADULT, DEAD, HELD, IMPOUNDED, EXPIRED, OUTSIDER] {
        let answer = place(&registry, "hospital", number, content()).unwrap();
        assert_eq!(answer.status, "received", "{number}");
        assert_eq!(answer.notice.len(), 32, "{number}");
        assert!(answer.notice.bytes().all(|byte| byte.is_ascii_hexdigit()), "{number}");
        assert!(!answer.notice.contains(number.get(5..).unwrap()), "an id says nothing of the person");
        assert!(ids.insert(answer.notice), "{number}: an id is given once");
    }
}

#[test]
fn one_source_is_heard_once_and_two_sources_twice() {
    let registry = registry();
    let first = place(&registry, "hospital", ADULT, content()).unwrap();
    let later = DeathNotice { died: Day::parse("2026-11-21").unwrap(), place: "At home".into(), ..content() };
    assert_eq!(
        place(&registry, "hospital", ADULT, later.clone()).unwrap(),
        first,
        "said otherwise, it is the same notice"
    );
    let council = place(&registry, "council", ADULT, later).unwrap();
    assert_ne!(council, first);
    assert_ne!(place(&registry, "hospital", OTHER, content()).unwrap(), first, "another person, another notice");
    assert_eq!(place(&registry, "council", ADULT, content()).unwrap(), council);
}

#[test]
fn a_notice_holds_one_person_for_every_service_until_the_last_is_withdrawn() {
    let store = Arc::new(store());
    let registry = service(Arc::clone(&store) as _);
    let hospital = place(&registry, "hospital", ADULT, content()).unwrap();
    let council = place(&registry, "council", ADULT, content()).unwrap();
    let refused = || {
        let kyc = permit(id::KYC, ADULT).datatypes(&["identity.name"]).mint();
        let household = permit(id::HOUSEHOLD, ADULT).datatypes(&["nser.pmt"]).mint();
        let identity = run(registry.identity(&kyc, cnic(ADULT))).is_err();
        let home = run(registry.household(&household, cnic(ADULT))).is_err();
        assert_eq!(identity, home, "services do not disagree about a person");
        assert_eq!(identity, !verifiable(&registry, ADULT));
        identity
    };
    assert!(refused());
    assert!(verifiable(&registry, OTHER), "nobody else of the household is held");
    let other = permit(id::HOUSEHOLD, OTHER).datatypes(&["nser.pmt"]).mint();
    assert!(run(registry.household(&other, cnic(OTHER))).is_ok(), "the household answers for its other members");
    assert_eq!(run(store.withdraw_notice(&hospital.notice)), Ok(true));
    assert!(refused(), "the council still says so");
    assert_eq!(run(store.withdraw_notice(&hospital.notice)), Ok(false));
    assert!(refused(), "a notice is not withdrawn twice for two");
    assert_eq!(run(store.withdraw_notice(&council.notice)), Ok(true));
    assert!(!refused(), "a false notice restores all");
}

#[test]
fn a_notice_shows_nothing_of_itself_in_a_log() {
    let told = DeathNotice {
        place: "Mehran Hospital".into(),
        cause: Some("fever".into()),
        informant: Some(cnic(OTHER)),
        ..content()
    };
    assert_eq!(format!("{told:?}"), "DeathNotice(…)");
    assert_eq!(format!("{:?}", Particulars { name: Some("Aslam".into()), ..Particulars::default() }), "Particulars(…)");
}
