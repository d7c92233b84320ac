//! Tells citizens that a standing consent of theirs ends soon.

use std::{sync::Arc, time::Duration};

use adapters::sql::{
    SqlError,
    control::{ControlStore, Ending},
};
use exchange::{
    consent::{message::Language, notices::EndsSoon},
    directory::Directory,
};

use crate::pipeline::Pipeline;

/// Between two looks for consents that end soon: a reminder is due a week before.
const LOOK_EVERY: Duration = Duration::from_secs(10);

pub(super) async fn watch(store: Arc<ControlStore>, door: Arc<Pipeline>) {
    let mut tick = tokio::time::interval(LOOK_EVERY);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        let directory = door.parts().directory.any();
        match remind(&store, &directory).await {
            Ok(0) => {}
            Ok(told) => tracing::info!(told, "citizens were told that a standing consent ends soon"),
            Err(error) => tracing::warn!(error = %error, "citizens wait to be told that a standing consent ends"),
        }
        if let Err(error) = store.forget_uses().await {
            tracing::warn!(error = %error, "uses of ended consents wait to be forgotten");
        }
    }
}

/// One round; how many citizens were told.
pub(super) async fn remind(store: &ControlStore, directory: &Directory) -> Result<u32, SqlError> {
    let mut told = 0;
    for ending in store.ending().await? {
        told += u32::from(store.remind(&ending, |language| words(directory, &ending, language)).await?);
    }
    Ok(told)
}

/// What the directory no longer has is told by its code: the end is what matters.
fn words(directory: &Directory, ending: &Ending, language: Language) -> String {
    let urdu = language == Language::Urdu;
    let agency = directory.agency(&ending.agency).map(|agency| if urdu { &agency.name_ur } else { &agency.name });
    let purpose = directory.purpose(&ending.purpose).map(|purpose| if urdu { &purpose.text_ur } else { &purpose.text });
    let soon = EndsSoon {
        agency: agency.unwrap_or(&ending.agency),
        purpose: purpose.unwrap_or(&ending.purpose),
        ends_at: ending.ends_at,
        reference: &ending.reference,
    };
    soon.text(language)
}
