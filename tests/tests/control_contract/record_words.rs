//! What citizens' words, agencies' hands and notices of death leave in the record of a consent, in what order and however many come at
//! once; and who is told of it.

use std::{collections::BTreeSet, sync::Arc};

use adapters::{
    notify::Kind,
    sql::control::{ConsentRevisions, NewRequest, NotificationEnd, Polled, Taken},
};
use exchange::{
    cnic::Cnic,
    consent::{
        ConsentUse, SubjectKey,
        answer::Told,
        details::Details,
        frequency::{Bounds, Turn},
        machine::{PasscodeAnswer, PollAnswer},
        passcode::Passcode,
        reply::Reference,
        revision::{Cause, Revision, Standing},
        word_text::Worded,
    },
    directory::Agency,
    es256::{KeyRing, SigningKey},
    ids::{AgencyId, ConsentId},
    limits,
    notify::{DeliveryMode, NotificationToken, Notify, NotifyUrl},
    ports::{
        citizen_keys::CitizenKeys as _,
        consent_tokens::{ConsentTokens as _, Turned},
        unrecorded::{Claim, UnrecordedChanges as _},
    },
    timestamp::Timestamp,
};

use crate::{
    directory::data,
    world::{CERTIFICATE, CITIZEN, PASSCODE, World, count, passcode, request},
};

const SISTER: &str = "4210112345682";
const TOKEN: &str = "8d67dc78-7faa-4d41-aabd-67707b374255";

const ASKED: (Standing, Cause) = (Standing::Requested, Cause::AgencyAsked);
const GIVEN: (Standing, Cause) = (Standing::Active, Cause::PasscodeAtCounter);
const STOPPED: (Standing, Cause) = (Standing::Revoked, Cause::StopBySms);

fn cnic(digits: &str) -> Cnic {
    Cnic::parse(digits).unwrap()
}

fn k7q4() -> Reference {
    Reference::parse("K7Q4").unwrap()
}

fn told(worded: Worded) -> Taken {
    Taken::Told(Told::Word(worded))
}

/// A record, which holds.
async fn record(world: &World, consent: &ConsentId) -> Vec<Revision> {
    let ring: KeyRing = [SigningKey::new(&[4; 32]).unwrap().public().clone()].into_iter().collect();
    world.there.audit_record(consent, &ring).await.unwrap().verdict.unwrap()
}

pub async fn steps(world: &World, consent: &ConsentId) -> Vec<(Standing, Cause)> {
    record(world, consent).await.iter().map(|revision| (revision.state, revision.cause)).collect()
}

async fn enrolled(world: &World) {
    world.here.replace_directory(&data(world)).await.unwrap();
    world.here.enrol(&[(cnic(CITIZEN), World::contact())]).await.unwrap();
}

/// Later than any repetition of the same words.
async fn texts(world: &World, text: &str) -> Taken {
    world.clock.advance(limits::SMS_SAME_WITHIN_S + 1);
    world.there.take_sms(World::contact().mobile, text).await.unwrap()
}

/// The code that these words bring.
async fn code(world: &World, text: &str) -> Passcode {
    match texts(world, text).await {
        Taken::Told(Told::Word(Worded::Code(_, code))) => code,
        other => panic!("no code but {other:?}"),
    }
}

/// The words with their code, at once: a code lives no longer than the same words are one message.
async fn with_code(world: &World, text: &str, code: &Passcode) -> Taken {
    let text = format!("{text} {}", code.expose());
    world.there.take_sms(World::contact().mobile, &text).await.unwrap()
}

/// A request of any agency about any citizen, by whatever name the citizen knows it.
pub struct Case<'a> {
    pub id: &'a str,
    pub reference: &'a str,
    pub agency: &'a AgencyId,
    pub subject: SubjectKey,
    pub ping: bool,
    pub ttl_s: i64,
}

impl<'a> Case<'a> {
    fn new(world: &'a World, id: &'a str) -> Self {
        Self { id, reference: "K7Q4", agency: &world.bank, subject: world.subject(), ping: false, ttl_s: 300 }
    }

    /// Submitted; its record.
    pub async fn asked(&self, world: &World, details: &Details) -> ConsentId {
        let token = NotificationToken::parse(TOKEN).unwrap();
        let before = world.here.records_of(self.subject, "", 1_000).await.unwrap();
        let request = NewRequest {
            auth_req_id: self.id,
            reference: self.reference,
            agency: self.agency,
            user: &world.teller,
            subject: self.subject,
            details,
            counter: None,
            screen: None,
            terms: None,
            ttl_s: self.ttl_s,
            ping: self.ping.then_some(&token),
        };
        world.here.submit(&request).await.unwrap();
        let mut after = world.there.records_of(self.subject, "", 1_000).await.unwrap();
        after.retain(|consent| !before.contains(consent));
        after.remove(0)
    }

