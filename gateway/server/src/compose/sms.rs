//! How messages reach citizens and theirs reach us: the transport that the configuration names, and what empties the outbox by it.

use std::{
    os::unix::fs::PermissionsExt as _,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use adapters::{
    sms::{
        Sender, SenderCounts,
        http::{Callback, HttpSms, Method, Password as HttpPassword, Settings, Unsigned, WebhookSecret, webhooks},
        port::{Link, SmsReceiver, SmsTransport},
        smpp::{
            Smpp,
            config::{Password, SmppConfig, SmppTls, Source, Version},
        },
    },
    sql::control::ControlStore,
};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName, pem::PemObject as _},
};

use super::{ComposeError, World, running::Running};
use crate::{
    config::{Config, SmppVersion, Sms, SmsMethod, SmsTransport as Way, SmsUrl},
    observe::{metrics::Metrics, ops::OpsServer},
};

/// Bits of a secret's file that are nobody else's business.
const FOREIGN_BITS: u32 = 0o077;

/// Seconds that connecting to an aggregator may take, and then its answer.
const HTTP_CONNECT: Duration = Duration::from_secs(5);
const HTTP_ANSWER: Duration = Duration::from_secs(15);

/// Begins to send and to receive; with the sandbox nothing is to be begun.
///
/// # Errors
/// [`ComposeError`] for a secret that cannot be used or that others may read, and for a listener that cannot be had. That the far end
/// cannot be reached is none: messages wait, and operators are told.
pub(super) async fn begin(
    config: &Config,
    world: &World,
    store: &Arc<ControlStore>,
    running: &mut Running,
) -> Result<(), ComposeError> {
    let settings = &config.sms;
    if settings.transport == Way::Sandbox && !config.node.development {
        running.sms_link(|| Some("the sandbox sends nothing: [sms] transport".to_owned()));
        return Ok(());
    }
    let (Some(url), Some(password)) = (&settings.url, &settings.password) else { return Ok(()) };
    let receiver = || Arc::clone(store) as Arc<dyn SmsReceiver>;
    let password = secret(password)?;
    let transport: Arc<dyn SmsTransport> = match settings.transport {
        Way::Sandbox => return Ok(()),
        Way::Smpp => {
            let smpp = smpp(settings, url, password)?;
            let started = Smpp::start(smpp, receiver(), Arc::clone(&world.entropy));
            let smpp = Arc::new(started.map_err(ComposeError::of("sms"))?);
            running.smpp(Arc::clone(&smpp));
            smpp
        }
        Way::Http => http(settings, url, password, (receiver(), world), running).await?,
    };
    let link = Arc::clone(&transport);
    running.sms_link(move || match link.link() {
        Link::Up => None,
        Link::Down(why) => Some(why),
    });
    let at_once = (config.node.name.clone(), settings.window);
    let (sender, noting) = Sender::new(Arc::clone(store), transport, Arc::clone(&world.clock), at_once);
    feed(&running.metrics(), sender.counts());
    running.spawn(noting);
    running.sender(sender);
    Ok(())
}

fn smpp(settings: &Sms, url: &SmsUrl, password: String) -> Result<SmppConfig, ComposeError> {
    let source = Source::short_code(settings.sender.clone());
    let mut smpp = SmppConfig::new(url.rest.clone(), url.user.clone(), Password::new(password), source);
    smpp.rate_per_s = settings.rate_per_s;
    smpp.window = u16::try_from(settings.window).unwrap_or(u16::MAX);
    smpp.version = match settings.version {
        SmppVersion::V34 => Version::V3_4,
        SmppVersion::V50 => Version::V5_0,
    };
    if url.scheme == "smpps" {
        let host = url.rest.rsplit_once(':').map_or(url.rest.as_str(), |(host, _)| host);
        let server_name = ServerName::try_from(host.trim_matches(['[', ']']).to_owned());
        let server_name = server_name.map_err(ComposeError::of("sms"))?;
        smpp.tls = Some(SmppTls { server_name, client: Arc::new(tls(settings)?) });
    }
    Ok(smpp)
}

