//! `loadgen`: load for a server on this machine, one JSON document on standard output.

use std::{
    io::{self, Write},
    net::SocketAddr,
    path::PathBuf,
    process::ExitCode,
};

use clap::{Args, Parser, Subcommand};
use serde_json::Value;
use tests::load::{
    LoadError,
    closed::{self, Expect},
    handshakes, idle, open,
    process::Server,
    report,
    target::{Request, Target},
    tls::Credentials,
};

/// Loads one server on this machine's loopback and says what it took.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(flatten)]
    whom: Whom,
    #[command(subcommand)]
    how: How,
}

#[derive(Debug, Args)]
struct Whom {
    /// Address of the server; loopback only.
    address: SocketAddr,
    /// Certification authority of the server (PEM). Without it, plain HTTP.
    #[arg(long)]
    ca: Option<PathBuf>,
    /// Our certificate with its chain (PEM).
    #[arg(long, requires = "key")]
    cert: Option<PathBuf>,
    /// Our key (PEM).
    #[arg(long, requires = "cert")]
    key: Option<PathBuf>,
    /// Method of the request.
    #[arg(long, default_value = "GET")]
    method: String,
    /// Path and query of the request.
    #[arg(long, default_value = "/")]
    path: String,
    /// A header of the request, as `Name: value`; may be given many times.
    #[arg(long = "header")]
    headers: Vec<String>,
    /// Body of the request.
    #[arg(long, default_value = "")]
    body: String,
    /// Status to expect; others are counted as unexpected.
    #[arg(long, default_value_t = 200)]
    expect: u16,
    /// Keep the values of this header of the answers.
    #[arg(long)]
    keep: Option<String>,
    /// A server whose CPU time or memory is to be taken, as NAME=PID,PID; may be given many times.
    #[arg(long = "server", value_parser = Server::parse)]
    servers: Vec<Server>,
}

#[derive(Debug, Subcommand)]
enum How {
    /// Each connection sends its next request when it has its answer.
    Closed {
        /// Connections at once.
        #[arg(long, default_value_t = 64)]
        connections: u64,
        /// Threads of the generator.
        #[arg(long, default_value_t = 2)]
        threads: u64,
        /// Ends after this many milliseconds.
        #[arg(long, default_value_t = 1000)]
        duration_ms: u64,
        /// Ends after this many requests.
        #[arg(long, default_value_t = 1_000_000)]
        requests: u64,
    },
    /// Requests are due at a fixed rate; latencies count from when they were due.
    Open {
        /// Requests per second.
        #[arg(long, default_value_t = 500)]
        rate: u64,
        /// Connections at once.
        #[arg(long, default_value_t = 16)]
        connections: u64,
        /// Lasts this many milliseconds.
        #[arg(long, default_value_t = 2000)]
        duration_ms: u64,
    },
    /// New connections, each with one request.
    Handshakes {
        /// How many.
        #[arg(long, default_value_t = 500)]
        count: u64,
        /// How many at once.
        #[arg(long, default_value_t = 8)]
        at_once: u64,
        /// Ends after this many milliseconds.
        #[arg(long, default_value_t = 10_000)]
        duration_ms: u64,
        /// Resume sessions.
        #[arg(long)]
        resume: bool,
    },
    /// Memory of the first `--server` for each idle connection.
    Idle {
        /// Connections at once.
        #[arg(long, default_value_t = 1000)]
        connections: u64,
    },
}

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(report) => {
            drop(writeln!(io::stdout().lock(), "{report}"));
            ExitCode::SUCCESS
        }
        Err(error) => {
            drop(writeln!(io::stderr().lock(), "loadgen: {error}"));
            ExitCode::from(2)
        }
    }
}

