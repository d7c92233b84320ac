//! Fills an empty installation with the synthetic population: registry rows, and the citizens' enrolled mobiles.

use adapters::sql::control::{Contact, ControlStore};
use exchange::consent::message::Language;
use registry_core::{
    person::Person,
    population::{Notable, Population},
    ports::store::Batch,
};

use super::{ComposeError, Keys, World, registry, stores};
use crate::config::Config;

/// Persons of one batch: a unit of work of a few megabytes.
const BATCH_PERSONS: usize = 2_000;

/// What was seeded.
#[derive(Clone, Copy, Debug)]
pub struct Seeded {
    /// Persons.
    pub persons: u64,
    /// Households.
    pub households: u64,
    /// Citizens whose mobile was enrolled.
    pub contacts: u64,
    /// Persons that the demo and the README name.
    pub notable: Option<Notable>,
}

/// Loads `persons` persons of the population of this seed; `progress` gets the number loaded so far.
///
/// # Errors
/// [`ComposeError`]: a store failed, or the registry holds persons already.
pub async fn seed(
    config: &Config,
    world: &World,
    persons: u64,
    seed: u64,
    mut progress: impl FnMut(u64),
) -> Result<Seeded, ComposeError> {
    let keys = Keys::open(config, world.entropy.as_ref())?;
    let control = stores::control(config, world, &keys).await?;
    let registry = registry::store(config).await?;
    let mut seeded =
        Seeded { persons: 0, households: 0, contacts: 0, notable: Population::new(seed, persons).notable() };
    for batch in Population::new(seed, persons).batches(BATCH_PERSONS) {
        registry.load(&batch).await.map_err(ComposeError::of("registry database"))?;
        seeded.contacts += enrol(&control, &batch).await?;
        seeded.persons += u64::try_from(batch.persons.len()).unwrap_or(0);
        seeded.households += u64::try_from(batch.households.len()).unwrap_or(0);
        progress(seeded.persons);
    }
    Ok(seeded)
}

async fn enrol(control: &ControlStore, batch: &Batch) -> Result<u64, ComposeError> {
    let contact =
        |person: &Person| Some((person.number()?, Contact { mobile: person.mobile?, language: Language::English }));
    let contacts: Vec<_> = batch.persons.iter().filter_map(contact).collect();
    control.enrol(&contacts).await.map_err(ComposeError::of("control database"))?;
    Ok(u64::try_from(contacts.len()).unwrap_or(0))
}
