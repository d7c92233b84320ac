//! What is answered to a webhook that is not taken: a problem document (RFC 9457) without personal data.

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use exchange::codes::Code;
use http::{HeaderValue, StatusCode, header};
use serde_json::json;

use super::{SIGNATURE_HEADER, limits};
use crate::sms::port::NotKept;

/// Why a webhook is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It is not shown that the aggregator sent it, and now.
    Unauthorised,
    /// Another method than the webhook's; the value of `Allow`.
    Method(&'static str),
    /// A body that is not JSON by its own account.
    ContentType,
    /// More than [`limits::NOTICE_BYTES_MAX`].
    TooLarge,
    /// The body ended early, or took too long.
    Incomplete,
    /// Not JSON.
    Malformed,
    /// A member or parameter is missing, unknown, repeated or malformed.
    Parameter,
    /// Nothing is wrong with it, but it could not be kept.
    NotKept,
}

impl From<NotKept> for Refused {
    fn from(NotKept: NotKept) -> Self {
        Self::NotKept
    }
}

/// The words of one refusal.
struct Words<'a> {
    code: &'a str,
    status: u16,
    title: &'a str,
    title_ur: &'a str,
    action: &'a str,
}

/// No code of the catalogue is about an aggregator.
const UNAUTHORISED: Words<'_> = Words {
    code: "webhook_unauthorised",
    status: 401,
    title: "The aggregator's signature or token is missing, wrong or too old",
    title_ur: "ایگریگیٹر کا دستخط یا ٹوکن موجود نہیں، غلط ہے یا پرانا ہے",
    action: "Check the shared secret and the clock of the aggregator.",
};

impl Refused {
    fn words(self) -> Words<'static> {
        let code = match self {
            Self::Unauthorised => return UNAUTHORISED,
            Self::Method(_) => Code::MethodNotAllowed,
            Self::ContentType => Code::ContentTypeUnsupported,
            Self::TooLarge => Code::BodyTooLarge,
            Self::Incomplete => Code::BodyIncomplete,
            Self::Malformed => Code::BodyMalformed,
            Self::Parameter => Code::ParameterInvalid,
            Self::NotKept => Code::StoreUnavailable,
        };
        let entry = code.entry();
        Words {
            code: code.as_str(),
            status: entry.status,
            title: &entry.title,
            title_ur: &entry.title_ur,
            action: &entry.action,
        }
    }

    fn header(self) -> Option<(header::HeaderName, HeaderValue)> {
        match self {
            Self::Unauthorised => Some((header::WWW_AUTHENTICATE, HeaderValue::from_static(SIGNATURE_HEADER))),
            Self::Method(allowed) => Some((header::ALLOW, HeaderValue::from_static(allowed))),
            Self::NotKept => Some((header::RETRY_AFTER, HeaderValue::from(limits::REPEAT_AFTER_S))),
            _ => None,
        }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let Words { code, status, title, title_ur, action } = self.words();
        let mut document = json!({
            "type": format!("urn:pk:ijazat:problem:{code}"),
            "status": status,
            "code": code,
            "title": title,
            "title_ur": title_ur,
            "action": action,
        });
        if self == Self::NotKept
            && let Some(members) = document.as_object_mut()
        {
            members.insert("retry_after".to_owned(), json!(limits::REPEAT_AFTER_S));
        }
        let mut response = Response::new(Body::from(document.to_string()));
        *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.extend(self.header());
        response
    }
}
