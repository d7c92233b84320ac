//! What one key signed is verified by the published set, before and after a rotation, and by no other set.

use adapters::entropy::SystemEntropy;
use jsonwebtoken::{DecodingKey, Validation, decode, decode_header, jwk::JwkSet};

use super::*;
use crate::pki::testing::Folder;

fn keys(folder: &Folder) -> SigningKeys {
    SigningKeys::open(folder.path(), &SystemEntropy::default()).unwrap()
}

fn set(keys: &SigningKeys) -> JwkSet {
    serde_json::from_value(keys.published().unwrap()).unwrap()
}

/// Whether a set verifies a token.
fn verifies(set: &JwkSet, token: &str) -> bool {
    let kid = decode_header(token).unwrap().kid.unwrap();
    let Some(key) = set.find(&kid) else { return false };
    let mut rules = Validation::new(Algorithm::ES256);
    rules.validate_exp = false;
    rules.required_spec_claims.clear();
    decode::<Value>(token, &DecodingKey::from_jwk(key).unwrap(), &rules).is_ok()
}

#[test]
fn what_was_signed_is_verified_until_the_second_rotation() {
    let folder = Folder::new();
    let keys = keys(&folder);
    let before = set(&keys);
    assert_eq!(before.keys.len(), 2, "the one that signs and the next");
    let first = keys.signer().unwrap().sign(&json!({ "sub": "someone" })).unwrap();
    assert!(verifies(&before, &first));
    keys.rotate(&SystemEntropy::default()).unwrap();
    let second = keys.signer().unwrap().sign(&json!({ "sub": "someone" })).unwrap();
    assert!(verifies(&before, &second), "who read the set before the rotation has the key already");
    let after = set(&keys);
    assert!(after.keys.len() == 3 && verifies(&after, &first) && verifies(&after, &second));
    keys.rotate(&SystemEntropy::default()).unwrap();
    let third = keys.signer().unwrap().sign(&json!({ "sub": "someone" })).unwrap();
    let last = set(&keys);
    assert!(!verifies(&last, &first) && verifies(&last, &second) && verifies(&last, &third));
    // Another process has them too, and makes none anew.
    assert_eq!(self::keys(&folder).published().unwrap(), keys.published().unwrap());
}

#[test]
fn a_key_is_named_by_its_thumbprint() {
    // A key whose halves are known: the scalar 1, whose point is the curve's generator (SEC 2, 2.4.2).
    let mut secret = [0; 32];
    secret[31] = 1;
    let Ok(key) = SigningKey::new(&secret) else { panic!("one is a scalar") };
    let jwk = key.public().jwk();
    assert_eq!(jwk["x"], "axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY");
    assert_eq!(jwk["y"], "T-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU");
    assert_eq!(jwk["kid"], key.public().id());
    assert!(SigningKey::new(&[0; 32]).is_err() && SigningKey::new(&[0xff; 32]).is_err(), "no scalars of the curve");
}

#[test]
fn a_rotation_that_was_cut_off_is_gone_on_with() {
    let folder = Folder::new();
    let keys = keys(&folder);
    let next = fs::read(folder.path().join(NEXT)).unwrap();
    // Cut off behind the second rename: there is no next.
    fs::rename(folder.path().join(NEXT), folder.path().join(CURRENT)).unwrap();
    let token = keys.signer().unwrap().sign(&json!({})).unwrap();
    assert!(verifies(&set(&keys), &token));
    assert_eq!(fs::read(folder.path().join(CURRENT)).unwrap(), next);
    keys.rotate(&SystemEntropy::default()).unwrap();
    assert_eq!((set(&keys).keys.len(), verifies(&set(&keys), &token)), (3, true));
}

#[test]
fn an_exposed_or_cut_key_signs_nothing() {
    let folder = Folder::new();
    let keys = keys(&folder);
    fs::write(folder.path().join(CURRENT), [7; 31]).unwrap();
    assert!(matches!(keys.signer(), Err(SigningError::File(KeyError::Length(_)))));
    assert!(keys.published().is_err());
}
