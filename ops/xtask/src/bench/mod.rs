//! `cargo xtask bench`: what we cost beside what the user would pick instead, in one interleaved run.
//!
//! Map: *who* [`peers`], [`ours`], [`bare`] · *what is run* [`plan`] · *one measurement* [`load`], [`disk`], [`kill`], [`metrics`] ·
//! *the law alone* [`law`], *metering alone* [`mod@metering`] · *what was seen* [`samples`] · *what it must be* [`goals`] · *how it is told* [`report`], [`machine`].

mod bare;
mod disk;
mod goals;
mod install;
mod kill;
mod law;
mod load;
mod machine;
mod metering;
mod metrics;
mod ours;
mod peers;
mod pki;
mod plan;
mod ports;
mod report;
mod running;
mod samples;
mod target;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use crate::{Verdict, say};

/// What everything in a bench needs to know.
#[derive(Debug)]
pub struct Bench {
    /// The workspace.
    pub root: PathBuf,
    /// Where binaries were built.
    pub binaries: PathBuf,
    /// Scratch of this run; removed by the next one, so that logs can be read after a failure.
    pub scratch: PathBuf,
    /// Who could not take part, and why.
    pub absent: BTreeMap<&'static str, String>,
}

/// Runs the bench `door`, prints its table, writes `json`, and answers whether every floor holds. With `built`, what was built before is
/// measured.
///
/// # Errors
/// When the load generator or the upstream cannot be built or started.
pub fn door(root: &Path, json: Option<&Path>, built: bool) -> Verdict {
    let began = machine::Now::read();
    let mut bench = Bench::prepare(root, built)?;
    let samples = plan::run(&mut bench)?;
    let goals = goals::of(&samples, &bench.absent);
    say::line(&report::as_text(&samples, &goals));
    if let Some(path) = json {
        let versions = machine::versions(&bench);
        let document = report::as_json("door", &began, &versions, &samples, &goals);
        fs::write(path, document).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(goals.iter().all(goals::Goal::floor_holds))
}

/// Runs the bench `policies`: what a decision costs. Else as [`door`].
///
/// # Errors
/// When the measuring program cannot be built or run.
pub fn policies(root: &Path, json: Option<&Path>, built: bool) -> Verdict {
    let began = machine::Now::read();
    if !built {
        law::build(root)?;
    }
    let samples = law::measure(&target(root).join("release"))?;
    let goals = law::goals(&samples);
    say::line(&format!("{}{}", report::as_text(&samples, &goals), law::profile(&samples)));
    if let Some(path) = json {
        let document = report::as_json("policies", &began, &machine::of_ours(root), &samples, &goals);
        fs::write(path, document).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(goals.iter().all(goals::Goal::floor_holds))
}

/// Runs the bench `metering`: what pricing, counting and posting cost. Else as [`door`].
///
/// # Errors
/// When the measuring program cannot be built or run.
pub fn metering(root: &Path, json: Option<&Path>, built: bool) -> Verdict {
    let began = machine::Now::read();
    if !built {
        metering::build(root)?;
    }
    let samples = metering::measure(&target(root).join("demo"))?;
    let goals = metering::goals(&samples);
    say::line(&report::as_text(&samples, &goals));
    if let Some(path) = json {
        let document = report::as_json("metering", &began, &machine::of_ours(root), &samples, &goals);
        fs::write(path, document).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(goals.iter().all(goals::Goal::floor_holds))
}

/// Where cargo builds.
fn target(root: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from)
}

impl Bench {
    fn prepare(root: &Path, built: bool) -> Result<Self, String> {
        let target = target(root);
        let scratch = target.join("bench/run");
        if scratch.exists() {
            fs::remove_dir_all(&scratch).map_err(|error| format!("{}: {error}", scratch.display()))?;
        }
        fs::create_dir_all(&scratch).map_err(|error| format!("{}: {error}", scratch.display()))?;
        let mut bench =
            Self { root: root.to_owned(), binaries: target.join("release"), scratch, absent: BTreeMap::new() };
        if !built {
            install::build(&mut bench)?;
        }
        install::debian(&mut bench);
        Ok(bench)
    }

    /// A folder of its own for one participant.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn folder(&self, name: &str) -> Result<PathBuf, String> {
        let folder = self.scratch.join(name);
        fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        Ok(folder)
    }
}

#[cfg(test)]
#[path = "parts_tests.rs"]
mod tests;
