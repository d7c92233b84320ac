//! What an idle connection costs a server: memory before and after many have been opened and used once.

use std::sync::Arc;

use tokio::runtime::Builder;

use super::{LoadError, closed, limits, process::Server, target::Target};

/// Connections that warm a server up first, so that what it allocates once is not counted.
const FIRST: u64 = 16;

/// Memory of one server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// Proportional share before, in KiB.
    pub before_kib: u64,
    /// Proportional share while the connections were idle, in KiB.
    pub after_kib: u64,
    /// How many connections were idle.
    pub connections: u64,
}

impl Memory {
    /// Bytes for each idle connection.
    #[must_use]
    pub fn bytes_each(&self) -> u64 {
        self.after_kib.saturating_sub(self.before_kib) * 1024 / self.connections.max(1)
    }
}

/// Opens `connections`, sends one request over each, and reads the server's memory.
///
/// # Errors
/// When there are too many, one cannot be opened, or `/proc` cannot be read.
pub fn run(target: &Target, server: &Server, connections: u64) -> Result<Memory, LoadError> {
    limits::within("connections", connections, limits::CONNECTIONS_MAX)?;
    let runtime = Builder::new_current_thread().enable_all().build().map_err(LoadError::io("starting a runtime"))?;
    let target = Arc::new(target.clone());
    let first = runtime.block_on(closed::open(Arc::clone(&target), FIRST))?;
    let before_kib = server.pss_kib()?;
    let idle = runtime.block_on(closed::open(target, connections))?;
    let after_kib = server.pss_kib()?;
    drop((first, idle));
    Ok(Memory { before_kib, after_kib, connections })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_shared_among_the_connections() {
        let check = |before_kib, after_kib, connections, expected| {
            assert_eq!(Memory { before_kib, after_kib, connections }.bytes_each(), expected);
        };
        check(1000, 3000, 100, 20_480);
        check(3000, 1000, 100, 0);
        check(0, 10, 0, 10_240);
    }
}
