//! The order of all lists: by a keyed hash of the household's number, so that neither order nor cursor tells a number.

use aws_lc_rs::hmac;

use crate::household::HouseholdId;

/// What is hashed, before the household's number; a change of it would shuffle every list.
const LABEL: &[u8] = b"ijazat list of households, place 1: ";

/// The secret of one installation under which households have their places.
///
/// It hides nothing from whoever reads the register, and may be kept beside it. It keeps callers, who see lists only,
/// from reckoning a household's number from its place, and from foreseeing who will be in a sample.
pub struct PlaceKey(hmac::Key);

impl PlaceKey {
    /// From 32 secret bytes.
    #[must_use]
    pub fn new(secret: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret))
    }

    /// The place of a household: the first sixteen bytes of HMAC-SHA-256, so that no two of any country share one.
    #[must_use]
    pub fn place(&self, id: HouseholdId) -> Place {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(LABEL);
        context.update(&id.0.to_be_bytes());
        let tag = context.sign();
        let bytes = tag.as_ref().iter().take(Place::BYTES);
        Place(bytes.fold(0, |place, byte| (place << 8) | u128::from(*byte)))
    }
}

impl std::fmt::Debug for PlaceKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PlaceKey(…)")
    }
}

/// A household's place in the order of all lists. It never changes, so what is added between two pages neither repeats
/// nor hides what was there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place(u128);

impl Place {
    /// Bytes of a place in stores.
    pub const BYTES: usize = 16;

    /// Hexadecimal digits of a place in a cursor.
    const DIGITS: usize = 2 * Self::BYTES;

    /// Bytes whose order is the order of places.
    #[must_use]
    pub fn bytes(self) -> [u8; Self::BYTES] {
        self.0.to_be_bytes()
    }

    /// Reads [`Self::bytes`] back.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(|bytes| Self(u128::from_be_bytes(bytes)))
    }

    /// The cursor of what lies behind this place.
    #[must_use]
    pub fn cursor(self) -> String {
        format!("{:032x}", self.0)
    }

    /// Reads [`Self::cursor`] back, and no other text.
    #[must_use]
    pub fn parse(cursor: &str) -> Option<Self> {
        let digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        let whole = cursor.len() == Self::DIGITS && cursor.bytes().all(digit);
        whole.then(|| u128::from_str_radix(cursor, 16).ok().map(Self)).flatten()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Reckoned with another HMAC-SHA-256 (Python's).
    #[test]
    fn a_place_is_the_same_for_ever() {
        let key = PlaceKey::new(&[7; 32]);
        let check = |id, expected: &str| assert_eq!(key.place(HouseholdId(id)).cursor(), expected, "{id}");
        check(1, "bde4c89c309f3b71ee73d4077c616d07");
        check(2, "96e263af5a3efba8a7561506d63115ec");
        check(u64::MAX, "532b33e6370a0127c81e9045d019534d");
    }

    #[test]
    fn another_key_gives_another_order() {
        let order = |secret: u8| {
            let key = PlaceKey::new(&[secret; 32]);
            let mut ids: Vec<_> = (1..=50).map(HouseholdId).collect();
            ids.sort_by_key(|id| key.place(*id));
            ids
        };
        assert_eq!(order(1), order(1));
        assert_ne!(order(1), order(2));
        assert!(!order(1).is_sorted(), "the order must not be that of the numbers");
    }

    #[test]
    fn households_have_places_of_their_own_spread_over_all() {
        let key = PlaceKey::new(&[3; 32]);
        let places: BTreeSet<_> = (0..10_000).map(|id| key.place(HouseholdId(id))).collect();
        assert_eq!(places.len(), 10_000);
        let low = places.iter().filter(|place| place.bytes()[0] < 0x40).count();
        assert!((2_300..2_700).contains(&low), "{low} of 10000 in the first quarter");
    }

    #[test]
    fn bytes_and_cursors_read_back_and_keep_the_order() {
        let key = PlaceKey::new(&[4; 32]);
        let mut places: Vec<_> = (0..200).map(|id| key.place(HouseholdId(id))).collect();
        places.extend([Place(0), Place(1), Place(u128::MAX)]);
        for pair in places.windows(2) {
            assert_eq!(pair[0].cmp(&pair[1]), pair[0].bytes().cmp(&pair[1].bytes()));
            assert_eq!(pair[0].cmp(&pair[1]), pair[0].cursor().cmp(&pair[1].cursor()));
        }
        for place in places {
            assert_eq!(Place::from_bytes(&place.bytes()), Some(place));
            assert_eq!(Place::parse(&place.cursor()), Some(place));
        }
    }

    #[test]
    fn what_is_no_cursor_is_none() {
        let check = |text: &str| assert_eq!(Place::parse(text), None, "{text:?}");
        let short = "0123456789abcdef0123456789abcde";
        assert!(Place::parse(&format!("{short}f")).is_some());
        for end in ["", "F", "g", "ff", " ", "é", "-"] {
            check(&format!("{short}{end}"));
        }
        for text in ["", "0", "next", &format!("+{short}"), &format!(" {short}f")] {
            check(text);
        }
        assert_eq!([0, 15, 17].map(|length| Place::from_bytes(&vec![0; length])), [None; 3]);
    }
}
