//! The scenes of the story, in the order in which they are played. Each is also a test, embedded and split.

mod auditor;
mod bank;
mod bill;
mod bisp;
mod hospital;
mod public;
mod revoked;
mod tax;
mod telco;

use super::{client::ClientError, stage::Stage, told::Told};

/// Purpose of account opening.
const KYC: &str = "KYC-101";

/// Receipts of the bank's answers, which its bill must match.
#[derive(Debug, Default)]
pub struct Kept {
    /// Places in the log and amounts in milli-paisa.
    pub receipts: Vec<(u64, i64)>,
}

/// Plays all scenes. A scene that cannot go on is a failed step; the next one is played all the same.
pub async fn play(stage: &Stage, told: &mut Told) {
    let mut kept = Kept::default();
    let end = bank::play(stage, told, &mut kept).await;
    ended(told, "bank", end);
    let end = telco::play(stage, told).await;
    ended(told, "telco", end);
    let end = bisp::play(stage, told).await;
    ended(told, "bisp", end);
    let end = hospital::play(stage, told).await;
    ended(told, "hospital", end);
    let end = public::play(stage, told).await;
    ended(told, "public", end);
    let end = tax::play(stage, told, &mut kept).await;
    ended(told, "tax", end);
    let end = auditor::play(stage, told).await;
    ended(told, "auditor", end);
    let end = bill::play(stage, told, &kept).await;
    ended(told, "bill", end);
    let end = revoked::play(stage, told).await;
    ended(told, "revoked", end);
}

fn ended(told: &mut Told, scene: &str, end: Result<(), ClientError>) {
    if let Err(error) = end {
        told.step(&format!("{scene}: the scene goes on to its end"), false, error.to_string());
    }
}
