//! Reads and checks the parameters of a service: known, present, of their kind, in their bounds.

use exchange::{
    catalogue::{BodyForm, Matched, Param, ParamKind, Service},
    cnic::Cnic,
    codes::Code,
    json, limits,
    mobile::Mobile,
    refusal::Refusal,
};
use serde_json::{Map, Value};

/// Reads the body (already bounded) and the path's segments into one object and checks each parameter.
///
/// # Errors
/// `body_malformed`, `cnic_invalid` or `parameter_invalid` with the parameter's name.
pub fn read(matched: &Matched, body: &[u8]) -> Result<Value, Refusal> {
    let service = &matched.service;
    let mut given = match service.body {
        BodyForm::None if body.is_empty() => Map::new(),
        BodyForm::None => return Err(Refusal::new(Code::BodyMalformed).detail("the service takes no body")),
        BodyForm::Json => json_object(body)?,
        BodyForm::Form => form_object(body)?,
    };
    for (name, value) in &matched.segments {
        given.insert(name.clone(), Value::String(value.clone()));
    }
    for name in given.keys() {
        if !service.params.iter().any(|param| param.name == *name) {
            return Err(invalid(name, "is not known"));
        }
    }
    for param in &service.params {
        check(param, given.get(&param.name))?;
    }
    Ok(Value::Object(given))
}

/// The citizen whom the request names, where the catalogue says that it names one.
///
/// # Errors
/// `cnic_invalid`.
pub fn subject(service: &Service, params: &Value) -> Result<Option<Cnic>, Refusal> {
    let Some(pointer) = &service.subject else { return Ok(None) };
    let Some(value) = params.pointer(pointer) else { return Ok(None) };
    let text = value.as_str().ok_or(Code::CnicInvalid)?;
    // CIBA's `login_hint` names the scheme before the number.
    let text = text.strip_prefix("cnic:").unwrap_or(text);
    Cnic::parse(text).map(Some).map_err(|error| Refusal::new(Code::CnicInvalid).detail(error.to_string()))
}

fn json_object(body: &[u8]) -> Result<Map<String, Value>, Refusal> {
    match json::parse_strict(body, limits::JSON_DEPTH_MAX) {
        Ok(Value::Object(members)) => Ok(members),
        Ok(_) => Err(Refusal::new(Code::BodyMalformed).detail("the body is not an object")),
        Err(error) => Err(Refusal::new(Code::BodyMalformed).detail(error.to_string())),
    }
}

fn form_object(body: &[u8]) -> Result<Map<String, Value>, Refusal> {
    let malformed = |detail: &str| Refusal::new(Code::BodyMalformed).detail(detail);
    let text = std::str::from_utf8(body).map_err(|_| malformed("the form is not utf-8"))?;
    let mut members = Map::new();
    for (name, value) in form_urlencoded::parse(text.as_bytes()) {
        if members.insert(name.into_owned(), Value::String(value.into_owned())).is_some() {
            return Err(malformed("the form names a parameter twice"));
        }
    }
    Ok(members)
}

fn invalid(name: &str, what: &str) -> Refusal {
    // An unknown name is the client's own text: it is shown only if it could be a parameter's name.
    let shown =
        if name.len() <= 40 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') { name } else { "?" };
    Refusal::new(Code::ParameterInvalid).member("parameter", shown).detail(format!("parameter `{shown}` {what}"))
}

fn check(param: &Param, value: Option<&Value>) -> Result<(), Refusal> {
    match value {
        None | Some(Value::Null) if param.required => Err(invalid(&param.name, "is missing")),
        None | Some(Value::Null) => Ok(()),
        Some(value) => check_kind(param, value),
    }
}

