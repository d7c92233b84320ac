//! How agencies are told: the courier with the authorities and networks that the configuration names, the key that signs events, and
//! what empties the outbox by them.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use adapters::{
    notify::{Event, EventSigner, HttpsCourier, Notifier, NotifierCounts, sender::KindCounts},
    sql::control::ControlStore,
};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject as _},
};
use serde_json::json;

use super::{ComposeError, Keys, World, running::Running};
use crate::{
    config::{Config, Notify},
    observe::metrics::Metrics,
    routes::control::openid::{issuer::Issuer, signing::SigningKeys},
};

/// Type of a security event token (RFC 8417 §2.3): nobody takes it for an `id_token`.
const EVENT_TYP: &str = "secevent+jwt";

/// Begins to tell agencies, from a process that plays control.
///
/// # Errors
/// [`ComposeError`] for an authority's file or a key that cannot be read.
pub(super) fn begin(
    config: &Config,
    world: &World,
    store: &Arc<ControlStore>,
    issuer: &Issuer,
    running: &mut Running,
) -> Result<(), ComposeError> {
    let (keys, _) = Keys::id_tokens(config, issuer.clone(), world.entropy.as_ref())?;
    let courier = HttpsCourier::new(tls(&config.notify)?, config.notify.networks.clone());
    let signer = Signer { issuer: issuer.clone(), keys };
    let name = config.node.name.clone();
    let notifier = Notifier::new(Arc::clone(store), Arc::new(courier), Arc::new(signer), name);
    feed(&running.metrics(), notifier.counts());
    running.notifier(notifier);
    running.spawn(super::tasks::notifications(Arc::clone(store)));
    Ok(())
}

/// Signs events by the key that the door publishes.
#[derive(Debug)]
struct Signer {
    issuer: Issuer,
    keys: SigningKeys,
}

impl EventSigner for Signer {
    /// The claims of RFC 8417 §2.2: no `sub`, which would let it pass for a token, and no `exp`, since what happened stays so.
    fn sign(&self, event: &Event<'_>) -> Result<String, String> {
        let signer = self.keys.signer().map_err(|error| error.to_string())?;
        let claims = json!({
            "iss": *self.issuer.url(),
            "aud": event.agency,
            "iat": event.at.seconds(),
            "toe": event.at.seconds(),
            "jti": event.id,
            "events": event.events,
        });
        signer.sign_as(EVENT_TYP, &claims).map_err(|error| error.to_string())
    }
}

/// Trusts the authorities that the configuration names, and nobody where it names none.
fn tls(settings: &Notify) -> Result<ClientConfig, ComposeError> {
    let mut roots = RootCertStore::empty();
    if let Some(path) = &settings.ca {
        let read = CertificateDer::pem_file_iter(path).map_err(ComposeError::of("notify authority"))?;
        for certificate in read {
            let certificate = certificate.map_err(ComposeError::of("notify authority"))?;
            roots.add(certificate).map_err(ComposeError::of("notify authority"))?;
        }
    }
    Ok(ClientConfig::builder().with_root_certificates(roots).with_no_client_auth())
}

/// Tells at each rendering what was told since the last.
fn feed(metrics: &Metrics, counts: Arc<NotifierCounts>) {
    let told = [const { AtomicU64::new(0) }; 8];
    metrics.before_render(move |metrics| {
        let of = |kind, counts: &KindCounts| {
            let each = [
                ("taken", &counts.taken),
                ("put_off", &counts.put_off),
                ("refused", &counts.refused),
                ("spent", &counts.spent),
            ];
            each.map(|(outcome, count)| ([kind, outcome], count.load(Ordering::Relaxed)))
        };
        let now = of("ping", &counts.pings).into_iter().chain(of("event", &counts.events));
        for ((labels, count), told) in now.zip(&told) {
            let before = told.fetch_max(count, Ordering::Relaxed);
            metrics.notifications.with_label_values(&labels).inc_by(count.saturating_sub(before));
        }
    });
}
