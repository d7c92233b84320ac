//! The sample that Basic sees of a list (S3 §8.2.2): one household of each full hundred of a tehsil, the same for everyone
//! who asks, however and how often they ask.

use std::collections::BTreeSet;

use adapters::sql::{Database, registry::RegistrySql};
use exchange::{ids::UserId, ports::directory_source::DirectorySource as _};
use gateway::demo::client::{Answer, Call};
use registry_core::{
    household::{Household, HouseholdId},
    person::PersonId,
    population::Population,
    ports::store::{Batch, RegistryStore as _},
};
use serde_json::{Value, json};
use tests::world::{World, until};

/// A district that nobody lives in but whom a test settles there.
const DISTRICT: &str = "Sample District";

const NEW_TOWN: &str = "New Town";

/// Households of each tehsil at first.
const TEHSILS: [(&str, usize); 3] = [(NEW_TOWN, 230), ("Old Town", 99), ("Market", 100)];

/// How many more come to New Town: with them its third hundred is full.
const NEWCOMERS: usize = 70;

/// The population that is settled, and the least of it that has enough households.
const SEED: u64 = 71;
const PERSONS: u64 = 4_000;

/// Far from the numbers of the world's own people.
const SHIFT: u64 = 1_000_000;

/// Times that each user asks.
const TIMES: usize = 100;

/// Pages that are turned at most, more than there are households: what is turned without end is not a list.
const PAGES_MAX: usize = 500;

/// The Basic users who ask; the directory of the samples has the first.
const USERS: [&str; 2] = ["basic-1", "basic-2"];

/// The numbers that households were given in the order in which they came, from 1: a Basic list names nobody, but each
/// household here has a score of its own, as many hundredths as its number.
type Numbers = BTreeSet<usize>;

/// A world with two Basic users and no limit that asking a hundred times would meet.
async fn world() -> World {
    let world = World::builder().set("LIMITS__USER_PER_S", "100000").set("LIMITS__AGENCY_PER_S", "100000");
    let world = world.start().await.unwrap();
    let mut data = world.store.read().await.unwrap().1;
    let mut second = data.users.iter().find(|user| user.id.as_str() == USERS[0]).unwrap().clone();
    second.id = UserId::parse(USERS[1]).unwrap();
    data.users.push(second);
    data.agencies.iter_mut().for_each(|agency| agency.requests_per_s = 100_000);
    world.store.replace_directory(&data).await.unwrap();
    let call = || Call::get("/v1/self/whoami").with("ijazat-user", USERS[1]);
    until("the second user is known", async || world.ask("bisp", call()).await.unwrap().status == 200).await.unwrap();
    world
}

/// Moves households of a population into the district, tehsil by tehsil; those who come later are given back.
async fn settle(world: &World) -> (RegistrySql, Vec<Household>) {
    let url = world.config.database.registry.expose();
    let store = RegistrySql::open(Database::open(url, "registry").await.unwrap()).await.unwrap();
    let mut batch = Batch::default();
    for family in Population::new(SEED, PERSONS) {
        batch.persons.extend(family.persons);
        batch.households.extend(family.households);
    }
    for person in &mut batch.persons {
        person.pid = PersonId(person.pid.0 + SHIFT);
    }
    let mut tehsils =
        TEHSILS.iter().chain([&(NEW_TOWN, NEWCOMERS)]).flat_map(|&(name, n)| std::iter::repeat_n(name, n));
    for (number, household) in (1..).zip(&mut batch.households) {
        household.id = HouseholdId(number + SHIFT);
        household.pmt = u16::try_from(number).unwrap();
        household.members.iter_mut().for_each(|member| member.pid = PersonId(member.pid.0 + SHIFT));
        let Some(tehsil) = tehsils.next() else { continue };
        (household.address.district, household.address.tehsil) = (DISTRICT.to_owned(), tehsil.to_owned());
    }
    assert!(tehsils.next().is_none(), "too few households: a larger population is needed");
    let first: usize = TEHSILS.iter().map(|(_, households)| households).sum();
    let later = batch.households.split_off(first);
    store.load(&batch).await.unwrap();
    (store, later)
}

/// One asking for the same in other words: names in other letters, conditions that everyone meets, members in any order.
fn asking(nth: usize, tehsil: Option<&str>) -> Vec<(&'static str, Value)> {
    let worded = |name: &str| match nth % 3 {
        0 => json!(name),
        1 => json!(format!(" {} ", name.to_lowercase())),
        _ => json!(name.to_uppercase()),
    };
    let mut members = vec![("district", worded(DISTRICT)), ("limit", json!([1, 2, 50, 100][nth % 4]))];
    members.extend(tehsil.map(|tehsil| ("tehsil", worded(tehsil))));
    members.extend(nth.is_multiple_of(2).then(|| ("members_min", json!(1))));
    members.extend((nth % 5 < 2).then(|| ("members_max", json!(50))));
    let turn = nth % members.len();
    members.rotate_left(turn);
    members
}

