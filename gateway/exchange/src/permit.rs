//! Proof as a value: without a [`Permit`] there is no data.
//!
//! Only two things make one: the [`PermitMint`] that *authorise* holds, and the [`PermitVerifier`] with which another of
//! our processes checks the short-lived token that came with a request (decisions.md, "Permit and upstreams").

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use aws_lc_rs::{digest, hmac};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

use crate::{
    caller::Thumbprint,
    classification::{BasisKind, Role},
    cnic::Cnic,
    decision::Obligation,
    ids::{AgencyId, ConsentId, DatatypeId, PolicyId, PurposeCode, RequestId, ServiceId, UpstreamId, UserId},
    limits,
    report::Report,
    timestamp::Timestamp,
};

/// What *authorise* found, before it becomes a [`Permit`].
#[derive(Clone, Debug)]
pub struct Grant {
    /// The request.
    pub request: RequestId,
    /// The service.
    pub service: ServiceId,
    /// The service's version.
    pub version: u16,
    /// The agency that asks, if one does.
    pub agency: Option<AgencyId>,
    /// The user that asks, if one is named.
    pub user: Option<UserId>,
    /// The client certificate.
    pub certificate: Option<Thumbprint>,
    /// Role in force.
    pub role: Role,
    /// Purpose in force.
    pub purpose: Option<PurposeCode>,
    /// The citizen whom the request names.
    pub subject: Option<Cnic>,
    /// Datatypes that may be released, sorted.
    pub datatypes: Vec<DatatypeId>,
    /// Rows that may be released.
    pub rows: u32,
    /// Consent that covers the request.
    pub consent: Option<ConsentId>,
    /// Lawful ground, when it is not consent.
    pub basis: Option<BasisKind>,
    /// Whether the caller may learn why a subject cannot be verified.
    pub subject_status: bool,
    /// Policies that permitted.
    pub policies: Vec<PolicyId>,
    /// What the door still must do.
    pub obligations: Vec<Obligation>,
    /// The approved design of the report that may be answered.
    pub report: Option<Arc<Report>>,
    /// Instant of the decision.
    pub at: Timestamp,
}

/// Proof that policy allowed one request, naming who, what, how many and why.
///
/// It cannot be built, cloned or read from text outside this module:
/// ```compile_fail,E0451
/// let permit = exchange::permit::Permit { grant: todo!() };
/// ```
/// ```compile_fail,E0308
/// fn copy(permit: &exchange::permit::Permit) -> exchange::permit::Permit { permit.clone() }
/// ```
#[derive(Debug)]
pub struct Permit {
    grant: Grant,
}

impl Permit {
    /// What was granted.
    #[must_use]
    pub fn grant(&self) -> &Grant {
        &self.grant
    }

    /// Whether the datatype may be released.
    #[must_use]
    pub fn allows(&self, datatype: &str) -> bool {
        self.grant.datatypes.binary_search_by(|d| d.as_str().cmp(datatype)).is_ok()
    }

    /// The citizen whom the request names.
    #[must_use]
    pub fn subject(&self) -> Option<Cnic> {
        self.grant.subject
    }
}

/// Makes permits: one for each process, made by the composition, held by *authorise*.
#[derive(Debug, Default)]
pub struct PermitMint {
    _sealed: (),
}

impl PermitMint {
    /// The process's mint. Named in `clippy.toml`: only `compose.rs` may call it.
    #[must_use]
    pub fn new() -> Self {
        Self { _sealed: () }
    }

    /// Turns a grant into a permit.
    #[must_use]
    pub fn mint(&self, mut grant: Grant) -> Permit {
        grant.datatypes.sort();
        grant.datatypes.dedup();
        Permit { grant }
    }
}

/// Why a permit token was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PermitError {
    /// Not a token of ours, or changed on the way.
    #[error("permit token is malformed or its code does not match")]
    Forged,
    /// Meant for another upstream, method, path or body.
    #[error("permit token was made for another request")]
    OtherRequest,
    /// Older than its life of ten seconds, or from the future.
    #[error("permit token is outside its time")]
    Expired,
    /// Seen before.
    #[error("permit token was used before")]
    Replayed,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    aud: String,
    method: String,
    path: String,
    body: String,
    jti: String,
    exp: i64,
    request: RequestId,
    service: ServiceId,
    version: u16,
    agency: Option<AgencyId>,
    user: Option<UserId>,
    certificate: Option<String>,
    role: Role,
    purpose: Option<PurposeCode>,
    subject: Option<Cnic>,
    datatypes: Vec<DatatypeId>,
    rows: u32,
    consent: Option<ConsentId>,
    basis: Option<BasisKind>,
    subject_status: bool,
    policies: Vec<PolicyId>,
    obligations: Vec<Obligation>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    report: Option<Report>,
    at: Timestamp,
}

