//! The sample that Basic sees: one household in each hundred of a tehsil, chosen once and for ever.
//!
//! The households of a tehsil are counted in the order in which they were loaded. When a hundred is full, the one among
//! it with the lowest [`Place`] joins the sample. So
//! 1. a tehsil of *n* households has a sample of exactly ⌊n ⁄ 100⌋: rounded down, none below a hundred;
//! 2. who is in it stays in it, and who was passed over stays out: growth only adds. All answers together, over all time,
//!    all users, criteria, ranges and pages, show no more than one in a hundred of those who were ever loaded;
//! 3. each household of a full hundred had the same chance, and the key decides, which no caller knows.
//!
//! "The first hundredth of the tehsil in the order of places" has 1 and 3 but not 2: a newcomer with a low place would
//! push another out, and who asks before and after would have seen both. What 2 costs: the households after the last
//! full hundred are not represented yet, and a household that moves away keeps its part in the sample.

use super::Place;
use crate::{household::HouseholdId, limits::SAMPLE_ONE_IN};

/// A tehsil's count, and who leads its unfinished hundred.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Households so far.
    pub households: u64,
    /// The lowest place of the unfinished hundred and whose it is; `None` where a hundred has just been filled.
    pub lowest: Option<(Place, HouseholdId)>,
}

impl Tally {
    /// Counts a household; the answer joins the sample, and is not always the one that was counted.
    pub fn add(&mut self, place: Place, id: HouseholdId) -> Option<HouseholdId> {
        let lowest = self.lowest.map_or((place, id), |lowest| lowest.min((place, id)));
        self.households = self.households.saturating_add(1);
        if self.households.is_multiple_of(SAMPLE_ONE_IN) {
            self.lowest = None;
            return Some(lowest.1);
        }
        self.lowest = Some(lowest);
        None
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::listing::PlaceKey;

    /// The sample after each household.
    fn samples(key: &PlaceKey, ids: impl Iterator<Item = u64>) -> Vec<Vec<u64>> {
        let (mut tally, mut sample) = (Tally::default(), Vec::new());
        ids.map(|id| {
            sample.extend(tally.add(key.place(HouseholdId(id)), HouseholdId(id)).map(|id| id.0));
            sample.clone()
        })
        .collect()
    }

    #[test]
    fn a_sample_is_one_in_a_hundred_rounded_down() {
        let samples = samples(&PlaceKey::new(&[1; 32]), 1..=1_000);
        let check = |households: usize, expected| assert_eq!(samples[households - 1].len(), expected, "{households}");
        check(1, 0);
        check(99, 0);
        check(100, 1);
        check(199, 1);
        check(200, 2);
        check(999, 9);
        check(1_000, 10);
    }

    #[test]
    fn growth_only_adds() {
        for secret in 0..20 {
            let samples = samples(&PlaceKey::new(&[secret; 32]), 1..=2_000);
            for pair in samples.windows(2) {
                assert!(pair[1].starts_with(&pair[0]), "somebody left the sample: {pair:?}");
            }
            let all: HashSet<_> = samples.iter().flatten().collect();
            assert_eq!(all.len(), 20, "over all time no more than one in a hundred was seen");
        }
    }

    #[test]
    fn the_one_with_the_lowest_place_of_its_hundred_is_chosen() {
        let key = PlaceKey::new(&[9; 32]);
        let last = samples(&key, 1..=500).pop().unwrap();
        for (hundred, chosen) in (0_u64..).zip(last) {
            let of = hundred * 100 + 1..=hundred * 100 + 100;
            assert_eq!(of.min_by_key(|id| key.place(HouseholdId(*id))), Some(chosen), "hundred {hundred}");
        }
    }

    #[test]
    fn the_key_decides_and_each_has_about_the_same_chance() {
        let mut chosen = [0_usize; 10];
        for secret in 0..1_000_u16 {
            let mut key = [0; 32];
            key[..2].copy_from_slice(&secret.to_be_bytes());
            let sample = samples(&PlaceKey::new(&key), 0..100).pop().unwrap();
            chosen[usize::try_from(sample[0] / 10).unwrap()] += 1;
        }
        assert!(chosen.iter().all(|count| (60..140).contains(count)), "of a thousand keys, by tens: {chosen:?}");
    }
}
