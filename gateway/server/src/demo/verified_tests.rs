//! The log is read whole, in batches, and a leaf that is none is not passed over.

use exchange::record::leaf::Kind;

use super::*;
use crate::routes::trial::{MemoryLog, leaf};

fn log_of(entries: usize) -> MemoryLog {
    let log = MemoryLog::default();
    for n in 0..entries {
        let agency = if n % 3 == 0 { "telco-sarhad" } else { "bank-indus" };
        let kind = if n % 2 == 0 { Kind::Outcome } else { Kind::Intent };
        log.put(leaf(kind, &format!("r{n}"), agency), 1);
    }
    log
}

#[test]
fn every_leaf_is_read_once_and_in_order_at_each_edge_of_a_batch() {
    for entries in [0, 1, BATCH - 1, BATCH, BATCH + 1, 2 * BATCH, 2 * BATCH + 7] {
        let read = leaves(&log_of(entries)).unwrap();
        assert_eq!(read.len(), entries);
        let wrong = read.iter().enumerate().find(|(at, leaf)| leaf.request != format!("r{at}"));
        assert!(wrong.is_none(), "{entries}: {wrong:?}");
    }
}

#[test]
fn the_bill_of_the_leaves_counts_the_agencys_own_outcomes_of_the_month() {
    let log = log_of(2 * BATCH);
    let read = leaves(&log).unwrap();
    let at = exchange::timestamp::Timestamp::from_micros(read[0].at);
    let month = Month::parse(&at.karachi_month()).unwrap();
    let total =
        |agency: &str, month| recompute(read.iter(), &AgencyId::parse(agency).unwrap(), month).payable_milli_paisa();
    let outcomes = |agency: &str| {
        let own = read.iter().filter(|leaf| leaf.agency.as_deref() == Some(agency) && leaf.kind == Kind::Outcome);
        i64::try_from(own.count()).unwrap()
    };
    assert_eq!(total("bank-indus", month), outcomes("bank-indus") * 35_000);
    assert_eq!(total("telco-sarhad", month), outcomes("telco-sarhad") * 35_000);
    assert!(outcomes("bank-indus") > outcomes("telco-sarhad"));
    assert_eq!(total("bisp", month), 0);
    assert_eq!(total("bank-indus", Month::parse("2001-01").unwrap()), 0);
}

#[tokio::test]
async fn a_story_whose_gateway_cannot_be_reached_fails_its_step_and_says_why() {
    crate::tls::install_provider();
    let place = crate::pki::testing::Folder::new();
    let env = ("IJAZAT__NODE__STATE_DIR".to_owned(), place.path().display().to_string());
    let config = Config::load(None, [env]).unwrap();
    let world = crate::compose::World::host();
    let credentials = crate::demo::world::certificates(&config, &world).unwrap();
    let cast = crate::demo::world::cast(&crate::compose::seed::Seeded {
        persons: 2_000,
        households: 0,
        contacts: 0,
        notable: registry_core::population::Population::new(1, 2_000).notable(),
    })
    .unwrap();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nowhere = free.local_addr().unwrap();
    drop(free);
    let stage =
        crate::demo::world::stage(&config, &world, (nowhere, nowhere), cast, credentials, String::new()).await.unwrap();
    let mut told = Told::new(Box::new(std::io::sink()));
    log_and_bill(&config, &stage, &log_of(1), &mut told).await;
    assert!(!told.ok());
    let steps: Vec<_> = told.steps().iter().map(|step| (step.name.as_str(), step.ok)).collect();
    assert_eq!(steps, [("the log verifies", false)], "no bill is compared with a log that was not verified");
    assert!(told.steps()[0].detail.starts_with("connect: "), "{}", told.steps()[0].detail);
}
