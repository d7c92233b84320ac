//! `ijazat client evidence`: fetches the entry of each receipt with its proof, while it is fresh, and believes none unproved.

use std::{
    collections::BTreeSet,
    fs::{File, OpenOptions},
    io::{self, BufWriter, Write},
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

use bytes::Bytes;
use clap::Args;
use exchange::{
    limits::EVIDENCE_BYTES_MAX,
    statement::{
        Evidence, PublicKeys,
        audit::{Prover, origin_of},
    },
};
use http::{Method, StatusCode};
use http_body_util::{BodyExt as _, Limited};

use super::{
    super::{bill::lines, failure::Failure, runtime::block_on},
    server::{At, Server, Unanswered, asked_to_wait, pause},
};

/// Times that one entry is asked for while the exchange asks to come again, or does not answer.
const TRIES_MAX: u32 = 10;

/// Entries between two moments at which what was fetched is made durable.
const SYNC_EACH: u64 = 256;

/// Complaints that are printed one by one.
const SHOWN_MAX: usize = 100;

/// Fetch the entries of your receipts with the proofs that they stand in the log
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ijazat client evidence --leaves mine.ndjson --keys keys.txt --cert bank.pem --key bank.key --ca ca.pem
  ijazat client evidence --leaves mine.ndjson --keys keys.txt --statement statement.note --cert b.pem --key b.key --ca ca.pem

With a statement, what it lists and no receipt names is fetched too.
What the file of leaves has already is not fetched again, so this can be run each night, and again after it was cut off. Each
proof is verified before its leaf is kept. The exchange's limits are obeyed. Exit code 1 and the entries, when some could
not be had.")]
pub(super) struct Evidences {
    /// Receipts, one a line
    #[arg(long, value_name = "FILE", default_value = "receipts.txt")]
    receipts: PathBuf,
    /// File that leaves with their proofs are added to, one a line
    #[arg(long, value_name = "FILE")]
    leaves: PathBuf,
    /// Public keys
    #[arg(long, value_name = "FILE")]
    keys: PathBuf,
    /// Signed statement whose entries are wanted too
    #[arg(long, value_name = "FILE")]
    statement: Option<PathBuf>,
    #[command(flatten)]
    at: At,
}

/// A log and an index in it.
type Place = (String, u64);

impl Evidences {
    pub(super) fn run(&self, out: &mut dyn Write) -> Result<(), Failure> {
        let (server, keys) = (self.at.server()?, lines::keys(&self.keys)?);
        let mut prover = Prover::new(&keys);
        let wanted = self.wanted(&keys)?;
        let file = open(&self.leaves).map_err(|error| Failure::Usage(format!("{}: {error}", self.leaves.display())))?;
        let mut held = BTreeSet::new();
        lines::each_leaf(&self.leaves, |evidence| {
            // What is not proved is fetched again; whoever checks a bill is told of it.
            if prover.prove(&evidence).is_ok() {
                held.insert((origin_of(&evidence).to_owned(), evidence.proof.index));
            }
        })?;
        let mut fetching = Fetching { server: &server, prover, file: BufWriter::new(file), path: &self.leaves };
        let missing: Vec<&Place> = wanted.difference(&held).collect();
        let (fetched, complaints) = block_on(fetching.all(&missing))?;
        for complaint in complaints.iter().take(SHOWN_MAX) {
            writeln!(out, "{complaint}")?;
        }
        if let Some(more) = complaints.len().checked_sub(SHOWN_MAX).filter(|more| *more > 0) {
            writeln!(out, "and {more} more")?;
        }
        let (path, had) = (self.leaves.display(), wanted.len() - missing.len());
        writeln!(out, "{path}: {fetched} entries fetched and proved, {had} were there")?;
        match complaints.len() {
            0 => Ok(()),
            1 => Err(Failure::Failed("1 entry could not be had".to_owned())),
            count => Err(Failure::Failed(format!("{count} entries could not be had"))),
        }
    }

    /// Places of all receipts, those that repetitions name, and those that the statement lists.
    fn wanted(&self, keys: &PublicKeys) -> Result<BTreeSet<Place>, Failure> {
        let mut wanted = BTreeSet::new();
        lines::each_receipt(&self.receipts, |receipt| {
            let first = receipt.replay_of.map(|first| (receipt.origin.clone(), first));
            wanted.extend(first.into_iter().chain([(receipt.origin, receipt.index)]));
        })?;
        if let Some(path) = &self.statement {
            for covered in lines::statement(path, keys)?.covered {
                let indexes = covered.entries.runs().iter().flat_map(|&(from, until)| from..until);
                wanted.extend(indexes.map(|index| (covered.origin.clone(), index)));
            }
        }
        Ok(wanted)
    }
}

/// How a line of leaves begins.
const LINE_BEGINS: &[u8] = b"{\"leaf\":";

/// Opens the file of leaves to be added to. A last line without its end was torn and is taken away: it is fetched again. What
/// cannot be a torn leaf is somebody's, and stays.
fn open(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
    let length = file.metadata()?.len();
    let mut last = vec![0; usize::try_from(length).unwrap_or(usize::MAX).min(EVIDENCE_BYTES_MAX)];
    let begins = length.saturating_sub(last.len() as u64);
    file.read_exact_at(&mut last, begins)?;
    let ended = last.iter().rposition(|byte| *byte == b'\n').map_or(0, |place| place + 1);
    let torn = last.get(ended..).unwrap_or_default();
    if torn.is_empty() {
        return Ok(file);
    }
    if !torn.iter().zip(LINE_BEGINS).all(|(found, leaf)| found == leaf) {
        return Err(io::Error::other("its last line has no end and is no leaf: is it another file?"));
    }
    file.set_len(begins + ended as u64)?;
    Ok(file)
}

/// What fetches, and where it goes.
struct Fetching<'a> {
    server: &'a Server,
    prover: Prover<'a>,
    file: BufWriter<File>,
    path: &'a Path,
}

