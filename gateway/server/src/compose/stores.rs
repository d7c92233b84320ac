//! Databases of the roles: SQLite files in the state folder, or PostgreSQL by its URL.

use std::sync::Arc;

use adapters::{
    log::{LogObserver, LogOptions, SegmentLog},
    sql::{Database, control::ControlStore, index::IndexStore},
};

use exchange::directory::DirectoryData;

use super::{ComposeError, Keys, World, sample};
use crate::config::Config;

/// Opens the control store; an empty one in development begins with the sample directory.
///
/// # Errors
/// [`ComposeError`].
pub async fn control(config: &Config, world: &World, keys: &Keys) -> Result<Arc<ControlStore>, ComposeError> {
    control_store(config, world, keys).await.map(Arc::new)
}

/// As [`control`], for a command that names its operator.
///
/// # Errors
/// [`ComposeError`].
pub async fn control_store(config: &Config, world: &World, keys: &Keys) -> Result<ControlStore, ComposeError> {
    let what = "control database";
    let database = Database::open(config.database.control.expose(), "control").await.map_err(ComposeError::of(what))?;
    let (clock, entropy) = (Arc::clone(&world.clock), Arc::clone(&world.entropy));
    let store = Box::pin(ControlStore::open(database, keys.control()?, clock, entropy));
    let store = store.await.map_err(ComposeError::of(what))?;
    if config.node.development {
        seed_directory(&store).await?;
    }
    Ok(store)
}

async fn seed_directory(store: &ControlStore) -> Result<(), ComposeError> {
    use exchange::ports::directory_source::DirectorySource as _;
    let (_, data) = store.read().await.map_err(ComposeError::of("control database"))?;
    let seed = match (data.agencies.is_empty(), data.rate_books.is_empty()) {
        (true, _) => sample::directory()?,
        // A state from before rate books stood in the directory.
        (false, true) => DirectoryData { rate_books: sample::rates()?, ..data },
        (false, false) => return Ok(()),
    };
    store.replace_directory(&seed).await.map_err(ComposeError::of("control database")).map(drop)
}

/// Opens the index of the access log.
///
/// # Errors
/// [`ComposeError`].
pub async fn index(config: &Config) -> Result<IndexStore, ComposeError> {
    let what = "index database";
    let database = Database::open(config.database.index.expose(), "index").await.map_err(ComposeError::of(what))?;
    IndexStore::open(database).await.map_err(ComposeError::of(what))
}

/// Name of this node's log in checkpoints and receipts.
#[must_use]
pub fn log_origin(config: &Config) -> String {
    format!("{}/{}", config.node.origin, config.node.name)
}

/// Opens the access log of this node; only one process can. The observer is told of each sync.
///
/// # Errors
/// [`ComposeError`]: in use, corrupt, or the disk.
pub fn log(
    config: &Config,
    world: &World,
    keys: &Keys,
    observer: Arc<dyn LogObserver>,
) -> Result<Arc<SegmentLog>, ComposeError> {
    let mut options = LogOptions::new(
        config.log.dir.clone(),
        &log_origin(config),
        &config.node.name,
        keys.log_seed()?,
        Arc::clone(&world.clock),
    );
    options.segment_bytes = u64::from(config.log.segment_mib) << 20;
    options.reserve_bytes = u64::from(config.log.reserve_mib) << 20;
    options.checkpoint_every = std::time::Duration::from_millis(config.log.checkpoint_interval_ms);
    options.observer = observer;
    SegmentLog::open(options).map(Arc::new).map_err(ComposeError::of("access log"))
}
