//! A small load generator for loopback: closed loop, open loop, handshakes, idle connections.
//!
//! Map: *whom* [`target`], [`tls`] · *one connection* [`wire`] · *how* [`closed`], [`open`], [`handshakes`], [`idle`] ·
//! *threads and phases* [`drive`] · *what it took* [`histogram`], [`process`] · *in JSON* [`report`] · *bounds* [`limits`].
//!
//! It speaks HTTP/1.1 over kept connections by hand, because a general client costs more than the servers it measures:
//! this one takes about ten microseconds for a request. It refuses any address that is not loopback.

pub mod closed;
pub mod drive;
pub mod handshakes;
pub mod histogram;
pub mod idle;
pub mod limits;
pub mod open;
pub mod process;
pub mod report;
pub mod target;
pub mod tls;
#[cfg(test)]
mod twin;
pub mod wire;

/// Why a run could not be made. Failed requests within a run are counted instead.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The target is not on this machine.
    #[error("`{0}` is not a loopback address: load stays on this machine")]
    NotLoopback(std::net::SocketAddr),
    /// A number of the plan is outside its bound.
    #[error("{what} = {given}: must be between 1 and {most}")]
    OutOfBounds {
        /// Which number.
        what: &'static str,
        /// What was asked for.
        given: u64,
        /// The bound, from [`limits`].
        most: u64,
    },
    /// Certificates or keys could not be used.
    #[error("certificates: {0}")]
    Certificates(String),
    /// Opening a connection or reading `/proc` failed.
    #[error("{doing}: {error}")]
    Io {
        /// What was being done.
        doing: &'static str,
        /// What the system said.
        error: std::io::Error,
    },
    /// The answer was not HTTP/1.1 with a `Content-Length`.
    #[error("the answer is not HTTP/1.1 with a length: {0}")]
    Answer(&'static str),
    /// A thread of the generator ended early.
    #[error("a thread of the generator panicked")]
    Thread,
}

impl LoadError {
    /// For `map_err`: says what was being done.
    pub fn io(doing: &'static str) -> impl Fn(std::io::Error) -> Self {
        move |error| Self::Io { doing, error }
    }
}
