//! The sides of a movement, the movement, and what movements come to.

use std::fmt;

use crate::{ids::AgencyId, tariff::Column};

/// One account. All movements are between two of these; what one is debited another is credited.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Account {
    /// What an agency paid in (credits) and was charged (debits).
    Agency(AgencyId),
    /// What the answers were rated at, by column of the rate book; `None` for entries older than columns.
    Revenue(Option<Column>),
    /// What an agency was given: rated in full, and offset.
    Given(AgencyId),
    /// Taxes that were asked for.
    Tax,
    /// What a month's tiers, minimums and rounding add (credits) or take off (debits).
    Adjustment,
    /// What came in by the bank.
    Bank,
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Agency(agency) => write!(f, "agency/{agency}"),
            Self::Revenue(column) => write!(f, "revenue/{}", column.map_or("unclassed", Column::as_str)),
            Self::Given(agency) => write!(f, "given/{agency}"),
            Self::Tax => f.write_str("tax"),
            Self::Adjustment => f.write_str("adjustment"),
            Self::Bank => f.write_str("bank"),
        }
    }
}

/// One movement: an amount that leaves one account and enters another. Its id is its idempotency key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posting {
    /// Of what it follows; no two movements have one id.
    pub id: String,
    /// Who is debited.
    pub debit: Account,
    /// Who is credited.
    pub credit: Account,
    /// Milli-paisa, above 0.
    pub amount: i64,
}

/// What the movements of one account come to, milli-paisa.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Balance {
    /// All debits.
    pub debits: i64,
    /// All credits.
    pub credits: i64,
    /// Held for requests that have not ended.
    pub held: i64,
}

impl Balance {
    /// What is there, less what is held: below 0 it is owed.
    #[must_use]
    pub fn free(self) -> i64 {
        self.credits.saturating_sub(self.debits).saturating_sub(self.held)
    }

    /// What may still be spent under a credit limit.
    #[must_use]
    pub fn available(self, limit: i64) -> i64 {
        self.free().saturating_add(limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_are_named_apart() {
        let agency = || AgencyId::parse("bank-indus").unwrap();
        let all = [
            Account::Agency(agency()),
            Account::Given(agency()),
            Account::Revenue(Some(Column::Government)),
            Account::Revenue(Some(Column::Private)),
            Account::Revenue(None),
            Account::Tax,
            Account::Adjustment,
            Account::Bank,
        ];
        let names = all.map(|account| account.to_string());
        let expected = [
            "agency/bank-indus",
            "given/bank-indus",
            "revenue/government",
            "revenue/private",
            "revenue/unclassed",
            "tax",
            "adjustment",
            "bank",
        ];
        assert_eq!(names, expected);
    }

    #[test]
    fn what_is_held_cannot_be_spent_and_a_limit_adds_to_what_can() {
        let balance = Balance { debits: 30, credits: 100, held: 20 };
        assert_eq!((balance.free(), balance.available(0), balance.available(7)), (50, 50, 57));
        let owing = Balance { debits: 100, credits: 30, held: 0 };
        assert_eq!((owing.free(), owing.available(50)), (-70, -20));
        let far = Balance { debits: i64::MAX, credits: 0, held: i64::MAX };
        assert_eq!(far.free(), i64::MIN, "saturated, never wrapped");
    }
}