async fn http(
    settings: &Sms,
    url: &SmsUrl,
    password: String,
    (receiver, world): (Arc<dyn SmsReceiver>, &World),
    running: &mut Running,
) -> Result<Arc<dyn SmsTransport>, ComposeError> {
    let of = ComposeError::of::<String>;
    let (Some(listen), Some(path)) = (settings.listen, &settings.secret) else {
        return Err(of("sms")("an aggregator needs `listen` and `secret`".to_owned()));
    };
    let shared = secret(path)?;
    let read = || WebhookSecret::parse(&shared).map_err(ComposeError::of("sms secret"));
    let server = OpsServer::bind(listen).await.map_err(ComposeError::of("sms listener"))?;
    let address = server.address().map_err(ComposeError::of("sms listener"))?;
    let unsigned = if settings.unsigned { Unsigned::Token(read()?) } else { Unsigned::Refused };
    let router = webhooks(receiver, &read()?, unsigned, Arc::clone(&world.clock));
    running.sms_listens(address);
    running.spawn(server.run(router, std::future::pending()));
    let token = if settings.unsigned { Some(read()?) } else { None };
    let base = settings.callback.clone().unwrap_or_else(|| format!("http://{address}"));
    let http = Settings {
        sendsms: format!("{}://{}", url.scheme, url.rest),
        method: method(settings, url),
        username: url.user.clone(),
        password: HttpPassword::new(password),
        from: settings.sender.clone(),
        callback: Some(Callback { base, token }),
        a_second: settings.rate_per_s,
        window: settings.window,
        connect: HTTP_CONNECT,
        answer: HTTP_ANSWER,
    };
    let client = HttpSms::new(http, tls(settings)?).map_err(ComposeError::of("sms"))?;
    Ok(Arc::new(client))
}

/// Kannel takes everything in the URL and nothing else; where others could write URLs down, that is asked for by name.
fn method(settings: &Sms, url: &SmsUrl) -> Method {
    let by_place = if url.is_loopback() { SmsMethod::Get } else { SmsMethod::Post };
    match settings.method.unwrap_or(by_place) {
        SmsMethod::Get => Method::Get,
        SmsMethod::Post => Method::Post,
    }
}

/// Trusts the authority that the configuration names, and nobody where it names none.
fn tls(settings: &Sms) -> Result<ClientConfig, ComposeError> {
    let mut roots = RootCertStore::empty();
    if let Some(path) = &settings.ca {
        let read = CertificateDer::pem_file_iter(path).map_err(ComposeError::of("sms authority"))?;
        for certificate in read {
            let certificate = certificate.map_err(ComposeError::of("sms authority"))?;
            roots.add(certificate).map_err(ComposeError::of("sms authority"))?;
        }
    }
    Ok(ClientConfig::builder().with_root_certificates(roots).with_no_client_auth())
}

/// A line of text that nobody else may read.
fn secret(path: &Path) -> Result<String, ComposeError> {
    let told = |why: String| ComposeError { what: "sms secret", why: format!("{}: {why}", path.display()) };
    let mode = std::fs::metadata(path).map_err(|error| told(error.to_string()))?.permissions().mode();
    if mode & FOREIGN_BITS != 0 {
        return Err(told("others may read it: chmod 600".to_owned()));
    }
    let text = std::fs::read_to_string(path).map_err(|error| told(error.to_string()))?;
    let line = text.trim_end_matches(['\r', '\n']);
    if line.is_empty() || line.contains(['\r', '\n']) {
        return Err(told("not one line of text".to_owned()));
    }
    Ok(line.to_owned())
}

/// Tells at each rendering what was sent since the last.
fn feed(metrics: &Metrics, counts: Arc<SenderCounts>) {
    let told = [const { AtomicU64::new(0) }; 4];
    metrics.before_render(move |metrics| {
        let now = [
            ("taken", &counts.taken),
            ("put_off", &counts.put_off),
            ("unknown", &counts.unknown),
            ("refused", &counts.refused),
        ];
        for ((outcome, count), told) in now.into_iter().zip(&told) {
            let count = count.load(Ordering::Relaxed);
            let before = told.fetch_max(count, Ordering::Relaxed);
            metrics.sms_pieces.with_label_values(&[outcome]).inc_by(count.saturating_sub(before));
        }
    });
}

#[cfg(test)]
#[path = "sms_tests.rs"]
mod tests;
