//! Who must have signed what: one for the law's daily work, two for what bounds it, nobody for what is not trusted.

use std::collections::BTreeMap;

use exchange::log::note::NoteSigner;

use super::*;
use crate::{manifest::Named, pack::Pack, source::Source};

const GUARDRAIL: &str = "guardrails/G05-network.cedar";
const PERMIT: &str = "domains/nser/N02-household-standard.cedar";

fn signer(name: &str) -> NoteSigner {
    let seed: Vec<u8> = name.bytes().chain([0; 32]).take(32).collect();
    NoteSigner::from_seed(name, &seed.try_into().unwrap()).unwrap()
}

fn ring(names: &[&str]) -> Keyring {
    Keyring::new(names.iter().map(|name| signer(name).verifier().to_vkey())).unwrap()
}

fn base() -> Manifest {
    Manifest::of(&Source::embedded(), None).unwrap()
}

/// The embedded law as a generation, with a comment added to each of these files.
fn law(generation: u64, changed: &[&str]) -> Source {
    changed.iter().fold(Source::embedded().with_generation(generation).unwrap(), |source, path| {
        let text = source.file(path).unwrap_or_default().to_owned();
        source.with(path, &format!("{text}// {generation}\n"))
    })
}

fn signed(source: &Source, after: Named, by: &[&str]) -> Pack {
    let mut names = by.iter();
    let first = Pack::sign(source, after, &signer(names.next().unwrap())).unwrap();
    names.fold(first, |pack, name| pack.cosign(&signer(name)).unwrap())
}

fn judged(ring: &Keyring, past: &[&Pack], pack: &Pack) -> Result<Vec<String>, Untrusted> {
    let known: BTreeMap<u64, &str> = past.iter().map(|pack| (pack.manifest().generation, pack.note())).collect();
    let before = |generation| known.range(..generation).next_back().map(|(of, note)| (*of, *note));
    ring.judge(&base(), before, pack.note()).map(|trusted| trusted.signers)
}

#[test]
fn one_signature_is_enough_for_a_permit_and_two_for_a_guardrail() {
    let ring = ring(&["ayesha", "bilal"]);
    let check = |changed: &[&str], by: &[&str], expected: Result<usize, &str>| {
        let pack = signed(&law(2, changed), base().name(), by);
        let got = judged(&ring, &[], &pack).map(|signers| signers.len()).map_err(|refused| refused.to_string());
        match expected {
            Ok(signers) => assert_eq!(got, Ok(signers), "{changed:?} {by:?}"),
            Err(why) => {
                assert!(got.as_ref().is_err_and(|refused| refused.contains(why)), "{changed:?} {by:?}: {got:?}");
            }
        }
    };
    check(&[PERMIT], &["ayesha"], Ok(1));
    check(&[PERMIT], &["ayesha", "bilal"], Ok(2));
    check(&[GUARDRAIL], &["ayesha", "bilal"], Ok(2));
    check(
        &[GUARDRAIL, PERMIT],
        &["ayesha"],
        Err("changes guardrails/G05-network.cedar and is signed by `ayesha` alone"),
    );
    check(&["schema/ijazat.cedarschema"], &["bilal"], Err("two people must sign that"));
    // A stranger's signature beside is none, and the same person's second is no second person.
    check(&[GUARDRAIL], &["ayesha", "stranger"], Err("signed by `ayesha` alone"));
    check(&[GUARDRAIL], &["ayesha", "ayesha"], Err("signed by `ayesha` alone"));
    check(&[PERMIT], &["stranger"], Err("trusted are ayesha, bilal"));
}

#[test]
fn the_same_line_twice_is_one_signature() {
    let pack = signed(&law(2, &[GUARDRAIL]), base().name(), &["ayesha"]);
    let line = pack.note().lines().last().unwrap();
    let twice = format!("{}{line}\n", pack.note());
    let refused = ring(&["ayesha", "bilal"]).judge(&base(), |_| None, &twice).unwrap_err();
    assert!(matches!(refused, Untrusted::OneSigner { .. }), "{refused}");
}

#[test]
fn a_line_in_a_trusted_name_that_does_not_hold_refuses_the_whole() {
    let ring = ring(&["ayesha", "bilal"]);
    let one = signed(&law(2, &[PERMIT]), base().name(), &["ayesha", "bilal"]);
    let other = signed(&law(2, &[]), base().name(), &["bilal"]);
    let borrowed = other.note().lines().last().unwrap();
    let own = one.note().lines().last().unwrap();
    let refused = ring.judge(&base(), |_| None, &one.note().replace(own, borrowed)).unwrap_err();
    assert_eq!(refused, Untrusted::Forged("bilal".into()));
    assert_eq!(ring.judge(&base(), |_| None, "no note").unwrap_err(), Untrusted::Malformed);
    assert!(matches!(judged(&Keyring::default(), &[], &one), Err(Untrusted::Unsigned(trusted)) if trusted == "none"));
}

