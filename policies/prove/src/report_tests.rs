//! The table and the document, to the letter.

use super::*;
use crate::{example::Example, law::Premise};

fn run() -> Run {
    Run { solver: "1.0.3".into(), policies: 2, environments: 3, ms: 40 }
}

fn finding(id: &str, failures: Vec<Failure>) -> Finding {
    let (id, title) = (id.to_owned(), "What must hold".to_owned());
    Finding { id, title, premise: Premise::Law, queries: 7, ms: 12, failures, waived: Vec::new() }
}

fn failure(said: &str, with_example: bool) -> Failure {
    let example = Example {
        principal: "User \"u\"".into(),
        action: "act".into(),
        resource: "Datatype \"d\"".into(),
        context: vec!["now 1".into(), "agency: id \"a\"".into()],
        confirmed: true,
    };
    Failure { said: said.into(), example: with_example.then_some(example) }
}

#[test]
fn a_table_of_proofs_is_short() {
    let expected = "\
theorem                          from                   queries  result               ms
TH1-a                            law                          7  proved               12

1 of 1 proved, 7 queries, 2 policies, 3 environments, 40 ms, cvc5 1.0.3
";
    assert_eq!(as_text(&run(), &[finding("TH1-a", Vec::new())]), expected);
}

#[test]
fn a_counterexample_stands_beneath_the_table() {
    let text =
        as_text(&run(), &[finding("TH1-a", vec![failure("act by User: no", true)]), finding("TH2-b", Vec::new())]);
    let expected = "
TH1-a does not follow from law: What must hold
  act by User: no
    principal  User \"u\"
    action     act
    resource   Datatype \"d\"
    context    now 1
               agency: id \"a\"
    replayed   Cedar's authoriser decides it so

1 of 2 proved, 14 queries, 2 policies, 3 environments, 40 ms, cvc5 1.0.3
";
    assert!(text.ends_with(expected), "{text}");
}

#[test]
fn what_is_waived_is_shown_and_proved_all_the_same() {
    let mut finding = finding("TH1-a", Vec::new());
    finding.waived.push(failure("act by User: more; waived by A and B: law", true));
    let text = as_text(&run(), &[finding.clone()]);
    assert!(
        text.contains("\nTH1-a: what a waiver lets pass\n  act by User: more; waived by A and B: law\n    principal")
    );
    assert!(text.contains("1 of 1 proved"), "{text}");
    let waived = &as_json(&run(), &[finding])["prove"]["theorems"][0]["waived"];
    assert_eq!(waived[0]["said"], "act by User: more; waived by A and B: law");
}

#[test]
fn a_long_list_of_failures_is_cut() {
    let told = |count: usize| {
        let failures = (0..count).map(|number| failure(&format!("failure {number}"), false)).collect();
        as_text(&run(), &[finding("TH1-a", failures)])
    };
    assert!(told(3).contains("failure 2\n") && !told(3).contains("more"), "{}", told(3));
    assert!(told(5).contains("  and 2 more\n") && !told(5).contains("failure 3"), "{}", told(5));
}

#[test]
fn a_result_is_one_word() {
    let check = |failures, expected| assert_eq!(result(&finding("TH1-a", failures)), expected);
    check(Vec::new(), "proved");
    check(vec![failure("x", false)], "NOT PROVED");
    check(vec![failure("x", false), failure("y", true)], "counterexample");
}

#[test]
fn the_document_has_all_of_it() {
    let document = as_json(&run(), &[finding("TH1-a", vec![failure("act by User: no", true)])]);
    let expected = json!({ "prove": {
        "solver": "cvc5 1.0.3", "policies": 2, "environments": 3, "ms": 40,
        "theorems": [{
            "id": "TH1-a", "title": "What must hold", "from": "law", "queries": 7, "result": "counterexample", "ms": 12,
            "failures": [{ "said": "act by User: no", "example": {
                "principal": "User \"u\"", "action": "act", "resource": "Datatype \"d\"",
                "context": ["now 1", "agency: id \"a\""], "confirmed": true,
            } }],
            "waived": [],
        }],
    } });
    assert_eq!(document, expected);
}
