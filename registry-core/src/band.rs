//! Bands of the poverty score: what is told of it to whoever needs no more.

use crate::identifier::words;

words! {
    /// The band that a score lies in, by the programme's two cut-offs (design/registry.md: 16.17, since then 32).
    PmtBand {
        /// At or below the first cut-off.
        Poorest = "0-16.17",
        /// Above it, and at or below the present one.
        Poor = "16.18-32",
        /// Above the present cut-off.
        Above = "32.01-100",
    }
}

/// The first cut-off, hundredths of a point.
const FIRST_CUT: u16 = 1_617;

/// The present cut-off, hundredths of a point.
const PRESENT_CUT: u16 = 3_200;

impl PmtBand {
    /// The band of a score in hundredths of a point.
    #[must_use]
    pub const fn of(pmt: u16) -> Self {
        if pmt <= FIRST_CUT {
            Self::Poorest
        } else if pmt <= PRESENT_CUT {
            Self::Poor
        } else {
            Self::Above
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_off_belongs_to_the_band_below_it() {
        let check = |pmt, expected: &str| assert_eq!(PmtBand::of(pmt).as_str(), expected, "{pmt}");
        check(0, "0-16.17");
        check(1_617, "0-16.17");
        check(1_618, "16.18-32");
        check(3_200, "16.18-32");
        check(3_201, "32.01-100");
        check(10_000, "32.01-100");
    }
}
