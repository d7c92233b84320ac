//! What may go wrong with a service: its codes, and the problem documents that carry them.

use serde_json::{Map, Value, json};

use crate::codes::Code::{
    AccessDenied, AcrTooLow, AgencySuspended, AgreementRequired, AnswerCut, ApplicationIncomplete,
    AuthorizationPending, BalanceInsufficient, BasisUnknown, BodyIncomplete, BodyMalformed, BodyTooLarge,
    CallerNotAllowed, CertificateExpired, CertificateRevoked, CertificateUnmapped, ChangeRefused, ClientMismatch,
    CnicInvalid, Conflict, ConsentMismatch, ConsentRequired, ContentTypeUnsupported, DirectoryStale, ExpiredToken,
    FieldsNotPermitted, FrequencyExceeded, HeadIncomplete, HeaderInvalid, IdempotencyConflict, IdempotencyInProgress,
    IdempotencySpent, Internal, InvalidAuthorizationDetails, InvalidBindingMessage, InvalidGrant, InvalidPin,
    LogUnavailable, MethodNotAllowed, NetworkRefused, NotBuilt, NotFound, OutsideProgramme, ParameterInvalid,
    PathAmbiguous, PinModeNotAllowed, PinUsed, PolicyDenied, PolicyError, ProgrammeSpent, PurposeRequired,
    PurposeUnknown, QuotaExhausted, RateLimited, RateUnknown, ResendsUsedUp, SecondPersonRequired, SecretNeedsBoard,
    ServiceUnknown, SlowDown, StoreUnavailable, SubjectNotVerifiable, TokenInvalid, UnknownUserId,
    UpstreamAnswerRefused, UpstreamFailed, UpstreamTimeout, UpstreamUnavailable, UserAssertionInvalid,
    UserAssertionRequired, UserDisabled, UserRequired, UserUnknown,
};
use crate::{
    catalogue::{BodyForm, CallerKind, ConsentRule, ParamKind, Service},
    codes::Code,
    ids::RequestId,
    refusal::Refusal,
};

/// The codes that a service may refuse with, in the order of the list of codes.
#[must_use]
pub fn codes_of(service: &Service) -> Vec<Code> {
    Code::ALL.iter().copied().filter(|code| may(service, *code)).collect()
}

fn may(service: &Service, code: Code) -> bool {
    let agency = service.callers.contains(&CallerKind::Agency);
    let has = |kind| service.params.iter().any(|param| param.kind == kind);
    match code {
        CertificateUnmapped
        | CertificateRevoked
        | CertificateExpired
        | AgencySuspended
        | UserUnknown
        | UserDisabled
        | UserAssertionRequired
        | UserAssertionInvalid
        | NetworkRefused
        | TokenInvalid
        | IdempotencyConflict
        | IdempotencyInProgress
        | IdempotencySpent => agency,
        UserRequired => agency && !service.unattended,
        BalanceInsufficient | QuotaExhausted | RateUnknown => agency && !service.charge.priced().is_empty(),
        CallerNotAllowed
        | RateLimited
        | PathAmbiguous
        | HeaderInvalid
        | BodyMalformed
        | BodyTooLarge
        | BodyIncomplete
        | PurposeUnknown
        | BasisUnknown
        | PolicyDenied
        | PolicyError
        | UpstreamFailed
        | UpstreamAnswerRefused
        | UpstreamTimeout
        | UpstreamUnavailable
        | LogUnavailable
        | DirectoryStale
        | StoreUnavailable
        | Internal => true,
        // They belong to no service: none was named yet, or not by a request that could be read; or nobody is there to read it.
        ServiceUnknown | MethodNotAllowed | HeadIncomplete | AnswerCut => false,
        NotBuilt => service.not_built,
        ContentTypeUnsupported => service.body != BodyForm::None,
        ParameterInvalid => !service.params.is_empty(),
        CnicInvalid => service.subject.is_some() || has(ParamKind::Cnic),
        PurposeRequired | AgreementRequired | OutsideProgramme | ProgrammeSpent => service.purpose_required,
        ConsentRequired | ConsentMismatch | FrequencyExceeded | SecretNeedsBoard => asks_consent(service),
        FieldsNotPermitted => service.params.iter().any(|param| param.name == "fields"),
        SubjectNotVerifiable => service.subject.is_some(),
        NotFound => !service.params.is_empty() || agency,
        ClientMismatch => service.params.iter().any(|param| param.name == "client_id"),
        Conflict => service.writes,
        SecondPersonRequired => matches!(service.action.as_str(), "decideProposal" | "identifyByBiometric"),
        ApplicationIncomplete => changes(service),
        ChangeRefused => changes(service) || service.action == "applyForAccess",
        AuthorizationPending
        | SlowDown
        | AccessDenied
        | ExpiredToken
        | InvalidGrant
        | InvalidPin
        | PinUsed
        | PinModeNotAllowed
        | AcrTooLow
        | ResendsUsedUp
        | InvalidAuthorizationDetails
        | InvalidBindingMessage
        | UnknownUserId => told_by_consent(service.id.as_str(), code),
    }
}

/// Whether the citizen's consent has to do with it.
fn asks_consent(service: &Service) -> bool {
    service.consent != ConsentRule::None
}

