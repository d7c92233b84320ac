//! Measures the way from a typed request to its permit: the agreement is looked up in the directory, the consent fetched, the
//! question put together, decided, and the permit minted. `cargo xtask bench policies` runs it and tells its numbers; each
//! line of output is one number: repetition, who, case, metric, microseconds.

use std::{collections::HashMap, hint::black_box, sync::Arc, time::Instant};

use exchange::{
    caller::Caller,
    consent::{ConsentFacts, ConsentUse},
    decision::{Decider, Decision, Question},
    directory::{Agency, Agreement, Directory, DirectoryData},
    ids::{AgencyId, AgreementId, ConsentId, PurposeCode, RequestId},
    permit::{Grant, Permit, PermitMint},
};
use policies::{Bundle, source::Source};

/// The allocator of the installed binary, whose decisions are measured here.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Repetitions, in each of which everything is measured once, in turn.
const REPETITIONS: usize = 7;

/// Requests of one measurement.
const ROUNDS: usize = 2_000;

/// Agreements in the directory.
const AGREEMENTS: [usize; 2] = [10, 10_000];

/// Agreements of one agency; a national exchange has thousands of agencies with a few each.
const AGREEMENTS_OF_ONE: usize = 4;

/// The cases that are measured, by their names in `policies/cases`, and how many datatypes each asks for.
const CASES: [(usize, &str); 3] = [
    (1, "a bank checks particulars with the citizen's consent"),
    (6, "a bank opens an account: what its agreement names is released, the rest withheld"),
    (14, "Power gets the complete list of an area, card numbers with the Board's approval"),
];

/// How a question is decided.
type Way = fn(&Bundle, &Question) -> Decision;

/// `memo` is what the gateway does; `afresh` what it does for a question that it has not met; `plain` asks Cedar for each
/// datatype; `question` decides nothing, so that the rest's own cost shows.
const WAYS: [(&str, Option<Way>); 4] = [
    ("memo", Some(Decider::decide)),
    ("afresh", Some(Bundle::decide_afresh)),
    ("plain", Some(Bundle::decide_plainly)),
    ("question", None),
];

fn main() -> Result<(), String> {
    let bundle = Bundle::embedded().map_err(|error| error.to_string())?;
    let mut places = Vec::new();
    for (types, name) in CASES {
        for agreements in AGREEMENTS {
            places.push(Place::new(&bundle, types, name, agreements)?);
        }
    }
    for repetition in 0..REPETITIONS {
        for place in &places {
            for (who, way) in WAYS {
                let (p50, p99) = measure(|| drop(black_box(place.ask(&bundle, way))));
                say(repetition, who, &place.case, "p50", p50);
                say(repetition, who, &place.case, "p99", p99);
            }
        }
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "an example speaks to whoever runs it")]
fn say(repetition: usize, who: &str, case: &str, metric: &str, micros: f64) {
    println!("{repetition}\t{who}\t{case}\t{metric}\t{micros:.3}");
}

/// One request and the state that it meets.
struct Place {
    case: String,
    request: Question,
    purpose: Option<PurposeCode>,
    consent: Option<ConsentId>,
    directory: Directory,
    consents: HashMap<ConsentId, ConsentFacts>,
    mint: PermitMint,
    id: RequestId,
}

impl Place {
    fn new(bundle: &Bundle, types: usize, name: &str, agreements: usize) -> Result<Self, String> {
        let case = bundle.cases().cases.iter().find(|case| case.name == name).ok_or(name)?;
        let mut request = bundle.question(case)?;
        request.datatypes.truncate(types);
        if request.datatypes.len() != types || !bundle.decide_plainly(&request).verdicts.iter().any(|it| it.allowed) {
            return Err(format!("`{name}` does not ask for {types} datatypes, or gets none"));
        }
        let mut consents = HashMap::new();
        if let Some(consent) = &mut request.consent {
            // A standing consent, as the bench's request has one: a one-time consent is never remembered.
            consent.usage = ConsentUse::Standing;
            consents.insert(consent.id.clone(), consent.clone());
        }
        Ok(Self {
            case: format!("{types} types, {agreements} agreements"),
            purpose: request.purpose.as_ref().map(|purpose| purpose.code.clone()),
            consent: request.consent.take().map(|consent| consent.id),
            directory: directory(&request, agreements)?,
            request,
            consents,
            mint: mint(),
            id: RequestId::parse("01ARZ3NDEKTSV4RRFFQ69G5FAV").map_err(|error| error.to_string())?,
        })
    }

