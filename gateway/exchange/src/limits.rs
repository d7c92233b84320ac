//! Every bound of the exchange: the number, its unit, its reason. Configuration may only tighten them.

/// Bytes of an identifier: it stands in headers, log lines and records.
pub const ID_BYTES_MAX: usize = 96;

/// Seconds after a month's end from which it is stated: whatever began in the month is recorded by then, however long its
/// answer in parts took.
pub const STATEMENT_SETTLES_S: i64 = 86_400;

/// Bytes of a leaf with its proof as one line of JSON: a leaf below 64 KiB in base64, a path of 63 hashes, a checkpoint with
/// some dozen cosignatures.
pub const EVIDENCE_BYTES_MAX: usize = 128 * 1024;

/// Bytes of a request body: the largest bounded request is a notice with a few hundred fields.
pub const REQUEST_BODY_BYTES_MAX: usize = 64 * 1024;

/// Nesting of a JSON body: our deepest schema has six levels; a deep body is an attack on the parser's stack.
pub const JSON_DEPTH_MAX: usize = 16;

/// Bytes of an upstream's bounded answer, held whole until its record is durable.
pub const ANSWER_BYTES_MAX: usize = 1024 * 1024;

/// Six digits and three tries: a guesser succeeds three times in a million.
pub const PASSCODE_ATTEMPTS_MAX: u8 = 3;

/// Seconds that a passcode may live at most (design/consent.md, `requested_expiry` 60-600).
pub const PASSCODE_TTL_S_MAX: i64 = 600;

/// Seconds that a passcode lives when the agency asks for nothing else.
pub const PASSCODE_TTL_S_DEFAULT: i64 = 300;

/// Seconds that a passcode lives at least.
pub const PASSCODE_TTL_S_MIN: i64 = 60;

/// Seconds that a one-time consent token lives (design/consent.md, threat 11).
pub const CONSENT_TOKEN_TTL_S: i64 = 120;

/// Uses that a consent may be given for, in each period or in all: beyond it nobody can weigh what is allowed, and each is a row.
pub const CONSENT_USES_MAX: u32 = 10_000;

/// Days that an answer may be kept at most where a consent says how long: ten years, as books are kept.
pub const DATA_LIFE_DAYS_MAX: u32 = 3_650;

/// Seconds before the end of a standing consent at which its citizen is reminded (design/consent.md, behaviour 31).
pub const CONSENT_REMINDER_S: i64 = 7 * 86_400;

/// Days that a standing consent may live at most; each purpose sets a ceiling at or below it.
pub const STANDING_CONSENT_DAYS_MAX: i64 = 365;

/// Seconds within which a read may be repeated under its idempotency key (decisions.md, "Idempotency").
pub const REPLAY_WITHIN_S: i64 = 600;

/// Times that a read may be repeated under its idempotency key (decisions.md, "Idempotency").
pub const REPLAYS_MAX: u32 = 3;

/// Bytes of an idempotency key: a UUID has 36.
pub const IDEMPOTENCY_KEY_BYTES_MAX: usize = 128;

/// Seconds that a permit token lives between two of our own processes (decisions.md).
pub const PERMIT_TOKEN_TTL_S: i64 = 10;

/// Milliseconds after which an unconfirmed directory is too old to decide by (decisions.md, State).
pub const DIRECTORY_STALE_MS_MAX: i64 = 1_000;

/// Milliseconds between two confirmations of the directory's generation.
pub const DIRECTORY_CONFIRM_MS: u64 = 250;

/// Milliseconds that a request waits at most for a stale directory to be confirmed, before it is refused.
pub const DIRECTORY_CATCH_UP_MS: u64 = 500;

/// Seconds between the approval of a rate or a gift and the first instant that it may count from: by then every gateway has
/// it, for one whose directory is older than a second answers nothing.
pub const MONEY_LEAD_S: i64 = 5;

