//! A packed bundle is the same bytes for the same law, and no byte of it can be changed unseen.

use super::*;

fn signer(name: &str) -> NoteSigner {
    NoteSigner::from_seed(name, &[u8::try_from(name.len()).unwrap(); 32]).unwrap()
}

fn pack() -> Pack {
    let after = Named { generation: 1, digest: "ab".into() };
    Pack::sign(&Source::embedded().with_generation(2).unwrap(), after, &signer("office/ayesha")).unwrap()
}

#[test]
fn a_pack_reads_back_and_is_the_same_bytes_each_time() {
    let pack = pack();
    let bytes = pack.to_bytes();
    assert_eq!(Pack::from_bytes(&bytes), Ok(pack.clone()));
    assert_eq!(pack.to_bytes(), bytes);
    assert_eq!(pack.manifest().generation, 2);
    assert!(bytes.len() < PACK_BYTES_MAX / 8, "{} bytes", bytes.len());
    let twice = pack.clone().cosign(&signer("office/bilal")).unwrap();
    assert_eq!(twice.manifest(), pack.manifest());
    assert_eq!(twice.note().lines().count(), pack.note().lines().count() + 1);
}

#[test]
fn what_was_changed_after_signing_is_named() {
    let text = String::from_utf8(pack().to_bytes()).unwrap();
    let check = |from: &str, to: &str, expected: &str| {
        assert!(text.contains(from), "{from}");
        let refused = Pack::from_bytes(text.replacen(from, to, 1).as_bytes()).unwrap_err().to_string();
        assert!(refused.contains(expected), "{from}: {refused}");
    };
    check("resource.class ==", "resource.class !=", "was changed after it was signed: ");
    check("generation 2\\n", "generation 3\\n", "was changed after it was signed: bundle.toml");
    check("generation = 2", "generation = 3", "was changed after it was signed: bundle.toml");
    check("after 1 ab\\n", "after 1\\n", "manifest that cannot be read");
    check("  bundle.toml\\n", "  bundle.toml", "was changed after it was signed: ");
    check("\\n\\n— office", "\\n— office", "is not a signed bundle");
    check("ijazat-bundle-1", "ijazat-bundle-9", "its form is not");
    check("\"note\"", "\"nota\"", "is not a signed bundle");
    check("\"cases/identity.toml\"", "\"../cases/identity.toml\"", "../cases/identity.toml: is no file of a bundle");
}

#[test]
fn a_file_that_is_no_bundle_or_too_large_is_refused() {
    let check = |bytes: &[u8], expected: &str| {
        let refused = Pack::from_bytes(bytes).unwrap_err().to_string();
        assert!(refused.contains(expected), "{refused}");
    };
    check(b"", "is not a signed bundle");
    check(b"{}", "is not a signed bundle");
    check(&vec![b' '; PACK_BYTES_MAX + 1], "at most 8388608");
    let large = Source::embedded().with("cases/x.toml", &"#".repeat(1024 * 1024 + 1));
    let pack = Pack::sign(&large, Named { generation: 1, digest: "ab".into() }, &signer("a")).unwrap();
    check(&pack.to_bytes(), "cases/x.toml: has 1048577 bytes");
}

#[test]
fn a_title_of_two_lines_cannot_be_signed() {
    let header = "generation = 2\ntitle = \"a\\nb\"\n";
    let refused = Pack::sign(
        &Source::embedded().with("bundle.toml", header),
        Named { generation: 1, digest: "ab".into() },
        &signer("a"),
    );
    assert_eq!(refused, Err(PackError::Unsignable));
}
