//! Public reports: counted rarely, published to anyone.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex},
};

use exchange::{permit::Permit, report::Report, timestamp::Timestamp};

use super::{RegistryError, RegistryService, covers, id};
use crate::{
    answer::{ReportAnswer, datatype},
    date::Day,
    limits::{LIST_READ, REPORT_AGE_S_MAX},
    listing::{PmtRange, Stretch, Within},
    ports::store::StoreError,
    report::{Cell, Counted, Row, Table},
    suppression::publish,
};

/// What is published, by name.
#[derive(Debug, Default)]
pub(super) struct Published(Mutex<HashMap<String, Kept>>);

/// One report as it was counted last.
#[derive(Debug, Default)]
struct Kept {
    /// The design that was counted, if it is no table of the register's own.
    design: Option<Arc<Report>>,
    /// Second of the count, and what it gave.
    counted: Option<(i64, Arc<ReportAnswer>)>,
    /// Whether somebody counts it now.
    at_work: bool,
}

impl RegistryService {
    /// The report of this name, at most an hour old: the one whose approved design the permit carries, else a table of the
    /// register's own.
    ///
    /// # Errors
    /// [`RegistryError::NoSuchReport`] for any other name; [`StoreError::Unavailable`] to whoever asks for a design that
    /// somebody else makes us count for the first time.
    pub async fn report(&self, permit: &Permit, name: &str) -> Result<Arc<ReportAnswer>, RegistryError> {
        covers(permit, id::REPORT)?;
        if !permit.allows(datatype::STATISTICS) {
            return Err(RegistryError::NotPermitted);
        }
        let now = permit.grant().at;
        match &permit.grant().report {
            Some(report) if report.name == name => self.designed(report, now).await,
            Some(_) => Err(RegistryError::NotPermitted),
            None => self.table(Table::parse(name).ok_or(RegistryError::NoSuchReport)?, now).await,
        }
    }

    async fn table(&self, table: Table, now: Timestamp) -> Result<Arc<ReportAnswer>, RegistryError> {
        if let Some(published) = self.reports.fresh(table.as_str(), None, now) {
            return Ok(published);
        }
        let cells = self.store.count(table.finest()).await?;
        let (name, title, title_ur) = (table.as_str(), table.title(), table.title_ur());
        let answer = answer([name, title, title_ur], now, publish(&cells, table.by()));
        self.reports.keep(name, None, now, &answer);
        Ok(answer)
    }

    async fn designed(&self, report: &Arc<Report>, now: Timestamp) -> Result<Arc<ReportAnswer>, RegistryError> {
        if let Some(published) = self.reports.fresh(&report.name, Some(report), now) {
            return Ok(published);
        }
        let Some(_turn) = self.reports.begin(report) else {
            let other = || StoreError::Unavailable("this report is being counted".to_owned()).into();
            return self.reports.last(report).ok_or_else(other);
        };
        let cells = self.count(report, Day::at(now).ok_or(RegistryError::Clock)?).await?;
        let rows = publish(&cells, report.design.by);
        let answer = answer([&report.name, &report.title, &report.title_ur], now, rows);
        self.reports.keep(&report.name, Some(report), now, &answer);
        Ok(answer)
    }

    /// Counts a design by tehsil over every household, a stretch at a time; areas where nothing fits are left out.
    async fn count(&self, report: &Report, today: Day) -> Result<Vec<Cell>, RegistryError> {
        let counted = Counted::parse(&report.design).ok_or(RegistryError::Parameter("report"))?;
        let mut counts: BTreeMap<[String; 3], u64> = BTreeMap::new();
        let (within, pmt) = (Within::Everywhere, PmtRange::ALL);
        let mut stretch = Stretch { within, pmt, sample: false, after: None, limit: LIST_READ };
        loop {
            let read = self.store.households_in(&stretch).await?;
            for (place, gharana) in &read {
                stretch.after = Some(*place);
                let found = counted.in_household(gharana, today);
                if found > 0 {
                    let address = &gharana.household.address;
                    let area = [&address.province, &address.district, &address.tehsil].map(String::clone);
                    *counts.entry(area).or_default() += found;
                }
            }
            if u32::try_from(read.len()).is_ok_and(|read| read < stretch.limit) {
                let cell = |([province, district, tehsil], count): ([String; 3], u64)| Cell {
                    province,
                    district,
                    tehsil,
                    count,
                };
                return Ok(counts.into_iter().map(cell).collect());
            }
        }
    }
}

