//! What tests of routes need: permits, a directory, and a log in memory whose proofs are real.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use axum::{Router, body::Body};
use exchange::{
    caller::Thumbprint,
    catalogue::Catalogue,
    classification::{Role, Sector},
    cnic::Cnic,
    consent::SubjectKey,
    decision::{Decider, Decision, Question},
    directory::{Agency, DirectoryData},
    ids::{AgencyId, RequestId, ServiceId, UserId},
    log::{checkpoint::Checkpoint, merkle, note::NoteSigner, paths, proof::TlogProof},
    permit::{Grant, Permit, PermitMint},
    ports::{
        citizen_keys::{CitizenKeys, KeysUnavailable},
        consent_tokens::ControlUnavailable,
        directory_source::DirectorySource,
        entropy::Entropy,
        record_log::{Durable, Entry, InclusionProof, LogUnavailable, RecordLog, StoredEntry},
    },
    record::{
        leaf::{Commitments, Kind, LEAF_VERSION, Leaf},
        seal::SealingKey,
        side::{self, Side, SubjectEntry},
    },
    timestamp::Timestamp,
};
use serde_json::Value;
use tower::ServiceExt as _;

use crate::phases::snapshot::DirectoryWatch;

/// 2026-11-22 in Karachi, in the afternoon.
pub const AT: i64 = 1_795_340_000_000_000;
/// Name of the log.
pub const ORIGIN: &str = "ijazat.test/node-1";
/// A citizen.
pub const CITIZEN: &str = "4210112345671";

/// A permit of this agency for this service.
#[expect(clippy::disallowed_methods, reason = "a test stands in for authorise")]
pub fn permit(service: &str, agency: &str) -> Arc<Permit> {
    Arc::new(PermitMint::new().mint(Grant {
        request: RequestId::parse("own-request").unwrap(),
        service: ServiceId::parse(service).unwrap(),
        version: 1,
        agency: Some(AgencyId::parse(agency).unwrap()),
        user: UserId::parse("user-1").ok(),
        certificate: Some(Thumbprint([7; 32])),
        role: Role::Standard,
        purpose: None,
        subject: Cnic::parse(CITIZEN).ok(),
        datatypes: Vec::new(),
        rows: 3,
        consent: None,
        basis: None,
        subject_status: false,
        policies: Vec::new(),
        obligations: Vec::new(),
        report: None,
        at: Timestamp::from_micros(AT),
    }))
}

/// Sends one request and returns status and JSON body (`null` if it is no JSON).
pub async fn ask(router: Router, permit: Option<Arc<Permit>>, method: &str, path: &str, body: &str) -> (u16, Value) {
    let mut request = http::Request::builder().method(method).uri(path);
    if let Some(permit) = permit {
        request = request.extension(permit);
    }
    let answer = router.oneshot(request.body(Body::from(body.to_owned())).unwrap()).await.unwrap();
    let status = answer.status().as_u16();
    let bytes = axum::body::to_bytes(answer.into_body(), 1 << 20).await.unwrap();
    (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
}

/// An agency of this kind.
pub fn agency(id: &str, kind: &str) -> Agency {
    Agency {
        id: AgencyId::parse(id).unwrap(),
        name: format!("Agency {id}"),
        name_ur: "ادارہ".into(),
        kind: kind.into(),
        sector: Sector::Private,
        condition_met: true,
        feeder: false,
        user_agency: true,
        suspended: false,
        networks: Vec::new(),
        keys: Vec::new(),
        nda_from: Timestamp::from_micros(0),
        nda_until: Timestamp::from_micros(i64::MAX),
        subject_status: false,
        requests_per_s: 50,
        notify: None,
    }
}

#[derive(Debug)]
struct Given(DirectoryData);

#[async_trait]
impl DirectorySource for Given {
    async fn generation(&self) -> Result<u64, ControlUnavailable> {
        Ok(1)
    }
    async fn read(&self) -> Result<(u64, DirectoryData), ControlUnavailable> {
        Ok((1, self.0.clone()))
    }
}

/// Finds nothing wrong with anyone.
#[derive(Debug)]
struct Lawless;

impl Decider for Lawless {
    fn decide(&self, _: &Question) -> Decision {
        Decision { verdicts: Vec::new(), obligations: Vec::new(), generation: 1, errored: false }
    }
    fn catalogue(&self) -> Arc<Catalogue> {
        Arc::new(Catalogue::new(Vec::new(), Vec::new()))
    }
    fn generation(&self) -> u64 {
        1
    }
}

/// A confirmed snapshot of this data.
pub async fn directory(data: DirectoryData) -> Arc<DirectoryWatch> {
    let watch = DirectoryWatch::new(Arc::new(Given(data)), Arc::new(Lawless));
    watch.confirm().await.unwrap();
    Arc::new(watch)
}

/// Citizens' keys: the citizen's last digit, repeated.
#[derive(Debug)]
pub struct LastDigit;

#[async_trait]
impl CitizenKeys for LastDigit {
    fn subject_key(&self, cnic: Cnic) -> SubjectKey {
        SubjectKey([u8::try_from(cnic.as_u64() % 10).unwrap(); 32])
    }
    async fn key(&self, _: SubjectKey) -> Result<Option<Arc<SealingKey>>, KeysUnavailable> {
        Ok(None)
    }
    async fn destroy(&self, _: SubjectKey) -> Result<(), KeysUnavailable> {
        Ok(())
    }
}

#[derive(Debug)]
struct Sevens;

impl Entropy for Sevens {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(7);
    }
}

