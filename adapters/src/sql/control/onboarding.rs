//! Applications, and changes of the directory by two persons: each judged when it is proposed and again when it is
//! approved, then directory, generation and operators' record in one unit of work.

use exchange::{
    catalogue::Catalogue,
    onboarding::{Application, Case, Change, Fault, Rules, case::Stuck},
    ports::entropy::random_hex_128,
    timestamp::Timestamp,
};
use serde_json::json;

use self::rows::Row;
use super::{ChangeError, ControlStore, Done, SqlError, Work};

mod rows;

/// Proposals that may wait at once: more are not read by anybody.
const OPEN_MAX: i64 = 1_000;

/// The law that newcomers and changes are judged by.
#[derive(Clone, Copy, Debug)]
pub struct Newcomers<'a> {
    /// Services and types of data.
    pub catalogue: &'a Catalogue,
    /// What the law's data say.
    pub rules: &'a Rules,
}

/// A change that waits for a second person.
#[derive(Clone, Debug, PartialEq)]
pub struct Proposal {
    /// Its name.
    pub id: String,
    /// What is proposed.
    pub change: Change,
    /// The agency concerned.
    pub agency: Option<String>,
    /// Who proposed it: `agency/user`, or an account of the host.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// A proposal that was decided.
#[derive(Clone, Debug, PartialEq)]
pub struct Decided {
    /// It.
    pub proposal: Proposal,
    /// Whether it was approved.
    pub approved: bool,
    /// When.
    pub at: Timestamp,
    /// Generation of the directory from then on.
    pub generation: u64,
}

/// Why nothing was done.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum OnboardingError {
    /// There is no such application, or not for this agency.
    #[error("there is no such application")]
    UnknownApplication,
    /// No open proposal of this name, or the same person's.
    #[error("another person than the proposer must decide an open proposal")]
    SecondPerson,
    /// Too many wait.
    #[error("{OPEN_MAX} proposals wait already")]
    Full,
    /// The change breaks a rule.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The application does not move.
    #[error(transparent)]
    Stuck(#[from] Stuck),
    /// The directory.
    #[error(transparent)]
    Change(#[from] ChangeError),
    /// The database did not take it.
    #[error(transparent)]
    Store(#[from] SqlError),
}

impl From<sqlx::Error> for OnboardingError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

impl ControlStore {
    /// Takes a form: a new application, or another form for one that nobody found complete. `by` is recorded.
    ///
    /// # Errors
    /// [`OnboardingError`].
    pub async fn hand_in(&self, form: Application, id: Option<&str>, by: &str) -> Result<Case, OnboardingError> {
        let mut work = self.database.begin().await?;
        let generation = self.hold(&mut work).await?;
        let mut case = match id {
            None => Case::draft(format!("app-{}", random_hex_128(self.entropy.as_ref())), form.clone()),
            Some(id) => {
                let known = self.case_within(&mut work, id).await?;
                let same = known.filter(|case| case.application.agency == form.agency);
                same.ok_or(OnboardingError::UnknownApplication)?
            }
        };
        case.receive(form, self.clock.now())?;
        self.put_case(&mut work, &case).await?;
        let detail = json!({ "application": case.id });
        let done = Done { what: "application-received", agency: Some(case.application.agency.as_str()), detail };
        self.note_step(&mut work, generation, &done, by).await?;
        work.commit().await?;
        Ok(case)
    }

    /// An application.
    ///
    /// # Errors
    /// [`SqlError`].
    pub async fn case(&self, id: &str) -> Result<Option<Case>, SqlError> {
        let body: Option<Vec<u8>> = sqlx::query_scalar("SELECT body FROM application WHERE id = $1")
            .bind(id)
            .fetch_optional(self.database.pool())
            .await?;
        body.map(|body| self.read_case(id, &body)).transpose()
    }

    /// Every application, by name.
    ///
    /// # Errors
    /// [`SqlError`].
    pub async fn cases(&self) -> Result<Vec<Case>, SqlError> {
        let rows: Vec<(String, Vec<u8>)> =
            sqlx::query_as("SELECT id, body FROM application ORDER BY id").fetch_all(self.database.pool()).await?;
        rows.into_iter().map(|(id, body)| self.read_case(&id, &body)).collect()
    }

    /// Proposes a change. A decision of an application finds the application complete first, or says what it lacks.
    ///
    /// # Errors
    /// [`OnboardingError`]: nothing waits then.
    pub async fn propose(&self, change: Change, by: &str, law: Newcomers<'_>) -> Result<Proposal, OnboardingError> {
        let mut work = self.database.begin().await?;
        let generation = self.hold(&mut work).await?;
        let open: i64 =
            sqlx::query_scalar("SELECT COUNT(*) FROM proposal WHERE state = 'open'").fetch_one(work.on()).await?;
        if open >= OPEN_MAX {
            return Err(OnboardingError::Full);
        }
        let (id, at) = (random_hex_128(self.entropy.as_ref()), self.clock.now());
        let mut seen = self.look(&mut work, &change).await?;
        seen.judge(law, at).check(&change)?;
        if let Change::Decision(verdict) = &change {
            let mut case = seen.complete(verdict, law, at)?;
            self.put_case(&mut work, &case).await?;
            let asked = seen.asked(&case, law, at);
            case.decide(verdict.clone(), asked.forum(), at)?;
        }
        let agency = seen.concerned(&change);
        let proposal = Proposal { id, change, agency, by: by.to_owned(), at };
        self.insert(&mut work, &proposal).await?;
        let detail = json!({ "proposal": proposal.id });
        let what = format!("propose-{}", proposal.change.kind());
        let done = Done { what: &what, agency: proposal.agency.as_deref(), detail };
        self.note_step(&mut work, generation, &done, by).await?;
        work.commit().await?;
        Ok(proposal)
    }

    /// Decides what another person proposed; what is approved is in force when this returns.
    ///
    /// # Errors
    /// [`OnboardingError`]: the proposal still waits, unless it did not before.
    pub async fn decide(
        &self,
        id: &str,
        approve: bool,
        by: &str,
        law: Newcomers<'_>,
    ) -> Result<Decided, OnboardingError> {
        let mut work = self.database.begin().await?;
        let generation = if approve { self.bump(&mut work).await? } else { self.hold(&mut work).await? };
        let at = self.clock.now();
        let open = self.waiting_with(&mut work, id).await?;
        let (proposal, replaces) =
            open.filter(|(proposal, _)| proposal.by != by).ok_or(OnboardingError::SecondPerson)?;
        if approve {
            self.still_over(&mut work, &proposal.change, replaces.as_deref()).await?;
            self.take_effect(&mut work, &proposal.change, law, at).await?;
        }
        self.close(&mut work, id, approve, by, at).await?;
        let what = format!("{}-{}", if approve { "approve" } else { "refuse" }, proposal.change.kind());
        let detail = json!({ "proposal": id, "proposed_by": proposal.by });
        let done = Done { what: &what, agency: proposal.agency.as_deref(), detail };
        if approve {
            self.note_of(&mut work, generation, &done, by).await?;
        } else {
            self.note_step(&mut work, generation, &done, by).await?;
        }
        let generation = if approve { self.commit(work, generation).await? } else { held(work, generation).await? };
        Ok(Decided { proposal, approved: approve, at, generation })
    }

    /// Every open proposal, the oldest first.
    ///
    /// # Errors
    /// [`SqlError`].
    pub async fn proposals(&self) -> Result<Vec<Proposal>, SqlError> {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT id, agency, body, proposed_by, proposed_at FROM proposal WHERE state = 'open' \
             ORDER BY proposed_at, id",
        )
        .fetch_all(self.database.pool())
        .await?;
        rows.into_iter().map(|row| self.read_proposal(row)).collect()
    }

    /// Notes a step that changes nothing of the directory. What came through the door has its own entry in the log already;
    /// what was typed at the console has none.
    async fn note_step(&self, work: &mut Work, generation: u64, done: &Done<'_>, by: &str) -> Result<(), SqlError> {
        if self.operator.is_none() {
            return Ok(());
        }
        self.note_of(work, generation, done, by).await
    }

    async fn take_effect(
        &self,
        work: &mut Work,
        change: &Change,
        law: Newcomers<'_>,
        at: Timestamp,
    ) -> Result<(), OnboardingError> {
        let seen = self.look(work, change).await?;
        let judge = seen.judge(law, at);
        judge.check(change)?;
        if let Change::Decision(verdict) = change {
            let mut case = judge.case(&verdict.application)?.clone();
            let asked = seen.asked(&case, law, at);
            case.decide(verdict.clone(), asked.forum(), at)?;
            self.put_case(work, &case).await?;
        }
        if let Change::Agreement(agreement) = change
            && let Some(mut case) = judge.asked_for(agreement).cloned()
        {
            case.take_effect(at)?;
            self.put_case(work, &case).await?;
        }
        Ok(self.write_change(work, change).await?)
    }
}

/// Commits work that changed nothing of the directory.
async fn held(work: Work, generation: u64) -> Result<u64, SqlError> {
    work.commit().await?;
    Ok(generation)
}
