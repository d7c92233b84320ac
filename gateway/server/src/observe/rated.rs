//! Counting what answers are rated at as they are recorded, apart from the ledger, so that the two can be held against each
//! other.

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    task::{Context, Poll},
};

use exchange::{
    ports::record_log::{Durable, Entry, InclusionProof, LogUnavailable, RecordLog, StoredEntry},
    statement::rated,
    tariff::Class,
};
use prometheus::IntCounter;

use super::metrics::Metrics;

/// What this process counted since it began, milli-paisa.
#[derive(Debug, Default)]
pub struct Counted(AtomicI64);

impl Counted {
    /// The sum over all classes.
    #[must_use]
    pub fn total(&self) -> i64 {
        self.0.load(Ordering::Acquire)
    }
}

/// A log that counts what is recorded in it.
#[derive(Debug)]
pub struct RatedLog {
    log: Arc<dyn RecordLog>,
    metrics: Arc<Metrics>,
    counted: Arc<Counted>,
}

impl RatedLog {
    /// Counts what is recorded in this log.
    #[must_use]
    pub fn new(log: Arc<dyn RecordLog>, metrics: Arc<Metrics>) -> (Self, Arc<Counted>) {
        let counted = Arc::new(Counted::default());
        (Self { log, metrics, counted: Arc::clone(&counted) }, counted)
    }

    fn tally(&self, entry: &Entry) -> Option<Tally> {
        let amount = rated(&entry.leaf);
        let class = entry.leaf.class.map_or("none", Class::as_str);
        (amount > 0).then(|| Tally {
            amount,
            metric: self.metrics.rated.with_label_values(&[class]),
            counted: Arc::clone(&self.counted),
        })
    }
}

/// One amount that waits for its entry to be durable. Dropped before, it counts: an entry is not taken back by whoever stops
/// waiting for it.
struct Tally {
    amount: i64,
    metric: IntCounter,
    counted: Arc<Counted>,
}

impl Drop for Tally {
    fn drop(&mut self) {
        self.metric.inc_by(u64::try_from(self.amount).unwrap_or(0));
        self.counted.0.fetch_add(self.amount, Ordering::AcqRel);
    }
}

struct Waiting {
    durable: Durable,
    tally: Option<Tally>,
}

impl Future for Waiting {
    type Output = <Durable as Future>::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let done = std::task::ready!(self.durable.as_mut().poll(cx));
        if let Some(mut tally) = self.tally.take()
            && done.is_err()
        {
            // It was not recorded, so nothing is counted.
            tally.amount = 0;
        }
        Poll::Ready(done)
    }
}

impl RecordLog for RatedLog {
    fn submit(&self, entry: Entry) -> Result<Durable, LogUnavailable> {
        let Some(tally) = self.tally(&entry) else { return self.log.submit(entry) };
        match self.log.submit(entry) {
            Ok(durable) => Ok(Box::pin(Waiting { durable, tally: Some(tally) })),
            Err(error) => {
                let mut nothing = tally;
                nothing.amount = 0;
                Err(error)
            }
        }
    }

    fn submit_unawaited(&self, entry: Entry) -> Result<(), LogUnavailable> {
        let mut tally = self.tally(&entry);
        let done = self.log.submit_unawaited(entry);
        if let (Err(_), Some(tally)) = (&done, &mut tally) {
            tally.amount = 0;
        }
        done
    }

    fn durable_size(&self) -> u64 {
        self.log.durable_size()
    }

    fn origin(&self) -> &str {
        self.log.origin()
    }

    fn node(&self) -> &str {
        self.log.node()
    }

    fn read(&self, from: u64, count: usize) -> Result<Vec<StoredEntry>, LogUnavailable> {
        self.log.read(from, count)
    }

    fn prove(&self, sequence: u64) -> Result<InclusionProof, LogUnavailable> {
        self.log.prove(sequence)
    }

    fn checkpoint(&self) -> Result<String, LogUnavailable> {
        self.log.checkpoint()
    }

    fn verifier_key(&self) -> String {
        self.log.verifier_key()
    }

    fn healthy(&self) -> Result<(), LogUnavailable> {
        self.log.healthy()
    }
}
