//! The operator's office: two registrars on one connection, and the authority that signs certificates.

use std::sync::Arc;

use exchange::{
    catalogue::{Catalogue, Service},
    classification::Forum,
    decision::Decider as _,
    ids::AgencyId,
    onboarding::{Change, Rules, change::Key, forum::least},
    ports::clock::Clock as _,
};
use gateway::{
    demo::client::{Answer, Call, Connection, Credential, tls},
    pki::{ca::Validity, inspect::facts, request::Request, store::Authorities},
};
use policies::Bundle;
use serde_json::{Value, json};
use tests::world::{OPERATOR, World};

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

impl<'w> Office<'w> {
    pub async fn open(world: &'w World) -> Self {
        let bundle = Bundle::embedded().unwrap();
        let settings = tls(&world.stage.server_ca, world.credentials.get(OPERATOR)).unwrap();
        let connection = Connection::open(world.stage.agency, settings).await.unwrap();
        Self { world, catalogue: bundle.catalogue(), rules: bundle.newcomers().unwrap(), connection }
    }

    /// The services that stand for the columns of Annexure B.
    pub fn asked(&self) -> Vec<Arc<Service>> {
        ASKED.iter().map(|id| Arc::clone(self.catalogue.service(id).unwrap())).collect()
    }

    pub async fn post(&mut self, user: &str, path: &str, body: &Value) -> Answer {
        let call = Call::json(format!("/v1/onboarding/{path}"), body);
        self.connection.send(self.world.signed_by(user, call).unwrap()).await.unwrap()
    }

    pub async fn get(&mut self, user: &str, path: &str) -> Answer {
        let call = Call::get(format!("/v1/onboarding/{path}"));
        self.connection.send(self.world.signed_by(user, call).unwrap()).await.unwrap()
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

    /// An agency of this row comes in: first application without its papers, then with them, then everything else.
    pub async fn welcome(&mut self, id: &str, row: &Row) -> Newcomer {
        let now = self.world.clock.now();
        let open: Vec<_> = self.asked().into_iter().filter(|service| row.opens(service)).collect();
        // Who may do nothing under an agreement applies all the same, to be known to the exchange.
        let first = open.first().cloned().unwrap_or_else(|| self.asked()[0].clone());
        let handed = self.hand_in(&forms::form(&self.rules, id, row, &first, false), None).await;
        let application = handed.text("/data/application").to_owned();
        assert_eq!(handed.body["data"]["missing"][0]["id"], "condition", "{}", handed.body);
        let whole = forms::form(&self.rules, id, row, &first, true);
        let handed = self.hand_in(&whole, Some(&application)).await;
        assert_eq!((handed.text("/data/state"), &handed.body["data"]["missing"]), ("received", &json!([])));
        self.decided(&handed).await;
        self.change(&Change::Agency(forms::agency(id, row, now))).await;
        self.change(&Change::User(forms::user(id))).await;
        for service in &open {
            if service.id != first.id {
                let handed = self.hand_in(&forms::form(&self.rules, id, row, service, true), None).await;
                self.decided(&handed).await;
            }
            self.opened(id, row, service).await;
        }
        let credential = self.certificate(id);
        let sha256 = facts(&credential.certificate).unwrap().spki_sha256;
        self.change(&Change::Key(Key { agency: AgencyId::parse(id).unwrap(), sha256 })).await;
        Newcomer { id: id.to_owned(), row: row.clone(), credential }
    }

    async fn opened(&mut self, id: &str, row: &Row, service: &Service) {
        let now = self.world.clock.now();
        let forum = least(std::slice::from_ref(&service.id), row.sector);
        self.change(&Change::Agreement(forms::agreement(id, service, forum, now))).await;
        if let Some(kind) = row.basis(service) {
            let forum = if forum == Forum::NotRequired { Forum::DgNser } else { forum };
            self.change(&Change::Programme(forms::programme(id, service, kind, forum, now))).await;
        }
    }

    /// The newcomer's request for a certificate, signed by the authority of the exchange.
    fn certificate(&self, id: &str) -> Credential {
        let id = AgencyId::parse(id).unwrap();
        let request = Request::make(&id).unwrap();
        let authorities = Authorities::load(&self.world.state().join("pki")).unwrap();
        let validity = Validity::days(self.world.clock.now(), 30).unwrap();
        let entropy = self.world.host.entropy.as_ref();
        let certificate = authorities.client.issue_client(&request.csr_pem, &id, validity, entropy).unwrap();
        Credential { certificate, key: request.key_pem.to_string() }
    }
}
