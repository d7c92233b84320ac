//! Which policies can never speak of a datatype in a role, whatever else the question says: their scope does not hold it, or
//! what they ask first, before they look at anything else, is of the datatype and the role alone, and not so. Cedar itself is
//! asked, once, at loading.

use cedar_policy::{
    Authorizer, Context, Entities, EntityUid, Policy, PolicyId as CedarId, PolicySet, Request, ResourceConstraint,
    RestrictedExpression,
};
use serde_json::Value;

/// What a policy asks of datatype and role before it asks anything else.
#[derive(Debug)]
pub(crate) struct Opening(PolicySet);

impl Opening {
    /// The beginning of a policy. `None` if it cannot be written as JSON: a fault of Cedar's.
    pub(crate) fn of(policy: &Policy) -> Option<Self> {
        let mut json = policy.to_json().ok()?;
        let members = json.as_object_mut()?;
        let conditions =
            members.get("conditions").and_then(Value::as_array).map(|all| opening(all)).unwrap_or_default();
        members.insert("conditions".to_owned(), Value::Array(conditions));
        // Whom and what the policy is for is the slice's affair, and a forbid speaks as a permit does.
        for scope in ["principal", "action"] {
            members.insert(scope.to_owned(), serde_json::json!({ "op": "All" }));
        }
        let policy = Policy::from_json(Some(CedarId::new("opening")), json).ok()?;
        PolicySet::from_policies([policy]).ok().map(Self)
    }

    /// Whether the policy is silent about this datatype in this role. Not if its beginning errs: then the whole policy does.
    pub(crate) fn is_silent(
        &self,
        authorizer: &Authorizer,
        (datatype, role): (&EntityUid, &RestrictedExpression),
        entities: &Entities,
    ) -> bool {
        let (principal, action) = (datatype.clone(), datatype.clone());
        let Ok(context) = Context::from_pairs([("role".to_owned(), role.clone())]) else { return false };
        let Ok(request) = Request::new(principal, action, datatype.clone(), context, None) else { return false };
        let response = authorizer.is_authorized(&request, &self.0, entities);
        let diagnostics = response.diagnostics();
        diagnostics.reason().next().is_none() && diagnostics.errors().next().is_none()
    }
}

/// The conditions as far as they read resource and role only.
fn opening(conditions: &[Value]) -> Vec<Value> {
    let mut opening = Vec::new();
    for condition in conditions {
        let Some(body) = condition.get("body") else { break };
        if is_pure(body) {
            opening.push(condition.clone());
            continue;
        }
        if condition.get("kind").is_some_and(|kind| kind == "when")
            && let Some(body) = first_of(body)
        {
            opening.push(serde_json::json!({ "kind": "when", "body": body }));
        }
        break;
    }
    opening
}

/// The longest beginning of a conjunction that reads resource and role only.
fn first_of(body: &Value) -> Option<Value> {
    if is_pure(body) {
        return Some(body.clone());
    }
    let sides = body.get("&&")?;
    let (left, right) = (sides.get("left")?, sides.get("right")?);
    if !is_pure(left) {
        return first_of(left);
    }
    let Some(right) = first_of(right) else { return Some(left.clone()) };
    Some(serde_json::json!({ "&&": { "left": left, "right": right } }))
}

fn is_pure(expression: &Value) -> bool {
    match expression {
        Value::Object(members) => members.iter().all(|(operator, operands)| match operator.as_str() {
            "Var" => operands == "resource",
            "." => is_role(operands) || is_pure(operands),
            "Slot" => false,
            _ => is_pure(operands),
        }),
        Value::Array(items) => items.iter().all(is_pure),
        _ => true,
    }
}

/// `context.role`.
fn is_role(operands: &Value) -> bool {
    let of = operands.get("left").and_then(|left| left.get("Var"));
    of.is_some_and(|name| name == "context") && operands.get("attr").is_some_and(|name| name == "role")
}

