//! Where and when a bench was run.

use std::{collections::BTreeMap, fs, path::Path, process::Command, thread};

use serde_json::{Value, json};

use super::{Bench, install};

/// The machine as it was before the bench began.
#[derive(Debug)]
pub struct Now {
    /// RFC 3339, UTC.
    pub at: String,
    /// `machine` of the report.
    pub machine: Value,
}

impl Now {
    /// Reads the clock and `/proc`.
    pub fn read() -> Self {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let value_of = |text: &str, name: &str| {
            let line = text.lines().find(|line| line.starts_with(name));
            line.and_then(|line| line.split_once(':')).map(|(_, value)| value.trim().to_owned())
        };
        let memory = value_of(&read("/proc/meminfo"), "MemTotal");
        let memory_kib = memory.and_then(|text| text.trim_end_matches(" kB").parse::<u64>().ok());
        let load = read("/proc/loadavg").split_whitespace().next().and_then(|load| load.parse::<f64>().ok());
        let machine = json!({
            "cpu": value_of(&read("/proc/cpuinfo"), "model name"),
            "cores": thread::available_parallelism().map_or(0, std::num::NonZero::get),
            "memory_bytes": memory_kib.map(|kib| kib * 1024),
            "kernel": read("/proc/sys/kernel/osrelease").trim(),
            "load_before": load,
        });
        Self { at: first_line("date", &["-u", "+%Y-%m-%dT%H:%M:%SZ"]), machine }
    }
}

/// What took part, in which version.
pub fn versions(bench: &Bench) -> BTreeMap<&'static str, String> {
    let mut versions = of_ours(&bench.root);
    versions.insert("nginx", first_line("nginx", &["-v"]));
    versions.insert("haproxy", first_line("haproxy", &["-v"]));
    versions.insert("openssl", first_line("openssl", &["version"]));
    if let Ok(envoy) = install::envoy(bench) {
        versions.insert("envoy", first_line(&envoy.to_string_lossy(), &["--version"]));
    }
    versions
}

/// Ours, and what built it.
pub fn of_ours(root: &Path) -> BTreeMap<&'static str, String> {
    BTreeMap::from([
        ("rustc", first_line("rustc", &["--version"])),
        ("ijazat", first_line("git", &["-C", &root.to_string_lossy(), "describe", "--always", "--dirty"])),
    ])
}

/// The first line that a program says, on either stream; empty when it is not there.
fn first_line(program: &str, arguments: &[&str]) -> String {
    let Ok(output) = Command::new(program).args(arguments).output() else { return String::new() };
    let said = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&said);
    text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default().to_owned()
}
