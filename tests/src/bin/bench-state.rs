//! `bench-state DIR`: a folder from which `ijazat serve` answers the request of the bench at any rate.
//!
//! The state is made as an installation is: authorities and certificates, a directory, people, and a standing consent that
//! the citizen gives through the final endpoints. Only the rate limits are wide. `DIR/bench.json` says what to send.

use std::{
    error::Error,
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Parser;
use exchange::{consent::details::DETAILS_TYPE, ports::directory_source::DirectorySource as _};
use gateway::{
    compose::{self, Keys, World, seed, stores},
    config::Config,
    demo::{
        client::Call,
        stage::{self, Asked, Stage},
        world,
    },
};
use registry_core::population::DEMO_SEED;
use serde_json::json;

/// People: the least that the demo's cast needs.
const PERSONS: u64 = 2_000;

/// Requests a second that no bench on two cores reaches.
const WIDE_PER_S: u32 = 1_000_000;

/// Days that the standing consent lives.
const CONSENT_DAYS: i64 = 30;

/// A purpose that allows standing consents.
const PURPOSE: &str = "KYC-102";

/// Prepares a state folder for `cargo xtask bench`.
#[derive(Debug, Parser)]
struct Arguments {
    /// Folder to make.
    dir: PathBuf,
    /// Let this URL answer the bench's service instead of the process itself.
    #[arg(long, value_name = "URL")]
    upstream: Option<String>,
}

type Done = Result<(), Box<dyn Error>>;

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            use std::io::Write as _;
            let _ = writeln!(std::io::stderr().lock(), "bench-state: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Done {
    gateway::tls::install_provider();
    fs::create_dir_all(&arguments.dir)?;
    let dir = arguments.dir.canonicalize()?;
    if arguments.upstream.is_some() {
        bundle(&dir.join("policies"))?;
    }
    let file = dir.join("ijazat.toml");
    fs::write(&file, configuration(&dir, arguments.upstream.as_deref()))?;
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(prepare(&dir, &file))
}

/// The configuration of the bench: defaults, but for wide limits and, in form P, another upstream for one service.
fn configuration(dir: &Path, upstream: Option<&str>) -> String {
    let state = dir.join("state");
    let limits =
        ["agency_per_s", "user_per_s", "service_per_s"].map(|name| format!("{name} = {WIDE_PER_S}\n")).concat();
    let own = format!("[node]\ndevelopment = true\nstate_dir = \"{}\"\n[limits]\n{limits}", state.display());
    let Some(url) = upstream else { return own };
    let bundle = dir.join("policies");
    let elsewhere = format!("kind = \"external\"\nurl = \"{url}\"\n");
    format!("{own}[policy]\nbundle = \"{}\"\n[upstream.bench]\n{elsewhere}", bundle.display())
}

/// The bundle of this tree, with the bench's service answered by the upstream `bench`.
fn bundle(to: &Path) -> Done {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../policies");
    fs::create_dir_all(to)?;
    fs::copy(from.join("bundle.toml"), to.join("bundle.toml"))?;
    for folder in
        ["dictionary", "catalogue", "matrices", "rules", "schema", "guardrails", "domains", "templates", "cases"]
    {
        copy(&from.join(folder), &to.join(folder))?;
    }
    let file = to.join("catalogue/identity.toml");
    let text = fs::read_to_string(&file)?;
    let changed = text.replacen("upstream = \"registry\"", "upstream = \"bench\"", 1);
    if changed == text {
        return Err("the catalogue's first identity service no longer names the registry".into());
    }
    Ok(fs::write(file, changed)?)
}

/// A folder with all that is in it; a bundle is three folders deep.
fn copy(from: &Path, to: &Path) -> Done {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (source, copied) = (entry.path(), to.join(entry.file_name()));
        if entry.file_type()?.is_dir() {
            copy(&source, &copied)?;
        } else {
            fs::copy(source, copied)?;
        }
    }
    Ok(())
}

async fn prepare(dir: &Path, file: &Path) -> Done {
    let any_port =
        ["AGENCY", "PUBLIC", "OPS"].map(|name| (format!("IJAZAT__LISTEN__{name}"), "127.0.0.1:0".to_owned()));
    let config = Config::load(Some(file), any_port)?;
    let host = World::host();
    let credentials = world::certificates(&config, &host)?;
    let officer = world::register(&config, &host, &credentials).await?;
    widen(&config, &host).await?;
    let seeded = seed::seed(&config, &host, PERSONS, DEMO_SEED, |_| ()).await?;
    let cast = world::cast(&seeded)?;
    let running = compose::start(config.clone(), host.clone()).await?;
    let addresses = running.agency_address().zip(running.public_address()).ok_or("the gateway does not listen")?;
    let stage = world::stage(&config, &host, addresses, cast, credentials, officer).await?;
    let token = standing_consent(&stage).await?;
    running.stop().await;
    let folder = dir.join("state");
    let document = json!({
        "client": {
            "ca": folder.join("pki/server-ca.pem"),
            "cert": folder.join("certs/bank-indus.pem"),
            "key": folder.join("certs/bank-indus.key"),
        },
        "request": {
            "method": "POST",
            "path": "/v1/identity/yes-no",
            "headers": [
                "Content-Type: application/json", "Ijazat-User: teller-1", format!("Ijazat-Purpose: {PURPOSE}"),
                format!("Authorization: Bearer {token}"),
            ],
            "body": json!({ "cnic": stage.cast.citizen.digits(), "name": "Nobody Of This Name" }).to_string(),
        },
    });
    Ok(fs::write(dir.join("bench.json"), document.to_string())?)
}

/// The directory's own limits of each agency stand beside the configuration's, and the lower one counts.
async fn widen(config: &Config, host: &World) -> Done {
    let keys = Keys::open(config, host.entropy.as_ref())?;
    let store = stores::control(config, host, &keys).await?;
    let (_, mut directory) = store.read().await?;
    for agency in &mut directory.agencies {
        agency.requests_per_s = WIDE_PER_S;
    }
    store.replace_directory(&directory).await?;
    store.database().close().await;
    Ok(())
}

/// Asks the citizen for a consent that lasts, reads the passcode off the citizen's phone, and fetches the token.
async fn standing_consent(stage: &Stage) -> Result<String, Box<dyn Error>> {
    let mut bank = stage.actor("bank-indus", Some("teller-1")).await?;
    let until = stage.clock.now().plus_seconds(CONSENT_DAYS * 86_400).rfc3339();
    let details = json!([{
        "type": DETAILS_TYPE, "purpose": PURPOSE, "datatypes": ["identity.match"], "channel": "counter",
        "fetch": "standing", "valid_until": until,
    }]);
    let fields = [
        ("scope", "openid consent"),
        ("login_hint", &format!("cnic:{}", stage.cast.citizen.digits())),
        ("authorization_details", &details.to_string()),
        ("binding_message", "COUNTER-04"),
    ];
    let answer = bank.send(Call::form("/bc-authorize", &fields)).await?;
    stage::expect(&answer, 200, "bc-authorize")?;
    let asked = Asked { id: answer.text("/auth_req_id").to_owned(), reference: answer.text("/ref").to_owned() };
    let passcode = stage::passcode(&stage.phone.message(&asked.reference).await?)?;
    stage::expect(&bank.give(&asked, &passcode).await?, 200, "passcode")?;
    let token = bank.fetch(&asked).await?;
    stage::expect(&token, 200, "token")?;
    Ok(token.text("/access_token").to_owned())
}
