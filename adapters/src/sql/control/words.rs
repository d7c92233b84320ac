//! What citizens see and steer by SMS beside requests: dispatched here, done in the files beside. What gives back, shows more or
//! cannot be undone is done with a code only (exchange's `consent::word`).

use exchange::{
    consent::{
        answer::Told,
        message::Language,
        word::{LastFour, Word},
        word_text::{ConsentLine, Holder, Worded},
    },
    directory::Agency,
    limits,
    timestamp::Timestamp,
};

use super::{ControlStore, SqlError, Work, damaged, directory, inbox, locks::is_enrolled};

/// What holds of one citizen, newest first; a token that was used up is worth nothing, nor is its consent.
const HOLDING: &str = "SELECT r.reference, k.agency, k.expires_at, k.state FROM consent k \
    JOIN auth_request r ON r.subject = k.subject AND r.consent = k.id LEFT JOIN token t ON t.consent = k.id \
    WHERE k.subject = $1 AND k.state IN ('active', 'paused') AND k.expires_at > $2 \
    AND NOT (k.usage = 'one_time' AND t.used_by IS NOT NULL) ORDER BY k.granted_at DESC, k.id LIMIT $3";

/// A citizen of a number: key, tag of the last four digits, whether messages name nobody.
type Citizen = (String, Option<String>, i64);

/// A consent that holds: reference, agency, end, state.
type Holding = (String, String, i64, String);

impl ControlStore {
    /// Does what the word says; with the generation if a consent changed.
    pub(super) async fn obey(
        &self,
        work: &mut Work,
        sender: &str,
        wanted: &Word,
        now: Timestamp,
    ) -> Result<(Told, Option<u64>), SqlError> {
        if !is_enrolled(work, sender).await? {
            // Under a reference a stranger has nothing, and nobody's words are a stranger's.
            let told = if matches!(wanted, Word::Pause(_) | Word::Resume(..)) { Told::Nothing } else { Told::Help };
            return Ok((told, None));
        }
        if wanted.needs_code() {
            return self.with_code(work, sender, wanted, now).await;
        }
        let told = match wanted {
            Word::Pause(reference) => return self.pause(work, sender, reference, now).await,
            Word::Consents(of, page) => self.list(work, sender, (of.as_ref(), *page), now).await?,
            Word::Block(name) => self.block(work, sender, name, now).await?,
            Word::Speak(language) => self.speak(work, sender, *language, now).await?,
            Word::AlertOn => self.wish(work, sender, Wish::Alerts(true)).await?,
            Word::DiscreetOn => self.wish(work, sender, Wish::Discreet(true)).await?,
            Word::Resume(..) | Word::Unblock(..) | Word::StopAll(_) | Word::AlertOff(_) | Word::DiscreetOff(_) => {
                Told::Help
            }
        };
        Ok((told, None))
    }

    /// The consents of the number's citizen; where it has several, of whoever has these last four digits.
    async fn list(
        &self,
        work: &mut Work,
        sender: &str,
        (of, page): (Option<&LastFour>, u8),
        now: Timestamp,
    ) -> Result<Told, SqlError> {
        let citizens: Vec<Citizen> =
            sqlx::query_as("SELECT subject, last_four, discreet FROM contact WHERE lookup = $1 ORDER BY subject")
                .bind(sender)
                .fetch_all(work.on())
                .await?;
        let shared = citizens.len() > 1;
        let wrong = inbox::count_today(work, sender, &["wrong_digits"], now).await?;
        let told = inbox::count_today(work, sender, &["consents"], now).await?;
        let spent = told >= limits::WORD_ANSWERS_A_DAY_MAX || wrong >= limits::LAST_FOUR_WRONG_A_DAY_MAX;
        if spent || (shared && of.is_none()) {
            return Ok(Told::Help);
        }
        let is_meant = |(subject, tag, _): &Citizen| {
            of.is_none_or(|of| tag.as_ref().is_some_and(|tag| *tag == self.last_four_tag(subject, of)))
        };
        let mut lines = Vec::new();
        let meant: Vec<Citizen> = citizens.into_iter().filter(is_meant).collect();
        if meant.is_empty() {
            return Ok(Told::Word(Worded::WrongDigits));
        }
        for (subject, _, discreet) in meant {
            let holding: Vec<Holding> = sqlx::query_as(HOLDING)
                .bind(subject)
                .bind(now.micros())
                .bind(limits::CONSENTS_LISTED_MAX)
                .fetch_all(work.on())
                .await?;
            for consent in holding {
                lines.push(line(work, consent, discreet != 0).await?);
            }
        }
        Ok(Told::Word(Worded::Consents { lines, page, shared }))
    }

    /// The last four digits as a column knows them, of this citizen alone: equal digits have unequal tags.
    pub(super) fn last_four_tag(&self, subject: &str, of: &LastFour) -> String {
        self.tag("last_four", &format!("{subject}/{}", of.expose()))
    }

