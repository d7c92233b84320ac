//! Applications and changes by two persons.

use std::sync::{Arc, LazyLock};

use adapters::sql::control::{Newcomers, OnboardingError, Proposal};
use exchange::{
    catalogue::Catalogue,
    classification::{Channel, Forum, Role, Sector},
    decision::Decider as _,
    directory::{Agency, Agreement, Approval, DirectoryData, User},
    ids::{AgencyId, AgreementId, ApprovalId, DatatypeId, PurposeCode, RequestId, ServiceId, UserId},
    onboarding::{
        Application, Case, Change, Rule, Rules, State,
        case::{Stuck, Verdict},
        change::Key,
    },
    ports::{
        clock::Clock as _, consent_tokens::ConsentTokens as _, directory_source::DirectorySource as _,
        proposals::Proposals as _, unrecorded::UnrecordedChanges as _,
    },
};
use serde_json::json;

use super::{
    directory::{approval, data},
    world::World,
};

pub const ONE: &str = "registry-office/registrar-1";
pub const TWO: &str = "registry-office/registrar-2";

pub static LAW: LazyLock<(Arc<Catalogue>, Arc<Rules>)> = LazyLock::new(|| {
    let bundle = policies::Bundle::embedded().unwrap();
    (bundle.catalogue(), bundle.newcomers().unwrap())
});

pub fn law() -> Newcomers<'static> {
    Newcomers { catalogue: &LAW.0, rules: &LAW.1 }
}

/// A whole form of a client of this type; what it asks for NADRA decides.
fn form(sector: Sector) -> Application {
    let (kind, _) = LAW.1.kinds.iter().find(|(_, sectors)| sectors.contains(&sector)).unwrap();
    let paper = |kind: &str, version: Option<&str>| json!({"kind": kind, "reference": "No 7", "sha256": "ab".repeat(32), "version": version});
    let mut papers: Vec<_> = LAW.1.schedules.iter().map(|one| paper(&one.id, Some(&one.version))).collect();
    papers.push(paper(&LAW.1.client(sector).unwrap().documents[0], None));
    let statements: serde_json::Map<_, _> =
        LAW.1.preconditions.iter().map(|one| (one.id.clone(), json!("stated"))).collect();
    serde_json::from_value(json!({
        "agency": "newcomer", "name": "Newcomer", "name_ur": "نووارد", "address": "1 Test Road", "kind": kind,
        "sector": sector, "about": "tests", "utilisation": "tests", "wants": "online-access",
        "services": ["identity.yes-no"], "purposes": ["KYC-101"], "datatypes": ["identity.match"],
        "granularity": "person", "frequency": "continuous", "channels": ["Api"], "networks": ["127.0.0.0/8"],
        "focal_person": {"name": "Sealed Name", "designation": "B", "contact": "C"}, "statements": statements,
        "document": papers,
    }))
    .unwrap()
}

async fn handed_in(world: &World, form: Application) -> Case {
    world.here.replace_directory(&data(world)).await.unwrap();
    world.here.hand_in(form, None, ONE).await.unwrap()
}

fn decision(case: &Case, forum: Forum) -> Change {
    Change::Decision(Verdict { application: case.id.clone(), forum, minutes: "47/2026".into(), approves: true })
}

fn agency(case: &Case) -> Agency {
    let Application { agency: id, name, name_ur, kind, sector, networks, .. } = case.application.clone();
    Agency {
        id,
        name,
        name_ur,
        kind,
        sector,
        condition_met: true,
        feeder: false,
        user_agency: true,
        suspended: false,
        networks,
        keys: Vec::new(),
        nda_from: exchange::timestamp::Timestamp::from_micros(1),
        nda_until: exchange::timestamp::Timestamp::from_micros(9),
        subject_status: false,
        requests_per_s: 10,
        notify: None,
    }
}

fn agreement(world: &World) -> Agreement {
    Agreement {
        id: AgreementId::parse("agr-new").unwrap(),
        revision: 1,
        agency: AgencyId::parse("newcomer").unwrap(),
        forum: Forum::Nadra,
        services: vec![ServiceId::parse("identity.yes-no").unwrap()],
        purposes: vec![PurposeCode::parse("KYC-101").unwrap()],
        datatypes: vec![DatatypeId::parse("identity.match").unwrap()],
        role: Role::Standard,
        row_limit: 1,
        channels: vec![Channel::Api],
        valid_from: world.clock.now(),
        valid_until: world.clock.now().plus_seconds(9),
        revoked: false,
    }
}

