//! A certificate is revoked while its connection lives: the very next requests are refused, in under a second.

use std::time::{Duration, Instant};

use crate::demo::{
    client::{Call, ClientError},
    stage::{Stage, expect},
    told::Told,
};

/// Most that a revocation may take to be effective everywhere (rule 6).
const LIMIT: Duration = Duration::from_secs(1);

/// Plays the scene, last: the telco's certificate does not come back.
///
/// # Errors
/// [`ClientError`] where the scene could not go on.
pub async fn play(stage: &Stage, told: &mut Told) -> Result<(), ClientError> {
    told.scene("The telco's certificate is revoked while its connection lives");
    let mut telco = stage.actor("telco-sarhad", Some("clerk-1")).await?;
    let before = telco.send(Call::get("/v1/self/whoami")).await?;
    expect(&before, 200, "whoami before")?;
    stage.operators.revoke("telco-sarhad").await?;
    let began = Instant::now();
    loop {
        let answer = telco.send(Call::get("/v1/self/whoami")).await;
        let took = began.elapsed();
        let refused = answer.as_ref().map_or(true, |answer| answer.code() == "certificate_revoked");
        if refused || took > LIMIT {
            let detail = format!("after {} ms", took.as_millis());
            told.step("the live connection is refused in under a second", refused && took <= LIMIT, detail);
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let again = stage.actor("telco-sarhad", Some("clerk-1")).await;
    let shut = match again {
        Ok(mut telco) => telco.send(Call::get("/v1/self/whoami")).await.map_or(true, |answer| answer.status == 401),
        Err(_) => true,
    };
    told.step("a new connection is refused too", shut, "");
    Ok(())
}
