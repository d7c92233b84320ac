//! An installation with people and a tax authority, ready to be served by any number of processes.

use std::{collections::HashMap, os::unix::fs::PermissionsExt as _};

use exchange::cnic::Cnic;
use gateway::{
    compose::{World, seed},
    config::Config,
    demo::{
        client::{Call, Credential},
        stage::{Cast, Stage},
        story,
        taxpayers::Manner,
        told::Told,
        world::{TaxService, cast, certificates, register, stage, tax_service},
    },
};
use registry_core::population::DEMO_SEED;
use tests::process::{Process, Serve, State};

/// The real binary.
pub const BINARY: &str = env!("CARGO_BIN_EXE_ijazat_tested");

/// The least that the story's cast needs.
const PERSONS: u64 = 2_000;

/// Everything that outlives a process.
pub struct Installation {
    /// How its processes are started; roles and addresses are the test's.
    pub serve: Serve,
    pub config: Config,
    host: World,
    credentials: HashMap<&'static str, Credential>,
    officer_key: String,
    cast: Cast,
    _tax: TaxService,
    // Last, so that it goes when nothing uses it any more.
    _state: State,
}

impl Installation {
    pub async fn new() -> Self {
        gateway::tls::install_provider();
        let state = State::new().unwrap();
        let host = World::host();
        let plain = Serve::new(BINARY, &state);
        let config = plain.config().unwrap();
        let credentials = certificates(&config, &host).unwrap();
        let officer_key = register(&config, &host, &credentials).await.unwrap();
        let seeded = seed::seed(&config, &host, PERSONS, DEMO_SEED, |_| ()).await.unwrap();
        let tax = tax_service(BINARY.into(), &config, Manner::Honest).await.unwrap();
        let pki = state.path().join("pki");
        let serve = plain
            .set("UPSTREAM__FBR__URL", format!("https://127.0.0.1:{}", tax.address.port()))
            .set("UPSTREAM__FBR__CA", pki.join("internal-ca.pem").display())
            .set("UPSTREAM__FBR__CLIENT_CERT", pki.join("internal.pem").display())
            .set("UPSTREAM__FBR__CLIENT_KEY", pki.join("internal.key").display());
        let cast = cast(&seeded).unwrap();
        Self { serve, config, host, credentials, officer_key, cast, _tax: tax, _state: state }
    }

    /// The story's stage before this gateway.
    pub async fn stage(&self, gateway: &Process) -> Stage {
        let addresses = (gateway.address("agencies").unwrap(), gateway.address("public").unwrap());
        let credentials = self.credentials.clone();
        stage(&self.config, &self.host, addresses, self.cast, credentials, self.officer_key.clone()).await.unwrap()
    }

    /// A secret in a file of its own, by its path.
    pub fn secret(&self, name: &str, text: &str) -> String {
        let path = self.config.node.state_dir.join(name);
        std::fs::write(&path, format!("{text}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        path.display().to_string()
    }

    /// Head of a household in the register.
    pub fn head(&self) -> Cnic {
        self.cast.head
    }

    /// Plays every scene; each step must be seen.
    pub async fn play(&self, stage: &Stage) {
        let mut told = Told::new(Box::new(std::io::sink()));
        story::play(stage, &mut told).await;
        let unseen: Vec<_> = told.steps().iter().filter(|step| !step.ok).collect();
        assert!(told.ok() && unseen.is_empty(), "{unseen:#?}");
    }

    /// Verifies the log's files under the key that the door publishes; returns their outcomes.
    pub async fn verify(&self, stage: &Stage) -> u64 {
        let mut bank = stage.actor("bank-indus", None).await.unwrap();
        let checkpoint = bank.send(Call::get("/v1/log/checkpoint")).await.unwrap();
        let vkey = checkpoint.text("/data/verifier_key");
        adapters::log::verify(&self.config.log.dir, vkey).unwrap().outcomes
    }
}
