//! The octets between us and the far end: TCP or TLS, its deliveries made tidy before the library reads them.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::BytesMut;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

use super::{config::SmppConfig, limits::PDU_BYTES_MAX, tidy::tidy};

/// How much is asked of the host at once.
const READ_BYTES: usize = 4_096;
/// Octets of the length that a PDU begins with, and of a header, the least of it.
const LENGTH_BYTES: usize = 4;
const PDU_BYTES_MIN: usize = 16;

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// A connection before it is bound.
pub struct Wire {
    stream: Box<dyn Stream>,
    /// Read, and not yet a whole PDU: at most the longest one and one read more.
    partial: BytesMut,
    /// Whole and tidy.
    tidy: BytesMut,
    /// Once a length is out of bounds nobody knows where the next PDU begins: the library sees all as it is, and ends.
    lost: bool,
}

impl Wire {
    /// Connects.
    ///
    /// # Errors
    /// Why it did not come about, in words without secrets.
    pub async fn open(config: &SmppConfig) -> Result<Self, String> {
        let tcp = TcpStream::connect(&config.address).await.map_err(|error| format!("cannot connect: {error}"))?;
        tcp.set_nodelay(true).map_err(|error| format!("cannot connect: {error}"))?;
        let Some(tls) = &config.tls else { return Ok(Self::new(Box::new(tcp))) };
        let connector = TlsConnector::from(tls.client.clone());
        let secured = connector.connect(tls.server_name.clone(), tcp).await;
        secured.map(|stream| Self::new(Box::new(stream))).map_err(|error| format!("no TLS: {error}"))
    }

    fn new(stream: Box<dyn Stream>) -> Self {
        Self { stream, partial: BytesMut::new(), tidy: BytesMut::new(), lost: false }
    }

    /// Moves what is whole to what is tidy.
    fn sort(&mut self) {
        while let Some(length) = self.partial.first_chunk::<LENGTH_BYTES>() {
            let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
            if !(PDU_BYTES_MIN..=PDU_BYTES_MAX).contains(&length) {
                self.give_up();
                return;
            }
            if self.partial.len() < length {
                return;
            }
            let pdu = self.partial.split_to(length);
            self.tidy.extend_from_slice(&tidy(&pdu));
        }
    }

    fn give_up(&mut self) {
        self.lost = true;
        let rest = self.partial.split();
        self.tidy.extend_from_slice(&rest);
    }
}

impl AsyncRead for Wire {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let wire = self.get_mut();
        loop {
            if !wire.tidy.is_empty() {
                let count = wire.tidy.len().min(into.remaining());
                into.put_slice(&wire.tidy.split_to(count));
                return Poll::Ready(Ok(()));
            }
            if wire.lost {
                return Pin::new(&mut wire.stream).poll_read(context, into);
            }
            let mut octets = [0; READ_BYTES];
            let mut read = ReadBuf::new(&mut octets);
            ready!(Pin::new(&mut wire.stream).poll_read(context, &mut read))?;
            if read.filled().is_empty() {
                // The end. The library says what it makes of half a PDU.
                wire.give_up();
            } else {
                wire.partial.extend_from_slice(read.filled());
                wire.sort();
            }
        }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, octets)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
