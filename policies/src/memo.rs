//! Remembers decisions by everything that the policies see of a question except the present, for as long as the present
//! stays between the same two recorded instants. Sound for policies that are `steady`.

use std::{
    collections::HashMap,
    hash::{BuildHasher, Hash, Hasher, RandomState},
    sync::{Arc, Mutex},
};

use exchange::{
    caller::Caller,
    catalogue::{CallerKind, Service},
    classification::{Channel, Role},
    consent::{ConsentFacts, ConsentUse},
    decision::{Decision, Proposer, Question},
    directory::{Agency, Agreement, Approval, Category, Programme, Purpose, User, in_networks},
    ids::{AgencyId, DatatypeId, PurposeCode, UserId},
    report::Report,
    timestamp::Timestamp,
};

use crate::{
    children::Enrolled,
    facts::{begins, ends},
};

/// Parts of the memo, each with a lock of its own, so that cores seldom wait for each other.
const SHARDS: usize = 16;

/// Decisions that one shard keeps, about 2 KiB each; a full shard is emptied.
const SHARD_ENTRIES_MAX: usize = 512;

/// Decisions that were made and still hold.
#[derive(Debug)]
pub(crate) struct Memo {
    hasher: RandomState,
    shards: [Mutex<HashMap<Key, Kept>>; SHARDS],
}

impl Default for Memo {
    fn default() -> Self {
        Self { hasher: RandomState::new(), shards: std::array::from_fn(|_| Mutex::default()) }
    }
}

#[derive(Debug)]
struct Kept {
    /// First and first later millisecond for which the decision holds.
    window: (i64, i64),
    decision: Decision,
}

impl Memo {
    /// The decision that was made for the same question, if the present is still between the same instants.
    pub(crate) fn recall(&self, question: &Question, enrolled: Option<&Enrolled>) -> Option<Decision> {
        let key = Key::of(question, enrolled);
        let shard = self.shard(&key)?.lock().ok()?;
        let kept = shard.get(&key)?;
        let now = question.now.millis();
        (kept.window.0 <= now && now < kept.window.1).then(|| kept.decision.clone())
    }

    /// Keeps a decision, unless it will hardly be asked for again or a policy erred.
    pub(crate) fn keep(&self, question: &Question, enrolled: Option<&Enrolled>, decision: &Decision) {
        let once = question.consent.as_ref().is_some_and(|consent| consent.usage == ConsentUse::OneTime);
        if once || decision.errored {
            return;
        }
        let key = Key::of(question, enrolled);
        let Some(Ok(mut shard)) = self.shard(&key).map(Mutex::lock) else { return };
        if shard.len() >= SHARD_ENTRIES_MAX && !shard.contains_key(&key) {
            shard.clear();
        }
        shard.insert(key, Kept { window: window(question), decision: decision.clone() });
    }

    fn shard(&self, key: &Key) -> Option<&Mutex<HashMap<Key, Kept>>> {
        // The number is below SHARDS, so the conversion holds on every platform.
        let number = usize::try_from(self.hasher.hash_one(key) % SHARDS as u64).ok()?;
        self.shards.get(number)
    }
}

/// The milliseconds around the present in which no recorded instant of the question lies.
fn window(question: &Question) -> (i64, i64) {
    let now = question.now.millis();
    let (mut from, mut until) = (i64::MIN, i64::MAX);
    let mut mark = |instant: i64| {
        if instant <= now { from = from.max(instant) } else { until = until.min(instant) }
    };
    let mut span = |first: Timestamp, last: Timestamp| {
        mark(begins(first));
        mark(ends(last));
    };
    if let Some(agency) = question.caller.agency() {
        span(agency.nda_from, agency.nda_until);
    }
    if let Some(agreement) = &question.agreement {
        span(agreement.valid_from, agreement.valid_until);
    }
    if let Some(programme) = &question.programme {
        span(programme.valid_from, programme.valid_until);
    }
    if let Some(category) = &question.category {
        span(category.valid_from, category.valid_until);
    }
    if let Some(report) = &question.report {
        span(report.valid_from, report.valid_until);
    }
    if let Some(approval) = &question.approval {
        span(approval.valid_from, approval.valid_until);
    }
    if let Some(consent) = &question.consent {
        span(consent.granted_at, consent.expires_at);
    }
    (from, until)
}

/// A part of a snapshot by its address. Holding the `Arc` keeps the address from being given to anything else, and what
/// stands there never changes: a new snapshot has new parts.
#[derive(Debug)]
struct Same<T>(Arc<T>);

impl<T> PartialEq for Same<T> {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl<T> Eq for Same<T> {}

impl<T> Hash for Same<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.0).hash(state);
    }
}

/// Everything that `facts` shows the policies, except the present.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Key {
    service: Same<Service>,
    caller: CallerKind,
    agency: Option<Same<Agency>>,
    user: Option<Same<User>>,
    agreement: Option<Same<Agreement>>,
    purpose: Option<Same<Purpose>>,
    programme: Option<Same<Programme>>,
    category: Option<Same<Category>>,
    report: Option<Same<Report>>,
    approval: Option<Same<Approval>>,
    consent: Option<Consent>,
    /// With the age and the set of the present day: another day is another key.
    enrolled: Option<Enrolled>,
    proposer: Option<Proposer>,
    second: Option<Same<User>>,
    role: Role,
    channel: Channel,
    rows: u32,
    /// Whether asserted, in its network, about the consent's subject, about anyone, among the programme's people.
    flags: [bool; 5],
    datatypes: Vec<DatatypeId>,
}

/// A consent as the policies see it: not whose it is, nor which.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Consent {
    agency: AgencyId,
    user: UserId,
    purpose: PurposeCode,
    datatypes: Vec<DatatypeId>,
    granted_at: Timestamp,
    expires_at: Timestamp,
    active: bool,
}

impl Key {
    fn of(question: &Question, enrolled: Option<&Enrolled>) -> Self {
        let caller = &question.caller;
        let asserted = matches!(caller, Caller::Agency { asserted: true, .. });
        let in_network = caller.agency().is_some_and(|agency| in_networks(question.address, &agency.networks));
        Self {
            service: Same(Arc::clone(&question.service)),
            caller: caller.kind(),
            agency: same(caller.agency()),
            user: same(caller.user()),
            agreement: same(question.agreement.as_ref()),
            purpose: same(question.purpose.as_ref()),
            programme: same(question.programme.as_ref()),
            category: same(question.category.as_ref()),
            report: same(question.report.as_ref()),
            approval: same(question.approval.as_ref()),
            consent: question.consent.as_ref().map(Consent::of),
            enrolled: enrolled.copied(),
            proposer: question.proposer.clone(),
            second: same(question.second.as_ref()),
            role: question.role,
            channel: question.channel,
            rows: question.rows,
            flags: [
                asserted,
                in_network,
                question.consent_is_subjects,
                question.has_subject,
                question.within_population,
            ],
            datatypes: question.datatypes.clone(),
        }
    }
}

impl Consent {
    fn of(consent: &ConsentFacts) -> Self {
        Self {
            agency: consent.agency.clone(),
            user: consent.user.clone(),
            purpose: consent.purpose.clone(),
            datatypes: consent.datatypes.clone(),
            granted_at: consent.granted_at,
            expires_at: consent.expires_at,
            active: consent.active,
        }
    }
}

fn same<T>(part: Option<&Arc<T>>) -> Option<Same<T>> {
    part.map(|part| Same(Arc::clone(part)))
}
