//! Tables of the control database. Instants are UTC microseconds; sealed columns are bound to table and row.

use crate::sql::Migration;

pub(super) const MIGRATIONS: &[Migration] = &[
    Migration { version: 1, sql: FIRST },
    Migration { version: 2, sql: KEY_CHECKS },
    Migration { version: 3, sql: ADMIN_CHANGES },
    Migration { version: 4, sql: OWN_END },
    Migration { version: 5, sql: BUNDLES },
    Migration { version: 6, sql: ONBOARDING },
    Migration { version: 7, sql: PROGRAMME_USES },
    Migration { version: 8, sql: PROPOSAL_REPLACES },
    Migration { version: 9, sql: LEDGER },
    Migration { version: 10, sql: LEDGER_PLACES },
    Migration { version: 11, sql: KEYS_BEGUN },
    Migration { version: 12, sql: CLOSED_MONTHS },
    Migration { version: 13, sql: QUOTAS },
    Migration { version: 14, sql: RESENDS },
    Migration { version: 15, sql: INBOX },
    Migration { version: 16, sql: SENDING },
    Migration { version: 17, sql: SMS_REPLY },
    Migration { version: 18, sql: LOCKS },
    Migration { version: 19, sql: REVISIONS },
    Migration { version: 20, sql: NOTIFICATIONS },
    Migration { version: 21, sql: WORDS },
    Migration { version: 22, sql: BOUNDS },
];

const FIRST: &str = "
CREATE TABLE generation (id BIGINT PRIMARY KEY CHECK (id = 1), value BIGINT NOT NULL);
INSERT INTO generation (id, value) VALUES (1, 1);

CREATE TABLE directory_entry (
    kind TEXT NOT NULL, key TEXT NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (kind, key));
CREATE TABLE approval_use (approval TEXT PRIMARY KEY, request TEXT NOT NULL, used_at BIGINT NOT NULL);

CREATE TABLE auth_request (
    id_hash TEXT PRIMARY KEY, reference TEXT NOT NULL,
    agency TEXT NOT NULL, user_id TEXT NOT NULL, subject TEXT NOT NULL, details TEXT NOT NULL,
    state TEXT NOT NULL, tries BIGINT NOT NULL CHECK (tries BETWEEN 0 AND 3), mac BYTEA,
    created_at BIGINT NOT NULL, expires_at BIGINT NOT NULL, approved_at BIGINT,
    interval_s BIGINT NOT NULL, polled_at BIGINT, consent TEXT);
CREATE INDEX auth_request_created ON auth_request (created_at);

CREATE TABLE consent (
    id TEXT PRIMARY KEY, revision BIGINT NOT NULL,
    subject TEXT NOT NULL, agency TEXT NOT NULL, user_id TEXT NOT NULL,
    purpose TEXT NOT NULL, datatypes TEXT NOT NULL, usage TEXT NOT NULL,
    granted_at BIGINT NOT NULL, expires_at BIGINT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('active', 'paused', 'revoked')));
CREATE INDEX consent_subject ON consent (subject);

CREATE TABLE token (
    hash TEXT PRIMARY KEY, consent TEXT NOT NULL UNIQUE REFERENCES consent (id),
    certificate TEXT NOT NULL, expires_at BIGINT NOT NULL, used_by TEXT, used_at BIGINT);

CREATE TABLE citizen_key (subject TEXT PRIMARY KEY, wrapped BYTEA, made_at BIGINT NOT NULL, destroyed_at BIGINT);
CREATE TABLE contact (subject TEXT PRIMARY KEY, mobile BYTEA NOT NULL, language TEXT NOT NULL, set_at BIGINT NOT NULL);
CREATE TABLE sms_outbox (id TEXT PRIMARY KEY, queued_at BIGINT NOT NULL, recipient BYTEA NOT NULL, body BYTEA NOT NULL);
CREATE INDEX sms_outbox_queued ON sms_outbox (queued_at);

