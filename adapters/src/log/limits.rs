//! Bounds of the log's files: the number, its unit, its reason. Queue and record bounds stand in [`exchange::limits`].

use std::time::Duration;

/// Bytes of a segment unless configured: some 60,000 records, prepared in about a second on a slow disk.
pub const SEGMENT_BYTES_DEFAULT: u64 = 64 * 1024 * 1024;

/// Bytes of the smallest segment that makes sense: below it a frame would hardly fit.
pub const SEGMENT_BYTES_MIN: u64 = 4 * 1024;

/// Bytes of the largest segment: it is read whole by nothing, but prepared whole.
pub const SEGMENT_BYTES_MAX: u64 = 1024 * 1024 * 1024;

/// Bytes of the disk that are left to others unless configured; below it new requests are refused.
pub const RESERVE_BYTES_DEFAULT: u64 = 256 * 1024 * 1024;

/// Entries that close admitted requests may wait beyond [`exchange::limits::LOG_QUEUE_MAX`], so that what was admitted
/// can always be recorded.
pub const QUEUE_CLOSING_EXTRA: usize = exchange::limits::LOG_QUEUE_MAX;

/// Bytes of side records that may wait before new requests are refused: bounds memory when the disk is slow.
pub const QUEUE_BYTES_MAX: usize = 128 * 1024 * 1024;

/// Bytes that one batch writes at most, unless a single frame is larger: keeps one `fdatasync` short.
pub const BATCH_BYTES_MAX: usize = 4 * 1024 * 1024;

/// One part in this many of a segment is kept for entries that close admitted requests.
pub const CLOSING_PART: u64 = 4;

/// Bytes read at once when entries are read in order.
pub const READ_BYTES: usize = 256 * 1024;

/// Bytes of zeros written and synced at once while a segment is prepared, so that the log's own syncs wait little.
pub const PREPARE_BYTES: usize = 4 * 1024 * 1024;

/// Between two looks at the disk's free room: a full disk is noticed, and a freed one used, well within a second.
pub const SPACE_CHECK_EVERY: Duration = Duration::from_millis(250);

/// Between two checkpoints while there is something new (design: head age at most 2 s).
pub const CHECKPOINT_EVERY_DEFAULT: Duration = Duration::from_secs(1);

/// Full tiles written in one pass, so that a long backlog does not delay the next checkpoint for long.
pub const TILES_PER_PASS: u64 = 1_024;

/// Microseconds of log time within which each entry must be covered by a checkpoint; `verify` calls a longer
/// uncovered stretch a replayed checkpoint.
pub const UNSIGNED_SPAN_US_MAX: i64 = 60 * 1_000_000;

/// Full tiles whose leaf hashes stay in memory (2 MB): receipts are asked for, and tiles published, soon after.
pub const RECENT_TILES: usize = 256;

/// Intents without an outcome that the writer remembers, about 100 bytes each: far more than requests can be in flight.
pub const OPEN_INTENTS_MAX: usize = 65_536;
