//! `GET /v1/log/checkpoint`: the signed state of the access log, for anyone who watches that it only grows.

use std::sync::Arc;

use axum::{Json, Router, extract::State, routing::get};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use exchange::{
    codes::Code,
    log::checkpoint::Checkpoint,
    ports::record_log::{LogUnavailable, RecordLog},
    refusal::Refusal,
};
use serde_json::{Value, json};

use crate::routes::answer::{Failure, MaybePermit, permit_for};

/// What the route works with.
#[derive(Debug)]
pub struct CheckpointParts {
    /// The access log.
    pub log: Arc<dyn RecordLog>,
}

/// The route.
pub fn routes(parts: Arc<CheckpointParts>) -> Router {
    Router::new().route("/v1/log/checkpoint", get(checkpoint)).with_state(parts)
}

async fn checkpoint(State(parts): State<Arc<CheckpointParts>>, permit: MaybePermit) -> Result<Json<Value>, Failure> {
    permit_for(permit, "log.checkpoint")?;
    let log = Arc::clone(&parts.log);
    let (text, verifier_key) = on_files(move || Ok((log.checkpoint()?, log.verifier_key()))).await?;
    let head = signed_text(&text).ok_or(Code::Internal)?.head;
    Ok(Json(json!({
        "origin": parts.log.origin(),
        "size": head.size,
        "root": STANDARD.encode(head.root),
        "checkpoint": text,
        "verifier_key": verifier_key,
    })))
}

/// What the note says: its text ends before the empty line that the signatures follow (C2SP signed-note).
fn signed_text(note: &str) -> Option<Checkpoint> {
    let end = note.find("\n\n")?;
    Checkpoint::parse(note.get(..=end)?).ok()
}

/// Runs work on the log's files where it may block.
///
/// # Errors
/// `log_unavailable` when the log says so, `internal` when the process is stopping.
pub(super) async fn on_files<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, LogUnavailable> + Send + 'static,
) -> Result<T, Failure> {
    let done = tokio::task::spawn_blocking(work).await.map_err(|_| Code::Internal)?;
    done.map_err(|error| {
        tracing::error!(%error, "the access log cannot be read");
        Refusal::new(Code::LogUnavailable).retry_after(5).into()
    })
}

#[cfg(test)]
mod tests {
    use exchange::{log::note::NoteVerifier, record::leaf::Kind};

    use super::*;
    use crate::routes::trial::{MemoryLog, ORIGIN, ask, leaf, permit};

    #[tokio::test]
    async fn a_checkpoint_is_signed_and_says_what_it_signs() {
        let log = Arc::new(MemoryLog::default());
        for n in 0..5 {
            log.put(leaf(Kind::Outcome, &format!("r{n}"), "bank-indus"), 1);
        }
        let router = routes(Arc::new(CheckpointParts { log }));
        let permit = Some(permit("log.checkpoint", "bank-indus"));
        let (status, found) = ask(router, permit, "GET", "/v1/log/checkpoint", "").await;
        assert_eq!((status, &found["size"], &found["origin"]), (200, &json!(5), &json!(ORIGIN)));
        let verifier = NoteVerifier::parse(found["verifier_key"].as_str().unwrap()).unwrap();
        let opened = Checkpoint::open(found["checkpoint"].as_str().unwrap(), &verifier).unwrap();
        assert_eq!(found["root"], STANDARD.encode(opened.head.root));
    }
}
