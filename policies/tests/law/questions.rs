//! Random questions over everything that the cases' world knows, at instants around every boundary: wild ones, whose parts
//! seldom fit each other, and questions that the law permits with a few things changed, which come to each policy's edge.

use std::sync::Arc;

use exchange::{
    caller::{Caller, Thumbprint},
    catalogue::Service,
    classification::{Channel, Role},
    cnic::Cnic,
    consent::{ConsentFacts, ConsentUse, SubjectKey, frequency::Bounds},
    day::Day,
    decision::{Decider, Proposer, Question},
    directory::{Agency, Agreement, Approval, Category, Programme, Purpose, User},
    enrolment::{EnrolmentFacts, Missing, Modality},
    ids::ConsentId,
    report::Report,
    timestamp::Timestamp,
};
use policies::{Bundle, source::Source};

use super::{nudges::nudge, support::all_permitted};

/// Distinct consents, so that the memo sees the same one again.
const CONSENTS: usize = 6;

/// A small generator (xorshift64*), so that a failure repeats.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let rolled = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(rolled).unwrap() % sides
    }

    pub(crate) fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.roll(of.len())]
    }

    pub(crate) fn maybe<T: Clone>(&mut self, of: &[T]) -> Option<T> {
        if self.roll(4) == 0 { None } else { Some(self.one(of).clone()) }
    }

    pub(crate) fn coin(&mut self) -> bool {
        self.roll(2) == 0
    }
}

/// Everything that a question can be made of.
pub(crate) struct Pools {
    services: Vec<Arc<Service>>,
    agencies: Vec<Arc<Agency>>,
    users: Vec<Arc<User>>,
    agreements: Vec<Arc<Agreement>>,
    purposes: Vec<Arc<Purpose>>,
    programmes: Vec<Arc<Programme>>,
    categories: Vec<Arc<Category>>,
    reports: Vec<Arc<Report>>,
    approvals: Vec<Arc<Approval>>,
    consents: Vec<ConsentFacts>,
    instants: Vec<Timestamp>,
    permitted: Vec<Question>,
}

fn arcs<T>(items: Vec<T>) -> Vec<Arc<T>> {
    items.into_iter().map(Arc::new).collect()
}

impl Pools {
    pub(crate) fn new(bundle: &Bundle, dice: &mut Dice) -> Self {
        let world = policies::cases::world(&Source::embedded()).unwrap();
        let mut instants: Vec<_> = world.agreements.iter().flat_map(|a| [a.valid_from, a.valid_until]).collect();
        instants.extend(world.agencies.iter().flat_map(|a| [a.nda_from, a.nda_until]));
        instants.extend(world.programmes.iter().map(|p| p.valid_until));
        instants.push(Timestamp::from_micros(1_795_330_800_000_000));
        // The sets of rules/child-biometrics.toml begin.
        let days = ["2025-01-01", "2025-06-01"].map(|day| format!("{day}T00:00:00+05:00"));
        instants.extend(days.iter().filter_map(|text| Timestamp::parse_rfc3339(text)));
        instants.sort();
        instants.dedup();
        let mut pools = Self {
            services: bundle.catalogue().services().to_vec(),
            agencies: arcs(world.agencies),
            users: arcs(world.users),
            agreements: arcs(world.agreements),
            purposes: arcs(world.purposes),
            programmes: arcs(world.programmes),
            categories: arcs(world.categories),
            reports: arcs(world.reports),
            approvals: arcs(world.approvals),
            consents: Vec::new(),
            instants,
            permitted: all_permitted().into_iter().map(|(_, question)| question).collect(),
        };
        pools.consents = (0..CONSENTS).map(|_| pools.consent(dice)).collect();
        pools
    }

    fn consent(&self, dice: &mut Dice) -> ConsentFacts {
        let user = dice.one(&self.users);
        let granted_at = self.near(dice);
        ConsentFacts {
            id: ConsentId::parse("c").unwrap(),
            revision: 1,
            subject: SubjectKey([0; 32]),
            agency: user.agency.clone(),
            user: user.id.clone(),
            purpose: dice.one(&self.purposes).code.clone(),
            datatypes: dice.one(&self.services).datatypes(),
            usage: ConsentUse::Standing,
            granted_at,
            expires_at: granted_at.plus_seconds(i64::try_from(dice.roll(100_000_000)).unwrap()),
            active: dice.roll(4) > 0,
            bounds: Bounds::default(),
        }
    }

    /// A boundary, or a little before or after it.
    pub(crate) fn near(&self, dice: &mut Dice) -> Timestamp {
        let offset = *dice.one(&[-1_000_000_000, -1_000, -999, -1, 0, 1, 999, 1_000, 1_000_000_000]);
        Timestamp::from_micros(dice.one(&self.instants).micros() + offset)
    }

    fn caller(&self, dice: &mut Dice) -> Caller {
        match dice.roll(16) {
            0 | 1 => return Caller::Public,
            2 => return Caller::Citizen { cnic: Cnic::parse("0000000000000").unwrap() },
            _ => {}
        }
        let agency = dice.one(&self.agencies);
        let own: Vec<_> = self.users.iter().filter(|user| user.agency == agency.id).cloned().collect();
        let user = if own.is_empty() || dice.roll(6) == 0 { dice.maybe(&self.users) } else { dice.maybe(&own) };
        Caller::Agency { agency: Arc::clone(agency), user, asserted: dice.coin(), certificate: Thumbprint([0; 32]) }
    }

