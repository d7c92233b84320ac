//! Phase 4 alone: the question that the policies are asked, the permit that comes of it, and how refusals are worded.

use exchange::{classification::Channel, consent::ConsentUse, decision::Obligation, programme::Population};
use serde_json::json;

use super::*;
use crate::phases::testing::{AT, CITIZEN, Call, OTHER, TOKEN, Trial, certificate_of};

async fn granted(citizen: &str) -> Trial {
    let trial = Trial::new().await;
    trial.tokens.grant(citizen, ConsentUse::OneTime);
    trial
}

async fn refusal(trial: &Trial, call: &Call) -> Refusal {
    trial.authorised(call).await.expect_err("it was authorised")
}

fn fields(call: Call, names: &[&str]) -> Call {
    Call { body: json!({"cnic": CITIZEN, "fields": names}).to_string().into(), ..call }
}

#[tokio::test]
async fn the_question_holds_all_that_is_known_and_not_the_citizens_number() {
    let trial = granted(CITIZEN).await;
    let (_, _, trail) = trial.authorised(&Call::kyc()).await.unwrap();
    let asked = trial.decider.asked();
    assert_eq!(asked.service.action, "releaseKyc");
    assert_eq!(asked.agreement.unwrap().id.as_str(), "agr-bank-indus-1");
    assert_eq!(asked.purpose.unwrap().code.as_str(), "KYC-101");
    assert_eq!((asked.role, asked.channel, asked.rows), (Role::Standard, Channel::Api, 1));
    assert_eq!((asked.now, asked.has_subject, asked.consent_is_subjects), (AT, true, true));
    assert_eq!(asked.consent.unwrap().id.as_str(), "cns-1");
    assert_eq!(asked.datatypes, asked.service.datatypes(), "absent fields ask for all that the service has");
    let expected = "directory=3 action=releaseKyc agency=bank-indus user=teller-1 asserted=false role=Standard \
                    channel=Api agreement=agr-bank-indus-1@1 purpose=KYC-101 programme=- within_population=true approval=- consent=cns-1@2 \
                    consent_is_subjects=true has_subject=true rows=1 now=1795340000000000 datatypes=identity.address,\
                    identity.birth,identity.card,identity.contact,identity.gender,identity.name,identity.parentage";
    assert_eq!(trail.decision_input, expected);
    assert!(!trail.decision_input.contains(CITIZEN));
}

#[tokio::test]
async fn another_citizens_consent_is_shown_to_the_policies_as_such() {
    let trial = granted(OTHER).await;
    trial.authorised(&Call::kyc()).await.unwrap();
    assert!(!trial.decider.asked().consent_is_subjects);
    let trial = granted(CITIZEN).await;
    trial.authorised(&Call::get("/v1/self/whoami").by("bank-indus", "teller-1")).await.unwrap();
    let asked = trial.decider.asked();
    assert!(!asked.consent_is_subjects && !asked.has_subject && asked.consent.is_none());
}

#[tokio::test]
async fn a_token_that_is_not_there_for_this_certificate_is_refused_before_the_policies() {
    let trial = granted(CITIZEN).await;
    let mut stranger = Call::kyc();
    stranger.certificate.as_mut().unwrap().thumbprint = certificate_of("bisp").thumbprint;
    for call in [stranger, Call::kyc().with("authorization", "Bearer another-token-of-some-length")] {
        assert_eq!(refusal(&trial, &call).await.code, Code::TokenInvalid);
    }
    trial.tokens.revoke();
    assert_eq!(refusal(&trial, &Call::kyc()).await.code, Code::TokenInvalid);
    assert_eq!(trial.decider.times(), 0);
}

#[tokio::test]
async fn a_store_that_does_not_answer_is_no_consent() {
    let trial = granted(CITIZEN).await;
    trial.tokens.fail("find");
    let refused = refusal(&trial, &Call::kyc()).await;
    assert_eq!((refused.code, refused.retry_after_s, trial.decider.times()), (Code::StoreUnavailable, Some(1), 0));
    let without = trial.authorised(&Call::kyc().without("authorization")).await;
    assert!(without.is_ok(), "who shows no token needs no store");
}

