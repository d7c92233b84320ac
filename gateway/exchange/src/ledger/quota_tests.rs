//! What a quota says of itself, whom it bounds, and when it warns.

use proptest::prelude::*;

use super::*;
use crate::{
    classification::Sector,
    ledger::QuotaBook,
    onboarding::testing::{agency, directory},
};

fn quota(id: &str, level: Level) -> Quota {
    Quota {
        id: QuotaId::parse(id).unwrap(),
        level,
        measure: Measure::Rows,
        most: 200,
        per: Period::Day,
        alerts: vec![50, 80, 100],
        instrument: "contract 7".into(),
        ended: false,
    }
}

fn mill() -> AgencyId {
    AgencyId::parse("mill").unwrap()
}

fn of_user(user: &str) -> Level {
    Level::User { agency: mill(), user: UserId::parse(user).unwrap() }
}

fn of_place(place: &str) -> Level {
    Level::Place { agency: mill(), place: Place::parse(place).unwrap() }
}

#[test]
fn a_quota_says_what_is_wrong_with_it() {
    let sound = quota("q", Level::Agency(mill()));
    let check = |quota: Quota, expected: Option<&str>| {
        let told = quota.check().err().map(|why| why.to_string());
        let named = told.as_deref().zip(expected).is_some_and(|(told, word)| told.contains(word));
        assert_eq!(told.is_some(), expected.is_some(), "{quota:?} {told:?}");
        assert!(named || expected.is_none(), "{told:?}");
    };
    check(sound.clone(), None);
    check(Quota { alerts: Vec::new(), ..sound.clone() }, None);
    check(Quota { alerts: (1..=10).collect(), ..sound.clone() }, None);
    check(Quota { alerts: (1..=11).collect(), ..sound.clone() }, Some("at most 10"));
    for alerts in [vec![0], vec![101], vec![80, 50], vec![50, 50]] {
        check(Quota { alerts, ..sound.clone() }, Some("alerts"));
    }
    check(Quota { most: 0, ..sound.clone() }, Some("most"));
    check(Quota { most: -1, ..sound.clone() }, Some("most"));
    check(Quota { instrument: " ".into(), ..sound }, Some("instrument"));
}

#[test]
fn a_quota_is_read_as_an_operator_writes_it_and_nothing_else() {
    let text = "id = 'badin-rows'\nlevel = { place = { agency = 'mill', place = 'Badin' } }\nmeasure = 'rows'\nmost = 9\n\
                per = 'month'\nalerts = [80]\ninstrument = 'order 3'";
    let read: Quota = toml::from_str(text).unwrap();
    assert_eq!((read.level.clone(), read.per, read.ended), (of_place("Badin"), Period::Month, false));
    assert_eq!(serde_json::from_str::<Quota>(&serde_json::to_string(&read).unwrap()).unwrap(), read);
    for (from, to) in [("'rows'", "'bytes'"), ("'month'", "'year'"), ("most = 9", "most = 9.5"), ("'Badin'", "' '")] {
        assert!(toml::from_str::<Quota>(&text.replace(from, to)).is_err(), "{to}");
    }
    assert!(toml::from_str::<Quota>(&format!("{text}\nmore = 1")).is_err());
}

#[test]
fn each_level_bounds_its_own_and_nobody_else() {
    let data = directory();
    let (company, bank) = (&data.agencies[0], agency("bank", "Bank", Sector::Private));
    let clerk = User { place: Place::parse("Badin").ok(), ..data.users[0].clone() };
    let other = User { id: UserId::parse("other").unwrap(), place: Place::parse("Thatta").ok(), ..clerk.clone() };
    let placeless = User { place: None, ..clerk.clone() };
    let levels = [
        Level::Kind("Company".into()),
        Level::Agency(mill()),
        of_place("Badin"),
        of_user("clerk"),
        Level::Kind("Bank".into()),
    ];
    let all = levels.into_iter().enumerate().map(|(n, level)| quota(&format!("q{n}"), level));
    let ended = Quota { ended: true, ..quota("q9", Level::Agency(mill())) };
    let book = QuotaBook::new(all.rev().chain([ended]).collect());
    let check = |agency: &Agency, user: Option<&User>, expected: &[&str]| {
        let found: Vec<String> = book.covering(agency, user).iter().map(|quota| quota.id.to_string()).collect();
        assert_eq!(found, expected, "{user:?}");
    };
    check(company, Some(&clerk), &["q0", "q1", "q2", "q3"]);
    check(company, Some(&other), &["q0", "q1"]);
    check(company, Some(&placeless), &["q0", "q1", "q3"]);
    check(company, None, &["q0", "q1"]);
    // The same name in another agency is another person.
    check(&bank, Some(&User { agency: bank.id.clone(), ..clerk }), &["q4"]);
    check(&agency("guild", "Guild", Sector::Private), None, &[]);
}

