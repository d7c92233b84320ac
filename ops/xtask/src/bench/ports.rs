//! Free ports of this machine's loopback.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};

/// An address that nobody listens on now. Another process could take it before ours does; then ours does not start, and
/// says so.
///
/// # Errors
/// When the host has none left.
pub fn free() -> Result<SocketAddr, String> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(|error| format!("a free port: {error}"))?;
    listener.local_addr().map_err(|error| format!("a free port: {error}"))
}
