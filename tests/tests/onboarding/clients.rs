//! The nine types of clients (S3 §7.2): none is decided without what shows its condition, each is with it.

use exchange::{classification::Sector, onboarding::Change};
use serde_json::json;
use tests::world::World;

use crate::{cells::rows, forms, office::Office};

#[tokio::test(flavor = "multi_thread")]
async fn every_type_that_lacks_its_condition_is_refused_at_completion() {
    let world = World::start().await.unwrap();
    let mut office = Office::open(&world).await;
    let service = [office.asked()[0].clone()];
    for &sector in Sector::ALL {
        let (kind, _) = office.rules.kinds.iter().find(|(_, sectors)| sectors.contains(&sector)).unwrap();
        let mut row = rows("target").into_iter().find(|row| row.kind == *kind).unwrap();
        row.sector = sector;
        let agency = format!("type-{}", sector.as_str().to_lowercase());
        let handed = office.hand_in(&forms::form(&office.rules, &agency, &row, &service, false), None).await;
        let item = &handed.body["data"]["missing"][0];
        assert_eq!(item["id"], "condition", "{sector}");
        assert!(item["title_ur"].as_str().unwrap().chars().any(|c| ('\u{600}'..='\u{6ff}').contains(&c)), "{sector}");
        let application = handed.text("/data/application").to_owned();
        let verdict = json!({
            "application": application, "forum": handed.text("/data/forum"), "minutes": "47/2026", "approves": true,
        });
        let decision = Change::Decision(serde_json::from_value(verdict).unwrap());
        let refused = office.propose(&decision).await;
        assert_eq!((refused.status, refused.code()), (422, "application_incomplete"), "{sector}: {}", refused.body);
        assert_eq!(refused.body["missing"], json!(["condition"]), "{sector}");
        // Nor does the directory take its word that somebody saw it.
        let agency_entry = Change::Agency(forms::agency(&agency, &row, world.stage.clock.now()));
        let refused = office.propose(&agency_entry).await;
        assert_eq!((refused.code(), refused.text("/rule")), ("change_refused", "condition-unseen"), "{sector}");
        let whole = forms::form(&office.rules, &agency, &row, &service, true);
        office.hand_in(&whole, Some(&application)).await;
        office.change(&decision).await;
        office.change(&agency_entry).await;
        let course = office.get("registrar-2", &format!("applications/{application}")).await;
        assert_eq!(course.text("/data/state"), "approved", "{sector}: {}", course.body);
    }
}
