//! A database that is locked, closed or lost: whoever must write is told soon, whoever reads is served if there is
//! anything to read, and nothing is half done.

use std::time::Duration;

use adapters::sql::{
    Database, SqlError,
    control::{Begun, IdempotencyScope, Polled},
};
use exchange::{
    cnic::Cnic,
    consent::{
        ConsentUse,
        machine::{PasscodeAnswer, PollAnswer},
    },
    ids::ServiceId,
    ports::{
        citizen_keys::CitizenKeys as _, consent_tokens::ConsentTokens as _, directory_source::DirectorySource as _,
    },
};

use crate::world::{CERTIFICATE, PASSCODE, World, passcode, request};

/// Longer than any answer of a locked store may take: a wait for one's turn and one for the lock.
const SOON: Duration = Duration::from_millis(3_500);

async fn soon<T>(what: &str, answer: impl Future<Output = T>) -> T {
    tokio::time::timeout(SOON, answer).await.unwrap_or_else(|_| panic!("{what}: no answer within {SOON:?}"))
}

#[expect(clippy::needless_pass_by_value, reason = "the caller is done with it")]
fn is_unavailable<T>(answer: Result<T, SqlError>) -> bool {
    matches!(answer, Err(SqlError::Unavailable(_)))
}

/// Locks everything that is written below until the guard goes.
async fn lock(world: &World) -> adapters::sql::Work {
    world.here.database().begin().await.unwrap()
}

pub async fn a_locked_store_says_so_soon_and_serves_readers(world: &World) {
    if world.url.starts_with("postgres") {
        // There rows are locked and not files: the next test holds them.
        return;
    }
    let standing = world.token("one", ConsentUse::Standing).await.access_token;
    let once = world.token("two", ConsentUse::OneTime).await.access_token;
    world.sent("three", ConsentUse::OneTime).await;
    let (subject, stranger) = (world.subject(), world.here.subject_key(Cnic::parse("4210112345672").unwrap()));
    world.here.key(subject).await.unwrap();
    let service = ServiceId::parse("consent.authorize").unwrap();
    let scope = IdempotencyScope { agency: &world.bank, user: None, service: &service, key: "k" };
    let (code, holder) = (passcode(PASSCODE), request("r"));
    let held = lock(world).await;
    // The other store is another process: it waits for the file's lock. All ask at once, so most wait for their turn.
    let store = &world.there;
    let writers = async {
        tokio::join!(
            async { is_unavailable(store.submit(&new(world)).await) },
            async { is_unavailable(store.offer("three", &world.bank, &world.teller, &code).await) },
            async { is_unavailable(store.poll("three", &world.bank, CERTIFICATE).await) },
            async { is_unavailable(store.set_contact(subject, World::contact()).await) },
            async { is_unavailable(store.begin(scope, &[1; 32]).await) },
            async { is_unavailable(store.pause_consents(subject).await) },
            async { store.consume(&once, &holder).await.is_err() },
            async { store.key(stranger).await.is_err() },
            async { store.destroy(subject).await.is_err() },
        )
    };
    let readers = async {
        assert!(store.find(&standing, CERTIFICATE).await.unwrap().is_some());
        assert!(store.consume(&standing, &holder).await.unwrap(), "a standing consent is used without writing");
        assert!(store.key(subject).await.unwrap().is_some());
        assert_eq!(store.outbox(9).await.unwrap().len(), 3);
        store.generation().await.unwrap();
        store.read().await.unwrap();
    };
    let (refused, ()) = soon("writers and readers", Box::pin(async { tokio::join!(writers, readers) })).await;
    assert_eq!(refused, (true, true, true, true, true, true, true, true, true));
    drop(held);
    // Nothing was half done: no try was counted, no consent paused, no key destroyed.
    assert_eq!(world.offer("three", PASSCODE).await, Some(PasscodeAnswer::Approved));
    assert!(world.there.consume(&once, &holder).await.unwrap());
    assert!(world.there.key(subject).await.unwrap().is_some());
    assert!(matches!(world.there.begin(scope, &[1; 32]).await.unwrap(), Begun::Fresh(_)));
    assert!(world.there.find(&standing, CERTIFICATE).await.unwrap().unwrap().active);
}

fn new(world: &World) -> adapters::sql::control::NewRequest<'_> {
    static DETAILS: std::sync::OnceLock<exchange::consent::details::Details> = std::sync::OnceLock::new();
    adapters::sql::control::NewRequest {
        auth_req_id: "new",
        reference: "K7Q4",
        agency: &world.bank,
        user: &world.teller,
        subject: world.subject(),
        details: DETAILS.get_or_init(|| world.details(ConsentUse::OneTime)),
        counter: None,
        screen: None,
        terms: None,
        ttl_s: 300,
        ping: None,
    }
}

