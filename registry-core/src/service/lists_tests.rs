//! Lists through the service: who may, what is shown, how pages join, and that a sample is all that Basic ever sees.

use std::{collections::BTreeSet, sync::Arc};

use exchange::classification::Role;
use serde_json::{Value, json};

use super::*;
use crate::{
    limits::LIST_ROWS_MAX,
    ports::store::StoreError,
    service::{
        spy::Spy,
        testing::{self, ADULT, Asks, OTHER, permit, registry, run, service},
        town::{ASSETS, TEHSIL, town},
    },
};

const NAMED: &[&str] = &["nser.id", "nser.name", "nser.relation", "nser.gender", "nser.age", "nser.address"];

fn asks(service: &str) -> Asks {
    permit(service, "").datatypes(NAMED).rows(10_000)
}

fn area(tehsil: Option<&str>) -> Area {
    Area { district: "Jhang".to_owned(), tehsil: tehsil.map(str::to_owned) }
}

fn page(limit: u32, cursor: Option<String>) -> PageAsked {
    PageAsked { limit, cursor }
}

fn by_address(registry: &RegistryService, permit: &Permit, criteria: &Criteria, page: &PageAsked) -> HouseholdList {
    run(registry.households_by_address(permit, &area(Some(TEHSIL)), criteria, page)).unwrap()
}

fn ids(list: &HouseholdList) -> Vec<String> {
    list.households.iter().filter_map(|household| household.id.clone()).collect()
}

/// Every page of a list.
fn pages(mut ask: impl FnMut(Option<String>) -> HouseholdList) -> Vec<HouseholdList> {
    let mut pages = vec![ask(None)];
    while let Some(cursor) = pages.last().and_then(|page| page.next.clone()) {
        assert!(pages.len() < 10_000, "a list that never ends");
        pages.push(ask(Some(cursor)));
    }
    pages
}

fn shown(role: Role, datatypes: &[&str]) -> Value {
    let permit = permit(id::BY_ADDRESS, "").role(role).datatypes(datatypes).mint();
    let list = run(registry().households_by_address(&permit, &area(None), &Criteria::default(), &page(10, None)));
    serde_json::to_value(list.unwrap()).unwrap()
}

#[test]
fn power_is_shown_all_that_is_named_and_nobody_is_searched() {
    let datatypes =
        [NAMED, &["nser.assets", "nser.pmt", "nser.contact", "nser.payments", "nser.cnic", "nser.location"]];
    let expected = json!({"subjects": [ADULT, OTHER], "households": [{
        "id": "NSER-0000000009", "district": "Jhang", "tehsil": "Jhang", "address": "House 4",
        "pmt": 31.25, "assets": ["Bicycle"], "beneficiary": true, "payments": [{"month": "2026-09", "amount": 13500}],
        "latitude": 31.25, "longitude": 72.3,
        "members": [
            {"name": "Muhammad Aslam", "name_ur": "محمد اسلم", "relation": "head", "gender": "M", "age": "40-41",
             "cnic": ADULT, "mobile": "+923990000001"},
            {"name": "Muhammad Aslam", "name_ur": "محمد اسلم", "relation": "son", "gender": "M", "age": "40-41",
             "cnic": OTHER, "mobile": "+923990000001"},
        ],
    }]});
    assert_eq!(shown(Role::Power, &datatypes.concat()), expected);
}

#[test]
fn standard_is_shown_names_and_no_numbers_and_the_record_is_told_whose() {
    let datatypes = ["nser.name", "nser.gender", "nser.relation", "nser.age", "nser.address"];
    let expected = json!({"subjects": [ADULT, OTHER], "households": [{
        "district": "Jhang", "tehsil": "Jhang", "address": "House 4",
        "members": [
            {"name": "Muhammad Aslam", "name_ur": "محمد اسلم", "relation": "head", "gender": "M", "age": "40-41"},
            {"name": "Muhammad Aslam", "name_ur": "محمد اسلم", "relation": "son", "gender": "M", "age": "40-41"},
        ],
    }]});
    assert_eq!(shown(Role::Standard, &datatypes), expected);
    let scores = json!({"subjects": [ADULT, OTHER], "households": [{"pmt": 31.25, "members": [{}, {}]}]});
    assert_eq!(shown(Role::Standard, &["nser.pmt"]), scores);
}

