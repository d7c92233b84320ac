//! How long a caller waits for a database, so that a locked store says so within its caller's patience.

use std::time::Duration;

/// Wait for a lock that another transaction or process holds: far longer than any unit of work of ours, and short enough
/// that two such waits fit into the shortest deadline of a service that writes (3 s).
pub const LOCK_WAIT: Duration = Duration::from_secs(1);

/// Wait for one's turn among the writers of this process: a queue that is longer is better refused than served late.
pub const TURN_WAIT: Duration = Duration::from_secs(2);

/// Wait for a connection of the pool, the making of one included.
pub const ACQUIRE_WAIT: Duration = Duration::from_secs(2);

/// Attempts to bring tables up to date. Whoever starts has the time to wait for another process's start or seeding.
pub const MIGRATION_ATTEMPTS: u32 = 6;
