//! The process's own secrets: 32 bytes a file, mode 0600, made on first use by the role that owns them (ops/KEYS.md).

use std::{
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use adapters::{
    log::keys::{load, load_or_create},
    sql::control::ControlKeys,
};
use exchange::{
    es256::{KeyRing, SigningKey},
    ports::entropy::Entropy,
    record::seal::SealingKey,
};

use super::ComposeError;
use crate::{
    config::{Config, ProcessRole},
    routes::control::openid::{
        id_token::IdTokens,
        issuer::Issuer,
        signing::{REVISIONS, SigningKeys},
    },
};

/// Keys of control's that a gateway in another process must hold too: lookup, wrapping, pepper.
pub const SHARED_KEYS: [&str; 3] = ["lookup.key", "wrapping.key", "pepper.key"];

/// Where the keys are, and those that the roles of this process use.
pub struct Keys {
    folder: PathBuf,
    log: Option<LogKeys>,
    /// In the order of [`SHARED_KEYS`].
    control: Option<[[u8; 32]; 3]>,
    /// Signs revisions of consents: control's alone.
    revisions: Option<[u8; 32]>,
}

struct LogKeys {
    seed: [u8; 32],
    side: Arc<SealingKey>,
}

/// The folder and nothing of what is in it.
impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keys").field("folder", &self.folder).finish_non_exhaustive()
    }
}

impl Keys {
    /// Reads the keys of this process's roles under `<state>/keys`. The role that owns a key makes it where it is missing:
    /// a gateway those of its log, control those of its store. A gateway without control makes control's in development
    /// only: two processes that each made their own would not find each other's consents.
    ///
    /// # Errors
    /// [`ComposeError`] naming the file that is missing, exposed, cut or unwritable.
    pub fn open(config: &Config, entropy: &dyn Entropy) -> Result<Self, ComposeError> {
        let folder = config.node.state_dir.join("keys");
        let (gateway, plays_control) =
            (config.node.plays(ProcessRole::Gateway), config.node.plays(ProcessRole::Control));
        let development = config.node.development;
        if gateway || plays_control || development {
            make_folder(&folder)?;
        }
        let read = |name: &str, owned: bool| {
            let path = folder.join(name);
            let key = if owned || development { load_or_create(&path, entropy) } else { load(&path) };
            key.map_err(ComposeError::of("keys"))
        };
        let log = if gateway {
            let side = SealingKey::new(&read("side.key", true)?).map_err(ComposeError::of("keys"))?;
            Some(LogKeys { seed: read("log.key", true)?, side: Arc::new(side) })
        } else {
            None
        };
        let [lookup, wrapping, pepper] = SHARED_KEYS;
        let control = if gateway || plays_control {
            Some([read(lookup, plays_control)?, read(wrapping, plays_control)?, read(pepper, plays_control)?])
        } else {
            None
        };
        let revisions = plays_control.then(|| read(REVISIONS, true)).transpose()?;
        Ok(Self { folder, log, control, revisions })
    }

    /// Seals side records.
    ///
    /// # Errors
    /// [`ComposeError`] in a process that does not play the gateway.
    pub fn side(&self) -> Result<Arc<SealingKey>, ComposeError> {
        Ok(Arc::clone(&self.log()?.side))
    }

    /// Seed of the checkpoints' Ed25519 key.
    ///
    /// # Errors
    /// [`ComposeError`] in a process that does not play the gateway.
    pub fn log_seed(&self) -> Result<[u8; 32], ComposeError> {
        Ok(self.log()?.seed)
    }

    /// The control store's keys.
    ///
    /// # Errors
    /// [`ComposeError`] in a process that plays neither gateway nor control.
    pub fn control(&self) -> Result<ControlKeys, ComposeError> {
        let [lookup, wrapping, pepper] = self.control.as_ref().ok_or_else(|| not_ours("gateway or control"))?;
        let keys = ControlKeys::new(lookup, wrapping, pepper).map_err(ComposeError::of("keys"))?;
        let Some(secret) = &self.revisions else { return Ok(keys) };
        let key = SigningKey::new(secret).map_err(ComposeError::of(REVISIONS))?;
        Ok(keys.signing_revisions(key))
    }

    /// The published half of the key that signs revisions of consents.
    ///
    /// # Errors
    /// [`ComposeError`] in a process that does not play control.
    pub fn revision_ring(&self) -> Result<KeyRing, ComposeError> {
        let secret = self.revisions.as_ref().ok_or_else(|| not_ours("control"))?;
        let key = SigningKey::new(secret).map_err(ComposeError::of(REVISIONS))?;
        Ok([key.public().clone()].into_iter().collect())
    }

    /// Seed of the key that signs statements; made when it is first asked for, which no start does.
    ///
    /// # Errors
    /// [`ComposeError`] naming the file that is exposed, cut or unwritable.
    pub fn statements(config: &Config, entropy: &dyn Entropy) -> Result<[u8; 32], ComposeError> {
        let path = config.node.state_dir.join("keys").join("statements.key");
        load_or_create(&path, entropy).map_err(ComposeError::of("keys"))
    }

    /// The keys that sign `id_token`s, and the secret behind agencies' names for citizens: control's, made where they are missing.
    ///
    /// # Errors
    /// [`ComposeError`] naming the file that is exposed, cut or unwritable.
    pub fn id_tokens(
        config: &Config,
        issuer: Issuer,
        entropy: &dyn Entropy,
    ) -> Result<(SigningKeys, IdTokens), ComposeError> {
        let folder = config.node.state_dir.join("keys");
        let signing = SigningKeys::open(&folder, entropy).map_err(ComposeError::of("keys"))?;
        let pairwise = load_or_create(&folder.join("pairwise.key"), entropy).map_err(ComposeError::of("keys"))?;
        Ok((signing.clone(), IdTokens::new(issuer, signing, &pairwise)))
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn log(&self) -> Result<&LogKeys, ComposeError> {
        self.log.as_ref().ok_or_else(|| not_ours("gateway"))
    }
}

fn not_ours(roles: &str) -> ComposeError {
    ComposeError { what: "keys", why: format!("only a process that plays {roles} has them") }
}

fn make_folder(folder: &Path) -> Result<(), ComposeError> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true).mode(0o700).create(folder).map_err(ComposeError::of("keys"))
}

#[cfg(test)]
#[path = "keys_tests.rs"]
mod tests;