    async fn speak(&self, work: &mut Work, sender: &str, language: Language, now: Timestamp) -> Result<Told, SqlError> {
        // No code goes with it: the bound is all that keeps a forger from having the phone ring at each change.
        if inbox::count_today(work, sender, &SPEAKS, now).await? >= limits::WORD_ANSWERS_A_DAY_MAX {
            return Ok(Told::Help);
        }
        let changed = sqlx::query("UPDATE contact SET language = $2 WHERE lookup = $1 AND language <> $2")
            .bind(sender)
            .bind(language.as_str())
            .execute(work.on())
            .await?;
        let worded = if changed.rows_affected() > 0 { Worded::Speaks(language) } else { Worded::AsItWas };
        Ok(Told::Word(worded))
    }

    /// Notes what the citizens of a number wish.
    pub(super) async fn wish(&self, work: &mut Work, sender: &str, wish: Wish) -> Result<Told, SqlError> {
        let (sql, wanted, worded) = match wish {
            Wish::Alerts(on) => {
                ("UPDATE contact SET alerts = $2 WHERE lookup = $1 AND alerts <> $2", on, Worded::Alerts(on))
            }
            Wish::Discreet(on) => {
                ("UPDATE contact SET discreet = $2 WHERE lookup = $1 AND discreet <> $2", on, Worded::Discreet(on))
            }
        };
        let changed = sqlx::query(sql).bind(sender).bind(i64::from(wanted)).execute(work.on()).await?;
        Ok(Told::Word(if changed.rows_affected() > 0 { worded } else { Worded::AsItWas }))
    }
}

/// What a citizen wishes of messages.
#[derive(Clone, Copy, Debug)]
pub(super) enum Wish {
    /// To be told of each access.
    Alerts(bool),
    /// That messages name no agency.
    Discreet(bool),
}

async fn line(
    work: &mut Work,
    (reference, agency, until, state): Holding,
    discreet: bool,
) -> Result<ConsentLine, SqlError> {
    let entry = agency_of(work, &agency).await?;
    let holder = match entry {
        Some(entry) if discreet => Holder::Kind(entry.sector),
        Some(entry) => Holder::Named(entry.name, entry.name_ur),
        // It is out of the directory, and its consents are still the citizen's.
        None => Holder::Named(agency.clone(), agency),
    };
    Ok(ConsentLine {
        reference: exchange::consent::reply::Reference::parse(&reference).ok_or_else(|| damaged("reference"))?,
        holder,
        until: Timestamp::from_micros(until),
        paused: state == "paused",
    })
}

async fn agency_of(work: &mut Work, agency: &str) -> Result<Option<Agency>, SqlError> {
    let body: Option<String> = sqlx::query_scalar("SELECT body FROM directory_entry WHERE kind = $1 AND key = $2")
        .bind(directory::AGENCY)
        .bind(agency)
        .fetch_optional(work.on())
        .await?;
    body.map(|body| directory::read(directory::AGENCY, &body)).transpose()
}

/// What the inbox calls changes of language.
const SPEAKS: [&str; 3] = ["speaks_en", "speaks_ur", "speaks_ru"];

/// What the inbox calls an answer to a word.
pub(super) const fn what(worded: &Worded) -> &'static str {
    match worded {
        Worded::Consents { .. } => "consents",
        Worded::Paused(_) => "paused",
        Worded::Resumed(_) => "resumed",
        Worded::Blocked => "blocked",
        Worded::Unblocked => "unblocked",
        Worded::StoppedAll => "stopped_all",
        Worded::Speaks(Language::English) => "speaks_en",
        Worded::Speaks(Language::Urdu) => "speaks_ur",
        Worded::Speaks(Language::RomanUrdu) => "speaks_ru",
        Worded::Alerts(true) => "alert_on",
        Worded::Alerts(false) => "alert_off",
        Worded::Discreet(true) => "discreet_on",
        Worded::Discreet(false) => "discreet_off",
        Worded::Code(..) => "word_code",
        Worded::WrongCode | Worded::AsItWas => "nothing",
        Worded::WrongDigits => "wrong_digits",
    }
}

/// What makes the same word another message, though it comes within the time of repetitions: that its contrary was done since, or,
/// of a list, that it would show something else.
pub(super) const fn undone_by(word: &Word) -> &'static [&'static str] {
    match word {
        Word::Consents(..) => &["paused", "resumed", "stopped", "stopped_all", "allowed"],
        Word::Pause(_) => &["resumed"],
        Word::Resume(..) => &["paused"],
        Word::Block(_) => &["unblocked"],
        Word::Unblock(..) => &["blocked"],
        Word::StopAll(_) => &["stopped_all"],
        Word::Speak(Language::English) => &["speaks_ur", "speaks_ru"],
        Word::Speak(Language::Urdu) => &["speaks_en", "speaks_ru"],
        Word::Speak(Language::RomanUrdu) => &["speaks_en", "speaks_ur"],
        Word::AlertOn => &["alert_off"],
        Word::AlertOff(_) => &["alert_on"],
        Word::DiscreetOn => &["discreet_off"],
        Word::DiscreetOff(_) => &["discreet_on"],
    }
}
