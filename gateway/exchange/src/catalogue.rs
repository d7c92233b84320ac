//! The catalogue: the single list of services, their parameters, fields, rules and prices.

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::{
    classification::Classification,
    decision::Obligation,
    ids::{DatatypeId, PurposeCode, ServiceId, TariffKey, UpstreamId},
};

/// Who may call a service at all, before any policy is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum CallerKind {
    /// An agency with a client certificate.
    Agency,
    /// A citizen's session.
    Citizen,
    /// Anyone, on the public listener.
    Public,
    /// The short code.
    Sms,
    /// One of our own processes.
    Internal,
}

/// Form of the request body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BodyForm {
    /// No body; parameters stand in the path.
    None,
    /// `application/json`.
    #[default]
    Json,
    /// `application/x-www-form-urlencoded`, as OpenID's endpoints demand.
    Form,
}

/// What the service needs from the citizen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConsentRule {
    /// Nothing: no citizen is named, or the law asks none.
    None,
    /// The citizen's consent, or a lawful basis that stands in its place.
    Required,
    /// A lawful basis (programme, approval); consent alone opens a part at most.
    Basis,
}

/// What one charge counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChargeUnit {
    /// Each row that left.
    Row,
    /// Each answered call.
    Call,
    /// Each statistical report.
    Report,
    /// Each inquiry, one that matches and one that does not at a rate of its own.
    Match,
    /// Never charged.
    Free,
}

/// Type of one parameter; text is parsed to it once, at the door.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ParamKind {
    /// A [`crate::cnic::Cnic`].
    Cnic,
    /// A [`crate::mobile::Mobile`].
    Mobile,
    /// Text without control characters, at most `max` characters.
    Text,
    /// `YYYY-MM-DD`.
    Date,
    /// A whole number from 0 to `max`.
    Integer,
    /// One to 96 letters, digits and `._@-`.
    Code,
    /// A list of codes, at most `max` of them.
    CodeList,
    /// A list of texts of the default length, at most `max` of them.
    TextList,
    /// A number from 0 to `max` with at most two decimals.
    Decimal,
    /// Any JSON value within the body's own bounds; the upstream parses it.
    Json,
}

/// One parameter of a service.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Param {
    /// Member name in the body, or segment name in the path.
    pub name: String,
    /// Its type.
    pub kind: ParamKind,
    /// Whether its absence is an error.
    #[serde(default)]
    pub required: bool,
    /// Largest value or length; each kind has its own default.
    #[serde(default)]
    pub max: Option<u32>,
    /// Whether it opens something by itself, as a passcode or token does: then it is nowhere recorded.
    #[serde(default)]
    pub secret: bool,
    /// One sentence for the developer.
    pub about: String,
}

