//! Citizens' keys, tokens and idempotency keys in memory, each of which can be made to fail.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use adapters::clock::ManualClock;
use async_trait::async_trait;
use exchange::{
    caller::Thumbprint,
    cnic::Cnic,
    consent::{
        ConsentFacts, ConsentUse, SubjectKey,
        frequency::{Bounds, Turn},
    },
    decision::Proposer,
    ids::{AgencyId, ApprovalId, ConsentId, DatatypeId, ProgrammeId, PurposeCode, RequestId, UserId},
    ports::{
        citizen_keys::{CitizenKeys, KeysUnavailable},
        clock::Clock as _,
        consent_tokens::{ConsentTokens, ControlUnavailable, Turned},
        idempotency::{Beginning, Begun, Claim, IdempotencyKeys, IdempotencyScope},
        proposals::Proposals,
    },
    record::seal::SealingKey,
    timestamp::Timestamp,
};

use super::{AT, Diary, TOKEN, certificate_of};

/// Citizens' keys: the number's digits, repeated.
#[derive(Debug, Default)]
pub struct FakeCitizens {
    pub down: AtomicBool,
    pub destroyed: Mutex<BTreeSet<SubjectKey>>,
}

#[async_trait]
impl CitizenKeys for FakeCitizens {
    fn subject_key(&self, cnic: Cnic) -> SubjectKey {
        let mut key = [0; 32];
        key[..13].copy_from_slice(cnic.digits().as_bytes());
        SubjectKey(key)
    }

    async fn key(&self, subject: SubjectKey) -> Result<Option<Arc<SealingKey>>, KeysUnavailable> {
        if self.down.load(Ordering::SeqCst) {
            return Err(KeysUnavailable("down".into()));
        }
        if self.destroyed.lock().unwrap().contains(&subject) {
            return Ok(None);
        }
        Ok(Some(Arc::new(SealingKey::new(&subject.0).unwrap())))
    }

    async fn destroy(&self, subject: SubjectKey) -> Result<(), KeysUnavailable> {
        self.destroyed.lock().unwrap().insert(subject);
        Ok(())
    }
}

/// The certificate that a token is bound to, its consent, and the request that used it.
type Granted = (Thumbprint, ConsentFacts, Option<RequestId>);

/// Tokens and approvals. A call whose word stands in `failing` fails; one in `losing` finds that another was quicker.
#[derive(Debug)]
pub struct FakeTokens {
    diary: Diary,
    pub failing: Mutex<BTreeSet<&'static str>>,
    pub losing: Mutex<BTreeSet<&'static str>>,
    tokens: Mutex<HashMap<String, Granted>>,
    pub proposals: Mutex<HashMap<String, Proposer>>,
}

#[async_trait]
impl Proposals for FakeTokens {
    async fn proposer(&self, proposal: &str) -> Result<Option<Proposer>, ControlUnavailable> {
        if self.failing.lock().unwrap().contains("proposer") {
            return Err(ControlUnavailable("down".into()));
        }
        Ok(self.proposals.lock().unwrap().get(proposal).cloned())
    }
}

impl FakeTokens {
    pub fn new(diary: Diary) -> Self {
        Self {
            diary,
            failing: Mutex::default(),
            losing: Mutex::default(),
            tokens: Mutex::default(),
            proposals: Mutex::default(),
        }
    }

    /// A consent of this citizen to the bank behind [`TOKEN`].
    pub fn grant(&self, citizen: &str, usage: ConsentUse) {
        let facts = ConsentFacts {
            id: ConsentId::parse("cns-1").unwrap(),
            revision: 2,
            subject: FakeCitizens::default().subject_key(Cnic::parse(citizen).unwrap()),
            agency: AgencyId::parse("bank-indus").unwrap(),
            user: UserId::parse("teller-1").unwrap(),
            purpose: PurposeCode::parse("KYC-101").unwrap(),
            datatypes: vec![DatatypeId::parse("identity.name").unwrap()],
            usage,
            granted_at: AT,
            expires_at: AT.plus_seconds(120),
            active: true,
            bounds: Bounds::default(),
        };
        let bound = certificate_of("bank-indus").thumbprint;
        self.tokens.lock().unwrap().insert(TOKEN.to_owned(), (bound, facts, None));
    }

    /// From now on the consent is bounded so.
    pub fn bound(&self, bounds: Bounds) {
        self.tokens.lock().unwrap().values_mut().for_each(|token| token.1.bounds = bounds);
    }

