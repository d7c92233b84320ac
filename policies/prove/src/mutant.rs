//! Mutants of the law: each is the law with one small slip in one forbid, such as a reviewer could miss. Made from the
//! policies' JSON, never from their text, so that none is a slip of the generator's.

use std::collections::{BTreeMap, BTreeSet};

use cedar_policy::{Effect, Policy};
use policies::{
    error::Problem,
    read::{self, PlacedPolicy},
    source::Source,
};
use serde_json::{Value, json};

use crate::error::ProveError;

/// The law with one slip.
#[derive(Clone, Debug)]
pub struct Mutant {
    /// Unique within the law: policy, kind of slip, number; `G05-network/negated-1`.
    pub id: String,
    /// The policy that has the slip.
    pub policy: String,
    /// The slip in words.
    pub slip: String,
    /// The law with it.
    pub source: Source,
}

/// All mutants of every guardrail and every other forbid of a law, in a fixed order.
///
/// # Errors
/// When the law cannot be read.
pub fn mutants(source: &Source) -> Result<Vec<Mutant>, ProveError> {
    let placed = read::policies(source)?;
    let jsons = placed.iter().map(|it| json_of(&it.policy)).collect::<Result<Vec<_>, _>>()?;
    let words = Words::of(&jsons);
    let mut all = Vec::new();
    for (PlacedPolicy { file, policy }, json) in placed.iter().zip(&jsons) {
        if policy.effect() != Effect::Forbid {
            continue;
        }
        let id = policy.id().to_string();
        let gone = Mutant {
            id: format!("{id}/gone"),
            policy: id.clone(),
            slip: "gone".into(),
            source: source.clone().without(file),
        };
        all.push(gone);
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        let mut known = BTreeSet::from([json.to_string()]);
        for Slip { kind, what, json } in slips(json, &words) {
            if !known.insert(json.to_string()) {
                continue;
            }
            let Some(text) =
                Policy::from_json(Some(policy.id().clone()), json).ok().and_then(|policy| policy.to_cedar())
            else {
                return Err(Problem::new(file, format!("a slip cannot be written down: {what}")).into());
            };
            let number = counts.entry(kind).or_default();
            *number += 1;
            let source = source.clone().with(file, &text);
            all.push(Mutant { id: format!("{id}/{kind}-{number}"), policy: id.clone(), slip: what, source });
        }
    }
    Ok(all)
}

fn json_of(policy: &Policy) -> Result<Value, Problem> {
    policy.to_json().map_err(|error| Problem::new(policy.id().to_string(), error.to_string()))
}

/// One change of a policy.
struct Slip {
    kind: &'static str,
    what: String,
    json: Value,
}

/// The names of entities that the law's policies speak of, by type: a slip of the pen writes another of them.
struct Words(BTreeMap<String, Vec<Value>>);

impl Words {
    fn of(jsons: &[Value]) -> Self {
        let mut words: BTreeMap<String, BTreeMap<String, Value>> = BTreeMap::new();
        for json in jsons {
            walk(json, &mut |node| {
                if let Some((kind, id)) = entity(node) {
                    words.entry(kind.to_owned()).or_default().insert(id.to_owned(), node.clone());
                }
            });
        }
        Self(words.into_iter().map(|(kind, named)| (kind, named.into_values().collect())).collect())
    }

    /// The next word of the same vocabulary, the first after the last; `None` if there is no other.
    fn neighbour(&self, node: &Value) -> Option<&Value> {
        let (kind, _) = entity(node)?;
        let all = self.0.get(kind)?;
        let place = all.iter().position(|word| word == node)?;
        all.get((place + 1) % all.len()).filter(|other| *other != node)
    }
}

/// Type and name of an entity that stands in an expression.
fn entity(node: &Value) -> Option<(&str, &str)> {
    let uid = node.get("__entity")?;
    Some((uid.get("type")?.as_str()?, uid.get("id")?.as_str()?))
}

fn walk(node: &Value, visit: &mut dyn FnMut(&Value)) {
    visit(node);
    match node {
        Value::Object(members) => members.values().for_each(|member| walk(member, visit)),
        Value::Array(items) => items.iter().for_each(|item| walk(item, visit)),
        _ => {}
    }
}

fn slips(policy: &Value, words: &Words) -> Vec<Slip> {
    let mut slips = scope_slips(policy);
    let mut places = Vec::new();
    if let Some(conditions) = policy.get("conditions") {
        every_place(conditions, "/conditions".to_owned(), &mut places);
    }
    for place in places {
        let Some(node) = policy.pointer(&place) else { continue };
        for (kind, what, other) in changes(node, words) {
            let mut json = policy.clone();
            if let Some(at) = json.pointer_mut(&place) {
                *at = other;
            }
            slips.push(Slip { kind, what, json });
        }
    }
    slips
}

/// The pointers to all nodes beneath, parents first.
fn every_place(node: &Value, at: String, places: &mut Vec<String>) {
    let beneath: Vec<(String, &Value)> = match node {
        Value::Object(members) => {
            // Operators such as `<` need no escape in a pointer; `/` is no operator of Cedar, `~` neither.
            members.iter().map(|(name, member)| (format!("{at}/{name}"), member)).collect()
        }
        Value::Array(items) => items.iter().enumerate().map(|(place, item)| (format!("{at}/{place}"), item)).collect(),
        _ => return,
    };
    places.push(at);
    for (at, member) in beneath {
        every_place(member, at, places);
    }
}

