//! A strict reader of JSON bodies: no repeated names, bounded depth, nothing after the value.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// The body is not JSON that may be read: malformed, a name repeated, too deep, or followed by something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("body is not strict json: malformed, a name twice, or nested too deep")]
pub struct JsonError;

/// Reads one JSON value, nested at most `levels` deep.
///
/// Two readers may pick different members of an object that names one twice, so such an object is refused
/// (RFC 8259 §4 leaves it open).
///
/// # Errors
/// [`JsonError`], without a position: the body may name a person.
pub fn parse_strict(bytes: &[u8], levels: usize) -> Result<Value, JsonError> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = Strict { levels }.deserialize(&mut reader).map_err(|_| JsonError)?;
    reader.end().map_err(|_| JsonError)?;
    Ok(value)
}

#[derive(Clone, Copy)]
struct Strict {
    levels: usize,
}

impl Strict {
    fn inner<E: serde::de::Error>(self) -> Result<Self, E> {
        self.levels.checked_sub(1).map(|levels| Self { levels }).ok_or_else(|| E::custom("too deep"))
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a json value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("not a number"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut read = Vec::new();
        while let Some(item) = items.next_element_seed(inner)? {
            read.push(item);
        }
        Ok(Value::Array(read))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut read = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let value = members.next_value_seed(inner)?;
            if read.insert(name, value).is_some() {
                return Err(A::Error::custom("a name twice"));
            }
        }
        Ok(Value::Object(read))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_strict_json_is_read() {
        let check = |text: &str, expected: Option<&str>| {
            let got = parse_strict(text.as_bytes(), 3).ok().map(|value| value.to_string());
            assert_eq!(got.as_deref(), expected, "{text}");
        };
        check(r#"{"a":[1,-2,true,null,"x"]}"#, Some(r#"{"a":[1,-2,true,null,"x"]}"#));
        check(r#"{"a":1,"a":2}"#, None);
        check(r#"{"a":{"b":1,"\u0062":2}}"#, None);
        check(r#"{"a":{"b":{"c":1}}}"#, Some(r#"{"a":{"b":{"c":1}}}"#));
        check(r#"{"a":{"b":{"c":{}}}}"#, None);
        check(r#"{"a":1} x"#, None);
        check(r#"{"a":"#, None);
        check("", None);
        check("\u{feff}{}", None);
    }

    #[test]
    fn a_huge_nest_is_refused_without_harm() {
        let bomb = "[".repeat(60_000);
        assert_eq!(parse_strict(bomb.as_bytes(), 16), Err(JsonError));
    }
}
