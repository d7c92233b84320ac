//! Phase 3. Afterwards the service is known, its parameters are read and typed, and what the request claims is parsed.

use std::sync::Arc;

use bytes::Bytes;
use exchange::{
    caller::Caller,
    catalogue::{BodyForm, CallerKind, Matched, NoMatch, Service},
    cnic::Cnic,
    codes::Code,
    directory::{Approval, Directory, Purpose, User},
    ids::DatatypeId,
    ledger::{Quota, Terms},
    limits,
    path::CanonicalPath,
    refusal::Refusal,
    tariff::{Class, RateBook},
    timestamp::Timestamp,
};
use http::{HeaderMap, header};
use serde_json::Value;

use super::{
    assertion::{self, ASSERTION_HEADER, SECOND_ASSERTION_HEADER, SECOND_USER_HEADER},
    idempotency, params,
    parts::{Law, Parts},
    trail::Trail,
};
use crate::door::{BodyError, BodyReader, Head};

/// A request that was routed and read.
#[derive(Debug)]
pub struct Routed {
    /// The bundle that answers this request from now on, even if another is swapped in meanwhile.
    pub law: Arc<Law>,
    /// The service.
    pub service: Arc<Service>,
    /// The canonical path.
    pub path: String,
    /// The body's bytes, the same that the upstream gets.
    pub body: Bytes,
    /// Parameters of body and path.
    pub params: Value,
    /// The citizen named.
    pub subject: Option<Cnic>,
    /// Datatypes that the client asked for; `None` asks for what is permitted.
    pub fields: Option<Vec<DatatypeId>>,
    /// Rows that a list is asked for at most; `None` where the service has no `limit`.
    pub rows: Option<Wanted>,
    /// Purpose.
    pub purpose: Option<Arc<Purpose>>,
    /// Names in `Ijazat-Basis`.
    pub bases: Vec<String>,
    /// Consent token.
    pub token: Option<String>,
    /// The caller, now with the user's assertion judged.
    pub caller: Caller,
    /// Another user of the same agency who signed the same request.
    pub second: Option<Arc<User>>,
    /// The idempotency key, once claimed.
    pub key: Option<idempotency::Key>,
    /// The instant whose rate holds for the whole answer, however long it takes.
    pub rated_at: Timestamp,
    /// The class that the answer is rated by; `None` for callers who never pay.
    pub class: Option<Class>,
    /// The rate book in force at that instant.
    pub book: Option<Arc<RateBook>>,
    /// How the caller's agency pays, if not by its statement without a bound.
    pub terms: Option<Arc<Terms>>,
    /// Quotas that bound the caller.
    pub quotas: Vec<Arc<Quota>>,
    /// Of a later batch: what an earlier one of the same answer used.
    pub earlier: Option<Earlier>,
}

/// What an answer in batches used before a later batch of it is decided.
#[derive(Clone, Debug)]
pub struct Earlier {
    /// The approval that it used up.
    pub approval: Option<Arc<Approval>>,
}

/// How many rows a list is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// So many at most.
    AtMost(u32),
    /// As many as is usual, or as the agreement allows if that is less.
    Usual,
}