fn check_kind(param: &Param, value: &Value) -> Result<(), Refusal> {
    let name = &param.name;
    let text = || value.as_str().ok_or_else(|| invalid(name, "is not text"));
    match param.kind {
        ParamKind::Cnic => {
            let text = value.as_str().ok_or_else(|| {
                let detail = format!("parameter `{name}` is not text: write the card number in quotation marks");
                Refusal::new(Code::CnicInvalid).detail(detail).member("parameter", name.as_str())
            })?;
            Cnic::parse(text).map(|_| ()).map_err(|error| {
                Refusal::new(Code::CnicInvalid).detail(error.to_string()).member("parameter", name.as_str())
            })
        }
        ParamKind::Mobile => {
            Mobile::parse(text()?).map(|_| ()).map_err(|_| invalid(name, "is not a mobile number of Pakistan"))
        }
        ParamKind::Text => plain_text(param, text()?),
        ParamKind::Date => date(text()?).then_some(()).ok_or_else(|| invalid(name, "is not a date (YYYY-MM-DD)")),
        ParamKind::Integer => integer(param, value),
        ParamKind::Code => code(text()?).then_some(()).ok_or_else(|| invalid(name, "is not a code")),
        ParamKind::CodeList => code_list(param, value),
        ParamKind::TextList => text_list(param, value),
        ParamKind::Decimal => decimal(param, value),
        ParamKind::Json => Ok(()),
    }
}

fn plain_text(param: &Param, text: &str) -> Result<(), Refusal> {
    let max = param.max.unwrap_or(limits::TEXT_CHARS_DEFAULT);
    if text.chars().count() > usize::try_from(max).unwrap_or(usize::MAX) {
        return Err(invalid(&param.name, "is too long"));
    }
    if text.chars().any(char::is_control) {
        return Err(invalid(&param.name, "has a control character"));
    }
    Ok(())
}

fn integer(param: &Param, value: &Value) -> Result<(), Refusal> {
    let number = match value {
        Value::Number(number) => number.as_u64(),
        // A segment of the path is text; leading zeros and signs are refused by the round trip.
        Value::String(text) => text.parse::<u64>().ok().filter(|n| n.to_string() == *text),
        _ => None,
    };
    let max = param.max.map_or(u64::MAX, u64::from);
    number.filter(|n| *n <= max).map(|_| ()).ok_or_else(|| invalid(&param.name, "is not a whole number in its bounds"))
}

fn code(text: &str) -> bool {
    (1..=limits::ID_BYTES_MAX).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._@-".contains(&byte))
}

fn code_list(param: &Param, value: &Value) -> Result<(), Refusal> {
    let wrong = || invalid(&param.name, "is not a list of codes");
    let items = value.as_array().ok_or_else(wrong)?;
    let max = usize::try_from(param.max.unwrap_or(limits::LIST_MEMBERS_DEFAULT)).unwrap_or(usize::MAX);
    let all = items.iter().all(|item| item.as_str().is_some_and(code));
    (all && !items.is_empty() && items.len() <= max).then_some(()).ok_or_else(wrong)
}

fn text_list(param: &Param, value: &Value) -> Result<(), Refusal> {
    let wrong = || invalid(&param.name, "is not a list of texts");
    let items = value.as_array().ok_or_else(wrong)?;
    let max = usize::try_from(param.max.unwrap_or(limits::LIST_MEMBERS_DEFAULT)).unwrap_or(usize::MAX);
    if items.is_empty() || items.len() > max {
        return Err(wrong());
    }
    let one = Param { max: None, ..param.clone() };
    items.iter().try_for_each(|item| plain_text(&one, item.as_str().ok_or_else(wrong)?))
}

fn decimal(param: &Param, value: &Value) -> Result<(), Refusal> {
    let wrong = || invalid(&param.name, "is not a number in its bounds with at most two decimals");
    let number = value.as_f64().filter(|number| *number >= 0.0).ok_or_else(wrong)?;
    let fits = param.max.is_none_or(|max| number <= f64::from(max));
    // A number of the bounds has so few digits that its hundredfold is a whole number, but for the last bits.
    let hundredfold = number * 100.0;
    let whole = (hundredfold - hundredfold.round()).abs() < 1e-6;
    (fits && whole).then_some(()).ok_or_else(wrong)
}

