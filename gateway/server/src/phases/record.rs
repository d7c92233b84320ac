//! Phase 9. Afterwards the outcome is durable: only then may a byte of the answer leave (rule 2).

use std::sync::Arc;

use exchange::{
    cnic::Cnic,
    codes::Code,
    consent::SubjectKey,
    ports::{
        citizen_keys::KeysUnavailable,
        entropy::Entropy,
        record_log::{Entry, LogUnavailable, Position},
    },
    record::{
        leaf::{Commitments, Kind, LEAF_VERSION, Leaf, Released, Withheld},
        seal::SealingKey,
        side::{Openings, Side, SubjectEntry, commit, place, subject_place},
    },
    refusal::Refusal,
    tariff::Charge,
};
use minicbor::bytes::ByteArray;

use super::{drawn::Drawn, parts::Parts, trail::Trail};

/// How a request ends (or, for an intent, begins).
#[derive(Clone, Debug)]
pub struct Closing<'a> {
    /// What is recorded.
    pub kind: Kind,
    /// HTTP status.
    pub status: u16,
    /// Code of a refusal or failure.
    pub code: Option<Code>,
    /// Rows that leave.
    pub rows: u32,
    /// Body that leaves.
    pub body: &'a [u8],
    /// Price.
    pub charge: Option<Charge>,
    /// Sequence of the intent, where it is known.
    pub intent: Option<u64>,
    /// People whose data is returned.
    pub subjects: Vec<Cnic>,
    /// Requests that this record stands for.
    pub counted: u32,
}

impl Closing<'static> {
    /// The beginning: a decision to answer.
    #[must_use]
    pub fn intent() -> Self {
        Self {
            kind: Kind::Intent,
            status: 0,
            code: None,
            rows: 0,
            body: &[],
            charge: None,
            intent: None,
            subjects: Vec::new(),
            counted: 1,
        }
    }

    /// The end by a refusal before the intent, standing for `counted` requests.
    #[must_use]
    pub fn refused(code: Code, counted: u32) -> Self {
        Self { kind: Kind::Refused, status: code.status(), code: Some(code), counted, ..Self::intent() }
    }

    /// The end of an admitted request that released nothing.
    #[must_use]
    pub fn failed(code: Code, intent: Option<u64>) -> Self {
        Self { kind: Kind::Outcome, status: code.status(), code: Some(code), intent, ..Self::intent() }
    }
}

/// Records and waits until the record is durable.
///
/// # Errors
/// `log_unavailable` or `store_unavailable`: nothing may leave.
pub async fn durable(parts: &Parts, trail: &Trail, closing: &Closing<'_>) -> Result<Position, Refusal> {
    let entry = entry(parts, trail, closing).await?;
    let durable = parts.log.submit(entry).map_err(|error| refusal(&error))?;
    durable.await.map_err(|error| refusal(&error))
}

/// The refusal that an unwritable log means.
#[must_use]
pub fn refusal(error: &LogUnavailable) -> Refusal {
    tracing::error!(error = %error, "the access log cannot be written");
    Refusal::new(Code::LogUnavailable).retry_after(5)
}

fn keys_refusal(error: &KeysUnavailable) -> Refusal {
    tracing::error!(error = %error, "citizens' keys cannot be read");
    Refusal::new(Code::StoreUnavailable).retry_after(1)
}

/// Builds leaf and sealed side record.
///
/// # Errors
/// `store_unavailable` when a citizen's key cannot be had, `internal` when sealing fails.
pub async fn entry(parts: &Parts, trail: &Trail, closing: &Closing<'_>) -> Result<Entry, Refusal> {
    let subjects = subjects(parts, trail, closing).await?;
    let first = subjects.first().and_then(|subject| subject.key.clone());
    let mut side = Side {
        user: trail.user.as_ref().map(|user| user.id.to_string()),
        user_name: trail.user.as_ref().map(|user| user.name.clone()),
        address: trail.address.to_string(),
        decision_input: trail.decision_input.clone(),
        trace: trail.traceparent.clone(),
        sealed_until: trail.sealed_until.map(exchange::timestamp::Timestamp::micros),
        ..Side::default()
    };
    let entropy = Drawn::from(parts.entropy.as_ref());
    let commitments = commitments(&entropy, trail, closing, &subjects, &mut side.openings);
    seal_people(&entropy, trail, &subjects, first.as_deref(), &mut side)?;
    let leaf = leaf(parts, trail, closing, commitments);
    let request = trail.request.as_str();
    let sealed =
        parts.side_key.seal(&entropy, &place(request), &side.to_bytes()).map_err(|_| Refusal::new(Code::Internal))?;
    Ok(Entry { leaf, side: sealed, closes: matches!(closing.kind, Kind::Outcome | Kind::Part | Kind::Replay) })
}

struct Subject {
    cnic: Cnic,
    id: SubjectKey,
    key: Option<Arc<SealingKey>>,
    returned: bool,
}

/// The citizen who was asked for, first, and everyone whose data is returned.
async fn subjects(parts: &Parts, trail: &Trail, closing: &Closing<'_>) -> Result<Vec<Subject>, Refusal> {
    let mut people: Vec<(Cnic, bool)> = Vec::new();
    if let Some(asked) = trail.subject {
        people.push((asked, closing.subjects.contains(&asked)));
    }
    for cnic in &closing.subjects {
        if !people.iter().any(|(known, _)| known == cnic) {
            people.push((*cnic, true));
        }
    }
    let mut subjects = Vec::with_capacity(people.len());
    for (cnic, returned) in people {
        let known = trail.subject_key.filter(|_| trail.subject == Some(cnic));
        let id = known.unwrap_or_else(|| parts.citizen_keys.subject_key(cnic));
        let key = parts.citizen_keys.key(id).await.map_err(|error| keys_refusal(&error))?;
        subjects.push(Subject { cnic, id, key, returned });
    }
    Ok(subjects)
}

