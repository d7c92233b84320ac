//! An agency asks with `ijazat client`, keeps what it is given, and judges its bill by that: nothing of ours is believed but
//! public keys.

use std::{
    fs,
    net::SocketAddr,
    path::PathBuf,
    process::{Output, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use exchange::{month::Month, ports::clock::Clock as _};
use gateway::demo::{client::Call, stage::Stage};
use serde_json::{Value, json};
use tests::process::Process;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, copy},
    net::{TcpListener, TcpStream},
    process::Command,
};

use crate::installation::{BINARY, Installation};

const PURPOSE: &str = "NSER-201";
const HOUSEHOLD: &str = "/v1/nser/household";

/// BISP's desk: a folder with what it was given, and the binary.
struct Desk<'i> {
    installation: &'i Installation,
    server: SocketAddr,
}

impl<'i> Desk<'i> {
    fn new(installation: &'i Installation, gateway: &Process) -> Self {
        Self { installation, server: gateway.address("agencies").unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.installation.config.node.state_dir.join(name)
    }

    /// Lines of a file.
    fn lines(&self, name: &str) -> Vec<String> {
        fs::read_to_string(self.path(name)).unwrap().lines().map(ToOwned::to_owned).collect()
    }

    async fn run(&self, typed: &[&str]) -> Output {
        let mut command = Command::new(BINARY);
        command.args(typed).current_dir(self.path("")).stdin(Stdio::null());
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("IJAZAT")) {
            command.env_remove(name);
        }
        command.output().await.unwrap()
    }

    /// Runs what must succeed; gives what it printed, and what it told.
    async fn done(&self, typed: &[&str]) -> (String, String) {
        let output = self.run(typed).await;
        let (printed, told) = (text(&output.stdout), text(&output.stderr));
        assert!(output.status.success(), "{typed:?}: {printed}{told}");
        (printed, told)
    }

    /// As BISP, before a server.
    async fn as_bisp(&self, server: SocketAddr, typed: &[&str]) -> Output {
        let server = format!("https://localhost:{}", server.port());
        let credential = ["--cert", "certs/bisp.pem", "--key", "certs/bisp.key", "--ca", "pki/server-ca.pem"];
        self.run(&[&["client"], typed, &credential, &["--server", &server]].concat()).await
    }

    /// Asks for a household through a server, which is the gateway or somebody between.
    async fn household(&self, server: SocketAddr, more: &[&str]) -> Output {
        let body = json!({ "cnic": self.installation.head().digits() }).to_string();
        let call = ["call", "POST", HOUSEHOLD, "--json", &body, "--receipts", "receipts.txt"];
        let headers = ["--header", "Ijazat-User: standard-1", "--header", "Ijazat-Purpose: NSER-201"];
        self.as_bisp(server, &[&call[..], &headers, &["--header", "Ijazat-Basis: prog-kafalat"], more].concat()).await
    }

    /// The statement of what this month has so far, as a folder.
    async fn statement(&self, name: &str) {
        let month = Month::of(adapters::clock::SystemClock.now()).unwrap().to_string();
        let state = self.path("").display().to_string();
        let issue =
            ["bill", "issue", "--month", &month, "--agency", "bisp", "--so-far", "--out", name, "--state", &state];
        self.done(&issue).await;
    }

    /// The operator's public keys, as an agency has them from its first day.
    async fn keys(&self) {
        let state = self.path("").display().to_string();
        let (keys, _) = self.done(&["bill", "keys", "--state", &state]).await;
        fs::write(self.path("keys.txt"), keys).unwrap();
    }

    async fn evidence(&self, more: &[&str]) -> Output {
        let typed = ["evidence", "--receipts", "receipts.txt", "--leaves", "mine.ndjson", "--keys", "keys.txt"];
        self.as_bisp(self.server, &[&typed[..], more].concat()).await
    }

