//! The ledger: movements that are only ever added, what each account has come to, and what is held for requests under way.
//!
//! INVARIANTS
//! - A movement, its two accounts and the mark of the log that it follows from change in one transaction: a crash leaves all
//!   or nothing, and no range of a log is posted twice.
//! - A hold is taken by one conditional statement on one row: of many that race, none takes an account below its limit.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use exchange::{
    ids::{AgencyId, RequestId},
    ledger::{Account, Balance, Batch, Posting},
    ports::{
        consent_tokens::ControlUnavailable,
        wallets::{Held, Hold, Wallets},
    },
    timestamp::Timestamp,
};
use serde_json::json;

use super::{
    ControlStore, Done, SqlError, Work,
    idempotency::finish_recorded,
    quotas::{self, Crossed, Uses},
};

/// Holds if the account can bear it.
const HOLD: &str = "UPDATE ledger_account SET held = held + $2 WHERE name = $1 AND credits - debits - held + $3 >= $2";

const MOVE: &str =
    "UPDATE ledger_account SET debits = debits + $2, credits = credits + $3, held = held + $4 WHERE name = $1";

const ENTER: &str =
    "INSERT INTO ledger_entry (id, at, debit, credit, amount, node, log_to) VALUES ($1, $2, $3, $4, $5, $6, $7)";

/// Why money that came in was not put in the books.
#[derive(Debug, thiserror::Error)]
pub enum TopUpError {
    /// The reference stands there with another amount or agency.
    #[error("reference `{0}` is in the books already, with another amount or agency")]
    Taken(String),
    /// Nothing, or less.
    #[error("an amount above 0 is paid in")]
    Amount,
    /// No such agency.
    #[error("agency `{0}` is not in the directory")]
    Unknown(AgencyId),
    /// The store.
    #[error(transparent)]
    Sql(#[from] SqlError),
}

/// What the books say of themselves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Books {
    /// Every account with what it has come to.
    pub accounts: BTreeMap<String, Balance>,
    /// Every account as its movements say, nothing held.
    pub moved: BTreeMap<String, Balance>,
    /// Milli-paisa held, by account.
    pub held: BTreeMap<String, i64>,
}

impl Books {
    /// The first account of which the books say two things, in words; `None` when all agrees and debits equal credits.
    #[must_use]
    pub fn fault(&self) -> Option<String> {
        let names = self.accounts.keys().chain(self.moved.keys()).chain(self.held.keys());
        for name in names {
            let told = self.accounts.get(name).copied().unwrap_or_default();
            let moved = self.moved.get(name).copied().unwrap_or_default();
            let held = self.held.get(name).copied().unwrap_or_default();
            if (told.debits, told.credits, told.held) != (moved.debits, moved.credits, held) {
                return Some(format!("account `{name}` says {told:?}; its movements say {moved:?}, its holds {held}"));
            }
        }
        let sum = |of: fn(&Balance) -> i64| self.accounts.values().map(|it| i128::from(of(it))).sum::<i128>();
        let (debits, credits) = (sum(|it| it.debits), sum(|it| it.credits));
        (debits != credits).then(|| format!("debits are {debits} and credits {credits}"))
    }
}

#[async_trait]
impl Wallets for ControlStore {
    async fn hold(&self, hold: &Hold) -> Result<Held, ControlUnavailable> {
        Ok(self.take_hold(hold).await?)
    }

    async fn settle(&self, request: &RequestId, amount: i64) -> Result<(), ControlUnavailable> {
        let mut work = self.database.begin().await?;
        let mut changes = Moves::default();
        changes.freed(match amount {
            ..=0 => end(&mut work, request.as_str()).await?,
            _ => lower(&mut work, request.as_str(), |_| amount).await?,
        });
        changes.write(&mut work).await?;
        Ok(work.commit().await?)
    }

    async fn put_off(&self, request: &RequestId, until: Timestamp) -> Result<bool, ControlUnavailable> {
        let _turn = self.database.turn().await?;
        let done = sqlx::query("UPDATE ledger_hold SET until_at = $2 WHERE request = $1")
            .bind(request.as_str())
            .bind(until.micros())
            .execute(self.database.pool())
            .await
            .map_err(SqlError::from)?;
        Ok(done.rows_affected() == 1)
    }