#[test]
fn basic_is_shown_the_whole_household_of_a_sample_only() {
    assert_eq!(shown(Role::Basic, NAMED), json!({"subjects": [], "households": []}), "one household has no sample");
    let registry = service(Arc::new(town(100)));
    let permit = permit(id::BY_ADDRESS, "").role(Role::Basic).datatypes(&["nser.age", "nser.relation"]).mint();
    let list = by_address(&registry, &permit, &Criteria::default(), &page(10, None));
    assert_eq!(list.households.len(), 1);
    let members = serde_json::to_value(&list.households[0].members).unwrap();
    assert_eq!(members, json!([{"relation": "head", "age": 30}, {"relation": "son", "age": 4}]));
    assert_eq!(list.subjects.len(), 1, "the child has no number");
}

#[test]
fn a_permit_opens_its_own_list_and_only_what_it_names() {
    let registry = registry();
    let first = page(10, None);
    let all = Criteria::default();
    let check = |permit: &Permit, address, pmt| {
        let got = run(registry.households_by_address(permit, &area(None), &all, &first));
        assert_eq!(got.map(|list| list.households.len()), address);
        let got = run(registry.households_by_pmt(permit, &area(None), PmtRange::ALL, &first));
        assert_eq!(got.map(|list| list.households.len()), pmt);
    };
    let refused = || Err(RegistryError::NotPermitted);
    check(&asks(id::BY_ADDRESS).mint(), Ok(1), refused());
    check(&asks(id::BY_PMT).mint(), refused(), Ok(1));
    check(&asks(id::HOUSEHOLD).mint(), refused(), refused());
    check(&permit(id::BY_ADDRESS, "").mint(), refused(), refused());
    check(&permit(id::BY_PMT, "").mint(), refused(), refused());
    check(&asks(id::BY_ADDRESS).rows(0).mint(), refused(), refused());
}

#[test]
fn what_cannot_be_asked_is_refused_by_its_parameter_before_anything_is_read() {
    let spy = Spy::new();
    let registry = service(Arc::clone(&spy) as Arc<dyn crate::ports::store::RegistryStore>);
    let (address, pmt) = (asks(id::BY_ADDRESS).mint(), asks(id::BY_PMT).mint());
    let check = |area: &Area, criteria: &Criteria, asked: &PageAsked, name| {
        let got = run(registry.households_by_address(&address, area, criteria, asked));
        assert_eq!(got, Err(RegistryError::Parameter(name)));
    };
    let (any, all) = (area(None), Criteria::default());
    check(&Area { district: " ".to_owned(), tehsil: None }, &all, &page(1, None), "district");
    check(&area(Some("")), &all, &page(1, None), "tehsil");
    check(&any, &all, &page(0, None), "limit");
    check(&any, &all, &page(1, Some("NSER-0000000009".to_owned())), "cursor");
    check(&any, &Criteria { assets: vec![String::new()], ..all.clone() }, &page(1, None), "assets");
    check(&any, &Criteria { members_min: Some(2), members_max: Some(1), ..all }, &page(1, None), "members_min");
    for (from, to, name) in [(2, 1, "pmt_from"), (0, 10_001, "pmt_to"), (10_001, 10_001, "pmt_to")] {
        let got = run(registry.households_by_pmt(&pmt, &any, PmtRange { from, to }, &page(1, None)));
        assert_eq!(got, Err(RegistryError::Parameter(name)), "{from} to {to}");
    }
    assert_eq!(spy.calls(), [""; 0]);
}

#[test]
fn a_store_that_fails_is_no_empty_list() {
    let spy = Spy::new();
    let registry = service(Arc::clone(&spy) as Arc<dyn crate::ports::store::RegistryStore>);
    let criteria = Criteria { members_min: Some(1), ..Criteria::default() };
    for criteria in [Criteria::default(), criteria] {
        spy.fail_at(1, StoreError::Corrupt("pmt"));
        let got =
            run(registry.households_by_address(&asks(id::BY_ADDRESS).mint(), &area(None), &criteria, &page(1, None)));
        assert_eq!(got, Err(RegistryError::Store(StoreError::Corrupt("pmt"))));
    }
}

