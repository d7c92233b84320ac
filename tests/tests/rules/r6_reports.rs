//! Rule 6 for reports: a design that two persons put into the directory under the Director General's approval is anyone's to
//! read, and nobody's a second after it was withdrawn (S3 §7.3, R139, R155).

use adapters::sql::control::Newcomers;
use exchange::{
    classification::Forum,
    decision::Decider as _,
    onboarding::Change,
    ports::directory_source::DirectorySource as _,
    report::{Level, Report},
};
use gateway::demo::client::{Answer, Call};
use policies::Bundle;
use serde_json::Value;
use tests::world::{World, until};

use crate::r6_revocation::world;

const PATH: &str = "/v1/reports/households-by-district";

/// The sample's report as another one: every household, by district.
async fn by_district(world: &World) -> Report {
    let known = world.store.read().await.unwrap().1.reports;
    let mut report = known.into_iter().next().unwrap();
    report.name = "households-by-district".into();
    (report.design.by, report.design.member_disability) = (Level::District, None);
    report
}

/// One registrar proposes, another approves.
async fn approved(world: &World, report: &Report) -> Result<(), String> {
    let law = Bundle::embedded().unwrap();
    let (catalogue, rules) = (law.catalogue(), law.newcomers().unwrap());
    let law = Newcomers { catalogue: &catalogue, rules: &rules };
    let proposal = world.store.propose(Change::Report(report.clone()), "console/one", law).await;
    let proposal = proposal.map_err(|error| error.to_string())?;
    world.store.decide(&proposal.id, true, "console/two", law).await.map_err(|error| error.to_string())?;
    Ok(())
}

async fn read(world: &World, path: &str) -> Answer {
    world.stage.anyone().await.unwrap().send(Call::get(path)).await.unwrap()
}

/// The first answer of this status and code; who asks too often meanwhile is told so and asks again.
async fn becomes(world: &World, status: u16, code: &str) -> Answer {
    let mut last = None;
    let told = async || {
        let answer = last.insert(read(world, PATH).await);
        answer.status == status && answer.code() == code
    };
    until(code, told).await.unwrap();
    last.unwrap()
}

#[tokio::test]
async fn a_design_is_read_when_it_is_approved_and_not_when_it_is_withdrawn() {
    let world = world().await;
    let none = read(&world, PATH).await;
    assert_eq!((none.status, none.code()), (404, "not_found"));
    let mut report = by_district(&world).await;
    approved(&world, &report).await.unwrap();
    let rows = becomes(&world, 200, "").await.body["data"]["rows"].clone();
    let shown: Vec<_> = rows.as_array().unwrap().iter().filter_map(|row| row["count"].as_u64()).collect();
    assert!(!shown.is_empty() && shown.iter().all(|count| *count >= 10), "{rows}");
    report.revoked = true;
    approved(&world, &report).await.unwrap();
    let refused = becomes(&world, 403, "policy_denied").await;
    assert_eq!(refused.body["policies"], serde_json::json!(["R02-approved-design"]), "{}", refused.body);
    assert!(refused.body.get("data").is_none() && refused.body["lawful_ur"].is_string());
}

#[tokio::test]
async fn a_report_that_no_forum_approved_is_not_even_proposed() {
    let world = world().await;
    let report = Report { forum: Forum::NotRequired, ..by_district(&world).await };
    let refused = approved(&world, &report).await.unwrap_err();
    assert!(refused.contains("DG_NSER approves the first design"), "{refused}");
    assert_eq!(read(&world, PATH).await.status, 404);
}

#[tokio::test]
async fn the_samples_report_counts_members_by_tehsil_and_names_nobody() {
    let world = world().await;
    let answer = read(&world, "/v1/reports/members-with-disability-by-tehsil").await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let rows = answer.body["data"]["rows"].as_array().unwrap();
    let areas: Vec<_> = rows.iter().map(|row| row["area"].as_str().unwrap()).collect();
    assert!(areas.iter().all(|area| area.split(", ").count() == 3), "tehsil, district, province: {areas:?}");
    let counted = |row: &Value| row["count"].is_null() || row["count"].as_u64().is_some_and(|count| count >= 10);
    assert!(rows.iter().all(counted), "{rows:?}");
    assert!(answer.body["data"]["title_ur"].as_str().unwrap().contains("تحصیل"));
}
