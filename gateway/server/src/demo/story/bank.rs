//! A bank asks who a citizen is: refused, asks for consent, is answered once.

use exchange::cnic::Cnic;
use serde_json::json;

use super::{KYC, Kept};
use crate::demo::{
    client::{Answer, Call, ClientError},
    stage::{Actor, Stage},
    told::{Told, amount_of, sequence_of},
};

const DATATYPES: &[&str] = &["identity.name", "identity.parentage", "identity.birth", "identity.address"];

/// Plays the scene.
///
/// # Errors
/// [`ClientError`] where the scene could not go on.
pub async fn play(stage: &Stage, told: &mut Told, kept: &mut Kept) -> Result<(), ClientError> {
    told.scene("Indus Bank asks who a citizen is (KYC)");
    let mut bank = stage.actor("bank-indus", Some("teller-1")).await?;
    let citizen = stage.cast.citizen;
    let first = kyc(&mut bank, citizen, None).await?;
    told.answer(&first);
    let refused = first.status == 403 && first.code() == "consent_required";
    told.step("without consent the bank is refused", refused, format!("{} {}", first.status, first.code()));
    told.step("the refusal says where to ask", first.text("/next") == "/bc-authorize", first.text("/next"));

    let granted = bank.consent(citizen, KYC, DATATYPES).await?;
    told.step(
        "the citizen reads the passcode off the SMS and says yes",
        true,
        format!("ref {}", granted.asked.reference),
    );
    let answer = kyc(&mut bank, citizen, Some(&granted.token)).await?;
    told.answer(&answer);
    let name = answer.text("/data/name");
    told.step(
        "with consent the bank is answered",
        answer.status == 200 && !name.is_empty(),
        format!("{}", answer.status),
    );
    let gender = answer.body.pointer("/data/gender").is_none() && withheld(&answer, "identity.gender");
    told.step("what the citizen did not consent to is withheld", gender, "identity.gender");
    keep(kept, &answer);

    let again = bank.give(&granted.asked, &granted.passcode).await?;
    told.step("the passcode again is refused", again.code() == "pin_used", again.code());
    let once_more = kyc(&mut bank, citizen, Some(&granted.token)).await?;
    told.step("the token again is refused", once_more.code() == "token_invalid", once_more.code());
    secret(&mut bank, stage, told).await
}

async fn kyc(bank: &mut Actor<'_>, cnic: Cnic, token: Option<&str>) -> Result<Answer, ClientError> {
    let call = Call::json("/v1/identity/kyc", &json!({ "cnic": cnic.digits() })).with("ijazat-purpose", KYC);
    let call = match token {
        Some(token) => call.with("authorization", format!("Bearer {token}")),
        None => call,
    };
    bank.send(call).await
}

/// A private bank asks for Secret data, which the law gives to the State alone.
async fn secret(bank: &mut Actor<'_>, stage: &Stage, told: &mut Told) -> Result<(), ClientError> {
    told.scene("The same bank asks for a Secret field");
    let body = json!({ "cnic": stage.cast.head.digits(), "fields": ["nser.cnic"] });
    let answer = bank.send(Call::json("/v1/nser/household", &body).with("ijazat-purpose", "NSER-201")).await?;
    told.answer(&answer);
    let reasoned = answer.status == 403 && !answer.text("/action").is_empty();
    told.step("a private bank gets no Secret field, and a reason", reasoned, answer.code());
    Ok(())
}

fn withheld(answer: &Answer, datatype: &str) -> bool {
    let entries = answer.body.get("withheld").and_then(serde_json::Value::as_array);
    entries.into_iter().flatten().any(|entry| entry.get("datatype").is_some_and(|name| name == datatype))
}

/// Keeps a receipt for the bill.
pub fn keep(kept: &mut Kept, answer: &Answer) {
    let receipt = answer.header("ijazat-receipt");
    if let Some(sequence) = sequence_of(receipt) {
        kept.receipts.push((sequence, amount_of(receipt)));
    }
}
