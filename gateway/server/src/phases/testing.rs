//! What tests of the phases share: the shipped catalogue and sample directory, fakes that can fail on command, and one
//! diary of everything that the fakes were asked, in order.

mod calls;
mod log;
mod quotas;
mod stores;
mod upstream;
mod wallets;

use std::{
    collections::{BTreeSet, HashMap},
    num::NonZeroU32,
    sync::{Arc, LazyLock, Mutex},
};

use adapters::clock::ManualClock;
use async_trait::async_trait;
use exchange::{
    catalogue::{Catalogue, Datatype, Service},
    classification::Classification,
    cnic::Cnic,
    codes::Code,
    decision::{Decider, Decision, Obligation, Question, Verdict},
    directory::DirectoryData,
    ids::{PolicyId, UpstreamId},
    permit::PermitMint,
    ports::{
        clock::Clock, consent_tokens::ControlUnavailable, directory_source::DirectorySource, entropy::Entropy,
        upstream::Upstream,
    },
    record::{leaf::Leaf, seal::SealingKey, side},
    timestamp::Timestamp,
};
use serde::Deserialize;

pub use self::{
    calls::{BodyOf, Call, certificate_of, read},
    log::{FakeLog, LogFault},
    quotas::FakeQuotas,
    stores::{FakeCitizens, FakeKeys, FakeTokens},
    upstream::FakeUpstream,
    wallets::FakeWallets,
};
use super::{
    assertion::SeenAssertions,
    authorise::{self, Authorised},
    counted::CountedRefusals,
    identify,
    limit::{LimitNumbers, Limits},
    parts::{Law, Parts, Revocations},
    route::{self, Routed},
    snapshot::DirectoryWatch,
    trail::Trail,
};
use crate::{compose::sample, door::Reply, law::LawInForce, observe::metrics::Metrics, pipeline::Pipeline};

/// 2026-11-22 in Karachi, in the afternoon.
pub const AT: Timestamp = Timestamp::from_micros(1_795_340_000_000_000);
/// A citizen.
pub const CITIZEN: &str = "4210112345671";
/// Another citizen.
pub const OTHER: &str = "3520276543219";
/// A token that [`Trial::grant`] gives.
pub const TOKEN: &str = "a-token-of-more-than-sixteen-bytes";

/// Everything that happened at the ports, in order.
#[derive(Clone, Debug, Default)]
pub struct Diary(Arc<Mutex<Vec<String>>>);

impl Diary {
    pub fn note(&self, what: impl Into<String>) {
        self.0.lock().unwrap().push(what.into());
    }

    pub fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    pub fn count(&self, begins: &str) -> usize {
        self.all().iter().filter(|note| note.starts_with(begins)).count()
    }
}

/// The services and datatypes of the shipped bundle, without its policies.
static SHIPPED: LazyLock<(Vec<Service>, Vec<Datatype>)> = LazyLock::new(|| {
    #[derive(Deserialize)]
    struct File {
        #[serde(default)]
        service: Vec<Service>,
        #[serde(default)]
        datatype: Vec<Datatype>,
    }
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies");
    let (mut services, mut datatypes) = (Vec::new(), Vec::new());
    for folder in ["catalogue", "dictionary"] {
        for entry in std::fs::read_dir(root.join(folder)).unwrap().map(Result::unwrap) {
            let file: File = toml::from_str(&std::fs::read_to_string(entry.path()).unwrap()).unwrap();
            services.extend(file.service);
            datatypes.extend(file.datatype);
        }
    }
    (services, datatypes)
});

/// Policies that a test dictates.
pub struct FakeDecider {
    catalogue: Arc<Catalogue>,
    withheld: Mutex<HashMap<String, Code>>,
    errored: Mutex<bool>,
    obliges: Mutex<Vec<Obligation>>,
    approved: Mutex<BTreeSet<String>>,
    asked: Mutex<Vec<Question>>,
}

impl std::fmt::Debug for FakeDecider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FakeDecider")
    }
}