    async fn check(&self, statement: &str) -> Output {
        let typed = ["client", "check", statement, "--receipts", "receipts.txt", "--leaves", "mine.ndjson"];
        self.run(&[&typed[..], &["--keys", "keys.txt"]].concat()).await
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// What must have succeeded: printed and told.
fn both(output: &Output) -> (String, String) {
    let (printed, told) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{printed}{told}");
    (printed, told)
}

/// The complete export, which a Power officer signs.
async fn export(desk: &Desk<'_>, stage: &Stage) -> Output {
    let call = Call::json("/v1/nser/export", &json!({ "fields": ["nser.id", "nser.pmt"] }))
        .with("ijazat-purpose", PURPOSE)
        .with("ijazat-basis", "prog-kafalat, appr-export");
    let assertion = format!("Ijazat-User-Assertion: {}", stage.assertion("power-1", &call).unwrap());
    let body = text(&call.body);
    let typed = ["call", "POST", "/v1/nser/export", "--json", &body, "--receipts", "receipts.txt"];
    let basis = ["--header", "Ijazat-Basis: prog-kafalat, appr-export", "--header", "Ijazat-Purpose: NSER-201"];
    let user = ["--header", "Ijazat-User: power-1", "--header", &assertion];
    desk.as_bisp(desk.server, &[&typed[..], &basis, &user].concat()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn b24_an_agency_keeps_receipts_and_proofs_and_finds_what_its_bill_has_wrong() {
    let installation = Installation::new().await;
    let gateway = installation.serve.start().await.unwrap();
    let stage = installation.stage(&gateway).await;
    let desk = Desk::new(&installation, &gateway);

    let (answer, told) = both(&desk.household(desk.server, &[]).await);
    assert!(answer.contains("\"household\"") && told.contains("; receipt kept in receipts.txt"), "{answer}{told}");
    let (dry, _) = both(&desk.household(desk.server, &["--dry-run"]).await);
    assert!(dry.contains("\"price\"") && !dry.contains("\"household\""), "{dry}");
    let refused = desk.household(desk.server, &["--header", "Ijazat-Purpose: NOBODY-1"]).await;
    let document: Value = serde_json::from_slice(&refused.stdout).unwrap();
    assert_eq!((refused.status.code(), document["status"].as_u64()), (Some(1), Some(400)), "{document}");
    let (rows, told) = both(&export(&desk, &stage).await);
    let parts = rows.lines().filter(|line| line.contains("\"part\":")).count();
    assert!(parts > 1 && rows.trim_end().lines().last().unwrap().contains("\"final\":true"), "{rows}");
    assert!(told.contains(" rows; receipts kept in receipts.txt"), "{told}");
    // The first part's receipt is the header's.
    let receipts = desk.lines("receipts.txt");
    assert_eq!(receipts.iter().filter(|line| line.starts_with('{')).count(), parts, "{receipts:#?}");

    // What is proved stands under a signed checkpoint, and so in every statement from then on.
    desk.keys().await;
    let (told, _) = both(&desk.evidence(&[]).await);
    desk.statement("so-far").await;
    assert!(told.contains(" entries fetched and proved, 0 were there"), "{told}");
    assert_eq!(desk.lines("mine.ndjson").len(), receipts.len());
    let (told, _) = both(&desk.check("so-far").await);
    assert!(told.ends_with("── OK: it is what your own receipts and proofs say\n"), "{told}");

    // Fetched once, torn by a power cut, fetched again.
    let mine = fs::read_to_string(desk.path("mine.ndjson")).unwrap();
    fs::write(desk.path("mine.ndjson"), mine.get(..mine.len() - 100).unwrap()).unwrap();
    let (told, _) = both(&desk.evidence(&[]).await);
    assert!(told.contains(&format!(" 1 entries fetched and proved, {} were there", receipts.len() - 1)), "{told}");

    // A receipt less: the statement has an entry that the agency knows nothing of.
    fs::write(desk.path("receipts.txt"), receipts[1..].join("\n")).unwrap();
    let judged = desk.check("so-far").await;
    let (printed, told) = (text(&judged.stdout), text(&judged.stderr));
    assert_eq!(judged.status.code(), Some(1), "{printed}{told}");
    assert!(printed.contains("\nextra ") && told.contains("do not pay so-far/statement.note yet"), "{printed}{told}");
    gateway.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn b24_an_answer_that_is_lost_on_its_way_is_asked_for_again_and_charged_once() {
    let installation = Installation::new().await;
    let gateway = installation.serve.start().await.unwrap();
    let desk = Desk::new(&installation, &gateway);
    let between = lossy(desk.server).await;
    let (answer, told) = both(&desk.household(between, &[]).await);
    assert!(answer.contains("\"household\"") && told.contains("; asking again"), "{answer}{told}");
    let receipts = desk.lines("receipts.txt");
    assert!(receipts.len() == 1 && receipts[0].contains(";replay-of="), "{receipts:?}");

    desk.keys().await;
    both(&desk.evidence(&[]).await);
    desk.statement("so-far").await;
    let issued = fs::read_to_string(desk.path("so-far/leaves.ndjson")).unwrap();
    assert_eq!(issued.lines().count(), 1, "charged once");
    let (told, _) = both(&desk.evidence(&["--statement", "so-far/statement.note"]).await);
    assert!(
        told.contains(" 0 entries fetched and proved, 2 were there"),
        "the first answer's and its repetition's: {told}"
    );
    let (told, _) = both(&desk.check("so-far").await);
    assert!(told.ends_with("── OK: it is what your own receipts and proofs say\n"), "{told}");
    gateway.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_proved_or_is_anothers_is_not_kept() {
    let installation = Installation::new().await;
    let gateway = installation.serve.start().await.unwrap();
    let desk = Desk::new(&installation, &gateway);
    both(&desk.household(desk.server, &[]).await);
    desk.keys().await;
    let mine = desk.lines("receipts.txt").remove(0);
    let (origin, _) = mine.trim_start_matches('"').rsplit_once('/').unwrap();
    let receipt =
        |origin: &str, index: u64| format!("\"{origin}/{index}\";rows=1;amount-milli-paisa=5;rate=\"none\"\n");
    // The first entry is nobody's, the second is of a log that this server does not have.
    fs::write(desk.path("receipts.txt"), [receipt(origin, 90_000), receipt("elsewhere.example/node-9", 0)].concat())
        .unwrap();
    let output = desk.evidence(&[]).await;
    let (printed, told) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(1), "{printed}{told}");
    assert!(printed.contains("/90000: the exchange has no such entry of yours here"), "{printed}");
    assert!(told.contains("2 entries could not be had"), "{told}");
    assert_eq!(desk.lines("mine.ndjson").len(), 0);

    // A key that is not the log's: what is fetched is not believed.
    fs::write(desk.path("receipts.txt"), format!("{mine}\n")).unwrap();
    let stranger = exchange::log::note::NoteSigner::from_seed(origin, &[5; 32]).unwrap().verifier().to_vkey();
    let keys = desk.lines("keys.txt");
    fs::write(desk.path("keys.txt"), format!("{}\nlog {stranger}\n", keys[0])).unwrap();
    let output = desk.evidence(&[]).await;
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stdout).contains(": its proof does not hold: "), "{}", text(&output.stdout));
    assert_eq!(desk.lines("mine.ndjson").len(), 0);
    gateway.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_that_are_not_accepted_are_told_at_once_and_nothing_is_asked() {
    let installation = Installation::new().await;
    let gateway = installation.serve.start().await.unwrap();
    let desk = Desk::new(&installation, &gateway);
    let server = format!("https://localhost:{}", desk.server.port());
    let ask = async |ca: &str, cert: &str, key: &str| {
        let call = ["client", "call", "GET", "/v1/self/whoami", "--server", &server];
        desk.run(&[&call[..], &["--ca", ca, "--cert", cert, "--key", key]].concat()).await
    };
    // The server's certificate by another authority than ours; ours by another than the server's.
    for (ca, cert, key) in [
        ("pki/internal-ca.pem", "certs/bisp.pem", "certs/bisp.key"),
        ("pki/server-ca.pem", "pki/internal.pem", "pki/internal.key"),
    ] {
        let output = ask(ca, cert, key).await;
        let told = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{told}");
        assert!(told.contains("the certificates are not accepted"), "{told}");
        assert!(!told.contains("asking again"), "{told}");
    }
    assert_eq!(desk.lines("receipts.txt").len(), 0);
    gateway.stop().await.unwrap();
}

/// Stands between a client and the gateway, and loses the answer of the first request it sees.
async fn lossy(gateway: SocketAddr) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let lost = Arc::new(AtomicBool::new(false));
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let server = TcpStream::connect(gateway).await.unwrap();
            tokio::spawn(carry(client, server, Arc::clone(&lost)));
        }
    });
    address
}

