//! The runtime of one command, and the signals that end it.

use std::future::Future;

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::failure::Failure;

/// Runs the work to its end on a runtime of its own.
///
/// # Errors
/// That of the work, or [`Failure::Failed`] when the host gives no threads.
pub(super) fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.map_err(|error| Failure::Failed(format!("no runtime: {error}")))?.block_on(work)
}

/// The signals that ask this process to end. From [`Self::listen`] on none of them kills: one that comes early waits.
#[derive(Debug)]
pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Begins to listen; within a runtime.
    ///
    /// # Errors
    /// [`Failure::Failed`] when the host does not let us.
    pub(super) fn listen() -> Result<Self, Failure> {
        let failed = |error: std::io::Error| Failure::Failed(format!("signals: {error}"));
        Ok(Self {
            terminate: signal(SignalKind::terminate()).map_err(failed)?,
            interrupt: signal(SignalKind::interrupt()).map_err(failed)?,
        })
    }

    /// Resolves with the name of the first one.
    pub(super) async fn asked_to_stop(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}