/// The key that two of our processes agreed on, HMAC-SHA-256.
pub struct PermitKey(hmac::Key);

impl PermitKey {
    /// From 32 secret bytes.
    #[must_use]
    pub fn new(secret: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret))
    }
}

impl std::fmt::Debug for PermitKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PermitKey(…)")
    }
}

/// The request that a token is bound to.
#[derive(Clone, Copy, Debug)]
pub struct BoundTo<'a> {
    /// The upstream that shall answer.
    pub audience: &'a UpstreamId,
    /// HTTP method.
    pub method: &'a str,
    /// Canonical path.
    pub path: &'a str,
    /// The body's bytes.
    pub body: &'a [u8],
}

/// Writes a permit as a token bound to one request, living ten seconds. `jti` is 16 random bytes.
#[must_use]
pub fn write_token(permit: &Permit, key: &PermitKey, bound: BoundTo<'_>, jti: [u8; 16], now: Timestamp) -> String {
    let grant = permit.grant();
    let claims = Claims {
        aud: bound.audience.as_str().to_owned(),
        method: bound.method.to_owned(),
        path: bound.path.to_owned(),
        body: body_digest(bound.body),
        jti: hex::encode(jti),
        exp: now.seconds() + limits::PERMIT_TOKEN_TTL_S,
        request: grant.request.clone(),
        service: grant.service.clone(),
        version: grant.version,
        agency: grant.agency.clone(),
        user: grant.user.clone(),
        certificate: grant.certificate.map(|t| hex::encode(t.0)),
        role: grant.role,
        purpose: grant.purpose.clone(),
        subject: grant.subject,
        datatypes: grant.datatypes.clone(),
        rows: grant.rows,
        consent: grant.consent.clone(),
        basis: grant.basis,
        subject_status: grant.subject_status,
        policies: grant.policies.clone(),
        obligations: grant.obligations.clone(),
        report: grant.report.as_deref().cloned(),
        at: grant.at,
    };
    let payload = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&claims).unwrap_or_default());
    let tag = hmac::sign(&key.0, payload.as_bytes());
    format!("{payload}.{}", URL_SAFE_NO_PAD.encode(tag))
}

fn body_digest(body: &[u8]) -> String {
    hex::encode(digest::digest(&digest::SHA256, body))
}

/// Checks permit tokens on the side of an upstream in another process.
#[derive(Debug)]
pub struct PermitVerifier {
    audience: UpstreamId,
    key: PermitKey,
    seen: Mutex<HashMap<String, i64>>,
}

impl PermitVerifier {
    /// A verifier for this upstream.
    #[must_use]
    pub fn new(audience: UpstreamId, key: PermitKey) -> Self {
        Self { audience, key, seen: Mutex::new(HashMap::new()) }
    }

    /// Checks a token against the request that it came with.
    ///
    /// # Errors
    /// [`PermitError`]; the request is then answered without touching data.
    pub fn verify(
        &self,
        token: &str,
        method: &str,
        path: &str,
        body: &[u8],
        now: Timestamp,
    ) -> Result<Permit, PermitError> {
        let (payload, tag) = token.split_once('.').ok_or(PermitError::Forged)?;
        let tag = URL_SAFE_NO_PAD.decode(tag).map_err(|_| PermitError::Forged)?;
        hmac::verify(&self.key.0, payload.as_bytes(), &tag).map_err(|_| PermitError::Forged)?;
        let claims = URL_SAFE_NO_PAD.decode(payload).map_err(|_| PermitError::Forged)?;
        let claims: Claims = serde_json::from_slice(&claims).map_err(|_| PermitError::Forged)?;
        let same = claims.aud == self.audience.as_str()
            && claims.method == method
            && claims.path == path
            && claims.body == body_digest(body);
        if !same {
            return Err(PermitError::OtherRequest);
        }
        let left = claims.exp - now.seconds();
        if !(0..=limits::PERMIT_TOKEN_TTL_S + 1).contains(&left) {
            return Err(PermitError::Expired);
        }
        self.once(&claims, now)?;
        Ok(Permit { grant: grant_of(claims)? })
    }

