//! Numbers for operators: every handle made once, few labels, nothing that names a person.

use std::{collections::HashMap, fmt, sync::Mutex, time::Duration};

use adapters::log::LogObserver;
use prometheus::{
    Gauge, GaugeVec, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts,
    Registry, TextEncoder,
};

/// A metric could not be made or rendered: a mistake in this file, found by its tests.
#[derive(Debug, thiserror::Error)]
#[error("metrics: {0}")]
pub struct MetricsError(#[from] prometheus::Error);

/// Something that brings gauges up to date just before they are rendered.
type Refresh = Box<dyn Fn(&Metrics) + Send + Sync>;

/// Seconds: from ten microseconds, an in-process answer, to ten seconds, a slow upstream.
const SECONDS: [f64; 16] =
    [10e-6, 25e-6, 50e-6, 100e-6, 250e-6, 500e-6, 1e-3, 2.5e-3, 5e-3, 10e-3, 25e-3, 100e-3, 250e-3, 1.0, 2.5, 10.0];

/// Entries of one batch of the log, up to its bound.
const BATCH: [f64; 11] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0];

/// The ten phases, as label values of `phase_seconds`.
pub const PHASES: [&str; 10] =
    ["identify", "limit", "route", "authorise", "reserve", "forward", "filter", "meter", "record", "release"];

/// All metrics of one process.
pub struct Metrics {
    registry: Registry,
    list: Vec<String>,
    refresh: Mutex<Vec<Refresh>>,
    phases: HashMap<&'static str, Histogram>,
    /// Requests answered, by service, decision and code.
    pub requests: IntCounterVec,
    /// Requests being worked on.
    pub in_flight: IntGauge,
    /// Open connections, by listener.
    pub connections: IntGaugeVec,
    /// TLS handshakes that failed, by reason.
    pub handshakes_failed: IntCounterVec,
    /// Entries of the access log that are durable.
    pub log_durable_size: IntGauge,
    /// Entries that one sync of the access log made durable.
    pub log_batch: Histogram,
    /// Seconds of one `fdatasync` of the access log.
    pub log_fdatasync: Histogram,
    /// Days until the log's disk is full at the present rate.
    pub log_disk_left_days: Gauge,
    /// Days until a certificate runs out, by holder: `server`, `internal` or an agency's name.
    pub certificate_expiry_days: GaugeVec,
    /// Seconds since the revocation list in force was issued.
    pub crl_age: IntGauge,
    /// Generation of the directory in force.
    pub directory_generation: IntGauge,
    /// Whether the directory is too old to decide by.
    pub directory_stale: IntGauge,
    /// Agencies that are registered wrongly and held as suspended.
    pub directory_misregistered: IntGauge,
    /// Whether an upstream's circuit is open, by upstream.
    pub circuit_open: IntGaugeVec,
    /// Policies that could not be evaluated; each refused a request.
    pub policy_errors: IntCounter,
    /// Generation of the law that decides here.
    pub law_generation: IntGauge,
    /// Generation of a bundle that was activated and is refused here; 0 if there is none.
    pub law_refused: IntGauge,
    /// What answers are rated at, milli-paisa, given or not, by class.
    pub rated: IntCounterVec,
    /// Entries of the access log that the ledger was held against and agrees with.
    pub ledger_reconciled: IntGauge,
    /// Whether the ledger says other than the leaves, or the counters of this process other than both.
    pub ledger_differs: IntGaugeVec,
    /// Whether the store of shared quotas is away, so that this node has its own share only.
    pub shared_quota_away: IntGauge,
    /// Leases asked of the store of shared quotas, by outcome: `leased`, `none_left` or `failed`.
    pub shared_quota_leases: IntCounterVec,
    /// Quotas that have reached a warning in their present period.
    pub quotas_alerting: IntGauge,
    /// Agencies whose requests are answered by SMS only, because too many passcodes at their counters were wrong.
    pub agencies_held: IntGauge,
    /// SMS that wait in the outbox.
    pub sms_outbox_depth: IntGauge,
    /// Pieces of SMS handed over, by outcome: `taken`, `put_off`, `unknown` or `refused`.
    pub sms_pieces: IntCounterVec,
    /// Whether SMS do not go out.
    pub sms_link_down: IntGauge,
    /// Tries to tell agencies something, by kind (`ping`, `event`) and outcome: `taken`, `put_off`, `refused` or `spent`.
    pub notifications: IntCounterVec,
}

