//! S3 §8.2.2 through sockets: three roles × three searches of one household, each with what it shows and keeps back.
#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::allow_attributes,
    reason = "tests may panic: that is how they fail"
)]

mod bounds;
mod needs;
mod predicates;
mod sample;
mod wards;

use std::collections::BTreeSet;

use gateway::demo::client::{Answer, Call};
use serde_json::{Value, json};
use tests::world::World;

/// What is shown of a household, as pointers below it.
type Shown = BTreeSet<String>;

/// Everything that S3's tables name for Power, but what is Secret.
const POWER: [&str; 17] = [
    "/address",
    "/assets",
    "/district",
    "/id",
    "/members/age",
    "/members/disability",
    "/members/education",
    "/members/employment",
    "/members/gender",
    "/members/mobile",
    "/members/name",
    "/members/name_ur",
    "/members/relation",
    "/members/searched",
    "/pmt",
    "/tehsil",
    "/members/cnic",
];

/// A Standard list: names, gender, relation, age and address.
const STANDARD_LIST: [&str; 8] = [
    "/address",
    "/district",
    "/members/age",
    "/members/gender",
    "/members/name",
    "/members/name_ur",
    "/members/relation",
    "/tehsil",
];

/// One household by card number: Standard.
const STANDARD_ONE: [&str; 7] =
    ["/address", "/assets", "/district", "/members/name", "/members/name_ur", "/pmt", "/tehsil"];

/// One household by card number: Basic.
const BASIC_ONE: [&str; 6] = ["/address", "/district", "/members/name", "/members/name_ur", "/pmt", "/tehsil"];

/// Leaves of a household; a list of plain values is one leaf, members count as one.
fn leaves(value: &Value, path: &str, into: &mut Shown) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                leaves(member, &format!("{path}/{name}"), into);
            }
        }
        Value::Array(items) if items.iter().any(Value::is_object) => {
            for item in items {
                leaves(item, path, into);
            }
        }
        Value::Null => {}
        _ => drop(into.insert(path.to_owned())),
    }
}

fn shown(household: &Value) -> Shown {
    let mut shown = Shown::new();
    leaves(household, "", &mut shown);
    shown
}

fn set(names: &[&str]) -> Shown {
    names.iter().map(|&name| name.to_owned()).collect()
}

async fn ask(world: &World, user: &'static str, basis: &str, path: &str, body: &Value) -> Answer {
    let mut officer = world.stage.actor("bisp", Some(user)).await.unwrap();
    let call = Call::json(path, body).with("ijazat-purpose", "NSER-201").with("ijazat-basis", basis);
    if user == "power-1" { officer.send_signed(call).await.unwrap() } else { officer.send(call).await.unwrap() }
}

/// The head's district and score, as a Standard user sees them.
async fn place(world: &World) -> (String, f64) {
    let body = json!({ "cnic": world.stage.cast.head.digits() });
    let answer = ask(world, "standard-1", "prog-kafalat", "/v1/nser/household", &body).await;
    let household = &answer.body["data"]["household"];
    (household["district"].as_str().unwrap().to_owned(), household["pmt"].as_f64().unwrap())
}