    fn once(&self, claims: &Claims, now: Timestamp) -> Result<(), PermitError> {
        let Ok(mut seen) = self.seen.lock() else { return Err(PermitError::Replayed) };
        if seen.len() > 4_096 {
            seen.retain(|_, exp| *exp >= now.seconds());
        }
        match seen.insert(claims.jti.clone(), claims.exp) {
            None => Ok(()),
            Some(_) => Err(PermitError::Replayed),
        }
    }
}

fn grant_of(claims: Claims) -> Result<Grant, PermitError> {
    let certificate = match claims.certificate {
        None => None,
        Some(text) => {
            let bytes = hex::decode(text).map_err(|_| PermitError::Forged)?;
            Some(Thumbprint(bytes.try_into().map_err(|_| PermitError::Forged)?))
        }
    };
    Ok(Grant {
        request: claims.request,
        service: claims.service,
        version: claims.version,
        agency: claims.agency,
        user: claims.user,
        certificate,
        role: claims.role,
        purpose: claims.purpose,
        subject: claims.subject,
        datatypes: claims.datatypes,
        rows: claims.rows,
        consent: claims.consent,
        basis: claims.basis,
        subject_status: claims.subject_status,
        policies: claims.policies,
        obligations: claims.obligations,
        report: claims.report.map(Arc::new),
        at: claims.at,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::disallowed_methods, reason = "a test holds its own mint")]
    fn permit() -> Permit {
        PermitMint::new().mint(Grant {
            request: RequestId::parse("r1").unwrap(),
            service: ServiceId::parse("identity.kyc").unwrap(),
            version: 1,
            agency: Some(AgencyId::parse("bank-indus").unwrap()),
            user: None,
            certificate: Some(Thumbprint([7; 32])),
            role: Role::Standard,
            purpose: None,
            subject: Cnic::parse("4210112345671").ok(),
            datatypes: vec![DatatypeId::parse("b").unwrap(), DatatypeId::parse("a").unwrap()],
            rows: 1,
            consent: None,
            basis: None,
            subject_status: false,
            policies: Vec::new(),
            obligations: Vec::new(),
            report: None,
            at: Timestamp::from_micros(0),
        })
    }

    const NOW: Timestamp = Timestamp::from_micros(1_000_000_000_000);

    fn token(audience: &UpstreamId) -> String {
        let bound = BoundTo { audience, method: "POST", path: "/v1/x", body: b"{}" };
        write_token(&permit(), &PermitKey::new(&[1; 32]), bound, [9; 16], NOW)
    }

    #[test]
    fn a_token_opens_its_own_request_once() {
        let registry = UpstreamId::parse("registry").unwrap();
        let verifier = PermitVerifier::new(registry.clone(), PermitKey::new(&[1; 32]));
        let token = token(&registry);
        let permit = verifier.verify(&token, "POST", "/v1/x", b"{}", NOW).unwrap();
        assert!(permit.allows("a") && permit.allows("b") && !permit.allows("c"));
        assert_eq!(permit.grant().certificate, Some(Thumbprint([7; 32])));
        assert_eq!(verifier.verify(&token, "POST", "/v1/x", b"{}", NOW).unwrap_err(), PermitError::Replayed);
    }

    #[test]
    fn a_token_for_anything_else_is_refused() {
        let registry = UpstreamId::parse("registry").unwrap();
        let matcher = UpstreamId::parse("matcher").unwrap();
        let verifier = PermitVerifier::new(registry.clone(), PermitKey::new(&[1; 32]));
        let check = |token: &str, method, path, body: &[u8], now, expected| {
            assert_eq!(verifier.verify(token, method, path, body, now).unwrap_err(), expected);
        };
        let own = token(&registry);
        check(&token(&matcher), "POST", "/v1/x", b"{}", NOW, PermitError::OtherRequest);
        check(&own, "GET", "/v1/x", b"{}", NOW, PermitError::OtherRequest);
        check(&own, "POST", "/v1/y", b"{}", NOW, PermitError::OtherRequest);
        check(&own, "POST", "/v1/x", b"{ }", NOW, PermitError::OtherRequest);
        check(&own, "POST", "/v1/x", b"{}", NOW.plus_seconds(11), PermitError::Expired);
        check(&own, "POST", "/v1/x", b"{}", NOW.plus_seconds(-5), PermitError::Expired);
        check(&format!("A{own}"), "POST", "/v1/x", b"{}", NOW, PermitError::Forged);
        check("nonsense", "POST", "/v1/x", b"{}", NOW, PermitError::Forged);
        let stranger = PermitVerifier::new(registry, PermitKey::new(&[2; 32]));
        assert_eq!(stranger.verify(&own, "POST", "/v1/x", b"{}", NOW).unwrap_err(), PermitError::Forged);
    }
}