fn answer([name, title, title_ur]: [&str; 3], now: Timestamp, rows: Vec<Row>) -> Arc<ReportAnswer> {
    Arc::new(ReportAnswer {
        report: name.to_owned(),
        title: title.to_owned(),
        title_ur: title_ur.to_owned(),
        as_of: now.rfc3339(),
        rows,
    })
}

/// A turn at counting, given back however it ends.
struct Turn<'a>(&'a Published, &'a str);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if let Ok(mut kept) = self.0.0.lock()
            && let Some(kept) = kept.get_mut(self.1)
        {
            kept.at_work = false;
        }
    }
}

impl Published {
    /// What was counted of this design within the hour.
    fn fresh(&self, name: &str, design: Option<&Arc<Report>>, now: Timestamp) -> Option<Arc<ReportAnswer>> {
        let kept = self.0.lock().ok()?;
        let kept = kept.get(name).filter(|kept| kept.design.as_ref() == design)?;
        let (counted_s, answer) = kept.counted.as_ref()?;
        let age_s = now.seconds().saturating_sub(*counted_s);
        (0..REPORT_AGE_S_MAX).contains(&age_s).then(|| Arc::clone(answer))
    }

    /// What was counted of this design whenever.
    fn last(&self, report: &Arc<Report>) -> Option<Arc<ReportAnswer>> {
        let kept = self.0.lock().ok()?;
        let kept = kept.get(&report.name).filter(|kept| kept.design.as_ref() == Some(report))?;
        kept.counted.as_ref().map(|(_, answer)| Arc::clone(answer))
    }

    /// The turn to count, unless somebody has it.
    fn begin<'a>(&'a self, report: &'a Report) -> Option<Turn<'a>> {
        let mut kept = self.0.lock().ok()?;
        let kept = kept.entry(report.name.clone()).or_default();
        (!std::mem::replace(&mut kept.at_work, true)).then_some(Turn(self, &report.name))
    }

    fn keep(&self, name: &str, design: Option<&Arc<Report>>, now: Timestamp, answer: &Arc<ReportAnswer>) {
        if let Ok(mut kept) = self.0.lock() {
            let kept = kept.entry(name.to_owned()).or_default();
            kept.design = design.cloned();
            kept.counted = Some((now.seconds(), Arc::clone(answer)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::testing::{permit, registry, run};

    fn ask(registry: &RegistryService, name: &str, at: &str) -> Result<Arc<ReportAnswer>, RegistryError> {
        let permit = permit(id::REPORT, "").datatypes(&["report.statistics"]).at(at).mint();
        run(registry.report(&permit, name))
    }

    #[test]
    fn a_report_hides_small_cells_and_names_nobody() {
        let report = ask(&registry(), "persons-by-province", "2026-11-22T10:00:00+05:00").unwrap();
        assert_eq!(
            serde_json::to_value(&*report).unwrap(),
            serde_json::json!({
                "report": "persons-by-province", "title": "Living persons by province or territory",
                "title_ur": "زندہ افراد بلحاظ صوبہ یا علاقہ", "as_of": "2026-11-22T10:00:00+05:00",
                "rows": [{"area": "Punjab", "count": null}],
            })
        );
    }

    #[test]
    fn a_report_is_counted_again_after_an_hour() {
        let registry = registry();
        let check = |at: &str, expected: &str| {
            assert_eq!(ask(&registry, "persons-by-district", at).unwrap().as_of, expected, "{at}");
        };
        check("2026-11-22T10:00:00+05:00", "2026-11-22T10:00:00+05:00");
        check("2026-11-22T10:59:59+05:00", "2026-11-22T10:00:00+05:00");
        check("2026-11-22T11:00:00+05:00", "2026-11-22T11:00:00+05:00");
    }

    #[test]
    fn an_unknown_report_is_named_so() {
        let refused = ask(&registry(), "persons-by-name", "2026-11-22T10:00:00+05:00").unwrap_err();
        assert_eq!(refused, RegistryError::NoSuchReport);
    }
}
