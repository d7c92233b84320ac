//! Lists on SQLite: by which index they are read, what became of registries from before, and what damage says.

use exchange::ports::entropy::Entropy;
use registry_core::{
    listing::{PlaceKey, PmtRange, Stretch, TehsilKey, Within},
    memory::MemoryStore,
    population::{DEMO_SEED, Population},
    ports::store::{Batch, RegistryStore, StoreError},
};
use sqlx::{AssertSqlSafe, Row as _};

use super::{RegistrySql, lists, schema, tests::Place};
use crate::sql::{Database, SqlError};

/// Randomness that every test knows.
#[derive(Debug)]
struct Same(u8);

impl Entropy for Same {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(self.0);
    }
}

async fn store(place: &Place, secret: u8) -> RegistrySql {
    RegistrySql::open_with(Database::open(&place.url(), "registry").await.unwrap(), &Same(secret)).await.unwrap()
}

async fn run(store: &RegistrySql, sql: &str) {
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(store.database.pool()).await.unwrap();
}

fn whole(within: Within) -> Stretch {
    Stretch { within, pmt: PmtRange::ALL, sample: false, after: None, limit: 1_001 }
}

/// One tehsil for all, so that there is a sample: a town of some hundred households.
fn town(persons: u64) -> Vec<Batch> {
    let mut batches: Vec<Batch> = Population::new(DEMO_SEED, persons).batches(700).collect();
    for household in batches.iter_mut().flat_map(|batch| &mut batch.households) {
        household.address.district = "Thatta".to_owned();
        household.address.tehsil = "Keti Bandar".to_owned();
    }
    batches
}

fn keti_bandar() -> Within {
    Within::Tehsil(TehsilKey::new("Thatta", "Keti Bandar"))
}

async fn numbers(store: &dyn RegistryStore, sample: bool) -> Vec<u64> {
    let found = store.households_in(&Stretch { sample, ..whole(keti_bandar()) }).await.unwrap();
    found.iter().map(|(_, gharana)| gharana.household.id.0).collect()
}

/// The same batches under the same secret are the same lists and the same samples as in memory.
#[tokio::test]
async fn sqlite_and_memory_list_and_sample_alike() {
    let place = Place::new("lists-twin");
    let (store, twin) = (store(&place, 9).await, MemoryStore::keyed(&[9; 32]));
    for batch in town(4_000) {
        store.load(&batch).await.unwrap();
        twin.load(&batch).await.unwrap();
        for sample in [false, true] {
            assert_eq!(numbers(&store, sample).await, numbers(&twin, sample).await);
        }
    }
    assert!(numbers(&store, true).await.len() >= 3, "a sample of several");
    let low = Stretch { pmt: PmtRange { from: 2_000, to: 3_000 }, limit: 20, ..whole(keti_bandar()) };
    assert_eq!(store.households_in(&low).await, twin.households_in(&low).await);
}

/// As the version before had it: the tables of the first step, and nothing of lists.
async fn go_back(store: &RegistrySql) {
    run(store, "DROP TABLE listing; DROP TABLE tehsil_tally; DROP TABLE listing_state").await;
    for answer in ["disability", "education", "employment"] {
        run(store, &format!("ALTER TABLE membership DROP COLUMN {answer}")).await;
    }
    run(store, "UPDATE schema_version SET version = 1 WHERE component = 'registry'").await;
}

#[tokio::test]
async fn a_registry_from_before_is_completed_when_it_is_opened() {
    let place = Place::new("lists-before");
    let old = store(&place, 9).await;
    for batch in town(9_000) {
        old.load(&batch).await.unwrap();
    }
    let (listed, sampled) = (numbers(&old, false).await, numbers(&old, true).await);
    assert!(listed.len() > 1_000, "more than one transaction completes");
    go_back(&old).await;
    let new = store(&place, 9).await;
    assert_eq!(numbers(&new, false).await, listed);
    assert_eq!(numbers(&new, true).await, sampled);
    let more: Batch = Population::new(DEMO_SEED, 10_000).batches(10_000).last().unwrap();
    assert_eq!(new.load(&more).await, Err(StoreError::AlreadyThere));
    assert_eq!(schema::MIGRATIONS.last().unwrap().version, 4);
}

