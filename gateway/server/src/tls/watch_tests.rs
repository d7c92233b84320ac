//! Files that change under a running process: a good one is in force after one look, a bad one is told of once.

use std::{io, sync::Mutex};

use tracing_subscriber::fmt::MakeWriter;

use super::*;
use crate::pki::{facts, testing::Fixture};

/// What was logged while a test ran.
#[derive(Clone, Default)]
struct Said(Arc<Mutex<Vec<u8>>>);

impl Said {
    fn lines(&self) -> Vec<String> {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap().lines().map(str::to_owned).collect()
    }
}

impl io::Write for Said {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'w> MakeWriter<'w> for Said {
    type Writer = Self;

    fn make_writer(&'w self) -> Self {
        self.clone()
    }
}

/// Runs with a log of its own.
fn listening<T>(run: impl FnOnce(&Said) -> T) -> T {
    let said = Said::default();
    let subscriber = tracing_subscriber::fmt().with_writer(said.clone()).with_ansi(false).finish();
    tracing::subscriber::with_default(subscriber, || run(&said))
}

/// The development PKI's own files, watched.
struct Watching {
    fixture: Fixture,
    trust: Arc<TrustState>,
    certificate: Arc<ServerCertificate>,
    watcher: Watcher,
}

impl Watching {
    fn new() -> Self {
        let fixture = Fixture::new();
        let path = |name: &str| fixture.folder.path().join(name);
        let trust_files =
            TrustFiles { roots: path("client-ca.pem"), lists: vec![path("client-ca.crl"), path("second.crl")] };
        let files = CertificateFiles { chain: path("server.pem"), key: path("server.key") };
        let (trust, certificate) = (trust_files.load().unwrap(), files.load().unwrap());
        let watcher =
            Watcher::new().certificate(files, Arc::clone(&certificate)).trust(trust_files, Arc::clone(&trust));
        Self { fixture, trust, certificate, watcher }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.fixture.folder.path().join(name)
    }

    /// Looks once; returns what it did as (reloads, failures).
    fn tick(&mut self) -> (u64, u64) {
        let counts = |counters: &WatchCounters| {
            (counters.reloads.load(Ordering::Relaxed), counters.failures.load(Ordering::Relaxed))
        };
        let counters = self.watcher.counters();
        let before = counts(&counters);
        self.watcher.tick();
        let after = counts(&counters);
        (after.0 - before.0, after.1 - before.1)
    }

