//! Whether a policy sees the present only as before or after a recorded instant: then its answer cannot change between
//! two of them, and the memo may keep it.

use cedar_policy::Policy;
use serde_json::Value;

use crate::expression::{is_context, member};

/// Members of the context's records that are instants, as `facts` writes them.
const INSTANTS: [&str; 6] = ["validFrom", "validUntil", "ndaFrom", "ndaUntil", "grantedAt", "expiresAt"];

/// Whether the policy reads `context.now` in no other way than by comparing it with a recorded instant.
pub(crate) fn is_steady(policy: &Policy) -> bool {
    policy.to_json().is_ok_and(|json| json.get("conditions").is_none_or(reads_steadily))
}

fn reads_steadily(expression: &Value) -> bool {
    match expression {
        Value::Object(members) => members.iter().all(|(operator, operands)| match operator.as_str() {
            "<" | "<=" | ">" | ">=" => compares_instant(operands) || reads_steadily(operands),
            "." | "has" => reads_member(operands),
            // The context as a whole holds the present too.
            "Var" => operands != "context",
            _ => reads_steadily(operands),
        }),
        Value::Array(items) => items.iter().all(reads_steadily),
        _ => true,
    }
}

fn compares_instant(operands: &Value) -> bool {
    let side = |name| operands.get(name).unwrap_or(&Value::Null);
    let (left, right) = (side("left"), side("right"));
    (is_now(left) && is_instant(right)) || (is_instant(left) && is_now(right))
}

fn reads_member(operands: &Value) -> bool {
    let of = operands.get("left").unwrap_or(&Value::Null);
    let name = operands.get("attr").and_then(Value::as_str);
    if is_context(of) { name.is_some_and(|name| name != "now") } else { reads_steadily(of) }
}

fn is_now(expression: &Value) -> bool {
    member(expression).is_some_and(|(of, name)| name == "now" && is_context(of))
}

/// `context.<record>.<instant>`.
fn is_instant(expression: &Value) -> bool {
    let Some((of, name)) = member(expression) else { return false };
    INSTANTS.contains(&name) && member(of).is_some_and(|(context, record)| record != "now" && is_context(context))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_that_reckons_with_the_present_is_not_steady() {
        let check = |condition: &str, expected| {
            let text = format!("permit (principal, action, resource) when {{ {condition} }};");
            assert_eq!(is_steady(&Policy::parse(None, &text).unwrap()), expected, "{condition}");
        };
        check("context.agreement.validFrom <= context.now", true);
        check("context.now < context.agreement.validUntil && context.rows <= 5", true);
        check("!(context.now >= context.consent.expiresAt)", true);
        check("context has now || context.rows == 1", false);
        check("context.now < 5", false);
        check("context.now == context.agreement.validUntil", false);
        check("context.now - context.consent.grantedAt < 1000", false);
        check("context.consent.expiresAt < context.now + 1", false);
        check("context.now < context.rows", false);
        check("context[\"now\"] < 1", false);
        check("context == resource", false);
        check("if context.now < 1 then true else false", false);
        check("[context.now].contains(1)", false);
        check("{at: context.now}.at < context.agreement.validUntil", false);
    }
}

#[cfg(test)]
#[path = "steady_laws.rs"]
mod laws;
