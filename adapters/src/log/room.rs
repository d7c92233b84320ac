//! How long the disk will last.

use super::{
    reader::Place,
    tree::{Stride, Tree},
};

/// Microseconds of a day.
const DAY_US: i64 = 86_400 * 1_000_000;

/// Microseconds of log time below which no rate is told: a burst at start would foretell nothing.
const SPAN_US_MIN: i64 = 60 * 1_000_000;

/// The room that the log has, and how fast it uses it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DiskRoom {
    /// Bytes that may still be written before new requests are refused.
    pub free_bytes: u64,
    /// Bytes written per day, estimated over the last day of entries; `None` before a minute of them.
    pub bytes_per_day: Option<u64>,
}

impl DiskRoom {
    /// Days until new requests are refused at this rate; `None` while the rate is unknown or zero.
    #[must_use]
    pub fn days_left(&self) -> Option<u64> {
        self.free_bytes.checked_div(self.bytes_per_day?)
    }
}

/// Bytes per day over the last day of entries.
pub(super) fn bytes_per_day(tree: &Tree, segment_bytes: u64) -> Option<u64> {
    rate(tree.strides(), segment_bytes)
}

fn rate(strides: &[Stride], segment_bytes: u64) -> Option<u64> {
    let last = strides.last()?;
    let begin = strides.partition_point(|stride| stride.at < last.at.saturating_sub(DAY_US));
    let first = strides.get(begin)?;
    let span = last.at.checked_sub(first.at).filter(|span| *span >= SPAN_US_MIN)?;
    let place = |place: Place| u128::from(place.segment) * u128::from(segment_bytes) + u128::from(place.offset);
    let bytes = place(last.place).checked_sub(place(first.place))?;
    u64::try_from(bytes * u128::try_from(DAY_US).ok()? / u128::try_from(span).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stride(minute: i64, segment: u64, offset: u64) -> Stride {
        Stride { place: Place { segment, offset }, at: minute * 60 * 1_000_000 }
    }

    #[test]
    fn the_rate_is_that_of_the_last_day() {
        let check = |strides: &[Stride], expected| assert_eq!(rate(strides, 1_000), expected);
        check(&[], None);
        check(&[stride(0, 0, 64)], None);
        check(&[stride(0, 0, 64), stride(0, 0, 900)], None);
        check(&[stride(0, 0, 100), stride(720, 2, 100)], Some(4_000));
        check(&[stride(0, 0, 100), stride(10_000, 5, 100), stride(10_720, 6, 100)], Some(2_000));
    }

    #[test]
    fn days_left_need_a_rate() {
        let room = DiskRoom { free_bytes: 10_000, bytes_per_day: Some(4_000) };
        assert_eq!(room.days_left(), Some(2));
        assert_eq!(DiskRoom { bytes_per_day: None, ..room }.days_left(), None);
        assert_eq!(DiskRoom { bytes_per_day: Some(0), ..room }.days_left(), None);
    }
}
