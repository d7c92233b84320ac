//! Measures how fast a registry is seeded and read: `seed_registry PERSONS FOLDER`.

use std::{
    io::Write as _,
    sync::Arc,
    time::{Duration, Instant},
};

use adapters::sql::{Database, registry::RegistrySql};
use registry_core::{
    population::{DEMO_SEED, Population},
    ports::store::RegistryStore as _,
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let persons: u64 = arguments.next().ok_or("how many persons?")?.parse()?;
    let folder = arguments.next().ok_or("in which folder?")?;
    let begun = Instant::now();
    let numbers: Vec<_> = Population::new(DEMO_SEED, persons)
        .flat_map(|family| family.persons)
        .filter_map(|person| person.number())
        .collect();
    say("generated", persons, begun.elapsed())?;
    let url = format!("sqlite:{folder}/registry.db");
    let store = Arc::new(RegistrySql::open(Database::open(&url, "registry").await?).await?);
    let begun = Instant::now();
    store.seed(Population::new(DEMO_SEED, persons), |_| {}).await?;
    say("seeded", persons, begun.elapsed())?;
    let reads = 20_000;
    let begun = Instant::now();
    for number in numbers.iter().step_by((numbers.len() / reads).max(1)) {
        store.person(*number).await?;
    }
    say("cold reads", numbers.len().min(reads) as u64, begun.elapsed())?;
    let hot = *numbers.first().ok_or("nobody")?;
    let begun = Instant::now();
    for _ in 0..1_000_000 {
        store.person(hot).await?;
    }
    say("hot reads", 1_000_000, begun.elapsed())?;
    Ok(())
}

fn say(what: &str, count: u64, took: Duration) -> std::io::Result<()> {
    let each_ns = took.as_nanos() / u128::from(count.max(1));
    writeln!(std::io::stdout(), "{what}: {count} in {:.2} s, {each_ns} ns each", took.as_secs_f64())
}
