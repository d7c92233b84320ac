//! The price of one unit: what each costs, what many cost less, what a month costs at least.
//!
//! An answer is charged what each unit costs ([`Price::each`]), whatever was used before it, so that its amount depends on
//! nothing but itself and any order of the leaves gives the same bill. Tiers and the minimum belong to the month: the
//! statement takes off what the tiers save and adds what is missing to the minimum.

use serde::{Deserialize, Serialize};

/// Most milli-paisa that one unit may cost, Rs 20 000: no answer of `u32::MAX` rows leaves an `i64`.
pub const EACH_MAX: i64 = 2_000_000_000;

/// Most milli-paisa that a month may cost at least, Rs 10 million.
pub const MINIMUM_MAX: i64 = 1_000_000_000_000;

/// Most tiers of a price.
pub const TIERS_MAX: usize = 16;

/// Units of a month beyond a number, and what each of them costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tier {
    /// Units of the month that are charged as before.
    pub above: u64,
    /// Milli-paisa for each unit beyond them.
    pub each: i64,
}

/// What one unit costs. In a file either a whole number of milli-paisa or a table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Written", into = "Written")]
pub struct Price {
    /// Milli-paisa for each unit.
    pub each: i64,
    /// What units beyond certain numbers of a month cost, by rising numbers.
    pub tiers: Vec<Tier>,
    /// Milli-paisa that a month in which any unit was used costs at least; 0 for none.
    pub minimum: i64,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Written {
    Each(i64),
    Whole(Whole),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Whole {
    each: i64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    tiers: Vec<Tier>,
    #[serde(default, skip_serializing_if = "is_zero")]
    minimum: i64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(number: &i64) -> bool {
    *number == 0
}

impl From<Written> for Price {
    fn from(written: Written) -> Self {
        match written {
            Written::Each(each) => Self::flat(each),
            Written::Whole(Whole { each, tiers, minimum }) => Self { each, tiers, minimum },
        }
    }
}

impl From<Price> for Written {
    fn from(price: Price) -> Self {
        let Price { each, tiers, minimum } = price;
        if tiers.is_empty() && minimum == 0 { Self::Each(each) } else { Self::Whole(Whole { each, tiers, minimum }) }
    }
}

/// What a month's units of one price come to, milli-paisa.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Month {
    /// As their answers were charged.
    pub charged: i64,
    /// What the tiers take off; never negative.
    pub saved: i64,
    /// What is missing to the minimum; never negative.
    pub missing: i64,
}

impl Month {
    /// What is due.
    #[must_use]
    pub const fn due(self) -> i64 {
        self.charged.saturating_sub(self.saved).saturating_add(self.missing)
    }
}

impl Price {
    /// One price for every unit.
    #[must_use]
    pub const fn flat(each: i64) -> Self {
        Self { each, tiers: Vec::new(), minimum: 0 }
    }

    /// What an answer of so many units is charged.
    #[must_use]
    pub const fn charge(&self, units: u32) -> i64 {
        // A u32 always fits.
        self.each.saturating_mul(units as i64)
    }

    /// What a month of so many units comes to.
    #[must_use]
    pub fn month(&self, units: u64) -> Month {
        let count = |units: u64| i64::try_from(units).unwrap_or(i64::MAX);
        let charged = self.each.saturating_mul(count(units));
        let mut saved: i64 = 0;
        let mut before = self.each;
        for tier in &self.tiers {
            let beyond = count(units.saturating_sub(tier.above));
            saved = saved.saturating_add(before.saturating_sub(tier.each).saturating_mul(beyond));
            before = tier.each;
        }
        let lacking = self.minimum.saturating_sub(charged.saturating_sub(saved));
        let missing = if units == 0 { 0 } else { lacking.max(0) };
        Month { charged, saved, missing }
    }

    /// Whether the price can be held to: nothing negative, nothing that leaves an `i64`, and tiers that only fall.
    ///
    /// # Errors
    /// What is wrong, for whoever wrote it.
    pub fn check(&self) -> Result<(), String> {
        if !(0..=EACH_MAX).contains(&self.each) {
            return Err(format!("a unit costs 0 to {EACH_MAX} milli-paisa, not {}", self.each));
        }
        if !(0..=MINIMUM_MAX).contains(&self.minimum) {
            return Err(format!("a month costs at least 0 to {MINIMUM_MAX} milli-paisa, not {}", self.minimum));
        }
        if self.tiers.len() > TIERS_MAX {
            return Err(format!("has {} tiers; at most {TIERS_MAX}", self.tiers.len()));
        }
        let mut before = Tier { above: 0, each: self.each };
        for tier in &self.tiers {
            if tier.above <= before.above {
                return Err(format!("a tier above {} follows one above {}", tier.above, before.above));
            }
            if !(0..=before.each).contains(&tier.each) {
                return Err(format!("a tier costs {} where what comes before it costs {}", tier.each, before.each));
            }
            before = *tier;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tiered() -> Price {
        let tiers = vec![Tier { above: 10, each: 70 }, Tier { above: 100, each: 0 }];
        Price { each: 100, tiers, minimum: 500 }
    }

    #[test]
    fn tiers_and_minimum_belong_to_the_month_and_not_to_the_answer() {
        let check = |units, charged, saved, missing| {
            assert_eq!(tiered().month(units), Month { charged, saved, missing }, "{units}");
        };
        check(0, 0, 0, 0);
        check(1, 100, 0, 400);
        check(5, 500, 0, 0);
        check(10, 1_000, 0, 0);
        check(11, 1_100, 30, 0);
        check(100, 10_000, 2_700, 0);
        // The ninety between, and what is free beyond a hundred.
        check(103, 10_300, 90 * 30 + 3 * 100, 0);
        assert_eq!(tiered().charge(103), 10_300, "an answer costs the same whatever the month has seen");
        assert_eq!(tiered().month(103).due(), 10 * 100 + 90 * 70);
    }

    #[test]
    fn a_price_is_a_number_or_a_table_and_writes_itself_back() {
        #[derive(Debug, PartialEq, Serialize, Deserialize)]
        struct File {
            price: Price,
        }
        let check = |text: &str, price: Price| {
            let read: File = toml::from_str(text).unwrap();
            assert_eq!(read.price, price);
            assert_eq!(toml::from_str::<File>(&toml::to_string(&read).unwrap()).unwrap(), read);
            let json = serde_json::to_string(&read).unwrap();
            assert_eq!(serde_json::from_str::<File>(&json).unwrap(), read);
        };
        check("price = 35000", Price::flat(35_000));
        check("price = { each = 5, minimum = 9 }", Price { minimum: 9, ..Price::flat(5) });
        let tiers = vec![Tier { above: 10, each: 3 }];
        check("price = { each = 5, tiers = [{ above = 10, each = 3 }] }", Price { tiers, ..Price::flat(5) });
        for wrong in ["price = 1.5", "price = \"1\"", "price = { each = 1, most = 2 }", "price = { minimum = 2 }"] {
            assert!(toml::from_str::<File>(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_price_that_cannot_be_held_to_is_named() {
        let check = |price: Price, told: &str| {
            let why = price.check().unwrap_err();
            assert!(why.contains(told), "{why}");
        };
        tiered().check().unwrap();
        Price::flat(0).check().unwrap();
        Price::flat(EACH_MAX).check().unwrap();
        check(Price::flat(-1), "not -1");
        check(Price::flat(EACH_MAX + 1), "a unit costs");
        check(Price { minimum: -1, ..tiered() }, "not -1");
        check(Price { minimum: MINIMUM_MAX + 1, ..tiered() }, "at least");
        check(Price { tiers: vec![Tier { above: 0, each: 1 }], ..tiered() }, "above 0 follows one above 0");
        check(Price { tiers: vec![Tier { above: 5, each: 101 }], ..tiered() }, "costs 101");
        check(Price { tiers: vec![Tier { above: 5, each: -1 }], ..tiered() }, "costs -1");
        let twice = vec![Tier { above: 5, each: 3 }, Tier { above: 5, each: 2 }];
        check(Price { tiers: twice, ..tiered() }, "above 5 follows one above 5");
        let many = (1..=17).map(|n| Tier { above: n, each: 1 }).collect();
        check(Price { tiers: many, ..tiered() }, "17 tiers");
        assert_eq!(Price::flat(EACH_MAX).charge(u32::MAX), EACH_MAX * i64::from(u32::MAX), "no price stops at the end");
    }

    fn any_price() -> impl Strategy<Value = Price> {
        let tiers = prop::collection::vec((1..50_u64, 0..1_000_i64), 0..4);
        (0..3_000_i64, tiers, 0..100_000_i64).prop_map(|(each, steps, minimum)| {
            let (mut above, mut last, mut tiers) = (0, each, Vec::new());
            for (further, cheaper) in steps {
                above += further;
                last = (last - cheaper).max(0);
                tiers.push(Tier { above, each: last });
            }
            Price { each, tiers, minimum }
        })
    }

    proptest! {
        #[test]
        fn a_month_costs_what_its_units_cost_one_by_one(price in any_price(), units in 0..400_u64) {
            price.check().unwrap();
            let each = |n: u64| price.tiers.iter().rev().find(|tier| n > tier.above).map_or(price.each, |tier| tier.each);
            let one_by_one: i64 = (1..=units).map(each).sum();
            let month = price.month(units);
            prop_assert_eq!(month.charged - month.saved, one_by_one);
            let least = if units == 0 { 0 } else { price.minimum };
            prop_assert_eq!(month.due(), one_by_one.max(least));
        }

        #[test]
        fn more_units_never_cost_less(price in any_price(), units in 0..400_u64) {
            prop_assert!(price.month(units).due() <= price.month(units + 1).due());
        }

        #[test]
        fn rows_cost_the_same_in_one_answer_or_in_two(price in any_price(), a in 0..9_999_u32, b in 0..9_999_u32) {
            prop_assert_eq!(price.charge(a) + price.charge(b), price.charge(a + b));
        }
    }
}