#[test]
fn guarded_parts_are_compared_along_the_chain_of_what_is_trusted() {
    let ring = ring(&["ayesha", "bilal"]);
    let second = signed(&law(2, &[GUARDRAIL]), base().name(), &["ayesha", "bilal"]);
    let guarded = law(2, &[GUARDRAIL]);
    let third = signed(&guarded.clone().with_generation(3).unwrap(), second.manifest().name(), &["bilal"]);
    assert_eq!(judged(&ring, &[&second], &third), Ok(vec!["bilal".to_owned()]));
    let fourth = signed(&guarded.with_generation(4).unwrap(), third.manifest().name(), &["ayesha"]);
    assert_eq!(judged(&ring, &[&second, &third], &fourth), Ok(vec!["ayesha".to_owned()]));
    // Going back to the guardrails of the first is a change of guardrails too.
    let back = signed(&law(5, &[]), fourth.manifest().name(), &["ayesha"]);
    let refused = judged(&ring, &[&second, &third, &fourth], &back).unwrap_err();
    assert!(matches!(refused, Untrusted::OneSigner { generation: 5, .. }), "{refused}");
}

#[test]
fn a_past_that_one_person_invented_opens_nothing() {
    let ring = ring(&["ayesha", "bilal"]);
    // Ayesha alone signs a second generation without the guardrail, and a third that leaves it so.
    let invented = signed(&law(2, &[GUARDRAIL]), base().name(), &["ayesha"]);
    let third = signed(&law(2, &[GUARDRAIL]).with_generation(3).unwrap(), invented.manifest().name(), &["ayesha"]);
    let refused = judged(&ring, &[&invented], &third).unwrap_err();
    assert!(matches!(refused, Untrusted::OneSigner { generation: 2, .. }), "{refused}");
    // A past that is not there, is another, or stands beside is not known.
    let unknown = |past: &[&Pack], pack: &Pack| {
        let refused = judged(&ring, past, pack).unwrap_err();
        assert!(matches!(refused, Untrusted::UnknownBefore { .. }), "{refused}");
    };
    unknown(&[], &third);
    unknown(&[&signed(&law(2, &[]), base().name(), &["ayesha"])], &third);
    unknown(&[&third], &signed(&law(3, &[]), third.manifest().name(), &["bilal"]));
    let stranger = Named { generation: 1, digest: "00".into() };
    unknown(&[], &signed(&law(2, &[]), stranger.clone(), &["ayesha"]));
    // Two people need no past.
    assert!(judged(&ring, &[], &signed(&law(2, &[GUARDRAIL]), stranger, &["ayesha", "bilal"])).is_ok());
}

#[test]
fn one_person_does_not_jump_back_over_what_two_have_changed() {
    let ring = ring(&["ayesha", "bilal"]);
    let second = signed(&law(2, &[GUARDRAIL]), base().name(), &["ayesha", "bilal"]);
    // Signed to follow the first, whose guardrails it has; but the second stands between.
    let jumps = signed(&law(3, &[]), base().name(), &["ayesha"]);
    assert!(judged(&ring, &[], &jumps).is_ok());
    let refused = judged(&ring, &[&second], &jumps).unwrap_err();
    assert!(matches!(refused, Untrusted::UnknownBefore { generation: 3, .. }), "{refused}");
    assert!(judged(&ring, &[&second], &signed(&law(3, &[]), base().name(), &["ayesha", "bilal"])).is_ok());
}

#[test]
fn nobody_stands_twice_in_the_ring() {
    let vkey = |name: &str| signer(name).verifier().to_vkey();
    let check = |keys: &[String], expected: &str| {
        assert_eq!(Keyring::new(keys).unwrap_err().to_string(), expected);
    };
    check(&[vkey("ayesha"), vkey("ayesha")], "`ayesha` stands there twice");
    let alias = NoteVerifier::new("ayesha-again", *signer("ayesha").verifier().public_key()).unwrap().to_vkey();
    check(&[vkey("ayesha"), alias], "`ayesha` and `ayesha-again` are one key");
    check(&["ayesha".to_owned()], "`ayesha` is not a verifier key such as `ijazat policy keygen` prints");
    assert_eq!(ring(&["ayesha", "bilal"]).names().collect::<Vec<_>>(), ["ayesha", "bilal"]);
}
