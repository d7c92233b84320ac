//! The typed opposite of an answer, and its form on the wire (RFC 9457).

use serde_json::{Map, Value, json};

use crate::{
    codes::Code,
    ids::{PolicyId, RequestId},
};

/// Why a request was not answered; each becomes one problem document and one record.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{code}")]
pub struct Refusal {
    /// The stable word.
    pub code: Code,
    /// Policies that decided it, when policies did.
    pub policies: Vec<PolicyId>,
    /// One sentence on this occurrence; never names a person or says whether one exists.
    pub detail: Option<String>,
    /// Where to go on, such as the backchannel endpoint.
    pub next: Option<String>,
    /// Seconds after which a repetition makes sense.
    pub retry_after_s: Option<u32>,
    /// Further members of the problem document, such as `tries_left` or `parameter`.
    pub members: Vec<(&'static str, Value)>,
}

impl Refusal {
    /// A refusal with this code and nothing else.
    #[must_use]
    pub fn new(code: Code) -> Self {
        Self { code, policies: Vec::new(), detail: None, next: None, retry_after_s: None, members: Vec::new() }
    }

    /// Adds the sentence on this occurrence.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Adds the policies that decided it.
    #[must_use]
    pub fn policies(mut self, policies: Vec<PolicyId>) -> Self {
        self.policies = policies;
        self
    }

    /// Adds where to go on.
    #[must_use]
    pub fn next(mut self, next: impl Into<String>) -> Self {
        self.next = Some(next.into());
        self
    }

    /// Adds the seconds to wait.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }

    /// Adds a member to the problem document.
    #[must_use]
    pub fn member(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.members.push((name, value.into()));
        self
    }

    /// The problem document of RFC 9457 §3.1 with our members `code`, `title_ur`, `action`, `request_id`.
    ///
    /// `oauth` adds `error` and `error_description` (RFC 6749 §5.2) for OpenID's endpoints.
    #[must_use]
    pub fn problem(&self, request_id: &RequestId, oauth: bool) -> Value {
        let entry = self.code.entry();
        let mut document = Map::new();
        document.insert("type".into(), json!(format!("urn:pk:ijazat:problem:{}", self.code)));
        document.insert("status".into(), json!(entry.status));
        document.insert("code".into(), json!(self.code.as_str()));
        document.insert("title".into(), json!(entry.title));
        document.insert("title_ur".into(), json!(entry.title_ur));
        document.insert("action".into(), json!(entry.action));
        document.insert("request_id".into(), json!(request_id.as_str()));
        if let Some(detail) = &self.detail {
            document.insert("detail".into(), json!(detail));
        }
        if !self.policies.is_empty() {
            document.insert("policies".into(), json!(self.policies));
        }
        if let Some(next) = &self.next {
            document.insert("next".into(), json!(next));
        }
        if let Some(seconds) = self.retry_after_s {
            document.insert("retry_after".into(), json!(seconds));
        }
        for (name, value) in &self.members {
            document.insert((*name).to_owned(), value.clone());
        }
        if oauth {
            document.insert("error".into(), json!(self.oauth_error()));
            document.insert("error_description".into(), json!(entry.title));
        }
        Value::Object(document)
    }

    /// The word of RFC 6749 and CIBA. A parameter that CIBA Core 1.0 §13 has a word for is told by it, whatever was wrong with it.
    fn oauth_error(&self) -> &'static str {
        let parameter = |(name, value): &(&str, Value)| *name == "parameter" && value == "binding_message";
        if self.code == Code::ParameterInvalid && self.members.iter().any(parameter) {
            return Code::InvalidBindingMessage.as_str();
        }
        self.code.entry().oauth.as_deref().unwrap_or("invalid_request")
    }
}

impl From<Code> for Refusal {
    fn from(code: Code) -> Self {
        Self::new(code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_has_the_members_that_clients_rely_on() {
        let refusal = Refusal::new(Code::InvalidPin).member("tries_left", 2).detail("one try was used");
        let problem = refusal.problem(&RequestId::parse("r1").unwrap(), true);
        assert_eq!(problem["status"], 400);
        assert_eq!(problem["code"], "invalid_pin");
        assert_eq!(problem["error"], "invalid_pin");
        assert_eq!(problem["tries_left"], 2);
        assert_eq!(problem["request_id"], "r1");
        assert_eq!(problem["type"], "urn:pk:ijazat:problem:invalid_pin");
    }
}
