//! What the installation says afterwards: its log, its ledger, its index, against what the clients hold.

use std::{collections::HashMap, sync::Arc};

use adapters::{
    clock::{ManualClock, SystemClock},
    sql::{
        control::{Poster, Reconciler},
        index::{Indexer, Opener},
    },
};
use exchange::{
    ids::AgencyId,
    ports::{clock::Clock as _, directory_source::DirectorySource as _, record_log::RecordLog},
    record::leaf::Leaf,
    statement::{Bill, Bills, rate_again, rated},
};
use gateway::compose::{Keys, World, stores};
use tests::world::Broken;

use crate::{
    Room,
    client::Resolved,
    paper::{self, Paper},
};

#[derive(Debug)]
pub struct Verdict {
    pub charged: u64,
    pub rated_milli_paisa: i64,
    pub entries: u64,
    pub paper: Paper,
}

pub async fn of(room: &Room, resolved: &Resolved) -> Result<Verdict, Broken> {
    let config = &room.config;
    // Everything that was held is overdue by then.
    let clock = Arc::new(ManualClock::new(SystemClock.now().plus_seconds(600)));
    let host = World { clock, ..World::host() };
    let keys = Keys::open(config, host.entropy.as_ref())?;
    let store = stores::control(config, &host, &keys).await?;
    let log = stores::log(config, &host, &keys, Arc::new(adapters::log::Unobserved))?;
    let leaves = leaves(log.as_ref())?;
    let charged: HashMap<u64, i64> =
        leaves.iter().filter(|leaf| rated(leaf) != 0).map(|leaf| (leaf.sequence, leaf.amount)).collect();
    let sum: i64 = charged.values().sum();
    // The clients: each key is charged once, and each receipt is one of the charges.
    assert_eq!(charged.len() as u64, resolved.keys, "a charge for each key: {resolved:?}");
    assert_eq!(resolved.receipts.len() as u64 + resolved.spent, resolved.keys);
    for receipt in &resolved.receipts {
        let amount = charged.get(&receipt.sequence).unwrap_or_else(|| panic!("{receipt:?} is charged"));
        assert!(receipt.amount.is_none_or(|told| told == *amount), "{receipt:?}: {amount}");
    }
    // The ledger.
    let durable: Arc<dyn RecordLog> = log.clone();
    Poster::new(Arc::clone(&durable), Arc::clone(&store)).catch_up().await?;
    let books = store.books().await?;
    assert_eq!(books.fault(), None);
    assert!(books.held.is_empty(), "{:?}", books.held);
    let bisp = AgencyId::parse("bisp")?;
    assert_eq!(books.accounts[&format!("agency/{bisp}")].debits, sum, "the ledger is the leaves");
    let compared = Reconciler::new(Arc::clone(&durable), Arc::clone(&store), 0).advance().await?;
    assert_eq!((compared.difference, compared.rated_milli_paisa), (None, sum));
    // The bill, recomputed from the leaves with the books and classes alone; and the index's.
    let (_, data) = store.read().await?;
    let classes = data.billing_classes();
    let mut bills = Bills::default();
    for leaf in &leaves {
        rate_again(leaf, &data.rate_books, &classes)?;
        bills.add(leaf);
    }
    let index = stores::index(config).await?;
    Indexer::new(Opener::new(durable, keys.side()?), index.clone()).catch_up().await?;
    let bills: Vec<_> = bills.bills().collect();
    for bill in &bills {
        assert_eq!(index.usage(&bill.agency, bill.month).await?, *bill);
    }
    assert_eq!(bills.iter().map(Bill::payable_milli_paisa).sum::<i64>(), sum);
    log.close();
    // The statement that is signed, one for each month that the run touched.
    let mut paper = Paper::default();
    for bill in &bills {
        paper.add(&paper::of(&room.serve, &room.paper, &data, bill, &leaves).await?);
    }
    assert_eq!((paper.received, paper.unreceived), (resolved.receipts.len() as u64, resolved.spent));
    Ok(Verdict { charged: charged.len() as u64, rated_milli_paisa: sum, entries: leaves.len() as u64, paper })
}

fn leaves(log: &dyn RecordLog) -> Result<Vec<Leaf>, Broken> {
    let mut leaves = Vec::new();
    loop {
        let entries = log.read(leaves.len() as u64, 1_000)?;
        if entries.is_empty() {
            return Ok(leaves);
        }
        for entry in entries {
            leaves.push(Leaf::from_bytes(&entry.leaf)?);
        }
    }
}
