//! The process is killed under load again and again: no answer that anyone received is missing from the log.
#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::allow_attributes,
    reason = "tests may panic: that is how they fail"
)]

use std::{
    collections::{HashMap, HashSet},
    fs,
    sync::Arc,
    time::Duration,
};

use adapters::clock::SystemClock;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use exchange::{
    ports::{clock::Clock as _, record_log::RecordLog as _},
    record::leaf::{Kind, Leaf},
};
use gateway::{
    compose::{Keys, World, stores},
    config::Config,
    demo::{
        client::{Call, Connection, Credential, tls},
        told::sequence_of,
        world::{certificates, register},
    },
};
use serde_json::json;
use tests::{
    counts::Tier,
    process::{Process, Serve, State},
};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

/// Who asks, each on a connection of its own. Several agencies, since each may ask only so often.
const CALLERS: [&str; 8] =
    ["bank-indus", "telco-sarhad", "bisp", "hospital-mehran", "bank-indus", "telco-sarhad", "bisp", "hospital-mehran"];

/// Receipts of each kill, the last ones, that are fetched from the restarted process; the files are searched for all.
const FETCHED: usize = 24;

/// Most that one start, its checks, its load and its end may take: far beyond what it needs, so that a hang is named.
const ROUND_MAX: Duration = Duration::from_secs(20);

/// What a client holds of an answer: enough to prove that it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Kept {
    agency: &'static str,
    sequence: u64,
    request: String,
}

/// An installation that outlives its processes, and every receipt that its clients hold.
struct Room {
    serve: Serve,
    config: Config,
    server_ca: String,
    credentials: HashMap<&'static str, Credential>,
    vkey: String,
    kept: Vec<Kept>,
    _state: State,
}

#[tokio::test(flavor = "multi_thread")]
async fn no_kill_loses_an_answer_that_was_received() {
    let tier = Tier::of_this_run().unwrap();
    let kills = tier.count("kills").unwrap();
    let mut room = Room::new().await;
    for kill in 0..kills {
        // The moment of the kill wanders through checkpoints, batches and segments.
        let answers = 40 + usize::try_from(kill).unwrap() * 37 % 150;
        tokio::time::timeout(ROUND_MAX, room.round(answers)).await.expect("one kill takes seconds");
    }
    let process = room.serve.start().await.unwrap();
    room.check(&process).await;
    process.stop().await.unwrap();
    let report = adapters::log::verify(&room.config.log.dir, &room.vkey).unwrap();
    let lost = room.lost();
    if tier == Tier::Soak {
        write_evidence(kills, room.kept.len(), lost.len(), report.entries);
    }
    assert!(lost.is_empty(), "received and not recorded: {lost:?}");
    assert!(room.kept.len() >= usize::try_from(kills).unwrap() * 40);
}

impl Room {
    async fn new() -> Self {
        gateway::tls::install_provider();
        let state = State::new().unwrap();
        let serve = Serve::new(env!("CARGO_BIN_EXE_ijazat_tested"), &state);
        let config = serve.config().unwrap();
        let host = World::host();
        let credentials = certificates(&config, &host).unwrap();
        register(&config, &host, &credentials).await.unwrap();
        let server_ca = fs::read_to_string(state.path().join("pki/server-ca.pem")).unwrap();
        Self { serve, config, server_ca, credentials, vkey: String::new(), kept: Vec::new(), _state: state }
    }

    async fn connect(&self, process: &Process, agency: &str) -> Connection {
        let tls = tls(&self.server_ca, Some(&self.credentials[agency])).unwrap();
        Connection::open(process.address("agencies").unwrap(), tls).await.unwrap()
    }

    /// Starts the process over what the last kill left, checks that, and kills it under load.
    async fn round(&mut self, answers: usize) {
        let process = self.serve.start().await.unwrap();
        self.check(&process).await;
        let (sender, mut received) = unbounded_channel();
        for agency in CALLERS {
            tokio::spawn(keep_asking(self.connect(&process, agency).await, agency, sender.clone()));
        }
        drop(sender);
        for _ in 0..answers {
            self.kept.push(received.recv().await.expect("the process serves until it is killed"));
        }
        process.kill().await.unwrap();
        // What had left before the kill may still arrive, and counts.
        while let Some(kept) = received.recv().await {
            self.kept.push(kept);
        }
    }