#[tokio::test]
async fn completing_goes_on_where_it_was_interrupted() {
    let place = Place::new("lists-interrupted");
    let old = store(&place, 9).await;
    for batch in town(2_000) {
        old.load(&batch).await.unwrap();
    }
    let listed = numbers(&old, false).await;
    let sampled = numbers(&old, true).await.len();
    // The first half was entered; then the process ended.
    let half = "SELECT household FROM listing ORDER BY household LIMIT (SELECT COUNT(*) / 2 FROM listing)";
    run(&old, &format!("DELETE FROM listing WHERE household NOT IN ({half})")).await;
    let count = "UPDATE tehsil_tally SET lowest = NULL, lowest_place = NULL, \
                 households = (SELECT COUNT(*) / 100 * 100 FROM listing)";
    run(&old, count).await;
    run(&old, "UPDATE listing_state SET complete = 0").await;
    let new = store(&place, 77).await;
    assert_eq!(numbers(&new, false).await, listed, "the secret is the one that was drawn first");
    assert!(numbers(&new, true).await.len() <= sampled, "nobody is sampled twice");
}

#[tokio::test]
async fn the_secret_is_drawn_once_and_is_the_installations_own() {
    let (first, second) = (Place::new("lists-first"), Place::new("lists-second"));
    let batch = &town(600)[0];
    let order = async |place: &Place, secret| {
        let store = store(place, secret).await;
        drop(store.load(batch).await);
        numbers(&store, false).await
    };
    let (a, b) = (order(&first, 1).await, order(&second, 2).await);
    assert_ne!(a, b, "two installations have two orders");
    assert_eq!(order(&first, 2).await, a, "opened again, the order is the same");
    let opened = RegistrySql::open(Database::open(&first.url(), "registry").await.unwrap()).await.unwrap();
    let secret: Vec<u8> =
        sqlx::query_scalar("SELECT secret FROM listing_state").fetch_one(opened.database.pool()).await.unwrap();
    assert_eq!(secret, [1; 32]);
    let key = PlaceKey::new(&[1; 32]);
    let mut wanted: Vec<_> = batch.households.iter().map(|household| household.id).collect();
    wanted.sort_by_key(|id| key.place(*id));
    assert_eq!(a, wanted.iter().map(|id| id.0).collect::<Vec<_>>());
}

/// A page costs by its rows: its households are found by one index in the order of the page, and nothing is scanned.
#[tokio::test]
async fn a_page_is_read_by_the_index_of_its_area() {
    let place = Place::new("lists-plan");
    let store = store(&place, 9).await;
    for (within, sample, index) in [
        (keti_bandar(), false, "listing_tehsil (district=? AND tehsil=? AND place>?)"),
        (keti_bandar(), true, "listing_tehsil_sample (district=? AND tehsil=? AND place>?)"),
        (Within::District("thatta".into()), false, "listing_district (district=? AND place>?)"),
        (Within::District("thatta".into()), true, "listing_district_sample (district=? AND place>?)"),
        (Within::Everywhere, false, "listing_all (place>?)"),
        (Within::Everywhere, true, "listing_all_sample (place>?)"),
    ] {
        let text = format!("EXPLAIN QUERY PLAN {}", lists::text(&Stretch { sample, ..whole(within) }));
        let steps = sqlx::query(AssertSqlSafe(text))
            .bind(Vec::<u8>::new())
            .bind(0_i64)
            .bind(10_000_i64)
            .bind(10_i64)
            .bind("thatta")
            .bind("keti bandar")
            .fetch_all(store.database.pool())
            .await
            .unwrap();
        let plan: Vec<String> = steps.iter().map(|step| step.try_get(3).unwrap()).collect();
        let by_index = plan.iter().any(|step| step.starts_with("SEARCH listing USING") && step.ends_with(index));
        assert!(by_index, "{index}: {plan:#?}");
        let scans: Vec<_> = plan.iter().filter(|step| step.starts_with("SCAN") && *step != "SCAN l").collect();
        assert!(scans.is_empty(), "{index}: {scans:?}");
    }
}

