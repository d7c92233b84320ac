//! A `deliver_sm` read: a receipt, a citizen's message, or something that we let go.

use exchange::mobile::Mobile;
use rusmpp::{pdus::DeliverSm, tlvs::TlvValue, values::Ton};

use super::{
    gsm7,
    header::{self, HeaderError},
    receipt,
};
use crate::sms::port::{Incoming, Part, Receipt};

/// Bits of `esm_class` (SMPP 3.4 section 5.2.12): what kind of message, and that a header stands before the text.
const KIND: u8 = 0b0011_1100;
const MESSAGE: u8 = 0;
const RECEIPT: u8 = 0b0000_0100;
const NOTIFICATION: u8 = 0b0010_0000;
const WITH_HEADER: u8 = 0b0100_0000;

/// What came.
#[derive(Debug, PartialEq, Eq)]
pub enum Delivery {
    /// About a message of ours.
    Receipt(Receipt),
    /// From a citizen.
    Message(Incoming),
}

/// Why a delivery is let go. It is acknowledged all the same, or the far end would send it for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LetGo {
    /// The sender is no mobile of Pakistan: a short code, a name, a number from abroad.
    #[error("the sender is not a mobile of Pakistan")]
    Sender,
    /// A receipt that names no message.
    #[error("a receipt without the name of a message")]
    ReceiptWithoutName,
    /// A handset's own acknowledgement; we ask for none.
    #[error("an acknowledgement that nobody asked for")]
    Acknowledgement,
    /// The header before the text.
    #[error(transparent)]
    Header(#[from] HeaderError),
    /// An alphabet that we do not read.
    #[error("an alphabet that is not read: data_coding {0}")]
    Alphabet(u8),
    /// Octets that its alphabet does not have.
    #[error("octets outside the alphabet of data_coding {0}")]
    Octets(u8),
}

/// Reads the PDU.
///
/// # Errors
/// [`LetGo`].
pub fn read(deliver: &DeliverSm) -> Result<Delivery, LetGo> {
    let class = u8::from(deliver.esm_class);
    let octets = payload(deliver);
    let (part, body) = if class & WITH_HEADER == 0 {
        (segment(deliver)?, octets)
    } else {
        let (part, body) = header::split(octets)?;
        (part, body)
    };
    match class & KIND {
        RECEIPT | NOTIFICATION => receipt_of(deliver, body),
        // Some far ends leave the class at 0; no handset can set this TLV.
        MESSAGE if names_receipted(deliver) => receipt_of(deliver, body),
        MESSAGE => {
            let from = sender(deliver).ok_or(LetGo::Sender)?;
            let text = decode(u8::from(deliver.data_coding), body)?;
            Ok(Delivery::Message(Incoming { from, text, part }))
        }
        _ => Err(LetGo::Acknowledgement),
    }
}

fn receipt_of(deliver: &DeliverSm, body: &[u8]) -> Result<Delivery, LetGo> {
    let receipt::Told { message_id, short, fate } = receipt::read(deliver, body).ok_or(LetGo::ReceiptWithoutName)?;
    Ok(Delivery::Receipt(Receipt { message_id, to: sender(deliver), reference: None, short, fate }))
}

fn names_receipted(deliver: &DeliverSm) -> bool {
    deliver.tlvs().iter().any(|tlv| matches!(tlv.value(), Some(TlvValue::ReceiptedMessageId(_))))
}

/// The octets of the text: the TLV's where there is one, as the standard asks.
fn payload(deliver: &DeliverSm) -> &[u8] {
    let long = deliver.tlvs().iter().find_map(|tlv| match tlv.value() {
        Some(TlvValue::MessagePayload(payload)) => Some(payload.value.as_ref()),
        _ => None,
    });
    long.unwrap_or_else(|| deliver.short_message().as_ref())
}

/// The part as the `sar_` TLVs tell it; they say nothing unless all three are there (SMPP 3.4 section 5.3.2.22).
fn segment(deliver: &DeliverSm) -> Result<Option<Part>, HeaderError> {
    let (mut reference, mut total, mut number) = (None, None, None);
    for value in deliver.tlvs().iter().filter_map(|tlv| tlv.value()) {
        match value {
            TlvValue::SarMsgRefNum(told) => reference = Some(*told),
            TlvValue::SarTotalSegments(told) => total = Some(*told),
            TlvValue::SarSegmentSeqnum(told) => number = Some(*told),
            _ => {}
        }
    }
    match (reference, total, number) {
        (Some(reference), Some(total), Some(number)) => header::part(reference, total, number),
        _ => Ok(None),
    }
}

/// The sender, however the network writes it: `+92…`, `0092…`, `92…`, `0…`, or national without the 0.
fn sender(deliver: &DeliverSm) -> Option<Mobile> {
    let written = deliver.source_addr.as_str();
    let plain = written.strip_prefix("00").unwrap_or(written);
    let national = matches!(deliver.source_addr_ton, Ton::National | Ton::SubscriberNumber) && plain.starts_with('3');
    let parsed = if national { Mobile::parse(&format!("0{plain}")) } else { Mobile::parse(plain) };
    parsed.ok()
}

fn decode(coding: u8, body: &[u8]) -> Result<String, LetGo> {
    match coding {
        // The second and third: the same alphabets with a message class (3GPP TS 23.038 section 4).
        0x00 | 0x10..=0x13 | 0xF0..=0xF3 => gsm7::read(body).ok_or(LetGo::Octets(coding)),
        // Centres exist (npm's smpp among them) that say ASCII and mean GSM-7; a handset's ASCII has no control octets.
        0x01 if body.iter().any(|octet| octet.is_ascii_control() && !b"\t\n\r".contains(octet)) => {
            gsm7::read(body).ok_or(LetGo::Octets(coding))
        }
        0x01 if body.is_ascii() => Ok(body.iter().map(|octet| char::from(*octet)).collect()),
        0x01 => Err(LetGo::Octets(coding)),
        0x03 => Ok(body.iter().map(|octet| char::from(*octet)).collect()),
        0x08 | 0x18..=0x1B => utf16(body).ok_or(LetGo::Octets(coding)),
        _ => Err(LetGo::Alphabet(coding)),
    }
}

/// Half a surrogate pair becomes U+FFFD: handsets do cut between the two.
fn utf16(body: &[u8]) -> Option<String> {
    let (pairs, rest) = body.as_chunks::<2>();
    let units = pairs.iter().map(|pair| u16::from_be_bytes(*pair));
    rest.is_empty().then(|| char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect())
}

#[cfg(test)]
#[path = "delivery_tests.rs"]
mod tests;
