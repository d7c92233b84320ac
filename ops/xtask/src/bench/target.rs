//! One participant of the bench: where it listens, what it is sent, what it is called.

use std::{net::SocketAddr, path::PathBuf};

use serde::Deserialize;

use super::running::Running;

/// Certificates of a client, PEM.
#[derive(Clone, Debug, Deserialize)]
pub struct Client {
    /// Authority of the server's certificate.
    pub ca: PathBuf,
    /// The client's certificate with its chain.
    pub cert: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

/// What is sent.
#[derive(Clone, Debug, Deserialize)]
pub struct Request {
    /// Method.
    pub method: String,
    /// Path.
    pub path: String,
    /// Headers, as `Name: value`.
    pub headers: Vec<String>,
    /// Body.
    pub body: String,
}

impl Request {
    /// What peers are sent when ours could not say what it is sent: as long, and meaning nothing.
    pub fn stand_in() -> Self {
        Self {
            method: "POST".into(),
            path: "/v1/identity/yes-no".into(),
            headers: vec!["Content-Type: application/json".into(), format!("Authorization: Bearer {}", "x".repeat(43))],
            body: "{\"name\":\"x\"}".into(),
        }
    }
}

/// A running participant.
#[derive(Debug)]
pub struct Target {
    /// Its name in the report.
    pub who: &'static str,
    /// Where it takes the bench's requests.
    pub address: SocketAddr,
    /// How it is spoken to; plain when there is nothing.
    pub client: Option<Client>,
    /// What it is sent.
    pub request: Request,
    /// Where it gives its metrics, if it is ours.
    pub ops: Option<SocketAddr>,
    /// Its process.
    pub running: Running,
}
