//! A hospital reports a death while a bank still holds a token: the token then opens nothing, and nothing tells why.

use serde_json::json;

use super::KYC;
use crate::demo::{
    client::{Call, ClientError},
    stage::{Stage, expect},
    told::Told,
};

/// Plays the scene.
///
/// # Errors
/// [`ClientError`] where the scene could not go on.
pub async fn play(stage: &Stage, told: &mut Told) -> Result<(), ClientError> {
    told.scene("Mehran Hospital reports a death while a bank holds a token");
    let mut bank = stage.actor("bank-indus", Some("teller-1")).await?;
    let person = stage.cast.dying;
    let granted = bank.consent(person, KYC, &["identity.name"]).await?;

    let mut hospital = stage.actor("hospital-mehran", Some("doctor-1")).await?;
    let (year, month, day) = stage.clock.now().karachi_date();
    let body = json!({
        "cnic": person.digits(), "date_of_death": format!("{year:04}-{month:02}-{day:02}"), "place": "Mehran Hospital",
    });
    let notice = hospital.send(Call::json("/v1/vital/death-notices", &body).with("ijazat-purpose", "VIT-401")).await?;
    told.answer(&notice);
    expect(&notice, 200, "death notice")?;
    told.step("the hospital's notice is taken", true, notice.text("/data/status"));

    let call = Call::json("/v1/identity/kyc", &json!({ "cnic": person.digits() }))
        .with("ijazat-purpose", KYC)
        .with("authorization", format!("Bearer {}", granted.token));
    let answer = bank.send(call).await?;
    told.answer(&answer);
    let silent = answer.code() == "subject_not_verifiable";
    told.step("the token opens nothing, and nothing tells why", silent, answer.code());
    Ok(())
}
