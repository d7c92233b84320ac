//! What runs beside requests: confirming the directory, indexing, counting, watching files, numbers for operators.

use std::{sync::Arc, time::Duration};

use adapters::sql::{
    control::{ControlStore, Poster, Reconciler},
    index::Indexer,
};
use exchange::ports::record_log::RecordLog as _;

use super::{ChangeLog, ComposeError, World, control::Control, reconcile, reminders, running::Running};
use crate::{
    config::Config,
    observe::{
        expiry,
        metrics::Metrics,
        ops::{Ops, OpsServer, router},
        rated::Counted,
    },
    phases::shared::SharedQuota,
    pipeline::Pipeline,
    tls::{Watcher, watch::TICK},
};

/// Between two looks of the indexer for new entries; an auditor's query does not wait for it.
const INDEX_EVERY: Duration = Duration::from_millis(250);
/// Between two postings to the ledger: long, so that it has few movements; what an answer did not cost is free before.
const POST_EVERY: Duration = Duration::from_secs(2);
/// Between two records of counted refusals.
const COUNT_EVERY: Duration = Duration::from_secs(1);
/// Between two counts of the messages that wait.
const OUTBOX_EVERY: Duration = Duration::from_secs(1);
/// Between two looks for what operators changed.
const RECORD_EVERY: Duration = Duration::from_secs(1);
/// Between two looks at the store of shared quotas: one window.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Between two clearings of idle counters and old keys.
const SHRINK_EVERY: Duration = Duration::from_mins(1);

pub(super) fn gateway(
    door: &Arc<Pipeline>,
    indexer: Indexer,
    watcher: Watcher,
    control: &Control,
    (counted, since): (Arc<Counted>, u64),
    running: &mut Running,
) {
    running.directory(Arc::clone(&control.directory));
    running.spawn(Arc::clone(&control.directory).run());
    running.law(Arc::clone(&control.law));
    running.background(control.background.clone());
    running.guessing(Arc::clone(&control.guessing));
    running.spawn(index(indexer));
    let log = Arc::clone(&door.parts().log);
    let poster = Poster::new(Arc::clone(&log), Arc::clone(&control.store));
    running.spawn(post(poster, Arc::clone(&control.store), running.metrics()));
    let reconciler = Reconciler::new(Arc::clone(&log), Arc::clone(&control.store), since);
    running.spawn(reconcile::watch(reconciler, log, counted, running.metrics()));
    running.spawn(count(Arc::clone(door)));
    running.spawn(shrink(Arc::clone(door)));
    if let Some(shared) = door.parts().limits.shared() {
        running.spawn(look(Arc::clone(shared)));
    }
    running.spawn(watch(watcher));
    running.spawn(outbox(Arc::clone(&control.store), running.metrics()));
    running.spawn(inbox(Arc::clone(&control.store)));
    running.spawn(reminders::watch(Arc::clone(&control.store), Arc::clone(door)));
    gauges(door, running);
}

async fn index(indexer: Indexer) {
    let mut tick = tokio::time::interval(INDEX_EVERY);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        if let Err(error) = indexer.catch_up().await {
            tracing::warn!(error = %error, "the index of the access log is behind");
        }
    }
}

/// Posts, and counts the quotas that have reached a warning by what was posted. While the store does not answer, the last number
/// stays: who reads it is told of by others.
async fn post(poster: Poster, store: Arc<ControlStore>, metrics: Arc<Metrics>) {
    let mut tick = tokio::time::interval(POST_EVERY);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        post_once(&poster).await;
        if let Ok(alerting) = store.quotas_alerting().await {
            metrics.quotas_alerting.set(i64::try_from(alerting).unwrap_or(i64::MAX));
        }
    }
}

/// Posts what is recorded; what cannot be posted now is tried again.
pub(super) async fn post_once(poster: &Poster) {
    match poster.catch_up().await {
        Ok(0) => {}
        Ok(given_up) => tracing::warn!(given_up, "amounts were held for requests that never ended"),
        Err(error) => tracing::error!(error = %error, "the ledger is behind the access log"),
    }
}

async fn count(door: Arc<Pipeline>) {
    let mut tick = tokio::time::interval(COUNT_EVERY);
    loop {
        tick.tick().await;
        if let Err(refusal) = door.record_counted().await {
            tracing::warn!(code = %refusal.code, "counted refusals wait to be recorded");
        }
    }
}

/// Records changes every second.
pub(super) async fn changes(changes: ChangeLog) {
    let mut tick = tokio::time::interval(RECORD_EVERY);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        record_changes(&changes).await;
    }
}

/// Records changes that wait; those that cannot be recorded now are tried again.
pub(super) async fn record_changes(changes: &ChangeLog) {
    match changes.catch_up().await {
        Ok(0) => {}
        Ok(count) => tracing::info!(count, "changes are recorded"),
        Err(error) => tracing::error!(error = %error, "changes wait to be recorded"),
    }
}