/// Whether an endpoint of consent can say so; nothing else can.
fn told_by_consent(endpoint: &str, code: Code) -> bool {
    match endpoint {
        "consent.authorize" => {
            matches!(code, AcrTooLow | InvalidAuthorizationDetails | InvalidBindingMessage | UnknownUserId | SlowDown)
        }
        "consent.pin" => {
            matches!(code, AccessDenied | ExpiredToken | InvalidGrant | InvalidPin | PinModeNotAllowed | PinUsed)
        }
        "consent.resend" => {
            matches!(code, AccessDenied | ExpiredToken | InvalidGrant | PinUsed | ResendsUsedUp | SlowDown)
        }
        "consent.cancel" => matches!(code, AccessDenied | ExpiredToken | InvalidGrant),
        "consent.token" => {
            matches!(code, AuthorizationPending | SlowDown | AccessDenied | ExpiredToken | InvalidGrant)
        }
        _ => false,
    }
}

/// Whether the service changes the directory.
fn changes(service: &Service) -> bool {
    matches!(service.action.as_str(), "proposeChange" | "decideProposal")
}

/// The refusals of one service by status; each names its codes and shows one example of each.
pub(super) fn responses(service: &Service) -> Map<String, Value> {
    let codes = codes_of(service);
    let mut statuses: Vec<u16> = codes.iter().map(|code| code.status()).collect();
    statuses.sort_unstable();
    statuses.dedup();
    let of_status = |status| codes.iter().copied().filter(move |code| code.status() == status).collect::<Vec<_>>();
    statuses.into_iter().map(|status| (status.to_string(), response(service, status, &of_status(status)))).collect()
}

fn response(service: &Service, status: u16, codes: &[Code]) -> Value {
    let words: Vec<_> = codes.iter().map(|code| code.as_str()).collect();
    let examples: Map<_, _> = words
        .iter()
        .map(|word| ((*word).to_owned(), json!({ "$ref": format!("#/components/examples/{}", example_name(word)) })))
        .collect();
    let (media, schema) = if service.oauth_errors {
        ("application/json", "OauthProblem")
    } else {
        ("application/problem+json", "Problem")
    };
    let narrowed = json!({
        "allOf": [super::schema::reference(schema), { "properties": { "code": { "enum": words } } }],
    });
    let all = ["Ijazat-Request-Id", "RateLimit-Policy", "RateLimit", "Retry-After"];
    // Every refusal of a caller that was counted has the limits; named are they where they are the reason.
    let headers = if status == 429 { all.as_slice() } else { all.split_at(1).0 };
    json!({
        // The words stand once, as the schema's: named here too they were a twentieth of the document, which has a bound.
        "description": "Refused; `code` says why.",
        "headers": super::operation::headers(headers),
        "content": { media: { "schema": narrowed, "examples": examples } },
    })
}

fn example_name(word: &str) -> String {
    format!("problem.{word}")
}

/// One problem document for each code: title in both languages, and what the operator should do.
pub(super) fn examples() -> Map<String, Value> {
    let Ok(request) = RequestId::parse("0af7651916cd43dd8448eb211c80319c") else { return Map::new() };
    let of = |code: Code| {
        let entry = code.entry();
        let value = Refusal::new(code).problem(&request, true);
        json!({ "summary": entry.title, "description": entry.action, "x-title-ur": entry.title_ur, "value": value })
    };
    Code::ALL.iter().map(|code| (example_name(code.as_str()), of(*code))).collect()
}

/// The problem document, and its form at OpenID's endpoints.
pub(super) fn schemas() -> Map<String, Value> {
    let codes: Vec<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
    let text = |about: &str| json!({ "type": "string", "description": about });
    let problem = json!({
        "type": "object",
        "description": "RFC 9457, with a stable code and a title in English and Urdu.",
        "required": ["type", "status", "code", "title", "title_ur", "action", "request_id"],
        "properties": {
            "type": { "type": "string", "pattern": "^urn:pk:ijazat:problem:[a-z_]+$" },
            "status": { "type": "integer", "minimum": 400, "maximum": 599 },
            "code": super::schema::reference("ProblemCode"),
            "title": text("For the person, English."),
            "title_ur": text("For the person, Urdu."),
            "action": text("What the operator of the calling system should do."),
            "request_id": text("Names the request in the record and in support."),
            "detail": text("On this occurrence; never names a person."),
            "policies": { "type": "array", "items": { "type": "string" } },
            "lawful": text("What would make the request lawful, by the first of `policies`."),
            "lawful_ur": text("The same in Urdu."),
            "next": text("Where to go on, such as the endpoint that asks the citizen."),
            "retry_after": { "type": "integer", "minimum": 0, "description": "Seconds." },
        },
    });
    let oauth = json!({
        "allOf": [super::schema::reference("Problem")],
        "description": "A problem that also speaks OAuth (RFC 6749, section 5.2).",
        "required": ["error", "error_description"],
        "properties": { "error": text("The OAuth or CIBA word."), "error_description": text("As `title`.") },
    });
    let code = json!({ "type": "string", "enum": codes, "description": "A code never changes meaning." });
    [("Problem", problem), ("OauthProblem", oauth), ("ProblemCode", code)]
        .into_iter()
        .map(|(name, schema)| (name.to_owned(), schema))
        .collect()
}
