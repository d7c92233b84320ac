//! What cargo knows of the workspace: packages, their dependencies, licences and sources.

use std::{path::Path, process::Command};

use serde::Deserialize;

/// The answer of `cargo metadata`, as far as we read it.
#[derive(Debug, Deserialize)]
pub struct Metadata {
    /// All packages asked for.
    pub packages: Vec<Package>,
}

/// One package.
#[derive(Debug, Deserialize)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its licence expression (SPDX), when it names one.
    pub license: Option<String>,
    /// Where it came from; `None` is this workspace.
    pub source: Option<String>,
    /// What it names in its manifest.
    pub dependencies: Vec<Dependency>,
}

/// One line of a manifest, be it for the product, its build or its tests.
#[derive(Debug, Deserialize)]
pub struct Dependency {
    /// The package's name.
    pub name: String,
}

/// What we ship for; crates for other systems are neither built nor fetched.
const SHIPPED_FOR: &str = "x86_64-unknown-linux-gnu";

/// Asks cargo. With `whole`, the dependencies of the workspace too, otherwise only its own crates.
///
/// # Errors
/// What cargo said, when it failed.
pub fn read(root: &Path, whole: bool) -> Result<Metadata, String> {
    let mut cargo = Command::new("cargo");
    cargo.current_dir(root).args(["metadata", "--format-version", "1"]);
    cargo.args(if whole { &["--locked", "--filter-platform", SHIPPED_FOR][..] } else { &["--no-deps"][..] });
    let output = cargo.output().map_err(|error| format!("cargo metadata: {error}"))?;
    if !output.status.success() {
        return Err(format!("cargo metadata: {}", String::from_utf8_lossy(&output.stderr)));
    }
    serde_json::from_slice(&output.stdout).map_err(|error| format!("cargo metadata: {error}"))
}

#[cfg(test)]
#[path = "metadata_tests.rs"]
mod tests;