/// Finds the service by the one canonical path (rule 8), reads the body within its bounds and types what was sent.
///
/// # Errors
/// `path_ambiguous`, `service_unknown`, `method_not_allowed`, `caller_not_allowed`, `user_required`, `body_*`,
/// `parameter_invalid`, `cnic_invalid`, `purpose_*`, `header_invalid`, `user_assertion_invalid` or `rate_limited`.
pub async fn route(
    parts: &Parts,
    head: &Head,
    body: &mut dyn BodyReader,
    caller: Caller,
    directory: &Directory,
    trail: &mut Trail,
) -> Result<Routed, Refusal> {
    let law = parts.law.load_full();
    // From here on the record names the bundle, also of a refusal by its catalogue.
    trail.bundle = law.decider.generation();
    let path = CanonicalPath::parse(&head.target)
        .map_err(|error| Refusal::new(Code::PathAmbiguous).detail(error.to_string()))?;
    let matched = law.catalogue.find(&head.method, path.as_str()).map_err(|miss| match miss {
        NoMatch::Path => Refusal::new(Code::ServiceUnknown),
        NoMatch::Method => Refusal::new(Code::MethodNotAllowed),
    })?;
    let service = Arc::clone(&matched.service);
    trail.service = Some(Arc::clone(&service));
    trail.traceparent = traceparent(&head.headers);
    trail.dry_run = head.headers.get("ijazat-dry-run").is_some_and(|value| value == "1");
    admit(&service, &caller)?;
    parts.limits.check_service(&caller, &service.id, &mut trail.standings)?;
    let purpose = purpose(&service, directory, &head.headers)?;
    trail.purpose = purpose.as_ref().map(|purpose| purpose.code.clone());
    let body = read_body(&service, &head.headers, body).await?;
    let params = params::read(&matched, &body)?;
    let subject = params::subject(&service, &params)?;
    trail.subject = subject;
    trail.subject_key = subject.map(|citizen| parts.citizen_keys.subject_key(citizen));
    trail.parameters = recorded(&matched, &params, &body);
    let signed = assertion::Signed {
        audience: &parts.assertion_audience,
        method: &head.method,
        path: path.as_str(),
        body: &body,
    };
    let second = second(parts, (head, &caller), directory, signed, trail)?;
    let caller = judge_assertion(parts, head, caller, signed, trail)?;
    let class = caller.agency().map(|agency| directory.class(agency, &service.id, trail.at));
    let user = caller.user().map(AsRef::as_ref);
    let quotas = caller.agency().map(|agency| directory.quotas(agency, user)).unwrap_or_default();
    Ok(Routed {
        rated_at: trail.at,
        class,
        book: directory.rate_book_at(trail.at).map(Arc::clone),
        terms: caller.agency().and_then(|agency| directory.terms(&agency.id)).map(Arc::clone),
        quotas,
        law,
        path: path.as_str().to_owned(),
        fields: fields(&service, &params)?,
        rows: wanted(&service, &params),
        purpose,
        bases: bases(&head.headers)?,
        token: bearer(&head.headers)?,
        service,
        body,
        params,
        subject,
        caller,
        second,
        key: None,
        earlier: None,
    })
}

impl Routed {
    /// The same request as a later batch of its answer finds it: law, caller, purpose and second user as they are now. What the
    /// client sent was read once, and its users' signatures judged once.
    ///
    /// # Errors
    /// `service_unknown` if the law no longer has this version of the service, `purpose_unknown`, `user_assertion_invalid`.
    pub fn again(
        &self,
        parts: &Parts,
        caller: Caller,
        directory: &Directory,
        earlier: Earlier,
    ) -> Result<Self, Refusal> {
        let law = parts.law.load_full();
        let known = law.catalogue.service(self.service.id.as_str()).filter(|now| now.version == self.service.version);
        let service = Arc::clone(known.ok_or(Code::ServiceUnknown)?);
        admit(&service, &caller)?;
        let purpose = match &self.purpose {
            Some(purpose) => Some(Arc::clone(directory.purpose(purpose.code.as_str()).ok_or(Code::PurposeUnknown)?)),
            None => None,
        };
        let second = match &self.second {
            Some(user) => Some(Arc::clone(still(directory, user).ok_or(Code::UserAssertionInvalid)?)),
            None => None,
        };
        let caller = match (caller, &self.caller) {
            (Caller::Agency { agency, user, certificate, .. }, Caller::Agency { asserted, .. }) => {
                Caller::Agency { agency, user, asserted: *asserted, certificate }
            }
            (other, _) => other,
        };
        Ok(Self {
            rated_at: self.rated_at,
            class: self.class,
            book: self.book.clone(),
            terms: self.terms.clone(),
            quotas: self.quotas.clone(),
            law,
            service,
            path: self.path.clone(),
            body: self.body.clone(),
            params: self.params.clone(),
            subject: self.subject,
            fields: self.fields.clone(),
            rows: self.rows,
            purpose,
            bases: self.bases.clone(),
            token: self.token.clone(),
            caller,
            second,
            key: None,
            earlier: Some(earlier),
        })
    }
}

/// The user as the directory has them now, unless they were disabled.
fn still<'d>(directory: &'d Directory, user: &User) -> Option<&'d Arc<User>> {
    directory.user(&user.agency, user.id.as_str()).filter(|user| !user.disabled)
}

fn admit(service: &Service, caller: &Caller) -> Result<(), Refusal> {
    if !service.callers.contains(&caller.kind()) {
        return Err(Code::CallerNotAllowed.into());
    }
    if caller.kind() == CallerKind::Agency && caller.user().is_none() && !service.unattended {
        return Err(Code::UserRequired.into());
    }
    Ok(())
}

