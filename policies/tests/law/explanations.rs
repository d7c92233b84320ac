//! What the law says to whoever is refused: it agrees with the decision, in both languages, names who to turn to, and says
//! nothing of any citizen.

use exchange::{
    caller::Caller,
    codes::Code,
    consent::SubjectKey,
    ids::{ConsentId, DatatypeId, PolicyId},
};
use policies::explain::{Explained, Explanation, Sentence};

use super::{
    questions::{Dice, Pools},
    support::{all_permitted, bundle, case, of_agency, of_consent},
};

/// Questions of one run.
const QUESTIONS: usize = 400;

/// Words that would tell whether there is such a person, and what became of them.
const TELLS: [&str; 10] =
    ["exist", "found no", "not found", "no such", "unknown", "alive", "deceased", "موجود", "زندہ", "نہیں ملا"];

fn texts() -> Vec<exchange::decision::Told> {
    bundle().policies().iter().map(|id| bundle().policy(id).unwrap()).collect()
}

fn named(sentences: &[Sentence]) -> Vec<PolicyId> {
    sentences.iter().map(|sentence| sentence.policy.clone()).collect()
}

#[test]
fn every_policy_speaks_both_languages_in_one_sentence() {
    let arabic = |c: char| ('\u{600}'..='\u{6ff}').contains(&c) || " :،.".contains(c);
    for text in texts() {
        let (id, english, urdu) = (&text.policy, &text.lawful, &text.lawful_ur);
        assert!(english.is_ascii() && english.len() <= 200, "{id}: {english}");
        assert_eq!(english.matches(". ").count(), 0, "{id}: one sentence");
        assert!(urdu.chars().all(arabic) && urdu.chars().count() <= 200, "{id}: {urdu}");
        assert_eq!(urdu.matches('\u{6d4}').count(), 1, "{id}: one sentence");
        for word in TELLS {
            assert!(!english.to_lowercase().contains(word) && !urdu.contains(word), "{id} says `{word}`");
        }
        assert!(!english.chars().chain(urdu.chars()).any(char::is_numeric), "{id} names a number");
    }
}

#[test]
fn a_forbid_names_whom_to_turn_to_and_a_permit_to_whom_it_gives() {
    // Whoever can open the door: a forum, the citizen, the operator, or the caller by asking for something else.
    let doors =
        ["operator", "forum", "citizen", "Board", "Secretary", "NADRA", "union council", "court", "programme", "Ask"];
    for text in texts() {
        let says = &text.lawful;
        if text.effect == "forbid" {
            assert!(doors.iter().any(|door| says.contains(door)), "{says}");
            assert!(text.code.is_some() && text.obligations.is_empty());
        } else {
            assert!(["Gives", "Tells", "Shows", "Lets"].contains(&says.split(' ').next().unwrap()), "{says}");
            assert!(text.code.is_none() && text.obligations.contains(&"log"));
        }
        assert!(text.cedar.contains(says.as_str()) && text.cedar.contains(text.effect), "{}", text.cedar);
        assert!(text.cedar.contains(&text.authority));
    }
}

#[test]
fn an_explanation_agrees_with_the_decision() {
    let mut dice = Dice(0x0bad_5eed_0bad_5eed);
    let pools = Pools::new(bundle(), &mut dice);
    let random = (0..QUESTIONS).map(|_| pools.question(&mut dice));
    let (mut silent, mut opened) = (0, 0);
    let told = bundle().cases().cases.iter().map(|case| bundle().question(case).unwrap());
    for question in random.chain(told) {
        let (decision, explanation) = (bundle().decide_plainly(&question), bundle().explain(&question));
        assert_eq!((&explanation.service, explanation.generation), (&question.service.id, decision.generation));
        assert_eq!(explanation.datatypes.len(), decision.verdicts.len());
        for (said, verdict) in explanation.datatypes.iter().zip(&decision.verdicts) {
            assert_eq!((&said.datatype, said.allowed), (&verdict.datatype, verdict.allowed));
            assert_eq!(said.refusal.as_ref().map(|it| it.code), verdict.code.map(Code::as_str), "{question:?}");
            assert_eq!(named(&said.policies), verdict.policies, "{question:?}");
            let nothing_spoke = verdict.code == Some(Code::PolicyDenied) && verdict.policies.is_empty();
            assert!(nothing_spoke || said.ways.is_empty());
            silent += usize::from(nothing_spoke && !said.ways.is_empty());
            opened += usize::from(said.allowed);
        }
    }
    assert!(silent > 20 && opened > 20, "{silent} with ways, {opened} permitted");
}

