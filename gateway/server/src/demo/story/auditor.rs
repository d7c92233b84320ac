//! The auditor finds every access to the citizen and checks with nothing but hashes that each one is recorded.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use exchange::log::{note::NoteVerifier, proof::TlogProof};
use serde_json::{Value, json};

use crate::demo::{
    client::{Call, ClientError},
    stage::{Actor, Stage, expect},
    told::Told,
};

/// Plays the scene.
///
/// # Errors
/// [`ClientError`] where the scene could not go on.
pub async fn play(stage: &Stage, told: &mut Told) -> Result<(), ClientError> {
    told.scene("The Auditor General asks who looked at the citizen");
    let mut auditor = stage.actor("auditor-general", Some("auditor-1")).await?;
    let body = json!({ "cnic": stage.cast.citizen.digits() });
    let call = Call::json("/v1/audit/accesses", &body).with("ijazat-purpose", "AUD-501");
    let answer = auditor.send(call).await?;
    expect(&answer, 200, "accesses")?;
    let accesses = answer.body.pointer("/data/accesses").and_then(Value::as_array).cloned().unwrap_or_default();
    for access in &accesses {
        let text = |name: &str| {
            access
                .get(name)
                .map_or_else(String::new, |value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
        };
        told.say(&format!(
            "    {:>5}  {}  {:<13} {:<20} {:<9} {}",
            text("sequence"),
            text("at"),
            text("agency"),
            text("service"),
            text("decision"),
            text("code")
        ));
    }
    let seen = |service: &str, agency: &str| {
        accesses.iter().any(|access| {
            access.get("agency").is_some_and(|name| name == agency)
                && access.get("service").and_then(Value::as_str).is_some_and(|name| name.starts_with(service))
        })
    };
    let complete = seen("identity.kyc", "bank-indus") && seen("identity.yes-no", "telco-sarhad");
    told.step(
        "bank and telco are found, refusals too",
        complete && refused(&accesses),
        format!("{} entries", accesses.len()),
    );
    let mut proved = 0;
    for access in &accesses {
        let sequence = access.get("sequence").and_then(Value::as_u64).unwrap_or(u64::MAX);
        proved += u32::from(verify(&mut auditor, sequence).await?);
    }
    let all = usize::try_from(proved) == Ok(accesses.len()) && proved > 0;
    told.step("each is proved to stand in the signed log", all, format!("{proved} inclusion proofs verified"));
    Ok(())
}

fn refused(accesses: &[Value]) -> bool {
    accesses.iter().any(|access| access.get("code").and_then(Value::as_str).is_some_and(|code| !code.is_empty()))
}

/// Fetches the receipt of an entry and verifies its proof here, on the auditor's side.
async fn verify(auditor: &mut Actor<'_>, sequence: u64) -> Result<bool, ClientError> {
    let answer = auditor.send(Call::get(format!("/v1/receipts/{sequence}"))).await?;
    expect(&answer, 200, "receipt")?;
    let told = |error: &dyn std::fmt::Display| ClientError(format!("proof of {sequence}: {error}"));
    let leaf = STANDARD.decode(answer.text("/data/leaf")).map_err(|e| told(&e))?;
    let verifier = NoteVerifier::parse(answer.text("/data/verifier_key")).map_err(|e| told(&e))?;
    let proof = TlogProof::parse(answer.text("/data/proof")).map_err(|e| told(&e))?;
    Ok(proof.verify(&leaf, &verifier).is_ok())
}
