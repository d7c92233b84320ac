//! A client that speaks HTTP/2 and nothing else, agreed on in the handshake.

use std::sync::Arc;

use bytes::Bytes;
use gateway::demo::{
    client::{Answer, Call, tls},
    stage::Stage,
};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http2::handshake;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// Sends one call in an agency's name on a new connection.
pub async fn send(stage: &Stage, agency: &str, call: Call) -> Answer {
    let mut config = tls(&stage.server_ca, Some(&stage.credentials[agency])).unwrap();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let stream = TcpStream::connect(stage.agency).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(b"h2".as_slice()));
    let (mut sender, connection) = handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    let driver = tokio::spawn(connection);
    let response = sender.send_request(request(call)).await.unwrap();
    assert_eq!(response.version(), http::Version::HTTP_2);
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    driver.abort();
    Answer { status: parts.status.as_u16(), headers: parts.headers, body: serde_json::from_slice(&body).unwrap() }
}

fn request(call: Call) -> http::Request<Full<Bytes>> {
    let mut request = http::Request::builder().method(call.method).uri(format!("https://localhost{}", call.path));
    for (name, value) in call.headers {
        request = request.header(name, value);
    }
    request.body(Full::new(Bytes::from(call.body))).unwrap()
}
