//! Warnings against a plain reckoning of when they are due, and what the gauges show at each look.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::pki::{DAY_S, testing::Fixture};

/// A certificate of this serial that ends so many days after the start of time.
fn ending(serial: &str, days: i64) -> Facts {
    let at = |seconds: i64| Timestamp::from_micros(seconds * 1_000_000);
    Facts {
        serial: serial.to_owned(),
        not_before: at(0),
        not_after: at(days * DAY_S),
        agency: None,
        spki_sha256: String::new(),
    }
}

fn day(number: i64) -> Timestamp {
    Timestamp::from_micros(number * DAY_S * 1_000_000)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn however_often_one_looks_each_threshold_is_told_once(mut looks in proptest::collection::vec(0_i64..140, 1..60)) {
        looks.sort_unstable();
        let (mut watch, metrics) = (ExpiryWatch::default(), Metrics::new().unwrap());
        let certificate = ending("1", 100);
        let mut told = Vec::new();
        for look in &looks {
            if let Some(left) = watch.look("server", &certificate, day(*look), &metrics) {
                prop_assert_eq!(left, 100 - look);
                told.push(threshold(left).unwrap());
            }
        }
        let due: BTreeSet<i64> = looks.iter().filter_map(|look| threshold(100 - look)).collect();
        let once: BTreeSet<i64> = told.iter().copied().collect();
        prop_assert_eq!(once.len(), told.len(), "none twice");
        prop_assert_eq!(once, due, "none left out");
    }

    #[test]
    fn a_threshold_is_the_nearest_that_was_reached(left in -400_i64..400) {
        match threshold(left) {
            None => prop_assert!(left > 30),
            Some(due) if left < 0 => prop_assert_eq!(due, left),
            Some(due) => {
                prop_assert!(WARN_DAYS.contains(&due) && left <= due);
                prop_assert!(WARN_DAYS.iter().all(|other| *other >= due || *other < left));
            }
        }
    }
}

#[test]
fn holders_and_certificates_are_told_apart() {
    let (mut watch, metrics) = (ExpiryWatch::default(), Metrics::new().unwrap());
    let now = day(80);
    let mut look = |holder: &str, serial: &str| watch.look(holder, &ending(serial, 100), now, &metrics);
    assert_eq!(look("server", "1"), Some(20));
    assert_eq!(look("server", "1"), None);
    assert_eq!(look("internal", "1"), Some(20), "the same serial of another holder");
    assert_eq!(look("server", "2"), Some(20), "another certificate of the same holder");
    assert_eq!(look("server", "1"), None, "which does not make the first one news again");
}

#[test]
fn the_gauge_follows_the_certificate_that_was_looked_at_last() {
    let (mut watch, metrics) = (ExpiryWatch::default(), Metrics::new().unwrap());
    let mut shown = |facts: &Facts, now: Timestamp| {
        watch.look("bank-indus", facts, now, &metrics);
        let text = metrics.render().unwrap();
        let line =
            text.lines().find_map(|line| line.strip_prefix(r#"ijazat_certificate_expiry_days{holder="bank-indus"} "#));
        line.unwrap().to_owned()
    };
    assert_eq!(shown(&ending("1", 100), day(10)), "90");
    assert_eq!(shown(&ending("1", 100), day(100)), "0");
    assert_eq!(shown(&ending("1", 100), day(103)), "-3");
    assert_eq!(shown(&ending("2", 465), day(103)), "362");
}

#[test]
fn when_the_clock_goes_back_beyond_all_thresholds_warnings_begin_anew() {
    let (mut watch, metrics) = (ExpiryWatch::default(), Metrics::new().unwrap());
    let certificate = ending("1", 100);
    assert_eq!(watch.look("server", &certificate, day(95), &metrics), Some(5));
    assert_eq!(watch.look("server", &certificate, day(20), &metrics), None);
    assert_eq!(watch.look("server", &certificate, day(95), &metrics), Some(5));
}

#[test]
fn the_age_of_the_list_is_counted_from_its_issue_and_stays_when_the_file_is_broken() {
    let fixture = Fixture::new();
    let state = fixture.folder.path().display().to_string();
    let config = crate::config::Config::load(None, [("IJAZAT__NODE__STATE_DIR".to_owned(), state)]).unwrap();
    let pki = |name: &str| fixture.folder.path().join(name);
    let tls = Tls {
        server_cert: pki("server.pem"),
        internal_cert: pki("internal.pem"),
        client_crl: pki("client-ca.crl"),
        ..config.tls
    };
    let metrics = Metrics::new().unwrap();
    let mut watch = ExpiryWatch::default();
    let start = fixture.clock_now();
    let mut look = |seconds: i64| {
        look_at_files(&mut watch, &tls, start.plus_seconds(seconds), &metrics);
        metrics.crl_age.get()
    };
    assert_eq!(look(0), 0);
    assert_eq!(look(3_600), 3_600);
    fixture.clock.advance(4_000);
    fixture.authorities.client.crl_pem(&fixture.clock).unwrap();
    assert_eq!(look(4_000), 0, "a new list is young again");
    fs::write(pki("client-ca.crl"), "broken").unwrap();
    assert_eq!(look(9_000), 0, "what cannot be read says nothing new");
    let text = metrics.render().unwrap();
    for holder in ["server", "internal"] {
        assert!(text.contains(&format!(r#"ijazat_certificate_expiry_days{{holder="{holder}"}} 364"#)), "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_watch_looks_at_once_and_then_every_hour() {
    let fixture = Fixture::new();
    let state = fixture.folder.path().display().to_string();
    let config = crate::config::Config::load(None, [("IJAZAT__NODE__STATE_DIR".to_owned(), state)]).unwrap();
    let tls = Tls { client_crl: fixture.folder.path().join("client-ca.crl"), ..config.tls };
    let metrics = Arc::new(Metrics::new().unwrap());
    let clock: Arc<dyn Clock> = Arc::new(fixture.clock.clone());
    fixture.clock.advance(10);
    let watching = tokio::spawn(watch(tls, clock, Arc::clone(&metrics)));
    let age_after = async |wait: Duration| {
        fixture.clock.advance(i64::try_from(wait.as_secs()).unwrap());
        tokio::time::advance(wait).await;
        for _ in 0..5 {
            tokio::task::yield_now().await;
        }
        metrics.crl_age.get()
    };
    assert_eq!(age_after(Duration::ZERO).await, 10);
    assert_eq!(age_after(Duration::from_secs(3_599)).await, 10, "not before the hour");
    assert_eq!(age_after(Duration::from_secs(2)).await, 3_611);
    watching.abort();
}
