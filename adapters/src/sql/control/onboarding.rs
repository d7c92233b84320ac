//! Applications, and changes of the directory by two persons: each judged when it is proposed and again when it is
//! approved, then directory, generation and operators' record in one unit of work.

use async_trait::async_trait;
use exchange::{
    catalogue::Catalogue,
    decision::Proposer,
    directory::DirectoryData,
    ids::{AgencyId, UserId},
    onboarding::{
        Application, Case, Change, Fault, Rule, Rules,
        case::{Stuck, Verdict},
        change::Judge,
        forum::RequestKind,
    },
    ports::{consent_tokens::ControlUnavailable, entropy::random_hex_128, proposals::Proposals},
    timestamp::Timestamp,
};
use serde_json::json;

use super::{ChangeError, ControlStore, Done, SqlError, Work, damaged};

/// Proposals that may wait at once: more are not read by anybody.
const OPEN_MAX: i64 = 1_000;

/// Who proposed from the console of the host, as the policies see it: no user of any agency.
const CONSOLE: [&str; 2] = ["console", "operator"];

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
        self.note_of(&mut work, generation, &done, by).await?;
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
        self.note_of(&mut work, generation, &done, by).await?;
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
        let row: Option<Row> = sqlx::query_as(
            "SELECT id, agency, body, proposed_by, proposed_at FROM proposal WHERE id = $1 AND state = 'open'",
        )
        .bind(id)
        .fetch_optional(work.on())
        .await?;
        let proposal = row.map(|row| self.read_proposal(row)).transpose()?;
        let proposal = proposal.filter(|proposal| proposal.by != by).ok_or(OnboardingError::SecondPerson)?;
        if approve {
            self.take_effect(&mut work, &proposal.change, law, at).await?;
        }
        self.close(&mut work, id, approve, by, at).await?;
        let what = format!("{}-{}", if approve { "approve" } else { "refuse" }, proposal.change.kind());
        let detail = json!({ "proposal": id, "proposed_by": proposal.by });
        let done = Done { what: &what, agency: proposal.agency.as_deref(), detail };
        self.note_of(&mut work, generation, &done, by).await?;
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

    /// Takes the lock that gives changes their order; nothing of the directory changes.
    async fn hold(&self, work: &mut Work) -> Result<u64, SqlError> {
        let value: i64 = sqlx::query_scalar("UPDATE generation SET value = value WHERE id = 1 RETURNING value")
            .fetch_one(work.on())
            .await?;
        super::generation_of(value)
    }

    /// What a change is judged by: the directory, and the applications of its agency or the one that it decides.
    async fn look(&self, work: &mut Work, change: &Change) -> Result<Seen, SqlError> {
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

    async fn case_within(&self, work: &mut Work, id: &str) -> Result<Option<Case>, SqlError> {
        let body: Option<Vec<u8>> =
            sqlx::query_scalar("SELECT body FROM application WHERE id = $1").bind(id).fetch_optional(work.on()).await?;
        body.map(|body| self.read_case(id, &body)).transpose()
    }

    fn read_case(&self, id: &str, body: &[u8]) -> Result<Case, SqlError> {
        let text = self.unseal(&place("application", id), body)?;
        serde_json::from_str(&text).map_err(|_| damaged("application"))
    }

    async fn put_case(&self, work: &mut Work, case: &Case) -> Result<(), SqlError> {
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

    async fn insert(&self, work: &mut Work, proposal: &Proposal) -> Result<(), SqlError> {
        let text = serde_json::to_vec(&proposal.change);
        let text = text.map_err(|_| SqlError::Other("proposal cannot be written".to_owned()))?;
        sqlx::query(
            "INSERT INTO proposal (id, kind, agency, body, state, proposed_by, proposed_at) \
             VALUES ($1, $2, $3, $4, 'open', $5, $6)",
        )
        .bind(&proposal.id)
        .bind(proposal.change.kind())
        .bind(proposal.agency.as_deref())
        .bind(self.seal(&place("proposal", &proposal.id), &text)?)
        .bind(&proposal.by)
        .bind(proposal.at.micros())
        .execute(work.on())
        .await?;
        Ok(())
    }

    async fn close(
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

    fn read_proposal(&self, row: Row) -> Result<Proposal, SqlError> {
        let (id, agency, body, by, at) = row;
        let text = self.unseal(&place("proposal", &id), &body)?;
        let change = serde_json::from_str(&text).map_err(|_| damaged("proposal"))?;
        Ok(Proposal { id, change, agency, by, at: Timestamp::from_micros(at) })
    }
}

/// Id, agency, sealed change, proposer and instant.
type Row = (String, Option<String>, Vec<u8>, String, i64);

/// Commits work that changed nothing of the directory.
async fn held(work: Work, generation: u64) -> Result<u64, SqlError> {
    work.commit().await?;
    Ok(generation)
}

/// What a change is judged by, as it stands within one unit of work.
struct Seen {
    directory: DirectoryData,
    cases: Vec<Case>,
}

impl Seen {
    fn judge<'a>(&'a self, law: Newcomers<'a>, now: Timestamp) -> Judge<'a> {
        Judge { directory: &self.directory, cases: &self.cases, catalogue: law.catalogue, rules: law.rules, now }
    }

    fn asked(&self, case: &Case, law: Newcomers<'_>, now: Timestamp) -> RequestKind {
        RequestKind::of(&case.application, law.catalogue, &self.directory, now)
    }

    /// The application of a verdict, found complete.
    fn complete(
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

    fn concerned(&self, change: &Change) -> Option<String> {
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
