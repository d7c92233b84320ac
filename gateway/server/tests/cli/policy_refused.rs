//! Laws that may not be: each is refused with the file or the rule that it breaks, and changes nothing.

use std::fs;

use crate::{
    kit::Folder,
    policy::{GUARDRAIL, PERMIT, edit, office, raise},
};

#[test]
fn a_law_that_breaks_its_own_words_is_refused_with_the_file_and_the_word() {
    let office = office();
    let check = |file: &str, from: &str, to: &str, reason: &str| {
        edit(&office, file, from, to);
        let (code, told) = office.refusal(&["policy", "check", "law"]);
        assert_eq!(code, Some(1), "{to}: {told}");
        assert!(told.contains("bundle is refused for") && told.contains(reason), "{to}: {told}");
        assert!(told.lines().any(|line| line.trim_start().starts_with(&format!("{file}: "))), "{to}: {told}");
        edit(&office, file, to, from);
    };
    check(PERMIT, "context.hasSubject", "context.hasNobody", "hasNobody");
    check(PERMIT, "context has agency && ", "true && ", "agency");
    check(PERMIT, "Ijazat::Role::\"Standard\"", "Ijazat::Role::\"Standart\"", "Standart");
    check(PERMIT, "Datatype::\"nser.name\"", "Datatype::\"nser.nmae\"", "names `nser.nmae`, which no dictionary has");
    check(PERMIT, "@obligation(\"", "@obligation(\"whisper;", "@obligation `whisper` is unknown");
    check(GUARDRAIL, "forbid (", "permit (", "a guardrail forbids");
    let auditor = "domains/audit/A01-auditor.cedar";
    check(auditor, "AgencyKind::\"Auditor\"", "AgencyKind::\"Auditer\"", "`Auditer`, which matrices/kinds.toml lacks");
    let unheard = "the datatype `nser.unheard-of`, which no dictionary has";
    check("catalogue/nser.toml", "\"nser.pmt\"", "\"nser.unheard-of\"", unheard);
    check("dictionary/nser.toml", "class = \"Secret\"", "class = \"Secrt\"", "unknown variant `Secrt`");
    check("cases/nser.toml", "user = \"standard-1\"", "usr = \"standard-1\"", "unknown field `usr`");
    assert!(office.answer(&["policy", "check", "law"]).starts_with("law: generation 1"), "what was put back is sound");
}

/// An office with a state, a signer, and the built-in law as generation 2 in `law-2.bundle`.
fn signed() -> Folder {
    let office = office();
    let (code, complaint) = office.serve(&[], &[]).stop();
    assert_eq!(code, Some(0), "{complaint}");
    office.answer(&["policy", "keygen", "ayesha"]);
    raise(&office, 1, 2);
    office.answer(&["policy", "sign", "law", "--out", "law-2.bundle"]);
    office
}

/// The law cannot be activated for this reason, and the one before stays.
fn not_activated(office: &Folder, file: &str, code: i32, expected: &str, stays: u64) {
    office.refused(&["policy", "activate", file], code, expected);
    let told = office.answer(&["policy", "status"]);
    assert!(told.starts_with(&format!("in force   generation {stays}: ")), "{file}: {told}");
}

#[test]
fn a_law_that_nobody_trusted_signed_is_not_activated() {
    let (office, stranger) = (signed(), signed());
    not_activated(&office, "law", 2, "law: cannot be read", 1);
    fs::copy(stranger.path().join("law-2.bundle"), office.path().join("strange.bundle")).unwrap();
    // A name is no key: the stranger is called as the signer here is.
    let nobody = "not activated: no key that is trusted here signed it; trusted are ayesha";
    not_activated(&office, "strange.bundle", 1, nobody, 1);
    stranger.answer(&["policy", "keygen", "zahid", "--out", "zahid.key"]);
    stranger.answer(&["policy", "sign", "law", "--key", "zahid.key", "--out", "law-2.bundle"]);
    fs::copy(stranger.path().join("law-2.bundle"), office.path().join("strange.bundle")).unwrap();
    not_activated(&office, "strange.bundle", 1, nobody, 1);
    let text = fs::read_to_string(office.path().join("law-2.bundle")).unwrap();
    let (before, _, after) = signature(&text);
    office.write("bare.bundle", &format!("{before}{after}"));
    not_activated(&office, "bare.bundle", 1, "bare.bundle is not a signed bundle", 1);
}