impl Metrics {
    /// Makes and registers every metric.
    ///
    /// # Errors
    /// [`MetricsError`] when two have one name.
    pub fn new() -> Result<Self, MetricsError> {
        let mut maker = Maker::default();
        let phase_seconds = maker.histograms("phase_seconds", "seconds spent in a phase", &SECONDS, &["phase"])?;
        let requests = maker.counters("requests_total", "requests answered", &["service", "decision", "code"])?;
        let handshakes_failed = maker.counters("handshakes_failed_total", "TLS handshakes that failed", &["reason"])?;
        let expiry = "days until a certificate runs out; holder is server, internal or an agency";
        let left = "days until the disk of the access log is full at the present rate";
        let agrees = "entries of the access log that the ledger was held against and agrees with";
        let differs = "1 while the ledger says other than the leaves, or this process's counters other than both";
        let wrongly = "agencies whose kind and sector cannot both be right: they are held as suspended";
        let away = "1 while the store of shared quotas is away, and this node has its own share only";
        let leases = "leases asked of the store of shared quotas; outcome is leased, none_left or failed";
        let held = "agencies with too many wrong passcodes, whose requests are answered by SMS only";
        let pieces = "pieces of SMS handed over; outcome is taken, put_off, unknown or refused";
        let tries = "tries to tell agencies something; outcome is taken, put_off, refused or spent";
        let alerting = "quotas that have reached a warning in their present period";
        let metrics = Self {
            phases: PHASES.into_iter().map(|phase| (phase, phase_seconds.with_label_values(&[phase]))).collect(),
            requests,
            in_flight: maker.gauge("in_flight", "requests being worked on")?,
            connections: maker.gauges("connections", "open connections", &["listener"])?,
            handshakes_failed,
            log_durable_size: maker.gauge("log_durable_size", "entries of the access log that are durable")?,
            log_batch: maker.histogram("log_batch_entries", "entries made durable by one sync", &BATCH)?,
            log_fdatasync: maker.histogram("log_fdatasync_seconds", "seconds of one sync of the log", &SECONDS)?,
            log_disk_left_days: maker.real("log_disk_left_days", left)?,
            certificate_expiry_days: maker.reals("certificate_expiry_days", expiry, &["holder"])?,
            crl_age: maker.gauge("crl_age_seconds", "seconds since the revocation list in force was issued")?,
            directory_generation: maker.gauge("directory_generation", "generation of the directory in force")?,
            directory_stale: maker.gauge("directory_stale", "1 while the directory is too old to decide by")?,
            directory_misregistered: maker.gauge("directory_misregistered", wrongly)?,
            circuit_open: maker.gauges("circuit_open", "1 while an upstream's circuit is open", &["upstream"])?,
            policy_errors: maker.counter("policy_errors_total", "policies that could not be evaluated")?,
            law_generation: maker.gauge("law_generation", "generation of the law in force")?,
            law_refused: maker.gauge("law_refused", "generation of the law that is refused here, 0 if none is")?,
            rated: maker.counters("rated_milli_paisa_total", "what answers are rated at, given or not", &["class"])?,
            ledger_reconciled: maker.gauge("ledger_reconciled", agrees)?,
            ledger_differs: maker.gauges("ledger_differs", differs, &["from"])?,
            shared_quota_away: maker.gauge("shared_quota_away", away)?,
            shared_quota_leases: maker.counters("shared_quota_leases_total", leases, &["outcome"])?,
            quotas_alerting: maker.gauge("quotas_alerting", alerting)?,
            agencies_held: maker.gauge("agencies_held", held)?,
            sms_outbox_depth: maker.gauge("sms_outbox_depth", "messages that wait in the SMS outbox")?,
            sms_pieces: maker.counters("sms_pieces_total", pieces, &["outcome"])?,
            sms_link_down: maker.gauge("sms_link_down", "1 while no SMS goes out")?,
            notifications: maker.counters("notifications_total", tries, &["kind", "outcome"])?,
            registry: maker.registry,
            list: maker.list,
            refresh: Mutex::default(),
        };
        // Unknown is not "none left": an alarm on few days must not sound before the rate is known.
        metrics.log_disk_left_days.set(f64::INFINITY);
        Ok(metrics)
    }

    /// Counts one answered request: `decision` is the record's word, `code` the problem's, or `ok`.
    pub fn request(&self, service: &str, decision: &str, code: &str) {
        self.requests.with_label_values(&[service, decision, code]).inc();
    }

    /// Notes the time that one request spent in one of [`PHASES`]; another name is not counted.
    pub fn phase(&self, phase: &str, took: Duration) {
        if let Some(histogram) = self.phases.get(phase) {
            histogram.observe(took.as_secs_f64());
        }
    }

    /// Adds something that brings gauges up to date just before each rendering: sizes and ages that nobody pushes.
    pub fn before_render(&self, refresh: impl Fn(&Self) + Send + Sync + 'static) {
        if let Ok(mut all) = self.refresh.lock() {
            all.push(Box::new(refresh));
        }
    }

    /// All metrics in Prometheus's text form.
    ///
    /// # Errors
    /// [`MetricsError`] when a family cannot be written.
    pub fn render(&self) -> Result<String, MetricsError> {
        if let Ok(all) = self.refresh.lock() {
            all.iter().for_each(|refresh| refresh(self));
        }
        Ok(TextEncoder::new().encode_to_string(&self.registry.gather())?)
    }

