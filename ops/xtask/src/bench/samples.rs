//! What was seen: one number for each participant, case, metric and repetition.

use std::collections::BTreeMap;

/// What one series of numbers is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// Participant.
    pub who: String,
    /// What was done, such as `closed 64`.
    pub case: String,
    /// What was measured, such as `cpu`.
    pub metric: String,
    /// Its unit.
    pub unit: &'static str,
}

/// One series.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    /// One value for each repetition, in their order.
    pub values: Vec<f64>,
    /// Failed or unexpected answers over all repetitions.
    pub errors: u64,
}

/// All series.
#[derive(Debug, Default)]
pub struct Samples {
    all: BTreeMap<Key, Series>,
}

impl Samples {
    /// Adds one value.
    pub fn add(&mut self, who: &str, case: &str, metric: &str, unit: &'static str, value: f64, errors: u64) {
        let key = Key { who: who.into(), case: case.into(), metric: metric.into(), unit };
        let series = self.all.entry(key).or_default();
        series.values.push(value);
        series.errors += errors;
    }

    /// All series in the order of their keys.
    pub fn iter(&self) -> impl Iterator<Item = (&Key, &Series)> {
        self.all.iter()
    }

    /// The values of one series, in the order of the repetitions; empty when there is none.
    #[must_use]
    pub fn values(&self, who: &str, case: &str, metric: &str) -> &[f64] {
        let found = self.all.iter().find(|(key, _)| key.who == who && key.case == case && key.metric == metric);
        found.map_or(&[], |(_, series)| &series.values)
    }

    /// The smallest value of one series.
    #[must_use]
    pub fn min(&self, who: &str, case: &str, metric: &str) -> Option<f64> {
        self.values(who, case, metric).iter().copied().reduce(f64::min)
    }

    /// The median over the repetitions of `ours / theirs`, each pair taken within one repetition.
    #[must_use]
    pub fn paired_ratio(&self, ours: &str, theirs: &str, case: &str, metric: &str) -> Option<f64> {
        let pairs = self.values(ours, case, metric).iter().zip(self.values(theirs, case, metric));
        percentile(&pairs.map(|(ours, theirs)| ours / theirs).collect::<Vec<_>>(), 500)
    }

    /// The median over the repetitions of `ours - theirs`, each pair taken within one repetition.
    #[must_use]
    pub fn paired_difference(&self, ours: &str, theirs: &str, case: &str, metric: &str) -> Option<f64> {
        let pairs = self.values(ours, case, metric).iter().zip(self.values(theirs, case, metric));
        percentile(&pairs.map(|(ours, theirs)| ours - theirs).collect::<Vec<_>>(), 500)
    }
}

/// The value that `per_mille` thousandths of `values` do not exceed, by nearest rank.
#[must_use]
pub fn percentile(values: &[f64], per_mille: usize) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (sorted.len() * per_mille).div_ceil(1000).max(1);
    sorted.get(rank - 1).copied()
}

#[cfg(test)]
#[path = "samples_tests.rs"]
mod model_tests;

#[cfg(test)]
mod tests {
    use super::*;

    fn samples() -> Samples {
        let mut samples = Samples::default();
        for (ours, theirs) in [(60.0, 100.0), (50.0, 50.0), (30.0, 60.0)] {
            samples.add("us", "closed 64", "rate", "1/s", ours, 1);
            samples.add("nginx", "closed 64", "rate", "1/s", theirs, 0);
        }
        samples
    }

    #[test]
    fn ratios_are_taken_within_a_repetition() {
        let samples = samples();
        assert_eq!(samples.paired_ratio("us", "nginx", "closed 64", "rate"), Some(0.6));
        assert_eq!(samples.paired_difference("us", "nginx", "closed 64", "rate"), Some(-30.0));
        assert_eq!(samples.min("us", "closed 64", "rate"), Some(30.0));
        assert_eq!(samples.paired_ratio("us", "envoy", "closed 64", "rate"), None);
    }

    #[test]
    fn errors_of_all_repetitions_are_kept() {
        let samples = samples();
        let errors: Vec<u64> = samples.iter().map(|(_, series)| series.errors).collect();
        assert_eq!(errors, [0, 3]);
    }
}