    /// Ends every consent.
    pub fn revoke(&self) {
        self.tokens.lock().unwrap().values_mut().for_each(|token| token.1.active = false);
    }

    /// From now on another request is always quicker at this.
    pub fn lose(&self, word: &'static str) {
        self.losing.lock().unwrap().insert(word);
    }

    /// From now on this fails.
    pub fn fail(&self, word: &'static str) {
        self.failing.lock().unwrap().insert(word);
    }

    fn step(&self, word: &'static str) -> Result<bool, ControlUnavailable> {
        self.diary.note(word);
        if self.failing.lock().unwrap().contains(word) {
            return Err(ControlUnavailable("down".into()));
        }
        Ok(!self.losing.lock().unwrap().contains(word))
    }
}

#[async_trait]
impl ConsentTokens for FakeTokens {
    async fn find(&self, token: &str, certificate: Thumbprint) -> Result<Option<ConsentFacts>, ControlUnavailable> {
        self.step("find")?;
        let tokens = self.tokens.lock().unwrap();
        let found = tokens.get(token).filter(|found| found.0 == certificate && found.1.active && found.2.is_none());
        Ok(found.map(|found| found.1.clone()))
    }

    async fn find_again(
        &self,
        token: &str,
        certificate: Thumbprint,
        by: &RequestId,
    ) -> Result<Option<ConsentFacts>, ControlUnavailable> {
        self.step("find_again")?;
        let tokens = self.tokens.lock().unwrap();
        let found = tokens.get(token).filter(|found| found.0 == certificate && found.1.active);
        let found = found.filter(|found| found.2.as_ref().is_none_or(|used| used == by));
        Ok(found.map(|found| found.1.clone()))
    }

    async fn consume(&self, token: &str, request: &RequestId) -> Result<bool, ControlUnavailable> {
        let won = self.step("consume")?;
        let mut tokens = self.tokens.lock().unwrap();
        match tokens.get_mut(token).filter(|found| won && found.1.active && found.2.is_none()) {
            None => Ok(false),
            Some(found) => {
                if found.1.usage == ConsentUse::OneTime {
                    found.2 = Some(request.clone());
                }
                Ok(true)
            }
        }
    }

    async fn restore(&self, token: &str, request: &RequestId) -> Result<(), ControlUnavailable> {
        self.step("restore")?;
        let mut tokens = self.tokens.lock().unwrap();
        if let Some(found) = tokens.get_mut(token).filter(|found| found.2.as_ref() == Some(request)) {
            found.2 = None;
        }
        Ok(())
    }

    async fn use_consent(&self, consent: &ConsentId, turn: Turn, _: &RequestId) -> Result<Turned, ControlUnavailable> {
        let (from, times, ever) = (turn.begins_at.rfc3339(), turn.times, turn.ever);
        self.diary.note(format!("consent {consent} {times:?} {ever:?} from {from}"));
        let ended = self.losing.lock().unwrap().contains("consent_left");
        Ok(match self.step("use_consent")? {
            true if ended => Turned::Ended,
            true => Turned::Taken,
            false => Turned::TooOften,
        })
    }

    async fn restore_consent(&self, _: &ConsentId, _: &RequestId) -> Result<(), ControlUnavailable> {
        self.step("restore_consent").map(drop)
    }

    async fn use_approval(&self, approval: &ApprovalId, _: &RequestId) -> Result<bool, ControlUnavailable> {
        self.diary.note(format!("approval {approval}"));
        self.step("use_approval")
    }

    async fn restore_approval(&self, _: &ApprovalId, _: &RequestId) -> Result<(), ControlUnavailable> {
        self.step("restore_approval").map(drop)
    }

    async fn use_programme(
        &self,
        programme: &ProgrammeId,
        (window, times): (Timestamp, u32),
        _: &RequestId,
    ) -> Result<bool, ControlUnavailable> {
        self.diary.note(format!("programme {programme} {times} from {}", window.rfc3339()));
        self.step("use_programme")
    }

    async fn restore_programme(&self, _: &ProgrammeId, _: &RequestId) -> Result<(), ControlUnavailable> {
        self.step("restore_programme").map(drop)
    }
}

#[derive(Debug)]
struct Kept {
    body: [u8; 32],
    claim: Claim,
    done: Option<(u64, Option<Vec<u8>>)>,
    replays: u32,
}

