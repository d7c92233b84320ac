//! A range of poverty scores.

use crate::service::RegistryError;

/// Scores in hundredths of a point, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PmtRange {
    /// The lowest.
    pub from: u16,
    /// The highest.
    pub to: u16,
}

impl PmtRange {
    /// The highest score there is.
    pub const MAX: u16 = 10_000;

    /// Every score.
    pub const ALL: Self = Self { from: 0, to: Self::MAX };

    /// The range, if it is one.
    ///
    /// # Errors
    /// [`RegistryError::Parameter`]: `pmt_to` where it lies above the scale, `pmt_from` where it does or lies above `pmt_to`.
    pub fn checked(self) -> Result<Self, RegistryError> {
        match self {
            Self { to, .. } if to > Self::MAX => Err(RegistryError::Parameter("pmt_to")),
            Self { from, to } if from > to => Err(RegistryError::Parameter("pmt_from")),
            range => Ok(range),
        }
    }

    /// Whether a score lies within.
    #[must_use]
    pub fn holds(self, pmt: u16) -> bool {
        (self.from..=self.to).contains(&pmt)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_lies_on_the_scale_and_runs_upwards() {
        let check = |from, to, refused: Option<&'static str>| {
            let got = PmtRange { from, to }.checked();
            assert_eq!(got.err(), refused.map(RegistryError::Parameter), "{from} to {to}");
        };
        check(0, 10_000, None);
        check(0, 0, None);
        check(10_000, 10_000, None);
        check(1, 0, Some("pmt_from"));
        check(10_001, 10_000, Some("pmt_from"));
        check(0, 10_001, Some("pmt_to"));
        check(u16::MAX, u16::MAX, Some("pmt_to"));
    }

    #[test]
    fn both_ends_belong_to_a_range() {
        let range = PmtRange { from: 1_000, to: 2_000 };
        let check = |pmt, expected| assert_eq!(range.holds(pmt), expected, "{pmt}");
        check(999, false);
        check(1_000, true);
        check(2_000, true);
        check(2_001, false);
        assert!([0, 1, 10_000].into_iter().all(|pmt| PmtRange::ALL.holds(pmt)));
    }
}
