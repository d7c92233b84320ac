//! Names that networks give to messages: the same name is written one way in an answer and another way in a receipt.

/// Digits of a hexadecimal number that is also read as a decimal one: more is no number but a text.
const DIGITS_MAX: usize = 30;

/// How a name is kept: without case, spaces and leading zeros.
#[must_use]
pub fn kept(name: &str) -> String {
    let plain = name.trim().trim_matches('\0').to_ascii_lowercase();
    let short = plain.trim_start_matches('0');
    if short.is_empty() { plain } else { short.to_owned() }
}

/// What a receipt's name may have been in the answer: as it is, from hexadecimal, from decimal; the likeliest first.
#[must_use]
pub fn forms(name: &str) -> Vec<String> {
    let own = kept(name);
    let mut forms = vec![own.clone()];
    if own.len() <= DIGITS_MAX {
        let from_hex = u128::from_str_radix(&own, 16).map(|number| number.to_string());
        let from_decimal = own.parse::<u128>().map(|number| format!("{number:x}"));
        for form in [from_hex.ok(), from_decimal.ok()].into_iter().flatten() {
            if !forms.contains(&form) {
                forms.push(form);
            }
        }
    }
    forms
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_known_in_hexadecimal_in_decimal_in_capitals_and_with_zeros() {
        let check = |answered: &str, told: &str| assert!(forms(told).contains(&kept(answered)), "{answered} {told}");
        check("1a2b", "1A2B");
        check("1A2B", "6699");
        check("6699", "1a2b");
        check("000000001A", "26");
        check("26", "0000000026");
        check("M1", " m1\0");
        check("0", "0");
        check("7e2c0f9a-55aa-4c1e-9d11-0123456789ab", "7E2C0F9A-55AA-4C1E-9D11-0123456789AB");
    }

    #[test]
    fn a_text_has_one_form_and_the_likeliest_comes_first() {
        assert_eq!(forms("M1-xyz"), ["m1-xyz"]);
        assert_eq!(forms("10"), ["10", "16", "a"]);
        assert_eq!(forms(&"f".repeat(64)), ["f".repeat(64)]);
        assert_eq!(forms(""), [""]);
    }
}
