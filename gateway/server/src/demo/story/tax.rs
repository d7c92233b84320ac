//! Another agency's service behind the same door: filtered, priced and recorded like our own.

use serde_json::{Value, json};

use super::{Kept, bank};
use crate::demo::{
    client::{Call, ClientError},
    stage::Stage,
    told::Told,
};

/// Plays the scene.
///
/// # Errors
/// [`ClientError`] where the scene could not go on.
pub async fn play(stage: &Stage, told: &mut Told, kept: &mut Kept) -> Result<(), ClientError> {
    told.scene("The bank asks the tax authority, through the door");
    let mut teller = stage.actor("bank-indus", Some("teller-1")).await?;
    let person = stage.cast.taxpayer;
    let granted = teller.consent(person, "TAX-301", &["fbr.subject", "fbr.status"]).await?;
    let call = Call::json("/v1/fbr/taxpayer", &json!({ "cnic": person.digits() }))
        .with("ijazat-purpose", "TAX-301")
        .with("authorization", format!("Bearer {}", granted.token));
    let answer = teller.send(call).await?;
    told.answer(&answer);
    let status = answer.body.pointer("/data/filer").is_some_and(Value::is_boolean);
    let filtered = answer.body.pointer("/data/city").is_none();
    told.step("FBR's answer comes through, narrowed to what was consented to", status && filtered, answer.code());
    bank::keep(kept, &answer);
    Ok(())
}
