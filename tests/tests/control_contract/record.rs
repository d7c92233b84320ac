//! The record of consents: one revision for each change, whoever makes it and however many at once; each meddling is found.

use adapters::sql::control::{ConsentRevisions, StoredRevision};
use exchange::{
    consent::{
        ConsentUse,
        revision::{Broken, Cause, Fault, Revision, Standing},
    },
    es256::{KeyRing, SigningKey},
    ids::ConsentId,
    ports::{
        citizen_keys::CitizenKeys as _,
        unrecorded::{Claim, UnrecordedChanges as _},
    },
};

use crate::world::{MOBILE, PASSCODE, World, count, passcode};

fn ring() -> KeyRing {
    [SigningKey::new(&[4; 32]).unwrap().public().clone()].into_iter().collect()
}

/// The one consent that the citizen was asked for.
async fn only(world: &World) -> ConsentId {
    let all = world.here.records_of(world.subject(), "", 100).await.unwrap();
    assert_eq!(all.len(), 1, "{all:?}");
    all[0].clone()
}

/// What became of a consent, by its record, which holds.
async fn record(world: &World, consent: &ConsentId) -> Vec<Revision> {
    world.there.audit_record(consent, &ring()).await.unwrap().verdict.unwrap()
}

async fn steps(world: &World, consent: &ConsentId) -> Vec<(Standing, Cause)> {
    record(world, consent).await.iter().map(|revision| (revision.state, revision.cause)).collect()
}

async fn broken(world: &World, consent: &ConsentId) -> Broken {
    world.there.audit_record(consent, &ring()).await.unwrap().verdict.unwrap_err()
}

async fn from_citizen(world: &World, text: &str) {
    world.clock.advance(1);
    world.there.take_sms(World::contact().mobile, text).await.unwrap();
}

const ASKED: (Standing, Cause) = (Standing::Requested, Cause::AgencyAsked);
const GIVEN: (Standing, Cause) = (Standing::Active, Cause::PasscodeAtCounter);

pub async fn c45_each_change_of_a_consent_is_a_revision_that_tells_by_what(world: &World) {
    world.here.set_contact(world.subject(), World::contact()).await.unwrap();
    let token = world.token("one", ConsentUse::Standing).await;
    assert_eq!(steps(world, &token.consent).await, [ASKED, GIVEN]);
    world.clock.advance(5);
    assert_eq!(world.there.pause_consents(world.subject()).await.unwrap(), 1);
    assert_eq!(world.here.resume_consents(world.subject()).await.unwrap(), 1);
    from_citizen(world, "STOP K7Q4").await;
    let expected = [
        ASKED,
        GIVEN,
        (Standing::Paused, Cause::DeathNotice),
        (Standing::Active, Cause::NoticeWithdrawn),
        (Standing::Revoked, Cause::StopBySms),
    ];
    assert_eq!(steps(world, &token.consent).await, expected);
    let told = record(world, &token.consent).await;
    assert_eq!(told[2].at.micros() - told[1].at.micros(), 5_000_000);
    assert!(told[0].evidence.is_empty() && told[1].evidence.len() == 1 && told[2].evidence.is_empty());
    assert_eq!(told[0].authorization_details[0]["datatypes"][1], "identity.name");
}