#[test]
fn pages_join_to_the_whole_list_whatever_their_length() {
    let registry = service(Arc::new(town(300)));
    let permit = asks(id::BY_ADDRESS).mint();
    let all = Criteria::default();
    let whole = ids(&by_address(&registry, &permit, &all, &page(1_000, None)));
    assert_eq!(whole.iter().collect::<BTreeSet<_>>().len(), 300);
    assert!(!whole.is_sorted(), "the order tells nothing of the numbers");
    for limit in [1, 7, 100, 299, 300] {
        let pages = pages(|cursor| by_address(&registry, &permit, &all, &page(limit, cursor)));
        let length = usize::try_from(limit).unwrap();
        assert!(pages.iter().rev().skip(1).all(|page| page.households.len() == length));
        assert_eq!(pages.len(), 300_usize.div_ceil(length), "{limit}: no empty page at the end");
        assert_eq!(pages.iter().flat_map(ids).collect::<Vec<_>>(), whole, "{limit}");
    }
}

#[test]
fn the_least_of_limit_permit_and_bound_counts() {
    let registry = service(Arc::new(town(1_200)));
    let check = |limit, permitted, expected| {
        let permit = asks(id::BY_ADDRESS).rows(permitted).mint();
        let list = by_address(&registry, &permit, &Criteria::default(), &page(limit, None));
        assert_eq!((list.households.len(), list.next.is_some()), (expected, true), "{limit} of {permitted}");
    };
    check(5, 60, 5);
    check(60, 5, 5);
    check(u32::MAX, u32::MAX, usize::try_from(LIST_ROWS_MAX).unwrap());
}

#[test]
fn criteria_find_all_who_meet_them_over_many_readings() {
    let registry = service(Arc::new(town(1_200)));
    let permit = asks(id::BY_ADDRESS).mint();
    // One in six of the town owns the last asset.
    let rare = Criteria { assets: vec![ASSETS[5].to_owned()], ..Criteria::default() };
    let whole = ids(&by_address(&registry, &permit, &rare, &page(1_000, None)));
    assert_eq!(whole.iter().collect::<BTreeSet<_>>().len(), 200);
    for limit in [1, 33, 199, 200] {
        let pages = pages(|cursor| by_address(&registry, &permit, &rare, &page(limit, cursor)));
        assert_eq!(pages.iter().flat_map(ids).collect::<Vec<_>>(), whole, "{limit}");
        assert!(pages.iter().all(|page| !page.households.is_empty()), "{limit}");
    }
    let nobody = Criteria { members_min: Some(3), ..Criteria::default() };
    assert_eq!(by_address(&registry, &permit, &nobody, &page(10, None)), HouseholdList::default());
}

#[test]
fn a_search_for_what_nobody_has_ends_and_goes_on() {
    let registry = service(Arc::new(town(u64::from(LIST_EXAMINED_MAX) + 500)));
    let permit = asks(id::BY_ADDRESS).mint();
    let nobody = Criteria { members_min: Some(3), ..Criteria::default() };
    let pages = pages(|cursor| by_address(&registry, &permit, &nobody, &page(10, cursor)));
    assert_eq!(pages.len(), 2, "one page looks at so many and no more");
    assert!(pages.iter().all(|page| page.households.is_empty()));
}

#[test]
fn a_range_of_scores_holds_both_ends() {
    let registry = service(Arc::new(town(1_000)));
    let permit = asks(id::BY_PMT).datatypes(&["nser.pmt"]).mint();
    let range = PmtRange { from: 1_000, to: 2_000 };
    let list = run(registry.households_by_pmt(&permit, &area(Some(TEHSIL)), range, &page(1_000, None))).unwrap();
    let scores: Vec<_> = list.households.iter().filter_map(|household| household.pmt).collect();
    // The n-th household has 10 n hundredths.
    assert_eq!(scores.len(), 101);
    assert!(scores.contains(&10.0) && scores.contains(&20.0));
    assert!(scores.iter().all(|score| (10.0..=20.0).contains(score)));
}

#[test]
fn an_area_is_found_however_it_is_written() {
    let registry = service(Arc::new(town(10)));
    let permit = asks(id::BY_ADDRESS).mint();
    let check = |district: &str, tehsil: Option<&str>, expected| {
        let area = Area { district: district.to_owned(), tehsil: tehsil.map(str::to_owned) };
        let list = run(registry.households_by_address(&permit, &area, &Criteria::default(), &page(100, None))).unwrap();
        assert_eq!(list.households.len(), expected, "{district} {tehsil:?}");
    };
    check("Jhang", Some(TEHSIL), 10);
    check(" JHANG ", Some(&TEHSIL.to_uppercase()), 10);
    check("Jhang", None, 10);
    check("Jhang", Some("Jhang"), 0);
    check("Jhan", None, 0);
    check("Nowhere", Some(TEHSIL), 0);
}

