//! Requests as a listener hands them over.

use std::sync::Arc;

use async_trait::async_trait;
use aws_lc_rs::digest;
use bytes::Bytes;
use exchange::{
    caller::{Peer, PeerCertificate, Thumbprint},
    ids::AgencyId,
};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

use super::AT;
use crate::door::{BodyError, BodyReader, Head, Listener, Reply};

/// One request, good unless a test spoils it.
#[derive(Clone, Debug)]
pub struct Call {
    pub method: String,
    pub target: String,
    pub headers: HeaderMap,
    pub body: Bytes,
    pub certificate: Option<PeerCertificate>,
    pub public: bool,
    pub address: &'static str,
    pub fails: Option<BodyError>,
}

/// The certificate that an agency shows.
pub fn certificate_of(agency: &str) -> PeerCertificate {
    let hash: [u8; 32] = digest::digest(&digest::SHA256, agency.as_bytes()).as_ref().try_into().unwrap();
    PeerCertificate {
        thumbprint: Thumbprint(hash),
        spki_sha256: hex::encode(hash),
        serial: format!("5e{agency}"),
        agency: AgencyId::parse(agency).ok(),
        not_before_s: AT.seconds() - 1_000,
        not_after_s: AT.seconds() + 100_000,
    }
}

impl Call {
    pub fn new(method: &str, target: &str, body: impl Into<Bytes>) -> Self {
        Self {
            method: method.to_owned(),
            target: target.to_owned(),
            headers: HeaderMap::new(),
            body: body.into(),
            certificate: None,
            public: false,
            address: "127.0.0.9",
            fails: None,
        }
    }

    pub fn get(target: &str) -> Self {
        Self::new("GET", target, Bytes::new())
    }

    pub fn json(target: &str, body: &Value) -> Self {
        Self::new("POST", target, body.to_string()).with("content-type", "application/json")
    }

    pub fn form(target: &str, fields: &[(&str, &str)]) -> Self {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        Self::new("POST", target, body).with("content-type", "application/x-www-form-urlencoded")
    }

    /// In the name of an agency, and of a user if one is named.
    pub fn by(mut self, agency: &str, user: &str) -> Self {
        self.certificate = Some(certificate_of(agency));
        if user.is_empty() { self } else { self.with("ijazat-user", user) }
    }

    /// Through the public listener.
    pub fn publicly(mut self) -> Self {
        self.public = true;
        self
    }

    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.insert(HeaderName::from_static(name), HeaderValue::from_bytes(value.as_bytes()).unwrap());
        self
    }

    pub fn without(mut self, name: &str) -> Self {
        self.headers.remove(name);
        self
    }

    pub fn head(&self) -> Head {
        Head {
            listener: if self.public { Listener::Public } else { Listener::Agency },
            peer: Peer { address: self.address.parse().unwrap(), certificate: self.certificate.clone().map(Arc::new) },
            method: self.method.clone(),
            target: self.target.clone(),
            headers: self.headers.clone(),
        }
    }

    /// A bank's question about the citizen, with the token of [`super::TOKEN`].
    pub fn kyc() -> Self {
        Self::json("/v1/identity/kyc", &serde_json::json!({"cnic": super::CITIZEN}))
            .by("bank-indus", "teller-1")
            .with("ijazat-purpose", "KYC-101")
            .with("authorization", &format!("Bearer {}", super::TOKEN))
    }

    /// BISP's question about a household, by programme.
    pub fn household() -> Self {
        Self::json("/v1/nser/household", &serde_json::json!({"cnic": super::CITIZEN}))
            .by("bisp", "standard-1")
            .with("ijazat-purpose", "NSER-201")
            .with("ijazat-basis", "prog-kafalat")
    }

    /// A hospital's notice of a death: a service that writes.
    pub fn notice() -> Self {
        let body = serde_json::json!({"cnic": super::CITIZEN, "date_of_death": "2026-11-20", "place": "Ward 4"});
        Self::json("/v1/vital/death-notices", &body).by("hospital-mehran", "doctor-1").with("ijazat-purpose", "VIT-401")
    }
}

/// The body of a call; notes how often and up to which size it was read.
#[derive(Debug)]
pub struct BodyOf {
    body: Bytes,
    fails: Option<BodyError>,
    pub read: Vec<usize>,
}

impl BodyOf {
    pub fn new(call: &Call) -> Self {
        Self { body: call.body.clone(), fails: call.fails, read: Vec::new() }
    }
}

#[async_trait]
impl BodyReader for BodyOf {
    async fn read(&mut self, max: usize) -> Result<Bytes, BodyError> {
        self.read.push(max);
        match self.fails {
            Some(error) => Err(error),
            None if self.body.len() > max => Err(BodyError::TooLarge),
            None => Ok(self.body.clone()),
        }
    }
}

/// A reply's status, JSON and one header.
pub fn read(reply: &Reply, header: &str) -> (u16, Value, String) {
    let value = reply.headers.iter().find(|(name, _)| name.as_str() == header);
    let value = value.map(|(_, value)| value.to_str().unwrap().to_owned()).unwrap_or_default();
    (reply.status, serde_json::from_slice(&reply.body).unwrap_or(Value::Null), value)
}
