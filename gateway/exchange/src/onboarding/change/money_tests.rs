//! Rates and gifts: each rule broken alone, and the sound change beside it.

use std::sync::Arc;

use super::{super::Change, *};
use crate::{
    catalogue::Catalogue,
    directory::DirectoryData,
    ids::{AgencyId, GratisId, RateVersion, ServiceId, TariffKey},
    onboarding::testing::{catalogue, directory, now, rules},
    tariff::{GratisReason, Price, Rate, Unit},
};

/// A book that prices whatever the small catalogue charges for, from an hour after [`now`].
fn book(version: &str) -> RateBook {
    let services = catalogue();
    let lines = services.services().iter().flat_map(|service| {
        service.charge.priced().iter().map(|unit| (service.tariff.clone(), *unit)).collect::<Vec<_>>()
    });
    let mut rates: Vec<Rate> = Vec::new();
    for (key, unit) in lines.chain([(TariffKey::parse("kept.for-later").unwrap(), Unit::Row)]) {
        if rates.iter().all(|rate| (&rate.key, rate.unit) != (&key, unit)) {
            rates.push(Rate { key, unit, government: Price::flat(1), private: Price::flat(2) });
        }
    }
    RateBook {
        version: RateVersion::parse(version).unwrap(),
        valid_from: now().plus_seconds(3_600),
        instrument: "Board 1/2026".into(),
        forum: Forum::BispBoard,
        sample: false,
        taxes: Vec::new(),
        rates,
    }
}

fn gift(id: &str) -> Gratis {
    Gratis {
        id: GratisId::parse(id).unwrap(),
        agency: AgencyId::parse("mill").unwrap(),
        reason: GratisReason::EnrichNser,
        instrument: "Secretary 3/2026".into(),
        forum: Forum::SecretaryBisp,
        services: vec![catalogue().services()[0].id.clone()],
        valid_from: now().plus_seconds(3_600),
        valid_until: now().plus_seconds(7_200),
        ended_at: None,
    }
}

fn judged_by(directory: &DirectoryData, catalogue: &Catalogue, change: &Change, at: Timestamp) -> Option<Rule> {
    let rules = rules();
    Judge { directory, cases: &[], catalogue, rules: &rules, now: at }.check(change).err().map(|fault| fault.rule)
}

fn judged(directory: &DirectoryData, change: &Change) -> Option<Rule> {
    judged_by(directory, &catalogue(), change, now())
}

#[test]
fn b26_a_rate_book_begins_in_time_and_never_changes_what_was_answered() {
    let begun = RateBook { valid_from: now().plus_seconds(-9), ..book("v1") };
    let coming = book("v2");
    let directory = DirectoryData { rate_books: vec![begun.clone(), coming.clone()], ..directory() };
    let check = |book: RateBook, expected| {
        assert_eq!(judged(&directory, &Change::RateBook(book.clone())), expected, "{book:?}");
    };
    let next = RateBook { valid_from: now().plus_seconds(9_999), ..book("v3") };
    check(next.clone(), None);
    for seconds in [-1, 0, limits::MONEY_LEAD_S - 1] {
        check(RateBook { valid_from: now().plus_seconds(seconds), ..next.clone() }, Some(Rule::TooSoon));
    }
    check(RateBook { valid_from: now().plus_seconds(limits::MONEY_LEAD_S), ..next.clone() }, None);
    check(RateBook { valid_from: next.valid_from, ..begun }, Some(Rule::TooSoon));
    check(RateBook { valid_from: next.valid_from, ..coming.clone() }, None);
    check(RateBook { valid_from: coming.valid_from, ..next.clone() }, Some(Rule::NameTaken));
    check(RateBook { forum: Forum::SecretaryBisp, ..next.clone() }, Some(Rule::ForumTooLow));
    check(RateBook { instrument: String::new(), ..next }, Some(Rule::RateBook));
    // What was sound when it was proposed may be too late when it is approved.
    let late = now().plus_seconds(9_999);
    let proposed = Change::RateBook(RateBook { valid_from: late, ..book("v4") });
    assert_eq!(judged_by(&directory, &catalogue(), &proposed, late), Some(Rule::TooSoon));
}

#[test]
fn a_book_without_a_line_for_what_is_charged_would_give_it_away() {
    let mut service = Arc::unwrap_or_clone(Arc::clone(&catalogue().services()[0]));
    service.charge = crate::catalogue::ChargeUnit::Match;
    service.tariff = TariffKey::parse("inquiry").unwrap();
    let charged = Catalogue::new(vec![service], Vec::new());
    let with = |units: &[Unit]| {
        let key = TariffKey::parse("inquiry").unwrap();
        let line =
            |unit: &Unit| Rate { key: key.clone(), unit: *unit, government: Price::flat(1), private: Price::flat(2) };
        let rates = book("v1").rates.into_iter().chain(units.iter().map(line)).collect();
        judged_by(&directory(), &charged, &Change::RateBook(RateBook { rates, ..book("v1") }), now())
    };
    assert_eq!(with(&[]), Some(Rule::RateBook));
    assert_eq!(with(&[Unit::Match]), Some(Rule::RateBook), "who is not found has a line of its own");
    assert_eq!(with(&[Unit::Match, Unit::NoMatch]), None);
}

#[test]
fn b29_a_gift_names_reason_forum_services_and_is_only_ever_ended() {
    let known = gift("g1");
    let directory = DirectoryData { gratis: vec![known.clone()], ..directory() };
    let check = |gift: Gratis, expected| {
        assert_eq!(judged(&directory, &Change::Gratis(gift.clone())), expected, "{gift:?}");
    };
    let new = gift("g2");
    check(new.clone(), None);
    check(Gratis { forum: Forum::BispBoard, ..new.clone() }, None);
    check(Gratis { forum: Forum::DgNser, ..new.clone() }, Some(Rule::ForumTooLow));
    check(Gratis { agency: AgencyId::parse("nobody").unwrap(), ..new.clone() }, Some(Rule::AgencyUnknown));
    check(Gratis { instrument: " ".into(), ..new.clone() }, Some(Rule::Empty));
    check(Gratis { services: Vec::new(), ..new.clone() }, Some(Rule::Empty));
    let elsewhere = vec![ServiceId::parse("no.such").unwrap()];
    check(Gratis { services: elsewhere, ..new.clone() }, Some(Rule::ServiceUnknown));
    check(Gratis { valid_from: now(), ..new.clone() }, Some(Rule::TooSoon));
    check(Gratis { valid_until: new.valid_from, ..new.clone() }, Some(Rule::DatesReversed));
    check(Gratis { ended_at: Some(new.valid_from), ..new }, Some(Rule::Empty));
    // One that was made.
    let end = |seconds| Gratis { ended_at: Some(now().plus_seconds(seconds)), ..known.clone() };
    check(end(60), None);
    check(end(1), Some(Rule::TooSoon));
    check(known.clone(), Some(Rule::NameTaken));
    check(Gratis { valid_until: known.valid_until.plus_seconds(1), ..end(60) }, Some(Rule::NameTaken));
    let ended = DirectoryData { gratis: vec![end(60)], ..directory.clone() };
    assert_eq!(judged(&ended, &Change::Gratis(end(90))), Some(Rule::NameTaken), "an end is not moved");
}
