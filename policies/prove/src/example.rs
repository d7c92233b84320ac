//! A request that shows why a theorem does not hold: true of Cedar's own authoriser, made small, in words.

use cedar_policy::{Context, Entities, EvalResult, Request, Schema};
use cedar_policy_symcc::Env;
use serde::Serialize;

use crate::law::{entity, quoted};

/// A counterexample in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Example {
    /// Who asks.
    pub principal: String,
    /// For what.
    pub action: String,
    /// Of which datatype, with its attributes.
    pub resource: String,
    /// What is known of the request: one line for its plain members, one for each record.
    pub context: Vec<String>,
    /// Whether the production authoriser decides it as the solver says.
    pub confirmed: bool,
}

impl Example {
    /// Replays what the solver found, leaves out what does not matter, and puts the rest in words.
    pub(crate) fn of(found: &Env, schema: &Schema, shows: &dyn Fn(&Request, &Entities) -> bool) -> Self {
        let confirmed = shows(&found.request, &found.entities);
        let small = if confirmed { shrink(found, schema, shows) } else { found.request.clone() };
        let word = |uid: Option<&cedar_policy::EntityUid>| uid.map(entity).unwrap_or_default();
        Self {
            principal: word(small.principal()),
            action: small.action().map(|uid| uid.id().unescaped().to_owned()).unwrap_or_default(),
            resource: resource(&small, &found.entities),
            context: small.context().map(context).unwrap_or_default(),
            confirmed,
        }
    }

    /// The lines that people read.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let mut lines = vec![
            format!("principal  {}", self.principal),
            format!("action     {}", self.action),
            format!("resource   {}", self.resource),
        ];
        for (place, line) in self.context.iter().enumerate() {
            lines.push(format!("{:<11}{line}", if place == 0 { "context" } else { "" }));
        }
        let replayed = if self.confirmed {
            "Cedar's authoriser decides it so"
        } else {
            "NOT CONFIRMED: Cedar's authoriser decides otherwise; the model is wrong"
        };
        lines.push(format!("replayed   {replayed}"));
        lines
    }
}

/// The same request without each member of the context that is not needed to show it.
fn shrink(found: &Env, schema: &Schema, shows: &dyn Fn(&Request, &Entities) -> bool) -> Request {
    let mut small = found.request.clone();
    let names: Vec<String> = members(&small).into_iter().map(|(name, _)| name).collect();
    for name in names {
        let fewer = members(&small).into_iter().filter(|(member, _)| *member != name);
        if let Some(request) = with_context(&small, fewer, schema)
            && shows(&request, &found.entities)
        {
            small = request;
        }
    }
    small
}

type Member = (String, cedar_policy::RestrictedExpression);

fn members(request: &Request) -> Vec<Member> {
    request.context().cloned().map(|context| context.into_iter().collect()).unwrap_or_default()
}

/// `None` if the schema needs what is missing.
fn with_context(request: &Request, members: impl Iterator<Item = Member>, schema: &Schema) -> Option<Request> {
    let (principal, action, resource) = (request.principal()?, request.action()?, request.resource()?);
    let context = Context::from_pairs(members).ok()?;
    Request::new(principal.clone(), action.clone(), resource.clone(), context, Some(schema)).ok()
}

fn resource(request: &Request, entities: &Entities) -> String {
    let Some(uid) = request.resource() else { return String::new() };
    let mut words = vec![entity(uid)];
    if let Some(known) = entities.get(uid) {
        words.extend(known.attrs().filter_map(|(name, value)| Some(format!("{name} {}", text(&value.ok()?)))));
    }
    words.extend(entities.ancestors(uid).into_iter().flatten().map(|parent| format!("in {}", entity(parent))));
    words.join(", ")
}

/// One line for the plain members, one for each record.
fn context(context: &Context) -> Vec<String> {
    let mut names: Vec<String> = context.clone().into_iter().map(|(name, _)| name).collect();
    names.sort();
    let (mut plain, mut records) = (Vec::new(), Vec::new());
    for name in names {
        match context.get(&name) {
            Some(EvalResult::Record(record)) => {
                let inside: Vec<_> = record.iter().map(|(name, value)| format!("{name} {}", text(value))).collect();
                records.push(format!("{name}: {}", inside.join(", ")));
            }
            Some(value) => plain.push(format!("{name} {}", text(&value))),
            None => {}
        }
    }
    let plain = (!plain.is_empty()).then(|| plain.join(", "));
    plain.into_iter().chain(records).collect()
}

/// A value in words; an entity by its name alone, since the member's name says what it is.
fn text(value: &EvalResult) -> String {
    match value {
        EvalResult::Bool(value) => value.to_string(),
        EvalResult::Long(value) => value.to_string(),
        EvalResult::String(value) | EvalResult::ExtensionValue(value) => format!("{value:?}"),
        EvalResult::EntityUid(uid) => quoted(uid.id()),
        EvalResult::Set(set) => format!("[{}]", set.iter().map(text).collect::<Vec<_>>().join(", ")),
        EvalResult::Record(record) => {
            let inside: Vec<_> = record.iter().map(|(name, value)| format!("{name} {}", text(value))).collect();
            format!("{{{}}}", inside.join(", "))
        }
    }
}

#[cfg(test)]
#[path = "example_tests.rs"]
mod tests;
