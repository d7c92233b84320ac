//! The signed statement of what was asked: issued by the product's own command, recomputed by the command that agencies
//! have, and held against the receipts that the clients kept.

use std::{collections::BTreeSet, fs, path::Path};

use exchange::{
    directory::DirectoryData,
    record::leaf::Leaf,
    statement::{
        Bill, Issued, PublicKeys, Receipt, Statement,
        dispute::{Difference, Leaves, compare},
    },
};
use tests::{process::Serve, world::Broken};

/// What the paper says, of one month or of several together.
#[derive(Debug, Default)]
pub struct Paper {
    pub entries: u64,
    /// With tax, paisa.
    pub total_paisa: i64,
    /// Entries that a receipt of a client names, by itself or as what it repeats.
    pub received: u64,
    /// Entries of which no client has a receipt.
    pub unreceived: u64,
}

impl Paper {
    pub fn add(&mut self, month: &Self) {
        self.entries += month.entries;
        self.total_paisa += month.total_paisa;
        self.received += month.received;
        self.unreceived += month.unreceived;
    }
}

/// Issues the month of a bill that was summed from these leaves. Nothing serves while it does.
pub async fn of(
    serve: &Serve,
    folder: &Path,
    data: &DirectoryData,
    bill: &Bill,
    leaves: &[Leaf],
) -> Result<Paper, Broken> {
    let (month, agency) = (bill.month.to_string(), bill.agency.as_str());
    let out = folder.join(&month);
    let path = |name: &str| out.join(name).display().to_string();
    let shown = out.display().to_string();
    serve.run(&["bill", "issue", "--month", &month, "--agency", agency, "--so-far", "--out", &shown]).await?;
    let (note, terms, proofs, keys) =
        (path("statement.note"), path("terms.note"), path("leaves.ndjson"), path("keys.txt"));
    let recompute =
        ["bill", "recompute", "--statement", &note, "--terms", &terms, "--leaves", &proofs, "--keys", &keys];
    let told = serve.run(&recompute).await?;
    assert!(told.ends_with("OK: signatures, proofs, rates, lines, taxes, total and root hold\n"), "{told}");
    let keys = PublicKeys::parse(&fs::read_to_string(keys)?)?;
    let issued = Issued::open(&fs::read_to_string(note)?, &keys.statements)?.body;
    // To the paisa what the sum of the leaves comes to, by the books of the directory.
    assert_eq!(issued.statement, Statement::price(bill, &data.rate_books)?);
    let receipts = receipts(folder)?;
    let (received, unreceived) = held_against(&receipts, &issued, leaves);
    Ok(Paper { entries: issued.entries(), total_paisa: issued.statement.total_paisa, received, unreceived })
}

/// Every receipt that a client wrote down.
fn receipts(folder: &Path) -> Result<Vec<Receipt>, Broken> {
    let mut receipts = Vec::new();
    for file in fs::read_dir(folder)? {
        let path = file?.path();
        if path.extension().is_some_and(|ending| ending == "receipts") {
            for line in fs::read_to_string(path)?.lines() {
                receipts.push(Receipt::parse(line)?);
            }
        }
    }
    Ok(receipts)
}

/// How many entries have a receipt, and how many have none; nothing else differs.
fn held_against(receipts: &[Receipt], issued: &Issued, leaves: &[Leaf]) -> (u64, u64) {
    let origin = &issued.covered.first().expect("one log").origin;
    let leaves: Leaves = leaves.iter().map(|leaf| ((origin.clone(), leaf.sequence), leaf.clone())).collect();
    let mut unreceived = 0;
    for difference in compare(receipts, issued, &leaves).differences {
        match difference {
            // Answered and lost, and repeated so often that the door tells of it no more.
            Difference::Extra { from, until, .. } => unreceived += until - from,
            other => panic!("{other}"),
        }
    }
    let named = receipts.iter().map(|receipt| receipt.replay_of.unwrap_or(receipt.index));
    let named: BTreeSet<u64> = named.filter(|index| issued.lists(origin, *index)).collect();
    (named.len() as u64, unreceived)
}
