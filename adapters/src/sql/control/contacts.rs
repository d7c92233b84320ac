//! Where a citizen is reached: the number sealed, found by the subject's key only.

use aws_lc_rs::hmac;
use exchange::{
    cnic::Cnic,
    consent::{SubjectKey, message::Language, word::LastFour},
    mobile::Mobile,
    ports::citizen_keys::CitizenKeys as _,
    timestamp::Timestamp,
};

use super::{ControlStore, SqlError, Work, damaged};

/// Times that a process waits for another that tags the same contacts.
const TAG_ATTEMPTS: u32 = 30;

/// A citizen's enrolled number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contact {
    /// The number.
    pub mobile: Mobile,
    /// The language that the citizen chose.
    pub language: Language,
}

/// What a citizen wishes of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wishes {
    /// To be told of each access.
    pub alerts: bool,
    /// That messages name no agency.
    pub discreet: bool,
}

const CONTACT: &str = "SELECT mobile, language FROM contact WHERE subject = $1";

impl ControlStore {
    /// Enrols or changes a citizen's number.
    ///
    /// # Errors
    /// [`SqlError`].
    pub async fn set_contact(&self, subject: SubjectKey, contact: Contact) -> Result<(), SqlError> {
        self.set_contacts(&[(subject, contact)]).await
    }

    /// Enrols many citizens in one unit of work, for seeding.
    ///
    /// # Errors
    /// [`SqlError`]: none was enrolled.
    pub async fn set_contacts(&self, contacts: &[(SubjectKey, Contact)]) -> Result<(), SqlError> {
        let now = self.clock.now();
        let mut work = self.database.begin().await?;
        for (subject, contact) in contacts {
            self.put_contact(&mut work, *subject, (contact, None), now).await?;
        }
        work.commit().await
    }

    /// Enrols citizens of whom the card is known: where they share a number, each is told apart by its last four digits.
    ///
    /// # Errors
    /// [`SqlError`]: none was enrolled.
    pub async fn enrol(&self, citizens: &[(Cnic, Contact)]) -> Result<(), SqlError> {
        let now = self.clock.now();
        let mut work = self.database.begin().await?;
        for (cnic, contact) in citizens {
            let last_four = LastFour::of(*cnic);
            self.put_contact(&mut work, self.subject_key(*cnic), (contact, Some(&last_four)), now).await?;
        }
        work.commit().await
    }

    /// Writes a number; a tag of the last four digits stays where none is given, for the citizen stays the same.
    async fn put_contact(
        &self,
        work: &mut Work,
        subject: SubjectKey,
        (contact, last_four): (&Contact, Option<&LastFour>),
        now: Timestamp,
    ) -> Result<(), SqlError> {
        let sealed = self.seal(&place(subject), contact.mobile.e164().as_bytes())?;
        sqlx::query(
            "INSERT INTO contact (subject, mobile, language, set_at, lookup, last_four) VALUES ($1, $2, $3, $4, $5, $6) \
             ON CONFLICT (subject) DO UPDATE SET mobile = EXCLUDED.mobile, language = EXCLUDED.language, \
             set_at = EXCLUDED.set_at, lookup = EXCLUDED.lookup, \
             last_four = COALESCE(EXCLUDED.last_four, contact.last_four)",
        )
        .bind(subject.to_hex())
        .bind(sealed)
        .bind(contact.language.as_str())
        .bind(now.micros())
        .bind(self.number_tag(contact.mobile))
        .bind(last_four.map(|of| self.last_four_tag(&subject.to_hex(), of)))
        .execute(work.on())
        .await?;
        Ok(())
    }

    /// What the citizen wishes of messages; `None` without a number.
    ///
    /// # Errors
    /// [`SqlError`].
    pub async fn wishes(&self, subject: SubjectKey) -> Result<Option<Wishes>, SqlError> {
        let row: Option<(i64, i64)> = sqlx::query_as("SELECT alerts, discreet FROM contact WHERE subject = $1")
            .bind(subject.to_hex())
            .fetch_optional(self.database.pool())
            .await?;
        Ok(row.map(|(alerts, discreet)| Wishes { alerts: alerts != 0, discreet: discreet != 0 }))
    }

    /// Notes whether messages to the citizen name agencies, as the citizen said at a counter; `false` without a number.
    ///
    /// # Errors
    /// [`SqlError`].
    pub async fn set_discreet(&self, subject: SubjectKey, discreet: bool) -> Result<bool, SqlError> {
        let _turn = self.database.turn().await?;
        let set = sqlx::query("UPDATE contact SET discreet = $2 WHERE subject = $1")
            .bind(subject.to_hex())
            .bind(i64::from(discreet))
            .execute(self.database.pool())
            .await?;
        Ok(set.rows_affected() == 1)
    }

