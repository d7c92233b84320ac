//! Whose keys a statement rests on: the office's own, and those of the logs that it reads.

use std::path::PathBuf;

use exchange::{
    log::note::{NoteSigner, NoteVerifier},
    statement::{PublicKeys, node_of},
};

use super::super::{failure::Failure, verify_log::own_vkey};
use crate::{
    compose::{Keys, World},
    config::Config,
};

/// The key that signs statements; made where there is none yet.
///
/// # Errors
/// [`Failure`] when there is no installation, or the key is exposed.
pub(super) fn statements(config: &Config) -> Result<NoteSigner, Failure> {
    let state = &config.node.state_dir;
    if !state.join("keys").exists() {
        let todo = "run `ijazat serve` or `ijazat demo` first, or name another with --state";
        return Err(Failure::Failed(format!("{}: no installation here; {todo}", state.display())));
    }
    let world = World::host();
    let seed = Keys::statements(config, world.entropy.as_ref())?;
    let name = format!("{}/statements", config.node.origin);
    NoteSigner::from_seed(&name, &seed).map_err(|error| Failure::Failed(format!("{name}: {error}")))
}

/// A log's folder and the key that its checkpoints must be signed by.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) dir: PathBuf,
    pub(super) key: NoteVerifier,
}

/// The logs named, by their nodes' names; this node's own where none is.
///
/// # Errors
/// [`Failure::Usage`] for folders and keys that do not go together, [`Failure::Failed`] where this node has no key.
pub(super) fn logs(config: &Config, dirs: &[PathBuf], vkeys: &[String]) -> Result<Vec<Source>, Failure> {
    if dirs.len() != vkeys.len() {
        let (dirs, vkeys) = (dirs.len(), vkeys.len());
        return Err(Failure::Usage(format!(
            "--log is given {dirs} times and --vkey {vkeys} times: each log needs its key"
        )));
    }
    if dirs.is_empty() {
        let key = read(&own_vkey(config)?)?;
        return Ok(vec![Source { dir: config.log.dir.clone(), key }]);
    }
    let mut sources = Vec::new();
    for (dir, vkey) in dirs.iter().zip(vkeys) {
        sources.push(Source { dir: dir.clone(), key: read(vkey)? });
    }
    sources.sort_by(|a, b| node_of(a.key.name()).cmp(node_of(b.key.name())));
    let twice =
        sources.iter().zip(sources.iter().skip(1)).find(|(a, b)| node_of(a.key.name()) == node_of(b.key.name()));
    match twice {
        Some((a, b)) => {
            let (a, b) = (a.key.name(), b.key.name());
            Err(Failure::Usage(format!("`{a}` and `{b}` are logs of one node's name: one statement cannot hold both")))
        }
        None => Ok(sources),
    }
}

fn read(vkey: &str) -> Result<NoteVerifier, Failure> {
    NoteVerifier::parse(vkey).map_err(|error| Failure::Usage(format!("`{vkey}`: {error}")))
}

/// The public keys by which a statement over these logs is checked.
pub(super) fn public(office: &NoteSigner, sources: &[Source]) -> PublicKeys {
    let logs = sources.iter().map(|source| source.key.clone()).collect();
    PublicKeys { statements: vec![office.verifier().clone()], logs }
}
