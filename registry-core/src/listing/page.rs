//! How much of a list is asked for, and from where.

use super::Place;
use crate::{limits::LIST_ROWS_MAX, service::RegistryError};

/// A page as a caller asks for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageAsked {
    /// Households at most.
    pub limit: u32,
    /// Where the page before ended: its `next`, as it was given. `None` begins a list.
    pub cursor: Option<String>,
}

impl PageAsked {
    /// Households that the page may have, under a permit for so many.
    ///
    /// # Errors
    /// [`RegistryError::NotPermitted`] under a permit for none, [`RegistryError::Parameter`] for a limit of none.
    pub(crate) fn rows(&self, permitted: u32) -> Result<u32, RegistryError> {
        match self.limit.min(permitted).min(LIST_ROWS_MAX) {
            0 if permitted == 0 => Err(RegistryError::NotPermitted),
            0 => Err(RegistryError::Parameter("limit")),
            rows => Ok(rows),
        }
    }

    /// The place behind which the page begins.
    ///
    /// # Errors
    /// [`RegistryError::Parameter`] for a cursor that is none of ours.
    pub(crate) fn after(&self) -> Result<Option<Place>, RegistryError> {
        let place = |cursor: &String| Place::parse(cursor).ok_or(RegistryError::Parameter("cursor"));
        self.cursor.as_ref().map(place).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(limit: u32, cursor: Option<&str>) -> PageAsked {
        PageAsked { limit, cursor: cursor.map(str::to_owned) }
    }

    #[test]
    fn the_least_of_three_bounds_counts() {
        let check = |limit, permitted, expected| {
            assert_eq!(asked(limit, None).rows(permitted), expected, "{limit} of {permitted}");
        };
        check(10, 60, Ok(10));
        check(100, 60, Ok(60));
        check(u32::MAX, u32::MAX, Ok(LIST_ROWS_MAX));
        check(1, 1, Ok(1));
        check(0, 60, Err(RegistryError::Parameter("limit")));
        check(0, 0, Err(RegistryError::NotPermitted));
        check(10, 0, Err(RegistryError::NotPermitted));
    }

    #[test]
    fn a_cursor_is_ours_or_refused() {
        let ours = "00000000000000000000000000000001";
        assert_eq!(asked(1, None).after(), Ok(None));
        assert_eq!(asked(1, Some(ours)).after(), Ok(Place::parse(ours)));
        for other in ["", "1", "NSER-0000000001", ours.trim_start_matches('0')] {
            assert_eq!(asked(1, Some(other)).after(), Err(RegistryError::Parameter("cursor")), "{other:?}");
        }
    }
}
