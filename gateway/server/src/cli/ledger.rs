//! `ijazat ledger …`: what came in by the bank, what agencies may still spend, whether the books agree.

use std::io::Write;

use clap::{Args, Subcommand};
use exchange::{
    ids::AgencyId,
    ledger::{Account, Balance, Pays},
    ports::directory_source::DirectorySource as _,
    tariff::rupees,
};

use super::{control, failure::Failure, options::Place, runtime::block_on};
use adapters::sql::control::{Books, ControlStore};

/// Milli-paisa in a rupee.
const RUPEE: i64 = 100_000;
/// Milli-paisa in a paisa.
const PAISA: i64 = 1_000;

/// Puts agencies' payments in the books, and tells what they may still spend.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ijazat ledger show
  ijazat ledger top-up bank-indus 250000.50 --reference HBL-2026-11-27-0042
  ijazat ledger check

The ledger follows from the access log: each answer is charged when its record is posted, within seconds. How an agency
pays (before, or up to a limit) is a change of the directory: `ijazat agency propose` with kind `terms`.")]
pub struct Ledger {
    #[command(subcommand)]
    command: LedgerCommand,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, Subcommand)]
enum LedgerCommand {
    /// Put a payment on an agency's account, once
    #[command(after_help = "\
Examples:
  ijazat ledger top-up bank-indus 250000 --reference HBL-2026-11-27-0042
  ijazat ledger top-up telco-sarhad 99.95 --reference order-7

Typed again under the same reference, it changes nothing; with another amount, it is refused.")]
    TopUp {
        /// The agency
        #[arg(value_parser = agency)]
        agency: AgencyId,
        /// Amount, with two decimals at most
        #[arg(value_name = "RUPEES", value_parser = amount)]
        rupees: i64,
        /// The bank's reference of the payment
        #[arg(long, value_name = "TEXT", value_parser = reference)]
        reference: String,
    },
    /// Tell what each agency paid in, was charged, has held, and may still spend
    #[command(after_help = "\
Examples:
  ijazat ledger show
  ijazat ledger show bank-indus")]
    Show {
        /// One agency; all unless named
        #[arg(value_parser = agency)]
        agency: Option<AgencyId>,
    },
    /// Hold the accounts against their movements
    #[command(after_help = "\
Examples:
  ijazat ledger check

Exit code 1 and the first account of which the books say two things, when there is one.")]
    Check,
}

impl Ledger {
    /// Runs the command.
    ///
    /// # Errors
    /// [`Failure::Failed`] when the books refuse it, or do not agree.
    pub fn run(&self, out: &mut dyn Write) -> Result<(), Failure> {
        let config = self.place.load()?;
        block_on(async {
            let store = control::open(&config).await?;
            let done = self.command.run(&store, out).await;
            store.database().close().await;
            done
        })
    }
}

impl LedgerCommand {
    async fn run(&self, store: &ControlStore, out: &mut dyn Write) -> Result<(), Failure> {
        match self {
            Self::TopUp { agency, rupees: amount, reference } => {
                let new = store.top_up(agency, *amount, reference).await.map_err(|error| failed(&error))?;
                let word = if new { "is in the books" } else { "was in the books already" };
                writeln!(out, "{reference}: {} of {agency} {word}", rupees(*amount))?;
            }
            Self::Show { agency } => {
                let books = store.books().await.map_err(|error| failed(&error))?;
                show(&books, store, agency.as_ref(), out).await?;
            }
            Self::Check => {
                let books = store.books().await.map_err(|error| failed(&error))?;
                if let Some(fault) = books.fault() {
                    return Err(Failure::Failed(format!("the books do not agree: {fault}")));
                }
                if let Some(fault) = store.quota_fault().await.map_err(|error| failed(&error))? {
                    return Err(Failure::Failed(format!("the quotas do not agree: {fault}")));
                }
                writeln!(out, "{} accounts agree with their movements; debits equal credits", books.accounts.len())?;
            }
        }
        Ok(())
    }
}

async fn show(
    books: &Books,
    store: &ControlStore,
    only: Option<&AgencyId>,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let (_, data) = store.read().await.map_err(|error| failed(&error))?;
    let agencies = data.agencies.iter().filter(|agency| only.is_none_or(|only| *only == agency.id));
    let mut told = 0;
    for agency in agencies {
        let terms = data.terms.iter().find(|terms| terms.agency == agency.id);
        let account = books.accounts.get(&Account::Agency(agency.id.clone()).to_string()).copied();
        if account.is_none() && terms.is_none() && only.is_none() {
            continue;
        }
        let balance = account.unwrap_or_default();
        let Balance { debits, credits, held } = balance;
        let pays = match terms.map(|terms| terms.pays) {
            None => "pays by its statement, without a bound".to_owned(),
            Some(Pays::Prepaid) => format!("prepaid; may spend {}", rupees(balance.available(0))),
            Some(Pays::Credit(limit)) => {
                format!("owes up to {}; may spend {}", rupees(limit), rupees(balance.available(limit)))
            }
        };
        let (paid, charged, held) = (rupees(credits), rupees(debits), rupees(held));
        writeln!(out, "{:<24} credited {paid}, debited {charged}, held {held}: {pays}", agency.id.as_str())?;
        told += 1;
    }
    match only {
        Some(unknown) if told == 0 => Err(Failure::Failed(format!("agency `{unknown}` is not in the directory"))),
        None if told == 0 => Ok(writeln!(out, "no agency has paid in, was charged, or is bound by terms")?),
        _ => Ok(()),
    }
}

fn failed(error: &dyn std::fmt::Display) -> Failure {
    Failure::Failed(error.to_string())
}

fn agency(text: &str) -> Result<AgencyId, String> {
    AgencyId::parse(text).map_err(|error| error.to_string())
}

/// A reference that stands in one line of a statement.
fn reference(text: &str) -> Result<String, String> {
    let sound = !text.trim().is_empty() && text.len() <= 96 && !text.chars().any(char::is_control);
    if sound { Ok(text.to_owned()) } else { Err("1 to 96 characters in one line".to_owned()) }
}

/// Rupees with at most two decimals, as milli-paisa.
fn amount(text: &str) -> Result<i64, String> {
    let told = || "an amount in rupees above 0, such as 250000 or 99.95".to_owned();
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(part) || part.len() > 2 {
        return Err(told());
    }
    let whole: i64 = whole.parse().map_err(|_| told())?;
    let paisa: i64 = format!("{part:0<2}").parse().map_err(|_| told())?;
    let amount = whole.checked_mul(RUPEE).and_then(|amount| amount.checked_add(paisa * PAISA));
    amount.filter(|amount| *amount > 0).ok_or_else(told)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_rupees_with_two_decimals_at_most() {
        let check = |text: &str, expected: Option<i64>| assert_eq!(amount(text).ok(), expected, "{text}");
        check("1", Some(100_000));
        check("0.01", Some(1_000));
        check("99.9", Some(9_990_000));
        check("250000.50", Some(25_000_050_000));
        for wrong in [
            "",
            "0",
            "0.00",
            "-1",
            "1.",
            ".5",
            "1.001",
            "1,000",
            "1e3",
            "٣",
            "99999999999999999999",
            "92233720368547758",
        ] {
            check(wrong, None);
        }
    }

    #[test]
    fn a_reference_is_one_line() {
        assert!(reference("HBL-1 of Monday").is_ok());
        for wrong in ["", "  ", "a\nb", &"x".repeat(97)] {
            assert!(reference(wrong).is_err(), "{wrong:?}");
        }
    }
}
