//! A range of one node's log as movements: the ledger is a function of the log.

use std::collections::BTreeMap;

use super::{Account, Posting, Usage};
use crate::{
    ids::AgencyId,
    record::leaf::{Kind, Leaf},
    statement::billed,
    tariff::Class,
};

/// What one entry says of its request: what it drew from what was held for it, and whether it is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drawn {
    /// The request.
    pub request: String,
    /// What its agency owes of it, milli-paisa.
    pub amount: i64,
    /// What it used of quotas, given or not.
    pub usage: Usage,
    /// Whether the request is over, so that nothing is held for it any more.
    pub over: bool,
    /// Where its answer stands; `None` while it is not over, and of what ended otherwise.
    pub answered: Option<u64>,
}

/// Entries of one node, added up by agency and class.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    sums: BTreeMap<(AgencyId, Option<Class>), i64>,
    /// What each request drew, in the order of the log.
    pub drawn: Vec<Drawn>,
}

impl Batch {
    /// Adds the next entry of the log.
    pub fn add(&mut self, leaf: &Leaf) {
        let item = billed(leaf);
        let agency = leaf.agency.as_deref().and_then(|agency| AgencyId::parse(agency).ok());
        let given = leaf.class.is_some_and(Class::is_gratis);
        let amount = item.as_ref().map_or(0, |item| item.amount_milli_paisa);
        if matches!(leaf.kind, Kind::Outcome | Kind::Part) {
            let over = leaf.kind == Kind::Outcome;
            let left = leaf.code.is_none() && !leaf.dry_run;
            let usage = Usage { rows: i64::from(leaf.rows), calls: 1, milli_paisa: amount };
            self.drawn.push(Drawn {
                request: leaf.request.clone(),
                amount: if given { 0 } else { amount },
                usage: if left { usage } else { Usage::default() },
                over,
                answered: (over && left).then_some(leaf.sequence),
            });
        }
        if let Some(agency) = agency.filter(|_| amount != 0) {
            let sum = self.sums.entry((agency, leaf.class)).or_default();
            *sum = sum.saturating_add(amount);
        }
    }

    /// What all of it is rated at, milli-paisa, given or not.
    #[must_use]
    pub fn rated(&self) -> i64 {
        self.sums.values().fold(0, |all: i64, amount| all.saturating_add(*amount))
    }

    /// The movements of the entries `from..to` of a node: each agency is charged what its answers were rated at; what is
    /// given is offset by an account that tells its value.
    #[must_use]
    pub fn postings(&self, node: &str, (from, to): (u64, u64)) -> Vec<Posting> {
        let mut all = Vec::new();
        for ((agency, class), amount) in &self.sums {
            let named = class.map_or("unclassed", Class::as_str);
            let id = format!("log/{node}/{from}-{to}/{agency}/{named}");
            let payer = Account::Agency(agency.clone());
            let revenue = Account::Revenue(class.map(Class::column));
            all.push(Posting { id: id.clone(), debit: payer.clone(), credit: revenue, amount: *amount });
            if class.is_some_and(Class::is_gratis) {
                let debit = Account::Given(agency.clone());
                all.push(Posting { id: format!("{id}/given"), debit, credit: payer, amount: *amount });
            }
        }
        all
    }
}