fn run(arguments: Arguments) -> Result<Value, LoadError> {
    let whom = arguments.whom;
    let target = target_of(&whom)?;
    let expect = Expect { status: whom.expect, keep: whom.keep };
    let servers = whom.servers;
    match arguments.how {
        How::Closed { connections, threads, duration_ms, requests } => {
            let plan = closed::Plan { connections, threads, duration_ms, requests, expect };
            Ok(report::of_run("closed", &closed::run(&target, &servers, &plan)?))
        }
        How::Open { rate, connections, duration_ms } => {
            let plan = open::Plan { rate, connections, duration_ms, expect };
            Ok(report::of_run("open", &open::run(&target, &servers, &plan)?))
        }
        How::Handshakes { count, at_once, duration_ms, resume } => {
            let plan = handshakes::Plan { count, at_once, duration_ms, resume, expect };
            let case = if resume { "handshakes, resumed" } else { "handshakes, full" };
            Ok(report::of_run(case, &handshakes::run(&target, &servers, &plan)?))
        }
        How::Idle { connections } => {
            let own = Server { name: "none".into(), pids: Vec::new() };
            let memory = idle::run(&target, servers.first().unwrap_or(&own), connections)?;
            Ok(report::of_memory(memory))
        }
    }
}

fn target_of(whom: &Whom) -> Result<Target, LoadError> {
    let own = whom.cert.as_deref().zip(whom.key.as_deref());
    let credentials = whom.ca.as_deref().map(|ca| Credentials::read(ca, own)).transpose()?;
    let request = Request {
        method: whom.method.clone(),
        path: whom.path.clone(),
        headers: whom.headers.clone(),
        body: whom.body.clone().into_bytes(),
    };
    Target::new(whom.address, credentials, &request)
}

#[cfg(test)]
mod argument_tests {
    use super::*;

    fn read(words: &str) -> Result<Arguments, String> {
        Arguments::try_parse_from(words.split(' ')).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_not_said_has_its_default() {
        let read = read("loadgen 127.0.0.1:80 closed").unwrap();
        let How::Closed { connections, threads, duration_ms, requests } = read.how else { panic!("{read:?}") };
        assert_eq!((connections, threads, duration_ms, requests), (64, 2, 1000, 1_000_000));
        let whom = read.whom;
        assert_eq!((whom.method.as_str(), whom.path.as_str(), whom.body.as_str()), ("GET", "/", ""));
        assert_eq!((whom.expect, whom.keep, whom.headers.len(), whom.servers.len()), (200, None, 0, 0));
    }

    #[test]
    fn words_that_do_not_go_together_are_refused() {
        let check = |words: &str, expected: bool| assert_eq!(read(words).is_ok(), expected, "{words}");
        check("loadgen 127.0.0.1:80 open --rate 5", true);
        check("loadgen 127.0.0.1:80 handshakes --resume", true);
        check("loadgen --header A:b --header C:d --server us=1,2 127.0.0.1:80 idle", true);
        check("loadgen --cert a --key b 127.0.0.1:80 idle", true);
        check("loadgen --cert a 127.0.0.1:80 idle", false);
        check("loadgen --key a 127.0.0.1:80 idle", false);
        check("loadgen --server us 127.0.0.1:80 idle", false);
        check("loadgen --expect 70000 127.0.0.1:80 idle", false);
        check("loadgen 127.0.0.1 idle", false);
        check("loadgen localhost:80 idle", false);
        check("loadgen 127.0.0.1:80", false);
        check("loadgen 127.0.0.1:80 closed --rate 5", false);
        check("loadgen 127.0.0.1:80 closed --connections -1", false);
    }

    #[test]
    fn an_address_elsewhere_and_missing_files_end_the_run_before_it_begins() {
        let check = |words: &str, expected: &str| {
            let said = run(read(words).unwrap()).unwrap_err().to_string();
            assert!(said.contains(expected), "{words}: {said}");
        };
        check("loadgen 192.0.2.1:80 closed", "not a loopback address");
        check("loadgen --ca /no/such/ca.pem 127.0.0.1:80 closed", "/no/such/ca.pem");
        check("loadgen 127.0.0.1:80 closed --connections 0", "connections = 0");
        check("loadgen 127.0.0.1:80 open --rate 0", "rate = 0");
        check("loadgen 127.0.0.1:80 idle --connections 5000", "connections = 5000");
    }
}
