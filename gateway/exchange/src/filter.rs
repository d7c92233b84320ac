//! Field by field: what the catalogue does not list, or the Permit does not name, is dropped, whatever the upstream sent.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::{catalogue::Service, cnic::Cnic, ids::DatatypeId, limits, permit::Permit};

/// The shape of an answer: members of objects, each member of arrays, and leaves with their datatype. `**` opens whatever
/// lies below; a bundle may say so of public datatypes only that describe nobody.
#[derive(Clone, Debug, Default)]
pub struct Shape {
    members: BTreeMap<String, Shape>,
    each: Option<Box<Shape>>,
    leaf: Option<DatatypeId>,
    whole: Option<DatatypeId>,
}

/// An answer after filtering.
#[derive(Clone, Debug, PartialEq)]
pub struct Filtered {
    /// What may leave.
    pub value: Value,
    /// Rows that it holds.
    pub rows: u32,
    /// People whose data the upstream returned.
    pub subjects: Vec<Cnic>,
    /// Fields that the upstream sent and that were dropped.
    pub dropped: u32,
    /// Where the next batch begins, of a service that streams; it is the door's and leaves with no answer.
    pub next: Option<String>,
}

/// Why an answer may not leave at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FilterError {
    /// Not JSON, or not an object.
    #[error("answer is not a json object")]
    Malformed,
    /// About somebody else than was asked.
    #[error("answer is about another person than was asked")]
    WrongPerson,
    /// More rows than the permit allows.
    #[error("answer has more rows than the permit allows")]
    TooManyRows,
}

impl Shape {
    /// Reads the shape off a service's fields.
    #[must_use]
    pub fn of(service: &Service) -> Self {
        let mut shape = Self::default();
        for (pointer, datatype) in &service.fields {
            shape.insert(pointer, datatype);
        }
        shape
    }

    fn insert(&mut self, pointer: &str, datatype: &DatatypeId) {
        let mut node = self;
        for part in pointer.split('/').skip(1) {
            if part == "**" {
                node.whole = Some(datatype.clone());
                return;
            }
            node = if part == "*" {
                node.each.get_or_insert_with(Box::default)
            } else {
                node.members.entry(part.replace("~1", "/").replace("~0", "~")).or_default()
            };
        }
        node.leaf = Some(datatype.clone());
    }

    /// The part of the shape that the permit opens; `None` when nothing of it is.
    ///
    /// A container of which nothing is open disappears whole, so that not even the number of its members leaks.
    #[must_use]
    pub fn opened_by(&self, permit: &Permit) -> Option<Self> {
        let open = |of: &Option<DatatypeId>| of.clone().filter(|datatype| permit.allows(datatype.as_str()));
        let (leaf, whole) = (open(&self.leaf), open(&self.whole));
        let each = self.each.as_deref().and_then(|each| each.opened_by(permit)).map(Box::new);
        let members: BTreeMap<_, _> =
            self.members.iter().filter_map(|(name, shape)| Some((name.clone(), shape.opened_by(permit)?))).collect();
        let open = leaf.is_some() || whole.is_some() || each.is_some() || !members.is_empty();
        open.then_some(Self { members, each, leaf, whole })
    }

    fn keep(&self, value: Value, dropped: &mut u32) -> Option<Value> {
        match value {
            all if self.whole.is_some() => Some(all),
            Value::Object(members) => self.keep_object(members, dropped),
            Value::Array(items) => {
                let Some(each) = self.each.as_deref() else {
                    *dropped += 1;
                    return None;
                };
                Some(Value::Array(items.into_iter().filter_map(|item| each.keep(item, dropped)).collect()))
            }
            scalar if self.leaf.is_some() => Some(scalar),
            // An absent object or list is no data: it keeps its place.
            Value::Null => Some(Value::Null),
            _ => {
                *dropped += 1;
                None
            }
        }
    }

