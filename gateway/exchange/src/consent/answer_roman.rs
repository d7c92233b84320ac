//! What 8009 answers in Urdu of Latin letters: one message of GSM-7. The wording needs a native reader's review before real use.

use super::answer::Told;

/// The text of an answer.
pub(super) fn roman(told: &Told) -> String {
    match told {
        Told::Refused(reference) => {
            let reference = reference.as_str();
            format!("Ijazat: aap ne darkhwast se inkar kiya, ref {reference}. Aap ki koi maloomat nahi di gayin.")
        }
        Told::Stopped(reference) => {
            let reference = reference.as_str();
            format!("Ijazat: aap ki di hui ijazat khatam ho gayi, ref {reference}. Ab koi isay istemal nahi kar sakta.")
        }
        Told::Allowed(reference) => {
            let reference = reference.as_str();
            format!(
                "Ijazat: aap ne darkhwast ki ijazat de di, ref {reference}. Khatam karne ke liye STOP {reference} bhejen."
            )
        }
        Told::Wrong { tries_left } => {
            format!(
                "Ijazat: code ya screen ke hindse ghalat hain. Aap ki koi maloomat nahi di gayin. Baqi koshishen: {tries_left}."
            )
        }
        Told::UnlockCode(code) => {
            let code = code.expose();
            format!(
                "Ijazat: kholne ke liye 10 minute mein UNLOCK {code} bhejen. Aap nahi to nazarandaz karen. Code kisi ko na batayen."
            )
        }
        Told::Word(worded) => worded.roman(),
        told => fixed(told).to_owned(),
    }
}

/// Those that name nothing.
const fn fixed(told: &Told) -> &'static str {
    match told {
        Told::Locked => {
            "Ijazat: kai baar ghalat jawab par darkhwast band ho gayi. Aap ki koi maloomat nahi di gayin. Idara nayi darkhwast kar sakta hai."
        }
        Told::NothingWaits => {
            "Ijazat: aap ki koi darkhwast aise code ki muntazir nahi. Alfaaz janne ke liye HELP bhejen."
        }
        Told::Nothing => "Ijazat: is ref par aap ki koi darkhwast ya ijazat nahi. Alfaaz janne ke liye HELP bhejen.",
        Told::ConsentsLocked | Told::AlreadyLocked => {
            "Ijazat: aap ki ijazaten band hain. Kholne tak koi aap se ijazat nahi maang sakta. Kholne ke liye UNLOCK bhejen."
        }
        Told::Unlocked => "Ijazat: aap ki ijazaten khul gayin. Idare aap se dobara ijazat maang sakte hain.",
        Told::WrongUnlockCode => "Ijazat: code ghalat ya purana hai. Naye code ke liye UNLOCK bhejen.",
        Told::GuessesSpent => {
            "Ijazat: aap ke naam par bohat se ghalat code diye gaye, is liye ab koi ijazat nahi maang sakta. Kholne ke liye UNLOCK bhejen."
        }
        // Whatever names something is worded above.
        _ => {
            "Ijazat 8009: OK code 2 hindse: ijazat. NO ref: inkar. STOP ref: khatam. CONSENTS: fehrist. LOCK: sab band, UNLOCK: kholen. Code phone par na dein."
        }
    }
}