    async fn balance(&self, agency: &AgencyId) -> Result<Balance, ControlUnavailable> {
        let name = Account::Agency(agency.clone()).to_string();
        let row: Option<(i64, i64, i64)> =
            sqlx::query_as("SELECT debits, credits, held FROM ledger_account WHERE name = $1")
                .bind(name)
                .fetch_optional(self.database.pool())
                .await
                .map_err(SqlError::from)?;
        Ok(row.map(|(debits, credits, held)| Balance { debits, credits, held }).unwrap_or_default())
    }
}

impl ControlStore {
    async fn take_hold(&self, hold: &Hold) -> Result<Held, SqlError> {
        let name = Account::Agency(hold.agency.clone()).to_string();
        let mut work = self.database.begin().await?;
        let new = sqlx::query(
            "INSERT INTO ledger_hold (request, account, amount, node, until_at) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (request) DO NOTHING",
        )
        .bind(hold.request.as_str())
        .bind(&name)
        .bind(hold.amount)
        .bind(&hold.node)
        .bind(hold.until.micros())
        .execute(work.on())
        .await?;
        if new.rows_affected() == 0 {
            return Ok(Held::Held);
        }
        make_account(&mut work, &name).await?;
        let taken =
            sqlx::query(HOLD).bind(&name).bind(hold.amount).bind(hold.limit).execute(work.on()).await?.rows_affected();
        if taken == 1 {
            work.commit().await?;
            return Ok(Held::Held);
        }
        let sums: (i64, i64, i64) = sqlx::query_as("SELECT debits, credits, held FROM ledger_account WHERE name = $1")
            .bind(&name)
            .fetch_one(work.on())
            .await?;
        let balance = Balance { debits: sums.0, credits: sums.1, held: sums.2 };
        // The work is dropped, and with it the hold's row.
        Ok(Held::Short(balance.available(hold.limit).max(0)))
    }

    /// Up to where the log of a node is posted.
    ///
    /// # Errors
    /// [`SqlError`].
    pub async fn posted(&self, node: &str) -> Result<u64, SqlError> {
        let next: Option<i64> = sqlx::query_scalar("SELECT next FROM ledger_mark WHERE node = $1")
            .bind(node)
            .fetch_optional(self.database.pool())
            .await?;
        u64::try_from(next.unwrap_or(0)).map_err(|_| super::damaged("ledger mark"))
    }

    /// Posts the entries `from..to` of a node's log; `false` if they do not follow what was posted, because somebody else was
    /// quicker. What requests drew is no longer held and counts in their quotas, and the idempotency keys of those that were answered are finished.
    ///
    /// # Errors
    /// [`SqlError`]: nothing was posted.
    pub async fn post(&self, node: &str, (from, to): (u64, u64), batch: &Batch) -> Result<bool, SqlError> {
        let bound = |n: u64| i64::try_from(n).map_err(|_| super::damaged("place in the log"));
        let (first, next) = (bound(from)?, bound(to)?);
        let mut work = self.database.begin().await?;
        sqlx::query("INSERT INTO ledger_mark (node, next) VALUES ($1, 0) ON CONFLICT (node) DO NOTHING")
            .bind(node)
            .execute(work.on())
            .await?;
        let mark = sqlx::query("UPDATE ledger_mark SET next = $3 WHERE node = $1 AND next = $2")
            .bind(node)
            .bind(first)
            .bind(next)
            .execute(work.on())
            .await?;
        if mark.rows_affected() == 0 {
            return Ok(false);
        }
        let mut changes = Moves::default();
        let open: BTreeSet<String> = sqlx::query_scalar("SELECT request FROM ledger_hold WHERE node = $1")
            .bind(node)
            .fetch_all(work.on())
            .await?
            .into_iter()
            .collect();
        for drawn in batch.drawn.iter().filter(|drawn| open.contains(&drawn.request)) {
            changes.freed(if drawn.over {
                end(&mut work, &drawn.request).await?
            } else {
                lower(&mut work, &drawn.request, |held| held.saturating_sub(drawn.amount)).await?
            });
        }
        let uses = quotas::post(&mut work, node, &batch.drawn).await?;
        finish_recorded(&mut work, &batch.drawn).await?;
        self.enter(&mut work, &batch.postings(node, (from, to)), Some((node, next)), changes).await?;
        let crossed = uses.write(&mut work).await?;
        work.commit().await?;
        crossed.iter().for_each(Crossed::tell);
        Ok(true)
    }

