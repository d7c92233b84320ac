//! Every bound of the HTTP transport: the number, its unit, its reason.

use std::time::Duration;

/// Messages in a second that a contract may allow: a hundred times what aggregators sell.
pub const RATE_A_SECOND_MAX: u32 = 10_000;

/// Requests at the same time: each is a connection of its own.
pub const WINDOW_MAX: u32 = 1_000;

/// How long a message waits for its turn. With the two below it stays within the half of its lease, 30 s, that a message has left
/// at least when it is handed over.
pub const TURN_WITHIN: Duration = Duration::from_secs(8);

/// How long connecting may take at most, TLS included: nothing has left yet, so giving up costs nothing.
pub const CONNECT_MAX: Duration = Duration::from_secs(5);

/// How long an answer may take at most: whoever gives up does not know whether the message was taken.
pub const ANSWER_MAX: Duration = Duration::from_secs(15);

/// Between two messages that find out whether an aggregator takes messages again.
pub const PROBE_EVERY: Duration = Duration::from_secs(3);

/// Bytes of an answer that are read: Kannel's longest has some hundred.
pub const ANSWER_BYTES_MAX: usize = 4 * 1024;

/// Bytes of a URL in the settings.
pub const URL_BYTES_MAX: usize = 512;

/// Bytes of user name, password and sender.
pub const WORD_BYTES_MAX: usize = 128;

/// Seconds to wait when the aggregator does not know us: an operator must mend it, and guessing gets accounts locked.
pub const UNKNOWN_TO_IT_S: u64 = 60;

/// Seconds that an aggregator may make us wait at most, whatever it says: a passcode is of no use later.
pub const RETRY_AFTER_S_MAX: u64 = 600;

/// Bytes of an aggregator's name for a message: a UUID has 36, SMPP allows 64.
pub const MESSAGE_ID_BYTES_MAX: usize = 64;

/// Bytes of a webhook's body or query: a message in 255 parts of Urdu is cut down by nobody before us, and is no passcode.
pub const NOTICE_BYTES_MAX: usize = 16 * 1024;

/// Seconds that a webhook's time may differ from ours, before or after (design/consent.md, behaviour 38).
pub const SIGNED_WITHIN_S: u64 = 300;

/// Bytes of a webhook's secret at least: as many as the digest has.
pub const SECRET_BYTES_MIN: usize = 32;

/// Bytes of a webhook's secret at most: it stands in a URL when it is a token.
pub const SECRET_BYTES_MAX: usize = 128;

/// Seconds after which an aggregator is asked to repeat what could not be kept.
pub const REPEAT_AFTER_S: u32 = 10;