async fn proposed(world: &World, change: Change) -> Proposal {
    world.here.propose(change, ONE, law()).await.unwrap()
}

pub async fn done(world: &World, change: Change) -> u64 {
    let proposal = proposed(world, change).await;
    world.there.decide(&proposal.id, true, TWO, law()).await.unwrap().generation
}

/// An application that NADRA approved.
async fn approved(world: &World) -> Case {
    let case = handed_in(world, form(Sector::Private)).await;
    done(world, decision(&case, Forum::Nadra)).await;
    case
}

pub async fn an_application_becomes_an_agency_with_an_agreement_by_two_persons(world: &World) {
    let case = handed_in(world, form(Sector::Private)).await;
    assert_eq!(world.there.case(&case.id).await.unwrap(), Some(case.clone()));
    let wrong = world.here.propose(decision(&case, Forum::DgNser), ONE, law()).await;
    assert_eq!(wrong, Err(OnboardingError::Stuck(Stuck::Forum(Forum::Nadra, Forum::DgNser))));
    assert_eq!(world.there.case(&case.id).await.unwrap().unwrap().state, State::Received, "what failed left no trace");
    let proposal = proposed(world, decision(&case, Forum::Nadra)).await;
    assert_eq!(proposal.agency.as_deref(), Some("newcomer"));
    assert_eq!(world.there.proposals().await.unwrap(), std::slice::from_ref(&proposal));
    assert_eq!(world.there.proposer(&proposal.id).await.unwrap().unwrap().user.as_str(), "registrar-1");
    world.there.decide(&proposal.id, true, TWO, law()).await.unwrap();
    assert_eq!(
        (world.there.proposals().await.unwrap(), world.there.proposer(&proposal.id).await.unwrap()),
        (vec![], None)
    );
    let newcomer = agency(&case);
    done(world, Change::Agency(newcomer.clone())).await;
    done(world, Change::Key(Key { agency: newcomer.id.clone(), sha256: "ef".repeat(32) })).await;
    let user = User {
        agency: newcomer.id.clone(),
        id: UserId::parse("clerk-1").unwrap(),
        name: "Sealed Name".into(),
        role: Role::Standard,
        disabled: false,
        assertion_key: None,
        place: None,
    };
    done(world, Change::User(user.clone())).await;
    let before = world.there.generation().await.unwrap();
    let generation = done(world, Change::Agreement(agreement(world))).await;
    assert!(generation > before);
    let (read_at, read) = world.there.read().await.unwrap();
    assert_eq!((read_at, read.agreements), (generation, vec![agreement(world)]));
    let found = read.agencies.iter().find(|known| known.id == newcomer.id).unwrap();
    assert_eq!(*found, Agency { keys: vec!["ef".repeat(32)], ..newcomer });
    assert!(read.users.contains(&user));
    let course = world.there.case(&case.id).await.unwrap().unwrap();
    assert_eq!((course.state, course.in_force_at), (State::InForce, Some(world.clock.now())));
    assert_eq!(
        world.here.hand_in(form(Sector::Private), Some(&case.id), ONE).await,
        Err(Stuck::State(State::InForce).into())
    );
}

pub async fn no_type_of_client_is_decided_without_its_condition(world: &World) {
    for client in &LAW.1.clients {
        let whole = form(client.sector);
        let mut lacking = whole.clone();
        lacking.documents.retain(|paper| !client.documents.contains(&paper.kind));
        let case = handed_in(world, lacking).await;
        match world.here.propose(decision(&case, Forum::Nadra), ONE, law()).await {
            Err(OnboardingError::Stuck(Stuck::Lacks(items))) => {
                assert_eq!(items[0].id, "condition", "{}", client.sector);
            }
            other => panic!("{}: {other:?}", client.sector),
        }
        // In its sector's name it is no agency in good standing either.
        let refused = world.here.propose(Change::Agency(agency(&case)), ONE, law()).await.unwrap_err();
        assert!(matches!(&refused, OnboardingError::Fault(fault) if fault.rule == Rule::ConditionUnseen), "{refused}");
        world.there.hand_in(whole, Some(&case.id), ONE).await.unwrap();
        proposed(world, decision(&case, Forum::Nadra)).await;
    }
    let another = Application { agency: AgencyId::parse("another").unwrap(), ..form(Sector::Private) };
    let case = handed_in(world, form(Sector::Private)).await;
    let taken = world.here.hand_in(another, Some(&case.id), ONE).await;
    assert_eq!(taken, Err(OnboardingError::UnknownApplication), "an application stays its agency's");
}

