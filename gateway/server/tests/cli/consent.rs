//! The record of consents at the console: shown, verified, ended, and what is said where it was meddled with.

use std::sync::Arc;

use adapters::{
    entropy::SystemEntropy,
    sql::{
        Database,
        control::{Contact, ControlStore, NewRequest, Polled},
    },
};
use exchange::{
    caller::Thumbprint,
    cnic::Cnic,
    consent::{details::Details, machine::PasscodeAnswer, message::Language, passcode::Passcode},
    ids::{AgencyId, UserId},
    mobile::Mobile,
    ports::citizen_keys::CitizenKeys as _,
    record::leaf::Kind,
};
use gateway::{
    compose::{Keys, World, stores},
    config::Config,
};

use crate::{admin::told_of, kit::Folder};

const CITIZEN: &str = "4210112345671";
const CODE: &str = "482913";
const DETAILS: &str = r#"[{"type":"urn:pk:ijazat:consent:1","purpose":"KYC-101","datatypes":["identity.name"]}]"#;

/// An installation that has served, and its control store.
struct Place {
    folder: Folder,
    store: Arc<ControlStore>,
    runtime: tokio::runtime::Runtime,
}

impl Place {
    fn new() -> Self {
        let folder = Folder::new();
        folder.serve(&[], &[]).stop();
        let state = folder.path().join("state").display().to_string();
        let config = Config::load(None, [("IJAZAT__NODE__STATE_DIR".to_owned(), state)]).unwrap();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let store = runtime.block_on(async {
            let world = World::host();
            let keys = Keys::open(&config, &SystemEntropy::default()).unwrap();
            stores::control(&config, &world, &keys).await.unwrap()
        });
        Self { folder, store, runtime }
    }

    /// A consent that was asked for, given and fetched; its name.
    fn given(&self, handle: &str) -> String {
        let (bank, teller) = (AgencyId::parse("bank-indus").unwrap(), UserId::parse("teller-1").unwrap());
        let details = Details::parse(DETAILS).unwrap();
        let subject = self.store.subject_key(Cnic::parse(CITIZEN).unwrap());
        let contact = Contact { mobile: Mobile::parse("03001234567").unwrap(), language: Language::English };
        let request = NewRequest {
            auth_req_id: handle,
            reference: "K7Q4",
            agency: &bank,
            user: &teller,
            subject,
            details: &details,
            counter: None,
            screen: None,
            terms: None,
            ttl_s: 300,
            ping: None,
        };
        let code = Passcode::parse(CODE).unwrap();
        self.runtime.block_on(async {
            self.store.set_contact(subject, contact).await.unwrap();
            self.store.submit(&request).await.unwrap();
            let text = format!("Ijazat code {CODE}: a bank seeks your name");
            assert!(self.store.send(handle, &code, contact, &text).await.unwrap());
            let offered = self.store.offer(handle, &bank, &teller, &code).await.unwrap();
            assert_eq!(offered, Some(PasscodeAnswer::Approved));
            match self.store.poll(handle, &bank, Thumbprint([7; 32])).await.unwrap() {
                Some(Polled::Token(token)) => token.consent.as_str().to_owned(),
                other => panic!("no token but {other:?}"),
            }
        })
    }

    /// What no command of ours does.
    fn meddle(&self, sql: &'static str) {
        self.runtime.block_on(async {
            let url = format!("sqlite:{}", self.folder.path().join("state/control.db").display());
            let database = Database::open(&url, "control").await.unwrap();
            let mut work = database.begin().await.unwrap();
            assert!(work.run(sql).await.unwrap() > 0, "{sql}");
            work.commit().await.unwrap();
            database.close().await;
        });
    }

    /// A process starts, tells the log what it does not know yet, and ends.
    fn recorded(&self) {
        self.folder.serve(&[], &[]).stop();
    }
}

#[test]
fn a_new_installation_has_nothing_to_verify_and_an_empty_folder_is_told_so() {
    let folder = Folder::new();
    folder.refused(&["consent", "verify"], 1, "no installation here");
    folder.serve(&[], &[]).stop();
    let told = folder.answer(&["consent", "verify"]);
    assert_eq!(told, "0 consents with 0 revisions, 0 of them in the access log of node-1\n");
    for command in ["show", "verify", "revoke"] {
        folder.refused(&["consent", command, "cns none"], 2, "invalid value");
    }
    folder.refused(&["consent", "show", "cns-none"], 1, "cns-none: no such consent");
    folder.refused(&["consent", "verify", "cns-none"], 1, "cns-none: no such consent");
    folder.refused(&["consent", "revoke", "cns-none"], 1, "no consent of this name holds");
    folder.refused(&["consent", "show"], 2, "<CONSENT>");
    folder.refused(&["consent"], 2, "Usage: ijazat consent");
}