/// The log's sealing key.
pub fn side_key() -> Arc<SealingKey> {
    Arc::new(SealingKey::new(&[9; 32]).unwrap())
}

/// An answered request of this agency, priced 35,000 milli-paisa.
pub fn leaf(kind: Kind, request: &str, agency: &str) -> Leaf {
    Leaf {
        version: LEAF_VERSION,
        kind,
        at: AT,
        node: "node-1".into(),
        sequence: 0,
        request: request.into(),
        intent: None,
        caller: "Agency".into(),
        agency: Some(agency.into()),
        service: Some("identity.kyc@1".into()),
        purpose: Some("KYC-101".into()),
        basis: None,
        agreement: None,
        status: 200,
        code: None,
        released: Vec::new(),
        withheld: Vec::new(),
        bundle: 1,
        directory: 1,
        rows: 1,
        bytes: 100,
        rate_version: Some("v1".into()),
        tariff: Some("identity.kyc".into()),
        amount: 35_000,
        commitments: Commitments::default(),
        counted: 1,
        dry_run: false,
        unit: Some(exchange::tariff::Unit::Row),
        class: Some(exchange::tariff::Class::Private),
        rated_at: None,
    }
}

/// A log in memory.
#[derive(Debug, Default)]
pub struct MemoryLog(Mutex<Vec<StoredEntry>>);

impl MemoryLog {
    /// Appends a leaf about the citizen of this last digit.
    pub fn put(&self, leaf: Leaf, citizen: u8) {
        self.put_by(Some("teller-1"), leaf, citizen);
    }

    /// Appends a leaf of a request in which this user was named.
    pub fn put_by(&self, user: Option<&str>, mut leaf: Leaf, citizen: u8) {
        let mut entries = self.0.lock().unwrap();
        leaf.sequence = entries.len() as u64;
        let side = Side {
            user: user.map(Into::into),
            user_name: Some("Teller of the story".into()),
            address: "203.0.113.77".into(),
            subjects: vec![SubjectEntry { key: [citizen; 32].into(), sealed: vec![].into(), returned: true }],
            ..Side::default()
        };
        let side = side_key().seal(&Sevens, &side::place(&leaf.request), &side.to_bytes()).unwrap();
        entries.push(StoredEntry { sequence: leaf.sequence, leaf: leaf.to_bytes(), side });
    }

    fn hashes(&self) -> Vec<merkle::Hash> {
        self.0.lock().unwrap().iter().map(|entry| merkle::leaf_hash(&entry.leaf)).collect()
    }

    fn signed(hashes: &[merkle::Hash]) -> String {
        let mut tree = merkle::Frontier::default();
        for hash in hashes {
            tree.push(*hash);
        }
        let head = paths::Head { size: tree.size(), root: tree.root() };
        Checkpoint { origin: ORIGIN.into(), head }.sign(&signer()).unwrap()
    }
}

fn signer() -> NoteSigner {
    NoteSigner::from_seed(ORIGIN, &[5; 32]).unwrap()
}

/// Root of a complete subtree, by the definition of RFC 6962.
fn subtree(hashes: &[merkle::Hash], level: u32, index: u64) -> Option<merkle::Hash> {
    if level == 0 {
        return hashes.get(usize::try_from(index).ok()?).copied();
    }
    let (left, right) = (subtree(hashes, level - 1, index * 2)?, subtree(hashes, level - 1, index * 2 + 1)?);
    Some(merkle::node_hash(&left, &right))
}

impl RecordLog for MemoryLog {
    fn submit(&self, _: Entry) -> Result<Durable, LogUnavailable> {
        Err(LogUnavailable::Full)
    }
    fn durable_size(&self) -> u64 {
        self.0.lock().unwrap().len() as u64
    }
    fn origin(&self) -> &'static str {
        ORIGIN
    }
    fn node(&self) -> &'static str {
        "node-1"
    }
    fn read(&self, from: u64, count: usize) -> Result<Vec<StoredEntry>, LogUnavailable> {
        let entries = self.0.lock().unwrap();
        Ok(entries.iter().filter(|entry| entry.sequence >= from).take(count).cloned().collect())
    }
    fn prove(&self, sequence: u64) -> Result<InclusionProof, LogUnavailable> {
        let hashes = self.hashes();
        let source = |level: u32, index: u64| subtree(&hashes, level, index);
        let absent = || LogUnavailable::Failed("no such entry".into());
        let path = paths::inclusion(&source, sequence, hashes.len() as u64).ok_or_else(absent)?;
        let checkpoint = Self::signed(&hashes);
        let text = TlogProof { index: sequence, path: path.clone(), checkpoint: checkpoint.clone() }.to_text();
        Ok(InclusionProof { checkpoint, sequence, path, tlog_proof: text })
    }
    fn checkpoint(&self) -> Result<String, LogUnavailable> {
        Ok(Self::signed(&self.hashes()))
    }
    fn verifier_key(&self) -> String {
        signer().verifier().to_vkey()
    }
    fn healthy(&self) -> Result<(), LogUnavailable> {
        Ok(())
    }
}
