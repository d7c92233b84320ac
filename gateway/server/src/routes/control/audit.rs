//! `POST /v1/audit/accesses`: who looked at this citizen, when, from where, for what, refused ones too.

use std::sync::Arc;

use adapters::sql::index::{Access, AccessQuery, IndexError, IndexStore, Indexer, Opened, Opener};
use axum::{Json, Router, body::Bytes, extract::State, routing::post};
use exchange::{
    codes::Code, permit::Permit, ports::citizen_keys::CitizenKeys, record::leaf::Kind, refusal::Refusal,
    timestamp::Timestamp,
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::routes::answer::{Failure, MaybePermit, permit_for};

/// Accesses of one page: a page and its side records are opened within a few milliseconds.
const PAGE_MAX: u32 = 100;

/// What the route works with.
#[derive(Debug)]
pub struct AuditParts {
    /// Opens the side records of the hits.
    pub opener: Opener,
    /// Follows the log.
    pub indexer: Indexer,
    /// The index.
    pub index: IndexStore,
    /// Turns a CNIC into the key that the index knows.
    pub keys: Arc<dyn CitizenKeys>,
}

/// The route.
pub fn routes(parts: Arc<AuditParts>) -> Router {
    Router::new().route("/v1/audit/accesses", post(accesses)).with_state(parts)
}

/// The citizen stands in the permit; the door has checked that the body names the same one.
#[derive(Debug, Default, Deserialize)]
struct Ask {
    from: Option<String>,
    until: Option<String>,
    cursor: Option<String>,
}

async fn accesses(
    State(parts): State<Arc<AuditParts>>,
    permit: MaybePermit,
    body: Bytes,
) -> Result<Json<Value>, Failure> {
    let permit = permit_for(permit, "audit.accesses")?;
    let ask: Ask = serde_json::from_slice(&body).map_err(|_| Code::BodyMalformed)?;
    let window = Window::read(&ask)?;
    let indexed = parts.indexer.catch_up().await?;
    let cursor = window.cursor.unwrap_or(Cursor { bound: indexed, before: indexed });
    let limit = permit.grant().rows.clamp(1, PAGE_MAX);
    let query = query(&parts, &permit, &window, cursor, limit)?;
    let mut found = parts.index.accesses(&query).await.map_err(IndexError::from)?;
    let more = found.len() > limit as usize;
    found.truncate(limit as usize);
    let next = found.last().filter(|_| more).map(|last| Cursor { before: last.sequence, ..cursor }.to_string());
    let opened = parts.opener.each(found.iter().map(|access| access.sequence).collect()).await?;
    let accesses: Vec<_> = found.iter().zip(&opened).map(|(access, opened)| describe(access, opened)).collect();
    Ok(Json(json!({"accesses": accesses, "next": next})))
}

fn query<'a>(
    parts: &'a AuditParts,
    permit: &'a Permit,
    window: &Window,
    cursor: Cursor,
    limit: u32,
) -> Result<AccessQuery<'a>, Failure> {
    let citizen = permit.subject().ok_or(Code::CnicInvalid)?;
    Ok(AccessQuery {
        node: parts.opener.log().node(),
        subject: parts.keys.subject_key(citizen),
        from: window.from,
        until: window.until,
        bound: cursor.bound,
        before: cursor.before,
        except: permit.grant().request.as_str(),
        // One more than the page shows whether there is another page.
        limit: limit + 1,
    })
}

fn describe(access: &Access, opened: &Opened) -> Value {
    json!({
        "sequence": access.sequence,
        "at": access.at.rfc3339(),
        "agency": access.agency,
        "service": access.service,
        "purpose": access.purpose,
        "basis": access.basis,
        "decision": decision(access.kind),
        "code": access.code,
        "released": access.released,
        "rows": access.rows,
        "user": opened.side.user,
        "user_name": opened.side.user_name,
        "address": opened.side.address,
    })
}

/// An intent is listed only while nothing closed it: the request is still running, or the process died under it.
fn decision(kind: Kind) -> &'static str {
    match kind {
        Kind::Refused => "refused",
        Kind::Intent => "unfinished",
        _ => "permitted",
    }
}

/// Which part of the log is asked for.
#[derive(Debug)]
struct Window {
    from: Timestamp,
    until: Timestamp,
    cursor: Option<Cursor>,
}

impl Window {
    fn read(ask: &Ask) -> Result<Self, Refusal> {
        Ok(Self {
            from: day("from", ask.from.as_deref())?.unwrap_or(Timestamp::from_micros(0)),
            until: day("until", ask.until.as_deref())?.unwrap_or(Timestamp::from_micros(i64::MAX)),
            cursor: match ask.cursor.as_deref() {
                None => None,
                Some(text) => Some(Cursor::parse(text).ok_or_else(|| invalid("cursor"))?),
            },
        })
    }
}

/// Midnight in Pakistan before the day `YYYY-MM-DD`.
fn day(name: &'static str, text: Option<&str>) -> Result<Option<Timestamp>, Refusal> {
    let Some(text) = text else { return Ok(None) };
    let at = Timestamp::parse_rfc3339(&format!("{text}T00:00:00+05:00"));
    at.map(Some).ok_or_else(|| invalid(name))
}

fn invalid(parameter: &'static str) -> Refusal {
    Refusal::new(Code::ParameterInvalid).member("parameter", parameter)
}

/// Where the next page begins: entries below `before`, in the log as it was when the first page was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cursor {
    bound: u64,
    before: u64,
}

impl Cursor {
    fn parse(text: &str) -> Option<Self> {
        let (bound, before) = text.split_once('.')?;
        Some(Self { bound: bound.parse().ok()?, before: before.parse().ok()? })
    }
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.bound, self.before)
    }
}

