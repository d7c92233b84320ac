//! The control service: consent and the caller's own affairs, in this process or listening for the gateway's.

use std::sync::Arc;

use adapters::sql::control::ControlStore;
use axum::Router;
use exchange::{
    decision::Decider,
    ids::UpstreamId,
    permit::{PermitKey, PermitVerifier},
    ports::{clock::Clock, directory_source::DirectorySource, law_source::LawSource, quotas::Quotas, wallets::Wallets},
};
use policies::{Bundle, manifest::Manifest, source::Source};

use super::{ComposeError, Keys, World, pki, registry::Registry, running::Running, stores};
use crate::{
    config::Config,
    law::{Books, LawInForce, LawWatch, Loader, TrustedKeys},
    listen,
    phases::{parts::Law, snapshot::DirectoryWatch},
    routes::control::{
        authorize,
        background::Background,
        consent::ConsentParts,
        discovery,
        discovery::DiscoveryParts,
        guessing::Guessing,
        introspect, law as policies_read, onboarding,
        onboarding::OnboardingParts,
        openapi,
        openapi::OpenapiParts,
        openid::{issuer::Issuer, jwks},
        pin, record,
        record::RecordParts,
        resend, token, whoami,
        whoami::WhoamiParts,
    },
};

/// What the control service stands on.
#[derive(Debug)]
pub(super) struct Control {
    pub store: Arc<ControlStore>,
    pub directory: Arc<DirectoryWatch>,
    pub law: Arc<LawWatch>,
    pub background: Background,
    pub guessing: Arc<Guessing>,
    /// The agencies' listener as clients reach it.
    pub issuer: Issuer,
}

impl Control {
    pub(super) async fn open(config: &Config, world: &World, keys: &Keys) -> Result<Self, ComposeError> {
        let store = stores::control(config, world, keys).await?;
        let books = books(store.as_ref(), &world.clock).await?;
        let (law, loader) = begin_law(config, &books)?;
        let source = Arc::clone(&store) as Arc<dyn LawSource>;
        let law = Arc::new(LawWatch::new(source, law, loader, config.node.name.clone()));
        law.begin().await.map_err(ComposeError::of("policies"))?;
        let decider = Arc::clone(law.law()) as Arc<dyn Decider>;
        let directory = DirectoryWatch::new(Arc::clone(&store) as Arc<dyn DirectorySource>, decider);
        let directory = Arc::new(directory.publishing(books));
        directory.confirm().await.map_err(ComposeError::of("directory"))?;
        let origin = || format!("https://{}", config.node.origin);
        let issuer = Issuer::new(config.listen.agency_url.clone().unwrap_or_else(origin));
        let guessing = Arc::new(Guessing::new(Arc::clone(&world.clock)));
        Ok(Self { store, directory, law, background: Background::default(), guessing, issuer })
    }

    /// Routes of consent, discovery, the description of the services, and whoami.
    ///
    /// # Errors
    /// [`ComposeError`] if a key of control's cannot be used.
    pub(super) fn router(
        &self,
        config: &Config,
        world: &World,
        keys: &Keys,
        registry: &Registry,
    ) -> Result<Router, ComposeError> {
        // Each question is answered by the law in force when it is asked, also after another was swapped in.
        let decider = Arc::clone(self.law.law()) as Arc<dyn Decider>;
        let (signing, id_tokens) = Keys::id_tokens(config, self.issuer.clone(), world.entropy.as_ref())?;
        let record = RecordParts {
            store: Arc::clone(&self.store),
            directory: Arc::clone(&self.directory),
            id_tokens: id_tokens.clone(),
            ring: keys.revision_ring()?,
        };
        let consent = Arc::new(ConsentParts {
            store: Arc::clone(&self.store),
            directory: Arc::clone(&self.directory),
            decider: Arc::clone(&decider),
            status: registry.status(),
            entropy: Arc::clone(&world.entropy),
            id_tokens,
            guessing: Arc::clone(&self.guessing),
            passcode_ttl_s: config.consent.passcode_ttl_s,
            background: self.background.clone(),
        });
        let openapi = OpenapiParts::new(Arc::clone(&decider), self.issuer.clone());
        let discovery = DiscoveryParts { issuer: self.issuer.clone() };
        let onboarding = OnboardingParts {
            store: Arc::clone(&self.store),
            directory: Arc::clone(&self.directory),
            decider: Arc::clone(&decider),
        };
        let whoami = WhoamiParts {
            directory: Arc::clone(&self.directory),
            wallets: Arc::clone(&self.store) as Arc<dyn Wallets>,
            quotas: Arc::clone(&self.store) as Arc<dyn Quotas>,
        };
        Ok(Router::new()
            .merge(authorize::routes(Arc::clone(&consent)))
            .merge(pin::routes(Arc::clone(&consent)))
            .merge(resend::routes(Arc::clone(&consent)))
            .merge(introspect::routes(Arc::clone(&consent)))
            .merge(token::routes(consent))
            .merge(record::routes(Arc::new(record)))
            .merge(discovery::routes(Arc::new(discovery)))
            .merge(jwks::routes(signing))
            .merge(openapi::routes(Arc::new(openapi)))
            .merge(policies_read::routes(decider))
            .merge(onboarding::routes(Arc::new(onboarding)))
            .merge(whoami::routes(Arc::new(whoami))))
    }
}

