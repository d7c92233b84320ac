//! Signed laws for tests, and a store of them that a test may damage.

use std::sync::Mutex;

use async_trait::async_trait;
use exchange::{
    log::note::NoteSigner,
    ports::{
        consent_tokens::ControlUnavailable,
        law_source::{ActivatedLaw, LawMark, LawOfNode, LawSource},
    },
};
use policies::{
    manifest::{Manifest, Named},
    pack::Pack,
    source::Source,
};

use super::TrustedKeys;
use crate::config::Config;

/// A permit that one person may change.
pub(super) const PERMIT: &str = "domains/nser/N02-household-standard.cedar";
/// A guardrail.
pub(super) const GUARDRAIL: &str = "guardrails/G05-network.cedar";

/// A signer of this name; the same name has the same key.
pub(super) fn signer(name: &str) -> NoteSigner {
    let seed: Vec<u8> = name.bytes().chain([0; 32]).take(32).collect();
    NoteSigner::from_seed(name, &seed.try_into().unwrap()).unwrap()
}

/// A configuration that trusts these people.
pub(super) fn trusting(names: &[&str]) -> Config {
    let keys: Vec<_> = names.iter().map(|name| signer(name).verifier().to_vkey()).collect();
    Config::load(None, [("IJAZAT__POLICY__KEYS".to_owned(), keys.join(","))]).unwrap()
}

/// The keys of these people.
pub(super) fn keys(names: &[&str]) -> TrustedKeys {
    TrustedKeys::of(&trusting(names))
}

/// The manifest of the built-in law.
pub(super) fn base() -> Manifest {
    Manifest::of(&Source::embedded(), None).unwrap()
}

/// The built-in law as a generation, with a comment added to each of these files.
pub(super) fn law(generation: u64, changed: &[&str]) -> Source {
    changed.iter().fold(Source::embedded().with_generation(generation).unwrap(), |source, path| {
        let text = source.file(path).unwrap().to_owned();
        source.with(path, &format!("{text}// generation {generation}\n"))
    })
}

/// A signed law.
pub(super) fn signed(source: &Source, after: Named, by: &[&str]) -> Pack {
    let first = Pack::sign(source, after, &signer(by[0])).unwrap();
    by[1..].iter().fold(first, |pack, name| pack.cosign(&signer(name)).unwrap())
}

/// A store of activated laws.
#[derive(Debug, Default)]
pub(super) struct FakeSource {
    rows: Mutex<Vec<(LawMark, Vec<u8>, String)>>,
    told: Mutex<Vec<LawOfNode>>,
    down: Mutex<bool>,
}

impl FakeSource {
    /// Activates.
    pub(super) fn activate(&self, pack: &Pack) {
        let Named { generation, digest } = pack.manifest().name();
        let row = (LawMark { generation, digest }, pack.to_bytes(), pack.note().to_owned());
        self.rows.lock().unwrap().push(row);
    }

    /// Changes the rows as nobody should.
    pub(super) fn meddle(&self, change: impl FnOnce(&mut Vec<(LawMark, Vec<u8>, String)>)) {
        change(&mut self.rows.lock().unwrap());
    }

    /// Goes away, or comes back.
    pub(super) fn down(&self, down: bool) {
        *self.down.lock().unwrap() = down;
    }

    /// What processes told, in order.
    pub(super) fn told(&self) -> Vec<(u64, Option<u64>)> {
        let told = self.told.lock().unwrap();
        told.iter().map(|law| (law.generation, law.refused.as_ref().map(|(generation, _)| *generation))).collect()
    }

    fn answers(&self) -> Result<(), ControlUnavailable> {
        if *self.down.lock().unwrap() { Err(ControlUnavailable("down".into())) } else { Ok(()) }
    }
}

#[async_trait]
impl LawSource for FakeSource {
    async fn in_force(&self) -> Result<Option<LawMark>, ControlUnavailable> {
        self.answers()?;
        Ok(self.rows.lock().unwrap().last().map(|row| row.0.clone()))
    }

    async fn activated(&self) -> Result<Option<ActivatedLaw>, ControlUnavailable> {
        self.answers()?;
        let rows = self.rows.lock().unwrap();
        let notes = rows.iter().map(|(mark, _, note)| (mark.generation, note.clone())).collect();
        Ok(rows.last().map(|(mark, pack, _)| ActivatedLaw { mark: mark.clone(), pack: pack.clone(), notes }))
    }

    async fn tell(&self, law: &LawOfNode) -> Result<(), ControlUnavailable> {
        self.answers()?;
        self.told.lock().unwrap().push(law.clone());
        Ok(())
    }
}
