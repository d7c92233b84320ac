//! The law as it was last released (`policies/snapshots/<generation>`), and what a waiver lets the next one permit beyond it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use policies::{error::Problem, source::Source};
use serde::Deserialize;

use crate::{
    error::ProveError,
    law::Law,
    waiver::{self, Waiver},
};

/// Folder of the released laws, within `policies`.
const SNAPSHOTS: &str = "snapshots";

/// What of a bundle the proof needs: nothing else decides what is permitted.
const PARTS: [&str; 4] = ["schema/", "guardrails/", "domains/", "templates/"];

/// A released law and the waivers beside it.
#[derive(Debug)]
pub struct Released {
    pub(crate) generation: u64,
    pub(crate) law: Law,
    pub(crate) waivers: Vec<Waiver>,
}

#[derive(Deserialize)]
struct Header {
    generation: u64,
}

impl Released {
    /// The last released law in a folder laid out as `policies/` is; `None` before the first release.
    ///
    /// # Errors
    /// Names the file that cannot be read, or that is no law or no waiver.
    pub fn last(policies: &Path) -> Result<Option<Self>, ProveError> {
        let Some(generation) = last_generation(policies)? else { return Ok(None) };
        let source = read_parts(&snapshot(policies, generation))?;
        let waivers = policies.join("theorems/waivers").join(format!("{generation}.toml"));
        let text = if waivers.exists() { read(&waivers)? } else { String::new() };
        Self::of(generation, &source, &text).map(Some)
    }

    /// A law as if it had been released, with the text of its waivers.
    ///
    /// # Errors
    /// Names the file that is no law, or the waiver that is none.
    pub fn of(generation: u64, source: &Source, waivers: &str) -> Result<Self, ProveError> {
        Ok(Self { generation, law: Law::read(source)?, waivers: waiver::read(generation, waivers)? })
    }

    /// Writes down the law of a folder as released under its own generation; whether it was not written down already.
    ///
    /// # Errors
    /// When that generation was released with another text, when a later one was, or when it cannot be written.
    pub fn write(policies: &Path, source: &Source) -> Result<(u64, bool), ProveError> {
        let header = source.file("bundle.toml").unwrap_or_default();
        let Header { generation } = toml::from_str(header).map_err(|error| problem("bundle.toml", &error))?;
        let parts = parts(source);
        let folder = snapshot(policies, generation);
        match last_generation(policies)? {
            Some(last) if last > generation => {
                let reason = format!("generation {last} was released already: raise `generation` above it");
                Err(Problem::new("bundle.toml", reason).into())
            }
            Some(last) if last == generation && read_parts(&folder)? == parts => Ok((generation, false)),
            Some(last) if last == generation => {
                let reason = format!("generation {last} was released with another text: raise `generation`");
                Err(Problem::new("bundle.toml", reason).into())
            }
            _ => {
                parts.matching("", "").try_for_each(|(path, text)| put(&folder.join(path), text))?;
                Ok((generation, true))
            }
        }
    }
}

/// The files of a law that the proof needs.
fn parts(source: &Source) -> Source {
    let needed = source.matching("", "").filter(|(path, _)| PARTS.iter().any(|part| path.starts_with(part)));
    needed.fold(Source::default(), |parts, (path, text)| parts.with(path, text))
}

fn snapshot(policies: &Path, generation: u64) -> PathBuf {
    policies.join(SNAPSHOTS).join(generation.to_string())
}

fn last_generation(policies: &Path) -> Result<Option<u64>, Problem> {
    let folder = policies.join(SNAPSHOTS);
    if !folder.exists() {
        return Ok(None);
    }
    let mut last = None;
    for entry in fs::read_dir(&folder).map_err(|error| problem(SNAPSHOTS, &error))? {
        let name = entry.map_err(|error| problem(SNAPSHOTS, &error))?.file_name();
        let generation = name.to_str().and_then(|name| name.parse::<u64>().ok());
        let named =
            generation.ok_or_else(|| Problem::new(SNAPSHOTS, format!("{} is no generation", name.display())))?;
        last = last.max(Some(named));
    }
    Ok(last)
}

fn read_parts(folder: &Path) -> Result<Source, Problem> {
    let mut source = Source::default();
    let mut waiting: Vec<String> = PARTS.iter().map(|part| part.trim_end_matches('/').to_owned()).collect();
    while let Some(path) = waiting.pop() {
        let full = folder.join(&path);
        if !full.exists() {
            // A law without templates has no folder of them; one without a schema is refused when it is read.
            continue;
        }
        if full.is_dir() {
            for entry in fs::read_dir(&full).map_err(|error| problem(&path, &error))? {
                let name = entry.map_err(|error| problem(&path, &error))?.file_name();
                waiting.push(format!("{path}/{}", name.display()));
            }
        } else {
            let text = read(&full)?;
            source = source.with(&path, &text);
        }
    }
    Ok(source)
}

fn read(path: &Path) -> Result<String, Problem> {
    fs::read_to_string(path).map_err(|error| problem(&path.display().to_string(), &error))
}

fn put(path: &Path, text: &str) -> Result<(), Problem> {
    let folder = path.parent().unwrap_or(path);
    let written = fs::create_dir_all(folder).and_then(|()| fs::write(path, text));
    written.map_err(|error| problem(&path.display().to_string(), &error))
}

fn problem(file: &str, error: &dyn std::error::Error) -> Problem {
    Problem::new(file, error.to_string().replace('\n', " "))
}
