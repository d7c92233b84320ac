//! Every kind of both tables: from the form to the first answer, or to the 501 that follows a permit where the service comes
//! later; refused outside its row; all of it seen by an auditor.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use exchange::{catalogue::Service, onboarding::Change, record::leaf::Kind};
use gateway::demo::{
    client::{Call, Connection, tls},
    taxpayers::Manner,
};
use serde_json::json;
use tests::world::{World, until};

use crate::{
    cells::{Row, bundle, call, rows},
    office::{Newcomer, Office, asked, patient},
};

const TAXPAYERS: &str = env!("CARGO_BIN_EXE_taxpayers");

/// The bound for all stories together; each table has half of it.
const HALF_OF_FIVE_MINUTES: Duration = Duration::from_secs(150);

/// Desks of the office.
const PARTS: usize = 2;

/// Agency and service, with the problem's code if there was one.
type Seen = BTreeSet<(String, String, String)>;

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_comes_in_as_annexure_b_is_printed() {
    Box::pin(everyone_comes_in("as-is")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_comes_in_as_the_law_aims_at_it() {
    Box::pin(everyone_comes_in("target")).await;
}

async fn everyone_comes_in(matrix: &str) {
    let began = Instant::now();
    let folder = bundle(matrix);
    let world = World::builder()
        .tax(TAXPAYERS, Manner::Honest)
        .set("POLICY__BUNDLE", folder.display().to_string())
        .set("LIMITS__USER_PER_S", "100000")
        .set("LIMITS__SERVICE_PER_S", "100000")
        .start()
        .await
        .unwrap();
    let mut office = Office::open(&world).await;
    register_purposes(&mut office).await;
    let rows = rows(matrix);
    let part = |nth: usize| rows.iter().skip(nth).step_by(PARTS).cloned().collect::<Vec<_>>();
    let (a, b) = tokio::join!(come_in(&world, part(0)), come_in(&world, part(1)));
    let (newcomers, expected): (Vec<_>, Vec<_>) = a.into_iter().chain(b).unzip();
    let expected: Seen = expected.into_iter().flatten().collect();
    let count = |code: &str| expected.iter().filter(|(_, _, found)| found == code).count();
    let (answered, later) = (count(""), count("not_built"));
    assert!(newcomers.len() >= 25 && answered >= 40 && later >= 6, "{answered} answered, {later} later");
    recorded(&world, &newcomers).await;
    let seen = seen_by_the_auditor(&world).await;
    let unseen: Vec<_> = expected.difference(&seen).collect();
    assert!(unseen.is_empty(), "{unseen:?}");
    std::fs::remove_dir_all(folder).unwrap();
    assert!(began.elapsed() < HALF_OF_FIVE_MINUTES, "{:?}", began.elapsed());
}

/// These kinds come in one after another, at a desk of their own; what each was answered.
async fn come_in(world: &World, rows: Vec<Row>) -> Vec<(Newcomer, Seen)> {
    let mut office = Office::open(world).await;
    let mut all = Vec::new();
    for row in rows {
        let newcomer = office.welcome(&format!("new-{}", row.kind.to_lowercase()), &row).await;
        known(world, &newcomer).await;
        let mut seen = Seen::new();
        for service in office.asked() {
            let code = first_call(world, &newcomer, &service).await;
            seen.insert((newcomer.id.clone(), format!("{}@1", service.id), code));
        }
        all.push((newcomer, seen));
    }
    all
}

/// Purposes of services that come later, which the sample directory does not have.
async fn register_purposes(office: &mut Office<'_>) {
    let world = policies::cases::world(&policies::source::Source::embedded()).unwrap();
    let asked = office.asked();
    let needed = world.purposes.into_iter().filter(|purpose| asked.iter().any(|s| s.purposes.contains(&purpose.code)));
    for purpose in needed {
        office.change(&Change::Purpose(purpose)).await;
    }
}

/// Waits until the door knows the newcomer.
async fn known(world: &World, newcomer: &Newcomer) {
    let asks = async || {
        let settings = tls(&world.stage.server_ca, Some(&newcomer.credential)).unwrap();
        let mut connection = Connection::open(world.stage.agency, settings).await.unwrap();
        let answer = connection.send(Call::get("/v1/self/whoami")).await.unwrap();
        answer.status == 200 && answer.text("/data/kind") == newcomer.row.kind
    };
    until("the newcomer is known", asks).await.unwrap();
}

/// The newcomer's first call of a service; returns the code of the refusal, or nothing.
async fn first_call(world: &World, newcomer: &Newcomer, service: &Service) -> String {
    let what = format!("{} asks {}", newcomer.id, service.id);
    let settings = tls(&world.stage.server_ca, Some(&newcomer.credential)).unwrap();
    let mut connection = Connection::open(world.stage.agency, settings).await.unwrap();
    let mut call = call(world, service).with("ijazat-user", format!("clerk-of-{}", newcomer.id));
    let opens = newcomer.row.opens(service);
    if opens && newcomer.row.basis(service).is_some() {
        call = call.with("ijazat-basis", format!("prog-{}-{}", newcomer.id, service.id));
    }
    let answer = patient(async || connection.send(call.clone()).await.unwrap()).await;
    let wanted = match (opens, service.not_built) {
        (false, _) => (403, "caller_not_allowed"),
        (true, true) => (501, "not_built"),
        (true, false) => (200, ""),
    };
    assert_eq!((answer.status, answer.code()), wanted, "{what}: {}", answer.body);
    answer.code().to_owned()
}

/// Each change that brought a newcomer in has its leaf, which names the agency and no person.
async fn recorded(world: &World, newcomers: &[Newcomer]) {
    let told = || -> BTreeSet<_> {
        let entries = world.recorded().unwrap().into_iter().filter(|entry| entry.leaf.kind == Kind::Admin);
        entries.map(|entry| (entry.agency().to_owned(), entry.leaf.service.unwrap_or_default())).collect()
    };
    let whole = async || {
        let told = told();
        newcomers.iter().all(|newcomer| {
            ["approve-decision", "approve-agency", "approve-user", "approve-key"]
                .iter()
                .all(|what| told.contains(&(newcomer.id.clone(), format!("admin.{what}@1"))))
        })
    };
    until("every change has its leaf", whole).await.unwrap();
}

/// Every access to one of the cast, as an auditor finds it page by page.
async fn seen_by_the_auditor(world: &World) -> Seen {
    let cast = world.stage.cast;
    let mut seen = Seen::new();
    for person in [cast.citizen, cast.head, cast.dying, cast.taxpayer] {
        let mut cursor = serde_json::Value::Null;
        loop {
            let body = json!({ "cnic": person.digits(), "cursor": cursor });
            let call = Call::json("/v1/audit/accesses", &body)
                .with("ijazat-user", "auditor-1")
                .with("ijazat-purpose", "AUD-501");
            let answer = asked(world, "auditor-general", call).await;
            assert_eq!(answer.status, 200, "{}", answer.body);
            for access in answer.body["data"]["accesses"].as_array().unwrap() {
                let text = |name: &str| access[name].as_str().unwrap_or("").to_owned();
                seen.insert((text("agency"), text("service"), text("code")));
            }
            cursor = answer.body["data"]["next"].clone();
            if cursor.is_null() {
                break;
            }
        }
    }
    seen
}
