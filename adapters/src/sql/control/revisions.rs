//! The record of consents: each change adds a signed revision within the unit of work that makes it, and waits for its leaf.

use std::sync::Arc;

use async_trait::async_trait;
use exchange::{
    consent::{
        SubjectKey,
        details::Details,
        mode::Mode,
        revision::{Cause, Revision, SCHEMA, Standing, SubjectOpening, Terms},
    },
    ids::{AgencyId, ConsentId, PurposeCode, UserId},
    ports::{
        consent_tokens::ControlUnavailable,
        entropy::random_hex_128,
        unrecorded::{Claim, UnrecordedChange, UnrecordedChanges},
    },
    record::leaf::Kind,
    timestamp::Timestamp,
};
use sqlx::Row as _;

use super::{
    ControlStore, NewRequest, SqlError, Work, bindings::mode_of, damaged, frequency::bounds_of, tokens::usage_of,
};

const INSERT: &str = "INSERT INTO consent_revision (id, consent, revision, at, state, agency, purpose, signed) \
                      VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
const LAST: &str = "SELECT signed FROM consent_revision WHERE consent = $1 ORDER BY revision DESC LIMIT 1";
const CLAIM: &str = "UPDATE consent_revision SET node = $1, log_from = $2 WHERE id = $3 AND node IS NULL";
const NOTE: &str = "UPDATE consent_revision SET sequence = $1 WHERE id = $2 AND sequence IS NULL";
const WAITING: &str = "SELECT id, consent, revision, at, state, agency, purpose, signed, node, log_from \
                       FROM consent_revision WHERE sequence IS NULL AND (node IS NULL OR node = $1) \
                       ORDER BY at, consent, revision LIMIT $2";

/// A revision as it stands in the store.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredRevision {
    /// Its leaf's `request`.
    pub id: String,
    /// The consent, as its column has it.
    pub consent: String,
    /// Its number, as its column has it.
    pub revision: u32,
    /// Compact signature (RFC 7515).
    pub signed: String,
    /// Where its leaf stands, if it has one.
    pub leaf: Option<(String, u64)>,
    /// When it was made, as its column has it.
    pub at: Timestamp,
    /// Where the consent stands, as its column has it.
    pub state: String,
    /// Who asked, as its column has it.
    pub agency: String,
}

impl std::fmt::Debug for StoredRevision {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "StoredRevision({}@{})", self.consent, self.revision)
    }
}

impl ControlStore {
    /// Begins the record of a request: nothing here depends on the citizen.
    pub(super) async fn begin_record(
        &self,
        work: &mut Work,
        request: &NewRequest<'_>,
        (consent, mode): (&ConsentId, Mode),
        now: Timestamp,
    ) -> Result<(), SqlError> {
        let asked = Beginning {
            consent,
            subject: request.subject,
            agency: request.agency.clone(),
            user: request.user.clone(),
            details: request.details,
            mode,
            agreement: request.terms.cloned(),
        };
        let (revision, opening) = self.asked(asked, Cause::AgencyAsked, now);
        self.keep_opening(work, consent, request.subject, opening).await?;
        self.add(work, &revision).await.map(drop)
    }

    /// Adds what became of a consent. What was given before there were revisions gets its beginning first.
    pub(super) async fn revise(
        &self,
        work: &mut Work,
        consent: &str,
        step: (Standing, Cause),
    ) -> Result<Revised, SqlError> {
        let now = self.clock.now();
        let consent = &ConsentId::parse(consent).map_err(|_| damaged("consent id"))?;
        let (last, signed) = match self.last(work, consent).await? {
            Last::Is(last, signed) => (*last, signed),
            Last::None => self.adopt(work, consent).await?,
            Last::Broken => {
                tracing::error!(%consent, "the record of a consent was tampered with: nothing is added to it");
                return Ok(Revised::Broken);
            }
        };
        let evidence = self.evidence_since(work, consent, &last).await?;
        let next = Revision { evidence, ..last.followed_by(&signed, step, now) };
        self.add(work, &next).await?;
        Ok(Revised::Added)
    }

