//! What slips are made of a policy, and that each is a policy.

use super::*;

const HEAD: &str = "@id(\"G99-x\")@authority(\"test\")@reason(\"policy_denied\")";

/// The slips of one guardrail that stands alone.
fn of(text: &str) -> Vec<Mutant> {
    mutants(&Source::default().with("guardrails/G99-x.cedar", &format!("{HEAD}{text}"))).unwrap()
}

fn said(text: &str) -> Vec<String> {
    of(text).into_iter().map(|mutant| mutant.slip).collect()
}

#[test]
fn each_kind_of_slip_is_made() {
    let check = |scope: &str, condition: &str, expected: &[&str]| {
        let slips = said(&format!("forbid ({scope}) {condition};"));
        assert_eq!(slips[0], "gone");
        assert_eq!(slips[1..], *expected, "{scope} {condition}");
    };
    let all = "principal, action, resource";
    check(all, "", &[]);
    check("principal is N::U, action == N::Action::\"a\", resource", "", &["any principal", "any action"]);
    check(
        "principal, action in [N::Action::\"a\", N::Action::\"b\"], resource",
        "",
        &["any action", "action 1 left out of the scope", "action 2 left out of the scope"],
    );
    check(all, "when { context has a }", &["not `context has a`"]);
    check(all, "when { context.a <= context.b }", &["< for <= in `context.a <= context.b`"]);
    check(all, "when { context.a == context.b }", &["!= for == in `context.a == context.b`"]);
    check(
        all,
        "unless { !context.user.disabled }",
        &["`context.user.disabled` without its not", "not `context.user.disabled`"],
    );
    check(
        all,
        "unless { context.a && context.b && context.c }",
        &["without `context.a && context.b`", "without `context.c`", "without `context.a`", "without `context.b`"],
    );
    check(all, "unless { context.a >= 1 }", &["> for >= in `context.a >= 1`", "0 for 1", "2 for 1"]);
    check(
        all,
        "when { [N::S::\"x\", N::S::\"y\"].contains(context.s) }",
        &["without \"x\" in the set", "without \"y\" in the set", "\"y\" for \"x\"", "\"x\" for \"y\""],
    );
}

#[test]
fn a_mutant_keeps_everything_but_its_slip() {
    let mutants = of("forbid (principal, action, resource) when { context.rows < 5 };");
    let bound = mutants.iter().find(|mutant| mutant.id == "G99-x/bound-1").unwrap();
    let policy = &read::policies(&bound.source).unwrap()[0].policy;
    assert_eq!(policy.annotation("reason"), Some("policy_denied"));
    let text = policy.to_cedar().unwrap();
    assert!(text.contains("context.rows <= 5") || text.contains("(context.rows) <= 5"), "{text}");
}

#[test]
fn every_forbid_of_the_law_has_mutants_and_no_two_are_the_same() {
    let source = Source::embedded();
    let all = mutants(&source).unwrap();
    let ids: BTreeSet<_> = all.iter().map(|mutant| &mutant.id).collect();
    assert_eq!(ids.len(), all.len());
    let forbids = read::policies(&source).unwrap().into_iter().filter(|it| it.policy.effect() == Effect::Forbid);
    for PlacedPolicy { policy, .. } in forbids {
        assert!(ids.contains(&format!("{}/gone", policy.id())), "{}", policy.id());
        assert!(all.iter().filter(|mutant| mutant.policy == policy.id().to_string()).count() > 1, "{}", policy.id());
    }
    assert!(all.len() > 300, "{}", all.len());
}
