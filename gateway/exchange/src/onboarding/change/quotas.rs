//! What a quota must be to be held to: of somebody whom there is, the only one of its kind, and never of another meaning.

use super::{Fault, Judge, Rule};
use crate::{
    directory::User,
    ledger::{Level, Quota},
};

impl Judge<'_> {
    /// What was counted under a name stays what it was: a quota changes its most, its warnings and its paper, and may end.
    pub(super) fn quota(&self, quota: &Quota) -> Result<(), Fault> {
        quota.check().map_err(|why| Fault::new(Rule::Quota, why.to_string()))?;
        let what = |it: &Quota| (it.level.clone(), it.measure, it.per);
        if self.directory.quotas.iter().any(|known| known.id == quota.id && what(known) != what(quota)) {
            let detail =
                "a quota of this name counts something else; another level, measure or period is another quota";
            return Err(Fault::new(Rule::NameTaken, detail));
        }
        if quota.ended {
            return Ok(());
        }
        self.somebody(&quota.level)?;
        let same = |known: &&Quota| !known.ended && known.id != quota.id && what(known) == what(quota);
        match self.directory.quotas.iter().find(same) {
            Some(known) => Err(Fault::new(Rule::NameTaken, format!("`{}` bounds the same already", known.id))),
            None => Ok(()),
        }
    }

    fn somebody(&self, level: &Level) -> Result<(), Fault> {
        match level {
            Level::Kind(kind) if !self.rules.kinds.contains_key(kind) => {
                Err(Fault::new(Rule::KindUnknown, format!("Annexure B does not know `{kind}`")))
            }
            Level::Kind(_) => Ok(()),
            Level::Agency(agency) | Level::Place { agency, .. } => self.known(agency).map(drop),
            Level::User { agency, user } => {
                self.known(agency)?;
                let is = |known: &User| (&known.agency, &known.id) == (agency, user);
                let unknown = || Fault::new(Rule::Quota, format!("`{agency}` has no user of this name"));
                self.directory.users.iter().any(is).then_some(()).ok_or_else(unknown)
            }
        }
    }
}

#[cfg(test)]
#[path = "quotas_tests.rs"]
mod tests;
