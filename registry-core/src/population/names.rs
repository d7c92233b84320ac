//! Common names of Pakistan in two scripts, and how a family puts them together.

use super::prng::Chance;
use crate::name::Name;

/// A name part in Roman letters and in Urdu.
pub(super) type Part = (&'static str, &'static str);

/// Given names of men.
const MEN: &[Part] = &[
    ("Aslam", "اسلم"),
    ("Akram", "اکرم"),
    ("Imran", "عمران"),
    ("Irfan", "عرفان"),
    ("Usman", "عثمان"),
    ("Bilal", "بلال"),
    ("Hamza", "حمزہ"),
    ("Tariq", "طارق"),
    ("Khalid", "خالد"),
    ("Rashid", "راشد"),
    ("Sajid", "ساجد"),
    ("Shahid", "شاہد"),
    ("Naveed", "نوید"),
    ("Nadeem", "ندیم"),
    ("Waseem", "وسیم"),
    ("Saleem", "سلیم"),
    ("Naeem", "نعیم"),
    ("Kashif", "کاشف"),
    ("Asif", "آصف"),
    ("Arif", "عارف"),
    ("Faisal", "فیصل"),
    ("Kamran", "کامران"),
    ("Rizwan", "رضوان"),
    ("Farhan", "فرحان"),
    ("Adnan", "عدنان"),
    ("Zubair", "زبیر"),
    ("Junaid", "جنید"),
    ("Yasir", "یاسر"),
    ("Nasir", "ناصر"),
    ("Bashir", "بشیر"),
    ("Nazir", "نذیر"),
    ("Sharif", "شریف"),
    ("Latif", "لطیف"),
    ("Rafiq", "رفیق"),
    ("Siddique", "صدیق"),
    ("Ramzan", "رمضان"),
    ("Iqbal", "اقبال"),
    ("Anwar", "انور"),
    ("Akbar", "اکبر"),
    ("Asghar", "اصغر"),
    ("Zahid", "زاہد"),
    ("Abid", "عابد"),
    ("Majid", "ماجد"),
    ("Waqas", "وقاص"),
    ("Hassan", "حسن"),
    ("Hussain", "حسین"),
    ("Ali", "علی"),
    ("Umar", "عمر"),
    ("Ibrahim", "ابراہیم"),
    ("Ismail", "اسماعیل"),
    ("Yousaf", "یوسف"),
    ("Daud", "داؤد"),
    ("Suleman", "سلیمان"),
    ("Mumtaz", "ممتاز"),
    ("Sarfraz", "سرفراز"),
];

/// Given names of women.
const WOMEN: &[Part] = &[
    ("Fatima", "فاطمہ"),
    ("Ayesha", "عائشہ"),
    ("Zainab", "زینب"),
    ("Khadija", "خدیجہ"),
    ("Maryam", "مریم"),
    ("Amna", "آمنہ"),
    ("Hafsa", "حفصہ"),
    ("Sumaira", "سمیرا"),
    ("Saima", "صائمہ"),
    ("Shazia", "شازیہ"),
    ("Nazia", "نازیہ"),
    ("Rabia", "رابعہ"),
    ("Sadia", "سعدیہ"),
    ("Asma", "اسماء"),
    ("Uzma", "عظمیٰ"),
    ("Bushra", "بشریٰ"),
    ("Rukhsana", "رخسانہ"),
    ("Farzana", "فرزانہ"),
    ("Shabana", "شبانہ"),
    ("Rehana", "ریحانہ"),
    ("Nasreen", "نسرین"),
    ("Parveen", "پروین"),
    ("Yasmeen", "یاسمین"),
    ("Shaheen", "شاہین"),
    ("Samina", "ثمینہ"),
    ("Tahira", "طاہرہ"),
    ("Zahida", "زاہدہ"),
    ("Abida", "عابدہ"),
    ("Sajida", "ساجدہ"),
    ("Khalida", "خالدہ"),
    ("Naseem", "نسیم"),
    ("Kausar", "کوثر"),
    ("Iqra", "اقراء"),
    ("Mehwish", "مہوش"),
    ("Sana", "ثناء"),
    ("Hina", "حنا"),
    ("Kiran", "کرن"),
    ("Nimra", "نمرہ"),
    ("Laiba", "لائبہ"),
    ("Mahnoor", "ماہ نور"),
    ("Gulshan", "گلشن"),
    ("Razia", "رضیہ"),
    ("Safia", "صفیہ"),
    ("Salma", "سلمیٰ"),
    ("Shamim", "شمیم"),
    ("Zubaida", "زبیدہ"),
    ("Hajra", "ہاجرہ"),
    ("Sakina", "سکینہ"),
    ("Robina", "روبینہ"),
    ("Fozia", "فوزیہ"),
];

