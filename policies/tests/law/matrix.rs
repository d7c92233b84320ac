//! The golden decision matrix: agency × role × service × basis × class, one line each. `UPDATE_GOLDEN=1` rewrites it.

use std::{collections::BTreeMap, fmt::Write as _, fs, path::PathBuf};

use exchange::{
    catalogue::{ConsentRule, Service},
    classification::Classification,
    decision::{Decider, Verdict},
};
use policies::{
    Bundle,
    cases::{Case, CaseConsent, CaseReach},
};

/// Who asks: agency, user, whether the user signs.
const CALLERS: [(Option<&str>, Option<&str>, bool); 14] = [
    (None, None, false),
    (Some("bank-indus"), None, false),
    (Some("bank-indus"), Some("teller-1"), false),
    (Some("telco-sarhad"), Some("clerk-1"), false),
    (Some("bisp"), Some("basic-1"), false),
    (Some("bisp"), Some("standard-1"), false),
    (Some("bisp"), Some("power-1"), true),
    (Some("hospital-mehran"), Some("doctor-1"), false),
    (Some("auditor-general"), Some("auditor-1"), false),
    (Some("ngo-khidmat"), Some("worker-1"), false),
    (Some("bank-suspended"), Some("teller-1"), false),
    (Some("registry-office"), Some("assistant-1"), false),
    (Some("registry-office"), Some("registrar-1"), true),
    (Some("registry-office"), Some("registrar-2"), true),
];

/// What the request rests on: name, consent, programme, approval.
const BASES: [(&str, bool, bool, bool); 5] = [
    ("nothing", false, false, false),
    ("consent", true, false, false),
    ("programme", false, true, false),
    ("programme+approval", false, true, true),
    ("consent+approval", true, false, true),
];

#[test]
fn the_decision_matrix_is_the_golden_one() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("cases/matrix.txt");
    let now = matrix(&Bundle::embedded().unwrap());
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, &now).unwrap();
    }
    let golden = fs::read_to_string(&path).unwrap_or_default();
    let changes = changes(&golden, &now);
    assert!(changes.is_empty(), "the law's decisions changed; if that is meant, UPDATE_GOLDEN=1:\n{changes}");
}

#[test]
fn a_change_shows_both_lines() {
    assert_eq!(changes("a\nb\nc\n", "a\nx\nc\n"), "- b\n+ x\n");
    assert_eq!(changes("a\n", "a\n"), "");
}

fn changes(golden: &str, now: &str) -> String {
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<std::collections::BTreeSet<_>>();
    let (old, new) = (lines(golden), lines(now));
    let gone = old.difference(&new).map(|line| format!("- {line}\n"));
    gone.chain(new.difference(&old).map(|line| format!("+ {line}\n"))).collect()
}

fn matrix(bundle: &Bundle) -> String {
    let mut text = String::from(
        "# Who gets what, and by which policy; made by `UPDATE_GOLDEN=1 cargo test -p policies`. Agencies: cases/world.toml.\n\
         # The role is the one in force for the service, the lower of agreement and user; Basic where there is no agreement.\n\
         # service | caller (role) | basis | class: + permitted by (datatypes) - refused for (datatypes)\n",
    );
    for service in bundle.catalogue().services() {
        for caller in CALLERS {
            for basis in BASES.iter().filter(|basis| service.consent != ConsentRule::None || basis.0 == "nothing") {
                write_lines(&mut text, bundle, service, caller, *basis);
            }
        }
    }
    text
}

fn write_lines(
    text: &mut String,
    bundle: &Bundle,
    service: &Service,
    caller: (Option<&str>, Option<&str>, bool),
    basis: (&str, bool, bool, bool),
) {
    let question = bundle.question(&case(bundle, service, caller, basis)).unwrap();
    let decision = bundle.decide_plainly(&question);
    assert!(!decision.errored, "{question:?}");
    let role = question.role;
    let who = match caller {
        (Some(agency), Some(user), _) => format!("{agency}/{user} ({role})"),
        (Some(agency), None, _) => format!("{agency} ({role})"),
        (None, ..) => "anyone".to_owned(),
    };
    for &class in Classification::ALL {
        let of_class = |verdict: &&Verdict| {
            bundle.catalogue().datatype(verdict.datatype.as_str()).is_some_and(|datatype| datatype.class == class)
        };
        let outcomes = outcomes(decision.verdicts.iter().filter(of_class));
        if !outcomes.is_empty() {
            writeln!(text, "{} | {who} | {} | {class}:{outcomes}", service.id, basis.0).unwrap();
        }
    }
}

/// Verdicts by outcome: permits before refusals, each with its datatypes.
fn outcomes<'a>(verdicts: impl Iterator<Item = &'a Verdict>) -> String {
    let mut by_outcome: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for verdict in verdicts {
        let policies = verdict.policies.iter().map(|id| id.as_str().split('-').next().unwrap_or_default());
        let policies = policies.collect::<Vec<_>>().join(" ");
        let outcome = match verdict.code {
            None => format!("+ {policies}"),
            Some(code) => format!("- {code} {policies}"),
        };
        let name = verdict.datatype.as_str();
        by_outcome.entry(outcome).or_default().push(name.split_once('.').map_or(name, |(_, name)| name));
    }
    by_outcome.iter().fold(String::new(), |mut text, (outcome, names)| {
        write!(text, " {} ({})", outcome.trim_end(), names.join(" ")).unwrap();
        text
    })
}

fn case(
    bundle: &Bundle,
    service: &Service,
    (agency, user, signed): (Option<&str>, Option<&str>, bool),
    (_, consent, programme, approval): (&str, bool, bool, bool),
) -> Case {
    let own = |bisp: &str, ngo: Option<&str>| match agency {
        Some("ngo-khidmat") => ngo.map(str::to_owned),
        _ => Some(bisp.to_owned()),
    };
    Case {
        name: String::new(),
        service: service.id.clone(),
        agency: agency.map(str::to_owned),
        citizen: false,
        user: user.map(str::to_owned),
        signed,
        purpose: purpose(bundle, service, agency),
        programme: if programme { own("prog-kafalat", Some("prog-ngo")) } else { None },
        reach: CaseReach::default(),
        report: None,
        approval: if approval { own("appr-board-1", Some("appr-ngo")) } else { None },
        // What one registrar proposed: the other may decide it.
        proposed_by: (service.id.as_str() == "onboarding.decide").then(|| "registry-office/registrar-1".to_owned()),
        second: None,
        consent: consent.then(CaseConsent::default),
        enrolment: None,
        address: None,
        at: None,
        rows: None,
        fields: None,
        permitted: BTreeMap::new(),
        refused: BTreeMap::new(),
        answer: None,
        obligations: None,
    }
}

/// The purpose of the service that the agency's agreement names, or the service's first.
fn purpose(bundle: &Bundle, service: &Service, agency: Option<&str>) -> Option<String> {
    let world = &bundle.cases().world;
    let agreements = agency.and_then(|id| world.agency(id)).map_or(&[][..], |agency| world.agreements(&agency.id));
    let named = |code: &&exchange::ids::PurposeCode| {
        agreements.iter().any(|a| a.services.contains(&service.id) && a.purposes.contains(code))
    };
    service.purposes.iter().find(named).or(service.purposes.first()).map(ToString::to_string)
}
