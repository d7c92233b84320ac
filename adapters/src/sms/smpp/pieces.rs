//! A text cut into the pieces that a handset joins again: pure, and the same for the same text always.

use super::gsm7;

/// Octets of a user data header with an 8-bit reference (3GPP TS 23.040 section 9.2.3.24.1).
const HEADER: [u8; 3] = [0x05, 0x00, 0x03];

/// How many units of an alphabet go into a message alone, and into each of several: 140 octets of user data hold 160
/// septets or 70 UTF-16 units; a header of 6 octets leaves 134, that is 153 septets or 67 units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Room {
    alone: usize,
    of_several: usize,
}

const SEPTETS: Room = Room { alone: 160, of_several: 153 };
const UTF16_UNITS: Room = Room { alone: 70, of_several: 67 };

/// The alphabet that a message goes out in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// The GSM 7-bit default alphabet, one septet in each octet; `data_coding` 0.
    Gsm7,
    /// UTF-16, big-endian; `data_coding` 8. Networks call it UCS-2 and carry surrogate pairs all the same.
    Ucs2,
}

/// A text in pieces. Prints without its octets.
#[derive(Clone, PartialEq, Eq)]
pub struct Pieces {
    coding: Coding,
    bodies: Vec<Vec<u8>>,
}

impl std::fmt::Debug for Pieces {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pieces")
            .field("coding", &self.coding)
            .field("count", &self.bodies.len())
            .finish_non_exhaustive()
    }
}

impl Pieces {
    /// Cuts the text: in GSM-7 if that has all its characters, else in UCS-2.
    #[must_use]
    pub fn cut(text: &str) -> Self {
        let septets: Option<Vec<Vec<u8>>> = text.chars().map(gsm7::septets).collect();
        match septets {
            Some(characters) => Self { coding: Coding::Gsm7, bodies: fill(&characters, SEPTETS, 1) },
            None => Self { coding: Coding::Ucs2, bodies: fill(&clusters(text), UTF16_UNITS, 2) },
        }
    }

    /// The alphabet.
    #[must_use]
    pub const fn coding(&self) -> Coding {
        self.coding
    }

    /// How many pieces, at least one; none if a header cannot number them.
    #[must_use]
    pub fn count(&self) -> Option<u8> {
        u8::try_from(self.bodies.len()).ok()
    }

    /// What goes into `short_message` for a piece, counted from 0: its octets, after a header if there are several.
    #[must_use]
    pub fn octets(&self, piece: u8, reference: u8) -> Option<Vec<u8>> {
        let total = self.count()?;
        let body = self.bodies.get(usize::from(piece))?;
        let mut octets = Vec::with_capacity(HEADER.len() + 3 + body.len());
        if total > 1 {
            octets.extend(HEADER);
            octets.extend([reference, total, piece.checked_add(1)?]);
        }
        octets.extend(body);
        Some(octets)
    }
}

/// Fills pieces with what must stay together, in order. `unit` is the octets of one unit.
fn fill(atoms: &[Vec<u8>], room: Room, unit: usize) -> Vec<Vec<u8>> {
    if atoms.iter().map(Vec::len).sum::<usize>() <= room.alone * unit {
        return vec![atoms.concat()];
    }
    let most = room.of_several * unit;
    let mut bodies: Vec<Vec<u8>> = Vec::new();
    let mut body: Vec<u8> = Vec::new();
    for atom in atoms {
        if body.len() + atom.len() > most {
            bodies.push(std::mem::take(&mut body));
        }
        body.extend(atom);
    }
    bodies.push(body);
    bodies
}

/// The text's characters in UTF-16, those that show as one together. No run is longer than a piece: such a one, which
/// no writing has, is cut between its characters, never within a surrogate pair.
fn clusters(text: &str) -> Vec<Vec<u8>> {
    let mut clusters: Vec<Vec<u8>> = Vec::new();
    let mut before = None;
    // Flags are two regional indicators; a third begins the next flag.
    let mut flag_open = false;
    for character in text.chars() {
        let octets: Vec<u8> = character.encode_utf16(&mut [0; 2]).iter().flat_map(|unit| unit.to_be_bytes()).collect();
        let second_of_flag = is_regional(character) && flag_open;
        flag_open = is_regional(character) && !flag_open;
        let joined = second_of_flag || joins_previous(character) || before == Some(ZERO_WIDTH_JOINER);
        let most = UTF16_UNITS.of_several * 2;
        match clusters.last_mut() {
            Some(last) if joined && last.len() + octets.len() <= most => last.extend(octets),
            _ => clusters.push(octets),
        }
        before = Some(character);
    }
    clusters
}

const ZERO_WIDTH_JOINER: char = '\u{200D}';

fn is_regional(character: char) -> bool {
    ('\u{1F1E6}'..='\u{1F1FF}').contains(&character)
}

/// Whether a character only alters the one before it: marks of the scripts written in Pakistan and joiners, selectors
/// and skin tones of emoji. Not all of Unicode's table: a mark cut off shows oddly, and no text of ours has others.
fn joins_previous(character: char) -> bool {
    matches!(character,
        '\u{0300}'..='\u{036F}' | '\u{0610}'..='\u{061A}' | '\u{064B}'..='\u{065F}' | '\u{0670}'
        | '\u{06D6}'..='\u{06DC}' | '\u{06DF}'..='\u{06E4}' | '\u{06E7}' | '\u{06E8}' | '\u{06EA}'..='\u{06ED}'
        | '\u{08CA}'..='\u{08E1}' | '\u{08E3}'..='\u{0903}' | '\u{093A}'..='\u{093C}' | '\u{093E}'..='\u{094F}'
        | '\u{0A01}'..='\u{0A03}' | '\u{0A3C}'..='\u{0A51}' | '\u{0A70}' | '\u{0A71}'
        | '\u{1AB0}'..='\u{1AFF}' | '\u{1DC0}'..='\u{1DFF}' | '\u{200C}' | ZERO_WIDTH_JOINER
        | '\u{20D0}'..='\u{20FF}' | '\u{FE00}'..='\u{FE0F}' | '\u{FE20}'..='\u{FE2F}'
        | '\u{1F3FB}'..='\u{1F3FF}' | '\u{E0020}'..='\u{E007F}' | '\u{E0100}'..='\u{E01EF}')
}

#[cfg(test)]
#[path = "pieces_tests.rs"]
mod tests;