    /// The chain of a consent, from its request on, as it stands: whether it holds is for whoever reads it to verify.
    ///
    /// # Errors
    /// [`SqlError`].
    pub async fn revisions(&self, consent: &ConsentId) -> Result<Vec<StoredRevision>, SqlError> {
        let rows = sqlx::query(
            "SELECT id, consent, revision, at, state, agency, signed, node, sequence FROM consent_revision WHERE consent = $1 \
             ORDER BY revision",
        )
        .bind(consent.as_str())
        .fetch_all(self.database.pool())
        .await?;
        rows.iter().map(stored).collect()
    }

    /// Names of consents that have a record, in their order, after this one.
    ///
    /// # Errors
    /// [`SqlError`].
    pub async fn recorded_consents(&self, after: &str, limit: u32) -> Result<Vec<ConsentId>, SqlError> {
        let ids: Vec<String> = sqlx::query_scalar(
            "SELECT DISTINCT consent FROM consent_revision WHERE consent > $1 ORDER BY consent LIMIT $2",
        )
        .bind(after)
        .bind(i64::from(limit))
        .fetch_all(self.database.pool())
        .await?;
        ids.iter().map(|id| ConsentId::parse(id).map_err(|_| damaged("consent id"))).collect()
    }

    /// What a consent's row tells beside its record: its revision and where it stands. `None` where it never became one.
    ///
    /// # Errors
    /// [`SqlError`].
    pub async fn consent_row(&self, consent: &ConsentId) -> Result<Option<(u32, Standing)>, SqlError> {
        let row: Option<(i64, String)> = sqlx::query_as("SELECT revision, state FROM consent WHERE id = $1")
            .bind(consent.as_str())
            .fetch_optional(self.database.pool())
            .await?;
        let Some((revision, state)) = row else { return Ok(None) };
        let standing = [Standing::Active, Standing::Paused, Standing::Revoked]
            .into_iter()
            .find(|standing| standing.as_str() == state)
            .ok_or_else(|| damaged("consent's state"))?;
        Ok(Some((u32::try_from(revision).map_err(|_| damaged("revision"))?, standing)))
    }

    /// Names of the consents that a citizen was asked for, in their order, after this one.
    ///
    /// # Errors
    /// [`SqlError`].
    pub async fn records_of(&self, subject: SubjectKey, after: &str, limit: u32) -> Result<Vec<ConsentId>, SqlError> {
        let ids: Vec<String> = sqlx::query_scalar(
            "SELECT consent FROM consent_record WHERE subject = $1 AND consent > $2 ORDER BY consent LIMIT $3",
        )
        .bind(subject.to_hex())
        .bind(after)
        .bind(i64::from(limit))
        .fetch_all(self.database.pool())
        .await?;
        ids.iter().map(|id| ConsentId::parse(id).map_err(|_| damaged("consent id"))).collect()
    }

    /// The revision behind a leaf, by the leaf's `request`.
    ///
    /// # Errors
    /// [`SqlError`].
    pub async fn revision_of(&self, id: &str) -> Result<Option<StoredRevision>, SqlError> {
        let row = sqlx::query(
            "SELECT id, consent, revision, at, state, agency, signed, node, sequence FROM consent_revision WHERE id = $1",
        )
        .bind(id)
        .fetch_optional(self.database.pool())
        .await?;
        row.as_ref().map(stored).transpose()
    }

    /// How many revisions name a leaf of this node's log before this place.
    ///
    /// # Errors
    /// [`SqlError`].
    pub async fn recorded_revisions(&self, node: &str, before: u64) -> Result<u64, SqlError> {
        let counted: i64 =
            sqlx::query_scalar("SELECT COUNT(*) FROM consent_revision WHERE node = $1 AND sequence < $2")
                .bind(node)
                .bind(i64::try_from(before).unwrap_or(i64::MAX))
                .fetch_one(self.database.pool())
                .await?;
        u64::try_from(counted).map_err(|_| damaged("count"))
    }

    /// The citizen of a record and what the record's commitment to them opens with.
    ///
    /// # Errors
    /// [`SqlError`].
    pub async fn record_subject(&self, consent: &ConsentId) -> Result<Option<(SubjectKey, SubjectOpening)>, SqlError> {
        let row: Option<(String, Vec<u8>)> =
            sqlx::query_as("SELECT subject, opening FROM consent_record WHERE consent = $1")
                .bind(consent.as_str())
                .fetch_optional(self.database.pool())
                .await?;
        let Some((subject, opening)) = row else { return Ok(None) };
        let subject = SubjectKey::from_hex(&subject).ok_or_else(|| damaged("subject"))?;
        let opening = opening.try_into().map_err(|_| damaged("opening"))?;
        Ok(Some((subject, SubjectOpening(opening))))
    }

