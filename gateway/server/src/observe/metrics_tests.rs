//! The text that Prometheus reads: names, types, labels, escapes, buckets; and that nothing personal is a label.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use proptest::prelude::*;

use super::*;

/// One line of the text: name, labels in order, value.
type Sample = (String, Vec<(String, String)>, f64);

fn samples(text: &str) -> Vec<Sample> {
    text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).map(sample).collect()
}

/// Reads a sample as the exposition format defines it, escapes too.
fn sample(line: &str) -> Sample {
    let name_end = line.find(['{', ' ']).unwrap();
    let (name, mut rest) = line.split_at(name_end);
    let mut labels = Vec::new();
    if let Some(inner) = rest.strip_prefix('{') {
        let mut chars = inner.char_indices();
        let mut key = String::new();
        let mut value: Option<String> = None;
        let end = loop {
            let (at, letter) = chars.next().unwrap();
            match (&mut value, letter) {
                (None, '}') => break at,
                (None, '=') => {
                    assert_eq!(chars.next().unwrap().1, '"');
                    value = Some(String::new());
                }
                (None, ',') => {}
                (None, letter) => key.push(letter),
                (Some(text), '\\') => text.push(match chars.next().unwrap().1 {
                    'n' => '\n',
                    other => other,
                }),
                (Some(_), '"') => labels.push((std::mem::take(&mut key), value.take().unwrap())),
                (Some(text), letter) => text.push(letter),
            }
        };
        rest = inner.split_at(end + 1).1;
    }
    let value = rest.trim();
    let number = match value {
        "+Inf" | "inf" => f64::INFINITY,
        other => other.parse().unwrap(),
    };
    (name.to_owned(), labels, number)
}

/// Moves every metric once, so that each family has a sample.
fn moved() -> Metrics {
    let metrics = Metrics::new().unwrap();
    metrics.request("identity.kyc", "released", "ok");
    metrics.phase("record", Duration::from_millis(1));
    metrics.in_flight.inc();
    metrics.connections.with_label_values(&["agency"]).set(1);
    metrics.handshakes_failed.with_label_values(&["revoked"]).inc();
    metrics.log_durable_size.set(1);
    metrics.log_batch.observe(3.0);
    metrics.log_fdatasync.observe(0.000_2);
    metrics.log_disk_left_days.set(90.0);
    metrics.certificate_expiry_days.with_label_values(&["server"]).set(30.0);
    metrics.crl_age.set(60);
    metrics.directory_generation.set(2);
    metrics.directory_stale.set(1);
    metrics.circuit_open.with_label_values(&["fbr"]).set(1);
    metrics.policy_errors.inc();
    metrics.rated.with_label_values(&["private"]).inc_by(35_000);
    metrics.ledger_reconciled.set(9);
    metrics.ledger_differs.with_label_values(&["leaves"]).set(0);
    metrics.quotas_alerting.set(1);
    metrics.agencies_held.set(1);
    metrics.sms_outbox_depth.set(4);
    metrics.sms_pieces.with_label_values(&["taken"]).inc();
    metrics.sms_link_down.set(1);
    metrics.notifications.with_label_values(&["ping", "taken"]).inc();
    metrics.shared_quota_leases.with_label_values(&["leased"]).inc();
    metrics
}

#[test]
fn every_metric_of_the_list_is_in_the_text_with_its_type_and_its_labels() {
    let metrics = moved();
    let text = metrics.render().unwrap();
    for line in metrics.list().lines() {
        let mut words = line.split(' ');
        let (name, kind, labels) = (words.next().unwrap(), words.next().unwrap(), words.next().unwrap());
        let help: Vec<&str> = words.collect();
        assert!(text.contains(&format!("# TYPE {name} {kind}\n")), "{name}");
        assert!(text.contains(&format!("# HELP {name} {}\n", help.join(" "))), "{name}");
        let wanted: BTreeSet<&str> =
            labels.trim_matches(['{', '}']).split(',').filter(|label| !label.is_empty()).collect();
        let stem = |sample: &str| {
            let short = ["_bucket", "_sum", "_count"].iter().find_map(|end| sample.strip_suffix(end));
            if kind == "histogram" { short.unwrap_or(sample).to_owned() } else { sample.to_owned() }
        };
        let own: Vec<_> = samples(&text).into_iter().filter(|(sample, ..)| stem(sample) == name).collect();
        assert!(!own.is_empty(), "{name} has no sample");
        for (sample, labels, _) in own {
            let named: BTreeSet<&str> = labels.iter().map(|(key, _)| key.as_str()).filter(|key| *key != "le").collect();
            assert_eq!(named, wanted, "{sample}");
        }
    }
    let listed = metrics.list().lines().count();
    assert_eq!(text.matches("# TYPE ").count(), listed, "nothing is rendered that the list does not name");
}

#[test]
fn names_say_their_unit_and_labels_are_few_and_name_nobody() {
    for line in Metrics::new().unwrap().list().lines() {
        let mut words = line.split(' ');
        let (name, kind, labels) = (words.next().unwrap(), words.next().unwrap(), words.next().unwrap());
        assert!(name.starts_with("ijazat_"), "{name}");
        assert_eq!(name.ends_with("_total"), kind == "counter", "{name}");
        if kind == "histogram" {
            assert!(["_seconds", "_entries"].iter().any(|unit| name.ends_with(unit)), "{name}");
        }
        let labels: Vec<&str> = labels.trim_matches(['{', '}']).split(',').collect();
        assert!(labels.len() <= 3, "{name}");
        for word in ["cnic", "user", "person", "subject", "address", "mobile", "request", "token"] {
            assert!(!labels.contains(&word), "{name} by {word}");
        }
    }
}