#[tokio::test]
async fn a_token_on_the_public_listener_is_not_looked_up() {
    let trial = granted(CITIZEN).await;
    let call = Call::get("/v1/reports/r").publicly().with("authorization", &format!("Bearer {TOKEN}"));
    let (_, authorised, _) = trial.authorised(&call).await.unwrap();
    assert!(authorised.consent.is_none() && trial.diary.count("find") == 0);
}

#[tokio::test]
async fn a_basis_is_the_callers_own_and_each_kind_once() {
    let trial = Trial::new().await;
    let check = async |basis: &str, expected: Result<(bool, bool), Code>| {
        let before = trial.decider.times();
        let got = trial.authorised(&Call::household().with("ijazat-basis", basis)).await;
        let question = || trial.decider.question(before);
        let got = got.map(|_| (question().programme.is_some(), question().approval.is_some()));
        assert_eq!(got.map_err(|refusal| refusal.code), expected, "{basis}");
    };
    check("prog-kafalat", Ok((true, false))).await;
    check("appr-board-1", Ok((false, true))).await;
    check("appr-board-2, prog-kafalat", Ok((true, true))).await;
    check("prog-kafalat,prog-kafalat", Err(Code::BasisUnknown)).await;
    check("appr-board-1,appr-board-2", Err(Code::BasisUnknown)).await;
    check("prog-unknown", Err(Code::BasisUnknown)).await;
    check("prog-kafalat,appr-unknown", Err(Code::BasisUnknown)).await;
    check("PROG-KAFALAT", Err(Code::BasisUnknown)).await;
    let foreign = Call::kyc().without("authorization").with("ijazat-basis", "prog-kafalat");
    assert_eq!(refusal(&trial, &foreign).await.code, Code::BasisUnknown, "another agency's is as unknown as any");
}

#[tokio::test]
async fn an_approval_is_used_up_by_whatever_it_opened_and_by_nothing_else() {
    let call = Call::household().with("ijazat-basis", "prog-kafalat, appr-board-1");
    let trial = Trial::new().await;
    let used = async || trial.authorised(&call).await.unwrap().1.approval.is_some();
    assert!(!used().await, "all of it is permitted without the approval");
    trial.decider.need_approval("nser.pmt");
    assert!(used().await, "a score is not Secret, and opened by the approval all the same");
    trial.decider.withhold("nser.pmt", Code::PolicyDenied);
    assert!(!used().await, "what the approval did not open does not use it up");
}

#[tokio::test]
async fn the_lower_of_agreement_and_user_is_the_role() {
    for (agreement, user, expected) in [
        (Role::Power, Role::Basic, Role::Basic),
        (Role::Basic, Role::Power, Role::Basic),
        (Role::Standard, Role::Standard, Role::Standard),
    ] {
        let trial = Trial::with(|setup| {
            setup.directory.agreements.iter_mut().for_each(|one| one.role = agreement);
            setup.directory.users.iter_mut().for_each(|one| one.role = user);
        })
        .await;
        let (_, authorised, _) = trial.authorised(&Call::household()).await.unwrap();
        assert_eq!((trial.decider.asked().role, authorised.permit.grant().role), (expected, expected));
    }
}

#[tokio::test]
async fn an_ended_agreement_is_still_shown_so_that_the_policies_can_say_so() {
    let trial = Trial::new().await;
    trial.change(|data| data.agreements.iter_mut().for_each(|one| one.revoked = true)).await;
    trial.authorised(&Call::household()).await.unwrap();
    assert!(trial.decider.asked().agreement.unwrap().revoked);
    trial.change(|data| data.agreements.clear()).await;
    trial.authorised(&Call::household()).await.unwrap();
    let asked = trial.decider.asked();
    assert!(asked.agreement.is_none());
    assert_eq!((asked.rows, asked.role), (u32::MAX, Role::Standard), "without one only the policies stand");
}

