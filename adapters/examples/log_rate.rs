//! How fast the access log takes records: `cargo run --release -p adapters --example log_rate -- [RECORDS] [FOLDER]`.
#![expect(clippy::print_stdout, reason = "a bench speaks to whoever runs it")]

use std::{
    any::Any,
    error::Error,
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use adapters::{
    clock::SystemClock,
    log::{
        LogOptions, SegmentLog,
        disk::{Disk, SegmentFile},
        files::FsDisk,
        verify,
    },
};
use exchange::{
    ports::{
        clock::Clock,
        record_log::{Entry, RecordLog},
    },
    record::leaf::{Commitments, Kind, LEAF_VERSION, Leaf},
};

/// Requests that wait at the same time.
const CONCURRENCY: u64 = 64;

/// Bytes of a sealed side record, as a yes/no check leaves one.
const SIDE_BYTES: usize = 700;

/// A disk that remembers how long each sync took.
#[derive(Debug)]
struct Timed {
    disk: FsDisk,
    syncs: Arc<Mutex<Vec<Duration>>>,
}

#[derive(Debug)]
struct TimedFile {
    file: Arc<dyn SegmentFile>,
    syncs: Arc<Mutex<Vec<Duration>>>,
}

impl SegmentFile for TimedFile {
    fn bytes(&self) -> u64 {
        self.file.bytes()
    }
    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<()> {
        self.file.read_at(offset, into)
    }
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.file.write_at(offset, bytes)
    }
    fn sync(&self) -> io::Result<()> {
        let began = Instant::now();
        self.file.sync()?;
        self.syncs.lock().unwrap_or_else(PoisonError::into_inner).push(began.elapsed());
        Ok(())
    }
}

impl Disk for Timed {
    fn lock(&self) -> io::Result<Option<Box<dyn Any + Send + Sync>>> {
        self.disk.lock()
    }
    fn names(&self) -> io::Result<Vec<String>> {
        self.disk.names()
    }
    fn create_segment(&self, name: &str, header: &[u8], bytes: u64) -> io::Result<()> {
        self.disk.create_segment(name, header, bytes)
    }
    fn open_segment(&self, name: &str) -> io::Result<Arc<dyn SegmentFile>> {
        Ok(Arc::new(TimedFile { file: self.disk.open_segment(name)?, syncs: self.syncs.clone() }))
    }
    fn read_file(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        self.disk.read_file(name)
    }
    fn replace_file(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.disk.replace_file(name, bytes)
    }
    fn put_derived(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.disk.put_derived(name, bytes)
    }
    fn remove_derived(&self, name: &str) -> io::Result<()> {
        self.disk.remove_derived(name)
    }
    fn free_bytes(&self) -> io::Result<u64> {
        self.disk.free_bytes()
    }
}

fn entry(number: u64, at: i64) -> Entry {
    let leaf = Leaf {
        version: LEAF_VERSION,
        kind: Kind::Outcome,
        at,
        node: String::new(),
        sequence: 0,
        request: format!("{number:032x}"),
        intent: Some(number),
        caller: "Agency".into(),
        agency: Some("bank-indus".into()),
        service: Some("identity.yes-no@1".into()),
        purpose: Some("KYC-101".into()),
        basis: Some("consent-7@1".into()),
        agreement: Some("agr-bank-indus@1".into()),
        status: 200,
        code: None,
        released: Vec::new(),
        withheld: Vec::new(),
        bundle: 1,
        directory: 1,
        rows: 1,
        bytes: 600,
        rate_version: Some("2026-1".into()),
        tariff: Some("yes-no".into()),
        amount: 2_500_000,
        commitments: Commitments {
            user: Some([1; 32].into()),
            address: Some([2; 32].into()),
            parameters: Some([3; 32].into()),
            subjects: Some([4; 32].into()),
            response: Some([5; 32].into()),
            decision_input: Some([6; 32].into()),
        },
        counted: 1,
        dry_run: false,
        unit: None,
        class: None,
        rated_at: None,
    };
    Entry { leaf, side: vec![7; SIDE_BYTES], closes: true }
}

