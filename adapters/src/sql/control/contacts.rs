//! Where a citizen is reached: the number sealed, found by the subject's key only.

use exchange::{
    consent::{SubjectKey, message::Language},
    mobile::Mobile,
};

use super::{ControlStore, SqlError, damaged};

/// A citizen's enrolled number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contact {
    /// The number.
    pub mobile: Mobile,
    /// The language that the citizen chose.
    pub language: Language,
}

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
        let now = self.clock.now().micros();
        let mut work = self.database.begin().await?;
        for (subject, contact) in contacts {
            let sealed = self.seal(&place(*subject), contact.mobile.e164().as_bytes())?;
            sqlx::query(
                "INSERT INTO contact (subject, mobile, language, set_at) VALUES ($1, $2, $3, $4) \
                 ON CONFLICT (subject) DO UPDATE SET mobile = EXCLUDED.mobile, language = EXCLUDED.language, \
                 set_at = EXCLUDED.set_at",
            )
            .bind(subject.to_hex())
            .bind(sealed)
            .bind(contact.language.as_str())
            .bind(now)
            .execute(work.on())
            .await?;
        }
        work.commit().await
    }

    /// The citizen's number, if one is enrolled.
    ///
    /// # Errors
    /// [`SqlError`].
    pub async fn contact(&self, subject: SubjectKey) -> Result<Option<Contact>, SqlError> {
        let row: Option<(Vec<u8>, String)> = sqlx::query_as("SELECT mobile, language FROM contact WHERE subject = $1")
            .bind(subject.to_hex())
            .fetch_optional(self.database.pool())
            .await?;
        let Some((sealed, language)) = row else { return Ok(None) };
        let mobile = self.unseal(&place(subject), &sealed)?;
        let mobile = Mobile::parse(&mobile).map_err(|_| damaged("contact"))?;
        let language = Language::parse(&language).ok_or_else(|| damaged("language"))?;
        Ok(Some(Contact { mobile, language }))
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
