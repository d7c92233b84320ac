//! Passcodes: six fair digits, bound to one request by a keyed code, never in print.

use std::collections::BTreeMap;

use aws_lc_rs::hmac;
use exchange::{
    consent::{
        SubjectKey,
        machine::{PasscodeAnswer, Transaction},
        passcode::{Binding, Passcode, PasscodeMac, Pepper, ReplyBinding, ScreenNumber},
    },
    ids::{AgencyId, UserId},
    ports::entropy::{Entropy as _, random_hex_128},
};
use proptest::prelude::*;

use crate::support::{Listed, NOON, Seeded, id};

fn code(text: &str) -> Passcode {
    Passcode::parse(text).unwrap()
}

#[test]
fn a_passcode_is_six_ascii_digits() {
    let check = |text: &str, good: bool| assert_eq!(Passcode::parse(text).is_some(), good, "{text:?}");
    for good in ["000000", "482913", "999999", "000001"] {
        check(good, true);
        assert_eq!(code(good).expose(), good, "no zero is lost");
    }
    for bad in
        ["", "48291", "4829130", " 482913", "482913 ", "48 913", "48291a", "+82913", "-82913", "4829.3", "48291\n"]
    {
        check(bad, false);
    }
    // Urdu and Arabic digits, full-width ones, and six bytes that are not six characters.
    for bad in ["۴۸۲۹۱۳", "٤٨٢٩١٣", "４８２９１３", "۴۸۲", "4829\u{b2}", "48291\u{200b}"] {
        check(bad, false);
    }
}

#[test]
fn draws_are_made_of_four_bytes_each_and_only_as_many_as_needed() {
    let check = |words: &[u32], expected: &str, used: usize| {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        let entropy = Listed::new(&bytes);
        assert_eq!(Passcode::draw(&entropy).expose(), expected, "{words:?}");
        assert_eq!(bytes.len() - entropy.left(), used * 4, "{words:?}");
    };
    check(&[0, 1, 1], "000000", 1);
    check(&[999_999, 1], "999999", 1);
    check(&[1_000_000, 1], "000000", 1);
    check(&[4_293_999_999, 1], "999999", 1);
    // The last 967,296 numbers would make low passcodes likelier: they are drawn again.
    check(&[4_294_000_000, 123_456, 1], "123456", 2);
    check(&[u32::MAX, 4_294_000_001, 7, 1], "000007", 3);
    // A source that is broken for ever is left after 64 draws: no request hangs.
    check(&[u32::MAX; 70], "967295", 64);
}

#[test]
fn every_first_digit_is_drawn_about_as_often_as_any_other() {
    let entropy = Seeded::new(2_026);
    let mut counts: BTreeMap<(usize, char), u32> = BTreeMap::new();
    for _ in 0..20_000 {
        for (place, digit) in Passcode::draw(&entropy).expose().chars().enumerate() {
            *counts.entry((place, digit)).or_default() += 1;
        }
    }
    assert_eq!(counts.len(), 60, "every digit in every place");
    for (place_digit, count) in counts {
        // 2,000 expected, standard deviation 42: five of them to either side.
        assert!((1_788..=2_212).contains(&count), "{place_digit:?}: {count}");
    }
}

/// The code as design/consent.md defines it, put together by hand.
fn by_hand(pepper: &[u8; 32], parts: &[&[u8]]) -> Vec<u8> {
    let mut message = Vec::new();
    for part in parts {
        message.extend_from_slice(&(part.len() as u64).to_be_bytes());
        message.extend_from_slice(part);
    }
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, pepper), &message).as_ref().to_vec()
}

#[test]
fn the_code_covers_request_details_agency_user_and_passcode() {
    let (agency, user): (AgencyId, UserId) = (id("bank-indus"), id("teller-1"));
    let binding = Binding { auth_req_id: "abc", details_sha256: &[9; 32], agency: &agency, user: &user };
    let mac = Pepper::new(&[5; 32]).mac(binding, &code("482913"));
    let expected = by_hand(&[5; 32], &[b"abc", &[9; 32], b"bank-indus", b"teller-1", b"482913"]);
    assert_eq!(mac.as_bytes()[..], expected[..]);
}