#[test]
fn a_period_begins_at_midnight_in_karachi() {
    let at = |text: &str| Timestamp::parse_rfc3339(text).unwrap();
    let quota = quota("q", Level::Agency(mill()));
    let day = quota.period(at("2026-11-30T18:59:59Z")).unwrap();
    let next = quota.period(at("2026-11-30T19:00:00Z")).unwrap();
    assert_eq!((day.from, day.until), (at("2026-11-30T00:00:00+05:00"), at("2026-12-01T00:00:00+05:00")));
    assert_eq!(next.from, day.until);
    let month = Quota { per: Period::Month, ..quota };
    assert_eq!(month.period(at("2026-11-30T18:59:59Z")).unwrap().until, day.until);
    assert_eq!(month.period(Timestamp::from_micros(i64::MAX)), None);
}

#[test]
fn a_warning_is_given_once_where_it_is_crossed() {
    let quota = quota("q", Level::Agency(mill()));
    let check = |before, after, alert, crossed| {
        assert_eq!((quota.alert(after), quota.crossed(before, after)), (alert, crossed), "{before} {after}");
    };
    check(0, 99, None, None);
    check(99, 100, Some(50), Some(50));
    check(100, 101, Some(50), None);
    check(99, 160, Some(80), Some(80));
    check(199, 200, Some(100), Some(100));
    check(200, 900, Some(100), None);
    assert_eq!((quota.percent(199), quota.percent(201), quota.percent(-5)), (99, 100, 0));
    let none = Quota { most: 0, ..quota };
    assert_eq!((none.percent(0), none.alert(0)), (100, Some(100)));
}

#[test]
fn every_measure_has_its_word_and_its_share_of_an_answer() {
    let usage = Usage { rows: 1, calls: 2, milli_paisa: 3 };
    for (n, measure) in Measure::ALL.into_iter().enumerate() {
        assert_eq!(Measure::parse(&measure.to_string()), Some(measure));
        assert_eq!(usage.of(measure), i64::try_from(n).unwrap() + 1);
        assert_eq!(serde_json::to_value(measure).unwrap(), measure.as_str());
    }
    assert_eq!(Measure::parse("bytes"), None);
}

proptest! {
    /// However a period's use is cut into steps, each warning is given at most once, rising, and the last is where it stands.
    #[test]
    fn warnings_of_a_period_rise_to_where_it_stands(
        most in 1_i64..=i64::MAX, shares in prop::collection::vec(0_i64..=i64::MAX / 64, 0..40),
        alerts in prop::collection::btree_set(1_u8..=100, 0..10),
    ) {
        let quota = Quota { most, alerts: alerts.into_iter().collect(), ..quota("q", Level::Agency(mill())) };
        prop_assert_eq!(quota.check(), Ok(()));
        let (mut used, mut given) = (0_i64, Vec::new());
        for share in shares {
            let after = used + share;
            given.extend(quota.crossed(used, after));
            used = after;
        }
        prop_assert!(given.windows(2).all(|pair| pair[0] < pair[1]), "{:?}", given);
        prop_assert_eq!(given.last().copied(), quota.alert(used));
        let reached = |percent: &&u8| i128::from(used) * 100 >= i128::from(most) * i128::from(**percent);
        prop_assert_eq!(quota.alert(used), quota.alerts.iter().rfind(reached).copied());
    }

    /// Whoever is covered is so by the directory's own words, and the book finds the same as asking each quota.
    #[test]
    fn the_book_finds_what_each_quota_says_of_itself(picks in prop::collection::vec((0_usize..6, any::<bool>()), 0..12), who in 0_usize..4) {
        let data = directory();
        let (company, bank) = (data.agencies[0].clone(), agency("bank", "Bank", Sector::Private));
        let clerk = User { place: Place::parse("Badin").ok(), ..data.users[0].clone() };
        let (agency, user) = match who {
            0 => (&company, None),
            1 => (&company, Some(clerk)),
            2 => (&company, Some(User { place: None, ..clerk })),
            _ => (&bank, Some(User { agency: bank.id.clone(), ..clerk })),
        };
        let level = |n: usize| match n {
            0 => Level::Kind("Company".into()),
            1 => Level::Kind("Bank".into()),
            2 => Level::Agency(mill()),
            3 => of_place("Badin"),
            4 => of_user("clerk"),
            _ => of_user("nobody"),
        };
        let all: Vec<Quota> = picks.iter().enumerate()
            .map(|(n, (at, ended))| Quota { ended: *ended, ..quota(&format!("q{n:02}"), level(*at)) }).collect();
        let expected: Vec<Quota> = all.iter().filter(|quota| quota.covers(agency, user.as_ref())).cloned().collect();
        let found: Vec<Quota> = QuotaBook::new(all).covering(agency, user.as_ref()).iter().map(|it| Quota::clone(it)).collect();
        prop_assert_eq!(found, expected);
    }
}
