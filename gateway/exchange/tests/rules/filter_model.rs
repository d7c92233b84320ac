//! The filter agrees with a model that looks at pointers as text, on random answers, fields and permits.

use std::collections::{BTreeMap, BTreeSet};

use exchange::filter::{Filtered, Shape, filter};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::support::{full_grant, id, permit, service};

/// Pointers of the open fields, as text.
struct Model {
    open: BTreeSet<String>,
    dropped: u32,
}

impl Model {
    fn is_field(&self, pointer: &str) -> bool {
        self.open.contains(pointer)
    }

    /// Whether an open field stands somewhere below.
    fn leads_on(&self, pointer: &str) -> bool {
        let below = format!("{pointer}/");
        self.open.iter().any(|field| field.starts_with(&below))
    }

    /// Whether an open field stands somewhere below in an object's member rather than an array's.
    fn has_members(&self, pointer: &str) -> bool {
        let (below, each) = (format!("{pointer}/"), format!("{pointer}/*"));
        let in_array = |field: &str| field == each || field.starts_with(&format!("{each}/"));
        self.open.iter().any(|field| field.starts_with(&below) && !in_array(field))
    }

    fn keep(&mut self, pointer: &str, value: &Value) -> Option<Value> {
        let kept = match value {
            Value::Object(members) if self.has_members(pointer) => Some(self.keep_members(pointer, members)),
            Value::Array(items) => {
                let each = format!("{pointer}/*");
                let open = self.is_field(&each) || self.leads_on(&each);
                open.then(|| Value::Array(items.iter().filter_map(|item| self.keep(&each, item)).collect()))
            }
            Value::Null => Some(Value::Null),
            Value::Object(_) => None,
            scalar => self.is_field(pointer).then(|| scalar.clone()),
        };
        self.dropped += u32::from(kept.is_none());
        kept
    }

    fn keep_members(&mut self, pointer: &str, members: &Map<String, Value>) -> Value {
        let mut kept = Map::new();
        for (name, value) in members {
            let inner = format!("{pointer}/{name}");
            if !self.is_field(&inner) && !self.leads_on(&inner) {
                self.dropped += 1;
            } else if let Some(value) = self.keep(&inner, value) {
                kept.insert(name.clone(), value);
            }
        }
        Value::Object(kept)
    }
}

/// What the model says may leave, and how much of the answer it dropped.
fn modelled(fields: &BTreeMap<String, String>, open: &BTreeSet<String>, answer: &Value) -> (Value, u32) {
    let of_open = fields.iter().filter(|(_, datatype)| open.contains(*datatype));
    let mut model = Model { open: of_open.map(|(pointer, _)| pointer.clone()).collect(), dropped: 0 };
    if model.open.is_empty() {
        return (json!({}), 0);
    }
    let kept = model.keep("", answer).unwrap_or_else(|| json!({}));
    (kept, model.dropped)
}

fn run(fields: &BTreeMap<String, String>, open: &BTreeSet<String>, answer: &Value) -> Filtered {
    let mut service = service("", &[]);
    service.fields = fields.iter().map(|(pointer, datatype)| (pointer.clone(), id(datatype))).collect();
    let open: Vec<&str> = open.iter().map(String::as_str).collect();
    let bytes = serde_json::to_vec(answer).unwrap();
    filter(&service, &Shape::of(&service), &permit(full_grant(&open)), &bytes).unwrap()
}

/// Every scalar of a value with its pointer, in which `*` stands for any place in an array.
fn scalars(pointer: &str, value: &Value, into: &mut Vec<(String, Value)>) {
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(name, inner)| scalars(&format!("{pointer}/{name}"), inner, into));
        }
        Value::Array(items) => items.iter().for_each(|item| scalars(&format!("{pointer}/*"), item, into)),
        Value::Null => {}
        scalar => into.push((pointer.to_owned(), scalar.clone())),
    }
}

fn scalars_of(value: &Value) -> Vec<(String, Value)> {
    let mut all = Vec::new();
    scalars("", value, &mut all);
    all
}

fn member() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["a", "b", "c", "d"]).prop_map(str::to_owned)
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        (0..100_i64).prop_map(Value::from),
        "[a-z]{0,4}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::btree_map(member(), inner, 0..4).prop_map(|all| Value::Object(all.into_iter().collect())),
        ]
    })
}

fn any_answer() -> impl Strategy<Value = Value> {
    prop::collection::btree_map(member(), any_value(), 0..4).prop_map(|all| Value::Object(all.into_iter().collect()))
}

/// Fields over the same few names, so that answers often match them.
fn any_fields() -> impl Strategy<Value = BTreeMap<String, String>> {
    let part = prop_oneof![3 => member(), 2 => Just("*".to_owned())];
    let pointer = (member(), prop::collection::vec(part, 0..4))
        .prop_map(|(first, rest)| format!("/{}", [vec![first], rest].concat().join("/")));
    prop::collection::btree_map(pointer, "[x-z]", 0..8)
}

fn any_open() -> impl Strategy<Value = BTreeSet<String>> {
    prop::collection::btree_set("[x-z]", 0..4)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn the_filter_keeps_and_drops_what_the_model_does(
        fields in any_fields(), open in any_open(), answer in any_answer(),
    ) {
        let (kept, dropped) = modelled(&fields, &open, &answer);
        let got = run(&fields, &open, &answer);
        prop_assert_eq!(&got.value, &kept);
        prop_assert_eq!(got.dropped, dropped);
        prop_assert_eq!(got.rows, 1, "a service without rows answers one");
    }

    #[test]
    fn no_value_leaves_that_is_not_a_field_of_an_open_datatype(
        fields in any_fields(), open in any_open(), answer in any_answer(),
    ) {
        let had = scalars_of(&answer);
        for (pointer, value) in scalars_of(&run(&fields, &open, &answer).value) {
            let datatype = fields.get(&pointer);
            prop_assert!(datatype.is_some_and(|datatype| open.contains(datatype)), "{} left", pointer);
            prop_assert!(had.contains(&(pointer, value)), "the filter adds nothing");
        }
    }

    #[test]
    fn every_value_of_an_open_datatype_leaves(fields in any_fields(), open in any_open(), answer in any_answer()) {
        let left = scalars_of(&run(&fields, &open, &answer).value);
        let due = |pointer: &str| fields.get(pointer).is_some_and(|datatype| open.contains(datatype));
        let had: Vec<_> = scalars_of(&answer).into_iter().filter(|(pointer, _)| due(pointer)).collect();
        prop_assert_eq!(left, had);
    }

    #[test]
    fn a_filtered_answer_passes_again_unchanged(fields in any_fields(), open in any_open(), answer in any_answer()) {
        let once = run(&fields, &open, &answer);
        let twice = run(&fields, &open, &once.value);
        prop_assert_eq!(twice.value, once.value);
        prop_assert_eq!(twice.dropped, 0);
    }

    #[test]
    fn a_wider_permit_releases_no_less(
        fields in any_fields(), open in any_open(), more in any_open(), answer in any_answer(),
    ) {
        let wide: BTreeSet<_> = open.union(&more).cloned().collect();
        let mut left = scalars_of(&run(&fields, &wide, &answer).value);
        for released in scalars_of(&run(&fields, &open, &answer).value) {
            let at = left.iter().position(|other| *other == released);
            prop_assert!(at.is_some(), "{:?} is lost", released);
            left.swap_remove(at.unwrap_or_default());
        }
    }
}
