//! A row of the directory that cannot be right, such as a bank that is called a part of the State: that agency is held as
//! suspended wherever the row came from, everyone else is served, and what is revoked after it is revoked.

use exchange::{classification::Sector, ids::AgencyId, ports::directory_source::DirectorySource as _};
use gateway::demo::client::Call;
use tests::{
    law::{activate, as_generation, vkeys},
    world::{Builder, World, until, wire::plain_get},
};

use crate::r6_revocation::effective_for;

const BANK: &str = "bank-indus";
const TELCO: &str = "telco-sarhad";

fn whoami() -> Call {
    Call::get("/v1/self/whoami")
}

/// Registers the bank under this sector by another directory, which nobody judges on its way into the store.
async fn bank_is(world: &World, sector: Sector) {
    let mut data = world.store.read().await.unwrap().1;
    data.agencies.iter_mut().find(|agency| agency.id.as_str() == BANK).unwrap().sector = sector;
    world.store.replace_directory(&data).await.unwrap();
}

/// What `/ready` says while it is ready.
async fn ready(world: &World) -> String {
    let reply = plain_get(world.running().unwrap().ops_address().unwrap(), "/ready").await.unwrap();
    assert_eq!(reply.status, 200);
    String::from_utf8(reply.body).unwrap()
}

async fn misregistered(world: &World, agencies: usize) {
    let line = format!("\nijazat_directory_misregistered {agencies}\n");
    until(&line, async || world.metrics().await.unwrap().contains(&line)).await.unwrap();
}

#[tokio::test]
async fn a_bank_that_is_called_a_part_of_the_state_is_held_and_nobody_else() {
    let world = World::start().await.unwrap();
    let (mut bank, mut telco) = (world.agency(BANK).await.unwrap(), world.agency(TELCO).await.unwrap());
    for wire in [&mut bank, &mut telco] {
        assert_eq!(wire.call(&whoami()).await.unwrap().status, 200);
    }
    misregistered(&world, 0).await;
    bank_is(&world, Sector::Federal).await;
    effective_for(&mut bank, whoami, "agency_suspended").await;
    assert_eq!(bank.call(&whoami()).await.unwrap().status, 403);
    assert_eq!(telco.call(&whoami()).await.unwrap().status, 200);
    world.serves().await.unwrap();
    misregistered(&world, 1).await;
    let told = ready(&world).await;
    assert!(told.contains("registered wrongly and held as suspended: bank-indus"), "{told}");
    // The wrong row keeps no later change from taking effect.
    world.store.set_agency_suspended(&AgencyId::parse(TELCO).unwrap(), true).await.unwrap();
    effective_for(&mut telco, whoami, "agency_suspended").await;
    // Nor did it change the store: with its row set right, the bank is back.
    bank_is(&world, Sector::Private).await;
    effective_for(&mut bank, whoami, "").await;
    misregistered(&world, 0).await;
    assert!(!ready(&world).await.contains("registered wrongly"));
}

#[tokio::test]
async fn a_gateway_that_starts_over_a_wrong_row_serves_all_but_that_agency() {
    let mut world = World::start().await.unwrap();
    bank_is(&world, Sector::Federal).await;
    world.restart("LOG__SEGMENT_MIB", "1").await.unwrap();
    let reply = world.agency(BANK).await.unwrap().call(&whoami()).await.unwrap();
    assert_eq!((reply.status, reply.code().as_str()), (403, "agency_suspended"));
    assert_eq!(world.agency(TELCO).await.unwrap().call(&whoami()).await.unwrap().status, 200);
    world.serves().await.unwrap();
}

#[tokio::test]
async fn a_law_that_knows_an_agencys_kind_otherwise_judges_the_directory_again() {
    let keys = vkeys(&["ayesha", "bilal"]).unwrap();
    let world = Builder::default().set("POLICY__KEYS", keys).start().await.unwrap();
    let mut telco = world.agency(TELCO).await.unwrap();
    assert_eq!(telco.call(&whoami()).await.unwrap().status, 200);
    let (file, source) = ("matrices/kinds.toml", as_generation(2).unwrap());
    let text = source.file(file).unwrap();
    let (before, telcos) = text.split_at(text.find("id = \"Telco\"").unwrap());
    let narrowed = telcos.replacen("\"Federal\", \"Private\"", "\"Federal\"", 1);
    assert_ne!(narrowed, telcos);
    let law = source.clone().with(file, &format!("{before}{narrowed}"));
    activate(&world, &law, &["ayesha", "bilal"]).await.unwrap();
    let follows = async || world.store.law_of_nodes().await.unwrap().iter().any(|told| told.law.generation == 2);
    until("the gateway follows", follows).await.unwrap();
    effective_for(&mut telco, whoami, "agency_suspended").await;
    world.serves().await.unwrap();
}
