//! The citizens' phones in the sandbox: the messages that the control store queued.

use std::{sync::Arc, time::Duration};

use adapters::sql::control::ControlStore;
use async_trait::async_trait;

use super::{client::ClientError, stage::Phone};

/// Messages looked through for a reference.
const NEWEST: u32 = 50;
/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// Looks before the citizen gives up: ten seconds.
const LOOKS_MAX: u32 = 500;

/// Reads the sandbox's outbox.
#[derive(Debug)]
pub struct Outbox(pub Arc<ControlStore>);

#[async_trait]
impl Phone for Outbox {
    async fn message(&self, reference: &str) -> Result<String, ClientError> {
        for _ in 0..LOOKS_MAX {
            let newest = self.0.outbox(NEWEST).await.map_err(|error| ClientError(format!("outbox: {error}")))?;
            if let Some(sms) = newest.iter().rev().find(|sms| sms.text.contains(reference)) {
                return Ok(sms.text.clone());
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Err(ClientError(format!("no message with reference {reference} arrived")))
    }
}
