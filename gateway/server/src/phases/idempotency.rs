//! `Idempotency-Key`: afterwards the request is the first of its key, or is known to repeat one that was answered.
//!
//! A repeated read asks the upstream again, under a decision of its own: no answer that names a person is ever kept, and
//! what was revoked meanwhile is not given again. A repeated write must not be done again, so its answer is kept, sealed
//! under the client's own key, of which the store holds only a digest.

use std::fmt::Write as _;

use aws_lc_rs::digest::{Context, SHA256};
use bytes::Bytes;
use exchange::{
    caller::Caller,
    codes::Code,
    ids::RequestId,
    limits,
    ports::{
        consent_tokens::ControlUnavailable,
        idempotency::{Beginning, Begun, Claim, IdempotencyScope},
        record_log::Position,
    },
    record::seal::SealingKey,
    refusal::Refusal,
    timestamp::Timestamp,
};
use http::HeaderMap;
use minicbor::{
    Decode, Encode,
    bytes::{ByteArray, ByteVec},
};

use super::{parts::Parts, route::Routed, trail::Trail};

const HEADER: &str = "idempotency-key";

/// Seconds after which a client may look whether the first request has ended.
const IN_PROGRESS_RETRY_S: u32 = 1;

/// A request's idempotency key, claimed.
#[derive(Debug)]
pub struct Key {
    claim: Claim,
    seals: SealingKey,
    first: Option<First>,
}

/// The request that is repeated.
#[derive(Clone, Debug)]
pub struct First {
    /// Its id: a one-time token that it used counts again for its repetition.
    pub request: RequestId,
    /// Where its answer stands in the access log.
    pub sequence: u64,
    /// When it began.
    pub at: Timestamp,
    note: Note,
}

/// What is kept of a first answer; at its beginning, whose it will be.
#[derive(Clone, Debug, Encode, Decode)]
#[cbor(map)]
struct Note {
    #[n(0)]
    request: String,
    /// Digest of certificate and token, which the repetition of a read must show again.
    #[n(1)]
    shown: ByteArray<32>,
    /// Datatypes that were released.
    #[n(2)]
    released: Vec<String>,
    #[n(3)]
    rows: u32,
    /// The answer of a write, sealed.
    #[n(4)]
    body: Option<ByteVec>,
}

/// The answer of a write that was done before.
#[derive(Debug)]
pub struct Stored {
    /// Body.
    pub body: Bytes,
    /// Rows.
    pub rows: u32,
}

/// Claims the request's key, if it sends one. Nobody but an agency is charged or may write, so only agencies' keys count;
/// a dry run does nothing that could be done twice.
///
/// # Errors
/// `header_invalid`, `idempotency_conflict`, `idempotency_in_progress`, `idempotency_spent`, `store_unavailable`.
pub async fn begin(parts: &Parts, headers: &HeaderMap, routed: &mut Routed, trail: &Trail) -> Result<(), Refusal> {
    let Some(text) = text(headers)? else { return Ok(()) };
    let Caller::Agency { agency, user, .. } = &routed.caller else { return Ok(()) };
    if trail.dry_run {
        return Ok(());
    }
    let user = user.as_ref().map(|user| &user.id);
    let scope = IdempotencyScope { agency: &agency.id, user, service: &routed.service.id, key: text };
    let note = Note {
        request: trail.request.to_string(),
        shown: shown(routed).into(),
        released: Vec::new(),
        rows: 0,
        body: None,
    };
    let beginning = Beginning { request: &trail.request, note: &note.to_bytes() };
    let begun = parts.idempotency.begin(scope, &asked(routed), beginning).await.map_err(|error| unavailable(&error))?;
    let seals = SealingKey::new(&seal_key(scope)).map_err(|_| Refusal::new(Code::Internal))?;
    let (claim, first) = match begun {
        Begun::Fresh(claim) => (claim, None),
        Begun::InProgress => {
            return Err(Refusal::new(Code::IdempotencyInProgress).retry_after(IN_PROGRESS_RETRY_S));
        }
        Begun::OtherBody => return Err(Code::IdempotencyConflict.into()),
        Begun::Done { sequence, answer, at, claim } => {
            let first = First::read((sequence, at), answer.as_deref()).ok_or_else(|| unreadable(trail))?;
            if !routed.service.writes {
                may_repeat(routed, &first, at, trail.at)?;
            }
            (claim, Some(first))
        }
    };
    routed.key = Some(Key { claim, seals, first });
    Ok(())
}

