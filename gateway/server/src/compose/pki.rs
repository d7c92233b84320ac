//! Certificates: the development PKI on first start, and the files that are watched ever after.

use crate::{
    config::Config,
    pki::store::{Authorities, World as PkiWorld},
    tls::{CertificateFiles, ListenerTls, ServerCertificate, TrustFiles, TrustState},
};

use std::sync::Arc;

use super::{ComposeError, World};

/// Makes the development authorities and our own certificates where they are missing.
pub(super) fn ensure(config: &Config, world: &World) -> Result<(), ComposeError> {
    let folder = config.node.state_dir.join("pki");
    let host = PkiWorld { clock: world.clock.as_ref(), entropy: world.entropy.as_ref() };
    Authorities::ensure(&folder, &config.node.name, &config.node.origin, host)
        .map(drop)
        .map_err(ComposeError::of("development PKI"))
}

/// What the outer listeners show and trust, with the files that they came from.
#[derive(Debug)]
pub(super) struct Outer {
    pub certificate: Arc<ServerCertificate>,
    pub certificate_files: CertificateFiles,
    pub clients: Arc<TrustState>,
    pub client_files: TrustFiles,
}

impl Outer {
    pub(super) fn load(config: &Config) -> Result<Self, ComposeError> {
        let certificate_files =
            CertificateFiles { chain: config.tls.server_cert.clone(), key: config.tls.server_key.clone() };
        let client_files =
            TrustFiles { roots: config.tls.client_ca.clone(), lists: vec![config.tls.client_crl.clone()] };
        Ok(Self {
            certificate: certificate_files.load().map_err(ComposeError::of("server certificate"))?,
            clients: client_files.load().map_err(ComposeError::of("client authorities"))?,
            certificate_files,
            client_files,
        })
    }
}

/// What an internal listener shows and trusts.
pub(super) fn internal(config: &Config) -> Result<ListenerTls, ComposeError> {
    let files = CertificateFiles { chain: config.tls.internal_cert.clone(), key: config.tls.internal_key.clone() };
    let trust = TrustFiles { roots: config.tls.internal_ca.clone(), lists: Vec::new() };
    Ok(ListenerTls {
        certificate: files.load().map_err(ComposeError::of("internal certificate"))?,
        clients: Some(trust.load().map_err(ComposeError::of("internal authority"))?),
    })
}