impl FakeDecider {
    /// Withholds a datatype with this code; everything else is allowed.
    pub fn withhold(&self, datatype: &str, code: Code) {
        self.withheld.lock().unwrap().insert(datatype.to_owned(), code);
    }

    /// Allows a datatype that was withheld, as every Secret one is at first.
    pub fn allow(&self, datatype: &str) {
        self.withheld.lock().unwrap().remove(datatype);
    }

    /// From now on each decision obliges to these.
    pub fn oblige(&self, to: &[Obligation]) {
        *self.obliges.lock().unwrap() = to.to_vec();
    }

    /// From now on an error is reported with each decision.
    pub fn err(&self) {
        *self.errored.lock().unwrap() = true;
    }

    /// From now on a datatype needs an approval, of whatever class it is.
    pub fn need_approval(&self, datatype: &str) {
        self.approved.lock().unwrap().insert(datatype.to_owned());
    }

    /// The question of this number, from 0.
    pub fn question(&self, number: usize) -> Question {
        self.asked.lock().unwrap()[number].clone()
    }

    /// The last question.
    pub fn asked(&self) -> Question {
        self.asked.lock().unwrap().last().expect("the policies were asked").clone()
    }

    /// How often the policies were asked.
    pub fn times(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

impl Decider for FakeDecider {
    fn decide(&self, question: &Question) -> Decision {
        self.asked.lock().unwrap().push(question.clone());
        let withheld = self.withheld.lock().unwrap();
        let approved = self.approved.lock().unwrap();
        let verdict = |datatype: &exchange::ids::DatatypeId| {
            let unapproved = question.approval.is_none() && approved.contains(datatype.as_str());
            let code = withheld.get(datatype.as_str()).copied().or(unapproved.then_some(Code::SecretNeedsBoard));
            let policy = if code.is_some() { "F-fake" } else { "P-fake" };
            Verdict {
                datatype: datatype.clone(),
                allowed: code.is_none(),
                policies: vec![PolicyId::parse(policy).unwrap()],
                code,
            }
        };
        Decision {
            verdicts: question.datatypes.iter().map(verdict).collect(),
            obligations: self.obliges.lock().unwrap().clone(),
            generation: 9,
            errored: *self.errored.lock().unwrap(),
        }
    }

    fn catalogue(&self) -> Arc<Catalogue> {
        Arc::clone(&self.catalogue)
    }

    fn generation(&self) -> u64 {
        9
    }
}

/// Serials that a test revoked.
#[derive(Debug, Default)]
pub struct Revoked(pub Mutex<BTreeSet<String>>);

impl Revocations for Revoked {
    fn is_revoked(&self, serial: &str) -> bool {
        self.0.lock().unwrap().contains(serial)
    }
}

/// Counts up, so that no two draws are equal and every run is.
#[derive(Debug, Default)]
pub struct Counting(Mutex<u64>);

impl Entropy for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        let mut next = self.0.lock().unwrap();
        for chunk in bytes.chunks_mut(8) {
            *next += 1;
            chunk.copy_from_slice(&next.to_be_bytes()[..chunk.len()]);
        }
    }
}

#[derive(Debug)]
struct Given(Mutex<(u64, DirectoryData)>);

#[async_trait]
impl DirectorySource for Given {
    async fn generation(&self) -> Result<u64, ControlUnavailable> {
        Ok(self.0.lock().unwrap().0)
    }
    async fn read(&self) -> Result<(u64, DirectoryData), ControlUnavailable> {
        Ok(self.0.lock().unwrap().clone())
    }
}

/// What a test may change before the door is built.
#[derive(Debug)]
pub struct Setup {
    pub directory: DirectoryData,
    pub services: Vec<Service>,
    pub datatypes: Vec<Datatype>,
    pub per_s: u32,
}

impl Setup {
    /// The service of this name.
    pub fn service(&mut self, id: &str) -> &mut Service {
        self.services.iter_mut().find(|service| service.id.as_str() == id).unwrap()
    }
}

