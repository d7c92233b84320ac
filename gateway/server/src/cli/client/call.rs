//! `ijazat client call`: asks once, whatever the line does; the receipt is on disk before the answer is shown.

use std::{
    fs,
    io::{self, Read as _, Write},
    path::PathBuf,
    time::{Duration, Instant},
};

use adapters::entropy::SystemEntropy;
use bytes::Bytes;
use clap::Args;
use exchange::{
    limits::{ANSWER_BYTES_MAX, IDEMPOTENCY_KEY_BYTES_MAX, REQUEST_BODY_BYTES_MAX},
    ports::entropy::random_hex_128,
    statement::Receipt,
    tariff::rupees,
};
use http::{HeaderValue, Method, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;

use super::{
    super::{failure::Failure, runtime::block_on},
    parts::Parts,
    receipts::Receipts,
    server::{At, Server, Unanswered, asked_to_wait},
};

/// Longest wait between two tries, seconds, when the server names none.
const WAIT_S_MAX: u64 = 5;

/// Ask the exchange and keep the receipt of its answer
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ijazat client call GET /v1/self/whoami --cert bank.pem --key bank.key --ca ca.pem
  ijazat client call POST /v1/identity/kyc --json @ask.json --header Ijazat-Purpose:KYC-101 --cert b.pem --key b.key --ca ca.pem
  ijazat client call POST /v1/identity/kyc --json @ask.json --dry-run --cert bank.pem --key bank.key --ca ca.pem

A dry run tells what would be released, at which price; nothing is released or charged.
The answer goes to standard output once its receipt is on disk; what it cost goes to standard error. While no answer comes, or
the exchange asks to come again soon, the request is repeated under one idempotency key, so that it is done and charged
once. An answer in parts is given part by part, each with its receipt. Exit code 1 for a refusal, whose problem document is
printed; of one that only asks to come again later, the code. What is typed can be seen by others of this machine: give what names a person as @FILE, or as @- from standard input.")]
pub(super) struct Call {
    /// Method, such as POST
    method: Method,
    /// Path, such as /v1/identity/kyc
    path: String,
    /// Body as JSON; @FILE reads it from a file, @- from standard input
    #[arg(long, value_name = "JSON")]
    json: Option<String>,
    #[command(flatten)]
    at: At,
    /// File that receipts are added to
    #[arg(long, value_name = "FILE", default_value = "receipts.txt")]
    receipts: PathBuf,
    /// Learn what would be released and its price, without an answer
    #[arg(long)]
    dry_run: bool,
    /// Key of an earlier try of the same request; a new one is made where none is said
    #[arg(long, value_name = "KEY", value_parser = read_key)]
    idempotency_key: Option<HeaderValue>,
    /// Seconds for which the request is repeated while no answer comes
    #[arg(long, value_name = "SECONDS", default_value_t = 90)]
    patience: u64,
}

fn read_key(text: &str) -> Result<HeaderValue, String> {
    if text.is_empty() || text.len() > IDEMPOTENCY_KEY_BYTES_MAX || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(format!("is not 1 to {IDEMPOTENCY_KEY_BYTES_MAX} visible characters"));
    }
    HeaderValue::from_str(text).map_err(|error| error.to_string())
}

/// What came of one try.
enum Came {
    /// An answer, shown.
    Answer,
    /// A refusal, shown.
    Refusal(StatusCode),
    /// Nothing that could be shown: again, after a while if that is said.
    Again(String, Option<Duration>),
    /// Nothing more, and a repetition would give nothing either.
    Broken(String),
}

impl Call {
    pub(super) fn run(&self, out: &mut dyn Write) -> Result<(), Failure> {
        let (server, body) = (self.at.server()?, self.body()?);
        let key = match &self.idempotency_key {
            Some(key) => key.clone(),
            None => HeaderValue::from_str(&random_hex_128(&SystemEntropy::default())).map_err(|_| internal())?,
        };
        let mut asking = Asking { server: &server, receipts: Receipts::open(&self.receipts)?, out };
        let failed = match block_on(self.ask(&mut asking, &body, &key))? {
            Came::Answer => return Ok(()),
            Came::Refusal(status) => format!("refused: {status}"),
            Came::Broken(why) => why,
            Came::Again(why, _) => {
                let key = key.to_str().unwrap_or_default();
                format!("{why}\nto ask again and not be charged twice, say --idempotency-key {key} within ten minutes")
            }
        };
        Err(Failure::Failed(failed))
    }

    fn body(&self) -> Result<Bytes, Failure> {
        let Some(typed) = &self.json else { return Ok(Bytes::new()) };
        let Some(name) = typed.strip_prefix('@') else { return Ok(Bytes::from(typed.clone())) };
        let file: io::Result<Box<dyn io::Read>> =
            if name == "-" { Ok(Box::new(io::stdin())) } else { fs::File::open(name).map(|file| Box::new(file) as _) };
        let mut bytes = Vec::new();
        let most = REQUEST_BODY_BYTES_MAX as u64 + 1;
        let read = file.and_then(|file| file.take(most).read_to_end(&mut bytes));
        read.map_err(|error| Failure::Usage(format!("--json {typed}: {error}")))?;
        if bytes.len() > REQUEST_BODY_BYTES_MAX {
            let why = format!("is longer than the {REQUEST_BODY_BYTES_MAX} bytes that the exchange takes");
            return Err(Failure::Usage(format!("--json {typed}: {why}")));
        }
        Ok(Bytes::from(bytes))
    }

