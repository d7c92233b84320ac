//! One sealing key for each citizen, wrapped under the key-encryption key; its destruction is the erasure of all it sealed.

use std::sync::Arc;

use async_trait::async_trait;
use aws_lc_rs::hmac;
use exchange::{
    cnic::Cnic,
    consent::SubjectKey,
    ports::citizen_keys::{CitizenKeys, KeysUnavailable},
    record::seal::SealingKey,
};
use zeroize::Zeroizing;

use super::{ControlStore, SqlError, Work, damaged};

#[async_trait]
impl CitizenKeys for ControlStore {
    fn subject_key(&self, cnic: Cnic) -> SubjectKey {
        let tag = hmac::sign(&self.keys.lookup, cnic.digits().as_bytes());
        let mut key = [0; 32];
        key.iter_mut().zip(tag.as_ref()).for_each(|(to, from)| *to = *from);
        SubjectKey(key)
    }

    async fn key(&self, subject: SubjectKey) -> Result<Option<Arc<SealingKey>>, KeysUnavailable> {
        let generation = self.confirmed.current(self.clock.now());
        if let Some(key) = generation.and_then(|generation| self.citizens.get(&subject, generation)) {
            return Ok(Some(key));
        }
        let key = self.stored_or_new(subject).await?;
        if let (Some(generation), Some(key)) = (generation, &key) {
            self.citizens.put(subject, generation, Arc::clone(key));
        }
        Ok(key)
    }

    async fn destroy(&self, subject: SubjectKey) -> Result<(), KeysUnavailable> {
        Ok(self.destroy_key(subject).await?)
    }
}

const MAKE: &str =
    "INSERT INTO citizen_key (subject, wrapped, made_at) VALUES ($1, $2, $3) ON CONFLICT (subject) DO NOTHING";
const WRAPPED: &str = "SELECT wrapped FROM citizen_key WHERE subject = $1";

/// A row of the table: the wrapped key, gone once destroyed.
type Wrapped = Option<(Option<Vec<u8>>,)>;

impl ControlStore {
    async fn stored_or_new(&self, subject: SubjectKey) -> Result<Option<Arc<SealingKey>>, SqlError> {
        if let Some((wrapped,)) = self.wrapped(subject).await? {
            return self.unwrap_key(subject, wrapped);
        }
        let mut secret = Zeroizing::new([0; 32]);
        self.entropy.fill(secret.as_mut());
        let wrapped = self.seal(&place(subject), secret.as_ref())?;
        let turn = self.database.turn().await?;
        sqlx::query(MAKE)
            .bind(subject.to_hex())
            .bind(wrapped)
            .bind(self.clock.now().micros())
            .execute(self.database.pool())
            .await?;
        drop(turn);
        // Somebody may have been first: the row that stands is the key, ours or theirs.
        let (wrapped,) = self.wrapped(subject).await?.ok_or_else(|| damaged("citizen's key"))?;
        self.unwrap_key(subject, wrapped)
    }

    /// A citizen's key, made if there is none, within a unit of work; `None` once it is destroyed.
    pub(super) async fn key_within(
        &self,
        work: &mut Work,
        subject: SubjectKey,
    ) -> Result<Option<Arc<SealingKey>>, SqlError> {
        let mut secret = Zeroizing::new([0; 32]);
        self.entropy.fill(secret.as_mut());
        let wrapped = self.seal(&place(subject), secret.as_ref())?;
        sqlx::query(MAKE)
            .bind(subject.to_hex())
            .bind(wrapped)
            .bind(self.clock.now().micros())
            .execute(work.on())
            .await?;
        let (wrapped,): (Option<Vec<u8>>,) =
            sqlx::query_as(WRAPPED).bind(subject.to_hex()).fetch_one(work.on()).await?;
        self.unwrap_key(subject, wrapped)
    }

    /// A citizen's key if there is one; makes none.
    pub(super) async fn key_of(&self, subject: SubjectKey) -> Result<Option<Arc<SealingKey>>, SqlError> {
        match self.wrapped(subject).await? {
            Some((wrapped,)) => self.unwrap_key(subject, wrapped),
            None => Ok(None),
        }
    }

    /// Whether this citizen's key was destroyed; a citizen who never had one is not erased. Makes no key.
    ///
    /// # Errors
    /// [`SqlError`].
    pub async fn is_erased(&self, subject: SubjectKey) -> Result<bool, SqlError> {
        Ok(matches!(self.wrapped(subject).await?, Some((None,))))
    }

    async fn wrapped(&self, subject: SubjectKey) -> Result<Wrapped, SqlError> {
        let row = sqlx::query_as(WRAPPED).bind(subject.to_hex()).fetch_optional(self.database.pool()).await?;
        Ok(row)
    }

    fn unwrap_key(&self, subject: SubjectKey, wrapped: Option<Vec<u8>>) -> Result<Option<Arc<SealingKey>>, SqlError> {
        let Some(wrapped) = wrapped else { return Ok(None) };
        let plain = self.keys.wrapping.open(place(subject).as_bytes(), &wrapped).map(Zeroizing::new);
        let plain = plain.map_err(|_| damaged("citizen's key"))?;
        let secret: &[u8; 32] = plain.as_slice().try_into().map_err(|_| damaged("citizen's key"))?;
        SealingKey::new(secret).map(|key| Some(Arc::new(key))).map_err(|_| damaged("citizen's key"))
    }

    /// Leaves a row without a key, so that none is ever made again for this citizen.
    async fn destroy_key(&self, subject: SubjectKey) -> Result<(), SqlError> {
        let mut work = self.database.begin().await?;
        let generation = self.bump(&mut work).await?;
        let now = self.clock.now().micros();
        sqlx::query(
            "INSERT INTO citizen_key (subject, wrapped, made_at, destroyed_at) VALUES ($1, NULL, $2, $2) \
             ON CONFLICT (subject) DO UPDATE SET wrapped = NULL, destroyed_at = $2",
        )
        .bind(subject.to_hex())
        .bind(now)
        .execute(work.on())
        .await?;
        self.commit(work, generation).await?;
        Ok(())
    }
}

impl From<SqlError> for KeysUnavailable {
    fn from(error: SqlError) -> Self {
        Self(error.to_string())
    }
}

fn place(subject: SubjectKey) -> String {
    format!("citizen_key/wrapped/{}", subject.to_hex())
}