    /// From the typed request to its permit, as the gateway's phase `authorise` goes.
    fn ask(&self, bundle: &Bundle, way: Option<Way>) -> Option<Permit> {
        let request = &self.request;
        let (service, now) = (&request.service, request.now);
        let agency = request.caller.agency_id()?;
        let agreement = self.directory.agreement_for(agency, &service.id, self.purpose.as_ref(), now).cloned();
        let consent = self.consent.as_ref().and_then(|id| self.consents.get(id)).cloned();
        let question = Question {
            service: Arc::clone(service),
            caller: request.caller.clone(),
            role: agreement.as_ref().map_or(request.caller.role(), |it| it.role.min(request.caller.role())),
            purpose: self.purpose.as_ref().and_then(|code| self.directory.purpose(code.as_str())).cloned(),
            programme: request.programme.as_ref().and_then(|it| self.directory.programme(it.id.as_str())).cloned(),
            approval: request.approval.as_ref().and_then(|it| self.directory.approval(it.id.as_str())).cloned(),
            agreement,
            consent,
            datatypes: request.datatypes.clone(),
            enrolment: request.enrolment.clone(),
            proposer: request.proposer.clone(),
            category: request.category.clone(),
            report: request.report.clone(),
            second: request.second.clone(),
            ..*request
        };
        let decision = black_box(way?(bundle, black_box(&question)));
        Some(self.mint.mint(self.grant(&question, &decision)))
    }

    fn grant(&self, question: &Question, decision: &Decision) -> Grant {
        let allowed = || decision.verdicts.iter().filter(|verdict| verdict.allowed);
        let mut datatypes: Vec<_> = allowed().map(|verdict| verdict.datatype.clone()).collect();
        datatypes.sort();
        let mut policies: Vec<_> = allowed().flat_map(|verdict| verdict.policies.clone()).collect();
        policies.sort();
        policies.dedup();
        let certificate = match &question.caller {
            Caller::Agency { certificate, .. } => Some(*certificate),
            _ => None,
        };
        Grant {
            request: self.id.clone(),
            service: question.service.id.clone(),
            version: question.service.version,
            agency: question.caller.agency_id().cloned(),
            user: question.caller.user().map(|user| user.id.clone()),
            certificate,
            role: question.role,
            purpose: question.purpose.as_ref().map(|purpose| purpose.code.clone()),
            subject: None,
            datatypes,
            rows: question.rows,
            consent: question.consent.as_ref().map(|consent| consent.id.clone()),
            basis: question.programme.as_ref().map(|programme| programme.kind),
            subject_status: question.caller.agency().is_some_and(|agency| agency.subject_status),
            policies,
            obligations: decision.obligations.clone(),
            report: question.report.clone(),
            at: question.now,
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "no process that serves: nothing here can hand a permit to anyone")]
fn mint() -> PermitMint {
    PermitMint::new()
}

/// The cases' directory with so many agreements, the request's own among them.
fn directory(request: &Question, agreements: usize) -> Result<Directory, String> {
    let world = policies::cases::world(&Source::embedded()).map_err(|error| error.to_string())?;
    let own = request.agreement.as_deref().ok_or("the case has no agreement")?;
    let agency = request.caller.agency().ok_or("the case has no agency")?;
    let mut data = DirectoryData {
        users: world.users,
        approvals: world.approvals,
        programmes: world.programmes,
        purposes: world.purposes,
        ..DirectoryData::default()
    };
    data.agencies.push(Agency::clone(agency));
    for number in 0..agreements {
        let id = |error: exchange::ids::IdError| error.to_string();
        let holder = format!("agency-{}", number / AGREEMENTS_OF_ONE);
        // The first of them are the asker's: it is the last of its own that the request runs under.
        let (holder, is_own) = match number {
            0..AGREEMENTS_OF_ONE => (agency.id.clone(), number + 1 == AGREEMENTS_OF_ONE),
            _ => (AgencyId::parse(&holder).map_err(id)?, false),
        };
        let mut agreement = Agreement { agency: holder.clone(), ..own.clone() };
        if !is_own {
            agreement.id = AgreementId::parse(&format!("agr-{number}")).map_err(id)?;
            agreement.services.clear();
        }
        if holder != agency.id && number % AGREEMENTS_OF_ONE == 0 {
            data.agencies.push(Agency { id: holder, ..Agency::clone(agency) });
        }
        data.agreements.push(agreement);
    }
    Ok(Directory::new(1, data))
}

/// Median and 99th percentile, microseconds.
fn measure(mut work: impl FnMut()) -> (f64, f64) {
    let mut times: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed().as_secs_f64() * 1e6
        })
        .collect();
    times.sort_by(f64::total_cmp);
    let at = |share: usize| times.get(ROUNDS * share / 100).copied().unwrap_or_default();
    (at(50), at(99))
}