/// Seconds beyond a service's own time after which what is held for a request may be given up: it ended long before, or its
/// process died.
pub const HOLD_S: i64 = 60;

/// Seconds before that instant from which on no answer is recorded any more: its record must be durable by then.
pub const HOLD_MARGIN_S: i64 = 30;

/// Milliseconds between two looks for the bundle of the law in force: a new one decides everywhere within a second.
pub const LAW_CONFIRM_MS: u64 = 250;

/// Milliseconds that a request waits at most for its turn to lease of a shared quota, and for the lease: forty times what a
/// healthy store in the same building takes, and less than anyone notices. Then the node's own share must do.
pub const QUOTA_WAIT_MS: u64 = 20;

/// Milliseconds in which a node connects to the store of shared quotas, beside requests: less than the second between two looks.
pub const QUOTA_CONNECT_MS: u64 = 500;

/// Milliseconds after which the store may drop a second's counter: longer than any lease of it is under way, clocks that differ
/// included. Nothing is decided by it.
pub const QUOTA_COUNTER_MS: u64 = 10_000;

/// Seconds that a user's signed assertion may live (decisions.md, Callers).
pub const USER_ASSERTION_TTL_S_MAX: i64 = 60;

/// Rows of a list when the client names no limit.
pub const LIST_ROWS_USUAL: u32 = 50;

/// Entries that one batch of the access log carries at most, so that one `fdatasync` stays short.
pub const LOG_BATCH_MAX: usize = 1_024;

/// Entries that may wait for the log before new requests are refused.
pub const LOG_QUEUE_MAX: usize = 16_384;

/// Bytes of one leaf: tlog-tiles entry bundles carry a 16-bit length.
pub const LEAF_BYTES_MAX: usize = 65_535;

/// Bytes of one side record.
pub const SIDE_BYTES_MAX: usize = 256 * 1024;

/// Seconds between two polls of one request for consent (CIBA Core 1.0 §7.3).
pub const POLL_INTERVAL_S: i64 = 5;

/// Seconds that a poll which came too fast adds to the interval (CIBA Core 1.0 §11).
pub const POLL_SLOW_DOWN_S: i64 = 5;

/// Times that an agency may have the passcode of one request sent again (design/consent.md, 6.2).
pub const RESENDS_MAX: u8 = 2;

/// Seconds from one message with a passcode to the next of the same request (ibid.).
pub const RESEND_AFTER_S: i64 = 60;

/// Seconds within which the same words from the same number are one message, however often networks deliver it.
pub const SMS_SAME_WITHIN_S: i64 = 600;

/// Answers to one number in a day that tell of nothing done: words for whoever mistypes, none for whoever plays.
pub const SMS_HELP_A_DAY_MAX: i64 = 3;

/// Messages of one number in a day that do nothing before no more are looked at: whoever guesses references of a number that is
/// not theirs finds one of a million in as many.
pub const SMS_FRUITLESS_A_DAY_MAX: i64 = 100;

/// Requests that one `OK` is held against: those of one number that wait, the newest first. Each has its own three tries, so that more of
/// them give a guesser no more tries at any; fewer than these wait with any citizen who was asked in good faith.
pub const REPLIES_OPEN_MAX: i64 = 20;

/// Wrong passcodes in a citizen's name, at all agencies and requests together, before nobody can ask the citizen any more until the
/// citizen unlocks: ten in thirty days leave a guesser one chance in a hundred thousand (consent.md, 5.4).
pub const WRONG_PASSCODES_MAX: i64 = 10;

/// Seconds that wrong passcodes are counted over: thirty days.
pub const WRONG_PASSCODES_S: i64 = 30 * 86_400;

/// Requests of one agency in a day that a citizen may leave unanswered; after them it is not heard that day (consent.md, 7).
pub const UNANSWERED_A_DAY_MAX: i64 = 5;

/// Requests that wait for one citizen at once (ibid.).
pub const OPEN_REQUESTS_MAX: i64 = 3;

