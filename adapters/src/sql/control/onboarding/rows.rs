//! Applications and proposals as rows, sealed for their places; and what a change is judged by within one unit of work.

use async_trait::async_trait;
use exchange::{
    decision::Proposer,
    directory::DirectoryData,
    ids::{AgencyId, UserId},
    onboarding::{Case, Change, Fault, Rule, case::Verdict, change::Judge, forum::RequestKind},
    ports::{consent_tokens::ControlUnavailable, proposals::Proposals},
    timestamp::Timestamp,
};

use super::{
    super::{ControlStore, SqlError, Work, damaged, generation_of},
    Newcomers, OnboardingError, Proposal,
};

/// Who proposed from the console of the host, as the policies see it: no user of any agency.
const CONSOLE: [&str; 2] = ["console", "operator"];

/// Id, agency, sealed change, proposer and instant.
pub(super) type Row = (String, Option<String>, Vec<u8>, String, i64);

/// The same of the proposal that is decided, and the digest of what it would write over.
type Deciding = (String, Option<String>, Vec<u8>, String, i64, Option<String>);

impl ControlStore {
    /// Takes the lock that gives changes their order; nothing of the directory changes.
    pub(super) async fn hold(&self, work: &mut Work) -> Result<u64, SqlError> {
        let value: i64 = sqlx::query_scalar("UPDATE generation SET value = value WHERE id = 1 RETURNING value")
            .fetch_one(work.on())
            .await?;
        generation_of(value)
    }

    /// What a change is judged by: the directory, and the applications of its agency or the one that it decides.
    pub(super) async fn look(&self, work: &mut Work, change: &Change) -> Result<Seen, SqlError> {
        let directory = self.read_within(work).await?;
        let application = match change {
            Change::Decision(verdict) => verdict.application.as_str(),
            _ => "",
        };
        let agency = change.agency().map_or("", AgencyId::as_str);
        let rows: Vec<(String, Vec<u8>)> =
            sqlx::query_as("SELECT id, body FROM application WHERE agency = $1 OR id = $2 ORDER BY id")
                .bind(agency)
                .bind(application)
                .fetch_all(work.on())
                .await?;
        let cases = rows.into_iter().map(|(id, body)| self.read_case(&id, &body)).collect::<Result<_, _>>()?;
        Ok(Seen { directory, cases })
    }

    pub(super) async fn case_within(&self, work: &mut Work, id: &str) -> Result<Option<Case>, SqlError> {
        let body: Option<Vec<u8>> =
            sqlx::query_scalar("SELECT body FROM application WHERE id = $1").bind(id).fetch_optional(work.on()).await?;
        body.map(|body| self.read_case(id, &body)).transpose()
    }

    pub(super) fn read_case(&self, id: &str, body: &[u8]) -> Result<Case, SqlError> {
        let text = self.unseal(&place("application", id), body)?;
        serde_json::from_str(&text).map_err(|_| damaged("application"))
    }

    pub(super) async fn put_case(&self, work: &mut Work, case: &Case) -> Result<(), SqlError> {
        let text = serde_json::to_vec(case).map_err(|_| SqlError::Other("application cannot be written".to_owned()))?;
        sqlx::query(
            "INSERT INTO application (id, agency, state, body, changed_at) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (id) DO UPDATE SET state = EXCLUDED.state, body = EXCLUDED.body, changed_at = EXCLUDED.changed_at",
        )
        .bind(&case.id)
        .bind(case.application.agency.as_str())
        .bind(case.state.as_str())
        .bind(self.seal(&place("application", &case.id), &text)?)
        .bind(self.clock.now().micros())
        .execute(work.on())
        .await?;
        Ok(())
    }

    /// The open proposal of this name, with the digest of what it was to write over when it was made.
    pub(super) async fn waiting_with(
        &self,
        work: &mut Work,
        id: &str,
    ) -> Result<Option<(Proposal, Option<String>)>, SqlError> {
        let row: Option<Deciding> = sqlx::query_as(
            "SELECT id, agency, body, proposed_by, proposed_at, replaces FROM proposal WHERE id = $1 AND state = 'open'",
        )
        .bind(id)
        .fetch_optional(work.on())
        .await?;
        let Some((id, agency, body, by, at, replaces)) = row else { return Ok(None) };
        Ok(Some((self.read_proposal((id, agency, body, by, at))?, replaces)))
    }

    /// Refuses to write over an entry that has changed since the change was proposed: a suspension, an end or another's
    /// correction would be undone by somebody who never saw it.
    pub(super) async fn still_over(
        &self,
        work: &mut Work,
        change: &Change,
        replaces: Option<&str>,
    ) -> Result<(), OnboardingError> {
        if replaces == Some(self.written_over(work, change).await?.as_str()) {
            return Ok(());
        }
        let detail = "the entry has changed since this was proposed: refuse it and propose it anew";
        Err(Fault::new(Rule::RevisionStale, detail).into())
    }

