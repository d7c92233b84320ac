//! The control database: who may speak, what citizens said, the keys that seal their traces (decisions.md, "State").

use std::sync::Arc;

use aws_lc_rs::{digest, hmac};
use exchange::{
    caller::Thumbprint,
    consent::{ConsentFacts, SubjectKey, passcode::Pepper},
    ports::{clock::Clock, consent_tokens::ControlUnavailable, entropy::Entropy},
    record::seal::{SealError, SealingKey},
};

use super::{Database, SqlError, Work};

mod admin;
mod bindings;
mod blocks;
mod bundles;
mod cache;
mod citizens;
mod classes;
mod closing;
mod consents;
mod contacts;
mod directory;
mod endings;
mod evidence;
mod frequency;
mod idempotency;
mod inbox;
mod introspection;
mod key_check;
mod ledger;
mod locks;
mod notify;
mod onboarding;
mod outbox;
mod patience;
mod pauses;
mod poster;
mod quotas;
mod receipts;
mod received;
mod reconcile;
mod record_audit;
mod reminders;
mod replies;
mod requests;
mod resends;
mod revision_key;
mod revisions;
mod schema;
mod sending;
mod tokens;
mod word_codes;
mod words;

pub use admin::Done;
pub use bundles::{ActivateError, Activation, StoredBundle, ToldByNode};
use cache::{Cache, Confirmed};
pub use closing::CloseError;
pub use contacts::{Contact, Wishes};
pub use directory::ChangeError;
pub use evidence::Shown;
pub use idempotency::{Begun, Claim, IdempotencyScope};
pub use inbox::Taken;
pub use introspection::Introspected;
pub use ledger::{Books, TopUpError};
pub use notify::{CONSENT_REVOKED, DueNotification, NotificationEnd};
pub use onboarding::{Decided, Newcomers, OnboardingError, Proposal};
pub use patience::AskOutcome;
pub use poster::{PostError, Poster};
pub use receipts::Noted;
pub use reconcile::{Compared, Difference, Reconciler};
pub use record_audit::Audited;
pub use reminders::Ending;
pub use requests::{IssuedToken, NewRequest, Polled};
pub use resends::Again;
use revision_key::RevisionKey;
pub use revisions::{ConsentRevisions, StoredRevision};
pub use sending::{Due, GivenUp, PieceTaken};

/// The secrets of the control store; none of them stands in the database or its backup.
pub struct ControlKeys {
    lookup: hmac::Key,
    wrapping: SealingKey,
    pepper: Pepper,
    checks: key_check::Checks,
    revisions: Option<RevisionKey>,
}

impl ControlKeys {
    /// From three secrets of 32 bytes: the contact lookup key, the key-encryption key, the passcode pepper.
    ///
    /// # Errors
    /// [`SealError`] never occurs for 32 bytes; the library's signature asks for it.
    pub fn new(lookup: &[u8; 32], wrapping: &[u8; 32], pepper: &[u8; 32]) -> Result<Self, SealError> {
        Ok(Self {
            lookup: hmac::Key::new(hmac::HMAC_SHA256, lookup),
            wrapping: SealingKey::new(wrapping)?,
            pepper: Pepper::new(pepper),
            checks: key_check::of(lookup, wrapping, pepper),
            revisions: None,
        })
    }
}

impl std::fmt::Debug for ControlKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ControlKeys(…)")
    }
}

/// The store of the control role.
///
/// It is the [`exchange::ports::directory_source::DirectorySource`], the
/// [`exchange::ports::consent_tokens::ConsentTokens`] and the [`exchange::ports::citizen_keys::CitizenKeys`] of the
/// embedded form. What it remembers holds only while [`generation`] is asked at least every second, as gateways do.
///
/// [`generation`]: exchange::ports::directory_source::DirectorySource::generation
#[derive(Debug)]
pub struct ControlStore {
    database: Database,
    keys: ControlKeys,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    operator: Option<String>,
    confirmed: Confirmed,
    standing: Cache<[u8; 32], Arc<(Thumbprint, ConsentFacts)>>,
    citizens: Cache<SubjectKey, Arc<SealingKey>>,
}

impl ControlStore {
    /// Takes a database of the control role and brings its tables up to date.
    ///
    /// # Errors
    /// [`SqlError`], among them [`SqlError::NewerSchema`], and [`SqlError::OtherKey`] when the database was begun with
    /// other keys.
    pub async fn open(
        database: Database,
        keys: ControlKeys,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, SqlError> {
        database.migrate("control", schema::MIGRATIONS).await?;
        key_check::same(&database, &keys.checks).await?;
        let store = Self {
            database,
            keys,
            clock,
            entropy,
            operator: None,
            confirmed: Confirmed::default(),
            standing: Cache::new(),
            citizens: Cache::new(),
        };
        Box::pin(store.tag_contacts()).await?;
        Ok(store)
    }

    /// The database beneath, to close it.
    #[must_use]
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// [`SqlError::Unavailable`] when not.
    pub async fn healthy(&self) -> Result<(), SqlError> {
        self.read_generation().await.map(|_| ())
    }

    async fn read_generation(&self) -> Result<u64, SqlError> {
        let asked_at = self.clock.now();
        let value: i64 =
            sqlx::query_scalar("SELECT value FROM generation WHERE id = 1").fetch_one(self.database.pool()).await?;
        let generation = generation_of(value)?;
        self.confirmed.saw(generation, asked_at);
        Ok(generation)
    }

    /// Raises the generation within the unit of work that changes what it stands for. Its row is also the lock that
    /// lets one change follow another.
    async fn bump(&self, work: &mut Work) -> Result<u64, SqlError> {
        let value: i64 = sqlx::query_scalar("UPDATE generation SET value = value + 1 WHERE id = 1 RETURNING value")
            .fetch_one(work.on())
            .await?;
        generation_of(value)
    }

    /// Commits a change of the given generation and forgets what was remembered before it.
    async fn commit(&self, work: Work, generation: u64) -> Result<u64, SqlError> {
        let asked_at = self.clock.now();
        work.commit().await?;
        self.confirmed.saw(generation, asked_at);
        Ok(generation)
    }
}

/// A generation only ever rises, so one below zero was written by nobody of ours.
fn generation_of(stored: i64) -> Result<u64, SqlError> {
    u64::try_from(stored).map_err(|_| damaged("generation"))
}

impl From<SqlError> for ControlUnavailable {
    fn from(error: SqlError) -> Self {
        Self(error.to_string())
    }
}

/// SHA-256 as stores keep handles: whoever reads the database cannot use them.
fn sha256(bytes: &[u8]) -> [u8; 32] {
    let digest = digest::digest(&digest::SHA256, bytes);
    let mut out = [0; 32];
    out.iter_mut().zip(digest.as_ref()).for_each(|(to, from)| *to = *from);
    out
}

/// A stored text that this program did not write: the row is damaged or of a newer program.
fn damaged(what: &str) -> SqlError {
    SqlError::Other(format!("a stored {what} cannot be read"))
}
