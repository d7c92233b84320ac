//! Holding the ledger against the log: each movement must be what the leaves that it follows from are rated at.
//!
//! A ledger that was changed consistently in itself, accounts and movements together, is found here: what its movements say
//! is read off the leaves once more, range by range, and what follows from no log must be a payment or a month's closing.

use std::{collections::BTreeMap, sync::Arc};

use exchange::{ledger::Batch, ports::record_log::RecordLog};

use super::{ControlStore, PostError, SqlError, damaged, poster::add_up};

/// Ranges of the log that one statement asks for.
const RANGES: i64 = 256;

/// Debited and credited account.
type Sides = (String, String);

/// How far the ledger was held against the log, and what was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compared {
    /// The entries before this one agree.
    pub upto: u64,
    /// What those of them are rated at, given or not, that stand behind the entry that the reconciler was told, milli-paisa.
    pub rated_milli_paisa: i64,
    /// The first difference; nothing beyond it was compared.
    pub difference: Option<Difference>,
}

/// A movement that says other than the leaves, or follows from nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Difference {
    /// Over a range of a node's log.
    #[error(
        "entries {from} to {to} of `{node}`: the ledger moves {ledger} milli-paisa from `{debit}` to `{credit}`, the log {log}"
    )]
    Range {
        /// The node.
        node: String,
        /// First entry.
        from: u64,
        /// Entry after the last.
        to: u64,
        /// Account debited.
        debit: String,
        /// Account credited.
        credit: String,
        /// Moved by the ledger.
        ledger: i64,
        /// By the leaves.
        log: i64,
    },
    /// A movement that is no payment, closes no month and stands for no entries of a log.
    #[error("movement `{0}` follows from nothing")]
    Origin(String),
}

/// Holds the ledger against one node's log, from where it stopped the last time.
#[derive(Debug)]
pub struct Reconciler {
    log: Arc<dyn RecordLog>,
    store: Arc<ControlStore>,
    since: u64,
    upto: u64,
    rated_milli_paisa: i64,
}

impl Reconciler {
    /// From the first entry of this log on; what is rated is summed from the entry `since` on.
    #[must_use]
    pub fn new(log: Arc<dyn RecordLog>, store: Arc<ControlStore>, since: u64) -> Self {
        Self { log, store, since, upto: 0, rated_milli_paisa: 0 }
    }

    /// Compares everything that is posted at the call and was not compared before.
    ///
    /// # Errors
    /// [`PostError`]: what agreed before is not asked again.
    pub async fn advance(&mut self) -> Result<Compared, PostError> {
        if let Some(id) = self.store.stray().await? {
            return Ok(self.compared(Some(Difference::Origin(id))));
        }
        let posted = self.store.posted(self.log.node()).await?;
        let durable = self.log.durable_size();
        if posted > durable {
            return Err(PostError::AheadOfLog { posted, durable });
        }
        while self.upto < posted {
            let ranges = self.store.ranges(self.log.node(), self.upto, posted).await?;
            for (to, ledger) in ranges {
                if let Some(difference) = self.range(to, ledger).await? {
                    return Ok(self.compared(Some(difference)));
                }
            }
        }
        Ok(self.compared(None))
    }

    fn compared(&self, difference: Option<Difference>) -> Compared {
        Compared { upto: self.upto, rated_milli_paisa: self.rated_milli_paisa, difference }
    }

    /// Compares the entries up to `to` with what the ledger moved for them.
    async fn range(&mut self, to: u64, ledger: BTreeMap<Sides, i64>) -> Result<Option<Difference>, PostError> {
        let from = self.upto;
        let batch = self.add_up((from, to)).await?;
        let leaves = sides(&batch, self.log.node(), (from, to));
        let differs = ledger.keys().chain(leaves.keys()).find(|sides| ledger.get(*sides) != leaves.get(*sides));
        if let Some(sides) = differs {
            let amount = |all: &BTreeMap<Sides, i64>| all.get(sides).copied().unwrap_or(0);
            let (ledger, log, (debit, credit)) = (amount(&ledger), amount(&leaves), sides.clone());
            let node = self.log.node().to_owned();
            return Ok(Some(Difference::Range { node, from, to, debit, credit, ledger, log }));
        }
        let rated = match self.since {
            since if since <= from => batch.rated(),
            since if since < to => self.add_up((since, to)).await?.rated(),
            _ => 0,
        };
        self.upto = to;
        self.rated_milli_paisa = self.rated_milli_paisa.saturating_add(rated);
        Ok(None)
    }