    pub(super) async fn insert(&self, work: &mut Work, proposal: &Proposal) -> Result<(), SqlError> {
        let replaces = self.written_over(work, &proposal.change).await?;
        let text = serde_json::to_vec(&proposal.change);
        let text = text.map_err(|_| SqlError::Other("proposal cannot be written".to_owned()))?;
        sqlx::query(
            "INSERT INTO proposal (id, kind, agency, body, state, proposed_by, proposed_at, replaces) \
             VALUES ($1, $2, $3, $4, 'open', $5, $6, $7)",
        )
        .bind(&proposal.id)
        .bind(proposal.change.kind())
        .bind(proposal.agency.as_deref())
        .bind(self.seal(&place("proposal", &proposal.id), &text)?)
        .bind(&proposal.by)
        .bind(proposal.at.micros())
        .bind(replaces)
        .execute(work.on())
        .await?;
        Ok(())
    }

    pub(super) async fn close(
        &self,
        work: &mut Work,
        id: &str,
        approve: bool,
        by: &str,
        at: Timestamp,
    ) -> Result<(), OnboardingError> {
        let closed = sqlx::query(
            "UPDATE proposal SET state = $1, decided_by = $2, decided_at = $3 \
             WHERE id = $4 AND state = 'open' AND proposed_by <> $2",
        )
        .bind(if approve { "approved" } else { "refused" })
        .bind(by)
        .bind(at.micros())
        .bind(id)
        .execute(work.on())
        .await?;
        if closed.rows_affected() == 1 { Ok(()) } else { Err(OnboardingError::SecondPerson) }
    }

    pub(super) fn read_proposal(&self, row: Row) -> Result<Proposal, SqlError> {
        let (id, agency, body, by, at) = row;
        let text = self.unseal(&place("proposal", &id), &body)?;
        let change = serde_json::from_str(&text).map_err(|_| damaged("proposal"))?;
        Ok(Proposal { id, change, agency, by, at: Timestamp::from_micros(at) })
    }
}

/// What a change is judged by, as it stands within one unit of work.
pub(super) struct Seen {
    directory: DirectoryData,
    cases: Vec<Case>,
}

impl Seen {
    pub(super) fn judge<'a>(&'a self, law: Newcomers<'a>, now: Timestamp) -> Judge<'a> {
        Judge { directory: &self.directory, cases: &self.cases, catalogue: law.catalogue, rules: law.rules, now }
    }

    pub(super) fn asked(&self, case: &Case, law: Newcomers<'_>, now: Timestamp) -> RequestKind {
        RequestKind::of(&case.application, law.catalogue, &self.directory, now)
    }

    /// The application of a verdict, found complete.
    pub(super) fn complete(
        &mut self,
        verdict: &Verdict,
        law: Newcomers<'_>,
        now: Timestamp,
    ) -> Result<Case, OnboardingError> {
        let found = self.cases.iter_mut().find(|case| case.id == verdict.application);
        let case = found.ok_or_else(|| Fault::new(Rule::ApplicationUnknown, "there is no such application"))?;
        case.complete(law.rules, now)?;
        Ok(case.clone())
    }

    pub(super) fn concerned(&self, change: &Change) -> Option<String> {
        match change {
            Change::Decision(verdict) => {
                let case = self.cases.iter().find(|case| case.id == verdict.application);
                case.map(|case| case.application.agency.to_string())
            }
            _ => change.agency().map(ToString::to_string),
        }
    }
}

#[async_trait]
impl Proposals for ControlStore {
    async fn proposer(&self, proposal: &str) -> Result<Option<Proposer>, ControlUnavailable> {
        let by: Option<String> =
            sqlx::query_scalar("SELECT proposed_by FROM proposal WHERE id = $1 AND state = 'open'")
                .bind(proposal)
                .fetch_optional(self.database.pool())
                .await
                .map_err(SqlError::from)?;
        Ok(by.as_deref().map(proposer).transpose()?)
    }
}

fn proposer(by: &str) -> Result<Proposer, SqlError> {
    let parsed = |[agency, user]: [&str; 2]| {
        Some(Proposer { agency: AgencyId::parse(agency).ok()?, user: UserId::parse(user).ok()? })
    };
    let person = by.split_once('/').and_then(|(agency, user)| parsed([agency, user]));
    person.or_else(|| parsed(CONSOLE)).ok_or_else(|| damaged("proposer"))
}

fn place(table: &str, id: &str) -> String {
    format!("{table}/body/{id}")
}