#[tokio::test]
async fn the_permit_names_what_was_allowed_and_nothing_else() {
    let trial = granted(CITIZEN).await;
    trial.decider.withhold("identity.contact", Code::AgreementRequired);
    let (_, authorised, trail) = trial.authorised(&Call::kyc()).await.unwrap();
    let grant = authorised.permit.grant();
    assert!(authorised.permit.allows("identity.name") && !authorised.permit.allows("identity.contact"));
    assert_eq!(grant.datatypes, trail.allowed());
    assert_eq!((grant.request.as_str(), grant.service.as_str(), grant.version), ("the-request", "identity.kyc", 1));
    assert_eq!(
        (grant.agency.as_ref().unwrap().as_str(), grant.user.as_ref().unwrap().as_str()),
        ("bank-indus", "teller-1")
    );
    assert_eq!(grant.certificate, Some(certificate_of("bank-indus").thumbprint));
    assert_eq!((grant.subject.unwrap().digits().as_str(), grant.rows, grant.at), (CITIZEN, 1, AT));
    assert_eq!(grant.consent.as_ref().unwrap().as_str(), "cns-1");
    assert_eq!((grant.basis, grant.subject_status, authorised.secret), (None, false, false));
    let policies: Vec<_> = grant.policies.iter().map(ToString::to_string).collect();
    assert_eq!(policies, ["P-fake"], "each policy once, and none that forbade");
    assert_eq!(trail.bundle, 9);
}

#[tokio::test]
async fn a_list_of_fields_is_all_or_nothing() {
    let trial = granted(CITIZEN).await;
    let both = fields(Call::kyc(), &["identity.name", "identity.contact"]);
    let (_, authorised, _) = trial.authorised(&both).await.unwrap();
    assert_eq!(authorised.permit.grant().datatypes.len(), 2, "what was not asked for is not granted");
    trial.decider.withhold("identity.contact", Code::AgreementRequired);
    let refused = refusal(&trial, &both).await;
    assert_eq!(refused.code, Code::FieldsNotPermitted);
    assert_eq!(refused.members, [("withheld", json!(["identity.contact"]))]);
    let (_, authorised, _) = trial.authorised(&fields(Call::kyc(), &["identity.name"])).await.unwrap();
    assert_eq!(authorised.permit.grant().datatypes.len(), 1);
    let refused = refusal(&trial, &fields(Call::kyc(), &["identity.contact"])).await;
    assert_eq!(refused.code, Code::AgreementRequired, "of none the reason itself is told");
}

#[tokio::test]
async fn when_nothing_is_allowed_the_most_frequent_reason_speaks_and_the_first_of_equals() {
    let check = async |codes: &[(&str, Code)], expected: Code, next: Option<&str>| {
        let trial = granted(CITIZEN).await;
        let names: Vec<&str> = codes.iter().map(|(name, _)| *name).collect();
        for (name, code) in codes {
            trial.decider.withhold(name, *code);
        }
        let refused = refusal(&trial, &fields(Call::kyc(), &names)).await;
        assert_eq!((refused.code, refused.next.as_deref()), (expected, next), "{codes:?}");
        assert_eq!(refused.policies.len(), 1, "each policy once");
    };
    let (name, birth, gender) = ("identity.name", "identity.birth", "identity.gender");
    let (consent, agreement) = (Code::ConsentRequired, Code::AgreementRequired);
    check(&[(name, agreement), (birth, consent), (gender, consent)], consent, Some("/bc-authorize")).await;
    check(&[(name, consent), (birth, agreement), (gender, agreement)], agreement, None).await;
    check(&[(name, agreement), (birth, consent)], agreement, None).await;
    check(&[(name, consent), (birth, agreement)], consent, Some("/bc-authorize")).await;
}