/// The scope made wider, or one of its actions left out.
fn scope_slips(policy: &Value) -> Vec<Slip> {
    let mut slips = Vec::new();
    for part in ["principal", "action", "resource"] {
        let with = |other: Value| {
            let mut json = policy.clone();
            if let Some(members) = json.as_object_mut() {
                members.insert(part.to_owned(), other);
            }
            json
        };
        let Some(scope) = policy.get(part) else { continue };
        if scope.get("op").and_then(Value::as_str) != Some("All") {
            let json = with(json!({ "op": "All" }));
            slips.push(Slip { kind: "scope-open", what: format!("any {part}"), json });
        }
        let listed = scope.get("entities").and_then(Value::as_array).into_iter().flatten().count();
        for place in 0..listed {
            let mut fewer = scope.clone();
            if let Some(list) = fewer.get_mut("entities").and_then(Value::as_array_mut) {
                list.remove(place);
            }
            slips.push(Slip {
                kind: "scope-less",
                what: format!("{part} {} left out of the scope", place + 1),
                json: with(fewer),
            });
        }
    }
    slips
}

type Change = (&'static str, String, Value);

/// Every slip of one node of an expression.
fn changes(node: &Value, words: &Words) -> Vec<Change> {
    let mut changes = Vec::new();
    if let Some(other) = words.neighbour(node) {
        changes.push(("word", format!("{} for {}", short(other), short(node)), other.clone()));
    }
    let Some((operator, operands)) = node.as_object().and_then(|members| members.iter().next()) else { return changes };
    match operator.as_str() {
        "&&" | "||" => {
            // Chains lean to the left: each link loses its last part, or all parts before it.
            for (side, kept) in [("left", "right"), ("right", "left")] {
                if let (Some(gone), Some(kept)) = (operands.get(side), operands.get(kept)) {
                    changes.push(("dropped", format!("without `{}`", short(gone)), kept.clone()));
                }
            }
        }
        "<" | "<=" | ">" | ">=" => {
            let other = match operator.as_str() {
                "<" => "<=",
                "<=" => "<",
                ">" => ">=",
                _ => ">",
            };
            changes.push(("bound", format!("{other} for {operator} in `{}`", short(node)), json!({ other: operands })));
        }
        "==" | "!=" => {
            let other = if operator == "==" { "!=" } else { "==" };
            changes.push(("equal", format!("{other} for {operator} in `{}`", short(node)), json!({ other: operands })));
        }
        "has" => changes.push(("negated", format!("not `{}`", short(node)), json!({ "!": { "arg": node } }))),
        "!" => {
            if let Some(arg) = operands.get("arg") {
                changes.push(("negated", format!("`{}` without its not", short(arg)), arg.clone()));
            }
        }
        "." if reads_flag(operands) => {
            changes.push(("negated", format!("not `{}`", short(node)), json!({ "!": { "arg": node } })));
        }
        "Set" => changes.extend(fewer(operands)),
        "Value" => changes.extend(operands.as_i64().into_iter().flat_map(|number| {
            let beside = [number.saturating_sub(1), number.saturating_add(1)];
            beside.map(|other| ("number", format!("{other} for {number}"), json!({ "Value": other })))
        })),
        _ => {}
    }
    changes
}

/// The set without each of its elements; never empty, since an empty set has no type.
fn fewer(elements: &Value) -> Vec<Change> {
    let Some(elements) = elements.as_array().filter(|elements| elements.len() > 1) else { return Vec::new() };
    let without = |place: usize| {
        let mut fewer = elements.clone();
        let gone = fewer.remove(place);
        ("element", format!("without {} in the set", short(&gone)), json!({ "Set": fewer }))
    };
    (0..elements.len()).map(without).collect()
}

/// Members of the schema's records that are true or false, as `policies/schema` names them.
const FLAGS: [&str; 15] = [
    "inNetwork",
    "hasSubject",
    "kindFeeds",
    "kindUses",
    "namesCase",
    "conditionMet",
    "feeder",
    "userAgency",
    "suspended",
    "disabled",
    "asserted",
    "revoked",
    "forbidden",
    "subjects",
    "active",
];

fn reads_flag(operands: &Value) -> bool {
    let name = operands.get("attr").and_then(Value::as_str);
    name.is_some_and(|name| FLAGS.contains(&name) || name == "personal" || name == "biometric")
}

/// An expression as people read it, cut off where it grows long.
fn short(node: &Value) -> String {
    const CHARS_MAX: usize = 60;
    let text = say(node);
    if text.chars().count() <= CHARS_MAX { text } else { text.chars().take(CHARS_MAX).chain(['…']).collect() }
}

fn say(node: &Value) -> String {
    if let Some((_, id)) = entity(node) {
        return format!("{id:?}");
    }
    let Some((operator, operands)) = node.as_object().and_then(|members| members.iter().next()) else {
        return node.to_string();
    };
    let side = |name: &str| operands.get(name).map(say).unwrap_or_default();
    let attr = || operands.get("attr").and_then(Value::as_str).unwrap_or_default();
    match operator.as_str() {
        "Var" => operands.as_str().unwrap_or_default().to_owned(),
        "Value" => say(operands),
        "." => format!("{}.{}", side("left"), attr()),
        "has" => format!("{} has {}", side("left"), attr()),
        "!" => format!("!{}", side("arg")),
        "contains" => format!("{}.contains({})", side("left"), side("right")),
        "Set" => {
            let elements = operands.as_array().into_iter().flatten();
            format!("[{}]", elements.map(say).collect::<Vec<_>>().join(", "))
        }
        binary => format!("{} {binary} {}", side("left"), side("right")),
    }
}

#[cfg(test)]
#[path = "mutant_tests.rs"]
mod tests;