/// A door over fakes.
#[derive(Debug)]
pub struct Trial {
    pub door: Pipeline,
    pub parts: Arc<Parts>,
    pub diary: Diary,
    pub log: Arc<FakeLog>,
    pub tokens: Arc<FakeTokens>,
    pub citizens: Arc<FakeCitizens>,
    pub keys: Arc<FakeKeys>,
    pub wallets: Arc<FakeWallets>,
    pub quotas: Arc<FakeQuotas>,
    pub decider: Arc<FakeDecider>,
    pub upstream: Arc<FakeUpstream>,
    pub foreign: Arc<FakeUpstream>,
    pub revoked: Arc<Revoked>,
    pub clock: ManualClock,
    given: Arc<Given>,
}

impl Trial {
    /// The door as shipped: sample directory with registered keys; every policy says yes, but to Secret data no.
    pub async fn new() -> Self {
        Self::with(|_| ()).await
    }

    /// The same with changes.
    pub async fn with(change: impl FnOnce(&mut Setup)) -> Self {
        let (services, datatypes) = SHIPPED.clone();
        let mut setup = Setup { directory: sample::directory().unwrap(), services, datatypes, per_s: 10_000 };
        for agency in &mut setup.directory.agencies {
            agency.keys = vec![certificate_of(agency.id.as_str()).spki_sha256];
        }
        change(&mut setup);
        Self::over(setup).await
    }

    #[expect(clippy::disallowed_methods, reason = "a test stands in for the composition")]
    async fn over(setup: Setup) -> Self {
        let (diary, clock) = (Diary::default(), ManualClock::new(AT));
        let secret = |datatype: &&Datatype| datatype.class == Classification::Secret;
        let secrets =
            setup.datatypes.iter().filter(secret).map(|datatype| (datatype.id.to_string(), Code::PolicyDenied));
        let decider = Arc::new(FakeDecider {
            withheld: Mutex::new(secrets.collect()),
            catalogue: Arc::new(Catalogue::new(setup.services, setup.datatypes)),
            errored: Mutex::default(),
            obliges: Mutex::default(),
            approved: Mutex::default(),
            asked: Mutex::default(),
        });
        let given = Arc::new(Given(Mutex::new((3, setup.directory))));
        let directory = Arc::new(DirectoryWatch::new(Arc::clone(&given) as _, Arc::clone(&decider) as _));
        directory.confirm().await.unwrap();
        let (tokens, citizens) = (Arc::new(FakeTokens::new(diary.clone())), Arc::new(FakeCitizens::default()));
        let keys = Arc::new(FakeKeys::new(diary.clone(), clock.clone()));
        let (log, wallets) = (Arc::new(FakeLog::new(diary.clone())), Arc::new(FakeWallets::new(diary.clone())));
        let [upstream, foreign] = [FakeUpstream::ours, FakeUpstream::foreign].map(|of| Arc::new(of(diary.clone())));
        let (quotas, revoked) = (Arc::new(FakeQuotas::new(diary.clone())), Arc::new(Revoked::default()));
        let mut upstreams: HashMap<UpstreamId, Arc<dyn Upstream>> = HashMap::new();
        for name in ["registry", "control", "record"] {
            upstreams.insert(UpstreamId::parse(name).unwrap(), Arc::clone(&upstream) as _);
        }
        upstreams.insert(UpstreamId::parse("fbr").unwrap(), Arc::clone(&foreign) as _);
        let each = NonZeroU32::new(setup.per_s).unwrap();
        let numbers =
            LimitNumbers { user_per_s: each, service_per_s: each, public_per_s: each, agency_per_s_max: each };
        let parts = Arc::new(Parts {
            law: Arc::new(LawInForce::new(Law::new(Arc::clone(&decider) as _))),
            directory,
            revocations: Arc::clone(&revoked) as _,
            mint: PermitMint::new(),
            log: Arc::clone(&log) as _,
            side_key: Arc::new(SealingKey::new(&[9; 32]).unwrap()),
            citizen_keys: Arc::clone(&citizens) as _,
            tokens: Arc::clone(&tokens) as _,
            proposals: Arc::clone(&tokens) as _,
            wallets: Arc::clone(&wallets) as _,
            quotas: Arc::clone(&quotas) as _,
            idempotency: Arc::clone(&keys) as _,
            upstreams,
            limits: Limits::new(numbers),
            counted: CountedRefusals::default(),
            assertions: SeenAssertions::default(),
            clock: Arc::new(clock.clone()),
            entropy: Arc::new(Counting::default()),
            metrics: Arc::new(Metrics::new().unwrap()),
            assertion_audience: "ijazat.test".to_owned(),
        });
        let door = Pipeline::new(Arc::clone(&parts));
        Self {
            door,
            parts,
            diary,
            log,
            tokens,
            citizens,
            keys,
            wallets,
            quotas,
            decider,
            upstream,
            foreign,
            revoked,
            clock,
            given,
        }
    }