pub async fn c29_a_request_that_ends_without_a_yes_has_its_record_too(world: &World) {
    world.here.set_contact(world.subject(), World::contact()).await.unwrap();
    world.sent("refused", ConsentUse::OneTime).await;
    from_citizen(world, "NO K7Q4").await;
    let refused = only(world).await;
    assert_eq!(steps(world, &refused).await, [ASKED, (Standing::Denied, Cause::NoBySms)]);

    world.sent("guessed", ConsentUse::OneTime).await;
    for _ in 0..3 {
        world.offer("guessed", "000000").await;
    }
    world.sent("taken back", ConsentUse::OneTime).await;
    world.here.cancel("taken back", &world.bank, &world.teller).await.unwrap();
    world.here.cancel("taken back", &world.bank, &world.teller).await.unwrap();
    world.sent("given and taken back", ConsentUse::OneTime).await;
    world.offer("given and taken back", PASSCODE).await;
    world.here.cancel("given and taken back", &world.bank, &world.teller).await.unwrap();
    let mut all = Vec::new();
    for consent in world.here.records_of(world.subject(), "", 100).await.unwrap() {
        all.push(steps(world, &consent).await);
    }
    for expected in [
        vec![ASKED, (Standing::Denied, Cause::NoBySms)],
        vec![ASKED, (Standing::Locked, Cause::TriesSpent)],
        vec![ASKED, (Standing::Withdrawn, Cause::AgencyWithdrew)],
        vec![ASKED, GIVEN, (Standing::Revoked, Cause::AgencyWithdrew)],
    ] {
        assert_eq!(count(&all, &expected), 1, "{expected:?} of {all:?}");
    }
    assert_eq!(all.len(), 4);
}

pub async fn c20_a_citizen_who_is_not_asked_leaves_the_same_record(world: &World) {
    world.submitted("nobody", ConsentUse::OneTime).await;
    world.here.suppress("nobody").await.unwrap();
    for _ in 0..3 {
        world.offer("nobody", PASSCODE).await;
    }
    let consent = only(world).await;
    assert_eq!(steps(world, &consent).await, [ASKED, (Standing::Locked, Cause::TriesSpent)]);
}

pub async fn c13_of_many_at_once_one_makes_a_revision(world: &World) {
    world.here.set_contact(world.subject(), World::contact()).await.unwrap();
    world.sent("one", ConsentUse::Standing).await;
    let (bank, teller) = (world.bank.clone(), world.teller.clone());
    let offered = world.at_once(40, move |store, _| {
        let (bank, teller) = (bank.clone(), teller.clone());
        async move { store.offer("one", &bank, &teller, &passcode(PASSCODE)).await.unwrap() }
    });
    offered.await;
    let consent = only(world).await;
    assert_eq!(steps(world, &consent).await, [ASKED, GIVEN]);
    let ended = world.at_once(20, {
        let consent = consent.clone();
        move |store, n| {
            let consent = consent.clone();
            async move {
                match n % 3 {
                    0 => store.revoke_consent(&consent).await.map(|_| ()),
                    1 => store.take_sms(World::contact().mobile, "STOP K7Q4").await.map(|_| ()),
                    _ => store.pause_consents(store.record_subject(&consent).await?.unwrap().0).await.map(|_| ()),
                }
                .unwrap();
                Ok::<_, adapters::sql::SqlError>(())
            }
        }
    });
    for done in ended.await {
        done.unwrap();
    }
    let told = steps(world, &consent).await;
    assert_eq!(count(&told.iter().map(|step| step.0).collect::<Vec<_>>(), &Standing::Revoked), 1, "{told:?}");
    assert_eq!(told.last().unwrap().0, Standing::Revoked);
}

