//! The counts behind public reports.

use registry_core::{
    ports::store::StoreError,
    report::{Cell, Table},
};

use super::{RegistrySql, driver_error, rows::column};

impl RegistrySql {
    pub(super) async fn count_cells(&self, table: Table) -> Result<Vec<Cell>, StoreError> {
        let found = sqlx::query(text(table)).fetch_all(self.database.pool()).await.map_err(driver_error)?;
        let cell = |row| {
            let count = u64::try_from(column::<i64>(row, 2)?).map_err(|_| StoreError::Corrupt("count"))?;
            Ok(Cell { province: column(row, 0)?, district: column(row, 1)?, tehsil: String::new(), count })
        };
        found.iter().map(cell).collect()
    }
}

const fn text(table: Table) -> &'static str {
    match table {
        Table::PersonsByProvince => {
            "SELECT province, '', COUNT(*) FROM person WHERE life <> 'deceased' GROUP BY province"
        }
        Table::PersonsByDistrict => {
            "SELECT province, district, COUNT(*) FROM person WHERE life <> 'deceased' GROUP BY province, district"
        }
        Table::BeneficiariesByProvince => {
            "SELECT province, '', COUNT(*) FROM household WHERE beneficiary = 1 GROUP BY province"
        }
        Table::BeneficiariesByDistrict => {
            "SELECT province, district, COUNT(*) FROM household WHERE beneficiary = 1 GROUP BY province, district"
        }
    }
}
