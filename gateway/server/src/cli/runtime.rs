//! The runtime of one command, and the signals that end it.

use std::future::Future;

use tokio::signal::unix::{SignalKind, signal};

use super::failure::Failure;

/// Runs the work to its end on a runtime of its own.
///
/// # Errors
/// That of the work, or [`Failure::Failed`] when the host gives no threads.
pub(super) fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.map_err(|error| Failure::Failed(format!("no runtime: {error}")))?.block_on(work)
}

/// Resolves with the name of the first signal that asks this process to end.
///
/// # Errors
/// [`Failure::Failed`] when the host does not let us listen for signals.
pub(super) async fn asked_to_stop() -> Result<&'static str, Failure> {
    let failed = |error: std::io::Error| Failure::Failed(format!("signals: {error}"));
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    Ok(tokio::select! {
        _ = terminate.recv() => "SIGTERM",
        _ = interrupt.recv() => "SIGINT",
    })
}
