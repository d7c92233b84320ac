//! Whether policies ask the lists of agreements, programmes, approvals and consents nothing but whether they contain what
//! the question is about: then a question need not write the rest of the lists down.

use cedar_policy::Policy;
use serde_json::Value;

use crate::{
    expression::{is_context, member},
    facts::Lists,
};

/// Records of the context that have lists.
const RECORDS: [&str; 4] = ["agreement", "programme", "approval", "consent"];

/// How much of the lists these policies must see.
pub(crate) fn needed<'a>(policies: impl IntoIterator<Item = &'a Policy>) -> Lists {
    if policies.into_iter().all(asks_what_is_met) { Lists::Met } else { Lists::Whole }
}

/// Whether the policy reads `datatypes`, `services` and `purposes` in no other way than by asking for the question's own.
fn asks_what_is_met(policy: &Policy) -> bool {
    policy.to_json().is_ok_and(|json| json.get("conditions").is_none_or(asks))
}

fn asks(expression: &Value) -> bool {
    match expression {
        Value::Object(members) => members.iter().all(|(operator, operands)| match operator.as_str() {
            "contains" => asks_for_its_own(operands) || asks(operands),
            "." => reads_member(operands),
            "has" => reads_presence(operands),
            // The context as a whole holds the lists too.
            "Var" => operands != "context",
            _ => asks(operands),
        }),
        Value::Array(items) => items.iter().all(asks),
        _ => true,
    }
}

/// `context.<record>.<list>.contains(<what the question is about>)`.
fn asks_for_its_own(operands: &Value) -> bool {
    let side = |name| operands.get(name).unwrap_or(&Value::Null);
    let Some((of, list)) = member(side("left")) else { return false };
    is_record(of)
        && match list {
            "datatypes" => side("right").get("Var").is_some_and(|name| name == "resource"),
            "services" => is_path(side("right"), &["service"]),
            "purposes" => is_path(side("right"), &["purpose", "code"]),
            _ => false,
        }
}

fn reads_member(operands: &Value) -> bool {
    let of = operands.get("left").unwrap_or(&Value::Null);
    let name = operands.get("attr").and_then(Value::as_str).unwrap_or_default();
    if is_context(of) {
        // A record as a whole holds its lists too.
        return !RECORDS.contains(&name);
    }
    if is_record(of) { !["datatypes", "services", "purposes"].contains(&name) } else { asks(of) }
}

fn reads_presence(operands: &Value) -> bool {
    let of = operands.get("left").unwrap_or(&Value::Null);
    is_context(of) || is_record(of) || asks(of)
}

/// `context.agreement` and its like.
fn is_record(expression: &Value) -> bool {
    member(expression).is_some_and(|(of, name)| is_context(of) && RECORDS.contains(&name))
}

/// `context.a.b` for `["a", "b"]`.
fn is_path(expression: &Value, path: &[&str]) -> bool {
    match path.split_last() {
        None => is_context(expression),
        Some((last, before)) => member(expression).is_some_and(|(of, name)| name == *last && is_path(of, before)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_that_looks_at_more_of_a_list_than_the_question_needs_whole_lists() {
        let check = |condition: &str, expected| {
            let text = format!("permit (principal, action, resource) when {{ {condition} }};");
            assert_eq!(needed([&Policy::parse(None, &text).unwrap()]), expected, "{condition}");
        };
        let (met, whole) = (Lists::Met, Lists::Whole);
        check("context.agreement.datatypes.contains(resource)", met);
        check("!(context.approval.services.contains(context.service))", met);
        check("context has purpose && context.agreement.purposes.contains(context.purpose.code)", met);
        check("context has agreement && context.agreement has datatypes && context.agreement.revoked", met);
        check("context.agreement.channels.containsAny([context.channel])", met);
        check("resource.datatypes.contains(context.service)", met);
        check("context.agreement.datatypes.contains(principal)", whole);
        check("context.agreement.datatypes.contains(X::\"nser.pmt\")", whole);
        check("context.agreement.services.contains(context.channel)", whole);
        check("context.agreement.services.contains(resource)", whole);
        check("context.consent.datatypes.containsAll([resource])", whole);
        check("context.programme.datatypes == [resource]", whole);
        check("context.agreement.purposes.isEmpty()", whole);
        check("context.agreement.purposes.contains(context.purpose)", whole);
        check("[resource].containsAny(context.agreement.datatypes)", whole);
        check("context.agreement == context.programme", whole);
        check("context == resource", whole);
        check("[context.agreement.datatypes].contains(resource)", whole);
        check(
            "(if context.inNetwork then context.agreement else context.programme).datatypes.contains(resource)",
            whole,
        );
        check(
            "context[\"agreement\"][\"datatypes\"].contains(resource) && context[\"consent\"][\"datatypes\"] == []",
            whole,
        );
    }
}
