//! Bounds of the configuration: the number, its unit, its reason. Others are `exchange::limits` and `listen::limits`.

/// Milliseconds that any wait on a peer may last; beyond it a silent peer costs more than it can bring.
pub const WAIT_MS_MAX: i64 = 60_000;

/// Milliseconds that any wait lasts at least; below it a peer across the country cannot answer.
pub const WAIT_MS_MIN: i64 = 10;

/// Milliseconds that a stop waits for requests in flight; systemd kills after 90 s.
pub const DRAIN_MS_MAX: i64 = 80_000;

/// Requests a second of any one counter: above it a counter no longer protects anything.
pub const RATE_MAX: i64 = 1_000_000;

/// Gateways that share one quota: beyond them a node's share of a usual quota is a handful.
pub const NODES_MAX: i64 = 64;

/// MiB of one segment file of the access log: recovery reads the last one whole.
pub const SEGMENT_MIB_MAX: i64 = 1_024;

/// Milliseconds between two signed checkpoints; `verify-log` calls a minute without one a replay.
pub const CHECKPOINT_MS_MAX: i64 = 10_000;

/// MiB of the disk that the log leaves free.
pub const RESERVE_MIB_MAX: i64 = 65_536;

/// Failures in a row that open an upstream's circuit.
pub const BREAKER_FAILURES_MAX: i64 = 1_000;

/// Upstreams of one process: each has a pool and a circuit.
pub const UPSTREAMS_MAX: usize = 64;

/// Bytes of a configuration file: more is a mistake, not a configuration.
pub const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// Messages a second of one contract with a network: above it no contract goes, and one process does not.
pub const SMS_RATE_MAX: i64 = 2_000;

/// Messages that wait for a network's answer at once: SMPP servers take a window of tens.
pub const SMS_WINDOW_MAX: i64 = 500;
