//! Names in two scripts, and the normal form under which a yes-or-no check compares them.

use std::fmt;

/// One name, in Roman letters and in Urdu.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Name {
    /// In Roman letters, as printed on the card.
    pub roman: String,
    /// In Urdu.
    pub urdu: String,
}

impl Name {
    /// A name from its two spellings.
    #[must_use]
    pub fn new(roman: impl Into<String>, urdu: impl Into<String>) -> Self {
        Self { roman: roman.into(), urdu: urdu.into() }
    }

    /// Whether a given text is this name in either script, apart from case, spaces, marks and honorifics.
    ///
    /// Exact otherwise: a yes or no must not become a way to find a name out by degrees.
    #[must_use]
    pub fn is(&self, given: &str) -> bool {
        let given = normal(given);
        !given.is_empty() && (given == normal(&self.roman) || given == normal(&self.urdu))
    }
}

/// Names name a person, so nothing of them is shown.
impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Name(…)")
    }
}

/// Words that courtesy or office puts before a name, in their normal form.
const HONORIFICS: &[&str] = &[
    "mr",
    "mrs",
    "ms",
    "miss",
    "mst",
    "dr",
    "prof",
    "engr",
    "haji",
    "hajji",
    "alhaj",
    "hafiz",
    "qari",
    "maulana",
    "janab",
    "mohtarma",
    "sahib",
    "sahiba",
    "sahab",
    "جناب",
    "محترمہ",
    "مسماۃ",
    "مسمات",
    "حاجی",
    "الحاج",
    "حافظ",
    "قاری",
    "مولانا",
    "ڈاکٹر",
    "صاحب",
    "صاحبہ",
];

/// The one spelling of the commonest name of all; every other one is the same name.
const MUHAMMAD: &[&str] = &["muhammad", "mohammad", "mohammed", "muhammed", "mohamad", "muhamad", "md", "mohd"];

fn normal(text: &str) -> String {
    let folded: String = text.chars().flat_map(char::to_lowercase).filter_map(fold).collect();
    let words = folded.split_whitespace().filter(|word| !HONORIFICS.contains(word));
    let words = words.map(|word| if MUHAMMAD.contains(&word) { "muhammad" } else { word });
    words.collect::<Vec<_>>().join(" ")
}

/// Drops marks, turns separators into spaces and unites the letters that Arabic and Urdu keyboards write differently: a
/// letter that carries its mark within itself loses it as one with the mark behind it does, for Unicode calls them the same.
fn fold(letter: char) -> Option<char> {
    match letter {
        '\u{64b}'..='\u{65f}' | '\u{670}' | '\u{640}' | '\u{200c}'..='\u{200f}' | '.' | '\'' | '’' | '`' => None,
        'ي' | 'ى' | 'ئ' => Some('ی'),
        'ك' => Some('ک'),
        'ه' | 'ۀ' | 'ۂ' => Some('ہ'),
        'ة' => Some('ۃ'),
        'أ' | 'إ' | 'آ' => Some('ا'),
        'ؤ' => Some('و'),
        'ۓ' => Some('ے'),
        '-' | ',' | '_' | '/' | '۔' | '،' => Some(' '),
        other => Some(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_matches_apart_from_case_spaces_marks_and_honorifics() {
        let name = Name::new("Muhammad Aslam Qureshi", "محمد اسلم قریشی");
        let check = |given: &str, expected| assert_eq!(name.is(given), expected, "{given}");
        check("Muhammad Aslam Qureshi", true);
        check("  MOHAMMAD  aslam-qureshi ", true);
        check("Haji Md. Aslam Qureshi Sahib", true);
        check("محمد اسلم قريشي", true);
        check("محمّد اسلم قریشی", true);
        check("Aslam Qureshi", false);
        check("Muhammad Aslam", false);
        check("Muhammad Asla Qureshi", false);
        check("Haji", false);
        check("", false);
    }

    #[test]
    fn a_name_is_not_shown_in_logs() {
        assert_eq!(format!("{:?}", Name::new("Zainab", "زینب")), "Name(…)");
    }
}

#[cfg(test)]
#[path = "name_laws.rs"]
mod laws;