    async fn sent(&self, world: &World) -> ConsentId {
        let consent = self.asked(world, &world.details(ConsentUse::Standing)).await;
        assert!(world.there.send(self.id, &passcode(PASSCODE), World::contact(), "x").await.unwrap());
        consent
    }

    async fn given(&self, world: &World) -> ConsentId {
        let consent = self.sent(world).await;
        let answer = world.here.offer(self.id, self.agency, &world.teller, &passcode(PASSCODE)).await.unwrap();
        assert_eq!(answer, Some(PasscodeAnswer::Approved));
        consent
    }

    async fn fetched(&self, world: &World) -> ConsentId {
        let consent = self.given(world).await;
        let polled = world.here.poll(self.id, self.agency, CERTIFICATE).await.unwrap();
        assert!(matches!(polled, Some(Polled::Token(_))), "{polled:?}");
        consent
    }
}

/// One of four things that are done, against who paused by the model; the step that it is to make.
async fn pause_or_resume(world: &World, deed: usize, by: &mut Option<Cause>) -> Option<(Standing, Cause)> {
    let step = match (deed, *by) {
        (0, None) => Some((Standing::Paused, Cause::PauseBySms)),
        (1, Some(Cause::PauseBySms)) => Some((Standing::Active, Cause::ResumeBySms)),
        (2, None) => Some((Standing::Paused, Cause::DeathNotice)),
        (3, Some(Cause::DeathNotice)) => Some((Standing::Active, Cause::NoticeWithdrawn)),
        _ => None,
    };
    match (deed, step) {
        (0, _) => {
            let taken = texts(world, "PAUSE K7Q4").await;
            assert_eq!(taken == told(Worded::Paused(k7q4())), step.is_some(), "{taken:?}");
        }
        (1, Some(_)) => {
            let code = code(world, "RESUME K7Q4").await;
            assert_eq!(with_code(world, "RESUME K7Q4", &code).await, told(Worded::Resumed(k7q4())));
        }
        (1, None) => {
            let taken = texts(world, "RESUME K7Q4").await;
            assert!(!matches!(taken, Taken::Told(Told::Word(Worded::Code(..)))), "a code for nothing: {taken:?}");
        }
        (2, _) => {
            assert_eq!(world.here.pause_consents(world.subject()).await.unwrap(), u64::from(step.is_some()));
        }
        _ => assert_eq!(world.there.resume_consents(world.subject()).await.unwrap(), u64::from(step.is_some())),
    }
    if let Some((standing, cause)) = step {
        *by = (standing == Standing::Paused).then_some(cause);
    }
    step
}

pub async fn c36_who_paused_resumes_in_every_order_and_the_record_tells_who(world: &World) {
    enrolled(world).await;
    for order in 0..64 {
        world.clock.advance(limits::SMS_DAY_S);
        let id = format!("order-{order}");
        let consent = Case::new(world, &id).fetched(world).await;
        let (mut expected, mut by) = (vec![ASKED, GIVEN], None);
        for deed in [order % 4, order / 4 % 4, order / 16] {
            expected.extend(pause_or_resume(world, deed, &mut by).await);
            assert_eq!(steps(world, &consent).await, expected, "order {order}");
        }
        assert_eq!(texts(world, "STOP K7Q4").await, Taken::Told(Told::Stopped(k7q4())));
        expected.push(STOPPED);
        assert_eq!(steps(world, &consent).await, expected, "order {order}");
        assert_eq!(world.here.resume_consents(world.subject()).await.unwrap(), 0, "it does not come back");
    }
}

fn url(path: &str) -> Option<NotifyUrl> {
    NotifyUrl::parse(&format!("https://bank.example/{path}")).ok()
}

/// Two agencies that are told of events, and one that is not.
pub async fn three_agencies(world: &World) -> [AgencyId; 3] {
    let mut entries = data(world);
    let ids = [world.bank.clone(), AgencyId::parse("bank-ravi").unwrap(), AgencyId::parse("bank-quiet").unwrap()];
    for id in &ids[1..] {
        entries.agencies.push(Agency { id: id.clone(), ..entries.agencies[0].clone() });
    }
    world.here.replace_directory(&entries).await.unwrap();
    for id in &ids[..2] {
        let notify = Notify::new(DeliveryMode::Ping, url("ping"), url("events")).unwrap();
        world.here.set_agency_notify(id, Some(notify)).await.unwrap();
    }
    ids
}

