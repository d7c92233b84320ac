//! State that is not ours to open: of a newer version, or in use by another process.

use std::process::{Command, Stdio};

use adapters::sql::{Database, Migration};
use gateway::compose;
use tests::world::World;

/// What a later program would have left.
const NEWER: &[Migration] = &[Migration { version: 1_000, sql: "CREATE TABLE of_the_future (a BIGINT NOT NULL)" }];

#[tokio::test]
async fn state_of_a_newer_version_is_left_alone() {
    for role in ["control", "registry", "index"] {
        let mut world = World::start().await.unwrap();
        world.stop().await;
        let database = Database::open(&format!("sqlite:{}/{role}.db", world.state().display()), role).await.unwrap();
        database.migrate(role, NEWER).await.unwrap();
        database.close().await;
        let refused = compose::start(world.config.clone(), world.host.clone()).await.unwrap_err().to_string();
        assert!(refused.contains(&format!("{role} database")), "{refused}");
        assert!(refused.contains("1000") && refused.contains("newer"), "{refused}");
    }
}

#[tokio::test]
async fn a_process_with_another_key_is_told_which_and_what_to_do() {
    let mut world = World::start().await.unwrap();
    world.stop().await;
    for key in ["lookup", "wrapping", "pepper"] {
        let file = world.state().join("keys").join(format!("{key}.key"));
        let kept = std::fs::read(&file).unwrap();
        let other: Vec<u8> = kept.iter().map(|byte| !byte).collect();
        std::fs::write(&file, other).unwrap();
        let refused = compose::start(world.config.clone(), world.host.clone()).await.unwrap_err().to_string();
        let told = format!("cannot start: control database: was begun with another `{key}` key than this process has");
        assert!(refused.starts_with(&told), "{refused}");
        assert!(refused.contains(&format!("same `{key}.key`")) && refused.contains("backup"), "{refused}");
        std::fs::write(&file, kept).unwrap();
    }
    world.restart("LOG__RESERVE_MIB", "16").await.unwrap();
    world.serves().await.unwrap();
}

#[tokio::test]
async fn a_second_process_on_the_same_state_is_refused() {
    let world = World::start().await.unwrap();
    let second = Command::new(env!("CARGO_BIN_EXE_taxpayers"))
        .args(["serve", "--state"])
        .arg(world.state())
        .env("IJAZAT__LISTEN__AGENCY", "127.0.0.1:0")
        .env("IJAZAT__LISTEN__PUBLIC", "127.0.0.1:0")
        .env("IJAZAT__LISTEN__OPS", "127.0.0.1:0")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&second.stderr);
    assert_eq!(second.status.code(), Some(1), "{told}");
    assert!(told.contains("access log") && told.contains("in use by another process"), "{told}");
    world.serves().await.unwrap();
}
