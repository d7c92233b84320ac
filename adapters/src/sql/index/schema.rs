//! Tables of the index. They hold no name, number or address of anyone: citizens and users stand as keyed digests.
//!
//! A column of its own has what SQL asks by; what is only shown of an entry stands together in one ([`super::shown`]), and
//! bills are summed while entries are taken, for each column of each entry costs the time of a request's answer.

use crate::sql::Migration;

/// Name of the index among the components of its database.
pub(super) const COMPONENT: &str = "index";

/// `next_sequence` moves in the transaction that writes the rows before it, which is what makes indexing exactly once.
/// What is billed is computed by `exchange::statement`, so that SQL only sums. Flags are 0 or 1.
pub(super) const MIGRATIONS: &[Migration] = &[
    Migration { version: 1, sql: FIRST },
    Migration { version: 2, sql: SECOND },
    Migration { version: 3, sql: THIRD },
    Migration { version: 4, sql: FOURTH },
];

const FIRST: &str = "
CREATE TABLE watermark (
    node TEXT PRIMARY KEY,
    next_sequence BIGINT NOT NULL CHECK (next_sequence >= 0)
);
CREATE TABLE entry (
    node TEXT NOT NULL,
    sequence BIGINT NOT NULL,
    at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    intent BIGINT,
    request TEXT NOT NULL,
    caller TEXT NOT NULL,
    agency TEXT,
    service TEXT,
    purpose TEXT,
    basis TEXT,
    status BIGINT NOT NULL,
    code TEXT,
    released TEXT NOT NULL,
    row_count BIGINT NOT NULL,
    amount BIGINT NOT NULL,
    tariff TEXT,
    rate_version TEXT NOT NULL,
    billed BIGINT NOT NULL CHECK (billed IN (0, 1)),
    calls BIGINT NOT NULL,
    PRIMARY KEY (node, sequence)
);
CREATE INDEX entry_bill ON entry (agency, at) WHERE billed = 1;
CREATE INDEX entry_closes ON entry (node, intent) WHERE intent IS NOT NULL;
CREATE TABLE subject (
    subject_key TEXT NOT NULL,
    node TEXT NOT NULL,
    sequence BIGINT NOT NULL,
    returned BIGINT NOT NULL CHECK (returned IN (0, 1)),
    PRIMARY KEY (subject_key, node, sequence)
);
";

/// The index is built again from the log: without a watermark it begins at the first entry.
const SECOND: &str = "
DELETE FROM watermark;
DELETE FROM subject;
DROP TABLE entry;
CREATE TABLE entry (
    node TEXT NOT NULL,
    sequence BIGINT NOT NULL,
    at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    intent BIGINT,
    request TEXT NOT NULL,
    shown TEXT NOT NULL,
    PRIMARY KEY (node, sequence)
);
CREATE INDEX entry_closes ON entry (node, intent) WHERE intent IS NOT NULL;
CREATE TABLE bill (
    node TEXT NOT NULL,
    agency TEXT NOT NULL,
    month TEXT NOT NULL,
    tariff TEXT NOT NULL,
    rate_version TEXT NOT NULL,
    calls BIGINT NOT NULL CHECK (calls >= 0),
    row_count BIGINT NOT NULL CHECK (row_count >= 0),
    amount BIGINT NOT NULL,
    PRIMARY KEY (agency, month, tariff, rate_version, node)
);
";

/// Sums are kept by service, class and unit too, so the index is built again from the log. What a leaf does not say is an
/// empty text.
const THIRD: &str = "
DELETE FROM watermark;
DELETE FROM subject;
DELETE FROM entry;
DROP TABLE bill;
CREATE TABLE bill (
    node TEXT NOT NULL,
    agency TEXT NOT NULL,
    month TEXT NOT NULL,
    service TEXT NOT NULL,
    rate_version TEXT NOT NULL,
    class TEXT NOT NULL,
    tariff TEXT NOT NULL,
    unit TEXT NOT NULL,
    calls BIGINT NOT NULL CHECK (calls >= 0),
    row_count BIGINT NOT NULL CHECK (row_count >= 0),
    units BIGINT NOT NULL CHECK (units >= 0),
    amount BIGINT NOT NULL,
    PRIMARY KEY (agency, month, service, rate_version, class, tariff, unit, node)
);
";

/// Sums are kept by day and by user too, so the index is built again from the log. A user is a keyed digest, or an empty
/// text where none was named.
const FOURTH: &str = "
DELETE FROM watermark;
DELETE FROM subject;
DELETE FROM entry;
DROP TABLE bill;
CREATE TABLE bill (
    node TEXT NOT NULL,
    agency TEXT NOT NULL,
    month TEXT NOT NULL,
    day BIGINT NOT NULL CHECK (day BETWEEN 1 AND 31),
    service TEXT NOT NULL,
    rate_version TEXT NOT NULL,
    class TEXT NOT NULL,
    tariff TEXT NOT NULL,
    unit TEXT NOT NULL,
    calls BIGINT NOT NULL CHECK (calls >= 0),
    row_count BIGINT NOT NULL CHECK (row_count >= 0),
    units BIGINT NOT NULL CHECK (units >= 0),
    amount BIGINT NOT NULL,
    PRIMARY KEY (agency, month, day, service, rate_version, class, tariff, unit, node)
);
CREATE INDEX bill_month ON bill (month);
CREATE TABLE user_sum (
    node TEXT NOT NULL,
    agency TEXT NOT NULL,
    month TEXT NOT NULL,
    user_key TEXT NOT NULL,
    service TEXT NOT NULL,
    class TEXT NOT NULL,
    calls BIGINT NOT NULL CHECK (calls >= 0),
    row_count BIGINT NOT NULL CHECK (row_count >= 0),
    units BIGINT NOT NULL CHECK (units >= 0),
    amount BIGINT NOT NULL,
    PRIMARY KEY (agency, month, user_key, service, class, node)
);
CREATE INDEX user_sum_month ON user_sum (month);
";
