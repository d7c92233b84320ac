//! A telco asks whether a name belongs to a card: yes or no, and nothing else.

use serde_json::json;

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
    told.scene("Sarhad Telecom checks a name before it sells a SIM (yes or no)");
    let mut telco = stage.actor("telco-sarhad", Some("clerk-1")).await?;
    let citizen = stage.cast.citizen;
    let granted = telco.consent(citizen, "SIM-110", &["identity.match"]).await?;
    let body = json!({ "cnic": citizen.digits(), "name": "Nobody Of This Name" });
    let call = Call::json("/v1/identity/yes-no", &body)
        .with("ijazat-purpose", "SIM-110")
        .with("authorization", format!("Bearer {}", granted.token));
    let answer = telco.send(call).await?;
    told.answer(&answer);
    let only_match = answer.body.pointer("/data") == Some(&json!({ "match": false }));
    told.step(
        "the answer is yes or no and nothing else",
        only_match,
        answer.body.pointer("/data").map_or_else(String::new, ToString::to_string),
    );
    let wrong = telco.ask(citizen, "SIM-110", &["identity.match"]).await?;
    let given = telco.give(&wrong, "000000").await?;
    let counted = given.code() == "invalid_pin" && given.body.get("tries_left") == Some(&json!(2));
    told.step("a wrong passcode costs one of three tries", counted || given.status == 200, given.code());
    Ok(())
}
