//! `ijazat seed`: fills an empty installation with an invented population.

use std::io::Write;

use adapters::sql::control::Done;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use registry_core::population::DEMO_SEED;
use serde_json::json;

use super::{control, failure::Failure, options::Place, runtime::block_on};
use crate::compose::{World, seed};

/// Loads an invented population: the same seed and number give the same people.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ijazat seed                        100,000 persons, families over generations
  ijazat seed --persons 1000000 --seed 7

Nobody in it exists: names, numbers and addresses are drawn from a seed. The registry must be empty.")]
pub struct Seed {
    #[command(flatten)]
    place: Place,
    /// Persons, 1 to 10,000,000
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    persons: u64,
    /// Seed that the people are drawn from
    #[arg(long = "seed", value_name = "SEED", default_value_t = DEMO_SEED)]
    drawn_from: u64,
}

impl Seed {
    /// Runs the command.
    ///
    /// # Errors
    /// [`Failure::Failed`] when a store fails or holds people already.
    pub fn run(&self, out: &mut dyn Write) -> Result<(), Failure> {
        let config = self.place.load()?;
        let detail = json!({ "persons": self.persons, "seed": self.drawn_from });
        control::note(&config, &Done { what: "seed", agency: None, detail })?;
        let bar = ProgressBar::new(self.persons);
        if let Ok(style) = ProgressStyle::with_template("{bar:40} {human_pos}/{human_len} persons, {eta} left") {
            bar.set_style(style);
        }
        let load = async {
            let world = World::host();
            Ok(seed::seed(&config, &world, self.persons, self.drawn_from, |done| bar.set_position(done)).await?)
        };
        let seeded = block_on(load);
        bar.finish_and_clear();
        let seeded = seeded?;
        let (persons, households, contacts) = (seeded.persons, seeded.households, seeded.contacts);
        writeln!(out, "{persons} persons in {households} households, {contacts} with a mobile")?;
        Ok(())
    }
}