/// The law that this process begins with, and what judges those that follow it. Begun is also a law that the books in force
/// do not price in full: what it charges for and they do not name is refused request by request, and the rest is served.
fn begin_law(config: &Config, books: &Arc<Books>) -> Result<(Arc<LawInForce>, Loader), ComposeError> {
    let source = base(config)?;
    let bundle = Bundle::load(&source).map_err(ComposeError::of("policies"))?;
    let manifest = Manifest::of(&source, None).map_err(ComposeError::of("policies"))?;
    let loader = loader(config, manifest, Arc::clone(books));
    if let Err(why) = loader.priced(&bundle) {
        tracing::error!(%why, "the law to begin with is not priced in full");
    }
    Ok((Arc::new(LawInForce::new(Law::new(Arc::new(bundle)))), loader))
}

/// The rate books of the directory.
///
/// # Errors
/// [`ComposeError`] if the directory cannot be read.
pub async fn books(store: &ControlStore, clock: &Arc<dyn Clock>) -> Result<Arc<Books>, ComposeError> {
    let (_, data) = store.read().await.map_err(ComposeError::of("directory"))?;
    let books = Books::new(Arc::clone(clock));
    books.publish(&data);
    Ok(Arc::new(books))
}

/// What judges the laws that follow `base` here: signatures, content, cases and prices.
#[must_use]
pub fn loader(config: &Config, base: Manifest, books: Arc<Books>) -> Loader {
    Loader::new(base, TrustedKeys::of(config)).priced_by(books)
}

/// The bundle to begin with: the folder that the configuration names, or the one that is built in.
///
/// # Errors
/// [`ComposeError`] names the file that cannot be read.
pub fn base(config: &Config) -> Result<Source, ComposeError> {
    match &config.policy.bundle {
        Some(folder) => Source::from_dir(folder).map_err(ComposeError::of("policies")),
        None => Ok(Source::embedded()),
    }
}

/// Serves the control service to the gateway's process.
pub(super) async fn listen(
    config: &Config,
    world: &World,
    keys: &Keys,
    registry: &Registry,
    running: &mut Running,
) -> Result<(), ComposeError> {
    let Some(address) = config.listen.internal_control else { return Ok(()) };
    let control = Control::open(config, world, keys).await?;
    let router = control.router(config, world, keys, registry)?;
    running.directory(Arc::clone(&control.directory));
    running.spawn(Arc::clone(&control.directory).run());
    running.law(Arc::clone(&control.law));
    running.background(control.background);
    running.guessing(control.guessing);
    running.spawn(super::tasks::outbox(Arc::clone(&control.store), running.metrics()));
    running.spawn(super::tasks::inbox(Arc::clone(&control.store)));
    super::sms::begin(config, world, &control.store, running).await?;
    super::notify::begin(config, world, &control.store, &control.issuer, running)?;
    let verifier = verifier(config, world, "control")?;
    let handle = listen::internal::serve(
        address,
        pki::internal(config)?,
        super::running::listen_limits(config),
        verifier,
        router,
        Arc::clone(&world.clock),
    )
    .map_err(ComposeError::of("control listener"))?;
    running.internal("control", handle);
    Ok(())
}

/// Checks the permits that come with requests to an upstream of ours. In development the first such process makes the key,
/// as the PKI makes its certificates; the gateway is given the same file.
pub(super) fn verifier(config: &Config, world: &World, upstream: &str) -> Result<Arc<PermitVerifier>, ComposeError> {
    let path = &config.tls.permit_key;
    let secret = if config.node.development {
        adapters::log::keys::load_or_create(path, world.entropy.as_ref())
    } else {
        adapters::log::keys::load(path)
    };
    let secret = secret.map_err(ComposeError::of("permit key"))?;
    let audience = UpstreamId::parse(upstream).map_err(ComposeError::of("permit key"))?;
    Ok(Arc::new(PermitVerifier::new(audience, PermitKey::new(&secret))))
}