    async fn last(&self, work: &mut Work, consent: &ConsentId) -> Result<Last, SqlError> {
        let signed: Option<String> = sqlx::query_scalar(LAST).bind(consent.as_str()).fetch_optional(work.on()).await?;
        let Some(signed) = signed else { return Ok(Last::None) };
        // Nothing is added to what is not ours: a chain that was broken stays as it was found.
        let read = Revision::open(&self.keys.revisions()?.ring, &signed);
        Ok(read.map_or(Last::Broken, |revision| Last::Is(Box::new(revision), signed)))
    }

    /// Begins the record of a consent from its row.
    async fn adopt(&self, work: &mut Work, consent: &ConsentId) -> Result<(Revision, String), SqlError> {
        let row = sqlx::query(
            "SELECT subject, agency, user_id, purpose, datatypes, usage, valid_until, granted_at, mode, bounds FROM consent \
             WHERE id = $1",
        )
        .bind(consent.as_str())
        .fetch_optional(work.on())
        .await?;
        let row = row.ok_or_else(|| damaged("record of a consent"))?;
        let text = |column: &str| row.try_get::<String, _>(column);
        let subject = SubjectKey::from_hex(&text("subject")?).ok_or_else(|| damaged("subject"))?;
        let valid_until: Option<i64> = row.try_get("valid_until")?;
        let details = Details {
            purpose: PurposeCode::parse(&text("purpose")?).map_err(|_| damaged("purpose"))?,
            datatypes: serde_json::from_str(&text("datatypes")?).map_err(|_| damaged("datatypes"))?,
            usage: usage_of(&text("usage")?)?,
            valid_until: valid_until.map(Timestamp::from_micros),
            bounds: bounds_of(&row)?,
        };
        let begun = Beginning {
            consent,
            subject,
            agency: AgencyId::parse(&text("agency")?).map_err(|_| damaged("agency"))?,
            user: UserId::parse(&text("user_id")?).map_err(|_| damaged("user"))?,
            details: &details,
            mode: mode_of(&row)?,
            agreement: None,
        };
        let at = Timestamp::from_micros(row.try_get("granted_at")?);
        let (asked, opening) = self.asked(begun, Cause::Adopted, at);
        self.keep_opening(work, consent, subject, opening).await?;
        let signed = self.add(work, &asked).await?;
        let given = asked.followed_by(&signed, (Standing::Active, Cause::Adopted), at);
        let signed = self.add(work, &given).await?;
        Ok((given, signed))
    }

    fn asked(&self, of: Beginning<'_>, cause: Cause, at: Timestamp) -> (Revision, SubjectOpening) {
        let mut opening = [0; 32];
        self.entropy.fill(&mut opening);
        let opening = SubjectOpening(opening);
        let revision = Revision {
            schema: SCHEMA.to_owned(),
            consent: of.consent.clone(),
            revision: 0,
            state: Standing::Requested,
            cause,
            at,
            agency: of.agency,
            user: of.user,
            purpose: of.details.purpose.clone(),
            authorization_details: serde_json::from_str(&of.details.canonical()).unwrap_or_default(),
            acr: of.mode.acr().to_owned(),
            agreement: of.agreement,
            subject: opening.commit(of.subject),
            evidence: Vec::new(),
            predecessor: None,
        };
        (revision, opening)
    }

    async fn keep_opening(
        &self,
        work: &mut Work,
        consent: &ConsentId,
        subject: SubjectKey,
        opening: SubjectOpening,
    ) -> Result<(), SqlError> {
        sqlx::query("INSERT INTO consent_record (consent, subject, opening) VALUES ($1, $2, $3)")
            .bind(consent.as_str())
            .bind(subject.to_hex())
            .bind(opening.0.to_vec())
            .execute(work.on())
            .await?;
        Ok(())
    }

