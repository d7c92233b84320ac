//! What holds of any database of ours: tables change forward only and wholly, and failures are told by what to do.

use adapters::sql::{Database, Migration, SqlError, control::Taken};
use exchange::{
    consent::{ConsentUse, answer::Told, reply::Reference},
    ports::directory_source::DirectorySource as _,
};

use crate::world::{WITHOUT_SENDING, World};

const ONE: Migration = Migration { version: 1, sql: "CREATE TABLE part_a (a BIGINT NOT NULL CHECK (a > 0))" };
const TWO: Migration = Migration {
    version: 2,
    sql: "CREATE TABLE part_b (b TEXT NOT NULL); INSERT INTO part_b (b) VALUES ('second; not a statement''s end'); \
          ALTER TABLE part_a ADD COLUMN c TEXT",
};
const THREE: Migration = Migration { version: 3, sql: "UPDATE part_a SET c = 'third'; DROP TABLE part_b" };
const BROKEN: Migration = Migration { version: 3, sql: "DROP TABLE part_b; INSERT INTO nowhere (x) VALUES (1)" };

const STEPS: [&[Migration]; 4] = [&[], &[ONE], &[ONE, TWO], &[ONE, TWO, THREE]];

fn database(world: &World) -> &Database {
    world.here.database()
}

async fn version(database: &Database, component: &str) -> Option<i64> {
    let versions = database.schema_versions().await.unwrap();
    versions.into_iter().find(|(name, _)| name == component).map(|(_, version)| version)
}

pub async fn tables_come_from_each_older_version_to_the_newest(world: &World) {
    let database = database(world);
    for (from, older) in STEPS.iter().copied().enumerate().take(4) {
        for (to, newer) in STEPS.iter().copied().enumerate().take(4) {
            let component = format!("part {from} {to}");
            database.migrate(&component, older).await.unwrap();
            let moved = database.migrate(&component, newer).await;
            if from <= to {
                moved.unwrap();
                assert_eq!(version(database, &component).await, Some(i64::try_from(to).unwrap()), "{component}");
            } else {
                let (found, known) = (i64::try_from(from).unwrap(), i64::try_from(to).unwrap());
                let expected = SqlError::NewerSchema { component: component.clone(), found, known };
                assert_eq!(moved, Err(expected), "{component}");
                assert_eq!(version(database, &component).await, Some(found), "{component}");
            }
            // Each column exists from its version on, and the data of a step is there.
            let newest = from.max(to);
            let has = async |sql: &str| world.meddle(sql.to_owned()).await.is_ok();
            assert_eq!(has("INSERT INTO part_a (a) VALUES (1)").await, newest >= 1, "{component}");
            assert_eq!(has("UPDATE part_a SET c = 'x'").await, newest >= 2, "{component}");
            assert_eq!(has("UPDATE part_b SET b = 'x'").await, newest == 2, "{component}");
            let gone: &[&str] = [&[][..], &["part_a"], &["part_a", "part_b"], &["part_a"]][newest];
            for table in gone {
                world.meddle(format!("DROP TABLE {table}")).await.unwrap();
            }
        }
    }
}

