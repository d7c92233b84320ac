//! Anyone reads a published report; nobody without a certificate reads a row.

use serde_json::{Value, json};

use crate::demo::{
    client::{Call, ClientError},
    stage::Stage,
    told::Told,
};

/// Plays the scene.
///
/// # Errors
/// [`ClientError`] where the scene could not go on.
pub async fn play(stage: &Stage, told: &mut Told) -> Result<(), ClientError> {
    told.scene("Anyone reads a report, nobody a row");
    let mut anyone = stage.anyone().await?;
    let report = anyone.send(Call::get("/v1/reports/persons-by-province")).await?;
    told.answer(&report);
    let rows = report.body.pointer("/data/rows").and_then(Value::as_array).map_or(0, Vec::len);
    told.step("a published report needs no authorisation", report.status == 200 && rows > 0, format!("{rows} rows"));
    let designed = anyone.send(Call::get("/v1/reports/members-with-disability-by-tehsil")).await?;
    let counts = designed.body.pointer("/data/rows").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let hidden = counts.iter().filter(|row| row.get("count").is_some_and(Value::is_null)).count();
    told.step(
        "so does one whose design the Director General approved; small cells are hidden",
        designed.status == 200 && !counts.is_empty(),
        format!("{} rows, {hidden} hidden", counts.len()),
    );
    let body = json!({ "cnic": stage.cast.citizen.digits() });
    let row = anyone.send(Call::json("/v1/identity/kyc", &body)).await?;
    let refused = (400..500).contains(&row.status) && row.body.get("data").is_none();
    told.step("a row is refused to the public", refused, format!("{} {}", row.status, row.code()));
    let strangers =
        crate::demo::client::Connection::open(stage.agency, crate::demo::client::tls(&stage.server_ca, None)?);
    let outcome = match strangers.await {
        // TLS 1.3 lets the client finish first: the refusal arrives with the first read.
        Ok(mut connection) => connection.send(Call::get("/v1/self/whoami")).await.map(|answer| answer.status),
        Err(error) => Err(error),
    };
    told.step("without a certificate the agency listener does not speak", outcome.is_err(), "TLS alert");
    Ok(())
}
