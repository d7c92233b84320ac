//! How one comes to be served, by the command line: form, proposals that need another account, and the report of conformance.

use crate::kit::Folder;

/// A form that lacks its papers and statements.
const FORM: &str = r#"
agency = "bank-ravi"
name = "Ravi Bank"
name_ur = "راوی بینک"
address = "1 Test Road"
kind = "Bank"
sector = "Private"
about = "banking"
utilisation = "opening accounts"
wants = "online-access"
services = ["identity.yes-no"]
purposes = ["KYC-101"]
datatypes = ["identity.match"]
granularity = "person"
frequency = "continuous"
channels = ["Api"]
networks = ["127.0.0.0/8"]
[focal_person]
name = "Sample Person"
designation = "Manager"
contact = "none"
"#;

#[test]
fn a_form_is_printed_handed_in_and_told_what_it_lacks() {
    let folder = Folder::new();
    folder.serve(&[], &[]).stop();
    let template = folder.answer(&["agency", "apply", "--template"]);
    assert!(template.contains("[[document]]") && template.contains("sector = \"Private\""), "{template}");
    folder.write("form.toml", FORM);
    let told = folder.answer(&["agency", "apply", "form.toml"]);
    let application = told.split(' ').next().unwrap().to_owned();
    assert!(told.contains(" bank-ravi received\ndecided by NADRA; online-access within 5 working days"), "{told}");
    assert!(told.contains("MISSING condition: The SECP or its own regulator has registered it."), "{told}");
    assert!(told.contains("ایس ای سی پی"), "in Urdu too: {told}");
    assert_eq!(folder.answer(&["agency", "show", &application]), told);
    let listed = folder.answer(&["agency", "list"]);
    assert!(listed.contains(&application) && listed.contains("in time so far"), "{listed}");
    let decision = format!(
        "kind = \"decision\"\n[entry]\napplication = \"{application}\"\nforum = \"NADRA\"\nminutes = \"7\"\napproves = true\n"
    );
    folder.write("decision.toml", &decision);
    folder.refused(&["agency", "propose", "decision.toml"], 1, "the application lacks:\n  condition:");
    folder.refused(&["agency", "show", "nobody"], 1, "no application and no open proposal");
    folder.write("form.toml", "agency = 7");
    folder.refused(&["agency", "apply", "form.toml"], 2, "form.toml");
}

#[test]
fn one_account_proposes_and_does_not_approve() {
    let folder = Folder::new();
    folder.serve(&[], &[]).stop();
    let key = format!("kind = \"key\"\n[entry]\nagency = \"bank-indus\"\nsha256 = \"{}\"\n", "ef".repeat(32));
    folder.write("key.toml", &key);
    let told = folder.answer(&["agency", "propose", "key.toml"]);
    let proposal = told.split(' ').next().unwrap().to_owned();
    assert!(folder.answer(&["agency", "show", &proposal]).contains(&"ef".repeat(32)));
    let second = "another person than the proposer must decide an open proposal";
    folder.refused(&["agency", "approve", &proposal], 1, second);
    folder.refused(&["agency", "refuse", &proposal], 1, second);
    folder.write("key.toml", &key.replace("bank-indus", "bank-nowhere"));
    folder.refused(&["agency", "propose", "key.toml"], 1, "agency-unknown");
    assert!(folder.answer(&["agency", "list"]).contains(&proposal), "it still waits");
}

#[test]
fn a_system_that_speaks_as_it_must_conforms_and_another_does_not() {
    let folder = Folder::new();
    let serving = folder.serve(&[], &[]);
    folder.answer(&["pki", "request", "--agency", "bank-indus", "--key", "b.key", "--out", "b.csr"]);
    folder.answer(&["pki", "issue", "--agency", "bank-indus", "--csr", "b.csr", "--out", "b.pem"]);
    let url = serving.address("agencies").unwrap().to_string();
    let conform = ["agency", "conform", "bank-indus", "--cert", "b.pem", "--key", "b.key", "--user", "teller-1"];
    let conform = [&conform[..], &["--url", &url, "--persons", "2000"]].concat();
    let (code, told) = folder.refusal(&conform);
    assert_eq!(code, Some(1), "its key is registered nowhere: {told}");
    folder.answer(&["agency", "add-key", "bank-indus", "--cert", "b.pem"]);
    // The door follows within a second.
    let report = (0..50).find_map(|_| {
        let output = folder.ijazat(&conform);
        output.status.success().then(|| crate::kit::text(&output.stdout))
    });
    let report = report.unwrap_or_else(|| panic!("{}", folder.refusal(&conform).1));
    assert!(report.starts_with("Sandbox: people who do not exist"), "{report}");
    for line in ["the exchange knows the certificate: 200", "a purpose of nobody is refused: 400 purpose_unknown"] {
        assert!(report.contains(&format!("pass {line}")), "{report}");
    }
    assert!(
        report.contains("/v1/identity/yes-no is permitted, or asks for the citizen's yes: 403 consent_required"),
        "{report}"
    );
    let stranger: Vec<_> = conform.iter().map(|word| if *word == "teller-1" { "nobody" } else { word }).collect();
    folder.refused(&stranger, 1, "does not conform");
    serving.stop();
}