/// CPU time that the process, and each of the log's threads, has used so far.
fn cpu() -> Vec<(String, Duration)> {
    let mut spent = Vec::new();
    let mut all = 0;
    for task in fs::read_dir("/proc/self/task").into_iter().flatten().flatten() {
        let read = |name: &str| fs::read_to_string(task.path().join(name)).unwrap_or_default();
        let nanos = read("schedstat").split(' ').next().and_then(|text| text.parse().ok()).unwrap_or(0);
        all += nanos;
        let name = read("comm");
        if name.starts_with("log-") {
            spent.push((name.trim().to_owned(), Duration::from_nanos(nanos)));
        }
    }
    spent.push(("all threads, submitters too".to_owned(), Duration::from_nanos(all)));
    spent
}

fn at_permille(sorted: &[Duration], permille: usize) -> Duration {
    sorted.get(sorted.len().saturating_sub(1) * permille / 1_000).copied().unwrap_or_default()
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let records: u64 = arguments.next().map_or(Ok(200_000), |text| text.parse())?;
    let own = std::env::temp_dir().join(format!("ijazat-log-rate-{}", std::process::id()));
    let dir = arguments.next().map_or(own, PathBuf::from);
    let outcome = measure(records, &dir);
    fs::remove_dir_all(&dir)?;
    outcome
}

fn measure(records: u64, dir: &Path) -> Result<(), Box<dyn Error>> {
    let syncs = Arc::new(Mutex::new(Vec::new()));
    let disk = Arc::new(Timed { disk: FsDisk::open(dir)?, syncs: syncs.clone() });
    let options = LogOptions::new(dir.to_owned(), "bench.example/node-1", "node-1", [7; 32], Arc::new(SystemClock));
    let log = Arc::new(SegmentLog::open_on(options, disk)?);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    // Everyone waits for a first record, so that the start is not measured.
    runtime.block_on(log.submit(entry(0, 0))?)?;
    let (began, before) = (Instant::now(), cpu());
    let mut waits = runtime.block_on(submit_all(&log, records))?;
    let (took, after) = (began.elapsed(), cpu());

    let seconds = took.as_secs_f64();
    println!(
        "{records} records in {seconds:.2} s at concurrency {CONCURRENCY}: {:.0} records/s",
        rate(records, seconds)
    );
    waits.sort_unstable();
    println!("wait for durability: p50 {:?}, p99 {:?}", at_permille(&waits, 500), at_permille(&waits, 990));
    let mut syncs = std::mem::take(&mut *syncs.lock().unwrap_or_else(PoisonError::into_inner));
    syncs.sort_unstable();
    println!("records for each fdatasync: {:.1}", rate(records, rate(syncs.len() as u64, 1.0)));
    println!("fdatasync: p50 {:?}, p99 {:?}", at_permille(&syncs, 500), at_permille(&syncs, 990));
    for ((name, then), (_, now)) in before.iter().zip(&after) {
        let micros = now.saturating_sub(*then).as_secs_f64() * 1e6;
        println!("CPU for each record, {name}: {:.2} µs", micros / rate(records, 1.0));
    }
    let vkey = log.verifier_key();
    log.close();
    let began = Instant::now();
    let report = verify(dir, &vkey)?;
    println!("verified {} entries in {:.2} s", report.entries, began.elapsed().as_secs_f64());
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
fn rate(count: u64, seconds: f64) -> f64 {
    count as f64 / seconds
}

/// Submits from [`CONCURRENCY`] tasks, each waiting for its record before the next; how long each waited.
async fn submit_all(log: &Arc<SegmentLog>, records: u64) -> Result<Vec<Duration>, Box<dyn Error>> {
    let mut tasks = Vec::new();
    for task in 0..CONCURRENCY {
        let log = log.clone();
        tasks.push(tokio::spawn(async move {
            let mut waits = Vec::new();
            for number in (task..records).step_by(usize::try_from(CONCURRENCY).unwrap_or(1)) {
                let at = SystemClock.now().micros();
                let began = Instant::now();
                log.submit(entry(number, at))?.await?;
                waits.push(began.elapsed());
            }
            Ok::<_, exchange::ports::record_log::LogUnavailable>(waits)
        }));
    }
    let mut waits = Vec::new();
    for task in tasks {
        waits.extend(task.await??);
    }
    Ok(waits)
}
