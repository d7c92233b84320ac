//! Problem codes: stable words for everything that can go wrong, kept in `codes.toml`.

use std::{collections::HashMap, fmt, sync::LazyLock};

use serde::Deserialize;

/// What `codes.toml` says of one code.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CodeEntry {
    /// HTTP status.
    pub status: u16,
    /// Whether an answer with this code is charged.
    pub charged: bool,
    /// For the person, English.
    pub title: String,
    /// For the person, Urdu.
    pub title_ur: String,
    /// What the operator of the calling system should do.
    pub action: String,
    /// The OAuth or CIBA `error` word at OpenID's endpoints.
    #[serde(default)]
    pub oauth: Option<String>,
}

static ENTRIES: LazyLock<HashMap<String, CodeEntry>> =
    LazyLock::new(|| toml::from_str(include_str!("codes.toml")).unwrap_or_default());

static UNLISTED: LazyLock<CodeEntry> = LazyLock::new(|| CodeEntry {
    status: 500,
    charged: false,
    title: "Something unexpected happened".to_owned(),
    title_ur: "غیر متوقع خرابی".to_owned(),
    action: "Report the request id.".to_owned(),
    oauth: None,
});

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $text:literal,)*) => {
        /// A stable word for one thing that can go wrong; a code never changes meaning.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $($(#[$doc])* $variant,)*
        }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The word on the wire and in records.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// Reads a word of the catalogue.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