    /// Changes the directory under a new generation, and confirms it.
    pub async fn change(&self, change: impl FnOnce(&mut DirectoryData)) {
        self.change_unseen(change);
        self.parts.directory.confirm().await.unwrap();
    }

    /// Changes the directory under a new generation, of which the door does not know yet.
    pub fn change_unseen(&self, change: impl FnOnce(&mut DirectoryData)) {
        let mut given = self.given.0.lock().unwrap();
        given.0 += 1;
        change(&mut given.1);
    }

    /// Sends a call through the whole door.
    pub async fn send(&self, call: &Call) -> Reply {
        use crate::door::Door as _;
        // What the gateway does every 250 ms; here before each request, however slow the machine is.
        self.parts.directory.confirm().await.unwrap();
        self.door.serve(call.head(), &mut BodyOf::new(call)).await
    }

    /// A trail as the door begins one.
    pub fn trail(&self, call: &Call) -> Trail {
        let head = call.head();
        let caller =
            if call.public { exchange::catalogue::CallerKind::Public } else { exchange::catalogue::CallerKind::Agency };
        let request = exchange::ids::RequestId::parse("the-request").unwrap();
        Trail::new(request, self.clock.now(), head.peer.address, caller)
    }

    /// Runs the phases up to *route*.
    pub async fn routed(&self, call: &Call) -> Result<(Routed, Trail), exchange::refusal::Refusal> {
        self.parts.directory.confirm().await.unwrap();
        let (head, mut trail) = (call.head(), self.trail(call));
        let (caller, directory) = identify::identify(&self.parts, &head, &mut trail)?;
        let routed = route::route(&self.parts, &head, &mut BodyOf::new(call), caller, &directory, &mut trail).await?;
        Ok((routed, trail))
    }

    /// Runs the phases up to *authorise*.
    pub async fn authorised(&self, call: &Call) -> Result<(Routed, Authorised, Trail), exchange::refusal::Refusal> {
        let (routed, mut trail) = self.routed(call).await?;
        let directory = self.parts.directory.any();
        let authorised = authorise::authorise(&self.parts, &routed, &directory, &mut trail).await?;
        Ok((routed, authorised, trail))
    }

    /// Everything recorded, in order.
    pub fn leaves(&self) -> Vec<Leaf> {
        self.log.entries().into_iter().map(|entry| entry.leaf).collect()
    }

    /// The side record of an entry, opened.
    pub fn side(&self, at: usize) -> side::Side {
        let entry = &self.log.entries()[at];
        let opened = self.parts.side_key.open(&side::place(&entry.leaf.request), &entry.side).unwrap();
        side::Side::from_bytes(&opened).unwrap()
    }
}

/// Polls once, as a runtime that looks in passing: whether the work waits for something.
pub fn waits<F: Future>(work: &mut std::pin::Pin<Box<F>>) -> bool {
    work.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop())).is_pending()
}

/// A citizen's number.
pub fn cnic(digits: &str) -> Cnic {
    Cnic::parse(digits).unwrap()
}