    /// Gives up what is held for requests of a node whose instant had passed at `now`. To be called only when the node's log was
    /// posted as far as it went after that instant: whatever ended until then is in it, and nothing ends later.
    ///
    /// # Errors
    /// [`SqlError`].
    pub async fn void_overdue(&self, node: &str, now: Timestamp) -> Result<u64, SqlError> {
        let mut work = self.database.begin().await?;
        let overdue: Vec<String> =
            sqlx::query_scalar("SELECT request FROM ledger_hold WHERE node = $1 AND until_at < $2 ORDER BY request")
                .bind(node)
                .bind(now.micros())
                .fetch_all(work.on())
                .await?;
        let mut changes = Moves::default();
        for request in &overdue {
            changes.freed(end(&mut work, request).await?);
        }
        let mut uses = Uses::default();
        let of_quotas = quotas::give_up(&mut work, node, now, &mut uses).await?;
        changes.write(&mut work).await?;
        uses.write(&mut work).await?;
        quotas::forget_old(&mut work, now).await?;
        work.commit().await?;
        let given_up: BTreeSet<String> = overdue.into_iter().chain(of_quotas).collect();
        Ok(u64::try_from(given_up.len()).unwrap_or(u64::MAX))
    }

    /// Puts money that came in by the bank on an agency's account; the bank's reference makes it happen once. `false` if it
    /// stood there already.
    ///
    /// # Errors
    /// [`TopUpError`].
    pub async fn top_up(&self, agency: &AgencyId, amount: i64, reference: &str) -> Result<bool, TopUpError> {
        if amount <= 0 {
            return Err(TopUpError::Amount);
        }
        let mut work = self.database.begin().await?;
        if self.read_within(&mut work).await?.agencies.iter().all(|known| known.id != *agency) {
            return Err(TopUpError::Unknown(agency.clone()));
        }
        let posting = Posting {
            id: format!("bank/{reference}"),
            debit: Account::Bank,
            credit: Account::Agency(agency.clone()),
            amount,
        };
        // Whoever brings the same news at the same time waits here, and finds it told.
        let account = posting.credit.to_string();
        make_account(&mut work, &account).await?;
        sqlx::query("UPDATE ledger_account SET held = held WHERE name = $1")
            .bind(account)
            .execute(work.on())
            .await
            .map_err(SqlError::from)?;
        let known: Option<(String, i64)> = sqlx::query_as("SELECT credit, amount FROM ledger_entry WHERE id = $1")
            .bind(&posting.id)
            .fetch_optional(work.on())
            .await
            .map_err(SqlError::from)?;
        if let Some(known) = known {
            let same = known == (posting.credit.to_string(), amount);
            return if same { Ok(false) } else { Err(TopUpError::Taken(reference.to_owned())) };
        }
        self.enter(&mut work, &[posting], None, Moves::default()).await?;
        let generation: i64 = sqlx::query_scalar("SELECT value FROM generation WHERE id = 1")
            .fetch_one(work.on())
            .await
            .map_err(SqlError::from)?;
        let detail = json!({ "amount_milli_paisa": amount, "reference": reference });
        let done = Done { what: "wallet-top-up", agency: Some(agency.as_str()), detail };
        self.note(&mut work, super::generation_of(generation)?, &done).await?;
        work.commit().await?;
        Ok(true)
    }

    /// Everything that the books say of themselves, read at one instant.
    ///
    /// # Errors
    /// [`SqlError`].
    pub async fn books(&self) -> Result<Books, SqlError> {
        let rows: Vec<(String, String, i64, i64, i64)> = sqlx::query_as(BOOKS).fetch_all(self.database.pool()).await?;
        let mut books = Books::default();
        for (word, name, debits, credits, held) in rows {
            match word.as_str() {
                "account" => drop(books.accounts.insert(name, Balance { debits, credits, held })),
                "debit" => books.moved.entry(name).or_default().debits = debits,
                "credit" => books.moved.entry(name).or_default().credits = credits,
                _ => drop(books.held.insert(name, held)),
            }
        }
        Ok(books)
    }