pub async fn a_step_that_fails_half_way_leaves_the_version_before_it(world: &World) {
    let database = database(world);
    let broken: &[&'static [Migration]] = &[&[ONE, TWO, BROKEN]];
    database.migrate("part", STEPS[1]).await.unwrap();
    for _ in 0..2 {
        let refused = database.migrate("part", broken[0]).await.unwrap_err();
        assert!(matches!(refused, SqlError::Other(_)), "{refused}");
        assert_eq!(version(database, "part").await, Some(1), "two of three steps were kept");
        assert!(world.meddle("INSERT INTO part_b (b) VALUES ('x')").await.is_err(), "the second step was kept");
        assert!(world.meddle("UPDATE part_a SET c = 'x'").await.is_err(), "the second step was kept");
    }
    database.migrate("part", STEPS[3]).await.unwrap();
    assert_eq!(version(database, "part").await, Some(3));
}

pub async fn of_many_who_migrate_at_once_each_finds_it_done_once(world: &World) {
    world.here.database().migrate("part", STEPS[1]).await.unwrap();
    let migrated = world.at_once(12, |store, n| async move {
        // By turns the newer program and the older one.
        store.database().migrate("part", if n % 3 == 2 { STEPS[2] } else { STEPS[3] }).await
    });
    for (n, migrated) in migrated.await.into_iter().enumerate() {
        match migrated {
            Ok(()) => {}
            Err(SqlError::NewerSchema { found: 3, known: 2, .. }) if n % 3 == 2 => {}
            other => panic!("{n}: {other:?}"),
        }
    }
    assert_eq!(version(world.there.database(), "part").await, Some(3));
    world.meddle("INSERT INTO part_a (a, c) VALUES (1, 'x')").await.unwrap();
}

pub async fn components_have_versions_of_their_own(world: &World) {
    let before = database(world).schema_versions().await.unwrap();
    assert!(before.iter().any(|(name, version)| name == "control" && *version >= 2), "{before:?}");
    database(world).migrate("part", STEPS[2]).await.unwrap();
    database(world).migrate("zz empty", STEPS[0]).await.unwrap();
    let mut expected = before;
    expected.extend([("part".to_owned(), 2), ("zz empty".to_owned(), 0)]);
    expected.sort();
    assert_eq!(world.there.database().schema_versions().await.unwrap(), expected);
}

/// A control database of the first version, before keys were checked, operators' changes noted and a consent's own end kept,
/// before applications and proposals.
pub async fn a_control_database_of_version_one_is_brought_up(world: &World) {
    world.here.revoke_serial("0a").await.unwrap();
    world.here.set_contact(world.subject(), World::contact()).await.unwrap();
    world.sent("one", ConsentUse::OneTime).await;
    let downgrade = "DROP TABLE key_check; DROP TABLE admin_change; DROP TABLE application; DROP TABLE proposal; \
                     ALTER TABLE consent DROP COLUMN valid_until; DROP TABLE bundle; DROP TABLE bundle_node; \
                     DROP TABLE programme_use; DROP TABLE ledger_account; DROP TABLE ledger_entry; \
                     DROP TABLE ledger_hold; DROP TABLE ledger_mark; DROP TABLE closed_month; \
                     DROP TABLE quota_use; DROP TABLE quota_hold; DROP TABLE sms_inbox; \
                     DROP INDEX contact_lookup; ALTER TABLE contact DROP COLUMN lookup; \
                     DROP INDEX auth_request_subject; ALTER TABLE auth_request DROP COLUMN counter; \
                     ALTER TABLE auth_request DROP COLUMN resends; ALTER TABLE auth_request DROP COLUMN asked_at; \
                     ALTER TABLE auth_request DROP COLUMN mode; ALTER TABLE auth_request DROP COLUMN screen; \
                     ALTER TABLE consent DROP COLUMN mode; \
                     DROP INDEX idempotency_working; ALTER TABLE idempotency DROP COLUMN request; \
                     ALTER TABLE idempotency DROP COLUMN begun; UPDATE schema_version SET version = 1 WHERE component = 'control'";
    world.meddle(format!("{WITHOUT_SENDING} {downgrade}")).await.unwrap();
    let store = world.open([1, 2, 3]).await.unwrap();
    assert_eq!(version(store.database(), "control").await, version(database(world), "control").await);
    assert_eq!(store.read().await.unwrap().1.revoked_serials, ["0a"], "the data of the first version is there");
    // A number from before numbers had tags is known, and a request from before citizens were asked again goes on.
    let refused = store.take_sms(World::contact().mobile, "NO K7Q4").await.unwrap();
    assert_eq!(refused, Taken::Told(Told::Refused(Reference::parse("K7Q4").unwrap())));
    store.database().close().await;
    assert_eq!(world.open([1, 2, 9]).await.unwrap_err(), SqlError::OtherKey { key: "pepper" });
}

pub async fn a_control_database_of_a_newer_version_is_refused_and_left_alone(world: &World) {
    let known = version(database(world), "control").await.unwrap();
    world.meddle("UPDATE schema_version SET version = 1000 WHERE component = 'control'").await.unwrap();
    let refused = world.open([9, 9, 9]).await.unwrap_err();
    assert_eq!(refused, SqlError::NewerSchema { component: "control".into(), found: 1000, known });
    assert!(refused.to_string().contains("use the newer program"));
    assert_eq!(version(database(world), "control").await, Some(1000));
}

/// What each database really answers, by what a caller would do about it.
pub async fn failures_are_told_by_what_to_do(world: &World) {
    let make = "CREATE TABLE part_a (a BIGINT PRIMARY KEY CHECK (a > 0), b TEXT NOT NULL); \
                CREATE TABLE part_c (a BIGINT NOT NULL REFERENCES part_a (a)); INSERT INTO part_a VALUES (1, 'x')";
    world.meddle(make).await.unwrap();
    let conflicts = [
        "INSERT INTO part_a VALUES (1, 'y')",
        "INSERT INTO part_a VALUES (0, 'y')",
        "INSERT INTO part_c VALUES (2)",
        "INSERT INTO part_c VALUES (1); DELETE FROM part_a",
    ];
    for sql in conflicts {
        assert_eq!(world.meddle(sql).await, Err(SqlError::Conflict), "{sql}");
    }
    let defects = ["INSERT INTO part_a VALUES (2, NULL)", "SELECT nothing FROM nowhere", "this is no SQL"];
    for sql in defects {
        let refused = world.meddle(sql).await;
        assert!(matches!(refused, Err(SqlError::Other(_))), "{sql}: {refused:?}");
    }
    if world.url.starts_with("postgres") {
        for (state, expected) in [
            ("08006", "unavailable"),
            ("53100", "unavailable"),
            ("53300", "unavailable"),
            ("55P03", "unavailable"),
            ("57014", "unavailable"),
            ("57P01", "unavailable"),
            ("58030", "unavailable"),
            ("25006", "unavailable"),
            ("40001", "unavailable"),
            ("40P01", "unavailable"),
            ("23505", "conflict"),
            ("23503", "conflict"),
            ("23514", "conflict"),
            ("23502", "other"),
            ("22012", "other"),
            ("42P01", "other"),
            ("42501", "other"),
            ("XX000", "other"),
        ] {
            let raise = format!("DO $$ BEGIN RAISE EXCEPTION 'raised' USING ERRCODE = '{state}'; END $$");
            let told = match world.meddle(raise).await.unwrap_err() {
                SqlError::Unavailable(_) => "unavailable",
                SqlError::Conflict => "conflict",
                _ => "other",
            };
            assert_eq!(told, expected, "{state}");
        }
    }
}

/// Each connection of ours, also one of a pool's later ones, stands in the role's schema and waits a second for a lock.
pub async fn every_connection_is_set_up(world: &World) {
    if !world.url.starts_with("postgres") {
        return;
    }
    let checked = world.at_once(12, |store, _| async move {
        let check = "DO $$ BEGIN IF current_setting('lock_timeout') <> '1s' OR current_schema() <> 'control' \
                     THEN RAISE EXCEPTION 'not set up'; END IF; END $$";
        tests::meddling::meddle(store.database(), check).await
    });
    for checked in checked.await {
        checked.unwrap();
    }
    // Another role of the same database sees nothing of ours.
    let other = Database::open(&world.url, "registry").await.unwrap();
    assert_eq!(other.schema_versions().await.unwrap(), []);
    assert!(tests::meddling::meddle(&other, "DELETE FROM token").await.is_err());
    other.close().await;
}

/// No message of a database repeats a value that was stored: it may be a citizen's.
pub async fn no_failure_repeats_what_was_stored(world: &World) {
    world.meddle("CREATE TABLE part_a (a TEXT PRIMARY KEY CHECK (length(a) < 20))").await.unwrap();
    let insert = "INSERT INTO part_a VALUES ('4210112345671')";
    world.meddle(insert).await.unwrap();
    for sql in [insert, "INSERT INTO part_a VALUES ('4210112345671 is too long')"] {
        let refused = world.meddle(sql).await.unwrap_err();
        let shown = format!("{refused} {refused:?}");
        assert!(!shown.contains("4210112345671"), "{shown}");
    }
}
