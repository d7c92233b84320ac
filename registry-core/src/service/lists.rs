//! Lists of households: of an area by criteria, and of an area by poverty score.

use std::sync::Arc;

use exchange::{classification::Role, decision::Obligation, permit::Permit};

use super::{RegistryError, RegistryService, covers, id};
use crate::{
    answer::HouseholdList,
    date::Day,
    household::Gharana,
    limits::{EXPORT_BATCH, LIST_EXAMINED_MAX, LIST_READ},
    listing::{Area, Criteria, PageAsked, Place, PmtRange, Stretch, Within},
};

impl RegistryService {
    /// Releases what the permit names of the households of an area that meet criteria (R144).
    ///
    /// A page ends when it is full or when [`LIST_EXAMINED_MAX`] households were looked at: it may be short, even empty,
    /// and still name a `next`. Only a page without one is the last.
    ///
    /// # Errors
    /// [`RegistryError::NotPermitted`] under a permit for another service, for no datatype or for no rows;
    /// [`RegistryError::Parameter`] naming `district`, `tehsil`, `assets`, `members_min`, `member_age_min`, `limit` or
    /// `cursor`; the others as named there.
    pub async fn households_by_address(
        &self,
        permit: &Permit,
        area: &Area,
        criteria: &Criteria,
        page: &PageAsked,
    ) -> Result<HouseholdList, RegistryError> {
        covers(permit, id::BY_ADDRESS)?;
        criteria.check()?;
        self.list(permit, area.within()?, PmtRange::ALL, criteria, page).await
    }

    /// Releases what the permit names of the households of an area whose scores lie in a range (R145).
    ///
    /// # Errors
    /// As [`Self::households_by_address`], naming `pmt_from` or `pmt_to` where the range is none.
    pub async fn households_by_pmt(
        &self,
        permit: &Permit,
        area: &Area,
        range: PmtRange,
        page: &PageAsked,
    ) -> Result<HouseholdList, RegistryError> {
        covers(permit, id::BY_PMT)?;
        self.list(permit, area.within()?, range.checked()?, &Criteria::default(), page).await
    }

    /// Releases what the permit names of the households of the whole register, a batch at a time (R139). A household that
    /// is registered while an export runs is in it if its place is still ahead.
    ///
    /// # Errors
    /// [`RegistryError::NotPermitted`] under a permit for another service, for no datatype or for no rows;
    /// [`RegistryError::Parameter`] naming `cursor`; the others as named there.
    pub async fn export_households(
        &self,
        permit: &Permit,
        cursor: Option<String>,
    ) -> Result<HouseholdList, RegistryError> {
        covers(permit, id::EXPORT)?;
        let page = PageAsked { limit: EXPORT_BATCH, cursor };
        self.list(permit, Within::Everywhere, PmtRange::ALL, &Criteria::default(), &page).await
    }

    async fn list(
        &self,
        permit: &Permit,
        within: Within,
        pmt: PmtRange,
        criteria: &Criteria,
        page: &PageAsked,
    ) -> Result<HouseholdList, RegistryError> {
        if permit.grant().datatypes.is_empty() {
            return Err(RegistryError::NotPermitted);
        }
        let rows = page.rows(permit.grant().rows)?;
        let today = Day::at(permit.grant().at).ok_or(RegistryError::Clock)?;
        let (sample, after) = (sampled(permit), page.after()?);
        let stretch = Stretch { within, pmt, sample, after, limit: rows + 1 };
        let found = if criteria.is_empty() {
            self.first(stretch, rows).await?
        } else {
            self.search(stretch, rows, |gharana| criteria.are_met_by(gharana, today)).await?
        };
        let mut list = HouseholdList { next: found.next.map(Place::cursor), ..HouseholdList::default() };
        found.households.iter().for_each(|gharana| list.push(gharana, permit, today));
        Ok(list)
    }

    /// The first `rows` of a stretch that reaches one further.
    async fn first(&self, stretch: Stretch, rows: u32) -> Result<Found, RegistryError> {
        let rows = usize::try_from(rows).unwrap_or(usize::MAX);
        let mut found = self.store.households_in(&stretch).await?;
        let more = found.len() > rows;
        found.truncate(rows);
        let next = found.last().filter(|_| more).map(|(place, _)| *place);
        Ok(Found { households: found.into_iter().map(|(_, gharana)| gharana).collect(), next })
    }

    /// The first `rows` of a stretch that are meant, as far as one page may look.
    async fn search(
        &self,
        mut stretch: Stretch,
        rows: u32,
        meant: impl Fn(&Gharana) -> bool,
    ) -> Result<Found, RegistryError> {
        let (rows, mut left) = (usize::try_from(rows).unwrap_or(usize::MAX), LIST_EXAMINED_MAX);
        let mut households = Vec::new();
        while left > 0 {
            stretch.limit = left.min(LIST_READ);
            let read = self.store.households_in(&stretch).await?;
            let ended = u32::try_from(read.len()).is_ok_and(|read| read < stretch.limit);
            for (place, gharana) in read {
                if meant(&gharana) {
                    if households.len() == rows {
                        return Ok(Found { households, next: stretch.after });
                    }
                    households.push(gharana);
                }
                stretch.after = Some(place);
            }
            if ended {
                return Ok(Found { households, next: None });
            }
            left -= stretch.limit;
        }
        Ok(Found { households, next: stretch.after })
    }
}

/// One page before anything of it is shown.
struct Found {
    households: Vec<Arc<Gharana>>,
    /// The last place that was looked at, if there may be more behind it.
    next: Option<Place>,
}

/// Whether only the sample may be shown. The role alone is enough, should a permit ever forget the obligation: Basic sees a
/// sample of every list (S3 §8.2.2, rows 2 and 3).
fn sampled(permit: &Permit) -> bool {
    permit.grant().obligations.contains(&Obligation::Sample) || permit.grant().role == Role::Basic
}

#[cfg(test)]
#[path = "lists_tests.rs"]
mod tests;