    fn revoke(&self) -> String {
        let serial = facts(&self.fixture.client()).unwrap().serial;
        self.fixture.authorities.client.revoke(&serial, &self.fixture.clock).unwrap();
        serial
    }
}

#[test]
fn what_changed_between_loading_and_the_first_look_is_not_missed() {
    let mut watching = Watching::new();
    let serial = watching.revoke();
    assert!(!watching.trust.is_revoked(&serial));
    assert_eq!(watching.tick(), (2, 0));
    assert!(watching.trust.is_revoked(&serial));
    assert_eq!(watching.tick(), (0, 0), "nothing changed since");
}

#[test]
fn each_change_is_put_in_force_once() {
    let mut watching = Watching::new();
    watching.tick();
    let first = watching.revoke();
    assert_eq!(watching.tick(), (1, 0));
    let second = watching.revoke();
    assert_eq!(watching.tick(), (1, 0));
    assert_eq!(watching.tick(), (0, 0));
    assert!(watching.trust.is_revoked(&first) && watching.trust.is_revoked(&second));
    let issued = {
        let ca = &watching.fixture.authorities;
        ca.new_server(&["other.example".to_owned()], 30, watching.fixture.world()).unwrap()
    };
    assert_eq!(watching.tick(), (1, 0));
    assert!(issued.contains("BEGIN CERTIFICATE"));
}

#[test]
fn a_second_list_that_appears_is_read_beside_the_first() {
    let mut watching = Watching::new();
    watching.tick();
    let serial = facts(&watching.fixture.client()).unwrap().serial;
    let other = watching.fixture.authorities.internal.revoke(&serial, &watching.fixture.clock).unwrap();
    fs::write(watching.path("second.crl"), &other).unwrap();
    assert_eq!(watching.tick(), (1, 0));
    assert!(watching.trust.is_revoked(&serial));
    fs::remove_file(watching.path("second.crl")).unwrap();
    assert_eq!(watching.tick(), (1, 0), "its authority is none of ours, so it may go again");
    assert!(!watching.trust.is_revoked(&serial));
}

#[test]
fn a_bad_file_is_told_of_once_for_each_state_and_the_last_good_stays() {
    listening(|said| {
        let mut watching = Watching::new();
        let serial = watching.revoke();
        assert_eq!(watching.tick(), (2, 0));
        assert_eq!(said.lines(), Vec::<String>::new(), "a good file is not worth a line");
        let good = fs::read(watching.path("client-ca.crl")).unwrap();
        fs::write(watching.path("client-ca.crl"), &good[..good.len() / 2]).unwrap();
        for _ in 0..5 {
            assert_eq!(watching.tick(), (0, 1), "each look is counted");
        }
        assert_eq!(said.lines().len(), 1, "{:?}", said.lines());
        assert!(said.lines()[0].contains("certificate revocation list is missing or malformed"), "{:?}", said.lines());
        assert!(watching.trust.is_revoked(&serial));
        fs::write(watching.path("client-ca.crl"), b"still broken").unwrap();
        watching.tick();
        watching.tick();
        let now = said.lines().len();
        fs::write(watching.path("client-ca.crl"), &good).unwrap();
        assert_eq!(watching.tick(), (1, 0), "and it recovers by itself");
        assert_eq!((watching.tick(), said.lines().len()), ((0, 0), now));
        assert!(watching.trust.is_revoked(&serial));
    });
}

#[test]
fn the_same_fault_after_a_good_file_is_told_of_again() {
    listening(|said| {
        let mut watching = Watching::new();
        watching.tick();
        let good = fs::read_to_string(watching.path("client-ca.pem")).unwrap();
        for round in 1..=3 {
            fs::write(watching.path("client-ca.pem"), "").unwrap();
            watching.tick();
            watching.tick();
            assert_eq!(said.lines().len(), round);
            fs::write(watching.path("client-ca.pem"), &good).unwrap();
            assert_eq!(watching.tick(), (1, 0));
        }
    });
}

#[test]
fn a_missing_file_is_named_with_what_the_host_said_and_nothing_of_its_content() {
    listening(|said| {
        let mut watching = Watching::new();
        watching.tick();
        let before = fs::read_to_string(watching.path("server.key")).unwrap();
        fs::remove_file(watching.path("server.key")).unwrap();
        assert_eq!(watching.tick(), (0, 1));
        let line = said.lines().pop().unwrap();
        assert!(line.contains("server.key cannot be read: entity not found"), "{line}");
        assert!(line.contains("the last good ones stay"), "{line}");
        let secret = before.lines().nth(1).unwrap();
        assert!(!line.contains(secret));
        fs::write(watching.path("server.key"), before).unwrap();
        assert_eq!(watching.tick(), (1, 0));
    });
}

#[test]
fn a_fault_of_one_thing_does_not_hold_up_another() {
    let mut watching = Watching::new();
    watching.tick();
    fs::write(watching.path("server.pem"), "broken").unwrap();
    let serial = watching.revoke();
    assert_eq!(watching.tick(), (1, 1));
    assert!(watching.trust.is_revoked(&serial));
}

#[test]
fn a_chain_without_its_key_waits_for_the_key() {
    let mut watching = Watching::new();
    watching.tick();
    let other = Fixture::new();
    let copy =
        |name: &str| fs::copy(other.folder.path().join(name), watching.fixture.folder.path().join(name)).unwrap();
    let shown = |certificate: &ServerCertificate| format!("{certificate:?}");
    let before = shown(&watching.certificate);
    copy("server.pem");
    let (path, wanted) = (watching.path("server.key"), other.folder.path().join("server.key"));
    assert_eq!(watching.tick(), (0, 1));
    assert_eq!(shown(&watching.certificate), before);
    fs::copy(wanted, path).unwrap();
    assert_eq!(watching.tick(), (1, 0));
    assert_ne!(shown(&watching.certificate), before);
}

#[test]
fn a_list_that_goes_away_or_back_is_a_fault_and_not_an_amnesty() {
    listening(|said| {
        let mut watching = Watching::new();
        let old = fs::read(watching.path("client-ca.crl")).unwrap();
        let serial = watching.revoke();
        watching.tick();
        fs::remove_file(watching.path("client-ca.crl")).unwrap();
        assert_eq!(watching.tick(), (0, 1));
        fs::write(watching.path("client-ca.crl"), old).unwrap();
        assert_eq!(watching.tick(), (0, 1));
        assert!(watching.trust.is_revoked(&serial));
        assert_eq!(said.lines().iter().filter(|line| line.contains("older than the one in force")).count(), 2);
        watching.fixture.authorities.client.crl_pem(&watching.fixture.clock).unwrap();
        assert_eq!(watching.tick(), (1, 0));
    });
}

#[test]
fn files_are_named_when_they_cannot_be_loaded_at_the_start() {
    let fixture = Fixture::new();
    let path = |name: &str| fixture.folder.path().join(name);
    let nowhere = TrustFiles { roots: path("nowhere.pem"), lists: Vec::new() }.load().map(drop).unwrap_err();
    assert!(matches!(&nowhere, TlsError::Unreadable { path, .. } if path.ends_with("nowhere.pem")), "{nowhere}");
    let folder = TrustFiles { roots: path("client-ca.pem"), lists: vec![fixture.folder.path().to_owned()] };
    assert!(matches!(folder.load(), Err(TlsError::Unreadable { .. })), "a folder is no list");
    let no_list = TrustFiles { roots: path("client-ca.pem"), lists: vec![path("nowhere.crl")] };
    assert_eq!(no_list.load().unwrap().revoked_count(), 0, "a list that does not exist yet is no list");
    let no_key = CertificateFiles { chain: path("server.pem"), key: path("nowhere.key") };
    assert!(matches!(no_key.load(), Err(TlsError::Unreadable { path, .. }) if path.ends_with("nowhere.key")));
}

#[tokio::test(start_paused = true)]
async fn the_watch_looks_four_times_a_second_until_it_is_stopped() {
    let mut watching = Watching::new();
    let counters = watching.watcher.counters();
    let (stop, stopped) = watch::channel(false);
    let running = tokio::spawn(std::mem::take(&mut watching.watcher).run(stopped));
    let reloads = || counters.reloads.load(Ordering::Relaxed);
    tokio::time::timeout(TICK, std::future::pending::<()>()).await.unwrap_err();
    assert_eq!(reloads(), 2);
    let mut worst = Duration::ZERO;
    for _ in 0..4 {
        let (serial, changed) = (watching.revoke(), tokio::time::Instant::now());
        while !watching.trust.is_revoked(&serial) {
            tokio::time::advance(Duration::from_millis(10)).await;
            tokio::task::yield_now().await;
        }
        worst = worst.max(changed.elapsed());
    }
    assert!(worst <= TICK + Duration::from_millis(20), "in force after {worst:?}");
    stop.send_replace(true);
    running.await.unwrap();
    let before = reloads();
    watching.revoke();
    tokio::time::advance(TICK * 4).await;
    assert_eq!(reloads(), before, "nobody looks any more");
}

#[tokio::test(start_paused = true)]
async fn a_watch_ends_with_whoever_could_stop_it() {
    let (stop, stopped) = watch::channel(false);
    let running = tokio::spawn(Watcher::new().run(stopped));
    tokio::time::advance(TICK * 3).await;
    assert!(!running.is_finished());
    drop(stop);
    running.await.unwrap();
}