    async fn add_up(&self, range: (u64, u64)) -> Result<Batch, PostError> {
        let log = Arc::clone(&self.log);
        tokio::task::spawn_blocking(move || add_up(log.as_ref(), range)).await.map_err(|_| PostError::Stopped)?
    }
}

fn sides(batch: &Batch, node: &str, range: (u64, u64)) -> BTreeMap<Sides, i64> {
    let mut all = BTreeMap::new();
    for posting in batch.postings(node, range) {
        let sum: &mut i64 = all.entry((posting.debit.to_string(), posting.credit.to_string())).or_default();
        *sum = sum.saturating_add(posting.amount);
    }
    all
}

impl ControlStore {
    /// A movement that follows neither from a log, nor from a payment, nor from a month that was closed.
    async fn stray(&self) -> Result<Option<String>, SqlError> {
        let id = sqlx::query_scalar(
            "SELECT e.id FROM ledger_entry e WHERE e.node IS NULL AND substr(e.id, 1, 5) <> 'bank/' AND NOT EXISTS \
             (SELECT 1 FROM closed_month c WHERE e.id IN ( \
              'month/' || c.agency || '/' || c.month || '/' || CAST(c.place AS TEXT) || '/tax', \
              'month/' || c.agency || '/' || c.month || '/' || CAST(c.place AS TEXT) || '/adjustment')) \
             ORDER BY e.id LIMIT 1",
        );
        Ok(id.fetch_optional(self.database.pool()).await?)
    }

    /// What the ledger moved for the entries of a node's log from `from` on, by the ranges that it was posted in; the last
    /// range ends at `posted`, unless there are too many to ask for at once.
    async fn ranges(
        &self,
        node: &str,
        from: u64,
        posted: u64,
    ) -> Result<BTreeMap<u64, BTreeMap<Sides, i64>>, SqlError> {
        let place = |n: u64| i64::try_from(n).map_err(|_| damaged("place in the log"));
        let ends: Vec<i64> = sqlx::query_scalar(
            "SELECT log_to FROM ledger_entry WHERE node = $1 AND log_to > $2 AND log_to <= $3 \
             GROUP BY log_to ORDER BY log_to LIMIT $4",
        )
        .bind(node)
        .bind(place(from)?)
        .bind(place(posted)?)
        .bind(RANGES)
        .fetch_all(self.database.pool())
        .await?;
        let many = usize::try_from(RANGES).is_ok_and(|most| ends.len() >= most);
        let end = match ends.last() {
            Some(last) if many => *last,
            _ => place(posted)?,
        };
        let rows: Vec<(i64, String, String, i64)> = sqlx::query_as(
            "SELECT log_to, debit, credit, CAST(SUM(amount) AS BIGINT) FROM ledger_entry \
             WHERE node = $1 AND log_to > $2 AND log_to <= $3 GROUP BY log_to, debit, credit",
        )
        .bind(node)
        .bind(place(from)?)
        .bind(end)
        .fetch_all(self.database.pool())
        .await?;
        let mut ranges: BTreeMap<u64, BTreeMap<Sides, i64>> = BTreeMap::new();
        let number = |n: i64| u64::try_from(n).map_err(|_| damaged("place in the log"));
        // Whatever is not charged for behind the last movement is compared too.
        ranges.insert(number(end)?, BTreeMap::new());
        for (to, debit, credit, amount) in rows {
            ranges.entry(number(to)?).or_default().insert((debit, credit), amount);
        }
        Ok(ranges)
    }
}
