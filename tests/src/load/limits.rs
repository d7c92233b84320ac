//! How much load one run may make: a typing error must not take the machine away.

use super::LoadError;

/// Connections at once; each takes two file descriptors on a machine that allows about twenty thousand.
pub const CONNECTIONS_MAX: u64 = 4096;

/// Requests of one run: a minute at the fastest rate seen.
pub const REQUESTS_MAX: u64 = 10_000_000;

/// Milliseconds of one run: two minutes.
pub const DURATION_MAX_MS: u64 = 120_000;

/// Requests per second in an open loop: above what two cores can answer.
pub const RATE_MAX: u64 = 100_000;

/// Threads of the generator.
pub const THREADS_MAX: u64 = 16;

/// Failed requests after which a run ends: what fails this often is broken, not slow.
pub const FAILURES_MAX: u64 = 1000;

/// Bytes of one answer's head and body.
pub const ANSWER_MAX: usize = 1 << 20;

/// Milliseconds that one answer may take before it counts as failed.
pub const ANSWER_WITHIN_MS: u64 = 10_000;

/// Answers `given` when it is between 1 and `most`.
///
/// # Errors
/// [`LoadError::OutOfBounds`] with the name `what`.
pub fn within(what: &'static str, given: u64, most: u64) -> Result<u64, LoadError> {
    if (1..=most).contains(&given) { Ok(given) } else { Err(LoadError::OutOfBounds { what, given, most }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_outside_its_bound_is_refused_by_name() {
        let check = |given, expected: Option<&str>| {
            let said = within("connections", given, CONNECTIONS_MAX).err().map(|error| error.to_string());
            assert_eq!(said.as_deref(), expected);
        };
        check(1, None);
        check(4096, None);
        check(0, Some("connections = 0: must be between 1 and 4096"));
        check(4097, Some("connections = 4097: must be between 1 and 4096"));
    }
}
