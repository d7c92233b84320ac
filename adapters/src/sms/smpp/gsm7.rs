//! The GSM 7-bit default alphabet (3GPP TS 23.038 section 6.2.1), one septet in each octet as SMPP carries it.

/// Announces that the next septet is one of the extension table.
pub const ESCAPE: u8 = 0x1B;

/// The default alphabet, in the order of its septets; the escape stands as a space, which is how it is shown.
const ALPHABET: [char; 128] = [
    '@', '£', '$', '¥', 'è', 'é', 'ù', 'ì', 'ò', 'Ç', '\n', 'Ø', 'ø', '\r', 'Å', 'å', // 0x00
    'Δ', '_', 'Φ', 'Γ', 'Λ', 'Ω', 'Π', 'Ψ', 'Σ', 'Θ', 'Ξ', ' ', 'Æ', 'æ', 'ß', 'É', // 0x10
    ' ', '!', '"', '#', '¤', '%', '&', '\'', '(', ')', '*', '+', ',', '-', '.', '/', // 0x20
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', ':', ';', '<', '=', '>', '?', // 0x30
    '¡', 'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O', // 0x40
    'P', 'Q', 'R', 'S', 'T', 'U', 'V', 'W', 'X', 'Y', 'Z', 'Ä', 'Ö', 'Ñ', 'Ü', '§', // 0x50
    '¿', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o', // 0x60
    'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z', 'ä', 'ö', 'ñ', 'ü', 'à', // 0x70
];

/// The extension table: each costs the escape and one septet.
const EXTENSION: [(u8, char); 10] = [
    (0x0A, '\u{c}'),
    (0x14, '^'),
    (0x28, '{'),
    (0x29, '}'),
    (0x2F, '\\'),
    (0x3C, '['),
    (0x3D, '~'),
    (0x3E, ']'),
    (0x40, '|'),
    (0x65, '€'),
];

/// The septets of one character, one or two; none if the alphabet lacks it.
#[must_use]
pub fn septets(character: char) -> Option<Vec<u8>> {
    let plain = (0u8..).zip(ALPHABET).find(|(septet, known)| *known == character && *septet != ESCAPE);
    if let Some((septet, _)) = plain {
        return Some(vec![septet]);
    }
    EXTENSION.iter().find(|(_, known)| *known == character).map(|(septet, _)| vec![ESCAPE, *septet])
}

/// Reads septets, one in each octet. None if an octet has its high bit set, which no septet has.
///
/// An escape before what the extension table lacks counts for nothing, as section 6.2.1.1 asks; so does one at the end.
#[must_use]
pub fn read(octets: &[u8]) -> Option<String> {
    let mut text = String::with_capacity(octets.len());
    let mut escaped = false;
    for octet in octets {
        let plain = *ALPHABET.get(usize::from(*octet))?;
        let extended = EXTENSION.iter().find(|(septet, _)| septet == octet).map(|(_, character)| *character);
        match (escaped, *octet) {
            (_, ESCAPE) => escaped = true,
            (true, _) => {
                text.push(extended.unwrap_or(plain));
                escaped = false;
            }
            (false, _) => text.push(plain),
        }
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(text: &str) -> Option<Vec<u8>> {
        text.chars().map(septets).collect::<Option<Vec<_>>>().map(|each| each.concat())
    }

    #[test]
    fn every_character_of_both_tables_is_read_back_as_written() {
        let all: String = ALPHABET.iter().copied().chain(EXTENSION.map(|(_, character)| character)).collect();
        let written = write(&all).unwrap();
        // The escape's own place was written as a space.
        assert_eq!(written.len(), 128 + 2 * 10);
        assert_eq!(read(&written).unwrap(), all);
    }

    #[test]
    fn known_places_are_where_the_standard_has_them() {
        let check = |text: &str, expected: &[u8]| assert_eq!(write(text).as_deref(), Some(expected), "{text}");
        check("@", &[0x00]);
        check(" ", &[0x20]);
        check("A", &[0x41]);
        check("a9", &[0x61, 0x39]);
        check("à", &[0x7F]);
        check("€", &[0x1B, 0x65]);
        check("[]", &[0x1B, 0x3C, 0x1B, 0x3E]);
        check("\n", &[0x0A]);
        for absent in ["`", "ٹ", "😀", "\t", "ç"] {
            assert_eq!(write(absent), None, "{absent}");
        }
    }

    #[test]
    fn an_escape_before_nothing_known_is_passed_over() {
        let check = |octets: &[u8], expected: Option<&str>| assert_eq!(read(octets).as_deref(), expected, "{octets:?}");
        check(&[0x41, 0x1B], Some("A"));
        check(&[0x1B, 0x41], Some("A"));
        check(&[0x1B, 0x1B, 0x65], Some("€"));
        check(&[], Some(""));
        check(&[0x41, 0x80], None);
        check(&[0xFF], None);
    }
}
