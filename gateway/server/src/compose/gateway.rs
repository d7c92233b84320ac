//! The gateway role: the log, the door over its parts, and the two outer listeners.

use std::{collections::HashMap, num::NonZeroU32, sync::Arc, time::Duration};

use adapters::{
    log::SegmentLog,
    quotas::RedisQuotas,
    sql::{
        control::{ConsentRevisions, ControlStore, Poster},
        index::{IndexStore, Indexer, Opener},
    },
    upstream::embedded::Embedded,
};
use axum::Router;
use exchange::{
    ids::UpstreamId,
    permit::PermitMint,
    ports::{
        citizen_keys::CitizenKeys, consent_tokens::ConsentTokens, idempotency::IdempotencyKeys, proposals::Proposals,
        quotas::Quotas, record_log::RecordLog, shared_quotas::SharedQuotas, unrecorded::UnrecordedChanges,
        upstream::Upstream, wallets::Wallets,
    },
};

use super::{
    ChangeLog, ComposeError, Keys, World, control::Control, notify, pki::Outer, registry::Registry, running::Running,
    sms, stores, tasks, upstreams,
};
use crate::{
    config::{Config, ProcessRole, UpstreamKind},
    door::{Door, Listener},
    listen::{self, ListenOptions},
    observe::rated::RatedLog,
    phases::{
        assertion::SeenAssertions,
        counted::CountedRefusals,
        limit::{LimitNumbers, Limits},
        parts::{Parts, Revocations},
        shared::{Nowhere, SharedQuota},
    },
    pipeline::Pipeline,
    routes::control::{
        audit, audit::AuditParts, checkpoint, checkpoint::CheckpointParts, receipt, receipt::ReceiptParts, usage,
        usage::UsageParts,
    },
    tls::{ListenerTls, TrustState, Watcher},
};

impl Revocations for TrustState {
    fn is_revoked(&self, serial: &str) -> bool {
        TrustState::is_revoked(self, serial)
    }
}

/// Builds the door, opens its listeners and starts its background work.
pub(super) async fn build(
    config: &Config,
    world: &World,
    keys: &Keys,
    registry: Option<&Registry>,
    running: &mut Running,
) -> Result<(), ComposeError> {
    let log = stores::log(config, world, keys, running.metrics())?;
    running.log(Arc::clone(&log));
    let since = log.durable_size();
    let (rated, counted) = RatedLog::new(Arc::clone(&log) as Arc<dyn RecordLog>, running.metrics());
    let control = Control::open(config, world, keys).await?;
    let index = stores::index(config).await?;
    let opener = Opener::new(Arc::clone(&log) as Arc<dyn RecordLog>, keys.side()?);
    let indexer = Indexer::new(opener.clone(), index.clone());
    let outer = Outer::load(config)?;
    let record = record_router(&control, &log, opener, &indexer, index);
    let upstreams = upstreams(config, world, keys, &control, registry, record)?;
    let parts = Arc::new(parts(config, world, keys, &control, Arc::new(rated), &outer, upstreams, running)?);
    let door = Arc::new(Pipeline::new(parts));
    let changes = change_log(&control, &log, keys, world)?;
    // Before the first request, so that what was changed while nothing ran stands before what was answered under it.
    tasks::record_changes(&changes).await;
    // A key whose process died behind its record must be known as done before its client asks again.
    tasks::post_once(&Poster::new(Arc::clone(&log) as Arc<dyn RecordLog>, Arc::clone(&control.store))).await;
    // All this took its time: the first request is decided by a directory as fresh as the later ones.
    control.directory.confirm().await.map_err(ComposeError::of("directory"))?;
    listeners(config, &outer, &door, running)?;
    // Behind a balancer, which production has, the port is not the one that clients know.
    if let (true, None, Some(address)) = (config.node.development, &config.listen.agency_url, running.agency_address())
    {
        control.issuer.listens(&config.node.origin, address.port());
    }
    running.spawn(tasks::changes(changes));
    let watcher =
        Watcher::new().certificate(outer.certificate_files, outer.certificate).trust(outer.client_files, outer.clients);
    if config.node.plays(ProcessRole::Control) {
        // What citizens text changes consents, which control alone can sign.
        sms::begin(config, world, &control.store, running).await?;
        notify::begin(config, world, &control.store, &control.issuer, running)?;
    }
    tasks::gateway(&door, indexer, watcher, &control, (counted, since), running);
    Ok(())
}

/// Where operators' changes and citizens' words become leaves.
fn change_log(control: &Control, log: &Arc<SegmentLog>, keys: &Keys, world: &World) -> Result<ChangeLog, ComposeError> {
    Ok(ChangeLog {
        changes: vec![
            Arc::clone(&control.store) as Arc<dyn UnrecordedChanges>,
            Arc::new(ConsentRevisions(Arc::clone(&control.store))) as Arc<dyn UnrecordedChanges>,
        ],
        log: Arc::clone(log) as Arc<dyn RecordLog>,
        side_key: keys.side()?,
        entropy: Arc::clone(&world.entropy),
    })
}