/// Edits, deletions and additions that nobody of ours makes, each undone before the next.
pub async fn c45_the_first_revision_that_was_meddled_with_is_named(world: &World) {
    let token = world.token("one", ConsentUse::Standing).await;
    world.here.pause_consents(world.subject()).await.unwrap();
    world.here.resume_consents(world.subject()).await.unwrap();
    let other = world.token("two", ConsentUse::Standing).await;
    let consent = &token.consent;
    let at = |revision: u32, fault| Broken { revision, fault };
    let signed = "UPDATE consent_revision SET signed";
    let here = |n: u32| format!("WHERE consent = '{consent}' AND revision = {n}");
    let one = |n: u32| {
        format!("(SELECT r.signed FROM consent_revision r WHERE r.consent = '{consent}' AND r.revision = {n})")
    };
    let theirs =
        format!("(SELECT r.signed FROM consent_revision r WHERE r.consent = '{}' AND r.revision = 0)", other.consent);
    let cases = [
        (format!("{signed} = replace(signed, 'e', 'f') {}", here(0)), at(0, Fault::Signature)),
        (format!("{signed} = signed || 'A' {}", here(2)), at(2, Fault::Signature)),
        (format!("{signed} = {} {}", one(1), here(2)), at(2, Fault::Place)),
        (format!("{signed} = {theirs} {}", here(0)), at(0, Fault::Place)),
        (format!("DELETE FROM consent_revision {}", here(1)), at(1, Fault::Place)),
        (format!("DELETE FROM consent_revision {}", here(3)), at(3, Fault::Missing)),
        (format!("DELETE FROM consent_revision WHERE consent = '{consent}'"), at(0, Fault::Missing)),
        (format!("UPDATE consent_revision SET state = 'revoked' {}", here(3)), at(3, Fault::Row)),
        (format!("UPDATE consent_revision SET at = at + 1 {}", here(1)), at(1, Fault::Row)),
        (format!("UPDATE consent_revision SET agency = 'bank-ravi' {}", here(0)), at(0, Fault::Row)),
        (format!("UPDATE consent SET state = 'revoked' WHERE id = '{consent}'"), at(4, Fault::Row)),
        (format!("UPDATE consent SET revision = 9 WHERE id = '{consent}'"), at(4, Fault::Missing)),
        (
            format!("UPDATE consent_record SET subject = '{}' WHERE consent = '{consent}'", "ab".repeat(32)),
            at(0, Fault::Row),
        ),
        (
            format!(
                "UPDATE consent_evidence SET sealed = sealed WHERE consent = 'none'; UPDATE consent_evidence SET commitment = 'x' WHERE consent = '{consent}'"
            ),
            at(9, Fault::Missing),
        ),
    ];
    for (edit, expected) in cases {
        let whole = rows(world, consent).await;
        let before = (world.here.consent_row(consent).await.unwrap(), world.subject().to_hex());
        world.meddle(edit.clone()).await.unwrap();
        if expected.revision == 9 {
            // What is committed to stands in the signed words: the column beside it is only for finding.
            record(world, consent).await;
        } else {
            assert_eq!(broken(world, consent).await, expected, "{edit}");
        }
        restore(world, &whole, before).await;
        record(world, consent).await;
    }
}

async fn rows(world: &World, consent: &ConsentId) -> Vec<StoredRevision> {
    world.here.revisions(consent).await.unwrap()
}

async fn restore(world: &World, whole: &[StoredRevision], before: (Option<(u32, Standing)>, String)) {
    let consent = &whole[0].consent;
    let (row, subject) = before;
    let (revision, standing) = row.unwrap();
    let inserts = whole.iter().map(|row| {
        format!(
            "INSERT INTO consent_revision (id, consent, revision, at, state, agency, purpose, signed) VALUES \
             ('{}', '{}', {}, {}, '{}', '{}', 'KYC-101', '{}');",
            row.id,
            row.consent,
            row.revision,
            row.at.micros(),
            row.state,
            row.agency,
            row.signed
        )
    });
    let sql = format!(
        "DELETE FROM consent_revision WHERE consent = '{consent}'; {} \
         UPDATE consent SET revision = {revision}, state = '{}' WHERE id = '{consent}'; \
         UPDATE consent_record SET subject = '{subject}' WHERE consent = '{consent}'",
        inserts.collect::<String>(),
        standing.as_str()
    );
    world.meddle(sql).await.unwrap();
}

pub async fn c45_a_broken_record_lets_an_end_through_and_no_beginning(world: &World) {
    world.here.set_contact(world.subject(), World::contact()).await.unwrap();
    let token = world.token("one", ConsentUse::Standing).await;
    world.sent("two", ConsentUse::OneTime).await;
    world.meddle("UPDATE consent_revision SET signed = 'x.y.z'").await.unwrap();
    let failed = world.here.offer("two", &world.bank, &world.teller, &passcode(PASSCODE)).await;
    assert!(failed.is_err(), "no yes stands on what somebody else wrote");
    assert!(world.here.revoke_consent(&token.consent).await.unwrap(), "a citizen who says stop is not made to wait");
    assert_eq!(rows(world, &token.consent).await.len(), 2, "nothing is added to it");
}

