//! Agencies that a citizen does not want to be asked by: to them the citizen is one who does not answer. Whoever acts on another
//! basis than consent does not ask, and is not stopped by it.

use exchange::{
    consent::{
        SubjectKey,
        answer::Told,
        reply::{Reference, plain},
        word_text::Worded,
    },
    directory::Agency,
    ids::AgencyId,
    limits,
    timestamp::Timestamp,
};

use super::{ControlStore, SqlError, Work, directory, inbox};

/// An agency, and the citizen of the number if one request named both.
struct Named {
    agency: String,
    subject: Option<String>,
}

impl ControlStore {
    pub(super) async fn block(
        &self,
        work: &mut Work,
        sender: &str,
        name: &str,
        now: Timestamp,
    ) -> Result<Told, SqlError> {
        if inbox::count_today(work, sender, &["blocked"], now).await? >= limits::WORD_ANSWERS_A_DAY_MAX {
            return Ok(Told::Help);
        }
        let Some(Named { agency, subject }) = named(work, sender, name).await? else { return Ok(Told::Nothing) };
        let blocked = sqlx::query(
            "INSERT INTO citizen_block (subject, agency, since_at) SELECT subject, $2, $3 FROM contact \
             WHERE lookup = $1 AND ($4 = '' OR subject = $4) ON CONFLICT (subject, agency) DO NOTHING",
        )
        .bind(sender)
        .bind(agency)
        .bind(now.micros())
        .bind(subject.unwrap_or_default())
        .execute(work.on())
        .await?;
        Ok(Told::Word(if blocked.rows_affected() > 0 { Worded::Blocked } else { Worded::AsItWas }))
    }

    pub(super) async fn unblock(&self, work: &mut Work, sender: &str, name: &str) -> Result<Told, SqlError> {
        let Some(Named { agency, subject }) = named(work, sender, name).await? else { return Ok(Told::Nothing) };
        let unblocked = sqlx::query(
            "DELETE FROM citizen_block WHERE agency = $2 AND subject IN \
             (SELECT subject FROM contact WHERE lookup = $1 AND ($3 = '' OR subject = $3))",
        )
        .bind(sender)
        .bind(agency)
        .bind(subject.unwrap_or_default())
        .execute(work.on())
        .await?;
        Ok(Told::Word(if unblocked.rows_affected() > 0 { Worded::Unblocked } else { Worded::AsItWas }))
    }

    /// What whoever unblocks is told where nobody is blocked.
    pub(super) async fn is_not_blocked(
        &self,
        work: &mut Work,
        sender: &str,
        name: &str,
    ) -> Result<Option<Told>, SqlError> {
        let Some(Named { agency, subject }) = named(work, sender, name).await? else { return Ok(Some(Told::Nothing)) };
        let blocked: i64 = sqlx::query_scalar(
            "SELECT COUNT(*) FROM citizen_block b JOIN contact c ON c.subject = b.subject \
             WHERE c.lookup = $1 AND b.agency = $2 AND ($3 = '' OR b.subject = $3)",
        )
        .bind(sender)
        .bind(agency)
        .bind(subject.unwrap_or_default())
        .fetch_one(work.on())
        .await?;
        Ok((blocked == 0).then_some(Told::Word(Worded::AsItWas)))
    }

    /// Whether the citizen does not want to be asked by this agency.
    ///
    /// # Errors
    /// [`SqlError`].
    pub async fn blocks(&self, subject: SubjectKey, agency: &AgencyId) -> Result<bool, SqlError> {
        let mut work = self.database.begin().await?;
        is_blocked(&mut work, &subject.to_hex(), agency.as_str()).await
    }
}

pub(super) async fn is_blocked(work: &mut Work, subject: &str, agency: &str) -> Result<bool, SqlError> {
    let blocks: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM citizen_block WHERE subject = $1 AND agency = $2")
        .bind(subject)
        .bind(agency)
        .fetch_one(work.on())
        .await?;
    Ok(blocks > 0)
}

/// The agency that the words name: the one that asked under this reference, or the one that the directory has under this id or
/// name. None where they could mean two.
async fn named(work: &mut Work, sender: &str, name: &str) -> Result<Option<Named>, SqlError> {
    if let Some(reference) = Reference::parse(name) {
        let asked: Option<(String, String)> = sqlx::query_as(
            "SELECT r.agency, r.subject FROM auth_request r JOIN contact c ON c.subject = r.subject \
             WHERE c.lookup = $1 AND r.reference = $2 ORDER BY r.created_at DESC, r.id_hash LIMIT 1",
        )
        .bind(sender)
        .bind(reference.as_str())
        .fetch_optional(work.on())
        .await?;
        if let Some((agency, subject)) = asked {
            return Ok(Some(Named { agency, subject: Some(subject) }));
        }
    }
    let bodies: Vec<String> = sqlx::query_scalar("SELECT body FROM directory_entry WHERE kind = $1")
        .bind(directory::AGENCY)
        .fetch_all(work.on())
        .await?;
    let mut found = None;
    for body in bodies {
        let agency: Agency = directory::read(directory::AGENCY, &body)?;
        if [agency.id.as_str(), &agency.name, &agency.name_ur].into_iter().any(|known| plain(known) == name) {
            if found.is_some() {
                return Ok(None);
            }
            found = Some(Named { agency: agency.id.as_str().to_owned(), subject: None });
        }
    }
    Ok(found)
}