/// What is read of the record, which stands where the log is.
fn record_router(
    control: &Control,
    log: &Arc<SegmentLog>,
    opener: Opener,
    indexer: &Indexer,
    index: IndexStore,
) -> Router {
    let log = Arc::clone(log) as Arc<dyn RecordLog>;
    let usage = UsageParts {
        opener: opener.clone(),
        indexer: indexer.clone(),
        index: index.clone(),
        directory: Arc::clone(&control.directory),
    };
    let audit = AuditParts {
        opener,
        indexer: indexer.clone(),
        index,
        keys: Arc::clone(&control.store) as Arc<dyn CitizenKeys>,
    };
    let receipt = ReceiptParts { log: Arc::clone(&log), directory: Arc::clone(&control.directory) };
    Router::new()
        .merge(audit::routes(Arc::new(audit)))
        .merge(usage::routes(Arc::new(usage)))
        .merge(receipt::routes(Arc::new(receipt)))
        .merge(checkpoint::routes(Arc::new(CheckpointParts { log })))
}

fn upstreams(
    config: &Config,
    world: &World,
    keys: &Keys,
    control: &Control,
    registry: Option<&Registry>,
    record: Router,
) -> Result<HashMap<UpstreamId, Arc<dyn Upstream>>, ComposeError> {
    let mut all: HashMap<UpstreamId, Arc<dyn Upstream>> = HashMap::new();
    for (id, settings) in &config.upstreams {
        let upstream = match (settings.kind, id.as_str(), registry) {
            (UpstreamKind::Embedded, "control", Some(registry)) => {
                Arc::new(Embedded::new(control.router(config, world, keys, registry)?))
            }
            (UpstreamKind::Embedded, "registry", Some(registry)) => {
                Arc::new(Embedded::new(crate::routes::registry::router(Arc::clone(&registry.service))))
            }
            (UpstreamKind::Embedded, ..) => continue,
            _ => upstreams::remote(config, settings, world)?,
        };
        all.insert(id.clone(), upstream);
    }
    let here = UpstreamId::parse("record").map_err(ComposeError::of("upstreams"))?;
    all.insert(here, Arc::new(Embedded::new(record)));
    Ok(all)
}

#[expect(clippy::too_many_arguments, reason = "the composition hands over every part once")]
#[expect(clippy::disallowed_methods, reason = "the composition makes the process's one mint")]
fn parts(
    config: &Config,
    world: &World,
    keys: &Keys,
    control: &Control,
    log: Arc<RatedLog>,
    outer: &Outer,
    upstreams: HashMap<UpstreamId, Arc<dyn Upstream>>,
    running: &Running,
) -> Result<Parts, ComposeError> {
    let store: Arc<ControlStore> = Arc::clone(&control.store);
    Ok(Parts {
        law: Arc::clone(control.law.law()),
        directory: Arc::clone(&control.directory),
        revocations: Arc::clone(&outer.clients) as Arc<dyn Revocations>,
        mint: PermitMint::new(),
        log: log as Arc<dyn RecordLog>,
        side_key: keys.side()?,
        citizen_keys: Arc::clone(&store) as Arc<dyn CitizenKeys>,
        idempotency: Arc::clone(&store) as Arc<dyn IdempotencyKeys>,
        proposals: Arc::clone(&store) as Arc<dyn Proposals>,
        wallets: Arc::clone(&store) as Arc<dyn Wallets>,
        quotas: Arc::clone(&store) as Arc<dyn Quotas>,
        tokens: store as Arc<dyn ConsentTokens>,
        upstreams,
        limits: limits(config, world, running)?,
        counted: CountedRefusals::default(),
        assertions: SeenAssertions::default(),
        clock: Arc::clone(&world.clock),
        entropy: Arc::clone(&world.entropy),
        metrics: running.metrics(),
        assertion_audience: config.node.origin.clone(),
    })
}

fn limits(config: &Config, world: &World, running: &Running) -> Result<Limits, ComposeError> {
    let wait = Duration::from_millis(exchange::limits::QUOTA_WAIT_MS);
    let quotas: Arc<dyn SharedQuotas> = match (&config.limits.shared, config.limits.nodes) {
        (None, 1) => return Ok(Limits::new(numbers(config))),
        (None, _) => Arc::new(Nowhere),
        (Some(url), _) => Arc::new(RedisQuotas::new(url.expose(), wait).map_err(ComposeError::of("shared quotas"))?),
    };
    let (clock, metrics) = (Arc::clone(&world.clock), running.metrics());
    let shared = SharedQuota::new(quotas, (config.limits.nodes, wait), clock, metrics);
    Ok(Limits::new(numbers(config)).sharing(Arc::new(shared)))
}

fn numbers(config: &Config) -> LimitNumbers {
    let at_least_one = |n: u32| NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN);
    LimitNumbers {
        user_per_s: at_least_one(config.limits.user_per_s),
        service_per_s: at_least_one(config.limits.service_per_s),
        public_per_s: at_least_one(config.limits.public_per_s),
        agency_per_s_max: at_least_one(config.limits.agency_per_s),
    }
}

fn listeners(config: &Config, outer: &Outer, door: &Arc<Pipeline>, running: &mut Running) -> Result<(), ComposeError> {
    let limits = super::running::listen_limits(config);
    let open = |listener, address, clients| {
        let tls = ListenerTls { certificate: Arc::clone(&outer.certificate), clients };
        let options = ListenOptions { listener, tls, limits };
        listen::serve(address, options, Arc::clone(door) as Arc<dyn Door>)
    };
    let agency = open(Listener::Agency, config.listen.agency, Some(Arc::clone(&outer.clients)))
        .map_err(ComposeError::of("agency listener"))?;
    running.agency(agency);
    let public = open(Listener::Public, config.listen.public, None).map_err(ComposeError::of("public listener"))?;
    running.public(public);
    Ok(())
}
