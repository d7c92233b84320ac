//! One measurement by the load generator, in a process of its own.

use std::{path::PathBuf, process::Command};

use serde_json::Value;

use super::{Bench, target::Target};

/// The load generator's binary.
#[derive(Debug)]
pub struct Load {
    binary: PathBuf,
}

impl Load {
    /// The one that was built.
    pub fn new(bench: &Bench) -> Self {
        Self { binary: bench.binaries.join("loadgen") }
    }

    /// Closed loop: what it answers is in `report::of_run` of the generator.
    ///
    /// # Errors
    /// What the generator said.
    pub fn closed(&self, target: &Target, connections: u32, duration_ms: u32) -> Result<Value, String> {
        let (connections, duration) = (connections.to_string(), duration_ms.to_string());
        self.run(target, &["closed", "--connections", &connections, "--duration-ms", &duration])
    }

    /// Closed loop that keeps every receipt, against a server that may die of it.
    ///
    /// # Errors
    /// What the generator said.
    pub fn keeping_receipts(&self, target: &Target, duration_ms: u32) -> Result<Value, String> {
        let duration = duration_ms.to_string();
        let plan = ["closed", "--connections", "32", "--duration-ms", &duration];
        self.send(target, &["--keep", "ijazat-receipt"], &plan)
    }

    /// Open loop at a fixed rate.
    ///
    /// # Errors
    /// What the generator said.
    pub fn open(&self, target: &Target, rate: u32, duration_ms: u32) -> Result<Value, String> {
        let (rate, duration) = (rate.to_string(), duration_ms.to_string());
        self.run(target, &["open", "--rate", &rate, "--connections", "16", "--duration-ms", &duration])
    }

    /// New connections, each with one request.
    ///
    /// # Errors
    /// What the generator said.
    pub fn handshakes(&self, target: &Target, count: u32, resume: bool) -> Result<Value, String> {
        let count = count.to_string();
        let mut plan = vec!["handshakes", "--count", &count, "--at-once", "8"];
        if resume {
            plan.push("--resume");
        }
        self.run(target, &plan)
    }

    /// Memory of idle connections.
    ///
    /// # Errors
    /// What the generator said.
    pub fn idle(&self, target: &Target, connections: u32) -> Result<Value, String> {
        self.run(target, &["idle", "--connections", &connections.to_string()])
    }

    /// A run with the server's CPU time or memory.
    fn run(&self, target: &Target, plan: &[&str]) -> Result<Value, String> {
        let pids: Vec<String> = target.running.pids().iter().map(u32::to_string).collect();
        self.send(target, &["--server", &format!("server={}", pids.join(","))], plan)
    }

    fn send(&self, target: &Target, further: &[&str], plan: &[&str]) -> Result<Value, String> {
        let mut generator = Command::new(&self.binary);
        if let Some(client) = &target.client {
            generator.arg("--ca").arg(&client.ca).arg("--cert").arg(&client.cert).arg("--key").arg(&client.key);
        }
        let request = &target.request;
        generator.args(["--method", &request.method, "--path", &request.path, "--body", &request.body]);
        for header in &request.headers {
            generator.args(["--header", header]);
        }
        let output = generator.args(further).arg(target.address.to_string()).args(plan).output();
        let output = output.map_err(|error| format!("loadgen: {error}"))?;
        if !output.status.success() {
            return Err(format!("{}: {}", target.who, String::from_utf8_lossy(&output.stderr).trim()));
        }
        serde_json::from_slice(&output.stdout).map_err(|error| format!("loadgen: {error}"))
    }
}

#[cfg(test)]
#[path = "load_tests.rs"]
mod tests;
