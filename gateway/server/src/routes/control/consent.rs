//! What the endpoints of consent share: their parts, who asks, how a form is read, how the store's failures are told.

use std::{collections::BTreeMap, sync::Arc};

use adapters::sql::{SqlError, control::ControlStore};
use exchange::{
    caller::Thumbprint,
    codes::Code,
    decision::Decider,
    ids::{AgencyId, UserId},
    permit::Permit,
    ports::{entropy::Entropy, subject_status::SubjectStatus},
    refusal::Refusal,
};

use super::{background::Background, guessing::Guessing, openid::id_token::IdTokens};
use crate::{phases::snapshot::DirectoryWatch, routes::answer::Failure};

/// Seconds after which a client may try again when the store does not answer.
pub(super) const STORE_RETRY_S: u32 = 2;

/// What the endpoints of consent work with.
#[derive(Debug)]
pub struct ConsentParts {
    /// Requests, consents, tokens, contacts, outbox.
    pub store: Arc<ControlStore>,
    /// Agencies, agreements, purposes.
    pub directory: Arc<DirectoryWatch>,
    /// Where the data dictionary is read, at the bundle in force.
    pub decider: Arc<dyn Decider>,
    /// Whether a citizen may be asked, from the registry.
    pub status: Arc<dyn SubjectStatus>,
    /// Randomness of handles and passcodes.
    pub entropy: Arc<dyn Entropy>,
    /// Tell an agency that the citizen said yes, under a name of its own.
    pub id_tokens: IdTokens,
    /// Agencies whose passcodes are wrong too often.
    pub guessing: Arc<Guessing>,
    /// Seconds that a passcode lives when the agency asks for nothing else.
    pub passcode_ttl_s: i64,
    /// Where the work that depends on the citizen runs; await [`Background::idle`] before the process ends.
    pub background: Background,
}

/// The agency that asks.
///
/// # Errors
/// `caller_not_allowed` for anyone else.
pub(super) fn agency(permit: &Permit) -> Result<&AgencyId, Failure> {
    permit.grant().agency.as_ref().ok_or_else(|| Code::CallerNotAllowed.into())
}

/// The user who asks: a citizen is told by whom, and the passcode is bound to them.
///
/// # Errors
/// `user_required` when none is named.
pub(super) fn user(permit: &Permit) -> Result<&UserId, Failure> {
    permit.grant().user.as_ref().ok_or_else(|| Code::UserRequired.into())
}

/// The certificate that a token will be bound to.
///
/// # Errors
/// `caller_not_allowed` without one.
pub(super) fn certificate(permit: &Permit) -> Result<Thumbprint, Failure> {
    permit.grant().certificate.ok_or_else(|| Code::CallerNotAllowed.into())
}

/// That who names itself in a form is who its certificate says (RFC 8705 §2.1.1): a library may send `client_id` beside it.
///
/// # Errors
/// `client_mismatch`.
pub(super) fn same_client(permit: &Permit, form: &BTreeMap<String, String>) -> Result<(), Failure> {
    let named = form.get("client_id");
    if named.is_none_or(|named| permit.grant().agency.as_ref().is_some_and(|agency| agency.as_str() == named)) {
        Ok(())
    } else {
        Err(Code::ClientMismatch.into())
    }
}

/// A parameter that is missing, repeated, unknown or malformed.
pub(super) fn invalid(parameter: &str) -> Failure {
    Refusal::new(Code::ParameterInvalid).member("parameter", parameter).into()
}

/// Reads a form: each parameter once (RFC 6749 §3.1), and only those that are known.
///
/// # Errors
/// `parameter_invalid` names the parameter, if it is one of ours.
pub(super) fn form(body: &[u8], known: &[&str]) -> Result<BTreeMap<String, String>, Failure> {
    let mut found = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(body) {
        if !known.contains(&name.as_ref()) {
            return Err(invalid("unknown"));
        }
        if found.insert(name.to_string(), value.into_owned()).is_some() {
            return Err(invalid(&name));
        }
    }
    Ok(found)
}

/// Tells the door what became of the store. The cause goes to the log; no message of the store names a person.
pub(super) fn store_failure(error: &SqlError) -> Failure {
    tracing::error!(error = %error, "the control store did not do what consent asked");
    match error {
        SqlError::Unavailable(_) => Refusal::new(Code::StoreUnavailable).retry_after(STORE_RETRY_S).into(),
        SqlError::Conflict | SqlError::NewerSchema { .. } | SqlError::OtherKey { .. } | SqlError::Other(_) => {
            Code::Internal.into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_holds_known_parameters_once_each() {
        let check = |body: &str, expected: bool| {
            assert_eq!(form(body.as_bytes(), &["scope", "login_hint"]).is_ok(), expected, "{body}");
        };
        check("scope=openid+consent&login_hint=cnic%3A1", true);
        check("", true);
        check("scope=a&scope=b", false);
        check("scope=a&prompt=none", false);
        let read = form(b"scope=openid+consent", &["scope"]).unwrap();
        assert_eq!(read.get("scope").map(String::as_str), Some("openid consent"));
    }
}
