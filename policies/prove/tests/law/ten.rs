//! The ten faults that somebody will make one day, each planted and each caught by the net that stands beside it: a theorem with
//! a request that shows it, the loader, or a case.

use policies::{Bundle, source::Source};

use super::support::{changed, findings_until_broken, replaced, told};

/// What catches a fault.
enum Net {
    /// The theorem of this name: the solver finds a request that it rules out, Cedar's own authoriser permits it, and the words
    /// stand in what is shown.
    Theorem(&'static str, &'static [&'static str]),
    /// The law does not load, with these words.
    Loader(&'static str),
    /// The cases of `policies/cases` break, with these words.
    Cases(&'static str),
}

/// The fault's name, the law with it, its net.
type Fault = (&'static str, Source, Net);

const BOARD: &str = "guardrails/G12-secret-needs-board.cedar";
const AGREEMENT: &str = "guardrails/G06-agreement-in-force.cedar";
const CONSENT: &str = "guardrails/G11-consent-covers.cedar";
const BASIC_LIST: &str = "domains/nser/N08-list-basic.cedar";
const BASIC: &str = "domains/nser/N03-household-basic.cedar";

/// The sample of one in a hundred is a duty of the permit: without it the list is whole.
const SAMPLE: &str = "log;meter;sample_1pct";

fn faults() -> Vec<Fault> {
    vec![
        (
            "a guardrail is removed",
            Source::embedded().without(BOARD),
            Net::Theorem("TH10", &["class \"Secret\""]),
        ),
        (
            "a bound is widened to `<=`",
            changed(AGREEMENT, "context.now < context.agreement.validUntil", "context.now <= context.agreement.validUntil"),
            Net::Theorem("TH12", &["validUntil", "now "]),
        ),
        (
            "a forum is lowered",
            changed(BOARD, "Forum::\"BISPBoard\"", "Forum::\"SecretaryBISP\""),
            Net::Theorem("TH10", &["forum \"SecretaryBISP\""]),
        ),
        ("a class is mistyped", changed(BOARD, "\"Secret\"", "\"Sercet\""), Net::Loader("Sercet")),
        (
            "a class is another",
            changed(BOARD, "\"Secret\"", "\"Confidential\""),
            Net::Theorem("TH10", &["class \"Secret\""]),
        ),
        (
            // A datatype without its entity has no class that a guardrail could read.
            "an entity is dropped from what is decided with",
            without_datatype("dictionary/nser.toml", "nser.cnic"),
            Net::Loader("nser.cnic"),
        ),
        (
            "the agreement is not asked for",
            Source::embedded().without(AGREEMENT),
            Net::Theorem("TH12", &["by User"]),
        ),
        (
            "a consent is bound to no purpose",
            changed(CONSENT, "context.consent.purpose == context.purpose.code &&", ""),
            Net::Theorem("TH11", &["consent:", "purpose"]),
        ),
        ("the sample's bound is widened", changed(BASIC_LIST, "sample_1pct", "sample_10pct"), Net::Loader("sample_10pct")),
        ("an obligation is removed", changed(BASIC_LIST, SAMPLE, "log;meter"), Net::Cases("obligations are")),
        (
            "two permits with other obligations overlap",
            changed(BASIC, "context.role == Ijazat::Role::\"Basic\"", "context.rows <= 1"),
            Net::Theorem("TH05", &["`N03-household-basic`", "with other duties"]),
        ),
        (
            // A linked template is a permit under another name; the law has none, and the loader takes none.
            "a template opens what a permit opens already",
            Source::embedded().with(
                "domains/nser/N99-template.cedar",
                "@id(\"N99-template\")@authority(\"test\")@obligation(\"log\")permit (principal == ?principal, action, resource);",
            ),
            Net::Loader("N99-template"),
        ),
    ]
}

fn without_datatype(file: &str, id: &str) -> Source {
    let text = Source::embedded().file(file).unwrap().to_owned();
    let entry = text.split("[[datatype]]").find(|entry| entry.contains(&format!("\"{id}\""))).unwrap();
    replaced(Source::embedded(), file, &format!("[[datatype]]{entry}"), "")
}

/// Three tests of the same, so that they run beside each other.
fn caught_by_its_net(part: usize) {
    for (fault, source, net) in faults().into_iter().skip(part).step_by(3) {
        match net {
            Net::Theorem(theorem, words) => {
                let found = findings_until_broken(&source, theorem);
                let failures: Vec<_> = found.iter().flat_map(|finding| &finding.failures).collect();
                assert!(!failures.is_empty(), "{fault}: {theorem} still holds");
                assert!(
                    failures.iter().all(|failure| failure.example.as_ref().is_some_and(|example| example.confirmed)),
                    "{fault}: no request shows it, or Cedar decides otherwise: {failures:?}"
                );
                let told = told(&found);
                assert!(words.iter().all(|word| told.contains(word)), "{fault}: {words:?} not in\n{told}");
            }
            Net::Loader(word) => {
                let refused = Bundle::load(&source).expect_err(fault).to_string();
                assert!(refused.contains(word), "{fault}: {refused}");
            }
            Net::Cases(word) => {
                let bundle = Bundle::load(&source).unwrap_or_else(|error| panic!("{fault}: {error}"));
                let broken: Vec<_> = bundle.run_cases().iter().map(ToString::to_string).collect();
                assert!(broken.iter().any(|case| case.contains(word)), "{fault}: {broken:?}");
            }
        }
    }
}

#[test]
fn each_of_the_ten_planted_faults_is_caught_by_its_net() {
    caught_by_its_net(0);
}

#[test]
fn each_of_the_others_is_caught_by_its_net() {
    caught_by_its_net(1);
}

#[test]
fn each_of_the_rest_is_caught_by_its_net() {
    caught_by_its_net(2);
}

#[test]
fn the_law_without_a_fault_passes_the_nets_beside_the_theorems() {
    // `held` proves the theorems of the law as it stands.
    assert!(Bundle::load(&Source::embedded()).unwrap().run_cases().is_empty());
}
