//! The month's bill is the sum of what stands in the log, and of the receipts that the bank kept.

use exchange::tariff::rupees;
use serde_json::Value;

use super::Kept;
use crate::demo::{
    client::{Call, ClientError},
    stage::{Stage, expect},
    told::Told,
};

/// Plays the scene.
///
/// # Errors
/// [`ClientError`] where the scene could not go on.
pub async fn play(stage: &Stage, told: &mut Told, kept: &Kept) -> Result<(), ClientError> {
    told.scene("The bank's bill of the month");
    let mut bank = stage.actor("bank-indus", None).await?;
    let usage = bank.send(Call::get(format!("/v1/usage/{}", stage.clock.now().karachi_month()))).await?;
    expect(&usage, 200, "usage")?;
    for line in usage.body.pointer("/data/lines").and_then(Value::as_array).into_iter().flatten() {
        let amount = line.get("amount_milli_paisa").and_then(Value::as_i64).unwrap_or(0);
        let text = |name: &str| {
            line.get(name).map_or_else(String::new, |v| v.as_str().map_or_else(|| v.to_string(), str::to_owned))
        };
        told.say(&format!(
            "    {:<18} {:>4} calls {:>4} rows  {}",
            text("tariff"),
            text("calls"),
            text("rows"),
            rupees(amount)
        ));
    }
    let total = usage.body.pointer("/data/total_milli_paisa").and_then(Value::as_i64).unwrap_or(-1);
    let receipts: i64 = kept.receipts.iter().map(|(_, amount)| amount).sum();
    told.step(
        "the bill holds at least every receipt that the bank kept",
        total >= receipts && receipts > 0,
        rupees(total),
    );
    Ok(())
}