/// What came of one try for one entry.
enum Came {
    Line(String),
    Again(String, Duration),
    Never(String),
}

impl Fetching<'_> {
    /// Fetches all; returns how many, and a complaint for each that could not be had.
    async fn all(&mut self, missing: &[&Place]) -> Result<(u64, Vec<String>), Failure> {
        let bar = lines::bar(missing.len() as u64);
        let (mut fetched, mut complaints) = (0, Vec::new());
        for (origin, index) in missing.iter().copied() {
            match self.one(origin, *index).await? {
                Ok(line) => {
                    writeln!(self.file, "{line}").map_err(|error| self.unwritten(&error))?;
                    fetched += 1;
                    if fetched % SYNC_EACH == 0 {
                        self.sync()?;
                    }
                }
                Err(why) => complaints.push(format!("{origin}/{index}: {why}")),
            }
            bar.inc(1);
        }
        bar.finish_and_clear();
        self.sync()?;
        Ok((fetched, complaints))
    }

    fn sync(&mut self) -> Result<(), Failure> {
        let synced = self.file.flush().and_then(|()| self.file.get_ref().sync_data());
        synced.map_err(|error| self.unwritten(&error))
    }

    fn unwritten(&self, error: &io::Error) -> Failure {
        Failure::Failed(format!("{}: {error}; what it has stays, run this again", self.path.display()))
    }

    /// One entry's line, or why it cannot be had.
    async fn one(&mut self, origin: &str, index: u64) -> Result<Result<String, String>, Failure> {
        let mut last = String::new();
        for _ in 0..TRIES_MAX {
            match self.ask(origin, index).await? {
                Came::Line(line) => return Ok(Ok(line)),
                Came::Never(why) => return Ok(Err(why)),
                Came::Again(why, after) => {
                    last = why;
                    tokio::time::sleep(after).await;
                }
            }
        }
        // Of a server that is not there, ten thousand complaints say no more than one.
        Err(Failure::Failed(format!("{origin}/{index}: {last}; what was fetched stays, run this again")))
    }

    async fn ask(&mut self, origin: &str, index: u64) -> Result<Came, Failure> {
        let request = self.server.request(&Method::GET, &format!("/v1/receipts/{index}"), Bytes::new())?;
        let again = |why: String| Ok(Came::Again(why, Duration::from_secs(1)));
        let (head, body) = match self.server.ask(request).await {
            Ok(response) => response.into_parts(),
            Err(Unanswered::Lost(why)) => return again(why),
            Err(untrusted @ Unanswered::Untrusted(_)) => return Err(Failure::Failed(untrusted.to_string())),
        };
        // Wrapped in `data` with its withheld list, a leaf with its proof has a little more than by itself.
        let read = Limited::new(body, 2 * EVIDENCE_BYTES_MAX).collect();
        let body = match tokio::time::timeout(self.server.timeout(), read).await {
            Ok(Ok(body)) => body.to_bytes(),
            Ok(Err(error)) => return again(format!("the answer broke off: {error}")),
            Err(_) => return again("the answer did not come whole in time".to_owned()),
        };
        if head.status != StatusCode::OK {
            let problem: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
            let code = problem.get("code").and_then(serde_json::Value::as_str).unwrap_or("refused");
            let told = format!("{} {code}", head.status);
            return Ok(match asked_to_wait(&head.headers) {
                Some(after) => Came::Again(told, after),
                None if head.status == StatusCode::NOT_FOUND => {
                    Came::Never("the exchange has no such entry of yours here; was another node meant?".to_owned())
                }
                None => Came::Never(told),
            });
        }
        let came = self.proved(origin, index, &body);
        tokio::time::sleep(pause(&head.headers)).await;
        Ok(came)
    }

    /// The line of an answer, once its leaf is proved to be the entry that was asked for.
    fn proved(&mut self, origin: &str, index: u64, body: &[u8]) -> Came {
        let evidence = match evidence_of(body) {
            Ok(evidence) => evidence,
            Err(why) => return Came::Never(why),
        };
        let of = origin_of(&evidence);
        if (of, evidence.proof.index) != (origin, index) {
            let why = format!("this server answers of {of}/{}; ask the node of your receipt", evidence.proof.index);
            return Came::Never(why);
        }
        match self.prover.prove(&evidence) {
            Ok(_) => Came::Line(evidence.to_line()),
            Err(why) => Came::Never(format!("its proof does not hold: {why}")),
        }
    }
}

