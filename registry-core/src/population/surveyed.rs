//! What the survey found of a member's body, schooling and work.

use super::{calendar::REFERENCE_DAY, clan::Individual, prng::Chance};
use crate::{
    household::{Disability, Education, Employment, Surveyed},
    person::PersonId,
};

/// Streams of this module, apart from those that clans are drawn from.
const STREAM: u64 = 1 << 62;

/// Draws a member's answers: a stream of their own for each person, so that no other draw moves.
pub(super) fn draw(seed: u64, pid: PersonId, person: &Individual) -> Surveyed {
    let mut chance = Chance::new(seed, STREAM | pid.0);
    let years = (REFERENCE_DAY - person.born) / 365;
    Surveyed {
        disability: Some(disability(&mut chance, years)),
        education: (years >= 5).then(|| education(&mut chance, years)),
        employment: (years >= 10).then(|| employment(&mut chance, years, person.male)),
    }
}

/// One in fifty of the young and one in five of the old; invented shares, and no source's.
fn disability(chance: &mut Chance, years: i64) -> Disability {
    let per_mille = if years < 60 { 20 } else { 200 };
    if !chance.one_of_thousand(per_mille) {
        return Disability::None;
    }
    // The first word is that of none.
    chance.pick(Disability::ALL.get(1..).unwrap_or_default()).copied().unwrap_or(Disability::None)
}

/// No level before the age at which it can be completed.
fn education(chance: &mut Chance, years: i64) -> Education {
    let reached = Education::ALL.iter().zip([0, 10, 14, 17, 21]).filter(|(_, from)| years >= *from);
    let levels: Vec<_> = reached.map(|(level, _)| *level).collect();
    chance.pick(&levels).copied().unwrap_or(Education::None)
}

fn employment(chance: &mut Chance, years: i64, male: bool) -> Employment {
    let works = if male { 850 } else { 250 };
    if !(15..65).contains(&years) || !chance.one_of_thousand(works) {
        return Employment::Outside;
    }
    // The last word is that of those outside.
    let within = Employment::ALL.split_last().map_or(&[][..], |(_, within)| within);
    chance.pick(within).copied().unwrap_or(Employment::Outside)
}

#[cfg(test)]
#[path = "surveyed_tests.rs"]
mod tests;