codes! {
    /// This certificate belongs to no agency.
    CertificateUnmapped = "certificate_unmapped",
    /// This certificate has been revoked.
    CertificateRevoked = "certificate_revoked",
    /// This certificate is outside its dates.
    CertificateExpired = "certificate_expired",
    /// `client_id` in a form is not the agency of the certificate.
    ClientMismatch = "client_mismatch",
    /// The agency is suspended.
    AgencySuspended = "agency_suspended",
    /// This service needs a named user.
    UserRequired = "user_required",
    /// The user is not one of your agency's.
    UserUnknown = "user_unknown",
    /// The user may no longer act.
    UserDisabled = "user_disabled",
    /// Another person than the proposer must decide an open proposal.
    SecondPersonRequired = "second_person_required",
    /// The change breaks a rule of the directory.
    ChangeRefused = "change_refused",
    /// The application lacks something that it must bring.
    ApplicationIncomplete = "application_incomplete",
    /// This access needs the user's signed assertion.
    UserAssertionRequired = "user_assertion_required",
    /// The user's signed assertion does not hold.
    UserAssertionInvalid = "user_assertion_invalid",
    /// This kind of caller may not use the service.
    CallerNotAllowed = "caller_not_allowed",
    /// Too many requests.
    RateLimited = "rate_limited",
    /// The path can be read in more than one way.
    PathAmbiguous = "path_ambiguous",
    /// There is no such service.
    ServiceUnknown = "service_unknown",
    /// The service is not called with this method.
    MethodNotAllowed = "method_not_allowed",
    /// A header is repeated, too long or malformed.
    HeaderInvalid = "header_invalid",
    /// The request's head did not arrive whole in its time.
    HeadIncomplete = "head_incomplete",
    /// The body's content type is not the service's.
    ContentTypeUnsupported = "content_type_unsupported",
    /// The body is too large.
    BodyTooLarge = "body_too_large",
    /// The body ended before its announced length.
    BodyIncomplete = "body_incomplete",
    /// The body is not well-formed.
    BodyMalformed = "body_malformed",
    /// A parameter is missing, unknown or malformed.
    ParameterInvalid = "parameter_invalid",
    /// The CNIC is not thirteen digits.
    CnicInvalid = "cnic_invalid",
    /// The service needs a purpose.
    PurposeRequired = "purpose_required",
    /// No such purpose is registered for the service.
    PurposeUnknown = "purpose_unknown",
    /// The lawful basis that was named is not yours or not in force.
    BasisUnknown = "basis_unknown",
    /// The programme does not cover these people, or not by this channel.
    OutsideProgramme = "outside_programme",
    /// The programme was used as often as it may be.
    ProgrammeSpent = "programme_spent",
    /// The consent was used as often as the citizen allowed in this period.
    FrequencyExceeded = "frequency_exceeded",
    /// No policy permits this.
    PolicyDenied = "policy_denied",
    /// A policy could not be evaluated, so the request is refused.
    PolicyError = "policy_error",
    /// The citizen has not consented.
    ConsentRequired = "consent_required",
    /// The consent does not cover this request.
    ConsentMismatch = "consent_mismatch",
    /// The consent token is unknown, expired, used, or another certificate's.
    TokenInvalid = "token_invalid",
    /// A field that was asked for may not be released.
    FieldsNotPermitted = "fields_not_permitted",
    /// Secret data needs the Board's approval for this request.
    SecretNeedsBoard = "secret_needs_board",
    /// No agreement in force covers this request.
    AgreementRequired = "agreement_required",
    /// The request came from a network that is not the agency's.
    NetworkRefused = "network_refused",
    /// The person cannot be verified.
    SubjectNotVerifiable = "subject_not_verifiable",
    /// Nothing was found under this reference.
    NotFound = "not_found",
    /// The request conflicts with what is recorded.
    Conflict = "conflict",
    /// This idempotency key was used with another body.
    IdempotencyConflict = "idempotency_conflict",
    /// The same idempotency key is being worked on.
    IdempotencyInProgress = "idempotency_in_progress",
    /// The answer under this idempotency key is no longer given again.
    IdempotencySpent = "idempotency_spent",
    /// The agency's balance does not cover what the answer may cost.
    BalanceInsufficient = "balance_insufficient",
    /// A quota of the user, the place, the agency or its kind leaves less than the answer may take.
    QuotaExhausted = "quota_exhausted",
    /// No rate book in force prices the service.
    RateUnknown = "rate_unknown",
    /// The client took no more of an answer that leaves in batches.
    AnswerCut = "answer_cut",
    /// The service behind the door failed.
    UpstreamFailed = "upstream_failed",
    /// The service behind the door gave an answer that may not be passed on.
    UpstreamAnswerRefused = "upstream_answer_refused",
    /// The service behind the door did not answer in time.
    UpstreamTimeout = "upstream_timeout",
    /// The service behind the door is out of order.
    UpstreamUnavailable = "upstream_unavailable",
    /// The access log cannot be written, so nothing may be answered.
    LogUnavailable = "log_unavailable",
    /// The exchange cannot confirm who may do what just now.
    DirectoryStale = "directory_stale",
    /// A store behind the exchange is locked, read-only or gone.
    StoreUnavailable = "store_unavailable",
    /// The service is in the catalogue but not built yet.
    NotBuilt = "not_built",
    /// Something unexpected happened.
    Internal = "internal",
    /// The citizen has not answered yet.
    AuthorizationPending = "authorization_pending",
    /// Polling is too fast.
    SlowDown = "slow_down",
    /// The request was refused or its tries are used up.
    AccessDenied = "access_denied",
    /// The request for consent has run out.
    ExpiredToken = "expired_token",
    /// This request for consent is unknown, used, or another agency's.
    InvalidGrant = "invalid_grant",
    /// The passcode is wrong.
    InvalidPin = "invalid_pin",
    /// The passcode was already used.
    PinUsed = "pin_used",
    /// The citizen answers this request by SMS: no passcode is typed in for it.
    PinModeNotAllowed = "pin_mode_not_allowed",
    /// The purpose or the channel asks for more than the request does.
    AcrTooLow = "acr_too_low",
    /// The passcode was sent as often as it may be.
    ResendsUsedUp = "resends_used_up",
    /// What was asked of the citizen is unknown, above the purpose's ceiling, or may not be consented to.
    InvalidAuthorizationDetails = "invalid_authorization_details",
    /// The binding message is not plain or too long.
    InvalidBindingMessage = "invalid_binding_message",
    /// No citizen can be asked under this hint; only callers with `subject_status` learn it.
    UnknownUserId = "unknown_user_id",
}

impl Code {
    /// What `codes.toml` says of the code.
    #[must_use]
    pub fn entry(self) -> &'static CodeEntry {
        ENTRIES.get(self.as_str()).unwrap_or(&UNLISTED)
    }

    /// HTTP status.
    #[must_use]
    pub fn status(self) -> u16 {
        self.entry().status
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_stands_in_the_file_and_nothing_else_does() {
        let parsed: HashMap<String, CodeEntry> = toml::from_str(include_str!("codes.toml")).unwrap();
        for &code in Code::ALL {
            assert!(parsed.contains_key(code.as_str()), "{code} is not in codes.toml");
            assert_eq!(Code::parse(code.as_str()), Some(code));
        }
        assert_eq!(parsed.len(), Code::ALL.len());
    }

    #[test]
    fn every_code_speaks_both_languages_and_tells_what_to_do() {
        for &code in Code::ALL {
            let entry = code.entry();
            assert!((400..600).contains(&entry.status), "{code}");
            assert!(!entry.title.is_empty() && !entry.action.is_empty(), "{code}");
            assert!(entry.title_ur.chars().any(|c| ('\u{600}'..='\u{6ff}').contains(&c)), "{code} has no Urdu");
        }
    }
}