fn seal_people(
    entropy: &dyn Entropy,
    trail: &Trail,
    subjects: &[Subject],
    first: Option<&SealingKey>,
    side: &mut Side,
) -> Result<(), Refusal> {
    let internal = |_| Refusal::new(Code::Internal);
    let here = subject_place(trail.request.as_str());
    for subject in subjects {
        // An erased citizen's number is not written again: the entry keeps its place without it.
        let sealed = match &subject.key {
            Some(key) => key.seal(entropy, &here, subject.cnic.digits().as_bytes()).map_err(internal)?,
            None => Vec::new(),
        };
        side.subjects.push(SubjectEntry {
            key: ByteArray::from(subject.id.0),
            sealed: sealed.into(),
            returned: subject.returned,
        });
    }
    match first {
        Some(key) => {
            side.parameters = key.seal(entropy, &here, &trail.parameters).map_err(internal)?.into();
            side.parameters_sealed = true;
        }
        None if subjects.is_empty() => side.parameters = trail.parameters.clone().into(),
        None => {}
    }
    Ok(())
}

fn commitments(
    entropy: &dyn Entropy,
    trail: &Trail,
    closing: &Closing<'_>,
    subjects: &[Subject],
    openings: &mut Openings,
) -> Commitments {
    let mut random = [0; 192];
    entropy.fill(&mut random);
    let mut keys = random.as_chunks::<32>().0.iter().copied();
    let mut bind = |label: &str, value: &[u8]| -> (Option<ByteArray<32>>, Option<ByteArray<32>>) {
        match keys.next() {
            Some(key) if !value.is_empty() => (Some(commit(label, &key, value).into()), Some(key.into())),
            _ => (None, None),
        }
    };
    let user = trail.user.as_ref().map(|user| format!("{}\n{}", user.id, user.name)).unwrap_or_default();
    let people: Vec<u8> = subjects.iter().flat_map(|subject| subject.cnic.digits().into_bytes()).collect();
    let mut made = Commitments::default();
    (made.user, openings.user) = bind("user", user.as_bytes());
    (made.address, openings.address) = bind("address", trail.address.to_string().as_bytes());
    (made.parameters, openings.parameters) = bind("parameters", &trail.parameters);
    (made.subjects, openings.subjects) = bind("subjects", &people);
    (made.response, openings.response) = bind("response", closing.body);
    (made.decision_input, openings.decision_input) = bind("decision_input", trail.decision_input.as_bytes());
    made
}

fn leaf(parts: &Parts, trail: &Trail, closing: &Closing<'_>, commitments: Commitments) -> Leaf {
    let answered =
        matches!(closing.kind, Kind::Outcome | Kind::Part | Kind::Replay) && closing.code.is_none() && !trail.dry_run;
    let charge = closing.charge.as_ref().filter(|_| answered);
    Leaf {
        version: LEAF_VERSION,
        kind: closing.kind,
        at: if closing.kind == Kind::Intent { trail.at.micros() } else { parts.clock.now().micros() },
        node: parts.log.node().to_owned(),
        sequence: 0,
        request: trail.request.to_string(),
        intent: closing.intent,
        caller: format!("{:?}", trail.caller),
        agency: trail.agency.as_ref().map(ToString::to_string),
        service: trail.service_name(),
        purpose: trail.purpose.as_ref().map(ToString::to_string),
        basis: trail.basis.clone(),
        agreement: trail.agreement.clone(),
        status: closing.status,
        code: closing.code.map(|code| code.as_str().to_owned()),
        released: if answered { released(trail) } else { Vec::new() },
        withheld: withheld(trail),
        bundle: trail.bundle,
        directory: trail.directory,
        rows: if answered { closing.rows } else { 0 },
        bytes: u64::try_from(closing.body.len()).unwrap_or(u64::MAX),
        rate_version: charge.map(|charge| charge.version.to_string()),
        tariff: charge.map(|charge| charge.key.to_string()),
        amount: charge.map_or(0, |charge| charge.amount),
        commitments,
        counted: closing.counted,
        dry_run: trail.dry_run,
        unit: charge.and_then(|charge| charge.unit),
        class: charge.and_then(|charge| charge.class),
        rated_at: charge.map(|charge| charge.at.micros()),
    }
}

fn released(trail: &Trail) -> Vec<Released> {
    let verdicts = trail.decision.iter().flat_map(|decision| &decision.verdicts).filter(|verdict| verdict.allowed);
    verdicts
        .map(|verdict| Released {
            datatype: verdict.datatype.to_string(),
            policies: verdict.policies.iter().map(ToString::to_string).collect(),
        })
        .collect()
}

fn withheld(trail: &Trail) -> Vec<Withheld> {
    let verdicts = trail.decision.iter().flat_map(|decision| &decision.verdicts).filter(|verdict| !verdict.allowed);
    verdicts
        .map(|verdict| Withheld {
            datatype: verdict.datatype.to_string(),
            code: verdict.code.unwrap_or(Code::PolicyDenied).as_str().to_owned(),
            policies: verdict.policies.iter().map(ToString::to_string).collect(),
        })
        .collect()
}
