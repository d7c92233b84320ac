//! Requests with repeated keys, clients that cut their connections, and kills: each key is charged once, and leaves, ledger,
//! index, receipts and the signed statement say the same to the milli-paisa.
#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::allow_attributes,
    reason = "tests may panic: that is how they fail"
)]

#[path = "bills/client.rs"]
mod client;
#[path = "bills/hold.rs"]
mod hold;
#[path = "bills/paper.rs"]
mod paper;
#[path = "bills/verdict.rs"]
mod verdict;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use adapters::clock::{ManualClock, SystemClock};
use client::{Client, Door};
use exchange::{
    ids::AgencyId,
    ledger::{Pays, Terms},
    ports::{clock::Clock as _, directory_source::DirectorySource as _},
};
use gateway::{
    compose::{self, Keys, World, seed, stores},
    config::Config,
    demo::world::{cast, certificates, register},
};
use registry_core::population::DEMO_SEED;
use serde_json::json;
use tests::{
    counts::Tier,
    process::{Serve, State},
    world::Broken,
};

/// Connections that ask at once.
const CLIENTS: u32 = 8;

/// The least that the demo's cast needs.
const PERSONS: u64 = 2_000;

/// Longest that the process may take to answer what comes between two kills.
const ROUND_MAX: Duration = Duration::from_mins(5);

/// An installation whose one payer has terms, so that something is held for each of its requests.
struct Room {
    serve: Serve,
    config: Config,
    door: Arc<Door>,
    /// Where the clients' receipts and the statements are.
    paper: PathBuf,
    _state: State,
}

#[tokio::test(flavor = "multi_thread")]
async fn b24_whatever_is_cut_repeated_and_killed_each_key_is_charged_once() {
    let tier = Tier::of_this_run().unwrap();
    let (requests, kills) = (tier.count("bills").unwrap(), tier.count("bill_kills").unwrap());
    // It owes up to a limit that it never reaches.
    let room = Room::new(Pays::Credit(1 << 52)).await.unwrap();
    let mut clients: Vec<Client> = (0..CLIENTS).map(|name| Client::new(name, &room.paper).unwrap()).collect();
    let mut asked = 0;
    for round in 0..kills {
        // The moment of the kill wanders.
        let answers = requests / kills + round * 37 % 29;
        clients = tokio::time::timeout(ROUND_MAX, room.round(clients, answers)).await.expect("a round takes seconds");
        asked = clients.iter().map(Client::asked).sum();
    }
    let resolved = room.resolve(clients).await.unwrap();
    let verdict = verdict::of(&room, &resolved).await.unwrap();
    assert!(resolved.keys > u64::from(requests) / 2 && resolved.replays > 0 && resolved.cuts > 0, "{resolved:?}");
    if tier == Tier::Soak {
        write_evidence(kills, asked, &resolved, &verdict);
    }
}

impl Room {
    async fn new(pays: Pays) -> Result<Self, Broken> {
        gateway::tls::install_provider();
        let state = State::new()?;
        let mut serve = Serve::new(env!("CARGO_BIN_EXE_ijazat_tested"), &state);
        for name in ["AGENCY", "USER", "SERVICE"] {
            serve = serve.set(&format!("LIMITS__{name}_PER_S"), 100_000);
        }
        let config = serve.config()?;
        let host = World::host();
        let credentials = certificates(&config, &host)?;
        register(&config, &host, &credentials).await?;
        let head = cast(&seed::seed(&config, &host, PERSONS, DEMO_SEED, |_| ()).await?)?.head;
        let store = stores::control(&config, &host, &Keys::open(&config, host.entropy.as_ref())?).await?;
        let (_, mut data) = store.read().await?;
        let agency = AgencyId::parse("bisp")?;
        data.terms.push(Terms { agency, pays, instrument: "contract 24".into() });
        for agency in &mut data.agencies {
            agency.requests_per_s = 100_000;
        }
        store.replace_directory(&data).await?;
        store.database().close().await;
        let server_ca = fs::read_to_string(state.path().join("pki/server-ca.pem"))?;
        let door = Arc::new(Door::new(server_ca, credentials["bisp"].clone(), head));
        let paper = state.path().join("paper");
        fs::create_dir(&paper)?;
        Ok(Self { serve, config, door, paper, _state: state })
    }

    /// Pays before.
    async fn top_up(&self, milli_paisa: i64) -> Result<(), Broken> {
        let host = World::host();
        let store = stores::control(&self.config, &host, &Keys::open(&self.config, host.entropy.as_ref())?).await?;
        store.top_up(&AgencyId::parse("bisp")?, milli_paisa, "bank 1").await?;
        store.database().close().await;
        Ok(())
    }

    /// Starts the process, lets it answer so often under all clients, and kills it.
    async fn round(&self, clients: Vec<Client>, answers: u32) -> Vec<Client> {
        let process = self.serve.start().await.unwrap();
        let address = process.address("agencies").unwrap();
        let left = Arc::new(AtomicU32::new(answers));
        let (sender, mut enough) = tokio::sync::mpsc::channel::<()>(1);
        let asking: Vec<_> = clients
            .into_iter()
            .map(|client| {
                let (door, left, sender) = (Arc::clone(&self.door), Arc::clone(&left), sender.clone());
                tokio::spawn(async move {
                    client
                        .ask_until_killed(&door, address, || {
                            if left.fetch_sub(1, Ordering::SeqCst) == 1 {
                                let _ = sender.try_send(());
                            }
                        })
                        .await
                })
            })
            .collect();
        enough.recv().await.expect("the process serves until it is killed");
        process.kill().await.unwrap();
        let mut back = Vec::new();
        for client in asking {
            back.push(client.await.unwrap());
        }
        back
    }

    /// A process of a minute later, which answers what had no answer yet: whoever died holds no key any more.
    async fn resolve(&self, clients: Vec<Client>) -> Result<client::Resolved, Broken> {
        let clock = Arc::new(ManualClock::new(SystemClock.now().plus_seconds(61)));
        let host = World { clock, ..World::host() };
        let running = compose::start(self.config.clone(), host).await?;
        let address = running.agency_address().ok_or("no agency listener")?;
        let mut all = client::Resolved::default();
        for client in clients {
            all.add(client.resolve(&self.door, address).await?);
        }
        running.stop().await;
        Ok(all)
    }
}

/// What a closing note cites.
fn write_evidence(kills: u32, asked: u64, resolved: &client::Resolved, verdict: &verdict::Verdict) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("evidence");
    let evidence = json!({
        "what": "requests under keys, a tenth repeated, a twentieth cut, SIGKILL under load; leaves, ledger, index, receipts and the signed statement compared",
        "requests_sent": asked, "keys": resolved.keys, "kills": kills, "cuts": resolved.cuts,
        "repetitions_answered": resolved.replays, "charged": verdict.charged, "rated_milli_paisa": verdict.rated_milli_paisa,
        "log_entries": verdict.entries, "stated": verdict.paper.entries, "stated_total_paisa": verdict.paper.total_paisa,
        "receipts_agreeing": verdict.paper.received, "charged_without_receipt": verdict.paper.unreceived, "differences": 0, "date": SystemClock.now().rfc3339(),
    });
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("bills.json"), format!("{evidence:#}\n")).unwrap();
}
