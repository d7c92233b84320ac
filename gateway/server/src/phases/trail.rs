//! What is known of a request so far, for its record.

use std::{net::IpAddr, sync::Arc};

use exchange::{
    caller::Caller,
    catalogue::{CallerKind, Service},
    cnic::Cnic,
    consent::SubjectKey,
    decision::Decision,
    directory::User,
    ids::{AgencyId, DatatypeId, PurposeCode, RequestId},
    timestamp::Timestamp,
};

use super::standing::Standings;

/// Grows from phase to phase; a refusal is recorded with what stands here by then.
#[derive(Clone, Debug)]
pub struct Trail {
    /// The request's id.
    pub request: RequestId,
    /// When its head had arrived.
    pub at: Timestamp,
    /// Client address.
    pub address: IpAddr,
    /// Kind of caller.
    pub caller: CallerKind,
    /// What is left of the limits that counted it.
    pub standings: Standings,
    /// The agency, as soon as its certificate maps to one, even if it is refused then.
    pub agency: Option<AgencyId>,
    /// The user.
    pub user: Option<Arc<User>>,
    /// The service.
    pub service: Option<Arc<Service>>,
    /// Purpose.
    pub purpose: Option<PurposeCode>,
    /// Consent, programme or approval as `name@revision`.
    pub basis: Option<String>,
    /// Agreement as `name@revision`.
    pub agreement: Option<String>,
    /// Search parameters as they came, within the bounds of a body.
    pub parameters: Vec<u8>,
    /// The citizen whom the request names.
    pub subject: Option<Cnic>,
    /// The key of that citizen, under which all stores know them.
    pub subject_key: Option<SubjectKey>,
    /// What the policies answered.
    pub decision: Option<Decision>,
    /// What the policies were asked, as text.
    pub decision_input: String,
    /// Until when the order that it rests on keeps it from the citizen's view.
    pub sealed_until: Option<Timestamp>,
    /// By when what the answer holds is to be erased.
    pub erase_by: Option<Timestamp>,
    /// Generation of the directory.
    pub directory: u64,
    /// Generation of the bundle.
    pub bundle: u64,
    /// Whether the client asked for decision and price only.
    pub dry_run: bool,
    /// W3C trace context.
    pub traceparent: Option<String>,
    /// Code that the request ended with, if it was not answered.
    pub code: Option<exchange::codes::Code>,
}

impl Trail {
    /// A trail that knows only when, whence and under which id.
    #[must_use]
    pub fn new(request: RequestId, at: Timestamp, address: IpAddr, caller: CallerKind) -> Self {
        Self {
            request,
            at,
            address,
            caller,
            standings: Standings::default(),
            agency: None,
            user: None,
            service: None,
            purpose: None,
            basis: None,
            agreement: None,
            parameters: Vec::new(),
            subject: None,
            subject_key: None,
            decision: None,
            decision_input: String::new(),
            erase_by: None,
            sealed_until: None,
            directory: 0,
            bundle: 0,
            dry_run: false,
            traceparent: None,
            code: None,
        }
    }

    /// The same trail without the citizen and what was said of one.
    #[must_use]
    pub fn about_nobody(&self) -> Self {
        Self { subject: None, subject_key: None, parameters: Vec::new(), ..self.clone() }
    }

    /// Notes who is calling.
    pub fn caller(&mut self, caller: &Caller) {
        self.caller = caller.kind();
        self.agency = caller.agency_id().cloned();
        self.user = caller.user().cloned();
    }

    /// Datatypes that the decision allows.
    #[must_use]
    pub fn allowed(&self) -> Vec<DatatypeId> {
        let verdicts = self.decision.iter().flat_map(|d| &d.verdicts);
        verdicts.filter(|v| v.allowed).map(|v| v.datatype.clone()).collect()
    }

    /// How the request ended, as metrics name it.
    #[must_use]
    pub fn ending(&self) -> &'static str {
        match (self.code, self.dry_run) {
            (Some(_), _) => "refused",
            (None, true) => "dry_run",
            (None, false) => "released",
        }
    }

    /// Service and version as records name it.
    #[must_use]
    pub fn service_name(&self) -> Option<String> {
        self.service.as_ref().map(|service| format!("{}@{}", service.id, service.version))
    }
}
