//! Databases that are locked or read-only: a clear problem, no data, and service again once they are free.

use adapters::sql::Database;
use gateway::{compose, demo::client::Call};
use serde_json::json;
use tests::world::{World, wire::bytes_of};

use crate::kit::{Bad, recorded};

fn death_notice(world: &World) -> Call {
    let body = json!({
        "cnic": world.stage.cast.dying.digits(), "date_of_death": "2026-11-01", "place": "Mehran Hospital",
    });
    Call::json("/v1/vital/death-notices", &body).with("ijazat-user", "doctor-1").with("ijazat-purpose", "VIT-401")
}

#[tokio::test]
async fn a_locked_registry_takes_no_notice_and_answers_readers() {
    let world = World::start().await.unwrap();
    let call = bytes_of(&death_notice(&world));
    let registry = Database::open(world.config.database.registry.expose(), "registry").await.unwrap();
    let lock = registry.begin().await.unwrap();
    let before = world.recorded().unwrap().len();
    let mut wire = world.agency("hospital-mehran").await.unwrap();
    let reply = wire.ask(&call).await.unwrap();
    assert_eq!((reply.status, reply.code().as_str()), (503, "store_unavailable"));
    assert!(reply.json().get("data").is_none());
    recorded(&world, before, "hospital-mehran", &Bad::new("locked", "", 503, "store_unavailable"));
    world.serves().await.unwrap();
    drop(lock);
    registry.close().await;
    let reply = wire.ask(&call).await.unwrap();
    assert_eq!(reply.status, 200, "{}", reply.code());
}

#[tokio::test]
async fn a_locked_control_store_answers_nothing_that_it_must_remember() {
    let world = World::start().await.unwrap();
    let control = Database::open(world.config.database.control.expose(), "control").await.unwrap();
    let lock = control.begin().await.unwrap();
    let mut wire = world.agency("bisp").await.unwrap();
    // The head's key was never used: without it nothing about the head can be recorded, so nothing may be answered.
    let before = world.recorded().unwrap().len();
    let reply = wire.ask(&bytes_of(&world.household())).await.unwrap();
    assert_eq!((reply.status, reply.code().as_str()), (503, "store_unavailable"));
    assert!(reply.json().get("data").is_none());
    recorded(&world, before, "bisp", &Bad::new("locked", "", 503, "store_unavailable"));
    let unbound = wire.ask(&bytes_of(&Call::get("/v1/self/whoami"))).await.unwrap();
    assert_eq!(unbound.status, 200, "who writes nothing is served: {}", unbound.code());
    drop(lock);
    control.close().await;
    world.serves().await.unwrap();
}

#[tokio::test]
async fn a_read_only_database_stops_the_start_with_its_name() {
    for role in ["control", "registry", "index"] {
        let mut world = World::start().await.unwrap();
        world.stop().await;
        let file = world.state().join(format!("{role}.db"));
        let url = format!("sqlite://{}?mode=ro", file.display());
        let config = world.config_with(&format!("DATABASE__{}", role.to_uppercase()), url).unwrap();
        let refused = compose::start(config, world.host.clone()).await.unwrap_err().to_string();
        assert!(refused.contains(&format!("{role} database")), "{refused}");
        assert!(refused.contains("readonly") || refused.contains("read-only"), "{refused}");
    }
}
