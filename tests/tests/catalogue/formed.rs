//! A well-formed call of any service, made from its entry in the catalogue alone: refusals are made by spoiling one.

use exchange::catalogue::{BodyForm, CallerKind, Param, ParamKind, Service};
use gateway::demo::client::Call;
use serde_json::{Map, Value, json};
use tests::world::World;

use crate::kit::Who;

/// The agency and its user who send well-formed calls; whether policy lets them is another matter.
pub const AGENCY: &str = "bank-indus";
const USER: &str = "teller-1";

/// A call with the parts still apart.
#[derive(Clone, Debug)]
pub struct Formed {
    pub who: Who,
    pub method: &'static str,
    pub path: String,
    pub form: BodyForm,
    pub headers: Vec<(&'static str, String)>,
    pub body: Map<String, Value>,
}

/// The well-formed call.
pub fn of(world: &World, service: &Service) -> Formed {
    let agency = service.callers.contains(&CallerKind::Agency);
    let mut path = service.path.clone();
    let mut body = Map::new();
    for param in &service.params {
        let value = sample(world, param);
        let segment = format!("{{{}}}", param.name);
        if path.contains(&segment) {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            path = path.replace(&segment, &text);
        } else if param.required {
            body.insert(param.name.clone(), value);
        }
    }
    let mut formed = Formed {
        who: if agency { Who::Agency(AGENCY) } else { Who::Anyone },
        method: match service.method.as_str() {
            "GET" => "GET",
            "DELETE" => "DELETE",
            _ => "POST",
        },
        path,
        form: service.body,
        headers: Vec::new(),
        body,
    };
    assert_eq!(formed.method, service.method, "{}: teach this test the method", service.id);
    match service.body {
        BodyForm::None => {}
        BodyForm::Json => formed = formed.with("content-type", Some("application/json")),
        BodyForm::Form => formed = formed.with("content-type", Some("application/x-www-form-urlencoded")),
    }
    if agency {
        formed = formed.with("ijazat-user", Some(USER));
    }
    formed.with("ijazat-purpose", service.purposes.first().map(exchange::ids::PurposeCode::as_str))
}

fn sample(world: &World, param: &Param) -> Value {
    let cnic = world.stage.cast.citizen.digits();
    match param.kind {
        ParamKind::Text if param.name == "login_hint" => json!(format!("cnic:{cnic}")),
        ParamKind::Code if param.name == "modality" => json!("face"),
        ParamKind::Code if param.name == "missing_reason" => json!("medical"),
        ParamKind::Cnic => json!(cnic),
        ParamKind::Mobile => json!("03001234567"),
        ParamKind::Text => json!("text"),
        ParamKind::Date => json!("2026-01-31"),
        ParamKind::Integer => json!(1),
        ParamKind::Code => json!("code-1"),
        ParamKind::CodeList => json!(["code-1"]),
        ParamKind::TextList => json!(["text"]),
        ParamKind::Decimal => json!(0.5),
        ParamKind::Json => json!("[]"),
    }
}

impl Formed {
    /// The same with one header in another's place, or without it.
    pub fn with(mut self, name: &'static str, value: Option<&str>) -> Self {
        self.headers.retain(|(known, _)| *known != name);
        self.headers.extend(value.map(|value| (name, value.to_owned())));
        self
    }

    /// The same with one member of the body in another's place, or without it.
    pub fn member(mut self, name: &str, value: Option<Value>) -> Self {
        match value {
            Some(value) => drop(self.body.insert(name.to_owned(), value)),
            None => drop(self.body.remove(name)),
        }
        self
    }

    /// The same with something after the path.
    pub fn path_end(mut self, end: &str) -> Self {
        self.path.push_str(end);
        self
    }

    /// The same under another method.
    pub fn method(mut self, method: &'static str) -> Self {
        self.method = method;
        self
    }

    /// As it is sent.
    pub fn call(self) -> Call {
        let body = match self.form {
            BodyForm::None => Vec::new(),
            BodyForm::Json => Value::Object(self.body).to_string().into_bytes(),
            BodyForm::Form => {
                let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                let fields: Vec<(String, String)> =
                    self.body.iter().map(|(name, value)| (name.clone(), text(value))).collect();
                let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
                Call::form("/", &fields).body
            }
        };
        Call { method: self.method, path: self.path, headers: self.headers, body }
    }
}