/// What is said of one datatype.
fn of<'a>(explanation: &'a Explanation, id: &str) -> &'a Explained {
    explanation.datatypes.iter().find(|said| said.datatype.as_str() == id).unwrap()
}

#[test]
fn what_nothing_forbids_and_nothing_permits_is_told_its_ways() {
    // A Standard user asks for what only Power sees: no forbid speaks, and the sentence of Power's permit is the way.
    let (_, question) = all_permitted()
        .into_iter()
        .find(|(_, question)| question.service.id.as_str() == "nser.household" && question.role.as_str() == "Standard")
        .unwrap();
    let mut question = question;
    question.datatypes = ["nser.gender", "nser.name"].map(|id| DatatypeId::parse(id).unwrap()).to_vec();
    let agreement = std::sync::Arc::make_mut(question.agreement.as_mut().unwrap());
    let programme = std::sync::Arc::make_mut(question.programme.as_mut().unwrap());
    agreement.datatypes.push(question.datatypes[0].clone());
    programme.datatypes.push(question.datatypes[0].clone());
    let explanation = bundle().explain(&question);
    let gender = of(&explanation, "nser.gender");
    let ways: Vec<_> = named(&gender.ways).iter().map(ToString::to_string).collect();
    assert_eq!(
        ways,
        [
            "N01-household-power",
            "N02-household-standard",
            "N03-household-basic",
            "N12-household-by-consent",
            "T10-board-payments"
        ]
    );
    assert!(!gender.allowed && gender.policies.is_empty() && gender.title.is_some() && gender.title_ur.is_some());
    assert!(of(&explanation, "nser.name").allowed && of(&explanation, "nser.name").ways.is_empty());
}

#[test]
fn what_a_service_never_releases_has_no_way() {
    let mut question = case("a bank checks particulars with the citizen's consent");
    question.datatypes = vec![DatatypeId::parse("nser.pmt").unwrap(), DatatypeId::parse("x.y").unwrap()];
    for said in bundle().explain(&question).datatypes {
        assert!(said.ways.is_empty() && said.policies.is_empty(), "{said:?}");
        assert_eq!(said.title.is_some(), said.datatype.as_str() == "nser.pmt");
    }
    question.caller = Caller::Public;
    let said = &bundle().explain(&question).datatypes[0];
    assert_eq!(said.refusal.as_ref().unwrap().code, "caller_not_allowed");
    assert!(said.ways.is_empty());
}

#[test]
fn an_explanation_is_the_same_whoever_the_citizen_is() {
    // A question holds no more of a citizen than whether one is named and the key behind a consent: neither the registry's
    // answer nor its silence can reach an explanation.
    for (what, question) in all_permitted() {
        let mut other = question.clone();
        of_consent(&mut other, |consent| {
            (consent.subject, consent.id) = (SubjectKey([9; 32]), ConsentId::parse("another").unwrap());
            consent.revision += 1;
        });
        assert_eq!(other.has_subject, question.has_subject);
        assert_eq!(bundle().explain(&other), bundle().explain(&question), "{what}");
        // And when it is refused for another reason.
        for refused in [&mut other, &mut question.clone()] {
            of_agency(refused, |agency| agency.suspended = true);
        }
        let text = serde_json::to_string(&bundle().explain(&other)).unwrap();
        assert!(!TELLS.iter().any(|word| text.contains(word)), "{what}: {text}");
        assert!(!text.contains("another"), "{what}");
    }
}

#[test]
fn an_explanation_and_a_policy_are_plain_documents() {
    let mut question = case("a bank checks particulars with the citizen's consent");
    question.consent = None;
    let said = serde_json::to_value(bundle().explain(&question)).unwrap();
    let first = &said["datatypes"][0];
    assert_eq!((&first["datatype"], &first["allowed"]), (&"identity.match".into(), &false.into()));
    assert_eq!(first["refusal"]["code"], "consent_required");
    assert_eq!(first["policies"][0]["policy"], "G10-consent-or-basis");
    assert!(first["policies"][0]["lawful"].as_str().unwrap().starts_with("Ask the citizen"));
    let policy = bundle().policy(&PolicyId::parse("G10-consent-or-basis").unwrap()).unwrap();
    let text = serde_json::to_value(&policy).unwrap();
    assert_eq!((&text["effect"], &text["code"]), (&"forbid".into(), &"consent_required".into()));
    assert_eq!(text["lawful_ur"], first["policies"][0]["lawful_ur"]);
    assert!(text["cedar"].as_str().unwrap().contains("forbid (principal, action in"));
    assert_eq!(bundle().policy(&PolicyId::parse("G99-none").unwrap()), None);
}
