//! An answer in parts, as its bytes come: a part is given once the line that closes it, which is its receipt, has come.

use exchange::{limits::ANSWER_BYTES_MAX, statement::Receipt};

/// Bytes of one part: the exchange reads no more of an upstream at once, and what it adds is short.
const PART_BYTES_MAX: usize = 2 * ANSWER_BYTES_MAX;

/// Bytes that came and are not given yet.
#[derive(Debug, Default)]
pub(super) struct Parts {
    pending: Vec<u8>,
    /// Of `pending`, what has been looked through.
    seen: usize,
}

/// Rows, the line that closes them, and what that line says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Part {
    /// All its lines.
    pub(super) bytes: Vec<u8>,
    /// The closing line.
    pub(super) line: String,
    /// The closing line, read.
    pub(super) receipt: Receipt,
}

impl Part {
    /// Whether it ends the answer.
    pub(super) const fn is_last(&self) -> bool {
        self.receipt.rows.is_none()
    }
}

/// A part that is longer than any.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a part is longer than {PART_BYTES_MAX} bytes")]
pub(super) struct TooLong;

impl Parts {
    /// Takes in what came.
    ///
    /// # Errors
    /// [`TooLong`].
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<(), TooLong> {
        if self.pending.len().saturating_add(bytes.len()) > PART_BYTES_MAX {
            return Err(TooLong);
        }
        self.pending.extend_from_slice(bytes);
        Ok(())
    }

    /// The next part that is whole.
    pub(super) fn next(&mut self) -> Option<Part> {
        loop {
            let fresh = self.pending.get(self.seen..)?;
            let length = fresh.iter().position(|byte| *byte == b'\n')? + 1;
            let line = std::str::from_utf8(fresh.get(..length)?).map(|line| line.trim().to_owned());
            self.seen += length;
            let Some((line, receipt)) = line.ok().and_then(|line| Receipt::parse(&line).ok().map(|read| (line, read)))
            else {
                continue;
            };
            let rest = self.pending.split_off(self.seen);
            self.seen = 0;
            return Some(Part { bytes: std::mem::replace(&mut self.pending, rest), line, receipt });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: &str = "{\"name\":\"one\"}\n{\"name\":\"two\"}\n\
        {\"part\":1,\"rows\":2,\"amount_milli_paisa\":7,\"receipt\":\"a.example/n/4\"}\n";
    const LAST: &str = "{\"parts\":1,\"rows\":2,\"withheld\":[]}\n\
        {\"final\":true,\"rows\":2,\"amount_milli_paisa\":7,\"receipt\":\"a.example/n/5\"}\n";

    #[test]
    fn a_part_is_given_when_its_receipt_has_come_however_the_bytes_are_cut() {
        let whole = format!("{FIRST}{LAST}");
        for size in [1, 7, whole.len()] {
            let (mut parts, mut given) = (Parts::default(), Vec::new());
            for bytes in whole.as_bytes().chunks(size) {
                parts.push(bytes).unwrap();
                given.extend(std::iter::from_fn(|| parts.next()));
            }
            let told: Vec<_> = given.iter().map(|part| (part.receipt.index, part.is_last())).collect();
            assert_eq!(told, [(4, false), (5, true)], "{size}");
            assert_eq!((given[0].bytes.as_slice(), given[1].bytes.as_slice()), (FIRST.as_bytes(), LAST.as_bytes()));
            assert!(parts.pending.is_empty());
        }
    }

    #[test]
    fn rows_without_a_receipt_are_not_given() {
        let mut parts = Parts::default();
        parts.push(FIRST.as_bytes()).unwrap();
        parts.push(b"{\"name\":\"three\"}\n{\"receipt\":17}\nno json\n\xff\n").unwrap();
        assert!(parts.next().is_some());
        assert_eq!((parts.next(), parts.pending.is_empty()), (None, false));
    }

    #[test]
    fn a_part_without_end_is_not_gathered_without_end() {
        let mut parts = Parts::default();
        let all = (0..=PART_BYTES_MAX / 1024).try_for_each(|_| parts.push(&[b'x'; 1024]));
        assert_eq!(all, Err(TooLong));
    }
}