async fn page(world: &World, user: &'static str, path: &str, members: &[(&str, Value)]) -> Answer {
    let members: Vec<_> = members.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
    let body = format!("{{{}}}", members.join(",")).into_bytes();
    let call = Call { body, ..Call::json(path, &json!({})) };
    let call = call.with("ijazat-user", user).with("ijazat-purpose", "NSER-201").with("ijazat-basis", "prog-kafalat");
    let answer = world.ask("bisp", call).await.unwrap();
    assert_eq!(answer.status, 200, "{user} {members:?}: {}", answer.body);
    answer
}

/// Every household of a list, page by page.
async fn all(world: &World, user: &'static str, path: &str, members: &[(&str, Value)]) -> Vec<Value> {
    let (mut seen, mut members) = (Vec::new(), members.to_vec());
    for _ in 0..PAGES_MAX {
        let answer = page(world, user, path, &members).await;
        seen.extend(answer.body["data"]["households"].as_array().into_iter().flatten().cloned());
        members.retain(|(name, _)| *name != "cursor");
        match answer.body["data"]["next"].as_str() {
            Some(next) => members.insert(0, ("cursor", json!(next))),
            None => return seen,
        }
    }
    panic!("{PAGES_MAX} pages and no end: {members:?}")
}

/// The sample, once each, of one asking.
async fn sample(world: &World, user: &'static str, nth: usize, tehsil: Option<&str>) -> Numbers {
    numbers(&all(world, user, "/v1/nser/households/by-address", &asking(nth, tehsil)).await)
}

fn numbers(households: &[Value]) -> Numbers {
    let number = |household: &Value| {
        let hundredths = household["pmt"].as_f64().unwrap() * 100.0;
        format!("{hundredths:.0}").parse::<usize>().unwrap()
    };
    let numbers: Numbers = households.iter().map(number).collect();
    assert_eq!(numbers.len(), households.len(), "a household came twice");
    numbers
}

/// Exactly one of each of these hundreds is in the sample, and nobody else.
fn one_of_each(sample: &Numbers, hundreds: &[&[std::ops::RangeInclusive<usize>]]) {
    assert_eq!(sample.len(), hundreds.len(), "{sample:?}");
    for hundred in hundreds {
        let found = sample.iter().filter(|number| hundred.iter().any(|range| range.contains(number))).count();
        assert_eq!(found, 1, "{sample:?} of {hundred:?}");
    }
}

#[tokio::test]
async fn all_that_basic_users_ever_see_of_a_tehsil_is_one_household_of_each_full_hundred() {
    let world = Box::pin(world()).await;
    let (store, later) = settle(&world).await;
    let everyone = all(&world, "standard-1", "/v1/nser/households/by-address", &asking(3, Some(NEW_TOWN))).await;
    assert_eq!(everyone.len(), TEHSILS[0].1, "a Standard user sees them all");
    let first = sample(&world, USERS[0], 0, Some(NEW_TOWN)).await;
    one_of_each(&first, &[&[1..=100], &[101..=200]]);
    for nth in 0..TIMES {
        for user in USERS {
            assert_eq!(sample(&world, user, nth, Some(NEW_TOWN)).await, first, "{user}, the {nth}th time");
        }
    }
    // Neither the whole district nor the other list shows more of it: 99 have no sample, 100 have one.
    let district = sample(&world, USERS[0], 0, None).await;
    one_of_each(&district, &[&[1..=100], &[101..=200], &[330..=429]]);
    assert!(first.is_subset(&district));
    assert_eq!(sample(&world, USERS[1], 1, Some("Old Town")).await, Numbers::new());
    let scores = [("district", json!(DISTRICT)), ("pmt_from", json!(0)), ("pmt_to", json!(100)), ("limit", json!(1))];
    for user in USERS {
        assert_eq!(numbers(&all(&world, user, "/v1/nser/households/by-pmt", &scores).await), district, "{user}");
    }
    // Conditions choose within the sample.
    for gender in ["M", "F"] {
        let mut members = asking(0, None);
        members.push(("head_gender", json!(gender)));
        let some = all(&world, USERS[0], "/v1/nser/households/by-address", &members).await;
        assert!(numbers(&some).is_subset(&district), "{gender}");
    }
    // Growth adds one when the third hundred is full, and changes nothing of the two before.
    let newcomers = later.into_iter().take(NEWCOMERS).collect();
    store.load(&Batch { persons: Vec::new(), households: newcomers }).await.unwrap();
    let grown = sample(&world, USERS[1], 0, Some(NEW_TOWN)).await;
    one_of_each(&grown, &[&[1..=100], &[101..=200], &[201..=230, 430..=499]]);
    assert!(grown.is_superset(&first), "{first:?} became {grown:?}");
    assert_eq!(sample(&world, USERS[0], 1, Some(NEW_TOWN)).await, grown);
}