CREATE TABLE idempotency (
    scope TEXT PRIMARY KEY, body TEXT NOT NULL, state TEXT NOT NULL CHECK (state IN ('working', 'done')),
    sequence BIGINT, answer BYTEA, replays BIGINT NOT NULL, begun_at BIGINT NOT NULL);
CREATE INDEX idempotency_begun ON idempotency (begun_at);
";

/// What shows that two processes have the same keys; a tag says nothing of its key.
const KEY_CHECKS: &str = "CREATE TABLE key_check (name TEXT PRIMARY KEY, tag BYTEA NOT NULL)";

/// Rows stay when their leaf is written: `sequence` tells where it stands.
const ADMIN_CHANGES: &str = "
CREATE TABLE admin_change (
    id TEXT PRIMARY KEY, ordinal BIGINT NOT NULL UNIQUE, at BIGINT NOT NULL, what TEXT NOT NULL, agency TEXT,
    generation BIGINT NOT NULL, detail BYTEA NOT NULL, operator BYTEA NOT NULL,
    node TEXT, log_from BIGINT, sequence BIGINT);
CREATE INDEX admin_change_waiting ON admin_change (ordinal) WHERE sequence IS NULL;
";

/// The end that was asked of the citizen, where one was: a repetition of a request may not outlive it.
const OWN_END: &str = "ALTER TABLE consent ADD COLUMN valid_until BIGINT";

/// Bundles of the law that were activated; the highest generation is in force. What a process made of it stands beside.
const BUNDLES: &str = "
CREATE TABLE bundle (
    generation BIGINT PRIMARY KEY, digest TEXT NOT NULL, note TEXT NOT NULL, pack BYTEA NOT NULL,
    what TEXT NOT NULL, activated_at BIGINT NOT NULL);
CREATE TABLE bundle_node (
    node TEXT PRIMARY KEY, generation BIGINT NOT NULL, refused BIGINT, why TEXT, told_at BIGINT NOT NULL);
";

/// Applications, and changes of the directory that wait for a second person. Bodies are sealed: forms name focal persons.
/// That nobody decides their own proposal is the table's rule too, whatever a program does.
const ONBOARDING: &str = "
CREATE TABLE application (
    id TEXT PRIMARY KEY, agency TEXT NOT NULL, state TEXT NOT NULL, body BYTEA NOT NULL, changed_at BIGINT NOT NULL);
CREATE INDEX application_agency ON application (agency);

CREATE TABLE proposal (
    id TEXT PRIMARY KEY, kind TEXT NOT NULL, agency TEXT, body BYTEA NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'approved', 'refused')),
    proposed_by TEXT NOT NULL, proposed_at BIGINT NOT NULL, decided_by TEXT, decided_at BIGINT,
    CHECK (decided_by IS NULL OR decided_by <> proposed_by),
    CHECK ((state = 'open') = (decided_by IS NULL)));
CREATE INDEX proposal_open ON proposal (proposed_at) WHERE state = 'open';
";

/// Uses of programmes that may be used so often in each period of the calendar.
const PROGRAMME_USES: &str = "
CREATE TABLE programme_use (
    programme TEXT NOT NULL, begins_at BIGINT NOT NULL, place BIGINT NOT NULL,
    request TEXT NOT NULL, used_at BIGINT NOT NULL, PRIMARY KEY (programme, begins_at, place));
";

/// Digest of the entry that a proposal would write over, as it was when the proposal was made; empty where there was none. What
/// was proposed before this column came cannot be approved: it is proposed again.
const PROPOSAL_REPLACES: &str = "ALTER TABLE proposal ADD COLUMN replaces TEXT";

/// Movements are only ever added, each under the id of what it follows. An account's sums move with them; what is held for a
/// request is part of its account's `held`. A mark tells up to where a node's log is posted.
const LEDGER: &str = "
CREATE TABLE ledger_account (
    name TEXT PRIMARY KEY, debits BIGINT NOT NULL CHECK (debits >= 0), credits BIGINT NOT NULL CHECK (credits >= 0),
    held BIGINT NOT NULL CHECK (held >= 0));
