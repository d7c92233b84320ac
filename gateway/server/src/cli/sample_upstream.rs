//! `ijazat sample-upstream`: a taxpayer service such as another agency would run, honest or lying, for demo and tests.

use std::{fs, io::Write, net::SocketAddr, path::PathBuf};

use clap::Args;
use tokio::net::TcpListener;

use super::{failure::Failure, options::Place, runtime::block_on};
use crate::demo::{
    client::Credential,
    taxpayers::{self, Manner},
};

/// Serves a sample taxpayer service over mTLS with the state's internal certificate; prints its address.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ijazat sample-upstream
  ijazat sample-upstream --manner wrong-person --listen 127.0.0.1:8461

For the demo and tests only. It answers until it is killed.")]
pub struct SampleUpstream {
    #[command(flatten)]
    place: Place,
    /// How it answers
    #[arg(long, value_enum, default_value_t)]
    manner: Manner,
    /// Where it listens; port 0 lets the host choose
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
}

impl SampleUpstream {
    /// Runs the command until it is killed.
    ///
    /// # Errors
    /// [`Failure::Failed`] when certificates are missing or the address is taken.
    pub fn run(&self, out: &mut dyn Write) -> Result<(), Failure> {
        let config = self.place.load()?;
        let read = |path: &PathBuf| {
            fs::read_to_string(path).map_err(|error| Failure::Failed(format!("{}: {error}", path.display())))
        };
        let own = Credential { certificate: read(&config.tls.internal_cert)?, key: read(&config.tls.internal_key)? };
        let tls = taxpayers::tls(&own, &read(&config.tls.internal_ca)?);
        let tls = tls.map_err(|error| Failure::Failed(error.to_string()))?;
        block_on(async {
            let failed = |error: std::io::Error| Failure::Failed(format!("{}: {error}", self.listen));
            let listener = TcpListener::bind(self.listen).await.map_err(failed)?;
            writeln!(out, "{}", listener.local_addr().map_err(failed)?)?;
            out.flush()?;
            taxpayers::serve(listener, tls, self.manner).await;
            Ok(())
        })
    }
}
