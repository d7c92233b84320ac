//! `ijazat policy keygen`: a signer's key, made on the signer's own machine.

use std::{
    fs::{self, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
};

use adapters::log::keys;
use clap::Args;
use exchange::log::note::{NoteSigner, NoteVerifier};

use super::super::failure::Failure;
use crate::{compose::World, config::Config, law::TrustedKeys};

/// End of the name of the public half, beside the key.
const PUBLIC: &str = "vkey";

/// Make the key of one signer, and print the verifier key that installations trust it by
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ijazat policy keygen ayesha
  ijazat policy keygen bilal --out /media/bilal/bundle.key

The name stands in every signature: one for each person. In production the printed line is added to `[policy] keys` by whoever
controls the configuration; in development it is trusted here at once.")]
pub(super) struct Keygen {
    /// Name of the signer, without spaces and `+`
    #[arg(value_name = "NAME")]
    name: String,
    /// File of the secret key; `keys/bundle.key` under the state unless named
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl Keygen {
    pub(super) fn run(&self, config: &Config, out: &mut dyn Write) -> Result<(), Failure> {
        let path = self.out.clone().unwrap_or_else(|| default_key(config));
        let shown = path.display();
        if path.exists() {
            return Err(Failure::Usage(format!("{shown} is there already; name another with --out")));
        }
        // A name that cannot sign is found before anything is made.
        NoteVerifier::new(&self.name, [0; 32]).map_err(|error| Failure::Usage(error.to_string()))?;
        let failed = |error: &dyn std::fmt::Display| Failure::Failed(format!("{shown}: {error}"));
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            fs::create_dir_all(folder).map_err(|error| failed(&error))?;
        }
        let seed = keys::load_or_create(&path, World::host().entropy.as_ref()).map_err(|error| failed(&error))?;
        let signer = NoteSigner::from_seed(&self.name, &seed).map_err(|error| failed(&error))?;
        let vkey = signer.verifier().to_vkey();
        fs::write(path.with_extension(PUBLIC), format!("{vkey}\n")).map_err(|error| failed(&error))?;
        writeln!(out, "{vkey}")?;
        writeln!(out, "  secret key  {shown} (keep it offline; mode 0600)")?;
        if config.node.development && config.policy.keys.is_empty() {
            trust_here(&TrustedKeys::development_file(config), &vkey)?;
            writeln!(out, "  trusted     here at once: this is development and [policy] keys is empty")?;
        } else {
            writeln!(out, "  trusted     where the line above stands in [policy] keys")?;
        }
        Ok(())
    }
}

/// Where a signer's key is unless another place is named.
pub(super) fn default_key(config: &Config) -> PathBuf {
    config.node.state_dir.join("keys").join("bundle.key")
}

fn trust_here(path: &Path, vkey: &str) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::Failed(format!("{}: {error}", path.display()));
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    let mut file = OpenOptions::new().create(true).append(true).open(path).map_err(failed)?;
    writeln!(file, "{vkey}").map_err(failed)
}

/// Reads a signer's key, whose name stands in the file beside it.
pub(super) fn signer(path: &Path) -> Result<NoteSigner, Failure> {
    let seed = keys::load(path).map_err(|error| Failure::Failed(error.to_string()))?;
    let public = path.with_extension(PUBLIC);
    let failed = |error: &dyn std::fmt::Display| Failure::Failed(format!("{}: {error}", public.display()));
    let text = fs::read_to_string(&public).map_err(|error| failed(&error))?;
    let verifier = NoteVerifier::parse(&text).map_err(|error| failed(&error))?;
    let signer = NoteSigner::from_seed(verifier.name(), &seed).map_err(|error| failed(&error))?;
    if *signer.verifier() == verifier { Ok(signer) } else { Err(failed(&"is the public half of another key")) }
}
