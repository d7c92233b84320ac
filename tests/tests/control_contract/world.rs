//! Two stores over one database, a clock that stands until it is moved, and one bank that asks one citizen.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use adapters::{
    entropy::SystemEntropy,
    sql::{
        Database, SqlError,
        control::{Contact, ControlKeys, ControlStore, IssuedToken, NewRequest, Polled},
    },
};
use exchange::{
    caller::Thumbprint,
    cnic::Cnic,
    consent::{
        ConsentUse, SubjectKey, details::Details, frequency::Bounds, machine::PasscodeAnswer, message::Language,
        passcode::Passcode,
    },
    ids::{AgencyId, DatatypeId, PurposeCode, RequestId, UserId},
    mobile::Mobile,
    ports::{citizen_keys::CitizenKeys as _, clock::Clock},
    timestamp::Timestamp,
};
use tests::meddling;

pub const CITIZEN: &str = "4210112345671";
pub const MOBILE: &str = "+923001234567";
pub const PASSCODE: &str = "482913";
pub const CERTIFICATE: Thumbprint = Thumbprint([7; 32]);

/// Takes away what came with the sending of messages, as a downgrade would.
pub const WITHOUT_SENDING: &str = "DROP TABLE consent_use; DROP INDEX consent_ends; DROP INDEX auth_request_consent; \
                                   ALTER TABLE consent DROP COLUMN bounds; ALTER TABLE consent DROP COLUMN reminded_at; \
                                   DROP TABLE citizen_block; DROP TABLE word_code; ALTER TABLE contact DROP COLUMN alerts; \
                                   ALTER TABLE contact DROP COLUMN discreet; ALTER TABLE contact DROP COLUMN last_four; \
                                   ALTER TABLE consent DROP COLUMN paused_by; DROP TABLE notification; DROP TABLE consent_revision; DROP TABLE consent_record; DROP TABLE consent_evidence; \
                                   ALTER TABLE auth_request DROP COLUMN record; DROP TABLE wrong_guess; DROP TABLE citizen_lock; DROP TABLE unlock_code; \
                                   DROP TABLE sms_piece; DROP TABLE sms_receipt; DROP TABLE sms_part; \
                                   DROP INDEX sms_outbox_due; DROP INDEX sms_outbox_about; DROP INDEX sms_outbox_lookup; \
                                   ALTER TABLE sms_outbox DROP COLUMN lookup; ALTER TABLE sms_outbox DROP COLUMN about; \
                                   ALTER TABLE sms_outbox DROP COLUMN drop_at; ALTER TABLE sms_outbox DROP COLUMN due_at; \
                                   ALTER TABLE sms_outbox DROP COLUMN lease; ALTER TABLE sms_outbox DROP COLUMN tries; \
                                   ALTER TABLE sms_outbox DROP COLUMN unknown; ALTER TABLE sms_outbox DROP COLUMN ended;";

#[derive(Debug)]
pub struct HandClock(AtomicI64);

impl HandClock {
    pub fn advance(&self, seconds: i64) {
        self.advance_us(seconds * 1_000_000);
    }

    pub fn advance_us(&self, micros: i64) {
        self.0.fetch_add(micros, Ordering::SeqCst);
    }

    pub fn set(&self, at: Timestamp) {
        self.0.store(at.micros(), Ordering::SeqCst);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}

pub struct World {
    pub here: Arc<ControlStore>,
    pub there: Arc<ControlStore>,
    pub clock: Arc<HandClock>,
    pub bank: AgencyId,
    pub teller: UserId,
    pub url: String,
    folder: Option<PathBuf>,
}

impl World {
    pub async fn on_sqlite(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("ijazat-control-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        let mut world = Self::on(&format!("sqlite:{}", folder.join("control.db").display())).await;
        world.folder = Some(folder);
        world
    }

    pub async fn on(url: &str) -> Self {
        let clock = Arc::new(HandClock(AtomicI64::new(1_795_340_000_000_000)));
        let here = Arc::new(store(url, Arc::clone(&clock)).await);
        let there = Arc::new(store(url, Arc::clone(&clock)).await);
        Self {
            here,
            there,
            clock,
            bank: AgencyId::parse("bank-indus").unwrap(),
            teller: UserId::parse("teller-1").unwrap(),
            url: url.to_owned(),
            folder: None,
        }
    }

    pub async fn end(self) {
        self.here.database().close().await;
        self.there.database().close().await;
        if let Some(folder) = self.folder {
            std::fs::remove_dir_all(folder).unwrap();
        }
    }

    /// Another store over the same database, with secrets of this many kinds: the usual ones are 1, 2 and 3.
    pub async fn open(&self, [lookup, wrapping, pepper]: [u8; 3]) -> Result<ControlStore, SqlError> {
        let database = Database::open(&self.url, "control").await?;
        let keys = ControlKeys::new(&[lookup; 32], &[wrapping; 32], &[pepper; 32])
            .unwrap()
            .signing_revisions(exchange::es256::SigningKey::new(&[4; 32]).unwrap());
        let clock = Arc::clone(&self.clock);
        ControlStore::open(database, keys, clock, Arc::new(SystemEntropy::default())).await
    }

    /// Statements that no program of ours runs, all or none: what a thief, a disk or a newer program does.
    pub async fn meddle(&self, sql: impl Into<String>) -> Result<(), SqlError> {
        meddling::meddle(self.there.database(), sql).await
    }

    /// Asks `count` times at once, by turns through both stores, and gathers the answers.
    pub async fn at_once<T, F>(&self, count: usize, ask: impl Fn(Arc<ControlStore>, usize) -> F) -> Vec<T>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        let store = |n: usize| Arc::clone(if n.is_multiple_of(2) { &self.here } else { &self.there });
        let asked: Vec<_> = (0..count).map(|n| tokio::spawn(ask(store(n), n))).collect();
        let mut answers = Vec::with_capacity(count);
        for answer in asked {
            answers.push(answer.await.unwrap());
        }
        answers
    }

