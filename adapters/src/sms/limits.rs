//! Bounds of sending and receiving: the number, its unit, its reason.

/// Seconds that a process has for a message that it took out of the outbox. A hand-over waits for its turn and for an answer, both
/// bounded below this; whoever is silent for longer has died, and another takes the message up.
pub const LEASE_S: i64 = 60;

/// Seconds that a message waits whose fate nobody knows, before it goes out again: a receipt that names it may come meanwhile, and
/// a far end that was cut off sends what it has as soon as it is back.
pub const SETTLE_S: i64 = 10;

/// How often a message goes out again because nobody knows what became of it. It is the same text each time; still, a citizen
/// whose phone rings four times for one request would rather not be asked at all.
pub const UNKNOWN_MAX: i64 = 3;

/// Seconds between two tries at most; a passcode lives for five minutes.
pub const BACKOFF_S_MAX: i64 = 60;

/// Seconds that an answer to a citizen's own message is worth sending: a day. A passcode's message ends with the passcode.
pub const ANSWER_LIVES_S: i64 = 86_400;

/// Seconds that a receipt waits for the answer that names its message: it may overtake it, not by more (consent.md 4.2).
pub const RECEIPT_WAITS_S: i64 = 60;

/// Seconds within which all parts of a citizen's message come (consent.md 4.4).
pub const PARTS_WITHIN_S: i64 = 60;

/// Parts of a citizen's message: all our words fit into one, and an address typed out by hand into three.
pub const PARTS_MAX: u8 = 6;

/// Parts of one number that wait for others: twice a whole message. More is nobody who types.
pub const PARTS_WAITING_MAX: i64 = 12;

/// Seconds that what became of a message is kept: thirty days, so that a month's complaints can be looked into.
pub const OUTBOX_KEPT_S: i64 = 30 * 86_400;
