//! What citizens text to 8009: each message is taken once, and done, noted and answered in one unit of work.

use exchange::{
    consent::{
        answer::Told,
        machine::State,
        message::Language,
        reply::{Reference, Reply, is_urdu, meaning},
        revision::Cause,
        word_text::Worded,
    },
    limits,
    mobile::Mobile,
    timestamp::Timestamp,
};

use zeroize::Zeroizing;

use super::{
    ControlStore, SqlError, Work,
    consents::holds,
    damaged,
    outbox::Message,
    requests::{locked_by_hash, save},
    sending::supersede,
    words,
};
use crate::sms::limits::ANSWER_LIVES_S;

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    /// Done, and its answer is queued.
    Told(Told),
    /// It had come before; nothing was done again.
    Repeated,
    /// There was nothing to do, and its sender was told so often enough today; or so many of its messages did nothing today that
    /// no more are looked at.
    Silent,
}

impl ControlStore {
    /// Takes a message. Who sent it is known by the number alone, which can be forged: by itself it refuses and ends only, and allows
    /// nothing without the passcode that was sent to that number.
    ///
    /// # Errors
    /// [`SqlError`]: nothing was done, and the same message may be taken again.
    pub async fn take_sms(&self, from: Mobile, text: &str) -> Result<Taken, SqlError> {
        let (sender, reply) = (self.number_tag(from), Reply::parse(text));
        let words = Zeroizing::new(format!("{}{}", *meaning(text), self.since(&sender, &reply).await?));
        let words = self.tag("words", &words);
        let now = self.clock.now();
        if self.came_before(&sender, &words, now).await? {
            return Ok(Taken::Repeated);
        }
        let mut work = self.database.begin().await?;
        if told_today(&mut work, &sender, now, false).await? >= limits::SMS_FRUITLESS_A_DAY_MAX {
            return Ok(Taken::Silent);
        }
        let (told, ended) = match reply {
            Reply::Refuse(reference) => self.end(&mut work, &sender, (reference, Cause::NoBySms)).await?,
            Reply::Stop(reference) => self.end(&mut work, &sender, (reference, Cause::StopBySms)).await?,
            Reply::Allow(passcode, screen) => (self.allow(&mut work, &sender, (&passcode, &screen)).await?, None),
            Reply::Lock => (self.lock_consents(&mut work, &sender, now).await?, None),
            Reply::Unlock(code) => (self.unlock_consents(&mut work, &sender, code.as_ref(), now).await?, None),
            Reply::Word(wanted) => self.obey(&mut work, &sender, &wanted, now).await?,
            Reply::Help => (Told::Help, None),
        };
        let does = told.did_something();
        let answers = does || told_today(&mut work, &sender, now, true).await? < limits::SMS_HELP_A_DAY_MAX;
        if !note(&mut work, (&sender, &words), &told, answers, now).await? {
            // The same message was taken meanwhile: what it did is done, and what this one did is not.
            return Ok(Taken::Repeated);
        }
        if answers {
            let language = match language_of(&mut work, &sender).await? {
                Some(language) if does => language,
                // Whether a number is known is not to be told by the language either.
                _ if is_urdu(text) => Language::Urdu,
                _ => Language::English,
            };
            // A code that came later than it lives would only be typed in vain, and so would the one before another.
            let (lives_s, about) = match &told {
                Told::UnlockCode(_) => (limits::UNLOCK_CODE_S, Some(format!("unlock/{sender}"))),
                Told::Word(Worded::Code(deed, _)) => (limits::UNLOCK_CODE_S, Some(format!("{deed}/{sender}"))),
                _ => (ANSWER_LIVES_S, None),
            };
            if let Some(about) = &about {
                supersede(&mut work, about).await?;
            }
            let drop_at = now.plus_seconds(lives_s);
            let message = Message { to: from, text: &told.text(language), drop_at, about: about.as_deref() };
            self.queue_sms(&mut work, message, now).await?;
        }
        match ended {
            Some(generation) => drop(self.commit(work, generation).await?),
            None => work.commit().await?,
        }
        Ok(if answers { Taken::Told(told) } else { Taken::Silent })
    }