/// The leaf with its proof of an answer, which has them in `data`.
fn evidence_of(body: &[u8]) -> Result<Evidence, String> {
    let answer: serde_json::Value = serde_json::from_slice(body).map_err(|error| format!("is no JSON: {error}"))?;
    let inner = answer.get("data").unwrap_or(&answer);
    Evidence::parse(&inner.to_string()).map_err(|error| format!("the answer {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pki::testing::Folder;

    #[test]
    fn a_torn_last_line_is_taken_away_and_nothing_else() {
        let folder = Folder::new();
        let path = folder.path().join("leaves.ndjson");
        let check = |before: &str, after: &str| {
            std::fs::write(&path, before).unwrap();
            drop(open(&path).unwrap());
            assert_eq!(std::fs::read_to_string(&path).unwrap(), after);
        };
        check("", "");
        check("{}\n{}\n", "{}\n{}\n");
        check("{}\n{\"leaf\":", "{}\n");
        check("{\"leaf\":", "");
        check("{\"le", "");
        // Whoever names another file keeps it.
        for other in ["statements localhost/statements+1", "{}\n{\"receipt\":"] {
            std::fs::write(&path, other).unwrap();
            assert!(open(&path).unwrap_err().to_string().contains("is it another file?"));
            assert_eq!(std::fs::read_to_string(&path).unwrap(), other);
        }
    }

    #[test]
    fn an_answer_that_is_no_evidence_says_so() {
        for body in ["", "[]", "{\"data\":{}}", "{\"data\":{\"leaf\":\"AA\",\"proof\":\"\"}}"] {
            assert!(evidence_of(body.as_bytes()).is_err(), "{body}");
        }
    }
}
