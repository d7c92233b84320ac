//! A small register behind the router, and requests with and without permits.

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    http::{Method, Request, header::CONTENT_TYPE},
};
use exchange::{
    classification::Role,
    cnic::Cnic,
    ids::{AgencyId, DatatypeId, RequestId, ServiceId},
    mobile::Mobile,
    permit::{Grant, PermitMint},
    ports::entropy::Entropy,
    timestamp::Timestamp,
};
use http_body_util::BodyExt as _;
use registry_core::{
    address::Address,
    date::{Day, PartialDate},
    household::{Household, HouseholdId, Membership, Relation, Surveyed},
    identifier::{Identifier, IdentifierKind, IdentifierState},
    memory::MemoryStore,
    name::Name,
    person::{Gender, LifeStatus, Person, PersonId},
    ports::store::{Batch, RegistryStore},
    service::RegistryService,
};
use serde_json::{Value, json};
use tower::ServiceExt as _;

pub const ADULT: &str = "3010112345671";
pub const OTHER: &str = "3010112345672";
pub const DEAD: &str = "3010112345673";
pub const UNKNOWN: &str = "3010112345674";

#[derive(Debug)]
struct Zeros;

impl Entropy for Zeros {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(0);
    }
}

/// Three persons behind the router, the first two in one household.
#[derive(Debug)]
pub struct World {
    pub store: Arc<MemoryStore>,
    router: Router,
}

impl World {
    pub async fn new() -> Self {
        let store = Arc::new(MemoryStore::default());
        store.load(&batch()).await.unwrap();
        let service = RegistryService::new(Arc::clone(&store) as Arc<dyn RegistryStore>, Arc::new(Zeros));
        Self { store, router: super::router(Arc::new(service)) }
    }

    /// What is right of [`ADULT`].
    pub fn right_particulars() -> Value {
        json!({"cnic": ADULT, "name": "muhammad aslam", "father_name": "Ghulam Rasool", "date_of_birth": "1985-04-01"})
    }

    /// Posts a body under a permit for this service, person and these datatypes.
    pub async fn post(
        &self,
        path: &str,
        service: &str,
        subject: &str,
        datatypes: &[&str],
        body: Value,
    ) -> (u16, Value) {
        let request = Request::builder().method(Method::POST).uri(path).header(CONTENT_TYPE, "application/json");
        let mut request = request.body(Body::from(body.to_string())).unwrap();
        request.extensions_mut().insert(Arc::new(mint(service, subject, datatypes)));
        self.send(request).await
    }

    /// Gets a report under a permit of anyone.
    pub async fn get(&self, path: &str) -> (u16, Value) {
        let mut request = Request::builder().uri(path).body(Body::empty()).unwrap();
        request.extensions_mut().insert(Arc::new(mint("report.public", "", &["report.statistics"])));
        self.send(request).await
    }

    /// Sends a request as it stands.
    pub async fn send(&self, request: Request<Body>) -> (u16, Value) {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&body).unwrap())
    }
}

#[expect(clippy::disallowed_methods, reason = "tests stand where authorise stands")]
fn mint(service: &str, subject: &str, datatypes: &[&str]) -> exchange::permit::Permit {
    PermitMint::new().mint(Grant {
        request: RequestId::parse("r1").unwrap(),
        service: ServiceId::parse(service).unwrap(),
        version: 1,
        agency: AgencyId::parse("hospital-mehran").ok(),
        user: None,
        certificate: None,
        role: Role::Standard,
        purpose: None,
        subject: Cnic::parse(subject).ok(),
        datatypes: datatypes.iter().map(|name| DatatypeId::parse(name).unwrap()).collect(),
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

fn batch() -> Batch {
    let mut persons = vec![person(1, ADULT), person(2, OTHER), person(3, DEAD)];
    persons[2].life = LifeStatus::Deceased(PartialDate::Year(2020));
    let household = Household {
        id: HouseholdId(9),
        address: persons[0].address.clone(),
        position: None,
        pmt: 3125,
        assets: Vec::new(),
        beneficiary: true,
        payments: Vec::new(),
        members: vec![
            Membership { pid: PersonId(1), relation: Relation::Head, surveyed: Surveyed::default() },
            Membership { pid: PersonId(2), relation: Relation::Son, surveyed: Surveyed::default() },
        ],
    };
    Batch { persons, households: vec![household] }
}

fn person(pid: u64, number: &str) -> Person {
    Person {
        pid: PersonId(pid),
        name: Name::new("Muhammad Aslam", "محمد اسلم"),
        father: Name::new("Ghulam Rasool", "غلام رسول"),
        gender: Gender::Male,
        birth: PartialDate::Year(1985),
        life: LifeStatus::Alive,
        identifiers: vec![Identifier {
            kind: IdentifierKind::Cnic,
            value: Cnic::parse(number).unwrap(),
            state: IdentifierState::Active,
            expires: Day::new(2030, 1, 1),
        }],
        address: Address {
            province: "Punjab".into(),
            district: "Jhang".into(),
            tehsil: "Jhang".into(),
            text: "House 4".into(),
        },
        mobile: Mobile::parse("03990000001").ok(),
    }
}

#[tokio::test]
async fn without_a_permit_no_path_gives_data() {
    let world = World::new().await;
    let check = async |method: Method, path: &str| {
        let body = Body::from(json!({"cnic": ADULT}).to_string());
        let request = Request::builder().method(method).uri(path).body(body).unwrap();
        assert_eq!(world.send(request).await, (403, json!({"code": "policy_denied"})), "{path}");
    };
    check(Method::POST, "/v1/identity/yes-no").await;
    check(Method::POST, "/v1/identity/kyc").await;
    check(Method::POST, "/v1/identity/predicates").await;
    check(Method::POST, "/v1/nser/band").await;
    check(Method::POST, "/v1/nser/household").await;
    check(Method::POST, "/v1/vital/death-notices").await;
    check(Method::GET, "/v1/reports/persons-by-province").await;
}