/// What stands before the one signature of a signed file, the signature, and what stands after its line.
fn signature(text: &str) -> (&str, &str, &str) {
    let (before, rest) = text.split_once("— ayesha ").unwrap();
    let (signature, after) = rest.split_once("\\n").unwrap();
    (before, signature, after)
}

#[test]
fn a_law_that_was_changed_after_it_was_signed_is_not_activated() {
    let office = signed();
    let text = fs::read_to_string(office.path().join("law-2.bundle")).unwrap();
    let check = |from: &str, to: &str, expected: &str| {
        assert!(text.contains(from), "the file has no {from}");
        office.write("changed.bundle", &text.replacen(from, to, 1));
        not_activated(&office, "changed.bundle", 1, expected, 1);
    };
    check("resource.class ==", "resource.class !=", "changed.bundle was changed after it was signed: ");
    check("forbid (", "// forbid (", "changed.bundle was changed after it was signed: domains/");
    check("generation 2\\n", "generation 3\\n", "changed.bundle was changed after it was signed: bundle.toml");
    check("\\ntitle ", "\\ntitle New ", "changed.bundle was changed after it was signed: bundle.toml");
    check("ijazat-bundle-1", "ijazat-bundle-2", "changed.bundle is not a signed bundle");
    check("{", "", "changed.bundle is not a signed bundle");
    let (before, signed, after) = signature(&text);
    office.write("changed.bundle", &format!("{before}— ayesha {signed}"));
    not_activated(&office, "changed.bundle", 1, "changed.bundle is not a signed bundle", 1);
    // The first letters say whose key it is: one of those that sign is another.
    let another = |letter| if letter == 'A' { 'B' } else { 'A' };
    let forged = signed.char_indices().map(|(nth, letter)| if nth == 20 { another(letter) } else { letter });
    office.write("changed.bundle", &format!("{before}— ayesha {}\\n{after}", forged.collect::<String>()));
    not_activated(&office, "changed.bundle", 1, "not activated: the signature of `ayesha` does not hold", 1);
    office.answer(&["policy", "activate", "law-2.bundle"]);
}

#[test]
fn a_law_that_is_older_or_follows_another_is_not_activated() {
    let office = signed();
    raise(&office, 2, 3);
    office.answer(&["policy", "sign", "law", "--out", "beside.bundle"]);
    office.answer(&["policy", "sign", "law", "--after", "law-2.bundle", "--out", "law-3.bundle"]);
    not_activated(&office, "law-3.bundle", 1, "it was signed to follow generation 2", 1);
    office.answer(&["policy", "activate", "law-2.bundle"]);
    not_activated(&office, "beside.bundle", 1, "it was signed to follow generation 1", 2);
    office.answer(&["policy", "activate", "law-3.bundle"]);
    not_activated(&office, "law-2.bundle", 1, "generation 2 is not above 3, which is in force", 3);
}

#[test]
fn a_law_that_charges_for_what_the_rate_book_does_not_price_is_not_activated() {
    let office = signed();
    let (priced, unpriced) = ("tariff = \"identity.yes-no\"", "tariff = \"identity.perhaps\"");
    edit(&office, "catalogue/identity.toml", priced, unpriced);
    office.answer(&["policy", "sign", "law", "--out", "unpriced.bundle"]);
    let why = "not activated: its service `identity.yes-no` is charged by match of `identity.perhaps`, and rate book";
    not_activated(&office, "unpriced.bundle", 1, why, 1);
}
