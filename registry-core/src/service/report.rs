//! Public reports: counted rarely, published to anyone.

use std::sync::Arc;

use exchange::{permit::Permit, timestamp::Timestamp};

use super::{RegistryError, RegistryService, covers, id};
use crate::{
    answer::{ReportAnswer, datatype},
    limits::REPORT_AGE_S_MAX,
    report::{self, Table},
};

impl RegistryService {
    /// The report of this name, at most an hour old.
    ///
    /// # Errors
    /// [`RegistryError::NoSuchReport`] for any other name.
    pub async fn report(&self, permit: &Permit, name: &str) -> Result<Arc<ReportAnswer>, RegistryError> {
        covers(permit, id::REPORT)?;
        if !permit.allows(datatype::STATISTICS) {
            return Err(RegistryError::NotPermitted);
        }
        let table = Table::parse(name).ok_or(RegistryError::NoSuchReport)?;
        let now = permit.grant().at;
        if let Some(published) = self.published(table, now) {
            return Ok(published);
        }
        let answer = Arc::new(ReportAnswer {
            report: table.as_str(),
            title: table.title(),
            title_ur: table.title_ur(),
            as_of: now.rfc3339(),
            rows: report::publish(self.store.count(table).await?),
        });
        if let Ok(mut reports) = self.reports.lock() {
            reports.insert(table, (now.seconds(), Arc::clone(&answer)));
        }
        Ok(answer)
    }

    fn published(&self, table: Table, now: Timestamp) -> Option<Arc<ReportAnswer>> {
        let reports = self.reports.lock().ok()?;
        let (counted_s, answer) = reports.get(&table)?;
        let age_s = now.seconds().saturating_sub(*counted_s);
        (0..REPORT_AGE_S_MAX).contains(&age_s).then(|| Arc::clone(answer))
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
