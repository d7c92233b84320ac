//! Rate refusals beyond the first few per second become one counted record, so that no agency can fill the log.

use std::{collections::HashMap, sync::Mutex};

use exchange::{ids::AgencyId, timestamp::Timestamp};

/// Refusals of one second that are recorded one by one before counting begins.
pub const RECORDED_PER_SECOND: u32 = 5;

/// What to do with one rate refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// Record it; the record stands for this many requests (itself and those counted before it).
    Record(u32),
    /// Count it: a later record will stand for it.
    Counted,
}

#[derive(Clone, Copy, Debug, Default)]
struct Second {
    unix_s: i64,
    recorded: u32,
    pending: u32,
}

/// Counts per agency; `None` stands for callers without one.
#[derive(Debug, Default)]
pub struct CountedRefusals(Mutex<HashMap<Option<AgencyId>, Second>>);

impl CountedRefusals {
    /// Notes one rate refusal.
    pub fn note(&self, agency: Option<&AgencyId>, now: Timestamp) -> Count {
        let Ok(mut seconds) = self.0.lock() else { return Count::Record(1) };
        let entry = seconds.entry(agency.cloned()).or_default();
        if entry.unix_s != now.seconds() {
            entry.unix_s = now.seconds();
            entry.recorded = 0;
        }
        if entry.recorded < RECORDED_PER_SECOND {
            entry.recorded += 1;
            return Count::Record(1 + std::mem::take(&mut entry.pending));
        }
        entry.pending = entry.pending.saturating_add(1);
        Count::Counted
    }

    /// Takes what was counted in seconds before `now`, to be recorded by the caller.
    pub fn take_before(&self, now: Timestamp) -> Vec<(Option<AgencyId>, u32)> {
        let Ok(mut seconds) = self.0.lock() else { return Vec::new() };
        let mut taken = Vec::new();
        seconds.retain(|agency, entry| {
            if entry.unix_s == now.seconds() {
                return true;
            }
            if entry.pending > 0 {
                taken.push((agency.clone(), entry.pending));
            }
            false
        });
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_is_recorded_or_counted_exactly_once() {
        let counted = CountedRefusals::default();
        let agency = AgencyId::parse("bank").unwrap();
        let mut stood_for = 0;
        for millis in 0..2_500 {
            let now = Timestamp::from_micros(millis * 1_000);
            if let Count::Record(n) = counted.note(Some(&agency), now) {
                stood_for += n;
            }
        }
        let left = counted.take_before(Timestamp::from_micros(9_000_000));
        assert_eq!(left.len(), 1);
        assert_eq!(stood_for + left[0].1, 2_500);
        assert!(counted.take_before(Timestamp::from_micros(9_000_000)).is_empty());
    }
}