/// The three searches that find the head's household.
async fn searches(world: &World) -> [(&'static str, Value); 3] {
    let (district, pmt) = place(world).await;
    [
        ("/v1/nser/household", json!({ "cnic": world.stage.cast.head.digits() })),
        ("/v1/nser/households/by-address", json!({ "district": district, "members_min": 1 })),
        ("/v1/nser/households/by-pmt", json!({ "district": district, "pmt_from": pmt, "pmt_to": pmt })),
    ]
}

/// What all households of an answer show together.
fn all_shown(answer: &Answer) -> Shown {
    let data = &answer.body["data"];
    match data["households"].as_array() {
        Some(list) => list.iter().flat_map(shown).collect(),
        None => shown(&data["household"]),
    }
}

fn withheld(answer: &Answer) -> BTreeSet<String> {
    let list = answer.body["withheld"].as_array().unwrap();
    list.iter().map(|one| one["datatype"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn power_sees_the_complete_particulars_and_card_numbers_once_with_the_boards_approval() {
    let world = World::start().await.unwrap();
    let searches = searches(&world).await;
    for (n, (path, body)) in searches.iter().enumerate() {
        let answer = ask(&world, "power-1", "prog-kafalat", path, body).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        let secret = set(&["nser.cnic", "nser.location", "nser.sensitive", "nser.payments"]);
        assert_eq!(withheld(&answer), secret, "{path}");
        // In a list nobody was searched for.
        let list = path.contains("households");
        let whole: Shown = set(&POWER).into_iter().filter(|leaf| !list || leaf != "/members/searched").collect();
        let open: Shown = whole.iter().filter(|leaf| *leaf != "/members/cnic").cloned().collect();
        assert_eq!(all_shown(&answer), open, "{path}");
        let approval = format!("prog-kafalat, appr-board-{}", n + 1);
        let answer = ask(&world, "power-1", &approval, path, body).await;
        assert_eq!(all_shown(&answer), whole, "{path}");
        let again = ask(&world, "power-1", &approval, path, body).await;
        assert_eq!((again.status, again.code()), (403, "basis_unknown"), "{path}");
    }
}

#[tokio::test]
async fn standard_sees_the_list_of_its_search_and_nothing_secret() {
    let world = World::start().await.unwrap();
    for (path, body) in searches(&world).await {
        let answer = ask(&world, "standard-1", "prog-kafalat", path, &body).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        let expected = if path.contains("households") { set(&STANDARD_LIST) } else { set(&STANDARD_ONE) };
        assert_eq!(all_shown(&answer), expected, "{path}");
    }
}

#[tokio::test]
async fn basic_sees_one_row_or_a_sample_that_names_nobody() {
    let world = World::start().await.unwrap();
    for (path, body) in searches(&world).await {
        let answer = ask(&world, "basic-1", "prog-kafalat", path, &body).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        if path.contains("households") {
            let tells = ["nser.id", "nser.name", "nser.address", "nser.contact", "nser.cnic", "nser.location"];
            assert!(withheld(&answer).is_superset(&set(&tells)), "{path}");
            let found = answer.body["data"]["households"].as_array().map_or(0, Vec::len);
            assert!(found <= 1, "{path}: {found} of the few households of the demo are more than one in a hundred");
        } else {
            assert_eq!(all_shown(&answer), set(&BASIC_ONE), "{path}");
        }
    }
}

#[tokio::test]
async fn the_complete_export_is_the_boards_once_and_shows_in_who_looked_at_me() {
    let world = World::start().await.unwrap();
    let (path, body) = ("/v1/nser/export", json!({}));
    for (user, basis, code) in [
        ("power-1", "prog-kafalat", "secret_needs_board"),
        ("power-1", "prog-kafalat, appr-board-1", "secret_needs_board"),
        ("standard-1", "prog-kafalat, appr-export", "policy_denied"),
    ] {
        let answer = ask(&world, user, basis, path, &body).await;
        assert_eq!((answer.status, answer.code()), (403, code), "{user} {basis}: {}", answer.body);
    }
    // Nothing Secret is asked for: the approval is used up all the same.
    let body = json!({ "fields": ["nser.id", "nser.name", "nser.pmt"] });
    let answer = ask(&world, "power-1", "prog-kafalat, appr-export", path, &body).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let lines = answer.body.as_array().unwrap();
    let ids: Vec<_> = lines.iter().filter_map(|line| line["id"].as_str()).collect();
    let distinct: BTreeSet<_> = ids.iter().collect();
    assert_eq!(distinct.len(), ids.len(), "no household comes twice");
    let parts = lines.iter().filter(|line| line["part"].is_u64()).count();
    assert!(parts > 1, "later batches rest on the approval that the first used up");
    assert_eq!(lines.last().unwrap()["rows"].as_u64(), Some(ids.len() as u64));
    assert!(lines.iter().filter(|line| line["id"].is_string()).all(|line| line["members"][0]["name"].is_string()));
    let again = ask(&world, "power-1", "prog-kafalat, appr-export", path, &body).await;
    assert_eq!((again.status, again.code()), (403, "basis_unknown"));
    let mut auditor = world.stage.actor("auditor-general", Some("auditor-1")).await.unwrap();
    let call = Call::json("/v1/audit/accesses", &json!({ "cnic": world.stage.cast.head.digits() }));
    let seen = auditor.send(call.with("ijazat-purpose", "AUD-501")).await.unwrap();
    let accesses = seen.body["data"]["accesses"].as_array().unwrap();
    assert!(accesses.iter().any(|access| access["service"] == "nser.export@1"), "{accesses:?}");
}

/// The district that most households live in, by an export of addresses.
async fn crowded(world: &World) -> String {
    let body = json!({ "fields": ["nser.address"] });
    let answer = ask(world, "power-1", "prog-kafalat, appr-export", "/v1/nser/export", &body).await;
    let mut counts = std::collections::BTreeMap::<&str, usize>::new();
    for district in answer.body.as_array().unwrap().iter().filter_map(|line| line["district"].as_str()) {
        *counts.entry(district).or_default() += 1;
    }
    (*counts.iter().max_by_key(|(_, count)| **count).unwrap().0).to_owned()
}

#[tokio::test]
async fn a_list_turns_its_pages_and_is_charged_and_recorded_by_rows() {
    let world = World::start().await.unwrap();
    let district = crowded(&world).await;
    let (mut cursor, mut seen, mut pages) = (None::<String>, 0, 0);
    loop {
        let mut body = json!({ "district": district, "limit": 2 });
        if let Some(cursor) = &cursor {
            body["cursor"] = json!(cursor);
        }
        let answer = ask(&world, "standard-1", "prog-kafalat", "/v1/nser/households/by-address", &body).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let found = answer.body["data"]["households"].as_array().unwrap().len();
        let newest = world.recorded().unwrap().pop().unwrap();
        assert_eq!(newest.leaf.rows as usize, found);
        assert!(found <= 2);
        (seen, pages) = (seen + found, pages + 1);
        cursor = answer.body["data"]["next"].as_str().map(str::to_owned);
        if cursor.is_none() || pages == 4 {
            break;
        }
    }
    assert!(seen > 2 && pages > 1, "{seen} households on {pages} pages");
    let many = json!({ "district": district, "limit": 101 });
    let answer = ask(&world, "standard-1", "prog-kafalat", "/v1/nser/households/by-address", &many).await;
    assert_eq!((answer.status, answer.code()), (400, "parameter_invalid"));
}
