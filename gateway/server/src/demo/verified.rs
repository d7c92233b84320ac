//! After the story: the log is verified from its files, and every bill is recomputed from the log.

use exchange::{
    ids::AgencyId, month::Month, ports::record_log::RecordLog, record::leaf::Leaf, statement::recompute, tariff::rupees,
};
use serde_json::Value;

use super::{
    client::{Call, ClientError},
    stage::{Stage, expect},
    told::Told,
};
use crate::config::Config;

/// Verifies the log's files and compares the bank's bill with the sum of its leaves.
pub async fn log_and_bill(config: &Config, stage: &Stage, log: &dyn RecordLog, told: &mut Told) {
    told.scene("The log is verified from its files, the bill from the log");
    match checked(config, stage, log).await {
        Ok((detail, bill)) => {
            told.step("the log verifies", true, detail);
            told.step(
                "the month's bill equals the sum of the log",
                bill.0 == bill.1,
                format!("{} = {}", rupees(bill.0), rupees(bill.1)),
            );
        }
        Err(error) => told.step("the log verifies", false, error.to_string()),
    }
}

async fn checked(config: &Config, stage: &Stage, log: &dyn RecordLog) -> Result<(String, (i64, i64)), ClientError> {
    let failed = |error: &dyn std::fmt::Display| ClientError(error.to_string());
    let mut bank = stage.actor("bank-indus", None).await?;
    let checkpoint = bank.send(Call::get("/v1/log/checkpoint")).await?;
    expect(&checkpoint, 200, "checkpoint")?;
    let vkey = checkpoint.text("/data/verifier_key").to_owned();
    let report = adapters::log::verify(&config.log.dir, &vkey).map_err(|e| failed(&e))?;
    let detail = format!("{} entries, {} outcomes, {} refusals", report.entries, report.outcomes, report.refused);
    let month = stage.clock.now().karachi_month();
    let usage = bank.send(Call::get(format!("/v1/usage/{month}"))).await?;
    expect(&usage, 200, "usage")?;
    let billed = usage.body.pointer("/data/total_milli_paisa").and_then(Value::as_i64).unwrap_or(-1);
    let leaves = leaves(log).map_err(|e| failed(&e))?;
    let agency = AgencyId::parse("bank-indus").map_err(|e| failed(&e))?;
    let month = Month::parse(&month).map_err(|e| failed(&e))?;
    Ok((detail, (billed, recompute(leaves.iter(), &agency, month).payable_milli_paisa())))
}

/// Entries read at once.
const BATCH: usize = 1_000;

fn leaves(log: &dyn RecordLog) -> Result<Vec<Leaf>, ClientError> {
    let mut leaves: Vec<Leaf> = Vec::new();
    loop {
        let from = u64::try_from(leaves.len()).unwrap_or(u64::MAX);
        let entries = log.read(from, BATCH).map_err(|error| ClientError(error.to_string()))?;
        if entries.is_empty() {
            return Ok(leaves);
        }
        for entry in entries {
            leaves.push(Leaf::from_bytes(&entry.leaf).map_err(|error| ClientError(error.to_string()))?);
        }
    }
}

#[cfg(test)]
#[path = "verified_tests.rs"]
mod tests;
