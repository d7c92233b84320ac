//! When two spellings are one name, and when they never may be.

use proptest::prelude::*;

use super::*;
use crate::population::{DEMO_SEED, Population};

const ROMAN: &str = "Muhammad Asif Qureshi";
const URDU: &str = "محمد آصف قریشی";

fn name() -> Name {
    Name::new(ROMAN, URDU)
}

#[test]
fn every_usual_way_to_write_a_name_is_that_name() {
    let check = |given: &str| assert!(name().is(given), "{given:?}");
    check("muhammad asif qureshi");
    check("MUHAMMAD ASIF QURESHI");
    check("Muhammad\tAsif\u{a0}Qureshi");
    check("  Muhammad   Asif   Qureshi  ");
    check("Muhammad-Asif-Qureshi");
    check("Muhammad_Asif/Qureshi,");
    check("M.u.h.a.m.m.a.d Asif Qureshi");
    check("Mu'hammad As`if Qur’eshi");
    check("Muhammad Asif Qureshi.");
    check("محمد  آصف   قریشی");
    check("محمد آصف قریشی۔");
    check("محمد، آصف، قریشی");
    check("محـمد آصـف قریـشی");
    check("مُحَمَّد آصِف قُرَیشی");
    check("محمد\u{200c} آصف\u{200f} قریشی\u{200e}");
    check("محمد آصف قريشي");
    check("محمد آصف قریشى");
}

#[test]
fn a_letter_written_whole_or_with_its_mark_is_one_letter() {
    // Unicode calls each pair canonically equivalent: a keyboard decides which one is sent, and nobody sees a difference.
    let check = |whole: &str, apart: &str| {
        assert_ne!(whole, apart);
        assert!(Name::new("x", whole).is(apart), "{whole} stored, {apart} given");
        assert!(Name::new("x", apart).is(whole), "{apart} stored, {whole} given");
    };
    check("آصف", "ا\u{653}صف");
    check("داؤد", "داو\u{654}د");
    check("عائشہ", "عاي\u{654}شہ");
    check("أحمد", "ا\u{654}حمد");
    check("إكرام", "ا\u{655}كرام");
    check("بچۂ", "بچہ\u{654}");
    check("مۓ", "مے\u{654}");
}

#[test]
fn letters_of_an_arabic_keyboard_are_the_urdu_ones() {
    let check = |urdu: &str, arabic: &str| {
        assert_ne!(urdu, arabic);
        assert!(Name::new("x", urdu).is(arabic), "{urdu} stored, {arabic} given");
        assert!(Name::new("x", arabic).is(urdu), "{arabic} stored, {urdu} given");
    };
    check("کاشف", "كاشف");
    check("یاسمین", "ياسمين");
    check("زہرہ", "زهره");
    check("بشریٰ", "بشرىٰ");
    check("احمد", "أحمد");
    check("اکرام", "إكرام");
    check("فاطمۃ", "فاطمة");
}

#[test]
fn an_honorific_before_or_behind_changes_nothing() {
    for &word in HONORIFICS {
        assert_eq!(normal(word), "", "`{word}` is listed in its normal form");
        for given in [format!("{word} {ROMAN}"), format!("{ROMAN} {word}"), format!("{word} {URDU} {word}")] {
            assert!(name().is(&given), "{given}");
        }
        assert!(Name::new(format!("{word} {ROMAN}"), URDU).is(ROMAN), "stored with {word}");
        assert!(!name().is(word), "{word} alone is nobody");
    }
    assert!(name().is("Mr. Muhammad Asif Qureshi"));
    assert!(name().is("DR Muhammad Asif Qureshi Sahib"));
    assert!(!Name::new("Missri Khan", "مصری خان").is("ri Khan"), "an honorific is a whole word");
    assert!(!Name::new("Drakhshan", "درخشاں").is("akhshan"));
}

#[test]
fn every_spelling_of_muhammad_is_one_wherever_it_stands() {
    for &one in MUHAMMAD {
        for &other in MUHAMMAD {
            assert!(Name::new(format!("{one} Asif"), "").is(&format!("{} Asif", other.to_uppercase())));
            assert!(Name::new(format!("Ali {one}"), "").is(&format!("Ali {other}")));
        }
        assert!(!Name::new(format!("{one} Asif"), "").is("Asif"), "{one} is a name, not an honorific");
        assert!(!Name::new(format!("{one}a Asif"), "").is("Muhammad Asif"), "only the whole word is the name");
    }
}

#[test]
fn a_guess_that_is_nearly_right_is_wrong() {
    let check = |given: &str| assert!(!name().is(given), "{given:?}");
    check("Asif Qureshi");
    check("Muhammad Qureshi");
    check("Muhammad Asif");
    check("Qureshi Asif Muhammad");
    check("Muhammad Asif Qureshi Qureshi");
    check("Muhammad Asif Qureshy");
    check("Muhammad AsifQureshi");
    check("Muhammad As if Qureshi");
    check("Muhammad * Qureshi");
    check("Muhammad % Qureshi");
    check("Muhammad Asif Qureshi محمد آصف قریشی");
    check("Muhammad آصف Qureshi");
    check("محمد آصف");
}