pub async fn a_consent_from_before_there_were_records_gets_its_beginning_with_its_end(world: &World) {
    let token = world.token("one", ConsentUse::Standing).await;
    let consent = &token.consent;
    world
        .meddle("DELETE FROM consent_revision; DELETE FROM consent_record; DELETE FROM consent_evidence")
        .await
        .unwrap();
    assert!(world.here.revoke_consent(consent).await.unwrap());
    let expected = [
        (Standing::Requested, Cause::Adopted),
        (Standing::Active, Cause::Adopted),
        (Standing::Revoked, Cause::Operator),
    ];
    assert_eq!(steps(world, consent).await, expected);
    assert_eq!(record(world, consent).await[0].authorization_details[0]["fetch"], "standing");
    // A request from before, which has no record, becomes a consent without one.
    world.sent("two", ConsentUse::OneTime).await;
    world
        .meddle("UPDATE auth_request SET record = NULL; DELETE FROM consent_revision WHERE revision = 0")
        .await
        .unwrap();
    assert!(world.approved_after("two").await.consent != *consent);
}

pub async fn each_revision_waits_for_its_leaf_and_is_claimed_once(world: &World) {
    let token = world.token("one", ConsentUse::OneTime).await;
    let stores = [&world.here, &world.there].map(|store| ConsentRevisions(std::sync::Arc::clone(store)));
    let waiting = stores[0].waiting("node-1", 10).await.unwrap();
    let told: Vec<_> = waiting.iter().map(|change| (change.service.as_str(), change.basis.clone().unwrap())).collect();
    let basis = |n: u32| format!("{}@{n}", token.consent);
    assert_eq!(told, [("consent.requested@1", basis(0)), ("consent.active@1", basis(1))]);
    assert_eq!(waiting[0].agency.as_deref(), Some("bank-indus"));
    assert_eq!(waiting[0].purpose.as_deref(), Some("KYC-101"));
    let ids: Vec<String> = waiting.iter().map(|change| change.id.clone()).collect();
    let claim = |node: &str| Claim { node: node.to_owned(), from: 3 };
    assert_eq!(stores[0].claim(&ids[..1], &claim("node-1")).await.unwrap(), ids[..1]);
    assert_eq!(stores[1].claim(&ids, &claim("node-2")).await.unwrap(), ids[1..]);
    assert_eq!(stores[1].waiting("node-2", 10).await.unwrap().len(), 1);
    stores[0].recorded(&[(ids[0].clone(), 7)]).await.unwrap();
    stores[0].recorded(&[(ids[0].clone(), 8)]).await.unwrap();
    assert!(stores[0].waiting("node-1", 10).await.unwrap().is_empty());
    assert_eq!(rows(world, &token.consent).await[0].leaf, Some(("node-1".to_owned(), 7)));
    assert_eq!(world.here.recorded_revisions("node-1", 8).await.unwrap(), 1);
    assert_eq!(world.here.recorded_revisions("node-1", 7).await.unwrap(), 0);
}

pub async fn what_a_citizen_was_shown_is_kept_without_the_passcode_and_goes_with_the_key(world: &World) {
    world.here.set_contact(world.subject(), World::contact()).await.unwrap();
    let token = world.token("one", ConsentUse::OneTime).await;
    let shown = world.there.shown(&token.consent).await.unwrap();
    assert_eq!((shown.len(), shown[0].text.as_str()), (1, "Ijazat code ••••••"));
    let committed = record(world, &token.consent).await[1].evidence.clone();
    assert_eq!(committed, [shown[0].commitment().unwrap()]);
    world.here.destroy(world.subject()).await.unwrap();
    assert!(world.there.shown(&token.consent).await.unwrap().is_empty());
    record(world, &token.consent).await;
}

pub async fn c48_no_store_of_the_record_names_a_citizen(world: &World) {
    world.here.set_contact(world.subject(), World::contact()).await.unwrap();
    world.token("one", ConsentUse::OneTime).await;
    let Some(bytes) = world.dump() else { return };
    for secret in [crate::world::CITIZEN, MOBILE, PASSCODE] {
        assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()), "{secret} stands in the store");
    }
}