/// What is due now, taken out by six senders at once: of each row its kind, agency and words. Each is taken by one.
async fn due(world: &World) -> Vec<(Kind, AgencyId, String)> {
    let claimed =
        world.at_once(6, |store, n| async move { store.claim_notifications(&format!("node-{n}"), 5).await.unwrap() });
    let mut all = Vec::new();
    let mut rows = BTreeSet::new();
    for due in claimed.await.into_iter().flatten() {
        assert!(rows.insert(due.id.clone()), "two senders have one row");
        world.here.end_notification(&due.id, NotificationEnd::Taken).await.unwrap();
        all.push((due.kind, due.agency.clone(), due.body.to_string()));
    }
    all
}

pub async fn c32_stop_all_ends_each_once_and_tells_who_knows_its_consent_once(world: &World) {
    let [bank, ravi, quiet] = three_agencies(world).await;
    world.here.enrol(&[(cnic(CITIZEN), World::contact())]).await.unwrap();
    let of = |id, reference, agency| Case { reference, agency, ..Case::new(world, id) };
    let paused = of("paused", "AAAA", &bank).fetched(world).await;
    let unasked = of("unfetched", "BBBB", &bank).given(world).await;
    let other = of("other", "CCCC", &ravi).fetched(world).await;
    let silent = of("silent", "DDDD", &quiet).fetched(world).await;
    let before = of("before", "EEEE", &bank).fetched(world).await;
    assert!(world.here.give_back(before.as_str(), &bank).await.unwrap());
    let mobile = World::contact().mobile;
    assert!(matches!(world.here.take_sms(mobile, "PAUSE AAAA").await.unwrap(), Taken::Told(_)));
    let Taken::Told(Told::Word(Worded::Code(_, code))) = world.here.take_sms(mobile, "STOP ALL").await.unwrap() else {
        panic!("no code")
    };
    let text = format!("STOP ALL {}", code.expose());
    let taken = world.at_once(12, |store, _| {
        let text = text.clone();
        async move { store.take_sms(mobile, &text).await.unwrap() }
    });
    assert_eq!(count(&taken.await, &told(Worded::StoppedAll)), 1);
    for consent in [&paused, &unasked, &other, &silent] {
        let told = steps(world, consent).await;
        assert_eq!((told.last(), count(&told, &STOPPED)), (Some(&STOPPED), 1), "{told:?}");
    }
    assert_eq!(steps(world, &paused).await.len(), 4);
    assert_eq!(steps(world, &before).await.last(), Some(&(Standing::Revoked, Cause::AgencyGaveBack)));
    let due = due(world).await;
    assert_eq!(due.len(), 2, "{due:?}");
    for (agency, consent) in [(&bank, &paused), (&ravi, &other)] {
        let tells = |(kind, to, body): &(Kind, AgencyId, String)| {
            *kind == Kind::Event && to == agency && body.contains(consent.as_str())
        };
        assert_eq!(due.iter().filter(|due| tells(due)).count(), 1, "{due:?}");
    }
    let polled = world.poll("unfetched").await.unwrap();
    assert!(matches!(polled, Polled::Answer(PollAnswer::Denied)), "{polled:?}");
}

