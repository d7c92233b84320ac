//! `ijazat verify-log`: reads the access log's files again and believes none of them.

use std::{io::Write, path::PathBuf};

use adapters::log;
use clap::Args;
use exchange::log::note::NoteSigner;

use super::{failure::Failure, options::Place};
use crate::{compose::stores::log_origin, config::Config};

/// Verifies the access log: every checksum, sequence, leaf, tile, and the root that was signed.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ijazat verify-log
  ijazat verify-log --dir /backup/log --vkey 'ijazat.example/node-1+5b3c…'

Nothing is changed, and the log may be in use. With --vkey no key of the installation is needed: whoever holds a copy of
the files and the verifier key, which /v1/log/checkpoint tells, can verify.")]
pub struct VerifyLog {
    #[command(flatten)]
    place: Place,
    /// Folder of the log. Wins over `[log] dir`
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Verifier key (C2SP signed note). Default: derived from the state's own key
    #[arg(long, value_name = "VKEY")]
    vkey: Option<String>,
}

impl VerifyLog {
    /// Runs the command.
    ///
    /// # Errors
    /// [`Failure::Failed`] naming the first entry that does not hold.
    pub fn run(&self, out: &mut dyn Write) -> Result<(), Failure> {
        let config = self.place.load()?;
        let dir = self.dir.as_ref().unwrap_or(&config.log.dir);
        let vkey = self.vkey.clone().map_or_else(|| own_vkey(&config), Ok)?;
        let report = log::verify(dir, &vkey).map_err(|error| Failure::Failed(format!("{}: {error}", dir.display())))?;
        writeln!(out, "the log holds: {} entries under a signed root", report.entries)?;
        writeln!(out, "  outcomes {}, refusals {}", report.outcomes, report.refused)?;
        writeln!(out, "  root {}", hex::encode(report.root))?;
        writeln!(out, "  published tiles compared {}, entries not signed for yet {}", report.tiles, report.unsigned)?;
        Ok(())
    }
}

/// The verifier key that belongs to the state's own log key.
///
/// # Errors
/// [`Failure::Failed`] when the state has no log key, or an exposed one.
pub(super) fn own_vkey(config: &Config) -> Result<String, Failure> {
    let path = config.node.state_dir.join("keys").join("log.key");
    let seed = log::keys::load(&path).map_err(|error| Failure::Failed(error.to_string()))?;
    let signer = NoteSigner::from_seed(&log_origin(config), &seed);
    Ok(signer.map_err(|error| Failure::Failed(error.to_string()))?.verifier().to_vkey())
}
