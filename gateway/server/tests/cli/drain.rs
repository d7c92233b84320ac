//! A stop lets idle connections go at once and cuts off whoever does not end in time.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    sync::Arc,
};

use gateway::demo::client::{Credential, tls};
use rustls::{ClientConnection, StreamOwned, pki_types::ServerName};

use crate::kit::{Folder, json};

type Wire = StreamOwned<ClientConnection, TcpStream>;

/// An installation whose bank may call.
fn with_a_bank() -> (Folder, Credential) {
    gateway::tls::install_provider();
    let folder = Folder::new();
    folder.answer(&["pki", "init"]);
    folder.answer(&["pki", "request", "--agency", "bank-indus", "--key", "b.key", "--out", "b.csr"]);
    folder.answer(&["pki", "issue", "--agency", "bank-indus", "--csr", "b.csr", "--out", "b.pem"]);
    folder.answer(&["agency", "add-key", "bank-indus", "--cert", "b.pem"]);
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    let credential = Credential { certificate: read("b.pem"), key: read("b.key") };
    (folder, credential)
}

fn connect(folder: &Folder, address: SocketAddr, credential: &Credential) -> Wire {
    let authority = std::fs::read_to_string(folder.path().join("state/pki/server-ca.pem")).unwrap();
    let config = Arc::new(tls(&authority, Some(credential)).unwrap());
    let connection = ClientConnection::new(config, ServerName::try_from("localhost").unwrap()).unwrap();
    StreamOwned::new(connection, TcpStream::connect(address).unwrap())
}

const BODY: &str = "{\"cnic\":\"4210112345671\"}";

fn head(extra: &str) -> String {
    format!(
        "POST /v1/identity/kyc HTTP/1.1\r\nhost: localhost\r\nijazat-user: teller-1\r\nijazat-purpose: KYC-101\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n{extra}\r\n",
        BODY.len()
    )
}

/// Reads one answer: status and body. Ends with the connection or with the body's length.
fn read_answer(wire: &mut Wire) -> (u16, serde_json::Value) {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length =
                head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
            if length.is_some_and(|length: usize| body.len() >= length) {
                return (head.split(' ').nth(1).unwrap().parse().unwrap(), json(body));
            }
        }
        let read = wire.read(&mut chunk).unwrap_or(0);
        assert!(read > 0, "cut off after {text}");
        bytes.extend_from_slice(&chunk[..read]);
    }
}

#[test]
fn an_idle_connection_is_let_go_at_once() {
    let (folder, credential) = with_a_bank();
    let serving = folder.serve(&[], &[("IJAZAT__LISTEN__DRAIN_TIMEOUT_MS", "80000")]);
    let mut wire = connect(&folder, serving.address("agencies").unwrap(), &credential);
    wire.write_all(format!("{}{BODY}", head("")).as_bytes()).unwrap();
    assert_eq!(read_answer(&mut wire).0, 403);
    // Nothing is under way: a drain of eighty seconds is not used up.
    assert_eq!(serving.stop().0, Some(0));
    let mut rest = Vec::new();
    let _ = wire.read_to_end(&mut rest);
    assert!(rest.is_empty());
}

#[test]
fn a_request_that_does_not_end_in_time_is_cut_off_and_counted() {
    let (folder, credential) = with_a_bank();
    let serving = folder.serve(&[], &[("IJAZAT__LISTEN__DRAIN_TIMEOUT_MS", "100")]);
    let mut wire = connect(&folder, serving.address("agencies").unwrap(), &credential);
    wire.write_all(head("").as_bytes()).unwrap();
    wire.flush().unwrap();
    let (code, told) = serving.stop();
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains("connections were cut at the end of the drain"), "{told}");
    let mut rest = Vec::new();
    let _ = wire.read_to_end(&mut rest);
    assert!(!String::from_utf8_lossy(&rest).contains("200 OK"));
}