    /// Somebody around the ages that the law knows, born around today's day of the year.
    fn enrolment(&self, dice: &mut Dice, caller: &Caller, now: Timestamp) -> Option<EnrolmentFacts> {
        let (year, ..) = now.karachi_date();
        let age = *dice.one(&[0, 5, 6, 7, 9, 10, 11, 40]);
        let (_, month, day) = now.plus_seconds(*dice.one(&[-86_400, 0, 0, 86_400])).karachi_date();
        let born = Day::parse(&format!("{:04}-{month:02}-{day:02}", year - age)).ok()?;
        let colleagues: Vec<_> =
            self.users.iter().filter(|user| Some(&user.agency) == caller.agency_id()).cloned().collect();
        let supervisor = if colleagues.is_empty() { dice.maybe(&self.users) } else { dice.maybe(&colleagues) };
        let missing = if dice.coin() { None } else { Some(*dice.one(Missing::ALL)) };
        Some(EnrolmentFacts { modality: *dice.one(Modality::ALL), born, sample: dice.roll(4) > 0, missing, supervisor })
    }

    pub(crate) fn question(&self, dice: &mut Dice) -> Question {
        let service = Arc::clone(dice.one(&self.services));
        let caller = self.caller(dice);
        let own: Vec<_> = self.agreements.iter().filter(|a| Some(&a.agency) == caller.agency_id()).cloned().collect();
        let agreement = if own.is_empty() || dice.roll(6) == 0 { None } else { dice.maybe(&own) };
        let mut consent = dice.maybe(&self.consents);
        if let (Some(consent), true) = (&mut consent, dice.coin()) {
            // Half of them fit the caller, so that permits occur.
            consent.agency = caller.agency_id().cloned().unwrap_or_else(|| consent.agency.clone());
            consent.user = caller.user().map_or_else(|| consent.user.clone(), |user| user.id.clone());
            consent.datatypes = service.datatypes();
            consent.purpose = service.purposes.first().cloned().unwrap_or_else(|| consent.purpose.clone());
        }
        let now = self.near(dice);
        let own: Vec<_> = self.approvals.iter().filter(|a| Some(&a.agency) == caller.agency_id()).cloned().collect();
        let approval = if own.is_empty() || dice.coin() { dice.maybe(&self.approvals) } else { dice.maybe(&own) };
        let enrolment = if dice.coin() { self.enrolment(dice, &caller, now) } else { None };
        let fitting = self.purposes.iter().find(|purpose| service.purposes.contains(&purpose.code)).cloned();
        Question {
            role: *dice.one(Role::ALL),
            channel: if dice.roll(8) == 0 { *dice.one(Channel::ALL) } else { caller.channel() },
            address: if dice.roll(8) == 0 { "203.0.113.9" } else { "127.0.0.1" }.parse().unwrap(),
            purpose: if dice.coin() { fitting } else { dice.maybe(&self.purposes) },
            programme: dice.maybe(&self.programmes),
            within_population: dice.roll(6) > 0,
            category: dice.maybe(&self.categories),
            report: dice.maybe(&self.reports),
            approval,
            consent_is_subjects: consent.is_some() && dice.roll(4) > 0,
            proposer: dice
                .maybe(&self.users)
                .map(|user| Proposer { agency: user.agency.clone(), user: user.id.clone() }),
            second: dice.maybe(&self.users),
            has_subject: dice.roll(4) > 0,
            rows: *dice.one(&[0, 1, 1, 1, 2, 1_000]),
            now,
            enrolment,
            datatypes: if dice.roll(4) == 0 { dice.one(&self.services).datatypes() } else { service.datatypes() },
            agreement,
            consent,
            caller,
            service,
        }
    }

    /// A question that the law permits with one, two or three things changed, now and then with none.
    pub(crate) fn near_question(&self, dice: &mut Dice) -> Question {
        let mut question = dice.one(&self.permitted).clone();
        for _ in 0..*dice.one(&[0, 1, 1, 1, 1, 2, 2, 3]) {
            nudge(&mut question, self, dice);
        }
        question
    }

    /// A consent that fits the question in all but perhaps its datatypes.
    pub(crate) fn fitting_consent(&self, question: &Question, dice: &mut Dice) -> ConsentFacts {
        let mut consent = dice.one(&self.consents).clone();
        if let Some(user) = question.caller.user() {
            (consent.agency, consent.user) = (user.agency.clone(), user.id.clone());
        }
        if let Some(purpose) = &question.purpose {
            consent.purpose = purpose.code.clone();
        }
        consent.datatypes = question.service.datatypes();
        consent.granted_at = question.now.plus_seconds(-60);
        consent.expires_at = question.now.plus_seconds(60);
        consent.active = true;
        consent
    }

    pub(crate) fn services(&self) -> &[Arc<Service>] {
        &self.services
    }

    pub(crate) fn agencies(&self) -> &[Arc<Agency>] {
        &self.agencies
    }

    pub(crate) fn users(&self) -> &[Arc<User>] {
        &self.users
    }

    pub(crate) fn purposes(&self) -> &[Arc<Purpose>] {
        &self.purposes
    }

    pub(crate) fn programmes(&self) -> &[Arc<Programme>] {
        &self.programmes
    }

    pub(crate) fn categories(&self) -> &[Arc<Category>] {
        &self.categories
    }

    pub(crate) fn reports(&self) -> &[Arc<Report>] {
        &self.reports
    }

    pub(crate) fn approvals(&self) -> &[Arc<Approval>] {
        &self.approvals
    }

    pub(crate) fn consents(&self) -> &[ConsentFacts] {
        &self.consents
    }
}
