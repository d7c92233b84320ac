//! What a delivery receipt says: in TLVs, or in the text that SMPP 3.4 appendix B proposes and everybody varies.

use rusmpp::{pdus::DeliverSm, tlvs::TlvValue, values::MessageState};

use crate::sms::port::Fate;

/// What a receipt says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The far end's name of the message, as it wrote it; empty if it told only ours.
    pub message_id: String,
    /// Our short name of the piece.
    pub short: Option<u16>,
    /// What became of it.
    pub fate: Fate,
}

/// Reads a receipt. None if it names no message.
#[must_use]
pub fn read(deliver: &DeliverSm, octets: &[u8]) -> Option<Told> {
    let text = String::from_utf8_lossy(octets);
    let (mut id, mut fate) = fields(&text);
    let mut short = None;
    for value in deliver.tlvs().iter().filter_map(|tlv| tlv.value()) {
        match value {
            TlvValue::ReceiptedMessageId(told) if !told.as_str().is_empty() => id = Some(told.as_str().to_owned()),
            TlvValue::MessageState(state) => fate = Some(of_state(*state)),
            TlvValue::UserMessageReference(told) => short = Some(told.value),
            _ => {}
        }
    }
    let named = id.is_some() || short.is_some();
    named.then(|| Told { message_id: id.unwrap_or_default(), short, fate: fate.unwrap_or(Fate::Underway) })
}

/// `id:` and `stat:` of the text. The citizen's own words come after `text:` and are not read.
fn fields(text: &str) -> (Option<String>, Option<Fate>) {
    let (mut id, mut fate) = (None, None);
    let mut words = text.split_ascii_whitespace().peekable();
    while let Some(word) = words.next() {
        let Some((key, value)) = word.split_once(':') else { continue };
        let key = key.to_ascii_lowercase();
        if key == "text" {
            break;
        }
        // `id: 12` is met beside `id:12`; a word with a colon is the next field.
        let apart = value.is_empty() && words.peek().is_some_and(|next| !next.contains(':'));
        let value = if apart { words.next().unwrap_or_default() } else { value };
        match key.as_str() {
            _ if value.is_empty() => {}
            "id" => id = id.or_else(|| Some(value.to_owned())),
            "stat" => fate = fate.or_else(|| Some(of_word(value))),
            _ => {}
        }
    }
    (id, fate)
}

const fn of_state(state: MessageState) -> Fate {
    match state {
        MessageState::Delivered => Fate::Delivered,
        MessageState::Expired
        | MessageState::Deleted
        | MessageState::Undeliverable
        | MessageState::Rejected
        | MessageState::Skipped => Fate::Undeliverable,
        _ => Fate::Underway,
    }
}

/// A word that nobody knows says nothing: the message counts as on its way.
fn of_word(word: &str) -> Fate {
    match word.to_ascii_uppercase().as_str() {
        "DELIVRD" | "DELIVERED" => Fate::Delivered,
        "EXPIRED" | "DELETED" | "UNDELIV" | "UNDELIVERABLE" | "REJECTD" | "REJECTED" | "SKIPPED" => Fate::Undeliverable,
        _ => Fate::Underway,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_of_a_receipt_is_read_as_the_world_writes_it() {
        let check = |text: &str, id: Option<&str>, fate: Option<Fate>| {
            assert_eq!(fields(text), (id.map(ToOwned::to_owned), fate), "{text}");
        };
        let whole =
            "id:0A1f sub:001 dlvrd:001 submit date:2611281030 done date:2611281031 stat:DELIVRD err:000 text:hello";
        check(whole, Some("0A1f"), Some(Fate::Delivered));
        check("id:7 stat:UNDELIV err:034", Some("7"), Some(Fate::Undeliverable));
        check("ID: 7 STAT: rejectd", Some("7"), Some(Fate::Undeliverable));
        check("stat:ENROUTE id:7", Some("7"), Some(Fate::Underway));
        check("id:a1-b2_c3 stat:ACCEPTD", Some("a1-b2_c3"), Some(Fate::Underway));
        check("id:7 stat:EXPIRED Text:id:8 stat:DELIVRD", Some("7"), Some(Fate::Undeliverable));
        check("id: sub:001 stat:", None, None);
        check("id:7 stat:WHATEVER", Some("7"), Some(Fate::Underway));
        check("text:id:7 stat:DELIVRD", None, None);
        check("no receipt at all", None, None);
        check("", None, None);
    }

    #[test]
    fn states_are_told_in_three_words() {
        let check = |states: &[u8], expected| {
            for state in states {
                assert_eq!(of_state(MessageState::from(*state)), expected, "{state}");
            }
        };
        check(&[2], Fate::Delivered);
        check(&[3, 4, 5, 8, 9], Fate::Undeliverable);
        check(&[0, 1, 6, 7, 10, 255], Fate::Underway);
    }
}