/// Draws that are the same in every run (Marsaglia 2003, xorshift64).
struct Draws(u64);

impl Draws {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }

    fn maybe(&mut self, bound: u64) -> Option<u32> {
        let drawn = self.below(2 * bound);
        (drawn < bound).then(|| u32::try_from(drawn).unwrap())
    }
}

/// Every household that one random question of this kind finds, page by page.
fn one_question(registry: &RegistryService, draws: &mut Draws, sampled: &dyn Fn(&str) -> Asks) -> Vec<String> {
    let limit = u32::try_from(1 + draws.below(20)).unwrap();
    let area = area(Some(TEHSIL).filter(|_| draws.below(2) == 0));
    let found = if draws.below(2) == 0 {
        let (a, b) = (u16::try_from(draws.below(10_001)).unwrap(), u16::try_from(draws.below(10_001)).unwrap());
        let range = PmtRange { from: a.min(b), to: a.max(b) };
        let permit = sampled(id::BY_PMT).mint();
        pages(|cursor| run(registry.households_by_pmt(&permit, &area, range, &page(limit, cursor))).unwrap())
    } else {
        let asset = usize::try_from(draws.below(12)).unwrap();
        let criteria = Criteria {
            assets: ASSETS.get(asset).map(|asset| (*asset).to_owned()).into_iter().collect(),
            members_max: draws.maybe(5),
            member_age_max: draws.maybe(60),
            ..Criteria::default()
        };
        let permit = sampled(id::BY_ADDRESS).mint();
        pages(|cursor| run(registry.households_by_address(&permit, &area, &criteria, &page(limit, cursor))).unwrap())
    };
    found.iter().flat_map(ids).collect()
}

#[test]
fn a_hundred_questions_of_two_users_show_one_in_a_hundred() {
    let registry = service(Arc::new(town(1_000)));
    let users: [&dyn Fn(&str) -> Asks; 2] =
        [&|service| asks(service).role(Role::Basic).agency(Some("bank-indus")), &|service| {
            asks(service).sampled().agency(Some("bisp"))
        }];
    let mut draws = Draws(0x5eed);
    let mut union = BTreeSet::new();
    for repeat in 0..100 {
        union.extend(one_question(&registry, &mut draws, users[repeat % 2]));
        for user in users {
            let all = by_address(&registry, &user(id::BY_ADDRESS).mint(), &Criteria::default(), &page(1_000, None));
            union.extend(ids(&all));
            assert_eq!(all.households.len(), 10);
        }
    }
    assert_eq!(union.len(), 10, "all answers together are one in a hundred");
    // The same questions of one who may see all find many: the sample did it, not the questions.
    let mut draws = Draws(0x5eed);
    let everybody: BTreeSet<_> = (0..100).flat_map(|_| one_question(&registry, &mut draws, &asks)).collect();
    assert!(everybody.len() > 500, "{}", everybody.len());
}

#[test]
fn a_sample_is_owed_by_the_obligation_or_by_the_role() {
    let owed = |asks: Asks| sampled(&asks.mint());
    assert!(!owed(asks(id::BY_PMT)));
    assert!(!owed(asks(id::BY_PMT).role(Role::Power)));
    assert!(owed(asks(id::BY_PMT).sampled()));
    assert!(owed(asks(id::BY_PMT).role(Role::Power).sampled()));
    assert!(owed(asks(id::BY_PMT).role(Role::Basic)), "a permit from another process has lost its obligations");
}

#[test]
fn a_permit_outside_the_calendar_opens_nothing() {
    let permit = asks(id::BY_ADDRESS).instant(exchange::timestamp::Timestamp::from_micros(i64::MAX)).mint();
    let registry = service(Arc::new(testing::store()));
    let got = run(registry.households_by_address(&permit, &area(None), &Criteria::default(), &page(1, None)));
    assert_eq!(got, Err(RegistryError::Clock));
}