fn judge_assertion(
    parts: &Parts,
    head: &Head,
    caller: Caller,
    signed: assertion::Signed<'_>,
    trail: &Trail,
) -> Result<Caller, Refusal> {
    let user = caller.user().cloned();
    let holds =
        assertion::check(&parts.assertions, head.headers.get(ASSERTION_HEADER), user.as_deref(), signed, trail.at)?;
    Ok(match caller {
        Caller::Agency { agency, user, certificate, .. } => {
            Caller::Agency { agency, user, asserted: holds, certificate }
        }
        other => other,
    })
}

/// Another user of the same agency who signed the same request; whether that is enough, the policies say.
fn second(
    parts: &Parts,
    (head, caller): (&Head, &Caller),
    directory: &Directory,
    signed: assertion::Signed<'_>,
    trail: &Trail,
) -> Result<Option<Arc<User>>, Refusal> {
    let invalid = |detail: &str| Refusal::new(Code::UserAssertionInvalid).detail(detail);
    let (named, token) = (head.headers.get(SECOND_USER_HEADER), head.headers.get(SECOND_ASSERTION_HEADER));
    let (named, token) = match (named, token) {
        (None, None) => return Ok(None),
        (Some(named), Some(token)) => (named, token),
        _ => return Err(invalid("a second user comes with an assertion, and an assertion with a user")),
    };
    let user = named.to_str().ok().zip(caller.agency_id()).and_then(|(name, agency)| directory.user(agency, name));
    let user = user.ok_or_else(|| invalid("the second user is not known in the agency"))?;
    let holds = assertion::check(&parts.assertions, Some(token), Some(user), signed, trail.at)?;
    Ok(holds.then(|| Arc::clone(user)))
}

async fn read_body(service: &Service, headers: &HeaderMap, body: &mut dyn BodyReader) -> Result<Bytes, Refusal> {
    let wanted = match service.body {
        BodyForm::None => None,
        BodyForm::Json => Some("application/json"),
        BodyForm::Form => Some("application/x-www-form-urlencoded"),
    };
    if let Some(wanted) = wanted {
        let given = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
        let essence = given.split(';').next().unwrap_or("").trim();
        if !essence.eq_ignore_ascii_case(wanted) {
            return Err(Refusal::new(Code::ContentTypeUnsupported).member("expected", wanted));
        }
    }
    body.read(limits::REQUEST_BODY_BYTES_MAX).await.map_err(|error| match error {
        BodyError::TooLarge => Refusal::new(Code::BodyTooLarge),
        BodyError::Incomplete => Refusal::new(Code::BodyIncomplete),
        BodyError::TooSlow => Refusal::new(Code::BodyIncomplete).detail("the body was not sent in time"),
    })
}

/// What the record keeps of the parameters: the path's segments and the body as sent; of a service that is given a secret each
/// parameter but that.
fn recorded(matched: &Matched, params: &Value, body: &[u8]) -> Vec<u8> {
    let mut kept = Vec::with_capacity(body.len());
    if matched.service.params.iter().any(|param| param.secret) {
        for param in &matched.service.params {
            match params.get(&param.name) {
                Some(_) if param.secret => kept.extend_from_slice(format!("{} is not kept\n", param.name).as_bytes()),
                Some(Value::String(text)) => kept.extend_from_slice(format!("{}={text}\n", param.name).as_bytes()),
                Some(value) => kept.extend_from_slice(format!("{}={value}\n", param.name).as_bytes()),
                None => {}
            }
        }
        return kept;
    }
    for (name, value) in &matched.segments {
        kept.extend_from_slice(format!("{name}={value}\n").as_bytes());
    }
    kept.extend_from_slice(body);
    kept
}

fn text<'h>(headers: &'h HeaderMap, name: &'static str) -> Result<Option<&'h str>, Refusal> {
    match headers.get(name) {
        None => Ok(None),
        Some(value) => match value.to_str() {
            Ok(text) => Ok(Some(text.trim())),
            Err(_) => Err(Refusal::new(Code::HeaderInvalid).member("header", name)),
        },
    }
}

fn purpose(service: &Service, directory: &Directory, headers: &HeaderMap) -> Result<Option<Arc<Purpose>>, Refusal> {
    let Some(code) = text(headers, "ijazat-purpose")? else {
        return if service.purpose_required { Err(Code::PurposeRequired.into()) } else { Ok(None) };
    };
    let purpose = directory.purpose(code).ok_or(Code::PurposeUnknown)?;
    // A forbidden purpose goes on to the policies, which refuse it by name.
    let listed = service.purposes.contains(&purpose.code) || purpose.forbidden;
    if !listed {
        return Err(Code::PurposeUnknown.into());
    }
    Ok(Some(Arc::clone(purpose)))
}

