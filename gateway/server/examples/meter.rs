//! Measures what metering adds to a request: finding book, class and terms, pricing the answer, counting it as it is recorded;
//! and, behind the request, posting its entry to the ledger. `cargo xtask bench metering` runs it and tells its numbers; each
//! line of output is one number: repetition, who, case, metric, microseconds.

use std::{
    error::Error,
    fs,
    hint::black_box,
    sync::Arc,
    time::{Duration, Instant},
};

use adapters::{
    clock::SystemClock,
    entropy::SystemEntropy,
    sql::{
        Database,
        control::{ControlKeys, ControlStore, Poster},
    },
};
use exchange::{
    catalogue::Service,
    decision::Decider as _,
    directory::{Agency, Directory},
    ids::ServiceId,
    ports::{
        clock::Clock as _,
        record_log::{Durable, Entry, InclusionProof, LogUnavailable, Position, RecordLog, StoredEntry},
    },
    record::leaf::{Commitments, Kind, LEAF_VERSION, Leaf},
    tariff::{Charge, Unit},
    timestamp::Timestamp,
};
use gateway::{
    compose::sample,
    observe::{metrics::Metrics, rated::RatedLog},
};
use policies::Bundle;

/// The allocator of the installed binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Repetitions, in each of which everything is measured once, in turn.
const REPETITIONS: usize = 7;

/// Requests of one measurement on the request's path.
const ROUNDS: u32 = 100_000;

/// Entries of one posting, as a busy node has them between two: half of them intents.
const ENTRIES: u64 = 60_000;

type Failed = Box<dyn Error>;

fn main() -> Result<(), Failed> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let place = Place::new()?;
    let bare: Arc<dyn RecordLog> = Arc::new(Posted::default());
    let (rated, counted) = RatedLog::new(Arc::clone(&bare), Arc::new(Metrics::new()?));
    for repetition in 0..REPETITIONS {
        let path = micros(&|| drop(black_box(place.price())));
        let submit = |log: &dyn RecordLog| {
            micros(&|| {
                let durable = log.submit(Entry { leaf: place.leaf.clone(), side: Vec::new(), closes: true });
                drop(black_box(durable.map(|durable| runtime.block_on(durable))));
            })
        };
        let (without, with) = (submit(bare.as_ref()), submit(&rated));
        say(repetition, "path", "price", path);
        say(repetition, "path", "count", (with - without).max(0.0));
        say(repetition, "path", "all", path + (with - without).max(0.0));
        say(repetition, "behind", "post", runtime.block_on(post(&place.leaf))?);
    }
    if counted.total() == 0 { Err("nothing was counted".into()) } else { Ok(()) }
}

#[expect(clippy::print_stdout, reason = "an example speaks to whoever runs it")]
fn say(repetition: usize, who: &str, case: &str, micros: f64) {
    println!("{repetition}\t{who}\t{case}\tmean\t{micros:.3}");
}

/// What one round costs.
fn micros(round: &dyn Fn()) -> f64 {
    let began = Instant::now();
    for _ in 0..ROUNDS {
        round();
    }
    began.elapsed().as_secs_f64() * 1e6 / f64::from(ROUNDS)
}

/// The bench's request: a bank's check of one particular, paid by its statement.
struct Place {
    directory: Directory,
    agency: Arc<Agency>,
    service: Arc<Service>,
    now: Timestamp,
    leaf: Leaf,
}

impl Place {
    fn new() -> Result<Self, Failed> {
        let directory = Directory::new(1, sample::directory()?);
        let agency = directory.agency("bank-indus").map(Arc::clone).ok_or("no bank")?;
        let bundle = Bundle::embedded()?;
        let id = ServiceId::parse("identity.yes-no")?;
        let service =
            bundle.catalogue().services().iter().find(|it| it.id == id).map(Arc::clone).ok_or("no service")?;
        let now = SystemClock.now();
        let leaf = leaf(&service, now);
        let mut place = Self { directory, agency, service, now, leaf };
        let charge = place.price().ok_or("no price")?;
        if charge.amount == 0 {
            return Err("the bench's request is free".into());
        }
        place.leaf.amount = charge.amount;
        place.leaf.class = charge.class;
        Ok(place)
    }

    /// As the phases route, reserve and meter go.
    fn price(&self) -> Option<Charge> {
        let book = self.directory.rate_book_at(self.now).map(Arc::clone)?;
        let class = self.directory.class(&self.agency, &self.service.id, self.now);
        if black_box(self.directory.terms(&self.agency.id)).is_some() || book.lacks(&self.service).is_some() {
            return None;
        }
        Some(book.charge((&self.service.tariff, self.service.charge), (Some(class), self.now), (1, true)))
    }
}

