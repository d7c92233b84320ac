//! A whole gateway for one test: state in a folder of its own, certificates, people, and the door on free ports.
//!
//! Map: [`World`] is the gateway and its people · `build` makes one · [`wire`] speaks to it byte by byte · [`record`]
//! reads what it recorded. Waiting is [`until`]; nothing here sleeps for a time.

mod build;
mod certificates;
pub mod record;
pub mod wire;

use std::{collections::HashMap, fs, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use adapters::{clock::ManualClock, entropy::SystemEntropy, sql::control::ControlStore};
use exchange::{
    ports::{entropy::random_hex_128, record_log::RecordLog},
    record::{leaf::Kind, seal::SealingKey},
};
use gateway::{
    compose::{self, Keys, Running},
    config::Config,
    demo::{
        client::{Answer, Call, Connection, Credential, tls},
        stage::Stage,
        world::TaxService,
    },
};
use serde_json::json;

pub use self::{
    build::Builder,
    certificates::{Flaw, admit, client_certificate, issued},
    record::Recorded,
};

/// Why a world could not be made or asked; the test that meets it fails with its text.
pub type Broken = Box<dyn std::error::Error + Send + Sync>;

/// Longest that [`until`] waits: far beyond what any test waits for, so that a hang is named instead of killed.
const PATIENCE: Duration = Duration::from_secs(20);

/// Between two looks of [`until`].
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// The agency that keeps the directory.
pub const OPERATOR: &str = "registry-office";

/// Tries at removing a folder.
const TRIES: u32 = 50;

/// A gateway with everything around it. It ends with the value; its folder goes too.
#[derive(Debug)]
pub struct World {
    /// How the gateway was started.
    pub config: Config,
    /// Time and randomness of the gateway.
    pub host: compose::World,
    /// The gateway's clock, which stands still until the test moves it.
    pub clock: ManualClock,
    /// Certificates by agency.
    pub credentials: HashMap<&'static str, Credential>,
    /// Signing keys of the operator's two registrars, by user.
    pub registrars: HashMap<&'static str, String>,
    /// The control store on its own connection, for what operators do.
    pub store: Arc<ControlStore>,
    /// Clients, phones and people.
    pub stage: Stage,
    keys: Keys,
    settings: Builder,
    running: Option<Running>,
    tax: Option<TaxService>,
    // Last, so that it goes when nothing uses it any more.
    folder: Folder,
}

impl World {
    /// A world as configured by default, with 2000 people.
    ///
    /// # Errors
    /// Whatever could not be made.
    pub async fn start() -> Result<Self, Broken> {
        Builder::default().start().await
    }

    /// A world with settings of its own.
    #[must_use]
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// The state folder.
    #[must_use]
    pub fn state(&self) -> &std::path::Path {
        &self.folder.0
    }

    /// The configuration of this world with one setting changed, for a second gateway over the same state.
    ///
    /// # Errors
    /// When the setting is refused.
    pub fn config_with(&self, name: &str, value: impl Into<String>) -> Result<Config, Broken> {
        self.settings.clone().set(name, value).config()
    }

    /// The access log of the running gateway.
    ///
    /// # Errors
    /// When the gateway was stopped.
    pub fn log(&self) -> Result<Arc<dyn RecordLog>, Broken> {
        self.running()?.access_log().ok_or_else(|| "there is no access log".into())
    }

    /// The running gateway.
    ///
    /// # Errors
    /// When it was stopped.
    pub fn running(&self) -> Result<&Running, Broken> {
        self.running.as_ref().ok_or_else(|| "the gateway was stopped".into())
    }

    /// The key that opens side records.
    ///
    /// # Errors
    /// When the state has none.
    pub fn side_key(&self) -> Result<Arc<SealingKey>, Broken> {
        Ok(self.keys.side()?)
    }

    /// What requests and operators left in the log so far, in order, side records opened. What became of consents is told beside the
    /// requests, whenever the log gets to it, and stands in [`Self::recorded_all`].
    ///
    /// # Errors
    /// When the log cannot be read.
    pub fn recorded(&self) -> Result<Vec<Recorded>, Broken> {
        let mut all = self.recorded_all()?;
        all.retain(|entry| entry.leaf.kind != Kind::Consent);
        Ok(all)
    }

    /// Everything recorded so far: each at the place of its sequence.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub fn recorded_all(&self) -> Result<Vec<Recorded>, Broken> {
        let key = self.keys.side()?;
        record::read(self.log()?.as_ref(), &key)
    }

    /// A connection that shows a certificate of the test's own making, or none.
    ///
    /// # Errors
    /// The TLS alert, as a [`rustls::Error`] inside the i/o error.
    pub async fn wire(&self, credential: Option<&Credential>) -> Result<wire::Wire, Broken> {
        wire::Wire::open(self.stage.agency, tls(&self.stage.server_ca, credential)?).await
    }

    /// A connection of an agency of the sample directory.
    ///
    /// # Errors
    /// When the gateway refuses it.
    pub async fn agency(&self, agency: &str) -> Result<wire::Wire, Broken> {
        self.wire(Some(self.credentials.get(agency).ok_or("no such agency")?)).await
    }

    /// Sends one call in an agency's name on a new connection.
    ///
    /// # Errors
    /// When the connection broke before an answer.
    pub async fn ask(&self, agency: &str, call: Call) -> Result<Answer, Broken> {
        let credential = self.credentials.get(agency).ok_or("no such agency")?;
        let mut connection = Connection::open(self.stage.agency, tls(&self.stage.server_ca, Some(credential))?).await?;
        Ok(connection.send(call).await?)
    }

    /// Sends one call with a registrar's signature on a new connection of the operator.
    ///
    /// # Errors
    /// When the connection broke before an answer.
    pub async fn ask_as_registrar(&self, user: &str, call: Call) -> Result<Answer, Broken> {
        self.ask(OPERATOR, self.signed_by(user, call)?).await
    }

    /// The call as this registrar signs it, once.
    ///
    /// # Errors
    /// When there is no such registrar.
    pub fn signed_by(&self, user: &str, call: Call) -> Result<Call, Broken> {
        let key = self.registrars.get(user).ok_or("no such registrar")?;
        let assertion = self.stage.assertion_by(key, user, &call)?;
        Ok(call.with("ijazat-user", user).with("ijazat-user-assertion", assertion))
    }

    /// BISP's ordinary question, which needs no consent: the household of the demo's head, by programme.
    #[must_use]
    pub fn household(&self) -> Call {
        Call::json("/v1/nser/household", &json!({ "cnic": self.stage.cast.head.digits() }))
            .with("ijazat-user", "standard-1")
            .with("ijazat-purpose", "NSER-201")
            .with("ijazat-basis", "prog-kafalat")
    }

    /// A bank's question about a taxpayer, with the token of a fresh consent.
    ///
    /// # Errors
    /// When the citizen could not be asked.
    pub async fn taxpayer(&self) -> Result<Call, Broken> {
        let person = self.stage.cast.taxpayer;
        let mut teller = self.stage.actor("bank-indus", Some("teller-1")).await?;
        let granted = teller.consent(person, "TAX-301", &["fbr.subject", "fbr.status"]).await?;
        Ok(Call::json("/v1/fbr/taxpayer", &json!({ "cnic": person.digits() }))
            .with("ijazat-user", "teller-1")
            .with("ijazat-purpose", "TAX-301")
            .with("authorization", format!("Bearer {}", granted.token)))
    }

    /// Whether the gateway still answers a good question with data.
    ///
    /// # Errors
    /// What it answered instead.
    pub async fn serves(&self) -> Result<(), Broken> {
        let answer = self.ask("bisp", self.household()).await?;
        let members = answer.body.pointer("/data/household/members").and_then(serde_json::Value::as_array);
        if answer.status == 200 && members.is_some_and(|members| !members.is_empty()) {
            return Ok(());
        }
        Err(format!("a good request got {} {}", answer.status, answer.code()).into())
    }

    /// The text of `/metrics`.
    ///
    /// # Errors
    /// When the operators' listener does not answer.
    pub async fn metrics(&self) -> Result<String, Broken> {
        let address = self.running()?.ops_address().ok_or("no operators' listener")?;
        Ok(String::from_utf8(wire::plain_get(address, "/metrics").await?.body)?)
    }

    /// Waits until the gateway calls itself ready: on a busy host its first look at the directory may be old by then.
    async fn ready(&self) -> Result<(), Broken> {
        let address = self.running()?.ops_address().ok_or("no operators' listener")?;
        let ready = async || wire::plain_get(address, "/ready").await.is_ok_and(|reply| reply.status == 200);
        until("the gateway is ready", ready).await
    }

    /// Addresses of the internal listeners, registry before control.
    ///
    /// # Errors
    /// When the gateway was stopped.
    pub fn internal(&self) -> Result<Vec<SocketAddr>, Broken> {
        Ok(self.running()?.internal_addresses())
    }

    /// Ends the taxpayer service, if there is one.
    pub fn end_tax_service(&mut self) {
        self.tax = None;
    }

    /// Stops the gateway and starts it anew over the same state with one setting changed.
    ///
    /// # Errors
    /// When the setting is refused or the gateway does not start.
    pub async fn restart(&mut self, name: &str, value: impl Into<String>) -> Result<(), Broken> {
        self.stop().await;
        self.config = self.config_with(name, value)?;
        let running = compose::start(self.config.clone(), self.host.clone()).await?;
        self.stage.agency = running.agency_address().ok_or("no agency listener")?;
        self.stage.public = running.public_address().ok_or("no public listener")?;
        self.running = Some(running);
        self.ready().await
    }

    /// Stops the gateway as SIGTERM does.
    pub async fn stop(&mut self) {
        if let Some(running) = self.running.take() {
            running.stop().await;
        }
    }
}

/// Looks until the condition holds.
///
/// # Errors
/// With the condition's name, when it does not hold within twenty seconds.
pub async fn until<C: AsyncFnMut() -> bool>(what: &str, mut holds: C) -> Result<(), Broken> {
    let mut tick = tokio::time::interval(LOOK_EVERY);
    let looking = async {
        while !holds().await {
            tick.tick().await;
        }
    };
    tokio::time::timeout(PATIENCE, looking).await.map_err(|_| format!("{what}: not within twenty seconds").into())
}

/// A new folder under the host's folder for such, gone with the value.
#[derive(Debug)]
struct Folder(PathBuf);

impl Folder {
    fn new() -> Result<Self, Broken> {
        let name = random_hex_128(&SystemEntropy::default());
        let path = std::env::temp_dir().join(format!("ijazat-world-{name}"));
        fs::create_dir_all(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // The log's threads may still write their last while the folder is emptied; what stays then is the host's to clear.
        let _ = (0..TRIES).find(|_| fs::remove_dir_all(&self.0).is_ok());
    }
}