/// Idempotency keys by the port's contract. A call whose word stands in `failing` fails.
#[derive(Debug)]
pub struct FakeKeys {
    diary: Diary,
    clock: ManualClock,
    pub failing: Mutex<BTreeSet<&'static str>>,
    kept: Mutex<HashMap<String, Kept>>,
    begun: Mutex<Vec<Vec<u8>>>,
}

impl FakeKeys {
    pub fn new(diary: Diary, clock: ManualClock) -> Self {
        Self { diary, clock, failing: Mutex::default(), kept: Mutex::default(), begun: Mutex::default() }
    }

    fn step(&self, word: &'static str) -> Result<(), ControlUnavailable> {
        self.diary.note(format!("key {word}"));
        if self.failing.lock().unwrap().contains(word) {
            return Err(ControlUnavailable("down".into()));
        }
        Ok(())
    }

    /// What is kept of finished keys, as the store would seal it.
    pub fn notes(&self) -> Vec<Vec<u8>> {
        let kept = self.kept.lock().unwrap();
        kept.values().filter_map(|kept| kept.done.as_ref()?.1.clone()).collect()
    }

    /// Puts nonsense in the place of everything that is kept.
    pub fn damage(&self) {
        for kept in self.kept.lock().unwrap().values_mut() {
            if let Some((_, note)) = &mut kept.done {
                *note = Some(b"nonsense".to_vec());
            }
        }
    }

    /// Does as whoever follows the record does when a process died between the record and the end of its key.
    pub fn finish_recorded(&self, sequence: u64) {
        let note = self.begun.lock().unwrap().last().cloned().unwrap();
        for kept in self.kept.lock().unwrap().values_mut().filter(|kept| kept.done.is_none()) {
            kept.done = Some((sequence, Some(note.clone())));
        }
    }

    /// Names of the keys that are taken or finished.
    pub fn known(&self) -> usize {
        self.kept.lock().unwrap().len()
    }
}

#[async_trait]
impl IdempotencyKeys for FakeKeys {
    async fn begin(
        &self,
        scope: IdempotencyScope<'_>,
        body: &[u8; 32],
        beginning: Beginning<'_>,
    ) -> Result<Begun, ControlUnavailable> {
        self.step("begin")?;
        self.begun.lock().unwrap().push(beginning.note.to_vec());
        let user = scope.user.map_or("", UserId::as_str);
        let name = format!("{}/{user}/{}/{}", scope.agency, scope.service, scope.key);
        let now = self.clock.now();
        let claim = Claim { scope: name.clone(), begun_at: now };
        let mut kept = self.kept.lock().unwrap();
        let free = |known: &Kept| {
            known.claim.begun_at <= now.plus_seconds(-86_400)
                || (known.done.is_none() && known.body == *body && known.claim.begun_at <= now.plus_seconds(-60))
        };
        let Some(known) = kept.get(&name).filter(|known| !free(known)) else {
            kept.insert(name, Kept { body: *body, claim: claim.clone(), done: None, replays: 0 });
            return Ok(Begun::Fresh(claim));
        };
        if known.body != *body {
            return Ok(Begun::OtherBody);
        }
        Ok(match &known.done {
            None => Begun::InProgress,
            Some((sequence, answer)) => Begun::Done {
                sequence: *sequence,
                answer: answer.clone(),
                at: known.claim.begun_at,
                claim: known.claim.clone(),
            },
        })
    }

    async fn finish(&self, claim: &Claim, sequence: u64, answer: Option<&[u8]>) -> Result<bool, ControlUnavailable> {
        self.step("finish")?;
        let mut kept = self.kept.lock().unwrap();
        let Some(known) = kept.get_mut(&claim.scope).filter(|known| known.claim == *claim && known.done.is_none())
        else {
            return Ok(false);
        };
        known.done = Some((sequence, answer.map(<[u8]>::to_vec)));
        Ok(true)
    }

    async fn abandon(&self, claim: &Claim) -> Result<(), ControlUnavailable> {
        self.step("abandon")?;
        self.kept.lock().unwrap().retain(|_, known| known.claim != *claim || known.done.is_some());
        Ok(())
    }

    async fn count_replay(&self, claim: &Claim, max: u32) -> Result<bool, ControlUnavailable> {
        self.step("count")?;
        let mut kept = self.kept.lock().unwrap();
        let Some(known) = kept.get_mut(&claim.scope).filter(|known| known.replays < max) else { return Ok(false) };
        known.replays += 1;
        Ok(true)
    }

    async fn forget_old(&self) -> Result<u64, ControlUnavailable> {
        Ok(0)
    }
}