pub async fn nobody_decides_their_own_proposal_whatever_runs(world: &World) {
    let case = handed_in(world, form(Sector::Private)).await;
    let proposal = proposed(world, decision(&case, Forum::Nadra)).await;
    for approve in [true, false] {
        let own = world.there.decide(&proposal.id, approve, ONE, law()).await;
        assert_eq!(own, Err(OnboardingError::SecondPerson));
    }
    let unknown = world.there.decide("none", true, TWO, law()).await;
    assert_eq!(unknown, Err(OnboardingError::SecondPerson));
    // The table refuses it too, whatever program writes.
    let forged = "UPDATE proposal SET state = 'approved', decided_by = proposed_by, decided_at = 1";
    assert!(world.meddle(forged).await.is_err());
    assert!(world.meddle("UPDATE proposal SET state = 'approved'").await.is_err(), "decided by nobody");
    let refused = world.there.decide(&proposal.id, false, TWO, law()).await.unwrap();
    assert!(!refused.approved);
    assert_eq!(world.there.case(&case.id).await.unwrap().unwrap().state, State::Complete, "not decided");
    assert_eq!(world.there.decide(&proposal.id, true, TWO, law()).await, Err(OnboardingError::SecondPerson));
}

pub async fn of_many_who_decide_at_once_one_does(world: &World) {
    let case = handed_in(world, form(Sector::Private)).await;
    let proposal = proposed(world, decision(&case, Forum::Nadra)).await;
    let id = proposal.id.clone();
    let answers = world
        .at_once(12, move |store, n| {
            let id = id.clone();
            async move {
                store.decide(&id, n % 3 != 0, &format!("registry-office/registrar-{}", n + 2), law()).await.is_ok()
            }
        })
        .await;
    assert_eq!(super::world::count(&answers, &true), 1);
}

pub async fn a_change_that_became_unsound_is_not_applied(world: &World) {
    approved(world).await;
    let newcomer = agency(&world.there.cases().await.unwrap()[0]);
    done(world, Change::Agency(newcomer)).await;
    let [first, second] = [proposed(world, Change::Agreement(agreement(world))).await, {
        proposed(world, Change::Agreement(agreement(world))).await
    }];
    world.there.decide(&first.id, true, TWO, law()).await.unwrap();
    let before = world.there.read().await.unwrap();
    let refused = world.there.decide(&second.id, true, TWO, law()).await.unwrap_err();
    assert!(matches!(&refused, OnboardingError::Fault(fault) if fault.rule == Rule::RevisionStale), "{refused}");
    assert_eq!(world.there.read().await.unwrap(), before);
    assert_eq!(world.there.proposals().await.unwrap(), [second], "it still waits, to be refused");
}

pub async fn a_change_proposed_before_a_suspension_does_not_undo_it(world: &World) {
    approved(world).await;
    let newcomer = agency(&world.there.cases().await.unwrap()[0]);
    // Nothing stood there when both were proposed.
    let [first, second] = [proposed(world, Change::Agency(newcomer.clone())).await, {
        proposed(world, Change::Agency(Agency { name: "Other".into(), ..newcomer.clone() })).await
    }];
    world.there.decide(&first.id, true, TWO, law()).await.unwrap();
    is_stale(world, &second).await;
    let renamed = proposed(world, Change::Agency(Agency { name: "Renamed".into(), ..newcomer.clone() })).await;
    world.here.set_agency_suspended(&newcomer.id, true).await.unwrap();
    is_stale(world, &renamed).await;
    let suspended = world.there.read().await.unwrap().1;
    assert!(suspended.agencies.iter().any(|agency| agency.id == newcomer.id && agency.suspended), "{suspended:?}");
    // Refused and proposed anew by somebody who saw it, it goes through; a key is added to whatever stands there.
    world.there.decide(&renamed.id, false, TWO, law()).await.unwrap();
    let key = proposed(world, Change::Key(Key { agency: newcomer.id.clone(), sha256: "ab".repeat(32) })).await;
    done(world, Change::Agency(Agency { name: "Renamed".into(), suspended: true, ..newcomer.clone() })).await;
    world.there.decide(&key.id, true, TWO, law()).await.unwrap();
    let now = world.there.read().await.unwrap().1;
    let found = now.agencies.iter().find(|agency| agency.id == newcomer.id).unwrap();
    assert_eq!((found.name.as_str(), found.suspended, found.keys.len()), ("Renamed", true, 1));
}

