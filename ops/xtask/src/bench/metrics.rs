//! Our own metrics, as Prometheus would read them: what each phase costs.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

/// The text of `/metrics` at the ops listener.
///
/// # Errors
/// When it does not answer.
pub fn read(ops: SocketAddr) -> Result<String, String> {
    let told = |error: std::io::Error| format!("metrics at {ops}: {error}");
    let mut socket = TcpStream::connect(ops).map_err(told)?;
    socket.set_read_timeout(Some(Duration::from_secs(5))).map_err(told)?;
    socket.write_all(b"GET /metrics HTTP/1.1\r\nHost: ops\r\nConnection: close\r\n\r\n").map_err(told)?;
    let mut text = String::new();
    socket.read_to_string(&mut text).map_err(told)?;
    Ok(text)
}

/// The value of a metric without labels.
#[must_use]
pub fn value(text: &str, name: &str) -> Option<f64> {
    text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok())
}

/// Each phase with its time in seconds and how often it ran, by `ijazat_phase_seconds`.
#[must_use]
pub fn phases(text: &str) -> Vec<(String, f64, f64)> {
    let sums = text.lines().filter_map(|line| {
        let (phase, sum) = line.strip_prefix("ijazat_phase_seconds_sum{phase=\"")?.split_once("\"}")?;
        let count = value(text, &format!("ijazat_phase_seconds_count{{phase=\"{phase}\"}}"))?;
        Some((phase.to_owned(), sum.trim().parse().ok()?, count))
    });
    sums.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phases_are_read_from_what_prometheus_reads() {
        let text = "# HELP x\nijazat_phase_seconds_sum{phase=\"limit\"} 0.5\nijazat_phase_seconds_count{phase=\"limit\"} 100\n\
                    ijazat_log_durable_size 42\n";
        assert_eq!(phases(text), [("limit".to_owned(), 0.5, 100.0)]);
        assert_eq!(value(text, "ijazat_log_durable_size"), Some(42.0));
        assert_eq!(value(text, "ijazat_log"), None);
    }
}
