//! A tehsil of as many households as a test wants, all of one kind.

use super::testing::run;
use crate::{
    date::{Day, PartialDate},
    household::{Household, HouseholdId, Membership, Relation, Surveyed},
    memory::MemoryStore,
    person::{PersonId, tests::adult},
    ports::store::{Batch, RegistryStore},
};

/// The tehsil, of the district Jhang.
pub(crate) const TEHSIL: &str = "New Town";

/// What its households own, in turn.
pub(crate) const ASSETS: [&str; 6] = ["Bicycle", "Car", "Two goats", "Computer", "Solar panel", "Sewing machine"];

/// A store with so many households: a head of 30 with a number, and a child of 4 without one; the n-th with 10 n
/// hundredths of a point and one asset.
pub(crate) fn town(households: u64) -> MemoryStore {
    let store = MemoryStore::keyed(&[5; 32]);
    let all: Vec<_> = (1..=households).collect();
    for part in all.chunks(1_000) {
        let mut batch = Batch::default();
        for &n in part {
            let mut head = adult(2 * n, &format!("30101{n:07}1"));
            head.birth = Day::new(1996, 1, 1).map(PartialDate::Day).unwrap();
            let mut child = adult(2 * n + 1, "3010112345671");
            child.identifiers.clear();
            child.birth = Day::new(2022, 1, 1).map(PartialDate::Day).unwrap();
            batch.households.push(household(n, [head.pid, child.pid]));
            batch.persons.extend([head, child]);
        }
        run(store.load(&batch)).unwrap();
    }
    store
}

fn household(n: u64, [head, child]: [PersonId; 2]) -> Household {
    let mut address = adult(1, "3010112345671").address;
    address.tehsil = TEHSIL.to_owned();
    Household {
        id: HouseholdId(n),
        address,
        position: None,
        pmt: u16::try_from(10 * n % 10_001).unwrap(),
        assets: vec![ASSETS[usize::try_from(n % 6).unwrap()].to_owned()],
        beneficiary: false,
        payments: Vec::new(),
        members: vec![
            Membership { pid: head, relation: Relation::Head, surveyed: Surveyed::default() },
            Membership { pid: child, relation: Relation::Son, surveyed: Surveyed::default() },
        ],
    }
}
