//! What a centre delivers: citizens' messages and receipts, in the forms in which the world writes them.

use rusmpp::{
    pdus::DeliverSm,
    tlvs::MessageDeliveryRequestTlvValue as Tlv,
    types::{COctetString, OctetString},
    values::{DataCoding, EsmClass, MessageState, Npi, Ton},
};

use super::Submitted;

/// How a receipt writes the name of the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdForm {
    /// As the answer to the submit wrote it.
    AsGiven,
    /// A hexadecimal name as a decimal number.
    Decimal,
    /// In upper case.
    UpperCase,
}

impl IdForm {
    /// The name in this form.
    #[must_use]
    pub fn write(self, id: &str) -> String {
        match self {
            Self::AsGiven => id.to_owned(),
            Self::Decimal => u64::from_str_radix(id, 16).map_or_else(|_| id.to_owned(), |number| number.to_string()),
            Self::UpperCase => id.to_uppercase(),
        }
    }
}

/// Where a receipt says what it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In its text alone.
    Text,
    /// In TLVs alone.
    Tlvs,
    /// In both.
    Both,
}

/// How the parts of a message are numbered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Numbering {
    /// A header with an 8-bit reference.
    EightBit,
    /// A header with a 16-bit reference.
    SixteenBit,
    /// The `sar_` TLVs.
    Sar,
}

/// A receipt about the message of this name to this number. `state` is a `message_state`.
#[must_use]
pub fn receipt(id: &str, to: &str, state: u8, place: Place) -> DeliverSm {
    let word = match state {
        1 => "ENROUTE",
        2 => "DELIVRD",
        3 => "EXPIRED",
        4 => "DELETED",
        5 => "UNDELIV",
        6 => "ACCEPTD",
        8 => "REJECTD",
        _ => "UNKNOWN",
    };
    let text =
        format!("id:{id} sub:001 dlvrd:001 submit date:2611281030 done date:2611281031 stat:{word} err:000 text:");
    let tlvs = vec![
        Tlv::ReceiptedMessageId(COctetString::from_string(id.to_owned()).unwrap_or_default()),
        Tlv::MessageState(MessageState::from(state)),
    ];
    let (octets, tlvs) = match place {
        Place::Text => (text.into_bytes(), Vec::new()),
        Place::Tlvs => (Vec::new(), tlvs),
        Place::Both => (text.into_bytes(), tlvs),
    };
    deliver(to, 0x04, 0, octets, tlvs)
}

/// A receipt that also repeats our own short name of the piece, as SMPP lets a centre do.
#[must_use]
pub fn receipt_of(submitted: &Submitted, state: u8) -> DeliverSm {
    let mut tlvs = vec![
        Tlv::ReceiptedMessageId(COctetString::from_string(submitted.message_id.clone()).unwrap_or_default()),
        Tlv::MessageState(MessageState::from(state)),
    ];
    tlvs.extend(submitted.reference.map(|reference| Tlv::UserMessageReference(reference.into())));
    deliver(&submitted.to, 0x04, 0, Vec::new(), tlvs)
}

/// A citizen's message in one part.
#[must_use]
pub fn message(from: &str, text: &str) -> DeliverSm {
    let (coding, units) = encode(text);
    deliver(from, 0, coding, units.concat(), Vec::new())
}

/// A citizen's message in parts of so many characters, of which there are at most 255.
#[must_use]
pub fn parts(from: &str, text: &str, characters: usize, numbering: Numbering, reference: u16) -> Vec<DeliverSm> {
    let (coding, units) = encode(text);
    let chunks: Vec<&[Vec<u8>]> = units.chunks(characters.max(1)).collect();
    let total = u8::try_from(chunks.len()).unwrap_or(u8::MAX);
    let [high, low] = reference.to_be_bytes();
    let numbered = (1..=total).zip(chunks);
    numbered
        .map(|(number, chunk)| {
            let body = chunk.concat();
            match numbering {
                Numbering::EightBit => {
                    deliver(from, 0x40, coding, [vec![5, 0, 3, low, total, number], body].concat(), Vec::new())
                }
                Numbering::SixteenBit => {
                    deliver(from, 0x40, coding, [vec![6, 8, 4, high, low, total, number], body].concat(), Vec::new())
                }
                Numbering::Sar => {
                    let sar =
                        vec![Tlv::SarMsgRefNum(reference), Tlv::SarTotalSegments(total), Tlv::SarSegmentSeqnum(number)];
                    deliver(from, 0, coding, body, sar)
                }
            }
        })
        .collect()
}

/// Letters, digits and spaces as they are, for which GSM-7 and ASCII agree; all else as UTF-16.
fn encode(text: &str) -> (u8, Vec<Vec<u8>>) {
    let alike = text.chars().all(|character| character.is_ascii_alphanumeric() || " .,:?!'+-/".contains(character));
    if alike {
        return (0, text.bytes().map(|byte| vec![byte]).collect());
    }
    let units = text
        .chars()
        .map(|character| character.encode_utf16(&mut [0; 2]).iter().flat_map(|unit| unit.to_be_bytes()).collect());
    (8, units.collect())
}

/// Any delivery to 8009. What does not fit into its fields is left out.
#[must_use]
pub fn deliver(from: &str, class: u8, coding: u8, octets: Vec<u8>, tlvs: Vec<Tlv>) -> DeliverSm {
    DeliverSm::builder()
        .source_addr_ton(Ton::International)
        .source_addr_npi(Npi::Isdn)
        .source_addr(COctetString::from_string(from.to_owned()).unwrap_or_default())
        .destination_addr(COctetString::from_string("8009".to_owned()).unwrap_or_default())
        .esm_class(EsmClass::from(class))
        .data_coding(DataCoding::from(coding))
        .short_message(OctetString::from_vec(octets).unwrap_or_default())
        .tlvs(tlvs)
        .build()
}
