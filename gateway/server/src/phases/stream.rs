//! Phases 6 to 10 of an answer that leaves in batches: each is asked, filtered, priced and durable in the record before it
//! leaves, and the next is asked only when the client took the one before. Who cuts the line is charged for one batch more
//! than was taken, at most.
//!
//! Each batch after the first is identified and decided anew: whatever is revoked, ended or forbidden while an answer runs ends
//! it before its next batch (rule 6). The record of a batch names the law and the directory that it was decided by.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use exchange::{
    codes::Code, filter::Filtered, ports::record_log::Position, record::leaf::Kind, refusal::Refusal, tariff::Charge,
};
use serde_json::{Value, json};

use super::{
    authorise::{self, Authorised},
    filter, forward, idempotency, identify,
    meter::{self, Counted},
    parts::Parts,
    quota,
    record::{self, Closing},
    release,
    reserve::Reserved,
    route::{Earlier, Routed},
    trail::Trail,
    wallet,
};
use crate::door::{BrokenOff, Head, Reply, Rest};

/// An answer on its way.
#[derive(Debug)]
struct Stream {
    parts: Arc<Parts>,
    head: Head,
    /// As it came, with its idempotency key.
    routed: Arc<Routed>,
    /// As the last batch was decided.
    decided: Arc<Routed>,
    earlier: Earlier,
    permit: Arc<exchange::permit::Permit>,
    trail: Trail,
    intent: Option<u64>,
    held: bool,
    taken: bool,
    /// Where the next batch begins; `None` before the first.
    cursor: Option<String>,
    batches: u32,
    rows: u32,
    /// Milli-paisa.
    amount: i64,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Batches,
    /// All rows have left; the end has not.
    End,
    Over,
}

/// Answers with the first batch, behind which the others follow.
///
/// # Errors
/// As the phases of one answer; `idempotency_spent` for a repetition, since what left in batches is not given again.
pub async fn begin(
    parts: &Arc<Parts>,
    (head, routed): (&Head, &Arc<Routed>),
    authorised: &Authorised,
    reserved: &Reserved,
    trail: &Trail,
) -> Result<Reply, Refusal> {
    if idempotency::repeats(routed).is_some() {
        return Err(Refusal::new(Code::IdempotencySpent).detail("an answer in batches is not repeated"));
    }
    let mut stream = Stream {
        parts: Arc::clone(parts),
        head: head.clone(),
        routed: Arc::clone(routed),
        decided: Arc::clone(routed),
        earlier: Earlier { approval: authorised.approval.clone() },
        permit: Arc::clone(&authorised.permit),
        trail: trail.clone(),
        intent: reserved.intent_sequence(),
        held: reserved.held.is_some(),
        taken: reserved.taken.is_some(),
        cursor: None,
        batches: 0,
        rows: 0,
        amount: 0,
        stage: Stage::Batches,
    };
    let (first, receipt) = stream.batch().await?;
    Ok(release::stream(trail, &receipt, first, Box::new(stream)))
}

impl Stream {
    /// Decides the next batch as if it were asked for now.
    async fn decide_anew(&mut self) -> Result<(), Refusal> {
        let parts = Arc::clone(&self.parts);
        parts.directory.catch_up().await;
        self.trail.at = parts.clock.now();
        let (caller, directory) = identify::identify(&parts, &self.head, &mut self.trail)?;
        let routed = self.routed.again(&parts, caller, &directory, self.earlier.clone())?;
        let authorised = authorise::authorise(&parts, &routed, &directory, &mut self.trail).await?;
        let (before, now) = (self.permit.grant(), authorised.permit.grant());
        if (&before.datatypes, &before.obligations) != (&now.datatypes, &now.obligations) {
            // One answer has one shape.
            let detail = "what may be released changed while the answer ran";
            return Err(Refusal::new(Code::FieldsNotPermitted).detail(detail));
        }
        self.decided = Arc::new(routed);
        self.permit = authorised.permit;
        Ok(())
    }

    /// The next batch and its receipt.
    async fn batch(&mut self) -> Result<(Bytes, String), Refusal> {
        if self.batches > 0 {
            self.decide_anew().await?;
            if self.held {
                wallet::put_off(&self.parts, &self.decided, &self.trail.request).await?;
            }
            if self.taken {
                quota::put_off(&self.parts, &self.decided, &self.trail.request).await?;
            }
        }
        let body = self.asking()?;
        let answer = forward::forward_body(&self.parts, &self.decided, &self.permit, &self.trail, &body).await?;
        let mut filtered = filter::narrow(&self.decided, &self.permit, &answer, &self.trail)?;
        self.goes_on(&filtered)?;
        let lines = lines(&self.decided, &filtered.value);
        let closing = Closing {
            kind: Kind::Part,
            status: 200,
            rows: filtered.rows,
            body: &lines,
            charge: self.price(&filtered),
            intent: self.intent,
            subjects: std::mem::take(&mut filtered.subjects),
            ..Closing::intent()
        };
        let position = record::durable(&self.parts, &self.trail, &closing).await?;
        self.batches += 1;
        self.rows += filtered.rows;
        self.cursor = filtered.next;
        if self.cursor.is_none() {
            self.stage = Stage::End;
        }
        let (origin, charge) = (self.parts.log.origin(), closing.charge);
        let amount = charge.as_ref().map_or(0, Charge::payable);
        self.amount = self.amount.saturating_add(amount);
        let told = json!({
            "part": self.batches, "rows": filtered.rows, "amount_milli_paisa": amount,
            "receipt": format!("{origin}/{}", position.sequence),
        });
        let receipt = release::receipt(origin, position, filtered.rows, charge.as_ref(), None);
        Ok((with_line(lines, &told), receipt))
    }

