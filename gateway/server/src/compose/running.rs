//! A running process: its listeners, its background work, and how it stops.

use std::{future::Future, net::SocketAddr, sync::Arc, time::Duration};

use adapters::{
    log::SegmentLog,
    notify::Notifier,
    sms::{Sender, smpp::Smpp},
};
use exchange::{decision::Decider as _, ports::record_log::RecordLog};
use tokio::task::JoinSet;

use super::ComposeError;
use crate::{
    config::Config,
    law::LawWatch,
    listen::{ListenHandle, ListenLimits},
    observe::{listeners, metrics::Metrics},
    phases::snapshot::DirectoryWatch,
    routes::control::{background::Background, guessing::Guessing},
};

/// Why no SMS goes out, while none does.
#[derive(Clone)]
pub(super) struct SmsLink(Arc<dyn Fn() -> Option<String> + Send + Sync>);

impl SmsLink {
    pub(super) fn down(&self) -> Option<String> {
        (self.0)()
    }
}

impl std::fmt::Debug for SmsLink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("SmsLink").field(&self.down()).finish()
    }
}

/// What runs.
#[derive(Debug)]
pub struct Running {
    agency: Option<ListenHandle>,
    public: Option<ListenHandle>,
    internal: Vec<ListenHandle>,
    ops: Option<SocketAddr>,
    log: Option<Arc<SegmentLog>>,
    directory: Option<Arc<DirectoryWatch>>,
    law: Option<Arc<LawWatch>>,
    background: Vec<Background>,
    smpp: Option<Arc<Smpp>>,
    sender: Option<Arc<Sender>>,
    notifier: Option<Arc<Notifier>>,
    sms_link: Option<SmsLink>,
    sms: Option<SocketAddr>,
    tasks: JoinSet<()>,
    metrics: Arc<Metrics>,
    drain: Duration,
}

impl Running {
    pub(super) fn new(config: &Config) -> Result<Self, ComposeError> {
        Ok(Self {
            agency: None,
            public: None,
            internal: Vec::new(),
            ops: None,
            log: None,
            directory: None,
            law: None,
            background: Vec::new(),
            smpp: None,
            sender: None,
            notifier: None,
            sms_link: None,
            sms: None,
            tasks: JoinSet::new(),
            metrics: Arc::new(Metrics::new().map_err(ComposeError::of("metrics"))?),
            drain: Duration::from_millis(config.listen.drain_timeout_ms),
        })
    }

    pub(super) fn metrics(&self) -> Arc<Metrics> {
        Arc::clone(&self.metrics)
    }

    pub(super) fn agency(&mut self, handle: ListenHandle) {
        listeners::feed(&self.metrics, "agency", handle.counters());
        self.agency = Some(handle);
    }

    pub(super) fn public(&mut self, handle: ListenHandle) {
        listeners::feed(&self.metrics, "public", handle.counters());
        self.public = Some(handle);
    }

    pub(super) fn internal(&mut self, name: &'static str, handle: ListenHandle) {
        listeners::feed(&self.metrics, name, handle.counters());
        self.internal.push(handle);
    }

    pub(super) fn log(&mut self, log: Arc<SegmentLog>) {
        self.log = Some(log);
    }

    pub(super) fn the_log(&self) -> Option<Arc<SegmentLog>> {
        self.log.clone()
    }

    pub(super) fn directory(&mut self, directory: Arc<DirectoryWatch>) {
        self.directory = Some(directory);
    }

    pub(super) fn the_directory(&self) -> Option<Arc<DirectoryWatch>> {
        self.directory.clone()
    }

    /// Follows the law from now on, and tells operators of it.
    pub(super) fn law(&mut self, law: Arc<LawWatch>) {
        let seen = Arc::clone(&law);
        self.metrics.before_render(move |metrics| {
            let shown = |generation| i64::try_from(generation).unwrap_or(i64::MAX);
            metrics.law_generation.set(shown(seen.law().generation()));
            // A store that forgot the law names no generation; it is a refusal all the same.
            metrics.law_refused.set(seen.refused().map_or(0, |(generation, _)| shown(generation.max(1))));
        });
        self.spawn(Arc::clone(&law).run());
        self.law = Some(law);
    }

    pub(super) fn the_law(&self) -> Option<Arc<LawWatch>> {
        self.law.clone()
    }

    /// Takes leave of the network when the process ends.
    pub(super) fn smpp(&mut self, smpp: Arc<Smpp>) {
        self.smpp = Some(smpp);
    }

    /// Empties the outbox for as long as the process runs.
    pub(super) fn sender(&mut self, sender: Arc<Sender>) {
        self.tasks.spawn(Arc::clone(&sender).run());
        self.sender = Some(sender);
    }

    /// Tells agencies for as long as the process runs.
    pub(super) fn notifier(&mut self, notifier: Arc<Notifier>) {
        self.tasks.spawn(Arc::clone(&notifier).run());
        self.notifier = Some(notifier);
    }

