//! What a webhook says, read once: a citizen's message or a receipt.
//!
//! | | signed, a JSON object | with a token, a query |
//! | --- | --- | --- |
//! | message | `from`, `text`; may have `to`, `part` of `reference`, `total`, `number` | `from`, `text`; may have `to` |
//! | receipt | `status` in words, `message_id`; may have `to` | `status` in Kannel's numbers, `message_id`; may have `to` |
//!
//! A receipt goes to the URL that the message came with, where the query has our name of the message as `id`; then `message_id`,
//! the far end's name, may be missing or empty. Status in words: `queued`, `sent`, `delivered`, `undeliverable`, `rejected`.
//! Anything else is refused. `to` of a message is our own number; nothing is decided by it.

use std::collections::HashMap;

use exchange::mobile::Mobile;
use serde::{Deserialize, de::DeserializeOwned};

use super::{limits, problem::Refused};
use crate::sms::port::{Fate, Incoming, Part, Receipt};

/// What an aggregator tells us.
#[derive(Debug, PartialEq, Eq)]
pub enum Notice {
    /// A citizen's message.
    Message(Incoming),
    /// What became of one of ours.
    Receipt(Receipt),
    /// A message from a number that is no Pakistani mobile's: nobody's whom we know, so it is taken and forgotten.
    Stranger,
}

/// Which of the two is expected.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// `/sms/mo`.
    Message,
    /// `/sms/dlr`.
    Receipt,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MessageJson {
    from: String,
    text: String,
    #[serde(rename = "to")]
    _to: Option<String>,
    part: Option<PartJson>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct PartJson {
    reference: u16,
    total: u8,
    number: u8,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReceiptJson {
    status: String,
    message_id: Option<String>,
    to: Option<String>,
}

/// Reads a signed body, and the query of the URL that it came to.
pub fn from_json(kind: Kind, query: Option<&str>, body: &[u8]) -> Result<Notice, Refused> {
    match (kind, query) {
        (Kind::Message, None) => {
            let MessageJson { from, text, part, .. } = json(body)?;
            message(&from, text, part.map(part_of).transpose()?)
        }
        (Kind::Message, Some(_)) => Err(Refused::Parameter),
        (Kind::Receipt, query) => {
            let ours = |query: &str| query.strip_prefix("id=").map(str::to_owned).ok_or(Refused::Parameter);
            let id = query.map(ours).transpose()?;
            let said: ReceiptJson = json(body)?;
            receipt(fate_in_words(&said.status)?, id, said.message_id, said.to.as_deref())
        }
    }
}

/// Reads a query's parameters; the token has been taken out.
pub fn from_query(kind: Kind, mut said: HashMap<String, String>) -> Result<Notice, Refused> {
    let mut take = |name| said.remove(name);
    let notice = match kind {
        Kind::Message => {
            take("to");
            let (from, text) = (take("from").ok_or(Refused::Parameter)?, take("text").ok_or(Refused::Parameter)?);
            message(&from, text, None)
        }
        Kind::Receipt => {
            let fate = fate_in_numbers(&take("status").ok_or(Refused::Parameter)?)?;
            receipt(fate, take("id"), take("message_id"), take("to").as_deref())
        }
    }?;
    if said.is_empty() { Ok(notice) } else { Err(Refused::Parameter) }
}

/// The reader's own words on what is wrong may repeat what was sent, so they are not passed on.
fn json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refused> {
    serde_json::from_slice(body).map_err(|error| if error.is_data() { Refused::Parameter } else { Refused::Malformed })
}

fn message(from: &str, text: String, part: Option<Part>) -> Result<Notice, Refused> {
    if from.trim().is_empty() {
        return Err(Refused::Parameter);
    }
    Ok(mobile(from).map_or(Notice::Stranger, |from| Notice::Message(Incoming { from, text, part })))
}

fn receipt(fate: Fate, id: Option<String>, far: Option<String>, to: Option<&str>) -> Result<Notice, Refused> {
    let reference = id.map(|id| if is_ours(&id) { Ok((id, 0)) } else { Err(Refused::Parameter) }).transpose()?;
    let message_id = far.unwrap_or_default();
    let plain = message_id.bytes().all(|byte| byte.is_ascii_graphic());
    if !plain || message_id.len() > limits::MESSAGE_ID_BYTES_MAX || (message_id.is_empty() && reference.is_none()) {
        return Err(Refused::Parameter);
    }
    Ok(Notice::Receipt(Receipt { message_id, to: to.and_then(mobile), reference, short: None, fate }))
}

fn part_of(said: PartJson) -> Result<Part, Refused> {
    let PartJson { reference, total, number } = said;
    let possible = total >= 2 && (1..=total).contains(&number);
    if possible { Ok(Part { reference, total, number }) } else { Err(Refused::Parameter) }
}

fn fate_in_words(word: &str) -> Result<Fate, Refused> {
    match word {
        "queued" | "sent" => Ok(Fate::Underway),
        "delivered" => Ok(Fate::Delivered),
        "undeliverable" | "rejected" => Ok(Fate::Undeliverable),
        _ => Err(Refused::Parameter),
    }
}

/// Kannel's `%d`.
fn fate_in_numbers(number: &str) -> Result<Fate, Refused> {
    match number {
        // Queued at the network's SMS centre, handed to it.
        "4" | "8" => Ok(Fate::Underway),
        "1" => Ok(Fate::Delivered),
        // Not delivered, not taken by the centre.
        "2" | "16" => Ok(Fate::Undeliverable),
        _ => Err(Refused::Parameter),
    }
}

/// A number as aggregators write it: with `+`, with a `+` that a query made a space, with 00, or bare.
fn mobile(text: &str) -> Option<Mobile> {
    let bare = text.trim();
    let bare = bare.strip_prefix("00").unwrap_or(bare);
    Mobile::parse(bare).ok()
}

/// Our own name of a message.
fn is_ours(id: &str) -> bool {
    id.len() == 32 && id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
#[path = "notice_tests.rs"]
mod tests;
