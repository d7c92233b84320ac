//! What parameters, datatypes and answers look like, as JSON Schema (2020-12, the dialect of OpenAPI 3.1).

use serde_json::{Map, Value, json};

use crate::{
    catalogue::{BodyForm, Datatype, Param, ParamKind, Service},
    ids::DatatypeId,
    limits,
};

/// A synthetic card number, for examples.
const CNIC_EXAMPLE: &str = "9999912345671";

/// The kinds that have a shape of their own.
pub(super) fn kinds() -> Map<String, Value> {
    let kinds = json!({
        "Cnic": {
            "type": "string",
            "description": "Card number of a citizen: thirteen digits, with hyphens or without.",
            "pattern": "^[0-9]{5}-?[0-9]{7}-?[0-9]$",
            "examples": [CNIC_EXAMPLE, "99999-1234567-1"],
        },
        "Mobile": {
            "type": "string",
            "description": "A mobile number of Pakistan.",
            "pattern": "^(\\+92|92|0)3[0-9]{9}$",
            "examples": ["+923001234567", "03001234567"],
        },
        "Date": { "type": "string", "format": "date", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "examples": ["2026-11-22"] },
        "Code": {
            "type": "string",
            "description": "Letters, digits and `._@-`.",
            "pattern": "^[A-Za-z0-9._@-]+$",
            "minLength": 1,
            "maxLength": limits::ID_BYTES_MAX,
            "examples": ["KYC-101"],
        },
    });
    match kinds {
        Value::Object(kinds) => kinds,
        _ => Map::new(),
    }
}

/// The schema of one parameter, with its sentence.
pub(super) fn of_param(param: &Param, form: BodyForm) -> Value {
    let mut schema = of_kind(param, form);
    if let Some(members) = schema.as_object_mut() {
        members.insert("description".into(), json!(param.about));
    }
    schema
}

fn of_kind(param: &Param, form: BodyForm) -> Value {
    match param.kind {
        ParamKind::Cnic => reference("Cnic"),
        ParamKind::Mobile => reference("Mobile"),
        ParamKind::Date => reference("Date"),
        ParamKind::Code => reference("Code"),
        ParamKind::Text => json!({ "type": "string", "maxLength": param.max.unwrap_or(limits::TEXT_CHARS_DEFAULT) }),
        ParamKind::Integer => bounded("integer", param.max),
        ParamKind::CodeList => json!({
            "type": "array", "items": reference("Code"), "minItems": 1,
            "maxItems": param.max.unwrap_or(limits::LIST_MEMBERS_DEFAULT),
        }),
        ParamKind::TextList => json!({
            "type": "array", "items": { "type": "string", "maxLength": limits::TEXT_CHARS_DEFAULT }, "minItems": 1,
            "maxItems": param.max.unwrap_or(limits::LIST_MEMBERS_DEFAULT),
        }),
        ParamKind::Decimal => bounded("number", param.max),
        // A form has text only: the JSON stands in it as text.
        ParamKind::Json if form == BodyForm::Form => {
            json!({ "type": "string", "contentMediaType": "application/json" })
        }
        ParamKind::Json => json!({}),
    }
}

fn bounded(kind: &str, max: Option<u32>) -> Value {
    let mut schema = json!({ "type": kind, "minimum": 0 });
    if let (Some(max), Some(members)) = (max, schema.as_object_mut()) {
        members.insert("maximum".into(), json!(max));
    }
    if let ("number", Some(members)) = (kind, schema.as_object_mut()) {
        members.insert("multipleOf".into(), json!(0.01));
    }
    schema
}

/// The body of a request: what stands neither in the path nor is unknown.
pub(super) fn of_body(service: &Service) -> Value {
    let in_body = || service.params.iter().filter(|param| !in_path(service, param));
    let properties: Map<_, _> = in_body().map(|param| (param.name.clone(), of_param(param, service.body))).collect();
    let required: Vec<_> = in_body().filter(|param| param.required).map(|param| param.name.as_str()).collect();
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}

/// Whether a parameter is a segment of the path.
pub(super) fn in_path(service: &Service, param: &Param) -> bool {
    service.path.split('/').any(|part| part.strip_prefix('{').and_then(|p| p.strip_suffix('}')) == Some(&param.name))
}

/// A datatype: one classified group of fields. Its values are scalars; whole subtrees say so where they stand.
pub(super) fn of_datatype(datatype: &Datatype) -> Value {
    json!({
        "type": ["string", "number", "boolean", "null"],
        "title": datatype.title,
        "x-title-ur": datatype.title_ur,
        "x-datatype": datatype.id,
        "x-classification": datatype.class,
        "x-personal": datatype.personal,
        "x-biometric": datatype.biometric,
        "x-sensitivity": datatype.sensitivity,
        "x-controller": datatype.controller,
        "x-source": datatype.source,
        "x-since": datatype.since,
    })
}

/// The name of a datatype's schema.
pub(super) fn name_of(datatype: &DatatypeId) -> String {
    format!("datatype.{datatype}")
}

/// What a service may answer: nothing but its fields, each of which policy may keep back.
pub(super) fn of_fields(service: &Service) -> Value {
    let fields: Vec<(Vec<&str>, &DatatypeId)> =
        service.fields.iter().map(|(pointer, id)| (pointer.split('/').skip(1).collect(), id)).collect();
    let mut schema = tree(&fields);
    if let Some(members) = schema.as_object_mut() {
        // The answer itself is always an object.
        members.insert("type".into(), json!("object"));
    }
    schema
}

/// The fields below one place. An absent object or list keeps its place as `null`.
fn tree(fields: &[(Vec<&str>, &DatatypeId)]) -> Value {
    if let Some((_, id)) = fields.iter().find(|(path, _)| path.is_empty()) {
        return reference(&name_of(id));
    }
    // All that lies below, whatever it is.
    if let Some((_, id)) = fields.iter().find(|(path, _)| path.first() == Some(&"**")) {
        return json!({ "x-datatype": id });
    }
    let each = below(fields, "*");
    if !each.is_empty() {
        return json!({ "type": ["array", "null"], "items": tree(&each) });
    }
    let mut properties = Map::new();
    for name in fields.iter().filter_map(|(path, _)| path.first()) {
        let member = name.replace("~1", "/").replace("~0", "~");
        properties.entry(member).or_insert_with(|| tree(&below(fields, name)));
    }
    json!({ "type": ["object", "null"], "properties": properties, "additionalProperties": false })
}

fn below<'a>(fields: &[(Vec<&'a str>, &'a DatatypeId)], name: &str) -> Vec<(Vec<&'a str>, &'a DatatypeId)> {
    let inside = fields.iter().filter(|(path, _)| path.first() == Some(&name));
    inside.map(|(path, id)| (path.iter().skip(1).copied().collect(), *id)).collect()
}

/// `{"$ref": …}` to a schema of the document.
pub(super) fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}
