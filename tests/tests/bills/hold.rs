//! A request dies with its process between the hold on its wallet and the posting of an answer: the wallet has the money again in
//! time, not before, and nobody was charged.

use std::sync::Arc;

use adapters::{
    clock::{ManualClock, SystemClock},
    entropy::SystemEntropy,
    log::keys::load_or_create,
};
use exchange::{
    ids::AgencyId,
    ledger::{Balance, Pays},
    limits::{HOLD_MARGIN_S, HOLD_S},
    ports::{clock::Clock as _, wallets::Wallets as _},
};
use gateway::compose::{self, Keys, World, stores};
use tests::world::{Broken, until, wire::bytes_of};
use tokio::net::TcpListener;

use crate::Room;

/// What a row costs BISP by the sample rates.
const ROW: i64 = 100_000;

impl Room {
    async fn balance(&self) -> Result<Balance, Broken> {
        let host = World::host();
        let store = stores::control(&self.config, &host, &Keys::open(&self.config, host.entropy.as_ref())?).await?;
        let balance = store.balance(&AgencyId::parse("bisp")?).await?;
        store.database().close().await;
        Ok(balance)
    }

    /// Status and code of a household asked for in a process of so many seconds later.
    async fn asked_in(&self, seconds: i64, key: &str) -> Result<(u16, String), Broken> {
        let clock = Arc::new(ManualClock::new(SystemClock.now().plus_seconds(seconds)));
        let running = compose::start(self.config.clone(), World { clock, ..World::host() }).await?;
        let address = running.agency_address().ok_or("no agency listener")?;
        let reply = self.door.open(address).await?.ask(&bytes_of(&self.door.household(key))).await?;
        running.stop().await;
        Ok((reply.status, reply.code()))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b28_a_process_killed_between_reserve_and_post_gives_its_hold_back_in_time() {
    let room = Room::new(Pays::Prepaid).await.unwrap();
    room.top_up(ROW).await.unwrap();
    // A registry that is there and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    load_or_create(&room.config.tls.permit_key, &SystemEntropy::default()).unwrap();
    let serve = room.serve.clone();
    let serve = serve
        .set("UPSTREAM__REGISTRY__KIND", "internal")
        .set("UPSTREAM__REGISTRY__URL", format!("https://{}", silent.local_addr().unwrap()))
        .set("UPSTREAM__REGISTRY__PERMIT_KEY", room.config.tls.permit_key.display());
    let process = serve.start().await.unwrap();
    let mut wire = room.door.open(process.address("agencies").unwrap()).await.unwrap();
    wire.send(&bytes_of(&room.door.household("killed"))).await;
    until("the row is held", async || room.balance().await.unwrap().held == ROW).await.unwrap();
    process.kill().await.unwrap();

    let held = Balance { debits: 0, credits: ROW, held: ROW };
    assert_eq!(room.balance().await.unwrap(), held);
    let refused = (402, "balance_insufficient".to_owned());
    assert_eq!(room.asked_in(1, "too-early").await.unwrap(), refused, "somebody may still be answering");
    assert_eq!(room.balance().await.unwrap(), held);
    let late = HOLD_S + HOLD_MARGIN_S + 1;
    assert_eq!(room.asked_in(late, "in-time").await.unwrap(), (200, String::new()));
    // The row that was bought is the wallet's only one, so the one that died cost nothing.
    assert_eq!(room.asked_in(late + 1, "empty").await.unwrap(), refused);
    assert_eq!(room.balance().await.unwrap(), Balance { debits: ROW, credits: ROW, held: 0 });
}
