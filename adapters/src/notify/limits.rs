//! Every bound of notifications: the number, its unit, its reason.

use std::time::Duration;

/// Seconds of a lease: a try ends long before, so that no two senders try at once.
pub const LEASE_S: i64 = 60;

/// How long connecting may take, TLS included.
pub const CONNECT: Duration = Duration::from_secs(5);

/// How long a whole try may take, from the name to the answer's status. Far below the lease.
pub const TRY: Duration = Duration::from_secs(15);

/// Addresses of one name that are tried: two families, and one more of each.
pub const ADDRESSES_MAX: usize = 4;

/// Bytes of an answer's head. Its body is not read: nothing that an agency answers changes anything here.
pub const HEAD_BYTES_MAX: usize = 16 * 1024;

/// Notifications of one agency under way at once: one that does not answer holds no more places than these.
pub const AGENCY_AT_ONCE: usize = 4;

/// Notifications under way at once in one process.
pub const AT_ONCE: u32 = 32;

/// Tries of a ping: with waits of 1, 2, 4, … 64 seconds it is tried for two minutes, as long as an answer can be fetched at least.
pub const PING_TRIES_MAX: i64 = 8;

/// Tries of an event: with waits that double to an hour it is tried for half a day, longer than a night in which nobody mends a server.
pub const EVENT_TRIES_MAX: i64 = 24;

/// Seconds between two tries at most.
pub const BACKOFF_S_MAX: i64 = 3_600;

/// Seconds that what became of a notification is kept: a day to look into it.
pub const KEPT_S: i64 = 24 * 3_600;