#[tokio::test]
async fn damage_in_a_list_is_an_alarm_and_no_shorter_list() {
    let place = Place::new("lists-damage");
    let store = store(&place, 9).await;
    let batch = &town(600)[0];
    store.load(batch).await.unwrap();
    let household = batch.households.iter().find(|household| household.members.len() > 2).unwrap();
    let (id, pid) = (household.id.0, household.members[1].pid.0);
    let pages = [whole(keti_bandar()), whole(Within::District("thatta".into()))];
    run(
        &store,
        "CREATE TABLE kept AS SELECT * FROM household; CREATE TABLE kept_p AS SELECT * FROM person; \
         CREATE TABLE kept_m AS SELECT * FROM membership",
    )
    .await;
    let mend = "UPDATE household SET (latitude_e6, assets, payments) = (SELECT latitude_e6, assets, payments FROM kept k \
                WHERE k.id = household.id); UPDATE person SET (gender, birth) = (SELECT gender, birth FROM kept_p k WHERE \
                k.pid = person.pid); UPDATE membership SET (disability, education, employment) = (SELECT disability, \
                education, employment FROM kept_m k WHERE k.pid = membership.pid)";
    for (damage, what) in [
        (format!("UPDATE household SET assets = 'junk' WHERE id = {id}"), "assets"),
        (format!("UPDATE household SET payments = '{{}}' WHERE id = {id}"), "payments"),
        (format!("UPDATE household SET latitude_e6 = NULL WHERE id = {id}"), "position"),
        (format!("UPDATE membership SET disability = 'junk' WHERE pid = {pid}"), "disability"),
        (format!("UPDATE membership SET education = 'junk' WHERE pid = {pid}"), "education"),
        (format!("UPDATE membership SET employment = '' WHERE pid = {pid}"), "employment"),
        (format!("UPDATE person SET gender = 'junk' WHERE pid = {pid}"), "gender"),
        (format!("UPDATE person SET birth = '1961-02-30' WHERE pid = {pid}"), "birth"),
    ] {
        run(&store, &damage).await;
        for page in &pages {
            assert_eq!(store.households_in(page).await, Err(StoreError::Corrupt(what)), "{damage}");
        }
        run(&store, mend).await;
        assert_eq!(store.households_in(&pages[0]).await.unwrap().len(), batch.households.len(), "{damage}: mended");
    }
    run(&store, &format!("UPDATE listing SET place = X'0102' WHERE household = {id}")).await;
    assert_eq!(store.households_in(&pages[0]).await, Err(StoreError::Corrupt("place")));
    run(&store, &format!("DELETE FROM listing WHERE household = {id}")).await;
    run(
        &store,
        &format!("UPDATE membership SET relation = 'junk' WHERE pid = {}", batch.households[0].members[0].pid.0),
    )
    .await;
    if batch.households[0].id != household.id {
        assert_eq!(store.households_in(&pages[0]).await, Err(StoreError::Corrupt("relation")));
    }
}

#[tokio::test]
async fn a_listing_without_its_household_is_an_alarm() {
    let place = Place::new("lists-orphan");
    let store = store(&place, 9).await;
    store.load(&town(300)[0]).await.unwrap();
    run(
        &store,
        "INSERT INTO listing VALUES (777777, 'thatta', 'keti bandar', 5, 0, X'000102030405060708090a0b0c0d0e0f')",
    )
    .await;
    assert!(matches!(store.households_in(&whole(keti_bandar())).await, Err(StoreError::Corrupt(_))));
}

/// Without its secret or with a damaged count a store keeps nothing new rather than sample anew.
#[tokio::test]
async fn what_is_needed_to_list_is_not_made_up() {
    let place = Place::new("lists-secret");
    let store = store(&place, 9).await;
    let batches = town(1_500);
    store.load(&batches[0]).await.unwrap();
    let check = async |damage: &str, mend: &str, what| {
        run(&store, damage).await;
        assert_eq!(store.load(&batches[1]).await, Err(StoreError::Corrupt(what)), "{damage}");
        run(&store, mend).await;
    };
    check(
        "UPDATE listing_state SET secret = X'01'",
        &format!("UPDATE listing_state SET secret = X'{}'", "09".repeat(32)),
        "secret of lists",
    )
    .await;
    check(
        "CREATE TABLE kept AS SELECT * FROM tehsil_tally; UPDATE tehsil_tally SET lowest_place = X'01', lowest = 1",
        "UPDATE tehsil_tally SET lowest_place = (SELECT lowest_place FROM kept), lowest = (SELECT lowest FROM kept)",
        "tally",
    )
    .await;
    check(
        "UPDATE tehsil_tally SET households = -1",
        "UPDATE tehsil_tally SET households = (SELECT households FROM kept)",
        "number",
    )
    .await;
    assert_eq!(store.load(&batches[1]).await, Ok(()));
    let refused = sqlx::query("UPDATE tehsil_tally SET lowest = NULL").execute(store.database.pool()).await;
    assert!(matches!(refused.map_err(SqlError::from), Err(SqlError::Conflict)), "half of a leader");
}