#[test]
fn c30_the_code_of_a_reply_covers_its_name_the_stored_hash_and_the_digits_of_the_screen() {
    let (agency, user): (AgencyId, UserId) = (id("bank-indus"), id("teller-1"));
    let (telco, clerk): (AgencyId, UserId) = (id("telco-sarhad"), id("clerk-1"));
    let screen = |digits: &str| ScreenNumber::parse(digits).unwrap();
    let (shown, other) = (screen("47"), screen("48"));
    let own = ReplyBinding { id_hash: "h", details_sha256: &[9; 32], agency: &agency, user: &user, screen: &shown };
    let pepper = Pepper::new(&[5; 32]);
    let mac = pepper.reply_mac(own, &code("482913"));
    let parts: [&[u8]; 7] = [b"ijazat-sms-reply-1", b"h", &[9; 32], b"bank-indus", b"teller-1", b"482913", b"47"];
    assert_eq!(mac.as_bytes()[..], by_hand(&[5; 32], &parts)[..]);
    let same = screen("47");
    assert!(mac.matches(&pepper.reply_mac(ReplyBinding { screen: &same, ..own }, &code("482913"))));
    let check = |other: PasscodeMac| assert!(!mac.matches(&other));
    check(pepper.reply_mac(ReplyBinding { id_hash: "i", ..own }, &code("482913")));
    check(pepper.reply_mac(ReplyBinding { details_sha256: &[8; 32], ..own }, &code("482913")));
    check(pepper.reply_mac(ReplyBinding { agency: &telco, ..own }, &code("482913")));
    check(pepper.reply_mac(ReplyBinding { user: &clerk, ..own }, &code("482913")));
    check(pepper.reply_mac(ReplyBinding { screen: &other, ..own }, &code("482913")));
    check(pepper.reply_mac(own, &code("482914")));
    check(Pepper::new(&[6; 32]).reply_mac(own, &code("482913")));
}

/// Whatever handle an agency could be given, and whatever the other parts are.
#[test]
fn c30_no_code_of_one_way_of_answering_is_one_of_the_other() {
    let (agency, user): (AgencyId, UserId) = (id("bank-indus"), id("teller-1"));
    let (pepper, screen) = (Pepper::new(&[5; 32]), ScreenNumber::parse("47").unwrap());
    let handles = ["h", "ijazat-sms-reply-1", "\0\0\0\0\0\0\0\u{12}ijazat-sms-reply-1\0\0\0\0\0\0\0\u{1}h", ""];
    for handle in handles {
        let counter = Binding { auth_req_id: handle, details_sha256: &[9; 32], agency: &agency, user: &user };
        let counter = pepper.mac(counter, &code("482913"));
        for id_hash in handles {
            let reply =
                ReplyBinding { id_hash, details_sha256: &[9; 32], agency: &agency, user: &user, screen: &screen };
            assert!(!counter.matches(&pepper.reply_mac(reply, &code("482913"))), "{handle:?} {id_hash:?}");
        }
    }
}

#[test]
fn every_screen_number_is_drawn_about_as_often_as_any_other() {
    let entropy = Seeded::new(8_009);
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    for _ in 0..20_000 {
        *counts.entry(ScreenNumber::draw(&entropy).expose().to_owned()).or_default() += 1;
    }
    assert_eq!(counts.len(), 100);
    for (digits, count) in counts {
        // 200 expected, standard deviation 14: five of them to either side.
        assert!((130..=270).contains(&count), "{digits}: {count}");
    }
}

#[test]
fn bytes_that_move_from_one_part_to_the_next_make_another_code() {
    let pepper = Pepper::new(&[5; 32]);
    let mac = |request: &str, agency: &str, user: &str| {
        let (agency, user): (AgencyId, UserId) = (id(agency), id(user));
        let binding = Binding { auth_req_id: request, details_sha256: &[9; 32], agency: &agency, user: &user };
        *pepper.mac(binding, &code("482913")).as_bytes()
    };
    let all =
        [mac("r", "bank", "teller"), mac("r", "bankt", "eller"), mac("r", "ban", "kteller"), mac("", "bank", "teller")];
    for (at, one) in all.iter().enumerate() {
        assert_eq!(all.iter().filter(|other| *other == one).count(), 1, "{at}");
    }
}

