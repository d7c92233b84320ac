//! Who lives with whom, and what the survey found there.

use std::collections::BTreeMap;

use super::{
    areas::{self, Area},
    clan::{Clan, Individual},
    prng::Chance,
    record,
};
use crate::household::{Household, HouseholdId, Membership, Payment, Position, Relation, Surveyed};
use crate::person::PersonId;

/// One home before it is numbered: members by their place in the clan, the head first.
#[derive(Clone, Debug)]
pub(super) struct Home {
    /// Members.
    pub(super) members: Vec<(usize, Relation)>,
    /// Where it is.
    pub(super) area: Area,
    /// Address beneath the tehsil.
    pub(super) text: String,
    /// Whether the survey came here.
    surveyed: bool,
}

/// The homes of a clan's living, and each person's home.
#[derive(Clone, Debug, Default)]
pub(super) struct Homes {
    /// Homes.
    pub(super) homes: Vec<Home>,
    /// Place in the clan to place among the homes.
    pub(super) of: BTreeMap<usize, usize>,
}

impl Homes {
    /// Settles a clan: the youngest couples first, their parents with a married son, the unmarried with their parents.
    pub(super) fn settle(chance: &mut Chance, clan: &Clan) -> Self {
        let mut homes = Self::default();
        for &(husband, wife) in clan.couples.iter().rev() {
            homes.settle_couple(chance, clan, husband, wife);
        }
        for place in 0..clan.people.len() {
            homes.settle_single(chance, clan, place);
        }
        homes
    }

    fn settle_couple(&mut self, chance: &mut Chance, clan: &Clan, husband: usize, wife: usize) {
        let couple: Vec<_> = [husband, wife].into_iter().filter(|one| lives(clan, *one).is_some()).collect();
        let Some(&head) = couple.first() else { return };
        let sons = lives(clan, head).map_or(&[][..], |person| &person.children);
        let with = sons.iter().find(|son| lives(clan, **son).is_some_and(|p| p.male) && self.of.contains_key(son));
        if let Some(&son) = with {
            for parent in couple {
                let relation = self.parent_relation(clan, parent, son);
                self.join(parent, son, relation);
            }
            return;
        }
        let area = if chance.one_of_thousand(120) { areas::anywhere(chance) } else { None };
        let home = self.found(chance, head, area.unwrap_or(clan.home));
        for other in couple.into_iter().skip(1) {
            self.enter(other, home, Relation::Spouse);
        }
    }

    fn parent_relation(&self, clan: &Clan, parent: usize, son: usize) -> Relation {
        let male = lives(clan, parent).is_some_and(|parent| parent.male);
        match self.relation_of(son) {
            Some(Relation::Head) if male => Relation::Father,
            Some(Relation::Head) => Relation::Mother,
            _ => Relation::Other,
        }
    }

    /// Someone unmarried: with a living parent, else with a brother or sister, else alone if grown up.
    fn settle_single(&mut self, chance: &mut Chance, clan: &Clan, place: usize) {
        let Some(person) = lives(clan, place).filter(|_| !self.of.contains_key(&place)) else { return };
        let parents = person.parents.map_or([None, None], |(father, mother)| [Some(father), Some(mother)]);
        let parent = parents.into_iter().flatten().find(|parent| self.of.contains_key(parent));
        if let Some(parent) = parent {
            let own = matches!(self.relation_of(parent), Some(Relation::Head | Relation::Spouse));
            let relation = match (own, person.male) {
                (true, true) => Relation::Son,
                (true, false) => Relation::Daughter,
                (false, _) => Relation::Other,
            };
            return self.join(place, parent, relation);
        }
        let siblings = parents.into_iter().flatten().next().and_then(|parent| clan.people.get(parent));
        let sibling = siblings.and_then(|parent| parent.children.iter().find(|s| self.of.contains_key(s)));
        match sibling {
            Some(&sibling) => self.join(place, sibling, Relation::Other),
            None if person.born < super::calendar::REFERENCE_DAY - 18 * 366 => {
                self.found(chance, place, clan.home);
            }
            None => {}
        }
    }

    fn found(&mut self, chance: &mut Chance, head: usize, area: Area) -> usize {
        let home = Home { members: Vec::new(), area, text: text(chance), surveyed: chance.one_of_thousand(870) };
        self.homes.push(home);
        let home = self.homes.len() - 1;
        self.enter(head, home, Relation::Head);
        home
    }

    fn join(&mut self, person: usize, whose: usize, relation: Relation) {
        if let Some(&home) = self.of.get(&whose) {
            self.enter(person, home, relation);
        }
    }

    fn enter(&mut self, person: usize, home: usize, relation: Relation) {
        if let Some(entered) = self.homes.get_mut(home) {
            entered.members.push((person, relation));
            self.of.insert(person, home);
        }
    }