    /// Every metric in one line: name, type, labels, meaning. What dashboards and alarms rely on.
    #[must_use]
    pub fn list(&self) -> String {
        let mut lines = self.list.clone();
        lines.sort();
        lines.join("\n") + "\n"
    }
}

impl LogObserver for Metrics {
    fn batch(&self, entries: usize, took: Duration) {
        // A batch is far below what a u32 holds, and a float holds that exactly.
        self.log_batch.observe(u32::try_from(entries).map_or(f64::INFINITY, f64::from));
        self.log_fdatasync.observe(took.as_secs_f64());
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").field("metrics", &self.list.len()).finish_non_exhaustive()
    }
}

/// Makes metrics under our prefix, registers each and writes it into the list.
#[derive(Default)]
struct Maker {
    registry: Registry,
    list: Vec<String>,
}

impl Maker {
    fn opts(&mut self, name: &str, kind: &str, help: &str, labels: &[&str]) -> Opts {
        let name = format!("ijazat_{name}");
        self.list.push(format!("{name} {kind} {{{}}} {help}", labels.join(",")));
        Opts::new(name, help)
    }

    fn register<C: prometheus::core::Collector + Clone + 'static>(&self, made: C) -> Result<C, prometheus::Error> {
        self.registry.register(Box::new(made.clone()))?;
        Ok(made)
    }

    fn counter(&mut self, name: &str, help: &str) -> Result<IntCounter, prometheus::Error> {
        let opts = self.opts(name, "counter", help, &[]);
        self.register(IntCounter::with_opts(opts)?)
    }

    fn counters(&mut self, name: &str, help: &str, labels: &[&str]) -> Result<IntCounterVec, prometheus::Error> {
        let opts = self.opts(name, "counter", help, labels);
        self.register(IntCounterVec::new(opts, labels)?)
    }

    fn gauge(&mut self, name: &str, help: &str) -> Result<IntGauge, prometheus::Error> {
        let opts = self.opts(name, "gauge", help, &[]);
        self.register(IntGauge::with_opts(opts)?)
    }

    fn gauges(&mut self, name: &str, help: &str, labels: &[&str]) -> Result<IntGaugeVec, prometheus::Error> {
        let opts = self.opts(name, "gauge", help, labels);
        self.register(IntGaugeVec::new(opts, labels)?)
    }

    fn real(&mut self, name: &str, help: &str) -> Result<Gauge, prometheus::Error> {
        let opts = self.opts(name, "gauge", help, &[]);
        self.register(Gauge::with_opts(opts)?)
    }

    fn reals(&mut self, name: &str, help: &str, labels: &[&str]) -> Result<GaugeVec, prometheus::Error> {
        let opts = self.opts(name, "gauge", help, labels);
        self.register(GaugeVec::new(opts, labels)?)
    }

    fn histogram(&mut self, name: &str, help: &str, buckets: &[f64]) -> Result<Histogram, prometheus::Error> {
        let opts = HistogramOpts::from(self.opts(name, "histogram", help, &[])).buckets(buckets.to_vec());
        self.register(Histogram::with_opts(opts)?)
    }

    fn histograms(
        &mut self,
        name: &str,
        help: &str,
        buckets: &[f64],
        labels: &[&str],
    ) -> Result<HistogramVec, prometheus::Error> {
        let opts = HistogramOpts::from(self.opts(name, "histogram", help, labels)).buckets(buckets.to_vec());
        self.register(HistogramVec::new(opts, labels)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_metrics_changes_only_on_purpose() {
        let list = Metrics::new().unwrap().list();
        assert_eq!(include_str!("metrics.txt"), list, "write it into metrics.txt if it is meant");
    }

    #[test]
    fn what_is_counted_is_rendered() {
        let metrics = Metrics::new().unwrap();
        metrics.request("identity.kyc", "refused", "consent_required");
        metrics.phase("authorise", Duration::from_micros(30));
        metrics.phase("no such phase", Duration::from_micros(30));
        metrics.before_render(|metrics| metrics.log_durable_size.set(42));
        let text = metrics.render().unwrap();
        let check = |line: &str| assert!(text.lines().any(|l| l == line), "{line} is not in\n{text}");
        check(r#"ijazat_requests_total{code="consent_required",decision="refused",service="identity.kyc"} 1"#);
        check(r#"ijazat_phase_seconds_bucket{phase="authorise",le="0.000025"} 0"#);
        check(r#"ijazat_phase_seconds_bucket{phase="authorise",le="0.00005"} 1"#);
        check("ijazat_log_durable_size 42");
        check("ijazat_log_disk_left_days inf");
        assert!(!text.contains("no such phase"));
    }
}

#[cfg(test)]
#[path = "metrics_tests.rs"]
mod text;
