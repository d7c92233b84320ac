//! What stands behind a token, for the agency that it was given to (RFC 7662).

use exchange::{
    caller::Thumbprint,
    consent::{ConsentFacts, details::Details, mode::Mode},
    ids::AgencyId,
    timestamp::Timestamp,
};
use sqlx::Row as _;

use super::{
    ControlStore, SqlError,
    bindings::mode_of,
    sha256,
    tokens::{FIND, found, hash_text},
};

/// A token that would be taken now, under its certificate.
#[derive(Clone, Debug)]
pub struct Introspected {
    /// The consent.
    pub facts: ConsentFacts,
    /// The certificate that may show it.
    pub certificate: Thumbprint,
    /// What the citizen said yes to.
    pub details: Details,
    /// How the citizen said yes.
    pub mode: Mode,
}

impl ControlStore {
    /// The token, if it is this agency's and would be taken now. Read anew each time: whoever asks wants to know.
    ///
    /// # Errors
    /// [`SqlError`].
    pub async fn introspect(&self, token: &str, agency: &AgencyId) -> Result<Option<Introspected>, SqlError> {
        let now = self.clock.now();
        let row =
            sqlx::query(FIND).bind(hash_text(sha256(token.as_bytes()))).fetch_optional(self.database.pool()).await?;
        let Some(row) = row else { return Ok(None) };
        let (certificate, facts) = found(&row)?;
        if facts.agency != *agency || !facts.active || now >= facts.expires_at || self.is_used_up(&facts).await? {
            return Ok(None);
        }
        let valid_until: Option<i64> = row.try_get("valid_until")?;
        let details = Details {
            purpose: facts.purpose.clone(),
            datatypes: facts.datatypes.clone(),
            usage: facts.usage,
            valid_until: valid_until.map(Timestamp::from_micros),
            bounds: facts.bounds,
        };
        Ok(Some(Introspected { facts, certificate, details, mode: mode_of(&row)? }))
    }
}
