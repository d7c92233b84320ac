//! A small register and permits for it, for the service's tests.

use std::{
    future::Future,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use exchange::{
    classification::Role,
    cnic::Cnic,
    decision::Obligation,
    ids::{AgencyId, DatatypeId, RequestId, ServiceId},
    permit::{Grant, Permit, PermitMint},
    ports::entropy::Entropy,
    report::Report,
    timestamp::Timestamp,
};

use super::RegistryService;
use crate::{
    date::{Day, PartialDate},
    household::{
        Disability, Education, Employment, Household, HouseholdId, Membership, Payment, Position, Relation, Surveyed,
    },
    identifier::IdentifierState,
    memory::MemoryStore,
    person::{LifeStatus, PersonId, tests::adult},
    ports::store::{Batch, RegistryStore},
};

pub(crate) const ADULT: &str = "3010112345671";
pub(crate) const OTHER: &str = "3010112345672";
pub(crate) const DEAD: &str = "3010112345673";
pub(crate) const HELD: &str = "3010112345674";
pub(crate) const IMPOUNDED: &str = "3010112345675";
pub(crate) const EXPIRED: &str = "3010112345676";
pub(crate) const UNKNOWN: &str = "3010112345678";
pub(crate) const OUTSIDER: &str = "3010112345679";

/// Runs a future that never waits: the memory store's answers are there at once.
pub(crate) fn run<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("a memory store never waits"),
    }
}

pub(crate) fn cnic(text: &str) -> Cnic {
    Cnic::parse(text).unwrap()
}

#[derive(Debug, Default)]
struct Counting(std::sync::atomic::AtomicU8);

impl Entropy for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
    }
}

/// A service over [`store`].
pub(crate) fn registry() -> RegistryService {
    service(Arc::new(store()))
}

/// A service over any store, with ids that count up.
pub(crate) fn service(store: Arc<dyn RegistryStore>) -> RegistryService {
    RegistryService::new(store, Arc::new(Counting::default()))
}

/// Everything that the survey asks.
const SURVEYED: Surveyed = Surveyed {
    disability: Some(Disability::Hearing),
    education: Some(Education::UpperSecondary),
    employment: Some(Employment::Employee),
};

/// Seven persons, the first two in one household.
pub(crate) fn store() -> MemoryStore {
    let mut persons: Vec<_> = [ADULT, OTHER, DEAD, HELD, IMPOUNDED, EXPIRED, OUTSIDER]
        .iter()
        .zip(1..)
        .map(|(number, pid)| adult(pid, number))
        .collect();
    persons[2].life = LifeStatus::Deceased(PartialDate::Year(2020));
    persons[3].life = LifeStatus::Held;
    persons[4].identifiers[0].state = IdentifierState::Impounded;
    persons[5].identifiers[0].expires = Day::new(2020, 1, 1);
    let household = Household {
        id: HouseholdId(9),
        address: persons[0].address.clone(),
        position: Some(Position { latitude_e6: 31_250_000, longitude_e6: 72_300_000 }),
        pmt: 3125,
        assets: vec!["Bicycle".into()],
        beneficiary: true,
        payments: vec![Payment { month: "2026-09".into(), amount: 13_500 }],
        members: vec![
            Membership { pid: PersonId(1), relation: Relation::Head, surveyed: SURVEYED },
            Membership { pid: PersonId(2), relation: Relation::Son, surveyed: Surveyed::default() },
        ],
    };
    let store = MemoryStore::default();
    run(store.load(&Batch { persons, households: vec![household] })).unwrap();
    store
}

pub(crate) struct Asks(Grant);

/// A permit in the making: Standard, for this service and person, naming nothing yet.
pub(crate) fn permit(service: &str, subject: &str) -> Asks {
    Asks(Grant {
        request: RequestId::parse("r1").unwrap(),
        service: ServiceId::parse(service).unwrap(),
        version: 1,
        agency: AgencyId::parse("bank-indus").ok(),
        user: None,
        certificate: None,
        role: Role::Standard,
        purpose: None,
        subject: Cnic::parse(subject).ok(),
        datatypes: Vec::new(),
        rows: 60,
        consent: None,
        basis: None,
        subject_status: false,
        policies: Vec::new(),
        obligations: Vec::new(),
        report: None,
        at: Timestamp::parse_rfc3339("2026-11-22T10:00:00+05:00").unwrap(),
    })
}

impl Asks {
    pub(crate) fn datatypes(mut self, names: &[&str]) -> Self {
        self.0.datatypes = names.iter().map(|name| DatatypeId::parse(name).unwrap()).collect();
        self
    }

    pub(crate) fn role(mut self, role: Role) -> Self {
        self.0.role = role;
        self
    }

    pub(crate) fn rows(mut self, rows: u32) -> Self {
        self.0.rows = rows;
        self
    }

    /// Obliges the registry to answer from the sample only.
    pub(crate) fn sampled(mut self) -> Self {
        self.0.obligations.push(Obligation::Sample);
        self
    }

    /// Obliges the registry to show the searched person's own row only.
    pub(crate) fn own_row(mut self) -> Self {
        self.0.obligations.push(Obligation::SubjectOnly);
        self
    }

    /// Obliges the registry to show that row and those of the minors who follow the person.
    pub(crate) fn with_wards(mut self) -> Self {
        self.0.obligations.push(Obligation::SubjectAndWards);
        self
    }

    pub(crate) fn agency(mut self, agency: Option<&str>) -> Self {
        self.0.agency = agency.map(|agency| AgencyId::parse(agency).unwrap());
        self
    }

    pub(crate) fn instant(mut self, at: Timestamp) -> Self {
        self.0.at = at;
        self
    }

    /// Carries the approved design of a report.
    pub(crate) fn report(mut self, report: &Arc<Report>) -> Self {
        self.0.report = Some(Arc::clone(report));
        self
    }

    pub(crate) fn subject_status(mut self) -> Self {
        self.0.subject_status = true;
        self
    }

    pub(crate) fn at(mut self, text: &str) -> Self {
        self.0.at = Timestamp::parse_rfc3339(text).unwrap();
        self
    }

    #[expect(clippy::disallowed_methods, reason = "tests stand where authorise stands")]
    pub(crate) fn mint(self) -> Permit {
        PermitMint::new().mint(self.0)
    }
}
