//! The registry: its store by the configuration's database, its service, and whether a citizen may be asked.

use std::sync::Arc;

use adapters::sql::{Database, registry::RegistrySql};
use async_trait::async_trait;
use exchange::{
    cnic::Cnic,
    ports::{
        clock::Clock,
        subject_status::{SubjectStatus, SubjectStatusUnavailable},
    },
};
use registry_core::{date::Day, ports::store::RegistryStore, service::RegistryService};

use super::{ComposeError, World, control, pki, running::Running};
use crate::{config::Config, listen, routes};

/// The registry's parts that others stand on.
#[derive(Debug)]
pub(super) struct Registry {
    pub service: Arc<RegistryService>,
    status: Arc<dyn SubjectStatus>,
}

impl Registry {
    pub(super) fn status(&self) -> Arc<dyn SubjectStatus> {
        Arc::clone(&self.status)
    }
}

/// Opens the registry's store.
pub(super) async fn store(config: &Config) -> Result<Arc<dyn RegistryStore>, ComposeError> {
    let what = "registry database";
    let database =
        Database::open(config.database.registry.expose(), "registry").await.map_err(ComposeError::of(what))?;
    Ok(Arc::new(RegistrySql::open(database).await.map_err(ComposeError::of(what))?))
}

/// Opens the registry's store and makes its service.
pub(super) async fn service(config: &Config, world: &World) -> Result<Registry, ComposeError> {
    let store = store(config).await?;
    let service = RegistryService::new(Arc::clone(&store), Arc::clone(&world.entropy));
    let status = Arc::new(Askable { store, clock: Arc::clone(&world.clock) });
    Ok(Registry { service: Arc::new(service), status })
}

/// Whether a citizen may be asked, as the registry knows it.
#[derive(Debug)]
struct Askable {
    store: Arc<dyn RegistryStore>,
    clock: Arc<dyn Clock>,
}

#[async_trait]
impl SubjectStatus for Askable {
    async fn may_be_asked(&self, cnic: Cnic) -> Result<bool, SubjectStatusUnavailable> {
        let person = self.store.person(cnic).await.map_err(|error| SubjectStatusUnavailable(error.to_string()))?;
        let Some(today) = Day::at(self.clock.now()) else { return Ok(false) };
        // A minor has no card of an adult's kind that is active; the guardian's consent is a later issue.
        Ok(person.is_some_and(|person| person.verifiable(cnic, today).is_ok()))
    }
}

/// Serves the registry to the gateway's process.
pub(super) fn listen(
    config: &Config,
    world: &World,
    registry: &Registry,
    running: &mut Running,
) -> Result<(), ComposeError> {
    let Some(address) = config.listen.internal_registry else { return Ok(()) };
    let handle = listen::internal::serve(
        address,
        pki::internal(config)?,
        super::running::listen_limits(config),
        control::verifier(config, world, "registry")?,
        routes::registry::router(Arc::clone(&registry.service)),
        Arc::clone(&world.clock),
    )
    .map_err(ComposeError::of("registry listener"))?;
    running.internal("registry", handle);
    Ok(())
}
