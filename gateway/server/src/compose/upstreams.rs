//! Upstreams elsewhere: another of our processes with permits, another agency's API with our certificate only.

use std::{path::Path, sync::Arc};

use adapters::upstream::{
    breaker::{Breaker, BreakerLimits},
    remote::{PermitTokens, Remote},
};
use exchange::{permit::PermitKey, ports::upstream::Upstream};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};

use super::{ComposeError, World};
use crate::config::{Config, Upstream as Settings, UpstreamKind};

/// A client of one configured upstream, behind its circuit.
pub(super) fn remote(config: &Config, settings: &Settings, world: &World) -> Result<Arc<dyn Upstream>, ComposeError> {
    let url = settings.url.as_ref().map(ToString::to_string).unwrap_or_default();
    let tokens = match (settings.kind, &settings.permit_key) {
        (UpstreamKind::Internal, Some(path)) => Some(PermitTokens {
            audience: settings.id.clone(),
            key: PermitKey::new(&adapters::log::keys::load(path).map_err(ComposeError::of("permit key"))?),
            clock: Arc::clone(&world.clock),
            entropy: Arc::clone(&world.entropy),
        }),
        _ => None,
    };
    let remote = Remote::new(&url, tls(config, settings)?, tokens);
    Ok(guarded(remote, settings, world))
}

/// Puts a circuit around an upstream.
pub(super) fn guarded<U: Upstream + 'static>(upstream: U, settings: &Settings, world: &World) -> Arc<dyn Upstream> {
    let limits = BreakerLimits {
        failures: settings.breaker_failures,
        open_ms: i64::try_from(settings.breaker_open_ms).unwrap_or(i64::MAX),
    };
    Arc::new(Breaker::new(upstream, limits, Arc::clone(&world.clock)))
}

fn tls(config: &Config, settings: &Settings) -> Result<ClientConfig, ComposeError> {
    let ours = settings.kind == UpstreamKind::Internal;
    let or_internal =
        |path: &Option<std::path::PathBuf>, internal: &Path| path.clone().or_else(|| ours.then(|| internal.to_owned()));
    let mut roots = RootCertStore::empty();
    if let Some(path) = or_internal(&settings.ca, &config.tls.internal_ca) {
        for certificate in read_all(&path)? {
            roots.add(certificate).map_err(ComposeError::of("upstream authority"))?;
        }
    }
    let builder = ClientConfig::builder().with_root_certificates(roots);
    let certificate = or_internal(&settings.client_cert, &config.tls.internal_cert);
    let key = or_internal(&settings.client_key, &config.tls.internal_key);
    let (Some(certificate), Some(key)) = (certificate, key) else { return Ok(builder.with_no_client_auth()) };
    let key = PrivateKeyDer::from_pem_file(&key).map_err(ComposeError::of("upstream client key"))?;
    builder.with_client_auth_cert(read_all(&certificate)?, key).map_err(ComposeError::of("upstream client certificate"))
}

fn read_all(path: &Path) -> Result<Vec<CertificateDer<'static>>, ComposeError> {
    let what = "upstream certificate";
    CertificateDer::pem_file_iter(path)
        .map_err(ComposeError::of(what))?
        .collect::<Result<Vec<_>, _>>()
        .map_err(ComposeError::of(what))
}
