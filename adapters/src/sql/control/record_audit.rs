//! Whether the record of a consent holds: its own chain, its rows, the consent that it is the record of, and what it commits to.

use exchange::{
    consent::revision::{Broken, Fault, Revision, Standing, verify},
    es256::KeyRing,
    ids::ConsentId,
};

use super::{ControlStore, SqlError, StoredRevision};

/// A record as it was found.
#[derive(Clone, Debug)]
pub struct Audited {
    /// Its rows, oldest first.
    pub rows: Vec<StoredRevision>,
    /// What they say, where all of it holds; else the first thing that does not.
    pub verdict: Result<Vec<Revision>, Broken>,
}

impl ControlStore {
    /// Verifies the record of a consent under keys that are believed. What the access log says of it is for whoever has the log.
    ///
    /// # Errors
    /// [`SqlError`]: nothing is known.
    pub async fn audit_record(&self, consent: &ConsentId, keys: &KeyRing) -> Result<Audited, SqlError> {
        let rows = self.revisions(consent).await?;
        let signed: Vec<&str> = rows.iter().map(|row| row.signed.as_str()).collect();
        let verdict = match verify(keys, consent, &signed) {
            Ok(record) => self.compare(consent, &rows, record).await?,
            Err(broken) => Err(broken),
        };
        Ok(Audited { rows, verdict })
    }

    /// Holds a chain that is whole in itself against the rows about it.
    async fn compare(
        &self,
        consent: &ConsentId,
        rows: &[StoredRevision],
        record: Vec<Revision>,
    ) -> Result<Result<Vec<Revision>, Broken>, SqlError> {
        for (row, revision) in rows.iter().zip(&record) {
            let same =
                row.revision == revision.revision && row.at == revision.at && row.state == revision.state.as_str();
            if !same || row.agency != revision.agency.as_str() {
                return Ok(Err(Broken { revision: revision.revision, fault: Fault::Row }));
            }
        }
        let Some(last) = record.last() else { return Ok(Ok(record)) };
        let end = |fault| Ok(Err(Broken { revision: last.revision.saturating_add(1), fault }));
        match self.consent_row(consent).await? {
            Some((number, _)) if number > last.revision => return end(Fault::Missing),
            Some((number, standing)) if (number, standing) != (last.revision, last.state) => return end(Fault::Row),
            // The last step made a consent, and there is none; or no step did, and there is one.
            None if matches!(last.state, Standing::Active | Standing::Paused | Standing::Revoked) => {
                return end(Fault::Row);
            }
            Some(_) | None => {}
        }
        let opens = self.record_subject(consent).await?.is_some_and(|(subject, opening)| {
            record.first().is_some_and(|first| first.subject == opening.commit(subject))
        });
        if !opens {
            return Ok(Err(Broken { revision: 0, fault: Fault::Row }));
        }
        let shown: Vec<String> = self.shown(consent).await?.iter().filter_map(super::Shown::commitment).collect();
        let committed = record.iter().flat_map(|revision| &revision.evidence);
        // What an erased citizen was shown is gone; what is there must be what was committed to.
        let missing =
            committed.clone().count() > 0 && !shown.is_empty() && !committed.clone().all(|one| shown.contains(one));
        if missing {
            return Ok(Err(Broken { revision: 1, fault: Fault::Row }));
        }
        Ok(Ok(record))
    }
}