#[test]
fn the_passcode_of_one_request_is_wrong_for_every_other() {
    let pepper = Pepper::new(&[5; 32]);
    let (bank, telco): (AgencyId, AgencyId) = (id("bank-indus"), id("telco-sarhad"));
    let (teller, clerk): (UserId, UserId) = (id("teller-1"), id("clerk-1"));
    let own = Binding { auth_req_id: "abc", details_sha256: &[1; 32], agency: &bank, user: &teller };
    let sent = Transaction::received(NOON, 300).sent(pepper.mac(own, &code("482913")), NOON).unwrap();
    let offer = |binding: Binding<'_>, text: &str| sent.clone().offer(&pepper.mac(binding, &code(text)), NOON).1;
    assert_eq!(offer(own, "482913"), PasscodeAnswer::Approved);
    let wrong = PasscodeAnswer::Wrong { tries_left: 2 };
    assert_eq!(offer(own, "482914"), wrong);
    assert_eq!(offer(Binding { auth_req_id: "abd", ..own }, "482913"), wrong);
    assert_eq!(offer(Binding { details_sha256: &[2; 32], ..own }, "482913"), wrong);
    assert_eq!(offer(Binding { agency: &telco, ..own }, "482913"), wrong);
    assert_eq!(offer(Binding { user: &clerk, ..own }, "482913"), wrong);
    let rotated = Pepper::new(&[6; 32]).mac(own, &code("482913"));
    assert_eq!(sent.offer(&rotated, NOON).1, wrong);
}

#[test]
fn codes_match_only_when_all_bytes_do() {
    let base = [7; 32];
    let mac = PasscodeMac::from_bytes(base);
    assert!(mac.matches(&PasscodeMac::from_bytes(base)));
    for bit in 0..256 {
        let mut other = base;
        other[bit / 8] ^= 1 << (bit % 8);
        assert!(!mac.matches(&PasscodeMac::from_bytes(other)), "bit {bit}");
    }
}

#[test]
fn a_subject_key_reads_back_from_its_hex_only() {
    let key = SubjectKey([0xa7; 32]);
    assert_eq!(key.to_hex(), "a7".repeat(32));
    assert_eq!(SubjectKey::from_hex(&key.to_hex()), Some(key));
    for bad in [
        String::new(),
        "a7".repeat(31),
        "a7".repeat(33),
        "a7".repeat(31) + "a",
        "zz".repeat(32),
        format!(" {}", "a7".repeat(32)),
    ] {
        assert_eq!(SubjectKey::from_hex(&bad), None, "{bad}");
    }
}

#[test]
fn a_random_id_is_sixteen_bytes_in_lower_case_hex() {
    let bytes: Vec<u8> = (0..17).map(|n| 0xf0 | n).collect();
    let entropy = Listed::new(&bytes);
    assert_eq!(random_hex_128(&entropy), "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff");
    assert_eq!(entropy.left(), 1);
    let seeded = Seeded::new(1);
    assert_ne!(random_hex_128(&seeded), random_hex_128(&seeded));
    let mut filled = [0; 32];
    seeded.fill(&mut filled);
    assert_ne!(filled, [0; 32]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn two_bindings_share_a_code_only_when_they_are_the_same(
        a in ("[ab]{0,3}", "[ab]{1,2}", "[ab]{1,2}", 0..3_u8), b in ("[ab]{0,3}", "[ab]{1,2}", "[ab]{1,2}", 0..3_u8),
    ) {
        let pepper = Pepper::new(&[5; 32]);
        let mac = |(request, agency, user, last): &(String, String, String, u8)| {
            let (agency, user): (AgencyId, UserId) = (id(agency), id(user));
            let binding = Binding { auth_req_id: request, details_sha256: &[9; 32], agency: &agency, user: &user };
            pepper.mac(binding, &code(&format!("00000{last}")))
        };
        prop_assert_eq!(mac(&a).matches(&mac(&b)), a == b);
    }

    #[test]
    fn any_four_fair_bytes_are_their_remainder(word in 0_u32..4_294_000_000) {
        let drawn = Passcode::draw(&Listed::new(&word.to_le_bytes()));
        prop_assert_eq!(drawn.expose(), format!("{:06}", word % 1_000_000));
    }
}