/// What the door says when the index cannot follow or answer. The reason names entries and nobody.
impl From<IndexError> for Failure {
    fn from(error: IndexError) -> Self {
        tracing::error!(%error, "the index of the access log cannot answer");
        let refusal = match error {
            IndexError::Store(_) => Refusal::new(Code::StoreUnavailable).retry_after(5),
            IndexError::Log(_) => Refusal::new(Code::LogUnavailable).retry_after(5),
            IndexError::Unreadable(_) | IndexError::AheadOfLog { .. } | IndexError::Stopped => Code::Internal.into(),
        };
        Self(refusal)
    }
}

#[cfg(test)]
mod tests {
    use adapters::sql::Database;
    use exchange::record::leaf::Leaf;

    use super::*;
    use crate::routes::trial::{AT, LastDigit, MemoryLog, ask, leaf, permit, side_key};

    const DAY: i64 = 86_400_000_000;

    struct Trial {
        log: Arc<MemoryLog>,
        router: Router,
        folder: std::path::PathBuf,
    }

    impl Trial {
        async fn new(name: &str) -> Self {
            let folder = std::env::temp_dir().join(format!("ijazat-audit-{name}-{}", std::process::id()));
            let _ = std::fs::remove_dir_all(&folder);
            std::fs::create_dir_all(&folder).unwrap();
            let url = format!("sqlite:{}", folder.join("index.db").display());
            let index = IndexStore::open(Database::open(&url, "log_index").await.unwrap()).await.unwrap();
            let log = Arc::new(MemoryLog::default());
            let opener = Opener::new(Arc::clone(&log) as _, side_key());
            let indexer = Indexer::new(opener.clone(), index.clone());
            let parts = AuditParts { opener, indexer, index, keys: Arc::new(LastDigit) };
            Self { log, router: routes(Arc::new(parts)), folder }
        }

        async fn ask(&self, body: &Value) -> (u16, Value) {
            let permit = Some(permit("audit.accesses", "auditor-general"));
            ask(self.router.clone(), permit, "POST", "/v1/audit/accesses", &body.to_string()).await
        }
    }

    impl Drop for Trial {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }

    fn sequences(answer: &Value) -> Vec<u64> {
        answer["accesses"].as_array().unwrap().iter().map(|a| a["sequence"].as_u64().unwrap()).collect()
    }

    #[tokio::test]
    async fn an_auditor_sees_who_looked_from_where_and_why_refusals_too() {
        let trial = Trial::new("who").await;
        trial.log.put(leaf(Kind::Outcome, "answered", "bank-indus"), 1);
        trial.log.put(leaf(Kind::Outcome, "another citizen", "bank-indus"), 2);
        let code = Some("consent_required".into());
        trial.log.put(Leaf { code, rows: 0, ..leaf(Kind::Refused, "refused", "telco-sarhad") }, 1);
        let (status, found) = trial.ask(&json!({"cnic": "42101-1234567-1"})).await;
        assert_eq!((status, sequences(&found)), (200, vec![2, 0]));
        assert_eq!(found["next"], Value::Null);
        let refused = json!({
            "sequence": 2, "at": "2026-11-22T14:33:20+05:00", "agency": "telco-sarhad", "service": "identity.kyc@1",
            "purpose": "KYC-101", "basis": null, "decision": "refused", "code": "consent_required", "released": [],
            "rows": 0, "user": "teller-1", "user_name": "Teller of the story", "address": "203.0.113.77"
        });
        assert_eq!(found["accesses"][0], refused);
        assert_eq!(found["accesses"][1]["decision"], "permitted");
    }

    #[tokio::test]
    async fn pages_of_the_permitted_size_join_without_gap_or_repetition() {
        let trial = Trial::new("pages").await;
        for n in 0..8 {
            trial.log.put(leaf(Kind::Outcome, &format!("r{n}"), "bank-indus"), 1);
        }
        let (mut seen, mut cursor) = (Vec::new(), Value::Null);
        for expected in [3, 3, 2] {
            let (_, page) = trial.ask(&json!({"cnic": "4210112345671", "cursor": cursor})).await;
            assert_eq!(sequences(&page).len(), expected);
            seen.extend(sequences(&page));
            cursor = page["next"].clone();
            trial.log.put(leaf(Kind::Outcome, "later", "bank-indus"), 1);
        }
        assert_eq!((seen, cursor), ((0..8).rev().collect(), Value::Null));
    }

    #[tokio::test]
    async fn days_are_pakistans_and_the_last_is_outside() {
        let trial = Trial::new("days").await;
        for at in [AT - DAY, AT, AT + DAY] {
            trial.log.put(Leaf { at, ..leaf(Kind::Outcome, "r", "bank-indus") }, 1);
        }
        let (_, found) =
            trial.ask(&json!({"cnic": "4210112345671", "from": "2026-11-22", "until": "2026-11-23"})).await;
        assert_eq!(sequences(&found), [1]);
    }

    #[tokio::test]
    async fn what_cannot_be_read_is_named() {
        let trial = Trial::new("invalid").await;
        for (name, value) in [("from", "2026-02-30"), ("until", "tomorrow"), ("cursor", "7"), ("cursor", "7.x")] {
            let expected = json!({"code": "parameter_invalid", "members": {"parameter": name}});
            assert_eq!(trial.ask(&json!({"cnic": "4210112345671", name: value})).await, (400, expected));
        }
        assert_eq!(trial.ask(&json!(7)).await.0, 400);
        assert_eq!(ask(trial.router.clone(), None, "POST", "/v1/audit/accesses", "{}").await.0, 500);
    }
}
