//! Rows that no program of ours wrote: whoever reads them is told so, and never gets a default in their place.

use adapters::sql::{
    SqlError,
    control::{Begun, IdempotencyScope},
};
use exchange::{
    consent::{ConsentUse, machine::PasscodeAnswer},
    ids::{AgencyId, ApprovalId, ServiceId},
    ports::{
        citizen_keys::CitizenKeys as _, consent_tokens::ConsentTokens as _, directory_source::DirectorySource as _,
    },
};

use crate::world::{CERTIFICATE, PASSCODE, World, passcode, request};

async fn meddle(world: &World, sql: &str) {
    world.meddle(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
}

fn told(damage: &str, error: &impl ToString) {
    let text = error.to_string();
    assert!(text.contains("cannot be read"), "{damage}: {text}");
    for secret in ["4210112345671", "+923001234567", PASSCODE, "junk"] {
        assert!(!text.contains(secret), "{damage}: the message repeats what was stored: {text}");
    }
}

pub async fn a_damaged_request_takes_no_passcode_and_gives_no_token(world: &World) {
    for (n, damage) in [
        "state = 'junk'",
        "mac = substr(mac, 1, 31)",
        "mac = substr(mac, 1, 0)",
        "agency = 'junk junk'",
        "user_id = ''",
        "details = 'junk'",
        "details = '[]'",
        "details = replace(details, 'KYC-101', 'junk junk')",
        "consent = 'cns-junk', state = 'approved', approved_at = created_at",
    ]
    .iter()
    .enumerate()
    {
        let id = format!("r{n}");
        world.clock.advance(1);
        world.sent(&id, ConsentUse::OneTime).await;
        let last = "created_at = (SELECT MAX(b.created_at) FROM auth_request b)";
        let before = world.here.consents_of(world.subject()).await.unwrap();
        meddle(world, &format!("UPDATE auth_request SET {damage} WHERE {last}")).await;
        let offered = world.here.offer(&id, &world.bank, &world.teller, &passcode(PASSCODE)).await;
        assert!(!matches!(offered, Ok(Some(PasscodeAnswer::Approved))), "{damage}: {offered:?}");
        if let Err(error) = &offered {
            told(damage, error);
        }
        let polled = world.here.poll(&id, &world.bank, CERTIFICATE).await;
        let token = matches!(&polled, Ok(Some(adapters::sql::control::Polled::Token(_))));
        assert!(!token, "{damage}: {polled:?}");
        assert_eq!(world.here.consents_of(world.subject()).await.unwrap(), before, "{damage} left a consent");
    }
}

pub async fn a_damaged_consent_is_an_error_and_never_half_believed(world: &World) {
    for (n, damage) in [
        "UPDATE consent SET revision = -1",
        "UPDATE consent SET revision = 4294967296",
        "UPDATE consent SET subject = 'junk'",
        "UPDATE consent SET subject = substr(subject, 3)",
        "UPDATE consent SET agency = 'junk junk'",
        "UPDATE consent SET user_id = ''",
        "UPDATE consent SET purpose = 'junk junk'",
        "UPDATE consent SET datatypes = 'junk'",
        "UPDATE consent SET datatypes = '{}'",
        "UPDATE consent SET datatypes = '[\"identity.name\", \"junk junk\"]'",
        "UPDATE consent SET datatypes = '[\"identity.name\", 7]'",
        "UPDATE consent SET usage = 'junk'",
        "UPDATE token SET certificate = 'junk'",
        "UPDATE token SET certificate = substr(certificate, 3)",
        "UPDATE token SET certificate = certificate || 'aa'",
    ]
    .iter()
    .enumerate()
    {
        let usage = if n % 2 == 0 { ConsentUse::OneTime } else { ConsentUse::Standing };
        let token = world.token(&format!("t{n}"), usage).await.access_token;
        assert!(world.here.find(&token, CERTIFICATE).await.unwrap().is_some(), "{damage}: found before");
        meddle(world, damage).await;
        // What was remembered under an old generation is not asked again.
        world.here.revoke_serial("00").await.unwrap();
        told(damage, &world.here.find(&token, CERTIFICATE).await.unwrap_err());
        told(damage, &world.here.consume(&token, &request("r")).await.unwrap_err());
        meddle(world, "DELETE FROM token; DELETE FROM consent").await;
    }
}

pub async fn a_damaged_directory_is_not_read_in_part(world: &World) {
    let whole = super::directory::everything(world);
    for damage in [
        "UPDATE directory_entry SET body = 'junk' WHERE kind = 'agency'",
        "UPDATE directory_entry SET body = '{}' WHERE kind = 'user'",
        "UPDATE directory_entry SET body = replace(body, 'Standard', 'junk') WHERE kind = 'user'",
        "UPDATE directory_entry SET body = replace(body, '\"suspended\":false', '\"suspended\":\"junk\"') WHERE kind = 'agency'",
        "UPDATE directory_entry SET body = replace(body, '\"suspended\":false,', '') WHERE kind = 'agency'",
        "UPDATE directory_entry SET body = replace(body, '\"suspended\"', '\"of_a_newer_program\":1,\"suspended\"') \
         WHERE kind = 'agency'",
        "UPDATE directory_entry SET body = 'junk' WHERE kind = 'agreement'",
        "UPDATE directory_entry SET body = 'junk' WHERE kind = 'approval'",
        "UPDATE directory_entry SET body = 'junk' WHERE kind = 'programme'",
        "UPDATE directory_entry SET body = 'junk' WHERE kind = 'purpose'",
        "UPDATE directory_entry SET kind = 'of a newer program' WHERE kind = 'purpose'",
    ] {
        world.here.replace_directory(&whole).await.unwrap();
        assert_eq!(world.there.read().await.unwrap().1, whole);
        meddle(world, damage).await;
        told(damage, &world.there.read().await.unwrap_err());
        if damage.contains("'agency'") {
            let generation = world.here.generation().await.unwrap();
            told(damage, &world.here.set_agency_suspended(&world.bank, true).await.unwrap_err());
            told(damage, &world.here.add_key(&world.bank, "0a").await.unwrap_err());
            assert_eq!(world.here.generation().await.unwrap(), generation, "{damage}: a failed change rose");
        }
    }
    world.here.replace_directory(&whole).await.unwrap();
    assert_eq!(world.there.read().await.unwrap().1, whole, "a whole directory mends all of it");
}

pub async fn a_damaged_generation_stops_every_change_and_every_reader(world: &World) {
    world.here.replace_directory(&super::directory::everything(world)).await.unwrap();
    let consent = world.token("one", ConsentUse::Standing).await.consent;
    for damage in ["UPDATE generation SET value = -7", "DELETE FROM generation"] {
        meddle(world, damage).await;
        world.here.generation().await.unwrap_err();
        world.here.read().await.unwrap_err();
        world.here.healthy().await.unwrap_err();
        world.here.set_agency_suspended(&world.bank, true).await.unwrap_err();
        world.here.revoke_consent(&consent).await.unwrap_err();
        world.here.pause_consents(world.subject()).await.unwrap_err();
        world.here.destroy(world.subject()).await.unwrap_err();
        world.here.use_approval(&ApprovalId::parse("board-1").unwrap(), &request("r")).await.unwrap_err();
        meddle(world, "DELETE FROM generation; INSERT INTO generation (id, value) VALUES (1, 900)").await;
        let (generation, data) = world.there.read().await.unwrap();
        assert_eq!((generation, data.agencies[0].suspended), (900, false), "{damage}: a change without a generation");
        assert_eq!(data.approvals.len(), 1, "{damage}: an approval was used up");
        assert!(world.there.key(world.subject()).await.unwrap().is_some());
    }
}

pub async fn damaged_keys_numbers_and_messages_are_errors(world: &World) {
    let subject = world.subject();
    for damage in ["substr(wrapped, 2)", "substr(wrapped, 1, 20)", "substr(wrapped, 1, 0)"] {
        world.here.key(subject).await.unwrap().unwrap();
        meddle(world, &format!("UPDATE citizen_key SET wrapped = {damage}")).await;
        told(damage, &world.open([1, 2, 3]).await.unwrap().key(subject).await.unwrap_err());
        meddle(world, "DELETE FROM citizen_key").await;
        world.here.revoke_serial("00").await.unwrap();
    }
    for damage in ["mobile = substr(mobile, 2)", "mobile = substr(mobile, 1, 5)", "language = 'junk'", "language = ''"]
    {
        world.here.set_contact(subject, World::contact()).await.unwrap();
        meddle(world, &format!("UPDATE contact SET {damage}")).await;
        told(damage, &world.here.contact(subject).await.unwrap_err());
    }
    for (n, damage) in ["recipient = substr(recipient, 2)", "body = substr(body, 2)", "id = 'junk'"].iter().enumerate()
    {
        world.sent(&format!("m{n}"), ConsentUse::OneTime).await;
        meddle(world, &format!("UPDATE sms_outbox SET {damage}")).await;
        told(damage, &world.here.outbox(5).await.unwrap_err());
        meddle(world, "DELETE FROM sms_outbox").await;
    }
}

pub async fn a_damaged_answer_is_not_repeated(world: &World) {
    let service = ServiceId::parse("consent.authorize").unwrap();
    for (n, damage) in
        ["answer = substr(answer, 2)", "sequence = -1", "sequence = NULL", "answer = substr(answer, 1, 3)"]
            .iter()
            .enumerate()
    {
        let key = format!("k{n}");
        let scope = IdempotencyScope { agency: &world.bank, user: None, service: &service, key: &key };
        let Begun::Fresh(claim) = world.here.begin(scope, &[1; 32]).await.unwrap() else { panic!("{key}") };
        assert!(world.here.finish(&claim, 7, Some(b"answer")).await.unwrap());
        meddle(world, &format!("UPDATE idempotency SET {damage}")).await;
        let refused: SqlError = world.here.begin(scope, &[1; 32]).await.unwrap_err();
        told(damage, &refused);
    }
}

/// What the tables themselves refuse, whoever writes.
pub async fn the_tables_keep_their_own_rules(world: &World) {
    world.token("one", ConsentUse::OneTime).await;
    world.here.key(world.subject()).await.unwrap();
    for (sql, why) in [
        ("UPDATE auth_request SET tries = 4", "a fourth try"),
        ("UPDATE auth_request SET tries = -1", "less than no try"),
        ("UPDATE consent SET state = 'junk'", "a consent of another state"),
        ("INSERT INTO generation (id, value) VALUES (2, 1)", "a second generation"),
        (
            "INSERT INTO token (hash, consent, certificate, expires_at) SELECT 'h', consent, certificate, expires_at \
          FROM token",
            "a second token of one consent",
        ),
        (
            "INSERT INTO token (hash, consent, certificate, expires_at) VALUES ('h', 'cns-none', 'c', 1)",
            "a token of no \
          consent",
        ),
        ("INSERT INTO citizen_key (subject, made_at) SELECT subject, 1 FROM citizen_key", "a second key"),
        ("INSERT INTO idempotency (scope, body, state, replays, begun_at) VALUES ('s', 'b', 'junk', 0, 1)", "a state"),
    ] {
        assert_eq!(world.meddle(sql).await, Err(SqlError::Conflict), "{why}");
    }
    let unknown = AgencyId::parse("telco-sarhad").unwrap();
    assert!(world.here.poll("one", &unknown, CERTIFICATE).await.unwrap().is_none());
}
