//! Chance that can be repeated: the n-th draw of a stream is a pure function of seed, stream and n.

/// A stream of draws. Not for secrets.
///
/// Each draw mixes a counter with the finaliser of `SplitMix64` (Steele, Lea, Flood 2014), so that any stream can be begun
/// anywhere without running the others.
#[derive(Clone, Debug)]
pub(super) struct Chance {
    key: u64,
    drawn: u64,
}

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

impl Chance {
    /// The stream of this number under this seed.
    pub(super) fn new(seed: u64, stream: u64) -> Self {
        Self { key: mix(seed ^ mix(stream.wrapping_add(GOLDEN))), drawn: 0 }
    }

    /// The next 64 bits.
    pub(super) fn bits(&mut self) -> u64 {
        self.drawn = self.drawn.wrapping_add(1);
        mix(self.key.wrapping_add(self.drawn.wrapping_mul(GOLDEN)))
    }

    /// A whole number from 0 to `below` - 1; 0 if `below` is 0. The bias of 2^-64 times `below` matters to nobody here.
    pub(super) fn below(&mut self, below: u64) -> u64 {
        let wide = u128::from(self.bits()) * u128::from(below);
        u64::try_from(wide >> 64).unwrap_or(0)
    }

    /// A whole number from `least` to `most`, both included.
    pub(super) fn between(&mut self, least: i64, most: i64) -> i64 {
        let span = u64::try_from(most.saturating_sub(least)).unwrap_or(0).saturating_add(1);
        least.saturating_add(i64::try_from(self.below(span)).unwrap_or(0))
    }

    /// True `per_mille` times in a thousand.
    pub(super) fn one_of_thousand(&mut self, per_mille: u64) -> bool {
        self.below(1000) < per_mille
    }

    /// One of these; the first if chance were to point outside, which it cannot.
    pub(super) fn pick<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        let place = self.below(u64::try_from(of.len()).unwrap_or(0));
        of.get(usize::try_from(place).unwrap_or(0))
    }
}

fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_and_stream_draw_the_same() {
        let draws = |seed, stream| {
            let mut chance = Chance::new(seed, stream);
            [chance.bits(), chance.bits(), chance.bits()]
        };
        assert_eq!(draws(1, 2), draws(1, 2));
        assert_ne!(draws(1, 2), draws(2, 1));
        assert_ne!(draws(1, 2), draws(1, 3));
    }

    #[test]
    fn draws_stay_within_their_bounds_and_reach_both_ends() {
        let mut chance = Chance::new(7, 7);
        let drawn: Vec<_> = (0..1000).map(|_| chance.between(-2, 2)).collect();
        assert_eq!((drawn.iter().min(), drawn.iter().max()), (Some(&-2), Some(&2)));
        assert_eq!(chance.below(0), 0);
        assert!(chance.pick::<u8>(&[]).is_none());
        let hits = (0..10_000).filter(|_| chance.one_of_thousand(250)).count();
        assert!((2_300..2_700).contains(&hits), "{hits}");
    }
}
