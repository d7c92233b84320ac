//! Consents that a citizen locks and unlocks by SMS. Locking takes away and needs the number alone; unlocking needs a code that was
//! sent to it.

use exchange::{
    consent::{answer::Told, passcode::Passcode},
    limits,
    timestamp::Timestamp,
};

use super::{ControlStore, SqlError, Work};

impl ControlStore {
    /// Lets nobody ask the citizens of a number any more.
    pub(super) async fn lock_consents(&self, work: &mut Work, sender: &str, now: Timestamp) -> Result<Told, SqlError> {
        let locked = sqlx::query(
            "INSERT INTO citizen_lock (subject, locked_at) SELECT subject, $2 FROM contact WHERE lookup = $1 \
             ON CONFLICT (subject) DO UPDATE SET locked_at = excluded.locked_at WHERE citizen_lock.locked_at IS NULL",
        )
        .bind(sender)
        .bind(now.micros())
        .execute(work.on())
        .await?;
        if locked.rows_affected() > 0 {
            return Ok(Told::ConsentsLocked);
        }
        Ok(if is_enrolled(work, sender).await? { Told::AlreadyLocked } else { Told::Help })
    }

    /// Sends a code to a number that is enrolled; with the code, lets others ask its citizens again and forgives what was guessed.
    pub(super) async fn unlock_consents(
        &self,
        work: &mut Work,
        sender: &str,
        code: Option<&Passcode>,
        now: Timestamp,
    ) -> Result<Told, SqlError> {
        if !is_enrolled(work, sender).await? {
            return Ok(Told::Help);
        }
        match code {
            None if codes_today(work, sender, now).await? >= limits::UNLOCK_CODES_A_DAY_MAX => Ok(Told::Help),
            None => self.draw_unlock_code(work, sender, now).await,
            Some(code) if self.is_unlock_code(work, sender, code, now).await? => {
                forgive(work, sender, now).await?;
                Ok(Told::Unlocked)
            }
            Some(_) => Ok(Told::WrongUnlockCode),
        }
    }

    async fn draw_unlock_code(&self, work: &mut Work, sender: &str, now: Timestamp) -> Result<Told, SqlError> {
        let code = Passcode::draw(self.entropy.as_ref());
        sqlx::query(
            "INSERT INTO unlock_code (sender, tag, until_at, tries) VALUES ($1, $2, $3, 0) \
             ON CONFLICT (sender) DO UPDATE SET tag = excluded.tag, until_at = excluded.until_at, tries = 0",
        )
        .bind(sender)
        .bind(self.unlock_tag(sender, &code))
        .bind(now.plus_seconds(limits::UNLOCK_CODE_S).micros())
        .execute(work.on())
        .await?;
        Ok(Told::UnlockCode(code))
    }

    /// Each look at a code is a try; the right one is used up.
    async fn is_unlock_code(
        &self,
        work: &mut Work,
        sender: &str,
        code: &Passcode,
        now: Timestamp,
    ) -> Result<bool, SqlError> {
        let tried =
            sqlx::query("UPDATE unlock_code SET tries = tries + 1 WHERE sender = $1 AND until_at > $2 AND tries < $3")
                .bind(sender)
                .bind(now.micros())
                .bind(limits::UNLOCK_TRIES_MAX)
                .execute(work.on())
                .await?;
        if tried.rows_affected() == 0 {
            return Ok(false);
        }
        let used = sqlx::query("DELETE FROM unlock_code WHERE sender = $1 AND tag = $2")
            .bind(sender)
            .bind(self.unlock_tag(sender, code))
            .execute(work.on())
            .await?;
        Ok(used.rows_affected() == 1)
    }

    /// The code as a column knows it, of its number alone.
    fn unlock_tag(&self, sender: &str, code: &Passcode) -> String {
        self.tag("unlock", &format!("{sender}/{}", code.expose()))
    }
}

pub(super) async fn is_enrolled(work: &mut Work, sender: &str) -> Result<bool, SqlError> {
    let enrolled: i64 =
        sqlx::query_scalar("SELECT COUNT(*) FROM contact WHERE lookup = $1").bind(sender).fetch_one(work.on()).await?;
    Ok(enrolled > 0)
}

/// How many codes the number was sent today: whoever forges it has the citizen's phone ring so often and no more.
async fn codes_today(work: &mut Work, sender: &str, now: Timestamp) -> Result<i64, SqlError> {
    let sent = sqlx::query_scalar(
        "SELECT COUNT(*) FROM sms_inbox WHERE sender = $1 AND what = 'unlock_code' AND received_at > $2",
    )
    .bind(sender)
    .bind(now.plus_seconds(-limits::SMS_DAY_S).micros())
    .fetch_one(work.on())
    .await?;
    Ok(sent)
}

async fn forgive(work: &mut Work, sender: &str, now: Timestamp) -> Result<(), SqlError> {
    sqlx::query(
        "INSERT INTO citizen_lock (subject, locked_at, forgiven_at) SELECT subject, NULL, $2 FROM contact WHERE lookup = $1 \
         ON CONFLICT (subject) DO UPDATE SET locked_at = NULL, forgiven_at = excluded.forgiven_at",
    )
    .bind(sender)
    .bind(now.micros())
    .execute(work.on())
    .await?;
    Ok(())
}
