//! One family over about four generations: who was born to whom, who married, who died.

use super::{
    areas::{self, Area},
    calendar,
    names::{self, Part},
    prng::Chance,
};
use crate::name::Name;

/// Somebody as they really are, before any register errs.
#[derive(Clone, Debug)]
pub(super) struct Individual {
    /// Whole name.
    pub(super) name: Name,
    /// Given name, which daughters carry on.
    pub(super) given: Part,
    /// Father's whole name.
    pub(super) father_name: Name,
    /// Whether a man.
    pub(super) male: bool,
    /// Day of birth, counted from 1970.
    pub(super) born: i64,
    /// Day of death, counted from 1970.
    pub(super) died: Option<i64>,
    /// Place in the clan of the parents, if they belong to it.
    pub(super) parents: Option<(usize, usize)>,
    /// Place in the clan of the husband or wife.
    pub(super) spouse: Option<usize>,
    /// Places in the clan of the children.
    pub(super) children: Vec<usize>,
}

/// A clan: founders first, nobody before their parents.
#[derive(Clone, Debug)]
pub(super) struct Clan {
    /// Its people.
    pub(super) people: Vec<Individual>,
    /// Couples as (husband, wife), eldest first.
    pub(super) couples: Vec<(usize, usize)>,
    /// Where it lives.
    pub(super) home: Area,
}

/// Generations that have children of their own.
const GENERATIONS: u8 = 4;
/// Age in days of the younger of two who marry, at the least.
const WED_DAYS: i64 = 18 * 365;
/// People of one clan, so that no draw makes an endless one.
const PEOPLE_MAX: usize = 150;

/// Draws a clan.
pub(super) fn draw(chance: &mut Chance) -> Option<Clan> {
    let home = areas::anywhere(chance)?;
    let mut growth = Growth { clan: Clan { people: Vec::new(), couples: Vec::new(), home }, chance };
    growth.found();
    growth.grow();
    Some(growth.clan)
}

struct Growth<'a> {
    clan: Clan,
    chance: &'a mut Chance,
}

