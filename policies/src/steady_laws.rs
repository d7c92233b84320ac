//! The proof of steadiness against what could be hidden from it: every operator, every place of a condition.

use super::*;

fn steady(text: &str) -> bool {
    is_steady(&Policy::parse(None, text).unwrap_or_else(|error| panic!("{text}: {error}")))
}

fn when(condition: &str) -> bool {
    steady(&format!("forbid (principal, action, resource) when {{ {condition} }};"))
}

#[test]
fn every_recorded_instant_may_be_compared_with_the_present_from_both_sides() {
    for record in ["agreement", "agency", "consent", "programme", "approval"] {
        for instant in INSTANTS {
            for operator in ["<", "<=", ">", ">="] {
                let recorded = format!("context.{record}.{instant}");
                assert!(when(&format!("context.now {operator} {recorded}")), "{operator} {recorded}");
                assert!(when(&format!("{recorded} {operator} context.now")), "{recorded} {operator}");
                assert!(when(&format!("{recorded} {operator} context.agency.ndaFrom")), "the present is not read");
            }
            for operator in ["==", "!=", "+", "-"] {
                let condition = format!("context.now {operator} context.{record}.{instant} == 1");
                let condition = if operator.len() == 2 { condition.replace(" == 1", "") } else { condition };
                assert!(!when(&condition), "{condition}");
            }
        }
    }
}

#[test]
fn a_number_that_is_no_recorded_instant_may_not_be_compared() {
    for other in [
        "context.rows",
        "context.agreement.rowLimit",
        "context.agreement.validfrom",
        "context.validFrom",
        "context.now.validFrom",
        "context.agreement.dates.validFrom",
        "resource.validFrom",
        "principal.agreement.validFrom",
        "1795330800000",
        "context.now",
        "(context.agreement.validFrom + 1)",
        "(if context.rows == 1 then context.agreement.validFrom else 0)",
    ] {
        assert!(!when(&format!("context.now < {other}")), "{other}");
        assert!(!when(&format!("{other} >= context.now")), "{other}");
    }
}

#[test]
fn the_present_cannot_hide_in_any_operator() {
    for condition in [
        "!(context.now == 1)",
        "-context.now < 5",
        "context.rows == 1 && context.now == 1",
        "context.rows == 1 || context.now == 1",
        "if context.rows == 1 then context.now == 1 else false",
        "if context.rows == 1 then false else context.now == 1",
        "context.now * 2 == 4",
        "[1, context.now].contains(2)",
        "[1, 2].contains(context.now)",
        "[context.now].containsAny([1])",
        "[1].containsAll([context.now])",
        "{at: context.now} == {at: 1}",
        "{at: 1, now: context.now}.at == 1",
        "context == {now: 1}",
        "[context].contains(context)",
        "(if true then context else context).now == 1",
        "{all: context}.all.now == 1",
        "context has now",
        "context[\"now\"] == 1",
        "principal has now && context.now == 1",
        "context.now like \"1*\"",
        "context.now is Ijazat::User",
        "resource in context.now",
        "context.now < context.agreement.validUntil && context.now < 5",
    ] {
        assert!(!when(condition), "{condition}");
    }
}

#[test]
fn what_is_named_as_the_present_elsewhere_is_not_the_present() {
    for condition in [
        "context.agreement.now == 1",
        "context.agreement has now",
        "principal.now == 1",
        "resource has now && resource.now == 1",
        "{now: 1}.now == 1",
        "context.service == Ijazat::Service::\"now\"",
        "context.kind == \"context.now\"",
        "context has agreement && context.agreement.rowLimit > 3",
        "context.rows < 5",
    ] {
        assert!(when(condition), "{condition}");
    }
}

#[test]
fn each_condition_of_a_policy_is_looked_at() {
    let all = "permit (principal, action, resource)";
    assert!(steady(&format!("{all};")), "without a condition there is no present");
    assert!(steady(&format!("{all} when {{ context.rows == 1 }} unless {{ context.rows == 2 }};")));
    assert!(!steady(&format!("{all} when {{ context.rows == 1 }} unless {{ context.now == 2 }};")));
    assert!(!steady(&format!("{all} when {{ context.now == 2 }} unless {{ context.rows == 1 }};")));
    assert!(!steady(&format!("{all} when {{ context.rows == 1 }} when {{ context.now == 2 }};")));
    let scoped =
        "forbid (principal is Ijazat::User, action in [Ijazat::Action::\"a\"], resource == Ijazat::Datatype::\"now\")";
    assert!(steady(&format!("{scoped};")), "names in the scope are no members of the context");
    let annotated = "@id(\"context.now\")@reason(\"now\")forbid (principal, action, resource);";
    assert!(steady(annotated), "nor are annotations");
}
