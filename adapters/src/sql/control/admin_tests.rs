//! Changes of operators: noted with what they change, in order, sealed, claimed once.

use std::{collections::BTreeSet, path::PathBuf, sync::Arc};

use exchange::{
    directory::{Agency, DirectoryData, User},
    ids::{AgencyId, UserId},
    ports::{clock::Clock, directory_source::DirectorySource as _},
    timestamp::Timestamp,
};
use serde_json::json;

use super::*;
use crate::{
    clock::ManualClock,
    entropy::SystemEntropy,
    sql::{
        Database,
        control::{ControlKeys, schema},
    },
};

const NODE: &str = "node-1";

/// A control database in a folder of its own.
struct Place {
    folder: PathBuf,
    clock: ManualClock,
}

impl Place {
    fn new() -> Self {
        let name = random_hex_128(&SystemEntropy::default());
        let folder = std::env::temp_dir().join(format!("ijazat-admin-{name}"));
        std::fs::create_dir_all(&folder).unwrap();
        Self { folder, clock: ManualClock::new(Timestamp::from_micros(1_795_340_000_000_000)) }
    }

    async fn database(&self) -> Database {
        let url = format!("sqlite:{}", self.folder.join("control.db").display());
        Database::open(&url, "control").await.unwrap()
    }

    async fn store(&self, wrapping: u8) -> ControlStore {
        self.opened(wrapping).await.unwrap()
    }

    async fn opened(&self, wrapping: u8) -> Result<ControlStore, SqlError> {
        let keys = ControlKeys::new(&[1; 32], &[wrapping; 32], &[3; 32])
            .unwrap()
            .signing_revisions(exchange::es256::SigningKey::new(&[4; 32]).unwrap());
        let clock: Arc<dyn Clock> = Arc::new(self.clock.clone());
        ControlStore::open(self.database().await, keys, clock, Arc::new(SystemEntropy::default())).await
    }

    /// A store with one bank and one teller, in the hands of an operator.
    async fn operated(&self) -> ControlStore {
        let store = self.store(2).await;
        store.replace_directory(&directory()).await.unwrap();
        store.operated_by("ayesha (1000)")
    }

