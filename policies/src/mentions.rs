//! What policies can tell datatypes apart by, besides attributes and parents: their names. Datatypes that stand only in
//! lists of names, and in the same lists, can change places without any list becoming another.

use std::collections::{BTreeSet, HashMap};

use cedar_policy::{EntityId, EntityUid, Policy};
use serde_json::Value;

/// By which entities some policies name datatypes.
#[derive(Debug, Default)]
pub(crate) struct Mentions(HashMap<EntityUid, Mention>);

/// How the policies name one entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Mention {
    /// Not at all.
    None,
    /// In lists only: everything with the same number stands in the same lists.
    Listed(usize),
    /// By itself somewhere.
    Alone,
}

impl Mentions {
    /// Reads the policies. `None` if one cannot be written as JSON: a fault of Cedar's.
    pub(crate) fn of<'a>(policies: impl IntoIterator<Item = &'a Policy>) -> Option<Self> {
        let mut found = Found::default();
        for policy in policies {
            // The scope is the rest of the JSON: what it names, it names alone.
            found.read(&policy.to_json().ok()?);
        }
        let mut groups: Vec<BTreeSet<usize>> = Vec::new();
        let mut mentions = HashMap::new();
        for (name, lists) in found.lists {
            let mention = if found.alone.contains(&name) {
                Mention::Alone
            } else {
                let number = groups.iter().position(|group| *group == lists).unwrap_or(groups.len());
                if number == groups.len() {
                    groups.push(lists);
                }
                Mention::Listed(number)
            };
            mentions.insert(uid(&name)?, mention);
        }
        for name in found.alone {
            mentions.insert(uid(&name)?, Mention::Alone);
        }
        Some(Self(mentions))
    }

    /// How the policies name this entity.
    pub(crate) fn mention(&self, entity: &EntityUid) -> Mention {
        self.0.get(entity).copied().unwrap_or(Mention::None)
    }
}

/// Type and id of an entity.
type Name = (String, String);

#[derive(Default)]
struct Found {
    /// The lists that name it, by their numbers.
    lists: HashMap<Name, BTreeSet<usize>>,
    alone: BTreeSet<Name>,
    /// Lists seen so far.
    count: usize,
}

impl Found {
    fn read(&mut self, expression: &Value) {
        if let Some(name) = name_of(expression) {
            self.alone.insert(name);
            return;
        }
        match expression {
            Value::Object(members) => {
                for (operator, operands) in members {
                    match list(operator, operands) {
                        Some(names) => self.list(names),
                        None => self.read(operands),
                    }
                }
            }
            Value::Array(items) => items.iter().for_each(|item| self.read(item)),
            _ => {}
        }
    }

    fn list(&mut self, names: Vec<Name>) {
        for name in names {
            self.lists.entry(name).or_default().insert(self.count);
        }
        self.count += 1;
    }
}

/// The names in a set that holds nothing but entities.
fn list(operator: &str, operands: &Value) -> Option<Vec<Name>> {
    let items = operands.as_array().filter(|_| operator == "Set")?;
    items.iter().map(|item| name_of(item.get("Value")?.get("__entity")?)).collect()
}

fn name_of(value: &Value) -> Option<Name> {
    let (kind, id) = (value.get("type")?.as_str()?, value.get("id")?.as_str()?);
    Some((kind.to_owned(), id.to_owned()))
}

fn uid((kind, id): &Name) -> Option<EntityUid> {
    Some(EntityUid::from_type_name_and_id(kind.parse().ok()?, EntityId::new(id)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(scope: &str, condition: &str) -> Policy {
        Policy::parse(None, format!("permit (principal, action, {scope}) when {{ {condition} }};")).unwrap()
    }

    #[test]
    fn entities_in_the_same_lists_change_places_unseen() {
        let lists =
            policy("resource", r#"[D::"a", D::"b", D::"c"].contains(resource) || resource in [D::"c", D::"d"]"#);
        let alone = policy("resource", r#"[D::"d", D::"e"].contains(resource) || resource == D::"e""#);
        let scope = policy(r#"resource == D::"f""#, r#"[D::"f", D::"a"].contains(context.x)"#);
        let mentions = Mentions::of([&lists, &alone]).unwrap();
        let of = |mentions: &Mentions, id: &str| mentions.mention(&format!("D::\"{id}\"").parse().unwrap());
        assert_eq!(of(&mentions, "a"), of(&mentions, "b"));
        assert!(matches!(of(&mentions, "a"), Mention::Listed(_)));
        for (one, other) in [("a", "c"), ("a", "d"), ("c", "d")] {
            assert_ne!(of(&mentions, one), of(&mentions, other), "{one} {other}");
        }
        assert_eq!(of(&mentions, "e"), Mention::Alone);
        assert_eq!(of(&mentions, "f"), Mention::None);
        let scoped = Mentions::of([&lists, &scope]).unwrap();
        assert_eq!(of(&scoped, "f"), Mention::Alone, "its scope names it");
        assert_ne!(of(&scoped, "a"), of(&scoped, "b"), "another policy lists the one only");
    }

    #[test]
    fn a_list_with_anything_but_entities_is_no_list() {
        let mixed = policy("resource", r#"[D::"a", resource].contains(D::"b") && {x: D::"c"}.x == resource"#);
        let mentions = Mentions::of([&mixed]).unwrap();
        for id in ["a", "b", "c"] {
            assert_eq!(mentions.mention(&format!("D::\"{id}\"").parse().unwrap()), Mention::Alone, "{id}");
        }
    }
}