/// Whether the policy answers the same for every datatype: neither its scope nor a condition asks which it is.
pub(crate) fn ignores_resource(policy: &Policy) -> bool {
    let any = matches!(policy.resource_constraint(), ResourceConstraint::Any | ResourceConstraint::Is(_));
    let reads = |json: Value| json.get("conditions").is_some_and(reads_resource);
    any && policy.to_json().is_ok_and(|json| !reads(json))
}

fn reads_resource(expression: &Value) -> bool {
    match expression {
        Value::Object(members) => members
            .iter()
            .any(|(operator, operands)| (operator == "Var" && operands == "resource") || reads_resource(operands)),
        Value::Array(items) => items.iter().any(reads_resource),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(scope: &str, condition: &str) -> Policy {
        Policy::parse(None, format!("permit (principal, action, {scope}) when {{ {condition} }};")).unwrap()
    }

    #[test]
    fn a_policy_is_silent_only_by_what_it_asks_first() {
        let entities =
            r#"[{"uid":{"type":"D","id":"a"},"attrs":{"personal":true},"parents":[{"type":"Domain","id":"x"}]}]"#;
        let entities = Entities::from_json_str(entities, None).unwrap();
        let a: EntityUid = "D::\"a\"".parse().unwrap();
        let silent = |text: &str| {
            let opening = Opening::of(&Policy::parse(None, text).unwrap()).unwrap();
            let role = RestrictedExpression::new_string("Power".to_owned());
            opening.is_silent(&Authorizer::new(), (&a, &role), &entities)
        };
        let check = |condition: &str, expected| {
            for effect in ["permit", "forbid"] {
                let text = format!("{effect} (principal == U::\"u\", action, resource) when {{ {condition} }};");
                assert_eq!(silent(&text), expected, "{text}");
            }
        };
        check("resource.personal && context.x", false);
        check("!resource.personal && context.x", true);
        check("!resource.personal && (context.x && context.y)", true);
        check("resource.personal && (!resource.personal && context.x)", true);
        check("[D::\"b\"].contains(resource)", true);
        check("[D::\"a\", D::\"b\"].contains(resource)", false);
        check("(resource.personal && resource == D::\"b\") && context.x", true);
        check("resource.personal && resource == D::\"b\" && context.x", true);
        check("context.role == \"Power\" && context.x", false);
        check("context.role == \"Basic\" && context.x", true);
        check("resource == D::\"b\" || context.role == \"Basic\"", true);
        check("context.user.role == \"Basic\"", false);
        check("{role: \"Basic\"}.role == \"Power\"", true);
        // Something else is asked first, and might err.
        check("context.x && !resource.personal", false);
        check("!resource.personal || context.x", false);
        // The beginning errs, and so does the policy.
        check("resource.absent && context.x", false);
        check("resource.absent", false);
        let check = |text: &str, expected| assert_eq!(silent(text), expected, "{text}");
        check("permit (principal, action, resource == D::\"b\");", true);
        check("permit (principal, action, resource in Domain::\"x\");", false);
        check("permit (principal, action, resource in Domain::\"y\");", true);
        check("forbid (principal, action, resource) when { resource.personal } unless { resource == D::\"a\" };", true);
        check("forbid (principal, action, resource) unless { resource == D::\"a\" } when { context.x };", true);
        check("forbid (principal, action, resource) unless { resource == D::\"a\" && context.x };", false);
        check("forbid (principal, action, resource) unless { context.x } when { !resource.personal };", false);
    }

    #[test]
    fn a_policy_that_asks_for_the_resource_anywhere_does_not_ignore_it() {
        let check = |scope: &str, condition: &str, expected| {
            assert_eq!(ignores_resource(&policy(scope, condition)), expected, "{scope}: {condition}");
        };
        check("resource", "context.rows < 5", true);
        check("resource is D", "context.rows < 5", true);
        check("resource == D::\"a\"", "context.rows < 5", false);
        check("resource in D::\"a\"", "context.rows < 5", false);
        check("resource", "context.rows < 5 || context.list.contains(resource)", false);
        check("resource", "if context.flag then true else resource.personal", false);
        check("resource", "context.resource == 5", true);
    }
}