pub async fn c45_each_message_that_was_shown_is_committed_to_in_its_order(world: &World) {
    world.here.set_contact(world.subject(), World::contact()).await.unwrap();
    let consent = Case::new(world, "one").asked(world, &world.details(ConsentUse::OneTime)).await;
    // A discreet text names nobody; a passcode may stand in a text twice.
    let shown =
        [("111222", "A private body asks. Code 111222"), ("333444", "333444 K7Q4 333444"), ("555666", "5 555666")];
    assert!(world.here.send("one", &passcode(shown[0].0), World::contact(), shown[0].1).await.unwrap());
    for (digits, text) in &shown[1..] {
        world.clock.advance(limits::RESEND_AFTER_S);
        world.there.resend("one", &world.bank, &world.teller).await.unwrap().unwrap().unwrap();
        assert!(world.there.send_again("one", &passcode(digits), World::contact(), text).await.unwrap());
    }
    assert!(matches!(world.offer("one", "333444").await, Some(PasscodeAnswer::Wrong { .. })));
    assert_eq!(world.offer("one", "555666").await, Some(PasscodeAnswer::Approved));
    let kept = world.here.shown(&consent).await.unwrap();
    let words: Vec<&str> = kept.iter().map(|shown| shown.text.as_str()).collect();
    assert_eq!(words, ["A private body asks. Code ••••••", "•••••• K7Q4 ••••••", "5 ••••••"]);
    let commitments: Vec<String> = kept.iter().map(|shown| shown.commitment().unwrap()).collect();
    assert!(world.here.revoke_consent(&consent).await.unwrap());
    let evidence: Vec<_> = record(world, &consent).await.into_iter().map(|revision| revision.evidence).collect();
    assert_eq!(evidence, [vec![], commitments, vec![]], "with the yes, and with nothing else");
    // What was refused was shown too.
    let refused = Case { reference: "AAAA", ..Case::new(world, "two") }.sent(world).await;
    assert!(world.here.deny("two").await.unwrap());
    let told = record(world, &refused).await;
    assert_eq!(told[1].evidence, [world.here.shown(&refused).await.unwrap()[0].commitment().unwrap()]);
}

pub async fn c45_of_an_erased_citizen_nothing_is_kept_and_the_record_holds(world: &World) {
    world.here.set_contact(world.subject(), World::contact()).await.unwrap();
    let between = Case::new(world, "between").sent(world).await;
    world.here.destroy(world.subject()).await.unwrap();
    world.clock.advance(limits::RESEND_AFTER_S);
    world.there.resend("between", &world.bank, &world.teller).await.unwrap().unwrap().unwrap();
    assert!(world.there.send_again("between", &passcode(PASSCODE), World::contact(), "again").await.unwrap());
    assert_eq!(world.offer("between", PASSCODE).await, Some(PasscodeAnswer::Approved));
    let after = Case { reference: "AAAA", ..Case::new(world, "after") }.given(world).await;
    for (consent, committed) in [(&between, 1), (&after, 0)] {
        let told = record(world, consent).await;
        assert_eq!(told[1].evidence.len(), committed);
        assert!(world.there.shown(consent).await.unwrap().is_empty());
        assert_eq!(steps(world, consent).await, [ASKED, GIVEN]);
    }
}

pub async fn c28_a_ping_is_due_once_whatever_ends_the_request_at_once(world: &World) {
    let [bank, ..] = three_agencies(world).await;
    let mut ends = BTreeSet::new();
    for round in 0..12 {
        let id = format!("round-{round}");
        // Each round another citizen, so that nobody's guesses add up.
        let subject = world.here.subject_key(cnic(&format!("42101123457{:02}", round + 11)));
        let consent = Case { subject, ping: true, ..Case::new(world, &id) }.sent(world).await;
        let raced = world.at_once(4 + round % 5, |store, n| {
            let (id, bank, teller) = (id.clone(), bank.clone(), world.teller.clone());
            async move {
                match (n + round) % 4 {
                    0 => drop(store.deny(&id).await.unwrap()),
                    1 => drop(store.offer(&id, &bank, &teller, &passcode(PASSCODE)).await.unwrap()),
                    2 => drop(store.offer(&id, &bank, &teller, &passcode("000000")).await.unwrap()),
                    _ if round % 2 == 0 => drop(store.cancel(&id, &bank, &teller).await.unwrap()),
                    _ => drop(store.suppress(&id).await.unwrap()),
                }
            }
        });
        raced.await;
        let end = *steps(world, &consent).await.last().unwrap();
        let expected = usize::from(end.1 != Cause::AgencyWithdrew);
        assert_eq!(due(world).await.len(), expected, "round {round} ended {end:?}");
        ends.insert(end.0.as_str());
        world.clock.advance(400);
        assert!(due(world).await.is_empty(), "round {round}: told again when it would have run out");
    }
    assert!(!ends.contains("requested"), "each round something ended it: {ends:?}");
}