    /// The restarted process proves the newest receipts, and its log verifies.
    async fn check(&mut self, process: &Process) {
        let mut bank = self.connect(process, "bank-indus").await;
        let checkpoint = bank.send(Call::get("/v1/log/checkpoint")).await.unwrap();
        let vkey = checkpoint.text("/data/verifier_key");
        assert!(self.vkey.is_empty() || self.vkey == vkey, "a restart changes no key");
        vkey.clone_into(&mut self.vkey);
        for kept in self.kept.iter().rev().take(FETCHED) {
            let mut owner = self.connect(process, kept.agency).await;
            let answer = owner.send(Call::get(format!("/v1/receipts/{}", kept.sequence))).await.unwrap();
            assert_eq!(answer.status, 200, "{kept:?}: {}", answer.code());
            let leaf = Leaf::from_bytes(&STANDARD.decode(answer.text("/data/leaf")).unwrap()).unwrap();
            assert_eq!((leaf.sequence, leaf.request.as_str()), (kept.sequence, kept.request.as_str()));
        }
        adapters::log::verify(&self.config.log.dir, &self.vkey).unwrap();
    }

    /// Receipts without their record in the files of the stopped log; no record may stand there twice.
    fn lost(&self) -> Vec<&Kept> {
        let outcomes = outcomes(&self.config);
        let requests: HashSet<&String> = outcomes.values().collect();
        assert_eq!(requests.len(), outcomes.len(), "a request has one outcome");
        let promised: HashMap<u64, &String> = self.kept.iter().map(|kept| (kept.sequence, &kept.request)).collect();
        assert_eq!(promised.len(), self.kept.len(), "a place in the log is given once");
        self.kept.iter().filter(|kept| outcomes.get(&kept.sequence) != Some(&kept.request)).collect()
    }
}

/// Asks until the connection breaks; hands over each receipt as soon as its answer is whole.
async fn keep_asking(mut connection: Connection, agency: &'static str, received: UnboundedSender<Kept>) {
    while let Ok(answer) = connection.send(Call::get("/v1/self/whoami")).await {
        let Some(sequence) = sequence_of(answer.header("ijazat-receipt")) else { continue };
        let kept = Kept { agency, sequence, request: answer.header("ijazat-request-id").to_owned() };
        if received.send(kept).is_err() {
            return;
        }
    }
}

/// Every outcome in the log's files: its place and its request.
fn outcomes(config: &Config) -> HashMap<u64, String> {
    let host = World::host();
    let keys = Keys::open(config, host.entropy.as_ref()).unwrap();
    let log = stores::log(config, &host, &keys, Arc::new(adapters::log::Unobserved)).unwrap();
    let mut outcomes = HashMap::new();
    let mut next = 0;
    loop {
        let entries = log.read(next, 1_000).unwrap();
        if entries.is_empty() {
            log.close();
            return outcomes;
        }
        for entry in entries {
            let leaf = Leaf::from_bytes(&entry.leaf).unwrap();
            assert_eq!((entry.sequence, leaf.sequence), (next, next), "no place is left out");
            next += 1;
            if leaf.kind == Kind::Outcome {
                outcomes.insert(leaf.sequence, leaf.request);
            }
        }
    }
}

/// What a closing note cites.
fn write_evidence(kills: u32, kept: usize, lost: usize, entries: u64) {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("evidence");
    let evidence = json!({
        "what": "SIGKILL under load of 8 connections; every receipt that a client holds searched in the log's files",
        "kills": kills, "answers_kept": kept, "answers_lost": lost, "log_entries": entries, "log_verifies": true,
        "date": SystemClock.now().rfc3339(), "machine": machine(),
    });
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("kills.json"), format!("{evidence:#}\n")).unwrap();
}

fn machine() -> String {
    let cpus = fs::read_to_string("/proc/cpuinfo").unwrap();
    let model = cpus.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or(": unnamed");
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap();
    let cores = std::thread::available_parallelism().unwrap();
    format!("{cores} cores of {}, Linux {}, debug build", model.trim_start_matches([' ', '\t', ':']), kernel.trim())
}
