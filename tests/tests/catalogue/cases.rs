//! The cases of the law told through a socket: their agencies and instruments, and the call that a case tells of.

use exchange::{
    catalogue::Service, directory::DirectoryData, ids::AgencyId, ports::directory_source::DirectorySource as _,
};
use gateway::demo::client::{Answer, Call};
use policies::{cases::Case, cases::CaseEnrolment, source::Source};
use serde_json::json;
use tests::world::{World, admit, until};

use crate::{
    formed::{self, Formed},
    kit::{Who, send},
};

/// A gateway that knows the cases' world, and the key of every user in it who signs as a second officer.
pub struct CasesWorld {
    pub world: World,
    second_key: String,
}

/// A call that can be sent again: whoever signs it does so afresh each time.
#[derive(Clone, Debug)]
pub struct Told {
    pub who: Who,
    pub call: Call,
    /// The officer who signs beside the user.
    pub second: Option<String>,
}

impl CasesWorld {
    /// Sends it on a new connection.
    pub async fn send(&self, told: &Told) -> Answer {
        let mut call = told.call.clone();
        if let Some(second) = &told.second {
            let assertion = self.world.stage.assertion_by(&self.second_key, second, &call).unwrap();
            call = call.with("ijazat-second-user", second.as_str()).with("ijazat-second-assertion", assertion);
        }
        send(&self.world, told.who, call).await
    }
}

/// A gateway that knows the agencies and instruments of the cases. Theirs are of the samples' names where they mean the
/// same, so that whoever has a certificate keeps it; everyone else is given one.
pub async fn world_of_cases() -> CasesWorld {
    let mut world = World::builder().set("LIMITS__USER_PER_S", "1000").start().await.unwrap();
    let known = world.store.read().await.unwrap().1;
    let mut data = policies::cases::world(&Source::embedded()).unwrap();
    data.rate_books.clone_from(&known.rate_books);
    for agency in &mut data.agencies {
        agency.keys = keys_of(&known, &agency.id);
    }
    let second_key = rcgen::KeyPair::generate().unwrap();
    for user in data.users.iter_mut().filter(|user| user.assertion_key.is_none()) {
        user.assertion_key = Some(second_key.public_key_pem());
    }
    world.store.replace_directory(&data).await.unwrap();
    for agency in data.agencies.iter().filter(|agency| agency.keys.is_empty()) {
        admit(&mut world, &agency.id).await.unwrap();
    }
    let last = data.agencies.iter().rfind(|agency| agency.keys.is_empty() && !agency.suspended).unwrap();
    let whoami = async || world.ask(last.id.as_str(), Call::get("/v1/self/whoami")).await.unwrap().status == 200;
    until("the cases' agencies are known", whoami).await.unwrap();
    CasesWorld { world, second_key: second_key.serialize_pem() }
}

fn keys_of(directory: &DirectoryData, agency: &AgencyId) -> Vec<String> {
    let known = directory.agencies.iter().find(|known| known.id == *agency);
    known.map(|known| known.keys.clone()).unwrap_or_default()
}

/// The call that the case tells of, and who sends it.
pub async fn told(world: &World, service: &Service, case: &Case) -> Told {
    let plain = !case.signed && case.address.is_none() && case.rows.is_none() && case.proposed_by.is_none();
    assert!(plain, "{}: teach this test to ask so", case.name);
    let agency: &'static str = case.agency.clone().unwrap().leak();
    let bases: Vec<_> = case.programme.iter().chain(&case.approval).map(String::as_str).collect();
    let mut formed = formed::of(world, service)
        .with("ijazat-user", case.user.as_deref())
        .with("ijazat-purpose", case.purpose.as_deref())
        .with("ijazat-basis", (!bases.is_empty()).then(|| bases.join(",")).as_deref());
    if case.consent.is_some() {
        let token = format!("Bearer {}", consent(world, service, case).await);
        formed = formed.with("authorization", Some(&token));
    }
    if let Some(fields) = &case.fields {
        formed = formed.member("fields", Some(json!(fields)));
    }
    if let Some(enrolment) = &case.enrolment {
        formed = enrolled(formed, enrolment);
    }
    Told { who: Who::Agency(agency), call: formed.call(), second: case.second.clone() }
}

/// The token of the citizen's yes to all that the service has.
async fn consent(world: &World, service: &Service, case: &Case) -> String {
    let user: &'static str = case.user.clone().unwrap().leak();
    let mut actor = world.stage.actor(case.agency.as_deref().unwrap(), Some(user)).await.unwrap();
    let datatypes = service.datatypes();
    let datatypes: Vec<_> = datatypes.iter().map(exchange::ids::DatatypeId::as_str).collect();
    let purpose = case.purpose.as_deref().unwrap();
    actor.consent(world.stage.cast.citizen, purpose, &datatypes).await.unwrap().token
}

fn enrolled(formed: Formed, enrolment: &CaseEnrolment) -> Formed {
    let text = |value: &dyn std::fmt::Display| Some(json!(value.to_string()));
    formed
        .member("modality", text(&enrolment.modality.as_str()))
        .member("born", text(&enrolment.born))
        .member("sample", (!enrolment.no_sample).then(|| json!({ "images": [] })))
        .member("missing_reason", enrolment.missing.map(|missing| json!(missing.as_str())))
        .member("supervisor", enrolment.supervisor.as_ref().map(|user| json!(user)))
}