    /// Adds movements, which follow from a node's log up to an entry or from none, and moves their accounts together with what
    /// is no longer held.
    pub(super) async fn enter(
        &self,
        work: &mut Work,
        postings: &[Posting],
        place: Option<(&str, i64)>,
        mut changes: Moves,
    ) -> Result<(), SqlError> {
        let at = self.clock.now().micros();
        for posting in postings {
            sqlx::query(ENTER)
                .bind(&posting.id)
                .bind(at)
                .bind(posting.debit.to_string())
                .bind(posting.credit.to_string())
                .bind(posting.amount)
                .bind(place.map(|(node, _)| node))
                .bind(place.map(|(_, to)| to))
                .execute(work.on())
                .await?;
            changes.posting(posting);
        }
        changes.write(work).await
    }
}

async fn make_account(work: &mut Work, name: &str) -> Result<(), SqlError> {
    sqlx::query(
        "INSERT INTO ledger_account (name, debits, credits, held) VALUES ($1, 0, 0, 0) ON CONFLICT (name) DO NOTHING",
    )
    .bind(name)
    .execute(work.on())
    .await?;
    Ok(())
}

/// What changes of accounts, by name.
#[derive(Debug, Default)]
pub(super) struct Moves(BTreeMap<String, Balance>);

impl Moves {
    fn of(&mut self, name: &str) -> &mut Balance {
        self.0.entry(name.to_owned()).or_default()
    }

    fn posting(&mut self, posting: &Posting) {
        let add = |sum: &mut i64| *sum = sum.saturating_add(posting.amount);
        add(&mut self.of(&posting.debit.to_string()).debits);
        add(&mut self.of(&posting.credit.to_string()).credits);
    }

    fn freed(&mut self, freed: Option<(String, i64)>) {
        if let Some((account, amount)) = freed {
            let held = &mut self.of(&account).held;
            *held = held.saturating_sub(amount);
        }
    }

    /// Moves the accounts in one order everywhere, after the rows of holds: two that work at once never wait for each other.
    async fn write(&self, work: &mut Work) -> Result<(), SqlError> {
        for (name, moved) in &self.0 {
            make_account(work, name).await?;
            sqlx::query(MOVE)
                .bind(name)
                .bind(moved.debits)
                .bind(moved.credits)
                .bind(moved.held)
                .execute(work.on())
                .await?;
        }
        Ok(())
    }
}

/// Takes a hold away; the account and what is free by it.
async fn end(work: &mut Work, request: &str) -> Result<Option<(String, i64)>, SqlError> {
    let gone: Option<(String, i64)> =
        sqlx::query_as("DELETE FROM ledger_hold WHERE request = $1 RETURNING account, amount")
            .bind(request)
            .fetch_optional(work.on())
            .await?;
    Ok(gone)
}

/// Lowers a hold to what `left` makes of it, at least 1 milli-paisa, since the request goes on; the account and what is free by
/// it. A hold that another lowers at the same time is left to the other.
async fn lower(
    work: &mut Work,
    request: &str,
    left: impl FnOnce(i64) -> i64,
) -> Result<Option<(String, i64)>, SqlError> {
    let found: Option<(String, i64)> = sqlx::query_as("SELECT account, amount FROM ledger_hold WHERE request = $1")
        .bind(request)
        .fetch_optional(work.on())
        .await?;
    let Some((account, held)) = found else { return Ok(None) };
    let left = left(held).clamp(1, held.max(1));
    let changed = sqlx::query("UPDATE ledger_hold SET amount = $2 WHERE request = $1 AND amount = $3")
        .bind(request)
        .bind(left)
        .bind(held)
        .execute(work.on())
        .await?;
    Ok((changed.rows_affected() == 1).then_some((account, held.saturating_sub(left))))
}

/// Everything that the books say, as one statement reads it: word, account, three numbers.
const BOOKS: &str = "\
    SELECT 'account', name, debits, credits, held FROM ledger_account \
    UNION ALL SELECT 'debit', debit, CAST(SUM(amount) AS BIGINT), 0, 0 FROM ledger_entry GROUP BY debit \
    UNION ALL SELECT 'credit', credit, 0, CAST(SUM(amount) AS BIGINT), 0 FROM ledger_entry GROUP BY credit \
    UNION ALL SELECT 'hold', account, 0, 0, CAST(SUM(amount) AS BIGINT) FROM ledger_hold GROUP BY account";
