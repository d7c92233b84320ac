//! Which alphabet a text goes out in: GSM's where every character is in it, UCS-2 otherwise (3GPP TS 23.038).

/// The capital letters, small letters and signs beyond ASCII that GSM's alphabet and its extension have.
const BEYOND_ASCII: &str = "£¥èéùìòÇØøÅåΔΦΓΛΩΠΨΣΘΞÆæßÉ¤¡ÄÖÑÜ§¿äöñüà€";

/// What Kannel calls the alphabet: 0 for GSM's, 2 for UCS-2.
pub fn coding(text: &str) -> &'static str {
    if text.chars().all(in_gsm) { "0" } else { "2" }
}

fn in_gsm(character: char) -> bool {
    // Of printable ASCII only the grave accent is missing.
    match character {
        '`' => false,
        '\n' | '\r' | ' '..='~' => true,
        other => BEYOND_ASCII.contains(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urdu_needs_the_wide_alphabet_and_roman_urdu_does_not() {
        let check = |text, expected| assert_eq!(coding(text), expected, "{text}");
        check("", "0");
        check("Ijazat code 482913. Kisi ko na batayen!\r\n", "0");
        check("^{}\\[~]|€ @£$¥", "0");
        check("اجازت", "2");
        check("It’s", "2");
        check("`", "2");
        check("\t", "2");
        check("ç", "2");
        check("😀", "2");
    }
}
