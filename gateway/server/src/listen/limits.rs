//! Every bound of a listener: the number, its unit, its reason. Configuration may only tighten them.

use std::time::Duration;

/// Bytes of a request head: a token, an assertion and a trace context fit four times over.
pub const HEAD_BYTES_MAX: usize = 16 * 1024;

/// Header lines of a request: ours are at most a dozen, a load balancer adds a few.
pub const HEADERS_MAX: usize = 64;

/// Bytes of a request target as sent; the canonical path allows fewer and says so in a recorded refusal.
pub const TARGET_BYTES_MAX: usize = 2 * 1024;

/// Bytes of one of our own request headers, except tokens and assertions.
pub const OWN_HEADER_BYTES_MAX: usize = 512;

/// Bytes of a token or an assertion: a signed JWT with its certificate thumbprint needs about 1 KiB.
pub const TOKEN_HEADER_BYTES_MAX: usize = 8 * 1024;

/// Connections of one listener: 16 Ki at 35 KiB each stay near half a gigabyte.
pub const CONNECTIONS_MAX: usize = 16 * 1024;

/// Connections from one address: one agency's proxy may pool a thousand, a stranger must not take them all.
pub const CONNECTIONS_PER_ADDRESS_MAX: usize = 4 * 1024;

/// Handshakes under way: at 0.4 ms of CPU each, more would only wait longer.
pub const HANDSHAKES_MAX: usize = 512;

/// Time for a whole handshake, waiting included; Pingora's own limit of 60 s is fixed and generous to attackers.
pub const HANDSHAKE_TIME: Duration = Duration::from_secs(5);

/// Time from the first byte of a head to its last.
pub const HEAD_TIME: Duration = Duration::from_secs(5);

/// Time for a whole request body of at most 64 KiB.
pub const BODY_TIME: Duration = Duration::from_secs(10);

/// Time that a client has to take a reply.
pub const REPLY_TIME: Duration = Duration::from_secs(30);

/// Time that a connection may be without a request.
pub const IDLE_TIME: Duration = Duration::from_secs(75);

/// Time that a body nobody asked for may take to arrive before the connection closes instead.
pub const DRAIN_TIME: Duration = Duration::from_millis(100);

/// Time that a closing connection stays to let the client read why.
pub const LINGER_TIME: Duration = Duration::from_secs(1);

/// Bytes of unwanted body that are read away to keep a connection, or to close it in peace.
pub const DRAIN_BYTES_MAX: usize = 64 * 1024;

/// Streams that an HTTP/2 client may have open at once.
pub const STREAMS_MAX: u32 = 128;

/// Streams of one connection that may fail before the door sees them (Pingora's own loop allows as many).
pub const MALFORMED_STREAMS_MAX: usize = 32;

/// Bounds of one listener, tightened by configuration and by tests.
#[derive(Clone, Copy, Debug)]
pub struct ListenLimits {
    /// At most [`CONNECTIONS_MAX`].
    pub connections: usize,
    /// At most [`CONNECTIONS_PER_ADDRESS_MAX`].
    pub connections_per_address: usize,
    /// At most [`HANDSHAKES_MAX`].
    pub handshakes: usize,
    /// At most [`HANDSHAKE_TIME`].
    pub handshake_time: Duration,
    /// At most [`HEAD_TIME`].
    pub head_time: Duration,
    /// At most [`BODY_TIME`].
    pub body_time: Duration,
    /// At most [`REPLY_TIME`].
    pub reply_time: Duration,
    /// At most [`IDLE_TIME`].
    pub idle_time: Duration,
}

impl Default for ListenLimits {
    fn default() -> Self {
        Self {
            connections: CONNECTIONS_MAX,
            connections_per_address: CONNECTIONS_PER_ADDRESS_MAX,
            handshakes: HANDSHAKES_MAX,
            handshake_time: HANDSHAKE_TIME,
            head_time: HEAD_TIME,
            body_time: BODY_TIME,
            reply_time: REPLY_TIME,
            idle_time: IDLE_TIME,
        }
    }
}

impl ListenLimits {
    /// The same with everything above a bound brought down to it, and nothing at zero.
    #[must_use]
    pub fn bounded(self) -> Self {
        let most = Self::default();
        let count = |value: usize, max: usize| value.clamp(1, max);
        let time = |value: Duration, max: Duration| value.clamp(Duration::from_millis(1), max);
        Self {
            connections: count(self.connections, most.connections),
            connections_per_address: count(self.connections_per_address, most.connections_per_address),
            handshakes: count(self.handshakes, most.handshakes),
            handshake_time: time(self.handshake_time, most.handshake_time),
            head_time: time(self.head_time, most.head_time),
            body_time: time(self.body_time, most.body_time),
            reply_time: time(self.reply_time, most.reply_time),
            idle_time: time(self.idle_time, most.idle_time),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All numbers of some limits, times in milliseconds.
    fn numbers(limits: ListenLimits) -> [u128; 8] {
        let count = |value: usize| value as u128;
        [
            count(limits.connections),
            count(limits.connections_per_address),
            count(limits.handshakes),
            limits.handshake_time.as_millis(),
            limits.head_time.as_millis(),
            limits.body_time.as_millis(),
            limits.reply_time.as_millis(),
            limits.idle_time.as_millis(),
        ]
    }

    fn all(count: usize, time: Duration) -> ListenLimits {
        ListenLimits {
            connections: count,
            connections_per_address: count,
            handshakes: count,
            handshake_time: time,
            head_time: time,
            body_time: time,
            reply_time: time,
            idle_time: time,
        }
    }

    #[test]
    fn limits_can_only_be_tightened_each_to_its_own_bound_and_never_to_nothing() {
        let most = numbers(ListenLimits::default());
        assert_eq!(most, [16_384, 4_096, 512, 5_000, 5_000, 10_000, 30_000, 75_000]);
        assert_eq!(numbers(all(usize::MAX, Duration::MAX).bounded()), most);
        assert_eq!(numbers(all(0, Duration::ZERO).bounded()), [1; 8]);
        assert_eq!(numbers(all(7, Duration::from_millis(70)).bounded()), [7, 7, 7, 70, 70, 70, 70, 70]);
        let beyond = all(513, Duration::from_millis(5_001)).bounded();
        assert_eq!(numbers(beyond), [513, 513, 512, 5_000, 5_000, 5_001, 5_001, 5_001]);
        assert_eq!(numbers(ListenLimits::default().bounded()), most);
    }
}