    /// Tells operators why no SMS goes out, while none does.
    pub(super) fn sms_link(&mut self, why: impl Fn() -> Option<String> + Send + Sync + 'static) {
        let why = Arc::new(why);
        let asked = Arc::clone(&why);
        self.metrics.before_render(move |metrics| metrics.sms_link_down.set(i64::from(asked().is_some())));
        self.sms_link = Some(SmsLink(why));
    }

    pub(super) fn the_sms_link(&self) -> Option<SmsLink> {
        self.sms_link.clone()
    }

    pub(super) fn sms_listens(&mut self, address: SocketAddr) {
        self.sms = Some(address);
    }

    pub(super) fn ops(&mut self, address: SocketAddr) {
        self.ops = Some(address);
    }

    pub(super) fn background(&mut self, background: Background) {
        self.background.push(background);
    }

    /// Tells operators how many agencies are held.
    pub(super) fn guessing(&mut self, guessing: Arc<Guessing>) {
        self.metrics.before_render(move |metrics| {
            metrics.agencies_held.set(i64::try_from(guessing.held()).unwrap_or(i64::MAX));
        });
    }

    pub(super) fn spawn(&mut self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(task);
    }

    /// Address of the agency listener.
    #[must_use]
    pub fn agency_address(&self) -> Option<SocketAddr> {
        self.agency.as_ref().map(ListenHandle::address)
    }

    /// Address of the public listener.
    #[must_use]
    pub fn public_address(&self) -> Option<SocketAddr> {
        self.public.as_ref().map(ListenHandle::address)
    }

    /// Addresses of the internal listeners, registry before control.
    #[must_use]
    pub fn internal_addresses(&self) -> Vec<SocketAddr> {
        self.internal.iter().map(ListenHandle::address).collect()
    }

    /// Where an aggregator brings messages and receipts.
    #[must_use]
    pub fn sms_address(&self) -> Option<SocketAddr> {
        self.sms
    }

    /// Address of metrics, liveness and readiness.
    #[must_use]
    pub fn ops_address(&self) -> Option<SocketAddr> {
        self.ops
    }

    /// The access log, in a process that plays the gateway.
    #[must_use]
    pub fn access_log(&self) -> Option<Arc<dyn RecordLog>> {
        self.log.clone().map(|log| log as Arc<dyn RecordLog>)
    }

    /// Resolves when the access log has failed for good: the process must then stop and never sign again.
    pub async fn log_failed(&self) -> String {
        let Some(log) = &self.log else { return std::future::pending().await };
        let mut failure = log.failure();
        loop {
            if let Some(why) = failure.borrow_and_update().clone() {
                return why;
            }
            if failure.changed().await.is_err() {
                return std::future::pending().await;
            }
        }
    }

    /// Stops: accepts nothing more, lets requests under way finish, waits for what was promised, signs the last head.
    pub async fn stop(mut self) {
        let outer = [self.agency.take(), self.public.take()].into_iter().flatten();
        for handle in outer.chain(std::mem::take(&mut self.internal)) {
            let cut = handle.stop(self.drain).await;
            if cut > 0 {
                tracing::warn!(connections = cut, "connections were cut at the end of the drain");
            }
        }
        for background in &self.background {
            if tokio::time::timeout(self.drain, background.idle()).await.is_err() {
                tracing::warn!("work behind answers did not end in time");
            }
        }
        if let Some(sender) = &self.sender
            && tokio::time::timeout(self.drain, sender.stop()).await.is_err()
        {
            tracing::warn!("messages that were being handed over did not end in time");
        }
        if let Some(notifier) = &self.notifier
            && tokio::time::timeout(self.drain, notifier.stop()).await.is_err()
        {
            tracing::warn!("notifications that were under way did not end in time");
        }
        if let Some(smpp) = &self.smpp {
            smpp.stop().await;
        }
        self.tasks.shutdown().await;
        if let Some(log) = self.log.take() {
            log.close();
        }
    }
}

/// The listeners' bounds from the configuration; the listener brings down what is beyond its own.
pub(super) fn listen_limits(config: &Config) -> ListenLimits {
    let listen = &config.listen;
    let count = |n: u32| usize::try_from(n).unwrap_or(usize::MAX);
    ListenLimits {
        connections: count(listen.connections_max),
        connections_per_address: count(listen.connections_per_address_max),
        handshakes: count(listen.handshakes_max),
        handshake_time: Duration::from_millis(listen.handshake_timeout_ms),
        head_time: Duration::from_millis(listen.header_timeout_ms),
        body_time: Duration::from_millis(listen.body_timeout_ms),
        reply_time: Duration::from_millis(listen.reply_timeout_ms),
        idle_time: Duration::from_millis(listen.idle_timeout_ms),
    }
}
