//! `ijazat policy status`: which law is in force, whether it holds, and which process decides by which.

use std::io::Write;

use adapters::sql::control::{ControlStore, StoredBundle, ToldByNode};
use clap::Args;
use exchange::ports::law_source::LawSource as _;

use super::{
    super::{control, failure::Failure, runtime::block_on},
    read,
};
use crate::{config::Config, law::Loader};

/// Tell which law is in force, who signed it, and which process decides by which
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ijazat policy status

A process tells what it decides by when that changes. Exit code 1 when the law in force does not hold, or a process refuses it.")]
pub(super) struct Status {}

pub(super) fn run(config: &Config, out: &mut dyn Write) -> Result<(), Failure> {
    let loader = read::loader_without_prices(config)?;
    let trusted = loader.trusted().map_err(Failure::Failed)?;
    let wrong = if read::has_store(config) {
        block_on(async {
            let store = control::open(config).await?;
            let loader = read::loader(config, &store).await?;
            tell(&store, &loader, out).await
        })?
    } else {
        tell_base(&loader, out)?;
        Vec::new()
    };
    let names = if trusted.is_empty() { "nobody".to_owned() } else { trusted.join(", ") };
    writeln!(out, "trusted    {names}")?;
    if wrong.is_empty() { Ok(()) } else { Err(Failure::Failed(wrong.join("\n"))) }
}

async fn tell(store: &ControlStore, loader: &Loader, out: &mut dyn Write) -> Result<Vec<String>, Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::Failed(error.to_string());
    let bundles = store.bundles().await.map_err(|error| failed(&error))?;
    let mut wrong = Vec::new();
    match store.activated().await.map_err(|error| failed(&error))? {
        None => tell_base(loader, out)?,
        Some(activated) => {
            let generation = activated.mark.generation;
            match loader.load(&activated) {
                Ok((bundle, signers)) => {
                    writeln!(out, "in force   generation {generation}: {}", bundle.title())?;
                    writeln!(out, "signed by  {}", signers.join(", "))?;
                }
                Err(why) => {
                    writeln!(out, "in force   generation {generation}, WHICH DOES NOT HOLD")?;
                    wrong.push(format!("generation {generation} does not hold: {why}"));
                }
            }
            writeln!(out, "digest     {}", activated.mark.digest)?;
        }
    }
    bundles.iter().rev().try_for_each(|bundle| tell_past(bundle, out))?;
    let in_force = bundles.last().map_or(loader.base().generation, |bundle| bundle.mark.generation);
    for told in store.law_of_nodes().await.map_err(|error| failed(&error))? {
        wrong.extend(tell_node(&told, in_force, out)?);
    }
    Ok(wrong)
}

fn tell_base(loader: &Loader, out: &mut dyn Write) -> std::io::Result<()> {
    let base = loader.base();
    writeln!(out, "in force   generation {}: {}, to begin with; nothing was activated", base.generation, base.title)?;
    writeln!(out, "digest     {}", base.digest())
}

fn tell_past(bundle: &StoredBundle, out: &mut dyn Write) -> std::io::Result<()> {
    let deed = if bundle.what == "policy-rollback" { "rolled back" } else { "activated" };
    writeln!(out, "history    generation {} {deed} {}", bundle.mark.generation, bundle.at.rfc3339())
}

fn tell_node(told: &ToldByNode, in_force: u64, out: &mut dyn Write) -> std::io::Result<Option<String>> {
    let (law, at) = (&told.law, told.at.rfc3339());
    let behind = if law.generation == in_force { "" } else { ", another than is in force" };
    writeln!(out, "process    {} decides by generation {} since {at}{behind}", law.node, law.generation)?;
    let Some((generation, why)) = &law.refused else { return Ok(None) };
    writeln!(out, "           and refuses generation {generation}: {why}")?;
    Ok(Some(format!("{} refuses generation {generation}: {why}", law.node)))
}