/// Seconds of silence that an agency keeps towards a citizen who refused it twice within a day: a week (ibid.).
pub const SILENCE_S: i64 = 7 * 86_400;

/// Hours of Karachi between which nobody is asked from afar (ibid.).
pub const QUIET_FROM_HOUR: u8 = 22;
/// See [`QUIET_FROM_HOUR`].
pub const QUIET_UNTIL_HOUR: u8 = 7;

/// Seconds that the code lives with which a citizen unlocks consents.
pub const UNLOCK_CODE_S: i64 = 600;

/// Codes to unlock that a number is sent in a day.
pub const UNLOCK_CODES_A_DAY_MAX: i64 = 5;

/// Wrong codes after which it is worth nothing.
pub const UNLOCK_TRIES_MAX: i64 = 3;

/// Codes for words that need one, that a number is sent in a day; those that unlock are counted apart.
pub const WORD_CODES_A_DAY_MAX: i64 = 5;

/// Answers of one kind to one number in a day, where each word would be answered: whoever forges a number has its phone ring so
/// often and no more.
pub const WORD_ANSWERS_A_DAY_MAX: i64 = 10;

/// Wrong last four digits in a day, after which none are right that day: a phone's holder finds another's in five years of days.
pub const LAST_FOUR_WRONG_A_DAY_MAX: i64 = 5;

/// Consents that are listed, the newest: more than a year of anybody's.
pub const CONSENTS_LISTED_MAX: i64 = 100;

/// Consents that one message ends; what is older is ended by the same words again.
pub const CONSENTS_ENDED_AT_ONCE_MAX: i64 = 1_000;

/// Seconds that is counted over.
pub const SMS_DAY_S: i64 = 86_400;

/// Seconds that an agency has at least to collect a yes given in a request's last moments.
pub const CONSENT_COLLECT_S: i64 = 60;

/// Datatypes that one consent may name: more than a citizen can weigh in one message.
pub const CONSENT_DATATYPES_MAX: usize = 32;

/// Bytes of `authorization_details`.
pub const AUTHORIZATION_DETAILS_BYTES_MAX: usize = 8 * 1024;

/// Characters of a binding message (design/consent.md, 6.3).
pub const BINDING_MESSAGE_CHARS_MAX: usize = 12;

/// Characters of a text parameter when the catalogue sets no other bound.
pub const TEXT_CHARS_DEFAULT: u32 = 120;

/// Members of a list parameter when the catalogue sets no other bound.
pub const LIST_MEMBERS_DEFAULT: u32 = 32;

/// Bytes of a report's name: it stands in a path.
pub const REPORT_NAME_MAX: usize = 60;

/// Assets that a search or a report's design may name: more than the survey's form lists.
pub const ASSETS_MAX: usize = 20;

/// Characters of the name of a place: longer than any district or office is called.
pub const PLACE_CHARS_MAX: usize = 60;

/// Warnings that one quota may have: each is a line in the log of every period.
pub const QUOTA_ALERTS_MAX: usize = 10;

/// Seconds that a refused client is told to wait for a quota at most: the longest month, which is the longest period.
pub const QUOTA_RETRY_S_MAX: i64 = 31 * 24 * 3600;

/// Seconds that what was used of a quota is kept after its period began: a year and a month, so that a month can be compared
/// with the same month a year before.
pub const QUOTA_KEPT_S: i64 = 400 * 24 * 3600;

/// Bytes of a URL that an agency is told something at: it stands in the directory and in the first line of a request.
pub const NOTIFY_URL_BYTES_MAX: usize = 512;

/// Bytes of a `client_notification_token` at least: fewer cannot hold the 128 bits that CIBA Core 1.0 §7.1 asks for.
pub const NOTIFICATION_TOKEN_BYTES_MIN: usize = 22;

/// Bytes of a `client_notification_token` at most (CIBA Core 1.0 §7.1).
pub const NOTIFICATION_TOKEN_BYTES_MAX: usize = 1024;