fn date(text: &str) -> bool {
    let format = time::macros::format_description!("[year]-[month]-[day]");
    text.len() == 10 && time::Date::parse(text, &format).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn param(kind: ParamKind, max: Option<u32>) -> Param {
        Param { name: "p".into(), kind, required: true, max, secret: false, about: String::new() }
    }

    #[test]
    fn each_kind_takes_its_own_and_nothing_else() {
        let verdict = |kind, max, value: Value, expected: Option<Code>| {
            let got = super::check(&param(kind, max), Some(&value)).err().map(|refusal| refusal.code);
            assert_eq!(got, expected, "{kind:?} {value}");
        };
        let bad = Some(Code::ParameterInvalid);
        verdict(ParamKind::Cnic, None, "42101-1234567-1".into(), None);
        verdict(ParamKind::Cnic, None, "4210112345".into(), Some(Code::CnicInvalid));
        verdict(ParamKind::Cnic, None, 4_210_112_345_671_u64.into(), Some(Code::CnicInvalid));
        verdict(ParamKind::Mobile, None, "03001234567".into(), None);
        verdict(ParamKind::Mobile, None, "123".into(), bad);
        verdict(ParamKind::Text, Some(3), "abc".into(), None);
        verdict(ParamKind::Text, Some(3), "abcd".into(), bad);
        verdict(ParamKind::Text, None, "a\nb".into(), bad);
        verdict(ParamKind::Date, None, "2026-02-28".into(), None);
        verdict(ParamKind::Date, None, "2026-02-30".into(), bad);
        verdict(ParamKind::Integer, Some(9), 9.into(), None);
        verdict(ParamKind::Integer, Some(9), 10.into(), bad);
        verdict(ParamKind::Integer, None, "007".into(), bad);
        verdict(ParamKind::Integer, None, (-1).into(), bad);
        verdict(ParamKind::Code, None, "KYC-101".into(), None);
        verdict(ParamKind::Code, None, "a b".into(), bad);
        verdict(ParamKind::CodeList, None, serde_json::json!(["a", "b"]), None);
        verdict(ParamKind::CodeList, None, serde_json::json!([]), bad);
        verdict(ParamKind::CodeList, Some(1), serde_json::json!(["a", "b"]), bad);
        verdict(ParamKind::TextList, Some(2), serde_json::json!(["Sewing machine", "b"]), None);
        verdict(ParamKind::TextList, Some(1), serde_json::json!(["a", "b"]), bad);
        verdict(ParamKind::TextList, None, serde_json::json!([]), bad);
        verdict(ParamKind::TextList, None, serde_json::json!(["a\nb"]), bad);
        verdict(ParamKind::TextList, None, serde_json::json!([1]), bad);
        verdict(ParamKind::Decimal, Some(100), 31.25.into(), None);
        verdict(ParamKind::Decimal, Some(100), 0.07.into(), None);
        verdict(ParamKind::Decimal, Some(100), 100.into(), None);
        verdict(ParamKind::Decimal, Some(100), 100.01.into(), bad);
        verdict(ParamKind::Decimal, Some(100), 31.255.into(), bad);
        verdict(ParamKind::Decimal, Some(100), (-1).into(), bad);
        verdict(ParamKind::Decimal, Some(100), "31.25".into(), bad);
    }

    #[test]
    fn a_missing_parameter_is_named() {
        let refusal = super::check(&param(ParamKind::Text, None), None).unwrap_err();
        assert_eq!(refusal.detail.as_deref(), Some("parameter `p` is missing"));
    }

    #[test]
    fn a_form_that_repeats_a_name_is_refused() {
        assert_eq!(form_object(b"a=1&a=2").unwrap_err().code, Code::BodyMalformed);
        assert_eq!(form_object(b"a=1&b=%20x").unwrap()["b"], " x");
    }

    #[test]
    fn a_foreign_name_is_not_echoed() {
        let refusal = invalid("4210112345671 Ali", "is not known");
        assert_eq!(refusal.detail.as_deref(), Some("parameter `?` is not known"));
    }
}
