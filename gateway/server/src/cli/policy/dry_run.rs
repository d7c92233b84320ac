//! `ijazat policy dry-run`: what yesterday's requests would be answered by another law.

use std::{
    collections::BTreeMap,
    io::Write,
    path::{Path, PathBuf},
    sync::Arc,
};

use adapters::log::{Entries, entries};
use clap::Args;
use exchange::{decision::Decider as _, record::leaf::Leaf, timestamp::Timestamp};
use indicatif::{ProgressBar, ProgressStyle};
use policies::Bundle;

use super::{
    super::{control, failure::Failure, runtime::block_on},
    read,
};
use crate::{
    compose::{self, Keys, World},
    config::Config,
    law::replay::{Lost, Replay, Replayer},
};

/// Kinds of changes that are told apart; what is beyond is counted together.
const KINDS_MAX: usize = 500;

/// Decide recorded requests again by another law, and tell which answers would change
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ijazat policy dry-run law
  ijazat policy dry-run law-2.bundle --since 2026-11-21T00:00:00+05:00
  ijazat policy dry-run law --log /backup/log

Nothing is changed, and the log may be in use. Requests that cannot be asked again (the citizen was erased, an agreement or
user has changed since) are counted, by reason. Exit code 0 whether or not answers would change.")]
pub(super) struct DryRun {
    /// Folder or signed file
    #[arg(value_name = "LAW")]
    law: PathBuf,
    /// Folder of the access log. Wins over `[log] dir`
    #[arg(long, value_name = "DIR")]
    log: Option<PathBuf>,
    /// Only what was recorded since this instant, RFC 3339
    #[arg(long, value_name = "INSTANT", value_parser = instant)]
    since: Option<Timestamp>,
}

/// What was found, in bounded memory.
#[derive(Debug, Default)]
struct Tally {
    entries: u64,
    not_asked: u64,
    same: u64,
    changed: u64,
    lost: BTreeMap<Lost, u64>,
    /// Service, agency, datatype and change to how often, and the first entry.
    kinds: BTreeMap<String, (u64, u64)>,
    other_kinds: u64,
}

impl DryRun {
    pub(super) fn run(&self, config: &Config, out: &mut dyn Write) -> Result<(), Failure> {
        let candidate = read::law(&self.law)?.bundle()?;
        let (generation, title) = (candidate.generation(), candidate.title().to_owned());
        let dir = self.log.as_deref().unwrap_or(&config.log.dir);
        let log = open(dir)?;
        let tally = block_on(self.replay(config, candidate, log))?;
        writeln!(out, "generation {generation}, {title}, over the entries of {}", dir.display())?;
        tally.tell(out)
    }

    async fn replay(&self, config: &Config, candidate: Bundle, log: Entries) -> Result<Tally, Failure> {
        let failed = |error: &dyn std::fmt::Display| Failure::Failed(error.to_string());
        let base = Bundle::load(&compose::control::base(config)?).map_err(|error| failed(&error))?;
        let side_key = Keys::open(config, World::host().entropy.as_ref())?.side()?;
        let store = Arc::new(control::open(config).await?);
        let replayer = Replayer::new(store, side_key, base, candidate).await;
        let mut replayer = replayer.map_err(|error| failed(&error))?;
        let bar = progress(&log);
        let mut tally = Tally::default();
        for entry in log {
            let entry = entry.map_err(|error| failed(&error))?;
            bar.set_position(entry.sequence + 1);
            let leaf = Leaf::from_bytes(&entry.leaf).ok();
            if leaf.as_ref().is_some_and(|leaf| self.since.is_some_and(|since| leaf.at < since.micros())) {
                continue;
            }
            let replay = replayer.replay(&entry).await.map_err(|error| failed(&error))?;
            tally.add(entry.sequence, leaf.as_ref(), replay);
        }
        bar.finish_and_clear();
        Ok(tally)
    }
}

fn open(dir: &Path) -> Result<Entries, Failure> {
    entries(dir).map_err(|error| Failure::Usage(format!("{}: no log to read: {error}", dir.display())))
}

fn progress(log: &Entries) -> ProgressBar {
    let bar = log.about().map_or_else(ProgressBar::new_spinner, ProgressBar::new);
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {human_pos}/{human_len} entries, {eta} left") {
        bar.set_style(style);
    }
    bar
}

fn instant(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse_rfc3339(text).ok_or_else(|| "not an instant such as 2026-11-21T00:00:00+05:00".to_owned())
}

impl Tally {
    fn add(&mut self, sequence: u64, leaf: Option<&Leaf>, replay: Replay) {
        self.entries += 1;
        match replay {
            Replay::NotAsked => self.not_asked += 1,
            Replay::Lost(why) => *self.lost.entry(why).or_default() += 1,
            Replay::Replayed(changes) if changes.is_empty() => self.same += 1,
            Replay::Replayed(changes) => {
                self.changed += 1;
                let word = |text: Option<&str>| text.unwrap_or("anyone").to_owned();
                let service = word(leaf.and_then(|leaf| leaf.service.as_deref()));
                let agency = word(leaf.and_then(|leaf| leaf.agency.as_deref()));
                for (what, was, is) in changes {
                    self.kind(format!("{service}, {agency}: {what}: {was} -> {is}"), sequence);
                }
            }
        }
    }

    fn kind(&mut self, kind: String, sequence: u64) {
        let full = self.kinds.len() >= KINDS_MAX;
        match self.kinds.get_mut(&kind) {
            Some((times, _)) => *times += 1,
            None if full => self.other_kinds += 1,
            None => drop(self.kinds.insert(kind, (1, sequence))),
        }
    }

    fn tell(&self, out: &mut dyn Write) -> Result<(), Failure> {
        writeln!(out, "  entries read            {}", self.entries)?;
        writeln!(out, "  policies not asked      {}", self.not_asked)?;
        writeln!(out, "  decided again, the same {}", self.same)?;
        writeln!(out, "  decided again, changed  {}", self.changed)?;
        for (kind, (times, first)) in &self.kinds {
            writeln!(out, "    {times} x {kind} (first: entry {first})")?;
        }
        if self.other_kinds > 0 {
            writeln!(out, "    {} more changes of other kinds", self.other_kinds)?;
        }
        writeln!(out, "  not replayable          {}", self.lost.values().sum::<u64>())?;
        for (why, times) in &self.lost {
            let why = match why {
                Lost::Erased => "a citizen was erased",
                Lost::Changed => "something it rested on has changed since",
                Lost::LawUnknown => "the law that decided it is not kept here",
                Lost::Unreadable => "its record cannot be opened here, or is of an older form",
            };
            writeln!(out, "    {times} x {why}")?;
        }
        Ok(())
    }
}