pub async fn each_revision_is_claimed_by_one_of_many_nodes(world: &World) {
    let mut all = BTreeSet::new();
    for n in 0..9 {
        let id = format!("one-{n}");
        let consent = Case::new(world, &id).given(world).await;
        all.extend([format!("{consent}@0"), format!("{consent}@1")]);
    }
    let claimed = world.at_once(12, |store, n| async move {
        let store = ConsentRevisions(store);
        let node = format!("node-{n}");
        let waiting = store.waiting(&node, 50).await.unwrap();
        let ids: Vec<String> = waiting.iter().map(|change| change.id.clone()).collect();
        let claimed = store.claim(&ids, &Claim { node, from: 0 }).await.unwrap();
        waiting.into_iter().filter(|change| claimed.contains(&change.id)).map(|change| change.basis.unwrap()).collect()
    });
    let claimed: Vec<Vec<String>> = claimed.await;
    let claimed: Vec<String> = claimed.into_iter().flatten().collect();
    assert_eq!(claimed.len(), all.len(), "none twice");
    assert_eq!(claimed.into_iter().collect::<BTreeSet<_>>(), all);
    let store = ConsentRevisions(Arc::clone(&world.here));
    assert!(store.waiting("node-99", 50).await.unwrap().is_empty());
}

pub async fn c31_c32_uses_a_pause_and_an_end_at_once_leave_nothing_to_use(world: &World) {
    enrolled(world).await;
    let turn = Turn { begins_at: Timestamp::from_micros(0), times: None, ever: Some(5) };
    for round in 0..6 {
        world.clock.advance(limits::SMS_SAME_WITHIN_S + 1);
        let id = format!("round-{round}");
        let bounds = Bounds { uses: Some(5), ..Bounds::default() };
        let consent =
            Case::new(world, &id).asked(world, &Details { bounds, ..world.details(ConsentUse::Standing) }).await;
        assert_eq!(world.approved(&id).await.consent, consent);
        let used = world.at_once(16, |store, n| {
            let (consent, mobile) = (consent.clone(), World::contact().mobile);
            async move {
                match n {
                    2 => drop(store.take_sms(mobile, "PAUSE K7Q4").await.unwrap()),
                    5 => assert_eq!(
                        store.take_sms(mobile, "STOP K7Q4").await.unwrap(),
                        Taken::Told(Told::Stopped(k7q4()))
                    ),
                    _ => return store.use_consent(&consent, turn, &request(&format!("r{n}"))).await.unwrap(),
                }
                Turned::Ended
            }
        });
        assert!(count(&used.await, &Turned::Taken) <= 5, "round {round}");
        for store in [&world.here, &world.there] {
            assert_eq!(store.use_consent(&consent, turn, &request("late")).await.unwrap(), Turned::Ended);
        }
        let told = steps(world, &consent).await;
        let paused = [ASKED, GIVEN, (Standing::Paused, Cause::PauseBySms), STOPPED];
        assert!(told == paused || told == [ASKED, GIVEN, STOPPED], "round {round}: {told:?}");
    }
}

pub async fn c40_words_from_a_shared_number_touch_only_who_is_meant(world: &World) {
    enrolled(world).await;
    world.here.enrol(&[(cnic(SISTER), World::contact())]).await.unwrap();
    let sister = world.here.subject_key(cnic(SISTER));
    let hers = Case { reference: "S1ST", subject: sister, ..Case::new(world, "hers") }.fetched(world).await;
    let his = Case::new(world, "his").fetched(world).await;
    assert_eq!(texts(world, "PAUSE K7Q4").await, told(Worded::Paused(k7q4())));
    let code = code(world, "RESUME K7Q4").await;
    let of_hers = with_code(world, "RESUME S1ST", &code).await;
    assert_eq!(of_hers, told(Worded::WrongCode), "a code is of one consent");
    assert_eq!(with_code(world, "RESUME K7Q4", &code).await, told(Worded::Resumed(k7q4())));
    assert_eq!(texts(world, "BLOCK K7Q4").await, told(Worded::Blocked));
    assert_eq!(texts(world, "STOP K7Q4").await, Taken::Told(Told::Stopped(k7q4())));
    Case { reference: "AAAA", ..Case::new(world, "asked again") }.sent(world).await;
    let refused = world.here.take_sms(World::contact().mobile, "NO AAAA").await.unwrap();
    assert_eq!(refused, Taken::Told(Told::Refused(Reference::parse("AAAA").unwrap())));
    assert_eq!(steps(world, &hers).await, [ASKED, GIVEN]);
    assert_eq!(steps(world, &his).await.len(), 5);
    assert!(world.here.blocks(world.subject(), &world.bank).await.unwrap());
    assert!(!world.here.blocks(sister, &world.bank).await.unwrap());
    let lists = async |digits: &str| match texts(world, &format!("CONSENTS {digits}")).await {
        Taken::Told(Told::Word(Worded::Consents { lines, .. })) => lines.len(),
        other => panic!("no list but {other:?}"),
    };
    assert_eq!((lists("5671").await, lists("5682").await), (0, 1));
}