#[test]
fn letters_that_only_look_alike_are_other_letters() {
    // Cyrillic а, е, і; Greek Μ; full width; mathematical bold; a zero for an o.
    let check = |stored: &str, given: &str| {
        assert_ne!(stored, given);
        assert!(!Name::new(stored, stored).is(given), "{stored} and {given}");
    };
    check("Asif", "\u{410}sif");
    check("Asif", "As\u{456}f");
    check("Naeem", "Na\u{435}em");
    check("Majid", "\u{39c}ajid");
    check("Asif", "Ａsif");
    check("Asif", "𝐀sif");
    check("Noor", "N00r");
    check("Bilal", "BiIaI1");
}

#[test]
fn nothing_is_nobodys_name() {
    let blank = Name::new("", "");
    for given in ["", " ", "\t\n", ".", "-", "'", "ـ", "\u{651}", "\u{200f}", "۔", "Mr.", "Haji Sahib", "جناب"] {
        assert!(!name().is(given), "{given:?}");
        assert!(!blank.is(given), "{given:?} is not the name of a person without one");
    }
    assert!(!blank.is(ROMAN));
    let unwritten = Name::new(ROMAN, "");
    assert!(unwritten.is(ROMAN) && !unwritten.is(URDU));
    let only_urdu = Name::new("", URDU);
    assert!(only_urdu.is(URDU) && !only_urdu.is(ROMAN));
}

#[test]
fn the_two_scripts_are_compared_apart() {
    let two = Name::new("Asif", "کاشف");
    assert!(two.is("asif") && two.is("كاشف"));
    assert!(!two.is("Kashif") && !two.is("آصف"), "a script is not turned into the other");
}

#[test]
fn nobody_of_a_population_answers_to_anothers_name() {
    let population = Population::new(DEMO_SEED, 400);
    let names: Vec<_> = population.flat_map(|family| family.truth).map(|truth| truth.name).collect();
    for one in &names {
        assert!(one.is(&one.roman) && one.is(&one.urdu), "{}", one.roman);
        assert!(one.is(&one.roman.to_uppercase()) && one.is(&format!("Janab {}", one.roman)), "{}", one.roman);
        for other in &names {
            let same = normal(&one.roman) == normal(&other.roman);
            assert_eq!(one.is(&other.roman), same, "{} and {}", one.roman, other.roman);
        }
    }
}

#[test]
fn a_huge_text_is_compared_and_refused() {
    let many = "Muhammad ".repeat(20_000);
    assert!(!name().is(&many));
    assert!(!name().is(&"\u{651}".repeat(100_000)));
    assert!(name().is(&format!("{} {ROMAN}", "haji ".repeat(10_000))));
}

/// Words that no courtesy and no other spelling is made of.
fn word() -> impl Strategy<Value = String> {
    "[A-Z][a-z]{5,9}".prop_filter("a word of the lists", |word| {
        let word = word.to_lowercase();
        !HONORIFICS.contains(&word.as_str()) && !MUHAMMAD.contains(&word.as_str())
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_normal_form_is_its_own(text in "\\PC{0,40}|[a-zA-Z .'-]{0,40}|[\u{600}-\u{6ff} ]{0,30}") {
        let once = normal(&text);
        prop_assert_eq!(normal(&once), once.clone());
        prop_assert!(!once.starts_with(' ') && !once.ends_with(' ') && !once.contains("  "));
    }

    #[test]
    fn being_the_same_name_does_not_depend_on_who_asks(one in "\\PC{1,20}", other in "\\PC{1,20}") {
        let is = |stored: &str, given: &str| Name::new(stored, "").is(given);
        prop_assert_eq!(is(&one, &other), is(&other, &one));
    }

    #[test]
    fn words_count_and_keep_their_order(words in prop::collection::vec(word(), 2..5), drop in 0_usize..5) {
        let stored = Name::new(words.join(" "), "");
        prop_assert!(stored.is(&words.join("-").to_lowercase()));
        let mut fewer = words.clone();
        fewer.remove(drop % words.len());
        prop_assert!(!stored.is(&fewer.join(" ")));
        let mut turned = words.clone();
        turned.rotate_left(1);
        prop_assert_eq!(stored.is(&turned.join(" ")), turned == words);
    }

    #[test]
    fn one_changed_letter_is_another_name(word in word(), at in 0_usize..6, letter in b'a'..=b'z') {
        let mut changed = word.to_lowercase().into_bytes();
        changed[at] = letter;
        let changed = String::from_utf8(changed).unwrap();
        prop_assume!(changed != word.to_lowercase() && !HONORIFICS.contains(&changed.as_str()));
        prop_assert!(!Name::new(word, "").is(&changed));
    }
}