#[test]
fn buckets_rise_and_hold_what_was_observed_at_their_edges() {
    let metrics = Metrics::new().unwrap();
    for seconds in [10e-6, 10.1e-6, 1.0, 11.0] {
        metrics.log_fdatasync.observe(seconds);
    }
    for entries in [1.0, 2.0, 3.0, 1_024.0, 1_025.0] {
        metrics.log_batch.observe(entries);
    }
    let all = samples(&metrics.render().unwrap());
    let bucket = |name: &str, le: &str| {
        let wanted = format!("ijazat_{name}_bucket");
        let found =
            all.iter().find(|(known, labels, _)| *known == wanted && labels.iter().any(|(_, value)| value == le));
        found.unwrap_or_else(|| panic!("{name} has no bucket {le}")).2
    };
    let check = |name: &str, le: &str, count: f64| assert!((bucket(name, le) - count).abs() < 0.5, "{name} up to {le}");
    check("log_fdatasync_seconds", "0.00001", 1.0);
    check("log_fdatasync_seconds", "0.000025", 2.0);
    check("log_fdatasync_seconds", "0.25", 2.0);
    check("log_fdatasync_seconds", "1", 3.0);
    check("log_fdatasync_seconds", "10", 3.0);
    check("log_fdatasync_seconds", "+Inf", 4.0);
    check("log_batch_entries", "1", 1.0);
    check("log_batch_entries", "2", 2.0);
    check("log_batch_entries", "4", 3.0);
    check("log_batch_entries", "1024", 4.0);
    check("log_batch_entries", "+Inf", 5.0);
    for buckets in [SECONDS.as_slice(), BATCH.as_slice()] {
        assert!(buckets.windows(2).all(|two| two[0] < two[1]));
    }
}

#[test]
fn every_phase_is_measured_on_its_own() {
    let metrics = Metrics::new().unwrap();
    for (n, phase) in PHASES.into_iter().enumerate() {
        (0..=n).for_each(|_| metrics.phase(phase, Duration::from_millis(2)));
    }
    let all = samples(&metrics.render().unwrap());
    for (n, phase) in PHASES.into_iter().enumerate() {
        let count = all.iter().find(|(name, labels, _)| {
            name == "ijazat_phase_seconds_count" && labels.contains(&("phase".to_owned(), phase.to_owned()))
        });
        assert!((count.unwrap().2 - f64::from(u32::try_from(n).unwrap()) - 1.0).abs() < 0.1, "{phase}");
    }
}

#[test]
fn what_is_refreshed_is_as_fresh_as_the_rendering_and_in_order() {
    let metrics = Metrics::new().unwrap();
    let size = Arc::new(AtomicI64::new(1));
    let seen = Arc::clone(&size);
    metrics.before_render(move |metrics| metrics.log_durable_size.set(seen.load(Ordering::SeqCst)));
    metrics.before_render(|metrics| metrics.crl_age.set(metrics.log_durable_size.get() * 2));
    for now in [1, 7, 3] {
        size.store(now, Ordering::SeqCst);
        let text = metrics.render().unwrap();
        assert!(text.contains(&format!("ijazat_log_durable_size {now}\n")), "{text}");
        assert!(
            text.contains(&format!("ijazat_crl_age_seconds {}\n", 2 * now)),
            "a later refresh sees an earlier one's work"
        );
    }
}

#[test]
fn two_processes_metrics_do_not_meet() {
    let (one, other) = (moved(), Metrics::new().unwrap());
    assert!(one.render().unwrap().contains("ijazat_policy_errors_total 1"));
    assert!(other.render().unwrap().contains("ijazat_policy_errors_total 0"));
    assert_eq!(one.list(), other.list());
    assert!(one.list().lines().is_sorted());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_stands_in_a_label_is_read_back_as_it_was(service in "[ -~\n\u{600}-\u{6ff}]{0,20}", code in "[\"\\\\\n a-z]{0,8}") {
        let metrics = Metrics::new().unwrap();
        metrics.request(&service, "refused", &code);
        let text = metrics.render().unwrap();
        let lines: Vec<&str> = text.lines().filter(|line| line.starts_with("ijazat_requests_total")).collect();
        prop_assert_eq!(lines.len(), 1, "a line end in a label does not begin a line");
        let (_, labels, value) = sample(lines[0]);
        let label = |key: &str| labels.iter().find(|(known, _)| known == key).map(|(_, value)| value.clone());
        prop_assert_eq!(label("service"), Some(service));
        prop_assert_eq!(label("code"), Some(code));
        prop_assert!((value - 1.0).abs() < f64::EPSILON);
    }

    #[test]
    fn counts_add_up_whatever_their_labels(events in proptest::collection::vec((0_usize..3, 0_usize..3), 0..60)) {
        let metrics = Metrics::new().unwrap();
        let (services, codes) = (["a", "b", "none"], ["ok", "rate_limited", "internal"]);
        for (service, code) in &events {
            metrics.request(services[*service], "refused", codes[*code]);
        }
        let all: Vec<_> =
            samples(&metrics.render().unwrap()).into_iter().filter(|(name, ..)| name == "ijazat_requests_total").collect();
        let distinct: BTreeSet<_> = events.iter().collect();
        prop_assert_eq!(all.len(), distinct.len());
        let sum: f64 = all.iter().map(|(.., value)| value).sum();
        prop_assert!((sum - f64::from(u32::try_from(events.len()).unwrap())).abs() < 0.1);
    }
}