    fn keep_object(&self, members: Map<String, Value>, dropped: &mut u32) -> Option<Value> {
        if self.members.is_empty() {
            *dropped += 1;
            return None;
        }
        let mut kept = Map::with_capacity(self.members.len());
        for (name, value) in members {
            match self.members.get(&name) {
                Some(shape) => {
                    if let Some(value) = shape.keep(value, dropped) {
                        kept.insert(name, value);
                    }
                }
                None => *dropped += 1,
            }
        }
        Some(Value::Object(kept))
    }
}

/// Filters an upstream's answer for one permit.
///
/// # Errors
/// [`FilterError`]: nothing of the answer may leave.
pub fn filter(service: &Service, shape: &Shape, permit: &Permit, answer: &[u8]) -> Result<Filtered, FilterError> {
    let answer: Value = serde_json::from_slice(answer).map_err(|_| FilterError::Malformed)?;
    if !answer.is_object() || too_deep(&answer, limits::JSON_DEPTH_MAX) {
        return Err(FilterError::Malformed);
    }
    check_person(service, permit, &answer)?;
    let mut subjects = Vec::new();
    for pointer in &service.answer_subjects {
        collect(&answer, pointer.split('/').skip(1), &mut subjects);
    }
    let cursor = service.streams.as_deref().and_then(|pointer| answer.pointer(pointer));
    let next = cursor.and_then(Value::as_str).map(str::to_owned);
    let mut dropped = 0;
    let value = match shape.opened_by(permit) {
        Some(open) => open.keep(answer, &mut dropped).unwrap_or_else(|| Value::Object(Map::new())),
        None => Value::Object(Map::new()),
    };
    let rows = count_rows(service, &value);
    if rows > permit.grant().rows {
        return Err(FilterError::TooManyRows);
    }
    Ok(Filtered { value, rows, subjects, dropped, next })
}

fn check_person(service: &Service, permit: &Permit, answer: &Value) -> Result<(), FilterError> {
    let Some(pointer) = &service.answer_subject_check else { return Ok(()) };
    let told = answer.pointer(pointer).and_then(Value::as_str).and_then(|text| Cnic::parse(text).ok());
    if told.is_some() && told == permit.subject() { Ok(()) } else { Err(FilterError::WrongPerson) }
}

fn count_rows(service: &Service, value: &Value) -> u32 {
    let Some(pointer) = &service.rows else { return 1 };
    let rows = value.pointer(pointer).and_then(Value::as_array).map_or(0, Vec::len);
    u32::try_from(rows).unwrap_or(u32::MAX)
}

fn collect<'a>(value: &Value, mut path: impl Iterator<Item = &'a str> + Clone, into: &mut Vec<Cnic>) {
    match path.next() {
        None => into.extend(value.as_str().and_then(|text| Cnic::parse(text).ok())),
        Some("*") => {
            for item in value.as_array().into_iter().flatten() {
                collect(item, path.clone(), into);
            }
        }
        Some(name) => {
            if let Some(member) = value.get(name) {
                collect(member, path, into);
            }
        }
    }
}