/// Carries a connection. The first one is cut towards its client as soon as its request is through; the gateway answers into
/// nothing.
async fn carry(mut client: TcpStream, mut server: TcpStream, lost: Arc<AtomicBool>) {
    let (mut from_client, mut to_client) = client.split();
    let (mut from_server, mut to_server) = server.split();
    if lost.swap(true, Ordering::SeqCst) {
        let _ = tokio::join!(copy(&mut from_client, &mut to_server), copy(&mut from_server, &mut to_client));
        return;
    }
    let (mut bytes, mut heard, mut sent) = (vec![0; 65_536], vec![0; 65_536], Vec::new());
    // However the network cuts and joins what is sent: the first record of data is the end of the handshake, the second asks.
    while data_records(&sent) < 2 {
        tokio::select! {
            read = from_client.read(&mut bytes) => match read {
                Ok(length @ 1..) => {
                    sent.extend_from_slice(&bytes[..length]);
                    to_server.write_all(&bytes[..length]).await.unwrap();
                }
                _ => break,
            },
            read = from_server.read(&mut heard) => match read {
                Ok(length @ 1..) => to_client.write_all(&heard[..length]).await.unwrap(),
                _ => break,
            },
        }
    }
    to_client.shutdown().await.unwrap();
    let _ = copy(&mut from_server, &mut tokio::io::sink()).await;
}

/// Whole records of application data (RFC 8446 §5.1: type 23, version, length).
fn data_records(mut sent: &[u8]) -> usize {
    let mut records = 0;
    while let [kind, _, _, high, low, rest @ ..] = sent {
        let Some((_, after)) = rest.split_at_checked(usize::from(u16::from_be_bytes([*high, *low]))) else { break };
        records += usize::from(*kind == 23);
        sent = after;
    }
    records
}