/// One service: the unit of routing, policy, price and audit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is one yes or no of the law, named as the law names it")]
pub struct Service {
    /// Its name, such as `identity.kyc`.
    pub id: ServiceId,
    /// Rises with a breaking change.
    pub version: u16,
    /// HTTP method in capitals.
    pub method: String,
    /// Path template; `{name}` stands for one segment.
    pub path: String,
    /// Who answers behind the door.
    pub upstream: UpstreamId,
    /// Cedar action.
    pub action: String,
    /// English title.
    pub title: String,
    /// Urdu title.
    pub title_ur: String,
    /// Who may call at all.
    pub callers: Vec<CallerKind>,
    /// Whether an agency's bare client may call without naming a user.
    #[serde(default)]
    pub unattended: bool,
    /// Form of the body.
    #[serde(default)]
    pub body: BodyForm,
    /// What the citizen must have said.
    pub consent: ConsentRule,
    /// Whether `Ijazat-Purpose` must be given.
    #[serde(default)]
    pub purpose_required: bool,
    /// Purposes that may be named; empty when none is needed.
    #[serde(default)]
    pub purposes: Vec<PurposeCode>,
    /// Line of the tariff.
    pub tariff: TariffKey,
    /// What the charge counts.
    pub charge: ChargeUnit,
    /// JSON pointer, in the answer, of the yes or no by which an inquiry is charged as one that matches; absent, it matches
    /// when a row was found.
    #[serde(default)]
    pub matched: Option<String>,
    /// Whether the service changes state; its intent is then durable before it is forwarded.
    #[serde(default)]
    pub writes: bool,
    /// Whether a failed forward may be tried again.
    #[serde(default)]
    pub idempotent: bool,
    /// Milliseconds that the upstream may take.
    pub timeout_ms: u32,
    /// Whether errors also carry the members of RFC 6749 §5.2 (`error`, `error_description`).
    #[serde(default)]
    pub oauth_errors: bool,
    /// Whether the answer leaves as the upstream shaped it (after filtering) without the `{"data":…}` envelope, as OpenID's endpoints demand.
    #[serde(default)]
    pub bare: bool,
    /// Whether the service is in the catalogue but not built: it is decided, recorded and answered 501.
    #[serde(default)]
    pub not_built: bool,
    /// Words of the obligations that the upstream does in the door's place; a permission that obliges to another is refused.
    #[serde(default)]
    pub discharges: Vec<String>,
    /// JSON pointer of the array whose members are the rows; absent means that a successful answer is one row.
    #[serde(default)]
    pub rows: Option<String>,
    /// JSON pointer, in the answer, of where the next batch begins; the door hands it back as the member `cursor` of the
    /// next request to the upstream. With it the answer leaves as NDJSON, a row on each line, each batch recorded before
    /// it leaves, a receipt behind each batch and one at the end.
    #[serde(default)]
    pub streams: Option<String>,
    /// JSON pointer, in the request body, of the CNIC that the request is about.
    #[serde(default)]
    pub subject: Option<String>,
    /// JSON pointers, in the answer and with `*` for each member of an array, of CNICs of the people whose data it returns.
    #[serde(default)]
    pub answer_subjects: Vec<String>,
    /// JSON pointer, in the answer, that must equal the asked subject: a wrong person's answer is refused.
    #[serde(default)]
    pub answer_subject_check: Option<String>,
    /// Parameters.
    #[serde(default, rename = "param")]
    pub params: Vec<Param>,
    /// Field of the answer (JSON pointer, `*` for each member of an array) to its datatype.
    pub fields: BTreeMap<String, DatatypeId>,
}

impl Service {
    /// Whether an obligation is done for this service: by the door, or by an upstream that says so.
    #[must_use]
    pub fn does(&self, obligation: Obligation) -> bool {
        obligation.is_the_doors() || self.discharges.iter().any(|word| Obligation::parse(word) == Some(obligation))
    }

    /// The datatypes that the service can release, sorted, each once.
    #[must_use]
    pub fn datatypes(&self) -> Vec<DatatypeId> {
        let mut all: Vec<_> = self.fields.values().cloned().collect();
        all.sort();
        all.dedup();
        all
    }
}

/// A named group of fields with one classification.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Datatype {
    /// Its name, such as `nser.pmt`.
    pub id: DatatypeId,
    /// English title.
    pub title: String,
    /// Urdu title.
    pub title_ur: String,
    /// Class (S3 §6.3).
    pub class: Classification,
    /// Whether it describes a person.
    pub personal: bool,
    /// Whether it is raw biometric data.
    #[serde(default)]
    pub biometric: bool,
    /// Sensitivity within its class: `ordinary`, `sensitive` or `critical` (S0 §3.2.8).
    pub sensitivity: String,
    /// Who answers for its accuracy.
    pub controller: String,
    /// Section of the source that classes it.
    pub source: String,
    /// Date since which this class holds, `YYYY-MM-DD`.
    pub since: String,
    /// Who classed it and why.
    pub reason: String,
}

/// A service that a request matched, with the values of its path's segments.
#[derive(Clone, Debug)]
pub struct Matched {
    /// The service.
    pub service: Arc<Service>,
    /// Segment name to text.
    pub segments: Vec<(String, String)>,
}