    fn relation_of(&self, person: usize) -> Option<Relation> {
        let home = self.homes.get(*self.of.get(&person)?)?;
        home.members.iter().find(|(member, _)| *member == person).map(|(_, relation)| *relation)
    }
}

fn lives(clan: &Clan, place: usize) -> Option<&Individual> {
    clan.people.get(place).filter(|person| person.died.is_none())
}

/// Streets and villages that are nowhere in particular.
const QUARTERS: &[&str] = &[
    "Mohalla Islampura",
    "Mohalla Rehmatabad",
    "Gulshan Colony",
    "Model Town",
    "Satellite Town",
    "Railway Road",
    "Circular Road",
    "Mohalla Qasaban",
    "New Abadi",
    "Jinnah Colony",
    "Iqbal Nagar",
    "Canal View",
];
const VILLAGES: &[&str] = &["Chak", "Kot", "Dera", "Goth", "Killi", "Basti", "Dhok", "Banda"];

fn text(chance: &mut Chance) -> String {
    let house = chance.between(1, 480);
    if chance.one_of_thousand(380) {
        let quarter = chance.pick(QUARTERS).copied().unwrap_or_default();
        format!("House {house}, Street {}, {quarter}", chance.between(1, 40))
    } else {
        let village = chance.pick(VILLAGES).copied().unwrap_or_default();
        format!("House {house}, {village} {}", chance.between(1, 220))
    }
}

/// What a household may own, and the thousandths of households that do: of the poorest, of the least poor.
const ASSETS: &[(&str, u64, u64)] = &[
    ("Bicycle", 250, 150),
    ("Motorcycle", 120, 700),
    ("Refrigerator", 80, 850),
    ("Television", 200, 800),
    ("Washing machine", 60, 780),
    ("Sewing machine", 300, 400),
    ("Mobile phone", 700, 990),
    ("Air cooler", 40, 500),
    ("Two goats", 350, 120),
    ("One buffalo", 220, 200),
    ("Agricultural land, 2 acres", 120, 300),
    ("Solar panel", 180, 300),
    ("Car", 2, 180),
    ("Computer", 5, 350),
];

/// The points below which a household is paid (32 points since 2022, as the press reported in June of that year).
const CUT_OFF_PMT: u16 = 3200;
/// The programme's quarterly payments of the year before the reference day.
const QUARTERS_PAID: &[&str] = &["2025-01", "2025-04", "2025-07", "2025-10"];
const RUPEES_PAID: u32 = 13_500;

/// The survey's household, if the survey came; only members among the first `kept` of the clan.
pub(super) fn survey(chance: &mut Chance, home: &Home, id: u64, first_pid: u64, kept: usize) -> Option<Household> {
    let present = home.members.iter().filter(|(place, _)| *place < kept);
    let pid = |place: usize| PersonId(first_pid.saturating_add(u64::try_from(place).unwrap_or(0)));
    let members: Vec<_> = present
        .map(|&(place, relation)| Membership { pid: pid(place), relation, surveyed: Surveyed::default() })
        .collect();
    if !home.surveyed || members.first().is_none_or(|first| first.relation != Relation::Head) {
        return None;
    }
    // The mean of three draws: few at either end, most around 40 points.
    let points = (chance.below(8000) + chance.below(8000) + chance.below(8000)) / 3;
    let pmt = u16::try_from(points).unwrap_or(0);
    let has_wife = members.iter().any(|m| matches!(m.relation, Relation::Spouse | Relation::Mother));
    let beneficiary = pmt <= CUT_OFF_PMT && has_wife;
    let owned = ASSETS.iter().filter(|(_, poorest, richest)| {
        // A straight line from the poorest's share to the least poor's, which may fall.
        let per_mille = (poorest * (8000 - points) + richest * points) / 8000;
        chance.one_of_thousand(per_mille)
    });
    let assets: Vec<_> = owned.map(|(asset, ..)| (*asset).to_owned()).collect();
    let months = if beneficiary { QUARTERS_PAID } else { &[] };
    let payment = |month: &&str| Payment { month: (*month).to_owned(), amount: RUPEES_PAID };
    let payments = months.iter().map(payment).collect();
    let position = Some(position(chance, home.area));
    let address = record::address(home.area, &home.text);
    Some(Household { id: HouseholdId(id), address, position, pmt, assets, beneficiary, payments, members })
}

fn position(chance: &mut Chance, area: Area) -> Position {
    let [south, north, west, east] = area.province.degrees;
    let mut within = |least: i32, most: i32| {
        let drawn = chance.between(i64::from(least) * 1_000_000, i64::from(most) * 1_000_000);
        i32::try_from(drawn).unwrap_or(0)
    };
    Position { latitude_e6: within(south, north), longitude_e6: within(west, east) }
}
