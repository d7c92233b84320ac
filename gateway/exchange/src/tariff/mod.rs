//! Prices: integers of milli-paisa, dated books, no rounding before the statement's line.

mod book;
mod class;
mod price;
mod unit;

pub use book::{Charge, Rate, RateBook, Tax, book_at, from_now_on, unpriced};
pub use class::{Class, Column, Gratis, GratisReason};
pub use price::{EACH_MAX, MINIMUM_MAX, Month, Price, TIERS_MAX, Tier};
pub use unit::Unit;

/// Milli-paisa in one paisa.
pub const MILLI_PAISA: i64 = 1_000;

/// Milli-paisa as rupees for people, such as `Rs 1.25000`.
#[must_use]
pub fn rupees(milli_paisa: i64) -> String {
    let sign = if milli_paisa < 0 { "-" } else { "" };
    let magnitude = milli_paisa.unsigned_abs();
    format!("{sign}Rs {}.{:05}", magnitude / 100_000, magnitude % 100_000)
}

/// Paisa as rupees for people, such as `Rs 1.25`.
#[must_use]
pub fn rupees_of_paisa(paisa: i64) -> String {
    let sign = if paisa < 0 { "-" } else { "" };
    let magnitude = paisa.unsigned_abs();
    format!("{sign}Rs {}.{:02}", magnitude / 100, magnitude % 100)
}

/// Rounds to the nearest whole, a half to the even one: the one rounding of a statement's line, and of its tax.
#[must_use]
pub const fn half_even(amount: i64, per: i64) -> i64 {
    let (whole, rest) = (amount.div_euclid(per), amount.rem_euclid(per));
    // `rest` is at least 0 and below `per`, so twice of it is compared without leaving the numbers.
    let up = rest > per - rest || (rest == per - rest && whole % 2 != 0);
    if up { whole + 1 } else { whole }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_half_goes_to_the_even_paisa() {
        let check = |milli_paisa, paisa| assert_eq!(half_even(milli_paisa, MILLI_PAISA), paisa, "{milli_paisa}");
        check(0, 0);
        check(499, 0);
        check(500, 0);
        check(501, 1);
        check(1_499, 1);
        check(1_500, 2);
        check(2_500, 2);
        check(-500, 0);
        check(-501, -1);
        check(-1_500, -2);
        check(i64::MAX, 9_223_372_036_854_776);
        check(i64::MIN, -9_223_372_036_854_776);
    }

    #[test]
    fn paisa_are_written_as_rupees() {
        let check = |paisa, text: &str| assert_eq!(rupees_of_paisa(paisa), text);
        check(0, "Rs 0.00");
        check(5, "Rs 0.05");
        check(-12_345, "-Rs 123.45");
        check(i64::MIN, "-Rs 92233720368547758.08");
    }

    proptest! {
        #[test]
        fn rounding_moves_nothing_by_more_than_half(amount in any::<i64>(), per in 1..1_000_000_i64) {
            let rounded = i128::from(half_even(amount, per)) * i128::from(per);
            let off = (rounded - i128::from(amount)).abs() * 2;
            prop_assert!(off <= i128::from(per));
            prop_assert!(off < i128::from(per) || half_even(amount, per) % 2 == 0);
        }
    }
}
