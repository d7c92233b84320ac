//! Warns before a certificate runs out: once at each of 30, 14, 7 and 1 days, and each day after the last.

use std::{collections::HashMap, fs, path::PathBuf, sync::Arc, time::Duration};

use exchange::{ports::clock::Clock, timestamp::Timestamp};

use super::metrics::Metrics;
use crate::{
    config::Tls,
    pki::{self, Facts},
};

/// Days before the end at which a warning is due, farthest first.
pub const WARN_DAYS: [i64; 4] = [30, 14, 7, 1];

/// The nearest threshold that was reached: `Some(7)` with five days left, `None` with forty. After the end, the negative
/// number of days since, so that each such day is a threshold of its own.
#[must_use]
pub fn threshold(days_left: i64) -> Option<i64> {
    if days_left < 0 {
        return Some(days_left);
    }
    WARN_DAYS.into_iter().filter(|days| days_left <= *days).min()
}

/// Between two looks at the files: a warning counts days.
const LOOK_EVERY: Duration = Duration::from_hours(1);

/// Looks at this process's own certificates and revocation list from time to time, without end.
pub async fn watch(tls: Tls, clock: Arc<dyn Clock>, metrics: Arc<Metrics>) {
    let mut watch = ExpiryWatch::default();
    let mut tick = tokio::time::interval(LOOK_EVERY);
    loop {
        tick.tick().await;
        look_at_files(&mut watch, &tls, clock.now(), &metrics);
    }
}

/// Files that are not there or not certificates are whoever reads them first's to tell of.
fn look_at_files(watch: &mut ExpiryWatch, tls: &Tls, now: Timestamp, metrics: &Metrics) {
    let read = |path: &PathBuf| fs::read_to_string(path).ok();
    for (holder, path) in [("server", &tls.server_cert), ("internal", &tls.internal_cert)] {
        if let Some(facts) = read(path).and_then(|pem| pki::facts(&pem).ok()) {
            watch.look(holder, &facts, now, metrics);
        }
    }
    if let Some((issued, _)) = read(&tls.client_crl).and_then(|pem| pki::list_dates(&pem)) {
        metrics.crl_age.set(now.seconds() - issued.seconds());
    }
}

/// Remembers which warnings were given, and keeps the gauge of days up to date.
#[derive(Debug, Default)]
pub struct ExpiryWatch {
    warned: HashMap<(String, String), i64>,
}

impl ExpiryWatch {
    /// Looks at one certificate of a holder: `server`, `internal` or an agency's name. Returns the days left when a warning
    /// was due, and logs it. A new certificate of the same holder starts afresh.
    pub fn look(&mut self, holder: &str, facts: &Facts, now: Timestamp, metrics: &Metrics) -> Option<i64> {
        let left = facts.days_left(now);
        // A gauge is a float; days fit exactly.
        let shown = i32::try_from(left).map_or(f64::INFINITY, f64::from);
        metrics.certificate_expiry_days.with_label_values(&[holder]).set(shown);
        let key = (holder.to_owned(), facts.serial.clone());
        let Some(due) = threshold(left) else {
            self.warned.remove(&key);
            return None;
        };
        if self.warned.insert(key, due) == Some(due) {
            return None;
        }
        if left < 0 {
            tracing::error!(holder, serial = facts.serial, days_left = left, "certificate has run out");
        } else {
            tracing::warn!(holder, serial = facts.serial, days_left = left, "certificate runs out soon");
        }
        Some(left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pki::{DAY_S, facts, testing::Fixture};

    #[test]
    fn a_warning_is_due_at_each_threshold() {
        let check = |left, expected| assert_eq!(threshold(left), expected, "{left} days");
        check(31, None);
        check(30, Some(30));
        check(15, Some(30));
        check(14, Some(14));
        check(7, Some(7));
        check(2, Some(7));
        check(1, Some(1));
        check(0, Some(1));
        check(-1, Some(-1));
    }

    #[test]
    fn the_files_of_a_process_are_looked_at_whether_all_are_there_or_not() {
        let fixture = Fixture::new();
        let state = fixture.folder.path().display().to_string();
        let config = crate::config::Config::load(None, [("IJAZAT__NODE__STATE_DIR".to_owned(), state)]).unwrap();
        let pki = |name: &str| fixture.folder.path().join(name);
        let tls = Tls { server_cert: pki("server.pem"), client_crl: pki("client-ca.crl"), ..config.tls };
        let metrics = Metrics::new().unwrap();
        let now = fixture.clock_now().plus_seconds(60);
        look_at_files(&mut ExpiryWatch::default(), &tls, now, &metrics);
        let text = metrics.render().unwrap();
        assert!(text.contains(r#"ijazat_certificate_expiry_days{holder="server"} 364"#), "{text}");
        assert!(text.contains("ijazat_crl_age_seconds 60"), "{text}");
        assert!(!text.contains(r#"holder="internal""#), "{text}");
    }

    #[test]
    fn each_warning_comes_once_and_a_new_certificate_starts_afresh() {
        let fixture = Fixture::new();
        let (mut watch, metrics) = (ExpiryWatch::default(), Metrics::new().unwrap());
        let start = fixture.clock_now();
        let first = facts(&fixture.client()).unwrap();
        let mut given = Vec::new();
        for day in 0..=32 {
            given.extend(watch.look("bank-indus", &first, start.plus_seconds(day * DAY_S), &metrics));
        }
        assert_eq!(given, [30, 14, 7, 1, -1, -2]);
        let second = facts(&fixture.client()).unwrap();
        assert_eq!(watch.look("bank-indus", &second, start.plus_seconds(20 * DAY_S), &metrics), Some(10));
        assert!(metrics.render().unwrap().contains(r#"ijazat_certificate_expiry_days{holder="bank-indus"} 10"#));
    }
}

#[cfg(test)]
#[path = "expiry_tests.rs"]
mod laws;
