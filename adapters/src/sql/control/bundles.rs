//! Bundles of the law: activated one after another, each with the operator's note, and never taken away.
//!
//! The highest generation is in force. There is no pointer that could be set back: going back is activating an earlier
//! content under a new generation.

use async_trait::async_trait;
use exchange::{
    ports::{
        consent_tokens::ControlUnavailable,
        law_source::{ActivatedLaw, LawMark, LawOfNode, LawSource},
    },
    timestamp::Timestamp,
};
use serde_json::json;

use super::{ControlStore, Done, SqlError, generation_of};

/// A bundle that is to be in force, already verified by whoever activates it.
#[derive(Clone, Debug)]
pub struct Activation<'a> {
    /// Generation, above that in force.
    pub generation: u64,
    /// Digest of its manifest.
    pub digest: &'a str,
    /// Its signed manifest.
    pub note: &'a str,
    /// Its one file.
    pub pack: &'a [u8],
    /// The bundle that was in force when this one was verified; `None` for the built-in one.
    pub expected: Option<LawMark>,
    /// Names of its signers.
    pub signers: &'a [String],
    /// The generation whose content comes back, if this is a return.
    pub back_to: Option<u64>,
}

/// Why a bundle was not activated.
#[derive(Debug, thiserror::Error)]
pub enum ActivateError {
    /// Somebody activated another one meanwhile.
    #[error("generation {0} was activated meanwhile: sign again after it")]
    Moved(u64),
    /// The generation is not above the one in force.
    #[error("generation {generation} is not above {in_force}, which is in force")]
    NotAbove {
        /// Of the bundle.
        generation: u64,
        /// In force.
        in_force: u64,
    },
    /// The database did not take it.
    #[error(transparent)]
    Store(#[from] SqlError),
}

impl From<sqlx::Error> for ActivateError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// An activated bundle in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredBundle {
    /// Generation and digest.
    pub mark: LawMark,
    /// Its signed manifest.
    pub note: String,
    /// `policy-activate` or `policy-rollback`.
    pub what: String,
    /// When it was activated.
    pub at: Timestamp,
}

/// What a process said of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToldByNode {
    /// What it decides by.
    pub law: LawOfNode,
    /// When it said so; it speaks only when something changes.
    pub at: Timestamp,
}