/// Whether a JSON value nests deeper than `levels`.
#[must_use]
pub fn too_deep(value: &Value, levels: usize) -> bool {
    match value {
        Value::Array(items) => levels == 0 || items.iter().any(|item| too_deep(item, levels - 1)),
        Value::Object(members) => levels == 0 || members.values().any(|member| too_deep(member, levels - 1)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        classification::Role,
        ids::{RequestId, ServiceId},
        permit::{Grant, PermitMint},
        timestamp::Timestamp,
    };

    fn service() -> Service {
        toml::from_str(
            r#"
            id = "t"
            version = 1
            method = "POST"
            path = "/t"
            upstream = "u"
            action = "a"
            title = "t"
            title_ur = "ٹ"
            callers = ["Agency"]
            consent = "none"
            tariff = "t"
            charge = "call"
            timeout_ms = 1
            rows = "/members"
            answer_subjects = ["/members/*/cnic"]
            answer_subject_check = "/cnic"
            [fields]
            "/cnic" = "id"
            "/pmt" = "pmt"
            "/members/*/name" = "name"
            "/members/*/cnic" = "secret"
            "/assets/*" = "assets"
            "#,
        )
        .unwrap()
    }

    #[expect(clippy::disallowed_methods, reason = "a test holds its own mint")]
    fn permit(datatypes: &[&str], rows: u32) -> Permit {
        PermitMint::new().mint(Grant {
            request: RequestId::parse("r").unwrap(),
            service: ServiceId::parse("t").unwrap(),
            version: 1,
            agency: None,
            user: None,
            certificate: None,
            role: Role::Basic,
            purpose: None,
            subject: Cnic::parse("4210112345671").ok(),
            datatypes: datatypes.iter().map(|d| DatatypeId::parse(d).unwrap()).collect(),
            rows,
            consent: None,
            basis: None,
            subject_status: false,
            policies: Vec::new(),
            obligations: Vec::new(),
            report: None,
            at: Timestamp::from_micros(0),
        })
    }

    fn run(datatypes: &[&str], answer: &Value) -> Result<Filtered, FilterError> {
        let service = service();
        filter(&service, &Shape::of(&service), &permit(datatypes, 2), answer.to_string().as_bytes())
    }

    fn answer() -> Value {
        json!({
            "cnic": "4210112345671", "pmt": 3150, "unlisted": "x", "pmt_history": [1],
            "members": [{"name": "A", "cnic": "4210112345671", "extra": 1}, {"name": "B", "cnic": "4210112345688"}],
            "assets": ["radio", {"smuggled": true}],
        })
    }

    #[test]
    fn only_listed_and_permitted_fields_leave() {
        let got = run(&["pmt", "name", "assets"], &answer()).unwrap();
        assert_eq!(got.value, json!({"pmt": 3150, "members": [{"name": "A"}, {"name": "B"}], "assets": ["radio"]}));
        assert_eq!(got.rows, 2);
        assert_eq!(got.subjects.len(), 2);
        assert_eq!(got.dropped, 7);
    }

    #[test]
    fn a_closed_list_does_not_even_show_its_length() {
        assert_eq!(run(&["pmt"], &answer()).unwrap().value, json!({"pmt": 3150}));
        assert_eq!(run(&[], &answer()).unwrap().value, json!({}));
    }

    #[test]
    fn a_whole_opens_what_lies_below_it_and_nothing_beside_it() {
        let mut service = service();
        service.answer_subject_check = None;
        service.fields = [("/paths/**", "pmt"), ("/info/**", "name")]
            .map(|(pointer, id)| (pointer.to_owned(), DatatypeId::parse(id).unwrap()))
            .into();
        let answer = json!({ "paths": { "/a": [{ "get": null }] }, "info": { "title": "x" }, "other": 1 });
        let run = |datatypes: &[&str]| {
            let permit = permit(datatypes, 2);
            filter(&service, &Shape::of(&service), &permit, answer.to_string().as_bytes()).unwrap()
        };
        let both = run(&["pmt", "name"]);
        assert_eq!((both.value, both.dropped), (json!({ "paths": answer["paths"], "info": answer["info"] }), 1));
        let one = run(&["pmt"]);
        assert_eq!((one.value, one.dropped), (json!({ "paths": answer["paths"] }), 2));
        assert_eq!(run(&[]).value, json!({}));
    }

    #[test]
    fn an_object_in_place_of_a_value_is_dropped() {
        let lying = json!({"cnic": "4210112345671", "pmt": {"name": "smuggled"}});
        assert_eq!(run(&["pmt"], &lying).unwrap().value, json!({}));
    }

    #[test]
    fn an_answer_that_lies_does_not_leave() {
        let check = |answer: Value, expected| assert_eq!(run(&["pmt", "name"], &answer).unwrap_err(), expected);
        check(json!({"cnic": "4210112345688", "pmt": 1}), FilterError::WrongPerson);
        check(json!({"pmt": 1}), FilterError::WrongPerson);
        check(json!([1]), FilterError::Malformed);
        let three = json!({"cnic": "4210112345671", "members": [{"name": "A"}, {"name": "B"}, {"name": "C"}]});
        check(three, FilterError::TooManyRows);
        let mut deep = json!(1);
        for _ in 0..20 {
            deep = json!({ "a": deep });
        }
        check(deep, FilterError::Malformed);
    }
}
