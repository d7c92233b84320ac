//! Codes for words that need one: sent to the number, of one deed alone, used once, dead after three wrong ones.

use exchange::{
    consent::{answer::Told, passcode::Passcode, word::Word, word_text::Worded},
    limits,
    timestamp::Timestamp,
};

use super::{ControlStore, SqlError, Work, inbox, words::Wish};

impl ControlStore {
    /// Without a code, sends one if there is something to be done; with it, does it.
    pub(super) async fn with_code(
        &self,
        work: &mut Work,
        sender: &str,
        wanted: &Word,
        now: Timestamp,
    ) -> Result<(Told, Option<u64>), SqlError> {
        let deed = wanted.deed();
        let Some(code) = wanted.code() else {
            let told = match self.nothing_to_do(work, sender, wanted, now).await? {
                Some(told) => told,
                None => self.draw_code(work, sender, deed, now).await?,
            };
            return Ok((told, None));
        };
        if !self.is_code(work, (sender, &deed), code, now).await? {
            return Ok((Told::Word(Worded::WrongCode), None));
        }
        let told = match wanted {
            Word::Resume(reference, _) => return self.resume(work, sender, reference, now).await,
            Word::StopAll(_) => return self.stop_all(work, sender, now).await,
            Word::Unblock(name, _) => self.unblock(work, sender, name).await?,
            Word::AlertOff(_) => self.wish(work, sender, Wish::Alerts(false)).await?,
            Word::DiscreetOff(_) => self.wish(work, sender, Wish::Discreet(false)).await?,
            _ => Told::Help,
        };
        Ok((told, None))
    }

    /// What is told where a code would be good for nothing.
    async fn nothing_to_do(
        &self,
        work: &mut Work,
        sender: &str,
        wanted: &Word,
        now: Timestamp,
    ) -> Result<Option<Told>, SqlError> {
        match wanted {
            Word::Resume(reference, _) => self.is_not_paused(work, sender, reference, now).await,
            Word::Unblock(name, _) => self.is_not_blocked(work, sender, name).await,
            _ => Ok(None),
        }
    }

    async fn draw_code(&self, work: &mut Work, sender: &str, deed: String, now: Timestamp) -> Result<Told, SqlError> {
        if inbox::count_today(work, sender, &["word_code"], now).await? >= limits::WORD_CODES_A_DAY_MAX {
            return Ok(Told::Help);
        }
        let code = Passcode::draw(self.entropy.as_ref());
        sqlx::query(
            "INSERT INTO word_code (sender, deed, tag, until_at, tries) VALUES ($1, $2, $3, $4, 0) \
             ON CONFLICT (sender, deed) DO UPDATE SET tag = excluded.tag, until_at = excluded.until_at, tries = 0",
        )
        .bind(sender)
        .bind(deed.clone())
        .bind(self.code_tag((sender, &deed), &code))
        .bind(now.plus_seconds(limits::UNLOCK_CODE_S).micros())
        .execute(work.on())
        .await?;
        Ok(Told::Word(Worded::Code(deed, code)))
    }

    /// Each look at a code is a try; the right one is used up.
    async fn is_code(
        &self,
        work: &mut Work,
        (sender, deed): (&str, &str),
        code: &Passcode,
        now: Timestamp,
    ) -> Result<bool, SqlError> {
        let tried = sqlx::query(
            "UPDATE word_code SET tries = tries + 1 WHERE sender = $1 AND deed = $2 AND until_at > $3 AND tries < $4",
        )
        .bind(sender)
        .bind(deed)
        .bind(now.micros())
        .bind(limits::UNLOCK_TRIES_MAX)
        .execute(work.on())
        .await?;
        if tried.rows_affected() == 0 {
            return Ok(false);
        }
        let used = sqlx::query("DELETE FROM word_code WHERE sender = $1 AND deed = $2 AND tag = $3")
            .bind(sender)
            .bind(deed)
            .bind(self.code_tag((sender, deed), code))
            .execute(work.on())
            .await?;
        Ok(used.rows_affected() == 1)
    }

    /// The code as a column knows it, of its number and deed alone.
    fn code_tag(&self, (sender, deed): (&str, &str), code: &Passcode) -> String {
        self.tag("word_code", &format!("{sender}/{deed}/{}", code.expose()))
    }

    /// When the code for a deed ends that was spoilt, so that another may be asked for in the same words.
    pub(super) async fn spoilt_code(&self, sender: &str, deed: &str) -> Result<i64, SqlError> {
        let until: Option<i64> =
            sqlx::query_scalar("SELECT until_at FROM word_code WHERE sender = $1 AND deed = $2 AND tries >= $3")
                .bind(sender)
                .bind(deed)
                .bind(limits::UNLOCK_TRIES_MAX)
                .fetch_optional(self.database.pool())
                .await?;
        Ok(until.unwrap_or_default())
    }
}