    /// The client's own body, with where this batch begins.
    fn asking(&self) -> Result<Bytes, Refusal> {
        let Some(cursor) = &self.cursor else { return Ok(self.routed.body.clone()) };
        let mut body: Value = serde_json::from_slice(&self.routed.body).map_err(|_| Refusal::new(Code::Internal))?;
        let members = body.as_object_mut().ok_or_else(|| Refusal::new(Code::Internal))?;
        members.insert("cursor".to_owned(), json!(cursor));
        Ok(Bytes::from(body.to_string()))
    }

    /// Refuses a batch that takes the answer above its permit, and an upstream that would never come to an end.
    fn goes_on(&self, filtered: &Filtered) -> Result<(), Refusal> {
        let stuck = filtered.next.is_some() && (filtered.rows == 0 || filtered.next == self.cursor);
        let too_many = self.rows.saturating_add(filtered.rows) > self.permit.grant().rows;
        if stuck || too_many {
            tracing::error!(request = %self.trail.request, stuck, too_many, "a batch was refused");
            return Err(Code::UpstreamAnswerRefused.into());
        }
        Ok(())
    }

    fn price(&self, filtered: &Filtered) -> Option<Charge> {
        meter::price(&self.decided, Counted::of(&self.decided, filtered))
    }

    /// The end: what was kept back and how much left, and the receipt of the outcome.
    async fn end(&mut self) -> Result<Bytes, Refusal> {
        let summary = json!({ "parts": self.batches, "rows": self.rows, "withheld": release::withheld(&self.trail) });
        let line = with_line(Bytes::new(), &summary);
        let closing = Closing {
            kind: Kind::Outcome,
            status: 200,
            body: &line,
            charge: meter::price(&self.decided, Counted { rows: 0, matched: false }),
            intent: self.intent,
            ..Closing::intent()
        };
        let position: Position = record::durable(&self.parts, &self.trail, &closing).await?;
        self.stage = Stage::Over;
        idempotency::finish(&self.parts, &self.routed, position, self.rows, &line, &self.trail).await;
        let amount = self.amount.saturating_add(closing.charge.as_ref().map_or(0, Charge::payable));
        let told = json!({
            "final": true, "rows": self.rows, "amount_milli_paisa": amount,
            "receipt": format!("{}/{}", self.parts.log.origin(), position.sequence),
        });
        Ok(with_line(line.clone(), &told))
    }

    async fn broken(&mut self, refusal: &Refusal) {
        self.stage = Stage::Over;
        tracing::warn!(request = %self.trail.request, code = refusal.code.as_str(), "an answer broke off");
        let service = self.routed.service.id.as_str();
        self.parts.metrics.request(service, "broken", refusal.code.as_str());
        let closing = Closing::failed(refusal.code, self.intent);
        if let Err(error) = record::durable(&self.parts, &self.trail, &closing).await {
            tracing::error!(request = %self.trail.request, code = error.code.as_str(), "its end is not recorded");
        }
        idempotency::give_up(&self.parts, &self.routed, refusal.code, true).await;
    }
}

#[async_trait]
impl Rest for Stream {
    async fn next(&mut self) -> Option<Result<Bytes, BrokenOff>> {
        let part = match self.stage {
            Stage::Batches => self.batch().await.map(|(bytes, _)| bytes),
            Stage::End => self.end().await,
            Stage::Over => return None,
        };
        match part {
            Ok(bytes) => Some(Ok(bytes)),
            Err(refusal) => {
                self.broken(&refusal).await;
                Some(Err(BrokenOff))
            }
        }
    }

    async fn left(&mut self) {
        if self.stage != Stage::Over {
            self.broken(&Code::AnswerCut.into()).await;
        }
    }
}

/// One row on each line.
fn lines(routed: &Routed, value: &Value) -> Bytes {
    let rows = routed.service.rows.as_deref().and_then(|pointer| value.pointer(pointer)).and_then(Value::as_array);
    let mut lines = String::new();
    for row in rows.into_iter().flatten() {
        lines.push_str(&row.to_string());
        lines.push('\n');
    }
    Bytes::from(lines)
}

fn with_line(before: Bytes, line: &Value) -> Bytes {
    let mut all = Vec::from(before);
    all.extend_from_slice(line.to_string().as_bytes());
    all.push(b'\n');
    Bytes::from(all)
}

#[cfg(test)]
#[path = "stream_tests.rs"]
mod tests;