/// Why no service matched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoMatch {
    /// No service has this path.
    Path,
    /// The path exists under another method.
    Method,
}

/// All services and datatypes of one bundle.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    services: Vec<Arc<Service>>,
    literal: std::collections::HashMap<String, Vec<Arc<Service>>>,
    datatypes: BTreeMap<DatatypeId, Arc<Datatype>>,
}

impl Catalogue {
    /// Indexes services and datatypes; completeness is the loader's check (`policies`).
    #[must_use]
    pub fn new(services: Vec<Service>, datatypes: Vec<Datatype>) -> Self {
        let services: Vec<_> = services.into_iter().map(Arc::new).collect();
        let mut literal: std::collections::HashMap<String, Vec<_>> = std::collections::HashMap::new();
        for service in services.iter().filter(|s| !s.path.contains('{')) {
            literal.entry(service.path.clone()).or_default().push(Arc::clone(service));
        }
        let datatypes = datatypes.into_iter().map(|d| (d.id.clone(), Arc::new(d))).collect();
        Self { services, literal, datatypes }
    }

    /// Every service in the order of the files.
    #[must_use]
    pub fn services(&self) -> &[Arc<Service>] {
        &self.services
    }

    /// The service of this name.
    #[must_use]
    pub fn service(&self, id: &str) -> Option<&Arc<Service>> {
        self.services.iter().find(|s| s.id.as_str() == id)
    }

    /// Every datatype.
    pub fn datatypes(&self) -> impl Iterator<Item = &Arc<Datatype>> {
        self.datatypes.values()
    }

    /// The datatype of this name.
    #[must_use]
    pub fn datatype(&self, id: &str) -> Option<&Arc<Datatype>> {
        self.datatypes.get(id)
    }

    /// Finds the service for a method and a canonical path.
    ///
    /// # Errors
    /// [`NoMatch`] tells an unknown path from a known path under another method.
    pub fn find(&self, method: &str, path: &str) -> Result<Matched, NoMatch> {
        if let Some(candidates) = self.literal.get(path) {
            return candidates
                .iter()
                .find(|s| s.method == method)
                .map(|service| Matched { service: Arc::clone(service), segments: Vec::new() })
                .ok_or(NoMatch::Method);
        }
        let mut path_known = false;
        for service in self.services.iter().filter(|s| s.path.contains('{')) {
            if let Some(segments) = match_template(&service.path, path) {
                if service.method == method {
                    return Ok(Matched { service: Arc::clone(service), segments });
                }
                path_known = true;
            }
        }
        Err(if path_known { NoMatch::Method } else { NoMatch::Path })
    }
}

fn match_template(template: &str, path: &str) -> Option<Vec<(String, String)>> {
    let mut segments = Vec::new();
    let mut given = path.split('/');
    for wanted in template.split('/') {
        let got = given.next()?;
        match wanted.strip_prefix('{').and_then(|w| w.strip_suffix('}')) {
            Some(_) if got.is_empty() => return None,
            Some(name) => segments.push((name.to_owned(), got.to_owned())),
            None if wanted == got => {}
            None => return None,
        }
    }
    given.next().is_none().then_some(segments)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_matches_segment_by_segment() {
        let check = |template, path, expected: Option<&[(&str, &str)]>| {
            let got = match_template(template, path);
            let got: Option<Vec<(&str, &str)>> =
                got.as_ref().map(|s| s.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect());
            assert_eq!(got.as_deref(), expected, "{template} {path}");
        };
        check("/bc-authorize/{id}/pin", "/bc-authorize/abc/pin", Some(&[("id", "abc")]));
        check("/bc-authorize/{id}/pin", "/bc-authorize//pin", None);
        check("/bc-authorize/{id}/pin", "/bc-authorize/abc/pin/x", None);
        check("/bc-authorize/{id}/pin", "/bc-authorize/abc", None);
    }
}
