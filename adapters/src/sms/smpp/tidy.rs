//! A `deliver_sm` rewritten so that the library can read it, whatever the far end made of it: pure.
//!
//! The library ends the connection over one field out of order: a name of a message without its closing zero, a TLV longer
//! than its kind, a sender in letters beyond ASCII. Unacknowledged, the far end would send the same again on the next
//! connection, and so for ever. What we do not read is left out here, and what cannot be read at all becomes an empty
//! delivery, which is acknowledged and let go.

use super::limits::ADDRESS_BYTES_MAX;

/// `command_id` of a `deliver_sm`, and the octets of a header.
const DELIVER_SM: u32 = 5;
const HEADER_BYTES: usize = 16;
/// An empty delivery: 17 fields of a zero each.
const EMPTY: [u8; 17] = [0; 17];

const RECEIPTED_MESSAGE_ID: u16 = 0x001E;
const USER_MESSAGE_REFERENCE: u16 = 0x0204;
const SAR_MSG_REF_NUM: u16 = 0x020C;
const SAR_TOTAL_SEGMENTS: u16 = 0x020E;
const SAR_SEGMENT_SEQNUM: u16 = 0x020F;
const MESSAGE_PAYLOAD: u16 = 0x0424;
const MESSAGE_STATE: u16 = 0x0427;
/// Octets of a name of a message (SMPP 3.4 section 5.3.2.12: 65 with the closing zero).
const MESSAGE_ID_BYTES_MAX: usize = 64;

/// The PDU as the library shall see it; any but a delivery as it came.
#[must_use]
pub fn tidy(pdu: &[u8]) -> Vec<u8> {
    match pdu.split_at_checked(HEADER_BYTES) {
        Some((header, body)) if header.get(4..8) == Some(&DELIVER_SM.to_be_bytes()[..]) && !body.is_empty() => {
            let body = rebuilt(body).unwrap_or_else(|| EMPTY.to_vec());
            let length = u32::try_from(HEADER_BYTES + body.len()).unwrap_or(u32::MAX);
            [&length.to_be_bytes()[..], header.get(4..).unwrap_or_default(), &body].concat()
        }
        _ => pdu.to_vec(),
    }
}

/// The fields that we read, and zeroes for those that we do not (SMPP 3.4 section 4.6.1). None if a field is missing.
fn rebuilt(body: &[u8]) -> Option<Vec<u8>> {
    let mut rest = Fields(body);
    rest.text()?;
    let (ton, npi, source) = (rest.octet()?, rest.octet()?, rest.text()?);
    let _to_us = (rest.octet()?, rest.octet()?, rest.text()?);
    let (class, _protocol, _priority) = (rest.octet()?, rest.octet()?, rest.octet()?);
    let _times = (rest.text()?, rest.text()?);
    let (_registered, _replace, coding, _canned) = (rest.octet()?, rest.octet()?, rest.octet()?, rest.octet()?);
    let length = rest.octet()?;
    let message = rest.octets(usize::from(length))?;
    let source = if plain(source, ADDRESS_BYTES_MAX) { source } else { &[] };
    let mut built = vec![0, ton, npi];
    built.extend(source);
    built.extend([0, 0, 0, 0, class, 0, 0, 0, 0, 0, 0, coding, 0, length]);
    built.extend(message);
    while let Some((tag, value)) = rest.tlv() {
        if let Some(value) = kept(tag, value) {
            built.extend(tag.to_be_bytes());
            built.extend(u16::try_from(value.len()).ok()?.to_be_bytes());
            built.extend(value);
        }
    }
    Some(built)
}

/// The value of a TLV that we read, in the length that its kind has.
fn kept(tag: u16, value: &[u8]) -> Option<Vec<u8>> {
    match tag {
        MESSAGE_PAYLOAD => Some(value.to_vec()),
        RECEIPTED_MESSAGE_ID => {
            let name = value.split(|octet| *octet == 0).next()?;
            (!name.is_empty() && plain(name, MESSAGE_ID_BYTES_MAX)).then(|| [name, &[0]].concat())
        }
        MESSAGE_STATE => value.first().map(|state| vec![*state]),
        USER_MESSAGE_REFERENCE | SAR_MSG_REF_NUM => (value.len() == 2).then(|| value.to_vec()),
        SAR_TOTAL_SEGMENTS | SAR_SEGMENT_SEQNUM => (value.len() == 1).then(|| value.to_vec()),
        _ => None,
    }
}

fn plain(text: &[u8], most: usize) -> bool {
    text.len() <= most && text.iter().all(|octet| (b' '..=b'~').contains(octet))
}

/// What is left of a body.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn octet(&mut self) -> Option<u8> {
        let (octet, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*octet)
    }

    fn octets(&mut self, count: usize) -> Option<&'a [u8]> {
        let (octets, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(octets)
    }

    /// Up to the closing zero, and without it.
    fn text(&mut self) -> Option<&'a [u8]> {
        let end = self.0.iter().position(|octet| *octet == 0)?;
        let text = self.octets(end)?;
        self.octet()?;
        Some(text)
    }

    /// The next TLV; none at the end, or where the rest is too short for what it announces.
    fn tlv(&mut self) -> Option<(u16, &'a [u8])> {
        let mut number = || Some(u16::from_be_bytes([self.octet()?, self.octet()?]));
        let (tag, length) = (number()?, number()?);
        Some((tag, self.octets(usize::from(length))?))
    }
}

#[cfg(test)]
#[path = "tidy_tests.rs"]
mod tests;
