//! Quotas by whom they bound, so that who is bound by none pays nothing for them.

use std::{collections::HashMap, sync::Arc};

use super::{Level, Quota};
use crate::{
    directory::{Agency, User},
    ids::{AgencyId, UserId},
};

/// All quotas in force.
#[derive(Clone, Debug, Default)]
pub struct QuotaBook {
    kinds: HashMap<String, Vec<Arc<Quota>>>,
    agencies: HashMap<AgencyId, Vec<Arc<Quota>>>,
    users: HashMap<AgencyId, HashMap<UserId, Vec<Arc<Quota>>>>,
}

impl QuotaBook {
    /// Sorts quotas by whom they bound; ended ones are left out.
    #[must_use]
    pub fn new(quotas: Vec<Quota>) -> Self {
        let mut book = Self::default();
        for quota in quotas.into_iter().filter(|quota| !quota.ended).map(Arc::new) {
            let of = match &quota.level {
                Level::Kind(kind) => book.kinds.entry(kind.clone()).or_default(),
                Level::Agency(agency) | Level::Place { agency, .. } => book.agencies.entry(agency.clone()).or_default(),
                Level::User { agency, user } => {
                    book.users.entry(agency.clone()).or_default().entry(user.clone()).or_default()
                }
            };
            of.push(quota);
        }
        book
    }

    /// Those that bound this user of this agency, in the order of their names.
    #[must_use]
    pub fn covering(&self, agency: &Agency, user: Option<&User>) -> Vec<Arc<Quota>> {
        let of_user = user.and_then(|user| self.users.get(&agency.id)?.get(&user.id));
        let all = [self.kinds.get(&agency.kind), self.agencies.get(&agency.id), of_user];
        let all = all.into_iter().flatten().flatten().filter(|quota| quota.covers(agency, user));
        let mut covering: Vec<Arc<Quota>> = all.map(Arc::clone).collect();
        covering.sort_by(|one, other| one.id.cmp(&other.id));
        covering
    }
}
