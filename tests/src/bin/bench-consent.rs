//! `bench-consent`: consents asked for and given through the door of a process of its own, so many a second of each (design/consent.md,
//! behaviour 50). Latency is from the instant at which a request was due, not from when a client was free to send it.
//!
//! The message is read where it is queued, so no network is waited for. Ends with a failure where a request was refused, a message is
//! missing, or the store counts another number of consents than clients were told of.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    error::Error,
    fs,
    path::PathBuf,
    process::ExitCode,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use adapters::{clock::SystemClock, sql::control::ControlStore};
use clap::{Parser, ValueEnum};
use exchange::{
    cnic::Cnic,
    ports::{clock::Clock as _, directory_source::DirectorySource as _},
};
use gateway::{
    compose::{Keys, World, seed, stores},
    config::Config,
    demo::{
        client::{Call, Connection, tls},
        stage::{Stage, passcode},
        world,
    },
};
use registry_core::{
    date::Day,
    person::Person,
    population::{DEMO_SEED, Population},
};
use serde_json::{Value, json};
use tests::{
    postgres::Cluster,
    process::{Serve, State},
};
use tokio::{sync::mpsc, task::JoinSet};

/// People, of whom about half can be asked.
const PERSONS: u64 = 6_000;

/// Requests a second that no client of this bench reaches.
const WIDE_PER_S: u32 = 1_000_000;

/// Connections that ask, and as many that hand passcodes in.
const CONNECTIONS: usize = 32;

/// Between two looks at the messages.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Messages of one look: more than are queued between two.
const MESSAGES: u32 = 400;