fn bases(headers: &HeaderMap) -> Result<Vec<String>, Refusal> {
    let Some(list) = text(headers, "ijazat-basis")? else { return Ok(Vec::new()) };
    let names: Vec<_> = list.split(',').map(|name| name.trim().to_owned()).collect();
    let plain = names.iter().all(|name| !name.is_empty() && name.len() <= limits::ID_BYTES_MAX);
    if plain && names.len() <= 2 {
        Ok(names)
    } else {
        Err(Refusal::new(Code::HeaderInvalid).member("header", "Ijazat-Basis"))
    }
}

fn bearer(headers: &HeaderMap) -> Result<Option<String>, Refusal> {
    let Some(value) = text(headers, "authorization")? else { return Ok(None) };
    let token =
        value.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, t)| t.trim());
    match token {
        Some(token) if (16..=512).contains(&token.len()) => Ok(Some(token.to_owned())),
        _ => Err(Code::TokenInvalid.into()),
    }
}

/// The datatypes of `fields`; one that the service never releases is a slip of the pen, not a question of policy.
fn fields(service: &Service, params: &Value) -> Result<Option<Vec<DatatypeId>>, Refusal> {
    let Some(list) = params.get("fields").and_then(Value::as_array) else { return Ok(None) };
    let known = service.datatypes();
    let read = |item: &Value| known.iter().find(|id| item.as_str() == Some(id.as_str())).cloned();
    let all: Option<Vec<_>> = list.iter().map(read).collect();
    all.map(Some).ok_or_else(|| {
        let names: Vec<_> = known.iter().map(DatatypeId::as_str).collect();
        Refusal::new(Code::ParameterInvalid)
            .member("parameter", "fields")
            .detail(format!("parameter `fields` names what the service does not release; it has {}", names.join(", ")))
    })
}

/// Lists take their bound from the parameter `limit`, which was checked as a whole number.
fn wanted(service: &Service, params: &Value) -> Option<Wanted> {
    service.params.iter().find(|param| param.name == "limit")?;
    let given = params.get("limit").and_then(|limit| limit.as_u64().or_else(|| limit.as_str()?.parse().ok()));
    Some(given.map_or(Wanted::Usual, |rows| Wanted::AtMost(u32::try_from(rows).unwrap_or(u32::MAX))))
}

/// A well-formed W3C `traceparent` (version 00), or nothing: a malformed one is ignored, as the recommendation says.
fn traceparent(headers: &HeaderMap) -> Option<String> {
    let text = headers.get("traceparent")?.to_str().ok()?;
    let mut lengths = text.split('-').map(|part| (part.len(), part.bytes().all(|b| b.is_ascii_hexdigit())));
    let shape = [2, 32, 16, 2].into_iter().all(|wanted| lengths.next() == Some((wanted, true)));
    (shape && lengths.next().is_none() && text.starts_with("00-")).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &'static str, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name.parse().unwrap(), value.parse().unwrap())])
    }

    #[test]
    fn a_token_must_be_a_bearer_token() {
        let check = |value, expected: Option<&str>| {
            assert_eq!(bearer(&headers("authorization", value)).unwrap().as_deref(), expected);
        };
        check("Bearer abcdefghijklmnopqrstu", Some("abcdefghijklmnopqrstu"));
        check("bearer  abcdefghijklmnopqrstu", Some("abcdefghijklmnopqrstu"));
        assert_eq!(bearer(&headers("authorization", "Basic x")).unwrap_err().code, Code::TokenInvalid);
        assert_eq!(bearer(&HeaderMap::new()), Ok(None));
    }

    #[test]
    fn only_a_well_formed_trace_is_passed_on() {
        let good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        assert_eq!(traceparent(&headers("traceparent", good)).as_deref(), Some(good));
        assert_eq!(traceparent(&headers("traceparent", "00-xyz")), None);
        let longer = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-00";
        assert_eq!(traceparent(&headers("traceparent", longer)), None);
    }

    #[test]
    fn at_most_a_programme_and_an_approval_are_named() {
        let check = |value, expected: Option<usize>| {
            assert_eq!(bases(&headers("ijazat-basis", value)).ok().map(|names| names.len()), expected, "{value}");
        };
        check("prog-kafalat", Some(1));
        check("prog-kafalat, appr-1", Some(2));
        check("a,b,c", None);
        check("a,,", None);
    }
}

#[cfg(test)]
#[path = "route_claims_tests.rs"]
mod claims_tests;
#[cfg(test)]
#[path = "route_tests.rs"]
mod services_tests;
