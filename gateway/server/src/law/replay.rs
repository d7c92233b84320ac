//! Decides recorded requests again: by the law that decided them, to see that the question is still the same one, and by
//! another, to see what it would change.
//!
//! A question is put together from its record and from what the directory and the consents say now. Where the law of then
//! no longer gives the recorded answer, something it looked at has changed since, and the request is not replayed: an answer
//! to another question would mislead.

use std::{collections::BTreeMap, sync::Arc};

use adapters::sql::{SqlError, control::ControlStore};
use exchange::{
    caller::{Caller, Thumbprint},
    classification::Channel,
    consent::SubjectKey,
    decision::{Decider as _, Decision, Question},
    directory::Directory,
    ports::{directory_source::DirectorySource as _, record_log::StoredEntry},
    record::{
        leaf::{Kind, Leaf},
        seal::SealingKey,
        side::{Side, place},
    },
};
use policies::{Bundle, compare, pack::Pack};

use crate::phases::{asked::Asked, enrolment};

/// Laws of earlier generations that are kept loaded: a log is read in order, so that few are needed at once.
const PAST_MAX: usize = 4;

/// How the replay of one entry ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Replay {
    /// The policies were not asked: an admin's deed, an intent whose outcome follows, a refusal before them.
    NotAsked,
    /// The same answer; or what would change: datatype, as it was, as it would be.
    Replayed(Vec<(String, String, String)>),
    /// Not replayable.
    Lost(Lost),
}

/// Why a request is not replayable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lost {
    /// A citizen whom it concerns was erased.
    Erased,
    /// What it rested on has changed since, or is gone.
    Changed,
    /// The law that decided it is not kept here.
    LawUnknown,
    /// Its record cannot be opened with this key, or is of an older form.
    Unreadable,
}

/// Replays entries against one candidate.
#[derive(Debug)]
pub struct Replayer {
    store: Arc<ControlStore>,
    side_key: Arc<SealingKey>,
    directory: Directory,
    base: Arc<Bundle>,
    candidate: Bundle,
    past: BTreeMap<u64, Option<Arc<Bundle>>>,
}

