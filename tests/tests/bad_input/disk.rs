//! A full disk under the access log: no record, no answer; and once there is room, all is as before.

use std::{fs, path::PathBuf, process::Command};

use exchange::ports::{entropy::random_hex_128, record_log::LogUnavailable};
use tests::world::{World, until, wire::bytes_of};

/// A disk whose room nobody else uses up meanwhile.
const DISK: &str = "/dev/shm";

/// MiB that the log may use beyond what it must leave free.
const ROOM_MIB: u64 = 32;

/// A folder on that disk, gone with the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let name = random_hex_128(&adapters::entropy::SystemEntropy::default());
        let folder = PathBuf::from(DISK).join(format!("ijazat-{name}"));
        fs::create_dir(&folder).unwrap();
        Self(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn free_mib() -> u64 {
    let told = Command::new("df").args(["--output=avail", "--block-size=1M", DISK]).output().unwrap();
    String::from_utf8(told.stdout).unwrap().lines().last().unwrap().trim().parse().unwrap()
}

#[tokio::test]
async fn a_full_disk_refuses_everyone_and_a_freed_one_serves_again() {
    let folder = Folder::new();
    let reserve = free_mib().checked_sub(ROOM_MIB).expect("the shared-memory disk has 32 MiB free");
    let world = World::builder()
        .set("LOG__DIR", folder.0.join("log").display().to_string())
        .set("LOG__RESERVE_MIB", reserve.to_string())
        .start()
        .await
        .unwrap();
    world.serves().await.unwrap();
    let filler = folder.0.join("filler");
    fs::write(&filler, vec![1_u8; 48 << 20]).unwrap();
    let log = world.log().unwrap();
    until("the log is full", async || log.healthy() == Err(LogUnavailable::Full)).await.unwrap();
    let size = log.durable_size();
    let mut wire = world.agency("bisp").await.unwrap();
    for _ in 0..3 {
        let reply = wire.ask(&bytes_of(&world.household())).await.unwrap();
        assert_eq!((reply.status, reply.code().as_str()), (503, "log_unavailable"));
        assert!(!reply.header("retry-after").is_empty() && reply.json().get("data").is_none());
    }
    assert_eq!(log.durable_size(), size, "what could not be recorded was not answered");
    fs::remove_file(&filler).unwrap();
    until("there is room again", async || log.healthy().is_ok()).await.unwrap();
    world.serves().await.unwrap();
    let recorded = world.recorded().unwrap();
    assert!(recorded.iter().enumerate().all(|(at, entry)| entry.leaf.sequence == at as u64), "nothing was lost");
}
