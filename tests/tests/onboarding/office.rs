//! The operator's office: two registrars on one connection, and how they let a newcomer in.

use std::sync::Arc;

use exchange::{
    catalogue::{Catalogue, Service},
    classification::Forum,
    ids::AgencyId,
    onboarding::{Change, Rules, change::Key, forum::least},
    ports::clock::Clock as _,
};
use gateway::{
    demo::client::{Answer, Call, Connection, Credential, tls},
    pki::inspect::facts,
};
use serde_json::{Value, json};
use tests::world::{OPERATOR, World, issued, until};

use crate::{
    cells::{ASKED, Row},
    forms,
};

pub const ONE: &str = "registrar-1";
pub const TWO: &str = "registrar-2";

pub struct Office<'w> {
    pub world: &'w World,
    pub catalogue: Arc<Catalogue>,
    pub rules: Arc<Rules>,
    connection: Connection,
}

/// Who came in, and with what.
pub struct Newcomer {
    pub id: String,
    pub row: Row,
    pub credential: Credential,
}

/// Asks again while the exchange says that it cannot do it just now, as a busy host makes it say: it has then done nothing.
pub async fn patient(mut ask: impl AsyncFnMut() -> Answer) -> Answer {
    let mut last = None;
    let answered = async || {
        let answer = ask().await;
        let busy = ["directory_stale", "store_unavailable"].contains(&answer.code());
        last = Some(answer);
        !busy
    };
    until("the exchange is less busy", answered).await.unwrap();
    last.unwrap()
}

/// One call of an agency of the sample directory.
pub async fn asked(world: &World, agency: &str, call: Call) -> Answer {
    patient(async || world.ask(agency, call.clone()).await.unwrap()).await
}

impl<'w> Office<'w> {
    pub async fn open(world: &'w World) -> Self {
        let settings = tls(&world.stage.server_ca, world.credentials.get(OPERATOR)).unwrap();
        let connection = Connection::open(world.stage.agency, settings).await.unwrap();
        Self { world, catalogue: Arc::clone(&forms::LAW.0), rules: Arc::clone(&forms::LAW.1), connection }
    }

    /// The services that stand for the columns of Annexure B.
    pub fn asked(&self) -> Vec<Arc<Service>> {
        ASKED.iter().map(|id| Arc::clone(self.catalogue.service(id).unwrap())).collect()
    }

    pub async fn post(&mut self, user: &str, path: &str, body: &Value) -> Answer {
        self.send(user, Call::json(format!("/v1/onboarding/{path}"), body)).await
    }

    pub async fn get(&mut self, user: &str, path: &str) -> Answer {
        self.send(user, Call::get(format!("/v1/onboarding/{path}"))).await
    }

    async fn send(&mut self, user: &str, call: Call) -> Answer {
        let (world, connection) = (self.world, &mut self.connection);
        patient(async || connection.send(world.signed_by(user, call.clone()).unwrap()).await.unwrap()).await
    }

    pub async fn propose(&mut self, change: &Change) -> Answer {
        self.post(ONE, "proposals", &json!({ "change": change })).await
    }

    pub async fn decide(&mut self, user: &str, proposal: &str) -> Answer {
        self.post(user, "approvals", &json!({ "proposal": proposal, "verdict": "approve" })).await
    }

    /// One proposes, the other approves.
    pub async fn change(&mut self, change: &Change) {
        let proposed = self.propose(change).await;
        assert_eq!(proposed.status, 200, "{change:?}: {}", proposed.body);
        let decided = self.decide(TWO, proposed.text("/data/proposal")).await;
        assert_eq!(decided.status, 200, "{change:?}: {}", decided.body);
        assert_eq!(decided.text("/data/state"), "approved");
    }

    /// Hands in a form; again, where `application` names an earlier one.
    pub async fn hand_in(&mut self, form: &Value, application: Option<&str>) -> Answer {
        let answer = self.post(ONE, "applications", &json!({ "form": form, "application": application })).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer
    }

    /// The forum that the exchange says must decide says yes; two persons enter it.
    pub async fn decided(&mut self, handed: &Answer) {
        let verdict = json!({
            "application": handed.text("/data/application"), "forum": handed.text("/data/forum"), "minutes": "47/2026",
            "approves": true,
        });
        self.change(&Change::Decision(serde_json::from_value(verdict).unwrap())).await;
    }

    /// An agency of this row comes in: first application without its papers, then with them, then everything else. It applies
    /// once for each keeper of what it may have.
    pub async fn welcome(&mut self, id: &str, row: &Row) -> Newcomer {
        let now = self.world.clock.now();
        let mut groups = by_keeper(self.asked().into_iter().filter(|service| row.opens(service)));
        // Who may do nothing under an agreement applies all the same, to be known to the exchange.
        let first = groups.first().cloned().unwrap_or_else(|| vec![self.asked()[0].clone()]);
        let handed = self.hand_in(&forms::form(&self.rules, id, row, &first, false), None).await;
        let application = handed.text("/data/application").to_owned();
        assert_eq!(handed.body["data"]["missing"][0]["id"], "condition", "{}", handed.body);
        let whole = forms::form(&self.rules, id, row, &first, true);
        let handed = self.hand_in(&whole, Some(&application)).await;
        assert_eq!((handed.text("/data/state"), &handed.body["data"]["missing"]), ("received", &json!([])));
        self.decided(&handed).await;
        self.change(&Change::Agency(forms::agency(id, row, now))).await;
        self.change(&Change::User(forms::user(id))).await;
        for (nth, services) in groups.drain(..).enumerate() {
            if nth > 0 {
                let handed = self.hand_in(&forms::form(&self.rules, id, row, &services, true), None).await;
                self.decided(&handed).await;
            }
            self.opened(id, row, &services).await;
        }
        let credential = issued(self.world, id).unwrap();
        let sha256 = facts(&credential.certificate).unwrap().spki_sha256;
        self.change(&Change::Key(Key { agency: AgencyId::parse(id).unwrap(), sha256 })).await;
        Newcomer { id: id.to_owned(), row: row.clone(), credential }
    }

    async fn opened(&mut self, id: &str, row: &Row, services: &[Arc<Service>]) {
        let now = self.world.clock.now();
        let names: Vec<_> = services.iter().map(|service| service.id.clone()).collect();
        let forum = least(&names, row.sector, false);
        self.change(&Change::Agreement(forms::agreement(id, services, forum, now))).await;
        for service in services {
            if let Some(kind) = row.basis(service) {
                let forum = if forum == Forum::NotRequired { Forum::DgNser } else { forum };
                self.change(&Change::Programme(forms::programme(id, service, kind, forum, now))).await;
            }
        }
    }
}

/// Services by who keeps what they open: NADRA, BISP, others.
fn by_keeper(services: impl Iterator<Item = Arc<Service>>) -> Vec<Vec<Arc<Service>>> {
    let mut keepers = std::collections::BTreeMap::<u8, Vec<_>>::new();
    for service in services {
        let keeper = match service.id.as_str().split('.').next() {
            Some("identity" | "vital") => 0,
            Some("nser") => 1,
            _ => 2,
        };
        keepers.entry(keeper).or_default().push(service);
    }
    keepers.into_values().collect()
}