    /// Refuses what the sender was asked under a reference, or ends what came of it; with the generation if a consent ended.
    async fn end(
        &self,
        work: &mut Work,
        sender: &str,
        (reference, cause): (Reference, Cause),
    ) -> Result<(Told, Option<u64>), SqlError> {
        let requests: Vec<String> = sqlx::query_scalar(
            "SELECT r.id_hash FROM auth_request r JOIN contact c ON c.subject = r.subject \
             WHERE c.lookup = $1 AND r.reference = $2 ORDER BY r.created_at DESC, r.id_hash",
        )
        .bind(sender)
        .bind(reference.as_str())
        .fetch_all(work.on())
        .await?;
        // The newest that there is something to do about, and no other: references come again, in years or on a shared phone.
        for id_hash in requests {
            let Some(stored) = locked_by_hash(work, id_hash).await? else { continue };
            let transaction = stored.transaction.clone();
            let (waits, spoken) = match transaction.state {
                State::Received | State::Sent => (self.clock.now() < transaction.expires_at, false),
                State::Approved | State::TokenIssued => (false, true),
                State::Suppressed | State::Denied | State::Locked | State::Void => (false, false),
            };
            if waits && let Some(next) = transaction.clone().denied() {
                self.settle(work, &stored, &next, cause).await?;
                return Ok((Told::Refused(reference), None));
            }
            let consent = stored.consent.as_deref().filter(|_| spoken);
            if let Some(consent) = consent
                && holds(work, consent).await?
            {
                // The generation before the consent, as everyone takes them: two who wait for each other wait for ever.
                let generation = self.bump(work).await?;
                self.revoke(work, consent, cause).await?;
                match transaction.unsaid() {
                    Some(next) => save(work, &stored, &next, None).await?,
                    // Only then its agency knows the consent.
                    None => self.tell_revoked(work, consent).await?,
                }
                return Ok((Told::Stopped(reference), Some(generation)));
            }
        }
        Ok((Told::Nothing, None))
    }

    async fn came_before(&self, sender: &str, words: &str, now: Timestamp) -> Result<bool, SqlError> {
        let before: i64 =
            sqlx::query_scalar("SELECT COUNT(*) FROM sms_inbox WHERE sender = $1 AND words = $2 AND received_at > $3")
                .bind(sender)
                .bind(words)
                .bind(now.plus_seconds(-limits::SMS_SAME_WITHIN_S).micros())
                .fetch_one(self.database.pool())
                .await?;
        Ok(before > 0)
    }

    /// What makes the same word another message within the time of repetitions: a lock after an unlock, another code for one spoilt.
    async fn since(&self, sender: &str, reply: &Reply) -> Result<String, SqlError> {
        if let Reply::Word(word) = reply {
            // A code is used once, whatever was done meanwhile.
            if word.code().is_some() {
                return Ok(String::new());
            }
            let undone = self.last_of(sender, words::undone_by(word)).await?;
            let spoilt = self.spoilt_code(sender, &word.deed()).await?;
            return Ok(format!("/{undone}/{spoilt}"));
        }
        if !matches!(reply, Reply::Lock | Reply::Unlock(None)) {
            return Ok(String::new());
        }
        let forgiven: Option<i64> = sqlx::query_scalar(
            "SELECT MAX(l.forgiven_at) FROM citizen_lock l JOIN contact c ON c.subject = l.subject WHERE c.lookup = $1",
        )
        .bind(sender)
        .fetch_one(self.database.pool())
        .await?;
        let spoilt: Option<i64> =
            sqlx::query_scalar("SELECT until_at FROM unlock_code WHERE sender = $1 AND tries >= $2")
                .bind(sender)
                .bind(limits::UNLOCK_TRIES_MAX)
                .fetch_optional(self.database.pool())
                .await?;
        Ok(format!("/{}/{}", forgiven.unwrap_or_default(), spoilt.unwrap_or_default()))
    }

    /// When the number's messages last did one of these.
    async fn last_of(&self, sender: &str, whats: &[&str]) -> Result<i64, SqlError> {
        let mut last = 0;
        for what in whats {
            let at: Option<i64> =
                sqlx::query_scalar("SELECT MAX(received_at) FROM sms_inbox WHERE sender = $1 AND what = $2")
                    .bind(sender)
                    .bind(*what)
                    .fetch_one(self.database.pool())
                    .await?;
            last = last.max(at.unwrap_or_default());
        }
        Ok(last)
    }

