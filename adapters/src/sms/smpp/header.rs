//! The user data header before a text: which part of which message it is (3GPP TS 23.040 section 9.2.3.24).

use crate::sms::port::Part;

/// Information elements that name the part: with an 8-bit and with a 16-bit reference.
const PARTS_8_BIT: u8 = 0x00;
const PARTS_16_BIT: u8 = 0x08;
/// Those that make the body something else than a text for us in an alphabet of ours: ports of an application, and
/// alphabets of single languages.
const PORTS_8_BIT: u8 = 0x04;
const PORTS_16_BIT: u8 = 0x05;
const LANGUAGE_SINGLE_SHIFT: u8 = 0x24;
const LANGUAGE_LOCKING_SHIFT: u8 = 0x25;

/// Why a body after a header is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// Lengths or numbers that contradict each other.
    #[error("malformed user data header")]
    Malformed,
    /// For an application on a handset, not for us.
    #[error("user data for a port")]
    ForPort,
    /// In an alphabet that we do not have.
    #[error("user data in a national alphabet")]
    NationalAlphabet,
}

/// Splits the octets into what the header says and the body.
///
/// # Errors
/// [`HeaderError`].
pub fn split(octets: &[u8]) -> Result<(Option<Part>, &[u8]), HeaderError> {
    let (length, rest) = octets.split_first().ok_or(HeaderError::Malformed)?;
    let (mut header, body) = rest.split_at_checked(usize::from(*length)).ok_or(HeaderError::Malformed)?;
    let mut found = None;
    while let Some((element, length, after)) = header.split_first_chunk::<2>().map(|([e, l], after)| (*e, *l, after)) {
        let (value, next) = after.split_at_checked(usize::from(length)).ok_or(HeaderError::Malformed)?;
        match (element, value) {
            // Of an element that comes twice the last counts (section 9.2.3.24).
            (PARTS_8_BIT, [reference, total, number]) => found = Some(part(u16::from(*reference), *total, *number)?),
            (PARTS_16_BIT, [high, low, total, number]) => {
                found = Some(part(u16::from_be_bytes([*high, *low]), *total, *number)?);
            }
            (PARTS_8_BIT | PARTS_16_BIT, _) => return Err(HeaderError::Malformed),
            (PORTS_8_BIT | PORTS_16_BIT, _) => return Err(HeaderError::ForPort),
            (LANGUAGE_SINGLE_SHIFT | LANGUAGE_LOCKING_SHIFT, _) => return Err(HeaderError::NationalAlphabet),
            _ => {}
        }
        header = next;
    }
    if header.is_empty() { Ok((found.flatten(), body)) } else { Err(HeaderError::Malformed) }
}

/// The part, none if the message has only one.
///
/// # Errors
/// [`HeaderError::Malformed`] for a part that its message cannot have.
pub fn part(reference: u16, total: u8, number: u8) -> Result<Option<Part>, HeaderError> {
    if number == 0 || number > total {
        return Err(HeaderError::Malformed);
    }
    Ok((total > 1).then_some(Part { reference, total, number }))
}

#[cfg(test)]
mod tests {
    use super::*;

    type Split<'a> = (Option<(u16, u8, u8)>, &'a [u8]);

    fn check(octets: &[u8], expected: Result<Split<'_>, HeaderError>) {
        let read = split(octets).map(|(part, body)| (part.map(|p| (p.reference, p.total, p.number)), body));
        assert_eq!(read, expected, "{octets:x?}");
    }

    #[test]
    fn a_header_names_the_part_by_either_reference() {
        check(&[5, 0, 3, 0xA7, 3, 2, b'x'], Ok((Some((0xA7, 3, 2)), b"x")));
        check(&[6, 8, 4, 0x12, 0x34, 255, 255], Ok((Some((0x1234, 255, 255)), b"")));
        check(&[8, 0x70, 1, 9, 0, 3, 1, 2, 1, b'y'], Ok((Some((1, 2, 1)), b"y")));
        check(&[5, 0, 3, 0xA7, 1, 1, b'x'], Ok((None, b"x")));
        check(&[0, b'x'], Ok((None, b"x")));
    }

    #[test]
    fn a_header_that_contradicts_itself_is_malformed() {
        for octets in [
            &[][..],
            &[5],
            &[5, 0, 3, 1, 2],
            &[4, 0, 3, 1, 2, 1],
            &[1, 0, b'x'],
            &[4, 0, 2, 1, 1, b'x'],
            &[5, 0, 3, 1, 0, 0],
            &[5, 0, 3, 1, 2, 0],
            &[5, 0, 3, 1, 2, 3],
            &[6, 0, 3, 1, 2, 1, 0xFF],
            &[255, 0, 3, 1, 2, 1],
        ] {
            check(octets, Err(HeaderError::Malformed));
        }
    }

    #[test]
    fn what_is_not_a_text_of_ours_is_told_apart() {
        check(&[6, 5, 4, 0, 80, 0, 80, b'x'], Err(HeaderError::ForPort));
        check(&[3, 0x25, 1, 0x0D, b'x'], Err(HeaderError::NationalAlphabet));
    }
}
