//! A law from its folder to its activation and back, as the policy office and the operator type it.

use std::fs;

use policies::source::Source;

use crate::kit::Folder;

pub const PERMIT: &str = "domains/nser/N02-household-standard.cedar";
const CASES: &str = "cases/nser.toml";
const CLIENTS: &str = "cases/clientage.toml";
pub const GUARDRAIL: &str = "guardrails/G05-network.cedar";

/// A folder with the built-in law in `law`.
pub fn office() -> Folder {
    let folder = Folder::new();
    for (path, text) in Source::embedded().matching("", "") {
        folder.write(&format!("law/{path}"), text);
    }
    folder
}

/// Replaces a passage that must be there.
pub fn edit(folder: &Folder, file: &str, from: &str, to: &str) {
    let path = folder.path().join("law").join(file);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{file} has no {from}");
    fs::write(path, text.replacen(from, to, 1)).unwrap();
}

pub fn raise(folder: &Folder, from: u64, to: u64) {
    edit(folder, "bundle.toml", &format!("generation = {from}"), &format!("generation = {to}"));
}

/// Standard sees no PMT, and the cases say so.
fn narrow(folder: &Folder) {
    edit(folder, PERMIT, ", Ijazat::Datatype::\"nser.pmt\"", "");
    edit(folder, CASES, "\"nser.pmt\" = \"N02-household-standard\"\n", "");
    let few = "refused = { \"nser.assets\" = \"consent_required: G10-consent-or-basis\" }";
    edit(folder, CASES, few, &few.replace(" }", ", \"nser.pmt\" = \"policy_denied\" }"));
    let guild = "permitted = { \"*\" = \"N02-household-standard\" }";
    edit(folder, CLIENTS, guild, &format!("{guild}\nrefused = {{ \"nser.pmt\" = \"policy_denied\" }}"));
}

#[test]
fn a_law_is_checked_tested_and_explained_before_anyone_signs() {
    let office = office();
    let told = office.answer(&["policy", "check", "law"]);
    assert!(told.starts_with("law: generation 1, Law of the exchange"), "{told}");
    for word in [" policies (", " guardrails)", " services (", " datatypes, ", " cases\n", "digest ", "not signed"] {
        assert!(told.contains(word), "{word}: {told}");
    }
    assert!(office.answer(&["policy", "test", "law"]).ends_with(" cases are kept\n"));
    let policy = office.answer(&["policy", "explain", "N02-household-standard", "--law", "law"]);
    for word in
        ["N02-household-standard permits", "authority  S3 8.2.2", "obliges    to log, meter", "permit (principal is"]
    {
        assert!(policy.contains(word), "{word}: {policy}");
    }
    let case = "Standard sees names, address, assets and PMT of the household";
    let case = office.answer(&["policy", "explain", case]);
    assert!(case.contains("nser.pmt                 permitted by N02-household-standard"), "{case}");
    assert!(case.contains("secret_needs_board: G12-secret-needs-board"), "{case}");
    office.refused(&["policy", "explain", "no such thing"], 2, "is no policy and no case");
    office.refused(&["policy", "explain", "household"], 2, "cases:");

    edit(&office, PERMIT, ", Ijazat::Datatype::\"nser.pmt\"", "");
    let output = office.ijazat(&["policy", "test", "law"]);
    let (told, complaint) = (crate::kit::text(&output.stdout), crate::kit::text(&output.stderr));
    assert_eq!(output.status.code(), Some(1));
    assert!(complaint.contains(" cases are not kept"), "{complaint}");
    for word in [
        "Standard sees names, address, assets and PMT of the household\n  asked     nser.household, agency bisp, user standard-1",
        "  expected  ",
        "  got       `nser.pmt` is refused, policy_denied; the case says permitted by N02-household-standard",
    ] {
        assert!(told.contains(word), "{word}: {told}");
    }
    edit(&office, GUARDRAIL, "forbid (", "forbid [");
    office.refused(&["policy", "check", "law"], 1, GUARDRAIL);
    office.refused(&["policy", "check", "nowhere"], 2, "nowhere: cannot be read");
}

#[test]
fn a_difference_is_told_in_text_and_in_answers() {
    let office = office();
    let same = office.answer(&["policy", "diff", "law"]);
    assert!(same.contains("datatypes: none changes") && same.contains("answers of cases: none changes"), "{same}");
    raise(&office, 1, 2);
    narrow(&office);
    edit(&office, "dictionary/nser.toml", "class = \"Secret\"", "class = \"Confidential\"");
    let told = office.answer(&["policy", "diff", "law"]);
    for word in [
        "(generation 1) -> law (generation 2)",
        "\nbundle.toml\n",
        "  -generation = 1\n  +generation = 2\n",
        "\ndictionary/nser.toml  two signers\n",
        "class Secret -> Confidential; ",
        "Standard sees names, address, assets and PMT of the household: nser.pmt: permitted by N02-household-standard -> refused, policy_denied",
        "two people must sign: dictionary/nser.toml",
    ] {
        assert!(told.contains(word), "{word}: {told}");
    }
}

