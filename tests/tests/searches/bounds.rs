//! What opens a search only so far: a citizen's consent the citizen's own part, a programme its districts, scores and turns.

use exchange::{
    directory::Programme,
    ids::ProgrammeId,
    ports::directory_source::DirectorySource as _,
    programme::{Cadence, Period, Population},
};
use gateway::demo::client::{Answer, Call};
use serde_json::{Value, json};
use tests::world::{World, until};

use super::{ask, place, withheld};

const HOUSEHOLD: &str = "/v1/nser/household";
const BY_PMT: &str = "/v1/nser/households/by-pmt";

fn names(answer: &Answer) -> Vec<String> {
    let members = answer.body["data"]["household"]["members"].as_array().cloned().unwrap_or_default();
    members.iter().map(|member| member["name"].as_str().unwrap_or_default().to_owned()).collect()
}

/// A citizen with a phone whose household has others too.
async fn one_of_many(world: &World) -> (Value, exchange::cnic::Cnic) {
    let cast = &world.stage.cast;
    for cnic in [cast.citizen, cast.taxpayer, cast.dying] {
        let body = json!({ "cnic": cnic.digits() });
        if names(&ask(world, "standard-1", "prog-kafalat", HOUSEHOLD, &body).await).len() > 1 {
            return (body, cnic);
        }
    }
    panic!("each citizen of the demo with a phone lives alone")
}

#[tokio::test]
async fn a_consent_opens_the_citizens_own_row_whatever_the_users_role() {
    let world = World::start().await.unwrap();
    let (body, cnic) = one_of_many(&world).await;
    let mut officer = world.stage.actor("bisp", Some("standard-1")).await.unwrap();
    let opened = ["nser.name", "nser.address", "nser.assets", "nser.pmt"];
    let granted = officer.consent(cnic, "NSER-201", &opened).await.unwrap();
    let by_token = || {
        Call::json(HOUSEHOLD, &body)
            .with("ijazat-purpose", "NSER-201")
            .with("authorization", format!("Bearer {}", granted.token))
    };
    let answer = officer.send(by_token()).await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(names(&answer).len(), 1, "the others did not consent: {}", answer.body);
    let household = &answer.body["data"]["household"];
    assert!(household["pmt"].is_number() && household["district"].is_string(), "{household}");
    let kept = withheld(&answer);
    assert!(kept.contains("nser.relation") && kept.contains("nser.contact") && !kept.contains("nser.pmt"), "{kept:?}");
    let again = officer.send(by_token()).await.unwrap();
    assert_eq!((again.status, again.code()), (401, "token_invalid"), "one yes is one answer");
}

/// Puts a programme like the sample's into force.
pub(super) async fn programme(world: &World, id: &str, change: impl FnOnce(&mut Programme)) {
    let mut data = world.store.read().await.unwrap().1;
    let mut programme = data.programmes.iter().find(|known| known.id.as_str() == "prog-kafalat").unwrap().clone();
    programme.id = ProgrammeId::parse(id).unwrap();
    change(&mut programme);
    data.programmes.push(programme);
    world.store.replace_directory(&data).await.unwrap();
    // Known is what a dry run of it does not call unknown.
    let body = json!({ "cnic": world.stage.cast.head.digits() });
    let known = async || {
        let mut officer = world.stage.actor("bisp", Some("standard-1")).await.unwrap();
        let call = Call::json(HOUSEHOLD, &body).with("ijazat-purpose", "NSER-201").with("ijazat-basis", id);
        officer.send(call.with("ijazat-dry-run", "1")).await.unwrap().code() != "basis_unknown"
    };
    until("the programme is known", known).await.unwrap();
}

#[tokio::test]
async fn a_programme_opens_its_own_districts_and_scores_and_no_others() {
    let world = World::start().await.unwrap();
    let (district, pmt) = place(&world).await;
    let own = district.clone();
    programme(&world, "prog-bounded", |programme| {
        programme.population = Population { districts: vec![own], scores: Some((0.0, pmt)), ..Population::default() };
    })
    .await;
    let check = async |path: &str, body: Value, expected: (u16, &str)| {
        let answer = ask(&world, "standard-1", "prog-bounded", path, &body).await;
        assert_eq!((answer.status, answer.code()), expected, "{body}: {}", answer.body);
    };
    let outside = (403, "outside_programme");
    check(BY_PMT, json!({ "district": district, "pmt_from": 0, "pmt_to": pmt }), (200, "")).await;
    check(BY_PMT, json!({ "district": "Elsewhere", "pmt_from": 0, "pmt_to": pmt }), outside).await;
    check(BY_PMT, json!({ "district": district, "pmt_from": 0, "pmt_to": 100 }), outside).await;
    check("/v1/nser/households/by-address", json!({ "district": district }), outside).await;
    check(HOUSEHOLD, json!({ "cnic": world.stage.cast.head.digits() }), outside).await;
}

#[tokio::test]
async fn a_programme_opens_the_datatypes_that_it_names_and_no_others() {
    let world = World::start().await.unwrap();
    programme(&world, "prog-narrow", |programme| {
        programme.datatypes.retain(|id| ["nser.name", "nser.pmt"].contains(&id.as_str()));
    })
    .await;
    let cnic = world.stage.cast.head.digits();
    let answer = ask(&world, "standard-1", "prog-narrow", HOUSEHOLD, &json!({ "cnic": cnic })).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let household = &answer.body["data"]["household"];
    assert!(household["pmt"].is_number() && household.get("district").is_none(), "{household}");
    assert!(withheld(&answer).is_superset(&["nser.address".to_owned(), "nser.assets".to_owned()].into()));
    let wanted = json!({ "cnic": cnic, "fields": ["nser.name", "nser.assets"] });
    let refused = ask(&world, "standard-1", "prog-narrow", HOUSEHOLD, &wanted).await;
    assert_eq!((refused.status, refused.code()), (403, "fields_not_permitted"), "{}", refused.body);
    assert_eq!(refused.body["withheld"], json!(["nser.assets"]));
    let closed = json!({ "cnic": cnic, "fields": ["nser.assets"] });
    let refused = ask(&world, "standard-1", "prog-narrow", HOUSEHOLD, &closed).await;
    assert_eq!((refused.status, refused.code()), (403, "consent_required"), "{}", refused.body);
}

#[tokio::test]
async fn a_programme_has_its_turns_and_what_releases_nothing_takes_none() {
    let world = World::start().await.unwrap();
    let every = Period::Month;
    programme(&world, "prog-twice", |programme| programme.cadence = Some(Cadence { times: 2, every })).await;
    let body = json!({ "cnic": world.stage.cast.head.digits() });
    let asked = async |body: &Value| ask(&world, "standard-1", "prog-twice", HOUSEHOLD, body).await;
    assert_eq!(asked(&body).await.status, 200);
    let refused = asked(&json!({ "cnic": world.stage.cast.head.digits(), "fields": ["nser.contact"] })).await;
    assert_eq!(refused.status, 403, "{}", refused.body);
    assert_eq!(asked(&body).await.status, 200, "a refusal took no turn");
    let spent = asked(&body).await;
    assert_eq!((spent.status, spent.code()), (429, "programme_spent"), "{}", spent.body);
    assert!(!spent.header("retry-after").is_empty(), "until the next month");
    assert!(spent.body.get("data").is_none());
    let other = ask(&world, "standard-1", "prog-kafalat", HOUSEHOLD, &body).await;
    assert_eq!(other.status, 200, "another programme has turns of its own");
}