/// Names that a family passes on.
const FAMILIES: &[Part] = &[
    ("Khan", "خان"),
    ("Qureshi", "قریشی"),
    ("Malik", "ملک"),
    ("Chaudhry", "چوہدری"),
    ("Butt", "بٹ"),
    ("Mirza", "مرزا"),
    ("Bhatti", "بھٹی"),
    ("Awan", "اعوان"),
    ("Raja", "راجہ"),
    ("Sheikh", "شیخ"),
    ("Siddiqui", "صدیقی"),
    ("Ansari", "انصاری"),
    ("Hashmi", "ہاشمی"),
    ("Abbasi", "عباسی"),
    ("Baloch", "بلوچ"),
    ("Memon", "میمن"),
    ("Soomro", "سومرو"),
    ("Chandio", "چانڈیو"),
    ("Lashari", "لاشاری"),
    ("Khattak", "خٹک"),
    ("Afridi", "آفریدی"),
    ("Yousafzai", "یوسفزئی"),
    ("Bangash", "بنگش"),
    ("Durrani", "درانی"),
    ("Kakar", "کاکڑ"),
    ("Mengal", "مینگل"),
    ("Gondal", "گوندل"),
    ("Cheema", "چیمہ"),
    ("Dogar", "ڈوگر"),
    ("Rind", "رند"),
];

const MUHAMMAD: Part = ("Muhammad", "محمد");
const GHULAM: Part = ("Ghulam", "غلام");
const BIBI: Part = ("Bibi", "بی بی");
const BEGUM: Part = ("Begum", "بیگم");

/// The name that a clan passes on.
pub(super) fn family(chance: &mut Chance) -> Part {
    chance.pick(FAMILIES).copied().unwrap_or(MUHAMMAD)
}

/// The family's name that a whole name ends with, if it does.
pub(super) fn family_in(name: &Name) -> Option<Part> {
    let last = name.roman.rsplit(' ').next()?;
    FAMILIES.iter().find(|(roman, _)| *roman == last).copied()
}

/// A person's given name.
pub(super) fn given(chance: &mut Chance, male: bool) -> Part {
    chance.pick(if male { MEN } else { WOMEN }).copied().unwrap_or(MUHAMMAD)
}

/// The whole name of a man: often with Muhammad before, often with the family's name behind.
pub(super) fn of_man(chance: &mut Chance, given: Part, family: Part) -> Name {
    match chance.below(10) {
        0..=3 => join(&[MUHAMMAD, given]),
        4 => join(&[GHULAM, given]),
        5 => join(&[MUHAMMAD, given, family]),
        _ => join(&[given, family]),
    }
}

/// The whole name of a woman: often with her father's given name behind.
pub(super) fn of_woman(chance: &mut Chance, given: Part, father: Part, family: Part) -> Name {
    match chance.below(10) {
        0..=3 => join(&[given, BIBI]),
        4..=5 => join(&[given, father]),
        6 => join(&[given, BEGUM]),
        _ => join(&[given, family]),
    }
}

fn join(parts: &[Part]) -> Name {
    let side = |of: fn(&Part) -> &'static str| parts.iter().map(of).collect::<Vec<_>>().join(" ");
    Name::new(side(|part| part.0), side(|part| part.1))
}

/// Ways in which counters misspell Roman letters; the Urdu stays right.
const MISSPELLINGS: &[(&str, &str)] =
    &[("ee", "i"), ("ai", "ay"), ("ou", "o"), ("ss", "s"), ("q", "k"), ("sh", "s"), ("a", "e")];

/// The name as a counter might have misspelt it: the first rule that applies, where it last applies.
pub(super) fn misspell(name: &Name) -> Name {
    let applied = |(right, wrong): &(&str, &str)| {
        name.roman.rsplit_once(right).map(|(before, after)| format!("{before}{wrong}{after}"))
    };
    let roman = MISSPELLINGS.iter().find_map(applied);
    Name::new(roman.unwrap_or_else(|| name.roman.clone()), name.urdu.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_is_written_in_both_scripts_and_stands_once() {
        for list in [MEN, WOMEN, FAMILIES] {
            let mut seen = std::collections::HashSet::new();
            for (roman, urdu) in list {
                assert!(roman.chars().all(|c| c.is_ascii_alphabetic()), "{roman}");
                assert!(urdu.chars().all(|c| c == ' ' || ('\u{600}'..='\u{6ff}').contains(&c)), "{roman}");
                assert!(seen.insert(roman), "{roman}");
            }
        }
    }

    #[test]
    fn a_misspelt_name_is_another_name() {
        let check = |roman: &str, expected: &str| {
            let name = Name::new(roman, "محمد");
            assert_eq!(misspell(&name).roman, expected);
            assert_eq!(name.is(expected), roman == expected);
        };
        check("Muhammad Aslam", "Muhammad Aslem");
        check("Nadeem Khan", "Nadim Khan");
        check("Ghulum", "Ghulum");
    }
}
