//! A small check of JSON against a schema: what the description of our services uses of JSON Schema 2020-12, and no more.
//!
//! A keyword that is not known is an error, so that a schema cannot ask for more than is checked.

mod pattern;
#[cfg(test)]
mod tests;

use serde_json::{Map, Value};

/// Keywords that say something to people and nothing about values.
const WORDS: [&str; 7] = ["title", "description", "examples", "summary", "format", "contentMediaType", "default"];

/// Checks `value` against `schema`; references are looked up in `document`.
///
/// # Errors
/// The place in the value and what is wrong there, or the keyword that is not known.
pub fn check(document: &Value, schema: &Value, value: &Value) -> Result<(), String> {
    at(document, schema, value, "")
}

fn at(document: &Value, schema: &Value, value: &Value, place: &str) -> Result<(), String> {
    let rules = schema.as_object().ok_or_else(|| format!("{place}: the schema is no object"))?;
    for (keyword, rule) in rules {
        let told = |error: String| if error.starts_with('/') { error } else { format!("{place}/: {error}") };
        keyword_holds(document, rules, (keyword, rule), value, place).map_err(told)?;
    }
    Ok(())
}

fn keyword_holds(
    document: &Value,
    rules: &Map<String, Value>,
    (keyword, rule): (&str, &Value),
    value: &Value,
    place: &str,
) -> Result<(), String> {
    match keyword {
        "$ref" => at(document, resolve(document, rule)?, value, place),
        "allOf" => alternatives(rule)?.iter().try_for_each(|each| at(document, each, value, place)),
        "oneOf" => {
            let fits = alternatives(rule)?.iter().filter(|each| at(document, each, value, place).is_ok()).count();
            holds(fits == 1, || format!("fits {fits} alternatives instead of one"))
        }
        "type" => holds(is_of_type(rule, value), || format!("is not of type {rule}")),
        "const" => holds(value == rule, || format!("is not {rule}")),
        "enum" => holds(alternatives(rule)?.contains(value), || format!("{value} is not among {rule}")),
        "properties" => members(value).try_for_each(|(name, member)| match rule.get(name) {
            Some(schema) => at(document, schema, member, &format!("{place}/{name}")),
            None => Ok(()),
        }),
        "required" => {
            let missing = |name: &&Value| value.is_object() && value.get(name.as_str().unwrap_or_default()).is_none();
            let missing = alternatives(rule)?.iter().find(missing);
            holds(missing.is_none(), || format!("lacks {}", missing.unwrap_or(rule)))
        }
        "additionalProperties" => {
            holds(*rule == Value::Bool(false), || "additionalProperties other than false".to_owned())?;
            let listed = |name: &str| rules.get("properties").is_some_and(|properties| properties.get(name).is_some());
            let further = members(value).find(|(name, _)| !listed(name));
            holds(further.is_none(), || format!("has the member `{}`", further.map_or("", |(name, _)| name)))
        }
        "items" => elements(value)
            .enumerate()
            .try_for_each(|(number, element)| at(document, rule, element, &format!("{place}/{number}"))),
        _ => bound_holds(keyword, rule, value),
    }
}

/// Keywords that bound a text, a number or a list; other values pass them by.
fn bound_holds(keyword: &str, rule: &Value, value: &Value) -> Result<(), String> {
    let length = value.as_str().map(|text| text.chars().count()).or_else(|| value.as_array().map(Vec::len));
    let length = length.and_then(|length| u64::try_from(length).ok());
    let of_text = length.filter(|_| value.is_string());
    let of_list = length.filter(|_| value.is_array());
    let bound = || rule.as_u64().ok_or_else(|| format!("{keyword} {rule} is no number"));
    let at_least = |given: Option<u64>| Ok(given.is_none_or(|given| bound().is_ok_and(|bound| given >= bound)));
    let at_most = |given: Option<u64>| Ok(given.is_none_or(|given| bound().is_ok_and(|bound| given <= bound)));
    let within: Result<bool, String> = match keyword {
        "minLength" => at_least(of_text),
        "maxLength" => at_most(of_text),
        "minItems" => at_least(of_list),
        "maxItems" => at_most(of_list),
        "minimum" => Ok(value.as_f64().zip(rule.as_f64()).is_none_or(|(given, bound)| given >= bound)),
        "maximum" => Ok(value.as_f64().zip(rule.as_f64()).is_none_or(|(given, bound)| given <= bound)),
        "pattern" => match value.as_str() {
            Some(text) => pattern::matches(rule.as_str().unwrap_or_default(), text),
            None => Ok(true),
        },
        _ if keyword.starts_with("x-") || WORDS.contains(&keyword) => Ok(true),
        _ => Err(format!("the keyword `{keyword}` is not known")),
    };
    holds(within?, || format!("{value} breaks {keyword} {rule}"))
}

fn holds(condition: bool, otherwise: impl FnOnce() -> String) -> Result<(), String> {
    if condition { Ok(()) } else { Err(otherwise()) }
}

fn resolve<'d>(document: &'d Value, reference: &Value) -> Result<&'d Value, String> {
    let pointer = reference.as_str().and_then(|text| text.strip_prefix('#'));
    pointer.and_then(|pointer| document.pointer(pointer)).ok_or_else(|| format!("{reference} leads nowhere"))
}

fn alternatives(rule: &Value) -> Result<&Vec<Value>, String> {
    rule.as_array().ok_or_else(|| format!("{rule} is no list"))
}

fn is_of_type(rule: &Value, value: &Value) -> bool {
    let is = |name: &str| match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        _ => false,
    };
    match rule {
        Value::String(name) => is(name),
        Value::Array(names) => names.iter().filter_map(Value::as_str).any(is),
        _ => false,
    }
}

fn members(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value.as_object().into_iter().flatten().map(|(name, member)| (name.as_str(), member))
}

fn elements(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}