/// The request that this one repeats.
#[must_use]
pub fn repeats(routed: &Routed) -> Option<&First> {
    routed.key.as_ref().and_then(|key| key.first.as_ref())
}

/// Notes in the decision's input that the request repeats an earlier one: the record names the first.
pub fn note(routed: &Routed, trail: &mut Trail) {
    if let Some(first) = repeats(routed) {
        // Writing to a String cannot fail.
        let _ = write!(trail.decision_input, " repeats={}@{}", first.request, first.sequence);
    }
}

/// Counts the repetition of a read, just before it is asked again.
///
/// # Errors
/// `idempotency_spent` after the third, `store_unavailable`.
pub async fn count(parts: &Parts, routed: &Routed) -> Result<(), Refusal> {
    let Some(key) = routed.key.as_ref().filter(|key| key.first.is_some() && !routed.service.writes) else {
        return Ok(());
    };
    let counted = parts.idempotency.count_replay(&key.claim, limits::REPLAYS_MAX).await;
    if counted.map_err(|error| unavailable(&error))? { Ok(()) } else { Err(spent("it was repeated three times")) }
}

/// The answer of a write that was done before; `None` when there is something to do.
///
/// # Errors
/// `idempotency_spent` when less may be released than was then, `internal` when what was kept cannot be opened.
pub fn stored(routed: &Routed, trail: &Trail) -> Result<Option<Stored>, Refusal> {
    let Some(key) = routed.key.as_ref().filter(|_| routed.service.writes) else { return Ok(None) };
    let Some(first) = &key.first else { return Ok(None) };
    let allowed = trail.allowed();
    if !first.note.released.iter().all(|name| allowed.iter().any(|datatype| datatype.as_str() == name)) {
        return Err(spent("less may be released now"));
    }
    // The process died between its record and this note: it was done, and what it answered is lost.
    let sealed = first.note.body.as_ref().ok_or_else(|| spent("it was done, and its answer is lost"))?;
    let body = key.seals.open(key.claim.scope.as_bytes(), sealed).map_err(|_| unreadable(trail))?;
    Ok(Some(Stored { body: Bytes::from(body), rows: first.note.rows }))
}

/// The first request of a key was answered and its record is durable. A failure here costs the client its repetition, not
/// its answer.
pub async fn finish(parts: &Parts, routed: &Routed, position: Position, rows: u32, body: &[u8], trail: &Trail) {
    let Some(key) = routed.key.as_ref().filter(|key| key.first.is_none()) else { return };
    let sealed = || key.seals.seal(parts.entropy.as_ref(), key.claim.scope.as_bytes(), body).ok().map(ByteVec::from);
    let note = Note {
        request: trail.request.to_string(),
        shown: shown(routed).into(),
        released: trail.allowed().iter().map(ToString::to_string).collect(),
        rows,
        body: routed.service.writes.then(sealed).flatten(),
    };
    match parts.idempotency.finish(&key.claim, position.sequence, Some(&note.to_bytes())).await {
        Ok(true) => {}
        Ok(false) => tracing::warn!(request = %trail.request, "another request took over an idempotency key"),
        Err(error) => tracing::error!(request = %trail.request, %error, "an idempotency key could not be finished"),
    }
}