#[tokio::test]
async fn only_where_the_citizen_can_be_asked_the_way_there_is_told() {
    let trial = Trial::new().await;
    let datatypes = trial.parts.law.load_full().catalogue.service("nser.household").unwrap().datatypes();
    for datatype in datatypes {
        trial.decider.withhold(datatype.as_str(), Code::ConsentRequired);
    }
    let refused = refusal(&trial, &Call::household()).await;
    assert_eq!(
        (refused.code, refused.next),
        (Code::ConsentRequired, None),
        "consent alone does not open a basis service"
    );
}

#[tokio::test]
async fn an_error_in_a_policy_refuses_what_nothing_allows_and_alarms_in_any_case() {
    let trial = granted(CITIZEN).await;
    trial.decider.err();
    assert!(trial.authorised(&Call::kyc()).await.is_ok(), "what another policy allowed is allowed");
    assert_eq!(trial.parts.metrics.policy_errors.get(), 1);
    trial.decider.withhold("identity.name", Code::AgreementRequired);
    let refused = refusal(&trial, &fields(Call::kyc(), &["identity.name"])).await;
    assert_eq!((refused.code, trial.parts.metrics.policy_errors.get()), (Code::PolicyError, 2));
}

#[tokio::test]
async fn secret_data_and_the_power_role_need_the_users_signature() {
    let trial = Trial::new().await;
    trial.decider.allow("nser.location");
    let secret = |user: &str, names: &[&str]| fields(Call::household().by("bisp", user), names);
    let check = async |user: &str, names: &[&str], expected: Option<Code>| {
        let got = trial.authorised(&secret(user, names)).await.err().map(|refusal| refusal.code);
        assert_eq!(got, expected, "{user} {names:?}");
    };
    check("standard-1", &["nser.pmt"], None).await;
    check("standard-1", &["nser.location"], Some(Code::UserAssertionRequired)).await;
    check("power-1", &["nser.pmt"], Some(Code::UserAssertionRequired)).await;
    check("basic-1", &["nser.pmt"], None).await;
}

#[tokio::test]
async fn a_datatype_that_the_dictionary_lacks_is_as_secret_as_any() {
    let trial = Trial::with(|setup| setup.datatypes.retain(|datatype| datatype.id.as_str() != "nser.pmt")).await;
    let got = trial.authorised(&fields(Call::household(), &["nser.pmt"])).await;
    assert_eq!(got.err().unwrap().code, Code::UserAssertionRequired);
}

#[tokio::test]
async fn a_programme_stands_in_the_place_of_consent_and_leaves_the_token_alone() {
    let trial = Trial::with(|setup| {
        let programme = &mut setup.directory.programmes[0];
        programme.agency = exchange::ids::AgencyId::parse("bank-indus").unwrap();
    })
    .await;
    trial.tokens.grant(CITIZEN, ConsentUse::OneTime);
    let (_, authorised, trail) = trial.authorised(&Call::kyc().with("ijazat-basis", "prog-kafalat")).await.unwrap();
    assert!(authorised.consent.is_none(), "nothing is there to be used up");
    assert_eq!(trail.basis.as_deref(), Some("prog-kafalat"));
    assert_eq!(authorised.permit.grant().basis, Some(exchange::classification::BasisKind::Programme));
    let (_, authorised, trail) = trial.authorised(&Call::kyc()).await.unwrap();
    assert!(authorised.consent.is_some());
    assert_eq!((trail.basis.as_deref(), authorised.permit.grant().basis), (Some("cns-1@2"), None));
}