CREATE TABLE ledger_entry (
    id TEXT PRIMARY KEY, at BIGINT NOT NULL, debit TEXT NOT NULL, credit TEXT NOT NULL,
    amount BIGINT NOT NULL CHECK (amount > 0), CHECK (debit <> credit));
CREATE TABLE ledger_hold (
    request TEXT PRIMARY KEY, account TEXT NOT NULL, amount BIGINT NOT NULL CHECK (amount > 0),
    node TEXT NOT NULL, until_at BIGINT NOT NULL);
CREATE INDEX ledger_hold_node ON ledger_hold (node, until_at);
CREATE TABLE ledger_mark (node TEXT PRIMARY KEY, next BIGINT NOT NULL);
";

/// Which entries of which log a movement follows from: `log_to` is the entry after its last. Movements from before these
/// columns stand together at their node's mark. What follows from no log is few, and looked through for movements of unknown
/// origin.
const LEDGER_PLACES: &str = "
ALTER TABLE ledger_entry ADD COLUMN node TEXT;
ALTER TABLE ledger_entry ADD COLUMN log_to BIGINT;
UPDATE ledger_entry SET
    node = (SELECT m.node FROM ledger_mark m
        WHERE substr(ledger_entry.id, 1, length(m.node) + 5) = 'log/' || m.node || '/'),
    log_to = (SELECT m.next FROM ledger_mark m
        WHERE substr(ledger_entry.id, 1, length(m.node) + 5) = 'log/' || m.node || '/');
CREATE INDEX ledger_entry_place ON ledger_entry (node, log_to);
CREATE INDEX ledger_entry_placeless ON ledger_entry (id) WHERE node IS NULL;
";

/// Who works on a key, and what was noted of it at its beginning: with these a key whose process died after the record was
/// written is finished by whoever posts the record.
const KEYS_BEGUN: &str = "
ALTER TABLE idempotency ADD COLUMN request TEXT;
ALTER TABLE idempotency ADD COLUMN begun BYTEA;
CREATE INDEX idempotency_working ON idempotency (request) WHERE state = 'working';
";

/// Months that were closed, each by one statement and what corrects it; `place` counts them from 1, and the last one holds.
const CLOSED_MONTHS: &str = "
CREATE TABLE closed_month (
    agency TEXT NOT NULL, month TEXT NOT NULL, place BIGINT NOT NULL, statement TEXT NOT NULL, root TEXT NOT NULL,
    total_paisa BIGINT NOT NULL, tax BIGINT NOT NULL, adjustment BIGINT NOT NULL, closed_at BIGINT NOT NULL,
    PRIMARY KEY (agency, month, place));
";

/// What was used of each quota in each period, and what is held of it for requests under way; the sum of those is its `held`.
/// A hold of nothing is one whose answer is not posted yet.
const QUOTAS: &str = "
CREATE TABLE quota_use (
    quota TEXT NOT NULL, begins_at BIGINT NOT NULL, used BIGINT NOT NULL CHECK (used >= 0),
    held BIGINT NOT NULL CHECK (held >= 0), PRIMARY KEY (quota, begins_at));
CREATE INDEX quota_use_begins ON quota_use (begins_at);
CREATE TABLE quota_hold (
    request TEXT NOT NULL, quota TEXT NOT NULL, begins_at BIGINT NOT NULL, measure TEXT NOT NULL,
    amount BIGINT NOT NULL CHECK (amount >= 0), node TEXT NOT NULL, until_at BIGINT NOT NULL,
    PRIMARY KEY (request, quota, begins_at));
CREATE INDEX quota_hold_node ON quota_hold (node, until_at);
";

/// How often a passcode was sent again and when the citizen was last asked, which is when the request came where it is empty; and
/// the counter's mark, which each message repeats.
const RESENDS: &str = "
ALTER TABLE auth_request ADD COLUMN counter TEXT;
ALTER TABLE auth_request ADD COLUMN resends BIGINT NOT NULL DEFAULT 0;
ALTER TABLE auth_request ADD COLUMN asked_at BIGINT;
";

