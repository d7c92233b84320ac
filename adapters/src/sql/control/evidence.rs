//! What a citizen was shown before a yes: the words of each message with the passcode struck out, sealed under the citizen's own key.
//! The revision that follows commits to them; the destruction of the key is their erasure.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use exchange::{
    consent::{SubjectKey, passcode::Passcode, revision::Revision},
    ids::ConsentId,
    ports::entropy::random_hex_128,
    record::side::commit,
    timestamp::Timestamp,
};
use serde::{Deserialize, Serialize};

use super::{ControlStore, SqlError, Work, damaged, requests::Stored};

/// What a message is committed to under.
const LABEL: &str = "evidence";

/// Stands for each digit of a passcode.
const STRUCK: &str = "••••••";

/// A message that a citizen was shown.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shown {
    /// Its words, the passcode struck out.
    pub text: String,
    /// When it was queued, UTC microseconds.
    pub at: i64,
    /// Opens the commitment, hex of 32 bytes.
    pub opening: String,
}

impl std::fmt::Debug for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Shown({}, …)", self.at)
    }
}

impl Shown {
    /// The commitment to its words, base64url; `None` if its opening is no opening.
    #[must_use]
    pub fn commitment(&self) -> Option<String> {
        let opening = hex::decode(&self.opening).ok()?.try_into().ok()?;
        Some(URL_SAFE_NO_PAD.encode(commit(LABEL, &opening, self.text.as_bytes())))
    }
}

impl ControlStore {
    /// Keeps what a citizen is shown, within the work that queues it. Of a citizen who is erased nothing is kept.
    pub(super) async fn show(
        &self,
        work: &mut Work,
        stored: &Stored,
        (passcode, text): (&Passcode, &str),
        now: Timestamp,
    ) -> Result<(), SqlError> {
        let Some(consent) = stored.record.as_deref() else { return Ok(()) };
        let subject = SubjectKey::from_hex(&stored.subject).ok_or_else(|| damaged("subject"))?;
        let Some(key) = self.key_within(work, subject).await? else { return Ok(()) };
        let mut opening = [0; 32];
        self.entropy.fill(&mut opening);
        let text = text.replace(passcode.expose(), STRUCK);
        let shown = Shown { text, at: now.micros(), opening: hex::encode(opening) };
        let id = random_hex_128(self.entropy.as_ref());
        let plain = serde_json::to_vec(&shown).map_err(|_| damaged("message"))?;
        let sealed = key.seal(self.entropy.as_ref(), place(&id).as_bytes(), &plain);
        sqlx::query("INSERT INTO consent_evidence (id, consent, at, commitment, sealed) VALUES ($1, $2, $3, $4, $5)")
            .bind(id)
            .bind(consent)
            .bind(now.micros())
            .bind(shown.commitment().ok_or_else(|| damaged("opening"))?)
            .bind(sealed.map_err(|_| SqlError::Other("a message cannot be sealed".to_owned()))?)
            .execute(work.on())
            .await?;
        Ok(())
    }

    /// Commitments to what the citizen was shown since a revision, oldest first.
    pub(super) async fn evidence_since(
        &self,
        work: &mut Work,
        consent: &ConsentId,
        last: &Revision,
    ) -> Result<Vec<String>, SqlError> {
        if last.revision > 0 {
            return Ok(Vec::new());
        }
        let shown = sqlx::query_scalar("SELECT commitment FROM consent_evidence WHERE consent = $1 ORDER BY at, id")
            .bind(consent.as_str())
            .fetch_all(work.on())
            .await?;
        Ok(shown)
    }

    /// What the citizen of a consent was shown, oldest first; nothing once the citizen's key is destroyed.
    ///
    /// # Errors
    /// [`SqlError`].
    pub async fn shown(&self, consent: &ConsentId) -> Result<Vec<Shown>, SqlError> {
        let Some((subject, _)) = self.record_subject(consent).await? else { return Ok(Vec::new()) };
        let Some(key) = self.key_of(subject).await? else { return Ok(Vec::new()) };
        let rows: Vec<(String, Vec<u8>)> =
            sqlx::query_as("SELECT id, sealed FROM consent_evidence WHERE consent = $1 ORDER BY at, id")
                .bind(consent.as_str())
                .fetch_all(self.database.pool())
                .await?;
        let open = |(id, sealed): (String, Vec<u8>)| {
            let plain = key.open(place(&id).as_bytes(), &sealed).map_err(|_| damaged("evidence"))?;
            serde_json::from_slice(&plain).map_err(|_| damaged("evidence"))
        };
        rows.into_iter().map(open).collect()
    }
}

fn place(id: &str) -> String {
    format!("consent_evidence/{id}")
}