    /// Asks until there is an answer or patience is over.
    async fn ask(&self, asking: &mut Asking<'_>, body: &Bytes, key: &HeaderValue) -> Result<Came, Failure> {
        let began = Instant::now();
        for tries in 0.. {
            let mut request = asking.server.request(&self.method, &self.path, body.clone())?;
            request.headers_mut().insert("idempotency-key", key.clone());
            if self.dry_run {
                request.headers_mut().insert("ijazat-dry-run", HeaderValue::from_static("1"));
            }
            let came = match asking.server.ask(request).await {
                Ok(response) => asking.show(response).await?,
                Err(Unanswered::Lost(why)) => Came::Again(why, None),
                Err(untrusted @ Unanswered::Untrusted(_)) => Came::Broken(untrusted.to_string()),
            };
            let Came::Again(why, after) = &came else { return Ok(came) };
            let after = after.unwrap_or_else(|| Duration::from_secs(WAIT_S_MAX.min(tries)));
            if began.elapsed() + after > Duration::from_secs(self.patience) {
                return Ok(came);
            }
            say(&format!("{why}; asking again"))?;
            tokio::time::sleep(after).await;
        }
        Err(internal())
    }
}

/// Whom a call asks, and where its answer goes.
struct Asking<'a> {
    server: &'a Server,
    receipts: Receipts,
    out: &'a mut dyn Write,
}

impl Asking<'_> {
    /// Keeps the receipt, then shows the answer.
    async fn show(&mut self, response: Response<Incoming>) -> Result<Came, Failure> {
        let (head, body) = response.into_parts();
        let after = asked_to_wait(&head.headers);
        let text = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("").to_owned();
        let receipt = text("ijazat-receipt");
        if !receipt.is_empty() {
            self.receipts.keep(&receipt)?;
        }
        if head.status.is_success() && text(header::CONTENT_TYPE.as_str()) == "application/x-ndjson" {
            return self.show_parts(&receipt, body).await;
        }
        let read = Limited::new(body, 2 * ANSWER_BYTES_MAX).collect();
        let body = match tokio::time::timeout(self.server.timeout(), read).await {
            Ok(Ok(body)) => body.to_bytes(),
            Ok(Err(error)) => return Ok(Came::Again(format!("the answer broke off: {error}"), None)),
            Err(_) => return Ok(Came::Again("the answer did not come whole in time".to_owned(), None)),
        };
        if let Some(after) = after.filter(|_| !head.status.is_success()) {
            let problem = serde_json::from_slice::<serde_json::Value>(&body).unwrap_or_default();
            let code = problem.get("code").and_then(serde_json::Value::as_str).unwrap_or("refused");
            return Ok(Came::Again(format!("{}: {code}", head.status), Some(after)));
        }
        self.out.write_all(&body)?;
        writeln!(self.out)?;
        if head.status.is_success() {
            self.told(&receipt)?;
            return Ok(Came::Answer);
        }
        Ok(Came::Refusal(head.status))
    }

    /// Shows each part when its receipt is kept; the first one's came with the head.
    async fn show_parts(&mut self, first: &str, mut body: Incoming) -> Result<Came, Failure> {
        let (mut parts, mut rows) = (Parts::default(), 0_u64);
        let first = Receipt::parse(first).ok().map(|first| (first.origin, first.index));
        loop {
            let frame = match tokio::time::timeout(self.server.timeout(), body.frame()).await {
                Ok(Some(Ok(frame))) => frame,
                Ok(Some(Err(error))) => return Ok(broken(rows, &error.to_string())),
                Ok(None) => return Ok(broken(rows, "its last line did not come")),
                Err(_) => return Ok(broken(rows, "nothing came any more")),
            };
            let Ok(bytes) = frame.into_data() else { continue };
            if let Err(error) = parts.push(&bytes) {
                return Ok(broken(rows, &error.to_string()));
            }
            while let Some(part) = parts.next() {
                let place = (part.receipt.origin.clone(), part.receipt.index);
                if first.as_ref() != Some(&place) {
                    self.receipts.keep(&part.line)?;
                }
                self.out.write_all(&part.bytes)?;
                rows = rows.saturating_add(part.receipt.rows.unwrap_or(0).into());
                if part.is_last() {
                    say(&format!("{rows} rows; receipts kept in {}", self.receipts.path().display()))?;
                    return Ok(Came::Answer);
                }
            }
        }
    }

    /// What the answer cost, to who sits there.
    fn told(&self, receipt: &str) -> Result<(), Failure> {
        let Ok(read) = Receipt::parse(receipt) else { return say("this answer has no receipt: it cost nothing") };
        let cost = read.amount_milli_paisa.map(rupees).unwrap_or_default();
        let again = read.replay_of.map(|entry| format!(", repeats entry {entry}")).unwrap_or_default();
        let (origin, index, path) = (&read.origin, read.index, self.receipts.path().display());
        say(&format!("entry {origin}/{index}, {cost}{again}; receipt kept in {path}"))
    }
}

/// An answer in parts is not given a second time under its key.
fn broken(rows: u64, why: &str) -> Came {
    Came::Broken(format!(
        "the answer broke off after {rows} rows: {why}\nwhat was shown has its receipts; the rest was not charged, but for one \
         part at most. Ask anew for what is missing"
    ))
}

/// Tells the person at the terminal.
fn say(text: &str) -> Result<(), Failure> {
    Ok(writeln!(io::stderr().lock(), "{text}")?)
}

fn internal() -> Failure {
    Failure::Failed("a key could not be made".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_what_the_exchange_takes() {
        assert!(read_key("0b1c-77").is_ok());
        for text in ["", "two words", "\u{627}", &"x".repeat(129)] {
            assert!(read_key(text).is_err(), "{text}");
        }
    }
}
