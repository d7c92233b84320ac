//! Every bound of the SMPP transport; configuration may only tighten them.

use std::time::Duration;

/// Octets of a `system_id` (SMPP 3.4 section 4.1.3: 16 with the closing zero).
pub const SYSTEM_ID_BYTES_MAX: usize = 15;
/// Octets of a password (SMPP 3.4 section 4.1.3: 9 with the closing zero).
pub const PASSWORD_BYTES_MAX: usize = 8;
/// Octets of a `system_type` (SMPP 3.4 section 4.1.3: 13 with the closing zero).
pub const SYSTEM_TYPE_BYTES_MAX: usize = 12;
/// Octets of an address (SMPP 3.4 section 4.4.1: 21 with the closing zero).
pub const ADDRESS_BYTES_MAX: usize = 20;

/// Messages sent and not yet answered. Contracts give 10 to a few hundred; a larger window only hides a stuck far end.
pub const WINDOW_MAX: u16 = 1_000;
/// Pieces each second. No contract known gives more; the library was measured at 12,000.
pub const RATE_PER_S_MAX: u32 = 10_000;
/// How long a piece waits for its turn before it is handed back: the outbox then keeps it, not our memory. With the wait for an answer
/// it stays within the half of its lease, 30 s, that a message has left at least when it is handed over.
pub const TURN_WAIT_MAX: Duration = Duration::from_secs(15);

/// The longest silence before we ask whether the far end lives: middleboxes forget a quiet connection after some minutes.
pub const ENQUIRE_LINK_MAX: Duration = Duration::from_mins(2);
/// The longest wait for an answer. A message whose answer is outstanding can be neither sent again nor given up.
pub const RESPONSE_TIMEOUT_MAX: Duration = Duration::from_secs(12);

const _: () = assert!(
    TURN_WAIT_MAX.as_secs() + RESPONSE_TIMEOUT_MAX.as_secs() < crate::sms::limits::LEASE_S.unsigned_abs() / 2,
    "a piece is handed over within half of its message's lease"
);
/// The longest pause between two tries to connect: within it a link that came back is used.
pub const RECONNECT_MAX: Duration = Duration::from_mins(5);
/// How long connecting may take, TLS included, before it counts as failed.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a session must have stood for the next try to come soon again: one that falls at once shall not be hammered.
pub const STEADY_AFTER: Duration = Duration::from_secs(10);

/// The first pause after the far end said that it is too much; each further refusal doubles it.
pub const THROTTLE_PAUSE_MIN: Duration = Duration::from_secs(1);
/// The longest such pause: passcodes live five minutes.
pub const THROTTLE_PAUSE_MAX: Duration = Duration::from_secs(30);
/// When to try again what was refused for a passing reason of the far end's own.
pub const RETRY_AFTER: Duration = Duration::from_secs(5);

/// Octets of one PDU: a text of 255 parts joined by the far end is 255 × 153, and its header and TLVs fit beside it.
pub const PDU_BYTES_MAX: usize = 40_960;
/// Deliveries kept at the same time; what comes beyond them is refused for now, and the far end sends it again.
pub const DELIVERIES_AT_ONCE_MAX: usize = 256;
/// How long keeping a delivery may take before the far end is asked to send it again.
pub const DELIVERY_TIMEOUT: Duration = Duration::from_secs(10);