fn leaf(service: &Service, now: Timestamp) -> Leaf {
    Leaf {
        version: LEAF_VERSION,
        kind: Kind::Outcome,
        at: now.micros(),
        node: "node-1".into(),
        sequence: 0,
        request: "01ARZ3NDEKTSV4RRFFQ69G5FAV".into(),
        intent: None,
        caller: "Agency".into(),
        agency: Some("bank-indus".into()),
        service: Some(format!("{}@1", service.id)),
        purpose: Some("KYC-101".into()),
        basis: None,
        agreement: None,
        status: 200,
        code: None,
        released: Vec::new(),
        withheld: Vec::new(),
        bundle: 1,
        directory: 1,
        rows: 1,
        bytes: 600,
        rate_version: Some("sample-2026-01".into()),
        tariff: Some(service.tariff.to_string()),
        amount: 0,
        commitments: Commitments::default(),
        counted: 1,
        dry_run: false,
        unit: Some(Unit::Match),
        class: None,
        rated_at: Some(now.micros()),
    }
}

/// Processor time that posting one request's two entries takes, microseconds.
async fn post(leaf: &Leaf) -> Result<f64, Failed> {
    let folder = std::env::temp_dir().join(format!("ijazat-bench-meter-{}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder)?;
    let database = Database::open(&format!("sqlite:{}", folder.join("control.db").display()), "control").await?;
    let keys = ControlKeys::new(&[1; 32], &[2; 32], &[3; 32])?;
    let store = ControlStore::open(database, keys, Arc::new(SystemClock), Arc::new(SystemEntropy::default())).await?;
    let store = Arc::new(store);
    let log = Arc::new(Posted::of(leaf));
    let poster = Poster::new(log, Arc::clone(&store));
    let began = processor()?;
    poster.catch_up().await?;
    let took = processor()?.saturating_sub(began);
    store.database().close().await;
    fs::remove_dir_all(&folder)?;
    // A request has two entries.
    Ok(took.as_secs_f64() * 2e6 / f64::from(u32::try_from(ENTRIES)?))
}

/// Processor time of this process so far (proc(5): utime and stime in ticks of a hundredth of a second).
fn processor() -> Result<Duration, Failed> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<&str> = stat.rsplit(')').next().ok_or("no stat")?.split_whitespace().collect();
    let ticks = |n: usize| fields.get(n).and_then(|field| field.parse::<u64>().ok()).ok_or("no stat");
    Ok(Duration::from_millis((ticks(11)? + ticks(12)?) * 10))
}

/// A log that keeps nothing and holds what it was made with.
#[derive(Debug, Default)]
struct Posted(Vec<StoredEntry>);

impl Posted {
    fn of(leaf: &Leaf) -> Self {
        let kind = |sequence: u64| if sequence.is_multiple_of(2) { Kind::Intent } else { Kind::Outcome };
        let entry = |sequence| Leaf { sequence, kind: kind(sequence), ..leaf.clone() };
        Self((0..ENTRIES).map(|n| StoredEntry { sequence: n, leaf: entry(n).to_bytes(), side: Vec::new() }).collect())
    }
}

impl RecordLog for Posted {
    fn submit(&self, _: Entry) -> Result<Durable, LogUnavailable> {
        Ok(Box::pin(async { Ok(Position { sequence: 1, leaf_hash: [0; 32] }) }))
    }

    fn durable_size(&self) -> u64 {
        self.0.len() as u64
    }

    fn origin(&self) -> &'static str {
        "bench/node-1"
    }

    fn node(&self) -> &'static str {
        "node-1"
    }

    fn read(&self, from: u64, count: usize) -> Result<Vec<StoredEntry>, LogUnavailable> {
        let from = usize::try_from(from).unwrap_or(usize::MAX);
        Ok(self.0.iter().skip(from).take(count).cloned().collect())
    }

    fn prove(&self, _: u64) -> Result<InclusionProof, LogUnavailable> {
        Err(LogUnavailable::Full)
    }

    fn checkpoint(&self) -> Result<String, LogUnavailable> {
        Err(LogUnavailable::Full)
    }

    fn verifier_key(&self) -> String {
        String::new()
    }

    fn healthy(&self) -> Result<(), LogUnavailable> {
        Ok(())
    }
}