    async fn add(&self, work: &mut Work, revision: &Revision) -> Result<String, SqlError> {
        let key = &self.keys.revisions()?.key;
        let signed = revision.sign(key).map_err(|_| SqlError::Other("a revision cannot be signed".to_owned()))?;
        sqlx::query(INSERT)
            .bind(random_hex_128(self.entropy.as_ref()))
            .bind(revision.consent.as_str())
            .bind(i64::from(revision.revision))
            .bind(revision.at.micros())
            .bind(revision.state.as_str())
            .bind(revision.agency.as_str())
            .bind(revision.purpose.as_str())
            .bind(signed.clone())
            .execute(work.on())
            .await?;
        Ok(signed)
    }
}

/// The newest revision of a consent.
enum Last {
    /// This, and how it was signed.
    Is(Box<Revision>, String),
    /// It has none.
    None,
    /// It has one that nobody of ours signed.
    Broken,
}

/// Whether a revision was added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Revised {
    /// It was.
    Added,
    /// The chain before it was tampered with: what gives something may not follow, what ends something does.
    Broken,
}

impl Revised {
    /// For a step that gives something.
    pub(super) fn whole(self) -> Result<(), SqlError> {
        match self {
            Self::Added => Ok(()),
            Self::Broken => Err(damaged("record of a consent")),
        }
    }
}

/// What a record begins with.
struct Beginning<'a> {
    consent: &'a ConsentId,
    subject: SubjectKey,
    agency: AgencyId,
    user: UserId,
    details: &'a Details,
    mode: Mode,
    agreement: Option<Terms>,
}

/// The revisions of a store that wait for their leaves.
#[derive(Clone, Debug)]
pub struct ConsentRevisions(pub Arc<ControlStore>);

#[async_trait]
impl UnrecordedChanges for ConsentRevisions {
    async fn waiting(&self, node: &str, limit: u32) -> Result<Vec<UnrecordedChange>, ControlUnavailable> {
        let rows = sqlx::query(WAITING)
            .bind(node)
            .bind(i64::from(limit))
            .fetch_all(self.0.database.pool())
            .await
            .map_err(SqlError::from)?;
        Ok(rows.iter().map(waiting).collect::<Result<_, _>>()?)
    }

    async fn claim(&self, ids: &[String], claim: &Claim) -> Result<Vec<String>, ControlUnavailable> {
        Ok(self.0.claim_rows(CLAIM, ids, claim).await?)
    }

    async fn recorded(&self, places: &[(String, u64)]) -> Result<(), ControlUnavailable> {
        Ok(self.0.note_places(NOTE, places).await?)
    }
}

fn waiting(row: &sqlx::any::AnyRow) -> Result<UnrecordedChange, SqlError> {
    let text = |column: &str| row.try_get::<String, _>(column);
    let (consent, revision): (String, i64) = (text("consent")?, row.try_get("revision")?);
    let claim: (Option<String>, Option<i64>) = (row.try_get("node")?, row.try_get("log_from")?);
    Ok(UnrecordedChange {
        id: text("id")?,
        at: row.try_get("at")?,
        kind: Kind::Consent,
        service: format!("consent.{}@1", text("state")?),
        agency: Some(text("agency")?),
        purpose: Some(text("purpose")?),
        basis: Some(format!("{consent}@{revision}")),
        generation: 0,
        detail: text("signed")?,
        operator: None,
        claim: claim.0.zip(claim.1).map(|(node, from)| Claim { node, from: u64::try_from(from).unwrap_or(0) }),
    })
}

fn stored(row: &sqlx::any::AnyRow) -> Result<StoredRevision, SqlError> {
    let (node, sequence): (Option<String>, Option<i64>) = (row.try_get("node")?, row.try_get("sequence")?);
    let sequence = sequence.and_then(|sequence| u64::try_from(sequence).ok());
    let revision: i64 = row.try_get("revision")?;
    Ok(StoredRevision {
        id: row.try_get("id")?,
        consent: row.try_get("consent")?,
        revision: u32::try_from(revision).map_err(|_| damaged("revision"))?,
        signed: row.try_get("signed")?,
        leaf: node.zip(sequence),
        at: Timestamp::from_micros(row.try_get("at")?),
        state: row.try_get("state")?,
        agency: row.try_get("agency")?,
    })
}