/// Longest that the last message may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// Measures consents a second.
#[derive(Debug, Parser)]
struct Arguments {
    /// Binary of the product
    binary: PathBuf,
    /// Requests, and passcodes, a second
    #[arg(long, default_value_t = 350)]
    rate: u32,
    /// Seconds
    #[arg(long, default_value_t = 60)]
    seconds: u32,
    /// Where consents are kept
    #[arg(long, value_enum, default_value_t = Store::Sqlite)]
    store: Store,
    /// Write the numbers here, as JSON
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Store {
    Sqlite,
    Postgres,
}

type Failed = Box<dyn Error + Send + Sync>;

fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let done = runtime.map_err(Failed::from).and_then(|runtime| runtime.block_on(run(&Arguments::parse())));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("bench-consent: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn say(text: &str) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

async fn run(arguments: &Arguments) -> Result<(), Failed> {
    gateway::tls::install_provider();
    let folder = State::new()?;
    let mut serve = Serve::new(&arguments.binary.display().to_string(), &folder);
    for name in ["AGENCY", "USER", "SERVICE"] {
        serve = serve.set(&format!("LIMITS__{name}_PER_S"), WIDE_PER_S);
    }
    if let Store::Postgres = arguments.store {
        serve = serve.set("DATABASE__CONTROL", Cluster::shared()?.database()?);
    }
    let (config, host) = (serve.config()?, World::host());
    let credentials = world::certificates(&config, &host)?;
    let officer = world::register(&config, &host, &credentials).await?;
    let store = widen(&config, &host).await?;
    let seeded = seed::seed(&config, &host, PERSONS, DEMO_SEED, |_| ()).await?;
    let citizens = citizens();
    say(&format!("{} citizens can be asked", citizens.len()));
    let gateway = serve.start().await?;
    let addresses = (gateway.address("agencies")?, gateway.address("public")?);
    let stage = world::stage(&config, &host, addresses, world::cast(&seeded)?, credentials, officer).await?;
    let measured = measure(arguments, &stage, &store, citizens).await?;
    gateway.stop().await?;
    let told = measured.told(arguments);
    say(&told.to_string());
    if let Some(out) = &arguments.out {
        fs::write(out, format!("{told:#}\n"))?;
    }
    Ok(measured.holds()?)
}

/// The directory's own limits stand beside the configuration's, and the lower one counts.
async fn widen(config: &Config, host: &World) -> Result<Arc<ControlStore>, Failed> {
    let keys = Keys::open(config, host.entropy.as_ref())?;
    let store = stores::control(config, host, &keys).await?;
    let (_, mut directory) = store.read().await?;
    for agency in &mut directory.agencies {
        agency.requests_per_s = WIDE_PER_S;
    }
    store.replace_directory(&directory).await?;
    Ok(store)
}

/// Everyone with a telephone who may be verified today.
fn citizens() -> VecDeque<Cnic> {
    let today = Day::at(SystemClock.now());
    let families = Population::new(DEMO_SEED, PERSONS).batches(1_000);
    let persons = families.flat_map(|batch| batch.persons);
    let reached = persons.filter(|person| person.mobile.is_some());
    let verifiable = |person: &Person, number| today.is_some_and(|today| person.verifiable(number, today).is_ok());
    reached.filter_map(|person| person.number().filter(|number| verifiable(&person, *number))).collect()
}

/// What was measured.
#[derive(Debug, Default)]
struct Measured {
    asked_us: Vec<u64>,
    given_us: Vec<u64>,
    refused: Vec<String>,
    lost: usize,
    consents: usize,
}

impl Measured {
    fn told(&self, arguments: &Arguments) -> Value {
        json!({
            "what": "consents asked for and given through the door, open loop, latency from the due instant",
            "store": format!("{:?}", arguments.store).to_lowercase(),
            "rate_per_s": arguments.rate, "seconds": arguments.seconds, "connections": 2 * CONNECTIONS,
            "asked": tail(&self.asked_us), "given": tail(&self.given_us),
            "refused": self.refused.len(), "messages_lost": self.lost, "consents_in_store": self.consents,
        })
    }

    fn holds(&self) -> Result<(), String> {
        if let Some(first) = self.refused.first() {
            return Err(format!("{} were refused, the first: {first}", self.refused.len()));
        }
        if self.lost > 0 {
            return Err(format!("{} messages never came", self.lost));
        }
        if self.consents != self.given_us.len() {
            return Err(format!("{} consents stand in the store, {} were given", self.consents, self.given_us.len()));
        }
        Ok(())
    }
}

/// Count and tail in milliseconds.
fn tail(micros: &[u64]) -> Value {
    let mut sorted = micros.to_vec();
    sorted.sort_unstable();
    let at = |thousandth: usize| {
        let place = (sorted.len() * thousandth / 1_000).min(sorted.len().saturating_sub(1));
        sorted.get(place).copied().unwrap_or(0)
    };
    let ms = |micros: u64| Value::from((micros / 10) as f64 / 100.0);
    json!({ "count": sorted.len(), "p50_ms": ms(at(500)), "p99_ms": ms(at(990)), "p999_ms": ms(at(999)), "max_ms": ms(at(1_000)) })
}

/// What has become of one request.
struct Done {
    took: Duration,
    answer: Result<(String, String), String>,
}

/// One request that is due.
struct Due {
    at: Instant,
    call: Call,
}

async fn measure(
    arguments: &Arguments,
    stage: &Stage,
    store: &Arc<ControlStore>,
    mut citizens: VecDeque<Cnic>,
) -> Result<Measured, Failed> {
    let (ask, asked) = clients(stage).await?;
    let (give, given) = clients(stage).await?;
    let (mut asked, mut given) = (asked, given);
    let pending: Arc<Mutex<HashMap<String, String>>> = Arc::default();
    let ready: Arc<Mutex<VecDeque<(String, String)>>> = Arc::default();
    let looking = tokio::spawn(look(Arc::clone(store), Arc::clone(&pending), Arc::clone(&ready)));
    let total = (arguments.rate * arguments.seconds) as usize;
    let every = Duration::from_secs(1) / arguments.rate;
    let mut measured = Measured::default();
    let mut ticks = tokio::time::interval(every);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Burst);
    let (mut sent, mut handed, mut ended) = (0, 0, 0);
    let mut quiet_since = Instant::now();
    while ended < total {
        tokio::select! {
            at = ticks.tick() => {
                if sent < total {
                    let citizen = citizens.pop_front().ok_or("nobody can be asked")?;
                    citizens.push_back(citizen);
                    ask.send(Due { at: at.into_std(), call: question(citizen) })?;
                    sent += 1;
                }
                let next = ready.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
                if let Some((id, code)) = next {
                    let call = Call::json(format!("/bc-authorize/{id}/pin"), &json!({ "pin": code }));
                    give.send(Due { at: at.into_std(), call })?;
                    handed += 1;
                }
                if quiet_since.elapsed() > PATIENCE {
                    break;
                }
            }
            Some(done) = asked.recv() => {
                quiet_since = Instant::now();
                match done.answer {
                    Ok((id, reference)) => {
                        measured.asked_us.push(micros(done.took));
                        pending.lock().unwrap_or_else(PoisonError::into_inner).insert(reference, id);
                    }
                    Err(why) => { measured.refused.push(why); ended += 1; }
                }
            }
            Some(done) = given.recv() => {
                quiet_since = Instant::now();
                ended += 1;
                match done.answer {
                    Ok(_) => measured.given_us.push(micros(done.took)),
                    Err(why) => measured.refused.push(why),
                }
            }
        }
    }
    looking.abort();
    measured.lost = measured.asked_us.len().saturating_sub(handed);
    let mut after = String::new();
    loop {
        let page = store.recorded_consents(&after, 1_000).await?;
        let Some(last) = page.last() else { break };
        after = last.as_str().to_owned();
        for consent in page {
            measured.consents += usize::from(store.consent_row(&consent).await?.is_some());
        }
    }
    Ok(measured)
}

fn micros(took: Duration) -> u64 {
    u64::try_from(took.as_micros()).unwrap_or(u64::MAX)
}

/// Clients with a connection each; what is due goes in, what became of it comes out.
async fn clients(stage: &Stage) -> Result<(mpsc::UnboundedSender<Due>, mpsc::UnboundedReceiver<Done>), Failed> {
    let (due, queue) = mpsc::unbounded_channel::<Due>();
    let queue = Arc::new(tokio::sync::Mutex::new(queue));
    let (done, finished) = mpsc::unbounded_channel();
    let mut tasks = JoinSet::new();
    for _ in 0..CONNECTIONS {
        let credential = stage.credentials.get("bank-indus").ok_or("no bank")?;
        let mut connection = Connection::open(stage.agency, tls(&stage.server_ca, Some(credential))?).await?;
        let (queue, done) = (Arc::clone(&queue), done.clone());
        tasks.spawn(async move {
            loop {
                let next = queue.lock().await.recv().await;
                let Some(Due { at, call }) = next else { return };
                let answer = match connection.send(call.with("ijazat-user", "teller-1")).await {
                    Ok(answer) if answer.status == 200 => {
                        Ok((answer.text("/auth_req_id").to_owned(), answer.text("/ref").to_owned()))
                    }
                    Ok(answer) => Err(answer.body.to_string()),
                    Err(error) => Err(error.to_string()),
                };
                let _ = done.send(Done { took: at.elapsed(), answer });
            }
        });
    }
    tasks.detach_all();
    Ok((due, finished))
}

fn question(citizen: Cnic) -> Call {
    let details = json!([{
        "type": "urn:pk:ijazat:consent:1", "purpose": "KYC-101", "datatypes": ["identity.name"],
        "channel": "counter", "fetch": "one_time",
    }]);
    let fields = [
        ("scope", "openid consent"),
        ("login_hint", &format!("cnic:{}", citizen.digits())),
        ("authorization_details", &details.to_string()),
    ];
    Call::form("/bc-authorize", &fields)
}

/// Reads codes off the messages as they are queued.
async fn look(
    store: Arc<ControlStore>,
    pending: Arc<Mutex<HashMap<String, String>>>,
    ready: Arc<Mutex<VecDeque<(String, String)>>>,
) {
    let mut ticks = tokio::time::interval(LOOK_EVERY);
    let (mut seen, mut codes) = (HashSet::new(), HashMap::new());
    loop {
        ticks.tick().await;
        let Ok(messages) = store.outbox(MESSAGES).await else { continue };
        for message in messages {
            let words = message.text.split_whitespace().map(|word| word.trim_matches('.'));
            let reference = words.skip_while(|word| *word != "Ref").nth(1).unwrap_or_default().to_owned();
            let Ok(code) = passcode(&message.text) else { continue };
            // A reference is one citizen's: another's may be the same, later.
            if seen.insert(message.text) {
                codes.insert(reference, code);
            }
        }
        let mut pending = pending.lock().unwrap_or_else(PoisonError::into_inner);
        let mut ready = ready.lock().unwrap_or_else(PoisonError::into_inner);
        pending.retain(|reference, id| {
            let code = codes.remove(reference);
            ready.extend(code.map(|code| (std::mem::take(id), code)));
            !id.is_empty()
        });
    }
}
