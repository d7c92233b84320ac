//! The nine types of clients, from their own list: each has a case with its condition and one without, and what the list
//! says of statistics and forums is what the policies do.

use exchange::{
    classification::{Classification, Forum, Sector},
    codes::Code,
    decision::Question,
    ids::PolicyId,
};
use policies::clientage::Opens;

use super::support::{all_permitted, bundle, class, of_agency, of_agreement};

/// Policies that refuse the question of an agency of this sector, datatype by datatype.
fn refusals(question: &Question, sector: Sector) -> Vec<Vec<String>> {
    let mut question = question.clone();
    of_agency(&mut question, |agency| agency.sector = sector);
    let verdicts = bundle().decide_plainly(&question).verdicts.into_iter();
    let names = |policies: Vec<PolicyId>| policies.iter().map(ToString::to_string).collect();
    verdicts.map(|verdict| if verdict.allowed { Vec::new() } else { names(verdict.policies) }).collect()
}

#[test]
fn each_type_has_a_case_with_its_condition_and_one_without() {
    let world = &bundle().cases().world;
    for client in bundle().clients() {
        let told = |met: bool| {
            let mut cases = bundle().cases().cases.iter();
            cases.any(|case| {
                let agency = case.agency.as_deref().and_then(|id| world.agency(id));
                let fits = agency.is_some_and(|a| a.sector == client.sector && a.condition_met == met && !a.suspended);
                fits && case.permits() == met
            })
        };
        assert!(told(true) && told(false), "{}", client.sector);
    }
}

#[test]
fn without_its_condition_no_type_gets_anything() {
    for client in bundle().clients() {
        for (what, question) in all_permitted().iter().filter(|(_, question)| question.caller.agency().is_some()) {
            let mut question = question.clone();
            of_agency(&mut question, |agency| (agency.sector, agency.condition_met) = (client.sector, false));
            for verdict in bundle().decide_plainly(&question).verdicts {
                assert!(!verdict.allowed, "{what} as {}", client.sector);
                assert!(verdict.policies.iter().any(|id| id.as_str() == "G01-agency-enabled"), "{what}");
            }
        }
    }
}

#[test]
fn who_may_have_statistics_only_has_nothing_else() {
    for client in bundle().clients() {
        let mut closed = 0;
        for (what, question) in all_permitted().iter().filter(|(_, question)| question.caller.agency().is_some()) {
            for (id, policies) in question.datatypes.iter().zip(refusals(question, client.sector)) {
                let public = class(id) == Classification::Public && id.as_str() != "exchange.consent";
                let named = policies.iter().any(|policy| policy == "G32-citizens-statistics-only");
                assert_eq!(named, client.opens == Opens::Statistics && !public, "{what} as {}: {id}", client.sector);
                closed += usize::from(named);
            }
        }
        assert_eq!(closed > 10, client.opens == Opens::Statistics, "{}", client.sector);
    }
}

#[test]
fn who_needs_a_forum_has_nothing_under_an_agreement_of_a_lower_one() {
    for client in bundle().clients() {
        for (what, question) in all_permitted().iter().filter(|(_, question)| question.service.purpose_required) {
            for &forum in Forum::ALL {
                let mut question = question.clone();
                of_agreement(&mut question, |agreement| agreement.forum = forum);
                let high = [client.forum, Some(Forum::BispBoard)].contains(&Some(forum));
                for policies in refusals(&question, client.sector) {
                    let named = policies.iter().any(|policy| policy == "G33-other-by-secretary");
                    assert_eq!(named, client.forum.is_some() && !high, "{what} as {} by {forum}", client.sector);
                }
            }
        }
    }
}

#[test]
fn a_client_that_lacks_its_condition_is_told_one_code() {
    let unseen = bundle().cases().cases.iter().filter(|case| case.name.ends_with("is given nothing"));
    let codes: Vec<_> =
        unseen.map(|case| bundle().decide_plainly(&bundle().question(case).unwrap()).verdicts[0].code).collect();
    assert_eq!(codes, [Some(Code::AgencySuspended); 9]);
}
