//! How often a test repeats: `tests/counts.toml` says so for CI and, by `IJAZAT_COUNTS=soak`, for the run whose evidence is
//! kept under `tests/evidence`.

use std::{fs, path::Path};

use serde_json::Value;
use toml::Table;

const COUNTS: &str = include_str!("../../../tests/counts.toml");

/// The count of this name, and whether it is the full one.
pub(crate) fn count(name: &str) -> (usize, bool) {
    let tier = std::env::var("IJAZAT_COUNTS").unwrap_or_else(|_| "ci".to_owned());
    assert!(["ci", "soak"].contains(&tier.as_str()), "IJAZAT_COUNTS=`{tier}` is neither `ci` nor `soak`");
    let table: Table = COUNTS.parse().unwrap();
    let count = table[name][&tier].as_integer().unwrap();
    (usize::try_from(count).unwrap(), tier == "soak")
}

/// Writes what a closing note cites.
pub(crate) fn write_evidence(name: &str, evidence: &Value) {
    let folder =
        Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().find(|folder| folder.join("tests/evidence").exists());
    let path = folder.unwrap().join("tests/evidence").join(name);
    fs::write(path, format!("{evidence:#}\n")).unwrap();
}

/// What it ran on.
pub(crate) fn machine() -> String {
    let cpus = fs::read_to_string("/proc/cpuinfo").unwrap();
    let model = cpus.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or(": unnamed");
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap();
    let cores = std::thread::available_parallelism().unwrap();
    let build = if cfg!(debug_assertions) { "debug" } else { "release" };
    format!("{cores} cores of {}, Linux {}, {build} build", model.trim_start_matches([' ', '\t', ':']), kernel.trim())
}