async fn shrink(door: Arc<Pipeline>) {
    let mut tick = tokio::time::interval(SHRINK_EVERY);
    loop {
        tick.tick().await;
        door.parts().limits.shrink();
        if let Err(error) = door.parts().idempotency.forget_old().await {
            tracing::warn!(error = %error, "old idempotency keys wait to be forgotten");
        }
    }
}

/// Looks whether the store of shared quotas answers, so that no request has to find out.
async fn look(shared: Arc<SharedQuota>) {
    let mut tick = tokio::time::interval(LOOK_EVERY);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        shared.look().await;
    }
}

async fn watch(mut watcher: Watcher) {
    let mut tick = tokio::time::interval(TICK);
    loop {
        tick.tick().await;
        watcher.tick();
    }
}

/// Counts the messages that wait. While the store does not answer, the last number stays: who reads it is told of by others.
pub(super) async fn outbox(store: Arc<ControlStore>, metrics: Arc<Metrics>) {
    let mut tick = tokio::time::interval(OUTBOX_EVERY);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        if let Ok(depth) = store.outbox_depth().await {
            metrics.sms_outbox_depth.set(depth);
        }
    }
}

/// Forgets what citizens sent in vain, and what became of old messages to them.
pub(super) async fn inbox(store: Arc<ControlStore>) {
    let mut tick = tokio::time::interval(SHRINK_EVERY);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        if let Err(error) = store.forget_inbox().await {
            tracing::warn!(error = %error, "old messages of citizens wait to be forgotten");
        }
        if let Err(error) = store.forget_guesses().await {
            tracing::warn!(error = %error, "old guesses wait to be forgotten");
        }
        if let Err(error) = store.forget_outbox().await {
            tracing::warn!(error = %error, "what became of old messages waits to be forgotten");
        }
    }
}

/// Forgets what became of old notifications.
pub(super) async fn notifications(store: Arc<ControlStore>) {
    let mut tick = tokio::time::interval(SHRINK_EVERY);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        if let Err(error) = store.forget_notifications().await {
            tracing::warn!(error = %error, "what became of old notifications waits to be forgotten");
        }
    }
}

fn gauges(door: &Arc<Pipeline>, running: &Running) {
    let parts = Arc::clone(door.parts());
    let log = running.the_log();
    running.metrics().before_render(move |metrics| {
        metrics.log_durable_size.set(i64::try_from(parts.log.durable_size()).unwrap_or(i64::MAX));
        metrics.directory_generation.set(i64::try_from(parts.directory.any().generation()).unwrap_or(i64::MAX));
        metrics.directory_misregistered.set(i64::try_from(parts.directory.misregistered().len()).unwrap_or(i64::MAX));
        metrics.directory_stale.set(i64::from(parts.directory.current().is_err()));
        for (id, upstream) in &parts.upstreams {
            metrics.circuit_open.with_label_values(&[id.as_str()]).set(i64::from(upstream.circuit_is_open()));
        }
        if let Some(room) = log.as_ref().and_then(|log| log.disk().ok()) {
            // Unknown until a day's worth of entries tells the rate: then there is no gauge to alarm on.
            if let Some(days) = room.days_left().and_then(|days| u32::try_from(days).ok()) {
                metrics.log_disk_left_days.set(f64::from(days));
            }
        }
    });
}

/// Opens the loopback listener for metrics, liveness and readiness.
pub(super) async fn ops(config: &Config, world: &World, running: &mut Running) -> Result<(), ComposeError> {
    running.spawn(expiry::watch(config.tls.clone(), Arc::clone(&world.clock), running.metrics()));
    let mut ops = Ops::new(running.metrics());
    if let Some(log) = running.the_log() {
        ops = ops.ready_when("access log", move || log.healthy().map_err(|error| error.to_string()));
    }
    if let Some(directory) = running.the_directory() {
        let judged = Arc::clone(&directory);
        ops = ops.ready_when("directory", move || {
            directory.current().map(drop).map_err(|refusal| refusal.code.as_str().to_owned())
        });
        // Everyone else is served.
        ops = ops.telling("agencies", move || {
            let names: Vec<_> = judged.misregistered().iter().map(ToString::to_string).collect();
            (!names.is_empty()).then(|| format!("registered wrongly and held as suspended: {}", names.join(", ")))
        });
    }
    if let Some(law) = running.the_law() {
        // Not a reason to send no requests here: the last good law decides.
        ops = ops.telling("law", move || {
            law.refused().map(|(generation, why)| format!("generation {generation} is refused: {why}"))
        });
    }
    if let Some(link) = running.the_sms_link() {
        // Who has a token already is served.
        ops = ops.telling("sms", move || link.down());
    }
    let server = OpsServer::bind(config.listen.ops).await.map_err(ComposeError::of("ops listener"))?;
    let address = server.address().map_err(ComposeError::of("ops listener"))?;
    running.ops(address);
    running.spawn(server.run(router(Arc::new(ops)), std::future::pending()));
    Ok(())
}