impl ControlStore {
    /// Puts a bundle in force: in one unit of work with the directory's generation and the operator's note. Answers the
    /// directory's generation.
    ///
    /// # Errors
    /// [`ActivateError`]: the bundle that was in force stays.
    pub async fn activate_bundle(&self, new: &Activation<'_>) -> Result<u64, ActivateError> {
        let mut work = self.database.begin().await?;
        // Its row is the lock: of two who activate at once the second sees the first.
        let directory = self.bump(&mut work).await?;
        let found: Option<(i64, String)> =
            sqlx::query_as("SELECT generation, digest FROM bundle ORDER BY generation DESC LIMIT 1")
                .fetch_optional(work.on())
                .await?;
        let in_force = found.map(mark).transpose()?;
        if in_force != new.expected {
            return Err(ActivateError::Moved(in_force.map_or(0, |mark| mark.generation)));
        }
        if let Some(in_force) = in_force.filter(|mark| new.generation <= mark.generation) {
            return Err(ActivateError::NotAbove { generation: new.generation, in_force: in_force.generation });
        }
        let what = if new.back_to.is_some() { "policy-rollback" } else { "policy-activate" };
        sqlx::query(
            "INSERT INTO bundle (generation, digest, note, pack, what, activated_at) VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(stored(new.generation))
        .bind(new.digest)
        .bind(new.note)
        .bind(new.pack)
        .bind(what)
        .bind(self.clock.now().micros())
        .execute(work.on())
        .await?;
        let detail = json!({
            "generation": new.generation, "digest": new.digest, "signers": new.signers, "back_to": new.back_to,
        });
        self.note(&mut work, directory, &Done { what, agency: None, detail }).await?;
        Ok(self.commit(work, directory).await?)
    }

    /// Every bundle that was activated, oldest first.
    ///
    /// # Errors
    /// [`SqlError`].
    pub async fn bundles(&self) -> Result<Vec<StoredBundle>, SqlError> {
        let rows: Vec<(i64, String, String, String, i64)> =
            sqlx::query_as("SELECT generation, digest, note, what, activated_at FROM bundle ORDER BY generation")
                .fetch_all(self.database.pool())
                .await?;
        let read = |(generation, digest, note, what, at): (i64, String, String, String, i64)| {
            Ok(StoredBundle { mark: mark((generation, digest))?, note, what, at: Timestamp::from_micros(at) })
        };
        rows.into_iter().map(read).collect()
    }

    /// The one file of an activated bundle.
    ///
    /// # Errors
    /// [`SqlError`].
    pub async fn bundle_pack(&self, generation: u64) -> Result<Option<Vec<u8>>, SqlError> {
        let pack = sqlx::query_scalar("SELECT pack FROM bundle WHERE generation = $1")
            .bind(stored(generation))
            .fetch_optional(self.database.pool())
            .await?;
        Ok(pack)
    }

    /// What each process said that it decides by, by name.
    ///
    /// # Errors
    /// [`SqlError`].
    pub async fn law_of_nodes(&self) -> Result<Vec<ToldByNode>, SqlError> {
        type Row = (String, i64, Option<i64>, Option<String>, i64);
        let rows: Vec<Row> =
            sqlx::query_as("SELECT node, generation, refused, why, told_at FROM bundle_node ORDER BY node")
                .fetch_all(self.database.pool())
                .await?;
        let read = |(node, generation, refused, why, at): Row| {
            let refused = refused.map(generation_of).transpose()?.zip(why);
            let law = LawOfNode { node, generation: generation_of(generation)?, refused };
            Ok(ToldByNode { law, at: Timestamp::from_micros(at) })
        };
        rows.into_iter().map(read).collect()
    }
}

#[async_trait]
impl LawSource for ControlStore {
    async fn in_force(&self) -> Result<Option<LawMark>, ControlUnavailable> {
        let found: Option<(i64, String)> =
            sqlx::query_as("SELECT generation, digest FROM bundle ORDER BY generation DESC LIMIT 1")
                .fetch_optional(self.database.pool())
                .await
                .map_err(SqlError::from)?;
        Ok(found.map(mark).transpose()?)
    }

    async fn activated(&self) -> Result<Option<ActivatedLaw>, ControlUnavailable> {
        let bundles = self.bundles().await?;
        let Some(last) = bundles.last() else { return Ok(None) };
        let mark = last.mark.clone();
        // Rows are only ever added, so what was listed is there.
        let pack = self.bundle_pack(mark.generation).await?.unwrap_or_default();
        let notes = bundles.into_iter().map(|bundle| (bundle.mark.generation, bundle.note)).collect();
        Ok(Some(ActivatedLaw { mark, pack, notes }))
    }

    async fn tell(&self, law: &LawOfNode) -> Result<(), ControlUnavailable> {
        let _turn = self.database.turn().await?;
        let (refused, why) = law.refused.clone().unzip();
        sqlx::query(
            "INSERT INTO bundle_node (node, generation, refused, why, told_at) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (node) DO UPDATE SET generation = EXCLUDED.generation, refused = EXCLUDED.refused, \
             why = EXCLUDED.why, told_at = EXCLUDED.told_at",
        )
        .bind(&law.node)
        .bind(stored(law.generation))
        .bind(refused.map(stored))
        .bind(why)
        .bind(self.clock.now().micros())
        .execute(self.database.pool())
        .await
        .map_err(SqlError::from)?;
        Ok(())
    }
}

fn mark((generation, digest): (i64, String)) -> Result<LawMark, SqlError> {
    Ok(LawMark { generation: generation_of(generation)?, digest })
}

fn stored(generation: u64) -> i64 {
    i64::try_from(generation).unwrap_or(i64::MAX)
}