    /// Every byte of the database's files.
    fn bytes(&self) -> Vec<u8> {
        let files = std::fs::read_dir(&self.folder).unwrap();
        files.flat_map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn bank() -> AgencyId {
    AgencyId::parse("bank-indus").unwrap()
}

fn teller() -> UserId {
    UserId::parse("teller-1").unwrap()
}

fn directory() -> DirectoryData {
    let agency: Agency = serde_json::from_value(json!({
        "id": "bank-indus", "name": "Bank Indus", "name_ur": "", "kind": "Bank", "sector": "Private",
        "condition_met": true, "feeder": false, "user_agency": true, "suspended": false, "networks": [], "keys": [],
        "nda_from": 0, "nda_until": 1, "requests_per_s": 10, "subject_status": false
    }))
    .unwrap();
    let user: User = serde_json::from_value(json!({
        "id": "teller-1", "agency": "bank-indus", "name": "Teller One", "role": "Basic", "disabled": false
    }))
    .unwrap();
    DirectoryData { agencies: vec![agency], users: vec![user], ..DirectoryData::default() }
}

async fn waiting(store: &ControlStore) -> Vec<UnrecordedChange> {
    store.waiting(NODE, 100).await.unwrap()
}

#[tokio::test]
async fn a_change_without_an_operator_waits_for_no_leaf() {
    let place = Place::new();
    let store = place.store(2).await;
    store.replace_directory(&directory()).await.unwrap();
    store.set_agency_suspended(&bank(), true).await.unwrap();
    store.note_act(&Done { what: "seed", agency: None, detail: json!({}) }).await.unwrap();
    assert_eq!(waiting(&store).await, []);
}

#[tokio::test]
async fn every_change_of_an_operator_is_noted_once_in_its_order_with_its_generation() {
    let place = Place::new();
    let store = place.operated().await;
    let (bank, teller) = (bank(), teller());
    let mut generations = Vec::new();
    generations.push(store.set_agency_suspended(&bank, true).await.unwrap());
    place.clock.advance(1);
    generations.push(store.set_agency_suspended(&bank, false).await.unwrap());
    generations.push(store.add_key(&bank, "ab").await.unwrap());
    generations.push(store.set_user_assertion_key(&bank, &teller, Some("PEM".into())).await.unwrap());
    generations.push(store.set_user_disabled(&bank, &teller, true).await.unwrap());
    generations.push(store.set_user_disabled(&bank, &teller, false).await.unwrap());
    generations.push(store.revoke_serial("0a1b").await.unwrap());
    generations.push(store.replace_directory(&directory()).await.unwrap());

    let noted = waiting(&store).await;
    let agency = Some("bank-indus".to_owned());
    let expected = [
        ("agency-suspend", &agency, json!({})),
        ("agency-resume", &agency, json!({})),
        ("agency-add-key", &agency, json!({ "key_sha256": "ab" })),
        ("user-assertion-key", &agency, json!({ "user": "teller-1", "key": "PEM" })),
        ("user-disable", &agency, json!({ "user": "teller-1" })),
        ("user-enable", &agency, json!({ "user": "teller-1" })),
        ("certificate-revoke", &None, json!({ "serial": "0a1b" })),
        ("directory-replace", &None, json!({ "agencies": 1, "users": 1, "agreements": 0 })),
    ];
    assert_eq!(noted.len(), expected.len());
    for (change, (what, agency, detail)) in noted.iter().zip(expected) {
        assert_eq!((change.service.clone(), &change.agency), (format!("admin.{what}@1"), agency));
        assert_eq!(serde_json::from_str::<serde_json::Value>(&change.detail).unwrap(), detail, "{what}");
        assert_eq!((change.operator.as_deref(), &change.claim), (Some("ayesha (1000)"), &None), "{what}");
    }
    assert_eq!(noted.iter().map(|change| change.generation).collect::<Vec<_>>(), generations);
    assert_eq!(noted[1].at - noted[0].at, 1_000_000, "each has the instant at which it took effect");
    let ids: BTreeSet<_> = noted.iter().map(|change| &change.id).collect();
    assert_eq!(ids.len(), noted.len(), "ids are never shared");
}

#[tokio::test]
async fn a_change_that_is_refused_leaves_no_note() {
    let place = Place::new();
    let store = place.operated().await;
    let before = store.generation().await.unwrap();
    let nobody = AgencyId::parse("nobody").unwrap();
    store.set_agency_suspended(&nobody, true).await.unwrap_err();
    store.add_key(&nobody, "ab").await.unwrap_err();
    store.set_user_disabled(&nobody, &teller(), true).await.unwrap_err();
    store.revoke_agreement("none").await.unwrap_err();
    assert_eq!(waiting(&store).await, []);
    assert_eq!(store.generation().await.unwrap(), before);
}

#[tokio::test]
async fn a_note_that_cannot_be_written_undoes_the_change() {
    let place = Place::new();
    let store = place.operated().await;
    sqlx::query("DROP TABLE admin_change").execute(store.database().pool()).await.unwrap();
    let before = store.generation().await.unwrap();
    store.set_agency_suspended(&bank(), true).await.unwrap_err();
    store.revoke_serial("0a").await.unwrap_err();
    store.note_act(&Done { what: "pki-issue", agency: None, detail: json!({}) }).await.unwrap_err();
    let (after, data) = store.read().await.unwrap();
    assert_eq!((after, data.agencies[0].suspended, data.revoked_serials.len()), (before, false, 0));
}

#[tokio::test]
async fn an_act_outside_the_database_is_noted_and_no_gateway_reads_the_directory_again_for_it() {
    let place = Place::new();
    let store = place.operated().await;
    let before = store.generation().await.unwrap();
    store
        .note_act(&Done { what: "pki-issue", agency: Some("bank-indus"), detail: json!({ "serial": "0c" }) })
        .await
        .unwrap();
    let noted = waiting(&store).await;
    assert_eq!((noted.len(), noted[0].service.as_str(), noted[0].generation), (1, "admin.pki-issue@1", before));
    assert_eq!(store.generation().await.unwrap(), before);
}

#[tokio::test]
async fn who_did_it_and_to_whom_is_not_readable_in_the_database() {
    let place = Place::new();
    let store = place.operated().await;
    store.set_user_disabled(&bank(), &teller(), true).await.unwrap();
    store.revoke_serial("7dcaf01eae23c1580527e5b52958f505").await.unwrap();
    store.database().close().await;
    let bytes = place.bytes();
    let holds = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(holds("user-disable"), "the deed itself is no secret");
    assert!(!holds("ayesha"));
    assert!(!holds("{\"user\":\"teller-1\"}"));
    // Under another key nothing is read, and nothing is dropped silently either: the store does not open.
    assert_eq!(place.opened(9).await.err(), Some(SqlError::OtherKey { key: "wrapping" }));
}

#[tokio::test]
async fn a_note_moved_to_another_row_is_not_read_as_that_rows() {
    let place = Place::new();
    let store = place.operated().await;
    store.set_agency_suspended(&bank(), true).await.unwrap();
    store.set_agency_suspended(&bank(), false).await.unwrap();
    sqlx::query("UPDATE admin_change SET operator = (SELECT operator FROM admin_change WHERE ordinal = 1)")
        .execute(store.database().pool())
        .await
        .unwrap();
    store.waiting(NODE, 1).await.unwrap();
    store.waiting(NODE, 2).await.unwrap_err();
}

#[tokio::test]
async fn a_recorded_change_waits_no_more_and_keeps_its_first_place() {
    let place = Place::new();
    let store = place.operated().await;
    for n in 0..4 {
        store.set_agency_suspended(&bank(), n % 2 == 0).await.unwrap();
    }
    let noted = waiting(&store).await;
    assert_eq!(store.waiting(NODE, 3).await.unwrap(), noted[..3], "the oldest first");
    store.recorded(&[(noted[1].id.clone(), 7)]).await.unwrap();
    store.recorded(&[(noted[1].id.clone(), 8), ("no such change".to_owned(), 9)]).await.unwrap();
    let left: Vec<_> = waiting(&store).await.into_iter().map(|change| change.id).collect();
    assert_eq!(left, [&noted[0].id, &noted[2].id, &noted[3].id].map(Clone::clone));
    let places: Vec<Option<i64>> = sqlx::query_scalar("SELECT sequence FROM admin_change ORDER BY ordinal")
        .fetch_all(store.database().pool())
        .await
        .unwrap();
    assert_eq!(places, [None, Some(7), None, None]);
}

#[tokio::test]
async fn a_claim_has_one_winner_and_hides_the_change_from_other_nodes() {
    let place = Place::new();
    let store = Arc::new(place.operated().await);
    store.set_agency_suspended(&bank(), true).await.unwrap();
    store.set_agency_suspended(&bank(), false).await.unwrap();
    let id = waiting(&store).await[0].id.clone();
    let mut tries = tokio::task::JoinSet::new();
    for n in 0..16_u64 {
        let (store, id) = (Arc::clone(&store), id.clone());
        tries.spawn(async move {
            let claim = Claim { node: format!("node-{n}"), from: n };
            (!store.claim(&[id], &claim).await.unwrap().is_empty()).then_some(n)
        });
    }
    let winners: Vec<u64> = tries.join_all().await.into_iter().flatten().collect();
    let [winner] = winners[..] else { panic!("{winners:?}") };
    let node = format!("node-{winner}");
    let seen = store.waiting(&node, 10).await.unwrap();
    let claim = Claim { node: node.clone(), from: winner };
    assert_eq!((seen.len(), seen[0].claim.as_ref()), (2, Some(&claim)));
    assert_eq!(store.waiting("node-other", 10).await.unwrap(), seen[1..], "only what nobody claimed");
    assert!(store.claim(&[id], &claim).await.unwrap().is_empty(), "not even the winner claims twice");
}

#[tokio::test]
async fn two_who_change_at_once_are_noted_in_the_order_of_their_generations() {
    let place = Place::new();
    place.operated().await.database().close().await;
    let (one, two) = (place.store(2).await.operated_by("one"), place.store(2).await.operated_by("two"));
    let many = async |store: &ControlStore| {
        for n in 0..12 {
            store.set_agency_suspended(&bank(), n % 2 == 0).await.unwrap();
        }
    };
    tokio::join!(many(&one), many(&two));
    let noted = waiting(&one).await;
    assert_eq!(noted.len(), 24);
    assert!(noted.is_sorted_by(|a, b| a.generation < b.generation), "{noted:?}");
    assert_eq!(noted.iter().filter(|change| change.operator.as_deref() == Some("two")).count(), 12);
}

#[tokio::test]
async fn an_installation_of_the_version_before_is_brought_up_and_keeps_its_directory() {
    let place = Place::new();
    let database = place.database().await;
    database.migrate("control", &schema::MIGRATIONS[..1]).await.unwrap();
    let body = serde_json::to_string(&directory().agencies[0]).unwrap();
    sqlx::query("INSERT INTO directory_entry (kind, key, body) VALUES ('agency', 'bank-indus', $1)")
        .bind(body)
        .execute(database.pool())
        .await
        .unwrap();
    database.close().await;
    let store = place.store(2).await.operated_by("ayesha");
    store.set_agency_suspended(&bank(), true).await.unwrap();
    assert!(store.read().await.unwrap().1.agencies[0].suspended);
    assert_eq!(waiting(&store).await.len(), 1);
    let versions = store.database().schema_versions().await.unwrap();
    assert_eq!(versions, [("control".to_owned(), schema::MIGRATIONS.last().unwrap().version)]);
}
