//! A synthetic population that is the same for the same seed: families over about four generations, their households,
//! and the truth beside what the register knows of them. Nobody in it exists.

mod areas;
mod calendar;
mod clan;
mod homes;
mod names;
mod notable;
mod prng;
mod record;
mod surveyed;
mod truth;

use self::{homes::Homes, prng::Chance, record::Source};
pub use self::{
    notable::Notable,
    truth::{Slip, Truth},
};
use crate::{
    household::Household,
    limits::POPULATION_MAX,
    person::{Person, PersonId},
    ports::store::Batch,
};

/// The seed of the demonstration and of README's examples.
pub const DEMO_SEED: u64 = 2026;

/// One clan as the register has it, with the truth of each person.
#[derive(Clone, Debug)]
pub struct Family {
    /// Persons.
    pub persons: Vec<Person>,
    /// Households that were surveyed; their members are among these persons.
    pub households: Vec<Household>,
    /// Truth of each person, in the order of the persons.
    pub truth: Vec<Truth>,
}

/// A stream of families that sums to a number of persons.
#[derive(Clone, Debug)]
pub struct Population {
    seed: u64,
    shift: u64,
    size: u64,
    clans: u64,
    persons: u64,
    households: u64,
}

impl Population {
    /// The population of this seed and number of persons, at most [`POPULATION_MAX`].
    ///
    /// A smaller population is the beginning of a larger one with the same seed, but for its last family.
    #[must_use]
    pub fn new(seed: u64, size: u64) -> Self {
        let shift = Chance::new(seed, u64::MAX).below(POPULATION_MAX);
        Self { seed, shift, size: size.min(POPULATION_MAX), clans: 0, persons: 0, households: 0 }
    }

    /// Its seed.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Number of persons.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Persons that the demonstration and README may rely on; `None` in populations of a few hundred or less.
    #[must_use]
    pub fn notable(&self) -> Option<Notable> {
        Notable::find(Self::new(self.seed, self.size))
    }

    /// The same families cut into batches of about `persons` each, for stores.
    pub fn batches(self, persons: usize) -> impl Iterator<Item = Batch> {
        let mut families = self;
        std::iter::from_fn(move || {
            let mut batch = Batch::default();
            while batch.persons.len() < persons {
                let Some(family) = families.next() else { break };
                batch.persons.extend(family.persons);
                batch.households.extend(family.households);
            }
            (!batch.persons.is_empty()).then_some(batch)
        })
    }
}

impl Iterator for Population {
    type Item = Family;

    fn next(&mut self) -> Option<Family> {
        let left = self.size.checked_sub(self.persons).filter(|left| *left > 0)?;
        let mut chance = Chance::new(self.seed, self.clans);
        self.clans += 1;
        let clan = clan::draw(&mut chance)?;
        let homes = Homes::settle(&mut chance, &clan);
        let kept = clan.people.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let first_pid = self.persons + 1;
        let mut family = Family { persons: Vec::with_capacity(kept), households: Vec::new(), truth: Vec::new() };
        for (pid, (place, person)) in (first_pid..).zip(clan.people.iter().enumerate()).take(kept) {
            let home = homes.of.get(&place).and_then(|home| homes.homes.get(*home));
            let source = Source {
                person,
                pid: PersonId(pid),
                shift: self.shift,
                area: home.map_or(clan.home, |home| home.area),
                text: home.map_or("", |home| &home.text),
                husband: person.spouse.filter(|_| !person.male).and_then(|h| clan.people.get(h)).map(|h| &h.name),
            };
            let (record, slips) = record::draw(&mut chance, &source);
            family.persons.push(record);
            family.truth.push(record::truth(&source, first_pid, kept, slips));
        }
        for home in &homes.homes {
            let mut household = homes::survey(&mut chance, home, self.households + 1, first_pid, kept);
            for member in household.iter_mut().flat_map(|household| &mut household.members) {
                let place = usize::try_from(member.pid.0 - first_pid).unwrap_or(usize::MAX);
                let person = clan.people.get(place);
                member.surveyed = person.map(|it| surveyed::draw(self.seed, member.pid, it)).unwrap_or_default();
            }
            self.households += u64::from(household.is_some());
            family.households.extend(household);
        }
        self.persons += u64::try_from(kept).unwrap_or(left);
        Some(family)
    }
}

#[cfg(test)]
mod family_laws;
#[cfg(test)]
mod household_laws;
#[cfg(test)]
mod parts_tests;
#[cfg(test)]
mod tests;
