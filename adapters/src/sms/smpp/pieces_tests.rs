//! Where texts are cut, and where never.

use proptest::prelude::*;

use super::*;

fn bodies(text: &str) -> Vec<String> {
    let pieces = Pieces::cut(text);
    pieces.bodies.iter().map(|body| read(pieces.coding, body)).collect()
}

fn read(coding: Coding, body: &[u8]) -> String {
    match coding {
        Coding::Gsm7 => gsm7::read(body).unwrap(),
        Coding::Ucs2 => {
            let units: Vec<u16> = body.chunks(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
            String::from_utf16(&units).expect("no pair is cut")
        }
    }
}

fn check(text: &str, coding: Coding, count: u8) {
    let pieces = Pieces::cut(text);
    assert_eq!((pieces.coding(), pieces.count()), (coding, Some(count)), "{} characters", text.chars().count());
}

#[test]
fn a_text_takes_as_many_pieces_as_the_standard_has_room_for() {
    check("", Coding::Gsm7, 1);
    check(&"a".repeat(160), Coding::Gsm7, 1);
    check(&"a".repeat(161), Coding::Gsm7, 2);
    check(&"a".repeat(306), Coding::Gsm7, 2);
    check(&"a".repeat(307), Coding::Gsm7, 3);
    check(&"ک".repeat(70), Coding::Ucs2, 1);
    check(&"ک".repeat(71), Coding::Ucs2, 2);
    check(&"ک".repeat(134), Coding::Ucs2, 2);
    check(&"ک".repeat(135), Coding::Ucs2, 3);
    check(&"😀".repeat(35), Coding::Ucs2, 1);
    check(&"😀".repeat(36), Coding::Ucs2, 2);
}

#[test]
fn a_character_of_the_extension_table_counts_twice_and_is_never_cut() {
    check(&"€".repeat(80), Coding::Gsm7, 1);
    check(&"€".repeat(81), Coding::Gsm7, 2);
    let text = format!("{}€{}", "a".repeat(152), "b".repeat(20));
    assert_eq!(bodies(&text), ["a".repeat(152), format!("€{}", "b".repeat(20))]);
}

#[test]
fn one_character_outside_the_alphabet_makes_the_whole_text_ucs2() {
    check(&"a".repeat(70), Coding::Gsm7, 1);
    check(&format!("{}ٹ", "a".repeat(69)), Coding::Ucs2, 1);
    check(&format!("{}ٹ", "a".repeat(70)), Coding::Ucs2, 2);
}

#[test]
fn what_shows_as_one_stays_in_one_piece() {
    let check = |before: usize, together: &str| {
        let text = format!("{}{together}{}", "ک".repeat(before), "ے".repeat(30));
        let pieces = bodies(&text);
        assert!(pieces.iter().any(|piece| piece.contains(together)), "{together} after {before}: {pieces:?}");
        assert_eq!(pieces.concat(), text);
    };
    for before in 55..70 {
        check(before, "😀");
        check(before, "👨\u{200D}👩\u{200D}👧");
        check(before, "👍🏽");
        check(before, "ا\u{064E}\u{0651}");
        check(before, "🇵🇰");
        check(before, "e\u{0301}");
    }
    // Of four indicators the second two are a flag of their own.
    let flags = format!("{}🇵🇰🇵🇰{}", "ک".repeat(62), "ے".repeat(30));
    assert_eq!(bodies(&flags)[1].chars().next(), Some('🇵'));
    assert_eq!(bodies(&flags)[0].chars().filter(|c| is_regional(*c)).count(), 2);
}

#[test]
fn marks_without_end_are_cut_between_two_of_them() {
    let text = format!("ا{}", "\u{064E}".repeat(500));
    let pieces = bodies(&text);
    assert_eq!(pieces.concat(), text);
    assert!(pieces.iter().all(|piece| piece.encode_utf16().count() <= 67), "{pieces:?}");
}

#[test]
fn several_pieces_carry_the_header_and_one_alone_does_not() {
    let pieces = Pieces::cut(&"ک".repeat(71));
    let first = pieces.octets(0, 0xA7).unwrap();
    let second = pieces.octets(1, 0xA7).unwrap();
    assert_eq!((first.len(), second.len()), (140, 6 + 8));
    assert_eq!((&first[..6], &second[..6]), (&[5, 0, 3, 0xA7, 2, 1][..], &[5, 0, 3, 0xA7, 2, 2][..]));
    assert_eq!(pieces.octets(2, 0xA7), None);
    assert_eq!(Pieces::cut("OK").octets(0, 0xA7).unwrap(), b"OK");
    assert_eq!(Pieces::cut("OK").octets(1, 0xA7), None);
}

#[test]
fn a_text_that_a_header_cannot_number_has_no_count() {
    check(&"a".repeat(153 * 255), Coding::Gsm7, 255);
    assert_eq!(Pieces::cut(&"a".repeat(153 * 255)).octets(254, 1).map(|octets| octets.len()), Some(159));
    let longer = Pieces::cut(&"a".repeat(153 * 255 + 1));
    assert_eq!((longer.count(), longer.octets(0, 1)), (None, None));
}

#[test]
fn a_debug_print_shows_no_text() {
    assert_eq!(format!("{:?}", Pieces::cut("482913")), "Pieces { coding: Gsm7, count: 1, .. }");
}

fn texts() -> impl Strategy<Value = String> {
    let characters = prop_oneof![
        4 => prop::char::range(' ', '~'),
        1 => Just('€'),
        3 => prop::char::range('\u{0621}', '\u{06FF}'),
        1 => prop::char::range('\u{1F300}', '\u{1F6FF}'),
        1 => prop::sample::select(vec!['\u{200D}', '\u{FE0F}', '\u{064E}', '\u{1F1F5}', '\u{1F1F0}']),
    ];
    prop::collection::vec(characters, 0..400).prop_map(String::from_iter)
}

proptest! {
    #[test]
    fn the_pieces_of_any_text_join_to_the_text_and_none_is_too_long(text in texts(), reference: u8) {
        let pieces = Pieces::cut(&text);
        prop_assert_eq!(bodies(&text).concat(), text.clone());
        let total = pieces.count().unwrap();
        for piece in 0..total {
            let octets = pieces.octets(piece, reference).unwrap();
            let most = match (pieces.coding(), total) {
                (Coding::Gsm7, 1) => 160,
                (Coding::Gsm7, _) => 6 + 153,
                (Coding::Ucs2, _) => 140,
            };
            prop_assert!(octets.len() <= most, "{} octets", octets.len());
            if total > 1 {
                prop_assert_eq!(&octets[..6], &[5, 0, 3, reference, total, piece + 1][..]);
            }
        }
        prop_assert_eq!(Pieces::cut(&text), pieces);
    }

    #[test]
    fn ascii_never_takes_more_than_its_septets(text in "[ -~]{0,400}") {
        let septets: usize = text.chars().map(|c| if "^{}\\[~]|".contains(c) { 2 } else { 1 }).sum();
        let plain = !text.contains('`');
        let pieces = Pieces::cut(&text);
        prop_assert_eq!(pieces.coding() == Coding::Gsm7, plain);
        if plain && septets <= 160 {
            prop_assert_eq!(pieces.count(), Some(1));
        }
    }
}
