//! What the user would pick instead: nginx, HAProxy, Envoy, each as an mTLS reverse proxy to one local upstream.
//!
//! All alike: two workers, client certificate required, P-256, connections to the upstream kept, the client's name passed
//! on in a header, no access log.

mod envoy;
mod haproxy;
mod nginx;

use std::{net::SocketAddr, path::Path};

use super::{
    Bench,
    pki::Pki,
    target::{Request, Target},
};

/// How long a peer may take to start, in seconds.
const STARTS_WITHIN_S: u64 = 15;

/// What the upstream answers: 600 bytes of JSON, as the goals have it. The one field that the catalogue knows is in it, so
/// form P has something to release and something to drop.
fn answer() -> String {
    let fixed = "{\"match\":true,\"note\":\"\"}".len();
    format!("{{\"match\":true,\"note\":\"{}\"}}", "x".repeat(600 - fixed))
}

/// Starts the upstream that all proxies share.
///
/// # Errors
/// When nginx does not start.
pub fn upstream(bench: &Bench) -> Result<Target, String> {
    nginx::upstream(bench, &answer())
}

/// Starts every peer that can be had; who cannot is noted with the reason.
pub fn start(bench: &mut Bench, upstream: SocketAddr, pki: &Pki, request: &Request) -> Vec<Target> {
    type Start = fn(&Bench, SocketAddr, &Pki, &Request) -> Result<Target, String>;
    let starts: [(&'static str, Start); 3] =
        [("nginx", nginx::proxy), ("haproxy", haproxy::proxy), ("envoy", envoy::proxy)];
    let mut started = Vec::new();
    for (who, start) in starts {
        if bench.absent.contains_key(who) {
            continue;
        }
        match start(bench, upstream, pki, request) {
            Ok(target) => started.push(target),
            Err(why) => drop(bench.absent.insert(who, why)),
        }
    }
    started
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    std::fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_is_600_bytes_of_json() {
        let answer = answer();
        assert_eq!(answer.len(), 600);
        assert!(serde_json::from_str::<serde_json::Value>(&answer).is_ok());
    }
}
