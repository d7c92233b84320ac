//! `ijazat policy activate` and `rollback`: another law is in force, or the one before it again, under a new generation.

use std::{io::Write, path::PathBuf};

use adapters::sql::control::{Activation, ControlStore, StoredBundle};
use clap::Args;
use policies::{manifest::Named, pack::Pack, source::Source};

use super::{
    super::{control, failure::Failure, runtime::block_on},
    keygen, read, sign,
};
use crate::{compose, config::Config, law::Loader};

/// Put a signed law in force
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ijazat policy activate law-2.bundle

Every check of the gateway is made first: signatures, generation, content, cases, prices. Running
processes follow within a second, each request under one law from beginning to end. The activation
is recorded in the access log.")]
pub(super) struct Activate {
    /// Signed file
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// Put an earlier law in force again, under a new generation and a new signature
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ijazat policy rollback
  ijazat policy rollback --to 3 --key ayesha.key --key bilal.key
  ijazat policy rollback --to 3 --key ayesha.key --out law-5.bundle     for a second person to sign

A generation is never used twice, so that every record names one law. Where the earlier law has other guardrails, two must sign.")]
pub(super) struct Rollback {
    /// Generation whose law comes back; the one before the present unless named
    #[arg(long, value_name = "GENERATION")]
    to: Option<u64>,
    /// Signer's key, up to two; `keys/bundle.key` under the state unless named
    #[arg(long, value_name = "FILE")]
    key: Vec<PathBuf>,
    /// Write the signed law to this file and activate nothing
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// The installation as it is before an activation.
struct Standing {
    store: ControlStore,
    loader: Loader,
    bundles: Vec<StoredBundle>,
}

impl Standing {
    async fn open(config: &Config) -> Result<Self, Failure> {
        let store = control::open(config).await?;
        let bundles = store.bundles().await.map_err(|error| Failure::Failed(error.to_string()))?;
        let loader = read::loader(config, &store).await?;
        Ok(Self { store, loader, bundles })
    }

    /// The law in force.
    fn in_force(&self) -> Named {
        let name =
            |bundle: &StoredBundle| Named { generation: bundle.mark.generation, digest: bundle.mark.digest.clone() };
        self.bundles.last().map_or_else(|| self.loader.base().name(), name)
    }

    /// Judges the law as the gateway will, and puts it in force.
    async fn activate(&self, pack: &Pack, back_to: Option<u64>, out: &mut dyn Write) -> Result<(), Failure> {
        let (manifest, in_force) = (pack.manifest(), self.in_force());
        let failed = |error: &dyn std::fmt::Display| Failure::Failed(format!("not activated: {error}"));
        if manifest.generation <= in_force.generation {
            let (own, present) = (manifest.generation, in_force.generation);
            return Err(failed(&format!("generation {own} is not above {present}, which is in force")));
        }
        if manifest.after.as_ref() != Some(&in_force) {
            let after = manifest.after.as_ref().map_or_else(|| "nothing".to_owned(), ToString::to_string);
            let why = format!("it was signed to follow generation {after}, but in force is {in_force}: sign it again");
            return Err(failed(&why));
        }
        let notes: Vec<_> = self.bundles.iter().map(|b| (b.mark.generation, b.note.clone())).collect();
        let (bundle, signers) = self.loader.judge(pack, &notes).map_err(|error| failed(&error))?;
        let digest = manifest.digest();
        let new = Activation {
            generation: manifest.generation,
            digest: &digest,
            note: pack.note(),
            pack: &pack.to_bytes(),
            expected: self.bundles.last().map(|bundle| bundle.mark.clone()),
            signers: &signers,
            back_to,
        };
        let directory = self.store.activate_bundle(&new).await.map_err(|error| failed(&error))?;
        let (generation, title, signers) = (manifest.generation, bundle.title(), signers.join(" and "));
        writeln!(out, "generation {generation} is in force: {title}; signed by {signers}")?;
        writeln!(out, "  digest {digest}; directory generation {directory}")?;
        writeln!(out, "  running processes follow within a second: ijazat policy status")?;
        Ok(())
    }

    /// The files of an earlier generation.
    async fn earlier(&self, generation: u64, config: &Config) -> Result<Source, Failure> {
        if generation == self.loader.base().generation {
            return Ok(compose::control::base(config)?);
        }
        let found = self.store.bundle_pack(generation).await.map_err(|error| Failure::Failed(error.to_string()))?;
        let bytes =
            found.ok_or_else(|| Failure::Usage(format!("--to: generation {generation} was never in force here")))?;
        let pack =
            Pack::from_bytes(&bytes).map_err(|error| Failure::Failed(format!("generation {generation} {error}")))?;
        Ok(pack.source().clone())
    }

    /// The generation before the one in force.
    fn before(&self) -> Result<u64, Failure> {
        let mut past = self.bundles.iter().rev().map(|bundle| bundle.mark.generation);
        match (past.next(), past.next()) {
            (None, _) => Err(Failure::Usage("nothing was activated here yet".to_owned())),
            (Some(_), before) => Ok(before.unwrap_or(self.loader.base().generation)),
        }
    }
}

impl Activate {
    pub(super) fn run(&self, config: &Config, out: &mut dyn Write) -> Result<(), Failure> {
        let pack = read::pack(&self.file)?;
        block_on(async { Standing::open(config).await?.activate(&pack, None, out).await })
    }
}

impl Rollback {
    pub(super) fn run(&self, config: &Config, out: &mut dyn Write) -> Result<(), Failure> {
        block_on(self.work(config, out))
    }

    async fn work(&self, config: &Config, out: &mut dyn Write) -> Result<(), Failure> {
        let standing = Standing::open(config).await?;
        let to = self.to.map_or_else(|| standing.before(), Ok)?;
        let in_force = standing.in_force();
        let failed = |error: &dyn std::fmt::Display| Failure::Failed(format!("not rolled back: {error}"));
        let earlier = standing.earlier(to, config).await?;
        let law = earlier.with_generation(in_force.generation + 1).map_err(|error| failed(&error))?;
        let own = [keygen::default_key(config)];
        let mut keys = if self.key.is_empty() { own.iter() } else { self.key.iter() };
        let first = keys.next().map_or_else(|| Err(Failure::Usage("no key".to_owned())), |key| keygen::signer(key))?;
        let mut pack = Pack::sign(&law, in_force, &first).map_err(|error| failed(&error))?;
        for key in keys {
            pack = pack.cosign(&keygen::signer(key)?).map_err(|error| failed(&error))?;
        }
        if let Some(file) = &self.out {
            sign::write(file, &pack)?;
            let generation = pack.manifest().generation;
            writeln!(out, "{}: the law of generation {to} as generation {generation}, not activated", file.display())?;
            return Ok(());
        }
        standing.activate(&pack, Some(to), out).await
    }
}
