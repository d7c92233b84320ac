//! The description of every service for programs: OpenAPI 3.1, made from the catalogue and the codes and from nothing else.
//!
//! Map: [`document`] is the whole · `operation` is one service · `schema` is what parameters and answers look like ·
//! `refusals` is what may go wrong, in two languages. Whatever the catalogue says of a service stands here without a
//! further hand, so a new entry cannot be described wrongly or not at all.

mod operation;
mod refusals;
mod schema;
#[cfg(test)]
mod tests;

use serde_json::{Map, Value, json};

use crate::catalogue::Catalogue;

pub use refusals::codes_of;

/// The release of OpenAPI that the document keeps to.
const OPENAPI: &str = "3.1.0";

/// The document for one catalogue; `issuer` is the agencies' listener as clients reach it, `https://host:port`.
#[must_use]
pub fn document(catalogue: &Catalogue, issuer: &str) -> Value {
    json!({
        "openapi": OPENAPI,
        "info": {
            "title": "Ijazat",
            "summary": "The national data exchange: every service, its parameters, its fields and its refusals.",
            "description": "Each answer leaves field by field as policy permits; what policy keeps back stands in \
                `withheld` with a stable code. Each request is recorded before the first byte of its answer, and \
                `Ijazat-Receipt` names the record's place.",
            "version": "1",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "/", "description": "The listener that this document was read from." }],
        "tags": tags(catalogue),
        "paths": paths(catalogue, issuer),
        "components": {
            "securitySchemes": security_schemes(),
            "parameters": operation::shared_parameters(),
            "headers": operation::answer_headers(),
            "schemas": schemas(catalogue),
            "examples": refusals::examples(),
        },
    })
}

/// One for each domain: the part of a service's name before the dot.
fn tags(catalogue: &Catalogue) -> Vec<Value> {
    let mut names: Vec<&str> = catalogue.services().iter().map(|service| domain(service.id.as_str())).collect();
    names.sort_unstable();
    names.dedup();
    names.into_iter().map(|name| json!({ "name": name })).collect()
}

fn domain(service: &str) -> &str {
    service.split('.').next().unwrap_or(service)
}

fn paths(catalogue: &Catalogue, issuer: &str) -> Map<String, Value> {
    let mut paths = Map::new();
    for service in catalogue.services() {
        let methods = paths.entry(service.path.clone()).or_insert_with(|| json!({}));
        if let Some(methods) = methods.as_object_mut() {
            methods.insert(service.method.to_ascii_lowercase(), operation::of(service, issuer));
        }
    }
    paths
}

fn security_schemes() -> Value {
    json!({
        "mutualTLS": {
            "type": "mutualTLS",
            "description": "A client certificate whose key is registered with the exchange names the agency.",
        },
        "consentToken": {
            "type": "http",
            "scheme": "bearer",
            "description": "The token of a citizen's consent, from `/token`; bound to the certificate that fetched it.",
        },
        "citizenSession": {
            "type": "http",
            "scheme": "bearer",
            "description": "A session of the citizen's own account; none is given out yet.",
        },
    })
}

fn schemas(catalogue: &Catalogue) -> Map<String, Value> {
    let mut schemas = schema::kinds();
    schemas.extend(refusals::schemas());
    schemas.extend(operation::shared_schemas());
    for datatype in catalogue.datatypes() {
        schemas.insert(schema::name_of(&datatype.id), schema::of_datatype(datatype));
    }
    for service in catalogue.services() {
        schemas.insert(operation::answer_name(service), operation::answer(service));
    }
    schemas
}