    /// Every byte of the SQLite database, its write-ahead log included.
    pub fn dump(&self) -> Option<Vec<u8>> {
        let files = std::fs::read_dir(self.folder.as_ref()?).unwrap().flatten();
        Some(files.flat_map(|file| std::fs::read(file.path()).unwrap()).collect())
    }

    pub fn subject(&self) -> SubjectKey {
        self.here.subject_key(Cnic::parse(CITIZEN).unwrap())
    }

    pub fn contact() -> Contact {
        Contact { mobile: Mobile::parse(MOBILE).unwrap(), language: Language::English }
    }

    pub fn details(&self, usage: ConsentUse) -> Details {
        Details {
            purpose: PurposeCode::parse("KYC-101").unwrap(),
            datatypes: vec![
                DatatypeId::parse("identity.address").unwrap(),
                DatatypeId::parse("identity.name").unwrap(),
            ],
            usage,
            valid_until: (usage == ConsentUse::Standing).then(|| self.clock.now().plus_seconds(10 * 24 * 3600)),
            bounds: Bounds::default(),
        }
    }

    /// A request that has arrived and was answered.
    pub async fn submitted(&self, auth_req_id: &str, usage: ConsentUse) {
        self.submitted_with(auth_req_id, &self.details(usage)).await;
    }

    /// The same with details of the caller's own.
    pub async fn submitted_with(&self, auth_req_id: &str, details: &Details) {
        let request = NewRequest {
            auth_req_id,
            reference: "K7Q4",
            agency: &self.bank,
            user: &self.teller,
            subject: self.subject(),
            details,
            counter: None,
            screen: None,
            terms: None,
            ttl_s: 300,
            ping: None,
        };
        self.here.submit(&request).await.unwrap();
    }

    /// A request whose citizen has the passcode [`PASSCODE`].
    pub async fn sent(&self, auth_req_id: &str, usage: ConsentUse) {
        self.submitted(auth_req_id, usage).await;
        self.message(auth_req_id).await;
    }

    async fn message(&self, auth_req_id: &str) {
        let text = format!("Ijazat code {PASSCODE}");
        assert!(self.there.send(auth_req_id, &passcode(PASSCODE), Self::contact(), &text).await.unwrap());
    }

    pub async fn offer(&self, auth_req_id: &str, digits: &str) -> Option<PasscodeAnswer> {
        self.here.offer(auth_req_id, &self.bank, &self.teller, &passcode(digits)).await.unwrap()
    }

    pub async fn poll(&self, auth_req_id: &str) -> Option<Polled> {
        self.there.poll(auth_req_id, &self.bank, CERTIFICATE).await.unwrap()
    }

    /// A token of a fresh consent.
    pub async fn token(&self, auth_req_id: &str, usage: ConsentUse) -> IssuedToken {
        self.submitted(auth_req_id, usage).await;
        self.approved(auth_req_id).await
    }

    /// The token of a request that was submitted, after the citizen's yes.
    pub async fn approved(&self, auth_req_id: &str) -> IssuedToken {
        self.message(auth_req_id).await;
        self.approved_after(auth_req_id).await
    }

    /// The same where the message is out.
    pub async fn approved_after(&self, auth_req_id: &str) -> IssuedToken {
        assert_eq!(self.offer(auth_req_id, PASSCODE).await, Some(PasscodeAnswer::Approved));
        match self.poll(auth_req_id).await {
            Some(Polled::Token(token)) => token,
            other => panic!("no token but {other:?}"),
        }
    }
}

async fn store(url: &str, clock: Arc<HandClock>) -> ControlStore {
    let database = Database::open(url, "control").await.unwrap();
    let keys = ControlKeys::new(&[1; 32], &[2; 32], &[3; 32])
        .unwrap()
        .signing_revisions(exchange::es256::SigningKey::new(&[4; 32]).unwrap());
    ControlStore::open(database, keys, clock, Arc::new(SystemEntropy::default())).await.unwrap()
}

pub fn passcode(digits: &str) -> Passcode {
    Passcode::parse(digits).unwrap()
}

/// How often an answer was given.
pub fn count<T: PartialEq>(answers: &[T], wanted: &T) -> usize {
    answers.iter().filter(|answer| *answer == wanted).count()
}

pub fn request(id: &str) -> RequestId {
    RequestId::parse(id).unwrap()
}
