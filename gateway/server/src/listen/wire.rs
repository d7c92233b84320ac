//! The TCP socket under TLS: writes gather until a flush, so that head and body of a reply leave in one packet.
//!
//! Pingora's own buffered stream can only be sized through its listeners, whose accept loop fixes the handshake time at
//! 60 s; unbuffered it would cost two system calls for each reply. The buffer here exists only between write and flush,
//! so an idle connection holds none.

use std::{
    io,
    os::fd::AsRawFd,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use async_trait::async_trait;
use pingora_core::protocols::{
    GetProxyDigest, GetSocketDigest, GetTimingDigest, Peek, Shutdown, SocketDigest, Ssl, TimingDigest, UniqueID,
    UniqueIDType, raw_connect::ProxyDigest,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf},
    net::TcpStream,
};

/// Bytes that gather before they are sent without a flush: one TLS record.
const GATHER_BYTES_MAX: usize = 16 * 1024;

/// A TCP socket whose writes wait for a flush.
#[derive(Debug)]
pub(super) struct Wire {
    socket: TcpStream,
    waiting: Vec<u8>,
    sent: usize,
}

impl Wire {
    pub(super) fn new(socket: TcpStream) -> Self {
        Self { socket, waiting: Vec::new(), sent: 0 }
    }

    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some(rest) = self.waiting.get(self.sent..).filter(|rest| !rest.is_empty()) {
            match ready!(Pin::new(&mut self.socket).poll_write(cx, rest))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                written => self.sent += written,
            }
        }
        self.waiting = Vec::new();
        self.sent = 0;
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for Wire {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_read(cx, buf)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        if !self.waiting.is_empty() && self.waiting.len() + buf.len() > GATHER_BYTES_MAX {
            ready!(self.poll_send(cx))?;
        }
        self.waiting.extend_from_slice(buf);
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_send(cx))?;
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_send(cx))?;
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}

/// rustls writes the alert of a failed handshake without a flush and drops the socket: send what waits.
impl Drop for Wire {
    fn drop(&mut self) {
        if let Some(rest) = self.waiting.get(self.sent..).filter(|rest| !rest.is_empty()) {
            // Best effort: the peer may be gone.
            drop(self.socket.try_write(rest));
        }
    }
}

#[async_trait]
impl Shutdown for Wire {
    async fn shutdown(&mut self) {
        // The peer may be gone already, which is what a shutdown is for.
        drop(AsyncWriteExt::shutdown(self).await);
    }
}

impl UniqueID for Wire {
    fn id(&self) -> UniqueIDType {
        self.socket.as_raw_fd()
    }
}

impl Ssl for Wire {}

impl Peek for Wire {}

impl GetTimingDigest for Wire {
    fn get_timing_digest(&self) -> Vec<Option<TimingDigest>> {
        Vec::new()
    }

    fn get_read_pending_time(&self) -> Duration {
        Duration::ZERO
    }

    fn get_write_pending_time(&self) -> Duration {
        Duration::ZERO
    }
}

impl GetProxyDigest for Wire {
    fn get_proxy_digest(&self) -> Option<Arc<ProxyDigest>> {
        None
    }
}

impl GetSocketDigest for Wire {
    fn get_socket_digest(&self) -> Option<Arc<SocketDigest>> {
        None
    }
}

#[cfg(test)]
mod tests {
    use tokio::{io::AsyncReadExt, net::TcpListener};

    use super::*;

    async fn pair() -> (Wire, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        (Wire::new(listener.accept().await.unwrap().0), client)
    }

    #[tokio::test]
    async fn writes_leave_together_at_the_flush() {
        let (mut wire, mut client) = pair().await;
        wire.write_all(b"head ").await.unwrap();
        wire.write_all(b"body").await.unwrap();
        assert_eq!(client.try_read(&mut [0; 8]).unwrap_err().kind(), io::ErrorKind::WouldBlock);
        wire.flush().await.unwrap();
        let mut got = [0; 9];
        client.read_exact(&mut got).await.unwrap();
        assert_eq!(&got, b"head body");
        assert_eq!(wire.waiting.capacity(), 0, "an idle connection holds no buffer");
    }

    #[tokio::test]
    async fn a_dropped_wire_sends_what_waits() {
        let (mut wire, mut client) = pair().await;
        wire.write_all(b"alert").await.unwrap();
        drop(wire);
        let mut got = Vec::new();
        client.read_to_end(&mut got).await.unwrap();
        assert_eq!(got, b"alert");
    }

    #[tokio::test]
    async fn more_than_a_record_leaves_without_a_flush() {
        let (mut wire, mut client) = pair().await;
        let large = vec![7; 5 * GATHER_BYTES_MAX];
        let sent = large.clone();
        let writer = tokio::spawn(async move {
            for part in sent.chunks(1_000) {
                wire.write_all(part).await.unwrap();
            }
            wire.flush().await.unwrap();
        });
        let mut got = vec![0; large.len()];
        client.read_exact(&mut got).await.unwrap();
        writer.await.unwrap();
        assert_eq!(got, large);
    }
}

#[cfg(test)]
#[path = "wire_tests.rs"]
mod laws;