impl Growth<'_> {
    /// A couple born between the wars.
    fn found(&mut self) {
        let family = names::family(self.chance);
        let born = self.chance.between(calendar::day_of(1915, 1, 1), calendar::day_of(1938, 12, 28));
        let founder = self.stranger(true, born, family);
        self.marry(founder, family);
    }

    /// Generation after generation: children, their marriages, and so on.
    fn grow(&mut self) {
        let (mut from, mut generation) = (0, 0);
        while generation < GENERATIONS && from < self.clan.couples.len() {
            let until = self.clan.couples.len();
            for place in from..until {
                if let Some(&couple) = self.clan.couples.get(place) {
                    self.raise(couple);
                }
            }
            (from, generation) = (until, generation + 1);
        }
    }

    /// The children of a couple, and their marriages.
    fn raise(&mut self, (husband, wife): (usize, usize)) {
        let Some(mother) = self.clan.people.get(wife).cloned() else { return };
        let family = names::family(self.chance);
        let family = if self.chance.one_of_thousand(850) { self.family_of(husband) } else { family };
        let mut born = mother.born + self.chance.between(18 * 365, 27 * 365);
        for _ in 0..self.chance.between(1, 5) {
            let possible = born < mother.died.unwrap_or(i64::MAX)
                && born - mother.born < 44 * 365
                && born < calendar::REFERENCE_DAY
                && self.clan.people.len() < PEOPLE_MAX;
            if !possible {
                break;
            }
            self.live_until(husband, born);
            let child = self.child((husband, wife), born, family);
            if self.survived_until(child, 30 * 365) && self.chance.one_of_thousand(900) {
                self.marry(child, family);
            }
            born += self.chance.between(400, 1500);
        }
    }

    fn child(&mut self, (husband, wife): (usize, usize), born: i64, family: Part) -> usize {
        let male = self.chance.one_of_thousand(512);
        let father = self.clan.people.get(husband).map(|father| (father.given, father.name.clone()));
        let (father_given, father_name) = father.unwrap_or((family, Name::new(family.0, family.1)));
        let mut child = self.somebody(male, born, father_given, family, father_name);
        child.parents = Some((husband, wife));
        let place = self.add(child);
        for parent in [husband, wife] {
            if let Some(parent) = self.clan.people.get_mut(parent) {
                parent.children.push(place);
            }
        }
        place
    }

    /// Finds a husband or wife from outside.
    fn marry(&mut self, one: usize, family: Part) {
        let Some((male, born)) = self.clan.people.get(one).map(|one| (one.male, one.born)) else { return };
        let elder_by = self.chance.between(0, 8 * 365);
        let other_born = if male { born + elder_by } else { born - elder_by };
        let other_family = if self.chance.one_of_thousand(400) { family } else { names::family(self.chance) };
        let other = self.stranger(!male, other_born, other_family);
        for (a, b) in [(one, other), (other, one)] {
            if let Some(person) = self.clan.people.get_mut(a) {
                person.spouse = Some(b);
            }
        }
        let wed = born.max(other_born) + WED_DAYS;
        self.live_until(one, wed);
        self.live_until(other, wed);
        self.clan.couples.push(if male { (one, other) } else { (other, one) });
    }

    /// Puts a death off to this day, if it was drawn before: nobody marries or begets after death, and a register of the
    /// truth in which somebody did would show a forgery (rules F07, F08) where there is none.
    fn live_until(&mut self, person: usize, day: i64) {
        if let Some(died) = self.clan.people.get_mut(person).and_then(|person| person.died.as_mut()) {
            *died = (*died).max(day).min(calendar::REFERENCE_DAY);
        }
    }

    /// Somebody whose parents belong to no clan here.
    fn stranger(&mut self, male: bool, born: i64, family: Part) -> usize {
        let father_given = names::given(self.chance, true);
        let father_name = names::of_man(self.chance, father_given, family);
        let stranger = self.somebody(male, born, father_given, family, father_name);
        self.add(stranger)
    }

    fn somebody(&mut self, male: bool, born: i64, father_given: Part, family: Part, father_name: Name) -> Individual {
        let given = names::given(self.chance, male);
        let name = if male {
            names::of_man(self.chance, given, family)
        } else {
            names::of_woman(self.chance, given, father_given, family)
        };
        let died = self.death(born);
        Individual { name, given, father_name, male, born, died, parents: None, spouse: None, children: Vec::new() }
    }

    /// Four in a hundred die as children or young; the others between 50 and 95, most around 72.
    fn death(&mut self, born: i64) -> Option<i64> {
        let lived = if self.chance.one_of_thousand(40) {
            self.chance.between(0, 50 * 365)
        } else {
            50 * 365 + self.chance.between(0, 22 * 365) + self.chance.between(0, 23 * 365)
        };
        Some(born + lived).filter(|died| *died <= calendar::REFERENCE_DAY)
    }

    /// Whether a person came to this age, in days, by now.
    fn survived_until(&self, person: usize, days: i64) -> bool {
        self.clan.people.get(person).is_some_and(|person| {
            let end = person.died.unwrap_or(calendar::REFERENCE_DAY);
            end - person.born >= days - 8 * 365
        })
    }

    /// The last word of a man's name, as the name that he passes on, if it is a family's.
    fn family_of(&self, man: usize) -> Part {
        self.clan.people.get(man).map_or(("Khan", "خان"), |man| names::family_in(&man.name).unwrap_or(man.given))
    }

    fn add(&mut self, person: Individual) -> usize {
        self.clan.people.push(person);
        self.clan.people.len() - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clans() -> impl Iterator<Item = Clan> {
        (0..200).filter_map(|number| draw(&mut Chance::new(11, number)))
    }

    #[test]
    fn nobody_is_born_to_a_child_or_to_the_dead() {
        for clan in clans() {
            for person in &clan.people {
                let Some((_, mother)) = person.parents else { continue };
                let mother = &clan.people[mother];
                let age = (person.born - mother.born) / 365;
                assert!((15..45).contains(&age), "{age}");
                assert!(mother.died.is_none_or(|died| died >= person.born));
                assert!(!mother.male);
            }
        }
    }

    #[test]
    fn marriages_are_mutual_and_between_a_man_and_a_woman() {
        for clan in clans() {
            for &(husband, wife) in &clan.couples {
                assert_eq!(clan.people[husband].spouse, Some(wife));
                assert_eq!(clan.people[wife].spouse, Some(husband));
                assert!(clan.people[husband].male && !clan.people[wife].male);
            }
        }
    }

    #[test]
    fn clans_reach_over_generations_and_have_an_end() {
        let sizes: Vec<_> = clans().map(|clan| clan.people.len()).collect();
        let mean = sizes.iter().sum::<usize>() / sizes.len();
        assert!((20..120).contains(&mean), "{mean}");
        assert!(sizes.iter().all(|size| *size <= PEOPLE_MAX + 2));
        let deepest = clans().map(|clan| depth(&clan)).max();
        assert!(deepest >= Some(4), "{deepest:?}");
    }

    fn depth(clan: &Clan) -> usize {
        let mut depths = Vec::new();
        for person in &clan.people {
            let above = person.parents.map_or(0, |(father, mother)| usize::max(depths[father], depths[mother]));
            depths.push(above + 1);
        }
        depths.into_iter().max().unwrap_or(0)
    }

    #[test]
    fn nobody_died_or_was_born_after_the_reference_day() {
        for person in clans().flat_map(|clan| clan.people) {
            assert!(person.born <= calendar::REFERENCE_DAY && person.died.is_none_or(|d| d <= calendar::REFERENCE_DAY));
            assert!(person.died.is_none_or(|died| died >= person.born));
        }
    }
}
