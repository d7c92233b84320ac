//! Where a law is read from: a folder, a signed file, or the installation itself.

use std::{fs::File, io::Read as _, path::Path};

use adapters::sql::control::ControlStore;
use exchange::ports::law_source::LawSource as _;
use policies::{
    Bundle,
    manifest::Manifest,
    pack::{PACK_BYTES_MAX, Pack},
    source::Source,
};

use super::super::{control, failure::Failure, runtime::block_on};
use crate::{
    compose::{self, World},
    config::Config,
    law::{Loader, TrustedKeys},
};

/// A law, wherever it came from.
#[derive(Debug)]
pub(super) struct Law {
    /// Where it came from, for messages.
    pub name: String,
    /// Its files.
    pub source: Source,
    /// Its signed form, if it has one.
    pub pack: Option<Pack>,
}

impl Law {
    /// Loads it with every check.
    pub fn bundle(&self) -> Result<Bundle, Failure> {
        Bundle::load(&self.source).map_err(|error| Failure::Failed(format!("{}: {error}", self.name)))
    }

    /// Its manifest: the signed one, or that of a law that follows nothing.
    pub fn manifest(&self) -> Result<Manifest, Failure> {
        match &self.pack {
            Some(pack) => Ok(pack.manifest().clone()),
            None => Manifest::of(&self.source, None).map_err(|error| Failure::Failed(error.to_string())),
        }
    }
}

/// The law of this path; without one, the law in force.
pub(super) fn law_or_in_force(path: Option<&Path>, config: &Config) -> Result<Law, Failure> {
    path.map_or_else(|| in_force(config), law)
}

/// The law in a folder or a signed file.
pub(super) fn law(path: &Path) -> Result<Law, Failure> {
    let name = path.display().to_string();
    if path.is_dir() {
        let source = Source::from_dir(path).map_err(|error| Failure::Failed(format!("{name}: {error}")))?;
        return Ok(Law { name, source, pack: None });
    }
    let pack = pack(path)?;
    Ok(Law { name, source: pack.source().clone(), pack: Some(pack) })
}

/// A signed file.
pub(super) fn pack(path: &Path) -> Result<Pack, Failure> {
    let shown = path.display();
    let file = File::open(path).map_err(|error| Failure::Usage(format!("{shown}: cannot be read: {error}")))?;
    let mut bytes = Vec::new();
    let read = file.take(PACK_BYTES_MAX as u64 + 1).read_to_end(&mut bytes);
    read.map_err(|error| Failure::Usage(format!("{shown}: cannot be read: {error}")))?;
    Pack::from_bytes(&bytes).map_err(|error| Failure::Failed(format!("{shown} {error}")))
}

/// The law that was activated here, or the one to begin with. It is not verified: `policy status` says whether it holds.
pub(super) fn in_force(config: &Config) -> Result<Law, Failure> {
    let activated = if has_store(config) {
        block_on(async {
            let store = control::open(config).await?;
            let activated = store.activated().await;
            store.database().close().await;
            activated.map_err(|error| Failure::Failed(error.to_string()))
        })?
    } else {
        None
    };
    let Some(activated) = activated else {
        return Ok(Law {
            name: "the law to begin with".to_owned(),
            source: compose::control::base(config)?,
            pack: None,
        });
    };
    let name = format!("generation {}", activated.mark.generation);
    let pack = Pack::from_bytes(&activated.pack).map_err(|error| Failure::Failed(format!("{name} {error}")))?;
    Ok(Law { name, source: pack.source().clone(), pack: Some(pack) })
}

/// Whether there is a control store that could know a law: a look makes none.
pub(super) fn has_store(config: &Config) -> bool {
    let absent = config.database.control.sqlite_path().is_some_and(|path| !path.exists());
    !absent && config.node.state_dir.join("keys").exists()
}

/// What judges bundles here as the gateway does, with the prices of the directory in the store.
pub(super) async fn loader(config: &Config, store: &ControlStore) -> Result<Loader, Failure> {
    let books = compose::control::books(store, &World::host().clock).await?;
    Ok(loader_without_prices(config)?.priced_by(books))
}

/// As [`loader`] where there is no store, and hence no price.
pub(super) fn loader_without_prices(config: &Config) -> Result<Loader, Failure> {
    let base = Manifest::of(&compose::control::base(config)?, None);
    let base = base.map_err(|error| Failure::Failed(error.to_string()))?;
    Ok(Loader::new(base, TrustedKeys::of(config)))
}

/// The bundle's own cases, which must be kept before anyone signs.
pub(super) fn keeps_its_cases(bundle: &Bundle) -> Result<(), Failure> {
    let broken = bundle.run_cases();
    match broken.first() {
        None => Ok(()),
        Some(first) => {
            let count = broken.len();
            Err(Failure::Failed(format!(
                "{count} of its own cases are not kept (`ijazat policy test`), first: {first}"
            )))
        }
    }
}
