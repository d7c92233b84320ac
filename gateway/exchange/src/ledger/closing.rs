//! Closing a month: what its statement asks for beside what its answers were charged enters the ledger, once.
//!
//! Answers are charged at their rates as they are recorded. Tiers, minimums, rounding and taxes belong to the month, so they
//! move when it is closed by its signed statement. A closed month is never opened: a statement that reverses the one before it
//! moves the difference.

use super::{Account, Posting};
use crate::{
    ids::AgencyId,
    month::Month,
    statement::{Digest, Issued, Opened, Statement},
};

/// Milli-paisa in a paisa.
const PAISA: i64 = 1_000;

/// Why a statement closes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClosingError {
    /// Its month was not over.
    #[error("statement is provisional, and asks for nothing")]
    Provisional,
    /// Its sums leave an `i64` of milli-paisa.
    #[error("statement's sums are beyond any ledger")]
    TooLarge,
}

/// What a month comes to beside the charges of its answers, milli-paisa.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Beside {
    /// Taxes.
    pub tax: i64,
    /// Tiers, minimums and rounding: below 0 it is taken off.
    pub adjustment: i64,
}

/// A month as its signed statement closes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closing {
    /// The agency.
    pub agency: AgencyId,
    /// The month.
    pub month: Month,
    /// The statement, by the digest of what was signed.
    pub statement: Digest,
    /// The statement that it takes the place of.
    pub reverses: Option<Digest>,
    /// Root over the entries that it was made of.
    pub root: Digest,
    /// To be paid, paisa.
    pub total_paisa: i64,
    /// Nodes, and the entry that each one's log was read up to: the ledger must have been posted as far.
    pub covered: Vec<(String, u64)>,
    /// What it comes to beside the charges of its answers.
    pub beside: Beside,
}

impl Closing {
    /// By this statement.
    ///
    /// # Errors
    /// [`ClosingError`].
    pub fn of(opened: &Opened<Issued>) -> Result<Self, ClosingError> {
        let Issued { statement, provisional, reverses, covered, root, .. } = &opened.body;
        if *provisional {
            return Err(ClosingError::Provisional);
        }
        Ok(Self {
            agency: statement.agency.clone(),
            month: statement.month,
            statement: opened.digest,
            reverses: reverses.as_ref().map(|reversal| reversal.statement),
            root: *root,
            total_paisa: statement.total_paisa,
            covered: covered.iter().map(|covered| (covered.node().to_owned(), covered.until)).collect(),
            beside: Beside::of(statement).ok_or(ClosingError::TooLarge)?,
        })
    }

    /// The movements: all of it, or what differs from the statement before. `place` counts the statements of the month, from 1.
    #[must_use]
    pub fn postings(&self, place: u32, before: Beside) -> Vec<Posting> {
        let payer = Account::Agency(self.agency.clone());
        let moved = [
            ("tax", Account::Tax, self.beside.tax.saturating_sub(before.tax)),
            ("adjustment", Account::Adjustment, self.beside.adjustment.saturating_sub(before.adjustment)),
        ];
        let owed = moved.into_iter().filter(|(_, _, amount)| *amount != 0);
        owed.map(|(word, account, amount)| {
            let (debit, credit) = if amount > 0 { (payer.clone(), account) } else { (account, payer.clone()) };
            let id = format!("month/{}/{}/{place}/{word}", self.agency, self.month);
            Posting { id, debit, credit, amount: amount.saturating_abs() }
        })
        .collect()
    }
}

impl Beside {
    /// Of a statement; `None` beyond an `i64`.
    #[must_use]
    pub fn of(statement: &Statement) -> Option<Self> {
        let paid = statement.lines.iter().filter(|line| line.given_paisa == 0);
        let parts = paid.flat_map(|line| &line.parts);
        let charged = parts.map(|part| part.rated_milli_paisa).try_fold(0_i64, i64::checked_add)?;
        let tax = statement.tax_paisa.checked_mul(PAISA)?;
        let adjustment = statement.total_paisa.checked_mul(PAISA)?.checked_sub(tax)?.checked_sub(charged)?;
        Some(Self { tax, adjustment })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn closing(beside: Beside) -> Closing {
        Closing {
            agency: AgencyId::parse("bank-indus").unwrap(),
            month: Month::parse("2026-10").unwrap(),
            statement: Digest([1; 32]),
            reverses: None,
            root: Digest([2; 32]),
            total_paisa: 0,
            covered: Vec::new(),
            beside,
        }
    }

    #[test]
    fn what_is_owed_is_debited_what_is_taken_off_is_credited_and_nothing_moves_nothing() {
        let check = |beside: (i64, i64), before: (i64, i64), expected: &[(&str, &str, i64)]| {
            let of = |(tax, adjustment)| Beside { tax, adjustment };
            let all = closing(of(beside)).postings(2, of(before));
            let told: Vec<_> = all.iter().map(|it| (it.debit.to_string(), it.credit.to_string(), it.amount)).collect();
            let expected: Vec<_> = expected.iter().map(|(a, b, n)| ((*a).to_owned(), (*b).to_owned(), *n)).collect();
            assert_eq!(told, expected, "{beside:?} {before:?}");
            assert!(all.iter().all(|it| it.id.starts_with("month/bank-indus/2026-10/2/")));
        };
        let bank = "agency/bank-indus";
        check((0, 0), (0, 0), &[]);
        check((5, 7), (0, 0), &[(bank, "tax", 5), (bank, "adjustment", 7)]);
        check((0, -7), (0, 0), &[("adjustment", bank, 7)]);
        check((5, -7), (5, -7), &[]);
        check((4, -3), (5, -7), &[("tax", bank, 1), (bank, "adjustment", 4)]);
    }
}