    /// Forgets messages that did nothing, once no repetition can follow and no day counts them; answers how many. What did something
    /// stays: it says that the citizen wanted it, and when.
    ///
    /// # Errors
    /// [`SqlError`].
    pub async fn forget_inbox(&self) -> Result<u64, SqlError> {
        let _turn = self.database.turn().await?;
        let before = self.clock.now().plus_seconds(-limits::SMS_DAY_S);
        let forgotten =
            sqlx::query("DELETE FROM sms_inbox WHERE received_at <= $1 AND what IN ($2, $3, $4, $5, $6, $7, $8, $9)")
                .bind(before.micros())
                .bind("nothing")
                .bind("help")
                .bind("wrong")
                .bind("locked")
                .bind("unlock_code")
                .bind("word_code")
                .bind("wrong_digits")
                .bind("consents")
                .execute(self.database.pool())
                .await?;
        for sql in ["DELETE FROM unlock_code WHERE until_at <= $1", "DELETE FROM word_code WHERE until_at <= $1"] {
            sqlx::query(sql).bind(self.clock.now().micros()).execute(self.database.pool()).await?;
        }
        Ok(forgotten.rows_affected())
    }
}

/// Notes the message; `false` if the same was noted in the same span of time.
async fn note(
    work: &mut Work,
    (sender, words): (&str, &str),
    told: &Told,
    answers: bool,
    now: Timestamp,
) -> Result<bool, SqlError> {
    let what = match told {
        Told::Refused(_) => "refused",
        Told::Stopped(_) => "stopped",
        Told::Allowed(_) => "allowed",
        Told::Wrong { .. } => "wrong",
        Told::Locked => "locked",
        Told::ConsentsLocked => "lock",
        Told::UnlockCode(_) => "unlock_code",
        Told::Unlocked => "unlock",
        Told::Nothing | Told::NothingWaits | Told::WrongUnlockCode | Told::AlreadyLocked => "nothing",
        Told::Help | Told::GuessesSpent => "help",
        Told::Word(worded) => words::what(worded),
    };
    let noted = sqlx::query(
        "INSERT INTO sms_inbox (sender, words, slot, received_at, what, answered) VALUES ($1, $2, $3, $4, $5, $6) \
         ON CONFLICT (sender, words, slot) DO NOTHING",
    )
    .bind(sender)
    .bind(words)
    .bind(now.seconds().div_euclid(limits::SMS_SAME_WITHIN_S))
    .bind(now.micros())
    .bind(what)
    .bind(i64::from(answers))
    .execute(work.on())
    .await?;
    Ok(noted.rows_affected() == 1)
}

/// How often the number's messages did nothing today; of those, how often it was told so.
async fn told_today(work: &mut Work, sender: &str, now: Timestamp, answered: bool) -> Result<i64, SqlError> {
    let told = sqlx::query_scalar(
        "SELECT COUNT(*) FROM sms_inbox WHERE sender = $1 AND answered >= $3 AND what IN ('nothing', 'help', 'wrong_digits') \
         AND received_at > $2",
    )
    .bind(sender)
    .bind(now.plus_seconds(-limits::SMS_DAY_S).micros())
    .bind(i64::from(answered))
    .fetch_one(work.on())
    .await?;
    Ok(told)
}

/// How often the number's messages did one of these today.
pub(super) async fn count_today(
    work: &mut Work,
    sender: &str,
    whats: &[&str],
    now: Timestamp,
) -> Result<i64, SqlError> {
    let mut all = 0;
    for what in whats {
        let count: i64 =
            sqlx::query_scalar("SELECT COUNT(*) FROM sms_inbox WHERE sender = $1 AND what = $2 AND received_at > $3")
                .bind(sender)
                .bind(*what)
                .bind(now.plus_seconds(-limits::SMS_DAY_S).micros())
                .fetch_one(work.on())
                .await?;
        all += count;
    }
    Ok(all)
}

/// The language of whoever enrolled the number first.
async fn language_of(work: &mut Work, sender: &str) -> Result<Option<Language>, SqlError> {
    let language: Option<String> =
        sqlx::query_scalar("SELECT language FROM contact WHERE lookup = $1 ORDER BY set_at, subject LIMIT 1")
            .bind(sender)
            .fetch_optional(work.on())
            .await?;
    language.map(|text| Language::parse(&text).ok_or_else(|| damaged("language"))).transpose()
}
