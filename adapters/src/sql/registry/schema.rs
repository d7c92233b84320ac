//! The registry's tables.

use crate::sql::Migration;

/// Every step so far. A step that was released is never edited.
pub(super) const MIGRATIONS: &[Migration] = &[
    Migration { version: 1, sql: FIRST },
    Migration { version: 2, sql: LISTS },
    Migration { version: 3, sql: EXPORT },
    Migration { version: 4, sql: SURVEYED },
];

/// Numbers are `BIGINT` so that their index is narrow; lists that are only ever read whole are JSON text.
const FIRST: &str = "
CREATE TABLE person (
    pid BIGINT PRIMARY KEY, name TEXT NOT NULL, name_ur TEXT NOT NULL, father TEXT NOT NULL, father_ur TEXT NOT NULL,
    gender TEXT NOT NULL, birth TEXT NOT NULL, life TEXT NOT NULL CHECK (life IN ('alive', 'held', 'deceased')),
    died TEXT, province TEXT NOT NULL, district TEXT NOT NULL, tehsil TEXT NOT NULL, address TEXT NOT NULL, mobile TEXT,
    CHECK ((life = 'deceased') = (died IS NOT NULL)));
CREATE TABLE identifier (
    value BIGINT PRIMARY KEY, pid BIGINT NOT NULL REFERENCES person (pid), place BIGINT NOT NULL, kind TEXT NOT NULL,
    state TEXT NOT NULL, expires TEXT, UNIQUE (pid, place));
CREATE TABLE household (
    id BIGINT PRIMARY KEY, province TEXT NOT NULL, district TEXT NOT NULL, tehsil TEXT NOT NULL, address TEXT NOT NULL,
    latitude_e6 BIGINT, longitude_e6 BIGINT, pmt BIGINT NOT NULL CHECK (pmt BETWEEN 0 AND 10000), assets TEXT NOT NULL,
    beneficiary BIGINT NOT NULL CHECK (beneficiary IN (0, 1)), payments TEXT NOT NULL);
CREATE TABLE membership (
    pid BIGINT PRIMARY KEY REFERENCES person (pid), household BIGINT NOT NULL REFERENCES household (id),
    place BIGINT NOT NULL, relation TEXT NOT NULL);
CREATE UNIQUE INDEX membership_household ON membership (household, place);
CREATE TABLE death_notice (
    id TEXT PRIMARY KEY, pid BIGINT NOT NULL REFERENCES person (pid), source TEXT NOT NULL, received_us BIGINT NOT NULL,
    died TEXT NOT NULL, place TEXT NOT NULL, informant BIGINT, cause TEXT,
    state TEXT NOT NULL CHECK (state IN ('open', 'withdrawn')));
CREATE UNIQUE INDEX death_notice_open ON death_notice (pid, source) WHERE state = 'open';
CREATE TABLE synthetic (id BIGINT PRIMARY KEY CHECK (id = 1), seed TEXT NOT NULL, size BIGINT NOT NULL)
";

/// The order of a whole export, which no area bounds.
const EXPORT: &str = "
CREATE INDEX listing_all ON listing (place, pmt);
CREATE INDEX listing_all_sample ON listing (place) WHERE sampled = 1";

/// What the survey wrote of each member; absent of members who were kept before.
const SURVEYED: &str = "
ALTER TABLE membership ADD COLUMN disability TEXT;
ALTER TABLE membership ADD COLUMN education TEXT;
ALTER TABLE membership ADD COLUMN employment TEXT";

/// What lists of households are read by. `listing` repeats of a household what lists ask for, so that a page is read from
/// one index in its own order; whoever comes to change a household's address or score changes its listing in the same
/// transaction. The sample's indices hold one household in a hundred. `listing_state` has the installation's secret order.
const LISTS: &str = "
CREATE TABLE listing (
    household BIGINT PRIMARY KEY, district TEXT NOT NULL, tehsil TEXT NOT NULL, pmt BIGINT NOT NULL,
    sampled BIGINT NOT NULL CHECK (sampled IN (0, 1)), place BYTEA NOT NULL);
CREATE INDEX listing_tehsil ON listing (district, tehsil, place, pmt);
CREATE INDEX listing_district ON listing (district, place, pmt);
CREATE INDEX listing_tehsil_sample ON listing (district, tehsil, place) WHERE sampled = 1;
CREATE INDEX listing_district_sample ON listing (district, place) WHERE sampled = 1;
CREATE TABLE tehsil_tally (
    district TEXT NOT NULL, tehsil TEXT NOT NULL, households BIGINT NOT NULL, lowest_place BYTEA, lowest BIGINT,
    PRIMARY KEY (district, tehsil), CHECK ((lowest IS NULL) = (lowest_place IS NULL)));
CREATE TABLE listing_state (
    id BIGINT PRIMARY KEY CHECK (id = 1), secret BYTEA NOT NULL, complete BIGINT NOT NULL CHECK (complete IN (0, 1)))
";
