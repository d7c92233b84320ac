//! The page's words in both languages.

use crate::tariff::{Class, Unit};

/// A word in English and in Urdu.
#[derive(Clone, Copy, Debug)]
pub(super) struct Word {
    pub en: &'static str,
    pub ur: &'static str,
}

const fn word(en: &'static str, ur: &'static str) -> Word {
    Word { en, ur }
}

pub(super) const TITLE: Word = word("Statement of account", "گوشوارۂ حساب");
pub(super) const AGENCY: Word = word("Agency", "ادارہ");
pub(super) const MONTH: Word = word("Month", "مہینہ");
pub(super) const ISSUED: Word = word("Issued", "تاریخِ اجرا");
pub(super) const SAMPLE: Word =
    word("SAMPLE: the rates of this statement are invented", "نمونہ: اس گوشوارے کے نرخ فرضی ہیں");
pub(super) const PROVISIONAL: Word = word(
    "PROVISIONAL: the month is not over; nothing is asked for yet",
    "عارضی: مہینہ ابھی ختم نہیں ہوا؛ ابھی کوئی ادائیگی مطلوب نہیں",
);
pub(super) const SERVICE: Word = word("Service", "خدمت");
pub(super) const RATE: Word = word("Rate version", "نرخ نامہ");
pub(super) const CLASS: Word = word("Class", "درجہ");
pub(super) const UNIT: Word = word("Charged by", "بنیادِ نرخ");
pub(super) const CALLS: Word = word("Calls", "جوابات");
pub(super) const ROWS: Word = word("Rows", "سطریں");
pub(super) const UNITS: Word = word("Units", "اکائیاں");
pub(super) const RATED: Word = word("As rated", "نرخ کے مطابق");
pub(super) const SAVED: Word = word("Less by volume", "مقدار کی رعایت");
pub(super) const ADDED: Word = word("To the minimum", "کم از کم تک اضافہ");
pub(super) const LINE: Word = word("Line, rounded once", "مد، ایک بار تخمین");
pub(super) const GIVEN: Word = word("Given gratis", "بلامعاوضہ");
pub(super) const TAX: Word = word("Tax", "ٹیکس");
pub(super) const VALUE: Word = word("Value of all lines", "تمام مدات کی مالیت");
pub(super) const TOTAL: Word = word("To be paid", "قابلِ ادائیگی");
pub(super) const TAKEN_BACK: Word = word("Taken back from the earlier statement", "سابقہ گوشوارے سے واپس");
pub(super) const BALANCE: Word = word("Balance to be paid", "بقایا قابلِ ادائیگی");
pub(super) const NOTHING: Word = word("Nothing was used in this month.", "اس مہینے میں کچھ استعمال نہیں ہوا۔");
pub(super) const ENTRIES: Word = word("Entries of the access log", "رسائی کے اندراجات");
pub(super) const ROOT: Word = word("Root over their hashes", "ان کے ہیش کی جڑ");
pub(super) const CHECK: Word = word(
    "This statement follows from the access log alone. Check it with: ijazat bill recompute",
    "یہ گوشوارہ صرف رسائی کے ریکارڈ سے بنتا ہے۔ جانچنے کے لیے:",
);

pub(super) const fn class(class: Option<Class>) -> Word {
    match class {
        None => word("none", "کوئی نہیں"),
        Some(Class::Government) => word("Government", "سرکاری"),
        Some(Class::Private) => word("Private", "نجی"),
        Some(Class::GratisGovernment) => word("Government, gratis", "سرکاری، بلامعاوضہ"),
        Some(Class::GratisPrivate) => word("Private, gratis", "نجی، بلامعاوضہ"),
    }
}

pub(super) const fn unit(unit: Option<Unit>) -> Word {
    match unit {
        None => word("free", "مفت"),
        Some(Unit::Row) => word("row", "سطر"),
        Some(Unit::Call) => word("call", "جواب"),
        Some(Unit::Report) => word("report", "رپورٹ"),
        Some(Unit::Match) => word("match", "مطابقت"),
        Some(Unit::NoMatch) => word("no match", "عدم مطابقت"),
    }
}
