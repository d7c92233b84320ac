//! Agencies, users, agreements and the rest: kept as JSON under their keys, changed one after another.

use async_trait::async_trait;
use exchange::{
    directory::{Agency, Agreement, Approval, DirectoryData, User},
    ids::{AgencyId, ApprovalId, UserId},
    onboarding::Change,
    ports::{consent_tokens::ControlUnavailable, directory_source::DirectorySource},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::json;

use super::{ControlStore, Done, SqlError, Work, classes, damaged, sha256};

pub(super) const AGENCY: &str = "agency";
const USER: &str = "user";
const AGREEMENT: &str = "agreement";
const APPROVAL: &str = "approval";
const PROGRAMME: &str = "programme";
const CATEGORY: &str = "category";
const REPORT: &str = "report";
const PURPOSE: &str = "purpose";
const RATE_BOOK: &str = "rate_book";
const GRATIS: &str = "gratis";
const TERMS: &str = "terms";
pub(super) const QUOTA: &str = "quota";
pub(super) const CLASS: &str = "class";
const REVOKED_SERIAL: &str = "revoked_serial";

/// Why one entry of the directory was not changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChangeError {
    /// There is no such entry.
    #[error("the directory has no such {0}")]
    Unknown(&'static str),
    /// The database did not take it.
    #[error(transparent)]
    Store(#[from] SqlError),
}

impl From<sqlx::Error> for ChangeError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

impl ControlStore {
    /// Replaces the whole directory. Revoked serials stay revoked, and used approvals stay used, whatever `data` says.
    /// Returns the new generation.
    ///
    /// # Errors
    /// [`SqlError`]: the old directory stands.
    pub async fn replace_directory(&self, data: &DirectoryData) -> Result<u64, SqlError> {
        let mut work = self.database.begin().await?;
        let generation = self.bump(&mut work).await?;
        sqlx::query("DELETE FROM directory_entry WHERE kind <> $1").bind(REVOKED_SERIAL).execute(work.on()).await?;
        for agency in &data.agencies {
            put(&mut work, AGENCY, agency.id.as_str(), agency).await?;
        }
        for user in &data.users {
            put(&mut work, USER, &user_key(&user.agency, &user.id), user).await?;
        }
        for agreement in &data.agreements {
            put(&mut work, AGREEMENT, agreement.id.as_str(), agreement).await?;
        }
        for approval in &data.approvals {
            put(&mut work, APPROVAL, approval.id.as_str(), approval).await?;
        }
        for programme in &data.programmes {
            put(&mut work, PROGRAMME, programme.id.as_str(), programme).await?;
        }
        for category in &data.categories {
            put(&mut work, CATEGORY, &category.kind, category).await?;
        }
        for report in &data.reports {
            put(&mut work, REPORT, &report.name, report).await?;
        }
        for purpose in &data.purposes {
            put(&mut work, PURPOSE, purpose.code.as_str(), purpose).await?;
        }
        for book in &data.rate_books {
            put(&mut work, RATE_BOOK, book.version.as_str(), book).await?;
        }
        for terms in &data.terms {
            put(&mut work, TERMS, terms.agency.as_str(), terms).await?;
        }
        for quota in &data.quotas {
            put(&mut work, QUOTA, quota.id.as_str(), quota).await?;
        }
        for gift in &data.gratis {
            put(&mut work, GRATIS, gift.id.as_str(), gift).await?;
        }
        for class in &data.classes {
            put(&mut work, CLASS, &classes::key(class), class).await?;
        }
        for serial in &data.revoked_serials {
            put(&mut work, REVOKED_SERIAL, serial, &()).await?;
        }
        let detail =
            json!({ "agencies": data.agencies.len(), "users": data.users.len(), "agreements": data.agreements.len() });
        self.note(&mut work, generation, &Done { what: "directory-replace", agency: None, detail }).await?;
        self.commit(work, generation).await
    }

    /// Suspends an agency everywhere, or lets it back.
    ///
    /// # Errors
    /// [`ChangeError`].
    pub async fn set_agency_suspended(&self, agency: &AgencyId, suspended: bool) -> Result<u64, ChangeError> {
        let what = if suspended { "agency-suspend" } else { "agency-resume" };
        let done = Done { what, agency: Some(agency.as_str()), detail: json!({}) };
        self.change::<Agency>(AGENCY, agency.as_str(), &done, |agency| agency.suspended = suspended).await
    }

    /// Registers a certificate's key (SHA-256 of its subject public key info, lower-case hex) for an agency.
    ///
    /// # Errors
    /// [`ChangeError`].
    pub async fn add_key(&self, agency: &AgencyId, spki_sha256: &str) -> Result<u64, ChangeError> {
        let detail = json!({ "key_sha256": spki_sha256 });
        let done = Done { what: "agency-add-key", agency: Some(agency.as_str()), detail };
        self.change(AGENCY, agency.as_str(), &done, |agency| register(agency, spki_sha256)).await
    }

    /// Sets the public key (PEM, P-256) that a user signs assertions with, or takes it away.
    ///
    /// # Errors
    /// [`ChangeError`].
    pub async fn set_user_assertion_key(
        &self,
        agency: &AgencyId,
        user: &UserId,
        key: Option<String>,
    ) -> Result<u64, ChangeError> {
        let detail = json!({ "user": user.as_str(), "key": key });
        let done = Done { what: "user-assertion-key", agency: Some(agency.as_str()), detail };
        self.change::<User>(USER, &user_key(agency, user), &done, |user| user.assertion_key = key).await
    }

    /// Bars a user from acting, or lets them back.
    ///
    /// # Errors
    /// [`ChangeError`].
    pub async fn set_user_disabled(
        &self,
        agency: &AgencyId,
        user: &UserId,
        disabled: bool,
    ) -> Result<u64, ChangeError> {
        let what = if disabled { "user-disable" } else { "user-enable" };
        let done = Done { what, agency: Some(agency.as_str()), detail: json!({ "user": user.as_str() }) };
        self.change::<User>(USER, &user_key(agency, user), &done, |user| user.disabled = disabled).await
    }

    /// Ends an agreement before its time, as a new revision.
    ///
    /// # Errors
    /// [`ChangeError`].
    pub async fn revoke_agreement(&self, agreement: &str) -> Result<u64, ChangeError> {
        let end = |agreement: &mut Agreement| {
            agreement.revoked = true;
            agreement.revision = agreement.revision.saturating_add(1);
        };
        let done = Done { what: "agreement-revoke", agency: None, detail: json!({ "agreement": agreement }) };
        self.change(AGREEMENT, agreement, &done, end).await
    }

    /// Revokes a certificate by its serial (lower-case hex without leading zeros), for ever.
    ///
    /// # Errors
    /// [`SqlError`].
    pub async fn revoke_serial(&self, serial_hex: &str) -> Result<u64, SqlError> {
        let mut work = self.database.begin().await?;
        let generation = self.bump(&mut work).await?;
        put(&mut work, REVOKED_SERIAL, serial_hex, &()).await?;
        let detail = json!({ "serial": serial_hex });
        self.note(&mut work, generation, &Done { what: "certificate-revoke", agency: None, detail }).await?;
        self.commit(work, generation).await
    }

    pub(super) async fn change<T: Serialize + DeserializeOwned>(
        &self,
        kind: &'static str,
        key: &str,
        done: &Done<'_>,
        edit: impl FnOnce(&mut T),
    ) -> Result<u64, ChangeError> {
        let mut work = self.database.begin().await?;
        let generation = self.bump(&mut work).await?;
        let mut entry: T = entry(&mut work, kind, key).await?;
        edit(&mut entry);
        put(&mut work, kind, key, &entry).await?;
        self.note(&mut work, generation, done).await?;
        Ok(self.commit(work, generation).await?)
    }

    /// An approval, also one that was used up: what a recorded request rested on.
    ///
    /// # Errors
    /// [`SqlError`].
    pub async fn recorded_approval(&self, approval: &ApprovalId) -> Result<Option<Approval>, SqlError> {
        let body: Option<String> = sqlx::query_scalar("SELECT body FROM directory_entry WHERE kind = $1 AND key = $2")
            .bind(APPROVAL)
            .bind(approval.as_str())
            .fetch_optional(self.database.pool())
            .await?;
        body.map(|body| read(APPROVAL, &body)).transpose()
    }

    /// Reads everything with its generation by one statement, which sees one state of the database: however fast changes
    /// follow each other, none comes between.
    async fn read_directory(&self) -> Result<(u64, DirectoryData), SqlError> {
        let asked_at = self.clock.now();
        let rows: Vec<Beside> = sqlx::query_as(DIRECTORY).fetch_all(self.database.pool()).await?;
        let generation = super::generation_of(rows.first().ok_or_else(|| damaged("generation"))?.0)?;
        // A directory without an entry is one row without one.
        let data = entries(rows.into_iter().filter_map(|(_, kind, key, body)| Some((kind?, key?, body?))).collect())?;
        self.confirmed.saw(generation, asked_at);
        Ok((generation, data))
    }

    /// Everything, within a unit of work that holds the generation's row; used approvals too, whose names stay taken.
    pub(super) async fn read_within(&self, work: &mut Work) -> Result<DirectoryData, SqlError> {
        entries(sqlx::query_as(ENTRIES).fetch_all(work.on()).await?)
    }

    /// Writes a change of an entry within a unit of work.
    pub(super) async fn write_change(&self, work: &mut Work, change: &Change) -> Result<(), ChangeError> {
        if let Change::Key(key) = change {
            let mut agency: Agency = entry(work, AGENCY, key.agency.as_str()).await?;
            register(&mut agency, &key.sha256);
            put(work, AGENCY, key.agency.as_str(), &agency).await?;
        }
        let Some((kind, key)) = written(change) else { return Ok(()) };
        match change {
            Change::Agency(agency) => {
                classes::note(work, agency, self.clock.now()).await?;
                put(work, kind, &key, agency).await?;
            }
            Change::User(user) => put(work, kind, &key, user).await?,
            Change::Agreement(agreement) => put(work, kind, &key, agreement).await?,
            Change::Approval(approval) => put(work, kind, &key, approval).await?,
            Change::Programme(programme) => put(work, kind, &key, programme).await?,
            Change::Category(category) => put(work, kind, &key, category).await?,
            Change::Report(report) => put(work, kind, &key, report).await?,
            Change::Purpose(purpose) => put(work, kind, &key, purpose).await?,
            Change::RateBook(book) => put(work, kind, &key, book).await?,
            Change::Gratis(gift) => put(work, kind, &key, gift).await?,
            Change::Terms(terms) => put(work, kind, &key, terms).await?,
            Change::Quota(quota) => put(work, kind, &key, quota).await?,
            Change::Key(_) | Change::Decision(_) => {}
        }
        Ok(())
    }

    /// Digest of the entry that a change would write over, as it stands now; empty where nothing is written over.
    pub(super) async fn written_over(&self, work: &mut Work, change: &Change) -> Result<String, SqlError> {
        let Some((kind, key)) = written(change) else { return Ok(String::new()) };
        let body: Option<String> = sqlx::query_scalar("SELECT body FROM directory_entry WHERE kind = $1 AND key = $2")
            .bind(kind)
            .bind(&key)
            .fetch_optional(work.on())
            .await?;
        Ok(body.map(|body| hex::encode(sha256(body.as_bytes()))).unwrap_or_default())
    }
}

/// Kind and key of the entry that a change writes whole. A key is added to whatever the agency's entry is by then.
fn written(change: &Change) -> Option<(&'static str, String)> {
    let name = |id: &dyn std::fmt::Display| id.to_string();
    Some(match change {
        Change::Agency(agency) => (AGENCY, name(&agency.id)),
        Change::User(user) => (USER, user_key(&user.agency, &user.id)),
        Change::Agreement(agreement) => (AGREEMENT, name(&agreement.id)),
        Change::Approval(approval) => (APPROVAL, name(&approval.id)),
        Change::Programme(programme) => (PROGRAMME, name(&programme.id)),
        Change::Category(category) => (CATEGORY, name(&category.kind)),
        Change::Report(report) => (REPORT, name(&report.name)),
        Change::Purpose(purpose) => (PURPOSE, name(&purpose.code)),
        Change::RateBook(book) => (RATE_BOOK, name(&book.version)),
        Change::Gratis(gift) => (GRATIS, name(&gift.id)),
        Change::Terms(terms) => (TERMS, name(&terms.agency)),
        Change::Quota(quota) => (QUOTA, name(&quota.id)),
        Change::Key(_) | Change::Decision(_) => return None,
    })
}

/// The generation beside each entry; used approvals are left out.
const DIRECTORY: &str = "SELECT g.value, e.kind, e.key, e.body FROM generation g LEFT JOIN directory_entry e \
     ON NOT (e.kind = 'approval' AND EXISTS (SELECT 1 FROM approval_use u WHERE u.approval = e.key)) \
     WHERE g.id = 1 ORDER BY e.kind, e.key";

/// The generation, and an entry's kind, key and body; nothing of these where there is no entry.
type Beside = (i64, Option<String>, Option<String>, Option<String>);

/// Kind, key and body of every entry.
const ENTRIES: &str = "SELECT kind, key, body FROM directory_entry ORDER BY kind, key";

fn entries(rows: Vec<(String, String, String)>) -> Result<DirectoryData, SqlError> {
    let mut data = DirectoryData::default();
    for (kind, key, body) in rows {
        match kind.as_str() {
            AGENCY => data.agencies.push(read(AGENCY, &body)?),
            USER => data.users.push(read(USER, &body)?),
            AGREEMENT => data.agreements.push(read(AGREEMENT, &body)?),
            APPROVAL => data.approvals.push(read(APPROVAL, &body)?),
            PROGRAMME => data.programmes.push(read(PROGRAMME, &body)?),
            CATEGORY => data.categories.push(read(CATEGORY, &body)?),
            REPORT => data.reports.push(read(REPORT, &body)?),
            PURPOSE => data.purposes.push(read(PURPOSE, &body)?),
            RATE_BOOK => data.rate_books.push(read(RATE_BOOK, &body)?),
            TERMS => data.terms.push(read(TERMS, &body)?),
            QUOTA => data.quotas.push(read(QUOTA, &body)?),
            GRATIS => data.gratis.push(read(GRATIS, &body)?),
            CLASS => data.classes.push(read(CLASS, &body)?),
            REVOKED_SERIAL => data.revoked_serials.push(key),
            _ => return Err(damaged("kind of directory entry")),
        }
    }
    Ok(data)
}

async fn entry<T: DeserializeOwned>(work: &mut Work, kind: &'static str, key: &str) -> Result<T, ChangeError> {
    let body: Option<String> = sqlx::query_scalar("SELECT body FROM directory_entry WHERE kind = $1 AND key = $2")
        .bind(kind)
        .bind(key)
        .fetch_optional(work.on())
        .await?;
    let body = body.ok_or(ChangeError::Unknown(kind))?;
    Ok(read(kind, &body)?)
}

fn register(agency: &mut Agency, spki_sha256: &str) {
    if !agency.keys.iter().any(|key| key == spki_sha256) {
        agency.keys.push(spki_sha256.to_owned());
    }
}

#[async_trait]
impl DirectorySource for ControlStore {
    async fn generation(&self) -> Result<u64, ControlUnavailable> {
        Ok(self.read_generation().await?)
    }

    async fn read(&self) -> Result<(u64, DirectoryData), ControlUnavailable> {
        Ok(self.read_directory().await?)
    }
}

/// `/` stands in no identifier, so no two users share a key.
fn user_key(agency: &AgencyId, user: &UserId) -> String {
    format!("{agency}/{user}")
}

pub(super) fn read<T: DeserializeOwned>(kind: &str, body: &str) -> Result<T, SqlError> {
    serde_json::from_str(body).map_err(|_| damaged(kind))
}

pub(super) async fn put<T: Serialize>(work: &mut Work, kind: &str, key: &str, entry: &T) -> Result<(), SqlError> {
    let body = serde_json::to_string(entry).map_err(|_| SqlError::Other(format!("{kind} cannot be written")))?;
    sqlx::query(
        "INSERT INTO directory_entry (kind, key, body) VALUES ($1, $2, $3) \
         ON CONFLICT (kind, key) DO UPDATE SET body = EXCLUDED.body",
    )
    .bind(kind)
    .bind(key)
    .bind(body)
    .execute(work.on())
    .await?;
    Ok(())
}
