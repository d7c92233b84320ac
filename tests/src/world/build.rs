//! Makes a world: certificates, registered keys, people, and a gateway over them.

use std::{collections::HashMap, path::PathBuf, sync::Arc};

use adapters::{
    clock::{ManualClock, SystemClock},
    entropy::SystemEntropy,
};
use exchange::{
    ids::{AgencyId, UserId},
    ports::clock::Clock as _,
    timestamp::Timestamp,
};
use gateway::{
    compose::{self, Keys, seed, stores},
    config::Config,
    demo::{
        taxpayers::Manner,
        world::{cast, certificates, register, stage, tax_service},
    },
};
use registry_core::population::DEMO_SEED;

use super::{Broken, Folder, OPERATOR, World};

/// The least that the demo's cast needs.
const PERSONS: u64 = 2_000;

/// How a world shall be made.
#[derive(Clone, Debug, Default)]
pub struct Builder {
    env: Vec<(String, String)>,
    tax: Option<(PathBuf, Manner)>,
    split: bool,
}

impl Builder {
    /// Sets one setting, named as in the environment without the product's name: `LOG__RESERVE_MIB`.
    #[must_use]
    pub fn set(mut self, name: &str, value: impl Into<String>) -> Self {
        self.env.push((format!("IJAZAT__{name}"), value.into()));
        self
    }

    /// Starts the tax authority's service from this binary, which answers in this manner.
    #[must_use]
    pub fn tax(mut self, binary: &str, manner: Manner) -> Self {
        self.tax = Some((PathBuf::from(binary), manner));
        self
    }

    /// Lets control and registry listen for other processes instead of opening the door.
    #[must_use]
    pub fn internal_only(mut self) -> Self {
        self.split = true;
        self
    }

    /// Makes everything and opens the door.
    ///
    /// # Errors
    /// Whatever could not be made.
    pub async fn start(mut self) -> Result<World, Broken> {
        gateway::tls::install_provider();
        let folder = Folder::new()?;
        // In the midst of a millisecond, which is all that the policies reckon in: time stands still between a citizen's
        // yes and its use, and the yes must hold at once.
        let clock = ManualClock::new(Timestamp::from_micros(SystemClock.now().seconds() * 1_000_000 + 4_137));
        let host = compose::World { clock: Arc::new(clock.clone()), entropy: Arc::new(SystemEntropy::default()) };
        self = self.place(&folder);
        let plain = self.config()?;
        let credentials = certificates(&plain, &host)?;
        let officer_key = register(&plain, &host, &credentials).await?;
        let registrars = registrars(&plain, &host).await?;
        let seeded = seed::seed(&plain, &host, PERSONS, DEMO_SEED, |_| ()).await?;
        let tax = match self.tax.clone() {
            Some((binary, manner)) => Some(tax_service(binary, &plain, manner).await?),
            None => None,
        };
        if let Some(tax) = &tax {
            self = self.reach_tax(&folder, tax.address.port());
        }
        if self.split {
            self = self.listen_inside(&host, &folder)?;
        }
        let config = self.config()?;
        let running = compose::start(config.clone(), host.clone()).await?;
        let nowhere = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
        let addresses = (running.agency_address().unwrap_or(nowhere), running.public_address().unwrap_or(nowhere));
        let stage = stage(&config, &host, addresses, cast(&seeded)?, credentials.clone(), officer_key).await?;
        let keys = Keys::open(&config, host.entropy.as_ref())?;
        let store = stores::control(&config, &host, &keys).await?;
        let world = World {
            config,
            host,
            clock,
            credentials,
            registrars,
            store,
            stage,
            keys,
            settings: self,
            running: Some(running),
            tax,
            folder,
        };
        world.ready().await?;
        Ok(world)
    }

    pub(super) fn config(&self) -> Result<Config, Broken> {
        Ok(Config::load(None, self.env.clone())?)
    }

    /// The settings that every world has; those of the test come later and win.
    fn place(mut self, folder: &Folder) -> Self {
        let own = std::mem::take(&mut self.env);
        self = self.set("NODE__STATE_DIR", folder.0.display().to_string());
        for name in ["AGENCY", "PUBLIC", "OPS"] {
            self = self.set(&format!("LISTEN__{name}"), "127.0.0.1:0");
        }
        // A segment is written whole before its first use.
        self = self.set("LOG__SEGMENT_MIB", "1");
        self.env.extend(own);
        self
    }

    fn reach_tax(self, folder: &Folder, port: u16) -> Self {
        let pki = folder.0.join("pki");
        self.set("UPSTREAM__FBR__URL", format!("https://127.0.0.1:{port}"))
            .set("UPSTREAM__FBR__CA", pki.join("internal-ca.pem").display().to_string())
            .set("UPSTREAM__FBR__CLIENT_CERT", pki.join("internal.pem").display().to_string())
            .set("UPSTREAM__FBR__CLIENT_KEY", pki.join("internal.key").display().to_string())
    }

    fn listen_inside(self, host: &compose::World, folder: &Folder) -> Result<Self, Broken> {
        let key = folder.0.join("keys").join("permit.key");
        adapters::log::keys::load_or_create(&key, host.entropy.as_ref())?;
        Ok(self
            .set("NODE__ROLES", "control,registry")
            .set("LISTEN__INTERNAL_CONTROL", "127.0.0.1:0")
            .set("LISTEN__INTERNAL_REGISTRY", "127.0.0.1:0"))
    }
}

/// Gives each of the operator's registrars a signing key of their own.
async fn registrars(config: &Config, host: &compose::World) -> Result<HashMap<&'static str, String>, Broken> {
    let keys = Keys::open(config, host.entropy.as_ref())?;
    let store = stores::control(config, host, &keys).await?;
    let mut made = HashMap::new();
    for user in ["registrar-1", "registrar-2"] {
        let key = rcgen::KeyPair::generate()?;
        let public = Some(key.public_key_pem());
        store.set_user_assertion_key(&AgencyId::parse(OPERATOR)?, &UserId::parse(user)?, public).await?;
        made.insert(user, key.serialize_pem());
    }
    store.database().close().await;
    Ok(made)
}