    /// Tags the numbers of contacts from before there were tags. One that cannot be read stays without: its citizen cannot be asked
    /// either, and everyone else can.
    pub(super) async fn tag_contacts(&self) -> Result<(), SqlError> {
        let (mut after, mut attempts) = (String::new(), 1);
        loop {
            match self.tag_some_contacts(&after).await {
                Ok(None) => return Ok(()),
                Ok(Some(last)) => (after, attempts) = (last, 1),
                // Another process may be at the same.
                Err(SqlError::Unavailable(_)) if attempts < TAG_ATTEMPTS => attempts += 1,
                Err(error) => return Err(error),
            }
        }
    }

    /// The subject of the last one looked at.
    async fn tag_some_contacts(&self, after: &str) -> Result<Option<String>, SqlError> {
        let rows: Vec<(String, Vec<u8>)> = sqlx::query_as(
            "SELECT subject, mobile FROM contact WHERE lookup IS NULL AND subject > $1 ORDER BY subject LIMIT 100",
        )
        .bind(after)
        .fetch_all(self.database.pool())
        .await?;
        let Some(last) = rows.last().map(|(subject, _)| subject.clone()) else { return Ok(None) };
        let mut work = self.database.begin().await?;
        for (subject, sealed) in rows {
            let Some(mobile) = self.mobile(&subject, &sealed) else {
                tracing::error!("a contact cannot be read: its citizen cannot be asked");
                continue;
            };
            sqlx::query("UPDATE contact SET lookup = $2 WHERE subject = $1 AND mobile = $3")
                .bind(subject)
                .bind(self.number_tag(mobile))
                .bind(sealed)
                .execute(work.on())
                .await?;
        }
        work.commit().await?;
        Ok(Some(last))
    }

    fn mobile(&self, subject: &str, sealed: &[u8]) -> Option<Mobile> {
        let text = self.unseal(&place(SubjectKey::from_hex(subject)?), sealed).ok()?;
        Mobile::parse(&text).ok()
    }

    /// A number as columns know it: HMAC-SHA-256 under the contact lookup key, apart from the tags of citizens.
    pub(super) fn number_tag(&self, mobile: Mobile) -> String {
        self.tag("number", &mobile.e164())
    }

    /// Tag of a text for one purpose.
    pub(super) fn tag(&self, purpose: &str, text: &str) -> String {
        let mut context = hmac::Context::with_key(&self.keys.lookup);
        context.update(purpose.as_bytes());
        // No purpose has it, and no card number begins with one.
        context.update(&[0]);
        context.update(text.as_bytes());
        hex::encode(context.sign())
    }

    /// The citizen's number, if one is enrolled.
    ///
    /// # Errors
    /// [`SqlError`].
    pub async fn contact(&self, subject: SubjectKey) -> Result<Option<Contact>, SqlError> {
        let row = sqlx::query_as(CONTACT).bind(subject.to_hex()).fetch_optional(self.database.pool()).await?;
        row.map(|row| self.opened(subject, row)).transpose()
    }

    /// The same within a unit of work.
    pub(super) async fn contact_within(
        &self,
        work: &mut Work,
        subject: SubjectKey,
    ) -> Result<Option<Contact>, SqlError> {
        let row = sqlx::query_as(CONTACT).bind(subject.to_hex()).fetch_optional(work.on()).await?;
        row.map(|row| self.opened(subject, row)).transpose()
    }

    fn opened(&self, subject: SubjectKey, (sealed, language): (Vec<u8>, String)) -> Result<Contact, SqlError> {
        let mobile = self.unseal(&place(subject), &sealed)?;
        let mobile = Mobile::parse(&mobile).map_err(|_| damaged("contact"))?;
        let language = Language::parse(&language).ok_or_else(|| damaged("language"))?;
        Ok(Contact { mobile, language })
    }

    /// Seals a short value for one column of one row.
    pub(super) fn seal(&self, place: &str, plain: &[u8]) -> Result<Vec<u8>, SqlError> {
        let sealed = self.keys.wrapping.seal(self.entropy.as_ref(), place.as_bytes(), plain);
        sealed.map_err(|_| SqlError::Other("a value cannot be sealed".to_owned()))
    }

    /// Opens a text that [`Self::seal`] sealed.
    pub(super) fn unseal(&self, place: &str, sealed: &[u8]) -> Result<String, SqlError> {
        let plain = self.keys.wrapping.open(place.as_bytes(), sealed).map_err(|_| damaged("sealed value"))?;
        String::from_utf8(plain).map_err(|_| damaged("sealed value"))
    }
}

fn place(subject: SubjectKey) -> String {
    format!("contact/mobile/{}", subject.to_hex())
}
