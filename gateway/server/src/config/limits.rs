//! Bounds of the configuration: the number, its unit, its reason. Those of the exchange are `exchange::limits`.

/// Connections of one listener: 1 million at about 20 KiB each is 20 GiB, the largest machine we plan for.
pub const CONNECTIONS_MAX: i64 = 1_000_000;

/// Handshakes at once: each holds a core for about 0.3 ms, so more only makes all of them late.
pub const HANDSHAKES_MAX: i64 = 65_536;

/// Milliseconds that any wait on a peer may last; beyond it a silent peer costs more than it can bring.
pub const WAIT_MS_MAX: i64 = 60_000;

/// Milliseconds that any wait lasts at least; below it a peer across the country cannot answer.
pub const WAIT_MS_MIN: i64 = 10;

/// Milliseconds that an idle connection is kept: an hour spares handshakes of peers that call now and then.
pub const IDLE_MS_MAX: i64 = 3_600_000;

/// Milliseconds that a stop waits for requests in flight; systemd kills after 90 s.
pub const DRAIN_MS_MAX: i64 = 80_000;

/// Bytes of a request's head: Pingora refuses more than 1 MiB anyway, and ours fits in 8 KiB.
pub const HEAD_BYTES_MAX: i64 = 65_536;

/// Bytes of a request's head that every legal request fits in.
pub const HEAD_BYTES_MIN: i64 = 4_096;

/// Header fields of a request.
pub const HEADERS_MAX: i64 = 256;

/// Header fields that every legal request fits in.
pub const HEADERS_MIN: i64 = 16;

/// Concurrent streams of one HTTP/2 connection.
pub const STREAMS_MAX: i64 = 1_000;

/// Requests a second of any one counter: above it a counter no longer protects anything.
pub const RATE_MAX: i64 = 1_000_000;

/// Connections of one pool to a database or an upstream.
pub const POOL_MAX: i64 = 1_000;

/// Milliseconds that a statement waits for a lock.
pub const LOCK_WAIT_MS_MAX: i64 = 30_000;

/// MiB of one segment file of the access log: recovery reads the last one whole.
pub const SEGMENT_MIB_MAX: i64 = 1_024;

/// Milliseconds between two signed checkpoints; `verify-log` calls a minute without one a replay.
pub const CHECKPOINT_MS_MAX: i64 = 10_000;

/// MiB of the disk that the log leaves free.
pub const RESERVE_MIB_MAX: i64 = 65_536;

/// Days of warning before the log's disk is full.
pub const WARN_DAYS_MAX: i64 = 365;

/// Seconds between two polls of a consent request.
pub const POLL_INTERVAL_S_MAX: i64 = 60;

/// Failures in a row that open an upstream's circuit.
pub const BREAKER_FAILURES_MAX: i64 = 1_000;

/// Upstreams of one process: each has a pool and a circuit.
pub const UPSTREAMS_MAX: usize = 64;

/// Bytes of a configuration file: more is a mistake, not a configuration.
pub const FILE_BYTES_MAX: u64 = 1024 * 1024;