#[tokio::test]
async fn an_approval_is_only_spent_on_secret_data() {
    let trial = Trial::with(|setup| {
        let class = |datatype: &mut exchange::catalogue::Datatype| datatype.class = Classification::Confidential;
        setup.datatypes.iter_mut().for_each(class);
    })
    .await;
    let call = Call::household().with("ijazat-basis", "prog-kafalat, appr-board-1");
    let (_, authorised, trail) = trial.authorised(&call).await.unwrap();
    assert!(authorised.approval.is_none() && !authorised.secret);
    assert_eq!(trail.basis.as_deref(), Some("prog-kafalat,appr-board-1"), "the record names what was shown");
}

#[tokio::test]
async fn who_may_learn_a_status_has_it_in_the_permit() {
    let trial = granted(CITIZEN).await;
    trial.change(|data| data.agencies.iter_mut().for_each(|agency| agency.subject_status = true)).await;
    let (_, authorised, _) = trial.authorised(&Call::kyc()).await.unwrap();
    assert!(authorised.permit.grant().subject_status);
    let report = Call::get("/v1/reports/r").publicly();
    let (_, authorised, trail) = trial.authorised(&report).await.unwrap();
    let grant = authorised.permit.grant();
    assert!(!grant.subject_status && grant.agency.is_none() && grant.certificate.is_none());
    assert_eq!((trial.decider.asked().channel, trail.basis), (Channel::Public, None));
}

fn list(limit: Option<serde_json::Value>) -> Call {
    let mut body = json!({"district": "Jhang"});
    if let Some(limit) = limit {
        body["limit"] = limit;
    }
    Call::json("/v1/nser/households/by-address", &body).by("bisp", "standard-1").with("ijazat-purpose", "NSER-201")
}

#[tokio::test]
async fn a_list_is_asked_for_as_many_rows_as_the_client_wants() {
    let trial = Trial::new().await;
    for (limit, rows) in [(None, 50), (Some(json!(7)), 7), (Some(json!("7")), 7), (Some(json!(0)), 0)] {
        let what = format!("{limit:?}");
        trial.authorised(&list(limit)).await.unwrap();
        assert_eq!(trial.decider.asked().rows, rows, "{what}");
    }
    assert_eq!(rows(Some(Wanted::Usual), None), limits::LIST_ROWS_USUAL);
}

#[tokio::test]
async fn a_duty_that_nobody_does_is_no_permission() {
    let trial = Trial::new().await;
    trial.decider.oblige(&[Obligation::Log, Obligation::Meter, Obligation::Sample]);
    trial.authorised(&list(None)).await.unwrap();
    trial.decider.oblige(&[Obligation::Log, Obligation::SubjectOnly]);
    assert_eq!(refusal(&trial, &list(None)).await.code, Code::PolicyError);
    trial.decider.oblige(&[Obligation::Notice]);
    assert_eq!(
        refusal(&trial, &Call::get("/v1/self/whoami").by("bank-indus", "teller-1")).await.code,
        Code::PolicyError
    );
}

#[tokio::test]
async fn the_policies_are_told_whether_a_request_stays_among_the_programmes_people() {
    let trial = Trial::new().await;
    let directory = trial.parts.directory.any();
    let programme = directory.programme("prog-kafalat").cloned().unwrap();
    let badin = Population { districts: vec!["Badin".into()], scores: Some((0.0, 32.0)), ..Population::default() };
    let bounded = Arc::new(Programme { population: badin, ..Programme::clone(&programme) });
    let check = |body: Value, expected| {
        assert_eq!(bounded.population.holds(reach(&body)), expected, "{body}");
    };
    check(json!({"district": "Badin", "pmt_from": 10, "pmt_to": 31.5}), true);
    check(json!({"district": "Thatta", "pmt_from": 10, "pmt_to": 31.5}), false);
    check(json!({"district": "Badin", "pmt_from": 10, "pmt_to": 32.5}), false);
    check(json!({"district": "Badin"}), false);
    check(json!({"cnic": CITIZEN}), false);
    trial.authorised(&Call::household()).await.unwrap();
    let asked = trial.decider.asked();
    assert!(asked.within_population && asked.category.is_none(), "the sample programme covers everyone");
}
