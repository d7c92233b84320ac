//! Changes that break a rule: each is refused by the rule's name, recorded, and leaves the directory as it was.

use exchange::{
    classification::Forum,
    directory::{Agreement, Approval, DirectoryData, Programme, User},
    ids::{AgencyId, ApprovalId, RequestId},
    onboarding::{Change, change::Key},
    ports::{consent_tokens::ConsentTokens as _, directory_source::DirectorySource as _},
};
use serde_json::json;
use tests::world::World;

use crate::office::{Office, TWO};

async fn directory(world: &World) -> DirectoryData {
    world.store.read().await.unwrap().1
}

/// BISP's agreement in its next revision.
fn agreement(data: &DirectoryData) -> Agreement {
    let known = data.agreements.iter().find(|agreement| agreement.id.as_str() == "agr-bisp-1").unwrap();
    Agreement { revision: known.revision + 1, ..known.clone() }
}

fn programme(data: &DirectoryData) -> Programme {
    data.programmes.iter().find(|programme| programme.id.as_str() == "prog-kafalat").unwrap().clone()
}

/// An approval like the sample's under a name that is free.
fn approval(data: &DirectoryData) -> Approval {
    let known = data.approvals.iter().find(|approval| approval.id.as_str() == "appr-board-1").unwrap();
    Approval { id: ApprovalId::parse("appr-fresh").unwrap(), ..known.clone() }
}

fn user(data: &DirectoryData) -> User {
    data.users.iter().find(|user| user.id.as_str() == "teller-1").unwrap().clone()
}

/// Changes of one rule, by the rule's name.
fn broken(data: &DirectoryData) -> Vec<(&'static str, Change)> {
    let (agreement, programme, approval) = (agreement(data), programme(data), approval(data));
    let telco = AgencyId::parse("telco-sarhad").unwrap();
    // The household survey's ceiling is Confidential; BISP's agreement names card numbers.
    let survey = data.purposes.iter().find(|purpose| purpose.code.as_str() == "NSER-202").unwrap().code.clone();
    let purpose = data.purposes.iter().find(|purpose| purpose.code.as_str() == "NSER-202").unwrap().clone();
    let banks = data.agencies.iter().find(|agency| agency.id.as_str() == "bank-indus").unwrap();
    vec![
        ("dates-reversed", Change::Agreement(Agreement { valid_until: agreement.valid_from, ..agreement.clone() })),
        ("dates-reversed", Change::Programme(Programme { valid_until: programme.valid_from, ..programme.clone() })),
        ("dates-reversed", Change::Approval(Approval { valid_until: approval.valid_from, ..approval.clone() })),
        ("purpose-ceiling", Change::Agreement(Agreement { purposes: vec![survey.clone()], ..agreement.clone() })),
        ("purpose-ceiling", Change::Approval(Approval { purpose: survey, ..approval.clone() })),
        ("purpose-ceiling", { Change::Purpose(exchange::directory::Purpose { standing_days_max: 367, ..purpose }) }),
        ("forum-too-low", Change::Agreement(Agreement { forum: Forum::Nadra, ..agreement.clone() })),
        ("forum-too-low", Change::Approval(Approval { forum: Forum::SecretaryBisp, ..approval.clone() })),
        ("forum-too-low", Change::Programme(Programme { forum: Forum::Nadra, ..programme.clone() })),
        ("user-elsewhere", Change::User(User { agency: telco.clone(), ..user(data) })),
        ("name-taken", Change::Approval(Approval { id: ApprovalId::parse("appr-board-1").unwrap(), ..approval })),
        ("name-taken", Change::Agreement(Agreement { agency: telco.clone(), ..agreement })),
        ("name-taken", Change::Programme(Programme { agency: telco.clone(), ..programme })),
        ("name-taken", Change::Key(Key { agency: telco, sha256: banks.keys[0].clone() })),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_breaks_a_rule_is_refused_by_its_name_and_changes_nothing() {
    let world = World::start().await.unwrap();
    let mut office = Office::open(&world).await;
    let before = directory(&world).await;
    let broken = broken(&before);
    for (rule, change) in &broken {
        let refused = office.propose(change).await;
        let told = (refused.status, refused.code(), refused.text("/rule"));
        assert_eq!(told, (422, "change_refused", *rule), "{change:?}: {}", refused.body);
    }
    assert_eq!(office.get(TWO, "proposals").await.body["data"]["proposals"], json!([]), "nothing waits");
    assert_eq!(directory(&world).await, before);
    let recorded = world.recorded().unwrap().into_iter().filter(|entry| entry.code() == "change_refused");
    assert_eq!(recorded.count(), broken.len());
    // The same entries, sound, are taken: what was refused was the rule that they broke.
    for change in [Change::Agreement(agreement(&before)), Change::Approval(approval(&before))] {
        assert_eq!(office.propose(&change).await.status, 200, "{change:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_that_was_used_up_keeps_its_name() {
    let world = World::start().await.unwrap();
    let mut office = Office::open(&world).await;
    let before = directory(&world).await;
    let used = ApprovalId::parse("appr-board-1").unwrap();
    assert!(world.store.use_approval(&used, &RequestId::parse("elsewhere-1").unwrap()).await.unwrap());
    let refused = office.propose(&Change::Approval(Approval { id: used, ..approval(&before) })).await;
    assert_eq!((refused.code(), refused.text("/rule")), ("change_refused", "name-taken"), "{}", refused.body);
    assert!(directory(&world).await.approvals.iter().all(|approval| approval.id.as_str() != "appr-board-1"));
}