#[test]
fn c45_a_consent_is_shown_step_by_step_and_ended_once_with_its_operator_on_record() {
    let place = Place::new();
    let consent = place.given("one");
    let shown = place.folder.answer(&["consent", "show", &consent]);
    let steps: Vec<_> = shown.lines().take(2).collect();
    assert!(steps[0].starts_with("0  ") && steps[0].contains("requested  agency asked"), "{shown}");
    assert!(steps[1].starts_with("1  ") && steps[1].contains("passcode at counter"), "{shown}");
    assert!(steps.iter().all(|line| line.ends_with("(its leaf follows)")), "{shown}");
    assert!(shown.contains("agency bank-indus, user teller-1, purpose KYC-101, urn:nadra:acr:sms-pin"), "{shown}");
    assert!(shown.ends_with("the record holds\n") && !shown.contains("told:"), "{shown}");

    place.recorded();
    let shown = place.folder.answer(&["consent", "show", &consent, "--messages"]);
    assert!(shown.contains("leaf 0 of node-1") && shown.contains("leaf 1 of node-1"), "{shown}");
    assert!(shown.contains("told: Ijazat code ••••••: a bank seeks your name"), "{shown}");
    assert!(!shown.contains(CODE) && !shown.contains(CITIZEN), "{shown}");

    let told = place.folder.answer(&["consent", "revoke", &consent]);
    assert_eq!(told, format!("{consent} is over; its token dies within a second\n"));
    place.folder.refused(&["consent", "revoke", &consent], 1, "no consent of this name holds");
    place.recorded();
    let entries = told_of(&place.folder);
    let kinds: Vec<_> = entries.iter().map(|(leaf, _)| (leaf.kind, leaf.service.clone().unwrap())).collect();
    let expected = [
        (Kind::Consent, "consent.requested@1"),
        (Kind::Consent, "consent.active@1"),
        (Kind::Admin, "admin.consent-revoke@1"),
        (Kind::Consent, "consent.revoked@1"),
    ];
    assert_eq!(kinds, expected.map(|(kind, service)| (kind, service.to_owned())));
    assert_eq!(entries[3].0.basis.as_deref(), Some(format!("{consent}@2").as_str()));
    assert!(entries[2].1.user.is_some(), "who did it stands in the side record");
    let told = place.folder.answer(&["consent", "verify"]);
    assert_eq!(told, "1 consents with 3 revisions, 3 of them in the access log of node-1\n");
}

#[test]
fn c45_what_was_meddled_with_is_named_and_the_rest_still_holds() {
    let place = Place::new();
    let (first, second) = (place.given("one"), place.given("two"));
    place.recorded();
    let whole = "2 consents with 4 revisions, 4 of them in the access log of node-1\n";
    assert_eq!(place.folder.answer(&["consent", "verify"]), whole);

    // A column beside the signed words.
    place.meddle("UPDATE consent_revision SET state = 'revoked' WHERE revision = 1");
    let (code, told) = place.folder.refusal(&["consent", "verify"]);
    assert_eq!((code, told.as_str()), (Some(1), "2 findings: the record does not hold\n"));
    place.folder.refused(&["consent", "verify", &first], 1, "revision 1: its row says something else");
    place.folder.refused(&["consent", "show", &second], 1, "revision 1: its row says something else");
    place.meddle("UPDATE consent_revision SET state = 'active' WHERE revision = 1");
    assert_eq!(place.folder.answer(&["consent", "verify"]), whole);

    // The places of leaves, which no signature covers: the log does.
    place.meddle("UPDATE consent_revision SET sequence = sequence + 1");
    let (code, told) = place.folder.refusal(&["consent", "verify"]);
    assert_eq!((code, told.as_str()), (Some(1), "5 findings: the record does not hold\n"));
    place.folder.answer(&["consent", "verify", &first]);
    place.meddle("UPDATE consent_revision SET sequence = sequence - 1");
    assert_eq!(place.folder.answer(&["consent", "verify"]), whole);

    // All of it.
    place.meddle("DELETE FROM consent_revision");
    let (code, told) = place.folder.refusal(&["consent", "verify"]);
    assert_eq!((code, told.as_str()), (Some(1), "5 findings: the record does not hold\n"));
    place.folder.refused(&["consent", "show", &first], 1, "it was given before there were records");
}

#[test]
fn c45_a_record_under_another_key_holds_nothing() {
    let place = Place::new();
    let consent = place.given("one");
    place.recorded();
    let key = place.folder.path().join("state/keys/consent.key");
    let bytes = std::fs::read(&key).unwrap();
    std::fs::write(&key, [9; 32]).unwrap();
    place.folder.refused(&["consent", "verify", &consent], 1, "revision 0: its signature does not hold");
    // Nothing new is said under a chain that nobody of ours signed; an end is an end all the same.
    place.folder.answer(&["consent", "revoke", &consent]);
    std::fs::write(&key, bytes).unwrap();
    place.folder.refused(&["consent", "verify", &consent], 1, "revision 2: it is missing");
}
