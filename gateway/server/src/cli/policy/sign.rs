//! `ijazat policy sign`: the policy office's word for a law, and a second person's beside it.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use clap::Args;
use exchange::decision::Decider as _;
use policies::pack::Pack;

use super::{super::failure::Failure, keygen, read};
use crate::config::Config;

/// Sign a law as the successor of another, or add a second signature to a signed one
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ijazat policy sign law --out law-2.bundle
  ijazat policy sign law --after law-1.bundle --key ayesha.key --out law-2.bundle
  ijazat policy sign law-2.bundle --key bilal.key --out law-2.bundle

The generation stands in the law's bundle.toml and must be above that of the law before. A law that does not load, or breaks
one of its own cases, is not signed. A signed file is signed once more as it is.")]
pub(super) struct Sign {
    /// Folder of the law, or a signed file for a second signature
    #[arg(value_name = "LAW")]
    law: PathBuf,
    /// File to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Signer's key; `keys/bundle.key` under the state unless named
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// The law that it follows: the one in force here unless named
    #[arg(long, value_name = "LAW")]
    after: Option<PathBuf>,
}

impl Sign {
    pub(super) fn run(&self, config: &Config, out: &mut dyn Write) -> Result<(), Failure> {
        let signer = keygen::signer(&self.key.clone().unwrap_or_else(|| keygen::default_key(config)))?;
        let law = read::law(&self.law)?;
        let bundle = law.bundle()?;
        read::keeps_its_cases(&bundle)?;
        let failed = |error: &dyn std::fmt::Display| Failure::Failed(format!("{}: {error}", law.name));
        let (pack, guarded) = if let Some(pack) = law.pack.clone() {
            if self.after.is_some() {
                return Err(Failure::Usage("--after: a signed law says itself what it follows".to_owned()));
            }
            (pack.cosign(&signer).map_err(|error| failed(&error))?, Vec::new())
        } else {
            let before = read::law_or_in_force(self.after.as_deref(), config)?.manifest()?;
            if bundle.generation() <= before.generation {
                let (own, before) = (bundle.generation(), before.generation);
                let why = format!("generation {own} is not above {before}, which it follows: raise it in bundle.toml");
                return Err(failed(&why));
            }
            let pack = Pack::sign(&law.source, before.name(), &signer).map_err(|error| failed(&error))?;
            let guarded = pack.manifest().guarded_changes(&before);
            (pack, guarded)
        };
        write(&self.out, &pack)?;
        let name = signer.verifier().name();
        writeln!(out, "{}: generation {}, signed by {name}", self.out.display(), pack.manifest().generation)?;
        writeln!(out, "  digest {}", pack.manifest().digest())?;
        if !guarded.is_empty() {
            writeln!(out, "  a second person must sign it too, because it changes {}", guarded.join(", "))?;
        }
        Ok(())
    }
}

/// Writes a signed file whole or not at all.
pub(super) fn write(path: &Path, pack: &Pack) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::Failed(format!("{}: {error}", path.display()));
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".tmp");
    let unfinished = path.with_file_name(name);
    fs::write(&unfinished, pack.to_bytes()).map_err(failed)?;
    fs::rename(&unfinished, path).map_err(failed)
}