/// Cannot be approved any more, changes nothing, and waits to be refused.
async fn is_stale(world: &World, proposal: &Proposal) {
    let before = world.there.read().await.unwrap();
    let refused = world.there.decide(&proposal.id, true, TWO, law()).await.unwrap_err();
    assert!(matches!(&refused, OnboardingError::Fault(fault) if fault.rule == Rule::RevisionStale), "{refused}");
    assert_eq!(world.there.read().await.unwrap(), before);
    assert!(world.there.proposals().await.unwrap().contains(proposal));
}

pub async fn a_proposal_of_the_version_before_is_proposed_anew(world: &World) {
    handed_in(world, form(Sector::Private)).await;
    let entry = data(world).agencies.remove(0);
    let proposal = proposed(world, Change::Agency(Agency { name: "Renamed".into(), keys: Vec::new(), ..entry })).await;
    world.meddle("UPDATE proposal SET replaces = NULL").await.unwrap();
    is_stale(world, &proposal).await;
}

pub async fn an_approval_that_was_used_up_keeps_its_name(world: &World) {
    let approval = Approval {
        services: vec![ServiceId::parse("identity.yes-no").unwrap()],
        datatypes: vec![DatatypeId::parse("identity.match").unwrap()],
        ..approval(world, "board-7")
    };
    world.here.replace_directory(&DirectoryData { approvals: vec![approval.clone()], ..data(world) }).await.unwrap();
    assert!(world.here.use_approval(&approval.id, &RequestId::parse("r0").unwrap()).await.unwrap());
    let refused = world.there.propose(Change::Approval(approval.clone()), ONE, law()).await.unwrap_err();
    assert!(matches!(&refused, OnboardingError::Fault(fault) if fault.rule == Rule::NameTaken), "{refused}");
    done(world, Change::Approval(Approval { id: ApprovalId::parse("board-8").unwrap(), ..approval })).await;
    let left = world.here.read().await.unwrap().1.approvals;
    assert!(left.iter().map(|known| known.id.as_str()).eq(["board-8"]), "{left:?}");
}

pub async fn forms_and_proposals_are_sealed_and_a_damaged_one_is_an_error(world: &World) {
    let case = handed_in(world, form(Sector::Private)).await;
    let proposal = proposed(world, decision(&case, Forum::Nadra)).await;
    if let Some(dump) = world.dump() {
        for word in ["Sealed Name", "47/2026", "1 Test Road"] {
            assert!(!dump.windows(word.len()).any(|window| window == word.as_bytes()), "`{word}` is in the file");
        }
    }
    // A sealed body opens in its own row only.
    let twin = world.here.hand_in(form(Sector::Private), None, ONE).await.unwrap();
    let swap = format!(
        "UPDATE application SET body = (SELECT body FROM application WHERE id = '{}') WHERE id = '{}'",
        case.id, twin.id
    );
    world.meddle(swap).await.unwrap();
    assert!(world.there.case(&twin.id).await.is_err() && world.there.case(&case.id).await.is_ok());
    world
        .meddle("UPDATE proposal SET body = X'00'".replace("X'00'", "(SELECT body FROM application LIMIT 1)"))
        .await
        .unwrap();
    assert!(world.there.proposals().await.is_err());
    assert!(world.there.decide(&proposal.id, true, TWO, law()).await.is_err());
}

pub async fn what_changes_the_directory_waits_for_its_leaf_under_its_persons_name(world: &World) {
    approved(world).await;
    let waiting = world.there.waiting("node-1", 64).await.unwrap();
    let [change] = &waiting[..] else { panic!("{waiting:?}") };
    let told = (change.service.as_str(), change.agency.as_deref(), change.operator.as_deref());
    assert_eq!(told, ("admin.approve-decision@1", Some("newcomer"), Some(TWO)));
    assert_eq!(change.generation, world.there.generation().await.unwrap());
    // At the console each step is noted, since no door records it.
    let console = world.open([1, 2, 3]).await.unwrap().operated_by("ayesha (1000)");
    console.hand_in(form(Sector::Private), None, "ayesha (1000)").await.unwrap();
    let waiting = world.there.waiting("node-1", 64).await.unwrap();
    let told: Vec<_> = waiting.iter().map(|change| (change.service.as_str(), change.operator.as_deref())).collect();
    assert_eq!(
        told,
        [("admin.approve-decision@1", Some(TWO)), ("admin.application-received@1", Some("ayesha (1000)"))]
    );
    console.database().close().await;
}