pub async fn readers_find_a_connection_however_many_wait_to_write(world: &World) {
    let standing = world.token("one", ConsentUse::Standing).await.access_token;
    let held = lock(world).await;
    let subjects: Vec<_> =
        (0..40).map(|n| world.there.subject_key(Cnic::from_u64(4_210_112_380_000 + n).unwrap())).collect();
    let waiting: Vec<_> = subjects
        .into_iter()
        .map(|subject| {
            let store = world.there.clone();
            tokio::spawn(async move { store.key(subject).await.map(drop) })
        })
        .collect();
    for _ in 0..20 {
        let found = tokio::time::timeout(Duration::from_millis(900), world.there.find(&standing, CERTIFICATE)).await;
        assert!(found.unwrap().unwrap().is_some(), "a reader waits for no writer");
    }
    drop(held);
    for waiting in waiting {
        // Each was served or refused; none hangs.
        let _ = soon("a writer", waiting).await.unwrap();
    }
}

pub async fn a_closed_store_answers_nothing(world: &World) {
    let token = world.token("one", ConsentUse::Standing).await.access_token;
    let store = world.open([1, 2, 3]).await.unwrap();
    store.database().close().await;
    let subject = world.subject();
    store.find(&token, CERTIFICATE).await.unwrap_err();
    store.consume(&token, &request("r")).await.unwrap_err();
    store.generation().await.unwrap_err();
    store.key(subject).await.unwrap_err();
    assert!(is_unavailable(store.healthy().await));
    assert!(is_unavailable(store.contact(subject).await));
    assert!(is_unavailable(store.set_contact(subject, World::contact()).await));
    assert!(is_unavailable(store.outbox(1).await));
    assert!(is_unavailable(store.submit(&new(world)).await));
    assert!(is_unavailable(store.poll("one", &world.bank, CERTIFICATE).await));
    assert!(world.there.find(&token, CERTIFICATE).await.unwrap().is_some(), "the others go on");
}

/// Work that its holder drops is undone, and lets the next in.
pub async fn work_that_is_dropped_leaves_no_lock_and_no_trace(world: &World) {
    for _ in 0..40 {
        drop(lock(world).await);
    }
    world.sent("one", ConsentUse::OneTime).await;
    // A host that stands still between two steps can carry an offer to its end within one look, over a file or a socket: what
    // the offer would write is held by another, on SQLite the file and on PostgreSQL the row.
    let mut held = lock(world).await;
    assert_eq!(held.run("UPDATE auth_request SET tries = tries").await.unwrap(), 1);
    for store in [&world.here, &world.there] {
        // A caller goes away in the midst of its offer.
        let (code, bank, teller) = (passcode("000000"), world.bank.clone(), world.teller.clone());
        let mut offering = Box::pin(store.offer("one", &bank, &teller, &code));
        for _ in 0..50 {
            let step = std::future::poll_fn(|cx| std::task::Poll::Ready(offering.as_mut().poll(cx)));
            match step.await {
                std::task::Poll::Pending => tokio::task::yield_now().await,
                std::task::Poll::Ready(answer) => {
                    assert!(is_unavailable(answer), "an offer passed a lock");
                    break;
                }
            }
        }
    }
    drop(held);
    assert_eq!(world.offer("one", "000000").await, Some(PasscodeAnswer::Wrong { tries_left: 2 }));
    assert!(matches!(world.poll("one").await, Some(Polled::Answer(PollAnswer::Pending))));
}

pub async fn a_table_that_is_gone_is_an_error_and_no_answer(world: &World) {
    let token = world.token("one", ConsentUse::OneTime).await.access_token;
    world.meddle("DROP TABLE token").await.unwrap();
    world.here.find(&token, CERTIFICATE).await.unwrap_err();
    world.here.consume(&token, &request("r")).await.unwrap_err();
    world.here.restore(&token, &request("r")).await.unwrap_err();
    world.sent("two", ConsentUse::OneTime).await;
    assert_eq!(world.offer("two", PASSCODE).await, Some(PasscodeAnswer::Approved));
    // The token cannot be kept, so the request must not say that it was handed out.
    assert!(world.here.poll("two", &world.bank, CERTIFICATE).await.is_err());
    let table = "CREATE TABLE token (hash TEXT PRIMARY KEY, consent TEXT NOT NULL UNIQUE REFERENCES consent (id), \
                 certificate TEXT NOT NULL, expires_at BIGINT NOT NULL, used_by TEXT, used_at BIGINT)";
    world.meddle(table).await.unwrap();
    assert!(matches!(world.poll("two").await, Some(Polled::Token(_))), "the yes was lost with the failure");
}

/// A store that was opened over a database which somebody else takes away.
pub async fn a_schema_that_is_gone_stops_the_start(world: &World) {
    world.meddle("DELETE FROM schema_version WHERE component = 'control'").await.unwrap();
    // The tables are there without their version: making them again fails, and nothing is made over.
    assert!(world.open([1, 2, 3]).await.is_err());
    world.here.healthy().await.unwrap();
    let other = Database::open(&world.url, "control").await.unwrap();
    let versions = other.schema_versions().await.unwrap();
    assert!(versions.iter().all(|(component, _)| component != "control"), "{versions:?}");
    other.close().await;
}
