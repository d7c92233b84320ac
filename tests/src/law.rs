//! Laws that answer one question differently, their signers, and their activation, for tests through the whole gateway.

use adapters::sql::control::Activation;
use exchange::{
    log::note::NoteSigner,
    ports::law_source::{LawMark, LawSource as _},
};
use policies::{
    manifest::{Manifest, Named},
    pack::Pack,
    source::Source,
};

use crate::world::{Broken, World};

/// The permit by which an officer of the role Standard sees a household.
pub const PERMIT: &str = "domains/nser/N02-household-standard.cedar";

/// Its cases.
const CASES: &str = "cases/nser.toml";
const CLIENTS: &str = "cases/clientage.toml";

/// A signer of this name; the same name has the same key.
///
/// # Errors
/// When the name cannot stand in a signature.
pub fn signer(name: &str) -> Result<NoteSigner, Broken> {
    let seed: Vec<u8> = name.bytes().chain([0; 32]).take(32).collect();
    Ok(NoteSigner::from_seed(name, seed.as_slice().try_into()?)?)
}

/// What a configuration trusts these people by.
///
/// # Errors
/// As [`signer`].
pub fn vkeys(names: &[&str]) -> Result<String, Broken> {
    let keys: Result<Vec<_>, Broken> = names.iter().map(|name| Ok(signer(name)?.verifier().to_vkey())).collect();
    Ok(keys?.join(","))
}

/// The built-in law as a generation.
///
/// # Errors
/// When it has no generation that can be changed.
pub fn as_generation(generation: u64) -> Result<Source, Broken> {
    Ok(Source::embedded().with_generation(generation)?)
}

/// The built-in law but for one thing, kept by its cases too: an officer of the role Standard sees no PMT.
///
/// # Errors
/// When the built-in law is not what this text expects.
pub fn without_pmt(generation: u64) -> Result<Source, Broken> {
    let source = as_generation(generation)?;
    let permit = replaced(&source, PERMIT, ", Ijazat::Datatype::\"nser.pmt\"", "")?;
    let cases = replaced(&source, CASES, "\"nser.pmt\" = \"N02-household-standard\"\n", "")?;
    let few = "refused = { \"nser.assets\" = \"consent_required: G10-consent-or-basis\" }";
    let fewer = few.replace(" }", ", \"nser.pmt\" = \"policy_denied\" }");
    let source = source.with(PERMIT, &permit).with(CASES, &cases);
    let cases = replaced(&source, CASES, few, &fewer)?;
    let source = source.with(CASES, &cases);
    let guild = "permitted = { \"*\" = \"N02-household-standard\" }";
    let less = format!("{guild}\nrefused = {{ \"nser.pmt\" = \"policy_denied\" }}");
    let cases = replaced(&source, CLIENTS, guild, &less)?;
    Ok(source.with(CLIENTS, &cases))
}

fn replaced(source: &Source, file: &str, from: &str, to: &str) -> Result<String, Broken> {
    let text = source.file(file).ok_or("no such file")?;
    if text.contains(from) { Ok(text.replacen(from, to, 1)) } else { Err(format!("{file} has no `{from}`").into()) }
}

/// Signs a law to follow the one in force, and puts it in force as `policy activate` does, unjudged.
///
/// # Errors
/// When it cannot be signed or stored.
pub async fn activate(world: &World, source: &Source, by: &[&str]) -> Result<Pack, Broken> {
    let expected = world.store.in_force().await?;
    let after = match &expected {
        Some(LawMark { generation, digest }) => Named { generation: *generation, digest: digest.clone() },
        None => Manifest::of(&Source::embedded(), None)?.name(),
    };
    let mut signers = by.iter();
    let mut pack = Pack::sign(source, after, &signer(signers.next().ok_or("nobody signs")?)?)?;
    for name in signers {
        pack = pack.cosign(&signer(name)?)?;
    }
    let digest = pack.manifest().digest();
    let names: Vec<String> = by.iter().map(|name| (*name).to_owned()).collect();
    let new = Activation {
        generation: pack.manifest().generation,
        digest: &digest,
        note: pack.note(),
        pack: &pack.to_bytes(),
        expected,
        signers: &names,
        back_to: None,
    };
    world.store.activate_bundle(&new).await?;
    Ok(pack)
}
