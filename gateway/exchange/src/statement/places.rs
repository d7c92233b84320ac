//! Entries of one log by their indices, as runs: a month's list of a busy agency stays short.

use serde::{Deserialize, Serialize};

/// Indices, each once, as runs `[first, first after]` that rise and never touch: a set has one form.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<(u64, u64)>")]
pub struct Places(Vec<(u64, u64)>);

/// Runs that are empty, fall, or touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("runs of entries are empty, fall, or touch each other")]
pub struct PlacesError;

impl TryFrom<Vec<(u64, u64)>> for Places {
    type Error = PlacesError;

    fn try_from(runs: Vec<(u64, u64)>) -> Result<Self, PlacesError> {
        let whole = runs.iter().all(|(from, until)| from < until);
        let apart = runs.iter().zip(runs.iter().skip(1)).all(|(before, after)| before.1 < after.0);
        if whole && apart { Ok(Self(runs)) } else { Err(PlacesError) }
    }
}

impl Places {
    /// Adds an index behind all others; `false`, and nothing done, where it is not.
    pub fn push(&mut self, index: u64) -> bool {
        let Some(after) = index.checked_add(1) else { return false };
        match self.0.last_mut() {
            Some(last) if index < last.1 => return false,
            Some(last) if index == last.1 => last.1 = after,
            _ => self.0.push((index, after)),
        }
        true
    }

    /// Whether the index is among them.
    #[must_use]
    pub fn contains(&self, index: u64) -> bool {
        let at = self.0.partition_point(|(_, until)| *until <= index);
        self.0.get(at).is_some_and(|(from, _)| *from <= index)
    }

    /// How many.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.iter().fold(0, |all: u64, (from, until)| all.saturating_add(until - from))
    }

    /// Runs, each its first index and the first after it.
    #[must_use]
    pub fn runs(&self) -> &[(u64, u64)] {
        &self.0
    }

    /// Those that are not among `others`, which rise. Takes time by runs and others, whatever the runs' length.
    #[must_use]
    pub fn without(&self, others: impl Iterator<Item = u64>) -> Self {
        let mut left = Vec::new();
        let mut others = others.peekable();
        for &(from, until) in &self.0 {
            let mut next = from;
            while others.next_if(|other| *other < from).is_some() {}
            while let Some(other) = others.next_if(|other| *other < until) {
                if next < other {
                    left.push((next, other));
                }
                next = next.max(other.saturating_add(1));
            }
            if next < until {
                left.push((next, until));
            }
        }
        Self(left)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn of(indices: &BTreeSet<u64>) -> Places {
        let mut places = Places::default();
        assert!(indices.iter().all(|index| places.push(*index)));
        places
    }

    #[test]
    fn neighbours_are_one_run_and_nothing_is_taken_twice() {
        let mut places = Places::default();
        assert!([3, 4, 5, 9].into_iter().all(|index| places.push(index)));
        assert!(!places.push(9) && !places.push(4) && !places.push(u64::MAX));
        assert_eq!((places.runs(), places.count()), (&[(3, 6), (9, 10)][..], 4));
        assert_eq!(serde_json::to_string(&places).unwrap(), "[[3,6],[9,10]]");
    }

    #[test]
    fn runs_have_one_form() {
        let check = |json: &str, good: bool| {
            assert_eq!(serde_json::from_str::<Places>(json).is_ok(), good, "{json}");
        };
        check("[]", true);
        check("[[0,1],[2,3]]", true);
        for wrong in ["[[1,1]]", "[[2,1]]", "[[0,1],[1,2]]", "[[4,5],[0,1]]", "[[0,5],[3,9]]", "[[-1,2]]", "[[0]]"] {
            check(wrong, false);
        }
    }

    #[test]
    fn a_run_of_any_length_costs_nothing_to_hold_or_compare() {
        let all: Places = serde_json::from_str(&format!("[[0,{}]]", u64::MAX)).unwrap();
        assert_eq!(all.without([5, 7].into_iter()).runs(), [(0, 5), (6, 7), (8, u64::MAX)]);
        assert_eq!(all.count(), u64::MAX);
    }

    proptest! {
        #[test]
        fn runs_are_the_set(some in prop::collection::btree_set(0..60_u64, 0..40), others in prop::collection::btree_set(0..60_u64, 0..40)) {
            let places = of(&some);
            prop_assert_eq!(places.count(), some.len() as u64);
            prop_assert!((0..70).all(|index| places.contains(index) == some.contains(&index)));
            prop_assert_eq!(places.without(others.iter().copied()), of(&some.difference(&others).copied().collect()));
            let read: Places = serde_json::from_str(&serde_json::to_string(&places).unwrap()).unwrap();
            prop_assert_eq!(read, places);
        }
    }
}
