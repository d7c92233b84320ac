//! Quotas: each rule broken alone, and the sound change beside it.

use super::{super::Change, *};
use crate::{
    directory::DirectoryData,
    ids::{AgencyId, QuotaId, UserId},
    ledger::Measure,
    onboarding::testing::{catalogue, directory, now, rules},
    place::Place,
    programme::Period,
};

fn quota(id: &str, level: Level) -> Quota {
    Quota {
        id: QuotaId::parse(id).unwrap(),
        level,
        measure: Measure::Rows,
        most: 5,
        per: Period::Day,
        alerts: vec![80],
        instrument: "contract 7".into(),
        ended: false,
    }
}

fn judged(known: &[Quota], quota: &Quota) -> Option<Rule> {
    let directory = DirectoryData { quotas: known.to_vec(), ..directory() };
    let (catalogue, rules) = (catalogue(), rules());
    let judge = Judge { directory: &directory, cases: &[], catalogue: &catalogue, rules: &rules, now: now() };
    judge.check(&Change::Quota(quota.clone())).err().map(|fault| fault.rule)
}

#[test]
fn a_quota_is_of_somebody_whom_there_is() {
    let agency = |name: &str| AgencyId::parse(name).unwrap();
    let check = |level: Level, expected| assert_eq!(judged(&[], &quota("q", level.clone())), expected, "{level:?}");
    check(Level::Kind("Company".into()), None);
    check(Level::Kind("Circus".into()), Some(Rule::KindUnknown));
    for (name, expected) in [("mill", None), ("nobody", Some(Rule::AgencyUnknown))] {
        check(Level::Agency(agency(name)), expected);
        check(Level::Place { agency: agency(name), place: Place::parse("Badin").unwrap() }, expected);
        check(Level::User { agency: agency(name), user: UserId::parse("clerk").unwrap() }, expected);
    }
    check(Level::User { agency: agency("mill"), user: UserId::parse("nobody").unwrap() }, Some(Rule::Quota));
    assert_eq!(Change::Quota(quota("q", Level::Kind("Company".into()))).agency(), None);
    assert_eq!(Change::Quota(quota("q", Level::Agency(agency("mill")))).agency(), Some(&agency("mill")));
}

#[test]
fn what_a_quota_counts_never_changes_under_its_name() {
    let known = quota("q", Level::Kind("Company".into()));
    let check =
        |quota: Quota, expected| assert_eq!(judged(std::slice::from_ref(&known), &quota), expected, "{quota:?}");
    check(Quota { most: 9, alerts: Vec::new(), instrument: "order 9".into(), ..known.clone() }, None);
    check(Quota { ended: true, ..known.clone() }, None);
    check(Quota { measure: Measure::Calls, ..known.clone() }, Some(Rule::NameTaken));
    check(Quota { per: Period::Month, ..known.clone() }, Some(Rule::NameTaken));
    check(Quota { level: Level::Agency(AgencyId::parse("mill").unwrap()), ..known.clone() }, Some(Rule::NameTaken));
    check(Quota { most: 0, ..known.clone() }, Some(Rule::Quota));
    check(Quota { alerts: vec![80, 80], ..known.clone() }, Some(Rule::Quota));
    check(Quota { instrument: String::new(), ..known.clone() }, Some(Rule::Quota));
    // A second one of the same is no quota of its own, unless the first has ended.
    let twin = Quota { id: QuotaId::parse("twin").unwrap(), ..known.clone() };
    check(twin.clone(), Some(Rule::NameTaken));
    check(Quota { measure: Measure::MilliPaisa, ..twin.clone() }, None);
    check(Quota { ended: true, ..twin.clone() }, None);
    assert_eq!(judged(&[Quota { ended: true, ..known }], &twin), None);
}