#[test]
fn a_law_is_signed_and_activated_and_each_step_is_refused_where_it_may_not_be() {
    let office = office();
    let serving = office.serve(&[], &[]);
    office.refused(&["policy", "sign", "law", "--out", "x.bundle"], 1, "bundle.key");
    office.refused(&["policy", "keygen", "two words"], 2, "key name");
    let told = office.answer(&["policy", "keygen", "ayesha"]);
    assert!(told.starts_with("ayesha+") && told.contains("trusted     here at once"), "{told}");
    office.refused(&["policy", "keygen", "ayesha"], 2, "is there already");
    office.refused(&["policy", "sign", "law", "--out", "x.bundle"], 1, "generation 1 is not above 1");
    raise(&office, 1, 2);
    edit(&office, PERMIT, ", Ijazat::Datatype::\"nser.pmt\"", "");
    office.refused(&["policy", "sign", "law", "--out", "x.bundle"], 1, "of its own cases are not kept");
    edit(
        &office,
        PERMIT,
        "Ijazat::Datatype::\"nser.assets\"",
        "Ijazat::Datatype::\"nser.assets\", Ijazat::Datatype::\"nser.pmt\"",
    );
    narrow(&office);
    let told = office.answer(&["policy", "sign", "law", "--out", "law-2.bundle"]);
    assert!(told.contains("generation 2, signed by ayesha") && !told.contains("second person"), "{told}");
    let told = office.answer(&["policy", "check", "law-2.bundle"]);
    assert!(told.contains("signature by ayesha") && told.contains("follows generation 1 "), "{told}");

    let told = office.answer(&["policy", "activate", "law-2.bundle"]);
    assert!(told.starts_with("generation 2 is in force: ") && told.contains("signed by ayesha"), "{told}");
    office.refused(&["policy", "activate", "law-2.bundle"], 1, "generation 2 is not above 2, which is in force");
    follows(&office, 2);
    let (status, ready) = serving.ops("/ready");
    assert!(status == 200 && !ready.contains("notes"), "{ready}");
    let (code, complaint) = serving.stop();
    assert_eq!(code, Some(0), "{complaint}");
}

#[test]
fn a_guardrail_takes_two_people_and_so_does_the_way_back() {
    let office = office();
    let serving = office.serve(&[], &[]);
    office.answer(&["policy", "keygen", "ayesha"]);
    raise(&office, 1, 2);
    office.answer(&["policy", "sign", "law", "--out", "law-2.bundle"]);
    office.answer(&["policy", "activate", "law-2.bundle"]);

    raise(&office, 2, 3);
    edit(&office, GUARDRAIL, "forbid (", "// Looked at again.\nforbid (");
    let told = office.answer(&["policy", "sign", "law", "--out", "law-3.bundle"]);
    assert!(
        told.contains("a second person must sign it too, because it changes guardrails/G05-network.cedar"),
        "{told}"
    );
    office.refused(&["policy", "activate", "law-3.bundle"], 1, "signed by `ayesha` alone: two people must sign that");
    office.answer(&["policy", "sign", "law-3.bundle", "--out", "law-3.bundle"]);
    office.refused(&["policy", "activate", "law-3.bundle"], 1, "signed by `ayesha` alone");
    office.answer(&["policy", "keygen", "bilal", "--out", "bilal.key"]);
    office.answer(&["policy", "sign", "law-3.bundle", "--key", "bilal.key", "--out", "law-3.bundle"]);
    office.answer(&["policy", "activate", "law-3.bundle"]);
    follows(&office, 3);

    // Back to the second law, whose guardrails are others: again two people.
    office.refused(&["policy", "rollback"], 1, "two people must sign that");
    office.refused(&["policy", "rollback", "--to", "9"], 2, "generation 9 was never in force here");
    let told = office.answer(&["policy", "rollback", "--key", "state/keys/bundle.key", "--key", "bilal.key"]);
    assert!(told.starts_with("generation 4 is in force"), "{told}");
    follows(&office, 4);
    let told = office.answer(&["policy", "status"]);
    for word in [
        "in force   generation 4: ",
        "generation 4 rolled back 20",
        "generation 2 activated 20",
        "trusted    ayesha, bilal",
    ] {
        assert!(told.contains(word), "{word}: {told}");
    }
    let told = office.answer(&["policy", "diff", "law-2.bundle", "law"]);
    assert!(told.contains(GUARDRAIL), "{told}");
    let told = office.answer(&["policy", "rollback", "--to", "1", "--out", "law-5.bundle", "--key", "bilal.key"]);
    assert!(told.contains("the law of generation 1 as generation 5, not activated"), "{told}");
    office.answer(&["policy", "activate", "law-5.bundle"]);
    follows(&office, 5);
    let (code, complaint) = serving.stop();
    assert_eq!(code, Some(0), "{complaint}");
    let (code, complaint) = office.serve(&[], &[]).stop();
    assert_eq!(code, Some(0), "{complaint}");
    let deeds: Vec<_> = crate::admin::deeds_of(&office);
    let expected = ["activate", "activate", "rollback", "activate"].map(|deed| format!("admin.policy-{deed}@1"));
    assert_eq!(deeds, expected);
}

/// Waits until the gateway tells that it decides by this generation.
fn follows(office: &Folder, generation: u64) {
    let wanted = format!("process    node-1 decides by generation {generation} since");
    let mut told = String::new();
    for _ in 0..200 {
        told = office.answer(&["policy", "status"]);
        if told.contains(&wanted) {
            return;
        }
    }
    panic!("no process follows generation {generation}: {told}");
}

#[test]
fn a_process_whose_keys_trust_nobody_is_told_of_and_does_not_start_again() {
    let office = office();
    office.serve(&[], &[]).stop();
    office.answer(&["policy", "keygen", "ayesha"]);
    raise(&office, 1, 2);
    office.answer(&["policy", "sign", "law", "--out", "law-2.bundle"]);
    office.answer(&["policy", "activate", "law-2.bundle"]);
    fs::remove_file(office.path().join("state/keys/bundle.vkeys")).unwrap();
    office.refused(&["policy", "status"], 1, "no key that is trusted here signed it; trusted are none");
    let output = office.command(&["serve"]).envs(crate::kit::QUIET.iter().copied()).output().unwrap();
    let complaint = crate::kit::text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{complaint}");
    assert!(complaint.contains("cannot start: policies: generation 2 of the law is refused"), "{complaint}");
}