impl Replayer {
    /// A replayer over the directory of this moment; `base` is the law that this installation began with.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub async fn new(
        store: Arc<ControlStore>,
        side_key: Arc<SealingKey>,
        base: Bundle,
        candidate: Bundle,
    ) -> Result<Self, exchange::ports::consent_tokens::ControlUnavailable> {
        let (generation, data) = store.read().await?;
        let directory = Directory::new(generation, data);
        Ok(Self { store, side_key, directory, base: Arc::new(base), candidate, past: BTreeMap::new() })
    }

    /// Replays one entry.
    ///
    /// # Errors
    /// [`SqlError`] when the store does not answer: then nothing is known of the entry.
    pub async fn replay(&mut self, entry: &StoredEntry) -> Result<Replay, SqlError> {
        let Ok(leaf) = Leaf::from_bytes(&entry.leaf) else { return Ok(Replay::Lost(Lost::Unreadable)) };
        if !matches!(leaf.kind, Kind::Outcome | Kind::Part | Kind::Replay | Kind::Refused) {
            return Ok(Replay::NotAsked);
        }
        let side = self.side_key.open(&place(&leaf.request), &entry.side).ok();
        let Some(side) = side.and_then(|bytes| Side::from_bytes(&bytes)) else {
            return Ok(Replay::Lost(Lost::Unreadable));
        };
        if side.decision_input.is_empty() {
            return Ok(Replay::NotAsked);
        }
        for subject in &side.subjects {
            if self.store.is_erased(SubjectKey(*subject.key)).await? {
                return Ok(Replay::Lost(Lost::Erased));
            }
        }
        self.decide(&leaf, &side).await
    }

    async fn decide(&mut self, leaf: &Leaf, side: &Side) -> Result<Replay, SqlError> {
        let Some(asked) = Asked::parse(&side.decision_input) else { return Ok(Replay::Lost(Lost::Unreadable)) };
        let Some(then) = self.law_of(leaf.bundle).await? else { return Ok(Replay::Lost(Lost::LawUnknown)) };
        let service = leaf.service.as_deref().and_then(|name| name.split('@').next()).unwrap_or_default();
        let Some(question) = self.question(&asked, side, service, &then).await? else {
            return Ok(Replay::Lost(Lost::Changed));
        };
        let was = then.decide(&question);
        if !recorded(leaf, &was) {
            return Ok(Replay::Lost(Lost::Changed));
        }
        let catalogue = self.candidate.catalogue();
        let Some(service) = catalogue.service(service) else {
            return Ok(Replay::Replayed(vec![("service".to_owned(), "there".to_owned(), "gone".to_owned())]));
        };
        let is = self.candidate.decide(&Question { service: Arc::clone(service), ..question });
        Ok(Replay::Replayed(compare::decisions(&was, &is)))
    }

    /// The law of a generation, loaded once.
    async fn law_of(&mut self, generation: u64) -> Result<Option<Arc<Bundle>>, SqlError> {
        if generation == self.base.generation() {
            return Ok(Some(Arc::clone(&self.base)));
        }
        if let Some(known) = self.past.get(&generation) {
            return Ok(known.clone());
        }
        let pack = self.store.bundle_pack(generation).await?.and_then(|bytes| Pack::from_bytes(&bytes).ok());
        let law = pack.and_then(|pack| Bundle::load(pack.source()).ok()).map(Arc::new);
        if self.past.len() >= PAST_MAX {
            self.past.pop_first();
        }
        self.past.insert(generation, law.clone());
        Ok(law)
    }

    /// The question as it was; `None` where something that it names is not there any more, or in another revision.
    async fn question(
        &self,
        asked: &Asked,
        side: &Side,
        service: &str,
        law: &Bundle,
    ) -> Result<Option<Question>, SqlError> {
        let consent = match &asked.consent {
            None => None,
            Some((id, revision)) => {
                let found = self.store.recorded_consent(id).await?.filter(|facts| facts.revision == *revision);
                let Some(found) = found else { return Ok(None) };
                Some(found)
            }
        };
        let approval = match &asked.approval {
            None => None,
            Some(id) => {
                let Some(found) = self.store.recorded_approval(id).await? else { return Ok(None) };
                Some(Arc::new(found))
            }
        };
        let rest = || {
            let directory = &self.directory;
            let agreement = match (&asked.agreement, &asked.agency) {
                (None, _) => None,
                (Some((id, revision)), Some(agency)) => {
                    let all = directory.agreements(agency);
                    Some(Arc::clone(all.iter().find(|known| known.id == *id && known.revision == *revision)?))
                }
                (Some(_), None) => return None,
            };
            let service = Arc::clone(law.catalogue().service(service)?);
            // Whose age it was, no record tells.
            if service.action == enrolment::ACTION {
                return None;
            }
            Some(Question {
                service,
                enrolment: None,
                caller: caller(asked, directory)?,
                role: asked.role,
                channel: asked.channel,
                address: side.address.parse().ok()?,
                agreement,
                purpose: found(asked.purpose.as_ref(), |code| directory.purpose(code.as_str())).ok()?,
                programme: found(asked.programme.as_ref(), |id| directory.programme(id.as_str())).ok()?,
                within_population: asked.within_population,
                category: asked
                    .agency
                    .as_ref()
                    .and_then(|id| directory.category(&directory.agency(id.as_str())?.kind).cloned()),
                report: found(asked.report.as_ref(), |name| directory.report(name)).ok()?,
                approval,
                consent,
                consent_is_subjects: asked.consent_is_subjects,
                proposer: asked.proposer.clone(),
                second: match (&asked.second, &asked.agency) {
                    (None, _) => None,
                    (Some(user), Some(agency)) => Some(Arc::clone(directory.user(agency, user.as_str())?)),
                    (Some(_), None) => return None,
                },
                has_subject: asked.has_subject,
                rows: asked.rows,
                now: asked.now,
                datatypes: asked.datatypes.clone(),
            })
        };
        Ok(rest())
    }
}

fn caller(asked: &Asked, directory: &Directory) -> Option<Caller> {
    let Some(agency) = &asked.agency else {
        // Which citizen it was, the text does not say.
        return (asked.channel != Channel::Portal).then_some(Caller::Public);
    };
    let user = found(asked.user.as_ref(), |user| directory.user(agency, user.as_str())).ok()?;
    let agency = Arc::clone(directory.agency(agency.as_str())?);
    // No policy sees the certificate: the door bound token and agency to it before they were asked.
    Some(Caller::Agency { agency, user, asserted: asked.asserted, certificate: Thumbprint([0; 32]) })
}

/// A name that nobody has any more.
struct Gone;

/// Nothing for nothing.
fn found<'d, N, T: 'd>(
    name: Option<&N>,
    look_up: impl FnOnce(&N) -> Option<&'d Arc<T>>,
) -> Result<Option<Arc<T>>, Gone> {
    name.map(|name| look_up(name).cloned().ok_or(Gone)).transpose()
}

/// Whether the record tells this decision: what was withheld, with which codes; what was released, if anything was.
fn recorded(leaf: &Leaf, decision: &Decision) -> bool {
    let withheld = decision.verdicts.iter().filter(|verdict| !verdict.allowed);
    let told =
        withheld.map(|verdict| (verdict.datatype.as_str(), verdict.code.map_or("policy_denied", |c| c.as_str())));
    let kept = leaf.withheld.iter().map(|withheld| (withheld.datatype.as_str(), withheld.code.as_str()));
    let released = decision.verdicts.iter().filter(|verdict| verdict.allowed).map(|verdict| verdict.datatype.as_str());
    told.eq(kept)
        && (leaf.released.is_empty() || released.eq(leaf.released.iter().map(|released| released.datatype.as_str())))
}