/// The first request of a key ended without an answer: the key is free again, except where a write may have been done
/// all the same. Then the key stays taken until the store gives it up, so that a hasty repetition is not done twice.
pub async fn give_up(parts: &Parts, routed: &Routed, code: Code, forwarded: bool) {
    let Some(key) = routed.key.as_ref().filter(|key| key.first.is_none()) else { return };
    if forwarded && routed.service.writes && perhaps_done(code) {
        return;
    }
    if let Err(error) = parts.idempotency.abandon(&key.claim).await {
        tracing::warn!(%error, "an idempotency key could not be given up");
    }
}

/// Whether a write that ended so may have been done: nothing answered, or its answer could not be passed on or recorded.
fn perhaps_done(code: Code) -> bool {
    matches!(
        code,
        Code::UpstreamFailed
            | Code::UpstreamTimeout
            | Code::UpstreamAnswerRefused
            | Code::LogUnavailable
            | Code::StoreUnavailable
            | Code::Internal
    )
}

fn text(headers: &HeaderMap) -> Result<Option<&str>, Refusal> {
    let Some(value) = headers.get(HEADER) else { return Ok(None) };
    let text = value.to_str().ok().map(str::trim).filter(|text| {
        (1..=limits::IDEMPOTENCY_KEY_BYTES_MAX).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
    });
    text.map(Some).ok_or_else(|| Refusal::new(Code::HeaderInvalid).member("header", "Idempotency-Key"))
}

impl Note {
    fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        // Writing to a Vec cannot fail.
        let _ = minicbor::encode(self, &mut bytes);
        bytes
    }
}

impl First {
    fn read((sequence, at): (u64, Timestamp), note: Option<&[u8]>) -> Option<Self> {
        let note: Note = minicbor::decode(note?).ok()?;
        let request = RequestId::parse(&note.request).ok()?;
        Some(Self { request, sequence, at, note })
    }
}

fn may_repeat(routed: &Routed, first: &First, begun: Timestamp, now: Timestamp) -> Result<(), Refusal> {
    if *first.note.shown != shown(routed) {
        return Err(Refusal::new(Code::IdempotencyConflict).detail("another certificate or token showed the first"));
    }
    if now > begun.plus_seconds(limits::REPLAY_WITHIN_S) {
        return Err(spent("ten minutes have passed"));
    }
    Ok(())
}

/// What makes a request the same: everything that decides its answer but who asks, which is the key's scope.
fn asked(routed: &Routed) -> [u8; 32] {
    let purpose = routed.purpose.as_ref().map_or("", |purpose| purpose.code.as_str());
    let version = routed.service.version.to_be_bytes();
    let bases = routed.bases.join(",");
    digest(&[&version, routed.path.as_bytes(), purpose.as_bytes(), bases.as_bytes(), &routed.body])
}

fn shown(routed: &Routed) -> [u8; 32] {
    let certificate = match &routed.caller {
        Caller::Agency { certificate, .. } => certificate.0,
        _ => [0; 32],
    };
    digest(&[&certificate, routed.token.as_deref().unwrap_or("").as_bytes()])
}

fn seal_key(scope: IdempotencyScope<'_>) -> [u8; 32] {
    let user = scope.user.map_or("", |user| user.as_str());
    let texts = ["ijazat-idempotency-1", scope.agency.as_str(), user, scope.service.as_str(), scope.key];
    digest(&texts.map(str::as_bytes))
}

/// SHA-256 over the parts, each behind its length, so that no two lists of parts read alike.
fn digest(parts: &[&[u8]]) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        context.update(part);
    }
    let mut out = [0; 32];
    out.copy_from_slice(context.finish().as_ref());
    out
}

fn spent(why: &str) -> Refusal {
    Refusal::new(Code::IdempotencySpent).detail(why)
}

fn unreadable(trail: &Trail) -> Refusal {
    tracing::error!(request = %trail.request, "what was kept under an idempotency key cannot be read");
    Code::Internal.into()
}

fn unavailable(error: &ControlUnavailable) -> Refusal {
    tracing::warn!(%error, "idempotency keys cannot be looked up");
    Refusal::new(Code::StoreUnavailable).retry_after(1)
}

#[cfg(test)]
#[path = "idempotency_tests.rs"]
mod tests;