/// Whom a number belongs to, by a tag that says nothing of it; empty until a process that has the key fills it in. And what came
/// from numbers: a tag of the words, never the words.
const INBOX: &str = "
ALTER TABLE contact ADD COLUMN lookup TEXT;
CREATE INDEX contact_lookup ON contact (lookup);
CREATE INDEX auth_request_subject ON auth_request (subject, reference);
CREATE TABLE sms_inbox (
    sender TEXT NOT NULL, words TEXT NOT NULL, slot BIGINT NOT NULL, received_at BIGINT NOT NULL, what TEXT NOT NULL,
    answered BIGINT NOT NULL, PRIMARY KEY (sender, words, slot));
CREATE INDEX sms_inbox_received ON sms_inbox (received_at);
";

/// The outbox as it is worked off. `due_at` is when a message is to be looked at, empty when nothing is to be done; `lease` names
/// who is at it, `unknown` counts how often nobody knew whether it had gone out. What was queued before these columns came is
/// of no use to anybody and never sent.
const SENDING: &str = "
ALTER TABLE sms_outbox ADD COLUMN lookup TEXT;
ALTER TABLE sms_outbox ADD COLUMN about TEXT;
ALTER TABLE sms_outbox ADD COLUMN drop_at BIGINT;
ALTER TABLE sms_outbox ADD COLUMN due_at BIGINT;
ALTER TABLE sms_outbox ADD COLUMN lease TEXT;
ALTER TABLE sms_outbox ADD COLUMN tries BIGINT NOT NULL DEFAULT 0;
ALTER TABLE sms_outbox ADD COLUMN unknown BIGINT NOT NULL DEFAULT 0;
ALTER TABLE sms_outbox ADD COLUMN ended TEXT;
CREATE INDEX sms_outbox_due ON sms_outbox (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX sms_outbox_about ON sms_outbox (about);
CREATE INDEX sms_outbox_lookup ON sms_outbox (lookup) WHERE due_at IS NOT NULL;
CREATE TABLE sms_piece (
    message TEXT NOT NULL, piece BIGINT NOT NULL, name TEXT NOT NULL, taken_at BIGINT NOT NULL, fate TEXT,
    PRIMARY KEY (message, piece));
CREATE INDEX sms_piece_name ON sms_piece (name);
CREATE TABLE sms_receipt (
    name TEXT NOT NULL, lookup TEXT NOT NULL, fate TEXT NOT NULL, came_at BIGINT NOT NULL,
    PRIMARY KEY (name, lookup, fate));
CREATE INDEX sms_receipt_came ON sms_receipt (came_at);
CREATE TABLE sms_part (
    sender TEXT NOT NULL, reference BIGINT NOT NULL, total BIGINT NOT NULL, number BIGINT NOT NULL,
    came_at BIGINT NOT NULL, body BYTEA NOT NULL, PRIMARY KEY (sender, reference, total, number));
CREATE INDEX sms_part_came ON sms_part (came_at);
";

/// How a citizen answers, by the passcode at the counter where it is empty; and the digits of the agency's screen, sealed, for the
/// passcode that is sent again. A consent keeps how it was given.
const SMS_REPLY: &str = "
ALTER TABLE auth_request ADD COLUMN mode TEXT;
ALTER TABLE auth_request ADD COLUMN screen BYTEA;
ALTER TABLE consent ADD COLUMN mode TEXT;
";

/// Wrong passcodes in a citizen's name; citizens who want to be asked by nobody, and since when wrong passcodes count anew; the code that unlocks, by
/// a tag that says nothing of it.
const LOCKS: &str = "
CREATE TABLE wrong_guess (id TEXT PRIMARY KEY, subject TEXT NOT NULL, guessed_at BIGINT NOT NULL);
CREATE INDEX wrong_guess_subject ON wrong_guess (subject, guessed_at);
CREATE TABLE citizen_lock (subject TEXT PRIMARY KEY, locked_at BIGINT, forgiven_at BIGINT);
CREATE TABLE unlock_code (sender TEXT PRIMARY KEY, tag TEXT NOT NULL, until_at BIGINT NOT NULL, tries BIGINT NOT NULL);
";

/// The record of each consent, from its request on: `signed` is the revision, the other columns are for looking it up. The name of a
/// consent is drawn when it is asked for. Beside it whom it is of and what opens the record's commitment to them, and what they
/// were shown, sealed under their own key.
const REVISIONS: &str = "
ALTER TABLE auth_request ADD COLUMN record TEXT;
CREATE TABLE consent_revision (
    id TEXT PRIMARY KEY, consent TEXT NOT NULL, revision BIGINT NOT NULL CHECK (revision >= 0), at BIGINT NOT NULL,
    state TEXT NOT NULL, agency TEXT NOT NULL, purpose TEXT NOT NULL, signed TEXT NOT NULL,
    node TEXT, log_from BIGINT, sequence BIGINT, UNIQUE (consent, revision));
CREATE INDEX consent_revision_waiting ON consent_revision (at) WHERE sequence IS NULL;
CREATE INDEX consent_revision_place ON consent_revision (node, sequence);
CREATE TABLE consent_record (consent TEXT PRIMARY KEY, subject TEXT NOT NULL, opening BYTEA NOT NULL);
CREATE INDEX consent_record_subject ON consent_record (subject, consent);
CREATE TABLE consent_evidence (
    id TEXT PRIMARY KEY, consent TEXT NOT NULL, at BIGINT NOT NULL, commitment TEXT NOT NULL, sealed BYTEA NOT NULL);
CREATE INDEX consent_evidence_consent ON consent_evidence (consent);
";

/// What agencies are told. `about` is the hash of a request or the name of a consent; `due_at` is when it is to be sent, empty when
/// nothing is to be done any more, and then what it carried is gone; `lease` names who is at it.
const NOTIFICATIONS: &str = "
CREATE TABLE notification (
    id TEXT PRIMARY KEY, kind TEXT NOT NULL, agency TEXT NOT NULL, about TEXT NOT NULL, queued_at BIGINT NOT NULL,
    body BYTEA NOT NULL, bearer BYTEA NOT NULL, due_at BIGINT, tries BIGINT NOT NULL, lease TEXT, ended TEXT);
CREATE INDEX notification_due ON notification (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX notification_about ON notification (about);
CREATE INDEX notification_held ON notification (agency) WHERE lease IS NOT NULL;
";

/// What citizens wish of messages; the last four digits of a card by a keyed tag, empty where the card was never shown; who paused a
/// consent, empty where it was a notice of death. Agencies that a citizen does not want to be asked by; codes for words that need one.
const WORDS: &str = "
ALTER TABLE contact ADD COLUMN alerts BIGINT NOT NULL DEFAULT 1;
ALTER TABLE contact ADD COLUMN discreet BIGINT NOT NULL DEFAULT 0;
ALTER TABLE contact ADD COLUMN last_four TEXT;
ALTER TABLE consent ADD COLUMN paused_by TEXT;
CREATE TABLE citizen_block (
    subject TEXT NOT NULL, agency TEXT NOT NULL, since_at BIGINT NOT NULL, PRIMARY KEY (subject, agency));
CREATE TABLE word_code (
    sender TEXT NOT NULL, deed TEXT NOT NULL, tag TEXT NOT NULL, until_at BIGINT NOT NULL, tries BIGINT NOT NULL,
    PRIMARY KEY (sender, deed));
";

/// What bounds a consent beside its end, where anything does; whether its end was announced; and its uses where they are counted, each
/// in the period that begins then.
const BOUNDS: &str = "
ALTER TABLE consent ADD COLUMN bounds TEXT;
ALTER TABLE consent ADD COLUMN reminded_at BIGINT;
CREATE INDEX consent_ends ON consent (expires_at) WHERE reminded_at IS NULL;
CREATE INDEX auth_request_consent ON auth_request (consent) WHERE consent IS NOT NULL;
CREATE TABLE consent_use (
    consent TEXT NOT NULL, request TEXT NOT NULL, begins_at BIGINT NOT NULL, used_at BIGINT NOT NULL,
    PRIMARY KEY (consent, request));
CREATE INDEX consent_use_begins ON consent_use (consent, begins_at);
";
